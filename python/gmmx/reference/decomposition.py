"""Volumes, shapes and orientations, the decomposition behind parsimonious models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gmmx.reference.checks import FloatArray
from gmmx.reference.covariance import covariance_family
from gmmx.reference.mixture import Mixture


class Decomposition(NamedTuple):
    """Result of :func:`decompose`.

    Sigma_k = volumes[k] D_k diag(shapes[k]) D_k^T.

    Attributes
    ----------
    volumes : ndarray of shape (K,), float64
        lambda_k, the d-th root of the determinant.
    shapes : ndarray of shape (K, d), float64
        Variances along the axes in units of the volume; the product of a row is 1.
    orientations : ndarray of shape (K, d, d), float64
        D_k, orthogonal, the axes as columns.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], [4.0, 9.0], "VII")
    >>> reference.decompose(mixture).volumes.round(12).tolist()
    [4.0, 9.0]
    """

    volumes: FloatArray
    shapes: FloatArray
    orientations: FloatArray


def decompose(mixture: Mixture) -> Decomposition:
    """Decompose covariances into volumes, shapes and orientations.

    Parameters
    ----------
    mixture : Mixture
        Mixture of K components in d dimensions, of any type.

    Returns
    -------
    Decomposition
        volumes, shapes, orientations. If the axes of the model are the features, D is the identity and the shapes are
        in the order of the features. If the components share their axes, the columns of the common D are in descending
        order of the mean of log shape. Otherwise each shape is in descending order. The largest entry in absolute value
        of each column of D is positive.

    Raises
    ------
    ValueError
        If the covariance type is unknown.

    Notes
    -----
    Equations (72) and (86) of docs/theory.md; Banfield and Raftery, "Model-based Gaussian and non-Gaussian
    clustering", Biometrics 49 (1993).

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0, 0.0]], [[4.0, 1.0]], "diag")
    >>> volumes, shapes, orientations = reference.decompose(mixture)
    >>> volumes.round(6).tolist(), shapes.round(6).tolist(), orientations.tolist()
    ([2.0], [[2.0, 0.5]], [[[1.0, 0.0], [0.0, 1.0]]])
    """
    K, d = mixture.means.shape
    variances, axes = covariance_family(mixture.covariance_type).principal_axes(mixture.covariances, int(K), int(d))
    volumes = np.exp(np.mean(np.log(variances), axis=1))  # (86)
    return Decomposition(volumes, variances / volumes[:, np.newaxis], axes)
