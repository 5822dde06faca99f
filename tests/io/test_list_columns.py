"""Columns of lists of numbers, such as embeddings: a list of n numbers is n features, wherever Arrow data are read."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gmmx
from gmmx import GaussianMixture
from gmmx.data import from_parquet
from gmmx.io import arrow
from gmmx.io._arrow_features import ArrowFeatures

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

Run = Callable[..., Result]
N = 4
MAKES_HALF_FLOATS = int(pa.__version__.split(".")[0]) >= 22
NAMES = [f"face[{j}]" for j in range(N)]


def rows(dtype: Any = np.float64) -> Any:
    generator = np.random.default_rng(3)
    return np.concatenate([generator.normal(size=(60, N)), generator.normal(6.0, 2.0, size=(40, N))]).astype(dtype)


def ages(X: Any) -> Any:
    return X[:, 0] * X[:, 1]


def lists_of(X: Any, of_type: Any = None) -> Any:
    """Rows as an array of lists, by way of Python's."""
    return pa.array(X.tolist(), of_type or pa.list_(pa.from_numpy_dtype(X.dtype)))


def table_of(X: Any, of_type: Any = None) -> Any:
    """Rows as a column of lists beside one of numbers."""
    return pa.table({"age": ages(X), "face": lists_of(X, of_type)})


def flat_table(X: Any) -> Any:
    """The same numbers, a column for each."""
    return pa.table([ages(X), *X.T], names=["age", *NAMES])


def tensors(X: Any) -> Any:
    kind = pa.fixed_shape_tensor(pa.from_numpy_dtype(X.dtype), (2, N // 2))
    return pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), N))


def dictionary_of_lists(X: Any) -> Any:
    order = np.random.default_rng(0).permutation(len(X)).astype(np.int32)
    places = np.empty_like(order)
    places[order] = np.arange(len(X))
    return pa.DictionaryArray.from_arrays(pa.array(places), lists_of(X[order]))


def dictionary(numbers: Any) -> Any:
    """Return numbers as a dictionary and indices, which pyarrow 25 and earlier do not make of half floats."""
    values, indices = np.unique(numbers, return_inverse=True)
    return pa.DictionaryArray.from_arrays(indices.astype(np.int32), pa.array(values))


def lists_of_dictionary(X: Any) -> Any:
    offsets = pa.array(np.arange(len(X) + 1, dtype=np.int32) * N)
    return pa.ListArray.from_arrays(offsets, dictionary(X.ravel()))


def fixed_lists_of_dictionary(X: Any) -> Any:
    return pa.FixedSizeListArray.from_arrays(dictionary(X.ravel()), N)


def views(X: Any) -> Any:
    """Lists in an order of their own within the values."""
    starts = np.arange(len(X), dtype=np.int32)[::-1] * N
    sizes = np.full(len(X), N, dtype=np.int32)
    return pa.ListViewArray.from_arrays(pa.array(starts), pa.array(sizes), pa.array(X[::-1].ravel()))


KINDS: dict[str, Callable[[Any], Any]] = {
    "list": lists_of,
    "large_list": lambda X: lists_of(X, pa.large_list(pa.from_numpy_dtype(X.dtype))),
    "fixed_size_list": lambda X: lists_of(X, pa.list_(pa.from_numpy_dtype(X.dtype), N)),
    "tensor": tensors,
    "dictionary of lists": dictionary_of_lists,
    "lists of dictionary": lists_of_dictionary,
    "fixed lists of dictionary": fixed_lists_of_dictionary,
    **({"list_view": views} if hasattr(pa, "ListViewArray") else {}),
}


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return KINDS[request.param]


class OnlyTheProtocol:
    """A table of a library that nobody has heard of."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


def polars_lists(X: Any) -> Any:
    return pytest.importorskip("polars").from_arrow(table_of(X))


def polars_arrays(X: Any) -> Any:
    polars = pytest.importorskip("polars")
    return polars.DataFrame({"age": ages(X), "face": polars.Series(X, dtype=polars.Array(polars.Float64, N))})


def pandas_frame(X: Any) -> Any:
    pd = pytest.importorskip("pandas")
    face = pd.array(X.tolist(), dtype=pd.ArrowDtype(pa.list_(pa.float64())))
    return pd.DataFrame({"age": ages(X), "face": face}, index=np.arange(len(X))[::-1])


SOURCES: list[Callable[[Any], Any]] = [
    table_of,
    lambda X: pa.concat_tables([table_of(X[:33]), table_of(X[33:33]), table_of(X[33:])]),
    lambda X: table_of(X).combine_chunks().to_batches()[0],
    lambda X: OnlyTheProtocol(table_of(X)),
    lambda X: pytest.importorskip("duckdb").connect().from_arrow(table_of(X)),
    polars_lists,
    polars_arrays,
    pandas_frame,
]


class TestNumbers:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        dtype=st.sampled_from(
            [np.float32, np.float64, np.int8, np.uint64, *([np.float16] if MAKES_HALF_FLOATS else [])]
        ),
        spans=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=4).filter(
            lambda spans: any(length for _, length in spans)
        ),
    )
    def test_are_those_of_the_lists_wherever_they_are_cut(self, make: Any, dtype: Any, spans: Any) -> None:
        X = np.random.default_rng(1).integers(0, 99, size=(20, N)).astype(dtype)
        column = make(X)
        chunks = [column.slice(begin, length) for begin, length in spans]
        expected = np.concatenate([X[begin : begin + length] for begin, length in spans])
        table = pa.table({"x": pa.array(expected[:, 0]), "face": pa.chunked_array(chunks, column.type)})
        found = arrow.read(table)
        np.testing.assert_array_equal(found.X, np.column_stack([expected[:, 0], expected]))
        assert found.X.dtype == (np.float32 if dtype == np.float32 else np.float64)
        assert found.X.flags.c_contiguous and found.header.column_names == ["x", *NAMES]

    @pytest.mark.parametrize(
        "values", [pa.array([True, False, True, True]), pa.array(list(map(Decimal, ("1.5", "2.5", "0.5", "7.5"))))]
    )
    def test_of_truth_values_and_decimals_become_float64(self, values: Any) -> None:
        found = arrow.read(pa.table({"a": pa.FixedSizeListArray.from_arrays(values, 2)})).X
        expected = np.array([float(value.as_py()) for value in values]).reshape(2, 2)
        np.testing.assert_array_equal(found, expected)

    def test_of_float32_lists_and_float64_columns_are_float64(self) -> None:
        table = pa.table({"x": [0.1], "face": lists_of(rows(np.float32)[:1])})
        assert arrow.read(table).X.dtype == np.float64
        assert arrow.read(table.select(["face"])).X.dtype == np.float32

    @settings(max_examples=30, deadline=None)
    @given(
        kind=st.sampled_from(sorted(KINDS)),
        begin=st.integers(0, 5),
        features=st.permutations(range(N + 2)).flatmap(lambda p: st.integers(1, N + 2).map(lambda n: p[:n])),
        absent=st.sets(st.integers(0, 9)),
        holes=st.sets(st.tuples(st.integers(0, 9), st.integers(0, N - 1)), max_size=5),
    )
    def test_are_copied_in_any_choice_and_order_with_nan_for_what_is_missing(
        self, kind: Any, begin: Any, features: Any, absent: Any, holes: Any
    ) -> None:
        X = np.arange(10.0 * N).reshape(10, N)
        column = KINDS[kind](X)
        if kind in ("list", "large_list", "fixed_size_list"):
            cells = [[None if (i, j) in holes else x for j, x in enumerate(row)] for i, row in enumerate(X.tolist())]
            column = pa.array([None if i in absent else row for i, row in enumerate(cells)], column.type)
            for i, j in holes:
                X[i, j] = np.nan
            X[sorted(absent)] = np.nan
        table = pa.table({"a": np.arange(10), "face": column, "b": -np.arange(10)}).slice(begin)
        (batch,) = table.to_batches()
        expected = np.column_stack([np.arange(10), X, -np.arange(10)])[begin:, features]
        found = np.empty(expected.shape)
        chosen = ArrowFeatures(("a", "face", "b"), (None, N, None)).chosen(features)
        chosen.copy(batch, found, "X", 0, keep_missing=True)
        np.testing.assert_array_equal(found, expected)

    def test_under_a_null_do_not_count(self) -> None:
        values, offsets = pa.array([1.0, 2.0, 7.0, 8.0, 9.0, 3.0, 4.0]), pa.array([0, 2, 5, 7], pa.int32())
        column = pa.ListArray.from_arrays(offsets, values, mask=pa.array([False, True, False]))
        batch = pa.record_batch({"face": column})
        found = np.empty((3, 2), np.float32)
        ArrowFeatures(("face",), (2,)).chosen([0, 1]).copy(batch, found, "X", 0, keep_missing=True)
        np.testing.assert_array_equal(found, [[1, 2], [np.nan, np.nan], [3, 4]])


class TestFits:
    @pytest.mark.parametrize("make", SOURCES)
    def test_are_those_of_a_flat_table(self, make: Any) -> None:
        X = rows()
        expected = GaussianMixture(2, random_state=0).fit(flat_table(X))
        model = GaussianMixture(2, random_state=0).fit(make(X))
        np.testing.assert_array_equal(model.means_, expected.means_)
        np.testing.assert_array_equal(model.covariances_, expected.covariances_)
        assert model.feature_names_in_.tolist() == ["age", *NAMES]
        for method in ("predict", "predict_proba", "score_samples", "score", "bic", "uncertainty"):
            found = getattr(expected, method)(make(X))
            np.testing.assert_array_equal(found, getattr(model, method)(flat_table(X)), err_msg=method)
        np.testing.assert_array_equal(gmmx.e_step(make(X), model).counts, gmmx.e_step(flat_table(X), model).counts)

    @pytest.mark.parametrize("make", SOURCES)
    def test_in_batches_are_those_of_a_flat_table(self, make: Any) -> None:
        X = rows()
        expected = GaussianMixture(2, random_state=0).fit_batches(flat_table(X), batch_size=30)
        model = GaussianMixture(2, random_state=0).fit_batches(make(X), batch_size=30)
        np.testing.assert_array_equal(model.means_, expected.means_)
        assert model.feature_names_in_.tolist() == ["age", *NAMES]

    @pytest.mark.parametrize("make", [table_of, polars_lists, pandas_frame, lambda X: OnlyTheProtocol(table_of(X))])
    def test_of_batches_of_tables_some_of_them_empty(self, make: Any) -> None:
        X = rows()
        parts = [X[:0], X[:30], X[30:30], X[30:]]
        expected = GaussianMixture(2, random_state=0).fit_batches([flat_table(part) for part in parts])
        model = GaussianMixture(2, random_state=0).fit_batches([make(part) for part in parts])
        np.testing.assert_array_equal(model.means_, expected.means_)
        online = gmmx.OnlineGaussianMixture(2, random_state=0).partial_fit(make(X))
        assert online.feature_names_in_.tolist() == ["age", *NAMES]

    def test_of_float32_lists_are_float32(self) -> None:
        X = rows(np.float32)
        model = GaussianMixture(2, random_state=0).fit(pa.table({"face": tensors(X)}))
        assert model.means_.dtype == np.float32
        np.testing.assert_array_equal(model.means_, GaussianMixture(2, random_state=0).fit(X).means_)

    def test_of_a_dataset_are_those_of_a_flat_table(self, tmp_path: Path) -> None:
        dataset = pytest.importorskip("pyarrow.dataset")
        X = rows()
        pq.write_table(table_of(X), tmp_path / "a.parquet", row_group_size=30)
        model = GaussianMixture(2, random_state=0).fit_batches(dataset.dataset(tmp_path / "a.parquet"))
        expected = GaussianMixture(2, random_state=0).fit_batches(flat_table(X))
        np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-12)

    def test_refuse_lists_of_another_length_in_predict(self) -> None:
        model = GaussianMixture(2, random_state=0).fit(table_of(rows()))
        longer = pa.table({"age": ages(rows()), "face": np.column_stack([rows(), rows()[:, 0]]).tolist()})
        for other in (pa.table({"age": ages(rows()), "face": rows()[:, 1:].tolist()}), longer):
            with pytest.raises(ValueError, match=r"feature names should match[\s\S]*face\[[34]\]"):
                model.predict(other)


FAULTS: dict[str, tuple[Any, str]] = {
    "ragged": (
        pa.chunked_array([[[1.0, 2.0]], [[3.0, 4.0], [5.0]]]),
        r"a list of length 1 in row 2 .* column 'face' and lists of length 2 elsewhere, but .* one length.*: cut or",
    ),
    "empty": (
        pa.array([[1.0], []]),
        r"a list of length 0 in row 1 .* column 'face' and lists of length 1 elsewhere, but .*: cut or fill",
    ),
    "empty first": (
        pa.array([[], [1.0]]),
        r"a list of length 0 in row 0 .* column 'face' and lists of length 1 elsewhere, but .*: cut or fill",
    ),
    "all empty": (
        pa.array([[], []], pa.list_(pa.float64())),
        r"a list of length 0 in row 0 .* column 'face', but all lists .* at least 1: cut or fill",
    ),
    "null list": (pa.array([[1.0, 2.0], None]), "no value in row 1 .* column 'face': fill in missing values"),
    "null fixed list": (
        pa.array([[1.0, 2.0], [1.0, 2.0], None], pa.list_(pa.float64(), 2)).slice(1),
        "no value in row 1 .* column 'face': fill in missing values",
    ),
    "all null": (pa.nulls(3, pa.list_(pa.float64())), "no value in row 0 .* column 'face': fill in missing values"),
    "null inside": (
        pa.array([[1.0, 2.0], None, [1.0, 2.0], [3.0, None]]).slice(2),
        r"no value in row 1 .* column 'face\[1\]': fill in missing values",
    ),
    "nan inside": (
        pa.array([[1.0, 2.0], [3.0, np.nan]]),
        r"NaN in row 1 .* column 'face\[1\]', but all numbers must be finite: fill in",
    ),
    "text": (pa.array([["a"], ["b"]]), "'face' of type list<.*string>, but .* numbers or lists of numbers: leave it"),
    "nested": (pa.array([[[1.0]], [[2.0]]]), "'face' of type list<.*>, but .* leave it out, or flatten its lists"),
    "nulls alone": (pa.array([[None], [None]]), "'face' of type list<.*null>, but all columns must hold numbers"),
    "no rows": (pa.array([], pa.list_(pa.float64())), r"lists but 0 sample\(s\), so that .*: give at least one row"),
}


class TestFaults:
    @pytest.mark.parametrize("name", FAULTS)
    def test_are_named_by_column_and_row(self, name: str) -> None:
        column, message = FAULTS[name]
        table = pa.table({"face": column})
        for take in (GaussianMixture().fit, *([GaussianMixture().fit_batches] * (name != "no rows"))):
            with pytest.raises(ValueError, match=message):
                take(table)

    def test_of_rows_of_fixed_size_are_those_of_any_table_without_rows(self) -> None:
        table = pa.table({"face": pa.array([], pa.list_(pa.float64(), N))})
        with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 4\)\)"):
            GaussianMixture().fit(table)

    @pytest.mark.skipif(
        tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9), reason="this scikit-learn allows equal names"
    )
    def test_of_names_that_two_features_have(self) -> None:
        with pytest.raises(ValueError, match=r"unique column names[\s\S]*'face\[0\]' 2 times"):
            GaussianMixture().fit(pa.table({"face": [[1.0], [2.0]], "face[0]": [1.0, 2.0]}))

    @pytest.mark.parametrize("cells", [rows().tolist(), list(rows())], ids=["lists", "arrays"])
    def test_of_lists_that_are_objects_of_pandas_name_the_column_and_the_remedy(self, cells: Any) -> None:
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame({"age": ages(rows()), "face": cells})
        with pytest.raises(ValueError, match=r"X has the column 'face' of objects of type .*, but .* Arrow's lists"):
            GaussianMixture(2).fit(frame)
        converted = pa.Table.from_pandas(frame, preserve_index=False)  # as the message has it
        np.testing.assert_array_equal(
            GaussianMixture(2, random_state=0).fit(converted).means_,
            GaussianMixture(2, random_state=0).fit(table_of(rows())).means_,
        )

    def test_leave_a_fitted_model_as_it_was(self) -> None:
        model = GaussianMixture(2, random_state=0).fit(table_of(rows()))
        with pytest.raises(ValueError, match="list of length 1"):
            model.fit(pa.table({"face": [[1.0, 2.0], [1.0]]}))
        assert model.feature_names_in_.tolist() == ["age", *NAMES]


def joined(reader: Any) -> Any:
    return np.concatenate(list(reader))


class TestParquet:
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        lengths=st.lists(st.integers(0, 30), min_size=1, max_size=3).filter(any),
        batch_size=st.integers(1, 40),
        row_group=st.integers(1, 40),
        fixed=st.booleans(),
        dtype=st.sampled_from([np.float32, np.float64]),
    )
    def test_comes_back_exactly(
        self, tmp_path_factory: Any, lengths: Any, batch_size: Any, row_group: Any, fixed: Any, dtype: Any
    ) -> None:
        folder = tmp_path_factory.mktemp("files")
        X = np.random.default_rng(2).normal(size=(sum(lengths), N)).astype(dtype)
        for i, part in enumerate(np.split(X, np.cumsum(lengths)[:-1])):
            values = pa.from_numpy_dtype(X.dtype)
            table = pa.table({"face": lists_of(part, pa.list_(values, N) if fixed else None), "x": part[:, 1]})
            pq.write_table(table, folder / f"{i}.parquet", row_group_size=row_group)
        reader = from_parquet(folder, batch_size=batch_size)
        assert reader.feature_names == (*NAMES, "x") and reader.dtype == dtype and reader.n_features == N + 1
        np.testing.assert_array_equal(joined(pickle.loads(pickle.dumps(reader))), np.column_stack([X, X[:, 1]]))
        some = from_parquet(folder, ["face[3]", "x", "face[0]"], batch_size=batch_size)
        np.testing.assert_array_equal(joined(some), X[:, [3, 1, 0]])
        np.testing.assert_array_equal(joined(from_parquet(folder, ["face"])), X)

    def test_of_weights_among_the_elements_of_a_list(self, tmp_path: Path) -> None:
        X = np.abs(rows())
        pq.write_table(table_of(X), tmp_path / "a.parquet")
        ((found, weights),) = from_parquet(tmp_path, weight_column="face[2]")
        np.testing.assert_array_equal(found, np.column_stack([ages(X), X[:, [0, 1, 3]]]))
        np.testing.assert_array_equal(weights, X[:, 2])

    def test_of_a_wide_list_is_read_in_small_batches(self, tmp_path: Path) -> None:
        X = np.random.default_rng(0).normal(size=(3, 5000))
        pq.write_table(pa.table({"face": X.tolist()}), tmp_path / "a.parquet")
        np.testing.assert_array_equal(joined(from_parquet(tmp_path)), X)
        assert from_parquet(tmp_path).batch_size == (8 << 20) // 40000

    def test_lists_of_another_length_or_kind_in_another_file_are_named(self, tmp_path: Path) -> None:
        pq.write_table(table_of(rows()), tmp_path / "a.parquet")
        pq.write_table(pa.table({"age": [1.0], "face": [[1.0, 2.0]]}), tmp_path / "b.parquet")
        with pytest.raises(
            ValueError, match=r"b.parquet has lists of length 2 .* 'face' and .*a.parquet .* 4, but .*: c"
        ):
            from_parquet(tmp_path)
        np.testing.assert_array_equal(joined(from_parquet(tmp_path, ["age"]))[:-1, 0], ages(rows()))
        numbers = pa.table({"age": [1.0], "face": [2.0]})
        pq.write_table(numbers, tmp_path / "b.parquet")
        with pytest.raises(
            ValueError, match=r"b.parquet .* 'face' of type double, but .* list<.* in .*a.parquet: write"
        ):
            from_parquet(tmp_path)
        pq.write_table(numbers, tmp_path / "0.parquet")
        with pytest.raises(
            ValueError, match=r"a.parquet .* 'face' of type list<.*, but .* double in .*0.parquet: write"
        ):
            from_parquet(tmp_path)

    @pytest.mark.parametrize("nothing", [pa.nulls(1), pa.nulls(1, pa.list_(pa.float64())), pa.array([[]])], ids=str)
    def test_a_file_without_a_list_does_not_decide(self, tmp_path: Path, nothing: Any) -> None:
        pq.write_table(pa.table({"age": [1.0], "face": nothing}), tmp_path / "0.parquet")
        with pytest.raises(ValueError, match=r"0.parquet has the column 'face' of type .*, but all columns must hold"):
            from_parquet(tmp_path)
        pq.write_table(table_of(rows()), tmp_path / "a.parquet")
        reader = from_parquet(tmp_path)
        assert reader.feature_names == ("age", *NAMES)
        with pytest.raises(ValueError, match=r"0.parquet has (no value|a list of length 0) in row 0 .* column 'face'"):
            joined(reader)

    def test_faults_of_names_are_told(self, tmp_path: Path) -> None:
        pq.write_table(table_of(rows()), tmp_path / "a.parquet")
        for columns, weights, message in (
            (["face", "face[1]"], None, r"columns names 'face\[1\]' twice"),
            (["face[4]"], None, r"no such column; did you mean 'face\[\d\]'"),
            (["fac"], None, r"no such column; did you mean 'face'\?"),
            (["age"], "face", r"weight_column names 'face', .* lists, but .* one number: name .* such as 'face\[0\]'"),
            (["face"], "face[1]", r"columns names 'face\[1\]', and so does weight_column"),
        ):
            with pytest.raises(ValueError, match=message):
                from_parquet(tmp_path, columns, weights)

    def test_faults_of_lists_are_named_by_file_column_and_row(self, tmp_path: Path) -> None:
        for name in ("ragged", "empty", "empty first", "null list", "null inside", "nan inside"):
            column, message = FAULTS[name]
            pq.write_table(pa.table({"face": column}), tmp_path / "a.parquet")
            with pytest.raises(ValueError, match=f"a.parquet (has|holds) {message}"):
                joined(from_parquet(tmp_path / "a.parquet"))

    def test_names_with_accents_are_found_in_another_form(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"gro\u0308sse": [[1.0, 2.0]]}), tmp_path / "a.parquet")
        pq.write_table(pa.table({"gr\u00f6sse": [[3.0, 4.0]]}), tmp_path / "b.parquet")
        assert joined(from_parquet(tmp_path, ["gr\u00f6sse"])).tolist() == [[1, 2], [3, 4]]


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(result: Result) -> str:
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return line


class TestCommandLine:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        pq.write_table(table_of(rows()), tmp_path / "faces.parquet", row_group_size=35)
        return tmp_path / "faces.parquet"

    @pytest.mark.parametrize("batches", [(), ("--batch-size", "30")], ids=["whole", "batches"])
    @pytest.mark.parametrize(
        ("options", "chosen"),
        [
            ((), ["age", *NAMES]),
            (("--columns", "face"), NAMES),
            (("--columns", "face[3],face[0]"), ["face[3]", "face[0]"]),
            (("--columns", "face[2],age"), ["face[2]", "age"]),
            (("--label-column", "face"), ["age"]),
            (("--label-column", "face[1]"), ["age", "face[0]", "face[2]", "face[3]"]),
        ],
    )
    def test_fits_the_features_that_are_named(
        self, run: Run, tmp_path: Path, file: Path, options: Any, chosen: Any, batches: Any
    ) -> None:
        pq.write_table(flat_table(rows()), tmp_path / "flat.parquet")
        found = document(run("fit", file, "-k", "2", "--json", *options, *batches))
        expected = document(
            run("fit", tmp_path / "flat.parquet", "-k", "2", "--json", "--columns", ",".join(chosen), *batches)
        )
        assert found["columns"] == chosen and found["n_features"] == len(chosen)
        assert found["means"] == expected["means"] and found["bic"] == expected["bic"]

    def test_names_a_column_that_is_left_out_once(self, run: Run, file: Path) -> None:
        left_out = document(run("fit", file, "-k", "2", "--json", "--columns", "age"))["left_out"]
        assert left_out == [{"column": "face", "reason": "not in --columns"}]
        left_out = document(run("fit", file, "-k", "2", "--json", "--columns", "face[0],face[2],face[3]"))["left_out"]
        assert [one["column"] for one in left_out] == ["age", "face[1]"]

    def test_predicts_scores_and_selects(self, run: Run, tmp_path: Path, file: Path) -> None:
        assert run("fit", file, "-k", "2", "--columns", "face", "--model", "m.safetensors").exit_code == 0
        pq.write_table(flat_table(rows()), tmp_path / "flat.parquet")
        for command in ("predict", "score"):
            found = document(run(command, "m.safetensors", file, "--json"))
            expected = document(run(command, "m.safetensors", "flat.parquet", "--json"))
            for told in ("data", "left_out"):
                del found[told], expected[told]
            assert found == expected
        assert run("sample", "m.safetensors", "5", "-o", "drawn.parquet").exit_code == 0
        assert pq.read_schema(tmp_path / "drawn.parquet").names == NAMES
        assert document(run("predict", "m.safetensors", "drawn.parquet", "--json"))["columns"] == NAMES
        selected = document(run("select", file, "--columns", "face", "-k", "1-2", "--json"))
        assert selected["columns"] == NAMES

    def test_reads_folders_and_standard_input(self, run: Run, tmp_path: Path, file: Path) -> None:
        expected = document(run("fit", file, "-k", "2", "--json"))
        stdin = document(run("fit", "-", "-k", "2", "--json", "--format", "parquet", stdin=file.read_bytes()))
        (tmp_path / "folder.parquet").mkdir()
        pq.write_table(table_of(rows()[:50]), tmp_path / "folder.parquet" / "a.parquet")
        pq.write_table(table_of(rows()[50:], pa.list_(pa.float64(), N)), tmp_path / "folder.parquet" / "b.parquet")
        folder = document(run("fit", "folder.parquet", "-k", "2", "--json"))
        assert stdin["bic"] == folder["bic"] == expected["bic"]
        pq.write_table(pa.table({"age": [1.0], "face": [[1.0]]}), tmp_path / "folder.parquet" / "b.parquet")
        assert "length 1 in the column 'face'" in refusal(run("fit", "folder.parquet", "-k", "2"))

    @pytest.mark.parametrize("batches", [(), ("--batch-size", "30")], ids=["whole", "batches"])
    def test_drops_rows_with_missing_lists_and_elements(self, run: Run, tmp_path: Path, batches: Any) -> None:
        lists: list[Any] = rows().tolist()
        lists[3], lists[70] = None, [1.0, None, np.nan, 2.0]
        pq.write_table(pa.table({"face": pa.array(lists)}), tmp_path / "holes.parquet")
        line = refusal(run("fit", "holes.parquet", "-k", "2", *batches))
        assert "no value in row 4 of the column 'face': fill" in line and "--drop-missing" in line
        kept = np.delete(rows(), [3, 70], axis=0)
        found = document(run("fit", "holes.parquet", "-k", "2", "--json", "--drop-missing", *batches))
        assert (found["n_samples"], found["n_dropped"]) == (98, 2)
        expected = GaussianMixture(2, random_state=0).fit(kept)
        np.testing.assert_allclose(found["means"], expected.means_, rtol=1e-9)
        some = document(
            run("fit", "holes.parquet", "-k", "2", "--json", "--drop-missing", "--columns", "face[0],face[3]", *batches)
        )
        assert some["n_dropped"] == 1

    def test_leaves_lists_out_that_hold_no_numbers(self, run: Run, tmp_path: Path) -> None:
        for column, reason in (
            (pa.array([["a"]] * 100), "not numeric"),
            (pa.array([[[1.0]]] * 100), "not numeric"),
            (pa.array([[True, False]] * 100), "not numeric"),
            (pa.nulls(100, pa.list_(pa.float64())), "empty"),
            (pa.array([[]] * 100, pa.list_(pa.float64())), "empty"),
            (pa.array([[None]] * 100), "empty"),
        ):
            pq.write_table(pa.table({"face": column, "x": rows()[:, 0]}), tmp_path / "data.parquet")
            found = document(run("fit", "data.parquet", "-k", "2", "--json"))
            assert found["columns"] == ["x"]
            assert found["left_out"] == [{"column": "face", "reason": reason}]

    def test_refuses_in_one_line(self, run: Run, tmp_path: Path, file: Path) -> None:
        assert run("fit", file, "-k", "2", "--columns", "face", "--model", "m.safetensors").exit_code == 0
        pq.write_table(pa.table({"age": [1.0, 2.0], "face": [[1.0, 2.0], [3.0]]}), tmp_path / "ragged.parquet")
        line = refusal(run("fit", "ragged.parquet", "-k", "1"))
        assert "list of length 1 in row 2 of the column 'face' and lists of length 2" in line
        assert "leave the column out with --label-column or --columns" in line
        assert run("fit", "ragged.parquet", "-k", "1", "--columns", "age").exit_code == 0
        line = refusal(run("fit", file, "-k", "2", "--columns", "age", "--weight-column", "face"))
        assert "'face' holds lists of length 4 where one number a row is needed; name one" in line
        assert "stands twice" in refusal(run("fit", file, "-k", "2", "--columns", "face,face[1]"))
        assert "did you mean 'face'?" in refusal(run("fit", file, "-k", "2", "--columns", "fac"))
        pq.write_table(pa.table({"face": rows()[:, :3].tolist()}), tmp_path / "short.parquet")
        assert "has no column 'face[3]' of m.safetensors; it has face;" in refusal(
            run("predict", "m.safetensors", "short.parquet")
        )
        longer = np.column_stack([rows(), rows()[:, 0]])
        pq.write_table(pa.table({"face": longer.tolist()}), tmp_path / "long.parquet")
        line = refusal(run("predict", "m.safetensors", "long.parquet"))
        assert "lists of length 5 in the column 'face', but m.safetensors has only the features" in line
        by_name = run("predict", "m.safetensors", "long.parquet", "--json", "--columns", ",".join(NAMES))
        assert document(by_name)["component"] == document(run("predict", "m.safetensors", file, "--json"))["component"]
