"""Data files for the command line: reading tables of numbers, writing results.

A table is text in rows and columns: CSV (``.csv``) or TSV (``.tsv``, ``.tab``), or standard input (``-``).
The header, the delimiter of standard input and the columns that hold numbers are found by looking at the
first rows. Every fault is a `TableError` whose message is one line that names the file, the row, the column
and the remedy.

Rows are read in blocks, so a large file costs the memory of its numbers and no more.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import numpy as np
import numpy.typing as npt

from gmmx._files import replacing

__all__ = [
    "DELIMITERS",
    "MISSING",
    "STANDARD_INPUT",
    "Table",
    "TableError",
    "find_delimiter",
    "looks_like_header",
    "mostly_numbers",
    "read_table",
    "write_column",
]

STANDARD_INPUT = "-"
"""The path that stands for standard input."""

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
"""Extension of a text table: its delimiter."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Cells, in lower case, that stand for a missing value."""

_HEAD = 1_000
_BLOCK = 10_000
_NAMED_ROWS = 5

FloatArray = npt.NDArray[np.float64]


class TableError(ValueError):
    """A data file that cannot be used; the message is one line with the remedy."""


@dataclass(frozen=True)
class Table:
    """The numbers of one data file.

    Attributes
    ----------
    source : str
        The file's path, or "standard input".
    names : tuple of str
        Names of the columns of `values`; ``column_1``, ``column_2``, ... for a file without header.
    has_header : bool
        Whether the names stand in the file.
    values : ndarray of shape (n_samples, n_features)
        The numbers: finite, float64.
    weights : ndarray of shape (n_samples,) or None
        The weight column, if one was asked for: finite, not negative, not all zero.
    left_out : tuple of (str, str)
        Columns of the file that are not in `values`, each with the reason.
    """

    source: str
    names: tuple[str, ...]
    has_header: bool
    values: FloatArray
    weights: FloatArray | None
    left_out: tuple[tuple[str, str], ...]


def read_table(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    weight_column: str | None = None,
    label_column: str | None = None,
    header: bool | None = None,
) -> Table:
    r"""Read the numeric columns of a CSV or TSV file.

    Parameters
    ----------
    path : path-like
        A file ending in ``.csv``, ``.tsv`` or ``.tab``, or ``-`` for standard input (tabs or commas,
        whichever its first line holds).
    columns : sequence of str, optional
        Names of the columns to read, in this order. None takes every column that holds numbers.
    weight_column : str, optional
        Name of the column that holds the rows' weights; it is not one of the values.
    label_column : str, optional
        Name of a column to leave out.
    header : bool, optional
        Whether the first row holds the columns' names. None finds out: it does if a column of numbers begins
        with something that is not a number, or if no cell of the first row is a number.

    Returns
    -------
    Table
        The numbers with their names and the columns left out.

    Raises
    ------
    TableError
        If the file cannot be read, a cell is no finite number, a value is missing or a named column does not
        exist.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "irises.csv")
    ...     _ = path.write_text("width,length,species\n0.2,1.4,setosa\n1.8,5.9,virginica\n")
    ...     table = read_table(path)
    >>> table.names, table.values.tolist(), table.left_out
    (('width', 'length'), [[0.2, 1.4], [1.8, 5.9]], (('species', 'not numeric'),))
    """
    source = "standard input" if os.fspath(path) == STANDARD_INPUT else os.fspath(path)
    try:
        with _open_text(path) as stream:
            rows = _Rows(stream, source, DELIMITERS.get(Path(path).suffix.lower()), header)
            layout = _Layout.choose(rows, columns, weight_column, label_column)
            numbers = _read_numbers(rows, layout.indices)
    except UnicodeDecodeError as error:
        raise TableError(f"{source} is not UTF-8 text; save it as CSV in UTF-8 and try again") from error
    except csv.Error as error:
        raise TableError(f"{source} is not a table of text: {error}") from error
    except OSError as error:
        raise TableError(f"{source} cannot be read: {error.strerror or error}") from error

    if weight_column is None:
        return Table(source, layout.names, rows.has_header, numbers, None, layout.left_out)
    weights = numbers[:, -1].copy()
    _check_weights(weights, source, weight_column)
    values = np.ascontiguousarray(numbers[:, :-1])
    return Table(source, layout.names, rows.has_header, values, weights, layout.left_out)


def write_column(path: str | os.PathLike[str], name: str, values: npt.NDArray[np.integer]) -> None:
    """Write one column of whole numbers with its name as header, whole or not at all.

    Parameters
    ----------
    path : path-like
        The file to write or replace.
    name : str
        The header.
    values : ndarray of shape (n_samples,)
        One number a row.
    """
    with replacing(path) as stream:
        stream.write(f"{name}\n".encode())
        np.savetxt(stream, values, fmt="%d")


class _Lines:
    """The lines of a text, counted, with a way to put some back."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._returned: deque[str] = deque()
        self.taken = 0

    def __iter__(self) -> _Lines:
        """Go through the lines that are left."""
        return self

    def __next__(self) -> str:
        """Return the next line."""
        line = self._returned.popleft() if self._returned else next(self._stream)
        self.taken += 1
        return line

    def take(self, count: int) -> list[str]:
        """Return the next lines."""
        return list(islice(self, count))

    def put_back(self, lines: list[str]) -> None:
        """Undo `take`."""
        self._returned.extendleft(reversed(lines))
        self.taken -= len(lines)


class _Rows:
    """The rows of a text table: its columns' names and first rows, and then all numbers, in blocks."""

    def __init__(self, stream: IO[str], source: str, delimiter: str | None, header: bool | None) -> None:
        self.source = source
        self._lines = _Lines(stream)
        head = self._lines.take(_HEAD)
        self._lines.put_back(head)
        self._delimiter = find_delimiter(head[0] if head else "", delimiter)
        self._reader = self._parse(self._lines)
        first = [row for row in self._parse(iter(head)) if row]
        if len(head) == _HEAD and len(first) > 1:
            first.pop()  # its last cell may go on in the next line
        if not first:
            raise TableError(f"{source} is empty; it needs one row of names and at least one row of numbers")
        self.has_header = looks_like_header(first) if header is None else header
        if self.has_header:
            self.names = tuple(cell.strip() for cell in first.pop(0))
            next(row for row in self._reader if row)
        else:
            self.names = tuple(f"column_{index + 1}" for index in range(len(first[0])))
        if not first:
            raise TableError(
                f"{source} has a header and no rows; add rows, or say --no-header if the first row is data"
            )
        self.first = first
        self.taken = 0

    def numbers(self, indices: Sequence[int]) -> Iterator[FloatArray]:
        """Read the columns at `indices` once, block by block; a missing value is NaN.

        `taken` counts the rows before the block that was read last.
        """
        while lines := self._lines.take(_BLOCK):
            block = self._read_plain(lines, indices)
            if block is None:
                self._lines.put_back(lines)
                block = self._read_carefully(self._lines.taken + len(lines), indices)
            yield block
            self.taken += len(block)

    def _parse(self, lines: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True)

    def _read_plain(self, lines: list[str], indices: Sequence[int]) -> FloatArray | None:
        """Read lines fast, if they hold finite numbers and no quotes; else return None."""
        lines = [line for line in lines if not line.isspace()]
        delimiters = len(self.names) - 1
        if not lines or any('"' in line or line.count(self._delimiter) != delimiters for line in lines):
            return None
        try:
            block = np.loadtxt(lines, delimiter=self._delimiter, usecols=indices, comments=None, ndmin=2)
        except ValueError:
            return None
        return block if len(block) == len(lines) and np.isfinite(block).all() else None

    def _read_carefully(self, last_line: int, indices: Sequence[int]) -> FloatArray:
        """Read rows up to a line cell by cell; the first fault is an error that names its place."""
        block: list[list[float]] = []
        for row in self._reader:
            if row:
                place = f"{self.source}, row {self.taken + len(block) + 1} (line {self._lines.taken})"
                if len(row) != len(self.names):
                    raise TableError(
                        f"{place}: {_count(len(row), 'cell')} where the first row has {len(self.names)}; "
                        f"add what is missing, or quote the cell that holds a delimiter"
                    )
                block.append([_number(row[index], place, self.names[index]) for index in indices])
            if self._lines.taken >= last_line:
                break
        return np.array(block, dtype=np.float64).reshape(len(block), len(indices))


@dataclass(frozen=True)
class _Layout:
    """Which columns of a file are read: `indices` of the values and, last, of the weights, if any."""

    names: tuple[str, ...]
    indices: tuple[int, ...]
    left_out: tuple[tuple[str, str], ...]

    @classmethod
    def choose(
        cls, rows: _Rows, columns: Sequence[str] | None, weight_column: str | None, label_column: str | None
    ) -> _Layout:
        reasons: dict[int, str] = {}
        weight = None
        if label_column is not None:
            reasons[_find(label_column, rows)] = "label column"
        if weight_column is not None:
            weight = _find(weight_column, rows)
            reasons[weight] = "weight column"
        if columns is None:
            values = _numeric_columns(rows, reasons)
        else:
            values = [_find(name, rows) for name in columns]
            for position, index in enumerate(values):
                if index in reasons:
                    raise TableError(
                        f"{rows.source}: column {rows.names[index]!r} is the {reasons[index]} and stands in "
                        f"--columns too; take it out of one of them"
                    )
                if index in values[:position]:
                    raise TableError(f"{rows.source}: column {rows.names[index]!r} stands twice in --columns")
            for index in range(len(rows.names)):
                if index not in values:
                    reasons.setdefault(index, "not in --columns")
        if not values:
            found = ", ".join(f"{rows.names[index]}: {reasons[index]}" for index in sorted(reasons)[:6])
            raise TableError(f"{rows.source} has no column of numbers to fit ({found}); numbers look like 12 or 1.5e-3")
        return cls(
            names=tuple(rows.names[index] for index in values),
            indices=(*values, weight) if weight is not None else tuple(values),
            left_out=tuple((rows.names[index] or "(unnamed)", reasons[index]) for index in sorted(reasons)),
        )


@contextlib.contextmanager
def _open_text(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Open a table as text: UTF-8, with or without a byte-order mark, line ends left to the csv module."""
    if os.fspath(path) == STANDARD_INPUT:
        stream = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        try:
            yield stream
        finally:
            stream.detach()
        return
    suffix = Path(path).suffix.lower()
    if suffix not in DELIMITERS:
        raise TableError(
            f"{os.fspath(path)}: the data must end in {', '.join(DELIMITERS)}, "
            f"or be {STANDARD_INPUT} for standard input"
        )
    with open(path, encoding="utf-8-sig", newline="") as file:
        yield file


def find_delimiter(first_line: str, delimiter: str | None) -> str:
    """Return the delimiter; `delimiter` is what the file's extension says, None for standard input."""
    if delimiter is None:
        delimiter = "\t" if "\t" in first_line else ","
    if delimiter == "," and "," not in first_line and ";" in first_line:
        return ";"
    return delimiter


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in MISSING


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell and not _is_missing(cell)  # 12_1 is a code, though a number in Python


def mostly_numbers(cells: Sequence[str]) -> bool:
    """Whether more than half of the cells that are not missing are numbers."""
    present = [cell for cell in cells if not _is_missing(cell)]
    return 2 * sum(map(_is_number, present)) > len(present)


def looks_like_header(rows: list[list[str]]) -> bool:
    """Whether the first of some rows holds names, as `read_table` finds out."""
    first, rest = rows[0], rows[1:]
    if not any(map(_is_number, first)):
        return True
    return any(
        not _is_number(cell)
        and not _is_missing(cell)
        and mostly_numbers([row[index] for row in rest if index < len(row)])
        for index, cell in enumerate(first)
    )


def _numeric_columns(rows: _Rows, reasons: dict[int, str]) -> list[int]:
    """Find the columns whose first rows hold numbers; `reasons` takes why the others are left out."""
    chosen = []
    for index, name in enumerate(rows.names):
        if index in reasons:
            continue
        cells = [row[index] for row in rows.first if index < len(row)]
        if index == 0 and not name:
            reasons[index] = "row names"
        elif not mostly_numbers(cells):
            reasons[index] = _why_not_numeric(cells)
        else:
            chosen.append(index)
    return chosen


def _why_not_numeric(cells: Sequence[str]) -> str:
    present = [cell for cell in cells if not _is_missing(cell)]
    if not present:
        return "empty"
    if mostly_numbers([cell.replace(",", ".") for cell in present]):
        return "commas in numbers; write decimal points, leave out thousands separators"
    return "not numeric"


def _find(name: str, rows: _Rows) -> int:
    """Return the index of the column with this name."""
    count = rows.names.count(name)
    if count == 1:
        return rows.names.index(name)
    if count > 1:
        raise TableError(f"{rows.source} has {count} columns named {name!r}; give them different names")
    close = difflib.get_close_matches(name, rows.names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(rows.names[:12])}"
    if not close and len(rows.names) > 12:
        hint += ", ..."
    raise TableError(f"{rows.source} has no column {name!r}{hint}")


def _read_numbers(rows: _Rows, indices: Sequence[int]) -> FloatArray:
    """Read the columns at `indices`; missing values are gathered and named."""
    parts: list[FloatArray] = []
    missing_rows: list[int] = []
    missing_columns: set[int] = set()
    for part in rows.numbers(indices):
        holes = np.isnan(part)
        missing_rows.extend(int(row) + rows.taken + 1 for row in np.flatnonzero(holes.any(axis=1)))
        missing_columns.update(int(position) for position in np.flatnonzero(holes.any(axis=0)))
        parts.append(part)
    numbers = np.concatenate(parts)
    if missing_rows:
        names = ", ".join(repr(rows.names[indices[position]]) for position in sorted(missing_columns)[:_NAMED_ROWS])
        raise TableError(
            f"{rows.source}: values are missing in {_count(len(missing_rows), 'row')} of {len(numbers)} "
            f"({_some(missing_rows)}, counted without the header; column {names}); fill them in, delete "
            f"these rows, or choose other columns with --columns"
        )
    return numbers


def _number(cell: str, place: str, name: str) -> float:
    """Read a cell: a missing value is NaN, anything else that is no finite number an error."""
    if _is_missing(cell):
        return float("nan")
    if not _is_number(cell):
        raise TableError(
            f"{place}, column {name!r}: {cell.strip()!r} is not a number; "
            f"correct the cell, or leave the column out with --columns"
        )
    number = float(cell)
    if np.isinf(number):
        raise TableError(f"{place}, column {name!r}: {cell.strip()} is not finite; correct the cell or delete the row")
    return number


def _check_weights(weights: FloatArray, source: str, name: str) -> None:
    negative = np.flatnonzero(weights < 0)
    if negative.size:
        row = int(negative[0])
        raise TableError(
            f"{source}, row {row + 1}, column {name!r}: weight {weights[row]:g} is negative; use 0 or more"
        )
    if not weights.any():
        raise TableError(f"{source}: all weights in column {name!r} are zero; at least one must be positive")


def _count(number: int, noun: Literal["cell", "row"]) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(row_numbers: Sequence[int]) -> str:
    named = ", ".join(map(str, row_numbers[:_NAMED_ROWS]))
    more = ", ..." if len(row_numbers) > _NAMED_ROWS else ""
    return f"{'row' if len(row_numbers) == 1 else 'rows'} {named}{more}"
