"""What looks like numbers and is none is refused with its place: dates, masked entries, missing values of tables."""

import datetime

import numpy as np
import pandas as pd
import pytest

import gmmx
from gmmx import GaussianMixture

A = np.random.default_rng(1).normal(size=(20, 2))
FRAME = pd.DataFrame(A, columns=["a", "b"])
DAYS = np.arange("2024-01-01", "2024-01-21", dtype="datetime64[D]")
NOT_A_TIME = pd.Series(DAYS.astype("datetime64[ns]")).mask(np.arange(20) == 3)


def fit(X):
    return GaussianMixture(1).fit(X)


def fit_batches(X):
    return GaussianMixture(1).fit_batches([X])


def e_step(X):
    return gmmx.e_step(X, GaussianMixture.from_parameters([1.0], [[0.0] * np.shape(X)[1]], [1.0], "spherical"))


@pytest.fixture(params=[fit, fit_batches, e_step], ids=lambda function: function.__name__)
def take(request):
    return request.param


DATES = {
    "array": (np.c_[DAYS, DAYS], r"X holds dates \(dtype datetime64\[D\]\)"),
    "time differences": (np.c_[DAYS, DAYS] - DAYS[0], r"X holds time differences"),
    "list": ([[day] for day in DAYS], r"X holds dates"),
    "objects": (np.array([[day, 1.0] for day in DAYS], dtype=object), r"X holds dates"),
    "column": (FRAME.assign(day=DAYS), r"X holds dates in the column 'day'"),
    "only column": (pd.DataFrame({"day": NOT_A_TIME}), r"X holds dates in the column 'day'"),
    "time zone": (pd.DataFrame({"day": pd.to_datetime(DAYS).tz_localize("UTC")}), r"X holds dates in the column 'day'"),
    "difference column": (pd.DataFrame({"age": DAYS - DAYS[0]}), r"X holds time differences in the column 'age'"),
    "complex": (A + 1j, r"Complex data not supported: X holds complex numbers \(dtype complex128\)"),
    "complex column": (FRAME.assign(z=A[:, 0] + 1j), r"Complex data not supported: .* in the column 'z'"),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_and_complex_numbers_are_refused(name, take):
    X, message = DATES[name]
    with pytest.raises(ValueError, match=rf"{message}.*, but all numbers must be real\. Drop them, or \w+"):
        take(X)


@pytest.mark.parametrize("value", [datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1), pd.Timestamp(0), object()])
def test_objects_are_refused_with_their_place(value, take):
    X = FRAME.astype(object)
    X.iloc[4, 1] = value
    with pytest.raises(TypeError, match=r"object of type [\w.]+ in row 4 \(the first is 0\) of column 'b'"):
        take(X)
    with pytest.raises(TypeError, match=r"object of type [\w.]+ in row 4 \(the first is 0\) of column 1 "):
        take(X.to_numpy())


def test_a_period_is_refused_with_its_column(take):
    with pytest.raises(TypeError, match=r"Period in row 0 .* of column 'day'"):
        take(FRAME.assign(day=pd.PeriodIndex(DAYS, freq="D")))


def test_structured_arrays_are_refused():
    X = np.array([(1.0, 2.0)] * 5, dtype=[("length", float), ("width", float)])
    with pytest.raises(TypeError, match=r"structured array with the fields length, width, .*to_unstructured"):
        fit(X)


def test_truth_values_are_zero_and_one(take):
    np.testing.assert_array_equal(fit(A > 0).means_, fit((A > 0).astype(float)).means_)


class TestMasked:
    MASKED = np.ma.masked_array(A, mask=np.arange(40).reshape(20, 2) == 7)

    def test_a_masked_entry_is_missing(self, take):
        with pytest.raises(ValueError, match=r"X has no value in row 3 \(the first is 0\) of column 1: .* masked"):
            take(self.MASKED)

    def test_integers_too(self):
        with pytest.raises(ValueError, match=r"row 3 .* of column 1: .* masked"):
            fit(np.ma.masked_array((A * 10).astype(int), mask=self.MASKED.mask))

    def test_without_masked_entries_it_is_its_data(self, take):
        take(np.ma.masked_array(A))
        np.testing.assert_array_equal(fit(np.ma.masked_array(A)).means_, fit(A).means_)

    def test_batches_are_counted(self):
        with pytest.raises(ValueError, match=r"batch 1 of source .* row 3 \(the first is 0\) of column 1"):
            GaussianMixture(1).fit_batches([A[:10], self.MASKED[:10]])
        with pytest.raises(ValueError, match=r"batch 1 of source .* row 1 \(the first is 0\) of column 1"):
            GaussianMixture(1).fit_batches(self.MASKED, batch_size=2)

    @pytest.mark.parametrize("method", ["predict", "score_samples", "bic", "partial_fit"])
    def test_methods_refuse_it(self, method):
        with pytest.raises(ValueError, match="masked"):
            getattr(gmmx.OnlineGaussianMixture(random_state=0).fit(A), method)(self.MASKED)

    def test_weights_and_starts_refuse_it(self):
        weights = np.ma.masked_array(np.ones(20), mask=np.arange(20) == 5)
        with pytest.raises(ValueError, match=r"sample_weight has no value in row 5 \(the first is 0\): "):
            GaussianMixture(1).fit(A, sample_weight=weights)
        with pytest.raises(ValueError, match=r"batch 1 of source .* sample_weight has no value in row 5 "):
            GaussianMixture(1).fit_batches([(A[:10], None), (A[10:], weights[:10])])
        means = np.ma.masked_array([[0.0, 1.0]], mask=[[False, True]])
        with pytest.raises(ValueError, match=r"means_init has no value in row 0 .* column 1"):
            GaussianMixture(1, means_init=means).fit(A)
        labels = np.ma.masked_array(np.arange(20) % 2, mask=np.arange(20) == 5)
        with pytest.raises(ValueError, match=r"responsibilities_init has no value in row 5"):
            GaussianMixture(2, responsibilities_init=labels).fit(A)


HOLES = FRAME > 1.0
FIRST = tuple(map(int, np.argwhere(HOLES.to_numpy())[0]))
TABLES = {
    "float64": FRAME.mask(HOLES),
    "Int64": (FRAME * 10).round().astype("Int64").mask(HOLES),
    "Float64": FRAME.astype("Float64").mask(HOLES),
    "boolean": (FRAME > 0).astype("boolean").mask(HOLES),
    "object": FRAME.astype(object).where(~HOLES, pd.NA),
}


@pytest.mark.parametrize("name", [*TABLES, "pyarrow"])
def test_missing_values_are_named_by_row_and_column(name, take):
    if name == "pyarrow":
        pytest.importorskip("pyarrow")
        X = TABLES["float64"].convert_dtypes(dtype_backend="pyarrow")
    else:
        X = TABLES[name]
    row, column = FIRST
    with pytest.raises(
        ValueError, match=rf"X contains NaN in row {row} \(the first is 0\) of column '{'ab'[column]}', but"
    ):
        take(X)


def test_missing_objects_of_an_array_are_named(take):
    with pytest.raises(ValueError, match=r"X contains NaN in row 3 \(the first is 0\) of column 1, but"):
        take(np.where(np.arange(40).reshape(20, 2) == 7, pd.NA, A.astype(object)))


@pytest.mark.parametrize("kind", ["Int64", "Float64", "float64"])
def test_a_missing_weight_is_named_by_its_row(kind):
    weights = pd.Series(np.ones(20), dtype=kind).mask(np.arange(20) == 6)
    for given in (weights, weights.array):
        with pytest.raises(ValueError, match=r"sample_weight contains NaN in row 6 \(the first is 0\), but"):
            GaussianMixture(1).fit(A, sample_weight=given)


class TestDictionaries:
    """Columns of Arrow that hold each value once and its numbers by row."""

    @pytest.mark.parametrize("kind", ["float64", "float32", "int16"])
    def test_numbers_are_fitted(self, kind):
        pa = pytest.importorskip("pyarrow")
        values = pa.array(A[:, 0].round()).cast(kind)
        table = pa.table({"a": pa.array(A[:, 1]).cast("float32"), "b": values.dictionary_encode()})
        expected = fit(pa.table({"a": table["a"], "b": values}))
        for model in (fit(table), fit_batches(table), GaussianMixture(1).fit_batches(table)):
            np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-6)
            assert model.means_.dtype == expected.means_.dtype == (np.float32 if kind == "float32" else np.float64)

    def test_in_parquet_files(self, tmp_path):
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        values = pa.array(A[:, 0].round())
        parquet.write_table(pa.table({"b": values.dictionary_encode()}), tmp_path / "b.parquet")
        model = GaussianMixture(1).fit_batches(gmmx.data.from_parquet(tmp_path / "b.parquet"))
        np.testing.assert_allclose(model.means_, fit(pa.table({"b": values})).means_)

    def test_missing_values_are_named(self):
        pa = pytest.importorskip("pyarrow")
        encoded = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array([1.0, None]))
        for column in (encoded, pa.array([1.0, None, 2.0]).dictionary_encode()):
            with pytest.raises(ValueError, match=r"X has no value in row 1 .* column 'b'"):
                fit(pa.table({"b": column}))

    def test_texts_are_refused(self):
        pa = pytest.importorskip("pyarrow")
        with pytest.raises(ValueError, match=r"column 'b' of type dictionary<values=string"):
            fit(pa.table({"b": pa.array(["x", "y"]).dictionary_encode()}))
