"""Tables and counts in plain text, as the command line and the summaries of estimators print them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TextIO

__all__ = ["WIDTH", "aligned_pairs", "counted", "encodable", "print_lines", "text_table", "width_of"]

# Columns of a terminal that tables are made to fit.
WIDTH = 80

_GAP = "  "
_RULE = "─"
_PLAIN = str.maketrans({_RULE: "-", "…": "~", "±": "+"})


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "component"), counted(1200, "row")
    ('1 component', '1,200 rows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Examples
    --------
    >>> width_of("abc"), width_of("日本"), width_of("e\u0301")
    (3, 4, 1)
    """
    marks = ("Mn", "Me", "Cf")
    return sum(
        0 if unicodedata.category(c) in marks else 1 + (unicodedata.east_asian_width(c) in ("W", "F")) for c in text
    )


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: Collection[int] = (0,)) -> list[str]:
    r"""Return the lines of a table: headings, a rule, and the rows.

    Parameters
    ----------
    headings : sequence of str
        One for each column; line breaks make it higher.
    rows : iterable of sequence of str
        Cells, as many in each row as there are headings.
    left : collection of int, default=(0,)
        Columns that are aligned on the left; the others, numbers, are aligned on the right.

    Returns
    -------
    lines : list of str
        Lines without trailing spaces.

    Examples
    --------
    >>> print(*text_table(["model", "BIC"], [["EEE", "12.5"], ["V", "7"]]), sep="\n")
    model   BIC
    ───────────
    EEE    12.5
    V         7
    """
    parts = [heading.split("\n") for heading in headings]
    height = max(map(len, parts))
    heads = [[part[line] if line < len(part) else "" for part in parts] for line in range(height)]
    lines = [*heads, *(list(row) for row in rows)]
    widths = [max(map(width_of, column)) for column in zip(*lines, strict=True)]

    def aligned(index: int, cell: str) -> str:
        space = " " * (widths[index] - width_of(cell))
        return cell + space if index in left else space + cell

    texts = [_GAP.join(aligned(index, cell) for index, cell in enumerate(line)).rstrip() for line in lines]
    rule = _RULE * (sum(widths) + len(_GAP) * (len(widths) - 1))
    return [*texts[:height], rule, *texts[height:]]


def aligned_pairs(values: Mapping[str, str]) -> list[str]:
    """Return names and values, aligned.

    Examples
    --------
    >>> aligned_pairs({"BIC": "3.5", "converged": "yes"})
    ['BIC        3.5', 'converged  yes']
    """
    width = max(map(len, values))
    return [f"{name:<{width}}  {value}" for name, value in values.items()]


def encodable(text: str, encoding: str | None) -> str:
    """Return a text that an encoding can hold: rules become hyphens, and what else is beyond it question marks.

    Examples
    --------
    >>> encodable("── é", "ascii"), encodable("── é", "utf-8")
    ('-- ?', '── é')
    """
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def print_lines(lines: Iterable[str], file: TextIO | None = None) -> None:
    """Print lines to a stream, by default standard output, in what its encoding can hold."""
    import sys

    stream = sys.stdout if file is None else file
    encoding = getattr(stream, "encoding", None)
    for line in lines:
        print(encodable(line, encoding), file=stream)
