"""The fitted model and the summary of its fit."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
from pyspark.ml import Model
from pyspark.ml.linalg import DenseMatrix, DenseVector, Vector, VectorUDT
from pyspark.ml.stat import MultivariateGaussian
from pyspark.ml.util import MLReadable, MLWritable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructField, StructType

import gmmx
from gmmx._covariance_shapes import as_matrices
from gmmx.spark.params import MixtureParams, Reader, Writer, with_setters
from gmmx.spark.rows import features_of
from gmmx.spark.tasks import on_executors

__all__ = ["GaussianMixtureModel", "GaussianMixtureSummary"]

_POSTERIOR = StructType([StructField("prediction", IntegerType()), StructField("probability", VectorUDT())])


@with_setters("featuresCol", "predictionCol", "probabilityCol")
class GaussianMixtureModel(Model, MixtureParams, MLReadable, MLWritable):
    """Fitted mixture with the methods of MLlib's ``GaussianMixtureModel``.

    Parameters
    ----------
    local : gmmx.GaussianMixture
        Fitted model in memory. A model fitted without Spark can be applied to a DataFrame this way.

    Examples
    --------
    >>> import gmmx
    >>> from gmmx.spark import GaussianMixtureModel
    >>> local = gmmx.GaussianMixture(n_components=2, random_state=0).fit([[0.0], [0.1], [5.0], [5.1]])
    >>> df = spark.createDataFrame([([0.2],), ([4.9],)], ["features"])
    >>> transformed = GaussianMixtureModel(local).transform(df)
    >>> transformed.columns
    ['features', 'probability', 'prediction']
    >>> bool([row.prediction for row in transformed.collect()] == local.predict([[0.2], [4.9]]).tolist())
    True
    """

    def __init__(self, local: gmmx.GaussianMixture) -> None:
        super().__init__()
        if not isinstance(local, gmmx.GaussianMixture):
            raise TypeError(
                f"local is of type {type(local).__module__.partition('.')[0]}.{type(local).__name__}, but must be a "
                "fitted gmmx.GaussianMixture; gmmx.GaussianMixture.from_sklearn makes one of scikit-learn's."
            )
        self._local = copy.deepcopy(local)
        mixture = self._local.mixture_
        self._set(k=mixture.n_components, covarianceType=mixture.covariance_type)
        self._summary: GaussianMixtureSummary | None = None

    def to_local(self) -> gmmx.GaussianMixture:
        """Return the model as an in-memory estimator.

        Returns
        -------
        local : gmmx.GaussianMixture
            Copy with all attributes of the fit. Its `tol` refers to the mean per row, so it is smaller than the Spark
            value.
        """
        return copy.deepcopy(self._local)

    @property
    def numFeatures(self) -> int:
        """Number of features."""
        return self._local.mixture_.n_features

    @property
    def weights(self) -> list[float]:
        """Weights of the components."""
        return [float(weight) for weight in self._local.weights_]

    @property
    def gaussians(self) -> list[Any]:
        """The components, as ``pyspark.ml.stat.MultivariateGaussian``."""
        return [MultivariateGaussian(mean, covariance) for mean, covariance in self._moments()]

    @property
    def gaussiansDF(self) -> DataFrame:
        """The components as a DataFrame with columns mean and cov."""
        return SparkSession.active().createDataFrame(self._moments(), ["mean", "cov"])

    def _moments(self) -> list[tuple[Any, Any]]:
        local, d = self._local, self.numFeatures
        matrices = as_matrices(local.covariances_, local.covariance_type, self.getK(), d)
        return [
            (DenseVector(mean), DenseMatrix(d, d, matrix.ravel(order="F")))
            for mean, matrix in zip(local.means_, matrices, strict=True)
        ]

    def predict(self, value: Vector | npt.ArrayLike) -> int:
        """Return the most probable component of one row, given as a vector."""
        return int(self._local.predict(_one_row(value))[0])

    def predictProbability(self, value: Vector | npt.ArrayLike) -> Any:
        """Return the probability of each component for one row, as a vector."""
        return DenseVector(self._local.predict_proba(_one_row(value))[0])

    def _transform(self, dataset: DataFrame) -> DataFrame:
        names = {"probability": self.getProbabilityCol(), "prediction": self.getPredictionCol()}
        if not any(names.values()):
            return dataset
        self._check_names(dataset, names)
        task = on_executors("posterior", mixture=pickle.dumps(self._local.mixture_))
        # The executors compute both at once, of the features alone; the other columns stay where they are.
        features = features_of(dataset, self.getFeaturesCol())
        both = f"{self.uid}_posterior"
        result = dataset.withColumn(both, F.arrow_udf(task, _POSTERIOR)(features))
        for field, name in names.items():
            if name:
                result = result.withColumn(name, result[both][field])
        if names["prediction"]:
            attribute = {"ml_attr": {"type": "nominal", "num_vals": self.getK()}}  # for later stages, as MLlib has it
            result = result.withMetadata(names["prediction"], attribute)
        return result.drop(both)

    def _check_names(self, dataset: DataFrame, names: dict[str, str]) -> None:
        """Refuse to write over a column, as MLlib does."""
        given = [name for name in names.values() if name]
        for what, name in names.items():
            if name in dataset.columns or given.count(name) > 1:
                raise ValueError(
                    f"{what}Col={name!r} is a column already: give it another name, '' to leave it out, or drop the "
                    "column that is there."
                )

    @property
    def hasSummary(self) -> bool:
        """Whether the model was fitted here, not loaded."""
        return self._summary is not None

    @property
    def summary(self) -> GaussianMixtureSummary:
        """Summary of the fit.

        Raises
        ------
        RuntimeError
            If the model was loaded or built from a model in memory.
        """
        if self._summary is None:
            raise RuntimeError(
                f"No training summary available for this {type(self).__name__}: it was not fitted here. to_local() has "
                "the attributes of the fit."
            )
        return self._summary

    def write(self) -> Writer:
        """Return the writer of the model, which `save` uses.

        Call its ``overwrite()`` to replace a saved model.
        """
        return Writer(self, "data", self._local)

    @classmethod
    def read(cls) -> Reader:
        """Return the reader of models, which `load` uses."""
        return Reader(cls, cls)

    def __repr__(self) -> str:
        """Return a description like MLlib's."""
        return f"{type(self).__name__}: uid={self.uid}, k={self.getK()}, numFeatures={self.numFeatures}"


class GaussianMixtureSummary:
    """Summary of a fit, with MLlib's names.

    Parameters
    ----------
    model : GaussianMixtureModel
        The fitted model.
    dataset : DataFrame
        Training data.
    total_weight : float
        Sum of the weights of the rows.

    Attributes
    ----------
    logLikelihood : float
        Total weighted log-likelihood of the rows at the parameters of the model. MLlib reports that before the last
        M-step.
    logLikelihoodHistory : list of float
        Total log-likelihood in each iteration, before its M-step.
    numIter : int
        Number of iterations.
    converged : bool
        Whether EM stopped before `maxIter`.
    k : int
        Number of components.
    featuresCol, predictionCol, probabilityCol : str
        Names of columns.
    """

    def __init__(self, model: GaussianMixtureModel, dataset: DataFrame, total_weight: float) -> None:
        local = model.to_local()
        self._model, self._dataset = model.copy(), dataset
        self.logLikelihood = float(local.log_likelihood_)
        self.logLikelihoodHistory = [bound * total_weight for bound in local.lower_bounds_]
        self.numIter = local.n_iter_
        self.converged = local.converged_
        self.k = model.getK()
        self.featuresCol = model.getFeaturesCol()
        self.predictionCol = model.getPredictionCol()
        self.probabilityCol = model.getProbabilityCol()

    @property
    def predictions(self) -> DataFrame:
        """The rows with predictions and probabilities, computed lazily."""
        return self._model.transform(self._dataset)

    @property
    def cluster(self) -> DataFrame:
        """Only the predictions."""
        return self.predictions.select(self.predictionCol)

    @property
    def probability(self) -> DataFrame:
        """Only the probabilities."""
        return self.predictions.select(self.probabilityCol)

    @property
    def clusterSizes(self) -> list[int]:
        """Number of rows predicted for each component, computed in one pass."""
        sizes = [0] * self.k
        for row in self.cluster.groupBy(self.predictionCol).count().collect():
            sizes[row[0]] = row[1]
        return sizes


def _one_row(value: Any) -> npt.NDArray[np.float64]:
    row = value.toArray() if hasattr(value, "toArray") else value
    return np.asarray(row, dtype=np.float64).reshape(1, -1)
