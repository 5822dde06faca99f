"""``gmmx select``: the covariance type and the number of components that a criterion prefers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from gmmx._text_tables import counted
from gmmx.cli import console
from gmmx.cli.column_selection import split_names
from gmmx.cli.commands import option
from gmmx.cli.fit_common import Fitted, check_covariance_types, notes_of_fit, read_rows, run_fit
from gmmx.cli.input import FileRows, Table
from gmmx.cli.options import FittingOptions
from gmmx.mixture._selection_report import Hints, report

# Up to this many components, those beyond the rows take no time.
_FEW = 9

_HINTS = Hints("--top prints them, --json all", "--json has the reasons")


@dataclass(frozen=True, kw_only=True)
class SelectOptions(FittingOptions):
    """The options of ``gmmx select``; those of EM have the defaults of `GaussianMixtureIC`."""

    components: str = option(
        "Numbers of components to compare: a range, or one number.",
        "-k",
        "--components",
        default="1-9",
        metavar="MIN-MAX",
    )
    covariance_type: str = option(
        "Covariance types to compare; all stands for the 14 of the parsimonious family, EII to VVV.",
        default="all",
        metavar="A,B,...",
    )
    criterion: str = option(
        "Criterion of the choice; the smaller, the better.", default="bic", choices=("bic", "icl", "aic")
    )
    top: int = option("Number of mixtures to print.", default=10, type=click.IntRange(min=1))
    plot: str | None = option("Draw the criterion by number of components (.png, .svg or .pdf).", metavar="FILE")
    init_params: str = "hc"
    tol: float = 1e-6
    max_iter: int = 10_000
    reg_covar: float = 0.0


def select(options: SelectOptions) -> None:
    """Fit mixtures of all covariance types and numbers of components to DATA and print the best.

    DATA is a CSV, TSV, Parquet, NPY or NPZ file, or - for standard input; all of it is read into memory. Columns that
    do not hold numbers are left out. --labels and --model write the labels and the parameters of the best mixture.

    Examples
    --------
    gmmx select faithful.csv
    gmmx select cells.tsv -k 2-6 --covariance-type VVV,EEE --criterion icl --plot criterion.png
    gmmx select survey.csv --weight-column weight --model best.safetensors --json > selection.json
    """
    from gmmx import GaussianMixtureIC

    low, high = _range(options.components)
    types = _covariance_types(options.covariance_type)

    def fit_table(table: Table) -> Fitted:
        check_covariance_types(types, table)
        rows = read_rows(table, low, options)
        _refuse_hopeless(low, high, rows, table)
        with console.progress_bar("fitting", quiet=options.as_json) as update:

            def callback(n_done: int, n_fits: int) -> None:
                update(f"{n_done}/{n_fits}", n_done / n_fits)

            choice: dict[str, Any] = {"covariance_type": types, "criterion": options.criterion}
            watch = callback if console.is_watched(quiet=options.as_json) else None
            selection = GaussianMixtureIC(low, high, **choice, **options.parameters(), callback=watch)
            notes = notes_of_fit(lambda: selection.fit(rows.X, sample_weight=rows.sample_weight), table)
        return _Selected(selection.best_estimator_, table, notes, lambda: [rows], options, selection)

    run_fit(options, fit_table)


@dataclass(frozen=True)
class _Selected(Fitted):
    """A search over mixtures; the model is the best one."""

    options: SelectOptions
    selection: Any

    def draw(self) -> Any:
        from gmmx import plot

        return plot.criterion(self.selection, self.selection.criterion).figure

    def document(self) -> dict[str, Any]:
        results, best_index, best = self.selection.results_, int(self.selection.best_index_), self.model
        rows = zip(*(values.tolist() for values in results.values()), strict=True)
        records = [dict(zip(results, map(console.finite, row), strict=True)) for row in rows]
        parameters = {name: getattr(best, f"{name}_").tolist() for name in ("weights", "means", "covariances")}
        return {
            "criterion": self.options.criterion,
            "seed": self.options.seed,
            "best": {**records[best_index], **parameters},
            "best_index": best_index,
            "ranking": self.selection.ranking().tolist(),
            "results": records,
        }

    def print(self) -> None:
        selection, order = self.selection, self.selection.ranking()
        top = report(selection.results_, order, selection.best_index_, selection.criterion, self.options.top, _HINTS)
        console.print_lines(["", *top])


def _range(text: str) -> tuple[int, int]:
    """Read 1-9, or one number."""
    low, dash, high = text.partition("-")
    try:
        bounds = int(low), int(high if dash else low)
    except ValueError:
        bounds = 0, 0
    if not 1 <= bounds[0] <= bounds[1]:
        raise console.stop(
            f"--components is {text!r}, but must be a number of at least 1, or a range of them such as 1-9"
        )
    return bounds


def _refuse_hopeless(low: int, high: int, rows: FileRows, table: Table) -> None:
    """Refuse a long range that goes beyond the different rows: it takes minutes, and ends in degenerate mixtures."""
    if high > _FEW and high > (most := len(np.unique(rows.X, axis=0))):
        raise console.stop(
            f"--components is {low}-{high}, but {table.source} has {counted(most, 'different row')}, and a "
            f"mixture of more components is singular; choose fewer, such as 1-{min(most, max(_FEW, most // 10))}"
        )


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
            raise console.stop(f"--covariance-type {name!r} is not known; {hint}use all, or some of {allowed}")
    return names
