"""Report of a model selection, in Python and on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gmmx._text_tables import WIDTH, counted, text_table

__all__ = ["IN_PYTHON", "Hints", "degenerate_count", "one_line_of", "repeated_count", "report"]

_HEADINGS = ("model", "components", "log-likelihood", "parameters")
_CRITERIA = ("bic", "icl", "aic")

# `results_` of a `GaussianMixtureIC`.
Results = Mapping[str, npt.NDArray[Any]]


class Hints(NamedTuple):
    """Hints where to find what is not printed: more mixtures, and why some are excluded or repeat another."""

    more: str
    why: str


IN_PYTHON = Hints("summary(top=...) prints them, results_ holds all", "results_ tells why")


def degenerate_count(results: Results) -> int:
    """Return how many rows of `results_` are degenerate."""
    return int(np.count_nonzero(results["degenerate"]))


def repeated_count(results: Results) -> int:
    """Return how many sound rows of `results_` repeat the fit of another row."""
    return int(np.count_nonzero((results["same_as"] != "") & ~results["degenerate"]))


def one_line_of(results: Results, best: int, criterion: str) -> str:
    """Return a one-line summary of the selection.

    Parameters
    ----------
    results : dict of str to ndarray
        `results_`.
    best : int
        Row of the selected mixture.
    criterion : str
        Selection criterion.
    """
    return (
        f"{results['covariance_type'][best]}, {counted(int(results['n_components'][best]), 'component')}: "
        f"{criterion.upper()} {results[criterion][best]:.3f}, the best of "
        f"{counted(len(results['degenerate']), 'mixture')}"
    )


def report(
    results: Results, order: Sequence[int] | npt.NDArray[np.int64], best: int, criterion: str, top: int, hints: Hints
) -> list[str]:
    """Return the lines of a summary, which counts every mixture once.

    Parameters
    ----------
    results : dict of str to ndarray
        `results_`.
    order : sequence of int
        Ranking: rows of `results`, the best first.
    best : int
        Row of the selected mixture, which is printed if the ranking is empty.
    criterion : str
        Selection criterion.
    top : int
        Number of mixtures to print.
    hints : Hints
        Hints where to find the rest.
    """
    shown = list(order[:top]) if len(order) else [best]
    lines = _ranking(results, shown, criterion)
    if len(order) > len(shown):
        lines.append(f"... and {len(order) - len(shown)} more: {hints.more}")
    chosen = f"{results['covariance_type'][best]}, {counted(int(results['n_components'][best]), 'component')}"
    lines += ["", f"best by {criterion.upper()}: {chosen}"]
    n_all, n_degenerate, n_repeated = len(results["degenerate"]), degenerate_count(results), repeated_count(results)
    if n_degenerate:
        lines.append(f"left out: {n_degenerate} of {n_all} that collapsed or are degenerate; {hints.why}")
    if n_repeated:
        lines.append(f"repeated: {n_repeated} of {n_all} that are the same mixture as another type's")
    return lines


def _ranking(results: Results, shown: Sequence[int], criterion: str) -> list[str]:
    """Return the table of mixtures with as many decimals and criteria as fit the width."""
    for criteria, decimals in (*((_CRITERIA, decimals) for decimals in (3, 2, 1, 0)), ((criterion,), 0)):
        headings = (*_HEADINGS, *(name.upper() for name in criteria))
        lines = text_table(headings, [_cells(results, i, criteria, decimals) for i in shown])
        if len(lines[1]) <= WIDTH:
            break
    return lines


def _cells(results: Results, index: int, criteria: Sequence[str], decimals: int) -> list[str]:
    return [
        str(results["covariance_type"][index]),
        str(results["n_components"][index]),
        f"{results['log_likelihood'][index]:.{decimals}f}",
        str(results["n_parameters"][index]),
        *(f"{results[name][index]:.{decimals}f}" for name in criteria),
    ]
