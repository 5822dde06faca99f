"""Tests of the number of components, by likelihood ratios of rows drawn under the null hypothesis."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from gmmx import _core
from gmmx._sklearn import Interval, StrOptions, validate_params
from gmmx._warnings import ignoring, warn
from gmmx.em.initialization import INITIALIZERS
from gmmx.inference._parallel import map_fits, seeds_from
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.validation import (
    F64,
    FitFailedError,
    RowArray,
    Rows,
    check_covariance_type,
    check_enough_rows,
    checked_rows,
    thread_count,
)
from gmmx.validation._options import explaining_calls

__all__ = ["LikelihoodRatioTests", "bootstrap_lrt"]

# A smaller change of the mean log-likelihood is rounding error.
_FINEST_TOL = 1e-13


@dataclass(frozen=True, eq=False)
class LikelihoodRatioTests:
    """Sequence of tests of K components against K + 1, for K = 1, 2, ...

    Attributes
    ----------
    covariance_type : str
        Model of the covariances.

    n_components : ndarray of shape (n_tests,)
        K, the number of components under the null hypothesis.

    statistic : ndarray of shape (n_tests,)
        Twice the gain in log-likelihood from an additional component.

    p_value : ndarray of shape (n_tests,)
        Probability under the null hypothesis of a statistic at least this large, by (102).

    resampled : list of ndarray of shape (n_resamples,)
        Statistics of rows drawn from the mixture fitted under the null hypothesis, for each test.

    n_failed : ndarray of shape (n_tests,)
        Number of resamples without a statistic because their fits collapsed, for each test.

    level : float
        Significance level that ends the tests.
    """

    covariance_type: str
    n_components: npt.NDArray[np.int64]
    statistic: F64
    p_value: F64
    resampled: list[F64] = field(repr=False)
    n_failed: npt.NDArray[np.int64]
    level: float

    def __str__(self) -> str:
        """Return a table with one line per test."""
        lines = [f"{self.covariance_type}: K against K + 1", f"{'K':>4} {'statistic':>12} {'p':>8}"]
        rows = zip(self.n_components, self.statistic, self.p_value, strict=True)
        return "\n".join([*lines, *(f"{k:>4} {statistic:>12.3f} {p:>8.4f}" for k, statistic, p in rows)])


class _Pair(NamedTuple):
    """A mixture and one with an additional component, fitted to the same rows."""

    null: GaussianMixture
    alternative: GaussianMixture

    @property
    def statistic(self) -> float:
        """Twice the gain, at least zero: the smaller mixture is a special case of the larger one."""
        return max(0.0, 2.0 * (self.alternative.log_likelihood_ - self.null.log_likelihood_))


@dataclass(frozen=True)
class _Fitter:
    """Fits mixtures with any number of components, to data and resamples alike."""

    covariance_type: str
    options: dict[str, Any]

    def fit(self, X: RowArray, sample_weight: F64 | None, n_components: int, **more: Any) -> GaussianMixture:
        """Fit a mixture from the requested initialization, or from `more`."""
        model = GaussianMixture(n_components, covariance_type=self.covariance_type, **self.options | more)
        model.fit(X, sample_weight=sample_weight)
        return model

    def larger(self, X: RowArray, sample_weight: F64 | None, smaller: GaussianMixture, **more: Any) -> GaussianMixture:
        """Fit an additional component, to a likelihood at least as high.

        If the usual initialization does not lead to a higher likelihood, each component of the smaller mixture is split
        in turn.

        Raises
        ------
        FitFailedError
            If no initialization leads to a fit.
        """
        n_components = smaller.n_components + 1
        found: list[GaussianMixture] = []
        with contextlib.suppress(FitFailedError):
            found.append(self.fit(X, sample_weight, n_components, **more))
        if not found or found[0].log_likelihood_ <= smaller.log_likelihood_:
            for assignment in _splits(X, sample_weight, smaller):
                with contextlib.suppress(FitFailedError):
                    found.append(
                        self.fit(X, sample_weight, n_components, **more | {"responsibilities_init": assignment})
                    )
        if not found:
            raise FitFailedError(f"{n_components} components could not be fitted: one collapsed, whatever the start.")
        return max(found, key=lambda model: model.log_likelihood_)


def _splits(X: RowArray, sample_weight: F64 | None, model: GaussianMixture) -> Iterator[F64]:
    """Yield responsibilities with each component split across its direction of largest variance."""
    responsibilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    for k, mean in enumerate(np.asarray(model.means_, dtype=np.float64)):
        belonging = responsibilities[:, k]
        centred = X - mean
        held = belonging if sample_weight is None else belonging * sample_weight
        direction = np.linalg.eigh((centred.T * held) @ centred)[1][:, -1]
        ahead = centred @ direction > 0.0
        if 0.0 < held @ ahead < held.sum():
            assignment = np.column_stack([responsibilities, belonging * ahead])
            assignment[:, k] = belonging * ~ahead
            yield assignment


@explaining_calls
@validate_params(
    {
        "max_components": [Interval(Integral, 2, None, closed="left")],
        "n_resamples": [Interval(Integral, 1, None, closed="left")],
        "level": [Interval(Real, 0.0, 1.0, closed="both")],
        "init_params": [StrOptions(set(INITIALIZERS))],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "callback": [callable, None],
    },
    prefer_skip_nested_validation=True,
)  # type: ignore[untyped-decorator]
def bootstrap_lrt(
    X: npt.ArrayLike,
    covariance_type: str = "full",
    max_components: int = 9,
    n_resamples: int = 999,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.05,
    init_params: str = "hc",
    n_init: int = 1,
    reg_covar: float = 1e-6,
    tol: float | None = None,
    max_iter: int = 1000,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | np.random.Generator | None = None,
    callback: Callable[[int, int], Any] | None = None,
) -> LikelihoodRatioTests:
    """Test K components against K + 1 until one is not significant.

    The likelihood ratio of mixtures does not have a chi-squared distribution. It is therefore compared with the ratios
    of rows drawn from the mixture with K components, (102). Both mixtures are fitted to these rows from the same
    initialization as to the data, on whose quality the p-values depend.

    A mixture with K components is also one with K + 1, two of which are equal, so the larger mixture cannot fit worse.
    If it does, its initialization was poor: EM then starts from the smaller mixture with each of its components split
    in turn, and if that does not help, the statistic is zero. The data and the drawn rows are treated alike.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows. Computations are in float64.

    covariance_type : str, default='full'
        Model of the covariances, as in `GaussianMixture`.

    max_components : int, default=9
        Maximum number of components under the alternative, at least 2.

    n_resamples : int, default=999
        Number of resamples for each test. The smallest possible p-value is 1 / (n_resamples + 1).

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, whose sum is the number of rows to draw. None gives every row the weight 1.

    level : float, default=0.05
        Significance level: the first p-value above it ends the tests. With 1 all tests are made.

    init_params, n_init, reg_covar : optional
        As in `GaussianMixture`.

    tol : float, default=None
        Threshold for the change of the mean log-likelihood per row at which EM stops. None uses 1e-4 / n.

    max_iter : int, default=1000
        Maximum number of iterations for each fit.

    n_jobs : int, default=None
        Number of threads, each with its own resample; None as in `GaussianMixture`. Results do not depend on it.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness. An int gives the same result each time.

    callback : callable, default=None
        Function called as ``callback(done, total)`` after each resample of a test. If it returns true, the tests end,
        and the result excludes the unfinished one.

    Returns
    -------
    tests : LikelihoodRatioTests
        Statistics and p-values.

    Raises
    ------
    FitFailedError
        A ValueError: one component, or all resamples of a test, could not be fitted.
    ValueError, TypeError
        If an argument is not as described.

    Warns
    -----
    ConvergenceWarning
        If resamples failed and were excluded; if a mixture did not converge, or could not be fitted to the data, which
        ends the tests.

    References
    ----------
    McLachlan, *Applied Statistics* 36 (1987) 318-324. Equation (102) of the theory.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> X = np.random.default_rng(0).normal(size=(200, 1))
    >>> X[:100] += 6.0
    >>> tests = gmmx.bootstrap_lrt(X, n_resamples=99, random_state=0)
    >>> tests.n_components  # one component is rejected, two are not
    array([1, 2])
    >>> [bool(p < 0.05) for p in tests.p_value]
    [True, False]
    """
    rows = checked_rows(X, sample_weight, thread_count(n_jobs))
    rows = replace(rows, X=rows.X.astype(np.float64, copy=False))
    check_enough_rows(rows, 2)
    if tol is None:
        tol = max(1e-4 / rows.total_weight, _FINEST_TOL)
    options = {"init_params": init_params, "n_init": n_init, "reg_covar": reg_covar, "tol": tol, "max_iter": max_iter}
    fitter = _Fitter(check_covariance_type(covariance_type), options)
    seeds = seeds_from(random_state)
    null = fitter.fit(rows.X, rows.sample_weight, 1, n_jobs=n_jobs)
    tests: list[tuple[int, float, float, F64, int]] = []
    for n_components in range(1, max_components):
        seed, *resample_seeds = seeds.spawn(1 + n_resamples)
        try:
            alternative = fitter.larger(rows.X, rows.sample_weight, null, random_state=_state(seed), n_jobs=n_jobs)
        except FitFailedError as error:
            warn(f"The tests end at {n_components} components: {error}", ConvergenceWarning)
            break
        statistic = _Pair(null, alternative).statistic
        resampled = _null_statistics(fitter, null, rows, resample_seeds, callback)
        if resampled is None:
            break
        succeeded = resampled[np.isfinite(resampled)]
        n_failed = len(resampled) - len(succeeded)
        p_value = (1 + np.count_nonzero(succeeded >= statistic)) / (1 + len(succeeded))  # (102)
        tests.append((n_components, statistic, p_value, succeeded, n_failed))
        if p_value > level:
            break
        null = alternative
    return LikelihoodRatioTests(
        covariance_type=fitter.covariance_type,
        n_components=np.array([test[0] for test in tests], dtype=np.int64),
        statistic=np.array([test[1] for test in tests], dtype=np.float64),
        p_value=np.array([test[2] for test in tests], dtype=np.float64),
        resampled=[test[3] for test in tests],
        n_failed=np.array([test[4] for test in tests], dtype=np.int64),
        level=float(level),
    )


def _state(seed: np.random.SeedSequence) -> np.random.Generator:
    return np.random.default_rng(seed)


def _null_statistics(
    fitter: _Fitter,
    null: GaussianMixture,
    rows: Rows,
    seeds: list[np.random.SeedSequence],
    callback: Callable[[int, int], Any] | None,
) -> F64 | None:
    """Return the statistics of drawn rows, NaN for failed fits; None if the callback stopped."""
    n_samples, mixture = round(rows.total_weight), null.mixture_
    stopped = False

    def watch(done: int, total: int) -> bool:
        nonlocal stopped
        stopped = callback is not None and bool(callback(done, total))
        return stopped

    def task(number: int) -> float:
        generator = _state(seeds[number])
        drawn, _ = _core.sample(mixture, n_samples, int(generator.integers(np.iinfo(np.int64).max)), 1)
        more = {"random_state": generator, "n_jobs": 1}
        try:
            with ignoring(ConvergenceWarning):
                smaller = fitter.fit(drawn, None, null.n_components, **more)
                return _Pair(smaller, fitter.larger(drawn, None, smaller, **more)).statistic
        except FitFailedError:
            return math.nan

    statistics = np.array(map_fits(task, len(seeds), rows.n_threads, watch))
    if stopped:
        return None
    n_failed = np.count_nonzero(np.isnan(statistics))
    if n_failed == len(statistics):
        raise FitFailedError(
            f"All {n_failed} resamples of {null.n_components} components failed, as a component collapsed. Raise "
            "reg_covar or lower max_components."
        )
    if n_failed:
        warn(
            f"{n_failed} of {len(statistics)} resamples of {null.n_components} components were left out, as a "
            "component collapsed. Raise reg_covar or lower max_components.",
            ConvergenceWarning,
        )
    return statistics
