"""The reader that all functions of this package return, and what they share."""

from __future__ import annotations

import copy
import difflib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from gmmx._text import first_few, normalized
from gmmx.io._arrow_features import expanded
from gmmx.io._data_errors import Fault, FaultError
from gmmx.io._spool import Spool
from gmmx.validation import first_not_finite

__all__ = ["Batch", "Piece", "Reader", "checked", "chosen_columns", "files_of", "rows_of_bytes"]

Batch: TypeAlias = npt.NDArray[Any] | tuple[npt.NDArray[Any], npt.NDArray[np.float64]]
Paths: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"

_BYTES_OF_A_BATCH, _MOST_ROWS_OF_A_BATCH = 8 << 20, 1 << 17
_MOST_ROWS_OF_ANY_BATCH = 2**31 - 1
_NAMED = 12


BATCH_SIZE = """\
batch_size : int, default=None
    Number of rows in a batch, at least 1. None uses as many as fit in 8 MiB, at most 131,072."""

WEIGHT_COLUMN_BY_NAME = """\
weight_column : str, default=None
    Name of the column of sample weights. None gives every row the weight 1."""

COLUMNS_BY_NUMBER = """\
columns : sequence of int, default=None
    Columns of the array to fit, counted from 0, in this order. None selects all except the weights."""


class Piece(NamedTuple):
    """Rows that are read at a time, with their weights."""

    X: npt.NDArray[Any]
    sample_weight: npt.NDArray[np.float64] | None = None


class Reader:
    """Batches of rows of files, read from the files in each iteration.

    Readers are created by `from_parquet`, `from_csv`, `from_hdf5`, `from_npy` and `from_zarr`. Only a few batches are
    in memory at a time, whatever the size of the files. Readers can be pickled. The list of files is fixed on creation.

    Attributes
    ----------
    feature_names : tuple of str or None
        Names of the columns. None if the files have no names.
    n_features : int
        Number of columns.
    dtype : numpy.dtype
        float32 if that is the type of all columns in all files, else float64.
    batch_size : int
        Number of rows in each batch; the last may have fewer.
    """

    def __init__(
        self,
        description: str,
        files: Sequence[Iterable[Piece]],
        *,
        feature_names: Sequence[str] | None,
        n_features: int,
        dtype: npt.DTypeLike,
        batch_size: int | None,
        texts: Sequence[Path] = (),
    ) -> None:
        self._description = description
        self._files = files  # each yields its rows from the first one on
        self._texts = texts  # those of them that are slow to read
        self.feature_names = None if feature_names is None else tuple(feature_names)
        self.n_features = n_features
        self.dtype = np.dtype(dtype)
        self.batch_size = rows_of_bytes(batch_size, n_features, self.dtype)

    def __repr__(self) -> str:
        """Return a description of the files and how they are read."""
        return (
            f"{self._description}: {self.n_features} feature{'s' if self.n_features > 1 else ''} as {self.dtype}, "
            f"{self.batch_size} rows a batch"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        """Refuse conversion to an array, which would load all rows into memory."""
        raise TypeError(
            f"{self!r} is a reader of batches, not rows in memory: give it to fit_batches, or loop over it and give "
            "its batches one by one, to predict for instance"
        )

    def __iter__(self) -> Iterator[Batch]:
        """Read the files from their first row on.

        Yields
        ------
        batch : ndarray of shape (n_rows, n_features), or a pair of it and an ndarray of shape (n_rows,)
            Rows, or rows and weights if the files have weights. The caller owns the arrays.
        """
        with closing(_rebatched(chain.from_iterable(self._files), self.batch_size)) as pieces:
            for X, sample_weight in pieces:
                yield X if sample_weight is None else (X, sample_weight)

    @contextmanager
    def spooled(self) -> Iterator[Reader]:
        r"""Return a context in which text is parsed only once.

        The first complete pass over the reader that the context returns writes the numbers to a temporary file, from
        which later passes read them. A pass after one of the files changed parses the text again. The temporary file
        takes at most half of the free space of its folder (that of `tempfile.gettempdir`, or /var/tmp if that is in
        memory); if there is less room, each pass parses. It is deleted at the end of the context. Readers of other
        formats are returned as they are. `fit_batches` does this by itself for each fit.

        Yields
        ------
        reader : Reader
            The same batches.

        Examples
        --------
        >>> import gmmx, pathlib
        >>> _ = pathlib.Path("flowers.csv").write_text("length,width\n1.4,0.2\n5.9,1.8\n5.1,1.5\n")
        >>> with gmmx.data.from_csv("flowers.csv").spooled() as batches:  # parsed once for two fits
        ...     fits = [gmmx.GaussianMixture(k).fit_batches(batches) for k in (1, 2)]
        """
        with closing(Spool(self, self._texts)) as spool:
            yield _SpooledReader(self, spool) if self._texts else self


class _SpooledReader(Reader):
    """Reader whose batches are spooled; its pickle and its copies are of the reader before."""

    def __init__(self, reader: Reader, spool: Spool[Batch]) -> None:
        self.__dict__.update(vars(reader), _texts=())
        self._reader, self._spool = reader, spool

    def __iter__(self) -> Iterator[Batch]:
        """Read the batches from the temporary file, or the files."""
        return iter(self._spool)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy.copy, (self._reader,)


def _rebatched(pieces: Iterator[Piece], size: int) -> Generator[Piece, None, None]:
    """Split and join pieces to batches of one size; a piece of that size is passed on unchanged."""
    batch: list[npt.NDArray[Any]] = []  # rows under way, and weights if there are any, of which `n_held` are filled
    n_held = 0
    for piece in pieces:
        begin, n_rows = 0, len(piece.X)
        if n_rows == size and not batch:
            yield piece
            continue
        arrays = [array for array in piece if array is not None]
        while begin < n_rows:
            if not batch:
                room = min(size, rows_of_bytes(None, piece.X.shape[1], piece.X.dtype))
                batch = [np.empty((room, *array.shape[1:]), array.dtype) for array in arrays]
            elif n_held == len(batch[0]):  # size may far exceed the number of rows
                for whole in batch:
                    whole.resize((min(size, 2 * n_held), *whole.shape[1:]), refcheck=False)
            end = min(n_rows, begin + len(batch[0]) - n_held)
            for whole, array in zip(batch, arrays, strict=True):
                whole[n_held : n_held + end - begin] = array[begin:end]
            n_held += end - begin
            begin = end
            if n_held == size:
                yield Piece(*batch)
                batch, n_held = [], 0
    if batch:
        yield Piece(*(whole[:n_held] for whole in batch))


def checked(
    piece: Piece,
    where: str,
    first_row: int,
    *,
    feature_names: Sequence[str | int] | None,
    weights: str | int | None,
    keep_missing: bool = False,
) -> Piece:
    """Return a piece whose numbers are finite and whose weights are not negative; else raise a `FaultError`.

    `where` is the file and `first_row` the number of its rows before the piece. `feature_names` are None where columns
    are numbered from 0 without a gap. `keep_missing` accepts NaN, which stands for missing values.
    """
    X, sample_weight = piece
    problem = first_not_finite(np.where(np.isnan(X), 0, X) if keep_missing else X, feature_names, first_row)
    if problem is not None:
        raise FaultError(Fault("not finite", where, problem.row, problem.column, problem.value))
    if sample_weight is None:
        return piece
    usable = np.isfinite(sample_weight) & (sample_weight >= 0.0)
    if keep_missing:
        usable |= np.isnan(sample_weight)
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        raise FaultError(Fault("weight", where, first_row + row, weights, f"{sample_weight[row]:g}"))
    return piece


def files_of(path: Paths, suffixes: Sequence[str], *, folders: bool = True) -> list[Path]:
    """Return the files that a path, or a list of paths, stands for.

    A folder stands for all files below it that end in one of the suffixes, sorted by path, or without `folders` for
    itself. Names that begin with a dot or an underscore are skipped, such as Spark's metadata files.
    """
    given = [path] if isinstance(path, str | os.PathLike) else path
    if not isinstance(given, Sequence) or not all(isinstance(one, str | os.PathLike) for one in given):
        raise TypeError(
            f"path is of type {type(path).__name__}, but must be the path of a file or a folder, or a list of paths"
        )
    if not given:
        raise ValueError("path is an empty list, but must name at least one file")
    files: list[Path] = []
    for one in map(Path, given):
        if not one.exists():
            raise FileNotFoundError(f"path names {str(one)!r}, which does not exist: {_remedy_of_missing(one)}")
        if not (folders and one.is_dir()):
            files.append(one)
            continue
        found = sorted(file for file in one.rglob("*") if _counts(file.relative_to(one), suffixes) and file.is_file())
        if not found:
            raise FaultError(Fault("no files", "path", value=repr(str(one)), expected=" or ".join(suffixes)))
        files += found
    return files


def unreadable(path: Path, of_format: str, error: Exception, unit: str) -> Fault:
    """Return the fault of a path that holds something else, or only a part."""
    expected = f"{of_format} ({error}): give a whole {of_format} {unit}"
    return Fault("unreadable", "path", value=repr(str(path)), expected=expected)


def _remedy_of_missing(path: Path) -> str:
    if re.match(r"[a-z0-9]{2,}:/", str(path), re.IGNORECASE):
        return "files elsewhere are read by pyarrow.dataset.dataset(address), which fit_batches takes"
    if any(sign in str(path) for sign in "*?["):
        return "patterns are not looked up, so give the folder, or what glob.glob finds"
    return "give a file or a folder that does"


def _counts(file: Path, suffixes: Sequence[str]) -> bool:
    return file.name.lower().endswith(tuple(suffixes)) and not any(part[0] in "._" for part in file.parts)


def described(kind: str, files: Sequence[Path]) -> str:
    """Return a short description of the files of a source."""
    return f"{kind} {str(files[0])!r}" + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def rows_of_bytes(batch_size: Any, n_features: int, dtype: np.dtype[Any]) -> int:
    """Return the requested number of rows in a batch, or as many as fit in 8 MiB, at most 131,072.

    Numbers beyond 2^31 - 1 stand for that one: all rows, in other words.
    """
    if batch_size is None:
        return max(1, min(_MOST_ROWS_OF_A_BATCH, _BYTES_OF_A_BATCH // (n_features * dtype.itemsize)))
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral):
        raise TypeError(f"batch_size is {batch_size!r}, but must be a number of rows, or None for 8 MiB of them")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size!r}, but must be at least 1, or None for 8 MiB of rows")
    return min(int(batch_size), _MOST_ROWS_OF_ANY_BATCH)


def chosen_columns(
    names: Sequence[str],
    columns: Sequence[str] | None,
    weight_column: str | None,
    where: str,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Return the names of the columns that are features, in their order.

    `names` are the columns of a file; lists are present as their elements. `columns` are those asked for, None all
    except the weights. `lists` has the columns of lists, each with the names of its elements, for all of which it
    stands.
    """
    lists = lists or {}
    if weight_column is not None:
        if not isinstance(weight_column, str):
            raise TypeError(
                f"weight_column is of type {type(weight_column).__name__}, but must be the name of a column. Weights "
                "in memory go with batches: fit_batches([(X, sample_weight), ...])"
            )
        if weight_column in lists and weight_column not in names:
            raise ValueError(
                f"weight_column names {weight_column!r}, which {where} fills with lists, but a weight must be one "
                f"number: name one element of the lists, such as {lists[weight_column][0]!r}, or another column"
            )
        weight_column = names[find_columns([weight_column], names, where, "weight_column")[0]]
    if columns is None:
        chosen = [name for name in names if name != weight_column]
    elif isinstance(columns, str) or not isinstance(columns, Iterable):
        raise TypeError(f"columns is {columns!r}, but must be a list of names, such as [{columns!r}]")
    else:
        chosen = expanded(columns, lists)
    if not chosen:
        raise ValueError(f"columns leaves no column of {where} to fit; it has {listed(names)}")
    chosen = [names[index] for index in find_columns(chosen, names, where, "columns", lists)]
    if weight_column in chosen:
        raise ValueError(f"columns names {weight_column!r}, and so does weight_column: take it out of one of them")
    doubled = [name for name, count in Counter(chosen).items() if count > 1]
    if doubled:
        raise ValueError(f"columns names {doubled[0]!r} twice: take one out")
    return chosen


def find_columns(
    wanted: Iterable[Any], names: Sequence[str], where: str, argument: str, lists: Iterable[str] = ()
) -> list[int]:
    """Return the indices of the columns with these names, in time linear in the number of columns.

    A name that is not there may be there in another normal form of Unicode, in which an accent is its own character.
    Columns of lists, whose elements are among the names, may be meant, too.
    """
    positions = defaultdict(list)
    for position, name in enumerate(names):
        positions[name].append(position)
    found = []
    for name in wanted:
        here = positions.get(name, []) if isinstance(name, str) else []
        if not here and isinstance(name, str):
            same = [index for index, other in enumerate(names) if normalized(other) == normalized(name)]
            here = same if len(same) == 1 else []
        if len(here) > 1:
            raise ValueError(f"{where} has {len(here)} columns named {name!r}: give them different names")
        if not here:
            close = difflib.get_close_matches(str(name), [*lists, *names], n=1)
            hint = f"did you mean {close[0]!r}? It" if close else "it"
            raise ValueError(f"{argument} names {name!r}, but {where} has no such column; {hint} has {listed(names)}")
        found += here
    return found


def listed(names: Sequence[str]) -> str:
    """List the first few of many names in a sentence."""
    return first_few(list(map(repr, names)), _NAMED) if names else "none"
