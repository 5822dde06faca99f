"""The parameters of a mixture as tables that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx.cli.saying import MAX_ROWS, components, first, grid
from gmmx.covariances import as_matrices

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable

_COVARIANCES_ELSEWHERE = "covariances: too large to print; --json prints them"
_REST_ELSEWHERE = "too large to print whole; --json prints everything"


@dataclass(frozen=True)
class ShownMixture:
    """What the tables show: parameters in the shapes of the estimator, and the names of the features."""

    names: tuple[str, ...]
    covariance_type: str
    weights: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    covariances: npt.NDArray[np.float64]

    @classmethod
    def of(cls, model: Any, names: tuple[str, ...]) -> ShownMixture:
        """Take the parameters of a fitted estimator."""
        parameters = (np.asarray(getattr(model, name)) for name in ("weights_", "means_", "covariances_"))
        return cls(names, model.covariance_type, *parameters)

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as lists."""
        return {
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }


def print_mixture(mixture: ShownMixture, console: Console) -> None:
    """Print the parameters between two empty lines."""
    console.print()
    for part in _mixture_tables(mixture, console):
        console.print(part, soft_wrap=isinstance(part, str))
    console.print()


def _mixture_tables(mixture: ShownMixture, console: Console) -> Iterator[RenderableType]:
    """Make tables that fit the console: everything if small, means and deviations if wide."""
    narrow = next((table for table in _means_tables(mixture) if _fits(table, console)), None)
    if narrow is None:
        yield from _wide_tables(mixture, console)
        return
    yield narrow
    hidden = len(mixture.weights) - MAX_ROWS
    if hidden > 0:
        yield f"... and {hidden} more components: --json prints all"
    if _lone_variances(mixture) is None:
        matrices = _covariance_table(mixture)
        yield ""
        yield matrices if matrices is not None and _fits(matrices, console) else _COVARIANCES_ELSEWHERE


def _means_tables(mixture: ShownMixture) -> Iterator[RichTable]:
    """Make a row for each component: weight, means, and the variance where there is but one.

    First with headings of one line, then narrower with two.
    """
    variances = _lone_variances(mixture)
    for separator in (" ", "\n"):
        table = grid("component", "weight", *(f"mean{separator}{name}" for name in mixture.names))
        if variances is not None:
            table.add_column("variance", justify="right")
        for k in range(min(len(mixture.weights), MAX_ROWS)):
            cells = [_number(mixture.weights[k]), *map(_number, mixture.means[k])]
            if variances is not None:
                cells.append(_number(variances[k]))
            table.add_row(str(k), *cells)
        yield table


def _lone_variances(mixture: ShownMixture) -> npt.NDArray[np.float64] | None:
    """Return the variance of each component if one number says it all, else None."""
    if mixture.covariances.size == 1:
        return np.repeat(mixture.covariances.ravel(), len(mixture.weights))
    return mixture.covariances.ravel() if mixture.covariances.size == len(mixture.weights) else None


def _covariance_table(mixture: ShownMixture) -> RichTable | None:
    """Make one table of all covariances; None if it would have too many rows."""
    names, covariances = mixture.names, mixture.covariances
    if len(covariances.reshape(-1, len(names))) > MAX_ROWS:
        return None
    if mixture.covariance_type == "diag":
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


def _wide_tables(mixture: ShownMixture, console: Console) -> Iterator[RenderableType]:
    """Make a row for each column, a column for each component; the first ones if there are many."""
    n_components, n_columns = mixture.means.shape
    shown = min(n_components, MAX_ROWS)
    table = _deviations_table(mixture, shown)
    while shown > 1 and not _fits(table, console):
        shown -= 1
        table = _deviations_table(mixture, shown)
    yield table
    if shown < n_components or n_columns > MAX_ROWS:
        rows = min(n_columns, MAX_ROWS)
        yield f"... {rows} of {n_columns} columns, {shown} of {components(n_components)}"
    yield _REST_ELSEWHERE


def _deviations_table(mixture: ShownMixture, shown: int) -> RichTable:
    """Make a table of mean and standard deviation in the first components."""
    deviations = _standard_deviations(mixture)
    table = grid("mean ± deviation", *(f"{k} (weight {mixture.weights[k]:.3g})" for k in range(shown)))
    for index, name in first(list(enumerate(mixture.names))):
        short = name if len(name) <= 20 else f"{name[:10]}…{name[-9:]}"
        cells = (f"{_number(mixture.means[k, index])} ± {deviations[k, index]:.3g}" for k in range(shown))
        table.add_row(short, *cells)
    return table


def _standard_deviations(mixture: ShownMixture) -> npt.NDArray[np.float64]:
    """Return the deviation of each column in each component, whatever the covariance type."""
    matrices = as_matrices(mixture.covariances, mixture.covariance_type, *mixture.means.shape)
    deviations: npt.NDArray[np.float64] = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    return deviations


def _fits(table: RichTable, console: Console) -> bool:
    """Whether a table can be printed without folding a cell."""
    unbounded = console.options.update(width=1_000_000)
    return console.measure(table, options=unbounded).maximum <= console.width


def _number(value: float) -> str:
    return f"{value:.5g}"
