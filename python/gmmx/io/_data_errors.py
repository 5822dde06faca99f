"""Errors of data files: those of values know what is wrong where, so that each side words them for its users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gmmx._text import quoted

__all__ = ["COMMAND_LINE", "IN_PYTHON", "DataFileError", "Fault", "FaultError", "NoRowsError", "OptionNames", "counted"]


class DataFileError(ValueError):
    """A data file that cannot be used; the message is one line with the remedy."""


class NoRowsError(DataFileError):
    """A table without rows."""


class OptionNames(NamedTuple):
    """How errors call the options that help."""

    columns: str
    delimiter: str
    decimal: str
    header: str


COMMAND_LINE = OptionNames("--columns", "--delimiter", "--decimal", "--no-header")
IN_PYTHON = OptionNames("columns", "delimiter", "decimal", "header=False")


@dataclass(frozen=True)
class Fault:
    """What is wrong with data, and where.

    Attributes
    ----------
    kind : str
        One of the keys of `WORDS`.
    source : str
        The file, or the argument.
    row : int
        The first row concerned, from 0.
    column : str, int or None
        Name or number of the column, from 0.
    value : str
        What stands there.
    expected : str
        What should stand there, or stands elsewhere.
    line : int or None
        Line of a text file, from 1.
    rows : tuple of int
        All rows concerned, of the first `n_read`; for missing values of text alone.
    columns : tuple of str
        All columns concerned, likewise.
    n_read : int
        Rows that were read.
    """

    kind: str
    source: str
    row: int = 0
    column: str | int | None = None
    value: str = ""
    expected: str = ""
    line: int | None = None
    rows: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    n_read: int = 0

    def worded(
        self, words: Mapping[str, str], row: Callable[[Fault], str], column: Callable[[str | int | None], str]
    ) -> str:
        """Return an error's message: the words for this kind, filled in."""
        return words[self.kind].format(
            source=self.source, row=row(self), column=column(self.column), value=self.value, expected=self.expected
        )


class FaultError(DataFileError):
    """A fault in data, in the words of Python's users."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault

    def __str__(self) -> str:
        """Count rows from 0, and name arguments."""
        return self.fault.worded(WORDS, _row, _column)


# The message for each kind of fault.
WORDS = {
    "missing": (
        "{source} has no value in {row} of the {column}: fill in missing values, or drop the rows or the columns that "
        "have them"
    ),
    "not finite": (
        "{source} holds {value} in {row} of {column}, but all numbers must be finite: fill in missing values, or drop "
        "the rows or columns that have them"
    ),
    "weight": (
        "{source} holds the weight {value} in {row} of {column}, but weights must be finite and not negative: 2 counts "
        "a row twice, 0 not at all"
    ),
    "text": (
        "{source}, {row}, {column}: {value} is not a number; correct the cell, or leave the column out with columns"
    ),
    "cells": (
        "{source}, {row}: {value} where the first row has {expected}; add what is missing, quote the cell that holds a "
        "delimiter, or give delimiter or decimal if the table has others"
    ),
    "late": (
        "{source}, {row}: {column} is empty in the first {expected} rows, but has {value} here; name the columns to "
        "fit by columns, with it or without it"
    ),
    "list length": (
        "{source} has a list of length {value} in {row} of the {column}{expected}, but all lists of a column must have "
        "one length of at least 1: cut or fill the lists, or leave the column out"
    ),
    "other lists": (
        "{source} has lists of length {value} in the {column} and {expected}, but all lists of a column must have one "
        "length: cut or fill the lists, or leave the column out"
    ),
    "other type": (
        "{source} has the {column} of type {value}, but it is of type {expected}: write it in one type, or leave the "
        "column out"
    ),
    "no rows": "path names {value}, without a single row: give files with rows",
    "no files": "path names the folder {value}, in which no file ends in {expected}: name a folder with such files",
    "unreadable": "path names {value}, which cannot be read as {expected}",
}


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _row(fault: Fault) -> str:
    return f"row {fault.row} (the first is 0{'' if fault.line is None else f'; line {fault.line}'})"


def _column(column: str | int | None) -> str:
    return f"column {column if isinstance(column, int) else quoted(column)}"
