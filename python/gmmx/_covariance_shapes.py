"""Convert covariances between compact storage and the shape that users see.

The native code stores the covariances of 'EII' as K variances, those of 'EEE' as one matrix. Users see the covariances
of all parsimonious models as (K, d, d), so that models compare; those of scikit-learn's four types as they are stored.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core

Array = npt.NDArray[Any]

# The covariance types that have scikit-learn's names and shapes.
SKLEARN_TYPES = ("full", "tied", "diag", "spherical")

# The models that covariance types of other names are.
_MCLUST_NAMES = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII", "E": "EII", "V": "VII"}


def is_parsimonious(covariance_type: str) -> bool:
    """Return whether a type is one of mclust's models, whose covariances are public as (K, d, d)."""
    return covariance_type not in SKLEARN_TYPES


def mclust_name(covariance_type: str) -> str:
    """Return the letters of volume, shape and orientation: equal (E), variable (V) or identity (I).

    Examples
    --------
    >>> mclust_name("VEV"), mclust_name("diag")
    ('VEV', 'VVI')
    """
    return _MCLUST_NAMES.get(covariance_type, covariance_type)


def has_axes(covariance_type: str) -> bool:
    """Return whether covariances may lie across the features.

    Examples
    --------
    >>> has_axes("tied"), has_axes("diag"), has_axes("V")
    (True, False, False)
    """
    return mclust_name(covariance_type)[2] != "I"


def public_shape(covariance_type: str, n_components: int, n_features: int) -> tuple[int, ...]:
    """Return the shape of covariances as users see them.

    Examples
    --------
    >>> public_shape("EEE", 3, 2), public_shape("tied", 3, 2)
    ((3, 2, 2), (2, 2))
    """
    compact = tuple(_core.covariance_shape(covariance_type, n_components, n_features))
    return (n_components, n_features, n_features) if is_parsimonious(covariance_type) else compact


@cache
def is_public_as_matrices(covariance_type: str) -> bool:
    """Return whether users see covariances as matrices; otherwise they are variances."""
    n_features = 1  # the only number that all types allow
    return public_shape(covariance_type, n_features + 1, n_features)[-2:] == (n_features, n_features)


def expand(array: Array, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return covariances, or what is stored like them, in their public shape.

    Parameters
    ----------
    array : ndarray
        In the shape of ``_core.covariance_shape``.
    covariance_type : str
        Of the mixture.
    n_components, n_features : int
        Of the mixture.

    Returns
    -------
    expanded : ndarray
        In the shape of `public_shape`: the same array where both shapes agree, otherwise a new one.

    Examples
    --------
    >>> import numpy as np
    >>> expand(np.array([2.0, 2.0]), "EII", 2, 2)[1].tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    if not is_parsimonious(covariance_type) or array.ndim == 3:
        return array
    if _is_stored_as_one_matrix(covariance_type, n_features):
        return np.repeat(array[np.newaxis], n_components, axis=0)
    matrices = np.zeros((n_components, n_features, n_features), dtype=array.dtype)
    diagonal = np.arange(n_features)
    matrices[:, diagonal, diagonal] = array.reshape(n_components, -1)
    return matrices


def as_matrices(covariances: Array, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return covariances, compact or public, as one matrix per component, whatever the type.

    Examples
    --------
    >>> import numpy as np
    >>> as_matrices(np.array([4.0, 9.0]), "spherical", 2, 2).tolist()
    [[[4.0, 0.0], [0.0, 4.0]], [[9.0, 0.0], [0.0, 9.0]]]
    """
    return expand(covariances, mclust_name(covariance_type), n_components, n_features)


def feature_variances(covariances: Array, covariance_type: str, n_components: int, n_features: int) -> Array:
    """Return the variance of each feature in each component, of compact or public covariances.

    Examples
    --------
    >>> import numpy as np
    >>> feature_variances(np.array([4.0, 9.0]), "spherical", 2, 2).tolist()
    [[4.0, 4.0], [9.0, 9.0]]
    """
    if covariances.ndim == 3:
        covariances = np.diagonal(covariances, axis1=1, axis2=2)
    elif _is_stored_as_one_matrix(mclust_name(covariance_type), n_features):
        covariances = np.diagonal(covariances)[np.newaxis]
    else:
        covariances = covariances.reshape(n_components, -1)
    return np.broadcast_to(covariances, (n_components, n_features))


def compress(array: Array, covariance_type: str, *, argument: str) -> Array:
    """Return covariances, or what is shaped like them, in compact storage.

    Parameters
    ----------
    array : ndarray
        In the shape of `public_shape`.
    covariance_type : str
        Of the mixture.
    argument : str
        Name of the argument in errors.

    Returns
    -------
    compact : ndarray
        In the shape of ``_core.covariance_shape``.

    Raises
    ------
    ValueError
        If the model cannot hold them, for instance because they differ where it has them equal.
    """
    if not is_parsimonious(covariance_type):
        return array
    n_components, n_features = array.shape[:2]
    shape = tuple(_core.covariance_shape(covariance_type, n_components, n_features))
    if len(shape) == 3:
        return array
    if _is_stored_as_one_matrix(covariance_type, n_features):
        compact: Array = array[0]
    else:
        variances: Array = np.diagonal(array, axis1=1, axis2=2)
        compact = np.ascontiguousarray(variances if shape == variances.shape else variances[:, 0])
    if not np.array_equal(expand(compact, covariance_type, n_components, n_features), array):
        raise ValueError(
            f"{argument} is not of covariance_type={covariance_type!r}: it holds numbers that this model has equal, or "
            "zero. Use 'VVV', which leaves them free."
        )
    return compact


def check_of_model(
    covariances: npt.NDArray[np.float64], covariance_type: str, *, argument: str
) -> npt.NDArray[np.float64]:
    """Return given covariances (K, d, d) in compact storage, after checking that they are of the model.

    Raises
    ------
    ValueError
        If they differ from the nearest ones of the model by more than 1e-6 of their size.
    """
    n_components, n_features = covariances.shape[:2]
    nearest = _core.nearest_covariances(covariance_type, covariances)
    difference = np.abs(expand(nearest, covariance_type, n_components, n_features) - covariances)
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
def _is_stored_as_one_matrix(covariance_type: str, n_features: int) -> bool:
    """Return whether all components share one matrix."""
    n_components = n_features + 1  # enough to distinguish the shape from those of other kinds
    return _core.covariance_shape(covariance_type, n_components, n_features) == (n_features, n_features)


def wide_enough(mixture: _core.Mixture, dtype: npt.DTypeLike) -> npt.DTypeLike:
    """Return a type if it can hold the precisions of a mixture, otherwise float64.

    Examples
    --------
    >>> import numpy as np
    >>> narrow = _core.Mixture([1.0], [[0.0]], "spherical", covariances=[1e-40])
    >>> wide_enough(narrow, np.float32)
    <class 'numpy.float64'>
    """
    if dtype == np.float64:
        return dtype
    largest = float(np.abs(mixture.precisions_cholesky).max())
    return dtype if largest * largest * mixture.n_features <= float(np.finfo(dtype).max) else np.float64
