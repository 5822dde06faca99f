"""The options that commands share, as dataclasses that `gmmx.cli.commands` makes options of, and formats of files."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gmmx.cli.commands import argument, option
from gmmx.cli.console import stop
from gmmx.io import _file_formats
from gmmx.io._cells import Decimal

# This path stands for standard input or standard output.
STANDARD_STREAM = "-"

# Commands read and write these formats; those of text have a character between two cells.
FORMATS = {name: _file_formats.FORMATS[name] for name in ("csv", "tsv", "parquet", "npy", "npz")}
ENDINGS = [ending for known in FORMATS.values() for ending in known.endings]
DELIMITERS = {name: known.delimiter for name, known in FORMATS.items() if known.delimiter}

# The native code takes no larger count.
LARGEST_COUNT = 2**31 - 1

_INITIALIZERS = ("kmeans", "stream", "hc", "k-means++", "random", "random_from_data")
_JOBS = "Threads; -1 for all.  [default: the physical cores]"
_NAMED_CHARACTERS: dict[str | None, str] = {"tab": "\t", "\\t": "\t", "space": " "}


def format_of(path: str) -> str | None:
    """Return the format of a file by its name's ending, None if that is unknown; those of text may be packed."""
    return _file_formats.format_of(path, FORMATS)


def listed(alternatives: Sequence[str]) -> str:
    """List alternatives in a sentence."""
    *most, last = alternatives
    return f"{', '.join(most)} or {last}" if most else last


class FiniteNumber(click.FloatRange):
    """A number that is neither NaN nor infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        try:
            float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


def check_delimiter(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Return the character that was given, or that with this name: shells swallow some."""
    character = _NAMED_CHARACTERS.get(given, given)
    if character is not None and (len(character) != 1 or character in '"\r\n\0'):
        raise click.BadParameter(f"{given!r} is not one character; give one, or tab or space")
    return character


def check_jobs(ctx: click.Context, parameter: click.Parameter, jobs: int | None) -> int | None:
    """Refuse 0 threads."""
    if jobs == 0:
        raise stop("--jobs must not be 0; give a number of threads, or -1 for all")
    return jobs


def seed_option(text: str) -> Any:
    """Declare --seed."""
    return option(text, default=0, type=click.IntRange(0, 2**32 - 1))


def jobs_option(text: str = _JOBS) -> Any:
    """Declare --jobs."""
    return option(text, type=int, callback=check_jobs)


def json_option() -> Any:
    """Declare --json."""
    return option("Print one JSON document and nothing else.", "--json", default=False)


@dataclass(frozen=True, kw_only=True)
class JsonOptions:
    """How a command that only prints ends."""

    as_json: bool = json_option()


@dataclass(frozen=True, kw_only=True)
class WritingOptions:
    """How a command that writes files ends."""

    as_json: bool = json_option()
    force: bool = option("Replace output files that exist.", default=False)


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which numbers are read."""

    data: str = argument("DATA")
    columns: str | None = option("Columns to fit.  [default: all that hold numbers]", metavar="A,B,...")
    weight_column: str | None = option("Column of row weights: 2 counts a row twice, 0 not at all.", metavar="NAME")
    label_column: str | None = option("Column to ignore, such as known classes.", metavar="NAME")
    header: bool | None = option("Whether the first row holds names.  [default: found out]", "--header/--no-header")
    delimiter: str | None = option(
        "Character between the cells of text; also tab or space.  [default: found out]",
        callback=check_delimiter,
        metavar="CHAR",
    )
    decimal: Decimal | None = option("Decimal character of text.  [default: found out]", choices=[".", ","])
    drop_missing: bool = option("Leave out rows with missing values, and print how many.", default=False)
    format: str | None = option("Format of DATA.  [default: by its ending]", choices=FORMATS)
    array: str | None = option("Array of a .npz file.  [default: the only one]", metavar="NAME")

    @property
    def data_format(self) -> str:
        """The format of DATA: that of --format, else by its ending; CSV for standard input. Others are refused."""
        path = self.data
        known = self.format or ("csv" if path == STANDARD_STREAM else format_of(path))
        if known is None and Path(path).is_dir():
            raise stop(f"{path} is a folder; a folder of Parquet files needs --format parquet")
        if known is None:
            raise stop(
                f"{path}: the data must end in {listed(ENDINGS)}, or be {STANDARD_STREAM} for standard input; for "
                "another name give its format by --format"
            )
        return known


@dataclass(frozen=True, kw_only=True)
class ModelDataOptions(DataOptions):
    """Which numbers are read for a model."""

    model: str = argument("MODEL")
    columns: str | None = option(
        "Columns that are the model's features: by name if they have its names, else in its order.  [default: those of "
        "the features' names, or all that hold numbers]",
        metavar="A,B,...",
    )


@dataclass(frozen=True, kw_only=True)
class EMOptions:
    """How EM runs; the defaults are those of `GaussianMixture`."""

    init_params: str = option("How a restart is initialized.", default="kmeans", choices=_INITIALIZERS)
    n_init: int = option(
        "Number of restarts; the best is the result.", default=1, type=click.IntRange(1, LARGEST_COUNT)
    )
    tol: float = option(
        "EM stops when the log-likelihood per row gains less than this.", default=1e-3, type=FiniteNumber(min=0.0)
    )
    max_iter: int = option("Iterations of EM at most.", default=100, type=click.IntRange(0, LARGEST_COUNT))
    acceleration: str | None = option(
        "Jump ahead of EM's iterations, so that fewer are needed; auto does wherever it can.",
        choices=["anderson", "squarem", "auto"],
    )
    reg_covar: float = option("Added to every variance.", default=1e-6, type=FiniteNumber(min=0.0))
    prior: str | None = option(
        "Conjugate prior of the parameters, which keeps components from collapsing.", choices=["default"]
    )
    seed: int = seed_option("Seed of the initialization: the same seed gives the same mixture.")
    jobs: int | None = jobs_option()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the estimator."""
        same = ("init_params", "n_init", "tol", "max_iter", "acceleration", "reg_covar", "prior")
        return {name: getattr(self, name) for name in same} | {"random_state": self.seed, "n_jobs": self.jobs}


@dataclass(frozen=True, kw_only=True)
class FitOutputOptions(WritingOptions):
    """Where the results of a fit go."""

    plot: str | None = option("Draw data and components (.png, .svg or .pdf).", metavar="FILE")
    labels: str | None = option("Write the most likely component of each row, from 0.", metavar="FILE")
    model: str | None = option("Save the mixture (.safetensors); gmmx predict reads it.", metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class FittingOptions(EMOptions, DataOptions, FitOutputOptions):
    """Options of the commands that fit."""


@dataclass(frozen=True, kw_only=True)
class RowsOptions(WritingOptions):
    """Where rows go that are the result of a command."""

    output: str = option(
        "Where the rows go, by the ending; - for standard output.", "-o", "--output", default="-", metavar="FILE"
    )
    output_format: str | None = option("Format of the output.  [default: by its ending, or csv]", choices=FORMATS)

    @property
    def to_stream(self) -> bool:
        """Whether the rows go to standard output."""
        return self.output == STANDARD_STREAM

    @property
    def quiet(self) -> bool:
        """Whether a progress bar would disturb: a program reads, or the rows themselves run over the terminal."""
        return self.as_json or (self.to_stream and sys.stdout.isatty())

    @property
    def prints_report(self) -> bool:
        """Whether a report of what was written is printed."""
        return not (self.as_json or self.to_stream)
