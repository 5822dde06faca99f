"""Agglomerative clustering and EM from one tree, beside mclust where R has it: python bench/hierarchical.py."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

import gmmx

N_SAMPLES, N_FEATURES, N_CLUSTERS = 20_000, 8, 3


def seconds(f):
    """Return how long a call takes."""
    began = perf_counter()
    f()
    return perf_counter() - began


def select(X):
    """Fit K = 1 to 5 from one tree, to mclust's tolerance: a relative change of 1e-5."""
    tree = gmmx.hierarchical_clustering(X, random_state=0)
    tol = 1e-5 * abs(gmmx.GaussianMixture(reg_covar=0.0).fit(X).score(X))
    for k in range(1, 6):
        start = tree.partition(k)
        gmmx.GaussianMixture(k, responsibilities_init=start, reg_covar=0.0, tol=tol, max_iter=1000).fit(X)


def main():
    """Print the times."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_SAMPLES, N_FEATURES))
    X += 3 * rng.standard_normal((N_CLUSTERS, N_FEATURES))[np.arange(N_SAMPLES) % N_CLUSTERS]
    print("gmmx tree of 2,000 rows", seconds(lambda: gmmx.hierarchical_clustering(X[:2000])), "s")
    print("gmmx full, K = 1..5", seconds(lambda: select(X)), "s")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            np.savetxt(Path(folder) / "rows.csv", X, delimiter=",")
            subprocess.run(["Rscript", Path(__file__).parent / "mclust.R", f"{folder}/rows.csv"], check=True)


if __name__ == "__main__":
    main()
