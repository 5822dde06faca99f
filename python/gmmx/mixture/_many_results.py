"""Results of many fits: a list or a dict of estimators, which are made when they are asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from gmmx._covariance_shapes import expand
from gmmx._text_tables import counted
from gmmx.em.many import SoundFit
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._parameters import set_fit

__all__ = ["FittedNatively", "ManyMixtures", "MixtureDict", "MixtureList", "unfitted_copy"]

F64 = npt.NDArray[np.float64]

_ATOMS = (type(None), bool, int, float, str)


class FittedNatively(NamedTuple):
    """A fit of which the estimator is not made yet."""

    fit: SoundFit
    n_features: int
    feature_names: npt.NDArray[Any] | None

    def estimator(self, template: GaussianMixture) -> GaussianMixture:
        """Make the estimator from an unfitted one."""
        estimator = unfitted_copy(template)
        estimator.n_features_in_ = self.n_features
        if self.feature_names is not None:
            estimator.feature_names_in_ = self.feature_names.copy()
        set_fit(estimator, self.fit.fit())
        return estimator


def unfitted_copy(template: GaussianMixture) -> GaussianMixture:
    """Return what `sklearn.base.clone` returns for an unfitted estimator, and a fraction of a millisecond earlier."""
    if all(isinstance(value, _ATOMS) for value in vars(template).values()):
        return copy.copy(template)
    copied: GaussianMixture = clone(template)
    return copied


class ManyMixtures:
    """Mixtures that were fitted by :func:`gmmx.fit_many`, and their parameters as arrays.

    The first axis of each array counts the fits in the order of the data. A fit that failed has an unfitted estimator,
    NaN in the arrays of numbers, False in `converged` and 0 in `n_iter`.

    Attributes
    ----------
    failed : dict
        Error of each fit that failed, by its number or key. It is empty unless ``on_error="warn"``.
    """

    def __init__(
        self,
        template: GaussianMixture,
        keys: Sequence[Any],
        outcomes: list[GaussianMixture | FittedNatively],
        failed: dict[Any, Exception],
    ) -> None:
        self._template = template
        self._keys = keys
        self._outcomes = outcomes
        self.failed = failed

    def _at(self, number: int) -> GaussianMixture:
        """Return the estimator of a fit; it is made once."""
        outcome = self._outcomes[number]
        if isinstance(outcome, FittedNatively):
            outcome = self._outcomes[number] = outcome.estimator(self._template)
        return outcome

    def __len__(self) -> int:
        """Return the number of fits."""
        return len(self._outcomes)

    def __repr__(self) -> str:
        """Return a short description without the numbers."""
        fits = counted(len(self), "fit") + (f", {len(self.failed):,} failed" if self.failed else "")
        return f"{type(self).__name__}({fits}: {self._template!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Make all estimators, which alone can be pickled."""
        state = {name: vars(self)[name] for name in ("_template", "_keys", "failed")}
        return {**state, "_outcomes": [self._at(number) for number in range(len(self))]}

    @cached_property
    def weights(self) -> F64:
        """Mixing weights, of shape (n_fits, n_components). All arrays of numbers are float64."""
        return self._stacked(lambda fit: fit.result.mixture.weights, "weights_")

    @cached_property
    def means(self) -> F64:
        """Means, of shape (n_fits, n_components, n_features)."""
        return self._stacked(lambda fit: fit.result.mixture.means, "means_")

    @cached_property
    def covariances(self) -> F64:
        """Covariances, of shape (n_fits, ...), each in the shape of `covariances_`."""
        return self._stacked(_public_covariances, "covariances_")

    @cached_property
    def log_likelihoods(self) -> F64:
        """Log-likelihood of the training data of each fit, of shape (n_fits,)."""
        return self._stacked(lambda fit: fit.log_likelihood, "log_likelihood_")

    @cached_property
    def n_iter(self) -> npt.NDArray[np.int64]:
        """Number of iterations of the best restart, of shape (n_fits,)."""
        return np.nan_to_num(self._stacked(lambda fit: fit.result.n_iter, "n_iter_")).astype(np.int64)

    @cached_property
    def converged(self) -> npt.NDArray[np.bool_]:
        """Whether EM converged, of shape (n_fits,)."""
        converged: npt.NDArray[np.bool_] = self._stacked(lambda fit: fit.result.converged, "converged_") == 1.0
        return converged

    def _stacked(self, native: Callable[[SoundFit], Any], name: str) -> F64:
        """Return what each fit has, from native results or from an attribute of estimators."""
        values: list[Any] = []
        for outcome in self._outcomes:
            if isinstance(outcome, FittedNatively):
                value = native(outcome.fit)
                is_float = outcome.fit.dtype == np.float32
                values.append(np.float32(value) if is_float and name.endswith("s_") else value)
            else:
                values.append(getattr(outcome, name, None))
        blank = np.full(np.shape(next(value for value in values if value is not None)), np.nan)
        return np.array([blank if value is None else value for value in values], dtype=np.float64)


def _public_covariances(fit: SoundFit) -> F64:
    mixture = fit.result.mixture
    return expand(mixture.covariances, mixture.covariance_type, mixture.n_components, mixture.n_features)


class MixtureList(ManyMixtures, Sequence[GaussianMixture]):
    """Mixtures fitted to a list of arrays, as a list of estimators.

    :func:`gmmx.fit_many` returns it. Each estimator is made when it is first asked for, because that takes longer than
    a small fit; the arrays need none. A fit that failed has an unfitted estimator, NaN in the arrays of numbers, False
    in `converged` and 0 in `n_iter`.

    Attributes
    ----------
    weights : ndarray of shape (n_fits, n_components)
        Mixing weights. All arrays of numbers are float64 and have the fits in the order of the data.

    means : ndarray of shape (n_fits, n_components, n_features)
        Means.

    covariances : ndarray of shape (n_fits, ...)
        Covariances, each in the shape of `covariances_`.

    log_likelihoods : ndarray of shape (n_fits,)
        Log-likelihood of the training data of each fit.

    converged : ndarray of shape (n_fits,)
        Whether EM converged.

    n_iter : ndarray of shape (n_fits,)
        Number of iterations of the best restart.

    failed : dict of int to Exception
        Errors of the fits that failed, by their numbers. It is empty unless ``on_error="warn"``.

    Examples
    --------
    >>> import numpy as np
    >>> import gmmx
    >>> samples = [np.random.default_rng(seed).normal(seed, size=(50, 2)) for seed in range(3)]
    >>> fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), samples)
    >>> fits[-1].means_.round(1)
    array([[2.1, 1.9]])
    >>> [fit.n_iter_ for fit in fits]
    [2, 2, 2]
    """

    @overload
    def __getitem__(self, index: int) -> GaussianMixture: ...

    @overload
    def __getitem__(self, index: slice) -> list[GaussianMixture]: ...

    def __getitem__(self, index: int | slice) -> GaussianMixture | list[GaussianMixture]:
        """Return the estimator of a fit, or a list of several."""
        numbers = range(len(self))[index]
        return self._at(numbers) if isinstance(numbers, int) else [self._at(number) for number in numbers]


class MixtureDict(ManyMixtures, Mapping[Any, GaussianMixture]):
    """Mixtures fitted to groups of rows, as a dict of estimators by group.

    :func:`gmmx.fit_many` returns it, with the groups in the order in which rows meet them, or with the keys of a dict
    of arrays. Estimators and arrays are those of :class:`gmmx.MixtureList`.

    Attributes
    ----------
    weights : ndarray of shape (n_fits, n_components)
        Mixing weights. All arrays of numbers are float64 and have the fits in the order of the keys.

    means : ndarray of shape (n_fits, n_components, n_features)
        Means.

    covariances : ndarray of shape (n_fits, ...)
        Covariances, each in the shape of `covariances_`.

    log_likelihoods : ndarray of shape (n_fits,)
        Log-likelihood of the training data of each fit.

    converged : ndarray of shape (n_fits,)
        Whether EM converged.

    n_iter : ndarray of shape (n_fits,)
        Number of iterations of the best restart.

    failed : dict
        Errors of the fits that failed, by their keys. It is empty unless ``on_error="warn"``.

    Examples
    --------
    >>> import gmmx
    >>> X, groups = [[0.0], [10.0], [2.0], [12.0]], ["a", "b", "a", "b"]
    >>> fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), X, groups)
    >>> {group: fit.means_.item() for group, fit in fits.items()}
    {'a': 1.0, 'b': 11.0}
    """

    def __getitem__(self, key: Any) -> GaussianMixture:
        """Return the estimator of a group."""
        return self._at(self._number_of[key])

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the keys."""
        return iter(self._keys)

    @cached_property
    def _number_of(self) -> dict[Any, int]:
        return {key: number for number, key in enumerate(self._keys)}
