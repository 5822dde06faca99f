"""Methods of estimators with a fitted mixture: densities, responsibilities, criteria, samples."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx.em import criteria
from gmmx.em.random import as_random_source
from gmmx.mixture._parameters import mixture_of
from gmmx.validation import F64, RowArray, Rows, check_rows_of, checked_rows, thread_count
from gmmx.validation._lost_rows import lost_row, naming_columns

__all__ = ["FittedMixture", "mixture_to_sample"]

# Made once, because a context made for each row takes a tenth of predicting it.
_WITHOUT_NAMES = contextlib.nullcontext()


def mixture_to_sample(estimator: Any) -> _core.Mixture:
    """Return the mixture to draw from, built from `covariances_`, which users may set."""
    if hasattr(estimator, "covariances_"):
        # Rounded to float32, a covariance of a fit may just miss being definite.
        with contextlib.suppress(_core.CollapsedComponentError):
            return mixture_of(estimator, "covariances")
    mixture: _core.Mixture = estimator.mixture_
    return mixture


class FittedMixture:
    """Methods that a fitted mixture makes possible, for `GaussianMixture` and estimators that select one.

    Subclasses have `mixture_`, the parameters `n_jobs` and `random_state`, and `_check_is_fitted`.
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
        """Return the total weight of the rows and the sums of functions over them."""
        rows, mixture = self._weighted_rows(X, sample_weight), self.mixture_
        with self._naming_columns():
            return rows.total_weight, [term(rows, mixture) for term in terms]

    def _naming_columns(self) -> contextlib.AbstractContextManager[None]:
        """Let errors of native code name columns as in the fit."""
        names = vars(self).get("feature_names_in_")
        return _WITHOUT_NAMES if names is None else naming_columns(names)

    def score_samples(self, X: npt.ArrayLike) -> RowArray:
        """Compute the log-density of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows. float32 is computed in float32.

        Returns
        -------
        log_prob_norm : ndarray of shape (n_samples,)
            log p(x_n), with the dtype of X.

        Raises
        ------
        ValueError
            If a row is not finite, or its log-density exceeds the range of the dtype of X.
        """
        rows = self._rows(X)
        with self._naming_columns():
            return _core.score_samples(rows, self.mixture_, thread_count(self.n_jobs))

    def score(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the mean log-density of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the mean. None gives every row the weight 1.

        Returns
        -------
        log_likelihood : float
            sum_n w_n log p(x_n) / sum_n w_n. Without weights it equals `score_samples(X).mean()`, also for float32
            rows, whose mean is rounded to float32.
        """
        rows = self._weighted_rows(X, sample_weight)
        if rows.X.dtype == np.float32 and rows.sample_weight is None:
            mean = self._mean_in_float32(rows)
            if mean is not None:
                return mean
        with self._naming_columns():
            return criteria.log_likelihood(rows, self.mixture_) / rows.total_weight

    def _mean_in_float32(self, rows: Rows) -> float | None:
        """Return the mean log-density rounded to float32; None if it is out of range."""
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
            Components, int64.

        Raises
        ------
        ValueError
            If a row is not finite, or so far from every component that squares overflow float64.
        """
        rows = self._rows(X)
        with self._naming_columns():
            return _core.predict(rows, self.mixture_, thread_count(self.n_jobs))

    def predict_proba(self, X: npt.ArrayLike) -> RowArray:
        """Compute the probability of each component given the row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        responsibilities : ndarray of shape (n_samples, n_components)
            Probabilities, which sum to one in each row, with the dtype of X.

        Raises
        ------
        ValueError
            If a row is not finite, or so far from every component that squares overflow float64.
        """
        rows = self._rows(X)
        with self._naming_columns():
            return _core.responsibilities(rows, self.mixture_, thread_count(self.n_jobs))

    def uncertainty(self, X: npt.ArrayLike) -> RowArray:
        """Compute the probability that `predict` is wrong for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        uncertainty : ndarray of shape (n_samples,)
            1 - max_k r_nk, equation (103) of docs/theory.md, from 0 to 1 - 1 / n_components, with the dtype of X.
        """
        uncertainty: RowArray = 1 - self.predict_proba(X).max(axis=1)
        return uncertainty

    def entropy(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the entropy of the responsibilities, a measure of overlap.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None gives every row the weight 1.

        Returns
        -------
        entropy : float
            Minus sum_n w_n sum_k r_nk log r_nk in nats, equation (104) of docs/theory.md: 0 if every row certainly
            belongs to one component.
        """
        _, (entropy,) = self._sums(X, sample_weight, criteria.entropy)
        return entropy

    def icl(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the integrated completed likelihood criterion; smaller is better.

        It is the BIC plus a penalty for rows with ambiguous membership, so it prefers well-separated components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, whose sum replaces n_samples. None gives every row the weight 1.

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
        """Compute the Bayesian information criterion; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, whose sum replaces n_samples. None gives every row the weight 1.

        Returns
        -------
        bic : float
            -2 log-likelihood + `n_parameters_` * log n.
        """
        total_weight, (log_likelihood,) = self._sums(X, sample_weight, criteria.log_likelihood)
        return criteria.bic(log_likelihood, self.mixture_.n_parameters, total_weight)

    def aic(self, X: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the Akaike information criterion; smaller is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        aic : float
            -2 log-likelihood + 2 * `n_parameters_`.
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
            Number of rows, at least 1.

        random_state : int, RandomState, Generator or None, default=None
            Source of randomness. An int gives the same rows each time, on any number of threads and, up to
            rounding, on any machine; an instance gives new ones. None uses that of the
            estimator.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Rows in float64, in the order of their components.

        y : ndarray of shape (n_samples,)
            Components of the rows.

        Raises
        ------
        ValueError
            If `n_samples` is less than 1, or too large for an array.
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
