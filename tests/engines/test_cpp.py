"""The C++ face: its documentation compiles, and it computes what Python does, bit for bit.

The library is built for this, which takes minutes, unless the environment variable GMMX_PREFIX says where one of these
sources is installed, compiled by GCC or clang without -march.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import _core

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.repo


def test_every_snippet_of_the_guide_stands_in_an_example():
    """The examples are compiled and run against the installed library by .ci/consume.sh."""
    guide = (ROOT / "docs" / "cpp.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```(?:cpp|cmake)\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert len(snippets) >= 7

    def without_indent(text):
        return "\n".join(line.strip() for line in text.splitlines() if line.strip())

    folder = ROOT / "cpp/examples"
    examples = [without_indent(path.read_text()) for path in folder.rglob("*") if path.suffix in {".cpp", ".txt"}]
    for snippet in snippets:
        assert any(without_indent(snippet) in example for example in examples), snippet


CASES = [
    (n_samples, n_features, n_components, covariance_type, dtype)
    for n_samples, n_features, n_components in [(2_000, 3, 4), (1_000, 24, 5)]
    for covariance_type in ["full", "tied", "diag", "spherical", "VEI", "VEE", "VVE", "VEV"]
    for dtype in ["float64", "float32"]
]


def write_cases(folder: Path) -> None:
    """Write rows, labels and fitted model of each case, and what Python computes of them."""
    for number, (n_samples, n_features, n_components, covariance_type, dtype) in enumerate(CASES):
        rng = np.random.default_rng(0)
        labels = np.arange(n_samples) % n_components
        centers = 2 * rng.normal(size=(n_components, n_features))
        X = (centers[labels] + rng.normal(size=(n_samples, n_features))).astype(dtype)
        model = gmmx.GaussianMixture(
            n_components, covariance_type=covariance_type, responsibilities_init=labels, n_jobs=1
        ).fit(X)
        case = folder / str(number)
        case.mkdir()
        X.tofile(case / "rows")
        labels.astype(np.int32).tofile(case / "labels")
        model.save(case / "model")
        covariances = gmmx._covariance_shapes.compress(model.covariances_, covariance_type, argument="covariances_")
        expected = [model.score_samples(X), model.lower_bounds_, model.weights_, model.means_, covariances]
        np.concatenate([np.ravel(part) for part in expected]).tofile(case / "expected")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """The folder of all cases, computed by the baseline: without fused operations, compilers agree on every bit."""
    if "GMMX_INSTRUCTION_SET" in os.environ or "baseline" not in _core.available_instruction_sets():
        pytest.skip("the baseline is compared, once")
    folder = tmp_path_factory.mktemp("cases")
    environment = {**os.environ, "GMMX_INSTRUCTION_SET": "baseline"}
    command = [sys.executable, __file__, str(folder)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def program(cases, programs_of_cpp):
    """A C++ program of the library, whose code need not be fast."""
    return programs_of_cpp / "agreement"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(CASES)), ids=["-".join(map(str, case)) for case in CASES])
def test_cpp_and_python_agree_bit_for_bit(program, cases, number):
    n_samples, n_features, _, _, dtype = CASES[number]
    case = cases / str(number)
    names = [str(case / name) for name in ("rows", "labels", "model", "results")]
    command = [str(program), dtype, names[0], str(n_features), *names[1:]]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    results, expected = np.fromfile(case / "results"), np.fromfile(case / "expected")
    if dtype == "float32":
        # In float32 the estimator's attributes are the mixture rounded.
        n_bounds = gmmx.load(case / "model").n_iter_
        results[n_samples + n_bounds :] = results[n_samples + n_bounds :].astype(np.float32)
    np.testing.assert_array_equal(results, expected)


if __name__ == "__main__":
    write_cases(Path(sys.argv[1]))
