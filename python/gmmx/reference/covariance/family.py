"""The interface of a covariance type: the functions in which the types differ."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gmmx.reference.checks import FloatArray


class CovarianceFamily(ABC):
    """Interface of a covariance type: the functions in which the types differ.

    Implementations store only their names. What depends on the storage of covariances is in one class per shape; a type
    derives from one of these and adds :meth:`m_step`.

    Parameters
    ----------
    name : str
        The ``covariance_type``.
    model : str
        Three letters for volume, shape and orientation: E equal, V variable or I identity.

    Attributes
    ----------
    name, model : str
        The parameters.
    second_moment_form : str
        Form of the second moments for the M-step; see :class:`SufficientStatistics`.
    one_feature_only : bool
        Whether the type supports only a single feature.

    Examples
    --------
    >>> from gmmx import reference
    >>> [name for name, family in reference.COVARIANCE_FAMILIES.items() if family.model == "VVV"]
    ['full', 'VVV']
    """

    name: str
    model: str
    second_moment_form: str
    one_feature_only = False

    def __init__(self, name: str, model: str) -> None:
        self.name = name
        self.model = model

    def n_covariance_parameters(self, n_components: int, n_features: int) -> int:
        """Return the number of free parameters in all covariances together.

        Parameters
        ----------
        n_components, n_features : int
            K and d.

        Returns
        -------
        int
            Number of parameters; equation (73) of docs/theory.md.
        """
        sets = {"I": 0, "E": 1, "V": n_components}
        volume, shape, orientation = (sets[letter] for letter in self.model)
        return volume + shape * (n_features - 1) + orientation * n_features * (n_features - 1) // 2  # (73)

    def n_matrices(self, n_components: int) -> int:
        """Return the number of covariances with a separate prior.

        Parameters
        ----------
        n_components : int
            K.

        Returns
        -------
        int
            1 if the components share all of their covariance, otherwise K.
        """
        return n_components if "V" in self.model else 1

    @abstractmethod
    def prior_exponent(self, dof: float, n_features: int) -> float:
        """Return the number of rows that the prior is worth in the determinant.

        Parameters
        ----------
        dof : float
            nu, the degrees of freedom.
        n_features : int
            d.

        Returns
        -------
        float
            e in the log-density ``-1/2 (e log |Sigma| + tr(Sigma^-1 Lambda)) + constant``; equation (89) of
            docs/theory.md.
        """

    @abstractmethod
    def prior_rows(self, scale: FloatArray, n_features: int) -> FloatArray:
        """Return rows whose second moments are the scale Lambda of the prior.

        Parameters
        ----------
        scale : ndarray
            Number, diagonal (d,) of Lambda or matrix (d, d), as the type requires.
        n_features : int
            d.

        Returns
        -------
        ndarray of shape (m, d), float64
            The rows.

        Raises
        ------
        ValueError
            If the scale has another shape or is not positive.
        """

    @abstractmethod
    def covariance_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """Return the shape of ``covariances`` and ``precisions_cholesky``.

        Parameters
        ----------
        n_components, n_features : int
            K and d.

        Returns
        -------
        tuple of int
            The shape.
        """

    @abstractmethod
    def second_moments(self, X: FloatArray, weighted_resp: FloatArray, shifts: FloatArray) -> FloatArray:
        """Sum the second moments of the rows about the shifts.

        Parameters
        ----------
        X : ndarray of shape (n_samples, d), float64
            Rows.
        weighted_resp : ndarray of shape (n_samples, K), float64
            w_n r_nk.
        shifts : ndarray of shape (K, d), float64
            The points s_k.

        Returns
        -------
        ndarray, float64
            Second moments in the form ``second_moment_form``; equations (46) and (50) of docs/theory.md.
        """

    @abstractmethod
    def m_step(
        self, scatter: FloatArray, counts: FloatArray, n_features: int, previous: FloatArray | None
    ) -> FloatArray:
        """Return the covariances of the type that maximise Q.

        Parameters
        ----------
        scatter : ndarray, float64
            C_k = W_k / N_k + epsilon I about the new means, in the form ``second_moment_form``; for "pooled", their
            mean with weights N_k.
        counts : ndarray of shape (K,), float64
            N_k; 0 for an empty component, which is ignored in what components share.
        n_features : int
            d.
        previous : ndarray or None
            Covariances of the type at which an iterative search starts. None starts at several places.

        Returns
        -------
        ndarray, float64
            Covariances; sections 8 and 20 of docs/theory.md.

        Raises
        ------
        CollapsedComponentError
            If a variance is not positive.
        """

    @abstractmethod
    def precisions_cholesky(self, covariances: FloatArray) -> FloatArray:
        """Return U with Sigma^-1 = U U^T.

        Parameters
        ----------
        covariances : ndarray, float64
            Covariances.

        Returns
        -------
        ndarray, float64
            Factors with the same shape; equation (52) of docs/theory.md.

        Raises
        ------
        CollapsedComponentError
            If a covariance is not positive definite.
        """

    @abstractmethod
    def log_prob(self, X: FloatArray, means: FloatArray, precisions_cholesky: FloatArray) -> FloatArray:
        """Return log N(x_n | mu_k, Sigma_k).

        Parameters
        ----------
        X : ndarray of shape (n_samples, d), float64
            Rows.
        means : ndarray of shape (K, d), float64
            Means.
        precisions_cholesky : ndarray, float64
            As from :meth:`precisions_cholesky`.

        Returns
        -------
        ndarray of shape (n_samples, K), float64
            Log-densities; equation (53) of docs/theory.md. The mean is subtracted before the product with U, so the
            result is accurate for data far from the origin.
        """

    @abstractmethod
    def principal_axes(
        self, covariances: FloatArray, n_components: int, n_features: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return the variances of each component along its axes, and the axes.

        Parameters
        ----------
        covariances : ndarray, float64
            Covariances.
        n_components, n_features : int
            K and d.

        Returns
        -------
        variances : ndarray of shape (K, d), float64
            The variances.
        axes : ndarray of shape (K, d, d), float64
            Orthogonal matrices, the axes as columns. These are the features, in their order; or axes that all
            components share, in descending order of the mean logarithm of the variances; or separate axes of each
            component, by descending variance. The largest entry of a column is positive.
        """
