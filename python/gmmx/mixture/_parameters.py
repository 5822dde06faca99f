"""The attributes of a fitted mixture: how a fit sets them, and the mixture that they represent."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple, TextIO

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from gmmx import _core
from gmmx._covariance_shapes import (
    compress,
    expand,
    is_parsimonious,
    is_public_as_matrices,
    public_shape,
    wide_enough,
)
from gmmx._text_tables import WIDTH, aligned_pairs, counted, print_lines
from gmmx.em.result import FailedStart, Fit
from gmmx.mixture._mixture_report import IN_PYTHON, NOT_CONVERGED, NamedMixture, fit_summary, mixture_lines
from gmmx.mixture._sklearn_hooks import refuse_overridden_hooks

__all__ = [
    "NO_FIT",
    "PARAMETERS",
    "SKLEARN_HISTORY",
    "MixtureAttributes",
    "hold",
    "mixture_of",
    "precisions_of",
    "set_decomposition",
    "set_fit",
    "set_history",
    "set_parameters",
]

PARAMETERS = ("weights_", "means_", "covariances_", "precisions_cholesky_")
SKLEARN_HISTORY: dict[str, Any] = {
    "n_iter_": 0,
    "converged_": False,
    "lower_bound_": -np.inf,
    "lower_bounds_": [],
}
# Attributes of a mixture that was not fitted here.
NO_FIT: dict[str, Any] = {**SKLEARN_HISTORY, "log_likelihood_": np.nan}

# Numbers that are compared as they lie in memory take a microsecond; of more of them no copy is kept.
_FEW_BYTES = 65_536

_DECOMPOSITION = ("volumes_", "shapes_", "orientations_")
_OF_ROWS_SEEN = ("_fitted_weight", "_online", "n_steps_", "n_samples_seen_")


def set_fit(estimator: Any, fit: Fit) -> None:
    """Set the attributes after a fit."""
    run = fit.run
    set_parameters(estimator, run.mixture, fit.dtype)
    hold(estimator, run.mixture)
    vars(estimator)["_fitted_weight"] = fit.total_weight
    estimator.converged_ = run.converged
    estimator.n_iter_ = len(run.lower_bounds)
    estimator.lower_bound_ = run.lower_bound
    estimator.lower_bounds_ = run.lower_bounds
    estimator.empty_components_ = run.empty_components
    estimator.failed_starts_ = fit.failed
    # In float32 the attributes are the mixture rounded.
    estimator.log_likelihood_ = fit.log_likelihood(run.mixture if fit.dtype == np.float64 else estimator.mixture_)


def set_parameters(estimator: Any, mixture: _core.Mixture, dtype: npt.DTypeLike) -> None:
    """Set the attributes of the mixture with one dtype, and discard those of other rows."""
    for name in _OF_ROWS_SEEN:
        vars(estimator).pop(name, None)
    dtype = wide_enough(mixture, dtype)
    kind = _kind_of(mixture)
    factors = expand(mixture.precisions_cholesky, *kind).astype(dtype)
    estimator.weights_ = mixture.weights.astype(dtype)
    estimator.means_ = mixture.means.astype(dtype)
    estimator.covariances_ = expand(mixture.covariances, *kind).astype(dtype)
    estimator.precisions_cholesky_ = factors
    estimator.precisions_ = precisions_of(factors, mixture.covariance_type)
    set_decomposition(estimator, mixture, dtype)


def hold(estimator: Any, mixture: _core.Mixture) -> None:
    """Remember the mixture that attributes were set to; of rounded ones it is only a candidate."""
    is_exact = estimator.means_.dtype == np.float64
    vars(estimator)["_mixture"] = _HeldMixture(mixture, _numbers_of(estimator) if is_exact else None)


def _numbers_of(estimator: Any) -> tuple[object, ...] | None:
    """Return the numbers of the attributes, which users may edit, even in place; None if they are many."""
    weights, means, factors = estimator.weights_, estimator.means_, estimator.precisions_cholesky_
    if not (type(weights) is type(means) is type(factors) is np.ndarray) or factors.nbytes > _FEW_BYTES:
        return None
    return (
        estimator.covariance_type,
        weights.dtype,
        means.dtype,
        factors.dtype,
        weights.shape,
        means.shape,
        factors.shape,
        weights.tobytes(),
        means.tobytes(),
        factors.tobytes(),
    )


def set_decomposition(estimator: Any, mixture: _core.Mixture, dtype: npt.DTypeLike) -> None:
    """Set volumes, shapes and orientations of parsimonious models, and delete those of others."""
    for name in _DECOMPOSITION:
        vars(estimator).pop(name, None)
    if is_parsimonious(mixture.covariance_type):
        parts = _core.decompose(mixture)
        estimator.volumes_, estimator.shapes_, estimator.orientations_ = (part.astype(dtype) for part in parts)


def set_history(estimator: Any, history: Mapping[str, Any]) -> None:
    """Set the attributes that describe a fit which did not run here."""
    for name, value in history.items():
        setattr(estimator, name, copy.copy(value))
    estimator.empty_components_ = np.flatnonzero(np.asarray(estimator.weights_) == 0.0).tolist()
    estimator.failed_starts_ = []


def mixture_of(estimator: Any, name: str) -> _core.Mixture:
    """Return the mixture that attributes hold, made of `covariances` or of `precisions_cholesky`."""
    weights, means, matrices = (
        np.asarray(getattr(estimator, f"{each}_"), dtype=np.float64) for each in ("weights", "means", name)
    )
    compact = compress(matrices, estimator.covariance_type, argument=f"{name}_")
    return _core.Mixture(weights, means, estimator.covariance_type, **{name: compact})


def precisions_of(factors: npt.NDArray[Any], covariance_type: str) -> npt.NDArray[Any]:
    """Return the inverse covariances of given factors."""
    matrices = is_public_as_matrices(covariance_type)
    precisions: npt.NDArray[Any] = factors @ factors.swapaxes(-1, -2) if matrices else factors**2
    return precisions


def _kind_of(mixture: _core.Mixture) -> tuple[str, int, int]:
    """Return the arguments of `expand`: the covariance type and the numbers of components and features."""
    return mixture.covariance_type, mixture.n_components, mixture.n_features


class _HeldMixture(NamedTuple):
    """The mixture that attributes held when they were looked at last, and their numbers then."""

    mixture: _core.Mixture
    numbers: tuple[object, ...] | None


class MixtureAttributes:
    """Fitted attributes of a mixture, and the mixture built from them."""

    covariance_type: str
    weights_: npt.NDArray[Any]
    means_: npt.NDArray[Any]
    covariances_: npt.NDArray[Any]
    precisions_: npt.NDArray[Any]
    precisions_cholesky_: npt.NDArray[Any]
    volumes_: npt.NDArray[Any]
    shapes_: npt.NDArray[Any]
    orientations_: npt.NDArray[Any]
    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    log_likelihood_: float
    empty_components_: list[int]
    failed_starts_: list[FailedStart]
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are parameters."""
        return hasattr(self, "weights_")

    def _check_is_fitted(self) -> None:
        """Refuse to compute without parameters, or for a subclass with overridden private methods."""
        refuse_overridden_hooks(self)
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # takes longer than to predict a row

    @property
    def mixture_(self) -> _core.Mixture:
        """The fitted mixture as a value, built from `weights_`, `means_` and `precisions_cholesky_`."""
        self._check_is_fitted()
        held: _HeldMixture | None = vars(self).get("_mixture")
        numbers = _numbers_of(self)
        if held is None or numbers is None or held.numbers != numbers:
            if held is None or not self._is_held_by(held.mixture):
                self._check_fits_covariance_type()
                held = _HeldMixture(mixture_of(self, "precisions_cholesky"), None)
            held = self._mixture = held._replace(numbers=numbers)
        return held.mixture

    def _check_fits_covariance_type(self) -> None:
        """Refuse a covariance type that was changed after the fit."""
        fitted = np.shape(self.precisions_cholesky_)
        needed = public_shape(self.covariance_type, *np.shape(self.means_))
        if fitted != needed:
            raise ValueError(
                f"covariance_type is {self.covariance_type!r}, for which precisions_cholesky_ must have the shape "
                f"{needed}, but it has {fitted}: the type was changed after the fit. Set it back or fit again."
            )

    def _is_held_by(self, mixture: _core.Mixture) -> bool:
        """Return whether the attributes still equal a mixture: users may edit them, even in place."""
        return (
            self.covariance_type == mixture.covariance_type
            and np.array_equal(self.weights_, mixture.weights)
            and np.array_equal(self.means_, mixture.means)
            and np.array_equal(self.precisions_cholesky_, expand(mixture.precisions_cholesky, *_kind_of(mixture)))
        )

    def __getstate__(self) -> dict[str, Any]:
        """Omit what can be recomputed."""
        state: dict[str, Any] = super().__getstate__()  # type: ignore[misc]
        return {name: value for name, value in state.items() if name != "_mixture"}

    @property
    def n_parameters_(self) -> int:
        """The number of free parameters: weights, means and covariances together."""
        return self.mixture_.n_parameters

    def _n_parameters(self) -> int:
        """Return the number of free parameters, under scikit-learn's private name."""
        return self.n_parameters_

    def summary(self, *, file: TextIO | None = None) -> None:
        """Print the mixture and its fit, as ``gmmx fit`` and ``gmmx info`` do.

        Parameters
        ----------
        file : text stream or None, default=None
            Output stream. None prints to standard output.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.

        Notes
        -----
        The tables fit in 80 columns; the attributes contain what is too large for them. BIC and AIC refer to the
        training data and are omitted if the number of rows is not known, as after `from_parameters`.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture(n_components=2, random_state=0).fit([[0.0], [1.0], [8.0], [9.0]])
        >>> gm.summary()
        2 components, full covariance, 1 feature
        <BLANKLINE>
        component  weight  mean feature 0  variance
        ───────────────────────────────────────────
        0             0.5             8.5      0.25
        1             0.5             0.5      0.25
        <BLANKLINE>
        log-likelihood  -5.675754 (-1.418939 per row)
        BIC             18.2830
        AIC             21.3515 (5 free parameters)
        iterations      2
        converged       yes
        """
        n_components, n_features = self.mixture_.means.shape
        names = getattr(self, "feature_names_in_", [f"feature {feature}" for feature in range(n_features)])
        size = f"{counted(n_components, 'component')}, {self.covariance_type} covariance"
        tables = mixture_lines(NamedMixture.of(self, names), WIDTH, IN_PYTHON)
        pairs = aligned_pairs(fit_summary(self, vars(self).get("_fitted_weight"), NOT_CONVERGED))
        print_lines([f"{size}, {counted(n_features, 'feature')}", "", *tables, "", *pairs], file)
