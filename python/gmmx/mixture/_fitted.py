"""Methods of estimators that hold a fitted mixture: densities, responsibilities, criteria, samples."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._covariance_shapes import compress
from gmmx.em import criteria
from gmmx.em.random import as_random_source
from gmmx.validation import F64, RowArray, Rows, check_rows_of, checked_rows, thread_count
from gmmx.validation._lost_rows import lost_row

__all__ = ["FittedMixture", "mixture_to_sample"]


def mixture_to_sample(estimator: Any) -> _core.Mixture:
    """Return the mixture to draw from, made of `covariances_`, which some users set by hand."""
    if hasattr(estimator, "covariances_"):
        # Rounded to float32, a covariance of a fit may just miss being definite.
        with contextlib.suppress(_core.CollapsedComponentError):
            return _core.Mixture(
                np.asarray(estimator.weights_, dtype=np.float64),
                np.asarray(estimator.means_, dtype=np.float64),
                estimator.covariance_type,
                covariances=compress(
                    np.asarray(estimator.covariances_, dtype=np.float64),
                    estimator.covariance_type,
                    argument="covariances_",
                ),
            )
    mixture: _core.Mixture = estimator.mixture_
    return mixture


class FittedMixture:
    """What an estimator does once it has a mixture, for `GaussianMixture` and the estimators that choose one.

    A class that derives from it has `mixture_`, the parameters `n_jobs` and `random_state`, and
    `_check_is_fitted`.
    """

    if TYPE_CHECKING:
        n_jobs: int | None
        random_state: int | np.random.RandomState | np.random.Generator | None

        @property
        def mixture_(self) -> _core.Mixture: ...

        def _check_is_fitted(self) -> None: ...

    def _mixture_to_sample(self) -> _core.Mixture:
        """Return the mixture that `sample` draws from."""
        return mixture_to_sample(self)

    def _rows(self, X: npt.ArrayLike) -> RowArray:
        """Return rows to apply the fitted mixture to."""
        self._check_is_fitted()
        return check_rows_of(self, X, fit=False)

    def _weighted_rows(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Rows:
        self._check_is_fitted()
        return checked_rows(X, sample_weight, thread_count(self.n_jobs), estimator=self)

    def _sums(
        self,
        X: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        *terms: Callable[[Rows, _core.Mixture], float],
    ) -> tuple[float, list[float]]:
        """Return the total weight of rows and the sums over them that some functions return."""
        rows, mixture = self._weighted_rows(X, sample_weight), self.mixture_
        return rows.total_weight, [term(rows, mixture) for term in terms]

    def score_samples(self, X: npt.ArrayLike) -> RowArray:
        """Compute the log-density of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; float32 is computed in float32.

        Returns
        -------
        log_prob_norm : ndarray of shape (n_samples,)
            log p(x_n), in the type of X.

        Raises
        ------
        ValueError
            If a row is not finite, or its log-density is beyond the range of the type of X.
        """
        rows = self._rows(X)
        return _core.score_samples(rows, self.mixture_, thread_count(self.n_jobs))

    def score(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the mean log-density of a row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean. None: all one.

        Returns
        -------
        log_likelihood : float
            sum_n w_n log p(x_n) / sum_n w_n. Without weights it is `score_samples(X).mean()` to the last
            digit for float32 rows, too, whose mean is rounded to float32.
        """
        rows = self._weighted_rows(X, sample_weight)
        if rows.X.dtype == np.float32 and rows.sample_weight is None:
            mean = self._mean_in_float32(rows)
            if mean is not None:
                return mean
        return criteria.log_likelihood(rows, self.mixture_) / rows.total_weight

    def _mean_in_float32(self, rows: Rows) -> float | None:
        """Return the mean log-density as float32 holds it; None if it does not."""
        try:
            with np.errstate(over="ignore"):
                mean = float(np.mean(_core.score_samples(rows.X, self.mixture_, rows.n_threads)))
        except ValueError as error:
            if lost_row(error) is None:
                raise
            return None
        return mean if math.isfinite(mean) else None

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Find the most probable component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Components, as int64.

        Raises
        ------
        ValueError
            If a row is not finite, or so far from every component that squares overflow float64.
        """
        rows = self._rows(X)
        return _core.predict(rows, self.mixture_, thread_count(self.n_jobs))

    def predict_proba(self, X: npt.ArrayLike) -> RowArray:
        """Compute the responsibilities: the probability of each component given the row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, n_components)
            Each row sums to one; in the type of X.

        Raises
        ------
        ValueError
            If a row is not finite, or so far from every component that squares overflow float64.
        """
        rows = self._rows(X)
        return _core.responsibilities(rows, self.mixture_, thread_count(self.n_jobs))

    def uncertainty(self, X: npt.ArrayLike) -> RowArray:
        """Compute the probability that a row does not belong to the component that `predict` gives it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        uncertainty : ndarray of shape (n_samples,)
            1 - max_k r_nk, equation (103) of docs/theory.md, from 0 to 1 - 1 / n_components; in the type of X.
        """
        uncertainty: RowArray = 1 - self.predict_proba(X).max(axis=1)
        return uncertainty

    def entropy(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the entropy of the responsibilities of all rows: how far the components overlap.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None: all one.

        Returns
        -------
        entropy : float
            Minus sum_n w_n sum_k r_nk log r_nk in nats, equation (104) of docs/theory.md: 0 if every row belongs to
            one component for sure.
        """
        _, (entropy,) = self._sums(X, sample_weight, criteria.entropy)
        return entropy

    def icl(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the integrated completed likelihood criterion: the lower, the better.

        It is the BIC plus a penalty for rows with ambiguous membership, so that it prefers components that lie apart.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights. Their sum takes the place of n_samples.

        Returns
        -------
        icl : float
            BIC - 2 sum_n w_n log max_k r_nk, equation (105) of docs/theory.md. mclust reports its negative.
        """
        total_weight, (log_likelihood, certainty) = self._sums(
            X, sample_weight, criteria.log_likelihood, criteria.log_certainty
        )
        return criteria.icl(log_likelihood, self.mixture_.n_parameters, total_weight, certainty)

    def bic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the Bayesian information criterion: the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights. Their sum takes the place of n_samples.

        Returns
        -------
        bic : float
            -2 log-likelihood + number of free parameters * log n.
        """
        total_weight, (log_likelihood,) = self._sums(X, sample_weight, criteria.log_likelihood)
        return criteria.bic(log_likelihood, self.mixture_.n_parameters, total_weight)

    def aic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the Akaike information criterion: the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        aic : float
            -2 log-likelihood + 2 * number of free parameters.
        """
        _, (log_likelihood,) = self._sums(X, sample_weight, criteria.log_likelihood)
        return criteria.aic(log_likelihood, self.mixture_.n_parameters)

    def sample(
        self,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
    ) -> tuple[F64, npt.NDArray[np.int64]]:
        """Draw random rows from the fitted mixture.

        Parameters
        ----------
        n_samples : int, default=1
            How many, at least one.

        random_state : int, RandomState, Generator or None, default=None
            Source of randomness; None takes that of the estimator. An int gives the same rows each time, an
            instance new ones.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Rows in float64, in the order of their components.

        y : ndarray of shape (n_samples,)
            Their components.

        Raises
        ------
        ValueError
            If `n_samples` is less than one, or more than an array can hold.
        """
        self._check_is_fitted()
        if not isinstance(n_samples, Integral):
            raise TypeError(f"n_samples is {n_samples!r}, but must be an integer of at least 1.")
        if n_samples < 1:
            raise ValueError(f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample.")
        random = as_random_source(self.random_state if random_state is None else random_state)
        mixture, n_threads = self._mixture_to_sample(), thread_count(self.n_jobs)
        most = np.iinfo(np.intp).max // (8 * mixture.n_features)
        if n_samples > most:
            raise ValueError(
                f"n_samples is {n_samples}, but an array holds at most {most} rows of {mixture.n_features} features. "
                "Draw fewer rows at a time."
            )
        return _core.sample(mixture, int(n_samples), random.seed(), n_threads)
