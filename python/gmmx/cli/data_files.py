"""Data files as the commands read them: which columns there are, and their numbers, block by block.

Each format is a class that answers `DataFile`. Text is read by `gmmx.tables`, so that every fault is named with row and
column; Parquet and NumPy's files by `gmmx.data`.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import re
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from gmmx import arrow, data
from gmmx._regular_file import open_regular
from gmmx._text import quoted
from gmmx.cli.formats import DELIMITERS, ENDINGS, STANDARD_STREAM
from gmmx.data._arrays import OpenArrays, reader_of_arrays
from gmmx.data._npy_file import opened_npy, opened_npz
from gmmx.data._parquet import opened_parquet
from gmmx.data._reader import Piece, Reader, files_of
from gmmx.tables import TableError, TextRows

__all__ = ["DataFile", "blaming", "opened"]


_REMEDY = "fill in missing values, delete these rows, or choose other columns with --columns"
_WORDS = {
    "path names": "DATA is",
    "by columns": "by --columns",
    "fill in missing values, or drop the rows or the columns that have them": _REMEDY,
    "fill in missing values, or drop the rows or columns that have them": _REMEDY,
}
"""What `gmmx.data` says: what the command line says."""


_MAGIC = {b"\x93NUMPY": "npy", b"PK\x03\x04": "npz", b"PAR1\x15": "parquet"}
"""What a file begins with: its format."""


class DataFile(Protocol):
    """An open data file.

    Attributes
    ----------
    path : str
        Where it lies; of standard input that was copied, the copy.
    names : tuple of str
        Names of its columns; ``column_1``, ``column_2``, ... where the file has none.
    has_header : bool
        Whether the names stand in the file.
    n_rows : int or None
        Number of rows, where the file tells.
    n_bytes : int
        Bytes that its numbers take, about; 0 if nobody knows.
    """

    path: str
    names: tuple[str, ...]
    has_header: bool
    n_rows: int | None
    n_bytes: int

    def why_not_numeric(self, index: int) -> str | None:
        """Return why a column is not one of numbers; None if it is."""
        ...

    def blocks(self, values: Sequence[int], weights: int | None) -> Iterator[Piece]:
        """Read columns of values and one of weights, once; all numbers are finite, no weight is negative."""
        ...

    def reader(self, values: Sequence[int], weights: int | None, batch_size: int | None) -> Reader:
        """Return what reads these columns over and over."""
        ...

    def part_read(self) -> float | None:
        """Tell what part of the file `blocks` has read, where rows do not."""
        ...


@contextlib.contextmanager
def opened(
    path: str, file_format: str, *, source: str, header: bool | None, array: str | None, again: bool
) -> Iterator[DataFile]:
    """Open a data file.

    Parameters
    ----------
    path : str
        The file, or ``-`` for standard input.
    file_format : str
        One of `gmmx.cli.formats.FORMATS`.
    source : str
        What errors call the file.
    header : bool or None
        Whether the first row of text holds names; None finds out.
    array : str or None
        Name of the array in a .npz file; None for the only one.
    again : bool
        Whether `DataFile.reader` will be asked for.

    Raises
    ------
    TableError
        If the file cannot be read as this format.
    """
    with contextlib.ExitStack() as stack:
        if path == STANDARD_STREAM and (again or file_format not in DELIMITERS):
            path = stack.enter_context(_spooled(ENDINGS[file_format][0]))
        file: DataFile
        with blaming(source, path):
            if file_format in DELIMITERS:
                is_stream = path == STANDARD_STREAM
                stream, raw = stack.enter_context(_open_text(path))
                if not path.lower().endswith(".gz"):
                    _refuse_bytes(raw, source)
                delimiter = None if is_stream and file_format == "csv" else DELIMITERS[file_format]
                file = _TextFile(path, source, raw, TextRows(stream, source, delimiter, header))
            elif file_format == "parquet":
                file = _ParquetFile(path)
            else:
                file = _ArrayFile(path, file_format, array)
        yield file


@contextlib.contextmanager
def _spooled(ending: str) -> Iterator[str]:
    """Copy standard input to a temporary file, for what must be read from several places or several times."""
    with tempfile.NamedTemporaryFile(prefix="gmmx-", suffix=ending) as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield file.name


@contextlib.contextmanager
def _open_text(path: str) -> Iterator[tuple[IO[str], IO[bytes]]]:
    """Open a table as text: UTF-8, with or without a byte-order mark, line ends left to the csv module."""
    with contextlib.ExitStack() as stack:
        raw: IO[bytes]
        raw = sys.stdin.buffer if path == STANDARD_STREAM else stack.enter_context(open(path, "rb"))
        unpacked = gzip.GzipFile(fileobj=raw) if path.lower().endswith(".gz") else raw
        stream = io.TextIOWrapper(unpacked, encoding="utf-8-sig", newline="")
        stack.callback(stream.detach)
        yield stream, raw


def _refuse_bytes(raw: IO[bytes], source: str) -> None:
    """Refuse what begins as a file of another format does."""
    if isinstance(raw, io.BufferedReader):
        beginning = raw.peek(8)
    elif raw.seekable():
        beginning = raw.read(8)
        raw.seek(-len(beginning), io.SEEK_CUR)
    else:
        return
    for magic, file_format in _MAGIC.items():
        if beginning.startswith(magic):
            raise TableError(f"{source} is no text but {file_format}; name its format: --format {file_format}")
    if beginning.startswith(b"\x1f\x8b"):
        raise TableError(f"{source} is packed by gzip; unpack it, or name a file that ends in .gz")


class _TextFile:
    """A CSV or TSV file."""

    n_rows: int | None = None

    def __init__(self, path: str, source: str, raw: IO[bytes], rows: TextRows) -> None:
        self.names, self.has_header = rows.names, rows.has_header
        self.path, self._source, self._rows, self._raw = path, source, rows, raw
        self.n_bytes = _size(raw)

    def why_not_numeric(self, index: int) -> str | None:
        reason = self._rows.why_not_numeric(index)
        if reason == "not numeric" and len(self.names) == 1:
            return f"{reason}; one column was found: cells are parted by commas, semicolons or tabs"
        return reason

    def blocks(self, values: Sequence[int], weights: int | None) -> Iterator[Piece]:
        if weights is None:
            for block in self._rows.numbers(values):
                yield Piece(block, None)
            return
        n_before = 0
        for block in self._rows.numbers([*values, weights]):
            column = block[:, -1].copy()
            if (negative := np.flatnonzero(column < 0)).size:
                row = int(negative[0])
                place = f"{self._source}, row {n_before + row + 1}, column {quoted(self.names[weights])}"
                raise TableError(f"{place}: weight {column[row]:g} is negative; use 0 or more")
            yield Piece(np.ascontiguousarray(block[:, :-1]), column)
            n_before += len(block)

    def reader(self, values: Sequence[int], weights: int | None, batch_size: int | None) -> Reader:
        return data.from_csv(
            self.path,
            columns=[self.names[index] for index in values],
            weight_column=None if weights is None else self.names[weights],
            batch_size=batch_size,
            delimiter=self._rows.delimiter,
            header=self.has_header,
        )

    def part_read(self) -> float | None:
        return min(1.0, self._raw.tell() / self.n_bytes) if self.n_bytes else None


class _ParquetFile:
    """A Parquet file, or a folder of them."""

    has_header = True

    def __init__(self, path: str) -> None:
        self.path = path
        self._metadata: list[Any] = []
        self._not_in_all: set[str] = set()
        schema: Any = None
        for file in files_of(path, ENDINGS["parquet"]):
            with opened_parquet(file) as parquet:
                before, schema = schema, parquet.schema_arrow
                if before is not None:
                    self._not_in_all |= set(schema.names) ^ set(before.names)
                    for name in sorted(set(before.names) - set(schema.names)):
                        schema = schema.append(before.field(name))
                self._metadata.append(parquet.metadata)
        self._schema = schema
        self.names = tuple(schema.names)
        self.n_rows = sum(one.num_rows for one in self._metadata)
        self.n_bytes = 8 * self.n_rows * len(self.names)

    def why_not_numeric(self, index: int) -> str | None:
        name, of_type = self.names[index], str(self._schema.field(index).type)
        if name.startswith("__index_level_"):
            return "row names"  # as pandas writes them
        if name in self._not_in_all:
            raise TableError(
                f"{self.path}: only some of its files have the column {quoted(name)}; choose by --columns what all "
                "have, or read the files one by one"
            )
        if of_type == "null" or (self.n_rows and all(_is_empty(one, index, name) for one in self._metadata)):
            return "empty"
        if of_type == "bool":
            return "not numeric"  # as in CSV
        try:
            arrow.number_type(self._schema, [index], self.path)
        except ValueError:
            return "not numeric"
        return None

    def blocks(self, values: Sequence[int], weights: int | None) -> Iterator[Piece]:
        return _pieces(self.reader(values, weights, None))

    def reader(self, values: Sequence[int], weights: int | None, batch_size: int | None) -> Reader:
        return data.from_parquet(
            self.path,
            columns=[self.names[index] for index in values],
            weight_column=None if weights is None else self.names[weights],
            batch_size=batch_size,
        )

    def part_read(self) -> None:
        return None


def _is_empty(metadata: Any, index: int, name: str) -> bool:
    """Tell whether the statistics of a Parquet file say that a column has no value; it may have none unsaid."""
    if index >= metadata.num_columns:
        return False
    for group in range(metadata.num_row_groups):
        column = metadata.row_group(group).column(index)
        statistics = column.statistics
        if column.path_in_schema != name or statistics is None or not statistics.has_null_count:
            return False
        if statistics.null_count < column.num_values:
            return False
    return True


class _ArrayFile:
    """The array of a .npy file, or one of those in a .npz file."""

    has_header = False

    def __init__(self, path: str, file_format: str, array: str | None) -> None:
        self.path, self._kind, self._opener = path, file_format.upper(), _Opener(array)
        with self._opener(Path(path)) as arrays:
            if len(arrays.X.shape) != 2:
                raise ValueError(f"it holds an array of shape {arrays.X.shape}; give one of rows and columns")
            self.n_rows, n_columns = arrays.X.shape
            self.n_bytes = int(arrays.X.nbytes)
        self.names = tuple(f"column_{index + 1}" for index in range(n_columns))

    def why_not_numeric(self, index: int) -> None:
        return None

    def blocks(self, values: Sequence[int], weights: int | None) -> Iterator[Piece]:
        return _pieces(self.reader(values, weights, None))

    def reader(self, values: Sequence[int], weights: int | None, batch_size: int | None) -> Reader:
        chosen = None if list(values) == list(range(len(self.names))) else list(values)
        return reader_of_arrays(self._kind, [Path(self.path)], self._opener, chosen, weights, None, batch_size)

    def part_read(self) -> None:
        return None


@dataclass(frozen=True)
class _Opener:
    """Opens the array of a file of NumPy; one of a single dimension is a column."""

    array: str | None

    @contextlib.contextmanager
    def __call__(self, file: Path) -> Iterator[OpenArrays]:
        with contextlib.ExitStack() as stack:
            if not _is_archive(file):
                with _blaming_array():
                    array = stack.enter_context(opened_npy(file)).as_matrix()
                yield OpenArrays(array, None)
                return
            with _blaming_array():
                archive = stack.enter_context(opened_npz(file))
            name = self._chosen(archive.shapes)
            with _blaming_array():
                unpacked = archive[name]
            yield OpenArrays(unpacked[:, None] if unpacked.ndim == 1 else unpacked, None)

    def _chosen(self, shapes: Mapping[str, tuple[int, ...]]) -> str:
        """Return the name of the array to read."""
        if not shapes:
            raise ValueError("it holds no array; save some by numpy.savez")
        if self.array is not None and self.array not in shapes:
            raise ValueError(f"it has no array {self.array!r}; --array must name one of {', '.join(shapes)}")
        if self.array is not None:
            return self.array
        if len(shapes) == 1:
            return next(iter(shapes))
        matrices = [name for name, shape in shapes.items() if len(shape) == 2]
        if len(matrices) != 1:
            raise ValueError(
                f"--array is not given, but it holds several arrays; name the one to fit, of "
                f"{', '.join(map(repr, matrices or shapes))}"
            )
        return matrices[0]


def _is_archive(file: Path) -> bool:
    with open_regular(file) as stream:
        return stream.read(2) == b"PK"


@contextlib.contextmanager
def _blaming_array() -> Iterator[None]:
    """Say what to do with a file of NumPy that cannot be read."""
    try:
        yield
    except (ValueError, EOFError) as error:
        if "Python objects" in str(error):
            raise ValueError("it holds Python objects; save it as float64") from error
        problem = "" if "magic string" in str(error) else f" ({error})"
        raise ValueError(f"it is not a whole .npy or .npz file of numbers{problem}; save it again") from error


def _pieces(reader: Reader) -> Iterator[Piece]:
    for batch in reader:
        yield Piece(*batch) if isinstance(batch, tuple) else Piece(batch, None)


def _size(raw: IO[bytes]) -> int:
    """Return the bytes of a regular file, 0 of a stream."""
    try:
        status = os.fstat(raw.fileno())
    except (OSError, AttributeError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


@contextlib.contextmanager
def blaming(source: str, path: str) -> Iterator[None]:
    """Turn whatever goes wrong in reading into a `TableError` that names the source."""
    try:
        yield
    except TableError:
        raise
    except UnicodeDecodeError as error:
        raise TableError(f"{source} is not UTF-8 text; save it as CSV in UTF-8 and try again") from error
    except csv.Error as error:
        raise TableError(f"{source} is not a table of text: {error}") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"{source} cannot be unpacked: {error}; give a whole .gz file") from error
    except ImportError as error:
        raise TableError(str(error)) from error
    except OSError as error:
        raise TableError(f"{source} cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise TableError(f"{source} does not fit into memory") from error
    except ValueError as error:
        parts = str(error).replace(repr(path), path).split(path)
        message = source.join(map(_in_words_of_the_command_line, parts))
        raise TableError(message if source in message else f"{source}: {message}") from error


def _in_words_of_the_command_line(message: str) -> str:
    """Let a message of `gmmx.data` count rows from 1, name columns of arrays as `DataFile` does, and name options."""
    message = re.sub(r"row (\d+) \(the first is 0\)", lambda row: f"row {int(row[1]) + 1}", message)
    message = re.sub(r"\bcolumn (\d+)", lambda column: f"column 'column_{int(column[1]) + 1}'", message)
    for words, others in _WORDS.items():
        message = message.replace(words, others)
    return message
