"""The benchmarks run: on tiny shapes, without a look at their figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"

pytestmark = [pytest.mark.repo, pytest.mark.slow]


def run(script, *arguments):
    """Run a script of bench/ on one processor's worth of threads."""
    command = [sys.executable, BENCH / script, "--quick", "--rounds", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout


def test_peers(tmp_path):
    """Gmmx and scikit-learn agree, which the script asserts, and an absent peer is called so."""
    output = tmp_path / "peers"
    arguments = [
        "--threads",
        "1",
        "--peers",
        "scikit-learn,oneDAL",
        "--shape",
        "2000x2x3:full",
        "--output",
        str(output),
    ]
    text = run("peers.py", *arguments)
    assert "no environment given" in text
    records = json.loads(output.with_suffix(".json").read_text())["records"]
    assert [record["peer"] for record in records] == ["gmmx", "scikit-learn", "oneDAL"]
    assert abs(records[0]["difference"]) <= 1e-6
    assert output.with_suffix(".png").stat().st_size > 0


def test_whole():
    """Whole fits and methods equal scikit-learn's, which the script asserts."""
    assert "predict_proba" in run("whole.py", "--threads", "1")


def test_acceleration():
    """Every side reaches EM's optimum, which the script asserts."""
    text = run("acceleration.py", "--threads", "1")
    assert "| Old Faithful | gmmx, squarem |" in text


def test_time_to_likelihood():
    """What EM reports is the likelihood of the fitted mixtures, which the script asserts."""
    assert "| 60,000 x 2, K=3, separation 2.0 | 0 | stream, auto |" in run("time_to_likelihood.py", "--threads", "1")


def test_small():
    """Small fits end at scikit-learn's likelihood, which the script asserts."""
    assert "n_init=10" in run("small.py", "--threads", "1")


def test_many():
    """Many fits are those of each to the last bit, which the script asserts."""
    assert "| 200 of 50 x 2, K=2, rows of groups shuffled |" in run("many.py", "--threads", "1")


def test_earlier():
    """A build has the results of an earlier one, here itself, which the script asserts."""
    text = run("earlier.py", "--before", sys.executable)
    assert "| fit: iris, K=3, full |" in text
    assert "| GaussianMixtureIC: iris |" in text


def test_starts():
    """Starts together end where starts in turn do, which the script asserts."""
    assert "| 10,000 x 2, 2, full | 8 |" in run("starts.py", "--threads", "1")


def test_selection():
    """A small grid is fitted; where mclust is there, the script asserts that no optimum is missed."""
    assert "| iris, EEE and VVV, K=1..3 |" in run("selection.py", "--threads", "1")


def test_inference():
    """Standard errors agree with mclust's, which the script asserts."""
    assert "| 3 against 4" in run("inference.py", "--threads", "1")


def test_models():
    """All models do an iteration right, which the script asserts."""
    text = run("models.py", "--threads", "1", "--size", "2000", "3", "2")
    assert text.count("| VVE |") == 2


def test_high_dimensions():
    """Factors are LAPACK's, the same on any number of threads, which the script asserts."""
    assert "| 48 |" in run("high_dimensions.py", "--threads", "2")


def test_sample():
    """Rows are normal and do not depend on the number of threads, which the script asserts."""
    assert "| 20,000 x 4, 3, diag |" in run("sample.py", "--threads", "2")


def test_hierarchical():
    """A tree is built and EM started from it; where mclust is there, the script asserts equal or better optima."""
    assert "| tree of 50 rows |" in run("hierarchical.py", "--threads", "1")


def test_online():
    """A stream passes once; that a million rows end near EM is asserted at full size."""
    assert "| 20,000 x 2, 5, full | 1.5 |" in run("online.py", "--threads", "1")


def test_batches():
    """Files are fitted as their rows in memory, within the limit of memory, which the script asserts."""
    pytest.importorskip("pyarrow")
    text = run("batches.py", "--threads", "1", "--rows", "1000000", "--iterations", "3")
    assert "| Parquet | 0 | in batches |" in text
    assert "| CSV | 0 | parsed in each pass |" in text


def test_dask_iteration():
    """On Dask's threads and on a cluster the log-likelihoods are those of one process, which the script asserts."""
    pytest.importorskip("distributed")
    assert "| 1,000 x 16, 8, full | 8 |" in run("dask_iteration.py", "--threads", "1")
