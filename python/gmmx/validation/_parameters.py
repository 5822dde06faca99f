"""Parameters of mixtures as users hand them in: weights, means, precisions and covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from gmmx import _core, _sklearn
from gmmx._covariance_shapes import SKLEARN_TYPES, check_of_model, is_parsimonious, is_public_as_matrices, public_shape
from gmmx.validation._complaints import checking
from gmmx.validation._numeric_input import numeric_input
from gmmx.validation._options import not_among
from gmmx.validation._types import F64, ROW_DTYPES, RowArray

__all__ = [
    "check_covariance_type",
    "check_covariances",
    "check_means",
    "check_precisions",
    "check_weights",
    "finite_array",
    "is_matrix_valued",
]


def finite_array(values: Any, argument: str) -> RowArray:
    """Return a parameter array as finite float32 or float64, of any shape."""
    with checking(argument, "must be an array of finite real numbers", values):
        array: RowArray = _sklearn.check_array(
            numeric_input(values, argument),
            dtype=ROW_DTYPES,
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=0,
            ensure_min_features=0,
            input_name=argument,
        )
    return array


def _check_shape(array: RowArray, shape: tuple[int, ...], parameter: str, remedy: str) -> None:
    if array.shape != shape:
        raise ValueError(
            f"The parameter '{parameter}' should have the shape of {shape}, but got {array.shape}. {remedy}"
        )


def check_weights(weights: Any, n_components: int, *, argument: str = "weights_init") -> F64:
    """Return mixing proportions of shape (n_components,) as float64: each in [0, 1], summing to one."""
    array = finite_array(weights, argument)
    _check_shape(
        array,
        (n_components,),
        "weights",
        f"{argument} needs one weight for each of {n_components} components: give as many, or change n_components.",
    )
    low, high, total = float(array.min()), float(array.max()), float(array.sum(dtype=np.float64))
    if low < 0.0 or high > 1.0:
        raise ValueError(
            f"The parameter 'weights' should be in the range [0, 1], but {argument} runs from {low:g} to {high:g}. "
            "Divide nonnegative weights by their sum."
        )
    if abs(1.0 - total) > (1e-6 if array.dtype == np.float32 else 1e-8):
        raise ValueError(
            f"The parameter 'weights' should be normalized, but got sum(weights) = {total:.5f}. "
            f"Divide {argument} by its sum."
        )
    return array.astype(np.float64)


def check_means(means: Any, n_components: int, n_features: int, *, argument: str = "means_init") -> F64:
    """Return means of shape (n_components, n_features) as float64."""
    array = finite_array(means, argument)
    _check_shape(
        array,
        (n_components, n_features),
        "means",
        f"{argument} needs a row for each of {n_components} components and a column for each of {n_features} features: "
        "reshape it, or change n_components.",
    )
    return array.astype(np.float64)


def _other_types_of_shape(shape: tuple[int, ...], n_components: int, n_features: int) -> str:
    """Return a hint naming the covariance types that have a given shape, or nothing."""
    fitting = [name for name in SKLEARN_TYPES if public_shape(name, n_components, n_features) == shape]
    if shape == (n_components, n_features, n_features):
        fitting.append("VVV")
    return f" The given shape is that of covariance_type={' or '.join(map(repr, fitting))}." if fitting else ""


def _check_by_type(
    values: Any, covariance_type: str, n_components: int, n_features: int, *, parameter: str, argument: str
) -> F64:
    """Return precisions or covariances as float64, of the shape that their type asks for."""
    array = finite_array(values, argument)
    shape = public_shape(covariance_type, n_components, n_features)
    hint = _other_types_of_shape(array.shape, n_components, n_features)
    _check_shape(
        array,
        shape,
        parameter,
        f"{argument} must fit covariance_type={covariance_type!r} with {n_components} components and "
        f"{n_features} features: reshape it, or change covariance_type or n_components.{hint}",
    )
    return array.astype(np.float64)


def check_precisions(precisions: Any, covariance_type: str, n_components: int, n_features: int) -> F64:
    """Check precisions_init and return its factors, as the native code keeps them.

    The Cholesky factor of a matrix with rows and columns in reverse order, reversed again, is upper
    triangular.
    """
    parameter = f"{covariance_type} precision"
    array = _check_by_type(
        precisions, covariance_type, n_components, n_features, parameter=parameter, argument="precisions_init"
    )
    if not is_public_as_matrices(covariance_type):
        if np.any(array <= 0.0):
            raise ValueError(
                f"'{parameter}' should be positive, but the smallest value of precisions_init is "
                f"{array.min():g}. Give the reciprocals of the variances."
            )
        return np.sqrt(array)
    matrices = array.reshape(-1, n_features, n_features)
    factors = np.empty_like(matrices)
    for k, matrix in enumerate(matrices):
        factor = _reversed_cholesky(matrix)
        if factor is None:
            where = f"precisions_init[{k}]" if array.ndim == 3 else "precisions_init"
            raise ValueError(
                f"'{parameter}' should be symmetric, positive-definite, but {where} is not. "
                "Give the inverse of a covariance matrix of full rank."
            )
        factors[k] = factor
    if is_parsimonious(covariance_type):
        inverses = np.linalg.inv(factors)
        covariances = check_of_model(
            np.swapaxes(inverses, 1, 2) @ inverses, covariance_type, argument="precisions_init"
        )
        weights = np.full(n_components, 1.0 / n_components)
        mixture = _core.Mixture(weights, np.zeros((n_components, n_features)), covariance_type, covariances=covariances)
        return mixture.precisions_cholesky
    return factors.reshape(array.shape)


def _reversed_cholesky(matrix: F64) -> F64 | None:
    """Return the upper triangular U with matrix = U U^T, or None for a matrix that has none."""
    if not np.allclose(matrix, matrix.T):
        return None
    try:
        return np.ascontiguousarray(np.linalg.cholesky(matrix[::-1, ::-1])[::-1, ::-1])
    except np.linalg.LinAlgError:
        return None


def check_covariances(
    covariances: Any,
    covariance_type: str,
    n_components: int,
    n_features: int,
    *,
    argument: str = "covariances",
) -> F64:
    """Return covariances as float64, symmetric and as the native code keeps them; definite shows later."""
    array = _check_by_type(
        covariances, covariance_type, n_components, n_features, parameter="covariances", argument=argument
    )
    if is_public_as_matrices(covariance_type):
        _refuse_asymmetric(array, argument)
        if is_parsimonious(covariance_type):
            return check_of_model(array, covariance_type, argument=argument)
    elif np.any(array <= 0.0):
        raise ValueError(f"{argument} must hold positive variances, but its smallest value is {array.min():g}.")
    return array


def _refuse_asymmetric(matrices: F64, argument: str) -> None:
    unequal = np.argwhere(~np.isclose(matrices, np.swapaxes(matrices, -1, -2)))
    if len(unequal):
        *which, i, j = unequal[0].tolist()
        matrix = matrices[tuple(which)]
        name = argument + "".join(f"[{k}]" for k in which)
        raise ValueError(
            f"{name} has {matrix[i, j]:g} at [{i}, {j}] and {matrix[j, i]:g} at [{j}, {i}], but must be symmetric. "
            "Give the mean of the matrix and its transpose if rounding is to blame."
        )


def check_covariance_type(covariance_type: Any, *, argument: str = "covariance_type") -> str:
    """Return the name of a covariance model that exists."""
    allowed = _core.covariance_types()
    if not isinstance(covariance_type, str) or covariance_type not in allowed:
        raise ValueError(not_among(argument, covariance_type, allowed))
    return covariance_type


def is_matrix_valued(covariance_type: str) -> bool:
    """Return whether the covariances of a type are stored as matrices; otherwise they are variances.

    Parameters
    ----------
    covariance_type : str
        A name out of `_core.covariance_types()`.
    """
    n_features = 1  # the only number that all types allow
    shape = _core.covariance_shape(covariance_type, n_features + 1, n_features)
    return tuple(shape[-2:]) == (n_features, n_features)
