"""
A million rows
==============

This script times a fit of a million rows and compares it with scikit-learn: same
initialization, same number of iterations.
"""

import os
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import sklearn.mixture
from sklearn.exceptions import ConvergenceWarning

import gmmx

# Ten iterations are not meant to converge.
warnings.simplefilter("ignore", ConvergenceWarning)
gmmx.show_versions()
print(f"{os.cpu_count()} processors")

rng = np.random.default_rng(0)
centres = rng.normal(0.0, 5.0, (5, 2))
shapes = rng.normal(0.0, 0.7, (5, 2, 2)) + 0.5 * np.eye(2)
labels = rng.integers(5, size=1_000_000)
X = centres[labels] + np.einsum(
    "nij,nj->ni", shapes[labels], rng.normal(size=(len(labels), 2))
)

# %%
# A whole fit
# -----------
#
# The default parameters initialize with k-means and iterate until the mean
# log-likelihood changes by less than 1e-3. The time is the wall-clock time of ``fit``
# on all available processors, after the library has been loaded.

begin = time.perf_counter()
model = gmmx.GaussianMixture(5, random_state=0).fit(X)
print(f"{time.perf_counter() - begin:.2f} s, {model.n_iter_} iterations")
print(f"log-likelihood per row {model.score(X):.5f}")

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.density(model, X, ax=ax)

# %%
# Ten iterations with increasing numbers of rows
# ----------------------------------------------
#
# Given initial parameters and ``tol=0`` make both libraries do the same arithmetic and
# reach the same log-likelihood. Each time is the best of three. scikit-learn runs on up
# to 100,000 rows only, to keep this page quick to build.


def seconds(mixture_class, rows):
    start = {
        "weights_init": np.full(5, 0.2),
        "means_init": centres,
        "precisions_init": np.stack([np.eye(2)] * 5),
    }
    best = np.inf
    for _ in range(3):
        model = mixture_class(5, tol=0.0, max_iter=10, **start)
        begin = time.perf_counter()
        model.fit(rows)
        best = min(best, time.perf_counter() - begin)
    return best, model.score(rows)


sizes = [1_000, 10_000, 100_000, 1_000_000]
times = {"gmmx": [], "scikit-learn": []}
for size in sizes:
    ours, score = seconds(gmmx.GaussianMixture, X[:size])
    times["gmmx"].append(ours)
    line = f"{size:>9,} rows: gmmx {1e3 * ours:8.2f} ms"
    if size <= 100_000:
        theirs, their_score = seconds(sklearn.mixture.GaussianMixture, X[:size])
        times["scikit-learn"].append(theirs)
        np.testing.assert_allclose(score, their_score, rtol=1e-9)
        line += (
            f", scikit-learn {1e3 * theirs:8.2f} ms, {theirs / ours:.0f} times as long"
        )
    print(line)

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for name, taken in times.items():
    ax.loglog(sizes[: len(taken)], taken, "o-", label=name)
ax.set(xlabel="rows", ylabel="seconds for ten iterations")
ax.legend()

# %%
# These times come from the machine that built this page, which may have been busy. The
# :doc:`/performance` page has careful measurements of more libraries and problem sizes.
