"""What the estimator and its model share: MLlib's parameters and those that gmmx adds, saving and loading."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pyspark.ml.clustering import GaussianMixtureModel as MLlibModel
from pyspark.ml.clustering import _GaussianMixtureParams as MLlibParams
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasRegParam
from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReader, MLWriter

import gmmx

__all__ = ["MixtureParams", "Reader", "Writer", "local_model_of", "with_setters"]

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


class MixtureParams(MLlibParams, HasRegParam):
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
        # Further defaults are MLlib's, but that of its seed differs between processes.
        self._setDefault(covarianceType="full", regParam=1e-6, nInit=1, seed=0)

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


class Writer(MLWriter):
    """Writes a folder of metadata, as MLlib does, and one with the bytes of a `gmmx.GaussianMixture.save` file.

    All writing uses data frames, so that it works with Spark Connect.
    """

    def __init__(self, instance: Any, folder: str, local: gmmx.GaussianMixture | None) -> None:
        super().__init__()
        self._instance, self._folder, self._local = instance, folder, local

    def save(self, path: str) -> None:
        """Write to a folder, which must not exist unless `overwrite` was called."""
        mode = "overwrite" if self.shouldOverwrite else "error"
        spark = self.sparkSession
        if self._local is not None:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "model.safetensors")
                self._local.save(file)
                model = spark.createDataFrame([(bytearray(file.read_bytes()),)], "model binary")
            model.coalesce(1).write.mode(mode).parquet(os.path.join(path, self._folder))
        params = {
            param.name: value for param, value in self._instance._paramMap.items() if param.name != "initialModel"
        }
        content = {"folder": None if self._local is None else self._folder}
        metadata = DefaultParamsWriter._get_metadata_to_save(self._instance, spark, content, params)
        # The last, so that what can be loaded is whole.
        table = spark.createDataFrame([(metadata,)], "value string")
        table.coalesce(1).write.mode(mode).text(os.path.join(path, "metadata"))


class Reader(MLReader):
    """Reads what `Writer` wrote; `make` builds the instance of the model in memory."""

    def __init__(self, cls: Any, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._class, self._make = cls, make

    def load(self, path: str) -> Any:
        """Read from a folder; other content is a ValueError."""
        spark = self.sparkSession
        metadata = DefaultParamsReader.loadMetadata(path, spark)
        name = f"{self._class.__module__}.{self._class.__name__}"
        if metadata["class"] != name:
            raise ValueError(
                f"{path} holds a {metadata['class']}, not a {name}: load it by the class that wrote it. A model of "
                "MLlib, loaded so, can be given as initialModel."
            )
        local = None
        if metadata["folder"] is not None:
            row = spark.read.parquet(os.path.join(path, metadata["folder"])).first()
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "model.safetensors")
                file.write_bytes(bytes(row[0]))
                local = gmmx.load(file)
        instance = self._make(local)
        instance._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(instance, metadata)
        return instance
