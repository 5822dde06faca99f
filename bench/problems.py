"""The problems of the benchmarks: seeded rows and one start, the same for every side."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Shape:
    """Rows, features, components and covariance type of one problem."""

    n_samples: int
    n_features: int
    n_components: int
    covariance_type: str

    def __str__(self):
        return f"{self.n_samples:,} x {self.n_features}, {self.n_components}, {self.covariance_type}"

    @classmethod
    def parse(cls, text):
        """Read ``ROWSxFEATURESxCOMPONENTS:TYPE``, for example ``50000x64x32:full``."""
        try:
            sizes, covariance_type = text.split(":")
            return cls(*map(int, sizes.lower().split("x")), covariance_type)
        except (TypeError, ValueError):
            raise ValueError(f"a shape is ROWSxFEATURESxCOMPONENTS:TYPE, like 50000x64x32:full; got {text!r}") from None


SHAPES = [
    Shape(1_000_000, 2, 5, "full"),
    Shape(200_000, 8, 10, "full"),
    Shape(100_000, 16, 32, "full"),
    Shape(50_000, 64, 32, "full"),
    Shape(20_000, 128, 16, "full"),
    Shape(200_000, 16, 64, "diag"),
    Shape(200_000, 32, 64, "spherical"),
    Shape(100_000, 32, 32, "tied"),
]
# Nothing to conclude from: they show within seconds that everything runs.
QUICK_SHAPES = [
    Shape(4_000, 2, 3, "full"),
    Shape(2_000, 8, 4, "full"),
    Shape(4_000, 4, 4, "diag"),
    Shape(4_000, 4, 4, "spherical"),
    Shape(4_000, 4, 4, "tied"),
]


@dataclass(frozen=True)
class Problem:
    """Rows and the start: weights, means, covariances and precisions in the shapes of scikit-learn."""

    rows: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    precisions: np.ndarray

    def save(self, folder):
        """Write each array to a file of its name, in C order."""
        for name, array in vars(self).items():
            np.save(Path(folder) / f"{name}.npy", np.ascontiguousarray(array))


def problem(shape, separation=3.0, seed=0):
    """Clusters of unequal widths whose centres lie about 1.4 times `separation` standard deviations apart.

    The start has its means beside the true ones and every covariance the identity.
    """
    rng = np.random.default_rng(seed)
    n, d, k = shape.n_samples, shape.n_features, shape.n_components
    centers = rng.normal(size=(k, d)) * separation / np.sqrt(d)
    widths = rng.uniform(0.7, 1.3, size=(k, d))
    labels = rng.integers(k, size=n)
    rows = rng.normal(size=(n, d))
    rows *= widths[labels]
    rows[:, 1:] += 0.3 * rows[:, :-1]
    rows += centers[labels]
    identity = {
        "full": np.tile(np.eye(d), (k, 1, 1)),
        "tied": np.eye(d),
        "diag": np.ones((k, d)),
        "spherical": np.ones(k),
    }[shape.covariance_type]
    means = centers + 0.3 / np.sqrt(d) * rng.normal(size=(k, d))
    return Problem(rows, np.full(k, 1.0 / k), means, identity, identity)


def rotated_clusters(n_samples, n_features, n_components, spread=1.0, separation=3.0, seed=0):
    """Overlapping clusters, each with axes and variances of its own, and labels of which a fifth are wrong.

    Standard deviations along the axes are 0.5 to 2 times the size of the cluster, and the sizes are a geometric series
    from 1 / sqrt(spread) to sqrt(spread). Of clusters of size 1 the centres lie about 1.4 times `separation` apart.
    """
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(spread**-0.5, spread**0.5, n_components)
    centers = rng.normal(size=(n_components, n_features)) * separation / np.sqrt(n_features)
    labels = rng.integers(n_components, size=n_samples, dtype=np.int32)
    rows = rng.normal(size=(n_samples, n_features))
    for k in range(n_components):
        axes = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
        widths = sizes[k] * rng.uniform(0.5, 2.0, n_features)
        rows[labels == k] = centers[k] + rows[labels == k] * widths @ axes.T
    wrong = rng.random(n_samples) < 0.2
    labels[wrong] = rng.integers(n_components, size=np.count_nonzero(wrong), dtype=np.int32)
    return rows, labels
