"""The options that commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from gmmx.cli.console import UNUSABLE, stop
from gmmx.cli.formats import FORMATS, STANDARD_STREAM
from gmmx.io._cells import Decimal

INITIALISATIONS = ("kmeans", "hc", "k-means++", "random", "random_from_data")
SEEDS = 2**32 - 1

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What tells which numbers are read; one field an option, and its default."""

    data: str
    columns: str | None = None
    weight_column: str | None = None
    label_column: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    decimal: Decimal | None = None
    drop_missing: bool = False
    format: str | None = None
    array: str | None = None


@dataclass(frozen=True, kw_only=True)
class FittingOptions(DataOptions):
    """What the commands that fit have in common, with the defaults that none changes."""

    acceleration: str | None = None
    n_init: int = 1
    seed: int = 0
    jobs: int | None = None
    plot: str | None = None
    labels: str | None = None
    model: str | None = None
    as_json: bool = False
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class RowsOptions:
    """What the commands whose result is rows have in common."""

    output: str = STANDARD_STREAM
    output_format: str | None = None
    as_json: bool = False
    force: bool = False

    @property
    def to_stream(self) -> bool:
        """Whether the rows go to standard output."""
        return self.output == STANDARD_STREAM

    @property
    def quiet(self) -> bool:
        """Whether a bar would disturb: a program reads, or the rows themselves run over the terminal."""
        return self.as_json or (self.to_stream and sys.stdout.isatty())

    @property
    def tells(self) -> bool:
        """Whether people are told what was written."""
        return not (self.as_json or self.to_stream)


MOST = 2**31 - 1
"""Of whatever is counted in the native code."""


def em_options(*, tol: float, max_iter: int, reg_covar: float, init_params: str) -> Callable[[Function], Function]:
    """Make a decorator that adds the options of EM, with these defaults."""
    import click

    from gmmx.cli.param_types import FiniteNumber

    positive = click.IntRange(1, MOST)
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
            type=FiniteNumber(),
            default=tol,
            show_default=True,
            help="EM stops when the log-likelihood per row gains less than this.",
        ),
        click.option(
            "--max-iter",
            type=click.IntRange(0, MOST),
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
            "--reg-covar", type=FiniteNumber(), default=reg_covar, show_default=True, help="Added to every variance."
        ),
        seed_option("Seed of the start: the same seed gives the same mixture."),
        jobs_option(),
    )


def seed_option(what: str) -> Callable[[Function], Function]:
    """Make a decorator that adds --seed."""
    import click

    return click.option("--seed", type=click.IntRange(0, SEEDS), default=0, show_default=True, help=what)


def jobs_option() -> Callable[[Function], Function]:
    """Make a decorator that adds --jobs."""
    import click

    return click.option("--jobs", type=int, default=None, help="Threads; -1 for all.  [default: the physical cores]")


def data_options(
    *, columns: str = "Columns to fit.  [default: all that hold numbers]", weights: bool = True
) -> Callable[[Function], Function]:
    """Make a decorator that adds the options of reading; `columns` tells what --columns does."""
    import click

    from gmmx.cli.param_types import Delimiter

    weight_column = click.option(
        "--weight-column", metavar="NAME", help="Column of row weights: 2 counts a row twice, 0 not at all."
    )
    return _all_of(
        click.option("--columns", metavar="A,B,...", help=columns),
        *([weight_column] if weights else []),
        click.option("--label-column", metavar="NAME", help="Column to ignore, such as known classes."),
        click.option(
            "--header/--no-header", default=None, help="Whether the first row holds names.  [default: found out]"
        ),
        click.option(
            "--delimiter",
            type=Delimiter(),
            metavar="CHAR",
            help="What stands between the cells of text; also tab or space.  [default: found out]",
        ),
        click.option(
            "--decimal", type=click.Choice([".", ","]), help="Decimal character of text.  [default: found out]"
        ),
        click.option("--drop-missing", is_flag=True, help="Leave out rows with missing values, and say how many."),
        click.option("--format", type=click.Choice(FORMATS), help="Format of DATA.  [default: by its ending]"),
        click.option("--array", metavar="NAME", help="Array of a .npz file.  [default: the only one]"),
    )


MODEL_COLUMNS = (
    "Columns that are the model's features: by name if they have its names, else in its order.  [default: those of the "
    "features' names, or all that hold numbers]"
)


def rows_options(what: str) -> Callable[[Function], Function]:
    """Make a decorator that adds the options of a command whose result is rows."""
    import click

    return _all_of(
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            default="-",
            show_default=True,
            help=f"Where {what} go, by the ending; - for standard output.",
        ),
        click.option(
            "--output-format",
            type=click.Choice(FORMATS),
            help="Format of the output.  [default: by its ending, or csv]",
        ),
        ending_options(),
    )


def ending_options(*, force: bool = True) -> Callable[[Function], Function]:
    """Make a decorator that adds --json and, unless nothing is written, --force."""
    import click

    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
    replace = click.option("--force", is_flag=True, help="Replace output files that exist.")
    return _all_of(as_json, replace) if force else as_json


def output_options(*, plot: str) -> Callable[[Function], Function]:
    """Make a decorator that adds the options of writing a fit; `plot` tells what is drawn."""
    import click

    return _all_of(
        click.option("--plot", metavar="FILE", help=f"{plot} (.png, .svg or .pdf)."),
        click.option(
            "--labels",
            metavar="FILE",
            help="Write the most likely component of each row, from 0.",
        ),
        click.option("--model", metavar="FILE", help="Save the mixture (.safetensors); gmmx predict reads it."),
        ending_options(),
    )


def check_jobs(jobs: int | None) -> None:
    """Refuse 0 threads."""
    if jobs == 0:
        raise stop("--jobs must not be 0; give a number of threads, or -1 for all", UNUSABLE)


def _all_of(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate
