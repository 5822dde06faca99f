"""Inference by resampling: standard errors and intervals of a fitted mixture, and tests of how many components.

Resamples are weights of the rows that are there already, so nothing is copied. Each has a random generator of its
own, spawned from one seed, and runs on one thread: results do not depend on how many threads there are.
"""

from __future__ import annotations

import contextlib
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real
from statistics import NormalDist
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from gmmx import _core
from gmmx.draws import draws_from
from gmmx.estimators import GaussianMixture
from gmmx.initialization import PARTITIONS
from gmmx.validation import (
    F64,
    FitFailedError,
    Rows,
    WeightedRows,
    check_covariance_type,
    check_enough_rows,
    check_rows,
    check_rows_of,
    check_sample_weight,
    thread_count,
)

__all__ = ["BootstrapResult", "LikelihoodRatioTests", "bootstrap", "bootstrap_lrt"]

Outcome = TypeVar("Outcome")

_NUMBERS_WORTH_A_LOOK = 10_000
"""Rows times features from which a fit looks after each iteration whether the run was interrupted."""
_FINEST_TOL = 1e-13
"""Below this a change of the mean log-likelihood is rounding."""


# ------------------------------------------------------------------------------------------------- many small fits


class _Interrupted(Exception):
    """The run was interrupted, and this fit need not go on."""


def _in_threads(
    task: Callable[[int, Callable[..., None]], Outcome],
    total: int,
    n_threads: int,
    callback: Callable[[int, int], Any] | None,
) -> list[Outcome]:
    """Run tasks 0, 1, ... in threads; return their outcomes in order, fewer if the callback stops.

    A task gets, besides its number, a function to call now and then, which raises once the run was interrupted.
    """
    interrupted = threading.Event()

    def look(*_: Any) -> None:
        if interrupted.is_set():
            raise _Interrupted

    outcomes: list[Outcome] = []
    n_threads = min(n_threads, total)
    with ThreadPoolExecutor(n_threads) if n_threads > 1 else contextlib.nullcontext() as pool:
        try:
            for outcome in (pool or _HERE).map(lambda number: task(number, look), range(total)):
                outcomes.append(outcome)
                if callback is not None and callback(len(outcomes), total):
                    break
        finally:
            interrupted.set()
            if pool is not None:
                pool.shutdown(cancel_futures=True)
    return outcomes


class _Here:
    """Stands for a pool of one thread: the one that asks, where the native code itself heeds Ctrl-C."""

    map = staticmethod(map)


_HERE = _Here()


def _seeds(random_state: Any) -> np.random.SeedSequence:
    """Return the seed that all others of a run descend from."""
    return np.random.SeedSequence(draws_from(random_state).seed())


def _listener(X: Rows, look: Callable[..., None]) -> Callable[..., None] | None:
    """Return what EM calls after each iteration: of few rows, nothing, as the call takes longer than they do."""
    return look if X.size > _NUMBERS_WORTH_A_LOOK else None


# ------------------------------------------------------------------------------------------------------ resamples


class _Source(NamedTuple):
    """What resamples are made of: rows, what each counts, how many these are in all, and the fitted mixture."""

    X: Rows
    sample_weight: F64
    n_units: int
    mixture: _core.Mixture

    @classmethod
    def of(cls, rows: WeightedRows, mixture: _core.Mixture) -> _Source:
        """Take checked rows."""
        weights = np.ones(len(rows.X)) if rows.sample_weight is None else rows.sample_weight
        needed, total = max(2, mixture.n_components), rows.total_weight
        if round(total) < needed:
            raise ValueError(
                f"sample_weight sums to {total:g}, but the sum is the number of rows that these stand for, and to "
                f"resample takes at least {needed}: scale the weights to sum to the true number."
            )
        return cls(rows.X, weights, round(total), mixture)


class _Resample(NamedTuple):
    """Rows to fit to, their weights, and how often the fit counts."""

    X: Rows
    sample_weight: F64 | None
    multiplicity: float = 1.0


def _nonparametric(source: _Source, _: int, generator: np.random.Generator) -> _Resample:
    """Draw as many rows as there are, with replacement: (98)."""
    total = source.sample_weight.sum()
    counts = generator.multinomial(source.n_units, source.sample_weight / total)
    return _Resample(source.X, counts * (total / source.n_units))


def _weighted(source: _Source, _: int, generator: np.random.Generator) -> _Resample:
    """Draw weights from a Dirichlet distribution: (99)."""
    weights = generator.standard_gamma(source.sample_weight)
    return _Resample(source.X, weights * (source.sample_weight.sum() / weights.sum()))


def _parametric(source: _Source, _: int, generator: np.random.Generator) -> _Resample:
    """Draw rows from the fitted mixture."""
    seed = int(generator.integers(np.iinfo(np.int64).max))
    return _Resample(_core.sample(source.mixture, source.n_units, seed, 1)[0], None)


def _leave_one_out(source: _Source, number: int, _: np.random.Generator) -> _Resample:
    """Take one row out, or one unit of its weight."""
    row = np.flatnonzero(source.sample_weight)[number]
    weights = source.sample_weight.copy()
    weights[row] -= 1.0
    return _Resample(source.X, weights, float(source.sample_weight[row]))


_KINDS: dict[str, Callable[[_Source, int, np.random.Generator], _Resample]] = {
    "nonparametric": _nonparametric,
    "weighted": _weighted,
    "parametric": _parametric,
    "jackknife": _leave_one_out,
}


class _Refit(NamedTuple):
    """Where EM led on one resample."""

    mixture: _core.Mixture
    log_likelihood: float
    converged: bool
    multiplicity: float


def _refit(
    source: _Source, resample: _Resample, options: dict[str, Any], listener: Callable[..., None] | None
) -> _Refit | None:
    """Run EM on a resample from the fitted mixture; None if a component collapses or ends without rows."""
    X, sample_weight, multiplicity = resample
    try:
        result = _core.em(
            X,
            source.mixture,
            sample_weight,
            previous_lower_bound=-np.inf,
            callback=listener,
            n_threads=1,
            **options,
        )
    except _core.CollapsedComponentError:
        return None
    if result.empty_components:
        return None
    log_likelihood = _core.log_likelihood(X, result.mixture, sample_weight, 1)
    return _Refit(result.mixture, log_likelihood, result.converged, multiplicity)


# --------------------------------------------------------------------------------------------- parameters, aligned


def _as_fitted(mixture: _core.Mixture) -> GaussianMixture:
    """Return a model that shows the arrays of a mixture, in the shapes that the estimator gives them."""
    model = GaussianMixture(mixture.n_components, covariance_type=mixture.covariance_type)
    model._set_parameters(mixture, np.float64)
    return model


def _is_per_component(mixture: _core.Mixture) -> bool:
    """Whether each component has covariances of its own; else there is nothing to bring into order."""
    of_two, of_three = (_core.covariance_shape(mixture.covariance_type, k, mixture.n_features) for k in (2, 3))
    return of_two != of_three


def _divergences(mixture: _core.Mixture, means: F64, covariances: F64) -> F64:
    """Return the terms of (101) for each resample, resampled component and fitted component."""
    n_resamples, n_components, n_features = means.shape
    at_means: Any = _core.log_prob(means.reshape(-1, n_features), mixture, 1)
    divergences: F64 = -at_means.reshape(n_resamples, n_components, n_components)
    if _is_per_component(mixture):
        precisions = np.asarray(_as_fitted(mixture).precisions_).reshape(n_components, -1)
        traces = covariances.reshape(n_resamples, n_components, -1) @ precisions.T
        # A single number per component stands for the variances of all features.
        divergences += 0.5 * traces * (n_features if covariances.ndim == 2 else 1)
    return divergences


def _alignments(mixture: _core.Mixture, means: F64, covariances: F64) -> npt.NDArray[np.int64]:
    """Return for each resample which of its components takes the place of each fitted one: (101)."""
    divergences = _divergences(mixture, means, covariances)
    orders: npt.NDArray[np.int64] = divergences.argmin(axis=1)
    n_components = mixture.n_components
    clashing = np.any(np.sort(orders, axis=1) != np.arange(n_components), axis=1)
    for b in np.flatnonzero(clashing):  # elsewhere each fitted component already has the nearest
        _, orders[b] = linear_sum_assignment(divergences[b].T)
    return orders


@dataclass(frozen=True, repr=False, eq=False)
class BootstrapResult:
    """Parameters of a mixture fitted to many resamples, the components in the order of the fitted model.

    Attributes
    ----------
    model : GaussianMixture
        The fitted model.

    kind : str
        How rows were resampled.

    weights : ndarray of shape (n_resamples, n_components)
        Weights in each resample, all arrays in float64. Resamples that failed are left out.

    means : ndarray of shape (n_resamples, n_components, n_features)
        Means.

    covariances : ndarray of shape (n_resamples, ...)
        Covariances, each in the shape of the model's `covariances_`.

    log_likelihoods : ndarray of shape (n_resamples,)
        Log-likelihood of each resample at these parameters.

    converged : ndarray of shape (n_resamples,)
        Whether EM converged.

    multiplicities : ndarray of shape (n_resamples,)
        How often each counts: ones, but for the jackknife the weight of the row of which a unit was left out.

    total_weight : float
        How many rows the data stand for: their number, or the sum of their weights.

    n_failed : int
        Resamples whose fit collapsed or lost a component.
    """

    model: GaussianMixture
    kind: str
    weights: F64
    means: F64
    covariances: F64
    log_likelihoods: F64
    converged: npt.NDArray[np.bool_]
    multiplicities: F64
    total_weight: float
    n_failed: int

    def __repr__(self) -> str:
        """Say what there is, not all of its numbers."""
        return (
            f"BootstrapResult(kind={self.kind!r}, n_resamples={len(self.weights)}, n_failed={self.n_failed}, "
            f"model={self.model!r})"
        )

    @property
    def _parameters(self) -> dict[str, F64]:
        return {"weights": self.weights, "means": self.means, "covariances": self.covariances}

    def _means_of(self, values: F64) -> F64:
        mean: F64 = np.average(values, axis=0, weights=self.multiplicities)
        return mean

    @cached_property
    def standard_errors(self) -> dict[str, F64]:
        """Standard errors of "weights", "means" and "covariances", in the shapes of these: (100)."""
        n = len(self.weights)
        factor = self.total_weight - 1 if self.kind == "jackknife" else n / (n - 1)
        return {
            name: np.sqrt(factor * self._means_of((values - self._means_of(values)) ** 2))
            for name, values in self._parameters.items()
        }

    def interval(self, level: float = 0.95) -> dict[str, tuple[F64, F64]]:
        """Return confidence intervals: percentiles of the resampled parameters.

        For the jackknife, whose values lie much closer together than estimates do, they are those of a normal
        distribution: mean of the values plus and minus a multiple of the standard error.

        Parameters
        ----------
        level : float, default=0.95
            Probability to cover the parameter, between 0 and 1.

        Returns
        -------
        interval : dict
            For "weights", "means" and "covariances" the lower and the upper bounds, in the shapes of these.

        Raises
        ------
        ValueError
            If `level` is not between 0 and 1.

        Examples
        --------
        >>> import numpy as np
        >>> import gmmx
        >>> X = np.random.default_rng(0).normal(size=(400, 1))
        >>> model = gmmx.GaussianMixture().fit(X)
        >>> low, high = gmmx.bootstrap(model, X, n_resamples=200, random_state=0).interval(0.9)["means"]
        >>> bool(low[0, 0] < model.means_[0, 0] < high[0, 0])
        True
        """
        if not (isinstance(level, Real) and 0.0 < level < 1.0):
            raise ValueError(f"level is {level!r}, but must be a number between 0 and 1, such as 0.95.")
        if self.kind == "jackknife":
            half = NormalDist().inv_cdf((1.0 + level) / 2.0)
            errors = self.standard_errors
            centres = {name: self._means_of(values) for name, values in self._parameters.items()}
            return {name: (c - half * errors[name], c + half * errors[name]) for name, c in centres.items()}
        tails = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
        bounds = {name: np.quantile(values, tails, axis=0) for name, values in self._parameters.items()}
        return {name: (low, high) for name, (low, high) in bounds.items()}


def _result(
    model: GaussianMixture, kind: str, refits: list[_Refit], total_weight: float, n_failed: int
) -> BootstrapResult:
    """Put refits into arrays, their components in the fitted model's order."""
    fitted = model.mixture_
    weights = np.stack([refit.mixture.weights for refit in refits])
    means = np.stack([refit.mixture.means for refit in refits])
    covariances = np.stack([_as_fitted(refit.mixture).covariances_ for refit in refits])
    orders = _alignments(fitted, means, covariances)
    each = np.arange(len(refits))[:, np.newaxis]
    return BootstrapResult(
        model=model,
        kind=kind,
        weights=weights[each, orders],
        means=means[each, orders],
        covariances=covariances[each, orders] if _is_per_component(fitted) else covariances,
        log_likelihoods=np.array([refit.log_likelihood for refit in refits]),
        converged=np.array([refit.converged for refit in refits]),
        multiplicities=np.array([refit.multiplicity for refit in refits]),
        total_weight=total_weight,
        n_failed=n_failed,
    )


def _check_model(model: Any, argument: str = "model") -> None:
    if not isinstance(model, GaussianMixture):
        raise TypeError(
            f"{argument} is of type {type(model).__name__}, but must be a fitted gmmx.GaussianMixture; "
            "GaussianMixture.from_sklearn converts scikit-learn's."
        )
    empty = np.flatnonzero(model.mixture_.weights == 0.0).tolist()
    if empty:
        raise ValueError(
            f"{argument} has components of weight zero, {empty}, whose parameters no row determines. Fit with a lower "
            "n_components or another start."
        )


@validate_params(
    {
        "n_resamples": [Interval(Integral, 2, None, closed="left")],
        "kind": [StrOptions(set(_KINDS))],
        "tol": [Interval(Real, 0.0, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "callback": [callable, None],
    },
    prefer_skip_nested_validation=True,
)  # type: ignore[untyped-decorator]
def bootstrap(
    model: GaussianMixture,
    X: npt.ArrayLike,
    n_resamples: int = 999,
    kind: str = "nonparametric",
    *,
    sample_weight: npt.ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int = 10_000,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | np.random.Generator | None = None,
    callback: Callable[[int, int], Any] | None = None,
) -> BootstrapResult:
    """Find standard errors and intervals of a fitted mixture's parameters by resampling.

    EM runs on each resample from the fitted mixture on, with the model's `reg_covar` and `acceleration`. Components
    may change places on the way; they are put back into the fitted model's order, such that together they diverge
    least from its components, (101).

    Parameters
    ----------
    model : GaussianMixture
        The fitted model; of a search, such as GaussianMixtureIC, its choice.

    X : array-like of shape (n_samples, n_features)
        The rows that it was fitted to. All is computed in float64.

    n_resamples : int, default=999
        How many, at least 2. The jackknife has one for each row.

    kind : {'nonparametric', 'weighted', 'parametric', 'jackknife'}, default='nonparametric'
        What a resample is:

        - 'nonparametric': rows of X, as many as there are, drawn with replacement (98);
        - 'weighted': all rows with random weights, uniform on the simplex (99); no row vanishes, so that fits fail
          less often;
        - 'parametric': rows drawn from the fitted mixture;
        - 'jackknife': all rows but one.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights that the model was fitted with. A weight of 2 means that the row stands twice, so their sum is
        the number of rows: draws are that many, weights are drawn from the Dirichlet distribution with the weights as
        parameters, and the jackknife leaves out one unit of each row's weight, a whole number, and counts the result so
        many times.

    tol : float, default=None
        EM stops when the mean log-likelihood of a row changes by less. None: 1e-6 / n, and 1e-6 / n^2 for the
        jackknife, whose fits differ that much less from the fitted one. A coarser value stops fits before they have
        left their start, and standard errors come out too small.

    max_iter : int, default=10_000
        Most iterations a resample.

    n_jobs : int, default=None
        Number of threads, each of which works on a resample; as in `GaussianMixture`. Results do not depend on it.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness. An int gives the same resamples each time.

    callback : callable, default=None
        Called as ``callback(done, total)`` after each resample. If it returns a true value, no more are made and the
        result holds those so far.

    Returns
    -------
    result : BootstrapResult
        Parameters in all resamples, standard errors, intervals.

    Raises
    ------
    FitFailedError
        A ValueError: the fit failed in all resamples, or in all but one.
    ValueError, TypeError
        If an argument is not as described.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    Warns
    -----
    ConvergenceWarning
        If some resamples failed (a component collapsed or ended without rows) and were left out, or did not converge.

    References
    ----------
    McLachlan and Peel, *Finite Mixture Models*, 2000, section 2.16. Newton and Raftery, *J. R. Statist. Soc. B* 56
    (1994) 3-48, for weights. Equations (98) to (101) of the theory.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> X = np.random.default_rng(0).normal(size=(400, 1))
    >>> model = gmmx.GaussianMixture().fit(X)
    >>> result = gmmx.bootstrap(model, X, random_state=0)
    >>> result.standard_errors["means"].round(3)  # of a mean of 400 numbers: 1 / 20
    array([[0.049]])
    """
    choice: Any = getattr(model, "best_estimator_", model)  # of a search
    _check_model(choice)
    model = choice
    # In float64 always: what one row changes may be less than the rounding of float32.
    checked = check_rows_of(model, X, fit=False).astype(np.float64, copy=False)
    rows = WeightedRows(checked, check_sample_weight(sample_weight, checked), thread_count(n_jobs))
    check_enough_rows(rows, model.mixture_.n_components)
    source = _Source.of(rows, model.mixture_)
    total = _check_jackknife(source) if kind == "jackknife" else int(n_resamples)
    if tol is None:
        n = rows.total_weight
        tol = max(1e-6 / n**2 if kind == "jackknife" else 1e-6 / n, _FINEST_TOL)
    options = {**model._em_options(model._prior_of(rows)), "tol": float(tol), "max_iter": int(max_iter)}
    seeds = _seeds(random_state).spawn(total)
    resample = _KINDS[kind]

    def task(number: int, look: Callable[..., None]) -> _Refit | None:
        drawn = resample(source, number, np.random.default_rng(seeds[number]))
        return _refit(source, drawn, options, _listener(drawn.X, look))

    outcomes = _in_threads(task, total, rows.n_threads, callback)
    refits = [outcome for outcome in outcomes if outcome is not None]
    n_failed = len(outcomes) - len(refits)
    if len(refits) < 2:
        raise FitFailedError(
            f"Of {len(outcomes)} resamples {n_failed} failed, as a component collapsed or ended without rows, and at "
            "least 2 must remain. Raise the model's reg_covar, lower its n_components, or take kind='weighted', where "
            "no row vanishes."
        )
    result = _result(model, kind, refits, rows.total_weight, n_failed)
    _warn_of(result)
    return result


def _check_jackknife(source: _Source) -> int:
    """Return how many resamples there are; refuse weights that are no whole numbers."""
    weights = source.sample_weight
    fractional = np.flatnonzero(weights != np.rint(weights))
    if fractional.size:
        raise ValueError(
            f"sample_weight[{fractional[0]}] is {weights[fractional[0]]:g}, but for kind='jackknife', which leaves out "
            "one of the rows that a weight counts, it must be a whole number. kind='weighted' takes any weights."
        )
    return int(np.count_nonzero(weights))


def _warn_of(result: BootstrapResult) -> None:
    total = result.n_failed + len(result.weights)
    if result.n_failed:
        warnings.warn(
            f"{result.n_failed} of {total} resamples were left out: a component collapsed or ended without rows. Raise "
            "the model's reg_covar or lower its n_components; with kind='weighted' no row vanishes.",
            ConvergenceWarning,
            stacklevel=4,
        )
    if not result.converged.all():
        warnings.warn(
            f"{np.count_nonzero(~result.converged)} of {total} resamples did not converge: raise max_iter or tol.",
            ConvergenceWarning,
            stacklevel=4,
        )


# ------------------------------------------------------------------------------------------ likelihood-ratio tests


@dataclass(frozen=True, eq=False)
class LikelihoodRatioTests:
    """Tests of K components against K + 1, for K = 1, 2, ... in turn.

    Attributes
    ----------
    covariance_type : str
        Model of the covariances.

    n_components : ndarray of shape (n_tests,)
        K, the number of components under the null hypothesis.

    statistic : ndarray of shape (n_tests,)
        Twice the gain in log-likelihood of one component more.

    p_value : ndarray of shape (n_tests,)
        Probability of so large a statistic under the null hypothesis, by (102).

    resampled : list of ndarray of shape (n_resamples,)
        For each test the statistics of rows drawn from the mixture fitted under the null hypothesis.

    n_failed : ndarray of shape (n_tests,)
        For each test the resamples without a statistic, as their fits collapsed.

    level : float
        Significance level at which the tests end.
    """

    covariance_type: str
    n_components: npt.NDArray[np.int64]
    statistic: F64
    p_value: F64
    resampled: list[F64] = field(repr=False)
    n_failed: npt.NDArray[np.int64]
    level: float

    def __str__(self) -> str:
        """Return a table, one line a test."""
        lines = [f"{self.covariance_type}: K against K + 1", f"{'K':>4} {'statistic':>12} {'p':>8}"]
        rows = zip(self.n_components, self.statistic, self.p_value, strict=True)
        return "\n".join([*lines, *(f"{k:>4} {statistic:>12.3f} {p:>8.4f}" for k, statistic, p in rows)])


class _Pair(NamedTuple):
    """A mixture and the same with one component more, both fitted to the same rows."""

    null: GaussianMixture
    alternative: GaussianMixture

    @property
    def statistic(self) -> float:
        """Twice the gain; a mixture is also one of more components, two of them equal, so it is not negative."""
        return max(0.0, 2.0 * (self.alternative.log_likelihood_ - self.null.log_likelihood_))


@dataclass(frozen=True)
class _Fitter:
    """Fits mixtures of any number of components, to the data and to resamples in the same way."""

    covariance_type: str
    options: dict[str, Any]

    def fit(self, X: Rows, sample_weight: F64 | None, n_components: int, **more: Any) -> GaussianMixture:
        """Fit a mixture from the start that the user named, or from `more`."""
        model = GaussianMixture(n_components, covariance_type=self.covariance_type, **self.options | more)
        model.fit(X, sample_weight=sample_weight)
        return model

    def larger(self, X: Rows, sample_weight: F64 | None, smaller: GaussianMixture, **more: Any) -> GaussianMixture:
        """Fit one component more than a fitted mixture has, and better than that.

        Where the usual start leads to no higher likelihood, each component of the smaller one is split in turn.

        Raises
        ------
        FitFailedError
            If no start leads anywhere.
        """
        n_components = smaller.n_components + 1
        found: list[GaussianMixture] = []
        with contextlib.suppress(FitFailedError):
            found.append(self.fit(X, sample_weight, n_components, **more))
        if not found or found[0].log_likelihood_ <= smaller.log_likelihood_:
            for partition in _splits(X, sample_weight, smaller):
                with contextlib.suppress(FitFailedError):
                    found.append(
                        self.fit(X, sample_weight, n_components, **more | {"responsibilities_init": partition})
                    )
        if not found:
            raise FitFailedError(f"{n_components} components could not be fitted: one collapsed, whatever the start.")
        return max(found, key=lambda model: model.log_likelihood_)


def _splits(X: Rows, sample_weight: F64 | None, model: GaussianMixture) -> Iterator[F64]:
    """Yield responsibilities with each component cut in two, across the direction in which its rows vary most."""
    responsibilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    for k, mean in enumerate(np.asarray(model.means_, dtype=np.float64)):
        belonging = responsibilities[:, k]
        centred = X - mean
        held = belonging if sample_weight is None else belonging * sample_weight
        direction = np.linalg.eigh((centred.T * held) @ centred)[1][:, -1]
        ahead = centred @ direction > 0.0
        if 0.0 < held @ ahead < held.sum():
            partition = np.column_stack([responsibilities, belonging * ahead])
            partition[:, k] = belonging * ~ahead
            yield partition


@validate_params(
    {
        "max_components": [Interval(Integral, 2, None, closed="left")],
        "n_resamples": [Interval(Integral, 1, None, closed="left")],
        "level": [Interval(Real, 0.0, 1.0, closed="both")],
        "init_params": [StrOptions(set(PARTITIONS))],
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
    """Test how many components there are: K against K + 1 for K = 1, 2, ... until one more is not significant.

    The likelihood ratio of mixtures has no chi-squared distribution, so that of the data is held against those of rows
    drawn from the mixture of K components, (102). To these rows both mixtures are fitted from the same kind of start as
    to the data: p-values depend on how good that is.

    A mixture of K components is also one of K + 1, two of them equal, so the larger one cannot fit worse. Where it
    does, its start was poor; then EM starts anew from the smaller mixture, each of its components split in turn, and if
    that does not help, the statistic is zero. The data and the drawn rows are treated alike in this.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows. All is computed in float64.

    covariance_type : str, default='full'
        Model of the covariances, as in `GaussianMixture`.

    max_components : int, default=9
        Most components under the alternative, at least 2.

    n_resamples : int, default=999
        Resamples a test. No p-value is less than 1 / (n_resamples + 1).

    sample_weight : array-like of shape (n_samples,), default=None
        Weights. Their sum is the number of rows that are drawn.

    level : float, default=0.05
        The first p-value above it ends the tests; with 1 all are made.

    init_params, n_init, reg_covar : optional
        As in `GaussianMixture`.

    tol : float, default=None
        EM stops when the mean log-likelihood of a row changes by less. None: 1e-4 / n.

    max_iter : int, default=1000
        Most iterations of a fit.

    n_jobs : int, default=None
        Number of threads, each of which works on a resample. Results do not depend on it.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness. An int gives the same result each time.

    callback : callable, default=None
        Called as ``callback(done, total)`` after each resample of a test. If it returns a true value, the tests end;
        the one under way is left out.

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
        If resamples failed and were left out; if a mixture did not converge, or could not be fitted to the data, which
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
    >>> tests.n_components  # one is refused, two are not
    array([1, 2])
    >>> [bool(p < 0.05) for p in tests.p_value]
    [True, False]
    """
    checked = check_rows(X).astype(np.float64, copy=False)
    rows = WeightedRows(checked, check_sample_weight(sample_weight, checked), thread_count(n_jobs))
    check_enough_rows(rows, 2)
    if tol is None:
        tol = max(1e-4 / rows.total_weight, _FINEST_TOL)
    options = {"init_params": init_params, "n_init": n_init, "reg_covar": reg_covar, "tol": tol, "max_iter": max_iter}
    fitter = _Fitter(check_covariance_type(covariance_type), options)
    seeds = _seeds(random_state)
    null = fitter.fit(*rows[:2], 1, n_jobs=n_jobs)
    tests: list[tuple[int, float, float, F64, int]] = []
    for n_components in range(1, max_components):
        seed, *resample_seeds = seeds.spawn(1 + n_resamples)
        try:
            alternative = fitter.larger(*rows[:2], null, random_state=_state(seed), n_jobs=n_jobs)
        except FitFailedError as error:
            warnings.warn(f"The tests end at {n_components} components: {error}", ConvergenceWarning, stacklevel=3)
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
    rows: WeightedRows,
    seeds: list[np.random.SeedSequence],
    callback: Callable[[int, int], Any] | None,
) -> F64 | None:
    """Return the statistics of rows drawn from a mixture, NaN where a fit failed; None if the callback stopped."""
    n_samples, mixture = round(rows.total_weight), null.mixture_
    stopped = False

    def watch(done: int, total: int) -> bool:
        nonlocal stopped
        stopped = callback is not None and bool(callback(done, total))
        return stopped

    def task(number: int, look: Callable[..., None]) -> float:
        generator = _state(seeds[number])
        drawn, _ = _core.sample(mixture, n_samples, int(generator.integers(np.iinfo(np.int64).max)), 1)
        more = {"random_state": generator, "n_jobs": 1, "callback": _listener(drawn, look)}
        try:
            smaller = fitter.fit(drawn, None, null.n_components, **more)
            return _Pair(smaller, fitter.larger(drawn, None, smaller, **more)).statistic
        except FitFailedError:
            return math.nan

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of single resamples
        statistics = np.array(_in_threads(task, len(seeds), rows.n_threads, watch))
    if stopped:
        return None
    n_failed = np.count_nonzero(np.isnan(statistics))
    if n_failed == len(statistics):
        raise FitFailedError(
            f"All {n_failed} resamples of {null.n_components} components failed, as a component collapsed. Raise "
            "reg_covar or lower max_components."
        )
    if n_failed:
        warnings.warn(
            f"{n_failed} of {len(statistics)} resamples of {null.n_components} components were left out, as a "
            "component collapsed. Raise reg_covar or lower max_components.",
            ConvergenceWarning,
            stacklevel=4,
        )
    return statistics
