"""Fixtures that more than one file of tests uses."""

from __future__ import annotations

import builtins
import csv
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

if TYPE_CHECKING:
    from click.testing import Result

DATA = Path(__file__).parent / "data"
REPOSITORY = Path(__file__).parents[1]

# Shells, nohup and other programs let what they start ignore signals, and its children inherit it: tests of what a
# signal does would wait for ever.
for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL), ("SIGTERM", signal.SIG_DFL)):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), usual)
if hasattr(signal, "pthread_sigmask"):
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests of the repository beside a wheel, where the tests alone are."""
    if item.get_closest_marker("repo") and not all((REPOSITORY / folder).is_dir() for folder in ("cpp", "docs")):
        pytest.skip("needs the repository around the tests")


@pytest.fixture(autouse=True)
def global_generator() -> None:
    """Seed NumPy's global generator, from which estimators without a random_state draw: what fails fails each time."""
    np.random.seed(0)  # noqa: NPY002


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


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run ``gmmx`` with these arguments in an empty directory, on a terminal of 80 columns."""
    testing = pytest.importorskip("click.testing")  # beside a wheel there is nothing but what gmmx needs
    from gmmx.cli import command_line

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run_gmmx(*arguments: object, stdin: str | bytes | None = None) -> Result:
        result = testing.CliRunner().invoke(command_line(), [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run_gmmx


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a text file into the directory in which `run` runs."""

    def write_file(text: str, name: str = "data.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return path

    return write_file


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let imports of a package fail as if it were not installed."""

    def forbid_package(package: str) -> None:
        genuine = builtins.__import__

        def guarded(name: str, *arguments: Any, **keywords: Any) -> Any:
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            return genuine(name, *arguments, **keywords)

        monkeypatch.setattr(builtins, "__import__", guarded)

    return forbid_package


SPARK_OPTIONS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.log.level": "OFF",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@pytest.fixture(scope="session")
def java() -> None:
    """Spark runs on Java; where there is none, its tests are skipped."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        pytest.skip("Spark needs Java, of which there is none: no java on PATH, no JAVA_HOME")


@pytest.fixture(scope="session")
def spark(java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session of Spark with two threads, in which a task may fail three times."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2,4]").appName("gmmx")
    for name, value in SPARK_OPTIONS.items():
        builder = builder.config(name, value)
    session = builder.config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse"))).getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def programs_of_cpp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of cpp/tests/agreement, whose code need not be fast.

    Building the library takes minutes, unless the environment variable GMMX_PREFIX says where one of these sources is
    installed, compiled by GCC or clang without -march.
    """
    if not shutil.which("cmake") or not shutil.which("ninja"):
        pytest.skip("needs cmake and ninja")
    folder = tmp_path_factory.mktemp("agreement")
    configure = [
        "cmake",
        "-G",
        "Ninja",
        "-S",
        str(REPOSITORY / "cpp/tests/agreement"),
        "-B",
        str(folder),
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
        "-DCMAKE_UNITY_BUILD=ON",
        "-DGMMX_LIBRARY_INSTRUCTION_SET=baseline",
    ]
    configured = subprocess.run(configure, capture_output=True, text=True, check=False)
    if "was not found" in configured.stderr:
        pytest.skip("needs Eigen and nlohmann_json for C++")
    assert configured.returncode == 0, configured.stderr
    built = subprocess.run(["cmake", "--build", str(folder)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout
    return folder
