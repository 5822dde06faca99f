"""Gaussian mixtures of Dask arrays and data frames: EM with one pass over all partitions an iteration.

    partition --statistics_of(mixture)--> SufficientStatistics --pairwise_sum--> M-step, on the client

Each partition is one task, with the parameters among its arguments; only statistics travel. Tasks share nothing, so
Dask may run them again wherever it likes, as it does when a worker dies, and sums are taken in the order of the
partitions, so that the same bits come out.
"""

from importlib.util import find_spec

if find_spec("dask") is None:
    raise ImportError('gmmx.dask needs Dask. Install it: pip install "gmmx-native[dask]"')

from gmmx.dask._estimator import GaussianMixture
from gmmx.dask._running import WorkersLostError

__all__ = ["GaussianMixture", "WorkersLostError"]
