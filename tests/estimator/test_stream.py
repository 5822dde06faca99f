"""Initialization from mixtures of a sample (`init_params="stream"`), and the acceleration that 'auto' means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gmmx
from gmmx import _core
from gmmx.em import initialization, stream
from gmmx.em.config import EMConfig, chosen_acceleration
from gmmx.em.random import as_random_source
from gmmx.validation import Rows

N_ROWS = 60_000


def clusters(dtype=np.float64, n_features=2, n_rows=N_ROWS, seed=0):
    """Three clusters with two thirds, a quarter and a twelfth of the rows, one after another."""
    rng = np.random.default_rng(seed)
    sizes = [8 * n_rows // 12, 3 * n_rows // 12, n_rows // 12]
    parts = [rng.normal(6 * k, 1 + k / 4, size=(size, n_features)) for k, size in enumerate(sizes)]
    return np.concatenate(parts).astype(dtype)


X = clusters()


def statistics_of(rows, covariance_type="full", n_components=3, seed=0, **options):
    em = EMConfig(n_components=n_components, covariance_type=covariance_type, **options)
    return stream.statistics_of_sample(rows, em, as_random_source(seed))


class TestStatistics:
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("covariance_type", _core.covariance_types())
    def test_the_clusters_are_found(self, covariance_type, dtype):
        n_features = 1 if covariance_type in ("E", "V") else 2
        rows = Rows(clusters(dtype, n_features))
        statistics = statistics_of(rows, covariance_type)
        assert statistics.total_weight == pytest.approx(N_ROWS)
        np.testing.assert_allclose(np.sort(statistics.counts) * 12 / N_ROWS, [1, 3, 8], rtol=0.08)
        mixture = _core.m_step(statistics, covariance_type, 1e-6, n_threads=1)
        np.testing.assert_allclose(np.sort(mixture.means[:, 0]), [0, 6, 12], atol=0.3)

    def test_it_is_the_e_step_of_the_sample_at_its_own_optimum(self):
        random = as_random_source(5)
        sample = stream.sample_of_strips(Rows(X), 5_000, random)
        mixture = gmmx.GaussianMixture(3, tol=1e-3, random_state=0).fit(sample.X).mixture_
        expected = _core.rescaled(_core.e_step(sample.X, mixture, None, 1), float(N_ROWS))
        statistics = statistics_of(Rows(X), seed=5)
        assert statistics.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-3)
        np.testing.assert_allclose(np.sort(statistics.counts), np.sort(expected.counts), rtol=0.01)

    def test_weights_count_as_repeated_rows(self):
        weights = np.where(np.arange(N_ROWS) % 10 == 0, 0.0, 2.0)
        weights[11 * N_ROWS // 12 :] *= 4  # those of the smallest cluster
        statistics = statistics_of(Rows(X, weights))
        assert statistics.total_weight == pytest.approx(weights.sum())
        np.testing.assert_allclose(np.sort(statistics.counts) * 15 / weights.sum(), [3, 4, 8], rtol=0.1)

    def test_a_sample_that_would_be_a_large_part_is_not_drawn(self):
        assert statistics_of(Rows(X[:49_999])) is None
        assert statistics_of(Rows(X[:50_000]), n_components=2) is not None
        weights = np.ones(N_ROWS)
        weights[: N_ROWS - 49_999] = 0
        assert statistics_of(Rows(X, weights)) is None
        wide = np.random.default_rng(0).normal(size=(N_ROWS, 40))  # 5 x 861 parameters for each component
        assert statistics_of(Rows(wide), n_components=2) is None
        assert statistics_of(Rows(wide), "diag", n_components=2) is not None

    def test_starts_that_all_collapse(self):
        repeated = np.repeat(np.arange(2.0), N_ROWS // 2)[:, np.newaxis]
        assert statistics_of(Rows(repeated), n_components=2, reg_covar=0.0) is None
        huge = 1e200 * X
        assert statistics_of(Rows(huge)) is None

    def test_components_of_a_few_rows(self):
        far = np.full((60, 2), 90.0) + np.random.default_rng(1).normal(size=(60, 2))
        assert statistics_of(Rows(np.concatenate([X, far])), n_components=4) is None
        alone = X.copy()
        alone[::12] = 90.0 + X[::12]
        assert statistics_of(Rows(alone), n_components=4) is not None

    def test_a_prior_has_no_part(self):
        with_prior = statistics_of(Rows(X), prior="default")
        assert with_prior.log_likelihood == statistics_of(Rows(X)).log_likelihood


class TestSample:
    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_every_strip_gives_one_row(self, data):
        n_rows = data.draw(st.integers(1, 200))
        size = data.draw(st.integers(1, 60))
        rows = Rows(np.arange(float(n_rows))[:, np.newaxis])
        weights = None
        if data.draw(st.booleans()):
            number = st.sampled_from([0.0, 1e-300, 0.1, 1.0, 1e12])
            weights = np.array(data.draw(st.lists(number, min_size=n_rows, max_size=n_rows)))
            if not weights.any():
                weights[0] = 1.0
            rows = Rows(rows.X, weights)
        indices = stream.sample_of_strips(rows, size, as_random_source(0)).X.ravel().astype(int)
        assert len(indices) == size and np.all(np.diff(indices) >= 0)
        share = np.ones(n_rows) / n_rows if weights is None else weights / weights.sum()
        assert np.all(share[indices] > 0)
        drawn = np.bincount(indices, minlength=n_rows)
        # A row is drawn as often as its strips say, and at most once more at either end.
        assert np.all(np.abs(drawn - size * share) < 2)

    def test_rows_that_are_drawn_depend_on_the_seed_alone(self):
        cases = [(1, 0), (2, 0), (1, 1)]
        drawn = [stream.sample_of_strips(Rows(X, None, n), 100, as_random_source(s)).X for n, s in cases]
        assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])


class TestFits:
    @pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "VEV"])
    def test_it_reaches_the_optimum_of_k_means(self, covariance_type):
        options = {"covariance_type": covariance_type, "tol": 1e-9, "max_iter": 500, "random_state": 0}
        best = gmmx.GaussianMixture(3, **options).fit(X)
        fitted = gmmx.GaussianMixture(3, init_params="stream", **options).fit(X)
        assert fitted.lower_bound_ == pytest.approx(best.lower_bound_, abs=1e-8)
        np.testing.assert_allclose(np.sort(fitted.means_, axis=0), np.sort(best.means_, axis=0), atol=1e-3)

    def test_small_data_start_from_kmeans(self):
        few = X[::10]
        fitted = gmmx.GaussianMixture(3, init_params="stream", random_state=0).fit(few)
        expected = gmmx.GaussianMixture(3, random_state=0).fit(few)
        assert fitted.means_.tobytes() == expected.means_.tobytes()

    def test_the_number_of_threads_changes_nothing(self):
        fits = [gmmx.GaussianMixture(3, init_params="stream", random_state=0, n_jobs=n).fit(X) for n in (1, 2, 3)]
        assert len({fit.covariances_.tobytes() for fit in fits}) == 1

    def test_restarts_draw_samples_of_their_own(self, monkeypatch):
        drawn = []

        def noted(rows, em, random):
            statistics = stream.statistics_of_sample(rows, em, random)
            drawn.append(statistics.log_likelihood)
            return statistics

        monkeypatch.setattr(initialization, "statistics_of_sample", noted)
        gmmx.GaussianMixture(3, init_params="stream", n_init=3, random_state=0).fit(X)
        assert len(set(drawn)) == 3

    def test_given_parameters_replace_those_of_the_sample(self):
        means = np.array([[0.0, 0.0], [6.0, 6.0], [12.0, 12.0]])
        fitted = gmmx.GaussianMixture(3, init_params="stream", means_init=means, max_iter=0, random_state=0).fit(X)
        assert np.array_equal(fitted.means_, means)
        assert sorted((12 * fitted.weights_).round()) == [1, 3, 8]

    def test_a_prior_is_that_of_all_rows(self):
        prior = gmmx.ConjugatePrior(shrinkage=0.01, mean=[0.0, 0.0], dof=4, scale=np.eye(2))
        options = {"prior": prior, "tol": 1e-9, "max_iter": 500, "random_state": 0}
        best = gmmx.GaussianMixture(3, **options).fit(X)
        fitted = gmmx.GaussianMixture(3, init_params="stream", acceleration="auto", **options).fit(X)
        assert fitted.lower_bound_ == pytest.approx(best.lower_bound_, abs=1e-7)

    def test_memory_maps_and_batches(self, tmp_path):
        np.save(tmp_path / "rows.npy", X)
        mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
        expected = gmmx.GaussianMixture(3, init_params="stream", random_state=0).fit(X)
        fitted = gmmx.GaussianMixture(3, init_params="stream", random_state=0).fit(mapped)
        assert fitted.means_.tobytes() == expected.means_.tobytes()
        batches = gmmx.GaussianMixture(3, init_params="stream", random_state=0)
        batches.fit_batches(np.array_split(X, 7), init_size=N_ROWS)
        assert batches.means_ == pytest.approx(expected.means_, rel=1e-9, abs=1e-9)

    def test_selection(self):
        chosen = gmmx.GaussianMixtureIC(
            min_components=2, max_components=4, covariance_type=["full", "diag"], init_params="stream", random_state=0
        ).fit(X)
        assert chosen.best_estimator_.n_components == 3

    def test_rows_that_the_sample_misses(self):
        far = np.full((60, 2), 90.0) + np.random.default_rng(1).normal(size=(60, 2))
        rows = np.concatenate([X, far])
        fitted = gmmx.GaussianMixture(4, init_params="stream", random_state=0).fit(rows)
        assert fitted.weights_.min() * len(rows) == pytest.approx(60)
        with pytest.warns(gmmx.OutweighingRowWarning):
            huge = np.concatenate([[[1e20, 0.0]], X])
            fitted = gmmx.GaussianMixture(4, init_params="stream", random_state=0).fit(huge)
        assert fitted.weights_.min() * len(huge) == pytest.approx(1)

    def test_the_errors_of_kmeans(self):
        with pytest.raises(gmmx.FitFailedError):
            repeated = np.repeat(np.arange(2.0), N_ROWS // 2)[:, np.newaxis]
            gmmx.GaussianMixture(2, init_params="stream", reg_covar=0.0, random_state=0).fit(repeated)
        with pytest.raises(ValueError, match="overflow"):
            gmmx.GaussianMixture(2, init_params="stream", random_state=0).fit(1e200 * X)


class TestAuto:
    @pytest.mark.parametrize("options", [{}, {"n_init": 2}, {"covariance_type": "tied"}], ids=str)
    def test_it_is_anderson(self, options):
        options = {"tol": 1e-9, "random_state": 0, **options}
        fitted = gmmx.GaussianMixture(3, acceleration="auto", **options).fit(X[::20])
        expected = gmmx.GaussianMixture(3, acceleration="anderson", **options).fit(X[::20])
        assert fitted.lower_bounds_ == expected.lower_bounds_
        assert fitted.means_.tobytes() == expected.means_.tobytes()
        assert fitted.acceleration == "auto"

    def test_it_is_plain_em_with_a_prior(self):
        options = {"prior": "default", "tol": 1e-9, "random_state": 0}
        fitted = gmmx.GaussianMixture(3, acceleration="auto", **options).fit(X[::20])
        expected = gmmx.GaussianMixture(3, **options).fit(X[::20])
        assert fitted.lower_bounds_ == expected.lower_bounds_
        chosen = gmmx.GaussianMixtureIC(max_components=2, acceleration="auto", prior="default", random_state=0)
        assert chosen.fit(X[::100]).best_estimator_.n_components == 2

    def test_it_is_plain_em_with_a_checkpoint(self, tmp_path):
        options = {"tol": 1e-9, "max_iter": 300, "random_state": 0}
        batches = np.array_split(X[::20], 3)
        path = tmp_path / "fit.safetensors"
        fitted = gmmx.GaussianMixture(3, acceleration="auto", **options).fit_batches(batches, checkpoint=path)
        expected = gmmx.GaussianMixture(3, **options).fit_batches(batches)
        assert fitted.lower_bounds_ == expected.lower_bounds_
        assert gmmx.load(path).acceleration == "auto"
        resumed = gmmx.GaussianMixture(3, acceleration="auto", **options)
        assert resumed.fit_batches(batches, checkpoint=path, resume=True).lower_bounds_ == fitted.lower_bounds_
        with pytest.raises(ValueError, match=r"acceleration='anderson'.*Leave out one of the two, or set.*'auto'"):
            gmmx.GaussianMixture(3, acceleration="anderson").fit_batches(batches, checkpoint=tmp_path / "other")

    def test_values(self):
        assert [chosen_acceleration(name, has_prior=True) for name in (None, "squarem", "auto")] == [
            None,
            "squarem",
            None,
        ]
        with pytest.raises(ValueError, match=r"'anderson', 'auto', 'squarem'"):
            gmmx.GaussianMixture(acceleration="nesterov").fit(X)
