"""The JAX library gmmx of PyPI, in float32, the only precision it takes; compiled before the clock starts."""

import importlib.metadata

import jax
import numpy as np

from gmmx import EMFitter, GaussianMixtureModelJax


def fitter(folder, covariance_type, threads):
    """See worker.py; threads are the processors that the process is bound to."""
    rows, weights, means, covariances = (
        np.load(folder / f"{name}.npy").astype(np.float32) for name in ("rows", "weights", "means", "covariances")
    )
    rows = jax.numpy.asarray(rows)
    start = GaussianMixtureModelJax.from_squeezed(
        means=jax.numpy.asarray(means),
        covariances=jax.numpy.asarray(covariances),
        weights=jax.numpy.asarray(weights),
        covariance_type=covariance_type,
    )

    def fit(iterations):
        result = EMFitter(max_iter=iterations, tol=0.0, reg_covar=0.0).fit(x=rows, gmm=start)
        jax.block_until_ready(result.gmm)
        if int(result.n_iter) != iterations:
            raise RuntimeError(f"stopped after {int(result.n_iter)} of {iterations} iterations: not a number")
        gmm = result.gmm
        return gmm.weights_numpy, gmm.means_numpy, gmm.covariances.values_numpy

    return fit


def version():
    """See worker.py."""
    return f"{importlib.metadata.version('gmmx')}, jax {importlib.metadata.version('jax')}"
