"""The estimator, which takes the place of MLlib's."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.param import Param, Params
from pyspark.ml.util import MLReadable, MLWritable
from pyspark.sql import DataFrame

import gmmx
from gmmx.distributed import DataSummary, fit_partitions
from gmmx.spark.model import GaussianMixtureModel
from gmmx.spark.params import MixtureParams, local_model_of
from gmmx.spark.persistence import Reader, Writer
from gmmx.spark.rows import SparkRows
from gmmx.validation import check_covariance_type

__all__ = ["GaussianMixture"]

_LEAST = {"k": 1, "maxIter": 0, "tol": 0, "regParam": 0, "nInit": 1, "aggregationDepth": 1}


class GaussianMixture(Estimator, MixtureParams, MLReadable, MLWritable):
    """Gaussian mixture fitted to a Spark DataFrame by expectation-maximisation (EM).

    Takes the place of ``pyspark.ml.clustering.GaussianMixture``: the same parameters with the same defaults, and a
    model with the same methods. Densities are computed in log space and moments about the means, so that it fits where
    MLlib's returns useless models (from about 20 features) or negative variances (data far from the origin).

    Parameters
    ----------
    featuresCol : str, default='features'
        Column of vectors, dense or sparse, or of arrays of numbers. Arrays of float32 are computed in float32.

    predictionCol : str, default='prediction'
        Column that the model writes the most probable component to, from 0; '' writes none.

    k : int, default=2
        Number of components. Other than in MLlib it may be 1.

    probabilityCol : str, default='probability'
        Column that the model writes the probability of each component to, as a vector; '' writes none.

    tol : float, default=0.01
        As in MLlib, EM stops when the total log-likelihood of all rows (weighted) changes by less in one iteration.
        That is strict where rows are many: `tol` of :class:`gmmx.GaussianMixture` is about the mean of a row. For
        the same strictness as there, give `1e-3` times the number of rows.

    maxIter : int, default=100
        Most iterations.

    seed : int, default=0
        Of the sample of rows that a start is made of, and of the start. The same seed gives the same model if the
        DataFrame has the same rows in the same partitions. Of MLlib's seeds only the last 32 bits count.

    aggregationDepth : int, default=2
        Statistics of the partitions are added at the driver if they come to no more than 64 MiB, else on executors in
        so many levels. The sum is the same to the last bit.

    weightCol : str, optional
        Column of weights, not negative: 2 means that the row stands twice. None or '': all one.

    covarianceType : str, default='full'
        Model of the covariances: any that :class:`gmmx.GaussianMixture` has.

    regParam : float, default=1e-6
        Added to the variances, so that no component collapses; `reg_covar` there. MLlib adds nothing.

    nInit : int, default=1
        Number of starts. EM runs from each on the sample, and from the best on all rows.

    initialModel : GaussianMixtureModel or gmmx.GaussianMixture, optional
        Fitted model to start from instead of a sample: of gmmx.spark, of MLlib (for 'full') or in memory. It must have
        `k` components and be of `covarianceType`.

    Raises
    ------
    ValueError
        In `fit`, if a parameter, a column or a row is not accepted; the message names the partition of the row.
    FitFailedError
        A ValueError: every start ended in a collapsed component.
    RuntimeError
        If the DataFrame holds other rows each time that Spark computes it.

    See Also
    --------
    gmmx.GaussianMixture : Fits rows in memory.
    gmmx.distributed.fit_partitions : What runs here.

    Notes
    -----
    Other than in MLlib the start is k-means on a random sample of up to 50,000 rows (32 MiB), so that results differ,
    mostly for the better; fewer rows than that all take part, and the model is that of :class:`gmmx.GaussianMixture`
    with ``random_state=seed``.

    A fit packs the features of each partition into blocks of bytes and persists those, as
    ``StorageLevel.MEMORY_AND_DISK``, until it ends: whatever makes the DataFrame is computed once, and ``cache()``
    before a fit gains nothing unless other jobs use the rows. Where an executor dies, its blocks are computed anew, and
    the result is the same to the last bit if the DataFrame then holds the same rows in the same order.

    The driver and all executors need gmmx. With Spark Connect the client does, too, and the parameters travel within
    each request: 128 MiB by default (``spark.connect.grpc.maxInboundMessageSize``).

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
        self._set_or_clear(self._input_kwargs)

    @keyword_only
    def setParams(
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
    ) -> GaussianMixture:
        """Set those parameters that are given, None to its default, and return the estimator."""
        return self._set_or_clear(self._input_kwargs)

    def _set_or_clear(self, arguments: dict[str, Any]) -> GaussianMixture:
        """Set parameters; None stands for the default, as in MLlib."""
        given = {name: value for name, value in arguments.items() if value is not None}
        for name in arguments.keys() - given.keys():
            self.clear(self.getParam(name))
        return self._set(**given)

    def setFeaturesCol(self, value: str) -> GaussianMixture:
        """Set `featuresCol` and return the estimator."""
        return self._set(featuresCol=value)

    def setPredictionCol(self, value: str) -> GaussianMixture:
        """Set `predictionCol` and return the estimator."""
        return self._set(predictionCol=value)

    def setK(self, value: int) -> GaussianMixture:
        """Set `k` and return the estimator."""
        return self._set(k=value)

    def setProbabilityCol(self, value: str) -> GaussianMixture:
        """Set `probabilityCol` and return the estimator."""
        return self._set(probabilityCol=value)

    def setTol(self, value: float) -> GaussianMixture:
        """Set `tol` and return the estimator."""
        return self._set(tol=value)

    def setMaxIter(self, value: int) -> GaussianMixture:
        """Set `maxIter` and return the estimator."""
        return self._set(maxIter=value)

    def setSeed(self, value: int) -> GaussianMixture:
        """Set `seed` and return the estimator."""
        return self._set(seed=value)

    def setAggregationDepth(self, value: int) -> GaussianMixture:
        """Set `aggregationDepth` and return the estimator."""
        return self._set(aggregationDepth=value)

    def setWeightCol(self, value: str) -> GaussianMixture:
        """Set `weightCol` and return the estimator."""
        return self._set(weightCol=value)

    def setCovarianceType(self, value: str) -> GaussianMixture:
        """Set `covarianceType` and return the estimator."""
        return self._set(covarianceType=value)

    def setRegParam(self, value: float) -> GaussianMixture:
        """Set `regParam` and return the estimator."""
        return self._set(regParam=value)

    def setNInit(self, value: int) -> GaussianMixture:
        """Set `nInit` and return the estimator."""
        return self._set(nInit=value)

    def setInitialModel(self, value: Any) -> GaussianMixture:
        """Set `initialModel` and return the estimator."""
        return self._set(initialModel=value)

    def getInitialModel(self) -> gmmx.GaussianMixture | None:
        """Return the model to start from, as one in memory."""
        return self.getOrDefault(self.initialModel) if self.isSet(self.initialModel) else None

    def _fit(self, dataset: DataFrame) -> GaussianMixtureModel:
        if not isinstance(dataset, DataFrame):
            raise TypeError(
                f"dataset is of type {type(dataset).__module__.partition('.')[0]}.{type(dataset).__name__}, but must "
                "be a DataFrame of Spark: spark.createDataFrame makes one; gmmx.GaussianMixture fits rows in memory."
            )
        self._check_params()
        rows = SparkRows(dataset, self.getFeaturesCol(), self._weight_column(), self.getAggregationDepth())
        with rows:
            total_weight = rows.summary().total_weight
            local = self._local_estimator(rows.summary())
            fit_partitions(local, rows)
        model = GaussianMixtureModel(local.set_params(warm_start=False))
        self._copyValues(model._resetUid(self.uid))
        return model._with_summary(dataset, total_weight)

    def _check_params(self) -> None:
        for name, least in _LEAST.items():
            value = self.getOrDefault(name)
            if not least <= value < np.inf:
                raise ValueError(f"{name} is {value}, but must be a finite number of at least {least}.")
        check_covariance_type(self.getCovarianceType(), argument="covarianceType")

    def _local_estimator(self, summary: DataSummary) -> gmmx.GaussianMixture:
        """Return the estimator that is to be fitted to the rows in parts."""
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
        """Return what writes the estimator, ``.overwrite()`` first where something is there; `save` calls it."""
        return Writer(self, "initialModel", self.getInitialModel())

    @classmethod
    def read(cls) -> Reader:
        """Return what reads an estimator; `load` calls it."""
        return Reader(cls, "initialModel", lambda local: cls() if local is None else cls(initialModel=local))
