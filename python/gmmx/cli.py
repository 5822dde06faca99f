"""The command line: ``gmmx fit DATA --components K`` and, in time, its sisters.

Each command is one function ``_..._command`` that declares its options and one ``run_...`` that does the
work; `command_line` lists them. click, rich and matplotlib are the optional extra ``cli``: none is imported
with this module, so that `main` can say how to install what is missing.

Exit codes: 0, done; 1, the fit failed; 2, the command or the data cannot be used.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx._files import replacing
from gmmx.tables import STANDARD_INPUT, Table, TableError, read_table, write_column

if TYPE_CHECKING:
    import click
    from rich.console import Console, RenderableType
    from rich.status import Status
    from rich.table import Table as RichTable

__all__ = ["FitOptions", "FitReport", "command_line", "main", "run_fit"]

INSTALL_COMMAND = 'pip install "gmmx-native[cli]"'

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
INITIALISATIONS = ("kmeans", "k-means++", "random", "random_from_data")

FIT_FAILED = 1
UNUSABLE = 2

_PLOT_FORMATS = (".png", ".svg", ".pdf")
_LABEL_FORMATS = (".csv",)
_MODEL_FORMATS = (".safetensors",)

_QUIET_SECONDS = 1.0
_MAX_ROWS = 24
_COVARIANCES_ELSEWHERE = "covariances: too large to print; --json and --model hold them"
_REST_ELSEWHERE = "too large to print whole; --json and --model hold everything"

FIT_EXAMPLES = """\b
Examples:
  gmmx fit faithful.csv --components 2 --plot faithful.png
  gmmx fit cells.tsv -k 4 --columns "height,width" --labels labels.csv
  gmmx fit survey.csv -k 3 --weight-column weight --json > mixture.json
  sort -u readings.csv | gmmx fit - -k 2 --covariance-type diag
"""


def main() -> None:
    """Run the command line; the entry point ``gmmx``."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write(f"gmmx: the command line needs {error.name}; install it with: {INSTALL_COMMAND}\n")
        sys.exit(UNUSABLE)
    command_line()(prog_name="gmmx")


def command_line() -> click.Group:
    """Build the command ``gmmx`` with all its subcommands.

    Returns
    -------
    click.Group
        The command, ready to be called or tested.
    """
    import click

    from gmmx import __version__

    @click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
    @click.version_option(__version__, prog_name="gmmx", message="%(prog)s %(version)s")
    def gmmx() -> None:
        """Gaussian mixture models by expectation-maximisation, on data files."""

    gmmx.add_command(_fit_command())
    return gmmx


# --- fit ---


@dataclass(frozen=True)
class FitOptions:
    """What ``gmmx fit`` was asked to do; one field an option, and its default."""

    data: str
    components: int
    covariance_type: str = "full"
    tol: float = 1e-3
    reg_covar: float = 1e-6
    max_iter: int = 100
    acceleration: str | None = None
    n_init: int = 1
    init_params: str = "kmeans"
    seed: int = 0
    jobs: int | None = None
    columns: str | None = None
    weight_column: str | None = None
    label_column: str | None = None
    header: bool | None = None
    plot: str | None = None
    labels: str | None = None
    model: str | None = None
    as_json: bool = False
    force: bool = False


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
            "data": self.table.source,
            "n_samples": len(self.table.values),
            "n_features": len(self.table.names),
            "columns": list(self.table.names),
            "left_out": [{"column": name, "reason": reason} for name, reason in self.table.left_out],
            "total_weight": self.total_weight,
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


def _fit_command() -> click.Command:
    import click

    positive = click.IntRange(min=1)
    not_negative = click.FloatRange(min=0.0)

    @click.command("fit", short_help="Fit a mixture to the numbers in a file.", epilog=FIT_EXAMPLES)
    @click.argument("data", metavar="DATA")
    @click.option("-k", "--components", type=positive, required=True, help="Number of components.")
    @click.option(
        "--covariance-type",
        type=click.Choice(COVARIANCE_TYPES),
        default="full",
        show_default=True,
        help="Shape of the covariances: one matrix each, one shared, one variance a column, one variance.",
    )
    @click.option(
        "--init-params",
        type=click.Choice(INITIALISATIONS),
        default="kmeans",
        show_default=True,
        help="How a start is found.",
    )
    @click.option("--n-init", type=positive, default=1, show_default=True, help="Starts; the best one is kept.")
    @click.option(
        "--tol",
        type=not_negative,
        default=1e-3,
        show_default=True,
        help="EM stops when the log-likelihood per row gains less than this.",
    )
    @click.option(
        "--max-iter",
        type=click.IntRange(min=0),
        default=100,
        show_default=True,
        help="Iterations of EM at most.",
    )
    @click.option(
        "--acceleration",
        type=click.Choice(["anderson", "squarem"]),
        help="Jump ahead of EM's iterations, so that fewer are needed.",
    )
    @click.option("--reg-covar", type=not_negative, default=1e-6, show_default=True, help="Added to every variance.")
    @click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        default=0,
        show_default=True,
        help="Seed of the start: the same seed gives the same mixture.",
    )
    @click.option("--jobs", type=int, default=None, help="Threads; -1 for all.  [default: the physical cores]")
    @click.option("--columns", metavar="A,B,...", help="Columns to fit.  [default: all that hold numbers]")
    @click.option("--weight-column", metavar="NAME", help="Column of row weights: 2 counts a row twice, 0 not at all.")
    @click.option("--label-column", metavar="NAME", help="Column to ignore, such as known classes.")
    @click.option("--header/--no-header", default=None, help="Whether the first row holds names.  [default: found out]")
    @click.option("--plot", metavar="FILE", help="Draw data and components (.png, .svg or .pdf).")
    @click.option("--labels", metavar="FILE", help="Write the most likely component of each row, from 0 (.csv).")
    @click.option("--model", metavar="FILE", help="Save the mixture (.safetensors); gmmx.load reads it.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
    @click.option("--force", is_flag=True, help="Replace output files that exist.")
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
    _check_jobs(options.jobs)
    _check_outputs(
        {
            "--plot": (options.plot, _PLOT_FORMATS),
            "--labels": (options.labels, _LABEL_FORMATS),
            "--model": (options.model, _MODEL_FORMATS),
        },
        data=options.data,
        force=options.force,
    )
    if options.plot is not None:
        _require_matplotlib()
    table = _read(options)
    if len(table.values) < max(options.components, 2):
        raise _stop(
            f"{table.source} has {_rows(len(table.values))}, too few for {_components(options.components)}; "
            f"choose fewer components or more data",
            UNUSABLE,
        )

    with _Progress(quiet=options.as_json) as progress:
        model, notes = _fit_model(table, options, progress)
    report = _report(model, table, options, notes, _write_outputs(model, table, options))
    if options.as_json:
        sys.stdout.write(report.to_json() + "\n")
    else:
        _print_report(report, _console())


def _fit_model(table: Table, options: FitOptions, progress: _Progress) -> tuple[Any, tuple[str, ...]]:
    """Fit the estimator; its warnings, but for the one about convergence, become notes."""
    from sklearn.exceptions import ConvergenceWarning

    from gmmx import FitFailedError, GaussianMixture

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
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(table.values, sample_weight=table.weights)
        except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
            message = " ".join(str(error).split()) or type(error).__name__
            remedy = ". The options are --components, --reg-covar, --init-params and --seed"
            collapsed = isinstance(error, FitFailedError)
            raise _stop(f"the fit failed: {message.rstrip('.')}{remedy if collapsed else ''}", FIT_FAILED) from error
    notes = dict.fromkeys(
        " ".join(str(warning.message).split())
        for warning in caught
        if not issubclass(warning.category, ConvergenceWarning) or model.converged_
    )
    return model, tuple(notes)


def _write_outputs(model: Any, table: Table, options: FitOptions) -> dict[str, str]:
    """Write the files that were asked for; return their paths by what they hold."""
    written = {}
    try:
        if options.model is not None:
            _with_names(model, table).save(options.model)
            written["model"] = options.model
        if options.labels is not None:
            write_column(options.labels, "component", np.asarray(model.predict(table.values)))
            written["labels"] = options.labels
        if options.plot is not None:
            _save_plot(model, table, options.plot)
            written["plot"] = options.plot
    except OSError as error:
        raise _stop(f"the result cannot be written: {error}", UNUSABLE) from error
    return written


def _with_names(model: Any, table: Table) -> Any:
    """Return a copy of a model that knows the names of its columns, as if it were fitted to a data frame."""
    named = copy.copy(model)
    if table.has_header:
        named.feature_names_in_ = np.array(table.names, dtype=object)
    return named


def _save_plot(model: Any, table: Table, path: str) -> None:
    from gmmx.plots import plot_mixture

    axes = plot_mixture(model, table.values, feature_names=table.names, sample_weight=table.weights)
    figure = np.asarray(axes, dtype=object).flat[0].figure
    with replacing(path) as stream:
        figure.savefig(stream, format=Path(path).suffix.lower().lstrip("."), dpi=150)


def _report(
    model: Any, table: Table, options: FitOptions, notes: tuple[str, ...], written: dict[str, str]
) -> FitReport:
    weighted = {} if table.weights is None else {"sample_weight": table.weights}
    return FitReport(
        table=table,
        options=options,
        weights=np.asarray(model.weights_),
        means=np.asarray(model.means_),
        covariances=np.asarray(model.covariances_),
        log_likelihood=float(model.log_likelihood_),
        total_weight=float(len(table.values) if table.weights is None else table.weights.sum()),
        bic=float(model.bic(table.values, **weighted)),
        aic=float(model.aic(table.values, **weighted)),
        n_parameters=int(model._n_parameters()),
        n_iter=int(model.n_iter_),
        converged=bool(model.converged_),
        notes=notes,
        written=written,
    )


def _print_report(report: FitReport, console: Console) -> None:
    options, table = report.options, report.table
    n_rows, n_columns = table.values.shape

    def say(text: str) -> None:
        console.print(text, soft_wrap=True)

    say(f"{table.source}: {n_rows:,} rows x {n_columns:,} {'column' if n_columns == 1 else 'columns'}")
    for name, reason in _first(table.left_out):
        say(f"left out: {name} ({reason})")
    if len(table.left_out) > _MAX_ROWS:
        say(f"left out: {len(table.left_out) - _MAX_ROWS} more columns")
    if table.weights is not None:
        say(f"weights: {options.weight_column}, sum {report.total_weight:g}")
    jumps = f", acceleration {options.acceleration}" if options.acceleration else ""
    say(f"{_components(options.components)}, {options.covariance_type} covariance, seed {options.seed}{jumps}")
    console.print()
    for part in _mixture_tables(report, console):
        console.print(part, soft_wrap=isinstance(part, str))
    console.print()
    per_row = report.log_likelihood / report.total_weight
    say(f"log-likelihood  {report.log_likelihood:.6f} ({per_row:.6f} per row)")
    say(f"BIC             {report.bic:.4f}")
    say(f"AIC             {report.aic:.4f} ({report.n_parameters} free parameters)")
    say(f"iterations      {report.n_iter}")
    say(f"converged       {'yes' if report.converged else 'no: ' + _remedy(options)}")
    for note in report.notes:
        say(f"note: {note}")
    for what, path in report.written.items():
        say(f"wrote {what}: {path}")


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
    hidden = len(report.weights) - _MAX_ROWS
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
        table = _grid("component", "weight", *(f"mean{separator}{name}" for name in report.table.names))
        if variances is not None:
            table.add_column("variance", justify="right")
        for k in range(min(len(report.weights), _MAX_ROWS)):
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
    if len(covariances.reshape(-1, len(names))) > _MAX_ROWS:
        return None
    if report.options.covariance_type == "diag":
        table = _grid("component", *(f"variance {name}" for name in names))
        for k, row in enumerate(covariances):
            table.add_row(str(k), *map(_number, row))
        return table
    table = _grid("component", "covariance", *names)
    for k, matrix in enumerate(covariances.reshape(-1, len(names), len(names))):
        owner = "all" if covariances.ndim == 2 else str(k)
        for index, (name, row) in enumerate(zip(names, matrix, strict=True)):
            table.add_row(owner if index == 0 else "", name, *map(_number, row))
    return table


def _wide_tables(report: FitReport, console: Console) -> Iterator[RenderableType]:
    """Make a row for each column, a column for each component; the first ones if there are many."""
    n_components, n_columns = report.means.shape
    shown = min(n_components, _MAX_ROWS)
    table = _deviations_table(report, shown)
    while shown > 1 and not _fits(table, console):
        shown -= 1
        table = _deviations_table(report, shown)
    yield table
    if shown < n_components or n_columns > _MAX_ROWS:
        rows = min(n_columns, _MAX_ROWS)
        yield f"... {rows} of {n_columns} columns, {shown} of {_components(n_components)}"
    yield _REST_ELSEWHERE


def _deviations_table(report: FitReport, shown: int) -> RichTable:
    """Make a table of mean and standard deviation in the first components."""
    deviations = _standard_deviations(report)
    table = _grid("mean ± deviation", *(f"{k} (weight {report.weights[k]:.3g})" for k in range(shown)))
    for index, name in _first(list(enumerate(report.table.names))):
        short = name if len(name) <= 20 else f"{name[:10]}…{name[-9:]}"
        cells = (f"{_number(report.means[k, index])} ± {deviations[k, index]:.3g}" for k in range(shown))
        table.add_row(short, *cells)
    return table


def _standard_deviations(report: FitReport) -> npt.NDArray[np.float64]:
    """Return the deviation of each column in each component, whatever the covariance type."""
    covariances, shape = report.covariances, report.means.shape
    kind = report.options.covariance_type
    if kind == "spherical":
        covariances = covariances[:, np.newaxis]
    elif kind != "diag":
        covariances = np.diagonal(covariances, axis1=-2, axis2=-1)
    return np.sqrt(np.broadcast_to(covariances, shape))


# --- shared by the commands ---


def _read(options: FitOptions) -> Table:
    try:
        return read_table(
            options.data,
            columns=None if options.columns is None else _split_names(options.columns),
            weight_column=options.weight_column,
            label_column=options.label_column,
            header=options.header,
        )
    except TableError as error:
        raise _stop(str(error), UNUSABLE) from error


def _split_names(text: str) -> list[str]:
    """Split ``a,"b,c",d`` into names."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def _check_jobs(jobs: int | None) -> None:
    if jobs == 0:
        raise _stop("--jobs must not be 0; give a number of threads, or -1 for all", UNUSABLE)


def _check_outputs(outputs: dict[str, tuple[str | None, Sequence[str]]], *, data: str, force: bool) -> None:
    """Refuse output paths that could not be written, before any work is done."""
    taken = {os.path.realpath(data): "DATA"} if data != STANDARD_INPUT else {}
    for option, (path, formats) in outputs.items():
        if path is None:
            continue
        suffix, folder = Path(path).suffix.lower(), Path(path).parent
        real = os.path.realpath(path)
        if suffix not in formats:
            raise _stop(f"{option} {path}: the file must end in {' or '.join(formats)}", UNUSABLE)
        if real in taken:
            raise _stop(f"{option} {path}: this file is {taken[real]} already; choose another name", UNUSABLE)
        if not folder.is_dir():
            raise _stop(f"{option} {path}: there is no directory {folder}; create it first", UNUSABLE)
        if not os.access(os.path.dirname(real), os.W_OK):
            raise _stop(f"{option} {path}: no permission to write into {folder}", UNUSABLE)
        if os.path.isdir(path):
            raise _stop(f"{option} {path}: this is a directory; name a file", UNUSABLE)
        if os.path.lexists(path) and not force:
            raise _stop(f"{option} {path}: the file exists; say --force to replace it", UNUSABLE)
        taken[real] = option


def _require_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        raise _stop(f"--plot needs matplotlib; install it with: {INSTALL_COMMAND}", UNUSABLE) from error


def _stop(message: str, exit_code: int) -> click.ClickException:
    """Make the exception that ends the command with one line and an exit code."""
    import click

    error = click.ClickException(message)
    error.exit_code = exit_code  # type: ignore[misc]  # click's own way to set it
    return error


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


class _Progress:
    """A line on a terminal's standard error that shows iteration and log-likelihood once a fit takes long."""

    def __init__(self, *, quiet: bool) -> None:
        self._enabled = not quiet and sys.stderr.isatty()
        self._status: Status | None = None
        self._start: int = 1
        self._last_iteration = 0
        self._started_at = 0.0
        self._timer: threading.Timer | None = None

    def __enter__(self) -> _Progress:
        """Show nothing yet; begin after a second."""
        if self._enabled:
            self._status = _console(stderr=True).status("fitting: looking for a start")
            self._started_at = time.monotonic()
            self._timer = threading.Timer(_QUIET_SECONDS, self._status.start)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal clean."""
        if self._timer is not None and self._status is not None:
            self._timer.cancel()
            self._timer.join()
            self._status.stop()

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


def _grid(*headings: str) -> RichTable:
    """Make an empty table: names on the left, numbers on the right."""
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for heading in headings:
        left = heading in {"component", "covariance", "mean ± deviation"}
        table.add_column(heading, justify="left" if left else "right", no_wrap=left)
    return table


def _fits(table: RichTable, console: Console) -> bool:
    """Whether a table can be printed without folding a cell."""
    unbounded = console.options.update(width=1_000_000)
    return console.measure(table, options=unbounded).maximum <= console.width


def _first(items: Sequence[Any]) -> Sequence[Any]:
    return items[:_MAX_ROWS]


def _number(value: float) -> str:
    return f"{value:.5g}"


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _components(count: int) -> str:
    return f"{count} component" if count == 1 else f"{count} components"
