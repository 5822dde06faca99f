"""A fit of an estimator to rows that are checked: what it warns of and what it sets."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gmmx import _core
from gmmx._covariance_shapes import has_axes
from gmmx.em.config import EMConfig, InitConfig
from gmmx.em.initialization import LastFit
from gmmx.em.restarts import fit_rows
from gmmx.mixture._parameters import set_fit
from gmmx.validation import Rows, check_enough_rows
from gmmx.validation.row_faults import remedy_of_collapse, warn_of_rows

__all__ = ["fit_checked"]


def fit_checked(
    estimator: Any, em: EMConfig, init: InitConfig, rows: Rows, last: LastFit | None, *, predicts: bool = False
) -> npt.NDArray[np.int64] | None:
    """Fit an estimator to checked rows, and set its fitted attributes.

    Parameters
    ----------
    estimator : GaussianMixture
        The estimator, whose features are those of the rows.
    em, init : EMConfig, InitConfig
        Its configuration.
    rows : Rows
        The rows.
    last : LastFit or None
        Parameters that the fit continues from.
    predicts : bool
        Whether to label the rows in the pass that computes the log-likelihood of the fitted mixture.

    Returns
    -------
    labels : ndarray of shape (n_samples,) or None
        The most probable component of each row, if asked for.

    Raises
    ------
    ValueError
        If there are fewer rows than components, or the fit fails.
    """
    check_enough_rows(rows, em.n_components)
    faults = warn_of_rows(rows, estimator, combinations=has_axes(em.covariance_type))
    remedy = partial(remedy_of_collapse, rows, faults)
    fit = fit_rows(em, init, rows, last, remedy)
    fit.warn(em.n_components, em.max_iter)
    fit.warn_of_falls(em, partial(remedy, failed=False))
    labels = None

    def log_likelihood(mixture: _core.Mixture) -> float:
        nonlocal labels
        X: Any = rows.X
        labels, total = _core.predict_with_log_likelihood(X, mixture, rows.sample_weight, rows.n_threads)
        return total

    set_fit(estimator, fit._replace(log_likelihood=log_likelihood) if predicts else fit)
    return labels
