"""Errors of data files, and how they count rows and name options."""

from __future__ import annotations

from collections.abc import Sequence

from gmmx._text import columns_named, quoted

__all__ = ["COMMAND_LINE", "DataFileError", "NoRowsError", "Wording", "counted"]

_NAMED_ROWS = 5


class DataFileError(ValueError):
    """A data file that cannot be used; the message is one line with the remedy."""


class NoRowsError(DataFileError):
    """A table without rows."""


class Wording:
    """How errors count rows and call the options that help; this is the command line's way."""

    columns, delimiter, decimal, header = "--columns", "--delimiter", "--decimal", "--no-header"

    def row(self, index: int) -> str:
        """Return how a row is called; the first has index 0."""
        return f"row {index + 1}"

    def line(self, index: int, number: int) -> str:
        """Return how a row and the line that it ends in are called."""
        return f"{self.row(index)} (line {number})"

    def missing(self, source: str, rows: Sequence[int], n_read: int, names: Sequence[str]) -> str:
        """Return the error for missing values, of which rows and columns are given."""
        numbers = [index + 1 for index in rows]
        return (
            f"{source}: values are missing in {counted(len(rows), 'row')} of the {n_read} read ({_some(numbers)}, "
            f"counted without the header; {columns_named(list(map(quoted, names)))}); fill them in, use "
            "--drop-missing to leave such rows out, or choose other columns with --columns"
        )

    def not_finite(self, source: str, index: int, line: int, name: str, cell: str) -> str:
        """Return the error for an infinite number."""
        place = f"{source}, {self.line(index, line)}, column {quoted(name)}"
        return f"{place}: {cell} is not finite; correct the cell or delete the row"

    def weight(self, source: str, index: int, name: str, weight: float) -> str:
        """Return the error for a negative weight."""
        return f"{source}, {self.row(index)}, column {quoted(name)}: weight {weight:g} is negative; use 0 or more"


COMMAND_LINE = Wording()


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(row_numbers: Sequence[int]) -> str:
    named = ", ".join(map(str, row_numbers[:_NAMED_ROWS]))
    more = ", ..." if len(row_numbers) > _NAMED_ROWS else ""
    return f"{'row' if len(row_numbers) == 1 else 'rows'} {named}{more}"
