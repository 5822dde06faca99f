"""Fixtures that more than one file of tests uses."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Dataset:
    """Rows, the names of their columns, and a class for each row where the data have one."""

    name: str
    X: npt.NDArray[np.float64]  # (n_samples, n_features)
    feature_names: list[str]
    labels: npt.NDArray[np.int64] | None  # (n_samples,), classes counted in alphabetical order
    class_names: list[str]


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """The folder of the test data."""
    return DATA


@pytest.fixture(scope="session")
def dataset() -> Callable[[str], Dataset]:
    """A function that reads one of ``faithful``, ``iris``, ``diabetes`` and ``thyroid``; its arrays are read-only."""
    return read_dataset


def read_dataset(name: str) -> Dataset:
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    classes = columns.pop(next((key for key in ("Species", "class", "Diagnosis") if key in columns), ""), None)
    X = np.array([[float(value) for value in column] for column in columns.values()]).T.copy()
    X.setflags(write=False)
    labels, class_names = None, []
    if classes is not None:
        class_names, labels = np.unique(classes, return_inverse=True)
        labels = labels.astype(np.int64)
        labels.setflags(write=False)
    return Dataset(name, X, list(columns), labels, [str(class_name) for class_name in class_names])
