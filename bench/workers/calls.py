"""Times calls of gmmx in a process of its own: ``python calls.py``, run by an interpreter that has a version of gmmx.

Each line on standard input, ``{"task": NAME, "calls": NUMBER}``, is answered by one on standard output: the seconds of
each call, and a figure of its result, by which versions are compared. Needs NumPy, scikit-learn and gmmx, nothing else.
"""

import functools
import json
import sys
import time
import warnings

import numpy as np
from sklearn.datasets import load_iris

import gmmx

ROWS = {"2,000 x 2": (2_000, 2, 4), "200,000 x 8": (200_000, 8, 10)}
TYPES = ("full", "tied", "diag")


def clusters(n_rows, n_features, n_clusters):
    """Rows of round clusters, some of which overlap."""
    rng = np.random.default_rng(0)
    centers = rng.normal(scale=4.0, size=(n_clusters, n_features))
    return rng.normal(size=(n_rows, n_features)) + centers[rng.integers(n_clusters, size=n_rows)]


def iris():
    """The rows of iris."""
    return load_iris().data


def fit(model, rows):
    """A fit, and the mean log-likelihood that it reaches."""
    X = rows()
    return functools.partial(model.fit, X), lambda fitted: fitted.score(X)


def method(name, n_rows):
    """A method of a model of iris, and the sum of what it returns."""
    X = iris()
    model = gmmx.GaussianMixture(3, random_state=0, n_jobs=1).fit(X)
    return functools.partial(getattr(model, name), np.resize(X, (n_rows, X.shape[1]))), lambda result: result.sum()


def choice():
    """The whole grid on iris, and the mean log-likelihood of the best mixture."""
    X = iris()
    return functools.partial(gmmx.GaussianMixtureIC(n_jobs=1).fit, X), lambda fitted: fitted.best_estimator_.score(X)


def tasks():
    """What makes the call and the figure of each task, by name."""
    found = {}
    for kind in TYPES:
        model = gmmx.GaussianMixture(3, covariance_type=kind, random_state=0, n_jobs=1)
        found[f"fit: iris, K=3, {kind}"] = functools.partial(fit, model, iris)
    for name, (n_rows, n_features, n_components) in ROWS.items():
        iterations = {} if n_rows < 10_000 else {"max_iter": 10, "tol": 0.0}
        rows = functools.partial(clusters, n_rows, n_features, n_components)
        for kind in TYPES:
            model = gmmx.GaussianMixture(n_components, covariance_type=kind, random_state=0, n_jobs=1, **iterations)
            found[f"fit: {name}, K={n_components}, {kind}"] = functools.partial(fit, model, rows)
    for name in ("predict", "score_samples"):
        for n_rows in (1, 100, 10_000):
            found[f"{name}: {n_rows:,} rows"] = functools.partial(method, name, n_rows)
    found["GaussianMixtureIC: iris"] = choice
    return found


def main():
    """Answer until the input ends."""
    warnings.simplefilter("ignore")  # so few iterations never converge
    makers, ready = tasks(), {}
    print(json.dumps({"version": gmmx.__version__, "tasks": list(makers)}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        name = order["task"]
        if name not in ready:
            ready[name] = makers[name]()
        call, figure = ready[name]
        seconds = []
        for _ in range(order["calls"]):
            begin = time.perf_counter()
            result = call()
            seconds.append(time.perf_counter() - begin)
        print(json.dumps({"seconds": seconds, "figure": float(figure(result))}), flush=True)


if __name__ == "__main__":
    main()
