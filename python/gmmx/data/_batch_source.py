"""Sources of batches for `GaussianMixture.fit_batches`, which iterates over them repeatedly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from gmmx import data
from gmmx.data._arrays import reader_of_array
from gmmx.data._arrow import is_dataset, reader_of_table
from gmmx.data._reader import rows_of_bytes
from gmmx.io import arrow
from gmmx.io._file_formats import FORMATS, format_of
from gmmx.io._text_files import PACKINGS
from gmmx.validation import ROW_DTYPES, is_pair

__all__ = ["Source", "is_converted_map", "source_of"]

_READERS: dict[str, Callable[..., data.Reader]] = {
    "parquet": data.from_parquet,
    "csv": data.from_csv,
    "tsv": data.from_csv,
    "hdf5": data.from_hdf5,
    "zarr": data.from_zarr,
    "npy": data.from_npy,
}
_ENDINGS = [ending for name in _READERS for ending in FORMATS[name].endings] + list(PACKINGS)


@dataclass(frozen=True)
class Source:
    """Batches of rows that can be iterated over repeatedly.

    Attributes
    ----------
    begin_pass : callable
        Returns an iterable of batches, from the first on.
    is_read : bool
        Whether batches are read on demand, so that prefetching saves time, or are in memory.
    feature_names : tuple of str or None
        Names of the columns of all batches. None if the batches themselves have names or there are none.
    """

    begin_pass: Callable[[], Iterable[Any]]
    is_read: bool
    feature_names: tuple[str, ...] | None = None


def source_of(source: Any, batch_size: int | None) -> Source:
    """Return a repeatable source of batches; `GaussianMixture.fit_batches` documents what `source` may be."""
    if isinstance(source, data.Reader):
        return Source(lambda: source, True, source.feature_names)
    if callable(source):
        return Source(lambda: _made_by(source), True)
    if hasattr(source, "__next__"):
        raise TypeError(
            f"source is a {type(source).__name__}, which can be passed over only once, but EM passes over the rows "
            "once an iteration. Give the function that makes it (source=make_batches, not make_batches()), a list, "
            "or a reader of gmmx.data."
        )
    if hasattr(source, "__dask_graph__"):
        raise TypeError(
            f"source is a {type(source).__name__} of Dask, which fit_batches does not take. Fit it by "
            "gmmx.dask.GaussianMixture(...).fit(source)."
        )
    if arrow.is_lazy(source):
        raise TypeError(
            "source is a LazyFrame of polars, which holds a query and no rows: collect it, source.collect(), or write "
            "it to a file, source.sink_parquet(path), and give the path."
        )
    if is_pair(source):
        raise ValueError(
            "source is a pair of rows and weights, which is one batch: give a list of batches, [(X, sample_weight)]."
        )
    if _names_files(source):
        return source_of(_reader_of_files(source, batch_size), batch_size)
    if arrow.is_stream(source) or is_dataset(source):
        return source_of(reader_of_table(source, batch_size), batch_size)
    if hasattr(source, "columns") and len(getattr(source, "shape", ())) == 2:  # a frame
        return Source(lambda: _slices(source, getattr(source, "iloc", source), np.dtype(np.float64), batch_size), False)
    if all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__")):
        if len(source.shape) != 2:
            raise ValueError(
                f"source is an array of shape {source.shape}, but must have shape (n_samples, n_features)."
            )
        if isinstance(source, np.ndarray) and not isinstance(source, np.memmap):
            return Source(lambda: _slices(source, source, source.dtype, batch_size), False)
        return source_of(reader_of_array(source, batch_size), batch_size)
    if isinstance(source, bytes) or not isinstance(source, Iterable):
        raise TypeError(
            f"source is of type {type(source).__name__}, but must be an iterable of batches that can be passed over "
            "again and again, a two-dimensional array, paths of files, or a callable that returns an iterator of "
            "batches."
        )
    return Source(lambda: source, not isinstance(source, list | tuple))


def _made_by(source: Callable[[], Any]) -> Iterable[Any]:
    """Return the batches that a callable yields."""
    batches = source()
    is_array = isinstance(batches, str | os.PathLike) or hasattr(batches, "shape")
    if is_array or not isinstance(batches, Iterable):
        return_list = "return a list, [X], or give it as source itself"
        remedy = return_list if is_array else "return a list of them, or let the function yield them"
        raise TypeError(
            f"source() returned an object of type {type(batches).__name__}, but must return an iterator of batches: "
            f"{remedy}"
        )
    return batches


def is_converted_map(X: Any) -> TypeGuard[np.memmap[Any, Any]]:
    """Return whether X is an array in a file whose numbers must be converted, and so copied."""
    if not isinstance(X, np.memmap) or X.ndim != 2 or X.dtype.kind not in "fiub":
        return False
    return X.dtype not in ROW_DTYPES or not X.dtype.isnative


def _slices(table: Any, by_rows: Any, dtype: np.dtype[Any], batch_size: int | None) -> Iterator[Any]:
    """Split rows in memory into batches, which bounds the memory of conversions."""
    n_rows, n_features = table.shape
    size = rows_of_bytes(batch_size, max(1, n_features), dtype)
    for begin in range(0, n_rows, size):
        yield by_rows[begin : begin + size]


def _names_files(source: Any) -> bool:
    """Return whether a source is a path, or a list of paths."""
    given = [source] if isinstance(source, str | os.PathLike) else source
    return isinstance(given, Sequence) and len(given) > 0 and all(isinstance(one, str | os.PathLike) for one in given)


def _reader_of_files(paths: Any, batch_size: int | None) -> data.Reader:
    """Read files in the format that the extension of the first one implies."""
    first = Path(paths if isinstance(paths, str | os.PathLike) else paths[0])
    known = "csv" if first.suffix.lower() in PACKINGS else format_of(first, _READERS)
    if known is None:
        raise ValueError(
            f"source names {str(first)!r}, but files are known by their endings: {', '.join(_ENDINGS)}. For others "
            "and for folders, give a reader of gmmx.data, such as gmmx.data.from_parquet(path)."
        )
    return _READERS[known](paths, batch_size=batch_size)
