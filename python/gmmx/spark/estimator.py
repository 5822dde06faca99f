"""The estimator, a drop-in replacement for MLlib's."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.param import Param, Params
from pyspark.ml.util import MLReadable, MLWritable
from pyspark.sql import DataFrame

import gmmx
from gmmx.distributed import DataSummary
from gmmx.spark.model import GaussianMixtureModel, GaussianMixtureSummary
from gmmx.spark.params import MixtureParams, Reader, Writer, local_model_of, with_setters
from gmmx.spark.rows import SparkRows
from gmmx.validation import check_covariance_type

__all__ = ["GaussianMixture"]

_LEAST = {"k": 1, "maxIter": 0, "tol": 0, "regParam": 0, "nInit": 1, "aggregationDepth": 1}


@with_setters()
class GaussianMixture(Estimator, MixtureParams, MLReadable, MLWritable):
    """Gaussian mixture fitted by EM to a Spark DataFrame.

    The class is a drop-in replacement for ``pyspark.ml.clustering.GaussianMixture``, with the same parameters and
    defaults and a model with the same methods. Densities are computed in log space and moments are centred about the
    means. Fits therefore succeed where MLlib returns useless models (from about 20 features) or negative variances
    (data far from the origin).

    Parameters
    ----------
    featuresCol : str, default='features'
        Column of dense or sparse vectors, or of arrays of numbers. Arrays of float32 are computed in float32.

    predictionCol : str, default='prediction'
        Output column of the most probable component, counted from 0. '' omits it.

    k : int, default=2
        Number of components. Unlike in MLlib it may be 1.

    probabilityCol : str, default='probability'
        Output column of the probabilities of the components, as a vector. '' omits it.

    tol : float, default=0.01
        Threshold for the change of the total weighted log-likelihood at which EM stops, as in MLlib. This is strict for
        many rows, because `tol` of :class:`gmmx.GaussianMixture` refers to the mean per row. For the same tolerance,
        use `1e-3` times the number of rows.

    maxIter : int, default=100
        Maximum number of iterations.

    seed : int, default=0
        Seed of the sample of rows and of the initialization. The same seed gives the same model if the DataFrame has
        the same rows in the same partitions. Only the last 32 bits are used.

    aggregationDepth : int, default=2
        Number of levels in which executors add the statistics of the partitions. Statistics of at most 64 MiB in total
        are added at the driver instead. The sum is bitwise identical.

    weightCol : str, optional
        Column of nonnegative sample weights: a row with weight 2 counts twice. None or '' gives every row the weight 1.

    covarianceType : str, default='full'
        Covariance model, as in :class:`gmmx.GaussianMixture`.

    regParam : float, default=1e-6
        Nonnegative number added to the variances, so that no component collapses: `reg_covar` of
        :class:`gmmx.GaussianMixture`. MLlib adds nothing.

    nInit : int, default=1
        Number of restarts on the sample; the best continues on all rows.

    initialModel : GaussianMixtureModel or gmmx.GaussianMixture, optional
        Fitted model from which EM starts, of gmmx.spark, of MLlib (for 'full') or in memory. It must have `k`
        components and the type `covarianceType`. None initializes from a sample of the rows.

    Raises
    ------
    ValueError
        In `fit`, if a parameter, a column or a row is not accepted; the message names the partition of the row.
    FitFailedError
        A ValueError: a component collapsed in every restart.
    RuntimeError
        If the DataFrame changes its rows each time that Spark computes it.

    See Also
    --------
    gmmx.GaussianMixture : Fits rows in memory.
        gmmx.GaussianMixture.fit_partitions : Runs the fit.

    Notes
    -----
    Unlike in MLlib, the initialization is k-means on a random sample of up to 50,000 rows (32 MiB), so results differ,
    mostly for the better. Smaller data are used completely, and the model is that of :class:`gmmx.GaussianMixture` with
    ``random_state=seed``.

    A fit packs the features of each partition into blocks of bytes and persists these, with
    ``StorageLevel.MEMORY_AND_DISK``, until it ends. The DataFrame is therefore computed once, and ``cache()`` before a
    fit helps only if other jobs use the rows. If an executor dies, its blocks are recomputed, and the result is bitwise
    identical provided that the DataFrame has the same rows in the same order.

    The driver and all executors need gmmx. With Spark Connect the client needs it, too, and each request contains the
    parameters, up to 128 MiB by default (``spark.connect.grpc.maxInboundMessageSize``).

    Examples
    --------
    >>> from gmmx.spark import GaussianMixture
    >>> from pyspark.ml.linalg import Vectors
    >>> rows = [([1.0, 2.0],), ([1.0, 4.0],), ([1.0, 0.0],), ([10.0, 2.0],), ([10.0, 4.0],), ([10.0, 0.0],)]
    >>> df = spark.createDataFrame(rows, ["features"])
    >>> model = GaussianMixture(k=2, seed=0).fit(df)
    >>> sorted(gaussian.mean.toArray().round(3).tolist() for gaussian in model.gaussians)
    [[1.0, 2.0], [10.0, 2.0]]
    >>> [row.prediction for row in model.transform(df).collect()]
    [1, 1, 1, 0, 0, 0]
    """

    initialModel: Any = Param(
        Params._dummy(), "initialModel", "fitted model to start from.", typeConverter=local_model_of
    )

    _input_kwargs: dict[str, Any]

    @keyword_only
    def __init__(
        self,
        *,
        featuresCol: str = "features",
        predictionCol: str = "prediction",
        k: int = 2,
        probabilityCol: str = "probability",
        tol: float = 0.01,
        maxIter: int = 100,
        seed: int | None = None,
        aggregationDepth: int = 2,
        weightCol: str | None = None,
        covarianceType: str = "full",
        regParam: float = 1e-6,
        nInit: int = 1,
        initialModel: Any = None,
    ) -> None:
        super().__init__()
        self.setParams(**self._input_kwargs)

    def setParams(self, **params: Any) -> GaussianMixture:
        """Set the given parameters, None to the default, and return the estimator."""
        inspect.signature(GaussianMixture).bind(**params)
        given = {name: value for name, value in params.items() if value is not None}
        for name in params.keys() - given.keys():
            self.clear(self.getParam(name))
        return self._set(**given)

    def getInitialModel(self) -> gmmx.GaussianMixture | None:
        """Return the initial model as an in-memory estimator."""
        return self.getOrDefault(self.initialModel) if self.isSet(self.initialModel) else None

    def _fit(self, dataset: DataFrame) -> GaussianMixtureModel:
        if not isinstance(dataset, DataFrame):
            raise TypeError(
                f"dataset is of type {type(dataset).__module__.partition('.')[0]}.{type(dataset).__name__}, but must "
                "be a DataFrame of Spark: spark.createDataFrame makes one; gmmx.GaussianMixture fits rows in memory."
            )
        self._check_params()
        with SparkRows(dataset, self.getFeaturesCol(), self._weight_column(), self.getAggregationDepth()) as rows:
            summary = rows.summary()
            local = self._local_estimator(summary).fit_partitions(rows)
        model = GaussianMixtureModel(local.set_params(warm_start=False))
        self._copyValues(model._resetUid(self.uid))
        model._summary = GaussianMixtureSummary(model, dataset, summary.total_weight)  # noqa: SLF001, not for users
        return model

    def _check_params(self) -> None:
        for name, least in _LEAST.items():
            value = self.getOrDefault(name)
            if not least <= value < np.inf:
                raise ValueError(f"{name} is {value}, but must be a finite number of at least {least}.")
        check_covariance_type(self.getCovarianceType(), argument="covarianceType")

    def _local_estimator(self, summary: DataSummary) -> gmmx.GaussianMixture:
        """Return the in-memory estimator that is fitted to the partitions."""
        options: dict[str, Any] = {
            "n_components": self.getK(),
            "covariance_type": self.getCovarianceType(),
            "tol": self.getTol() / summary.total_weight,
            "reg_covar": self.getRegParam(),
            "max_iter": self.getMaxIter(),
            "n_init": self.getNInit(),
            "random_state": self.getSeed() % 2**32,
        }
        start = self.getInitialModel()
        if start is None:
            return gmmx.GaussianMixture(**options)
        self._check_start(start, summary)
        local = copy.deepcopy(start).set_params(**options, warm_start=True)
        local.lower_bound_ = -np.inf  # that of other rows, perhaps
        return local

    def _check_start(self, start: gmmx.GaussianMixture, summary: DataSummary) -> None:
        mixture = start.mixture_
        for what, given, wanted, remedy in (
            ("k", mixture.n_components, self.getK(), "set k to that"),
            ("covarianceType", mixture.covariance_type, self.getCovarianceType(), "set covarianceType to that"),
            ("numFeatures", mixture.n_features, summary.n_features, "give a model of the same features"),
        ):
            if given != wanted:
                raise ValueError(
                    f"initialModel has {what}={given!r}, but it must be {wanted!r}: {remedy}, or leave it out."
                )

    def write(self) -> Writer:
        """Return the writer of the estimator, which `save` uses.

        Call its ``overwrite()`` to replace a saved estimator.
        """
        return Writer(self, "initialModel", self.getInitialModel())

    @classmethod
    def read(cls) -> Reader:
        """Return the reader of estimators, which `load` uses."""
        return Reader(cls, lambda local: cls() if local is None else cls(initialModel=local))
