"""Gaussian mixtures for Dask arrays and data frames. Each EM iteration is one pass over all partitions.

    partition --statistics_of(mixture)--> SufficientStatistics --pairwise_sum--> M-step, on the client

Each partition is one task, whose arguments include the parameters and which returns statistics. Tasks share no state,
so Dask can rerun them on any worker, as it does if a worker dies. Statistics are added in the order of the partitions,
so results are bitwise reproducible.
"""

from importlib.util import find_spec

if find_spec("dask") is None:
    raise ImportError('gmmx.dask needs Dask. Install it: pip install "gmmx-native[dask]"')

from gmmx.dask._estimator import GaussianMixture
from gmmx.dask._running import WorkersLostError

__all__ = ["GaussianMixture", "WorkersLostError"]
