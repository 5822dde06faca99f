"""`fit_batches`: the fit of the rows in memory, by rows that come in batches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from gmmx import ColumnWarning, FitFailedError, GaussianMixture, _core, _sklearn

TYPES = _core.covariance_types()
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def rows(n_samples=900, n_features=3, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    centers = 3 * rng.normal(size=(3, n_features))
    labels = rng.integers(3, size=n_samples)
    return (centers[labels] + rng.normal(size=(n_samples, n_features))).astype(dtype)


def cut(X, sizes):
    return np.split(X, np.cumsum(sizes))


X = rows()
BATCHES = cut(X, [1, 0, 400, 2, 123])


def assert_same_fit(fitted, expected, tolerance=CLOSE):
    np.testing.assert_allclose(fitted.weights_, expected.weights_, **tolerance)
    np.testing.assert_allclose(fitted.means_, expected.means_, **tolerance)
    np.testing.assert_allclose(fitted.covariances_, expected.covariances_, **tolerance)
    assert (fitted.n_iter_, fitted.converged_) == (expected.n_iter_, expected.converged_)
    np.testing.assert_allclose(fitted.lower_bounds_, expected.lower_bounds_, **tolerance)
    np.testing.assert_allclose(fitted.log_likelihood_, expected.log_likelihood_, rtol=1e-10)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_few_rows_in_batches_are_fitted_as_in_memory(covariance_type):
    data = X[:, :1] if covariance_type in ("E", "V") else X
    expected = GaussianMixture(3, covariance_type=covariance_type, random_state=1).fit(data)
    batches = cut(data, [1, 0, 400, 2, 123])
    fitted = GaussianMixture(3, covariance_type=covariance_type, random_state=1).fit_batches(batches)
    # Searches for common axes end where they gain no more, within the square root of rounding.
    assert_same_fit(fitted, expected, {"rtol": 1e-6, "atol": 1e-6} if covariance_type in ("EVE", "VVE") else CLOSE)


@pytest.mark.parametrize("init_params", ["kmeans", "stream", "hc", "k-means++", "random", "random_from_data"])
@pytest.mark.parametrize("options", [{}, {"acceleration": "anderson"}, {"prior": "default"}], ids=str)
def test_starts_accelerations_and_priors_are_those_of_fit(init_params, options):
    model = GaussianMixture(3, init_params=init_params, random_state=3, max_iter=500, **options)
    expected = GaussianMixture(**model.get_params()).fit(X)
    assert_same_fit(model.fit_batches(BATCHES), expected, {"rtol": 1e-8, "atol": 1e-8})


def test_weights_count_as_in_fit():
    weights = np.random.default_rng(2).integers(0, 3, size=len(X)).astype(float)
    pairs = list(zip(BATCHES, cut(weights, [1, 0, 400, 2, 123]), strict=True))
    expected = GaussianMixture(3, random_state=1).fit(X, sample_weight=weights)
    assert_same_fit(GaussianMixture(3, random_state=1).fit_batches(pairs), expected)


def test_float32_stays_float32():
    narrow = X.astype(np.float32)
    fitted = GaussianMixture(3, random_state=1).fit_batches(cut(narrow, [300, 300]))
    assert fitted.means_.dtype == np.float32
    expected = GaussianMixture(3, random_state=1).fit(narrow)
    np.testing.assert_allclose(fitted.means_, expected.means_, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_are_validated_in_the_first_pass_alone(monkeypatch, dtype):
    batches = cut(X.astype(dtype), [1, 400, 123])
    validated = []
    usual = _sklearn.check_array

    def check_array(array, **options):
        validated.append(len(array))
        return usual(array, **options)

    monkeypatch.setattr(_sklearn, "check_array", check_array)
    model = GaussianMixture(3, random_state=1).fit_batches(batches)
    assert model.n_iter_ > 1
    assert validated == list(map(len, batches))


def test_data_far_from_the_origin_give_the_centred_covariances():
    far = GaussianMixture(3, random_state=1).fit_batches(cut(X + 1e8, [100, 500]))
    near = GaussianMixture(3, random_state=1).fit_batches(cut(X, [100, 500]))
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-5, atol=1e-5)


def test_the_start_does_not_depend_on_how_rows_are_cut():
    def start(sizes):
        return GaussianMixture(3, random_state=5, max_iter=0).fit_batches(cut(X, sizes), init_size=100)

    one, other = start([]), start([7, 100, 0, 300])
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_start_from_some_rows_leads_to_the_same_optimum():
    data = X + 20 * np.eye(3)[np.arange(len(X)) % 3]  # three clusters that nobody confuses
    model = GaussianMixture(3, random_state=5, tol=1e-10, max_iter=2000)
    few = clone(model).fit_batches(cut(data, [100, 300]), init_size=60)
    all_ = clone(model).fit(data)
    np.testing.assert_allclose(few.log_likelihood_, all_.log_likelihood_, rtol=1e-8)


def test_given_parameters_are_where_a_fit_starts():
    first = GaussianMixture(3, random_state=0, max_iter=0).fit(X)
    given = {"weights_init": first.weights_, "means_init": first.means_, "precisions_init": first.precisions_}
    expected = GaussianMixture(3, **given).fit(X)
    passes = []
    source = lambda: passes.append(None) or BATCHES  # noqa: E731
    assert_same_fit(GaussianMixture(3, n_init=5, **given).fit_batches(source), expected)
    assert len(passes) == 1 + expected.n_iter_ + 1  # a look at the rows, EM, the likelihood at the end; no sample


def test_warm_starts_go_on():
    model = GaussianMixture(3, random_state=0, max_iter=2, warm_start=True, tol=1e-9)
    whole = GaussianMixture(3, random_state=0, max_iter=4, tol=1e-9)
    with pytest.warns(ConvergenceWarning):
        model.fit_batches(BATCHES).fit_batches(BATCHES)
        whole.fit(X)
    np.testing.assert_allclose(model.means_, whole.means_, **CLOSE)


def test_of_several_starts_the_best_on_the_drawn_rows_goes_on():
    data = rows(3000, 2, seed=4)
    best = GaussianMixture(3, n_init=10, init_params="random_from_data", random_state=0).fit(data)
    fitted = GaussianMixture(3, n_init=10, init_params="random_from_data", random_state=0).fit_batches([data])
    assert_same_fit(fitted, best, {"rtol": 1e-6, "atol": 1e-6})


class ReiterableBatches:
    def __iter__(self):
        return iter(BATCHES)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(BATCHES, id="list"),
        pytest.param(ReiterableBatches(), id="iterable"),
        pytest.param(lambda: iter(BATCHES), id="function"),
        pytest.param(X, id="array"),
        pytest.param([pd.DataFrame(batch, columns=list("abc")) for batch in BATCHES], id="frames"),
        pytest.param(pd.DataFrame(X, columns=list("abc")), id="one frame"),
        pytest.param([batch.tolist() for batch in BATCHES], id="lists of numbers"),
    ],
)
def test_sources(source):
    fitted = GaussianMixture(3, random_state=1).fit_batches(source)
    assert_same_fit(fitted, GaussianMixture(3, random_state=1).fit(X))


def test_names_of_columns_are_learnt_and_compared():
    frames = [pd.DataFrame(batch, columns=list("abc")) for batch in BATCHES]
    fitted = GaussianMixture(3, random_state=1).fit_batches(frames)
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c"]
    assert not hasattr(fitted.fit_batches(BATCHES), "feature_names_in_")
    with pytest.raises(ValueError, match=r"\['c', 'a', 'b'\] in batch 1, but \['a', 'b', 'c'\] in batch 0"):
        fitted.fit_batches([frames[0], frames[2][list("cab")]])


@pytest.mark.parametrize("batch_size", [1, 77, 10_000])
def test_arrays_in_files_are_cut_into_batches(tmp_path, batch_size):
    np.save(tmp_path / "rows.npy", X)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    fitted = GaussianMixture(3, random_state=1).fit_batches(mapped, batch_size=batch_size)
    assert_same_fit(fitted, GaussianMixture(3, random_state=1).fit(X))


@pytest.mark.parametrize(
    ("source", "error", "complaint"),
    [
        (lambda: (batch for batch in BATCHES), None, None),
        ((batch for batch in BATCHES), TypeError, "generator, which can be passed over only once.*EM passes over"),
        (map(np.asarray, BATCHES), TypeError, "map, which can be passed over only once"),
        (3, TypeError, "of type int"),
        ("no_such_rows.csv", FileNotFoundError, "no_such_rows.csv.*does not exist"),
        (b"rows", TypeError, "of type bytes"),
        ([], ValueError, "no batches"),
        ([np.empty((0, 3))], ValueError, "all of its 1 batches are empty"),
        ([X, X[:, :2]], ValueError, "2 features in batch 1, but 3 in batch 0"),
        ([X, [[1.0, np.nan, 2.0]]], ValueError, r"batch 1 of source.*NaN in row 0 \(the first is 0\) of column 1"),
        ([pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, np.inf]})], ValueError, "infinity in row 1.*of column 'b'"),
        ((X, np.ones(len(X))), ValueError, r"is one batch: give a list of batches, \[\(X, sample_weight\)\]"),
        ([[X, np.ones(len(X))]], ValueError, r"batch 0 of source is a list of rows and weights: make it a tuple"),
        (
            [(X, np.ones(len(X)), X)],
            ValueError,
            r"batch 0 of source is a tuple of 3, but must be X or a tuple \(X, sam",
        ),
        ([(X,)], ValueError, r"batch 0 of source is a tuple of 1, but must be X or"),
        (lambda: X, TypeError, r"source\(\) returned an object of type ndarray.*: return a list, \[X\]"),
        (lambda: "rows.npy", TypeError, r"source\(\) returned an object of type str"),
        (
            [(X, -np.ones(len(X)))],
            ValueError,
            r": -1 in row 0 \(the first is 0\). sample_weight must be one",
        ),
        ([pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})], ValueError, "Column 'b' of X is not numeric"),
        (lambda: None, TypeError, r"source\(\) returned an object of type NoneType, but must return an iterator"),
        (pl.LazyFrame({"a": [1.0, 2.0]}), TypeError, r"LazyFrame of polars.*sink_parquet\(path\), and give the path"),
        ([X, [["a", "b", "c"]]], ValueError, "batch 1 of source"),
        ([(X, np.ones(3))], ValueError, "batch 0 of source.*sample_weight"),
        ([X[0]], ValueError, "batch 0 of source.*2D"),
        ([X[:1]], ValueError, "n_samples = 1"),
        (np.zeros(5), ValueError, r"shape \(5,\)"),
    ],
)
def test_sources_that_cannot_be_fitted_say_why_and_leave_the_last_fit(source, error, complaint):
    model = GaussianMixture(2, random_state=0).fit(X)
    before = model.means_
    if error is None:
        model.fit_batches(source)
        return
    with pytest.raises(error, match=complaint):
        model.fit_batches(source)
    assert model.means_ is before


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"batch_size": 0}, ValueError, "^batch_size is 0, but must be at least 1"),
        ({"batch_size": "9"}, TypeError, "^batch_size is '9', but must be a number of rows"),
        ({"progress": "no"}, TypeError, "^progress is 'no', but must be True or False or None"),
        ({"resume": 1, "checkpoint": "state"}, TypeError, "^resume is 1, but must be True or False"),
        ({"checkpoint": 3}, TypeError, "^checkpoint is of type int, but must be the path of a file"),
        ({"checkpoint": "."}, IsADirectoryError, "^checkpoint is '.', which is a folder: name a file in it"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_anything_is_read(options, error, complaint):
    def unread():
        raise AssertionError("was read")

    with pytest.raises(error, match=complaint):
        GaussianMixture(2).fit_batches(unread, **options)


def test_a_function_that_begins_only_once_is_found_out():
    once = iter(BATCHES)
    with pytest.raises(ValueError, match=r"the same rows in each pass.*only 0 batches"):
        GaussianMixture(2).fit_batches(lambda: once)


def test_a_source_that_grows_is_found_out():
    passes = iter([BATCHES, [*BATCHES, X]])
    with pytest.raises(ValueError, match="batch 6 now has 900 rows"):
        GaussianMixture(2).fit_batches(lambda: next(passes))


def test_a_source_of_other_rows_in_each_pass_is_found_out():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"other ones than in the first pass.*fixed seed"):
        GaussianMixture(2).fit_batches(lambda: iter([rng.normal(size=(1000, 3))]))
    weights = np.ones(len(X))

    def heavier():
        weights[:] *= 2
        yield X, weights

    with pytest.raises(ValueError, match="other ones than in the first pass"):
        GaussianMixture(2).fit_batches(heavier)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_rounding_does_not_look_like_other_rows(covariance_type, offset, dtype):
    data = (rows(20_000, 5, seed=9) + offset).astype(dtype)
    GaussianMixture(4, covariance_type=covariance_type, random_state=0, tol=1e-2).fit_batches(data, batch_size=700)


def test_errors_of_a_source_come_through():
    def broken():
        yield X
        raise OSError("disk on fire")

    with pytest.raises(OSError, match="disk on fire"):
        GaussianMixture(2).fit_batches(broken)


def test_a_partition_of_the_rows_is_refused():
    with pytest.raises(ValueError, match="responsibilities_init"):
        GaussianMixture(3, responsibilities_init=np.zeros(len(X), dtype=int)).fit_batches(BATCHES)


@pytest.mark.parametrize("init_size", [0, 2, -1])
def test_a_start_needs_enough_rows(init_size):
    with pytest.raises(ValueError, match=f"init_size is {init_size}"):
        GaussianMixture(3).fit_batches(BATCHES, init_size=init_size)


def test_where_all_starts_fail_the_error_says_so():
    same = [np.zeros((5, 2))] * 3
    with (
        pytest.warns(ColumnWarning, match="Columns 0 and 1 of X are constant"),
        pytest.raises(FitFailedError, match="collapsed"),
    ):
        GaussianMixture(2, reg_covar=0).fit_batches(same)


def test_callbacks_see_each_iteration_and_may_stop():
    seen = []
    model = GaussianMixture(3, random_state=0, tol=0, callback=lambda i, ll: seen.append((i, ll)) or i == 3)
    model.fit_batches(BATCHES)
    assert [i for i, _ in seen] == [1, 2, 3]
    assert model.n_iter_ == 3
    np.testing.assert_allclose([ll / len(X) for _, ll in seen], model.lower_bounds_)
