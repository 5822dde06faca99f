"""``gmmx fit``: one mixture, from the numbers in a file."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from gmmx._core import covariance_types
from gmmx._text_tables import counted
from gmmx.cli.commands import REQUIRED, option
from gmmx.cli.console import print_line, print_mixture, print_pairs, status_line
from gmmx.cli.file_formats import size_of
from gmmx.cli.fit_common import Fitted, check_covariance_types, notes_of_fit, read_rows, refuse_labels, run_fit
from gmmx.cli.input import FileRows, Table
from gmmx.cli.options import LARGEST_COUNT, STANDARD_STREAM, FittingOptions
from gmmx.mixture._mixture_report import NamedMixture, fit_summary, information_criteria

# Larger files, in bytes, are streamed from disk in each iteration.
LARGE = 1 << 30

# Columns are searched for labels in this many rows if the rows stay in their file.
_INSPECTED = 10_000


class NumberOfComponents(click.IntRange):
    """A number; what is none, such as a range, has its remedy."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        if not re.fullmatch(r"[+-]?\d+", str(value)):
            self.fail(f"{value!r} is not a number; give one such as 3, or compare a range with gmmx select", param, ctx)
        return super().convert(value, param, ctx)


class OneOf(click.Choice[str]):
    """One of some names; a refusal suggests the closest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Find the name."""
        if value not in self.choices:
            by_lower_case = {name.lower(): name for name in self.choices}
            if close := difflib.get_close_matches(str(value).lower(), by_lower_case, n=1):
                self.fail(f"there is no {value!r}; did you mean {by_lower_case[close[0]]!r}?", param, ctx)
        return super().convert(value, param, ctx)


@dataclass(frozen=True, kw_only=True)
class FitOptions(FittingOptions):
    """The options of ``gmmx fit``."""

    components: int = option(
        "Number of components.", "-k", "--components", type=NumberOfComponents(min=1), default=REQUIRED
    )
    covariance_type: str = option(
        "Shape of the covariances: one matrix each, one shared, one variance a column, one variance.",
        default="full",
        type=OneOf(covariance_types()),
    )
    batch_size: int | None = option(
        "Stream DATA from disk in batches of this many rows; files beyond 1 GiB are streamed in any case.",
        type=click.IntRange(1, LARGEST_COUNT),
        metavar="ROWS",
    )


def fit(options: FitOptions) -> None:
    """Fit a Gaussian mixture to the numbers in DATA and print it.

    DATA is a CSV, TSV, Parquet, NPY or NPZ file, or - for standard input. Columns that do not hold numbers are left
    out. Components are numbered from 0.

    Examples
    --------
    gmmx fit faithful.csv --components 2 --plot faithful.png
    gmmx fit cells.tsv -k 4 --columns "height,width" --labels labels.csv
    gmmx fit readings.parquet -k 8 --batch-size 100000 --model readings.safetensors
    gmmx fit survey.csv -k 3 --weight-column weight --json > mixture.json
    grep -v NA readings.csv | gmmx fit - -k 2 --covariance-type diag
    """

    def fit_table(table: Table) -> Fitted:
        check_covariance_types([options.covariance_type], table)
        in_batches = options.batch_size is not None or table.file.n_bytes > LARGE
        return _fit_batches(table, options) if in_batches else _fit_whole(table, options)

    is_large = options.data == STANDARD_STREAM and size_of(sys.stdin.buffer) > LARGE
    run_fit(options, fit_table, again=options.batch_size is not None or is_large)


@dataclass(frozen=True)
class _FittedMixture(Fitted):
    """One mixture; `drawn` returns the rows that a picture shows."""

    options: FitOptions
    batch_size: int | None
    drawn: Callable[[], FileRows]

    def draw(self) -> Any:
        from gmmx import plot

        rows, names = self.drawn(), self.data.names
        return plot.classification(self.model, rows.X, feature_names=names, sample_weight=rows.sample_weight).figure

    def document(self) -> dict[str, Any]:
        model, options, total_weight = self.model, self.options, self.data.count.total_weight
        log_likelihood = float(model.log_likelihood_)
        return {
            "n_components": options.components,
            "covariance_type": options.covariance_type,
            "seed": options.seed,
            "acceleration": options.acceleration,
            "batch_size": self.batch_size,
            **NamedMixture.of(model, self.data.names).to_json(),
            "log_likelihood": log_likelihood,
            "log_likelihood_per_row": log_likelihood / total_weight,
            **information_criteria(log_likelihood, model.n_parameters_, total_weight),
            "n_parameters": model.n_parameters_,
            "n_iter": int(model.n_iter_),
            "converged": bool(model.converged_),
        }

    def print(self) -> None:
        options = self.options
        if self.batch_size is not None:
            print_line(f"streamed from disk in batches of {counted(self.batch_size, 'row')}")
        size = counted(options.components, "component")
        jumps = f", acceleration {options.acceleration}" if options.acceleration else ""
        print_line(f"{size}, {options.covariance_type} covariance, seed {options.seed}{jumps}")
        print_mixture(NamedMixture.of(self.model, self.data.names))
        more = max(10 * options.max_iter, 100)
        remedy = f"raise --max-iter (for example to {more}), loosen --tol, or try another --seed or --init-params"
        print_pairs(fit_summary(self.model, self.data.count.total_weight, remedy))


def _fit_whole(table: Table, options: FitOptions) -> Fitted:
    """Fit rows in memory."""
    rows = read_rows(table, options.components, options)
    with status_line("fitting: looking for a start", quiet=options.as_json) as update:
        model = _estimator(options, _progress(update))
        notes = _notes_of(model, table, lambda: model.fit(rows.X, sample_weight=rows.sample_weight))
    return _FittedMixture(model, table, notes, lambda: [rows], options, None, lambda: rows)


def _fit_batches(table: Table, options: FitOptions) -> Fitted:
    """Fit rows that stay in their file; the progress is that of `fit_batches`."""
    reader = table.reader(options.batch_size)
    if (first := next(table.parts(table.reader(_INSPECTED)), None)) is not None:
        refuse_labels(table, first.X, options)
    model = _estimator(options, None)
    progress = False if options.as_json else None
    with reader.spooled() as spooled:
        batches = partial(table.batches, spooled)
        notes = _notes_of(model, table, lambda: model.fit_batches(batches, progress=progress))
    rows = partial(table.parts, reader)
    return _FittedMixture(model, table, notes, rows, options, reader.batch_size, table.sample)


def _estimator(options: FitOptions, callback: Callable[[int, float], None] | None) -> Any:
    from gmmx import GaussianMixture

    kind: dict[str, Any] = {"n_components": options.components, "covariance_type": options.covariance_type}
    return GaussianMixture(**kind, **options.parameters(), callback=callback)


def _notes_of(model: Any, table: Table, fit: Callable[[], Any]) -> list[str]:
    """Fit; its warnings, except for the one about convergence, become notes."""
    from sklearn.exceptions import ConvergenceWarning

    return notes_of_fit(
        fit, table, keep=lambda warning: not issubclass(warning.category, ConvergenceWarning) or model.converged_
    )


def _progress(update: Callable[[str], None]) -> Callable[[int, float], None]:
    """Return the callback of a fit: it shows the number of the restart, the iteration and the log-likelihood."""
    restart, last_iteration = 1, 0

    def show(iteration: int, log_likelihood: float) -> None:
        nonlocal restart, last_iteration
        restart += iteration < last_iteration
        last_iteration = iteration
        start = f"start {restart}, " if restart > 1 else ""
        update(f"fitting: {start}iteration {iteration}, log-likelihood {log_likelihood:.4f}")

    return show
