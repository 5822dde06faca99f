"""How covariances are shown: matrices for the parsimonious models, whatever the least is that holds them.

The native code keeps the covariances of 'EII' as K variances, those of 'EEE' as one matrix. Whoever compares models
wants to see all of them alike: under a model's three letters, covariances have the shape (K, d, d). The four types of
scikit-learn are shown as they are kept.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core

Array = npt.NDArray[Any]

SKLEARN_TYPES = ("full", "tied", "diag", "spherical")
"""The covariance types that have scikit-learn's names and shapes."""

_LETTERS = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII", "E": "EII", "V": "VII"}
"""The models that covariance types of other names are."""


def is_named_by_letters(covariance_type: str) -> bool:
    """Tell whether a covariance type has mclust's name: its covariances are then shown as matrices."""
    return covariance_type not in SKLEARN_TYPES


def letters(covariance_type: str) -> str:
    """Return how volume, shape and orientation go: equal for all components (E), variable (V), of the identity (I).

    Examples
    --------
    >>> letters("VEV"), letters("diag")
    ('VEV', 'VVI')
    """
    return _LETTERS.get(covariance_type, covariance_type)


def has_axes(covariance_type: str) -> bool:
    """Return whether covariances may lie across the features.

    Examples
    --------
    >>> has_axes("tied"), has_axes("diag"), has_axes("V")
    (True, False, False)
    """
    return letters(covariance_type)[2] != "I"


def shown_shape(covariance_type: str, n_components: int, n_features: int) -> tuple[int, ...]:
    """Return the shape in which covariances are shown.

    Examples
    --------
    >>> shown_shape("EEE", 3, 2), shown_shape("tied", 3, 2)
    ((3, 2, 2), (2, 2))
    """
    kept = tuple(_core.covariance_shape(covariance_type, n_components, n_features))
    return (n_components, n_features, n_features) if is_named_by_letters(covariance_type) else kept


@cache
def shows_matrices(covariance_type: str) -> bool:
    """Tell whether covariances are shown as matrices; else they are variances."""
    n_features = 1  # the only number that all types allow
    return shown_shape(covariance_type, n_features + 1, n_features)[-2:] == (n_features, n_features)


def shown(array: Array, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return covariances, or anything that is kept like them, in the shape in which they are shown.

    Parameters
    ----------
    array : ndarray
        As the native code has them.
    covariance_type : str
        Of the mixture.
    n_components, n_features : int
        Of the mixture.

    Returns
    -------
    shown : ndarray
        The same array where both shapes agree, else a new one.

    Examples
    --------
    >>> import numpy as np
    >>> shown(np.array([2.0, 2.0]), "EII", 2, 2)[1].tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    if not is_named_by_letters(covariance_type) or array.ndim == 3:
        return array
    if _keeps_one_matrix(covariance_type, n_features):
        return np.repeat(array[np.newaxis], n_components, axis=0)
    matrices = np.zeros((n_components, n_features, n_features), dtype=array.dtype)
    diagonal = np.arange(n_features)
    matrices[:, diagonal, diagonal] = array.reshape(n_components, -1)
    return matrices


def as_matrices(covariances: Array, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return covariances, kept or shown, as one matrix a component, whatever the type.

    Examples
    --------
    >>> import numpy as np
    >>> as_matrices(np.array([4.0, 9.0]), "spherical", 2, 2).tolist()
    [[[4.0, 0.0], [0.0, 4.0]], [[9.0, 0.0], [0.0, 9.0]]]
    """
    return shown(covariances, letters(covariance_type), n_components, n_features)


def feature_variances(covariances: Array, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return the variance of each feature in each component, of covariances kept or shown; no matrix is made.

    Examples
    --------
    >>> import numpy as np
    >>> feature_variances(np.array([4.0, 9.0]), "spherical", 2, 2).tolist()
    [[4.0, 4.0], [9.0, 9.0]]
    """
    if covariances.ndim == 3:
        covariances = np.diagonal(covariances, axis1=1, axis2=2)
    elif _keeps_one_matrix(letters(covariance_type), n_features):
        covariances = np.diagonal(covariances)[np.newaxis]
    else:
        covariances = covariances.reshape(n_components, -1)
    return np.broadcast_to(covariances, (n_components, n_features))


def kept(array: Array, covariance_type: str, *, argument: str) -> Array:
    """Return what the native code keeps of covariances, or of anything like them, that stand as they are shown.

    Parameters
    ----------
    array : ndarray
        In the shape of `shown_shape`.
    covariance_type : str
        Of the mixture.
    argument : str
        What they are called in an error.

    Returns
    -------
    kept : ndarray
        In the shape of ``_core.covariance_shape``.

    Raises
    ------
    ValueError
        If the model leaves no room for them, for instance because they differ where it has them equal.
    """
    if not is_named_by_letters(covariance_type):
        return array
    n_components, n_features = array.shape[:2]
    shape = tuple(_core.covariance_shape(covariance_type, n_components, n_features))
    if len(shape) == 3:
        return array
    if _keeps_one_matrix(covariance_type, n_features):
        least: Array = array[0]
    else:
        variances: Array = np.diagonal(array, axis1=1, axis2=2)
        least = np.ascontiguousarray(variances if shape == variances.shape else variances[:, 0])
    if not np.array_equal(shown(least, covariance_type, n_components, n_features), array):
        raise ValueError(
            f"{argument} is not of covariance_type={covariance_type!r}: it holds numbers that this model has equal, or "
            "zero. Use 'VVV', which leaves them free."
        )
    return least


def of_model(covariances: npt.NDArray[np.float64], covariance_type: str, *, argument: str) -> npt.NDArray[np.float64]:
    """Return given covariances (K, d, d) as the native code keeps them, after a check that they are of the model.

    Raises
    ------
    ValueError
        If they differ from the nearest ones of the model by more than 1e-6 of their size.
    """
    n_components, n_features = covariances.shape[:2]
    nearest = _core.nearest_covariances(covariance_type, covariances)
    difference = np.abs(shown(nearest, covariance_type, n_components, n_features) - covariances)
    deviations = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    relative = difference / (deviations[:, :, np.newaxis] * deviations[:, np.newaxis, :])
    if np.any(relative > 1e-6):
        k = int(np.argmax(relative.max(axis=(1, 2))))
        raise ValueError(
            f"{argument} is not of covariance_type={covariance_type!r}: {argument}[{k}] differs from the nearest "
            f"covariance of that model by {relative.max():.2g} of its size. Use 'VVV', which leaves all free."
        )
    return nearest


@cache
def _keeps_one_matrix(covariance_type: str, n_features: int) -> bool:
    """Tell whether all components share one matrix, asking for so many that no shape is that of another kind."""
    return _core.covariance_shape(covariance_type, n_features + 1, n_features) == (n_features, n_features)


def wide_enough(mixture: _core.Mixture, dtype: npt.DTypeLike) -> npt.DTypeLike:
    """Return the type if it holds the precisions of a mixture, else float64.

    Examples
    --------
    >>> import numpy as np
    >>> import numpy as np
    >>> narrow = _core.Mixture([1.0], [[0.0]], "spherical", covariances=[1e-40])
    >>> wide_enough(narrow, np.float32)
    <class 'numpy.float64'>
    """
    if dtype == np.float64:
        return dtype
    largest = float(np.abs(mixture.precisions_cholesky).max())
    return dtype if largest * largest * mixture.n_features <= float(np.finfo(dtype).max) else np.float64
