"""The estimator for streams of batches, by stepwise EM."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import NotFittedError

from gmmx._sklearn import Interval
from gmmx.em.priors import ConjugatePrior
from gmmx.em.result import unchanged_on_failure
from gmmx.em.stepwise import StepwiseConfig, StepwiseState, WarmUp, after_batch
from gmmx.mixture._configs import em_config, init_config, last_fit
from gmmx.mixture._gaussian_mixture import GaussianMixture
from gmmx.mixture._parameter_checks import check_params_of_fit
from gmmx.mixture._parameters import NO_FIT, hold, set_history, set_parameters
from gmmx.mixture._sklearn_hooks import refuse_overridden_hooks
from gmmx.validation import checked_batch
from gmmx.validation._options import naming_parameters

__all__ = ["OnlineGaussianMixture"]


class OnlineGaussianMixture(GaussianMixture):
    """Gaussian mixture fitted to a stream of batches by stepwise EM.

    It adds `partial_fit` to :class:`gmmx.GaussianMixture`, for streams and for data that cannot be read repeatedly.
    `fit` and all other methods are those of `GaussianMixture`.

    Parameters
    ----------
    n_components : int, default=1
        Number of components. See :class:`gmmx.GaussianMixture` for details on this parameter and those up to `prior`.
    covariance_type : str, default='full'
        Covariance model.
    tol : float, default=1e-3
        Threshold for the change of the mean log-likelihood per row at which `fit` stops.
    reg_covar : float, default=1e-6
        Nonnegative number added to the variances.
    max_iter : int, default=100
        Maximum number of iterations of `fit`.
    n_init : int, default=1
        Number of restarts, of which the best is kept.
    init_params : {'kmeans', 'stream', 'hc', 'k-means++', 'random', 'random_from_data'}, default='kmeans'
        Initialization method.
    weights_init : array-like of shape (n_components,), default=None
        Initial weights. None derives them from `init_params`.
    means_init : array-like of shape (n_components, n_features), default=None
        Initial means. None derives them from `init_params`.
    precisions_init : array-like, default=None
        Initial inverse covariances. None derives them from `init_params`.
    random_state : int, RandomState, Generator or None, default=None
        Source of randomness for the initialization and `sample`. None gives different results each time.
    warm_start : bool, default=False
        Whether another call of `fit` starts from the parameters of the last.
    verbose : int, default=0
        Verbosity of `fit`.
    verbose_interval : int, default=10
        Number of iterations between two printed lines.
    n_jobs : int, default=None
        Number of threads. None uses OMP_NUM_THREADS or the number of physical cores. Results do not depend on it.
    callback : callable, default=None
        Function called as ``callback(iteration, log_likelihood)`` after each iteration of `fit`. None monitors nothing.
    responsibilities_init : array-like of shape (n_samples,) or (n_samples, n_components), default=None
        Initial assignment for `fit`; `partial_fit` rejects it. None uses `init_params`.
    acceleration : {'anderson', 'squarem', 'auto'} or None, default=None
        Acceleration method of `fit`. None runs plain EM.
    prior : 'default', ConjugatePrior or None, default=None
        Prior of the means and covariances. None maximises the likelihood.
    learning_decay : float, default=0.6
        Exponent of the step size ``(t + learning_offset)**-learning_decay`` of step t, in (0.5, 1]. Smaller values
        forget early steps sooner and give the last batches more influence.
    learning_offset : float, default=1.0
        Nonnegative offset that makes the first steps smaller.
    average : bool, default=False
        Whether to compute the parameters from the average of the running statistics over all steps, with weight t for
        step t. This reduces the noise of batches with a few rows, and gains little for a hundred or more.

    Attributes
    ----------
    n_steps_ : int
        Number of batches that `partial_fit` has used, 0 while rows are collected for the initialization. A previous fit
        counts as one.
    n_samples_seen_ : int
        Number of rows with positive weight that `partial_fit` has seen.

    See Also
    --------
    GaussianMixture : The same without `partial_fit`, with the other attributes of a fit. Its `fit_batches` iterates
        over batches until EM converges.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmx import OnlineGaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> gm = OnlineGaussianMixture(n_components=2, random_state=0)
    >>> for _ in range(20):
    ...     gm = gm.partial_fit(rng.normal([[0.0]] * 30 + [[9.0]] * 10))
    >>> np.sort(gm.means_.ravel()).round().astype(int)
    array([0, 9])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **GaussianMixture._parameter_constraints,
        "learning_decay": [Interval(Real, 0.5, 1.0, closed="right")],
        "learning_offset": [Interval(Real, 0.0, None, closed="left")],
        "average": ["boolean"],
    }

    n_steps_: int
    n_samples_seen_: int

    @naming_parameters
    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: npt.ArrayLike | None = None,
        means_init: npt.ArrayLike | None = None,
        precisions_init: npt.ArrayLike | None = None,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callable[[int, float], Any] | None = None,
        responsibilities_init: npt.ArrayLike | None = None,
        acceleration: str | None = None,
        prior: str | ConjugatePrior | None = None,
        learning_decay: float = 0.6,
        learning_offset: float = 1.0,
        average: bool = False,
    ) -> None:
        super().__init__(
            n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=reg_covar,
            max_iter=max_iter,
            n_init=n_init,
            init_params=init_params,
            weights_init=weights_init,
            means_init=means_init,
            precisions_init=precisions_init,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            verbose_interval=verbose_interval,
            n_jobs=n_jobs,
            callback=callback,
            responsibilities_init=responsibilities_init,
            acceleration=acceleration,
            prior=prior,
        )
        self.learning_decay = learning_decay
        self.learning_offset = learning_offset
        self.average = average

    @naming_parameters
    def partial_fit(
        self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None
    ) -> OnlineGaussianMixture:
        """Take one step of stepwise EM with a batch of rows.

        Use it for streams, or for data that cannot be read repeatedly; the batch is discarded after the step. The
        result approximates that of `fit` to all rows, but does not converge to it. The rows must arrive in random
        order; for sorted rows, or one cluster after another, use `fit_batches`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Batch of at least one row.

        y : Ignored
            Present by convention.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, as in `fit`. The weight of a batch is their sum; a batch with weight zero has no effect.

        Returns
        -------
        self : OnlineGaussianMixture
            The mixture after the step.

        Raises
        ------
        FitFailedError
            A ValueError: a component collapsed in every restart, even with the maximum number of collected rows.
        ValueError, TypeError
            If a parameter, X or the weights are not as described. The mixture and the statistics of earlier batches are
            then kept.

        Warns
        -----
        ConvergenceWarning
            If a component collapses, which is only possible without `reg_covar`. The mixture is then kept, and only the
            statistics are updated.
        RuntimeWarning
            If rows are dropped because they outweigh all others: a fill value of 1e20 would permanently destroy the
            precision of the running statistics. The warning gives their numbers in the batch.

        See Also
        --------
        fit_batches : Iterate over the batches until EM converges.

        Notes
        -----
        Equations (107) to (111) of docs/theory.md; Cappé and Moulines (2009). Each call runs an E-step over the batch
        with the current parameters and blends the mean statistics of its rows into running statistics, from which the
        M-step computes the next parameters. The step size of step t is ``(t + learning_offset)**-learning_decay`` times
        the weight of the batch divided by the mean weight of the batches so far, at most 1. With ``learning_decay=1``
        and ``learning_offset=0`` all rows have the same influence.

        The first 5 * n_components * (n_features + 1) rows, at most 32 MiB, are collected for the initialization, until
        they contain n_components distinct rows, and up to 16 times as many if all restarts collapse. Until then there
        are no parameters, and `predict` raises NotFittedError. The initialization is that of `fit`; of `n_init`
        restarts the one with the highest likelihood is used. The collected rows are the first batch.

        After a `fit`, the first call starts from its parameters, and the fit counts as a batch of all its rows, which
        `n_samples_seen_` does not include. Parameters from `from_parameters` or `from_sklearn` count as a batch of the
        size of the next one. To restart, clone the estimator; `fit` discards the stream. To continue in another
        process, pickle the estimator. A model returned by `load` counts as a fit to all rows before `save`, without the
        running statistics and their average.

        The step size decreases, so a long stream hardly follows a drifting distribution. If the distribution drifts,
        restart from the current parameters from time to time: ``from_parameters(model.weights_, model.means_,
        model.covariances_, covariance_type=...)``.

        A component that receives no more rows keeps its mean and covariance while its weight decays, to no less than
        1e-10. `prior='default'` is computed from the collected rows, also after a `fit`. A prior is worth a number of
        rows, and its influence decreases as rows arrive. `converged_` is False, `n_iter_` equals `n_steps_`,
        `lower_bound_` is the mean log-likelihood of the last batch at the parameters before its step, `lower_bounds_`
        is empty and `log_likelihood_` is NaN. `tol`, `max_iter`, `warm_start`, `verbose`, `callback` and `acceleration`
        are ignored.

        Examples
        --------
        >>> import numpy as np
        >>> from gmmx import OnlineGaussianMixture
        >>> rng = np.random.default_rng(0)
        >>> gm = OnlineGaussianMixture(n_components=2, random_state=0)
        >>> for _ in range(100):
        ...     batch = rng.normal([[0.0]] * 30 + [[9.0]] * 10)
        ...     gm = gm.partial_fit(batch)
        >>> np.sort(gm.weights_).round(2)
        array([0.25, 0.75])
        >>> gm.n_steps_, gm.n_samples_seen_
        (100, 4000)
        """
        if not hasattr(self, "weights_"):  # scikit-learn does not check parameters again in each call
            check_params_of_fit(self)
        refuse_overridden_hooks(self)
        with unchanged_on_failure(self):
            em = em_config(self)
            rows = checked_batch(self, X, sample_weight, em.n_threads)
            config = StepwiseConfig(
                em,
                init_config(self),
                float(self.learning_decay),
                float(self.learning_offset),
                bool(self.average),
                last_fit(self) if hasattr(self, "weights_") else None,
            )
            state = after_batch(vars(self).get("_online"), rows, config)
            if state is not None:
                self._set_state(state)
        return self

    def _set_state(self, state: WarmUp | StepwiseState) -> None:
        """Set the attributes after a step."""
        if isinstance(state, StepwiseState):
            set_parameters(self, state.estimate, state.dtype)
            hold(self, state.estimate)
            self._fitted_weight = state.total_weight
            set_history(self, {**NO_FIT, "n_iter_": state.n_steps, "lower_bound_": state.lower_bound})
        self._online, self.n_steps_, self.n_samples_seen_ = state, state.n_steps, state.n_samples

    if not TYPE_CHECKING:  # which knows the attributes

        def __getattr__(self, name: str) -> Any:
            """Say in place of a missing fitted attribute why there is none: NotFittedError is an AttributeError."""
            if name.endswith("_") and not name.startswith("_") and "weights_" not in vars(self):
                raise NotFittedError(self._why_not_fitted())
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def _check_is_fitted(self) -> None:
        """Raise NotFittedError with the number of missing rows while they are collected."""
        refuse_overridden_hooks(self)
        if "weights_" not in vars(self):
            raise NotFittedError(self._why_not_fitted())

    def _why_not_fitted(self) -> str:
        state = vars(self).get("_online")
        if not isinstance(state, WarmUp):
            return f"This {type(self).__name__} has no parameters yet. Call 'fit' or 'partial_fit' first."
        return (
            f"This {type(self).__name__} has no parameters yet: partial_fit makes the start of "
            f"{state.rows_wanted(self.n_components, self.n_features_in_)} rows, at least {self.n_components} of "
            f"them different, and has seen {state.n_samples}. Give it more batches, or call 'fit'."
        )
