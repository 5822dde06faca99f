"""Sources of batches for `GaussianMixture.fit_batches`, which iterates over them repeatedly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from gmmx import data
from gmmx._optional import import_optional
from gmmx.data._arrays import reader_of_array
from gmmx.data._reader import Piece, Reader, checked, rows_of_bytes
from gmmx.io import arrow
from gmmx.io._arrow_features import ROWS_LOOKED_AT, ArrowFeatures, ChosenFeatures, ListLengths, number_type
from gmmx.io._file_formats import FORMATS, format_of
from gmmx.io._text_files import PACKINGS
from gmmx.validation import ROW_DTYPES, is_pair

__all__ = ["Source", "is_converted_map", "source_of"]

_READERS: dict[str, Callable[..., Reader]] = {
    "parquet": data.from_parquet,
    "csv": data.from_csv,
    "tsv": data.from_csv,
    "hdf5": data.from_hdf5,
    "zarr": data.from_zarr,
    "npy": data.from_npy,
}
_ENDINGS = [ending for name in _READERS for ending in FORMATS[name].endings] + list(PACKINGS)

# Of Arrow data.
_MOST_ROWS_AT_ONCE = 1 << 16
_MOST_NUMBERS_AT_ONCE = 1 << 22
_READ_AT_ONCE = 1 << 16  # bytes of a column


@dataclass(frozen=True)
class Source:
    """Batches of rows that can be iterated over repeatedly."""

    begin_pass: Callable[[], Iterable[Any]]  # returns the batches, from the first on
    is_read: bool  # whether they are read on demand, so that prefetching saves time, or are in memory
    feature_names: tuple[str, ...] | None = None  # of all batches; None if they have names themselves, or none
    close: Callable[[], None] = lambda: None  # deletes what was stored for later passes


def source_of(source: Any, batch_size: int | None) -> Source:
    """Return a repeatable source of batches; `GaussianMixture.fit_batches` documents what `source` may be."""
    if isinstance(source, Reader):
        at_end = ExitStack()
        reader = at_end.enter_context(source.spooled())
        return Source(lambda: reader, True, source.feature_names, at_end.close)
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
    if arrow.is_stream(source) or _is_dataset(source):
        return source_of(_reader_of_table(source, batch_size), batch_size)
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


def _reader_of_files(paths: Any, batch_size: int | None) -> Reader:
    """Read files in the format that the extension of the first one implies."""
    first = Path(paths if isinstance(paths, str | os.PathLike) else paths[0])
    known = "csv" if first.suffix.lower() in PACKINGS else format_of(first, _READERS)
    if known is None:
        raise ValueError(
            f"source names {str(first)!r}, but files are known by their endings: {', '.join(_ENDINGS)}. For others "
            "and for folders, give a reader of gmmx.data, such as gmmx.data.from_parquet(path)."
        )
    return _READERS[known](paths, batch_size=batch_size)


@dataclass(frozen=True)
class _Table:
    """All columns of a repeatable source of Arrow data."""

    table: Any
    chosen: ChosenFeatures
    dtype: np.dtype[Any]

    def __iter__(self) -> Iterator[Piece]:
        """Read from the first row on."""
        names, first_row = self.chosen.features.names, 0
        most_rows = max(1, min(_MOST_ROWS_AT_ONCE, _MOST_NUMBERS_AT_ONCE // len(names)))
        for whole in _record_batches(self.table, batch_size=most_rows):
            for begin in range(0, whole.num_rows, most_rows):
                batch = whole.slice(begin, most_rows)
                X = np.empty((batch.num_rows, len(names)), self.dtype)
                self.chosen.copy(batch, X, "source", first_row)
                yield checked(Piece(X, None), "source", first_row, feature_names=names, weights=None)
                first_row += batch.num_rows


def _record_batches(table: Any, **options: Any) -> Iterator[Any]:
    if not _is_dataset(table):
        yield from arrow.reader_of(table, "source")
        return
    if getattr(getattr(table, "format", None), "default_extname", None) == "parquet":  # to be read bit by bit
        dataset = import_optional("pyarrow.dataset", "Arrow data", "data")
        options["fragment_scan_options"] = dataset.ParquetFragmentScanOptions(
            pre_buffer=False, use_buffered_stream=True, buffer_size=_READ_AT_ONCE
        )
    # The usual way, 16 batches of each of 4 files ahead, whole row groups and all threads, takes up to a GiB.
    yield from table.to_batches(batch_readahead=1, fragment_readahead=1, use_threads=False, **options)


def _reader_of_table(table: Any, batch_size: int | None) -> Reader:
    """Return the rows of a table, relation or dataset as batches; all columns are features.

    The source can be read repeatedly: it has the method ``__arrow_c_stream__``, or is a pyarrow.dataset.Dataset.
    """
    schema = table.schema if _is_dataset(table) else arrow.reader_of(table, "source").schema
    dtype = number_type(schema, range(len(schema)), "source")
    lengths = ListLengths()
    lengths.update(schema, partial(_columns, table))
    features = ArrowFeatures.of(schema, lengths)
    names = features.names
    if not names:
        raise ValueError("source has no columns, but must have at least one")
    return Reader(
        type(table).__name__,
        [_Table(table, features.chosen(range(len(names))), dtype)],
        feature_names=names,
        n_features=len(names),
        dtype=dtype,
        batch_size=batch_size,
    )


def _columns(table: Any, positions: Sequence[int]) -> Iterator[list[Any]]:
    """Yield columns of lists, a few rows at first, for their lengths."""
    if not _is_dataset(table):
        for batch in arrow.reader_of(table, "source"):
            yield [batch.column(position) for position in positions]
        return
    names = [table.schema.names[position] for position in positions]
    for batch in _record_batches(table, columns=names, batch_size=ROWS_LOOKED_AT):
        yield batch.columns


def _is_dataset(source: Any) -> bool:
    """Return whether an object is, or looks like, a dataset of pyarrow."""
    return all(hasattr(source, name) for name in ("schema", "to_batches", "scanner"))
