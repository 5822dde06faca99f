"""How a text table is laid out, found out from its first lines: delimiter, decimal character, header."""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from gmmx.io._cells import Decimal, decimal_of, is_missing, is_number, mostly_numbers

__all__ = [
    "cells_of_any_length",
    "columns_of",
    "find_decimal",
    "find_delimiter",
    "has_row_names",
    "looks_like_header",
    "parsed",
    "split_decimals",
    "told_delimiter",
]

_CANDIDATES = (",", "\t", ";")
_LOOKED_AT = 100  # lines
_LIMIT = threading.RLock()
_LONGEST = min(sys.maxsize, 2**31 - 1)


class OpenQuoteError(ValueError):
    """A table ends in a cell whose quote is not closed; the argument is the line where its row begins, from 1."""


def parsed(lines: Iterable[str], delimiter: str, *, is_whole: bool = False) -> Iterator[tuple[list[str], int]]:
    """Part lines into rows of cells.

    Parameters
    ----------
    lines : iterable of str
        Lines with their ends.
    delimiter : str
        The character between two cells. A blank stands for runs of blanks.
    is_whole : bool, default=False
        Whether the table ends with these lines.

    Yields
    ------
    cells : list of str
        The cells of a row; none for an empty line.
    line : int
        Number of lines read so far.

    Raises
    ------
    OpenQuoteError
        If the table ends within a quoted cell.
    """
    ended: list[bool] = []

    def end() -> Iterator[str]:
        ended.append(True)
        yield ""  # a row of its own, unless a quote is open

    table = itertools.chain(lines, end()) if is_whole else lines
    reader = csv.reader(table, delimiter=delimiter, skipinitialspace=delimiter != " ")
    n_lines = 0
    for cells in reader:
        if ended:
            if reader.line_num > n_lines + 1:
                raise OpenQuoteError(n_lines + 1)
            return
        yield ([cell for cell in cells if cell] if delimiter == " " else cells), reader.line_num
        n_lines = reader.line_num


@contextlib.contextmanager
def cells_of_any_length() -> Iterator[None]:
    """Let the csv module parse cells beyond 131,072 characters; that limit belongs to the whole process."""
    with _LIMIT:
        before = csv.field_size_limit(_LONGEST)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def told_delimiter(first_line: str) -> str | None:
    """Return the delimiter that Excel's line ``sep=;`` names; None if this is another line."""
    found = re.fullmatch(r"\s*\"?sep=(.)\"?\s*", first_line.rstrip("\r\n"), re.IGNORECASE)
    return found[1] if found else None


def find_delimiter(lines: Sequence[str], usual: str | None, decimal: str | None, *, blanks: bool = False) -> str:
    """Find out the delimiter of a table.

    Parameters
    ----------
    lines : sequence of str
        The first lines.
    usual : str or None
        The delimiter that goes with the name of the file.
    decimal : str or None
        The decimal character, if it is known; it does not part cells.
    blanks : bool
        Whether blanks may part cells.

    Returns
    -------
    delimiter : str
        That of a comma, a tab and a semicolon which stands in the first line. Of several, the one that parts most lines
        into as many cells as the first and gives most numbers; a tie keeps the usual one.
    """
    if usual == "\t":
        return usual
    candidates = [one for one in dict.fromkeys((usual or ",", *_CANDIDATES)) if one != decimal]
    lines = [line for line in lines if not line.isspace()][:_LOOKED_AT]
    scores = {one: score for one in candidates if (score := _score(lines, one))}
    if scores:
        return max(scores, key=lambda one: scores[one])  # the first of equals
    if blanks and lines and len(lines[0].split()) > 1:
        return " "
    return candidates[0] if candidates[0] != decimal else ";"


def _score(lines: Sequence[str], delimiter: str) -> tuple[bool, float, float] | None:
    """Rate a delimiter; None if it does not part the first line."""
    first, *rest = [cells for cells, _ in parsed(lines, delimiter) if cells] or [[]]
    if len(first) < 2:
        return None
    rest = rest or [first]
    even = sum(len(cells) == len(first) for cells in rest) / len(rest)
    decimals: Sequence[Decimal] = (".",) if delimiter == "," else (".", ",")
    whole = [cell for cells in rest for cell in cells]
    numeric = sum(is_missing(cell) or any(is_number(cell, one) for one in decimals) for cell in whole) / len(whole)
    return even >= 0.9, numeric, even


def columns_of(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Turn rows of cells into columns; short rows lack cells at their ends."""
    return [[cell for cell in column if cell is not None] for column in zip_longest(*rows)]


def find_decimal(rows: Sequence[Sequence[str]]) -> Decimal | None:
    """Find out the decimal character; None if commas may be decimal or part thousands."""
    return decimal_of(columns_of(rows[1:] or rows))


def looks_like_header(rows: Sequence[Sequence[str]], decimal: Decimal = ".") -> bool:
    """Return whether the first of some rows holds names.

    It does if a column of numbers begins with something that is not a number, or if none of its cells is a number.
    """
    first, rest = rows[0], rows[1:]
    if not any(is_number(cell, decimal) for cell in first):
        return True
    return any(
        not is_number(cell, decimal)
        and not is_missing(cell)
        and mostly_numbers([row[index] for row in rest if index < len(row)], decimal)
        for index, cell in enumerate(first)
    )


def has_row_names(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether rows begin with names that the header does not count, as R's write.table leaves them.

    Each row has a cell more than the header. The first cells are 1, 2, 3 and so on, or are texts that all differ: any
    others may be numbers whose column lacks a name.

    Examples
    --------
    >>> has_row_names(["x", "y"], [["1", "0.5", "7"], ["2", "0.25", "8"]])
    True
    >>> has_row_names(["x", "y"], [["3", "0.5", "7"], ["5", "0.25", "8"]])
    False
    """
    if len(rows) < 2 or any(len(row) != len(names) + 1 for row in rows):
        return False
    first = [row[0].strip() for row in rows]
    if first == [str(number) for number in range(1, len(rows) + 1)]:
        return True
    return len(set(first)) == len(first) and not any(is_number(cell) or is_missing(cell) for cell in first)


def split_decimals(rows: Sequence[Sequence[str]], names: Sequence[str] | None) -> str | None:
    """Return a number that commas between cells seem to have split, such as 2,041; None if there is no sign of it.

    The sign is a table of integers alone in which every second cell holds digits, some of them with zeros in front, and
    whose header, if it has one, does not part its names in the same way.
    """
    if names is not None and not all(name.startswith(" ") for name in names[1::2]):
        return None
    cells = [row for row in rows if row]
    if not cells or len(cells[0]) % 2 or any(len(row) != len(cells[0]) for row in cells):
        return None
    for row in cells:
        if not all(re.fullmatch(r"[-+]?[0-9]+", cell.strip()) for cell in row[::2]):
            return None
        if not all(re.fullmatch(r"[0-9]+", cell) for cell in row[1::2]):
            return None
    for row in cells:
        for whole, fraction in zip(row[::2], row[1::2], strict=True):
            if (len(fraction) > 1 and fraction.startswith("0")) or whole.strip() in ("-0", "+0"):
                return f"{whole.strip()},{fraction}"
    return None
