"""Data files as the commands read them: which columns there are, and their numbers, block by block.

Each format is a class that answers `DataFile`. `gmmx.io.csv_text` reads text, so that every fault is named with row and
column; `gmmx.data` reads Parquet and NumPy's files.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NamedTuple

from gmmx._text import quoted
from gmmx.cli.console import unreadable
from gmmx.cli.faults import in_words
from gmmx.cli.options import DELIMITERS, FORMATS, STANDARD_STREAM, DataOptions
from gmmx.data._arrays import reader_of_arrays
from gmmx.data._csv import reader_of_text
from gmmx.data._parquet import lengths_in, opened_parquet, reader_of_parquet
from gmmx.data._reader import Piece, Reader, files_of
from gmmx.io._arrow_features import ArrowFeatures, ListLengths, has_no_type, holds_lists, holds_numbers, is_boolean
from gmmx.io._cells import is_missing, is_number
from gmmx.io._npy_file import opened_npy, opened_npz
from gmmx.io._regular_file import open_regular
from gmmx.io._text_files import UNPACKING_ERRORS, plain_name, unpacked
from gmmx.io.csv_text import CsvRows, DataFileError, TextFormat

__all__ = ["DataFile", "Selection", "blaming", "opened", "pieces_of", "size_of"]


# Keys are the first bytes of a packed file, values the program that packs and the ending.
_PACKED = {b"\x1f\x8b": ("gzip", ".gz"), b"BZh": ("bzip2", ".bz2"), b"\xfd7zXZ\0": ("xz", ".xz")}


_COMMAS = "{source}: numbers have decimal commas, so that 2,5 is 2.5; use --decimal . if the commas are something else"


class Selection(NamedTuple):
    """The columns of a file that are read."""

    names: tuple[str, ...]
    values: Sequence[int]
    weights: int | None
    left_out: Sequence[tuple[str, str]]  # the other columns, each with the reason
    keep_missing: bool  # whether missing values are NaN; otherwise they are refused


class DataFile:
    """An open data file."""

    path: str  # where it lies; of standard input that was copied, the copy
    names: tuple[str, ...]  # of its columns, column_1, ... if it has none; of a column of lists name[0], ...
    lists: Mapping[str, range] = MappingProxyType({})  # where elements of columns of lists stand among the names
    has_header: bool = False  # whether the names stand in the file
    n_rows: int | None = None  # None if the file does not tell
    n_bytes: int = 0  # that its numbers take, about; 0 if that is unknown
    notes: Sequence[str] = ()  # what was found out about it that users should know

    def why_not_numeric(self, index: int) -> str | None:
        """Return why a column does not hold numbers; None if it does."""
        return None

    def reader(self, selection: Selection, batch_size: int | None) -> Reader:
        """Return what reads columns over and over; all numbers are finite, no weight is negative."""
        raise NotImplementedError

    def blocks(self, selection: Selection) -> Iterator[Piece]:
        """Read columns once."""
        return pieces_of(self.reader(selection, None))

    def part_read(self) -> float | None:
        """Return what part of the file `blocks` has read, where the number of rows is unknown."""
        return None

    def check_header(self, columns: Iterable[int]) -> None:
        """Refuse names in the first row of columns of numbers, where the user says that it holds none."""


@contextlib.contextmanager
def opened(options: DataOptions, source: str, *, again: bool) -> Iterator[DataFile]:
    """Open DATA, which errors call `source`; `again` is true if `DataFile.reader` will be asked for.

    It is a DataFileError if the file cannot be read as its format.
    """
    path, file_format = options.data, options.data_format
    with contextlib.ExitStack() as stack:
        if path == STANDARD_STREAM and (again or file_format not in DELIMITERS):
            path = stack.enter_context(_spooled(sys.stdin.buffer, FORMATS[file_format].endings[0]))
        elif again and file_format in DELIMITERS and not (os.path.isfile(path) or os.path.isdir(path)):
            with blaming(source, path):
                path = stack.enter_context(_spooled(stack.enter_context(open(path, "rb")), Path(path).name))
        file: DataFile
        with blaming(source, path):
            if file_format in DELIMITERS:
                is_stream = path == STANDARD_STREAM
                raw: IO[bytes]
                stream, raw = (sys.stdin.buffer,) * 2 if is_stream else stack.enter_context(unpacked(path, again=False))
                file = _TextFile(path, source, options, stream, raw)
            elif file_format == "parquet":
                file = _ParquetFile(path)
            else:
                file = _ArrayFile(path, file_format, options.array)
        yield file


@contextlib.contextmanager
def _spooled(stream: IO[bytes], ending: str) -> Iterator[str]:
    """Copy a stream to a temporary file, so that it can be read from several places or several times."""
    with tempfile.NamedTemporaryFile(prefix="gmmx-", suffix=ending) as file:
        shutil.copyfileobj(stream, file)
        file.flush()
        yield file.name


_TEXT = re.compile(rb"[\t\n\r -~]+$")  # a name of a column may be PAR1


def _refuse_bytes(raw: IO[bytes], source: str) -> None:
    """Refuse a stream that begins like a file of another format."""
    if isinstance(raw, io.BufferedReader):
        beginning = raw.peek(8)
    elif raw.seekable():
        beginning = raw.read(8)
        raw.seek(-len(beginning), io.SEEK_CUR)
    else:
        return
    for name, known in FORMATS.items():
        if known.magic and beginning.startswith(known.magic) and not _TEXT.match(beginning[:8]):
            raise DataFileError(f"{source} is not text but {name}; name its format: --format {name}")
    for magic, (program, ending) in _PACKED.items():
        if beginning.startswith(magic):
            raise DataFileError(f"{source} is packed by {program}; unpack it, or name a file that ends in {ending}")


class _TextFile(DataFile):
    """A CSV or TSV file."""

    def __init__(self, path: str, source: str, options: DataOptions, stream: IO[bytes], raw: IO[bytes]) -> None:
        if stream is raw:
            _refuse_bytes(raw, source)
        given = TextFormat(options.delimiter, options.decimal, options.header)
        blanks = options.data_format == "csv" and plain_name(path).endswith(".txt")
        rows = CsvRows(stream, source, DELIMITERS[options.data_format], given, blanks=blanks)
        self.names, self.has_header = rows.names, rows.has_header
        self.path, self._source, self._options, self._rows, self._raw = path, source, options, rows, raw
        self.n_bytes = size_of(raw)
        self.notes = (_COMMAS.format(source=source),) if rows.found_commas else ()

    def why_not_numeric(self, index: int) -> str | None:
        reason = self._rows.why_not_numeric(index)
        if reason == "not numeric" and len(self.names) == 1:
            if any(len(parts := cell.split()) > 1 and any(map(is_number, parts)) for cell in self._rows.cells_of(0)):
                return f"{reason}; one column was found: if blanks separate the cells, use --delimiter space"
            return (
                f"{reason}; one column was found: cells are separated by commas, semicolons or tabs, or by the "
                "character of --delimiter"
            )
        return reason

    def check_header(self, columns: Iterable[int]) -> None:
        for index in columns if self._options.header is False else ():
            cell = next(iter(self._rows.cells_of(index)), "")
            if not is_missing(cell) and not is_number(cell, self._rows.decimal):
                raise DataFileError(
                    f"{self._source}: row 1 holds {cell!r} in column {self.names[index]!r}, but must hold numbers with "
                    "--no-header; leave --no-header out if it holds the names of the columns"
                )

    def blocks(self, selection: Selection) -> Iterator[Piece]:
        numbers = self._rows.numbers(selection.values, selection.weights, keep_missing=selection.keep_missing)
        return map(Piece._make, numbers)

    def reader(self, selection: Selection, batch_size: int | None) -> Reader:
        return reader_of_text(
            Path(self.path),
            self._source,
            self._rows,
            selection.values,
            selection.weights,
            batch_size=batch_size,
            keep_missing=selection.keep_missing,
        )

    def part_read(self) -> float | None:
        return min(1.0, self._raw.tell() / self.n_bytes) if self.n_bytes else None


class _ParquetFile(DataFile):
    """A Parquet file, or a folder of them."""

    has_header = True

    def __init__(self, path: str) -> None:
        self.path = path
        files = files_of(path, FORMATS["parquet"].endings)
        self._lengths = lengths_in(files)
        self._parts: list[_ParquetPart] = []
        lengths: dict[str, int | None] = {}
        for file in files:
            with opened_parquet(file) as parquet:
                self._parts.append(_ParquetPart(file, parquet.schema_arrow, parquet.metadata))
            features = ArrowFeatures.of(self._parts[-1].schema, self._lengths)
            for column, length in zip(features.columns, features.lengths, strict=True):
                lengths[column] = lengths.get(column) or length
        doubled = self._parts[0].schema.names
        columns = (*doubled, *tuple(lengths)[len(set(doubled)) :])
        features = ArrowFeatures(columns, tuple(lengths[column] for column in columns))
        self.names = features.names
        self.lists = features.lists
        self._columns = [columns[position] for position in features.columns_of(range(len(features.names)))]
        self._reasons: dict[str, str | None] = {}
        self.n_rows = sum(part.metadata.num_rows for part in self._parts)
        self.n_bytes = 8 * self.n_rows * len(self.names)

    def why_not_numeric(self, index: int) -> str | None:
        column = self._columns[index]
        if column not in self._reasons:
            self._reasons[column] = self._why_not_numbers(column)
        return self._reasons[column]

    def _why_not_numbers(self, name: str) -> str | None:
        """Return why a column is neither one of numbers nor of lists of them; None if it is."""
        if name.startswith("__index_level_"):
            return "row names"  # as pandas writes them
        if any(part.position_of(name) < 0 for part in self._parts):
            raise DataFileError(
                f"{self.path}: only some of its files have the column {quoted(name)}; choose by --columns those that "
                "all have, or read the files one by one"
            )
        kinds = {part.kind_of(name, self._lengths): part for part in self._parts}
        kinds.pop("null", None)
        if not kinds or (self.n_rows and all(part.is_empty(name) for part in self._parts)):
            return "empty"
        if len(kinds) > 1:
            types = " and ".join(f"{part.type_of(name)} in {part.file.name}" for part in kinds.values())
            raise DataFileError(
                f"{self.path}: column {quoted(name)} is of type {types}; write it in one type, or name the columns to "
                "fit by --columns"
            )
        return None if kinds.keys() <= {"numbers", "lists"} else "not numeric"

    def reader(self, selection: Selection, batch_size: int | None) -> Reader:
        values = [self.names[index] for index in selection.values]
        weights = None if selection.weights is None else self.names[selection.weights]
        return reader_of_parquet(self.path, values, weights, batch_size, keep_missing=selection.keep_missing)


class _ParquetPart(NamedTuple):
    """The columns of one file of a Parquet table."""

    file: Path
    schema: Any
    metadata: Any

    def position_of(self, name: str) -> int:
        """Return where a column stands, the last one of this name; -1 without one."""
        return max(self.schema.get_all_field_indices(name), default=-1)

    def type_of(self, name: str) -> Any:
        """Return the type of a column."""
        return self.schema.field(self.position_of(name)).type

    def kind_of(self, name: str, lengths: ListLengths) -> str:
        """Return whether a column holds numbers or lists of them, truth values as in CSV text, nothing or else."""
        of_type = self.type_of(name)
        if has_no_type(of_type):
            return "null"
        if is_boolean(of_type):
            return "bool"
        if not holds_numbers(of_type):
            return "other"
        if not holds_lists(of_type):
            return "numbers"
        return "lists" if lengths[name] else "null"

    def is_empty(self, name: str) -> bool:
        """Return whether the statistics show that a column has no value; without statistics False."""
        index = self.position_of(name)
        if str(self.type_of(name)) == "null":
            return True
        if index >= self.metadata.num_columns:
            return False
        groups = [self.metadata.row_group(group).column(index) for group in range(self.metadata.num_row_groups)]
        return all(
            column.path_in_schema == name
            and column.statistics is not None
            and column.statistics.has_null_count
            and column.statistics.null_count >= column.num_values
            for column in groups
        )


class _ArrayFile(DataFile):
    """The array of a .npy file, or one of those in a .npz file."""

    def __init__(self, path: str, file_format: str, array: str | None) -> None:
        self.path, self._kind, self._opener = path, file_format.upper(), partial(_opened_array, array)
        with self._opener(Path(path)) as (X, _):
            if len(X.shape) != 2:
                raise ValueError(f"it holds an array of shape {X.shape}; give one of rows and columns")
            self.n_rows, n_columns = X.shape
            self.n_bytes = int(X.nbytes)
        self.names = tuple(f"column_{index + 1}" for index in range(n_columns))

    def reader(self, selection: Selection, batch_size: int | None) -> Reader:
        chosen = None if list(selection.values) == list(range(len(self.names))) else list(selection.values)
        files, weights, keep_missing = [Path(self.path)], selection.weights, selection.keep_missing
        return reader_of_arrays(
            self._kind, files, self._opener, chosen, weights, None, batch_size, keep_missing=keep_missing
        )


@contextlib.contextmanager
def _opened_array(name: str | None, file: Path) -> Iterator[tuple[Any, Any]]:
    """Open the array of a file of NumPy; one of a single dimension is a column."""
    with open_regular(file) as stream:
        is_archive = stream.read(2) == b"PK"
    with contextlib.ExitStack() as stack:
        if not is_archive:
            with _blaming_array():
                array = stack.enter_context(opened_npy(file)).as_matrix()
            yield array, None
            return
        with _blaming_array():
            archive = stack.enter_context(opened_npz(file))
        chosen = _chosen_array(name, archive.shapes)
        with _blaming_array():
            unpacked = archive[chosen]
        yield unpacked[:, None] if unpacked.ndim == 1 else unpacked, None


def _chosen_array(name: str | None, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return the name of the array to read."""
    if not shapes:
        raise ValueError("it holds no array; save some by numpy.savez")
    if name is not None and name not in shapes:
        raise ValueError(f"it has no array {name!r}; --array must name one of {', '.join(shapes)}")
    if name is not None:
        return name
    matrices = [known for known, shape in shapes.items() if len(shape) == 2]
    candidates = list(shapes) if len(shapes) == 1 else matrices
    if len(candidates) != 1:
        raise ValueError(
            f"--array is not given, but it holds several arrays; name the one to fit, of "
            f"{', '.join(map(repr, matrices or shapes))}"
        )
    return candidates[0]


@contextlib.contextmanager
def _blaming_array() -> Iterator[None]:
    """Add a remedy to the complaint about a file of NumPy that cannot be read."""
    try:
        yield
    except (ValueError, EOFError) as error:
        if "Python objects" in str(error):
            raise ValueError("it holds Python objects; save it as float64") from error
        problem = "" if "magic string" in str(error) else f" ({error})"
        raise ValueError(f"it is not a whole .npy or .npz file of numbers{problem}; save it again") from error


def pieces_of(reader: Reader) -> Iterator[Piece]:
    """Read from the first row on."""
    for batch in reader:
        yield Piece(*batch) if isinstance(batch, tuple) else Piece(batch)


def size_of(raw: IO[bytes]) -> int:
    """Return the bytes of a regular file, 0 of a stream."""
    try:
        status = os.fstat(raw.fileno())
    except (OSError, AttributeError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


@contextlib.contextmanager
def blaming(source: str, path: str) -> Iterator[None]:
    """Turn every error of reading into a `DataFileError` that names the source."""
    try:
        yield
    except DataFileError as error:
        raise in_words(error, source, path) from error.__cause__
    except UnicodeDecodeError as error:
        raise DataFileError(f"{source} is not UTF-8 text; save it as CSV in UTF-8 and try again") from error
    except UnicodeEncodeError as error:
        raise DataFileError(f"{source} has a name that is not UTF-8, which cannot be opened here; rename it") from error
    except csv.Error as error:
        raise DataFileError(f"{source} is not a table of text: {error}") from error
    except UNPACKING_ERRORS as error:
        raise DataFileError(f"{source} cannot be unpacked: {error}; give a whole packed file") from error
    except ImportError as error:
        raise DataFileError(str(error)) from error
    except OSError as error:
        raise DataFileError(unreadable(source, error)) from error
    except MemoryError as error:
        raise DataFileError(f"{source} does not fit into memory") from error
    except ValueError as error:
        message = str(error).replace(repr(path), source).replace(path, source)
        raise DataFileError(message if source in message else f"{source}: {message}") from error
