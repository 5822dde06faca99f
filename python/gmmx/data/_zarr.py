"""Arrays in zarr stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmmx._optional import import_optional
from gmmx.data._arrays import OpenArrays, find_array, reader_of_arrays
from gmmx.data._reader import Paths, Reader, files_of

_PURPOSE = "Reading zarr stores"


@dataclass(frozen=True)
class _Zarr:
    """Opens the arrays of zarr stores."""

    array: str | None
    weights: str | None

    @contextmanager
    def __call__(self, store: Path) -> Iterator[OpenArrays]:
        """Open those of one store."""
        zarr = import_optional("zarr", _PURPOSE, "data")
        try:
            opened = zarr.open(str(store), mode="r")
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(
                f"path names {str(store)!r}, which cannot be read as zarr ({error}): give a whole store"
            ) from error
        arrays = {"": opened} if hasattr(opened, "shape") else dict(_arrays(opened, ""))
        yield OpenArrays(
            find_array(arrays, self.array, 2, "array", str(store)),
            None if self.weights is None else find_array(arrays, self.weights, 1, "weights", str(store)),
        )


def from_zarr(
    path: Paths,
    array: str | None = None,
    *,
    columns: Sequence[int] | None = None,
    weight_column: int | None = None,
    weights: str | None = None,
    batch_size: int | None = None,
) -> Reader:
    """Read an array of zarr stores, batch by batch.

    Parameters
    ----------
    path : path-like or sequence of path-like
        A store (a folder, or a .zip of one), or several.

    array : str, default=None
        Name of the array of shape (n_samples, n_features) in a group, such as "measurements/X". None: the store
        itself, or the only array of two dimensions in it.

    columns : sequence of int, default=None
        Columns of the array to fit, the first being 0, in this order. None: all but that of the weights.

    weight_column : int, default=None
        Column of the array that holds the rows' weights.

    weights : str, default=None
        Name of an array of shape (n_samples,) that holds the rows' weights. None, as `weight_column`: they have none.

    batch_size : int, default=None
        Rows of a batch. None: as many as 8 MiB hold, at most 131,072, but in whole chunks of the store.

    Returns
    -------
    reader : Reader
        The rows, read anew in each iteration. At least a chunk is in memory: of an array whose chunks are whole
        columns, the whole column.

    Raises
    ------
    ImportError
        If zarr is not installed.
    FileNotFoundError
        If there is no such store.
    ValueError, TypeError
        If a path is no store, an array is missing, of another shape or no numbers, or an argument is not as
        described; in an iteration: if a number is not finite or a weight negative.

    Examples
    --------
    >>> import gmmx, numpy, zarr
    >>> _ = zarr.save("measurements.zarr", numpy.array([[1.4, 0.2], [5.9, 1.8], [5.1, 1.5]]))
    >>> batches = gmmx.data.from_zarr("measurements.zarr", batch_size=2)
    >>> [X.tolist() for X in batches]
    [[[1.4, 0.2], [5.9, 1.8]], [[5.1, 1.5]]]
    """
    import_optional("zarr", _PURPOSE, "data")
    return reader_of_arrays(
        "zarr", files_of(path, (), folders=False), _Zarr(array, weights), columns, weight_column, weights, batch_size
    )


def _arrays(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """List all arrays of a group, and of the groups in it, with their names."""
    for name, array in group.arrays():
        yield prefix + name, array
    for name, inner in group.groups():
        yield from _arrays(inner, f"{prefix}{name}/")
