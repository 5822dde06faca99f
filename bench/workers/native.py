"""gmmx through its estimator."""

import numpy as np

import gmmx
from gmmx import _core

DTYPE = np.float64


def fitter(folder, covariance_type, threads, dtype=DTYPE):
    """See worker.py."""
    rows, weights, means, precisions = (
        np.load(folder / f"{name}.npy") for name in ("rows", "weights", "means", "precisions")
    )
    rows = rows.astype(dtype)

    def fit(iterations):
        model = gmmx.GaussianMixture(
            len(weights),
            covariance_type=covariance_type,
            tol=0.0,
            reg_covar=0.0,
            max_iter=iterations,
            weights_init=weights,
            means_init=means,
            precisions_init=precisions,
            n_jobs=threads,
        ).fit(rows)
        return model.weights_, model.means_, model.covariances_

    return fit


def version():
    """See worker.py."""
    return f"{_core.__version__} ({_core.instruction_set})"
