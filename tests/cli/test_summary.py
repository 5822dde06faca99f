"""`summary` prints what the command line prints."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

import gmmx
from gmmx import GaussianMixture, OnlineGaussianMixture

FAITHFUL = Path(__file__).parents[1] / "data" / "faithful.csv"
FRAME = pd.read_csv(FAITHFUL)


def summary_of(model):
    stream = io.StringIO()
    assert model.summary(file=stream) is None
    return stream.getvalue()


def after_size(text):
    """Return the lines below that with the number of components."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if " covariance" in line and "component" in line)
    return lines[start + 1 :]


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "VEV"])
def test_it_is_what_fit_and_info_print(run, tmp_path, covariance_type):
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(FRAME)
    model.save(tmp_path / "m.safetensors")
    fitted = run("fit", FAITHFUL, "-k", "2", "--covariance-type", covariance_type).stdout
    info = run("info", tmp_path / "m.safetensors").stdout
    lines = after_size(summary_of(model))
    assert lines == after_size(fitted) == after_size(info)
    assert lines == after_size(summary_of(gmmx.load(tmp_path / "m.safetensors")))
    assert f"BIC             {model.bic(FRAME):.4f}" in lines
    assert f"AIC             {model.aic(FRAME):.4f} ({model.n_parameters_} free parameters)" in lines


def test_it_goes_to_standard_output(capsys):
    model = GaussianMixture(2, random_state=0).fit(FRAME)
    model.summary()
    assert capsys.readouterr().out == summary_of(model)
    assert summary_of(model).startswith("2 components, full covariance, 2 features\n")


@pytest.mark.parametrize("n_features", [3, 8, 40])
@pytest.mark.parametrize("n_components", [1, 5, 30])
def test_it_fits_80_columns(n_features, n_components):
    rng = np.random.default_rng(0)
    means = rng.normal(size=(n_components, n_features))
    weights = np.full(n_components, 1 / n_components)
    for covariance_type, covariances in (("spherical", np.ones(n_components)), ("diag", np.ones_like(means))):
        model = GaussianMixture.from_parameters(weights, means, covariances, covariance_type)
        text = summary_of(model)
        assert max(map(len, text.splitlines())) <= 80
        assert "fitted      no: made of parameters" in text


def test_what_is_left_out_is_said():
    model = GaussianMixture.from_parameters(np.full(30, 1 / 30), np.zeros((30, 1)), np.ones(30), "spherical")
    assert "... and 6 more components: the attributes hold all" in summary_of(model)
    model = GaussianMixture.from_parameters([1.0], np.zeros((1, 30)), np.eye(30)[None])
    assert "... 24 of 30 columns, 1 of 1 component" in summary_of(model)
    assert "too large to print whole; the attributes hold everything" in summary_of(model)


def test_a_fit_that_did_not_converge_and_a_stream():
    with pytest.warns(UserWarning):
        model = GaussianMixture(2, max_iter=1, tol=0, random_state=0).fit(FRAME)
    assert "converged       no: raise max_iter, " in summary_of(model)
    stream = OnlineGaussianMixture(2, random_state=0)
    for begin in range(0, 272, 68):
        stream.partial_fit(FRAME[begin : begin + 68])
    assert "partial_fit  4 steps, 272 rows" in summary_of(stream)


def test_names_cannot_steer_a_terminal():
    model = GaussianMixture(1).fit(FRAME.set_axis(["a\x1b[31m", "b"], axis=1))
    assert "\x1b" not in summary_of(model)


def test_the_number_of_parameters():
    model = GaussianMixture(2, covariance_type="VEV", random_state=0).fit(FRAME)
    assert model.n_parameters_ == model.mixture_.n_parameters == model._n_parameters() == 10
    assert not hasattr(GaussianMixture(), "n_parameters_")
    with pytest.raises(NotFittedError):
        GaussianMixture().summary()
