"""``gmmx select``: the covariance type and the number of components that a criterion prefers."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.cli.column_selection import split_names
from gmmx.cli.console import (
    UNUSABLE,
    hint,
    open_console,
    print_json,
    say_lines,
    say_written,
    shown_if_slow,
    stop,
    watched,
)
from gmmx.cli.fit_common import check_covariance_types, check_outputs, fit_quietly, note_of, write_outputs
from gmmx.cli.input import Table, describe_data, read_table, require_rows, say_data, with_gaps
from gmmx.cli.label_columns import refuse_labels
from gmmx.cli.options import FittingOptions, check_jobs, data_options, em_options, output_options

if TYPE_CHECKING:
    import click
    from rich.console import Console
    from rich.progress import Progress

CRITERIA = ("bic", "icl", "aic")
_ON_THE_COMMAND_LINE = ("--top prints them, --json all", "--json tells why")
"""Where the reader finds the mixtures that are not printed, and why some are left out."""

SELECT_EXAMPLES = """\b
Examples:
  gmmx select faithful.csv
  gmmx select cells.tsv -k 2-6 --covariance-type VVV,EEE --criterion icl --plot criterion.png
  gmmx select survey.csv --weight-column weight --model best.safetensors --json > selection.json
"""


@dataclass(frozen=True, kw_only=True)
class SelectOptions(FittingOptions):
    """What ``gmmx select`` was asked to do; one field an option, and its default."""

    components: str = "1-9"
    covariance_type: str = "all"
    criterion: str = "bic"
    top: int = 10
    tol: float = 1e-6
    reg_covar: float = 0.0
    max_iter: int = 10_000
    init_params: str = "hc"


def select_command() -> click.Command:
    """Build the command ``gmmx select``."""
    import click

    @click.command("select", epilog=SELECT_EXAMPLES)
    @click.argument("data", metavar="DATA")
    @click.option(
        "-k",
        "--components",
        metavar="MIN-MAX",
        default="1-9",
        show_default=True,
        help="Numbers of components to compare: a range, or one number.",
    )
    @click.option(
        "--covariance-type",
        metavar="A,B,...",
        default="all",
        show_default=True,
        help="Covariance types to compare; all stands for the 14 of the parsimonious family, EII to VVV.",
    )
    @click.option(
        "--criterion",
        type=click.Choice(CRITERIA),
        default="bic",
        show_default=True,
        help="What chooses; the smaller, the better.",
    )
    @click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="Mixtures to print.")
    @em_options(tol=1e-6, max_iter=10_000, reg_covar=0.0, init_params="hc")
    @data_options()
    @output_options(plot="Draw the criterion by number of components")
    def select(**options: Any) -> None:
        """Fit mixtures of all covariance types and numbers of components to DATA and print the best.

        DATA is a CSV, TSV, Parquet, NPY or NPZ file, or - for standard input; all of it is read into memory. Columns
        that hold no numbers are left out. --labels and --model write what the best mixture says.
        """
        run_select(SelectOptions(**options))

    return select


def run_select(options: SelectOptions) -> None:
    """Read, fit, choose, write, print.

    Parameters
    ----------
    options : SelectOptions
        What to do.

    Raises
    ------
    click.ClickException
        With a message of one line and the exit code 2 for unusable data or options, 1 if nothing could be fitted.
    """
    from gmmx import GaussianMixtureIC

    low, high = _range(options.components)
    types = _covariance_types(options.covariance_type)
    check_jobs(options.jobs)
    label_format = check_outputs(options)
    table = read_table(options)
    check_covariance_types(types, table)
    refuse_labels(table, table.values, options)
    require_rows(table, low)
    with contextlib.ExitStack() as stack:
        callback = None
        if watched(quiet=options.as_json):
            bar = _progress_bar()
            stack.enter_context(shown_if_slow(bar))
            task = bar.add_task("fitting", total=None)

            def callback(n_done: int, n_fits: int) -> None:
                bar.update(task, completed=n_done, total=n_fits)

        selection = GaussianMixtureIC(
            low,
            high,
            covariance_type=types,
            criterion=options.criterion,
            tol=options.tol,
            reg_covar=options.reg_covar,
            max_iter=options.max_iter,
            acceleration=options.acceleration,
            n_init=options.n_init,
            init_params=options.init_params,
            random_state=options.seed,
            n_jobs=options.jobs,
            callback=callback,
        )
        caught = fit_quietly(lambda: selection.fit(table.values, sample_weight=table.weights), table, remedy="")
    notes = list(dict.fromkeys(note_of(warning, table) for warning in caught))
    best = selection.best_estimator_

    def labels() -> Iterator[npt.NDArray[np.int64]]:
        yield with_gaps(best.predict(table.values), table.kept)

    written = write_outputs(best, table, options, label_format, labels, lambda: _figure(selection))
    if options.as_json:
        print_json(_document(selection, table, options, notes, written))
    else:
        _print_selection(selection, table, options, notes, written, open_console())


def _range(text: str) -> tuple[int, int]:
    """Read 1-9, or one number."""
    low, dash, high = text.partition("-")
    try:
        bounds = int(low), int(high if dash else low)
    except ValueError:
        bounds = 0, 0
    if not 1 <= bounds[0] <= bounds[1]:
        raise stop(
            f"--components is {text!r}, but must be a number of at least 1, or a range of them such as 1-9", UNUSABLE
        )
    return bounds


def _covariance_types(text: str) -> str | list[str]:
    """Read names between commas."""
    from gmmx._core import covariance_types

    names = split_names(text, "--covariance-type")
    if names == ["all"]:
        return "all"
    for name in names:
        if name not in covariance_types():
            hint = f"did you mean {name.upper()}? Or " if name.upper() in covariance_types() else ""
            allowed = ", ".join(covariance_types())
            raise stop(f"--covariance-type {name!r} is not known; {hint}take all, or some of {allowed}", UNUSABLE)
    return names


def _progress_bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=open_console(stderr=True), transient=True)


def _figure(selection: Any) -> Any:
    from gmmx import plot

    return plot.criterion(selection, selection.criterion).figure


def _records(selection: Any) -> list[dict[str, Any]]:
    """Return the rows of `results_` in plain Python, None for NaN."""
    columns = {name: values.tolist() for name, values in selection.results_.items()}
    return [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    ]


def _document(
    selection: Any, table: Table, options: SelectOptions, notes: list[str], written: dict[str, str]
) -> dict[str, Any]:
    """Return the JSON document."""
    records, best = _records(selection), selection.best_estimator_
    return {
        **describe_data(table, table.count()),
        "criterion": options.criterion,
        "seed": options.seed,
        "best": {
            **records[selection.best_index_],
            "weights": best.weights_.tolist(),
            "means": best.means_.tolist(),
            "covariances": best.covariances_.tolist(),
        },
        "best_index": int(selection.best_index_),
        "ranking": selection.ranking().tolist(),
        "results": records,
        "notes": notes,
        "written": written,
    }


def _print_selection(
    selection: Any,
    table: Table,
    options: SelectOptions,
    notes: list[str],
    written: dict[str, str],
    console: Console,
) -> None:
    say_data(table, table.count(), options, console)
    console.print()
    say_lines(console, selection._summary_lines(options.top, _ON_THE_COMMAND_LINE))
    for note in notes:
        hint(note)
    say_written(console, written)
