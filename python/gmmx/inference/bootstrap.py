"""Standard errors and intervals of a fitted mixture, by resampling its rows.

A resample is a set of weights for the original rows, so no rows are copied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral, Real
from statistics import NormalDist
from typing import Any, NamedTuple, TextIO

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from sklearn.exceptions import ConvergenceWarning

from gmmx import _core
from gmmx._covariance_shapes import expand
from gmmx._sklearn import Interval, StrOptions, validate_params
from gmmx._text import shown_name
from gmmx._text_tables import counted, print_lines, text_table
from gmmx._warnings import warn
from gmmx.em.priors import prior_of_rows
from gmmx.inference._parallel import map_fits, seeds_from
from gmmx.mixture._configs import em_config
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._parameters import precisions_of
from gmmx.validation import (
    F64,
    FitFailedError,
    RowArray,
    Rows,
    check_enough_rows,
    checked_rows,
    thread_count,
)
from gmmx.validation._options import explaining_calls

__all__ = ["BootstrapResult", "bootstrap"]

# Parameters that `BootstrapResult.summary` prints at most.
_MOST_PRINTED = 48

# A smaller change of the mean log-likelihood is rounding error.
_FINEST_TOL = 1e-13


class _Source(NamedTuple):
    """Rows, their weights, the total weight and the fitted mixture, from which resamples are drawn."""

    X: RowArray
    sample_weight: F64
    n_units: int
    mixture: _core.Mixture

    @classmethod
    def of(cls, rows: Rows, mixture: _core.Mixture) -> _Source:
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
    """Rows of a resample, their weights, and the multiplicity of the fit."""

    X: RowArray
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
    """Leave out one row, or one unit of its weight."""
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
    """Result of EM on one resample."""

    mixture: _core.Mixture
    log_likelihood: float
    converged: bool
    multiplicity: float


def _refit(source: _Source, resample: _Resample, options: dict[str, Any]) -> _Refit | None:
    """Run EM on a resample from the fitted mixture; None if a component collapses or ends without rows."""
    X, sample_weight, multiplicity = resample
    try:
        result = _core.em(
            X,
            source.mixture,
            sample_weight,
            previous_lower_bound=-np.inf,
            callback=None,
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


def _public(covariances: F64, mixture: _core.Mixture) -> F64:
    """Return covariances of a mixture, or what is stored like them, in the shape that estimators give them."""
    return expand(covariances, mixture.covariance_type, mixture.n_components, mixture.n_features)


def _is_per_component(mixture: _core.Mixture) -> bool:
    """Return whether each component has its own covariance; shared covariances need no matching."""
    of_two, of_three = (_core.covariance_shape(mixture.covariance_type, k, mixture.n_features) for k in (2, 3))
    return of_two != of_three


def _divergences(mixture: _core.Mixture, means: F64, covariances: F64) -> F64:
    """Return the terms of (101) for each resample, resampled component and fitted component."""
    n_resamples, n_components, n_features = means.shape
    at_means: Any = mixture.component_log_densities(means.reshape(-1, n_features))
    divergences: F64 = -at_means.reshape(n_resamples, n_components, n_components)
    if _is_per_component(mixture):
        factors = _public(mixture.precisions_cholesky, mixture)
        precisions = precisions_of(factors, mixture.covariance_type).reshape(n_components, -1)
        traces = covariances.reshape(n_resamples, n_components, -1) @ precisions.T
        # A single number per component stands for the variances of all features.
        divergences += 0.5 * traces * (n_features if covariances.ndim == 2 else 1)
    return divergences


def _alignments(mixture: _core.Mixture, means: F64, covariances: F64) -> npt.NDArray[np.int64]:
    """Match the components of each resample to those of the fitted mixture: (101)."""
    divergences = _divergences(mixture, means, covariances)
    orders: npt.NDArray[np.int64] = divergences.argmin(axis=1)
    n_components = mixture.n_components
    clashing = np.any(np.sort(orders, axis=1) != np.arange(n_components), axis=1)
    for b in np.flatnonzero(clashing):  # elsewhere each fitted component already has the nearest
        _, orders[b] = linear_sum_assignment(divergences[b].T)
    return orders


@dataclass(frozen=True, repr=False, eq=False)
class BootstrapResult:
    """Parameters fitted to resamples, with components in the model's order.

    Attributes
    ----------
    model : GaussianMixture
        The fitted model.

    kind : str
        How rows were resampled.

    weights : ndarray of shape (n_resamples, n_components)
        Mixing weights fitted to each resample. All arrays are float64 and exclude resamples that failed.

    means : ndarray of shape (n_resamples, n_components, n_features)
        Means.

    covariances : ndarray of shape (n_resamples, ...)
        Covariances, in the shape of the model's `covariances_`.

    log_likelihoods : ndarray of shape (n_resamples,)
        Log-likelihood of each resample at its parameters.

    converged : ndarray of shape (n_resamples,)
        Whether EM converged.

    multiplicities : ndarray of shape (n_resamples,)
        Multiplicity of each resample: one, or for the jackknife the weight of the row of which a unit was left out.

    total_weight : float
        Sum of the weights of the data, or the number of rows.

    n_failed : int
        Number of resamples whose fit collapsed or lost a component.
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
        """Return a short description without the numbers."""
        return (
            f"BootstrapResult(kind={self.kind!r}, n_resamples={self.n_resamples}, n_failed={self.n_failed}, "
            f"model={self.model!r})"
        )

    @property
    def n_resamples(self) -> int:
        """Number of resamples whose fit succeeded, as in the shapes of the arrays."""
        return len(self.weights)

    @property
    def _parameters(self) -> dict[str, F64]:
        return {"weights": self.weights, "means": self.means, "covariances": self.covariances}

    def _means_of(self, values: F64) -> F64:
        mean: F64 = np.average(values, axis=0, weights=self.multiplicities)
        return mean

    @cached_property
    def standard_errors(self) -> dict[str, F64]:
        """Standard errors (100) of "weights", "means" and "covariances"."""
        n = len(self.weights)
        factor = self.total_weight - 1 if self.kind == "jackknife" else n / (n - 1)
        return {
            name: np.sqrt(factor * self._means_of((values - self._means_of(values)) ** 2))
            for name, values in self._parameters.items()
        }

    def interval(self, level: float = 0.95) -> dict[str, tuple[F64, F64]]:
        """Return confidence intervals: percentiles of the resampled parameters.

        Jackknife values vary much less than estimates do, so for the jackknife the interval is that of a normal
        distribution: the mean of the values plus and minus a multiple of the standard error.

        Parameters
        ----------
        level : float, default=0.95
            Coverage probability, between 0 and 1.

        Returns
        -------
        interval : dict
            Lower and upper bounds of "weights", "means" and "covariances", in their shapes.

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

    def summary(self, level: float = 0.95, *, file: TextIO | None = None) -> None:
        """Print weights and means with standard errors and intervals.

        Parameters
        ----------
        level : float, default=0.95
            Coverage probability of the intervals, between 0 and 1.

        file : text stream or None, default=None
            Output stream. None prints to standard output.

        Raises
        ------
        ValueError
            If `level` is not between 0 and 1.

        Examples
        --------
        >>> import numpy as np
        >>> import gmmx
        >>> X = np.random.default_rng(0).normal(size=(400, 1))
        >>> gmmx.bootstrap(gmmx.GaussianMixture().fit(X), X, kind="jackknife").summary()
        400 jackknife resamples
        <BLANKLINE>
        component  parameter       estimate  standard error  95 % from       to
        ───────────────────────────────────────────────────────────────────────
        0          weight                 1               0          1        1
        0          mean feature 0  -0.03662        0.049817   -0.13426  0.06102
        """
        low, high = zip(*self.interval(level).values(), strict=True)
        parameters = self.model.weights_, self.model.means_
        columns = [np.column_stack(list(part)[:2]) for part in (parameters, self.standard_errors.values(), low, high)]
        features = getattr(self.model, "feature_names_in_", [f"feature {j}" for j in range(self.means.shape[2])])
        names = ["weight", *(f"mean {shown_name(feature)}" for feature in features)]
        rows = [
            [str(k), name, *(f"{values[k, j]:.5g}" for values in columns)]
            for k in range(len(self.model.weights_))
            for j, name in enumerate(names)
        ]
        headings = ["component", "parameter", "estimate", "standard error", f"{100 * level:g} % from", "to"]
        failed = f", {self.n_failed} more failed" if self.n_failed else ""
        hidden = len(rows) - _MOST_PRINTED
        more = [f"... and {counted(hidden, 'more parameter')}: standard_errors and interval() hold all"]
        table = text_table(headings, rows[:_MOST_PRINTED], left=(0, 1))
        fitted = counted(self.n_resamples, f"{self.kind} resample")
        print_lines([f"{fitted}{failed}", "", *table, *(more if hidden > 0 else [])], file)


def _result(
    model: GaussianMixture, kind: str, refits: list[_Refit], total_weight: float, n_failed: int
) -> BootstrapResult:
    """Collect refits in arrays, with components in the order of the fitted model."""
    fitted = model.mixture_
    weights = np.stack([refit.mixture.weights for refit in refits])
    means = np.stack([refit.mixture.means for refit in refits])
    covariances = np.stack([_public(refit.mixture.covariances, refit.mixture) for refit in refits])
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


@explaining_calls
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
    """Estimate standard errors and intervals of the parameters by resampling.

    EM starts from the fitted mixture on each resample, with the model's `reg_covar` and `acceleration`. Components may
    be permuted between fits; they are matched to the fitted model by the smallest total divergence, (101).

    Parameters
    ----------
    model : GaussianMixture
        Fitted model. A search such as GaussianMixtureIC stands for its best estimator.

    X : array-like of shape (n_samples, n_features)
        Rows that the model was fitted to. Computations are in float64.

    n_resamples : int, default=999
        Number of resamples, at least 2. The jackknife ignores it and makes one for each row.

    kind : {'nonparametric', 'weighted', 'parametric', 'jackknife'}, default='nonparametric'
        Resampling method:

        - 'nonparametric': n_samples rows of X drawn with replacement (98);
        - 'weighted': all rows with random weights, uniform on the simplex (99); no row is lost, so fits fail less
          often;
        - 'parametric': n_samples rows drawn from the fitted mixture;
        - 'jackknife': all rows but one.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights that the model was fitted with. A row with weight 2 counts twice, so the sum of the weights is the
        number of rows to draw. The weighted bootstrap draws from the Dirichlet distribution with these weights as
        parameters. The jackknife requires integers; it leaves out one unit of the weight of each row and counts the
        result with the weight of the row. None gives every row the weight 1.

    tol : float, default=None
        Threshold for the change of the mean log-likelihood per row at which EM stops. None uses 1e-6 / n, and 1e-6 /
        n^2 for the jackknife, whose fits differ less from the fitted model. Larger values stop fits close to their
        initialization and make the standard errors too small.

    max_iter : int, default=10_000
        Maximum number of iterations for each resample.

    n_jobs : int, default=None
        Number of threads, each with its own resample; None as in `GaussianMixture`. Results do not depend on it.

    random_state : int, RandomState, Generator or None, default=None
        Source of randomness. An int gives the same resamples each time. None gives different ones.

    callback : callable, default=None
        Function called as ``callback(done, total)`` after each resample. If it returns true, resampling stops and the
        result contains the resamples so far.

    Returns
    -------
    result : BootstrapResult
        Parameters of all resamples, standard errors and intervals.

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
        If some resamples did not converge, or failed (a component collapsed or became empty) and were excluded.

    References
    ----------
    McLachlan and Peel, *Finite Mixture Models*, 2000, section 2.16. Newton and Raftery, *J. R. Statist. Soc. B* 56
    (1994) 3-48, for the weighted bootstrap. Equations (98) to (101) of the theory.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> X = np.random.default_rng(0).normal(size=(400, 1))
    >>> model = gmmx.GaussianMixture().fit(X)
    >>> result = gmmx.bootstrap(model, X, random_state=0)
    >>> result.standard_errors["means"].round(3)  # for a mean of 400 numbers: 1 / 20
    array([[0.049]])
    """
    choice: Any = getattr(model, "best_estimator_", model)  # of a search
    _check_model(choice)
    model = choice
    # In float64 always: what one row changes may be less than the rounding of float32.
    rows = checked_rows(X, sample_weight, thread_count(n_jobs), estimator=model)
    rows = replace(rows, X=rows.X.astype(np.float64, copy=False))
    check_enough_rows(rows, model.mixture_.n_components)
    source = _Source.of(rows, model.mixture_)
    total = _check_jackknife(source) if kind == "jackknife" else int(n_resamples)
    if tol is None:
        n = rows.total_weight
        tol = max(1e-6 / n**2 if kind == "jackknife" else 1e-6 / n, _FINEST_TOL)
    em = replace(em_config(model), tol=float(tol), max_iter=int(max_iter))
    options = em.native_options(prior_of_rows(em, rows))
    seeds = seeds_from(random_state).spawn(total)
    resample = _KINDS[kind]

    def task(number: int) -> _Refit | None:
        drawn = resample(source, number, np.random.default_rng(seeds[number]))
        return _refit(source, drawn, options)

    outcomes = map_fits(task, total, rows.n_threads, callback)
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
    """Return the number of resamples; refuse weights that are not integers."""
    weights = source.sample_weight
    fractional = np.flatnonzero(weights != np.rint(weights))
    if fractional.size:
        raise ValueError(
            f"sample_weight[{fractional[0]}] is {weights[fractional[0]]:g}. kind='jackknife', which leaves out one of "
            "the rows that a weight stands for, requires whole numbers. kind='weighted' accepts any weights."
        )
    return int(np.count_nonzero(weights))


def _warn_of(result: BootstrapResult) -> None:
    total = result.n_failed + len(result.weights)
    if result.n_failed:
        warn(
            f"{result.n_failed} of {total} resamples were left out: a component collapsed or ended without rows. Raise "
            "the model's reg_covar or lower its n_components; with kind='weighted' no row vanishes.",
            ConvergenceWarning,
        )
    if not result.converged.all():
        warn(
            f"{np.count_nonzero(~result.converged)} of {total} resamples did not converge: raise max_iter or tol.",
            ConvergenceWarning,
        )
