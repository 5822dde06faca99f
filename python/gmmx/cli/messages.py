"""Messages of estimators on the command line: they name options, and rows and columns as the file has them."""

from __future__ import annotations

import dataclasses
import re
import warnings

import numpy as np

from gmmx._text import quoted
from gmmx.cli.console import one_line
from gmmx.cli.input import Table

__all__ = ["in_options", "note_of"]

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
