"""
A million rows
==============

What a fit of a million rows takes on this machine, beside scikit-learn's, from the same
start, with as many iterations.
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
# With default parameters: start by k-means, EM until the mean log-likelihood changes by
# less than 1e-3. What is timed is the call of ``fit``, by the clock on the wall, on all
# processors that are granted, once the library is loaded.

begin = time.perf_counter()
model = gmmx.GaussianMixture(5, random_state=0).fit(X)
print(f"{time.perf_counter() - begin:.2f} s, {model.n_iter_} iterations")
print(f"log-likelihood a row {model.score(X):.5f}")

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
gmmx.plot.density(model, X, ax=ax)

# %%
# Ten iterations, of more and more rows
# -------------------------------------
#
# The start is given and ``tol=0``, so that both do the same arithmetic and end with the
# same log-likelihood. Each time is the best of three; scikit-learn goes to 100,000 rows
# only, to keep this page quick to build.


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
ax.set(xlabel="rows", ylabel="seconds of ten iterations")
ax.legend()

# %%
# These figures are of the machine that built this page, with whatever else it did. The
# :doc:`/performance` page has measurements taken with more care, of more libraries and
# shapes.
