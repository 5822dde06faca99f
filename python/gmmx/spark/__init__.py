"""Gaussian mixtures fitted to Spark DataFrames, with the parameter names of Spark's MLlib.

To migrate from MLlib, change the import::

    from gmmx.spark import GaussianMixture  # was: from pyspark.ml.clustering import GaussianMixture

Rows do not move: each iteration of EM is one Spark job, which sends the parameters to the executors and returns sums.
Spark Connect is supported; neither SparkContext nor RDDs are used. The executors need gmmx, too.
"""

try:
    import pyarrow  # noqa: F401
    import pyspark.ml  # noqa: F401
    from pyspark.sql.functions import arrow_udf  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"gmmx.spark needs pyspark 4.1 or newer with pyarrow, NumPy and pandas ({error}). Install them by "
        'pip install "gmmx-native[spark]".'
    ) from error

from gmmx.spark.estimator import GaussianMixture
from gmmx.spark.model import GaussianMixtureModel, GaussianMixtureSummary

__all__ = ["GaussianMixture", "GaussianMixtureModel", "GaussianMixtureSummary"]

for _class in (GaussianMixture, GaussianMixtureModel, GaussianMixtureSummary):
    _class.__module__ = __name__  # saved models name their class; they must load wherever its file is
