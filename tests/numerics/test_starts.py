"""Starts that go through the rows together end where starts in turn do."""

import warnings

import numpy as np
import pytest

import gmmx
from gmmx import _core


def rows_of(n_samples, n_features=3, dtype=np.float64, offset=0.0):
    rng = np.random.default_rng(0)
    centers = 2 * rng.normal(size=(4, n_features))
    return (centers[rng.integers(4, size=n_samples)] + rng.normal(size=(n_samples, n_features)) + offset).astype(dtype)


def fits(X, weight=None, **arguments):
    """Return a fit of starts together, and one of starts in turn: somebody watches it."""
    arguments = {"n_components": 3, "n_init": 7, "random_state": 0, **arguments}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = gmmx.GaussianMixture(**arguments).fit(X, sample_weight=weight)
        in_turn = gmmx.GaussianMixture(callback=lambda *_: False, **arguments).fit(X, sample_weight=weight)
    return together, in_turn


@pytest.fixture
def passes(monkeypatch):
    """How often the native code was asked for starts that go together."""
    calls = []
    native = _core.em_from_mixtures

    def counted(*args, **kwargs):
        calls.append(len(args[1]))
        return native(*args, **kwargs)

    monkeypatch.setattr(_core, "em_from_mixtures", counted)
    return calls


@pytest.mark.parametrize("acceleration", [None, "anderson", "squarem"])
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_starts_together_end_where_starts_in_turn_do(covariance_type, weighted, acceleration, passes):
    X = rows_of(60_000)
    weight = np.arange(len(X)) % 3 / 2 if weighted else None
    together, in_turn = fits(X, weight, covariance_type=covariance_type, acceleration=acceleration, tol=1e-6)
    assert passes == ([] if covariance_type == "tied" else [7])
    assert together.converged_ == in_turn.converged_
    if acceleration is None:
        assert together.n_iter_ == in_turn.n_iter_
        np.testing.assert_allclose(together.lower_bounds_, in_turn.lower_bounds_, rtol=1e-11)
        np.testing.assert_allclose(together.means_, in_turn.means_, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(together.covariances_, in_turn.covariances_, rtol=1e-7, atol=1e-9)
    else:  # a jump makes more of a rounding error
        np.testing.assert_allclose(together.lower_bound_, in_turn.lower_bound_, atol=1e-5)


@pytest.mark.parametrize("init_params", ["kmeans", "stream", "hc", "k-means++", "random", "random_from_data"])
def test_every_kind_of_start_may_go_together(init_params, passes):
    together, in_turn = fits(rows_of(60_000), init_params=init_params, max_iter=30, tol=1e-4)
    assert passes == [7]
    np.testing.assert_allclose(together.lower_bounds_, in_turn.lower_bounds_, rtol=1e-11)


def test_float32_rows_and_a_far_offset_go_together():
    together, in_turn = fits(rows_of(60_000, dtype=np.float32), max_iter=10, tol=0.0)
    np.testing.assert_allclose(together.lower_bounds_, in_turn.lower_bounds_, rtol=1e-5)
    far = fits(rows_of(60_000, offset=2.0**20))[0]
    near = fits(rows_of(60_000))[0]
    np.testing.assert_allclose(far.means_ - 2.0**20, near.means_, atol=1e-7)


def test_starts_together_do_not_depend_on_the_number_of_threads():
    X = rows_of(60_000)
    models = [
        gmmx.GaussianMixture(3, n_init=5, random_state=0, n_jobs=n_jobs, tol=1e-5).fit(X) for n_jobs in (1, 2, 3, 7)
    ]
    for model in models[1:]:
        assert model.lower_bounds_ == models[0].lower_bounds_
        np.testing.assert_array_equal(model.covariances_, models[0].covariances_)


def test_starts_together_fail_where_starts_in_turn_do(passes):
    """Two clouds and a point: a start that gives the point a component of its own collapses."""
    clouds = np.random.default_rng(0).normal(size=(80_000, 2)) + np.repeat([[-2.5, 0.0], [2.5, 0.0]], 40_000, axis=0)
    X = np.concatenate([clouds, np.full((8_000, 2), [0.0, 9.0])])
    together, in_turn = fits(X, n_components=2, n_init=30, reg_covar=0.0, max_iter=1)
    assert passes == [30 - len(together.failed_starts_)]
    assert together.failed_starts_ == in_turn.failed_starts_
    assert {start.iteration for start in together.failed_starts_} == {0}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_overflowing_rows_are_refused_when_starts_go_together():
    X = rows_of(60_000)
    X[:300] *= 1e300  # of a single row only its own component would know
    messages = []
    for callback in (None, lambda *_: False):
        with pytest.raises(ValueError) as error:
            gmmx.GaussianMixture(3, n_init=3, random_state=0, callback=callback).fit(X)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_as_many_starts_share_a_pass_as_pays():
    assert [_core.starts_per_pass("full", k) for k in (1, 2, 5, 8, 9, 100)] == [16, 8, 3, 2, 1, 1]
    assert _core.starts_per_pass("tied", 2) == 1


@pytest.mark.parametrize(
    ("shape", "n_init", "from_kmeans", "watched", "plan"),
    [
        ((150, 4, 3, "full"), 10, True, False, "side_by_side"),
        ((150, 4, 3, "full"), 10, True, True, "in_turn"),
        ((150, 4, 3, "full"), 10, False, False, "together"),
        ((150, 4, 3, "tied"), 10, False, False, "in_turn"),
        ((100_000, 8, 4, "full"), 10, True, False, "together"),
        ((100_000, 8, 40, "full"), 10, True, False, "in_turn"),
        ((150, 4, 3, "full"), 1, True, False, "side_by_side"),
        ((10_000, 4, 3, "full"), 1, True, False, "in_turn"),
        ((20_000, 4, 3, "full"), 2, True, False, "side_by_side"),
    ],
)
def test_restarts_run_as_the_plan_says(shape, n_init, from_kmeans, watched, plan):
    assert _core.plan_starts(*shape, n_init, from_kmeans=from_kmeans, watched=watched) == plan


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("init_params", ["kmeans", "random_from_data"])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_of_starts_that_reach_the_same_optimum_the_first_is_kept(covariance_type, init_params, dtype):
    """Or else rounding would choose, and with it the order of the components."""
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0], [0.0, 30.0, 0.0]])
    X = (centers[rng.integers(3, size=60_000)] + rng.normal(size=(60_000, 3))).astype(dtype)
    tol = 1e-6 if dtype is np.float64 else 1e-3  # of float32 rows less is noise
    for seed in range(3):
        together, in_turn = fits(
            X, covariance_type=covariance_type, init_params=init_params, random_state=seed, tol=tol, max_iter=200
        )
        assert together.n_iter_ == in_turn.n_iter_
        np.testing.assert_allclose(together.means_, in_turn.means_, atol=1e-3)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_clusters_that_k_means_finds_again_lead_to_the_same_fit(covariance_type):
    """Of small data each partition is fitted once; the fit is bit for bit that of starts in turn."""
    X = rows_of(200)
    draws = np.random.RandomState(0).random_sample((20, _core.kmeans_draws(3)))
    outcomes = _core.em_from_kmeans(
        X, 3, covariance_type, draws, None, tol=1e-3, reg_covar=1e-6, max_iter=100, n_threads=2
    )
    repeated = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert repeated
    assert len(repeated) < 18  # there are several partitions
    assert all(isinstance(outcomes[of], _core.EMResult) for of in repeated)
    together, in_turn = fits(X, n_components=3, n_init=20, covariance_type=covariance_type)
    assert together.lower_bounds_ == in_turn.lower_bounds_
    np.testing.assert_array_equal(together.covariances_, in_turn.covariances_)


def test_a_changed_covariance_type_is_told_by_name():
    model = gmmx.GaussianMixture(3, random_state=0).fit(rows_of(300))
    model.covariance_type = "tied"
    with pytest.raises(ValueError, match=r"covariance_type is 'tied'.*\(3, 3\).*\(3, 3, 3\).*fit again"):
        model.predict(rows_of(10))
    model.covariance_type = "full"
    assert len(model.predict(rows_of(10))) == 10


@pytest.mark.filterwarnings("ignore:Column 2 of X is constant")
class TestRemedyOfACollapse:
    """The error advises a prior, or a stronger one where there is a prior."""

    X = np.random.default_rng(0).normal(10, 1, size=(100, 3))
    X[::2] = 0.0  # a component of equal rows; of constant columns the advice would be to drop them
    WEAK = gmmx.ConjugatePrior(shrinkage=0, mean=[0.0, 0.0, 0.0], dof=5, scale=1e-305)
    CALLS = (
        lambda model, X: model.fit(X),
        lambda model, X: model.fit_batches([X[:50], X[50:]]),
        lambda model, X: [model.partial_fit(X) for _ in range(20)],
    )

    @pytest.mark.parametrize("call", CALLS)
    def test_without_a_prior(self, call):
        with pytest.raises(gmmx.FitFailedError, match=r'set prior="default"'):
            call(gmmx.OnlineGaussianMixture(2, reg_covar=0, random_state=0), self.X)

    @pytest.mark.parametrize("call", CALLS[:2])
    def test_with_a_prior(self, call):
        with pytest.raises(gmmx.FitFailedError, match=r"give a prior of a larger scale") as caught:
            call(gmmx.GaussianMixture(2, reg_covar=0, prior=self.WEAK, random_state=0), self.X)
        assert "default" not in str(caught.value)

    def test_the_command_line_names_its_option(self, run, tmp_path):
        np.savetxt(tmp_path / "repeated.csv", self.X, delimiter=",")
        result = run("fit", tmp_path / "repeated.csv", "-k", "2", "--reg-covar", "0")
        assert result.exit_code == 1
        assert "use --prior default" in result.stderr
