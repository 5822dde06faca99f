"""What the commands share: options, reading, refusals, and how things look on a terminal."""

from __future__ import annotations

import contextlib
import copy
import csv
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gmmx._core import covariance_types
from gmmx._files import replacing
from gmmx.tables import STANDARD_INPUT, Table, TableError, read_table, write_column

if TYPE_CHECKING:
    import click
    from rich.console import Console
    from rich.table import Table as RichTable

INSTALL_COMMAND = 'pip install "gmmx-native[cli]"'

COVARIANCE_TYPES = tuple(covariance_types())
INITIALISATIONS = ("kmeans", "hc", "k-means++", "random", "random_from_data")

FIT_FAILED = 1
UNUSABLE = 2
MAX_ROWS = 24

_PLOT_FORMATS = (".png", ".svg", ".pdf")
_LABEL_FORMATS = (".csv",)
_MODEL_FORMATS = (".safetensors",)
_QUIET_SECONDS = 1.0

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """The options that every command has, and the defaults that none changes."""

    data: str
    acceleration: str | None = None
    n_init: int = 1
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


# --- options ---


def em_options(*, tol: float, max_iter: int, reg_covar: float, init_params: str) -> Callable[[Function], Function]:
    """Make a decorator that adds the options of EM, with these defaults."""
    import click

    positive = click.IntRange(min=1)
    not_negative = click.FloatRange(min=0.0)
    return _all_of(
        click.option(
            "--init-params",
            type=click.Choice(INITIALISATIONS),
            default=init_params,
            show_default=True,
            help="How a start is found.",
        ),
        click.option("--n-init", type=positive, default=1, show_default=True, help="Starts; the best one is kept."),
        click.option(
            "--tol",
            type=not_negative,
            default=tol,
            show_default=True,
            help="EM stops when the log-likelihood per row gains less than this.",
        ),
        click.option(
            "--max-iter",
            type=click.IntRange(min=0),
            default=max_iter,
            show_default=True,
            help="Iterations of EM at most.",
        ),
        click.option(
            "--acceleration",
            type=click.Choice(["anderson", "squarem"]),
            help="Jump ahead of EM's iterations, so that fewer are needed.",
        ),
        click.option(
            "--reg-covar", type=not_negative, default=reg_covar, show_default=True, help="Added to every variance."
        ),
        click.option(
            "--seed",
            type=click.IntRange(0, 2**32 - 1),
            default=0,
            show_default=True,
            help="Seed of the start: the same seed gives the same mixture.",
        ),
        click.option("--jobs", type=int, default=None, help="Threads; -1 for all.  [default: the physical cores]"),
    )


def data_options() -> Callable[[Function], Function]:
    """Make a decorator that adds the options of reading."""
    import click

    return _all_of(
        click.option("--columns", metavar="A,B,...", help="Columns to fit.  [default: all that hold numbers]"),
        click.option(
            "--weight-column", metavar="NAME", help="Column of row weights: 2 counts a row twice, 0 not at all."
        ),
        click.option("--label-column", metavar="NAME", help="Column to ignore, such as known classes."),
        click.option(
            "--header/--no-header", default=None, help="Whether the first row holds names.  [default: found out]"
        ),
    )


def output_options(*, plot: str) -> Callable[[Function], Function]:
    """Make a decorator that adds the options of writing; `plot` tells what is drawn."""
    import click

    return _all_of(
        click.option("--plot", metavar="FILE", help=f"{plot} (.png, .svg or .pdf)."),
        click.option("--labels", metavar="FILE", help="Write the most likely component of each row, from 0 (.csv)."),
        click.option("--model", metavar="FILE", help="Save the mixture (.safetensors); gmmx.load reads it."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."),
        click.option("--force", is_flag=True, help="Replace output files that exist."),
    )


def _all_of(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


# --- before the work ---


def usable_table(options: CommonOptions) -> Table:
    """Refuse what can be refused before any work: options, outputs, a missing matplotlib, data."""
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
    return _read(options)


def require_rows(table: Table, n_components: int) -> None:
    """Refuse fewer rows than components."""
    if len(table.values) < max(n_components, 2):
        raise stop(
            f"{table.source} has {rows(len(table.values))}, too few for {components(n_components)}; "
            f"choose fewer components or more data",
            UNUSABLE,
        )


def _read(options: CommonOptions) -> Table:
    try:
        return read_table(
            options.data,
            columns=None if options.columns is None else _split_names(options.columns),
            weight_column=options.weight_column,
            label_column=options.label_column,
            header=options.header,
        )
    except TableError as error:
        raise stop(str(error), UNUSABLE) from error


def _split_names(text: str) -> list[str]:
    """Split ``a,"b,c",d`` into names."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def _check_jobs(jobs: int | None) -> None:
    if jobs == 0:
        raise stop("--jobs must not be 0; give a number of threads, or -1 for all", UNUSABLE)


def _check_outputs(outputs: dict[str, tuple[str | None, Sequence[str]]], *, data: str, force: bool) -> None:
    """Refuse output paths that could not be written, before any work is done."""
    taken = {os.path.realpath(data): "DATA"} if data != STANDARD_INPUT else {}
    for option, (path, formats) in outputs.items():
        if path is None:
            continue
        suffix, folder = Path(path).suffix.lower(), Path(path).parent
        real = os.path.realpath(path)
        if suffix not in formats:
            raise stop(f"{option} {path}: the file must end in {' or '.join(formats)}", UNUSABLE)
        if real in taken:
            raise stop(f"{option} {path}: this file is {taken[real]} already; choose another name", UNUSABLE)
        if not folder.is_dir():
            raise stop(f"{option} {path}: there is no directory {folder}; create it first", UNUSABLE)
        if not os.access(os.path.dirname(real), os.W_OK):
            raise stop(f"{option} {path}: no permission to write into {folder}", UNUSABLE)
        if os.path.isdir(path):
            raise stop(f"{option} {path}: this is a directory; name a file", UNUSABLE)
        if os.path.lexists(path) and not force:
            raise stop(f"{option} {path}: the file exists; say --force to replace it", UNUSABLE)
        taken[real] = option


def _require_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        raise stop(f"--plot needs matplotlib; install it with: {INSTALL_COMMAND}", UNUSABLE) from error


# --- the work ---


def fit_quietly(model: Any, table: Table, *, remedy: str) -> list[warnings.WarningMessage]:
    """Fit an estimator; return its warnings. `remedy` tells what to change if components collapse."""
    from gmmx import FitFailedError

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(table.values, sample_weight=table.weights)
        except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
            message = one_line(error) or type(error).__name__
            collapsed = isinstance(error, FitFailedError)
            raise stop(f"the fit failed: {message.rstrip('.')}{remedy if collapsed else ''}", FIT_FAILED) from error
    return caught


def write_outputs(model: Any, table: Table, options: CommonOptions, draw: Callable[[], Any]) -> dict[str, str]:
    """Write the files that were asked for; return their paths by what they hold. `draw` returns a figure."""
    written = {}
    try:
        if options.model is not None:
            _with_names(model, table).save(options.model)
            written["model"] = options.model
        if options.labels is not None:
            write_column(options.labels, "component", np.asarray(model.predict(table.values)))
            written["labels"] = options.labels
        if options.plot is not None:
            _save_figure(draw(), options.plot)
            written["plot"] = options.plot
    except OSError as error:
        raise stop(f"the result cannot be written: {error}", UNUSABLE) from error
    return written


def _with_names(model: Any, table: Table) -> Any:
    """Return a copy of a model that knows the names of its columns, as if it were fitted to a data frame."""
    named = copy.copy(model)
    if table.has_header:
        named.feature_names_in_ = np.array(table.names, dtype=object)
    return named


def _save_figure(figure: Any, path: str) -> None:
    with replacing(path) as stream:
        figure.savefig(stream, format=Path(path).suffix.lower().lstrip("."), dpi=150)


# --- what is said ---


def describe_data(table: Table) -> dict[str, Any]:
    """Return what a JSON document says of the data."""
    return {
        "data": table.source,
        "n_samples": len(table.values),
        "n_features": len(table.names),
        "columns": list(table.names),
        "left_out": [{"column": name, "reason": reason} for name, reason in table.left_out],
        "total_weight": total_weight(table),
    }


def say_data(table: Table, options: CommonOptions, console: Console) -> None:
    """Print what was read."""
    n_rows, n_columns = table.values.shape
    say(console, f"{table.source}: {n_rows:,} rows x {n_columns:,} {'column' if n_columns == 1 else 'columns'}")
    for name, reason in first(table.left_out):
        say(console, f"left out: {name} ({reason})")
    if len(table.left_out) > MAX_ROWS:
        say(console, f"left out: {len(table.left_out) - MAX_ROWS} more columns")
    if table.weights is not None:
        say(console, f"weights: {options.weight_column}, sum {total_weight(table):g}")


def total_weight(table: Table) -> float:
    """Return how many rows the table stands for."""
    return float(len(table.values) if table.weights is None else table.weights.sum())


def say(console: Console, text: str) -> None:
    """Print a line whole, however long."""
    console.print(text, soft_wrap=True)


def stop(message: str, exit_code: int) -> click.ClickException:
    """Make the exception that ends the command with one line and an exit code."""
    import click

    error = click.ClickException(message)
    error.exit_code = exit_code  # type: ignore[misc]  # click's own way to set it
    return error


def open_console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def watched(*, quiet: bool) -> bool:
    """Whether somebody would see a display of progress."""
    return not quiet and sys.stderr.isatty()


@contextlib.contextmanager
def shown_if_slow(display: Any) -> Iterator[None]:
    """Start a display of rich after a second, if the body still runs then, and leave the terminal clean."""
    started = threading.Event()

    def start() -> None:
        started.set()
        display.start()

    timer = threading.Timer(_QUIET_SECONDS, start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if started.is_set():
            display.stop()


def grid(*headings: str) -> RichTable:
    """Make an empty table: names on the left, numbers on the right."""
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for heading in headings:
        left = heading in {"component", "covariance", "mean ± deviation", "model"}
        table.add_column(heading, justify="left" if left else "right", no_wrap=left)
    return table


def first(items: Sequence[Any]) -> Sequence[Any]:
    """Return as many as are shown of a long list."""
    return items[:MAX_ROWS]


def one_line(thing: object) -> str:
    """Return a text without line breaks."""
    return " ".join(str(thing).split())


def rows(count: int) -> str:
    """Count rows in words."""
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def components(count: int) -> str:
    """Count components in words."""
    return f"{count} component" if count == 1 else f"{count} components"
