"""What the commands that fit have in common: the fit itself, and the files that come of it."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx.cli.console import FAILED, UNUSABLE, hint, one_line, stop
from gmmx.cli.input import OpenTable, Table
from gmmx.cli.options import FittingOptions
from gmmx.cli.output import MODEL_ENDINGS, Outputs, save_figure, writing
from gmmx.io.csv_text import DataFileError


def check_outputs(options: FittingOptions) -> str:
    """Refuse outputs that could not be written; return the format of the labels."""
    outputs = Outputs({"DATA": options.data}, force=options.force)
    outputs.check_plot("--plot", options.plot)
    outputs.check("--model", options.model, MODEL_ENDINGS)
    return outputs.check_table("--labels", options.labels)


def check_covariance_types(covariance_types: Sequence[str], table: Table | OpenTable) -> None:
    """Refuse the types for one column where there are more."""
    for name in {"E", "V"} & set(covariance_types) if len(table.names) > 1 else ():
        raise stop(
            f"--covariance-type {name} is for one column, but {table.source} has {len(table.names)} of numbers; choose "
            f"one by --columns, or take {name}II",
            UNUSABLE,
        )


def fit_quietly(fit: Callable[[], Any], data: Table | OpenTable, *, remedy: str) -> list[warnings.WarningMessage]:
    """Fit an estimator; return its warnings, which become notes if the fit fails.

    `remedy` tells what to change if components collapse.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit()
        except DataFileError:
            raise
        except ValueError as error:
            if isinstance(error.__cause__, DataFileError):  # of a batch
                raise error.__cause__ from error
            raise _failed(error, caught, data, remedy) from error
        except (ArithmeticError, RuntimeError, MemoryError) as error:
            raise _failed(error, caught, data, remedy) from error
    return caught


def note_of(warning: warnings.WarningMessage, data: Table | OpenTable) -> str:
    """Return a warning in one line, with the names of the columns that it is about."""
    from gmmx.validation.column_faults import ColumnWarning
    from gmmx.validation.outweighing_rows import OutweighingRowWarning

    message = warning.message
    if isinstance(message, OutweighingRowWarning):
        row, source = message.row, data.source
        if isinstance(data, OpenTable):
            source += " without the rows that lack a value" if data.drop_missing else ""
        elif data.kept is not None:
            row = dataclasses.replace(row, row=int(np.flatnonzero(data.kept)[row.row]))
        return one_line(row.message(data.names, source=source, first=1))
    if isinstance(message, ColumnWarning):
        return one_line(message.faults.message(data.names, source=data.source, reg_covar="--reg-covar"))
    return one_line(message)


def _failed(error: Exception, caught: list[warnings.WarningMessage], data: Table | OpenTable, remedy: str) -> Exception:
    from gmmx import FitFailedError

    for note in dict.fromkeys(note_of(warning, data) for warning in caught):
        hint(note)
    message = one_line(error).partition(" To prevent this")[0] or type(error).__name__  # which is no option here
    collapsed = isinstance(error, FitFailedError)
    return stop(f"the fit failed: {message.rstrip('.')}{remedy if collapsed else ''}", FAILED)


def write_outputs(
    model: Any,
    data: Table | OpenTable,
    options: FittingOptions,
    label_format: str,
    labels: Callable[[], Iterator[npt.NDArray[Any]]],
    draw: Callable[[], Any],
) -> dict[str, str]:
    """Write the files that were asked for; return their paths by what they hold.

    `labels` returns the component of each row, part by part; `draw` returns a figure.
    """
    written = {}
    if options.model is not None:
        _with_names(model, data).save(options.model)
        written["model"] = options.model
    if options.labels is not None:
        with writing(options.labels, label_format, {"component": ["component"]}) as write:
            for part in labels():
                write(part)
        written["labels"] = options.labels
    if options.plot is not None:
        save_figure(draw(), options.plot)
        written["plot"] = options.plot
    return written


def _with_names(model: Any, data: Table | OpenTable) -> Any:
    """Return a copy of a model that knows the names of its columns, as if it were fitted to a data frame."""
    named = copy.copy(model)
    if data.has_header:
        named.feature_names_in_ = np.array(data.names, dtype=object)
    return named
