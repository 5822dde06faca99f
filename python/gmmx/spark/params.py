"""Parameters of the estimator and its model: MLlib's names and defaults, and those that gmmx adds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pyspark.ml.clustering import GaussianMixtureModel as MLlibModel
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import (
    HasAggregationDepth,
    HasFeaturesCol,
    HasMaxIter,
    HasPredictionCol,
    HasProbabilityCol,
    HasRegParam,
    HasSeed,
    HasTol,
    HasWeightCol,
)

import gmmx

__all__ = ["MixtureParams", "local_model_of", "with_setters"]


Owner = TypeVar("Owner", bound=type)


def with_setters(*names: str) -> Callable[[Owner], Owner]:
    """Return a class decorator that adds MLlib's setters of parameters, None: of all that the constructor takes."""

    def setter_of(name: str) -> Callable[[Any, Any], Any]:
        def setter(self: Any, value: Any) -> Any:
            return self._set(**{name: value})

        setter.__name__ = f"set{name[0].upper()}{name[1:]}"
        setter.__doc__ = f"Set `{name}` and return the instance."
        return setter

    def decorated(owner: Owner) -> Owner:
        for setter in map(setter_of, names or inspect.signature(owner).parameters):
            setter.__qualname__ = f"{owner.__qualname__}.{setter.__name__}"
            setattr(owner, setter.__name__, setter)
        return owner

    return decorated


class MixtureParams(
    HasMaxIter,
    HasFeaturesCol,
    HasSeed,
    HasPredictionCol,
    HasProbabilityCol,
    HasTol,
    HasAggregationDepth,
    HasWeightCol,
    HasRegParam,
):
    """Parameters that the estimator and its model have in common; see :class:`GaussianMixture`."""

    k: Any = Param(Params._dummy(), "k", "number of components (>= 1).", typeConverter=TypeConverters.toInt)
    covarianceType: Any = Param(
        Params._dummy(),
        "covarianceType",
        "model of the covariances: full, tied, diag, spherical or a parsimonious one as VEV.",
        typeConverter=TypeConverters.toString,
    )
    nInit: Any = Param(
        Params._dummy(), "nInit", "number of starts on a sample of the rows (>= 1).", typeConverter=TypeConverters.toInt
    )

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a setter that `with_setters` adds."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # MLlib's defaults, except for the seed, whose default differs between processes.
        self._setDefault(k=2, tol=0.01, maxIter=100, aggregationDepth=2, seed=0)
        self._setDefault(covarianceType="full", regParam=1e-6, nInit=1)

    def getK(self) -> int:
        """Return the number of components."""
        return int(self.getOrDefault(self.k))

    def getCovarianceType(self) -> str:
        """Return the covariance model."""
        return str(self.getOrDefault(self.covarianceType))

    def getNInit(self) -> int:
        """Return the number of restarts."""
        return int(self.getOrDefault(self.nInit))

    def _weight_column(self) -> str | None:
        """Return the column of weights. As in MLlib, an empty name means no weights."""
        return (self.getOrDefault(self.weightCol) or None) if self.isDefined(self.weightCol) else None


def local_model_of(value: Any) -> gmmx.GaussianMixture:
    """Return a fitted model of gmmx.spark, MLlib or gmmx as one of gmmx in memory."""
    if hasattr(value, "to_local"):
        value = value.to_local()
    if isinstance(value, MLlibModel):
        covariances = [gaussian.cov.toArray() for gaussian in value.gaussians]
        means = [gaussian.mean.toArray() for gaussian in value.gaussians]
        return gmmx.GaussianMixture.from_parameters(value.weights, means, covariances)
    if not isinstance(value, gmmx.GaussianMixture):
        raise TypeError(
            f"initialModel is of type {type(value).__name__}, but must be a fitted model: of gmmx.spark, "
            "pyspark.ml.clustering or gmmx.GaussianMixture. Of known parameters, "
            "gmmx.GaussianMixture.from_parameters(weights, means, covariances) makes one."
        )
    _ = value.mixture_  # an estimator that is not fitted has none
    return value
