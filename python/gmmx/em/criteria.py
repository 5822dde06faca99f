"""Information criteria, and the sums over weighted rows that they are made of."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gmmx import _core
from gmmx.em.initialization import CHUNK_NUMBERS
from gmmx.validation import F64, RowArray, Rows
from gmmx.validation._lost_rows import counting_rows

__all__ = ["aic", "bic", "entropy", "icl", "log_certainty", "log_likelihood"]


def bic(log_likelihood: float, n_parameters: int, total_weight: float) -> float:
    """Return the Bayesian information criterion.

    Examples
    --------
    >>> bic(-100.0, 5, 1.0)
    200.0
    """
    return -2.0 * log_likelihood + n_parameters * math.log(total_weight)


def aic(log_likelihood: float, n_parameters: int) -> float:
    """Return the Akaike information criterion.

    Examples
    --------
    >>> aic(-100.0, 5)
    210.0
    """
    return -2.0 * log_likelihood + 2.0 * n_parameters


def icl(log_likelihood: float, n_parameters: int, total_weight: float, log_certainty: float) -> float:
    """Return the integrated completed likelihood criterion, equation (105) of docs/theory.md."""
    return bic(log_likelihood, n_parameters, total_weight) - 2.0 * log_certainty


def log_likelihood(rows: Rows, mixture: _core.Mixture) -> float:
    """Return sum_n w_n log p(x_n)."""
    return _core.log_likelihood(rows.X, mixture, rows.sample_weight, rows.n_threads)


def _entropies(responsibilities: RowArray) -> F64:
    """Return -sum_k r_nk log r_nk of each row."""
    from scipy.special import entr  # with the first call: it takes longer to import than NumPy

    entropies: F64 = entr(responsibilities).sum(axis=1, dtype=np.float64)
    return entropies


def entropy(rows: Rows, mixture: _core.Mixture) -> float:
    """Return the entropy of the responsibilities of all rows."""
    return _sum_over_rows(_entropies, rows, mixture)


def _log_certainties(responsibilities: RowArray) -> F64:
    """Return log max_k r_nk of each row."""
    certainties: F64 = np.log(responsibilities.max(axis=1).astype(np.float64))
    return certainties


def log_certainty(rows: Rows, mixture: _core.Mixture) -> float:
    """Return the log-probability that all rows belong where `predict` puts them."""
    return _sum_over_rows(_log_certainties, rows, mixture)


def _sum_over_rows(of: Callable[[RowArray], F64], rows: Rows, mixture: _core.Mixture) -> float:
    """Add up a function of the responsibilities of each row, chunk by chunk: they never stand in memory all at once."""
    chunk = max(1, CHUNK_NUMBERS // mixture.n_components)
    total = 0.0
    for begin in range(0, len(rows), chunk):
        part = rows[begin : begin + chunk]
        if part.sample_weight is None:
            with counting_rows(begin):
                total += float(of(_core.responsibilities(part.X, mixture, rows.n_threads)).sum())
            continue
        present = np.flatnonzero(part.sample_weight)  # rows of weight zero may hold anything
        with counting_rows(begin, present):
            values = of(_core.responsibilities(part[present].X, mixture, rows.n_threads))
        total += float(part.sample_weight[present] @ values)
    return total
