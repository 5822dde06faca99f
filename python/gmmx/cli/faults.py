"""Faults in data, in the words of the command line: rows are counted from 1, and options are named."""

from __future__ import annotations

import math
from dataclasses import replace

from gmmx._text import columns_named, first_few, quoted
from gmmx.io._data_errors import WORDS, DataFileError, Fault, FaultError, counted

__all__ = ["in_words"]

_REMEDY = "fill them in, use --drop-missing to leave such rows out, or choose other columns with --columns"
_WORDS = WORDS | {
    "missing": f"{{source}} has no value in {{row}} of the {{column}}: {_REMEDY}",
    "missing in text": f"{{source}}: values are missing in {{value}} of the {{expected}}; {_REMEDY}",
    "not finite": "{source} holds {value} in {row} of {column}, but all numbers must be finite: {expected}",
    "not finite in text": "{source}, {row}, {column}: {expected} is not finite; correct the cell or delete the row",
    "weight": "{source}, {row}, {column}: weight {value} is negative; use 0 or more",
    "weight not finite": "{source}, {row}, {column}: weight {value} is not finite; use 0 or more",
    "text": (
        "{source}, {row}, {column}: {value} is not a number; correct the cell, or leave the column out with --columns"
    ),
    "cells": (
        "{source}, {row}: {value} where the first row has {expected}; add what is missing, quote the cell that holds a "
        "delimiter, or give --delimiter or --decimal if the table has others"
    ),
    "late": (
        "{source}, {row}: {column} is empty in the first {expected} rows, but has {value} here; name the columns to "
        "fit by --columns, with it or without it"
    ),
    "no rows": "DATA names {value}, without a single row: give files with rows",
    "no files": "DATA names the folder {value}, in which no file ends in {expected}: name a folder with such files",
    "unreadable": "DATA names {value}, which cannot be read as {expected}",
}
for _kind in ("list length", "other lists", "other type"):
    _WORDS[_kind] = WORDS[_kind].replace("column out", "column out with --label-column or --columns")


def in_words(error: DataFileError, source: str, path: str) -> DataFileError:
    """Return an error about the data at a path, which errors call `source`, in the words of the command line.

    Examples
    --------
    >>> print(in_words(FaultError(Fault("weight", "a.csv", 2, "w", "-1")), "a.csv", "a.csv"))
    a.csv, row 3, column 'w': weight -1 is negative; use 0 or more
    """
    if not isinstance(error, FaultError):
        return error
    fault = error.fault
    if fault.rows:
        rows = f"{'row' if len(fault.rows) == 1 else 'rows'} {first_few([row + 1 for row in fault.rows])}"
        columns = columns_named(list(map(quoted, fault.columns)))
        read = f"{fault.n_read} read ({rows}, counted without the header; {columns})"
        fault = replace(fault, kind="missing in text", value=counted(len(fault.rows), "row"), expected=read)
    elif fault.kind == "weight" and not math.isfinite(float(fault.value)):
        fault = replace(fault, kind="weight not finite")
    elif fault.kind == "not finite" and fault.line is None:
        remedy = _REMEDY if fault.value == "NaN" else "correct it, or choose other columns with --columns"
        fault = replace(fault, expected=remedy)
    elif fault.kind == "not finite":
        fault = replace(fault, kind="not finite in text")
    value, expected = (text.replace(repr(path), source).replace(path, source) for text in (fault.value, fault.expected))
    fault = replace(fault, source=fault.source.replace(path, source), value=value, expected=expected)
    message = fault.worded(_WORDS, _row, _column)
    return DataFileError(message if source in message else f"{source}: {message}")


def _row(fault: Fault) -> str:
    return f"row {fault.row + 1}" + ("" if fault.line is None else f" (line {fault.line})")


def _column(column: str | int | None) -> str:
    """Return how a column is called; those of arrays have names here."""
    return f"column {quoted(f'column_{column + 1}' if isinstance(column, int) else column)}"
