"""Conversion of mixtures from and to parameters, scikit-learn's mixtures and model files."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import sklearn.mixture
from sklearn.utils.validation import check_is_fitted

from gmmx import _core
from gmmx._covariance_shapes import compress, expand, is_parsimonious
from gmmx.io.model_file import ModelRecord, representable, save_model
from gmmx.mixture._parameter_checks import check_params
from gmmx.mixture._parameters import (
    NO_FIT,
    PARAMETERS,
    SKLEARN_HISTORY,
    precisions_of,
    set_decomposition,
    set_history,
    set_parameters,
)
from gmmx.validation import check_covariance_type, check_covariances, check_means, check_weights, thread_count

__all__ = ["ConvertibleMixture", "model_of_record", "unfitted_sklearn"]

Model = TypeVar("Model", bound="ConvertibleMixture")


class ConvertibleMixture:
    """Conversion of fitted mixtures from and to parameters, scikit-learn and files."""

    if TYPE_CHECKING:
        covariance_type: str
        n_jobs: int | None
        n_features_in_: int

        @property
        def mixture_(self) -> _core.Mixture: ...

        def _check_is_fitted(self) -> None: ...

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...

    @classmethod
    def from_parameters(
        cls: type[Model],
        weights: npt.ArrayLike,
        means: npt.ArrayLike,
        covariances: npt.ArrayLike,
        covariance_type: str = "full",
    ) -> Model:
        """Build a fitted model from known parameters.

        Parameters
        ----------
        weights : array-like of shape (n_components,)
            Weights, which sum to one.

        means : array-like of shape (n_components, n_features)
            Means.

        covariances : array-like
            Covariances, with the shape of `covariances_` for this `covariance_type`.

        covariance_type : str, default='full'
            Covariance model, as for the constructor.

        Returns
        -------
        model : GaussianMixture
            Fitted model, for which EM did not run: `n_iter_` is 0 and `log_likelihood_` is NaN. Its arrays are float32
            if all three arguments are, otherwise float64. With ``warm_start=True`` a fit starts from it.

        Raises
        ------
        ValueError
            If shapes disagree, a number is not finite, weights do not sum to one, or a covariance is not symmetric and
            positive definite or violates the model.

        Examples
        --------
        >>> from gmmx import GaussianMixture
        >>> gm = GaussianMixture.from_parameters([0.25, 0.75], [[0.0], [3.0]], [1.0, 0.5], "spherical")
        >>> gm.predict([[0.2], [2.9]])
        array([0, 1])
        """
        covariance_type = check_covariance_type(covariance_type)
        shape = np.shape(means)
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"means has shape {shape}, but must have shape (n_components, n_features).")
        n_components, n_features = shape
        checked_weights = check_weights(weights, n_components, argument="weights")
        checked_means = check_means(means, n_components, n_features, argument="means")
        checked_covariances = check_covariances(covariances, covariance_type, n_components, n_features)
        try:
            mixture = _core.Mixture(checked_weights, checked_means, covariance_type, covariances=checked_covariances)
        except _core.CollapsedComponentError as error:
            which = "covariances" if error.component < 0 else f"covariances[{error.component}]"
            raise ValueError(
                f"{which} is not positive definite. Give a covariance of full rank, "
                "or add a small number to its diagonal."
            ) from error
        all_float32 = all(getattr(a, "dtype", None) == np.float32 for a in (weights, means, covariances))
        model = cls(n_components=n_components, covariance_type=covariance_type)  # type: ignore[call-arg]
        set_parameters(model, mixture, np.float32 if all_float32 else np.float64)
        model.n_features_in_ = n_features
        set_history(model, NO_FIT)
        return model

    @classmethod
    def from_sklearn(cls: type[Model], model: sklearn.mixture.GaussianMixture) -> Model:
        """Convert a fitted ``sklearn.mixture.GaussianMixture``.

        Parameters
        ----------
        model : sklearn.mixture.GaussianMixture
            Fitted model, which is copied.

        Returns
        -------
        converted : GaussianMixture
            Model with the same parameters and fitted attributes. `log_likelihood_` is NaN, because scikit-learn does
            not store it.

        Raises
        ------
        TypeError
            If `model` has another class.
        sklearn.exceptions.NotFittedError
            If `model` is not fitted.
        """
        if not isinstance(model, sklearn.mixture.GaussianMixture):
            raise TypeError(
                f"model is of type {type(model).__name__}, but must be a sklearn.mixture.GaussianMixture; "
                "GaussianMixture.from_parameters builds a model from weights, means and covariances."
            )
        check_is_fitted(model)
        converted = cls(**copy.deepcopy(model.get_params(deep=False)))
        history = dict(NO_FIT)
        for name, value in fitted_attributes(model).items():
            if name in history:
                history[name] = value
            else:
                setattr(converted, name, value)
        set_history(converted, history)
        _ = converted.mixture_  # refuses parameters that are not a mixture
        return converted

    def to_sklearn(self) -> sklearn.mixture.GaussianMixture:
        """Convert to a fitted ``sklearn.mixture.GaussianMixture``.

        Returns
        -------
        model : sklearn.mixture.GaussianMixture
            Model with copies of all parameters and fitted attributes that scikit-learn has. Parsimonious models become
            'full'. A Generator as `random_state` becomes a RandomState with the same stream.
        """
        self._check_is_fitted()
        model = unfitted_sklearn(self, "full" if is_parsimonious(self.covariance_type) else self.covariance_type)
        for name, value in fitted_attributes(self).items():
            setattr(model, name, value)
        return model

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a safetensors file for `gmmx.load`.

        Parameters
        ----------
        path : path-like
            File to write, atomically. An existing file is overwritten, or kept if writing fails. The new file keeps its
            mode and owner.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model is not fitted.
        ValueError
            If edited attributes do not form a mixture, covariances and factors contradict each other, or `fit` would
            reject a constructor parameter.
        OSError
            If the file cannot be written, or an existing file is read-only.

        Notes
        -----
        The file contains the parameters of the mixture, `n_iter_`, `converged_`, the bounds and the log-likelihood, the
        feature names, the total weight of the training data, and the constructor parameters that are numbers, strings,
        booleans or None. It does not contain the state of a stream (`partial_fit`), which pickle preserves.
        """
        self._check_is_fitted()
        check_params(self)
        thread_count(self.n_jobs)  # 0 is refused
        arrays = {name.rstrip("_"): np.asarray(getattr(self, name)) for name in PARAMETERS}
        for name in ("covariances", "precisions_cholesky"):
            arrays[name] = compress(arrays[name], self.covariance_type, argument=f"{name}_")
        dtype = np.float32 if all(array.dtype == np.float32 for array in arrays.values()) else np.float64
        names = getattr(self, "feature_names_in_", None)
        history = {name: getattr(self, name, default) for name, default in NO_FIT.items()}
        record = ModelRecord(
            covariance_type=self.covariance_type,
            tensors={name: array.astype(dtype) for name, array in arrays.items()},
            history={
                "n_iter": int(history["n_iter_"]),
                "converged": bool(history["converged_"]),
                "lower_bound": float(history["lower_bound_"]),
                "lower_bounds": [float(bound) for bound in history["lower_bounds_"]],
                "log_likelihood": float(history["log_likelihood_"]),
            },
            feature_names=None if names is None else [str(name) for name in names],
            params=representable(self.get_params(deep=False)),
            total_weight=vars(self).get("_fitted_weight"),
        )
        save_model(record, path)


def unfitted_sklearn(estimator: Any, covariance_type: str | None = None) -> sklearn.mixture.GaussianMixture:
    """Return scikit-learn's mixture with the parameters that it has; None keeps the covariance type."""
    if covariance_type is None and is_parsimonious(estimator.covariance_type):
        raise ValueError(
            f"covariance_type is {estimator.covariance_type!r}, which scikit-learn does not have. Fit the mixture, "
            "whose covariances then become 'full', or take one of 'full', 'tied', 'diag' and 'spherical'."
        )
    known = sklearn.mixture.GaussianMixture().get_params()
    params = {name: value for name, value in estimator.get_params(deep=False).items() if name in known}
    params = copy.deepcopy(params)
    params["covariance_type"] = covariance_type or estimator.covariance_type
    if isinstance(params["random_state"], np.random.Generator):
        params["random_state"] = np.random.RandomState(params["random_state"].bit_generator)
    return sklearn.mixture.GaussianMixture(**params)


def model_of_record(estimator_class: Any, record: ModelRecord) -> Any:
    """Return the fitted model of a file."""
    known = estimator_class().get_params()
    params = {name: value for name, value in record.params.items() if name in known}
    tensors = record.tensors
    n_components, n_features = tensors["means"].shape
    model = estimator_class(**params | {"n_components": n_components, "covariance_type": record.covariance_type})
    check_params(model)
    thread_count(model.n_jobs)  # 0 is refused
    for name in PARAMETERS:
        tensor = tensors[name.rstrip("_")]
        if name not in ("weights_", "means_"):
            tensor = expand(tensor, record.covariance_type, n_components, n_features)
        setattr(model, name, tensor)
    model.precisions_ = precisions_of(model.precisions_cholesky_, record.covariance_type)
    set_decomposition(model, model.mixture_, model.means_.dtype)
    model.n_features_in_ = n_features
    if record.feature_names is not None:
        model.feature_names_in_ = np.array(record.feature_names, dtype=object)
    set_history(model, {f"{name}_": value for name, value in record.history.items()})
    if record.total_weight is not None:
        vars(model)["_fitted_weight"] = record.total_weight
    return model


def fitted_attributes(model: Any) -> dict[str, Any]:
    """Return copies of the attributes of a fit that both libraries have."""
    names = (*PARAMETERS, "precisions_", "n_features_in_", "feature_names_in_", *SKLEARN_HISTORY)
    return {name: copy.deepcopy(vars(model)[name]) for name in names if name in vars(model)}
