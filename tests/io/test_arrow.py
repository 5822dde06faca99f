"""Tables of other libraries come in by Arrow's C stream protocol: the same fit as of an array, names checked."""

from __future__ import annotations

import sys
from decimal import Decimal

import numpy as np
import pytest
import sklearn

import gmmx
from gmmx import GaussianMixture
from gmmx.io import arrow

pa = pytest.importorskip("pyarrow")
NAMES = ["length", "width", "depth"]


def rows(dtype=np.float64):
    generator = np.random.default_rng(5)
    X = np.concatenate([generator.normal(size=(60, 3)), generator.normal(6.0, 2.0, size=(40, 3))])
    return X.astype(dtype)


def pyarrow_table(X, names=NAMES):
    halves = [pa.table(list(part.T), names=names) for part in (X[:33], X[33:])]  # two chunks
    return pa.concat_tables(halves)


def polars_frame(X, names=NAMES):
    return pytest.importorskip("polars").DataFrame(dict(zip(names, X.T, strict=True)))


def duckdb_relation(X, names=NAMES):
    return pytest.importorskip("duckdb").connect().from_arrow(pyarrow_table(X, names))


def record_batch_reader(X, names=NAMES):
    return pyarrow_table(X, names).to_reader()


def record_batch(X, names=NAMES):
    return pyarrow_table(X, names).combine_chunks().to_batches()[0]


class OnlyTheProtocol:
    """A table of a library that nobody has heard of."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def unknown_library(X, names=NAMES):
    return OnlyTheProtocol(pyarrow_table(X, names))


MAKERS = [pyarrow_table, polars_frame, duckdb_relation, record_batch_reader, record_batch, unknown_library]


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def make(request):
    return request.param


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_table_is_fitted_as_the_array_of_its_columns(make, dtype):
    X = rows(dtype)
    expected = GaussianMixture(2, random_state=0).fit(X)
    model = GaussianMixture(2, random_state=0).fit(make(X))
    assert model.means_.dtype == dtype
    np.testing.assert_array_equal(model.means_, expected.means_)
    np.testing.assert_array_equal(model.covariances_, expected.covariances_)
    assert model.n_features_in_ == 3
    assert model.feature_names_in_.tolist() == NAMES


def test_all_methods_take_a_table(make):
    X = rows()
    model = GaussianMixture(2, random_state=0).fit(make(X))
    names = pyarrow_table(X)  # of an array, the names would be missed
    for method in ("predict", "predict_proba", "score_samples", "score", "bic", "aic", "icl", "uncertainty"):
        np.testing.assert_array_equal(getattr(model, method)(make(X)), getattr(model, method)(names), err_msg=method)
    np.testing.assert_array_equal(model.predict(names), GaussianMixture(2, random_state=0).fit_predict(X))
    np.testing.assert_array_equal(gmmx.e_step(make(X), model).counts, gmmx.e_step(X, model).counts)


def test_other_names_are_refused(make):
    X = rows()
    model = GaussianMixture(2, random_state=0).fit(make(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(make(X, ["width", "length", "depth"]))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(make(X[:, :2], NAMES[:2]))


def test_fewer_columns_than_the_fit_had_are_refused_where_it_had_no_names(make):
    model = GaussianMixture(2, random_state=0).fit(rows())
    with pytest.warns(UserWarning, match="fitted without feature names"), pytest.raises(ValueError, match="2 features"):
        model.predict(make(rows()[:, :2], NAMES[:2]))


def test_a_missing_value_is_named_by_row_and_column():
    table = pa.table({"a": [1.0, 2.0, 3.0], "b": [1, None, 3]})
    for X in (table, table.to_reader(), OnlyTheProtocol(table)):
        with pytest.raises(ValueError, match=r"X has no value in row 1 .* column 'b': fill in"):
            GaussianMixture().fit(X)


def test_rows_of_a_missing_value_are_counted_over_all_chunks():
    chunks = [pa.table({"a": [0.0] * 5}), pa.table({"a": [0.0, None]})]
    with pytest.raises(ValueError, match="row 6 "):
        GaussianMixture().fit(pa.concat_tables(chunks))


def test_nan_is_refused(make):
    X = rows()
    X[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN in row 7 .* of column 'width', but"):
        GaussianMixture(2).fit(make(X))


@pytest.mark.parametrize(
    "column",
    [["a", "b"], [b"a", b"b"], [["a"], ["b"]], [[[1.0]], [[2.0]]], pa.array([1, 2], pa.timestamp("s"))],
    ids=str,
)
def test_columns_that_hold_no_numbers_are_named(column):
    table = pa.table({"x": [1.0, 2.0], "species": column})
    with pytest.raises(ValueError, match=r"X has the column 'species' of type .*: leave it out"):
        GaussianMixture().fit(table)


def test_numbers_of_every_type_become_float64():
    table = pa.table(
        {
            "int": pa.array([1, 2, 4], pa.int8()),
            "unsigned": pa.array([1, 2, 4], pa.uint64()),
            "half": pa.array(np.array([1, 2, 4], np.float16)),
            "single": pa.array([1, 2, 4], pa.float32()),
            "bool": [False, True, True],
            "decimal": pa.array([Decimal(1), Decimal(2), Decimal(4)]),
        }
    )
    X, header = arrow.read(table)
    assert X.dtype == np.float64 and X.flags.c_contiguous
    expected = np.array([1.0, 2.0, 4.0])
    for j, name in enumerate(table.column_names):
        np.testing.assert_array_equal(X[:, j], expected > 1 if name == "bool" else expected, err_msg=name)
    assert header.num_rows == 0 and header.column_names == table.column_names


def test_tables_without_rows_or_columns_are_refused():
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        GaussianMixture().fit(pa.table({"a": pa.array([], pa.float64())}))
    with pytest.raises(ValueError, match="X"):
        GaussianMixture().fit(pa.table({}))


def test_a_single_column_that_is_no_table_is_refused_as_a_vector_is():
    for column in (pa.chunked_array([[1.0, 2.0]]), pytest.importorskip("polars").Series([1.0, 2.0])):
        with pytest.raises(ValueError, match=r"Expected (a 2-dimensional container|2D array)"):
            GaussianMixture().fit(column)


def test_a_failed_fit_leaves_names_as_they_were():
    model = GaussianMixture(2, random_state=0).fit(pyarrow_table(rows()))
    with pytest.raises(ValueError, match="no value"):
        model.fit(pa.table({"other": [1.0, None]}))
    assert model.feature_names_in_.tolist() == NAMES and model.n_features_in_ == 3


def test_pandas_frames_are_left_to_scikit_learn():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rows(np.float32), columns=NAMES)
    assert not arrow.is_stream(frame)
    assert GaussianMixture(2, random_state=0).fit(frame).means_.dtype == np.float32


def test_without_pyarrow_a_relation_says_what_to_install_and_polars_works(monkeypatch):
    frame, other = polars_frame(rows()), unknown_library(rows())
    # scikit-learn converts the frame; before 1.9 it sees no names of polars 2.
    sees_names = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9) or hasattr(frame, "__dataframe__")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'needs pyarrow: pip install "gmmx-native\[data\]"'):
        GaussianMixture(2).fit(other)
    model = GaussianMixture(2, random_state=0).fit(frame)
    assert list(getattr(model, "feature_names_in_", ())) == (NAMES if sees_names else [])
