"""Dask's arrays and data frames give the fit of rows in memory, wherever and however often their tasks run."""

from __future__ import annotations

import copy
import inspect
import math
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import check_estimator

import gmmx

dask = pytest.importorskip("dask", reason="Dask is not installed")
distributed = pytest.importorskip("distributed", reason="distributed is not installed")
import dask.array as da  # noqa: E402
import dask.dataframe as dd  # noqa: E402

import gmmx.dask  # noqa: E402
from gmmx.dask import _rows  # noqa: E402
from gmmx.dask._rows import DaskRows  # noqa: E402
from gmmx.dask._tasks import Place, statistics_in_group  # noqa: E402
from gmmx.distributed import pairwise_sum, statistics_of  # noqa: E402

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # which ends a process on the spot on Windows
CLOSE = {"rtol": 1e-10, "atol": 1e-10}
PARAMETERS = ("weights_", "means_", "covariances_", "precisions_cholesky_")


def rows(n_samples=600, n_features=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_samples, n_features)) + 2.5 * rng.integers(0, 3, size=(n_samples, 1))


X = rows()
WEIGHTS = np.random.default_rng(1).integers(0, 3, size=len(X)).astype(float)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(w=WEIGHTS)
FRAME.index = FRAME.index * 2 + 7
CUTS = ((1, 0, 200, 99, 0, 300), (2, 1))
"""Chunks with empty ones, one of a single row, and a cut between columns."""


def model(**params):
    return gmmx.dask.GaussianMixture(**{"n_components": 3, "random_state": 1, "tol": 1e-6, **params})


def local(**params):
    options = model(**params).get_params()
    del options["client"]
    return gmmx.GaussianMixture(**options)


def fitted_locally(**params):
    return local(**params).fit(X)


def assert_same_fit(fitted, expected):
    for name in PARAMETERS:
        np.testing.assert_allclose(getattr(fitted, name), getattr(expected, name), **CLOSE, err_msg=name)
    np.testing.assert_allclose(fitted.lower_bounds_, expected.lower_bounds_, **CLOSE)
    np.testing.assert_allclose(fitted.log_likelihood_, expected.log_likelihood_, rtol=1e-10)
    assert fitted.n_iter_ == expected.n_iter_ > 2
    assert fitted.converged_ == expected.converged_


def assert_same_parameters(one, other):
    for name in PARAMETERS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def assert_same_bits(one, other):
    assert_same_parameters(one, other)
    assert one.lower_bounds_ == other.lower_bounds_
    assert one.log_likelihood_ == other.log_likelihood_


@pytest.fixture(autouse=True)
def in_this_process():
    """Tests without a cluster compute in their own thread."""
    with dask.config.set(scheduler="synchronous"):
        yield


# ------------------------------------------------------------------------------------------------ the same fit


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "VEV"])
def test_the_fit_is_that_of_one_machine(covariance_type):
    expected = fitted_locally(covariance_type=covariance_type)
    assert_same_fit(model(covariance_type=covariance_type).fit(da.from_array(X, chunks=CUTS)), expected)


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_cut_gives_the_fit_of_one_machine(data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(X)), max_size=40)))
    sizes = np.diff([0, *cuts, len(X)]).tolist()
    assert_same_fit(model().fit(da.from_array(X, chunks=(sizes, 3))), fitted_locally())


def test_float32_is_fitted_in_float32():
    narrow = X.astype(np.float32)
    fitted = model(tol=1e-4).fit(da.from_array(narrow, chunks=CUTS))
    assert fitted.means_.dtype == np.float32
    np.testing.assert_allclose(fitted.means_, local(tol=1e-4).fit(narrow).means_, rtol=1e-4)


def test_data_far_from_the_origin_give_the_centred_covariances():
    near, far = (model().fit(da.from_array(X + offset, chunks=(150, 3))) for offset in (0.0, 1e8))
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("params", [{"acceleration": "anderson"}, {"prior": "default"}, {"n_init": 3}])
def test_the_other_parameters_mean_what_they_do_on_one_machine(params):
    fitted, expected = model(**params).fit(da.from_array(X, chunks=(150, 3))), fitted_locally(**params)
    np.testing.assert_allclose(fitted.log_likelihood_, expected.log_likelihood_, rtol=1e-7)
    np.testing.assert_allclose(fitted.means_, expected.means_, rtol=1e-3)


def test_chunks_of_unknown_sizes_are_fitted():
    array = da.from_array(X, chunks=(150, 2))
    some = array[array[:, 0] > 1]
    assert math.isnan(some.shape[0])
    assert_same_fit(model().fit(some), local().fit(X[X[:, 0] > 1]))


def test_a_fit_from_a_sample_does_not_depend_on_how_rows_are_cut():
    one, other = (
        model(max_iter=0).fit(da.from_array(X, chunks=chunks), init_size=60) for chunks in ((600, 3), ((0, 7, 593), 2))
    )
    assert_same_parameters(one, other)


def test_many_partitions_are_added_up_as_few_are():
    sizes = np.full(75, 8)
    array = da.from_array(X, chunks=(tuple(sizes), 3))
    mixture = fitted_locally().mixture_
    partitioned = DaskRows(array, None, None, None)
    partitioned.summary()
    parts = [statistics_of(part, None, mixture) for part in np.split(X, np.cumsum(sizes)[:-1])]
    assert partitioned.statistics(mixture).to_bytes() == pairwise_sum(parts).to_bytes()


def test_the_same_partitions_give_the_same_bits_on_every_scheduler():
    array = da.from_array(X, chunks=(20, 3))
    once = model().fit(array)
    with dask.config.set(scheduler="threads"):
        assert_same_bits(model(n_jobs=2).fit(array), once)


def test_warm_starts_go_on():
    array = da.from_array(X, chunks=(150, 3))
    twice, once = model(max_iter=2, warm_start=True, tol=1e-9), model(max_iter=4, tol=1e-9)
    with pytest.warns(ConvergenceWarning):
        twice.fit(array).fit(array)
        once.fit(array)
    np.testing.assert_allclose(twice.means_, once.means_, **CLOSE)


def test_a_fit_goes_on_from_its_checkpoint(tmp_path):
    with pytest.warns(ConvergenceWarning):
        model(max_iter=3).fit(ARRAY, checkpoint=tmp_path / "fit")
    assert_same_bits(model().fit(ARRAY, checkpoint=tmp_path / "fit", resume=True), model().fit(ARRAY))


def test_what_rows_come_from_is_computed_once_a_pass():
    loads = []

    def load(part):
        loads.append(part)
        return np.column_stack([part, np.ones(len(part))])

    array = da.from_array(X, chunks=(300, 3)).map_blocks(load, chunks=((300, 300), (4,)), meta=np.empty((0, 0)))
    mixture = fitted_locally().mixture_
    for features, weights in ((array[:, :3], array[:, 3]), (array[:, :3], None)):
        partitioned = DaskRows(features, weights, None, None)
        partitioned.summary()
        loads.clear()
        partitioned.statistics(mixture)
        assert len(loads) == 2


# ---------------------------------------------------------------------------------------------------- weights


def weighted_inputs():
    frame = dd.from_pandas(FRAME, npartitions=4)
    unknown = frame.clear_divisions()
    array = da.from_array(FRAME.to_numpy(), chunks=(150, 2))
    chunks = (tuple(frame.map_partitions(len).compute(scheduler="synchronous")),)
    yield "array and array", array[:, :3], array[:, 3]
    yield "apart", da.from_array(X, chunks=(150, 3)), da.from_array(WEIGHTS, chunks=150)
    yield "array and series", da.from_array(X, chunks=(*chunks, 3)), frame["w"]
    yield "frame and column", frame, "w"
    yield "frame of unknown divisions", unknown, "w"
    yield "frame and series", frame[["a", "b", "c"]], frame["w"]
    yield "unknown and series", unknown[["a", "b", "c"]], unknown["w"]
    yield "frame and array", frame[["a", "b", "c"]], frame["w"].to_dask_array()
    yield "frame and other array", frame[["a", "b", "c"]], da.from_array(WEIGHTS, chunks=chunks)
    some = array[array[:, 0] > -1e9]
    yield "unknown array and array", some[:, :3], some[:, 3]


@pytest.mark.parametrize("name, features, weights", [pytest.param(*case, id=case[0]) for case in weighted_inputs()])
def test_weights_may_come_as(name, features, weights):
    expected = local().fit(X, sample_weight=WEIGHTS)
    fitted = model().fit(features, sample_weight=weights)
    assert_same_fit(fitted, expected)
    np.testing.assert_allclose(
        fitted.score(features, sample_weight=weights), expected.score(X, sample_weight=WEIGHTS), rtol=1e-12
    )


ARRAY = da.from_array(X, chunks=(150, 3))
SERIES = dd.from_pandas(FRAME, npartitions=3)["w"]


@pytest.mark.parametrize(
    "features, weights, error, message",
    [
        (ARRAY, WEIGHTS, TypeError, r"ndarray.*from_array\(sample_weight"),
        (ARRAY, "w", ValueError, "X is an array"),
        (dd.from_pandas(FRAME, npartitions=3), "v", ValueError, r"'v'.*'a', 'b', 'c', 'w'"),
        (ARRAY, da.from_array(WEIGHTS, chunks=300), ValueError, "has 2 partitions, but X has 4.*rechunk"),
        (ARRAY, SERIES, ValueError, "has 3 partitions, but X has 4"),
        (ARRAY, da.from_array(WEIGHTS, chunks=((150, 149, 151, 150),)), ValueError, "149 numbers in partition 1 of 4"),
        (ARRAY, da.from_array(WEIGHTS[:, None], chunks=(150, 1)), ValueError, "2 dimensions"),
        (ARRAY, da.from_array(-WEIGHTS, chunks=150), ValueError, r"In partition \d of 4.*`sample_weight`: -2 in row"),
        (ARRAY, da.from_array(0 * WEIGHTS, chunks=150), ValueError, "sample_weight sums to 0"),
        (X, da.from_array(WEIGHTS, chunks=150), TypeError, "X is of type numpy.ndarray"),
        (
            dd.from_pandas(FRAME[["a"]], npartitions=3),
            dd.from_pandas(FRAME["w"].iloc[1:], npartitions=3),
            ValueError,
            "different divisions",
        ),
        (
            dd.from_pandas(FRAME[["a"]], npartitions=3).clear_divisions(),
            dd.from_pandas(FRAME["w"].iloc[1:], npartitions=3).clear_divisions(),
            ValueError,
            "partition 2 of 3.*sample_weight.shape ==",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(features, weights, error, message):
    with pytest.raises(error, match=message):
        model().fit(features, sample_weight=weights)


# ----------------------------------------------------------------------------------------------------- errors


def with_nan(row):
    broken = X.copy()
    broken[row, 1] = np.nan
    return da.from_array(broken, chunks=(150, 3))


def test_nan_is_reported_with_its_partition():
    with pytest.raises(
        ValueError, match=r"partition 2 of 4 \(counted from 0\).*NaN in row \d+ \(the first is 0\) of column"
    ):
        model().fit(with_nan(row=310))


def test_rows_beyond_float64_are_reported_with_their_partition():
    fitted, X = model().fit(ARRAY), np.array(ARRAY)
    X[310, 1] = 1e200
    for method in ("predict", "predict_proba", "score_samples"):
        result = getattr(fitted, method)(da.from_array(X, chunks=(150, -1)))
        with pytest.raises(ValueError, match=r"In partition 2 of 4 .*X holds 1e\+200 in row 10 \(.* of column 1,"):
            result.compute()
    with pytest.raises(ValueError, match=r"In partition 2 of 4 .*X holds 1e\+200 in row 10 "):
        fitted.score(da.from_array(X, chunks=(150, -1)))


def test_strings_are_reported_with_their_partition():
    frame = dd.from_pandas(FRAME.assign(a="word"), npartitions=2)
    with pytest.raises(ValueError, match=r"In partition \d of 2.*word"):
        model().fit(frame)


@pytest.mark.parametrize(
    "features, error, message",
    [
        (da.ones(600, chunks=150), ValueError, r"1 dimensions.*X\[:, None\]"),
        (SERIES, TypeError, r"Series.*X.to_frame\(\)"),
        (da.ones((0, 3), chunks=(150, 3)), ValueError, "X has no rows"),
        (da.ones((2, 3), chunks=(1, 3)), ValueError, "n_components = 3, n_samples = 2"),
    ],
)
def test_what_is_no_table_of_enough_rows_is_refused(features, error, message):
    with pytest.raises(error, match=message):
        model().fit(features)


def test_responsibilities_init_is_refused():
    with pytest.raises(ValueError, match="responsibilities_init"):
        model(responsibilities_init=np.zeros(len(X), dtype=int)).fit(ARRAY)


def test_a_client_must_be_one():
    with pytest.raises(TypeError, match="client is of type str"):
        model(client="tcp://127.0.0.1:8786").fit(ARRAY)


@pytest.mark.parametrize("option", [{"init_size": 100}, {"checkpoint": "a"}, {"resume": True}, {"progress": True}])
def test_options_for_partitions_are_refused_with_rows_in_memory(option):
    with pytest.raises(ValueError, match="X is in memory"):
        model().fit(X, **option)


@pytest.mark.parametrize("shown", [False, True])
def test_each_pass_is_shown_if_asked_for(capsys, shown):
    fitted = model(max_iter=3, tol=0.0)
    with pytest.warns(ConvergenceWarning):
        fitted.fit(ARRAY, progress=shown)
    told = capsys.readouterr().err
    if shown:
        assert "pass 3 of EM, log-likelihood" in told and f"{len(X)}/{len(X)}" in told
    else:
        assert told == ""
    with pytest.raises(TypeError, match="progress is 'no', but must be True or False or None"):
        fitted.fit(ARRAY, progress="no")


def test_there_is_no_partial_fit():
    assert not hasattr(model(), "partial_fit")


def test_a_failed_fit_leaves_the_earlier_one():
    fitted = model().fit(ARRAY)
    before = dict(vars(fitted))
    with pytest.raises(ValueError, match="NaN"):
        fitted.fit(with_nan(row=0))
    assert vars(fitted) == before


def test_rows_that_change_in_number_between_passes_are_refused():
    lengths = iter([100] * 2 + [99] * 100)

    def changing(part):
        return part[: next(lengths)]

    array = ARRAY.map_blocks(changing, chunks=((math.nan,) * 4, (3,)), meta=np.empty((0, 0)))
    with pytest.raises(ValueError, match="same rows in each pass"):
        model().fit(array)


# ------------------------------------------------------------------------------------------ values for each row

METHODS = ("predict", "predict_proba", "score_samples", "uncertainty")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_arrays_get_arrays_that_are_computed_later(method, dtype):
    fitted = model().fit(ARRAY)
    values = X.astype(dtype)
    lazy = getattr(fitted, method)(da.from_array(values, chunks=CUTS))
    expected = getattr(fitted.to_local(), method)(values)
    assert lazy.dtype == lazy._meta.dtype == expected.dtype
    assert lazy.shape == expected.shape
    assert lazy.chunks == (CUTS[0], *((n,) for n in expected.shape[1:]))
    np.testing.assert_array_equal(lazy.compute(), expected)


@pytest.mark.parametrize("method", METHODS)
def test_frames_get_series_or_frames_with_their_index(method):
    features = FRAME[["a", "b", "c"]]
    frame = dd.from_pandas(features, npartitions=4).clear_divisions()
    fitted = model().fit(frame)
    lazy = getattr(fitted, method)(frame)
    expected = getattr(fitted.to_local(), method)(features)
    computed = lazy.compute()
    pd.testing.assert_index_equal(computed.index, features.index)
    np.testing.assert_array_equal(computed.to_numpy(), expected)
    if method == "predict_proba":
        assert list(lazy.columns) == list(computed.columns) == [0, 1, 2]
        assert (lazy.dtypes == computed.dtypes).all()
    else:
        assert lazy.dtype == computed.dtype == expected.dtype
        assert frame.assign(value=lazy).compute().shape == (len(X), 4)


@pytest.mark.parametrize("dtype", ["Float64", "float64[pyarrow]", "float32"])
def test_frames_of_other_types_are_taken(dtype):
    features = FRAME[["a", "b", "c"]].astype(dtype)
    frame = dd.from_pandas(features, npartitions=3)
    fitted, expected = model(tol=1e-4).fit(frame), local(tol=1e-4).fit(features)
    np.testing.assert_allclose(fitted.means_, expected.means_, rtol=1e-4 if dtype == "float32" else 1e-10)
    lazy = fitted.score_samples(frame)
    assert lazy.dtype == lazy.compute().dtype == fitted.means_.dtype == ("float32" if dtype == "float32" else "float64")


@pytest.mark.parametrize("method", METHODS)
def test_unknown_chunk_sizes_stay_unknown(method):
    fitted = model().fit(ARRAY)
    lazy = getattr(fitted, method)(ARRAY[ARRAY[:, 0] > 1])
    assert math.isnan(lazy.shape[0])
    np.testing.assert_array_equal(lazy.compute(), getattr(fitted.to_local(), method)(X[X[:, 0] > 1]))


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(part):
        raise AssertionError("computed")

    array = ARRAY.map_blocks(fail, meta=np.empty((0, 0)))
    fitted = model().fit(ARRAY)
    lazy = [getattr(fitted, method)(array) for method in METHODS]
    with pytest.raises(AssertionError, match="computed"):
        lazy[0].compute()


def test_a_later_fit_does_not_change_what_is_computed_later():
    fitted = model().fit(ARRAY)
    lazy, expected = fitted.score_samples(ARRAY), fitted.to_local().score_samples(X)
    fitted.fit(ARRAY + 5)
    np.testing.assert_array_equal(lazy.compute(), expected)


def test_nan_in_a_block_is_reported_with_its_partition():
    lazy = model().fit(ARRAY).predict(with_nan(row=599))
    with pytest.raises(ValueError, match=r"partition 3 of 4.*NaN"):
        lazy.compute()


def test_other_columns_than_those_of_the_fit_are_refused():
    frame = dd.from_pandas(FRAME, npartitions=2)
    fitted = model().fit(frame, sample_weight="w")
    assert list(fitted.feature_names_in_) == ["a", "b", "c"]
    with pytest.raises(
        ValueError, match=r"feature names[\s\S]*take those of the fit: X\[list\(model.feature_names_in_"
    ):
        fitted.predict(frame)
    with pytest.raises(ValueError, match="expecting 3 features"):
        model().fit(ARRAY).predict(ARRAY[:, :2])
    with pytest.raises(ValueError, match="expecting 3 features"):
        model().fit(ARRAY).score(ARRAY[:, :2])


def test_fit_predict_is_fit_and_predict():
    frame = dd.from_pandas(FRAME, npartitions=3)
    expected = local().fit(X, sample_weight=WEIGHTS).predict(X)
    np.testing.assert_array_equal(model().fit_predict(frame, sample_weight="w").compute(), expected)
    np.testing.assert_array_equal(model().fit_predict(ARRAY).compute(), fitted_locally().predict(X))


@pytest.mark.parametrize("method", [*METHODS, "score", "bic"])
def test_a_model_must_be_fitted(method):
    with pytest.raises(NotFittedError):
        getattr(model(), method)(ARRAY)


# --------------------------------------------------------------------------------------------- sums over all rows


@pytest.mark.parametrize("method", ["score", "bic", "aic", "icl", "entropy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_criteria_are_those_of_one_machine(method, weighted):
    fitted = model().fit(ARRAY)
    weights = {"sample_weight": da.from_array(WEIGHTS, chunks=(CUTS[0],))} if weighted else {}
    value = getattr(fitted, method)(da.from_array(X, chunks=CUTS), **weights)
    expected = getattr(fitted.to_local(), method)(X, **({"sample_weight": WEIGHTS} if weighted else {}))
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    assert type(value) is float


def test_rows_without_weight_have_no_score():
    with pytest.raises(ValueError, match="sum to 0"):
        model().fit(ARRAY).score(ARRAY, sample_weight=da.zeros(600, chunks=150))


# ----------------------------------------------------------------------------------------------- an estimator


def test_it_has_the_parameters_of_the_local_one_and_a_client():
    own, base = (inspect.signature(kind).parameters for kind in (gmmx.dask.GaussianMixture, gmmx.GaussianMixture))
    assert list(own) == [*base, "client"]
    assert {name: own[name].default for name in base} == {name: base[name].default for name in base}


def test_rows_in_memory_are_fitted_in_memory():
    fitted, expected = model().fit(X), fitted_locally()
    assert_same_bits(fitted, expected)
    for method in (*METHODS, "score", "bic", "aic", "icl", "entropy"):
        np.testing.assert_array_equal(getattr(fitted, method)(X), getattr(expected, method)(X))
    np.testing.assert_array_equal(model().fit_predict(X), expected.predict(X))


def test_scikit_learn_s_checks_pass():
    results = check_estimator(gmmx.dask.GaussianMixture(), on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}


def test_to_local_keeps_parameters_and_fit():
    fitted = model(covariance_type="VEV").fit(ARRAY)
    converted = fitted.to_local()
    assert type(converted) is gmmx.GaussianMixture
    assert converted.get_params() == {name: value for name, value in fitted.get_params().items() if name != "client"}
    assert_same_bits(converted, fitted)
    np.testing.assert_array_equal(converted.orientations_, fitted.orientations_)
    converted.means_[:] = 0
    assert fitted.means_.any()
    with pytest.raises(NotFittedError):
        model().to_local()


def test_models_are_saved_and_pickled(tmp_path):
    fitted = model().fit(ARRAY)
    assert_same_bits(pickle.loads(pickle.dumps(fitted)), fitted)
    fitted.save(tmp_path / "model.safetensors")
    assert_same_bits(gmmx.load(tmp_path / "model.safetensors"), fitted)


def in_a_fresh_process(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_importing_gmmx_does_not_import_dask():
    done = in_a_fresh_process("import sys, gmmx; sys.exit(bool({'dask', 'distributed'} & set(sys.modules)))")
    assert done.returncode == 0, done.stderr


def test_a_missing_dask_is_reported_with_the_install_command():
    done = in_a_fresh_process("import sys; sys.modules['dask'] = None; import gmmx; import gmmx.dask")
    assert 'ImportError: gmmx.dask needs Dask. Install it: pip install "gmmx-native[dask]"' in done.stderr


# -------------------------------------------------------------------------------------------------- a cluster


def quick(**params):
    """Return a model that few passes fit."""
    return model(**{"tol": 5e-5, **params})


@pytest.fixture(scope="module")
def cluster_client():
    """Two worker processes; a task that sees two of them die is given up."""
    config = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.deploy.lost-worker-timeout": "10 minutes",  # else a second death soon after one is for good
    }
    with (
        dask.config.set(config),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def client(cluster_client):
    """The cluster with both of its workers, started again if need be."""
    cluster_client.wait_for_workers(2, timeout=120)
    return cluster_client


def test_a_cluster_gives_the_same_bits(client):
    array = da.from_array(X, chunks=CUTS)
    assert_same_bits(quick(client=client).fit(array), quick().fit(array))


MANY = (8,) * 75


def partitioned_rows(kind, client):
    array = da.from_array(X, chunks=(MANY, 3))
    if kind == "column":
        return DaskRows(dd.from_pandas(FRAME, npartitions=75), "w", client, None)
    return DaskRows(array, {"none": None, "array": da.from_array(WEIGHTS, chunks=(MANY,))}[kind], client, None)


@pytest.mark.parametrize("kind", ["none", "array", "column"])
@pytest.mark.parametrize("size", [16, 32, 128])
def test_small_partitions_share_tasks_and_give_the_same_bits(client, monkeypatch, kind, size):
    mixture = fitted_locally().mixture_
    expected = partitioned_rows(kind, None)
    expected.summary()
    partitioned = partitioned_rows(kind, client)
    partitioned.summary()
    monkeypatch.setattr(_rows, "_MOST_BYTES_OF_A_GROUP", size * 9 * X[:1].nbytes)
    computed, usual = [], _rows.results

    def results(tasks, client):
        keys = {key for task in tasks for key in dict(task.value.__dask_graph__())}
        computed.append(sum(str(key).startswith("('gmmx-") for key in keys))
        return usual(tasks, client)

    monkeypatch.setattr(_rows, "results", results)
    statistics = partitioned.statistics(mixture)
    assert computed == [-(-75 // size)]
    assert statistics.to_bytes() == expected.statistics(mixture).to_bytes()


def test_partitions_that_take_longer_than_a_task_have_their_own(client, monkeypatch):
    mixture = fitted_locally().mixture_
    partitioned = partitioned_rows("none", client)
    partitioned.summary()
    assert partitioned._group_size(mixture) == 128
    for bound in ("_MOST_BYTES_OF_A_GROUP", "_MOST_PRODUCTS_OF_A_GROUP"):
        with monkeypatch.context() as patch:
            patch.setattr(_rows, bound, 0)
            assert partitioned._group_size(mixture) == 1


def test_what_fails_in_a_shared_task_names_its_partition():
    with pytest.raises(ValueError, match=r"In partition 33 of 75"):
        statistics_in_group(
            Place(32, 34, 75), (fitted_locally().mixture_, "float64", None), [X, X, X], [None, [1.0], None]
        )


def test_a_worker_killed_between_shared_tasks_changes_no_bit(client):
    array = client.persist(da.from_array(X, chunks=(MANY, 3)))

    def kill(iteration, log_likelihood):
        if iteration == 2:
            kill_a_worker(client)

    assert_same_bits(quick(client=client, callback=kill).fit(array), quick().fit(da.from_array(X, chunks=(MANY, 3))))


def test_the_default_client_is_taken(client):
    with client.as_current(), dask.config.set(scheduler="dask.distributed"):
        on_cluster = quick().fit(ARRAY.map_blocks(refuse_process(os.getpid()), meta=np.empty((0, 0))))
    assert_same_bits(on_cluster, quick().fit(ARRAY))


def refuse_process(pid):
    def pass_on(part):
        if os.getpid() == pid:
            raise AssertionError("computed in the test's own process")
        return part

    return pass_on


def kill_a_worker(client):
    pid = next(iter(client.run(os.getpid).values()))
    os.kill(pid, KILL)


def test_a_worker_killed_between_passes_changes_no_bit(client):
    array = client.persist(da.from_array(X, chunks=(75, 3)))

    def kill(iteration, log_likelihood):
        if iteration == 2:
            kill_a_worker(client)

    assert_same_bits(quick(client=client, callback=kill).fit(array), quick().fit(da.from_array(X, chunks=(75, 3))))


def deadly(switch, lives):
    """Return a function that kills its process while there is a file `switch`, after removing it if `lives` is 1."""

    def pass_on(part, block_id=None):
        if block_id[0] == 1 and os.path.exists(switch):
            if lives == 1:
                os.remove(switch)
            os.kill(os.getpid(), KILL)
        return part

    return pass_on


def test_a_worker_killed_during_a_pass_changes_no_bit(client, tmp_path):
    switch = tmp_path / "switch"
    array = da.from_array(X, chunks=(75, 3))

    def turn_on(iteration, log_likelihood):
        if iteration == 2:
            switch.touch()

    fragile = array.map_blocks(deadly(str(switch), lives=1), meta=np.empty((0, 0)))
    fitted = quick(client=client, callback=turn_on).fit(fragile)
    assert not switch.exists()
    assert_same_bits(fitted, quick().fit(array))


def test_a_partition_that_kills_its_workers_gives_an_error_with_the_last_good_parameters(client, tmp_path):
    switch = tmp_path / "switch"

    def turn_on(iteration, log_likelihood):
        if iteration == 3:
            switch.touch()

    fragile = ARRAY.map_blocks(deadly(str(switch), lives=0), meta=np.empty((0, 0)))
    gm = quick(client=client).fit(ARRAY + 1.0)
    before = dict(vars(gm))
    gm.set_params(callback=turn_on)
    with pytest.raises(gmmx.dask.WorkersLostError, match=r"killed one worker after another.*goes on from") as caught:
        gm.fit(fragile)
    switch.unlink()
    gm.set_params(callback=None)
    assert vars(gm) == before

    # The third pass, at the parameters after two iterations, was the last to be finished.
    last = caught.value.model
    with pytest.warns(ConvergenceWarning):
        expected = quick(max_iter=2).fit(ARRAY)
    assert type(last) is gmmx.GaussianMixture
    assert_same_parameters(last, expected)
    np.testing.assert_allclose(last.log_likelihood_, last.score(X) * len(X), rtol=1e-12)

    whole = quick().fit(ARRAY)
    gm.set_params(weights_init=last.weights_, means_init=last.means_, precisions_init=last.precisions_)
    gm.set_params(client=None).fit(ARRAY)
    assert gm.n_iter_ == whole.n_iter_ - 2
    np.testing.assert_allclose(gm.means_, whole.means_, **CLOSE)


def test_the_error_is_pickled_with_its_quick():
    error = pickle.loads(pickle.dumps(gmmx.dask.WorkersLostError("gone", fitted_locally())))
    assert str(error) == "gone"
    assert_same_bits(error.model, fitted_locally())


def test_what_fails_on_a_cluster_names_its_partition(client):
    def fail(part, block_id=None):
        if block_id[0] == 2:
            raise OSError("no such file")
        return part

    with pytest.raises(RuntimeError, match=r"Partition 2 of 4 \(counted from 0\).*OSError: no such file"):
        quick(client=client).fit(ARRAY.map_blocks(fail, meta=np.empty((0, 0))))
    with pytest.raises(ValueError, match=r"In partition 2 of 4.*NaN"):
        quick(client=client).fit(with_nan(row=310))


def test_a_clone_shares_the_client_and_copies_leave_it_out(client):
    gm = quick(client=client)
    assert clone(gm).client is client
    assert clone(gm).get_params() == gm.get_params()
    assert copy.deepcopy(gm).client is None
    assert pickle.loads(pickle.dumps(gm)).client is None


def test_a_cluster_that_is_gone_before_em_gives_an_error_without_parameters(client):
    with distributed.Client(client.cluster, set_as_default=False) as other:
        pass
    with pytest.raises(
        gmmx.dask.WorkersLostError, match=r"give its client, .*set_params\(client=.*EM had not begun"
    ) as caught:
        quick(client=other).fit(ARRAY)
    assert caught.value.model is None


def test_a_client_closed_between_passes_is_a_loss_that_keeps_the_last_good_parameters(client):
    def close(iteration, log_likelihood):
        other.close()

    with distributed.Client(client.cluster, set_as_default=False) as other:
        estimator = quick(client=other, callback=close)
        with pytest.raises(gmmx.dask.WorkersLostError, match="holds the last good parameters") as caught:
            estimator.fit(ARRAY)
    assert caught.value.model.weights_.shape == (estimator.n_components,)


def test_a_cluster_without_workers_is_a_loss_after_dask_s_timeout():
    with (
        dask.config.set({"distributed.scheduler.no-workers-timeout": "100ms"}),
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        pytest.raises(gmmx.dask.WorkersLostError, match=r"NoWorkerError|NoValidWorkerError"),
    ):
        quick(client=client).fit(ARRAY)


def test_an_asynchronous_client_is_refused(client):
    async def fit():
        async with distributed.Client(client.scheduler.address, asynchronous=True, set_as_default=False) as other:
            with pytest.raises(ValueError, match="client is asynchronous"):
                quick(client=other).fit(ARRAY)

    client.sync(fit)
