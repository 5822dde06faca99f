"""Tables as text: their header, their delimiter, and their numbers in blocks of rows.

The command line, in memory and in batches, and `gmmx.data.from_csv` read text here. The layout is inferred from the
first rows. An error about the layout is a `DataFileError` whose message is one line with the remedy, one about a value
a `FaultError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import IO, Any, NoReturn

import numpy as np
import numpy.typing as npt

from gmmx._text import quoted
from gmmx.io import _text_blocks
from gmmx.io._cells import MISSING, Decimal, is_missing, meaning_of, number_in, numbers_in, points_of_thousands
from gmmx.io._csv_layout import (
    OpenQuoteError,
    cells_of_any_length,
    columns_of,
    find_decimal,
    find_delimiter,
    has_row_names,
    looks_like_header,
    parsed,
    split_decimals,
    told_delimiter,
)
from gmmx.io._data_errors import COMMAND_LINE, DataFileError, Fault, FaultError, NoRowsError, OptionNames, counted
from gmmx.io._text_blocks import Blocks, Lines, count_lines, lines_of

__all__ = ["COMMAND_LINE", "CsvRows", "DataFileError", "FaultError", "NoRowsError", "OptionNames", "TextFormat"]

_HEAD = 1_000  # rows from which the layout is detected
_HEAD_CHARACTERS = 1 << 22  # of very long lines fewer rows
_STEP = 1 << 16  # characters that the head grows by
_LARGE = 1 << 17  # characters from which on it pays to ask pyarrow

_SPACE = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
_SWAPPED = str.maketrans(",.", ".,")
_SPELLINGS = [spelled(cell) for spelled in (str.lower, str.upper, str.title) for cell in MISSING]

FloatArray = npt.NDArray[np.float64]
Part = tuple[FloatArray, "FloatArray | None"]


@dataclass(frozen=True)
class TextFormat:
    """Layout of a text table; None is detected.

    Attributes
    ----------
    delimiter : str or None
        The character between two cells. A blank stands for runs of blanks.
    decimal : {'.', ','} or None
        The character between the integer digits of a number and its fraction.
    header : bool or None
        Whether the first row holds the columns' names.
    """

    delimiter: str | None = None
    decimal: Decimal | None = None
    header: bool | None = None


_FIND_OUT = TextFormat()


class CsvRows:
    r"""The rows of a text table: its columns' names, and then its numbers, in blocks.

    Parameters
    ----------
    stream : binary file
        What is read, once and from where it stands: UTF-8, with or without a byte-order mark.
    source : str
        What errors call it.
    usual : str or None
        The delimiter that goes with the name of the file, of which None knows nothing.
    given : TextFormat, optional
        Known layout of the table; the rest is detected.
    options : OptionNames, optional
        How errors call options.
    blanks : bool, default=False
        Whether blanks may be found to part cells.

    Attributes
    ----------
    names : tuple of str
        Names of the columns; ``column_1``, ``column_2``, ... without a header.
    has_header : bool
        Whether the names stand in the table.
    delimiter, decimal : str
        What stands between two cells, and between integer digits and fraction.
    found_commas : bool
        Whether decimal commas were found out, not given.
    first : list of list of str
        The first rows, without the header.

    Raises
    ------
    DataFileError
        If there is no row, the first are lines of comment, or commas may be decimal or something else.

    Notes
    -----
    Empty lines are skipped, except in a table of one column: there they are missing values, unless they stand before
    the header or at the end.

    Examples
    --------
    >>> import io
    >>> rows = CsvRows(io.BytesIO(b"width,length,species\n0.2,1.4,setosa\n1.8,5.9,virginica\n"), "irises", ",")
    >>> rows.names, rows.why_not_numeric(2)
    (('width', 'length', 'species'), 'not numeric')
    >>> [block.tolist() for block, _ in rows.numbers([1, 0])]
    [[[1.4, 0.2], [5.9, 1.8]]]
    """

    def __init__(
        self,
        stream: IO[bytes],
        source: str,
        usual: str | None,
        given: TextFormat = _FIND_OUT,
        *,
        options: OptionNames = COMMAND_LINE,
        blanks: bool = False,
    ) -> None:
        self._source, self._options = source, options
        self._blocks = Blocks(stream, source)
        self._n_rows = self._n_lines = 0
        self._stay_empty: set[int] = set()
        self._converted_by: tuple[tuple[tuple[int, ...], bool], Any] | None = None
        with cells_of_any_length():
            self._look(given, usual, blanks=blanks)

    def _look(self, given: TextFormat, usual: str | None, *, blanks: bool) -> None:
        """Find out the layout from the first lines, and put back what stands after the header."""
        lines, is_whole = self._head()
        told = told_delimiter(lines[0]) if lines else None
        if told is not None:
            del lines[0]
            self._n_lines = 1
        self.delimiter = given.delimiter or told or find_delimiter(lines, usual, given.decimal, blanks=blanks)
        self._check_delimiter(given, lines)
        rows, header_ends = self._first_rows(lines, is_whole)
        if not rows:
            raise NoRowsError(f"{self._source} is empty; it needs one row of names and at least one row of numbers")
        if rows[0][0].startswith("#") and len(rows) > 1 and _is_comment(rows[0], rows[1]):
            raise DataFileError(
                f"{self._source} begins with lines of comment; delete those that start with #, as grep -v '^#' does"
            )
        decimal = given.decimal or find_decimal(rows)
        if decimal is None:
            raise DataFileError(
                f"{self._source} has numbers such as {_with_comma(rows)!r}, whose commas may be decimal or part "
                f"thousands; give {self._options.decimal} ',' if they are decimal, otherwise '.'"
            )
        if self.delimiter == ";" and given.decimal is None and decimal == ".":
            self._refuse_points_of_thousands(rows)
        self.decimal: Decimal = decimal
        self.found_commas = given.decimal is None and decimal == ","
        self.has_header = looks_like_header(rows, decimal) if given.header is None else given.header
        names = rows.pop(0) if self.has_header else None
        if names is not None and has_row_names(names, rows):
            names = ["", *names]
        self.names = (
            tuple(f"column_{index + 1}" for index in range(len(rows[0])))
            if names is None
            else tuple(name.strip() for name in names)
        )
        if not rows:
            raise NoRowsError(
                f"{self._source} has a header and no rows; add rows, or use {self._options.header} if the first row is "
                "data"
            )
        if self.delimiter == "," and given == TextFormat(header=given.header) and told is None:
            self._refuse_split_decimals(rows, names)
        self.first = rows
        skipped = header_ends if self.has_header else 0
        self._n_lines += skipped
        self._blocks.put_back("".join(islice(lines, skipped, None)).encode())
        self._blank = _SPACE if self.delimiter == " " else _SPACE.replace(self.delimiter, "")
        if len(self.names) == 1:
            self._blocks.end_at(self._blank)

    def _head(self) -> tuple[list[str], bool]:
        """Return the first lines, and whether these are all."""
        lines: list[str] = []
        n_characters = 0
        while len(lines) < _HEAD and (n_characters < _HEAD_CHARACTERS or len(lines) < 3):
            block = self._blocks.take(_STEP)
            if not block:
                return lines, True
            lines += lines_of(block)
            n_characters += len(block)
        return lines, False

    def _first_rows(self, lines: Sequence[str], is_whole: bool) -> tuple[list[list[str]], int]:
        """Return the first rows, and the line in which the very first ends."""
        table = islice(self._parsed(lines, is_whole=is_whole), _HEAD + 1)
        found = [(cells, line) for cells, line in table if not _blank(cells)]
        if not is_whole and len(found) > 1:
            found.pop()  # its last cell may go on in the next line
        return [cells for cells, _ in found], found[0][1] if found else 0

    def _parsed(self, lines: Iterable[str], *, is_whole: bool) -> Iterator[tuple[list[str], int]]:
        """Part lines into rows of cells, as `parsed` does."""
        try:
            yield from parsed(lines, self.delimiter, is_whole=is_whole)
        except OpenQuoteError as error:
            (line,) = error.args
            raise DataFileError(
                f"{self._source}: a quote in the row that begins in line {self._n_lines + line} is not closed; close "
                "or delete it"
            ) from error

    def _check_delimiter(self, given: TextFormat, lines: Sequence[str]) -> None:
        """Refuse a delimiter that is not there, or that is the decimal character."""
        if self.delimiter == given.decimal:
            raise DataFileError(
                f"{self._source}: {self._options.decimal} {given.decimal!r} is the delimiter, too; the cells must be "
                f"parted by something else, such as {self._options.delimiter} ';'"
            )
        if given.delimiter is None or any(given.delimiter in line for line in lines):
            return
        other = find_delimiter(lines, None, given.decimal)
        if lines and other in lines[0]:
            raise DataFileError(
                f"{self._source}: {self._options.delimiter} is {given.delimiter!r}, which does not occur in the "
                f"beginning of the table; leave it out, or give {other!r}"
            )

    def _refuse_split_decimals(self, rows: Sequence[Sequence[str]], names: Sequence[str] | None) -> None:
        number = split_decimals(rows, names)
        if number is not None:
            raise DataFileError(
                f"{self._source} has lines that look like numbers with decimal commas, such as {number}; give "
                f"{self._options.decimal} ',' if they are, or {self._options.delimiter} ',' if commas part the cells"
            )

    def _refuse_points_of_thousands(self, rows: Sequence[Sequence[str]]) -> None:
        """Refuse points that may be decimal or part thousands, where semicolons suggest decimal commas."""
        number = points_of_thousands(columns_of(rows[1:] or rows))
        if number is not None:
            raise DataFileError(
                f"{self._source} has numbers such as {number!r}, whose points may be decimal or part thousands, as in "
                f"all of its first rows; give {self._options.decimal} '.' if they are decimal, otherwise write the "
                "numbers without them"
            )

    # --- columns ---

    def why_not_numeric(self, index: int) -> str | None:
        """Return why a column is not one of numbers, by the first rows; None if it is.

        A column that is called empty must stay so: `numbers` refuses a value in it.

        Raises
        ------
        DataFileError
            If it holds numbers as well as text, or numbers with other separators.
        """
        cells = self.cells_of(index)
        if index == 0 and not self.names[index]:
            return "row names"
        meaning = meaning_of(cells, self.decimal)
        if meaning == "numeric":
            return None
        if meaning == "empty":
            self._stay_empty.add(index)
            return "empty"
        if meaning == "text":
            return "not numeric"
        present = [cell.strip() for cell in cells if not is_missing(cell)]
        text = next(cell for cell in present if number_in(cell, self.decimal) is None)
        choose = f"or name the columns to fit by {self._options.columns}"
        if meaning == "separators":
            other = "," if self.decimal == "." else "."
            raise DataFileError(
                f"{self._source}: column {quoted(self.names[index])} has numbers such as {text!r}, but a number has "
                f"one decimal {'point' if self.decimal == '.' else 'comma'} and nothing that parts thousands; give "
                f"{self._options.decimal} {other!r} if that is the decimal character, rewrite the numbers, {choose}"
            )
        n_numbers = sum(number_in(cell, self.decimal) is not None for cell in present)
        raise DataFileError(
            f"{self._source}: column {quoted(self.names[index])} holds {n_numbers:,} numbers and "
            f"{len(present) - n_numbers:,} texts such as {text!r} in its first rows; correct the cells, {choose}"
        )

    def cells_of(self, index: int) -> list[str]:
        """Return the first cells of a column."""
        return [row[index] for row in self.first if index < len(row)]

    @property
    def stay_empty(self) -> frozenset[int]:
        """Columns that were called empty."""
        return frozenset(self._stay_empty)

    def hold_empty(self, columns: frozenset[int]) -> None:
        """Refuse values in columns that another look at the table called empty."""
        self._stay_empty |= columns

    # --- numbers ---

    def numbers(
        self, indices: Sequence[int], weights: int | None = None, *, keep_missing: bool = False
    ) -> Iterator[Part]:
        """Read columns of values and one of weights, once, block by block.

        Parameters
        ----------
        indices : sequence of int
            The columns of values, in the order in which they are wanted.
        weights : int or None
            The column of weights.
        keep_missing : bool, default=False
            Whether missing values are read as NaN; otherwise they are errors.

        Yields
        ------
        values : ndarray of shape (n_rows, len(indices)), float64
            Rows.
        weights : ndarray of shape (n_rows,), float64, or None
            Their weights, if there is a column of them.

        Raises
        ------
        FaultError
            If a cell is not a finite number, a value is missing, a weight is negative, a row has other cells than the
            first one, or a column that was called empty has a value.
        """
        columns = [*indices, *([] if weights is None else [weights])]
        self._stay_empty -= set(columns)
        while text := self._blocks.take(_text_blocks.BLOCK):
            block = self._read_plain(text, columns, keep_missing=keep_missing)
            if block is None:
                block, text = self._read_cells(text, columns)
            if not keep_missing:
                self._refuse_missing(block, columns)
            if weights is None:
                part: Part = block, None
            else:
                column = block[:, -1].copy()
                self._refuse_negative(column, weights)
                part = np.ascontiguousarray(block[:, :-1]), column
            self._n_rows += len(block)
            self._n_lines += count_lines(text)
            if len(block):
                yield part

    def _read_plain(self, text: bytes, columns: Sequence[int], *, keep_missing: bool) -> FloatArray | None:
        """Read a block fast, if it holds finite numbers and no quotes; otherwise return None."""
        if b'"' in text or self.delimiter == " ":
            return None
        arrow_csv = _arrow_csv() if len(text) >= _LARGE else None
        if arrow_csv is not None:
            return self._read_by_arrow(arrow_csv, text, columns, keep_missing=keep_missing)
        return None if self._stay_empty or not columns else self._read_by_numpy(text, columns)

    def _read_by_numpy(self, text: bytes, columns: Sequence[int]) -> FloatArray | None:
        n_delimiters = len(self.names) - 1
        lines = list(lines_of(text))
        filled = [line for line in lines if line.strip(self._blank)]
        if not filled or (n_delimiters == 0 and len(filled) < len(lines)):
            return None
        if any(line.count(self.delimiter) != n_delimiters for line in filled):
            return None
        if self.decimal == ",":
            filled = [line.translate(_SWAPPED) for line in filled]
        try:
            block = np.loadtxt(filled, delimiter=self.delimiter, usecols=columns, comments=None, ndmin=2)
        except ValueError:
            return None
        return block if len(block) == len(filled) and np.isfinite(block).all() else None

    def _read_by_arrow(
        self, arrow_csv: Any, text: bytes, columns: Sequence[int], *, keep_missing: bool
    ) -> FloatArray | None:
        import pyarrow

        try:
            table = arrow_csv.read_csv(
                pyarrow.BufferReader(text),
                arrow_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self._keys),
                arrow_csv.ParseOptions(
                    delimiter=self.delimiter, quote_char=False, ignore_empty_lines=len(self.names) > 1
                ),
                self._conversion(tuple(columns), keep_missing=keep_missing),
            )
        except pyarrow.ArrowInvalid:
            return None
        block = np.empty((table.num_rows, len(columns)))
        for j in range(len(columns)):
            column = table.column(j)
            if column.null_count and not keep_missing:
                return None
            block[:, j] = column.to_numpy()
        unusual = np.isinf(block) if keep_missing else ~np.isfinite(block)
        return None if unusual.any() else block

    @cached_property
    def _keys(self) -> list[str]:
        """Names of the columns for pyarrow, which are all different."""
        return [str(index) for index in range(len(self.names))]

    def _conversion(self, columns: tuple[int, ...], *, keep_missing: bool) -> Any:
        """Return how pyarrow turns cells into numbers; it is made once, as a table may have many columns."""
        key = columns, keep_missing
        if self._converted_by is None or self._converted_by[0] != key:
            import pyarrow
            import pyarrow.csv

            types = {self._keys[index]: pyarrow.float64() for index in columns}
            types |= {self._keys[index]: pyarrow.null() for index in self._stay_empty}
            options = pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=_SPELLINGS if keep_missing or self._stay_empty else [],  # to look for them takes time
                decimal_point=self.decimal,
            )
            self._converted_by = key, options
        return self._converted_by[1]

    def _read_cells(self, text: bytes, columns: Sequence[int]) -> tuple[FloatArray, bytes]:
        """Read a block cell by cell; the first fault is an error that names its place."""
        lines = Lines(text, self._blocks)
        rows: list[list[str]] = []
        ends: list[int] = []
        is_single = len(self.names) == 1
        with cells_of_any_length():
            for cells, line in self._parsed(lines, is_whole=True):
                if is_single or not _blank(cells):  # in one column an empty line is an empty cell
                    rows.append(cells or [""])
                    ends.append(line)
                if lines.is_used_up:
                    break
        uneven = next((i for i, cells in enumerate(rows) if len(cells) != len(self.names)), None)
        block = self._converted(rows[:uneven], ends, columns)
        if uneven is not None:
            found, expected = counted(len(rows[uneven]), "cell"), str(len(self.names))
            raise FaultError(self._fault("cells", uneven, ends, value=found, expected=expected))
        return block, b"".join(lines.taken)

    def _converted(self, rows: Sequence[list[str]], ends: Sequence[int], columns: Sequence[int]) -> FloatArray:
        by_column = list(zip(*rows, strict=True)) if rows else [()] * len(self.names)
        block = np.empty((len(rows), len(columns)))
        faults: list[tuple[int, int]] = []
        for j, index in enumerate(columns):
            numbers = numbers_in(by_column[index], self.decimal)
            wrong = next((i for i, number in enumerate(numbers) if number is None), None)
            if wrong is not None:
                faults.append((wrong, index))
                numbers = numbers[:wrong]
            block[: len(numbers), j] = np.array(numbers, dtype=np.float64)
            faults += [(int(i), index) for i in np.flatnonzero(np.isinf(block[: len(numbers), j]))[:1]]
        for index in self._stay_empty:
            faults += [(i, index) for i, cell in enumerate(by_column[index]) if not is_missing(cell)][:1]
        if faults:
            row, index = min(faults)
            self._refuse_cell(row, ends, index, rows[row][index].strip())
        return block

    def _fault(self, kind: str, row: int, ends: Sequence[int], **details: Any) -> Fault:
        return Fault(kind, self._source, self._n_rows + row, line=self._n_lines + ends[row], **details)

    def _refuse_cell(self, row: int, ends: Sequence[int], index: int, cell: str) -> NoReturn:
        name = self.names[index]
        if index in self._stay_empty:
            expected = f"{len(self.first):,}"
            raise FaultError(self._fault("late", row, ends, column=name, value=repr(cell), expected=expected))
        if number_in(cell, self.decimal) is None:
            raise FaultError(self._fault("text", row, ends, column=name, value=repr(cell)))
        raise FaultError(self._fault("not finite", row, ends, column=name, value="infinity", expected=cell))

    def _refuse_missing(self, block: FloatArray, columns: Sequence[int]) -> None:
        """Name the rows and columns of a block in which values are missing."""
        holes = np.isnan(block)
        missing = np.flatnonzero(holes.any(axis=1)) + self._n_rows
        if missing.size:
            names = [self.names[columns[position]] for position in np.flatnonzero(holes.any(axis=0)).tolist()]
            rows = tuple(missing.tolist())
            raise FaultError(
                Fault(
                    "missing",
                    self._source,
                    rows[0],
                    names[0],
                    rows=rows,
                    columns=tuple(names),
                    n_read=self._n_rows + len(block),
                )
            )

    def _refuse_negative(self, weights: FloatArray, index: int) -> None:
        negative = np.flatnonzero(weights < 0)
        if negative.size:
            row = int(negative[0])
            value = f"{weights[row]:g}"
            raise FaultError(Fault("weight", self._source, self._n_rows + row, self.names[index], value))


def _arrow_csv() -> Any:
    """Return what reads numbers fastest; None where it is not installed."""
    try:
        import pyarrow.csv
    except ImportError:
        return None
    return pyarrow.csv


def _blank(cells: Sequence[str]) -> bool:
    """Return whether a row is an empty line: blanks alone, which no delimiter parts."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _is_comment(row: list[str], following: list[str]) -> bool:
    """Return whether a row that starts with # is a comment, by the one after it."""
    return len(following) != len(row) or following[0].startswith("#")


def _with_comma(rows: Sequence[Sequence[str]]) -> str:
    """Return a number with a comma in it."""
    cells = [cell.strip() for column in columns_of(rows) for cell in column]
    return next(cell for cell in cells if "," in cell and number_in(cell, ",") is not None)
