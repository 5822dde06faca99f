"""Gaussian mixtures by EM in plain NumPy, equation by equation.

This module is the yardstick of the package: the same algorithm as the native core, written to be read. It
imports NumPy alone. Numbers in comments, such as ``# (8)``, are those of the equations in ``docs/theory.md``.

One symbol has one name throughout: ``n_samples`` rows of ``n_features`` numbers (``d`` in shapes),
``n_components`` (``K`` in shapes); ``weights``, ``means``, ``covariances``, ``precisions_cholesky``; ``resp``
for responsibilities; ``log_prob`` for log N(x | mu_k, Sigma_k), ``weighted_log_prob`` for log pi_k + log N,
``log_prob_norm`` for log p(x).

All arithmetic is float64; float32 input is converted first. A sample weight of 2 means that the row stands
twice, 0 that it is absent. Every function that takes a :class:`Mixture` or :class:`SufficientStatistics`
reads attributes only, so the native objects of the same names can be passed too.

The covariance types are entries of one table, ``COVARIANCE_FAMILIES``. A new type is a new subclass of
:class:`CovarianceFamily` and one more entry; nothing else in this module knows a type by its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "COVARIANCE_FAMILIES",
    "CollapsedComponentError",
    "CovarianceFamily",
    "EMResult",
    "KMeansResult",
    "Mixture",
    "SufficientStatistics",
    "aic",
    "bic",
    "covariance_family",
    "e_step",
    "em",
    "kmeans",
    "kmeans_draws",
    "kmeans_plus_plus",
    "log_likelihood",
    "log_prob",
    "log_prob_norm",
    "m_step",
    "n_parameters",
    "predict",
    "q_function",
    "responsibilities",
    "statistics_from_labels",
    "statistics_from_responsibilities",
    "weighted_log_prob",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

EPSILON = float(np.finfo(np.float64).eps)
LOG_2_PI = float(np.log(2.0 * np.pi))


class CollapsedComponentError(ValueError):
    """A covariance is not positive definite, so the density of its component does not exist.

    Parameters
    ----------
    component : int
        Index of the component; -1 for a covariance that all components share.

    Attributes
    ----------
    component : int
        The same index.

    Examples
    --------
    >>> from gmmx import reference
    >>> try:
    ...     reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [1.0]], [1.0, 0.0], "spherical")
    ... except reference.CollapsedComponentError as error:
    ...     print(error.component)
    1
    """

    def __init__(self, component: int) -> None:
        which = "shared by all components" if component < 0 else f"of component {component}"
        super().__init__(
            f"ill-defined covariance: the covariance {which} is not positive definite (a component has"
            " collapsed on too few distinct rows). Fit fewer components, raise reg_covar, or start elsewhere."
        )
        self.component = component


@dataclass(frozen=True, eq=False)
class Mixture:
    """The parameters of a Gaussian mixture: a value, not to be changed in place.

    Parameters
    ----------
    weights : ndarray of shape (K,), float64
        Mixing weights pi_k, not negative, summing to 1.
    means : ndarray of shape (K, d), float64
        Means mu_k.
    covariances : ndarray, float64
        "full": (K, d, d); "tied": (d, d); "diag": (K, d), the variances; "spherical": (K,), the variances.
    precisions_cholesky : ndarray, float64, of the shape of ``covariances``
        Upper triangular U with Sigma^-1 = U U^T; for "diag" and "spherical" 1 / standard deviation.
    covariance_type : str
        A key of ``COVARIANCE_FAMILIES``.

    See Also
    --------
    Mixture.from_covariances : Computes ``precisions_cholesky`` from the covariances.

    Notes
    -----
    Equations (1) to (3) and, for ``precisions_cholesky``, (52) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [8.0]], [1.0, 4.0], "spherical")
    >>> mixture.precisions_cholesky.tolist()
    [1.0, 0.5]
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    precisions_cholesky: FloatArray
    covariance_type: str

    @classmethod
    def from_covariances(
        cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, covariance_type: str
    ) -> Mixture:
        """Build a mixture from weights, means and covariances.

        Parameters
        ----------
        weights : array-like of shape (K,)
            Mixing weights; taken as they are, without normalisation.
        means : array-like of shape (K, d)
            Means.
        covariances : array-like
            Covariances, of the shape that ``covariance_type`` asks for.
        covariance_type : str
            A key of ``COVARIANCE_FAMILIES``.

        Returns
        -------
        Mixture
            The mixture, all arrays float64.

        Raises
        ------
        ValueError
            If a shape does not fit or the type is unknown.
        CollapsedComponentError
            If a covariance is not positive definite.

        Notes
        -----
        Equation (52) of docs/theory.md.

        Examples
        --------
        >>> from gmmx import reference
        >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0, 0.0]], [[4.0, 25.0]], "diag")
        >>> mixture.precisions_cholesky.tolist()
        [[0.5, 0.2]]
        """
        family = covariance_family(covariance_type)
        w = np.array(weights, dtype=np.float64)
        mu = np.array(means, dtype=np.float64)
        sigma = np.array(covariances, dtype=np.float64)
        if w.ndim != 1 or mu.ndim != 2 or mu.shape[0] != w.shape[0]:
            raise ValueError(f"weights must be (K,) and means (K, d), got {w.shape} and {mu.shape}")
        if sigma.shape != family.covariance_shape(*mu.shape):
            raise ValueError(
                f"covariances of type {covariance_type!r} must have shape"
                f" {family.covariance_shape(*mu.shape)} for means of shape {mu.shape}, got {sigma.shape}"
            )
        return cls(w, mu, sigma, family.precisions_cholesky(sigma), covariance_type)

    @property
    def n_components(self) -> int:
        """Number of components, K."""
        return int(self.means.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features, d."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """Number of free parameters, equation (62)."""
        return n_parameters(self)


@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Everything that an M-step needs to know of the rows: a small value that adds up over blocks of rows.

    Parameters
    ----------
    second_moment_form : str
        "full", "pooled", "diagonal" or "trace": which second moments are kept.
    shifts : ndarray of shape (K, d), float64
        The points s_k about which moments are taken: in an E-step the means of the mixture.
    counts : ndarray of shape (K,), float64
        N_k, the weight of the rows that belong to each component.
    first_moments : ndarray of shape (K, d), float64
        sum_n w_n r_nk (x_n - s_k).
    second_moments : ndarray, float64
        S_k = sum_n w_n r_nk (x_n - s_k)(x_n - s_k)^T. "full": (K, d, d), all of it; "pooled": (d, d), its sum
        over k; "diagonal": (K, d), its diagonal; "trace": (K,), its trace.
    log_likelihood : float
        sum_n w_n log p(x_n); 0 for statistics of given responsibilities, which define no density.
    n_samples : int
        Number of rows whose weight is greater than 0.
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
        """Indices of the components that hold no rows, equation (45)."""
        return [int(k) for k in np.flatnonzero(_is_empty(self.counts, self.total_weight))]

    def moved_to(self, shifts: ArrayLike) -> SufficientStatistics:
        """Express the moments about other shifts.

        Parameters
        ----------
        shifts : array-like of shape (K, d)
            The new points s'_k.

        Returns
        -------
        SufficientStatistics
            Statistics of the same rows.

        Raises
        ------
        ValueError
            If the shape differs from that of the present shifts.

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
            second_moments=self.second_moments + _outer(form, half, e) + _outer(form, e, half),
        )

    def __add__(self, other: SufficientStatistics) -> SufficientStatistics:
        """Add the statistics of other rows under the same mixture, equation (51).

        Parameters
        ----------
        other : SufficientStatistics
            Statistics of the same form about the same shifts.

        Returns
        -------
        SufficientStatistics
            The statistics of both sets of rows together.

        Raises
        ------
        ValueError
            If the forms, shapes or shifts differ: such moments do not add up. Two partitions, whose shifts
            are their own means, add up after :meth:`moved_to`; E-steps under different mixtures never do.

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


class EMResult(NamedTuple):
    """What :func:`em` returns.

    Attributes
    ----------
    mixture : Mixture
        The parameters after the last M-step.
    converged : bool
        Whether the last change of the lower bound was smaller than the tolerance.
    n_iter : int
        Number of iterations that were run.
    lower_bounds : list of float
        Mean log-likelihood per unit weight before the M-step of each iteration.
    """

    mixture: Mixture
    converged: bool
    n_iter: int
    lower_bounds: list[float]


class KMeansResult(NamedTuple):
    """What :func:`kmeans` returns.

    Attributes
    ----------
    labels : ndarray of shape (n_samples,), int32
        Index of the nearest centre of each row.
    centers : ndarray of shape (n_clusters, n_features), float64
        The centres.
    inertia : float
        Weighted sum of the squared distances of the rows to their centres.
    n_iter : int
        Number of iterations that were run.
    """

    labels: NDArray[np.int32]
    centers: FloatArray
    inertia: float
    n_iter: int


# ------------------------------------------------------------------------------------------------------------
# Input
# ------------------------------------------------------------------------------------------------------------


def _rows(X: ArrayLike, n_features: int | None = None) -> FloatArray:
    """Return X as a float64 matrix, or say what is wrong with it."""
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"X must have shape (n_samples, n_features), got {rows.shape}")
    if n_features is not None and rows.shape[1] != n_features:
        raise ValueError(f"X has {rows.shape[1]} features, the mixture has {n_features}")
    return rows


def _row_weights(sample_weight: ArrayLike | None, n_samples: int) -> FloatArray:
    """Return the sample weights as a float64 vector; None stands for ones."""
    if sample_weight is None:
        return np.ones(n_samples)
    w = np.asarray(sample_weight, dtype=np.float64)
    if w.shape != (n_samples,):
        raise ValueError(f"sample_weight must have shape ({n_samples},), one number a row, got {w.shape}")
    if not np.all(np.isfinite(w)) or np.any(w < 0):
        raise ValueError("sample_weight must be finite and not negative")
    return w


def _is_empty(counts: FloatArray, total_weight: float) -> BoolArray:
    """Tell which components hold no rows, up to rounding."""
    return np.asarray(counts <= EPSILON * total_weight)  # (45)


# ------------------------------------------------------------------------------------------------------------
# Second moments
# ------------------------------------------------------------------------------------------------------------

# What each form keeps of the K matrices u_k v_k^T, as subscripts of einsum.
_OUTER = {  # (50)
    "full": "ki,kj->kij",
    "pooled": "ki,kj->ij",
    "diagonal": "ki,ki->ki",
    "trace": "ki,ki->k",
}

# How a form that keeps less is had from one that keeps more: (held, wanted).
_REDUCE: dict[tuple[str, str], str] = {  # (50)
    ("full", "pooled"): "kij->ij",
    ("full", "diagonal"): "kii->ki",
    ("full", "trace"): "kii->k",
    ("diagonal", "trace"): "ki->k",
}


def _outer(form: str, u: FloatArray, v: FloatArray) -> FloatArray:
    """Return u_k v_k^T for each component, as much of it as the form keeps."""
    return np.asarray(np.einsum(_OUTER[form], u, v), dtype=np.float64)


def _second_moments_as(statistics: SufficientStatistics, form: str) -> FloatArray:
    """Return the second moments in a form that keeps no more than the statistics hold."""
    held = statistics.second_moment_form
    if held == form:
        return statistics.second_moments
    if (held, form) not in _REDUCE:
        raise ValueError(
            f"{form!r} second moments are needed, but the statistics hold {held!r} ones, which do not contain them"
        )
    return np.asarray(np.einsum(_REDUCE[held, form], statistics.second_moments), dtype=np.float64)


# ------------------------------------------------------------------------------------------------------------
# Covariance types
# ------------------------------------------------------------------------------------------------------------


def _cholesky_of_precision(covariance: FloatArray, component: int) -> FloatArray:
    """Return the upper triangular U = L^-T of one covariance Sigma = L L^T."""
    try:
        L = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise CollapsedComponentError(component) from None
    if not np.all(np.isfinite(L)):
        raise CollapsedComponentError(component)
    inverse: FloatArray = np.eye(len(L))
    for i in range(len(L)):  # forward substitution, row by row: L @ inverse = identity
        inverse[i] = (inverse[i] - L[i, :i] @ inverse[:i]) / L[i, i]
    upper: FloatArray = inverse.T  # (52)
    return upper


def _inverse_standard_deviations(variances: FloatArray) -> FloatArray:
    """Return 1 / sqrt(variances), whose first axis is the component."""
    valid = np.isfinite(variances) & (variances > 0)
    collapsed = ~valid.reshape(len(variances), -1).all(axis=1)
    if collapsed.any():
        raise CollapsedComponentError(int(np.argmax(collapsed)))
    return np.asarray(1.0 / np.sqrt(variances))  # (52)


class CovarianceFamily(ABC):
    """One covariance type: the few functions in which the types differ.

    Implementations hold no state. A type that stores its covariances as another one does, and differs in the
    M-step alone, derives from it and overrides :meth:`m_step` and :meth:`n_covariance_parameters`.

    Attributes
    ----------
    name : str
        The ``covariance_type``.
    second_moment_form : str
        The second moments that its M-step needs; see :class:`SufficientStatistics`.

    Examples
    --------
    >>> from gmmx import reference
    >>> sorted(reference.COVARIANCE_FAMILIES)
    ['diag', 'full', 'spherical', 'tied']
    """

    name: str
    second_moment_form: str

    @abstractmethod
    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of ``covariances`` and ``precisions_cholesky``.

        Parameters
        ----------
        n_components, n_features : int
            K and d.

        Returns
        -------
        tuple of int
            The shape.
        """

    @abstractmethod
    def n_covariance_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free parameters in all covariances together.

        Parameters
        ----------
        n_components, n_features : int
            K and d.

        Returns
        -------
        int
            The number; the last column of the table in section 8 of docs/theory.md.
        """

    @abstractmethod
    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        """Sum the second moments of the rows about the shifts.

        Parameters
        ----------
        X : ndarray of shape (n_samples, d), float64
            Rows.
        weighted_resp : ndarray of shape (n_samples, K), float64
            w_n r_nk.
        shifts : ndarray of shape (K, d), float64
            The points s_k.

        Returns
        -------
        ndarray, float64
            Second moments in the form ``second_moment_form``; equations (46) and (50) of docs/theory.md.
        """

    @abstractmethod
    def m_step(
        self, scatter: FloatArray, counts: FloatArray, divisors: FloatArray, n_features: int, reg_covar: float
    ) -> FloatArray:
        """Return the covariances that maximise Q, plus the regularisation.

        Parameters
        ----------
        scatter : ndarray, float64
            W_k, the second moments about the new means, in the form ``second_moment_form``.
        counts : ndarray of shape (K,), float64
            N_k.
        divisors : ndarray of shape (K,), float64
            N_k, but infinite for an empty component, so that every quotient of it is 0.
        n_features : int
            d.
        reg_covar : float
            The number epsilon that is added to every variance.

        Returns
        -------
        ndarray, float64
            Covariances; equations (26), (31), (32), (33) with (43) of docs/theory.md.
        """

    @abstractmethod
    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        """Return U with Sigma^-1 = U U^T.

        Parameters
        ----------
        covariances : ndarray, float64
            Covariances.

        Returns
        -------
        ndarray, float64
            Of the same shape; equation (52) of docs/theory.md.

        Raises
        ------
        CollapsedComponentError
            If a covariance is not positive definite.
        """

    @abstractmethod
    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        """Return log N(x_n | mu_k, Sigma_k).

        Parameters
        ----------
        X : ndarray of shape (n_samples, d), float64
            Rows.
        means : ndarray of shape (K, d), float64
            Means.
        precisions_cholesky : ndarray, float64
            As from :meth:`precisions_cholesky`.

        Returns
        -------
        ndarray of shape (n_samples, K), float64
            The log-densities; equation (53) of docs/theory.md. The mean is subtracted before the product with
            U, so nothing is lost when the data lie far from the origin.
        """


class _Full(CovarianceFamily):
    """Each component has its own covariance matrix."""

    name = "full"
    second_moment_form = "full"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components, n_features, n_features)

    def n_covariance_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features * (n_features + 1) // 2

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        K, d = shifts.shape
        moments = np.empty((K, d, d))
        for k in range(K):  # (46); the root on both sides makes the product exactly symmetric
            scaled = np.sqrt(weighted_resp[:, k, np.newaxis]) * (X - shifts[k])
            moments[k] = scaled.T @ scaled
        return moments

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, divisors: FloatArray, n_features: int, reg_covar: float
    ) -> FloatArray:
        return scatter / divisors[:, np.newaxis, np.newaxis] + reg_covar * np.eye(n_features)  # (26), (43)

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        return np.stack([_cholesky_of_precision(sigma, k) for k, sigma in enumerate(covariances)])

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        n_features = means.shape[1]
        result = np.empty((len(X), len(means)))
        for k, (mean, U) in enumerate(zip(means, precisions_cholesky, strict=True)):
            y = (X - mean) @ U
            result[:, k] = (  # (53)
                np.log(np.diag(U)).sum() - 0.5 * n_features * LOG_2_PI - 0.5 * np.sum(y**2, axis=1)
            )
        return result


class _Tied(CovarianceFamily):
    """All components share one covariance matrix."""

    name = "tied"
    second_moment_form = "pooled"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_features, n_features)

    def n_covariance_parameters(self, n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        K, d = shifts.shape
        moments = np.zeros((d, d))
        for k in range(K):  # (50)
            scaled = np.sqrt(weighted_resp[:, k, np.newaxis]) * (X - shifts[k])
            moments += scaled.T @ scaled
        return moments

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, divisors: FloatArray, n_features: int, reg_covar: float
    ) -> FloatArray:
        return np.asarray(scatter / counts.sum() + reg_covar * np.eye(n_features))  # (31), (43)

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        return _cholesky_of_precision(covariances, -1)

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        n_features = means.shape[1]
        log_det = np.log(np.diag(precisions_cholesky)).sum()
        result = np.empty((len(X), len(means)))
        for k, mean in enumerate(means):
            y = (X - mean) @ precisions_cholesky
            result[:, k] = log_det - 0.5 * n_features * LOG_2_PI - 0.5 * np.sum(y**2, axis=1)  # (53)
        return result


class _Diag(CovarianceFamily):
    """Each component has its own diagonal covariance matrix."""

    name = "diag"
    second_moment_form = "diagonal"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components, n_features)

    def n_covariance_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        return np.stack([r @ (X - shift) ** 2 for r, shift in zip(weighted_resp.T, shifts, strict=True)])  # (50)

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, divisors: FloatArray, n_features: int, reg_covar: float
    ) -> FloatArray:
        return scatter / divisors[:, np.newaxis] + reg_covar  # (32), (43)

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        return _inverse_standard_deviations(covariances)

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        n_features = means.shape[1]
        result = np.empty((len(X), len(means)))
        for k, (mean, u) in enumerate(zip(means, precisions_cholesky, strict=True)):
            y = (X - mean) * u
            result[:, k] = np.log(u).sum() - 0.5 * n_features * LOG_2_PI - 0.5 * np.sum(y**2, axis=1)  # (53)
        return result


class _Spherical(CovarianceFamily):
    """Each component has one variance, the same in all directions."""

    name = "spherical"
    second_moment_form = "trace"

    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        return (n_components,)

    def n_covariance_parameters(self, n_components: int, n_features: int) -> int:
        return n_components

    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        return np.array(  # (50)
            [r @ np.sum((X - shift) ** 2, axis=1) for r, shift in zip(weighted_resp.T, shifts, strict=True)]
        )

    def m_step(
        self, scatter: FloatArray, counts: FloatArray, divisors: FloatArray, n_features: int, reg_covar: float
    ) -> FloatArray:
        return np.asarray(scatter / (n_features * divisors) + reg_covar)  # (33), (43)

    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        return _inverse_standard_deviations(covariances)

    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        n_features = means.shape[1]
        result = np.empty((len(X), len(means)))
        for k, (mean, u) in enumerate(zip(means, precisions_cholesky, strict=True)):
            y = (X - mean) * u
            result[:, k] = (  # (53)
                n_features * np.log(u) - 0.5 * n_features * LOG_2_PI - 0.5 * np.sum(y**2, axis=1)
            )
        return result


COVARIANCE_FAMILIES: dict[str, CovarianceFamily] = {
    family.name: family for family in (_Full(), _Tied(), _Diag(), _Spherical())
}


def covariance_family(covariance_type: str) -> CovarianceFamily:
    """Look up a covariance type.

    Parameters
    ----------
    covariance_type : str
        A key of ``COVARIANCE_FAMILIES``.

    Returns
    -------
    CovarianceFamily
        Its functions.

    Raises
    ------
    ValueError
        If there is no such type.

    Notes
    -----
    Section 8 of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> reference.covariance_family("tied").covariance_shape(3, 2)
    (2, 2)
    """
    try:
        return COVARIANCE_FAMILIES[covariance_type]
    except (KeyError, TypeError):
        allowed = ", ".join(repr(name) for name in COVARIANCE_FAMILIES)
        raise ValueError(f"covariance_type must be one of {allowed}, got {covariance_type!r}") from None


# ------------------------------------------------------------------------------------------------------------
# Densities and responsibilities
# ------------------------------------------------------------------------------------------------------------


def log_prob(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Log-density of each row under each component, log N(x_n | mu_k, Sigma_k).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples, K), float64
        The log-densities, without the mixing weights.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (1) of docs/theory.md, computed as in (53).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> reference.log_prob([[0.0], [2.0]], mixture).round(4).tolist()
    [[-0.9189], [-2.9189]]
    """
    X = _rows(X, mixture.means.shape[1])
    family = covariance_family(mixture.covariance_type)
    return family.log_prob(X, mixture.means, mixture.precisions_cholesky)  # (1), (53)


def weighted_log_prob(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Log of the joint density of each row and each component, log pi_k + log N(x_n | mu_k, Sigma_k).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples, K), float64
        The joint log-densities; minus infinity for a component of weight 0.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (6) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [0.0]], [1.0, 1.0], "spherical")
    >>> reference.weighted_log_prob([[0.0]], mixture).round(4).tolist()
    [[-1.6121, -1.6121]]
    """
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        log_weights = np.log(mixture.weights)
    return np.asarray(log_prob(X, mixture) + log_weights)  # (6)


def _posterior(joint: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log p(x_n) and the responsibilities, given log p(x_n, k)."""
    maximum = joint.max(axis=1, keepdims=True)
    unseen = np.isneginf(maximum)[:, 0]  # rows so far away that they tell nothing
    maximum[unseen] = 0.0
    terms = np.exp(joint - maximum)
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        norm = maximum[:, 0] + np.log(terms.sum(axis=1))  # (54)
    terms[unseen] = weights
    return norm, terms / terms.sum(axis=1, keepdims=True)  # (8), (55)


def log_prob_norm(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Log-density of each row under the mixture, log p(x_n).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        The log-densities.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equations (2) and (7) of docs/theory.md, computed as in (54).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0, 0.0], [[0.0], [1.0]], [1.0, 1.0], "spherical")
    >>> reference.log_prob_norm([[0.0], [1e6]], mixture).round(4).tolist()
    [-0.9189, -500000000000.9189]
    """
    return _posterior(weighted_log_prob(X, mixture), mixture.weights)[0]  # (2), (7), (54)


def responsibilities(X: ArrayLike, mixture: Mixture) -> FloatArray:
    """Posterior probability of each component, given each row.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples, K), float64
        r_nk; each row sums to 1. A row so far away that all its densities vanish even in logarithms gets the
        mixing weights.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (8) of docs/theory.md, computed as in (55).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], "spherical")
    >>> reference.responsibilities([[0.0], [1.0]], mixture).round(4).tolist()
    [[0.8808, 0.1192], [0.5, 0.5]]
    """
    return _posterior(weighted_log_prob(X, mixture), mixture.weights)[1]  # (8), (55)


def predict(X: ArrayLike, mixture: Mixture) -> IntArray:
    """Component of the largest responsibility for each row.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        The labels; of equal responsibilities the smallest index wins.

    Raises
    ------
    ValueError
        If X does not have two axes and d columns.

    Notes
    -----
    Equation (9) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], "spherical")
    >>> reference.predict([[0.9], [1.1]], mixture).tolist()
    [0, 1]
    """
    return np.asarray(np.argmax(weighted_log_prob(X, mixture), axis=1), dtype=np.int64)  # (9)


def log_likelihood(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Log-likelihood of the mixture, the weighted sum of log p(x_n).

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    float
        The log-likelihood.

    Raises
    ------
    ValueError
        If X or sample_weight has the wrong shape, or a weight is negative or not finite.

    Notes
    -----
    Equation (10) of docs/theory.md, with weights (35).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> round(reference.log_likelihood([[0.0], [2.0]], mixture), 4)
    -3.8379
    >>> round(reference.log_likelihood([[0.0], [2.0]], mixture, sample_weight=[2, 0]), 4)
    -1.8379
    """
    X = _rows(X, mixture.means.shape[1])
    w = _row_weights(sample_weight, len(X))
    present = w > 0
    return float(w[present] @ log_prob_norm(X[present], mixture))  # (10), (35)


# ------------------------------------------------------------------------------------------------------------
# E-step and M-step
# ------------------------------------------------------------------------------------------------------------


def e_step(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> SufficientStatistics:
    """E-step: the sufficient statistics of the rows under the mixture.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture of K components.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    SufficientStatistics
        Moments about the means of the mixture, in the form that the M-step of its covariance type needs.

    Raises
    ------
    ValueError
        If X or sample_weight has the wrong shape, or a weight is negative or not finite.

    Notes
    -----
    Equations (8), (10), (36) and (46) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
    >>> statistics = reference.e_step([[0.0], [1.0], [10.0]], mixture)
    >>> statistics.counts.round(4).tolist()
    [2.0, 1.0]
    >>> statistics.first_moments.round(4).tolist()
    [[1.0], [1.0]]
    """
    X = _rows(X, mixture.means.shape[1])
    w = _row_weights(sample_weight, len(X))
    X, w = X[w > 0], w[w > 0]  # a row of weight 0 is absent
    norm, resp = _posterior(weighted_log_prob(X, mixture), mixture.weights)  # (8), (54), (55)
    family = covariance_family(mixture.covariance_type)
    return _statistics(X, resp, w, np.array(mixture.means), family, float(w @ norm))  # (10)


def _statistics(
    X: FloatArray,
    resp: FloatArray,
    w: FloatArray,
    shifts: FloatArray,
    family: CovarianceFamily,
    log_likelihood: float,
) -> SufficientStatistics:
    """Sum the moments of the rows about the shifts."""
    weighted_resp = resp * w[:, np.newaxis]  # (36)
    return SufficientStatistics(
        second_moment_form=family.second_moment_form,
        shifts=shifts,
        counts=weighted_resp.sum(axis=0),  # (18), (36)
        first_moments=np.stack([r @ (X - shift) for r, shift in zip(weighted_resp.T, shifts, strict=True)]),  # (46)
        second_moments=family.second_moments(X, weighted_resp, shifts),  # (46), (50)
        log_likelihood=log_likelihood,
        n_samples=len(X),
        total_weight=float(w.sum()),
    )


def statistics_from_responsibilities(
    X: ArrayLike, resp: ArrayLike, covariance_type: str, sample_weight: ArrayLike | None = None
) -> SufficientStatistics:
    """Sufficient statistics of rows whose responsibilities are given, not computed from a mixture.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    resp : array-like of shape (n_samples, K)
        Responsibilities, finite and not negative. A row of zeros belongs to no component.
    covariance_type : str
        The type whose M-step the statistics are for.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    SufficientStatistics
        Moments about the weighted mean of each component. The shift of an empty component is the mean of all
        rows that belong to any. The ``log_likelihood`` is 0: responsibilities alone define no density.

    Raises
    ------
    ValueError
        If a shape does not fit, a responsibility or weight is negative or not finite, or there are no rows of
        positive weight.

    Notes
    -----
    Two passes over the rows: equation (21) of docs/theory.md for the shifts, then (46) about them. The first
    moments are what rounding left of zero, and the M-step corrects the means by them.

    Examples
    --------
    >>> from gmmx import reference
    >>> resp = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> statistics = reference.statistics_from_responsibilities([[0.0], [2.0], [5.0]], resp, "diag")
    >>> statistics.shifts.tolist(), statistics.second_moments.tolist()
    ([[1.0], [5.0]], [[2.0], [0.0]])
    """
    family = covariance_family(covariance_type)
    X = _rows(X)
    w = _row_weights(sample_weight, len(X))
    r = np.asarray(resp, dtype=np.float64)
    if r.ndim != 2 or r.shape[0] != len(X) or r.shape[1] == 0:
        raise ValueError(f"resp must have shape (n_samples={len(X)}, n_components), got {r.shape}")
    if not np.all(np.isfinite(r)) or np.any(r < 0):
        raise ValueError("resp must be finite and not negative")
    X, r, w = X[w > 0], r[w > 0], w[w > 0]  # a row of weight 0 is absent
    if len(X) == 0:
        raise ValueError("there must be at least one row of positive weight")
    weighted_resp = r * w[:, np.newaxis]
    counts = weighted_resp.sum(axis=0)
    belonging = weighted_resp.sum(axis=1) if counts.sum() > 0 else w
    origin = belonging @ X / belonging.sum()
    shifts = np.tile(origin, (len(counts), 1))
    for k in np.flatnonzero(~_is_empty(counts, float(w.sum()))):
        shifts[k] += weighted_resp[:, k] @ (X - origin) / counts[k]  # (21)
    return _statistics(X, r, w, shifts, family, 0.0)


def statistics_from_labels(
    X: ArrayLike,
    labels: ArrayLike,
    n_components: int,
    covariance_type: str,
    sample_weight: ArrayLike | None = None,
) -> SufficientStatistics:
    """Sufficient statistics of rows that each belong to one component.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    labels : array-like of shape (n_samples,), integers
        Component of each row, 0 to n_components - 1; -1 for a row that belongs to none.
    n_components : int
        K.
    covariance_type : str
        The type whose M-step the statistics are for.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    SufficientStatistics
        As from :func:`statistics_from_responsibilities` with responsibilities of 0 and 1.

    Raises
    ------
    ValueError
        If a shape does not fit, a label is not an integer of the range, or a weight is negative or not
        finite.

    Notes
    -----
    Equations (21) and (46) of docs/theory.md with r_nk = z_nk.

    Examples
    --------
    >>> from gmmx import reference
    >>> statistics = reference.statistics_from_labels([[0.0], [2.0], [5.0], [9.0]], [0, 0, 1, -1], 2, "diag")
    >>> statistics.counts.tolist(), statistics.shifts.tolist()
    ([2.0, 1.0], [[1.0], [5.0]])
    """
    X = _rows(X)
    z = np.asarray(labels)
    if n_components < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components}")
    if z.shape != (len(X),) or not np.issubdtype(z.dtype, np.integer):
        raise ValueError(f"labels must be integers of shape ({len(X)},), got {z.dtype} of shape {z.shape}")
    if np.any(z < -1) or np.any(z >= n_components):
        raise ValueError(f"labels must lie between -1 and n_components - 1 = {n_components - 1}")
    resp = (z[:, np.newaxis] == np.arange(n_components)).astype(np.float64)  # r_nk = z_nk
    return statistics_from_responsibilities(X, resp, covariance_type, sample_weight)


def m_step(statistics: SufficientStatistics, covariance_type: str, reg_covar: float = 0.0) -> Mixture:
    """M-step: the mixture that maximises Q, given the sufficient statistics.

    Parameters
    ----------
    statistics : SufficientStatistics
        From :func:`e_step`, :func:`statistics_from_responsibilities` or a sum of such.
    covariance_type : str
        Must need no other second moments than ``statistics`` holds: "full" ones serve every type.
    reg_covar : float, default=0.0
        Added to every variance.

    Returns
    -------
    Mixture
        The new parameters. An empty component has weight 0, keeps its shift as its mean and has the
        covariance ``reg_covar`` I (a shared covariance does not notice it).

    Raises
    ------
    ValueError
        If the second moments do not serve the type, reg_covar is negative, or no row has weight.
    CollapsedComponentError
        If a covariance is not positive definite; it names the component.

    Notes
    -----
    Equations (30), (47), (49) with (26), (31), (32) or (33), and (43) of docs/theory.md; for empty components
    (45).

    Examples
    --------
    >>> from gmmx import reference
    >>> labels = [0, 0, 1, 1]
    >>> statistics = reference.statistics_from_labels([[0.0], [2.0], [5.0], [9.0]], labels, 2, "diag")
    >>> mixture = reference.m_step(statistics, "diag", reg_covar=0.5)
    >>> mixture.weights.tolist(), mixture.means.tolist(), mixture.covariances.tolist()
    ([0.5, 0.5], [[1.0], [7.0]], [[1.5], [4.5]])
    """
    family = covariance_family(covariance_type)
    if not (np.isfinite(reg_covar) and reg_covar >= 0):
        raise ValueError(f"reg_covar must be finite and not negative, got {reg_covar}")
    counts = statistics.counts
    if not counts.sum() > 0:
        raise ValueError("the statistics hold no weight: an M-step needs at least one row of positive weight")
    form = family.second_moment_form
    second_moments = _second_moments_as(statistics, form)

    empty = _is_empty(counts, statistics.total_weight)  # (45)
    divisors = np.where(empty, np.inf, counts)  # x / inf = 0: an empty component does not move
    deltas = statistics.first_moments / divisors[:, np.newaxis]  # (47)
    means = statistics.shifts + deltas  # (21), (47)
    weights = np.where(empty, 0.0, counts / counts.sum())  # (30)
    scatter = second_moments - _outer(form, statistics.first_moments, deltas)  # (49), first moment = N_k delta_k
    covariances = family.m_step(scatter, counts, divisors, means.shape[1], reg_covar)
    return Mixture(weights, means, covariances, family.precisions_cholesky(covariances), covariance_type)


def q_function(
    X: ArrayLike, mixture_new: Mixture, mixture_old: Mixture, sample_weight: ArrayLike | None = None
) -> float:
    """Compute Q(theta_new, theta_old), the expected complete-data log-likelihood.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture_new : Mixture
        The parameters at which log p(x, z) is evaluated.
    mixture_old : Mixture
        The parameters that give the responsibilities; K components as well.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    float
        Q; minus infinity if the new mixture excludes a component that the old one uses.

    Raises
    ------
    ValueError
        If X or sample_weight has the wrong shape, a weight is negative or not finite, or the mixtures differ
        in K.

    Notes
    -----
    Equation (16) of docs/theory.md. Terms with r_nk = 0 count as 0.

    Examples
    --------
    >>> from gmmx import reference
    >>> old = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
    >>> X = [[0.0], [1.0], [9.0]]
    >>> new = reference.m_step(reference.e_step(X, old), "spherical", reg_covar=0.1)
    >>> reference.q_function(X, new, old) > reference.q_function(X, old, old)
    True
    """
    X = _rows(X, mixture_old.means.shape[1])
    if mixture_new.means.shape != mixture_old.means.shape:
        raise ValueError(f"the mixtures have means of shapes {mixture_new.means.shape} and {mixture_old.means.shape}")
    w = _row_weights(sample_weight, len(X))
    X, w = X[w > 0], w[w > 0]
    resp = responsibilities(X, mixture_old)
    joint = weighted_log_prob(X, mixture_new)
    joint[resp == 0] = 0.0  # 0 * -inf = 0 here
    return float(w @ np.sum(resp * joint, axis=1))  # (16)


def em(
    X: ArrayLike,
    mixture: Mixture,
    sample_weight: ArrayLike | None = None,
    *,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
    max_iter: int = 100,
    previous_lower_bound: float = -np.inf,
) -> EMResult:
    """Repeat E-step and M-step until the likelihood hardly changes.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        The start.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.
    tol : float, default=1e-3
        Stop when the lower bound changes by less than this.
    reg_covar : float, default=1e-6
        Added to every variance in each M-step.
    max_iter : int, default=100
        Largest number of iterations; 0 returns the start.
    previous_lower_bound : float, default=-inf
        What the first lower bound is compared with: the last one of an earlier run that is continued.

    Returns
    -------
    EMResult
        mixture, converged, n_iter, lower_bounds. A lower bound is the mean log-likelihood per unit weight
        before the M-step of its iteration, as in scikit-learn; for the likelihood of the returned mixture
        call :func:`log_likelihood`.

    Raises
    ------
    ValueError
        As :func:`e_step` and :func:`m_step` do.
    CollapsedComponentError
        If a component collapses.

    Notes
    -----
    Equations (17) and (41) of docs/theory.md; Dempster, Laird and Rubin, "Maximum likelihood from incomplete
    data via the EM algorithm", J. R. Statist. Soc. B 39 (1977).

    Examples
    --------
    >>> from gmmx import reference
    >>> X = [[0.0], [1.0], [8.0], [9.0]]
    >>> start = reference.Mixture.from_covariances([0.5, 0.5], [[1.0], [6.0]], [4.0, 4.0], "spherical")
    >>> result = reference.em(X, start, tol=1e-6, reg_covar=0.0)
    >>> result.converged, result.mixture.means.round(3).tolist()
    (True, [[0.5], [8.5]])
    """
    lower_bound = float(previous_lower_bound)
    lower_bounds: list[float] = []
    converged = False
    n_iter = 0
    for n_iter in range(1, max_iter + 1):  # noqa: B007 (read after the loop)
        previous = lower_bound
        statistics = e_step(X, mixture, sample_weight)
        mixture = m_step(statistics, mixture.covariance_type, reg_covar)  # (17)
        lower_bound = statistics.log_likelihood / statistics.total_weight
        lower_bounds.append(lower_bound)
        if abs(lower_bound - previous) < tol:  # (41)
            converged = True
            break
    return EMResult(mixture, converged, n_iter, lower_bounds)


# ------------------------------------------------------------------------------------------------------------
# Model selection
# ------------------------------------------------------------------------------------------------------------


def n_parameters(mixture: Mixture) -> int:
    """Count the free parameters of a mixture.

    Parameters
    ----------
    mixture : Mixture
        Mixture of K components in d dimensions.

    Returns
    -------
    int
        K - 1 weights, K d means and the covariances.

    Raises
    ------
    ValueError
        If the covariance type is unknown.

    Notes
    -----
    Equation (62) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], "spherical")
    >>> reference.n_parameters(mixture)
    5
    """
    n_components, n_features = mixture.means.shape
    K, d = int(n_components), int(n_features)
    return (K - 1) + K * d + covariance_family(mixture.covariance_type).n_covariance_parameters(K, d)  # (62)


def bic(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Bayesian information criterion; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones. The sample size is their sum.

    Returns
    -------
    float
        -2 log-likelihood + n_parameters log(total weight).

    Raises
    ------
    ValueError
        As :func:`log_likelihood` does.

    Notes
    -----
    Equation (63) of docs/theory.md; Schwarz, "Estimating the dimension of a model", Ann. Statist. 6 (1978).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> round(reference.bic([[0.0], [2.0]], mixture), 4)
    9.062
    """
    X = _rows(X, mixture.means.shape[1])
    total_weight = _row_weights(sample_weight, len(X)).sum()
    return float(
        -2.0 * log_likelihood(X, mixture, sample_weight) + n_parameters(mixture) * np.log(total_weight)
    )  # (63)


def aic(X: ArrayLike, mixture: Mixture, sample_weight: ArrayLike | None = None) -> float:
    """Akaike information criterion; smaller is better.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    mixture : Mixture
        Mixture.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    float
        -2 log-likelihood + 2 n_parameters.

    Raises
    ------
    ValueError
        As :func:`log_likelihood` does.

    Notes
    -----
    Equation (64) of docs/theory.md; Akaike, "A new look at the statistical model identification", IEEE Trans.
    Autom. Control 19 (1974).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0]], [1.0], "spherical")
    >>> round(reference.aic([[0.0], [2.0]], mixture), 4)
    11.6758
    """
    return -2.0 * log_likelihood(X, mixture, sample_weight) + 2.0 * n_parameters(mixture)  # (64)


# ------------------------------------------------------------------------------------------------------------
# k-means, the usual start
# ------------------------------------------------------------------------------------------------------------


def _squared_distances(X: FloatArray, centers: FloatArray) -> FloatArray:
    """Return the (n_samples, n_centers) squared distances, as sums of squared differences."""
    return np.stack([np.sum((X - center) ** 2, axis=1) for center in centers], axis=1)


def _n_local_trials(n_clusters: int) -> int:
    """Return the number of candidates for each centre after the first."""
    return 2 + int(np.log(n_clusters))


def kmeans_draws(n_clusters: int) -> int:
    """Count the uniform numbers that one k-means++ seeding takes.

    Parameters
    ----------
    n_clusters : int
        Number of centres, at least 1.

    Returns
    -------
    int
        1 + (n_clusters - 1) (2 + floor(log n_clusters)).

    Raises
    ------
    ValueError
        If n_clusters is less than 1.

    Notes
    -----
    Section 15 of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> [reference.kmeans_draws(n_clusters) for n_clusters in (1, 2, 3, 8)]
    [1, 3, 7, 29]
    """
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, got {n_clusters}")
    return 1 + (n_clusters - 1) * _n_local_trials(n_clusters)


def _kmeans_input(
    X: ArrayLike, n_clusters: int, uniforms: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Check and convert what k-means++ and k-means take."""
    rows = _rows(X)
    w = _row_weights(sample_weight, len(rows))
    u = np.asarray(uniforms, dtype=np.float64)
    n_draws = kmeans_draws(n_clusters)
    if len(rows) < n_clusters:
        raise ValueError(f"n_clusters={n_clusters} is more than the {len(rows)} rows of X")
    if not w.sum() > 0:
        raise ValueError("there must be at least one row of positive weight")
    if u.shape != (n_draws,) or np.any(u < 0) or np.any(u >= 1):
        raise ValueError(f"uniforms must be {n_draws} numbers in [0, 1) for {n_clusters} clusters, got shape {u.shape}")
    return rows, w, u


def kmeans_plus_plus(
    X: ArrayLike, n_clusters: int, uniforms: ArrayLike, sample_weight: ArrayLike | None = None
) -> IntArray:
    """Greedy k-means++: draw rows as first centres, far from one another.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    n_clusters : int
        Number of centres, at most n_samples.
    uniforms : array-like of shape (kmeans_draws(n_clusters),)
        Uniform random numbers in [0, 1): all the randomness there is.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.

    Returns
    -------
    ndarray of shape (n_clusters,), int64
        Indices of the chosen rows. With ``uniforms = RandomState(seed).random_sample(m)`` they are those of
        ``sklearn.cluster.kmeans_plusplus(X, n_clusters, random_state=RandomState(seed))``.

    Raises
    ------
    ValueError
        If a shape does not fit, a uniform lies outside [0, 1), or no weight is positive.

    Notes
    -----
    Equations (59) and (60) of docs/theory.md; Arthur and Vassilvitskii, "k-means++: the advantages of careful
    seeding", SODA 2007.

    Examples
    --------
    >>> from gmmx import reference
    >>> X = [[0.0], [1.0], [8.0], [9.0]]
    >>> reference.kmeans_plus_plus(X, 2, uniforms=[0.1, 0.3, 0.9]).tolist()
    [0, 2]
    """
    rows, w, u = _kmeans_input(X, n_clusters, uniforms, sample_weight)
    n_trials = _n_local_trials(n_clusters)
    indices = np.empty(n_clusters, dtype=np.int64)

    cumulative = np.cumsum(w / w.sum())  # (59) before there is a centre: each row by its weight
    cumulative /= cumulative[-1]
    indices[0] = np.searchsorted(cumulative, u[0], side="right")
    closest = _squared_distances(rows, rows[indices[:1]])[:, 0]
    potential = float(closest @ w)

    for c in range(1, n_clusters):
        draws = u[1 + (c - 1) * n_trials : 1 + c * n_trials] * potential
        candidates = np.searchsorted(np.cumsum(w * closest), draws, side="left")  # (59)
        candidates = np.minimum(candidates, len(rows) - 1)  # rounding may push a draw past the end
        closer = np.minimum(closest[:, np.newaxis], _squared_distances(rows, rows[candidates]))
        potentials = w @ closer
        best = int(np.argmin(potentials))  # (60)
        indices[c], closest, potential = candidates[best], closer[:, best], float(potentials[best])
    return indices


def kmeans(
    X: ArrayLike,
    n_clusters: int,
    uniforms: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    max_iter: int = 300,
    tol: float = 1e-4,
) -> KMeansResult:
    """Lloyd's k-means from a greedy k-means++ start, stopping as scikit-learn's does without weights.

    Parameters
    ----------
    X : array-like of shape (n_samples, d)
        Rows.
    n_clusters : int
        Number of clusters, at most n_samples.
    uniforms : array-like of shape (kmeans_draws(n_clusters),)
        Uniform random numbers in [0, 1) for :func:`kmeans_plus_plus`.
    sample_weight : array-like of shape (n_samples,), optional
        Weights of the rows; None stands for ones.
    max_iter : int, default=300
        Largest number of iterations, at least 1.
    tol : float, default=1e-4
        Stop when the squared movements of the centres add up to no more than this times the mean variance of
        the features.

    Returns
    -------
    KMeansResult
        labels, centers, inertia, n_iter.

    Raises
    ------
    ValueError
        As :func:`kmeans_plus_plus`, and if max_iter is less than 1.

    Notes
    -----
    Equations (57), (58) and (61) of docs/theory.md; Lloyd, "Least squares quantization in PCM", IEEE Trans.
    Inf. Theory 28 (1982). A cluster without weight takes over the row (of positive weight) that is farthest
    from its centre, the next such cluster the second farthest, and so on; a cluster that is still without
    weight after this moves to the centre of the heaviest one.

    Examples
    --------
    >>> from gmmx import reference
    >>> result = reference.kmeans([[0.0], [1.0], [8.0], [9.0]], 2, uniforms=[0.1, 0.3, 0.9])
    >>> result.labels.tolist(), result.centers.tolist(), result.inertia
    ([0, 0, 1, 1], [[0.5], [8.5]], 1.0)
    """
    rows, w, u = _kmeans_input(X, n_clusters, uniforms, sample_weight)
    if max_iter < 1:
        raise ValueError(f"max_iter must be at least 1, got {max_iter}")
    origin = rows[np.argmax(w > 0)]
    origin = origin + w @ (rows - origin) / w.sum()
    rows = rows - origin  # sums of small numbers, also when the data lie far from the origin
    allowed_shift = tol * float(np.mean(w @ rows**2 / w.sum()))  # (61)
    present = w > 0

    centers = rows[kmeans_plus_plus(rows, n_clusters, u, w)]
    labels = np.full(len(rows), -1, dtype=np.int64)
    stable = False
    n_iter = 0
    for n_iter in range(1, max_iter + 1):  # noqa: B007 (read after the loop)
        previous_labels, previous_centers = labels, centers
        distances = _squared_distances(rows, centers)
        labels = np.argmin(distances, axis=1)  # (58)
        centers = _cluster_means(rows, w, labels, distances.min(axis=1), n_clusters)  # (58)
        stable = np.array_equal(labels[present], previous_labels[present])
        if stable or np.sum((centers - previous_centers) ** 2) <= allowed_shift:  # (61)
            break
    distances = _squared_distances(rows, centers)
    if not stable:
        labels = np.argmin(distances, axis=1)  # the labels of the returned centres
    inertia = float(w @ distances[np.arange(len(rows)), labels])  # (57)
    return KMeansResult(labels.astype(np.int32), centers + origin, inertia, n_iter)


def _cluster_means(
    X: FloatArray, w: FloatArray, labels: IntArray, distances: FloatArray, n_clusters: int
) -> FloatArray:
    """Return the weighted mean of each cluster; clusters without weight first take over the farthest rows."""
    labels = labels.copy()
    empty = np.flatnonzero(np.bincount(labels, weights=w, minlength=n_clusters) == 0)
    if len(empty) > 0 and distances.max() > 0:
        present = np.flatnonzero(w > 0)
        farthest = present[np.argsort(-distances[present], kind="stable")]
        for cluster, row in zip(empty, farthest, strict=False):
            labels[row] = cluster
    counts = np.bincount(labels, weights=w, minlength=n_clusters)
    centers = np.zeros((n_clusters, X.shape[1]))
    for k in np.flatnonzero(counts > 0):
        members = labels == k
        centers[k] = w[members] @ X[members] / counts[k]  # (58)
    centers[counts == 0] = centers[np.argmax(counts)]
    return centers
