"""The parameters of a Gaussian mixture, and the number of free parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gmmx.reference.checks import FloatArray
from gmmx.reference.covariance import covariance_family


@dataclass(frozen=True, eq=False)
class Mixture:
    """Parameters of a Gaussian mixture, an immutable value.

    Parameters
    ----------
    weights : ndarray of shape (K,), float64
        Mixing weights pi_k, nonnegative and summing to 1.
    means : ndarray of shape (K, d), float64
        Means mu_k.
    covariances : ndarray, float64
        (K,), one variance per component, for "spherical", "EII", "VII", "E", "V"; (K, d), the variances, for "diag",
        "EEI", "VEI", "EVI", "VVI"; (d, d), one matrix for all, for "tied", "EEE"; (K, d, d) for all other types.
    precisions_cholesky : ndarray, float64, of the shape of ``covariances``
        Upper triangular U with Sigma^-1 = U U^T, or reciprocal standard deviations.
    covariance_type : str
        A key of ``COVARIANCE_FAMILIES``.

    See Also
    --------
    Mixture.from_covariances : Compute ``precisions_cholesky`` from the covariances.

    Notes
    -----
    Equations (1) to (3) and, for ``precisions_cholesky``, (52) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [8.0]], [1.0, 4.0], "spherical")
    >>> mixture.precisions_cholesky.tolist()
    [1.0, 0.5]
    """

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    precisions_cholesky: FloatArray
    covariance_type: str

    @classmethod
    def from_covariances(
        cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, covariance_type: str
    ) -> Mixture:
        """Build a mixture from weights, means and covariances.

        Parameters
        ----------
        weights : array-like of shape (K,)
            Mixing weights, which are not normalised.
        means : array-like of shape (K, d)
            Means.
        covariances : array-like
            Covariances, with the shape for ``covariance_type``.
        covariance_type : str
            A key of ``COVARIANCE_FAMILIES``.

        Returns
        -------
        Mixture
            Mixture with float64 arrays.

        Raises
        ------
        ValueError
            If a shape does not fit or the type is unknown.
        CollapsedComponentError
            If a covariance is not positive definite.

        Notes
        -----
        Equation (52) of docs/theory.md.

        Examples
        --------
        >>> from gmmx import reference
        >>> mixture = reference.Mixture.from_covariances([1.0], [[0.0, 0.0]], [[4.0, 25.0]], "diag")
        >>> mixture.precisions_cholesky.tolist()
        [[0.5, 0.2]]
        """
        w = np.array(weights, dtype=np.float64)
        mu = np.array(means, dtype=np.float64)
        sigma = np.array(covariances, dtype=np.float64)
        if w.ndim != 1 or mu.ndim != 2 or mu.shape[0] != w.shape[0]:
            raise ValueError(f"weights must be (K,) and means (K, d), got {w.shape} and {mu.shape}")
        family = covariance_family(covariance_type, mu.shape[1])
        if sigma.shape != family.covariance_shape(*mu.shape):
            raise ValueError(
                f"covariances of type {covariance_type!r} must have shape"
                f" {family.covariance_shape(*mu.shape)} for means of shape {mu.shape}, got {sigma.shape}"
            )
        return cls(w, mu, sigma, family.precisions_cholesky(sigma), covariance_type)

    @property
    def n_components(self) -> int:
        """Number of components, K."""
        return int(self.means.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features, d."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """Number of free parameters, equation (62)."""
        return n_parameters(self)


def n_parameters(mixture: Mixture) -> int:
    """Count the free parameters of a mixture.

    Parameters
    ----------
    mixture : Mixture
        Mixture of K components in d dimensions.

    Returns
    -------
    int
        Number of free parameters: K - 1 weights, K d means and those of the covariances.

    Raises
    ------
    ValueError
        If the covariance type is unknown.

    Notes
    -----
    Equation (62) of docs/theory.md.

    Examples
    --------
    >>> from gmmx import reference
    >>> mixture = reference.Mixture.from_covariances([0.5, 0.5], [[0.0], [2.0]], [1.0, 1.0], "spherical")
    >>> reference.n_parameters(mixture)
    5
    """
    n_components, n_features = mixture.means.shape
    K, d = int(n_components), int(n_features)
    return (K - 1) + K * d + covariance_family(mixture.covariance_type).n_covariance_parameters(K, d)  # (62)
