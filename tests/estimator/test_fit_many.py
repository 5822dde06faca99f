"""Fits of one model to many data sets equal fits of each, bit for bit, with one warning or error for all."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, NotFittedError

import gmmx
from gmmx import _core
from gmmx.mixture import _many

RNG = np.random.default_rng(0)


def samples(n=12, n_features=2, dtype=np.float64):
    """Data sets of 20 to 60 rows in two clusters, and one that is larger."""
    sizes = [*RNG.integers(20, 60, n - 1), 700]
    made = [RNG.normal(size=(size, n_features)) for size in sizes]
    for X in made:
        X[::3] += 5
    return [X.astype(dtype) for X in made]


SAMPLES = samples()
ROWS = np.concatenate(SAMPLES)
GROUPS = np.repeat([f"group {number}" for number in range(len(SAMPLES))], [len(X) for X in SAMPLES])
SHUFFLED = RNG.permutation(len(ROWS))


def alone(estimator, X, weights=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clone(estimator).fit(X, sample_weight=weights)


def assert_same(fitted, expected):
    """All attributes are equal, bit for bit."""
    names = {name for name in vars(expected) if name not in ("_mixture", "random_state", "callback", "prior")}
    assert names == set(vars(fitted)) - {"_mixture", "random_state", "callback", "prior"}
    for name in names:
        value, other = getattr(fitted, name), getattr(expected, name)
        assert type(value) is type(other), name
        if isinstance(value, np.ndarray):
            assert value.dtype == other.dtype and value.shape == other.shape, name
            assert value.tolist() == other.tolist() if value.dtype == object else value.tobytes() == other.tobytes()
        else:
            assert repr(value) == repr(other), name


def assert_fits_alone(estimator, data, sample_weight=None, **options):
    """Fit with one thread and with two, and compare with fits of each; return the result."""
    weights = sample_weight or [None] * len(data)
    expected = [alone(estimator, X, w) for X, w in zip(data, weights, strict=True)]
    for n_jobs in (1, 2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fits = gmmx.fit_many(estimator, data, sample_weight=sample_weight, n_jobs=n_jobs, **options)
        assert len(fits) == len(data)
        for fitted, one in zip(fits, expected, strict=True):
            assert_same(fitted, one)
    return fits


@pytest.fixture
def natively(monkeypatch):
    """Refuse fits in Python."""

    def refuse(*_):
        raise AssertionError("a fit ran in Python")

    monkeypatch.setattr(_many, "_fit_alone", refuse)


class TestEqualToFitsAlone:
    @pytest.mark.usefixtures("natively")
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("covariance_type", _core.covariance_types())
    def test_covariance_types(self, covariance_type, dtype):
        n_features = 1 if covariance_type in ("E", "V") else 2
        estimator = gmmx.GaussianMixture(2, covariance_type=covariance_type, random_state=3)
        assert_fits_alone(estimator, samples(5, n_features, dtype))

    @pytest.mark.usefixtures("natively")
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_weights(self, dtype):
        data = samples(6, 3, dtype)
        weights = [RNG.uniform(0, 2, len(X)) for X in data]
        weights[1][:10] = 0
        weights[2] = None
        weights[3] = np.repeat(weights[3], 2)[::2]
        assert_fits_alone(gmmx.GaussianMixture(2, random_state=0), data, weights)

    @pytest.mark.usefixtures("natively")
    @pytest.mark.parametrize(
        "parameters",
        [
            {"n_components": 1},
            {"n_components": 4, "n_init": 3},
            {"n_components": 3, "n_init": 20},
            {"acceleration": "squarem"},
            {"acceleration": "anderson"},
            {"prior": gmmx.ConjugatePrior(shrinkage=0.01, mean=[1.0, 1.0], dof=4, scale=[1.0, 1.0])},
            {"reg_covar": 0.0},
            {"random_state": np.int64(7)},
            {"warm_start": True},
            {"n_jobs": 2},
        ],
        ids=repr,
    )
    def test_parameters_of_native_fits(self, parameters):
        estimator = gmmx.GaussianMixture(**{"n_components": 2, "random_state": 1, "reg_covar": 1e-4, **parameters})
        few = SAMPLES[:-1]
        assert_fits_alone(estimator, few if parameters.get("n_init", 1) > 1 else SAMPLES)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"init_params": "hc"},
            {"init_params": "k-means++"},
            {"init_params": "random", "n_init": 2},
            {"means_init": [[0.0, 0.0], [5.0, 5.0]]},
            {"prior": "default"},
            {"max_iter": 0},
            {"random_state": np.random.RandomState(4)},
            {"random_state": np.random.default_rng(4)},
        ],
        ids=repr,
    )
    def test_parameters_of_fits_in_python(self, parameters):
        assert_fits_alone(gmmx.GaussianMixture(**{"n_components": 2, "random_state": 1, **parameters}), SAMPLES)

    @pytest.mark.usefixtures("natively")
    def test_large_data_sets(self):
        data = [RNG.normal(size=(20_000, 4)) + 4 * RNG.integers(0, 2, size=(20_000, 1)) for _ in range(2)]
        assert_fits_alone(gmmx.GaussianMixture(3, random_state=0, max_iter=20), data)

    def test_large_data_sets_with_restarts(self):
        data = [*SAMPLES[:3], RNG.normal(size=(60_000, 4))]
        assert _core.plan_starts(60_000, 4, 2, "full", 2, from_kmeans=True, watched=False) != "side_by_side"
        assert_fits_alone(gmmx.GaussianMixture(2, random_state=0, n_init=2, max_iter=5), data[3:] * 2)

    def test_a_subclass_fits_itself(self):
        class Shifted(gmmx.GaussianMixture):
            def fit(self, X, y=None, sample_weight=None):
                super().fit(X, sample_weight=sample_weight)
                self.shift_ = float(self.means_.sum())
                return self

        assert_fits_alone(Shifted(2, random_state=0), SAMPLES)
        assert_fits_alone(gmmx.OnlineGaussianMixture(2, random_state=0), SAMPLES)

    def test_layouts_and_types(self):
        data = [
            np.asfortranarray(SAMPLES[0]),
            SAMPLES[1][::-2],
            SAMPLES[2].tolist(),
            SAMPLES[3].astype(np.float32),
            np.rint(SAMPLES[4]).astype(np.int16),
            SAMPLES[5].astype(">f8"),
        ]
        fits = assert_fits_alone(gmmx.GaussianMixture(2, random_state=0), data)
        assert fits[3].means_.dtype == np.float32
        assert np.array_equal(fits.means[3], fits[3].means_)

    def test_memory_maps(self, tmp_path):
        data = []
        for number, dtype in enumerate([np.float64, np.float16]):
            np.save(tmp_path / f"{number}.npy", SAMPLES[number].astype(dtype))
            data.append(np.load(tmp_path / f"{number}.npy", mmap_mode="r"))
        assert_fits_alone(gmmx.GaussianMixture(2, random_state=0), data)

    def test_data_frames_keep_the_names_of_columns(self):
        pd = pytest.importorskip("pandas")
        data = [pd.DataFrame(X, columns=["mass", "size"]) for X in SAMPLES[:4]]
        fits = assert_fits_alone(gmmx.GaussianMixture(2, random_state=0), data)
        assert fits[0].feature_names_in_.tolist() == ["mass", "size"]

    def test_weights_that_need_care(self):
        tiny = [np.full(len(SAMPLES[0]), 1e-300), np.ones(len(SAMPLES[1]))]
        huge = [np.full(len(SAMPLES[0]), 1e300), [1] * len(SAMPLES[1])]
        for weights in (tiny, huge):
            assert_fits_alone(gmmx.GaussianMixture(2, random_state=0), SAMPLES[:2], weights)

    def test_restarts_that_collapse_are_listed(self):
        data = [np.r_[np.zeros((5, 1)), RNG.normal(9, 1, (20, 1))], SAMPLES[0][:, :1]]
        estimator = gmmx.GaussianMixture(3, reg_covar=0, n_init=8, random_state=1)
        fits = assert_fits_alone(estimator, data[1:] * 2)
        assert isinstance(fits[0].failed_starts_, list)

    def test_none_as_a_seed_differs(self):
        estimator = gmmx.GaussianMixture(4, tol=1e9)
        fits = gmmx.fit_many(estimator, [SAMPLES[0]] * 20)
        assert len({fit.log_likelihood_ for fit in fits}) > 1

    def test_the_estimator_stays_as_it_is(self):
        estimator = gmmx.GaussianMixture(2, random_state=0).fit(SAMPLES[1])
        before = estimator.means_.copy()
        fits = gmmx.fit_many(estimator, SAMPLES)
        assert np.array_equal(estimator.means_, before)
        assert fits[0] is fits[0] and fits[0] is not estimator
        assert fits[0].get_params() == estimator.get_params()


class TestGroups:
    @pytest.mark.usefixtures("natively")
    @pytest.mark.parametrize("order", [slice(None), SHUFFLED], ids=["sorted", "shuffled"])
    @pytest.mark.parametrize("kind", [str, object, "int", "uint8", "wide", "category", "datetime64[D]", list])
    def test_groups_of_any_kind(self, kind, order):
        numbers = np.unique(GROUPS, return_inverse=True)[1][order]
        groups = GROUPS[order].astype(kind) if kind in (str, object) else numbers
        if kind == "uint8":
            groups = (numbers + 240).astype(np.uint8)
        elif kind == "wide":
            groups = numbers * 10**12 - 3
        elif kind == "category":
            groups = pytest.importorskip("pandas").Series(GROUPS[order], dtype="category")
        elif kind == "datetime64[D]":
            groups = np.datetime64("2024-02-28") + numbers
        elif kind is list:
            groups = [(name, 1) for name in GROUPS[order].tolist()]
        estimator = gmmx.GaussianMixture(2, random_state=0)
        weights = RNG.uniform(1, 2, len(ROWS))
        fits = gmmx.fit_many(estimator, ROWS[order], groups, sample_weight=weights[order])
        values = list(groups)
        assert list(fits) == list(dict.fromkeys(values))
        for key, fitted in fits.items():
            chosen = [value == key for value in values]
            assert_same(fitted, alone(estimator, ROWS[order][chosen], weights[order][chosen]))
        for part, n_jobs in ((fits, 1), (fits, 2)):
            again = gmmx.fit_many(estimator, ROWS[order], groups, sample_weight=weights[order], n_jobs=n_jobs)
            assert np.array_equal(again.means, part.means)

    def test_keys_are_python_numbers(self):
        fits = gmmx.fit_many(gmmx.GaussianMixture(), ROWS[:40], np.arange(40) % 2)
        assert list(map(type, fits)) == [int, int]
        assert 1 in fits and "1" not in fits and fits.get(2) is None

    def test_a_table_keeps_the_names_of_columns_also_in_warnings(self):
        pd = pytest.importorskip("pandas")
        table = pd.DataFrame(ROWS[:90], columns=["mass", "size"])
        table.loc[30:59, "size"] = 1.0
        groups = np.repeat(["a", "b", "c"], 30)
        with pytest.warns(gmmx.ColumnWarning, match=r"^1 of 3 fits raised this warning: group 'b'\. .* 'size' of X is"):
            fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), table, groups)
        for key in "abc":
            assert_same(fits[key], alone(gmmx.GaussianMixture(random_state=0), table[groups == key]))

    @pytest.mark.parametrize("dtype", [np.int8, np.uint64])
    def test_integers_at_the_ends_of_their_range(self, dtype):
        ends = np.array([np.iinfo(dtype).max, np.iinfo(dtype).min], dtype=dtype)
        fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), ROWS[:80], np.tile(ends, 40))
        assert list(fits) == ends.tolist()
        assert_same(fits[np.iinfo(dtype).max], alone(gmmx.GaussianMixture(random_state=0), ROWS[:80:2]))
        fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), ROWS[:80], np.repeat(ends[:1], 80))
        assert list(fits) == ends.tolist()[:1]

    def test_many_groups(self):
        groups = np.r_[np.arange(70_000), np.arange(70_000)]
        with pytest.raises(ValueError, match=r"^The fit of group 0 failed\. Expected n_samples >="):
            gmmx.fit_many(gmmx.GaussianMixture(3), RNG.normal(size=(140_000, 1)), groups)

    def test_a_dict_of_arrays(self):
        data = {name: X for name, X in zip("abc", SAMPLES, strict=False)}
        weights = {"c": None, "b": np.ones(len(data["b"])), "a": np.arange(len(data["a"]))}
        estimator = gmmx.GaussianMixture(2, random_state=0)
        fits = gmmx.fit_many(estimator, data, sample_weight=weights)
        assert list(fits) == ["a", "b", "c"]
        for name in data:
            assert_same(fits[name], alone(estimator, data[name], weights[name]))


class TestResults:
    def test_arrays_are_those_of_the_estimators(self):
        for covariance_type in ("full", "tied", "spherical", "EEI", "EEE"):
            fits = gmmx.fit_many(gmmx.GaussianMixture(2, covariance_type=covariance_type, random_state=0), SAMPLES)
            for name in ("weights", "means", "covariances"):
                assert np.array_equal(getattr(fits, name), np.stack([getattr(fit, f"{name}_") for fit in fits]))
            assert fits.log_likelihoods.tolist() == [fit.log_likelihood_ for fit in fits]
            assert fits.converged.tolist() == [fit.converged_ for fit in fits]
            assert fits.n_iter.tolist() == [fit.n_iter_ for fit in fits]
            assert fits.converged.dtype == bool and fits.n_iter.dtype == np.int64

    def test_a_list(self):
        fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), SAMPLES)
        assert isinstance(fits, gmmx.MixtureList)
        assert fits[-1] is fits[len(SAMPLES) - 1] and fits[2:4] == [fits[2], fits[3]]
        with pytest.raises(IndexError):
            fits[len(SAMPLES)]
        assert repr(fits) == "MixtureList(12 fits: GaussianMixture(random_state=0))"

    def test_an_array_of_three_dimensions(self):
        stack = RNG.normal(size=(5, 30, 2))
        fits = gmmx.fit_many(gmmx.GaussianMixture(random_state=0), stack)
        assert_same(fits[4], alone(gmmx.GaussianMixture(random_state=0), stack[4]))

    @pytest.mark.parametrize("groups", [None, GROUPS])
    def test_pickles(self, groups):
        data = SAMPLES if groups is None else ROWS
        fits = gmmx.fit_many(gmmx.GaussianMixture(2, random_state=0), data, groups)
        copied = pickle.loads(pickle.dumps(fits))
        assert type(copied) is type(fits) and np.array_equal(copied.covariances, fits.covariances)
        for key in range(len(SAMPLES)) if groups is None else fits:
            assert_same(copied[key], fits[key])


class TestWarnings:
    def test_fits_that_do_not_converge_are_counted_once(self):
        estimator = gmmx.GaussianMixture(3, tol=0, max_iter=2, random_state=0)
        with pytest.warns(ConvergenceWarning) as caught:
            gmmx.fit_many(estimator, SAMPLES)
        assert [str(warning.message) for warning in caught] == [
            "12 of 12 fits did not converge: data[0], data[1], data[2], data[3], data[4] and 7 more. Try different "
            "init parameters, or increase max_iter, tol, or check for degenerate data."
        ]
        assert caught[0].filename == __file__

    def test_in_python_too(self):
        estimator = gmmx.GaussianMixture(3, tol=0, max_iter=2, init_params="random", random_state=0)
        with pytest.warns(ConvergenceWarning, match=r"^12 of 12 fits did not converge: data\[0\]") as caught:
            gmmx.fit_many(estimator, SAMPLES, n_jobs=2)
        assert len(caught) == 1

    def test_each_kind_once(self):
        constant = np.c_[SAMPLES[0], np.ones(len(SAMPLES[0]))]
        sound = RNG.normal(size=(40, 3))
        outlying = sound.copy()
        outlying[3, 1] = 1e20
        with pytest.warns() as caught:
            fits = gmmx.fit_many(
                gmmx.GaussianMixture(random_state=0, reg_covar=1), [sound, constant, outlying, constant, constant]
            )
        assert {type(warning.message) for warning in caught} == {gmmx.ColumnWarning, gmmx.OutweighingRowWarning}
        columns = next(w.message for w in caught if isinstance(w.message, gmmx.ColumnWarning))
        assert str(columns).startswith("3 of 5 fits raised this warning: data[1], data[3], data[4]. The first: Column")
        assert columns.faults.constant == (2,)
        assert fits[2].converged_

    def test_empty_and_equal_components(self):
        points = np.repeat([[0.0, 0.0], [9.0, 1.0]], 20, axis=0) + RNG.normal(size=(40, 2)) * 1e-3
        estimator = gmmx.GaussianMixture(3, random_state=0, reg_covar=1e3)
        with pytest.warns(RuntimeWarning, match=r"^2 of 3 fits raised this warning: data\[0\], data\[2\]\. .* equal"):
            gmmx.fit_many(estimator, [points, 1e3 * RNG.normal(size=(40, 2)), points])


class TestErrors:
    BAD = (SAMPLES[0], SAMPLES[1][:1], SAMPLES[2], np.full((30, 2), np.nan), np.zeros((9, 2)))

    def test_the_first_data_set_at_fault_is_named(self):
        estimator = gmmx.GaussianMixture(2, random_state=0, reg_covar=0)
        with pytest.raises(
            ValueError, match=r"^The fit of data\[1\] failed\. X is not accepted: Found array with 1 sample"
        ):
            gmmx.fit_many(estimator, self.BAD)
        with pytest.raises(ValueError, match=r"^The fit of data\[0\] failed\. Input X contains NaN"):
            gmmx.fit_many(estimator, self.BAD[3:])
        with pytest.raises(gmmx.FitFailedError, match=r"^The fit of data\['b'\] failed\. Fitting the mixture model"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gmmx.fit_many(estimator, {"a": self.BAD[0], "b": self.BAD[4]})
        with pytest.raises(TypeError, match=r"^The fit of data\[1\] failed\. "):
            gmmx.fit_many(estimator, [SAMPLES[0], [[{}, {}], [{}, {}]]])

    def test_on_request_others_are_fitted(self):
        estimator = gmmx.GaussianMixture(2, random_state=0, reg_covar=0)
        with pytest.warns(FitFailedWarning) as caught:
            fits = gmmx.fit_many(estimator, self.BAD, on_error="warn")
        message = str(caught[0].message)
        assert message.startswith("3 of 5 fits failed: data[1], data[3], data[4]. The first: X is not accepted: Found")
        assert list(fits.failed) == [1, 3, 4]
        assert isinstance(fits.failed[4], gmmx.FitFailedError)
        assert_same(fits[2], alone(estimator, SAMPLES[2]))
        with pytest.raises(NotFittedError):
            fits[1].predict(SAMPLES[0])
        assert np.isnan(fits.means[[1, 3, 4]]).all() and np.isfinite(fits.covariances[[0, 2]]).all()
        assert fits.converged.tolist() == [True, False, True, False, False]
        assert fits.n_iter[1] == 0 and fits.n_iter[0] > 0
        assert "(5 fits, 3 failed: " in repr(fits)
        assert list(pickle.loads(pickle.dumps(fits)).failed) == [1, 3, 4]

    def test_groups_that_are_too_small(self):
        groups = np.r_[np.zeros(29), 7, np.ones(30)]
        with pytest.warns(FitFailedWarning, match=r"^1 of 3 fits failed: group 7\.0\. The first: Expected n_samples >"):
            fits = gmmx.fit_many(gmmx.GaussianMixture(2, random_state=0), ROWS[:60], groups, on_error="warn")
        assert list(fits.failed) == [7.0] and len(fits[1.0].means_) == 2

    def test_all_fits_fail(self):
        with pytest.raises(
            ValueError, match=r"^All 2 fits failed\. The first: X is not accepted: Found array with 1 sample"
        ):
            gmmx.fit_many(gmmx.GaussianMixture(), [SAMPLES[0][:1]] * 2, on_error="warn")

    @pytest.mark.parametrize(
        ("call", "kind", "message"),
        [
            (
                lambda e: gmmx.fit_many(2, SAMPLES),
                TypeError,
                "estimator is 2, but must be a gmmx.GaussianMixture. Give",
            ),
            (lambda e: gmmx.fit_many(e, []), ValueError, "data is empty, but must hold at least one array. Give"),
            (lambda e: gmmx.fit_many(e, ROWS), ValueError, "data is one array of shape .*without groups it must be a"),
            (lambda e: gmmx.fit_many(e, "rows.csv"), ValueError, "data is the text 'rows.csv', but without groups"),
            (
                lambda e: gmmx.fit_many(e, pytest.importorskip("pandas").DataFrame(ROWS).groupby(GROUPS)),
                ValueError,
                "data is grouped already, but must be rows. Give the table itself",
            ),
            (lambda e: gmmx.fit_many(e, 3), TypeError, "data is of type int, but must be a list or dict of arrays"),
            (
                lambda e: gmmx.fit_many(e, [SAMPLES[0], SAMPLES[1][:, :1]]),
                ValueError,
                r"data\[1\] has 1 features, but data\[0\] has 2: all data sets must have the same. Fit",
            ),
            (
                lambda e: gmmx.fit_many(e, ROWS, GROUPS[:-1]),
                ValueError,
                r"groups has shape \(\d+,\), but data has \d+ rows, so the shape must be .* Give one value for each",
            ),
            (lambda e: gmmx.fit_many(e, ROWS, "mass"), ValueError, r"groups has shape \(\), but data has"),
            (
                lambda e: gmmx.fit_many(e, ROWS[:4], [1.0, 1.0, np.nan, 1.0]),
                ValueError,
                r"groups has no value in row 2 \(the first is 0\): nan. Each row must belong to a group. Drop",
            ),
            (lambda e: gmmx.fit_many(e, ROWS[:4], ["a", None, "a", "a"]), ValueError, "no value in row 1 .*: None"),
            (lambda e: gmmx.fit_many(e, ROWS[:2], [{}, {}]), TypeError, "groups holds values that cannot be keys of a"),
            (
                lambda e: gmmx.fit_many(e, SAMPLES, sample_weight=[None]),
                ValueError,
                "sample_weight has 1 entries, but data has 12 arrays. Give the weights",
            ),
            (
                lambda e: gmmx.fit_many(e, SAMPLES, sample_weight=1.0),
                TypeError,
                "sample_weight is 1.0, but must be a l",
            ),
            (
                lambda e: gmmx.fit_many(e, {"a": SAMPLES[0]}, sample_weight=[None]),
                ValueError,
                "sample_weight is of type list, but must be a dict with the keys of data. Give weights",
            ),
            (
                lambda e: gmmx.fit_many(e, SAMPLES[:2], sample_weight=[None, np.ones(3)]),
                ValueError,
                r"The fit of data\[1\] failed\. sample_weight",
            ),
            (
                lambda e: gmmx.fit_many(e, SAMPLES[:1], sample_weight=[-np.ones(len(SAMPLES[0]))]),
                ValueError,
                r"The fit of data\[0\] failed\. Negative values",
            ),
            (
                lambda e: gmmx.fit_many(e, SAMPLES, on_error="ignore"),
                ValueError,
                "on_error is 'ignore', but must be one of 'r",
            ),
            (lambda e: gmmx.fit_many(e, SAMPLES, n_jobs=0), ValueError, "n_jobs=0 has no meaning"),
            (
                lambda e: gmmx.fit_many(e, SAMPLES, n_jobs="2"),
                TypeError,
                "n_jobs is '2', but must be an integer or None",
            ),
            (
                lambda e: gmmx.fit_many(e, SAMPLES, progress="no"),
                TypeError,
                "progress is 'no', but must be True or False",
            ),
            (lambda e: gmmx.fit_many(e, SAMPLES, group=GROUPS), TypeError, "'group'. Did you mean 'groups'?"),
            (lambda e: gmmx.fit_many(e.set_params(tol=-1), SAMPLES), ValueError, "'tol' parameter of GaussianMixture"),
        ],
    )
    def test_arguments(self, call, kind, message):
        with pytest.raises(kind, match=message):
            call(gmmx.GaussianMixture(2, random_state=0))

    def test_a_row_at_fault_in_an_array_with_groups(self):
        rows = ROWS.copy()
        rows[17, 1] = np.nan
        with pytest.raises(ValueError, match=r"NaN in row 17 \(the first is 0\) of column 1"):
            gmmx.fit_many(gmmx.GaussianMixture(2), rows, GROUPS, on_error="warn")

    def test_private_methods_must_not_be_overridden(self):
        class Own(gmmx.GaussianMixture):
            def _m_step(self, X, log_resp):
                pass

        with pytest.raises(TypeError, match="overrides a private method"):
            gmmx.fit_many(Own(), SAMPLES)


def test_a_callback_sees_one_fit_after_another():
    seen = []
    estimator = gmmx.GaussianMixture(2, random_state=0, callback=seen_by(seen))
    fits = gmmx.fit_many(estimator, SAMPLES[:3])
    assert sum(fit.n_iter_ for fit in fits) == len(seen)
    assert [iteration for iteration, _ in seen].count(1) == 3


def seen_by(seen):
    """A function, which clone shares between estimators."""
    return lambda iteration, log_likelihood: seen.append((iteration, log_likelihood))


def test_progress_counts_rows(capsys):
    pytest.importorskip("tqdm")
    gmmx.fit_many(gmmx.GaussianMixture(2, random_state=0), SAMPLES, progress=True)
    assert f"{len(ROWS) / 1000:.2f}k/" in capsys.readouterr().err
