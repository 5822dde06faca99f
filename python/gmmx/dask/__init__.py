"""Gaussian mixtures of Dask arrays and data frames: EM with one pass over all partitions an iteration.

    partition --statistics_of(mixture)--> SufficientStatistics --tree_sum--> M-step, on the client

Each partition is one task, with the parameters among its arguments; only statistics travel. Tasks share nothing, so
Dask may run them again wherever it likes, as it does when a worker dies, and sums are taken in the order of the
partitions, so that the same bits come out.
"""

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError(f'gmmx.dask needs Dask ({error}): pip install "gmmx-native[dask]"') from error

from gmmx.dask._estimator import GaussianMixture
from gmmx.dask._running import WorkersLostError

__all__ = ["GaussianMixture", "WorkersLostError"]
