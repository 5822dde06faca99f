"""Support for other tools: conversion to scikit-learn's classes, and the types that a file may contain."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from gmmx import _core
from gmmx.em.priors import ConjugatePrior
from gmmx.em.result import FailedStart
from gmmx.em.stepwise import StepwiseState, WarmUp
from gmmx.mixture._convert import unfitted_sklearn
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._model_selection import GaussianMixtureIC
from gmmx.mixture._online import OnlineGaussianMixture
from gmmx.validation import Rows

__all__ = ["TRUSTED_TYPES", "to_sklearn"]

_ESTIMATORS = (GaussianMixture, GaussianMixtureIC, OnlineGaussianMixture, ConjugatePrior, FailedStart)
_STEPWISE = (_core.Mixture, _core.SufficientStatistics, WarmUp, StepwiseState, Rows)

# Names of the types in a skops file with gmmx's estimators, for its argument `trusted`.
TRUSTED_TYPES = (
    *(f"{kind.__module__}.{kind.__qualname__}" for kind in (*_ESTIMATORS, *_STEPWISE)),
    "numpy.dtype",
)


def to_sklearn(estimator: Any) -> Any:
    """Return a copy of an estimator with scikit-learn's mixtures.

    Use it for code that checks ``isinstance(step, sklearn.mixture.GaussianMixture)``, or where gmmx is not installed.

    Parameters
    ----------
    estimator : estimator
        Mixture, pipeline, search or any other estimator that contains mixtures at any depth, fitted or not.

    Returns
    -------
    converted : estimator
        Copy in which `GaussianMixture.to_sklearn` has converted every fitted mixture. Unfitted mixtures keep the
        parameters that scikit-learn has. A fitted `GaussianMixtureIC` becomes the mixture that it selected.

    Raises
    ------
    TypeError
        If a `GaussianMixtureIC` is not fitted, because scikit-learn has no counterpart.
    ValueError
        If a parsimonious mixture is not fitted, because scikit-learn does not have its `covariance_type`.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> import gmmx
    >>> pipeline = make_pipeline(StandardScaler(), gmmx.GaussianMixture()).fit([[0.0], [1.0]])
    >>> type(gmmx.interop.to_sklearn(pipeline)[-1]).__module__.partition(".")[0]
    'sklearn'
    """
    memo: dict[int, Any] = {id(mixture): _converted(mixture) for mixture in _mixtures_in(estimator, set())}
    return memo[id(estimator)] if id(estimator) in memo else copy.deepcopy(estimator, memo)


def _converted(mixture: GaussianMixture | GaussianMixtureIC) -> Any:
    if isinstance(mixture, GaussianMixtureIC):
        if not hasattr(mixture, "best_estimator_"):
            raise TypeError(
                "estimator holds a GaussianMixtureIC that is not fitted, which scikit-learn has no counterpart of. Fit "
                "it, or take a GaussianMixture."
            )
        return mixture.best_estimator_.to_sklearn()
    return mixture.to_sklearn() if mixture.__sklearn_is_fitted__() else unfitted_sklearn(mixture)


def _mixtures_in(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Find the mixtures in the attributes of an estimator, and in lists, tuples and dictionaries of them."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, GaussianMixture | GaussianMixtureIC):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from _mixtures_in(value, seen)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from _mixtures_in(value, seen)
    elif hasattr(thing, "get_params") and not isinstance(thing, type):
        yield from _mixtures_in(vars(thing), seen)
