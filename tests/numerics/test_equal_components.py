"""Components that start at the same place and stay there: a warning that names them."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from gmmx import GaussianMixture, GaussianMixtureIC, OnlineGaussianMixture, _core
from gmmx.em.equal_components import equal_components

X = np.random.default_rng(0).normal(size=(200, 2)) + np.repeat([[0.0, 0.0], [5.0, 5.0]], 100, axis=0)
REPEATED = np.repeat(X[:6], 10, axis=0)
every_type = pytest.mark.parametrize("name", [name for name in _core.covariance_types() if name not in "EV"])


@every_type
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("ignore:Best performing")
def test_equal_means_to_start_from(name, dtype):
    model = GaussianMixture(
        3,
        covariance_type=name,
        means_init=[[0, 0], [5, 5], [0, 0]],
        responsibilities_init=np.full((200, 3), 1 / 3),
    )
    with pytest.warns(RuntimeWarning, match=r"Components 0 and 2 are equal.*n_components to 2, or start them apart"):
        model.fit(X.astype(dtype))
    np.testing.assert_allclose(model.means_[0], model.means_[2], rtol=1e-5)


def test_rows_that_repeat_as_seeds():
    with pytest.warns(RuntimeWarning, match="Components 1 and 3 are equal"):
        GaussianMixture(4, init_params="random_from_data", random_state=1).fit(REPEATED)


def test_several_groups():
    means = np.array([[0.0], [3.0], [0.0], [1.0], [3.0], [0.0], [0.0]])
    variances = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 4.0, 1.0])
    weights = np.array([0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.0])
    mixture = _core.Mixture(weights, means, "spherical", covariances=variances)
    assert equal_components(mixture) == [[0, 2], [1, 4]]


@every_type
def test_components_that_are_merely_near_are_let_be(name):
    means = np.array([[0.0, 0.0], [1e-4, 0.0], [0.0, -1e-4], [1.0, 1.0]])
    d, K = 2, 4
    shape = _core.covariance_shape(name, K, d)
    covariances = np.broadcast_to(np.eye(2) if shape[-2:] == [2, 2] or shape[-2:] == (2, 2) else 1.0, shape).copy()
    mixture = _core.Mixture(np.full(4, 0.25), means, name, covariances=covariances)
    assert equal_components(mixture) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        GaussianMixture(2, covariance_type=name, random_state=0, max_iter=500).fit(X)


def test_streams_batches_and_choices_warn_once():
    with pytest.warns(RuntimeWarning, match="are equal") as caught:
        GaussianMixture(4, init_params="random_from_data", random_state=1).fit_batches([REPEATED], progress=False)
    assert sum("are equal" in str(warning.message) for warning in caught) == 1
    partition = np.full((200, 3), 1 / 3)
    with pytest.warns(RuntimeWarning, match="Components 0, 1 and 2 are equal"):
        GaussianMixture(3, responsibilities_init=partition).fit(X)
    with pytest.warns(RuntimeWarning, match="are equal"):
        OnlineGaussianMixture(4, init_params="random_from_data", random_state=1).partial_fit(REPEATED)
    chooser = GaussianMixtureIC(
        min_components=4,
        max_components=4,
        init_params="random_from_data",
        random_state=1,
        covariance_type="spherical",
        reg_covar=1e-6,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        chooser.fit(REPEATED)
    expected = equal_components(chooser.best_estimator_.mixture_) != []
    assert sum("are equal" in str(warning.message) for warning in caught) == expected


def test_the_command_line_tells_it(tmp_path):
    np.savetxt(tmp_path / "rows.csv", REPEATED, delimiter=",", header="a,b", comments="")
    arguments = ["fit", str(tmp_path / "rows.csv"), "-k", "4", "--init-params", "random_from_data", "--seed", "1"]
    result = subprocess.run([sys.executable, "-m", "gmmx.cli", *arguments], capture_output=True, text=True, check=True)
    told = " ".join((result.stdout + result.stderr).split())
    assert "are equal" in told
    assert "by another --init-params or --seed" in told


def test_reg_covar_that_hides_the_clusters_is_named():
    with pytest.warns(RuntimeWarning, match=r"or reg_covar is too large.*scale columns whose variances are not far"):
        GaussianMixture(2, random_state=0).fit(1e-9 * X)
