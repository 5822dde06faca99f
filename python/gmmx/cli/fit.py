"""``gmmx fit``: one mixture, from the numbers in a file."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.cli.common import (
    COVARIANCE_TYPES,
    MAX_ROWS,
    CommonOptions,
    components,
    data_options,
    describe_data,
    em_options,
    first,
    fit_quietly,
    grid,
    one_line,
    open_console,
    output_options,
    require_rows,
    say,
    say_data,
    shown_if_slow,
    total_weight,
    usable_table,
    watched,
    write_outputs,
)
from gmmx.covariances import as_matrices
from gmmx.tables import Table

if TYPE_CHECKING:
    import click
    from rich.console import Console, RenderableType
    from rich.status import Status
    from rich.table import Table as RichTable

_COVARIANCES_ELSEWHERE = "covariances: too large to print; --json and --model hold them"
_REST_ELSEWHERE = "too large to print whole; --json and --model hold everything"

FIT_EXAMPLES = """\b
Examples:
  gmmx fit faithful.csv --components 2 --plot faithful.png
  gmmx fit cells.tsv -k 4 --columns "height,width" --labels labels.csv
  gmmx fit survey.csv -k 3 --weight-column weight --json > mixture.json
  sort -u readings.csv | gmmx fit - -k 2 --covariance-type diag
"""


@dataclass(frozen=True, kw_only=True)
class FitOptions(CommonOptions):
    """What ``gmmx fit`` was asked to do; one field an option, and its default."""

    components: int
    covariance_type: str = "full"
    tol: float = 1e-3
    reg_covar: float = 1e-6
    max_iter: int = 100
    init_params: str = "kmeans"


@dataclass(frozen=True)
class FitReport:
    """Everything that ``gmmx fit`` tells, for people and for programs."""

    table: Table
    options: FitOptions
    weights: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    covariances: npt.NDArray[np.float64]
    log_likelihood: float
    total_weight: float
    bic: float
    aic: float
    n_parameters: int
    n_iter: int
    converged: bool
    notes: tuple[str, ...]
    written: dict[str, str]

    def to_json(self) -> str:
        """Return the report as one JSON document."""
        from gmmx import __version__

        document = {
            "gmmx_version": __version__,
            **describe_data(self.table),
            "n_components": self.options.components,
            "covariance_type": self.options.covariance_type,
            "seed": self.options.seed,
            "acceleration": self.options.acceleration,
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
            "log_likelihood": self.log_likelihood,
            "log_likelihood_per_row": self.log_likelihood / self.total_weight,
            "bic": self.bic,
            "aic": self.aic,
            "n_parameters": self.n_parameters,
            "n_iter": self.n_iter,
            "converged": self.converged,
            "notes": list(self.notes),
            "written": self.written,
        }
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)


def fit_command() -> click.Command:
    """Build the command ``gmmx fit``."""
    import click

    @click.command("fit", short_help="Fit a mixture to the numbers in a file.", epilog=FIT_EXAMPLES)
    @click.argument("data", metavar="DATA")
    @click.option("-k", "--components", type=click.IntRange(min=1), required=True, help="Number of components.")
    @click.option(
        "--covariance-type",
        type=click.Choice(COVARIANCE_TYPES),
        default="full",
        show_default=True,
        help="Shape of the covariances: one matrix each, one shared, one variance a column, one variance.",
    )
    @em_options(tol=1e-3, max_iter=100, reg_covar=1e-6, init_params="kmeans")
    @data_options()
    @output_options(plot="Draw data and components")
    def fit(**options: Any) -> None:
        """Fit a Gaussian mixture to the numbers in DATA and print it.

        DATA is a CSV (.csv) or TSV (.tsv) file, or - for standard input. Columns that hold no numbers are
        left out. Components are numbered from 0.
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
    table = usable_table(options)
    require_rows(table, options.components)
    progress = _Progress(quiet=options.as_json)
    with progress.shown():
        model, notes = _fit_model(table, options, progress)
    written = write_outputs(model, table, options, lambda: _figure(model, table))
    report = _report(model, table, options, notes, written)
    if options.as_json:
        sys.stdout.write(report.to_json() + "\n")
    else:
        _print_report(report, open_console())


def _fit_model(table: Table, options: FitOptions, progress: _Progress) -> tuple[Any, tuple[str, ...]]:
    """Fit the estimator; its warnings, but for the one about convergence, become notes."""
    from sklearn.exceptions import ConvergenceWarning

    from gmmx import GaussianMixture

    model = GaussianMixture(
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
        callback=progress.update,
    )
    caught = fit_quietly(model, table, remedy=". The options are --components, --reg-covar, --init-params and --seed")
    notes = dict.fromkeys(
        one_line(warning.message)
        for warning in caught
        if not issubclass(warning.category, ConvergenceWarning) or model.converged_
    )
    return model, tuple(notes)


def _figure(model: Any, table: Table) -> Any:
    from gmmx import plot

    draw = plot.classification if len(table.names) <= 2 else plot.pairs
    axes = draw(model, table.values, feature_names=table.names, sample_weight=table.weights)
    return np.asarray(axes, dtype=object).flat[0].figure


def _report(
    model: Any, table: Table, options: FitOptions, notes: tuple[str, ...], written: dict[str, str]
) -> FitReport:
    return FitReport(
        table=table,
        options=options,
        weights=np.asarray(model.weights_),
        means=np.asarray(model.means_),
        covariances=np.asarray(model.covariances_),
        log_likelihood=float(model.log_likelihood_),
        total_weight=total_weight(table),
        bic=float(model.bic(table.values, table.weights)),
        aic=float(model.aic(table.values, table.weights)),
        n_parameters=int(model._n_parameters()),
        n_iter=int(model.n_iter_),
        converged=bool(model.converged_),
        notes=notes,
        written=written,
    )


def _print_report(report: FitReport, console: Console) -> None:
    options = report.options
    say_data(report.table, options, console)
    jumps = f", acceleration {options.acceleration}" if options.acceleration else ""
    say(console, f"{components(options.components)}, {options.covariance_type} covariance, seed {options.seed}{jumps}")
    console.print()
    for part in _mixture_tables(report, console):
        console.print(part, soft_wrap=isinstance(part, str))
    console.print()
    per_row = report.log_likelihood / report.total_weight
    say(console, f"log-likelihood  {report.log_likelihood:.6f} ({per_row:.6f} per row)")
    say(console, f"BIC             {report.bic:.4f}")
    say(console, f"AIC             {report.aic:.4f} ({report.n_parameters} free parameters)")
    say(console, f"iterations      {report.n_iter}")
    say(console, f"converged       {'yes' if report.converged else 'no: ' + _remedy(options)}")
    for note in report.notes:
        say(console, f"note: {note}")
    for what, path in report.written.items():
        say(console, f"wrote {what}: {path}")


def _remedy(options: FitOptions) -> str:
    more = max(10 * options.max_iter, 100)
    return f"raise --max-iter (for example to {more}), loosen --tol, or try another --seed or --init-params"


def _mixture_tables(report: FitReport, console: Console) -> Iterator[RenderableType]:
    """Make tables that fit the console: everything if small, means and deviations if wide."""
    narrow = next((table for table in _means_tables(report) if _fits(table, console)), None)
    if narrow is None:
        yield from _wide_tables(report, console)
        return
    yield narrow
    hidden = len(report.weights) - MAX_ROWS
    if hidden > 0:
        yield f"... and {hidden} more components: --json prints all"
    if _lone_variances(report) is None:
        matrices = _covariance_table(report)
        yield ""
        yield matrices if matrices is not None and _fits(matrices, console) else _COVARIANCES_ELSEWHERE


def _means_tables(report: FitReport) -> Iterator[RichTable]:
    """Make a row for each component: weight, means, and the variance where there is but one.

    First with headings of one line, then narrower with two.
    """
    variances = _lone_variances(report)
    for separator in (" ", "\n"):
        table = grid("component", "weight", *(f"mean{separator}{name}" for name in report.table.names))
        if variances is not None:
            table.add_column("variance", justify="right")
        for k in range(min(len(report.weights), MAX_ROWS)):
            cells = [_number(report.weights[k]), *map(_number, report.means[k])]
            if variances is not None:
                cells.append(_number(variances[k]))
            table.add_row(str(k), *cells)
        yield table


def _lone_variances(report: FitReport) -> npt.NDArray[np.float64] | None:
    """Return the variance of each component if one number says it all, else None."""
    if report.covariances.size == 1:
        return np.repeat(report.covariances.ravel(), len(report.weights))
    return report.covariances.ravel() if report.covariances.size == len(report.weights) else None


def _covariance_table(report: FitReport) -> RichTable | None:
    """Make one table of all covariances; None if it would have too many rows."""
    names, covariances = report.table.names, report.covariances
    if len(covariances.reshape(-1, len(names))) > MAX_ROWS:
        return None
    if report.options.covariance_type == "diag":
        table = grid("component", *(f"variance {name}" for name in names))
        for k, row in enumerate(covariances):
            table.add_row(str(k), *map(_number, row))
        return table
    table = grid("component", "covariance", *names)
    for k, matrix in enumerate(covariances.reshape(-1, len(names), len(names))):
        owner = "all" if covariances.ndim == 2 else str(k)
        for index, (name, row) in enumerate(zip(names, matrix, strict=True)):
            table.add_row(owner if index == 0 else "", name, *map(_number, row))
    return table


def _wide_tables(report: FitReport, console: Console) -> Iterator[RenderableType]:
    """Make a row for each column, a column for each component; the first ones if there are many."""
    n_components, n_columns = report.means.shape
    shown = min(n_components, MAX_ROWS)
    table = _deviations_table(report, shown)
    while shown > 1 and not _fits(table, console):
        shown -= 1
        table = _deviations_table(report, shown)
    yield table
    if shown < n_components or n_columns > MAX_ROWS:
        rows = min(n_columns, MAX_ROWS)
        yield f"... {rows} of {n_columns} columns, {shown} of {components(n_components)}"
    yield _REST_ELSEWHERE


def _deviations_table(report: FitReport, shown: int) -> RichTable:
    """Make a table of mean and standard deviation in the first components."""
    deviations = _standard_deviations(report)
    table = grid("mean ± deviation", *(f"{k} (weight {report.weights[k]:.3g})" for k in range(shown)))
    for index, name in first(list(enumerate(report.table.names))):
        short = name if len(name) <= 20 else f"{name[:10]}…{name[-9:]}"
        cells = (f"{_number(report.means[k, index])} ± {deviations[k, index]:.3g}" for k in range(shown))
        table.add_row(short, *cells)
    return table


def _standard_deviations(report: FitReport) -> npt.NDArray[np.float64]:
    """Return the deviation of each column in each component, whatever the covariance type."""
    matrices = as_matrices(report.covariances, report.options.covariance_type, *report.means.shape)
    deviations: npt.NDArray[np.float64] = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    return deviations


def _fits(table: RichTable, console: Console) -> bool:
    """Whether a table can be printed without folding a cell."""
    unbounded = console.options.update(width=1_000_000)
    return console.measure(table, options=unbounded).maximum <= console.width


def _number(value: float) -> str:
    return f"{value:.5g}"


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
