"""``gmmx fit``: one mixture, from the numbers in a file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx._core import covariance_types
from gmmx.cli.console import (
    components,
    hint,
    open_console,
    print_json,
    rows,
    say,
    say_facts,
    say_written,
    shown_if_slow,
    watched,
)
from gmmx.cli.fit_common import check_covariance_types, check_outputs, fit_quietly, note_of, write_outputs
from gmmx.cli.input import OpenTable, RowCount, Table, describe_data, open_table, require_rows, say_data, with_gaps
from gmmx.cli.label_columns import refuse_labels
from gmmx.cli.mixture_tables import say_mixture
from gmmx.cli.options import MOST, FittingOptions, check_jobs, data_options, em_options, output_options
from gmmx.mixture._mixture_report import ShownMixture, fit_facts, information_criteria

if TYPE_CHECKING:
    import click
    from rich.console import Console
    from rich.status import Status

LARGE = 1 << 30
"""Bytes of a file beyond which its rows are read anew in each iteration rather than kept in memory."""

_LOOKED_AT = 10_000
"""First rows that tell whether a column looks like a label, where the rows stay in their file."""

FIT_EXAMPLES = """\b
Examples:
  gmmx fit faithful.csv --components 2 --plot faithful.png
  gmmx fit cells.tsv -k 4 --columns "height,width" --labels labels.csv
  gmmx fit readings.parquet -k 8 --batch-size 100000 --model readings.safetensors
  gmmx fit survey.csv -k 3 --weight-column weight --json > mixture.json
  grep -v NA readings.csv | gmmx fit - -k 2 --covariance-type diag
"""


@dataclass(frozen=True, kw_only=True)
class FitOptions(FittingOptions):
    """What ``gmmx fit`` was asked to do; one field an option, and its default."""

    components: int
    covariance_type: str = "full"
    tol: float = 1e-3
    reg_covar: float = 1e-6
    max_iter: int = 100
    init_params: str = "kmeans"
    batch_size: int | None = None


@dataclass(frozen=True)
class Fitted:
    """A mixture and the rows it was fitted to, in memory or in a file.

    `labels` returns the component of each row, part by part; `drawn` the rows that a picture shows.
    """

    model: Any
    data: Table | OpenTable
    counted: RowCount
    notes: tuple[str, ...]
    batch_size: int | None
    labels: Callable[[], Iterator[npt.NDArray[np.int64]]]
    drawn: Callable[[], Table]


def fit_command() -> click.Command:
    """Build the command ``gmmx fit``."""
    import click

    from gmmx.cli.param_types import NumberOfComponents, OneOf

    @click.command("fit", epilog=FIT_EXAMPLES)
    @click.argument("data", metavar="DATA")
    @click.option("-k", "--components", type=NumberOfComponents(), required=True, help="Number of components.")
    @click.option(
        "--covariance-type",
        type=OneOf(covariance_types()),
        default="full",
        show_default=True,
        help="Shape of the covariances: one matrix each, one shared, one variance a column, one variance.",
    )
    @click.option(
        "--batch-size",
        type=click.IntRange(1, MOST),
        metavar="ROWS",
        help="Read DATA anew in each iteration, so many rows at a time; files beyond 1 GiB are read so in any case.",
    )
    @em_options(tol=1e-3, max_iter=100, reg_covar=1e-6, init_params="kmeans")
    @data_options()
    @output_options(plot="Draw data and components")
    def fit(**options: Any) -> None:
        """Fit a Gaussian mixture to the numbers in DATA and print it.

        DATA is a CSV, TSV, Parquet, NPY or NPZ file, or - for standard input. Columns that hold no numbers are left
        out. Components are numbered from 0.
        """
        run_fit(FitOptions(**options))

    return fit


def run_fit(options: FitOptions) -> None:
    """Read, fit, write, print.

    Everything that can be refused is refused before the fit: unusable data, output files that exist or could
    not be written, a missing matplotlib.

    Parameters
    ----------
    options : FitOptions
        What to do.

    Raises
    ------
    click.ClickException
        With a message of one line and the exit code 2 for unusable data or options, 1 for a fit that failed.
    """
    check_jobs(options.jobs)
    label_format = check_outputs(options)
    with open_table(options, again=options.batch_size is not None) as table:
        check_covariance_types([options.covariance_type], table)
        in_batches = options.batch_size is not None or table.n_bytes > LARGE
        fitted = _fit_batches(table, options) if in_batches else _fit_whole(table, options)
        written = write_outputs(
            fitted.model,
            fitted.data,
            options,
            label_format,
            fitted.labels,
            lambda: _figure(fitted.model, fitted.drawn()),
        )
    if options.as_json:
        print_json(_document(fitted, options, written))
    else:
        _print(fitted, options, written, open_console())


def _fit_whole(source: OpenTable, options: FitOptions) -> Fitted:
    """Fit rows in memory."""
    table = source.read()
    refuse_labels(table, table.values, options)
    require_rows(table, options.components)
    progress = _Progress(quiet=options.as_json)
    model = _estimator(options, callback=progress.update)
    with progress.shown():
        notes = _notes_of(model, table, lambda: model.fit(table.values, sample_weight=table.weights))

    def labels() -> npt.NDArray[np.int64]:
        return with_gaps(model.predict(table.values), table.kept)

    return Fitted(model, table, table.count(), notes, None, lambda: iter([labels()]), lambda: table)


def _fit_batches(table: OpenTable, options: FitOptions) -> Fitted:
    """Fit rows that stay in their file; the progress is that of `fit_batches`."""
    batches = table.batches(options.batch_size)
    if (part := next(table.batches(_LOOKED_AT).parts(), None)) is not None:
        refuse_labels(table, part.X, options)
    model = _estimator(options, callback=None)
    progress = False if options.as_json else None
    notes = _notes_of(model, table, lambda: model.fit_batches(batches, progress=progress))

    def labels() -> Iterator[npt.NDArray[np.int64]]:
        for part in batches.parts():
            found = model.predict(part.X) if len(part.X) else np.empty(0, np.int64)
            yield with_gaps(found, part.kept)

    return Fitted(model, table, batches.counted, notes, batches.batch_size, labels, lambda: table.sample())


def _estimator(options: FitOptions, *, callback: Any) -> Any:
    from gmmx import GaussianMixture

    return GaussianMixture(
        n_components=options.components,
        covariance_type=options.covariance_type,
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


def _notes_of(model: Any, table: Table | OpenTable, fit: Callable[[], Any]) -> tuple[str, ...]:
    """Fit; its warnings, but for the one about convergence, become notes."""
    from sklearn.exceptions import ConvergenceWarning

    caught = fit_quietly(fit, table, remedy=". The options are --components, --reg-covar, --init-params and --seed")
    notes = dict.fromkeys(
        note_of(warning, table)
        for warning in caught
        if not issubclass(warning.category, ConvergenceWarning) or model.converged_
    )
    return tuple(notes)


def _figure(model: Any, table: Table) -> Any:
    from gmmx import plot

    picture = plot.classification(model, table.values, feature_names=table.names, sample_weight=table.weights)
    return picture.figure


def _criteria(fitted: Fitted) -> dict[str, float]:
    log_likelihood, weight = float(fitted.model.log_likelihood_), fitted.counted.total_weight
    return {
        "log_likelihood": log_likelihood,
        "log_likelihood_per_row": log_likelihood / weight,
        **information_criteria(log_likelihood, fitted.model.n_parameters_, weight),
    }


def _document(fitted: Fitted, options: FitOptions, written: dict[str, str]) -> dict[str, Any]:
    """Return the JSON document."""
    return {
        **describe_data(fitted.data, fitted.counted),
        "n_components": options.components,
        "covariance_type": options.covariance_type,
        "seed": options.seed,
        "acceleration": options.acceleration,
        "batch_size": fitted.batch_size,
        **ShownMixture.of(fitted.model, fitted.data.names).to_json(),
        **_criteria(fitted),
        "n_parameters": fitted.model.n_parameters_,
        "n_iter": int(fitted.model.n_iter_),
        "converged": bool(fitted.model.converged_),
        "notes": list(fitted.notes),
        "written": written,
    }


def _print(fitted: Fitted, options: FitOptions, written: dict[str, str], console: Console) -> None:
    model = fitted.model
    say_data(fitted.data, fitted.counted, options, console)
    if fitted.batch_size is not None:
        say(console, f"read anew in each iteration, {rows(fitted.batch_size)} at a time")
    jumps = f", acceleration {options.acceleration}" if options.acceleration else ""
    say(console, f"{components(options.components)}, {options.covariance_type} covariance, seed {options.seed}{jumps}")
    say_mixture(console, ShownMixture.of(model, fitted.data.names))
    say_facts(console, fit_facts(model, fitted.counted.total_weight, _remedy(options)))
    for note in fitted.notes:
        hint(note)
    say_written(console, written)


def _remedy(options: FitOptions) -> str:
    more = max(10 * options.max_iter, 100)
    return f"raise --max-iter (for example to {more}), loosen --tol, or try another --seed or --init-params"


class _Progress:
    """A line on a terminal's standard error that shows iteration and log-likelihood once a fit takes long."""

    def __init__(self, *, quiet: bool) -> None:
        self._status: Status | None = None
        self._start: int = 1
        self._last_iteration = 0
        if watched(quiet=quiet):
            self._status = open_console(stderr=True).status("fitting: looking for a start")

    def shown(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that shows the line once its body takes long."""
        return contextlib.nullcontext() if self._status is None else shown_if_slow(self._status)

    def update(self, iteration: int, log_likelihood: float) -> None:
        """Take the news of one iteration: the estimator's callback."""
        if self._status is None:
            return
        if iteration < self._last_iteration:
            self._start += 1
        self._last_iteration = iteration
        start = f"start {self._start}, " if self._start > 1 else ""
        with contextlib.suppress(UnicodeEncodeError):
            self._status.update(f"fitting: {start}iteration {iteration}, log-likelihood {log_likelihood:.4f}")
