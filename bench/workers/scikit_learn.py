"""scikit-learn's GaussianMixture."""

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture


def fitter(folder, covariance_type, threads):
    """See worker.py; threads are those of the BLAS, set by the environment."""
    rows, weights, means, precisions = (
        np.load(folder / f"{name}.npy") for name in ("rows", "weights", "means", "precisions")
    )

    def fit(iterations):
        model = GaussianMixture(
            len(weights),
            covariance_type=covariance_type,
            tol=0.0,
            reg_covar=0.0,
            max_iter=iterations,
            weights_init=weights,
            means_init=means,
            precisions_init=precisions,
        ).fit(rows)
        return model.weights_, model.means_, model.covariances_

    return fit


def version():
    """See worker.py."""
    return sklearn.__version__
