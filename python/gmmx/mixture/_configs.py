"""Configurations of a fit, built from an estimator's parameters; lower layers do not see estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from gmmx.em.config import EMConfig, InitConfig, chosen_acceleration
from gmmx.em.initialization import LastFit
from gmmx.validation import thread_count

__all__ = ["em_config", "init_config", "last_fit"]


def em_config(estimator: Any, *, is_checkpointed: bool = False) -> EMConfig:
    """Return the model and the stopping rule of EM, from checked parameters, with the acceleration that 'auto' means.

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    """
    return EMConfig(
        n_components=estimator.n_components,
        covariance_type=estimator.covariance_type,
        tol=float(estimator.tol),
        reg_covar=float(estimator.reg_covar),
        max_iter=int(estimator.max_iter),
        acceleration=chosen_acceleration(
            estimator.acceleration, has_prior=estimator.prior is not None, is_checkpointed=is_checkpointed
        ),
        prior=estimator.prior,
        verbose=int(estimator.verbose),
        verbose_interval=estimator.verbose_interval,
        callback=estimator.callback,
        n_threads=thread_count(estimator.n_jobs),
    )


def init_config(estimator: Any) -> InitConfig:
    """Return the initialization of a mixture."""
    return InitConfig(
        init_params=estimator.init_params,
        n_init=estimator.n_init,
        random_state=estimator.random_state,
        weights_init=estimator.weights_init,
        means_init=estimator.means_init,
        precisions_init=estimator.precisions_init,
        responsibilities_init=estimator.responsibilities_init,
    )


def last_fit(estimator: Any) -> LastFit:
    """Return the parameters of a fitted mixture, for another fit to continue from."""
    n_components, n_features = np.shape(estimator.means_)
    return LastFit(
        make=lambda: estimator.mixture_,
        n_components=n_components,
        n_features=n_features,
        factors_shape=np.shape(estimator.precisions_cholesky_),
        lower_bound=float(estimator.lower_bound_),
        dtype=estimator.means_.dtype,
        weight=vars(estimator).get("_fitted_weight"),
    )
