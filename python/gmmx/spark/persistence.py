"""Saving and loading through Spark's file system, as MLlib lays it out: a folder with metadata, and one of data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReader, MLWriter

import gmmx

__all__ = ["Reader", "Writer"]


class Writer(MLWriter):
    """Writes parameters, and a model as the bytes of a `gmmx.GaussianMixture.save` file.

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
            model = spark.createDataFrame([(bytearray(_bytes_of(self._local)),)], "model binary")
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

    def __init__(self, cls: Any, folder: str, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._class, self._folder, self._make = cls, folder, make

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
            local = _model_of(bytes(row[0]))
        instance = self._make(local)
        instance._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(instance, metadata)
        return instance


def _bytes_of(local: gmmx.GaussianMixture) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        local.save(path)
        with open(path, "rb") as file:
            return file.read()


def _model_of(content: bytes) -> gmmx.GaussianMixture:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        with open(path, "wb") as file:
            file.write(content)
        return gmmx.load(path)
