"""Tables as text, CSV or TSV: their header, their delimiter, and their numbers in blocks of rows.

The header, the delimiter and the columns that hold numbers are found by looking at the first rows. Every fault is a
`TableError` whose message is one line that names the source, the row, the column and the remedy.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Literal

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted

__all__ = [
    "DELIMITERS",
    "MISSING",
    "TableError",
    "TextRows",
    "find_delimiter",
    "looks_like_header",
    "mostly_numbers",
]

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


class _Lines:
    """The lines of a text, counted, with a way to put some back."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = _without_empty_end(stream)
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


class TextRows:
    r"""The rows of a text table: its columns' names, and then its numbers, in blocks.

    Parameters
    ----------
    stream : text file
        What is read, once and from where it stands.
    source : str
        What errors call it.
    delimiter : str or None
        What stands between two cells. None: a tab if the first line has one, else a comma. A comma becomes a
        semicolon where the first line has only that.
    header : bool or None
        Whether the first row holds the columns' names. None finds out: it does if a column of numbers begins with
        something that is not a number, or if no cell of the first row is a number.

    Attributes
    ----------
    names : tuple of str
        Names of the columns; ``column_1``, ``column_2``, ... without a header.
    has_header : bool
        Whether the names stand in the table.
    delimiter : str
        What stands between two cells.

    Raises
    ------
    TableError
        If there is no row, or the first are lines of comment.

    Notes
    -----
    Empty lines are no rows, but in a table of one column: there they are missing values, unless they stand before the
    header or at the end.

    Examples
    --------
    >>> import io
    >>> rows = TextRows(io.StringIO("width,length,species\n0.2,1.4,setosa\n1.8,5.9,virginica\n"), "irises", ",", None)
    >>> rows.names, rows.why_not_numeric(2)
    (('width', 'length', 'species'), 'not numeric')
    >>> [block.tolist() for block in rows.numbers([1, 0])]
    [[[1.4, 0.2], [5.9, 1.8]]]
    """

    def __init__(self, stream: IO[str], source: str, delimiter: str | None, header: bool | None) -> None:
        self._source = source
        self._lines = _Lines(stream)
        head = self._lines.take(_HEAD)
        self._lines.put_back(head)
        self.delimiter = find_delimiter(head[0] if head else "", delimiter)
        self._reader = self._parse(self._lines)
        first = [row for row in self._parse(iter(head)) if row]
        if len(head) == _HEAD and len(first) > 1:
            first.pop()  # its last cell may go on in the next line
        if not first:
            raise TableError(f"{source} is empty; it needs one row of names and at least one row of numbers")
        if first[0][0].startswith("#") and len(first) > 1 and _is_comment(first[0], first[1]):
            raise TableError(
                f"{source} begins with lines of comment; delete those that start with #, as grep -v '^#' does"
            )
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
        self._first = first
        self._taken = 0

    def why_not_numeric(self, index: int) -> str | None:
        """Return why a column is not one of numbers, by the first rows; None if it is."""
        cells = [row[index] for row in self._first if index < len(row)]
        if index == 0 and not self.names[index]:
            return "row names"
        return None if mostly_numbers(cells) else _why_not_numeric(cells)

    def numbers(self, indices: Sequence[int]) -> Iterator[FloatArray]:
        """Read the columns at `indices`, once, block by block.

        Raises
        ------
        TableError
            If a cell is no finite number, a value is missing or a row has other cells than the first one.
        """
        while lines := self._lines.take(_BLOCK):
            block = self._read_plain(lines, indices)
            if block is None:
                self._lines.put_back(lines)
                block = self._read_carefully(self._lines.taken + len(lines), indices)
                self._refuse_missing(block, indices)
            if len(block):
                self._taken += len(block)
                yield block

    def _parse(self, lines: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True)

    def _read_plain(self, lines: list[str], indices: Sequence[int]) -> FloatArray | None:
        """Read lines fast, if they hold finite numbers and no quotes; else return None."""
        delimiters, with_empty = len(self.names) - 1, len(lines)
        lines = [line for line in lines if not line.isspace()]
        if not delimiters and len(lines) < with_empty:
            return None
        if not lines or any('"' in line or line.count(self.delimiter) != delimiters for line in lines):
            return None
        try:
            block = np.loadtxt(lines, delimiter=self.delimiter, usecols=indices, comments=None, ndmin=2)
        except ValueError:
            return None
        return block if len(block) == len(lines) and np.isfinite(block).all() else None

    def _read_carefully(self, last_line: int, indices: Sequence[int]) -> FloatArray:
        """Read rows up to a line cell by cell; the first fault is an error that names its place."""
        block: list[list[float]] = []
        for cells in self._reader:
            row = cells or [""]
            if len(self.names) == 1 or len(row) > 1 or row[0].strip():  # of one column an empty line is an empty cell
                place = f"{self._source}, row {self._taken + len(block) + 1} (line {self._lines.taken})"
                if len(row) != len(self.names):
                    raise TableError(
                        f"{place}: {_count(len(row), 'cell')} where the first row has {len(self.names)}; "
                        f"add what is missing, or quote the cell that holds a delimiter"
                    )
                block.append([_number(row[index], place, self.names[index]) for index in indices])
            if self._lines.taken >= last_line:
                break
        return np.array(block, dtype=np.float64).reshape(len(block), len(indices))

    def _refuse_missing(self, block: FloatArray, indices: Sequence[int]) -> None:
        """Name the rows and columns of a block in which values are missing."""
        holes = np.isnan(block)
        missing = np.flatnonzero(holes.any(axis=1)) + self._taken + 1
        if not missing.size:
            return
        names = [self.names[indices[position]] for position in np.flatnonzero(holes.any(axis=0)).tolist()]
        raise TableError(
            f"{self._source}: values are missing in {_count(len(missing), 'row')} of the {self._taken + len(block)} "
            f"read ({_some(missing.tolist())}, counted without the header; column "
            f"{', '.join(map(quoted, names[:_NAMED_ROWS]))}); fill them in, delete these rows, or choose other "
            "columns with --columns"
        )


def _without_empty_end(stream: IO[str]) -> Iterator[str]:
    """Leave out the empty lines at the end: they are no rows, whatever those before it are."""
    empty: list[str] = []
    for line in stream:
        if line.isspace():
            empty.append(line)
        else:
            yield from empty
            empty.clear()
            yield line


def find_delimiter(first_line: str, delimiter: str | None) -> str:
    """Return the delimiter; `delimiter` is what the file's extension says, None for standard input."""
    if delimiter is None:
        delimiter = "\t" if "\t" in first_line else ","
    if delimiter == "," and "," not in first_line and ";" in first_line:
        return ";"
    return delimiter


def _is_comment(row: list[str], following: list[str]) -> bool:
    """Whether a row that starts with # is no header, by the one after it."""
    return len(following) != len(row) or following[0].startswith("#")


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
    """Whether the first of some rows holds names, as `TextRows` finds out."""
    first, rest = rows[0], rows[1:]
    if not any(map(_is_number, first)):
        return True
    return any(
        not _is_number(cell)
        and not _is_missing(cell)
        and mostly_numbers([row[index] for row in rest if index < len(row)])
        for index, cell in enumerate(first)
    )


def _why_not_numeric(cells: Sequence[str]) -> str:
    present = [cell for cell in cells if not _is_missing(cell)]
    if not present:
        return "empty"
    if mostly_numbers([cell.replace(",", ".") for cell in present]):
        return "commas in numbers; write decimal points, leave out thousands separators"
    return "not numeric"


def _number(cell: str, place: str, name: str) -> float:
    """Read a cell: a missing value is NaN, anything else that is no finite number an error."""
    if _is_missing(cell):
        return float("nan")
    if not _is_number(cell):
        raise TableError(
            f"{place}, column {quoted(name)}: {cell.strip()!r} is not a number; "
            f"correct the cell, or leave the column out with --columns"
        )
    number = float(cell)
    if np.isinf(number):
        raise TableError(
            f"{place}, column {quoted(name)}: {cell.strip()} is not finite; correct the cell or delete the row"
        )
    return number


def _count(number: int, noun: Literal["cell", "row"]) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(row_numbers: Sequence[int]) -> str:
    named = ", ".join(map(str, row_numbers[:_NAMED_ROWS]))
    more = ", ..." if len(row_numbers) > _NAMED_ROWS else ""
    return f"{'row' if len(row_numbers) == 1 else 'rows'} {named}{more}"
