"""Messages of estimators and faults in data, in the words of the command line.

They name options, and rows and columns as the file has them: rows are counted from 1.
"""

from __future__ import annotations

import dataclasses
import math
import re
import warnings
from typing import TYPE_CHECKING

import numpy as np

from gmmx._text import columns_named, first_few, quoted
from gmmx.cli.console import one_line
from gmmx.io._data_errors import WORDS, DataFileError, Fault, FaultError, counted

if TYPE_CHECKING:
    from gmmx.cli.input import Table

__all__ = ["in_options", "in_words", "note_of"]

_OPTIONS = {
    "n_components": "--components",
    "min_components": "--components",
    "max_components": "--components",
    "covariance_type": "--covariance-type",
    "reg_covar": "--reg-covar",
    "acceleration": "--acceleration",
    "init_params": "--init-params",
    "n_init": "--n-init",
    "max_iter": "--max-iter",
    "tol": "--tol",
    "random_state": "--seed",
    "sample_weight": "--weight-column",
}
_PARAMETER = re.compile(rf"(?<!['\"\w-])({'|'.join(_OPTIONS)})(?!['\"\w])(=?)")
_PRIOR = re.compile(r"\b(set )?prior=(['\"])default\2")
_STRONGER_PRIORS = (  # which no option makes
    ("give a prior of a larger scale (gmmx.ConjugatePrior)", "lower --components"),
    (", or take a stronger prior", ""),
)
_ROW = re.compile(r"\brow (\d+) of X \(the first is 0\)")
_COLUMNS = re.compile(r"\bcolumns? \d+(?:(?:, | and )\d+)*")

_REMEDY = "fill them in, use --drop-missing to leave such rows out, or choose other columns with --columns"
_LEAVE_OUT = "leave the column out with --label-column or --columns"
_WORDS = WORDS | {
    "missing": f"{{source}} has no value in {{row}} of the {{column}}: {_REMEDY}",
    "missing in text": f"{{source}}: values are missing in {{value}} of the {{expected}}; {_REMEDY}",
    "not finite": f"{{source}} holds {{value}} in {{row}} of {{column}}, but all numbers must be finite: {_REMEDY}",
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
    "no rows": "DATA is {value}, without a single row: give files with rows",
    "no files": "DATA is the folder {value}, in which no file ends in {expected}",
    "unreadable": "DATA is {value}, which cannot be read as {expected}",
}
for _kind in ("list length", "other lists", "other type"):
    _WORDS[_kind] = WORDS[_kind].replace("leave the column out", _LEAVE_OUT)


def note_of(warning: warnings.WarningMessage, data: Table) -> str:
    """Return a warning in one line."""
    from gmmx.validation.column_faults import ColumnWarning
    from gmmx.validation.outweighing_rows import OutweighingRowWarning

    message = warning.message
    if isinstance(message, OutweighingRowWarning):
        row = dataclasses.replace(message.row, row=_row_in_file(message.row.row, data))
        return one_line(row.message(data.names, source=_source_of_rows(data), first=1))
    if isinstance(message, ColumnWarning):
        return one_line(message.faults.message(data.names, source=data.source, reg_covar="--reg-covar"))
    return in_options(message, data)


def in_options(message: object, data: Table) -> str:
    """Return a message of an estimator in one line, with options in place of its parameters."""

    def named(columns: re.Match[str]) -> str:
        return re.sub(
            r"\d+", lambda n: quoted(data.names[int(n[0])]) if int(n[0]) < len(data.names) else n[0], columns[0]
        )

    source = _source_of_rows(data)
    text = one_line(message)
    for words, others in _STRONGER_PRIORS:
        text = text.replace(words, others)
    text = _PRIOR.sub(lambda found: f"{'use ' if found[1] else ''}--prior default", text)
    text = _PARAMETER.sub(lambda found: _OPTIONS[found[1]] + (" " if found[2] else ""), text)
    text = _ROW.sub(lambda row: f"row {_row_in_file(int(row[1]), data) + 1} of {source}", text)
    return _COLUMNS.sub(named, text).replace(" of X", f" of {data.source}")


def _row_in_file(row: int, data: Table) -> int:
    """Return where a row that was fitted stands in its file, from 0; in batches it is not known which were dropped."""
    return row if data.complete is None else int(np.flatnonzero(data.complete)[row])


def _source_of_rows(data: Table) -> str:
    dropped = data.complete is None and data.selection.keep_missing
    return f"{data.source} without the rows that lack a value" if dropped else data.source


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
        fault = dataclasses.replace(fault, kind="missing in text", value=counted(len(fault.rows), "row"), expected=read)
    elif fault.kind == "weight" and not math.isfinite(float(fault.value)):
        fault = dataclasses.replace(fault, kind="weight not finite")
    elif fault.kind == "not finite" and fault.line is not None:
        fault = dataclasses.replace(fault, kind="not finite in text")
    value, expected = (text.replace(repr(path), source).replace(path, source) for text in (fault.value, fault.expected))
    fault = dataclasses.replace(fault, source=fault.source.replace(path, source), value=value, expected=expected)
    message = fault.worded(_WORDS, _row, _column)
    return DataFileError(message if source in message else f"{source}: {message}")


def _row(fault: Fault) -> str:
    return f"row {fault.row + 1}" + ("" if fault.line is None else f" (line {fault.line})")


def _column(column: str | int | None) -> str:
    """Return how a column is called; those of arrays have names here."""
    return f"column {quoted(f'column_{column + 1}' if isinstance(column, int) else column)}"
