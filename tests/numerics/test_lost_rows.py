"""Rows whose squares overflow: decided in float64 where float32 cannot hold them, elsewhere refused by their place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal

import gmmx
from gmmx import _core
from gmmx.cli import command_line

TYPES = ["full", "tied", "diag", "spherical", "VVE", "EVI"]


def model(covariance_type: str = "full", dtype: Any = np.float64) -> gmmx.GaussianMixture:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(100, 2)), rng.normal([5, 9], [1, 3], size=(200, 2))])
    return gmmx.GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X.astype(dtype))


def far(size: float, dtype: Any) -> Any:
    return np.array([[0, 1], [size, 0], [-size, size], [5, 9]], dtype=dtype)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("size", [1e20, 1e30, 3e38])
def test_float32_rows_are_decided_as_in_float64(covariance_type: str, size: float) -> None:
    gm = model(covariance_type, np.float32)
    X = far(size, np.float32)
    same = X.astype(np.float64)
    assert_array_equal(gm.predict(X), gm.predict(same))
    probabilities = gm.predict_proba(X)
    assert probabilities.dtype == np.float32
    assert_allclose(probabilities, gm.predict_proba(same), rtol=1e-4, atol=1e-6)
    assert_allclose(gmmx.fast.responsibilities(X, gm.mixture_, 2), probabilities)
    assert_allclose(gm.score(X), gm.score(same), rtol=1e-5)
    weights = np.array([1.0, 0.5, 2.0, 1.0])
    assert_allclose(gm.score(X, sample_weight=weights), gm.score(same, sample_weight=weights), rtol=1e-5)
    with np.errstate(over="ignore"):
        expected = gm.mixture_.component_log_densities(same).astype(np.float32)
    assert_allclose(gm.mixture_.component_log_densities(X), expected, rtol=1e-4)


def test_density_that_float32_cannot_hold_is_refused() -> None:
    gm, X = model(dtype=np.float32), far(1e20, np.float32)
    words = r"X holds 1e\+20 in row 1 \(the first is 0\) of column 0, whose log-density .* float32.* Convert X"
    with pytest.raises(ValueError, match=words):
        gm.score_samples(X)
    assert np.isfinite(gm.score_samples(X.astype(np.float64))).all()


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("size", [1e155, 1e200, 1e308])
def test_rows_beyond_float64_are_refused_with_their_place(covariance_type: str, size: float) -> None:
    gm, X = model(covariance_type), far(size, np.float64)
    words = r"X holds 1e\+\d+ in row 1 \(the first is 0\) of column 0, so far .* overflow float64.* Drop the row"
    calls = [gm.predict, gm.predict_proba, gm.score_samples, gm.score, gm.uncertainty, gm.bic, gm.icl]
    for call in calls:
        with pytest.raises(ValueError, match=words):
            call(X)
    for native in (gmmx.fast.predict, gmmx.fast.responsibilities, gmmx.fast.score_samples):
        with pytest.raises(ValueError, match=words):
            native(X, gm.mixture_)
    with pytest.raises(ValueError, match=words):
        gmmx.e_step(X, gm)
    assert np.isneginf(gm.mixture_.component_log_densities(X)[1:3]).all()


def test_the_first_of_many_rows_is_named_whatever_the_threads() -> None:
    gm = model()
    X = np.zeros((300_000, 2))
    X[[200_001, 100_003, 299_999], 1] = -1e160
    for n_threads in (1, 2):
        with pytest.raises(ValueError, match=r"holds -1e\+160 in row 100003 \(the first is 0\) of column 1"):
            _core.predict(X, gm.mixture_, n_threads)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("bad", "name"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
def test_native_functions_refuse_rows_that_are_not_finite(dtype: Any, bad: float, name: str) -> None:
    gm, X = model(dtype=dtype), far(3.0, dtype)
    X[2, 1] = bad
    for native in (gmmx.fast.predict, gmmx.fast.responsibilities, gmmx.fast.score_samples):
        with pytest.raises(ValueError, match=rf"X holds {name} in row 2 \(the first is 0\) of column 1"):
            native(X, gm.mixture_)
    log_densities = gm.mixture_.component_log_densities(X)
    assert not np.isfinite(log_densities[2]).any() and np.isfinite(log_densities[[0, 1, 3]]).all()


@pytest.mark.parametrize("first", [0, 1])
def test_one_component_out_of_reach_leaves_the_other(first: int) -> None:
    # U^T (x - mu) of the narrow component is infinity minus infinity on the way.
    narrow = 1e-20 * np.array([[1.0, 0.9], [0.9, 1.0]])
    covariances = np.stack([narrow, 1e20 * np.eye(2)])[:: 1 - 2 * first]
    mixture = gmmx.Mixture([0.5, 0.5], np.zeros((2, 2)), "full", covariances=covariances)
    for X in (np.full((9, 2), 1e30, np.float32), np.full((9, 2), 1e150)):
        assert_array_equal(gmmx.fast.predict(X, mixture), np.full(9, 1 - first))
        assert_array_equal(gmmx.fast.responsibilities(X, mixture)[:, first], np.zeros(9))


def test_rows_of_weight_zero_may_hold_anything() -> None:
    gm = model()
    X, weights = far(1e200, np.float64), np.array([1.0, 0.0, 0.0, 1.0])
    present = X[weights > 0]
    assert_allclose(gm.score(X, sample_weight=weights), gm.score(present))
    assert_allclose(gm.icl(X, sample_weight=weights), gm.icl(present))


@pytest.mark.parametrize("covariance_type", TYPES[:4])
def test_statistics_of_float32_rows_beyond_its_range_are_those_of_float64(covariance_type: str) -> None:
    gm, X = model(covariance_type, np.float32), far(1e25, np.float32)
    ours, expected = gmmx.e_step(X, gm), gmmx.e_step(X.astype(np.float64), gm)
    assert_allclose(ours.log_likelihood, expected.log_likelihood, rtol=1e-6)
    for name in ("counts", "first_moments", "second_moments"):
        assert_allclose(getattr(ours, name), getattr(expected, name), rtol=1e-6)


def test_a_stream_of_float32_leaves_out_what_a_stream_of_float64_does() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    ends = []
    for dtype in (np.float32, np.float64):
        gm = gmmx.OnlineGaussianMixture(1).partial_fit(X.astype(dtype))
        with pytest.warns(RuntimeWarning, match="Row 1 of the batch is left out"):
            gm.partial_fit(np.array([[0, 1], [1e20, 0], [1, 0]], dtype=dtype))
        ends.append(gm.means_)
    assert_allclose(ends[0], ends[1], rtol=1e-4)


def test_the_command_line_names_the_row_in_the_file_and_the_column(tmp_path: Path) -> None:
    model().save(tmp_path / "m.safetensors")
    rows = "".join(f"{x},{y}\n" for x, y in far(1e155, np.float64).tolist())
    (tmp_path / "far.csv").write_text(f"x,y\n,1\n{rows}")
    for command in (["predict", "--output", str(tmp_path / "out.csv")], ["score"]):
        arguments = [command[0], str(tmp_path / "m.safetensors"), str(tmp_path / "far.csv"), "--drop-missing"]
        result = CliRunner().invoke(command_line(), [*arguments, *command[1:]])
        assert result.exit_code == 2
        assert "far.csv: row 3 holds 1e+155 in column 'x', so far from every component" in result.stderr
    assert not (tmp_path / "out.csv").exists()
