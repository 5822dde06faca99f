"""oneDAL's em_gmm through daal4py."""

import importlib.metadata

import daal4py
import numpy as np

STORAGE = {"full": "full", "diag": "diagonal"}


def fitter(folder, covariance_type, threads):
    """See worker.py."""
    daal4py.daalinit(threads)
    rows, weights, means, covariances = (
        np.load(folder / f"{name}.npy") for name in ("rows", "weights", "means", "covariances")
    )
    start = [np.ascontiguousarray(np.atleast_2d(covariance)) for covariance in covariances]

    def fit(iterations):
        algorithm = daal4py.em_gmm(
            nComponents=len(weights),
            maxIterations=iterations,
            accuracyThreshold=0.0,
            covarianceStorage=STORAGE[covariance_type],
        )
        result = algorithm.compute(rows, weights.reshape(1, -1), means, start)
        found = np.stack([np.asarray(covariance) for covariance in result.covariances])
        return result.weights.ravel(), result.means, found.reshape(covariances.shape)

    return fit


def version():
    """See worker.py."""
    return f"daal4py {importlib.metadata.version('daal4py')}"
