"""Sufficient statistics: the summary of the rows for an M-step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import EPSILON, BoolArray, FloatArray
from gmmx.reference.second_moments import outer_products


def is_empty(counts: FloatArray, total_weight: float, n_samples: int) -> BoolArray:
    """Return which components have no rows, up to rounding, or with weights up to underflow."""
    least = EPSILON if total_weight == n_samples else 2.0**-1000
    return np.asarray(counts <= least * total_weight)  # (45)


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Summary of rows for an M-step, which adds up over blocks of rows.

    Parameters
    ----------
    second_moment_form : str
        Form of the second moments: "full", "pooled", "diagonal" or "trace".
    shifts : ndarray of shape (K, d), float64
        Points s_k about which moments are taken, in an E-step the means of the mixture.
    counts : ndarray of shape (K,), float64
        N_k, the weight of the rows that belong to each component.
    first_moments : ndarray of shape (K, d), float64
        sum_n w_n r_nk (x_n - s_k).
    second_moments : ndarray, float64
        S_k = sum_n w_n r_nk (x_n - s_k)(x_n - s_k)^T. "full": (K, d, d), the matrices; "pooled": (d, d), their sum over
        k; "diagonal": (K, d), their diagonals; "trace": (K,), their traces.
    log_likelihood : float
        sum_n w_n log p(x_n), or 0 for statistics of given responsibilities, which do not define a density.
    n_samples : int
        Number of rows with positive weight.
    total_weight : float
        sum_n w_n.

    Notes
    -----
    Equations (46), (50) and (51) of docs/theory.md.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import reference
    >>> X = np.array([[0.0], [1.0], [8.0], [9.0]])
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
    >>> whole = reference.e_step(X, mixture)
    >>> halves = reference.e_step(X[:2], mixture) + reference.e_step(X[2:], mixture)
    >>> bool(np.allclose(halves.second_moments, whole.second_moments))
    True
    """

    second_moment_form: str
    shifts: FloatArray
    counts: FloatArray
    first_moments: FloatArray
    second_moments: FloatArray
    log_likelihood: float
    n_samples: int
    total_weight: float

    @property
    def n_components(self) -> int:
        """Number of components, K."""
        return int(self.shifts.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features, d."""
        return int(self.shifts.shape[1])

    @property
    def empty_components(self) -> list[int]:
        """Indices of the components without rows, equation (45)."""
        return [int(k) for k in np.flatnonzero(is_empty(self.counts, self.total_weight, self.n_samples))]

    def moved_to(self, shifts: ArrayLike) -> SufficientStatistics:
        """Return the statistics with moments about other shifts.

        Parameters
        ----------
        shifts : array-like of shape (K, d)
            New points s'_k.

        Returns
        -------
        SufficientStatistics
            Statistics of the same rows.

        Raises
        ------
        ValueError
            If the shape differs from that of the current shifts.

        Notes
        -----
        Equation (48) of docs/theory.md, the parallel-axis formula.

        Examples
        --------
        >>> from gmmx import reference
        >>> statistics = reference.statistics_from_labels([[0.0], [2.0]], [0, 0], 1, "diag")
        >>> moved = statistics.moved_to([[0.0]])
        >>> moved.first_moments.tolist(), moved.second_moments.tolist()
        ([[2.0]], [[4.0]])
        """
        new = np.array(shifts, dtype=np.float64)
        if new.shape != self.shifts.shape:
            raise ValueError(f"shifts must have shape {self.shifts.shape}, got {new.shape}")
        e = self.shifts - new
        grown = self.counts[:, np.newaxis] * e
        half = self.first_moments + 0.5 * grown
        form = self.second_moment_form
        return replace(  # (48); half e^T + e half^T = m e^T + e m^T + N_k e e^T
            self,
            shifts=new,
            first_moments=self.first_moments + grown,
            second_moments=self.second_moments + outer_products(form, half, e) + outer_products(form, e, half),
        )

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        """Add the statistics of other rows under the same mixture, equation (51).

        Parameters
        ----------
        other : SufficientStatistics
            Statistics with the same form and shifts.

        Returns
        -------
        SufficientStatistics
            Statistics of both sets of rows.

        Raises
        ------
        ValueError
            If the forms, shapes or shifts differ, so that the moments do not add up. Statistics of two assignments,
            whose shifts are their own means, add up after :meth:`moved_to`; those of E-steps under different mixtures
            never do.

        Notes
        -----
        Equation (51) of docs/theory.md.

        Examples
        --------
        >>> from gmmx import reference
        >>> left = reference.statistics_from_labels([[0.0], [2.0]], [0, 0], 1, "diag")
        >>> right = reference.statistics_from_labels([[4.0]], [0], 1, "diag").moved_to(left.shifts)
        >>> (left + right).counts.tolist(), (left + right).first_moments.tolist()
        ([3.0], [[3.0]])
        """
        if not isinstance(other, SufficientStatistics):
            return NotImplemented
        if (
            self.second_moment_form != other.second_moment_form
            or self.shifts.shape != other.shifts.shape
            or not np.array_equal(self.shifts, other.shifts)
        ):
            raise ValueError(
                "statistics can be added only if both were taken under the same mixture: second moments"
                f" {self.second_moment_form!r} with shifts of shape {self.shifts.shape} and"
                f" {other.second_moment_form!r} with shifts of shape {other.shifts.shape}"
                " differ in form, in shape or in the values of the shifts"
            )
        return SufficientStatistics(  # (51)
            self.second_moment_form,
            self.shifts,
            self.counts + other.counts,
            self.first_moments + other.first_moments,
            self.second_moments + other.second_moments,
            self.log_likelihood + other.log_likelihood,
            self.n_samples + other.n_samples,
            self.total_weight + other.total_weight,
        )
