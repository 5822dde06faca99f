"""The NumPy reference against the native core: one E-step, one M-step and one whole fit.

Run with ``pytest bench/test_reference_vs_native.py``; ``-k "full and 1000x2"`` picks some. Each pair is checked
for equal results before either side is timed, and the table at the end gives the ratio of the medians.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from gmmx import _core, reference

TYPES = [name for name in _core.covariance_types() if name not in ("E", "V")]  # those are for one feature
SIZES = [(1_000, 2, 3), (10_000, 8, 10), (100_000, 2, 5), (1_000_000, 2, 5), (20_000, 128, 16)]
THREADS = _core.thread_count(None)
EM_OPTIONS = {"tol": 0.0, "reg_covar": 1e-6, "max_iter": 3, "previous_lower_bound": -np.inf}


@cache
def problem(n_samples, n_features, n_components, covariance_type):
    """Overlapping clusters and the mixture of their labels, half of them wrong."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(n_components, n_features)) * 3 / np.sqrt(n_features)
    labels = rng.integers(n_components, size=n_samples)
    X = centers[labels] + rng.normal(size=(n_samples, n_features))
    labels[::2] = rng.integers(n_components, size=len(labels[::2]))
    statistics = _core.statistics_from_labels(X, labels.astype(np.int32), n_components, covariance_type, None, THREADS)
    native = _core.m_step(statistics, covariance_type, 1e-6)
    twin = reference.Mixture(
        native.weights, native.means, native.covariances, native.precisions_cholesky, covariance_type
    )
    return SimpleNamespace(X=X, covariance_type=covariance_type, native=native, reference=twin)


def e_step(side, p):
    """One pass over the rows."""
    if side == "native":
        return _core.e_step(p.X, p.native, None, THREADS)
    return reference.e_step(p.X, p.reference)


def m_step(side, p):
    """From the statistics to the mixture; the statistics are made once."""
    if not hasattr(p, f"statistics_{side}"):
        setattr(p, f"statistics_{side}", e_step(side, p))
    module = _core if side == "native" else reference
    return module.m_step(getattr(p, f"statistics_{side}"), p.covariance_type, 1e-6)


def fit(side, p):
    """Three iterations from the same start."""
    if side == "native":
        return _core.em(p.X, p.native, None, callback=None, n_threads=THREADS, **EM_OPTIONS)
    return reference.em(p.X, p.reference, **EM_OPTIONS)


def numbers_of(operation, result):
    """What must agree."""
    if operation is e_step:
        return [result.log_likelihood, result.counts, result.second_moments]
    mixture = result.mixture if operation is fit else result
    return [mixture.weights, mixture.means, mixture.covariances]


@pytest.mark.parametrize("side", ["reference", "native"])
@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
@pytest.mark.parametrize("operation", [e_step, m_step, fit], ids=lambda operation: operation.__name__)
def test_pair(benchmark, operation, size, covariance_type, side):
    """Times one side of one pair, after checking it against the other."""
    p = problem(*size, covariance_type)
    if side == "native":
        for got, expected in zip(
            numbers_of(operation, operation("native", p)),
            numbers_of(operation, operation("reference", p)),
            strict=True,
        ):
            scale = np.abs(expected).max()
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * scale)
    benchmark.group = f"{operation.__name__} | {size[0]:,} x {size[1]}, {size[2]} | {covariance_type}"
    benchmark.extra_info["side"] = side
    operation(side, p)
    benchmark.pedantic(operation, args=(side, p), rounds=3, iterations=1, warmup_rounds=0)
