"""What `gmmx fit` and `gmmx select` have in common: the course of a command that fits."""

from __future__ import annotations

import copy
import dataclasses
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx._text import first_few, quoted
from gmmx._text_tables import counted
from gmmx.cli.console import FAILED, UNUSABLE, one_line, print_json, print_note, print_written, stop
from gmmx.cli.faults import in_words
from gmmx.cli.input import FileRows, Table, open_table
from gmmx.cli.options import DataOptions, FittingOptions
from gmmx.cli.output import MODEL_ENDINGS, Outputs, save_figure, writing
from gmmx.io.csv_text import DataFileError

# Messages of estimators name parameters, which options set.
_OPTIONS = {
    "n_components": "--components",
    "min_components": "--components",
    "max_components": "--components",
    "random_state": "--seed",
    "sample_weight": "--weight-column",
}
for _name in ("covariance_type", "reg_covar", "acceleration", "init_params", "n_init", "max_iter", "tol"):
    _OPTIONS[_name] = f"--{_name.replace('_', '-')}"
_PARAMETER = re.compile(rf"(?<!['\"\w-])({'|'.join(_OPTIONS)})(?!['\"\w])(=?)")
_PRIOR = re.compile(r"\b(set )?prior=(['\"])default\2")
_WITHOUT_OPTIONS = (  # what parameters alone can do
    (", random_state or means_init", " or random_state"),
    ("by init_params, means_init or responsibilities_init", "by another init_params"),
    ("give a prior of a larger scale (gmmx.ConjugatePrior)", "lower --components"),
    (", or take a stronger prior", ""),
)
_ROW = re.compile(r"\brow (\d+) of X \(the first is 0\)")
_COLUMNS = re.compile(r"\bcolumns? \d+(?:(?:, | and )\d+)*")

# Columns that look like known classes are hardly meant as features.
_OF_LABELS = re.compile(
    r"(.*[_ .-])?(label|class|classe|target|species|specie|cluster|group|diagnosi)(e?s)?([_ .-].*)?"
)
_MOST_LABELS = 10
_BECAUSE_OF_CELLS = ("not numeric", "empty")


@dataclass(frozen=True)
class Fitted:
    """The result of a fit."""

    model: Any  # the mixture that is written
    data: Table
    notes: Sequence[str]  # warnings of the fit
    rows: Callable[[], Iterable[FileRows]]  # returns the rows, part by part

    def draw(self) -> Any:
        """Return the figure of --plot."""
        raise NotImplementedError

    def document(self) -> dict[str, Any]:
        """Return what the JSON document holds of the fit."""
        raise NotImplementedError

    def print(self) -> None:
        """Print the fit."""
        raise NotImplementedError


def run_fit(options: FittingOptions, fit: Callable[[Table], Fitted], *, again: bool = False) -> None:
    """Check, read, fit, write and print.

    Everything that can be refused is refused before the fit: unusable data, output files that exist or could not be
    written, a missing matplotlib. `fit` fits the rows of a table; `again` is true if it reads them more than once. The
    exit code is 2 for unusable data or options, 1 for a fit that failed.
    """
    outputs = Outputs({"DATA": options.data}, force=options.force)
    outputs.check_plot("--plot", options.plot)
    outputs.check("--model", options.model, MODEL_ENDINGS)
    label_format = outputs.check_table("--labels", options.labels)
    with open_table(options, again=again) as table:
        fitted = fit(table)
        written = _write(fitted, options, label_format)
    if options.as_json:
        document = {**fitted.data.describe(), **fitted.document()}
        print_json({**document, "notes": list(fitted.notes), "written": written})
        return
    fitted.data.print()
    fitted.print()
    for note in fitted.notes:
        print_note(note)
    print_written(written)


def check_covariance_types(covariance_types: Sequence[str], table: Table) -> None:
    """Refuse the types for one column where there are more."""
    for name in {"E", "V"} & set(covariance_types) if len(table.names) > 1 else ():
        raise stop(
            f"--covariance-type {name} is for one column, but {table.source} has {len(table.names)} of numbers; choose "
            f"one by --columns, or use {name}II"
        )


def read_rows(table: Table, n_components: int, options: FittingOptions) -> FileRows:
    """Read all rows into memory; refuse labels, and fewer rows than components."""
    rows = table.read()
    refuse_labels(table, rows.X, options)
    if len(rows.X) < max(n_components, 2):
        raise stop(
            f"{table.source} has {counted(len(rows.X), 'row')}, too few for {counted(n_components, 'component')}; "
            "choose fewer components or more data"
        )
    return rows


def refuse_labels(table: Table, X: npt.NDArray[Any], options: DataOptions) -> None:
    """Print a note about columns that look like labels; refuse a file of which nothing else is left.

    `X` holds the rows of the table, or the first of them. Columns that --columns names are not checked. A file is
    refused if columns were left out by default, and those that remain all look like labels.
    """
    if options.columns is not None:
        return
    by_name = [name for name in table.names if _OF_LABELS.fullmatch(name.strip().casefold())]
    by_values = [name for name, column in zip(table.names, X.T, strict=True) if _holds_few_integers(column)]
    suspects = list(dict.fromkeys([*by_name, *by_values]))
    out = [f"{name} ({why})" for name, why in table.selection.left_out if why.startswith(_BECAUSE_OF_CELLS)]
    if out and len(suspects) == len(table.names):
        raise stop(
            f"{table.source}: only {_listed(suspects)} would be fitted, which {_looks(suspects)}; left out were "
            f"{first_few(out, 6)}; name the columns to fit by --columns"
        )
    told = suspects if len(suspects) < len(table.names) else by_name
    if told:
        print_note(
            f"{_listed(told)} {_looks(told)} and is fitted as a feature; leave it out by --label-column {told[0]}"
            if len(told) == 1
            else f"{_listed(told)} {_looks(told)} and are fitted as features; name the columns to fit by --columns"
        )


def notes_of_fit(
    fit: Callable[[], Any], data: Table, *, keep: Callable[[warnings.WarningMessage], bool] = lambda _: True
) -> list[str]:
    """Fit an estimator and return its warnings as notes, once each; `keep` selects those of a fit that succeeds."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit()
        except DataFileError as error:
            raise in_words(error, data.source, data.file.path) from error
        except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
            if isinstance(error.__cause__, DataFileError):  # of a batch
                raise in_words(error.__cause__, data.source, data.file.path) from error
            for note in dict.fromkeys(_note_of(warning, data) for warning in caught):
                print_note(note)
            message = _in_options(error, data).rstrip(".") or type(error).__name__
            raise stop(f"the fit failed: {message}", UNUSABLE if type(error) is ValueError else FAILED) from error
    return list(dict.fromkeys(_note_of(warning, data) for warning in caught if keep(warning)))


def _write(fitted: Fitted, options: FittingOptions, label_format: str) -> dict[str, str]:
    """Write the files that were asked for; return their paths by what they hold."""
    paths = {"model": options.model, "labels": options.labels, "plot": options.plot}
    if options.model is not None:
        named = copy.copy(fitted.model)
        if fitted.data.file.has_header:
            named.feature_names_in_ = np.array(fitted.data.names, dtype=object)  # as if fitted to a data frame
        named.save(options.model)
    if options.labels is not None:
        with writing(options.labels, label_format, {"component": ["component"]}) as write:
            for rows in fitted.rows():
                labels = fitted.model.predict(rows.X) if len(rows.X) else np.empty(0, np.int64)
                write(rows.with_gaps(labels))
    if options.plot is not None:
        save_figure(fitted.draw(), options.plot)
    return {what: path for what, path in paths.items() if path is not None}


def _holds_few_integers(column: npt.NDArray[Any]) -> bool:
    """Return whether a column has from 2 to 10 distinct integers, each in at least two rows on average."""
    values = np.unique(column)
    return bool(2 <= len(values) <= min(_MOST_LABELS, len(column) // 2) and np.array_equal(values, np.round(values)))


def _listed(names: list[str]) -> str:
    return f"{'column' if len(names) == 1 else 'columns'} {first_few(list(map(repr, names)), 6)}"


def _looks(names: list[str]) -> str:
    return "looks like a label" if len(names) == 1 else "look like labels"


def _note_of(warning: warnings.WarningMessage, data: Table) -> str:
    """Return a warning in one line."""
    from gmmx.validation.column_faults import ColumnWarning
    from gmmx.validation.outweighing_rows import OutweighingRowWarning

    message = warning.message
    if isinstance(message, OutweighingRowWarning):
        row = dataclasses.replace(message.row, row=_row_in_file(message.row.row, data))
        return one_line(row.message(data.names, source=_source_of_rows(data), first=1))
    if isinstance(message, ColumnWarning):
        return one_line(message.faults.message(data.names, source=data.source, reg_covar="--reg-covar"))
    return _in_options(message, data)


def _in_options(message: object, data: Table) -> str:
    """Return a message of an estimator in one line, with options in place of its parameters."""

    def named(columns: re.Match[str]) -> str:
        return re.sub(
            r"\d+", lambda n: quoted(data.names[int(n[0])]) if int(n[0]) < len(data.names) else n[0], columns[0]
        )

    source = _source_of_rows(data)
    text = one_line(message)
    for words, others in _WITHOUT_OPTIONS:
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
