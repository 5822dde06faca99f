"""The meaning of a cell of a text table (a number, a missing value or text) and of a column of cells.

The table in docs/cli.md states these rules for users; nothing else decides them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

__all__ = [
    "MISSING",
    "ColumnMeaning",
    "Decimal",
    "is_missing",
    "is_number",
    "meaning_of",
    "mostly_numbers",
    "number_in",
    "numbers_in",
    "points_of_thousands",
]

# This character stands between the integer digits of a number and its fraction.
Decimal: TypeAlias = Literal[".", ","]

# A column has one of these meanings; "separators" are numbers with the other decimal character or thousands separators.
ColumnMeaning: TypeAlias = Literal["numeric", "empty", "text", "mixed", "separators"]

# These cells stand for a missing value, in lower case and without blanks around them.
MISSING = frozenset(
    {
        "", "na", "n/a", "nan", "+nan", "-nan", "null", "none", "?", "<na>", "#na", "#n/a", "#n/a n/a",
        "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
    }
)  # fmt: skip

_NUMBER = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|inf(?:inity)?)", re.IGNORECASE)
_WITH_SEPARATORS = re.compile(r"[-+]?[0-9]*(?:[.,][0-9]+)+(?:e[-+]?[0-9]+)?", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[-+]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:e[-+]?[0-9]+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_ONE_POINT_OF_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}\.[0-9]{3}")
_SWAPPED = str.maketrans(",.", ".,")

_TEXT_SHARE = 0.1  # a column is text if no more of its cells are numbers


def is_missing(cell: str) -> bool:
    """Return whether a cell stands for a missing value."""
    return cell.strip().lower() in MISSING


def is_number(cell: str, decimal: Decimal = ".") -> bool:
    """Return whether a cell is a number, infinity included; 12_1, 0x1f and digits of other scripts are not."""
    return _NUMBER.fullmatch(_with_points(cell, decimal).strip()) is not None


def number_in(cell: str, decimal: Decimal = ".") -> float | None:
    """Return the number that a cell holds; NaN for a missing value, None for text."""
    if is_missing(cell):
        return float("nan")
    return float(_with_points(cell, decimal)) if is_number(cell, decimal) else None


def numbers_in(cells: Sequence[str], decimal: Decimal = ".") -> list[float | None]:
    """Return what `number_in` returns of each cell, fast where all are plain numbers."""
    text = "".join(cells)
    if text.isascii() and "_" not in text:  # then float() accepts what is a number here, and NaN
        try:
            return list(map(float, [cell.translate(_SWAPPED) for cell in cells] if decimal == "," else cells))
        except ValueError:
            pass
    return [number_in(cell, decimal) for cell in cells]


def mostly_numbers(cells: Sequence[str], decimal: Decimal = ".") -> bool:
    """Return whether more than half of the cells that are not missing are numbers."""
    present = [cell for cell in cells if not is_missing(cell)]
    return 2 * sum(is_number(cell, decimal) for cell in present) > len(present)


def meaning_of(cells: Sequence[str], decimal: Decimal = ".") -> ColumnMeaning:
    """Return what a column holds, by its first cells.

    Parameters
    ----------
    cells : sequence of str
        The cells.
    decimal : {'.', ','}
        The decimal character.

    Returns
    -------
    meaning : str
        ``empty`` if all cells are missing. Of those that are not, ``numeric`` if more than half are numbers,
        ``separators`` if more than half would be with other separators, ``text`` if at most a tenth are numbers,
        otherwise ``mixed``.

    Examples
    --------
    >>> meaning_of(["1.5", "2", "NA"]), meaning_of(["setosa", "?"]), meaning_of(["1,5", "2"]), meaning_of(["", "NA"])
    ('numeric', 'text', 'separators', 'empty')
    """
    present = [cell for cell in cells if not is_missing(cell)]
    if not present:
        return "empty"
    n_numbers = sum(is_number(cell, decimal) for cell in present)
    if 2 * n_numbers > len(present):
        return "numeric"
    n_separated = sum(_WITH_SEPARATORS.fullmatch(cell.strip()) is not None for cell in present)
    if 2 * (n_numbers + n_separated) > len(present):
        return "separators"
    return "text" if n_numbers <= _TEXT_SHARE * len(present) else "mixed"


def decimal_of(columns: Sequence[Sequence[str]]) -> Decimal | None:
    """Return the decimal character that columns of cells agree on.

    Returns
    -------
    decimal : {'.', ','} or None
        A comma if a column is numeric with decimal commas alone and none with decimal points alone; a point otherwise.
        None if all these commas may part thousands, as in 1,234.
    """
    has_commas = False
    surely = False
    for cells in columns:
        text = "".join(cells)
        if "." in text and any("." in cell and is_number(cell) for cell in cells) and mostly_numbers(cells):
            return "."
        if "," not in text:
            continue
        with_comma = [cell for cell in map(str.strip, cells) if "," in cell and _DECIMAL_COMMA.fullmatch(cell)]
        if with_comma and mostly_numbers(cells, ","):
            has_commas = True
            surely = surely or not all(map(_THOUSANDS.fullmatch, with_comma))
    if not has_commas:
        return "."
    return "," if surely else None


def points_of_thousands(columns: Iterable[Sequence[str]]) -> str | None:
    """Return a number whose point may part thousands, as in 1.234, if the points of all numbers may.

    A number such as 0.125, 12.5 or 1234.567 shows that points are decimal.

    Examples
    --------
    >>> points_of_thousands([["1.234", "17"], ["2.345", "NA"]])
    '1.234'
    >>> points_of_thousands([["1.234", "17"], ["2.345", "0.125"]]) is None
    True
    """
    example = None
    for cells in columns:
        if "." not in "".join(cells):
            continue
        for cell in map(str.strip, cells):
            if "." not in cell or not is_number(cell):
                continue
            if not _ONE_POINT_OF_THOUSANDS.fullmatch(cell):
                return None
            example = example or cell
    return example


def _with_points(text: str, decimal: Decimal) -> str:
    """Return a text with decimal points; what has one already then has a comma, and is not a number."""
    return text.translate(_SWAPPED) if decimal == "," else text
