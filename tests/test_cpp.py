"""The C++ face: its documentation compiles, and it computes what Python does, bit for bit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import _core

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("page", "least"), [("docs/cpp.md", 6), ("README.md", 1)])
def test_every_snippet_of_the_documentation_stands_in_an_example(page, least):
    """The examples are compiled and run against the installed library by .ci/consume.sh."""
    snippets = re.findall(r"^```(?:cpp|cmake)\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    assert len(snippets) >= least

    def without_indent(text):
        return "\n".join(line.strip() for line in text.splitlines() if line.strip())

    folder = ROOT / "cpp/examples"
    examples = [without_indent(path.read_text()) for path in folder.rglob("*") if path.suffix in {".cpp", ".txt"}]
    for snippet in snippets:
        assert any(without_indent(snippet) in example for example in examples), snippet


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A C++ program whose build takes gmmx in, for the instruction set that runs here."""
    if "GMMX_INSTRUCTION_SET" in os.environ:
        pytest.skip("one instruction set is compared: the one that is chosen by itself")
    if not shutil.which("cmake") or not shutil.which("ninja"):
        pytest.skip("needs cmake and ninja")
    folder = tmp_path_factory.mktemp("agreement")
    configure = [
        "cmake",
        "-G",
        "Ninja",
        "-S",
        str(ROOT / "cpp/tests/agreement"),
        "-B",
        str(folder),
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_UNITY_BUILD=ON",
        f"-DGMMX_LIBRARY_INSTRUCTION_SET={_core.instruction_set}",
    ]
    configured = subprocess.run(configure, capture_output=True, text=True, check=False)
    if "was not found" in configured.stderr:
        pytest.skip("needs Eigen and nlohmann_json for C++")
    assert configured.returncode == 0, configured.stderr
    built = subprocess.run(["cmake", "--build", str(folder)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout
    return folder / "agreement"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "VEI", "VEE", "VVE", "VEV"])
@pytest.mark.parametrize(("n_samples", "n_features", "n_components"), [(2_000, 3, 4), (1_000, 24, 5)])
def test_cpp_and_python_agree_bit_for_bit(
    program, tmp_path, n_samples, n_features, n_components, covariance_type, dtype
):
    rng = np.random.default_rng(0)
    labels = np.arange(n_samples) % n_components
    X = (2 * rng.normal(size=(n_components, n_features))[labels] + rng.normal(size=(n_samples, n_features))).astype(
        dtype
    )
    model = gmmx.GaussianMixture(
        n_components, covariance_type=covariance_type, responsibilities_init=labels, n_jobs=1
    ).fit(X)
    X.tofile(tmp_path / "rows")
    labels.astype(np.int32).tofile(tmp_path / "labels")
    model.save(tmp_path / "model")
    names = [str(tmp_path / name) for name in ("rows", "labels", "model", "results")]
    command = [str(program), np.dtype(dtype).name, names[0], str(n_features), *names[1:]]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    results = np.fromfile(tmp_path / "results")
    covariances = gmmx.covariances.kept(model.covariances_, covariance_type, argument="covariances_")
    expected = [model.score_samples(X), model.lower_bounds_, model.weights_, model.means_, covariances]
    expected = np.concatenate([np.ravel(part) for part in expected])
    if dtype == np.float32:
        # In float32 the estimator's attributes are the mixture rounded.
        results[n_samples + model.n_iter_ :] = results[n_samples + model.n_iter_ :].astype(np.float32)
    np.testing.assert_array_equal(results, expected)
