"""Readers of files: the rows come back exactly, in batches, again and again; faults are named by file, row, column."""

from __future__ import annotations

import gzip
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gmmx
from gmmx.data import from_csv, from_hdf5, from_npy, from_parquet, from_zarr
from gmmx.data._reader import chosen_columns, find_columns
from gmmx.io._data_errors import FaultError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
h5py = pytest.importorskip("h5py")
zarr = pytest.importorskip("zarr")


def numbers(n_rows, n_features=3, dtype=np.float64):
    return np.random.default_rng(n_rows).normal(size=(n_rows, n_features)).astype(dtype)


def names_of(X):
    return [f"x{j}" for j in range(X.shape[1])]


def write_parquet(path, X, weights=None, **options):
    columns = dict(zip(names_of(X), X.T, strict=True))
    pq.write_table(pa.table(columns if weights is None else {"w": weights, **columns}), path, **options)


def write_csv(path, X, weights=None):
    lines = [",".join(names_of(X) if weights is None else ["w", *names_of(X)])]
    table = X if weights is None else np.column_stack([weights, X])
    path.write_text("\n".join([*lines, *(",".join(map(repr, row)) for row in table.tolist())]) + "\n")


def write_hdf5(path, X, weights=None, chunks=None):
    with h5py.File(path, "w") as file:
        file.create_dataset("inner/X", data=X, chunks=chunks)
        if weights is not None:
            file["inner/w"] = weights


def write_zarr(path, X, weights=None, chunks=(7, 2)):
    group = zarr.open_group(str(path), mode="w")
    create = getattr(group, "create_array", None) or group.create_dataset  # before zarr 3
    create("inner/X", shape=X.shape, chunks=chunks, dtype=X.dtype)[:] = X
    if weights is not None:
        create("inner/w", shape=weights.shape, chunks=(5,), dtype=weights.dtype)[:] = weights


def read_parquet(path, weighted, **options):
    return from_parquet(path, weight_column="w" if weighted else None, **options)


def read_csv(path, weighted, **options):
    return from_csv(path, weight_column="w" if weighted else None, **options)


def read_hdf5(path, weighted, **options):
    return from_hdf5(path, "inner/X", weights="inner/w" if weighted else None, **options)


def read_zarr(path, weighted, **options):
    return from_zarr(path, "inner/X", weights="inner/w" if weighted else None, **options)


FORMATS = {
    "parquet": (write_parquet, read_parquet),
    "csv": (write_csv, read_csv),
    "h5": (write_hdf5, read_hdf5),
    "zarr": (write_zarr, read_zarr),
}


@pytest.fixture(params=FORMATS)
def kind(request):
    return request.param


def joined(batches):
    """Return all rows and weights of a source."""
    parts = [batch if isinstance(batch, tuple) else (batch, None) for batch in batches]
    weights = [part for _, part in parts if part is not None]
    return np.concatenate([part for part, _ in parts]), np.concatenate(weights) if weights else None


class TestRows:
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        lengths=st.lists(st.integers(0, 40), min_size=1, max_size=4).filter(any),
        batch_size=st.integers(1, 50),
        weighted=st.booleans(),
    )
    def test_come_back_exactly_in_batches_of_one_size_however_files_cut_them(
        self, kind, tmp_path_factory, lengths, batch_size, weighted
    ):
        write, read = FORMATS[kind]
        folder = tmp_path_factory.mktemp("files")
        X = numbers(sum(lengths))
        weights = np.arange(len(X)) % 4 / 2.0
        ends = np.cumsum(lengths)
        files = []
        for i, (length, end) in enumerate(zip(lengths, ends, strict=True)):
            files.append(folder / f"part-{i}.{kind}")
            part = slice(end - length, end)
            write(files[-1], X[part], weights[part] if weighted else None)
        batches = read(files, weighted, batch_size=batch_size)
        for _ in range(2):
            found, found_weights = joined(batches)
            np.testing.assert_array_equal(found, X)
            np.testing.assert_array_equal(found_weights, weights if weighted else None)
        parts = [batch[0] if weighted else batch for batch in batches]
        assert {len(part) for part in parts[:-1]} <= {batch_size}
        assert all(part.flags.c_contiguous or len(part) < 2 for part in parts)
        assert batches.n_features == 3 and batches.batch_size == batch_size

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
    def test_keep_float32_and_become_float64_otherwise(self, kind, tmp_path, dtype):
        write, read = FORMATS[kind]
        X = (100 * numbers(30)).astype(dtype)
        write(tmp_path / f"a.{kind}", X)
        batches = read(tmp_path / f"a.{kind}", False)
        expected = np.float32 if dtype == np.float32 and kind != "csv" else np.float64
        (found,) = batches
        assert found.dtype == batches.dtype == expected
        np.testing.assert_array_equal(found.astype(dtype), X)

    def test_of_files_of_both_precisions_are_float64(self, tmp_path):
        for precision in (np.float32, np.float64):
            write_parquet(tmp_path / f"{precision.__name__}.parquet", numbers(5, dtype=precision))
            write_hdf5(tmp_path / f"{precision.__name__}.h5", numbers(5, dtype=precision))
        assert from_parquet(tmp_path).dtype == np.float64
        assert from_hdf5(tmp_path).dtype == np.float64

    def test_are_read_from_the_start_by_every_iterator(self, kind, tmp_path):
        write, read = FORMATS[kind]
        X = numbers(20)
        write(tmp_path / f"a.{kind}", X)
        batches = read(tmp_path / f"a.{kind}", False, batch_size=6)
        first, second = iter(batches), iter(batches)
        np.testing.assert_array_equal(next(first), X[:6])
        np.testing.assert_array_equal(next(second), X[:6])
        np.testing.assert_array_equal(next(first), X[6:12])
        np.testing.assert_array_equal(joined(pickle.loads(pickle.dumps(batches)))[0], X)

    def test_columns_are_chosen_by_name_and_keep_the_order_asked_for(self, tmp_path):
        X = numbers(10)
        write_parquet(tmp_path / "a.parquet", X)
        write_csv(tmp_path / "a.csv", X)
        for batches in (
            from_parquet(tmp_path / "a.parquet", ["x2", "x0"]),
            from_csv(tmp_path / "a.csv", ["x2", "x0"]),
        ):
            assert batches.feature_names == ("x2", "x0")
            np.testing.assert_array_equal(joined(batches)[0], X[:, [2, 0]])

    def test_columns_of_arrays_are_chosen_by_number(self, tmp_path):
        X = np.abs(numbers(10))
        write_hdf5(tmp_path / "a.h5", X)
        write_zarr(tmp_path / "a.zarr", X)
        for read, path in ((from_hdf5, tmp_path / "a.h5"), (from_zarr, tmp_path / "a.zarr")):
            found, weights = joined(read(path, columns=[2, 0], weight_column=1))
            np.testing.assert_array_equal(found, X[:, [2, 0]])
            np.testing.assert_array_equal(weights, X[:, 1])
            np.testing.assert_array_equal(joined(read(path, weight_column=1))[0], X[:, [0, 2]])

    def test_of_columns_in_another_order_in_another_file_are_found_by_name(self, tmp_path):
        pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), tmp_path / "1.parquet")
        pq.write_table(pa.table({"b": [4.0], "c": ["text"], "a": [3.0]}), tmp_path / "2.parquet")
        (tmp_path / "1.csv").write_text("a,b\n1,2\n")
        (tmp_path / "2.csv").write_text("b,c,a\n4,text,3\n")
        for batches in (from_parquet(tmp_path), from_csv(tmp_path)):
            assert batches.feature_names == ("a", "b")
            assert joined(batches)[0].tolist() == [[1.0, 2.0], [3.0, 4.0]]

    def test_of_a_folder_are_those_of_its_data_files_in_the_order_of_their_paths(self, tmp_path):
        (tmp_path / "year=2026").mkdir()
        write_parquet(tmp_path / "b.parquet", numbers(4))
        write_parquet(tmp_path / "a.PARQUET", numbers(3))
        write_parquet(tmp_path / "year=2026" / "c.parquet", numbers(2))
        for other in ("_metadata.parquet", ".hidden.parquet", "notes.txt", "_SUCCESS"):
            (tmp_path / other).write_text("")
        expected = np.concatenate([numbers(3), numbers(4), numbers(2)])
        np.testing.assert_array_equal(joined(from_parquet(str(tmp_path)))[0], expected)

    def test_default_batches_hold_about_8_mebibytes_and_no_more_than_131072_rows(self, kind, tmp_path):
        write, read = FORMATS[kind]
        for n_features, most_rows in ((4, 1 << 17), (100, (8 << 20) // 800)):
            write(tmp_path / f"{n_features}.{kind}", numbers(10, n_features))
            batch_size = read(tmp_path / f"{n_features}.{kind}", False).batch_size
            assert 0.99 * most_rows < batch_size <= most_rows

    def test_may_be_larger_than_the_default_ones(self, tmp_path):
        parts = [numbers(3000 + i, 1000) for i in range(4)]  # 24 MB each, beside 8 MiB
        for i, part in enumerate(parts):
            np.save(tmp_path / f"{i}.npy", part)
        first, second = from_npy(tmp_path, batch_size=7000)
        assert len(first) == 7000
        np.testing.assert_array_equal(np.concatenate([first, second]), np.concatenate(parts))

    def test_of_arrays_are_read_by_whole_chunks(self, tmp_path):
        write_hdf5(tmp_path / "a.h5", numbers(100), chunks=(30, 3))
        assert from_hdf5(tmp_path / "a.h5").batch_size % 30 == 0
        np.testing.assert_array_equal(joined(from_hdf5(tmp_path / "a.h5", batch_size=7))[0], numbers(100))

    def test_a_zarr_store_may_be_the_array_itself(self, tmp_path):
        zarr.save(str(tmp_path / "a.zarr"), numbers(5))
        np.testing.assert_array_equal(joined(from_zarr(tmp_path / "a.zarr"))[0], numbers(5))

    def test_of_npy_files(self, tmp_path):
        X = np.abs(numbers(50))
        np.save(tmp_path / "a.npy", X[:20])
        np.save(tmp_path / "b.npy", np.asfortranarray(X[20:]))
        reader = from_npy(tmp_path, columns=[2, 0], weight_column=1, batch_size=7)
        for _ in range(2):
            found, weights = joined(reader)
            np.testing.assert_array_equal(found, X[:, [2, 0]])
            np.testing.assert_array_equal(weights, X[:, 1])
        with pytest.raises(FileNotFoundError, match="nowhere"):
            from_npy(tmp_path / "nowhere.npy")
        for name, content in {"text.npy": b"text", "empty.npy": b""}.items():
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ValueError, match=f"{name}', which cannot be read as NumPy's"):
                from_npy(tmp_path / name)


class TestCsv:
    def test_in_all_its_spellings(self, tmp_path):
        spellings = {
            "plain.csv": b"a,b\n1,2.5\n-3e2,4\n",
            "tabs.tsv": b"a\tb\n1\t2.5\n-3e2\t4\n",
            "semicolons.csv": b"a;b\n1;2.5\n-3e2;4\n",
            "windows.csv": "\ufeffa,b\r\n1,2.5\r\n-3e2,4\r\n".encode(),
            "quoted.csv": b'"a" ,"b"\n"1","2.5"\n-3e2, 4\n',
            "blank.csv": b"a,b\n1,2.5\n\n-3e2,4\n\n",
            "unnamed.csv": b",a,b\n0,1,2.5\n1,-3e2,4\n",
            "text_beside.csv": b'a,note,b\n1,"two\nlines, here",2.5\n-3e2,,4\n',
        }
        for name, content in spellings.items():
            (tmp_path / name).write_bytes(content)
        (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(spellings["plain.csv"]))
        for path in sorted(tmp_path.iterdir()):
            batches = from_csv(path, columns=["a", "b"] if "text" in path.name else None)
            assert batches.feature_names == ("a", "b"), path.name
            assert joined(batches)[0].tolist() == [[1.0, 2.5], [-300.0, 4.0]], path.name

    def test_without_header_has_no_feature_names(self, tmp_path):
        (tmp_path / "a.csv").write_text("1,2\n3,4\n")
        batches = from_csv(tmp_path / "a.csv")
        assert batches.feature_names is None and joined(batches)[0].tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert joined(from_csv(tmp_path / "a.csv", columns=["column_2"]))[0].tolist() == [[2.0], [4.0]]
        assert from_csv(tmp_path / "a.csv", header=True).feature_names == ("1", "2")

    def test_a_cell_far_from_the_beginning_that_is_no_number_is_an_error(self, tmp_path):
        (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 600_000 + "3,four\n")
        with pytest.raises(
            ValueError, match=r"a\.csv, row 600000 \(.*line 600002\), column 'b': 'four' is not a number; correct"
        ):
            joined(from_csv(tmp_path / "a.csv"))

    @pytest.mark.parametrize("packed", [False, True])
    def test_an_empty_line_of_a_column_is_a_missing_value(self, tmp_path, packed):
        path, opened = (tmp_path / "a.csv.gz", gzip.open) if packed else (tmp_path / "a.csv", open)

        def read(text):
            with opened(path, "wb") as file:
                file.write(text)
            return joined(from_csv(path))[0].ravel().tolist()

        assert read(b"\xef\xbb\xbfa\r\n1\r\n2\r\n\r\n \r\n") == [1.0, 2.0]
        assert read(b"\n\na\n1\n2") == [1.0, 2.0]
        assert len(read(b"a\n" + b"1\n" * 600_000 + b"\n" * 2_000_000)) == 600_000  # more than pyarrow reads at a time
        for text, row in ((b"a\n1\n\n2\n", 1), (b"a\r\n1\r\n\r\n2\r\n", 1), (b"\n1\n2\n", 0)):
            with pytest.raises(ValueError, match=rf"no value in row {row} \(the first is 0\) of the column"):
                read(text)
        with pytest.raises(ValueError, match="no value in row 600000 "):
            read(b"a\n" + b"1\n" * 600_000 + b"\n" * 2_000_000 + b"1\n")

    @pytest.mark.parametrize("missing", ["", "NA", "nan", "None", "?", "null"])
    def test_a_missing_value_is_named_by_file_row_and_column(self, tmp_path, missing):
        (tmp_path / "a.csv").write_text(f"a,b\n1,2\n3,{missing}\n")
        with pytest.raises(ValueError, match=r"a\.csv has no value in row 1 .* column 'b'"):
            joined(from_csv(tmp_path / "a.csv"))

    def test_text_that_is_not_utf_8_is_refused(self, tmp_path):
        (tmp_path / "a.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
        with pytest.raises(ValueError, match="not UTF-8"):
            from_csv(tmp_path / "a.csv")

    def test_rows_of_another_length_are_an_error(self, tmp_path):
        (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4,5\n")
        with pytest.raises(ValueError, match=r"row 1 \(.*line 3\): 3 cells where the first row has 2"):
            joined(from_csv(tmp_path / "a.csv"))


class TestFaults:
    def test_a_missing_file_is_named(self, kind, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"path names '.*nowhere"):
            FORMATS[kind][1](tmp_path / "nowhere", False)

    def test_a_folder_without_such_files_is_named(self, tmp_path):
        with pytest.raises(ValueError, match=r"in which no file ends in \.parquet or"):
            from_parquet(tmp_path)

    @pytest.mark.parametrize("path", [7, None, [], [b"a"], {"a"}])
    def test_a_path_that_is_none(self, path):
        with pytest.raises((TypeError, ValueError), match="path is"):
            from_parquet(path)

    @pytest.mark.parametrize("kind", ["parquet", "h5", "zarr"])
    def test_a_file_of_another_kind_is_named(self, tmp_path, kind):
        (tmp_path / "a").write_text("text")
        with pytest.raises(ValueError, match=r"path names '.*a', which cannot be read as"):
            FORMATS[kind][1](tmp_path / "a", False)

    def test_no_rows_at_all(self, kind, tmp_path):
        FORMATS[kind][0](tmp_path / f"a.{kind}", numbers(0))
        with pytest.raises(ValueError, match="without a single row"):
            FORMATS[kind][1]([tmp_path / f"a.{kind}"] * 2, False)

    def test_an_empty_csv_file(self, tmp_path):
        (tmp_path / "a.csv").write_text("")
        with pytest.raises(ValueError, match="without a single row"):
            from_csv(tmp_path / "a.csv")

    @pytest.mark.parametrize("kind", ["parquet", "csv"])
    def test_columns_that_are_not_there_or_twice(self, tmp_path, kind):
        path = tmp_path / f"a.{kind}"
        FORMATS[kind][0](path, np.ones((2, 2)), np.ones(2))
        read = {"parquet": from_parquet, "csv": from_csv}[kind]
        with pytest.raises(ValueError, match=r"columns names 'x00', but .* did you mean 'x0'\? It has 'w', 'x0', 'x1'"):
            read(path, ["x00"])
        with pytest.raises(ValueError, match=r"weight_column names 'q', but .* it has"):
            read(path, ["x0"], "q")
        with pytest.raises(ValueError, match="columns names 'x0' twice"):
            read(path, ["x0", "x0"])
        with pytest.raises(ValueError, match="and so does weight_column"):
            read(path, ["x0", "w"], "w")
        with pytest.raises(ValueError, match="leaves no column"):
            read(path, [])
        with pytest.raises(TypeError, match=r"columns is 'x0', but must be a list of names, such as \['x0'\]"):
            read(path, "x0")

    def test_a_column_that_another_file_lacks(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", np.ones((2, 2)))
        write_parquet(tmp_path / "b.parquet", np.ones((2, 1)))
        with pytest.raises(ValueError, match=r"b\.parquet has no column 'x1', which .*a\.parquet has, but if columns"):
            from_parquet(tmp_path)

    def test_arguments_that_mean_something_else(self, tmp_path):
        (tmp_path / "a.csv").write_text("x,y\n1,2\n")
        for header in ("infer", 0):
            with pytest.raises(TypeError, match=r"header is .*, but must be True or False or None"):
                from_csv(tmp_path / "a.csv", header=header)
        with pytest.raises(ValueError, match=r"delimiter is ';', which does not occur .*leave it out, or give ','"):
            from_csv(tmp_path / "a.csv", delimiter=";")
        with pytest.raises(TypeError, match="weight_column is of type ndarray, but must be the name of a column"):
            from_csv(tmp_path / "a.csv", weight_column=np.ones(1))
        with pytest.raises(FileNotFoundError, match=r"pyarrow\.dataset\.dataset\(address\), which fit_batches takes"):
            from_parquet("s3://bucket/rows")
        with pytest.raises(FileNotFoundError, match=r"patterns are not looked up.*what glob\.glob finds"):
            from_parquet(str(tmp_path / "*.parquet"))
        with pytest.raises(ValueError, match=r"decimal is 'comma', but must be '\.' or ','"):
            from_csv(tmp_path / "a.csv", decimal="comma")

    def test_a_column_of_text(self, tmp_path):
        pq.write_table(pa.table({"x": [1.0], "species": ["setosa"]}), tmp_path / "a.parquet")
        (tmp_path / "a.csv").write_text("x,species\n1,setosa\n")
        with pytest.raises(ValueError, match=r"a\.parquet has the column 'species' of type string"):
            from_parquet(tmp_path / "a.parquet")
        with pytest.raises(ValueError, match=r"column 'species' with cells such as 'setosa'.* choose .*, of 'x'"):
            from_csv(tmp_path / "a.csv")
        (tmp_path / "blanks.csv").write_text("1.5 2\n3 4e-3\n")
        with pytest.raises(ValueError, match=r"with cells such as '3 4e-3'.*: if blanks part .* delimiter=' '"):
            from_csv(tmp_path / "blanks.csv")
        assert joined(from_csv(tmp_path / "blanks.csv", delimiter=" "))[0].tolist() == [[1.5, 2.0], [3.0, 4e-3]]
        with pytest.raises(ValueError, match="'species'"):
            from_parquet(tmp_path / "a.parquet", ["x"], "species")

    def test_a_fault_knows_its_place(self, kind, tmp_path):
        write, read = FORMATS[kind]
        X = np.ones((9, 2))
        X[6, 1] = np.inf
        write(tmp_path / f"a.{kind}", X)
        with pytest.raises(FaultError) as caught:
            joined(read(tmp_path / f"a.{kind}", False))
        for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
            fault = error.fault
            assert (fault.kind, fault.source, fault.row) == ("not finite", str(tmp_path / f"a.{kind}"), 6)
            assert fault.column in ("x1", 1)
            assert str(error) == str(caught.value)

    @pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
    def test_a_weight_that_is_none_is_named_by_file_and_row(self, kind, tmp_path, weight):
        write, read = FORMATS[kind]
        weights = np.ones(9)
        weights[4] = weight
        write(tmp_path / f"a.{kind}", np.ones((9, 2)), weights)
        with pytest.raises(
            ValueError, match=rf"a\.{kind} (holds the weight|has no value|holds infinity).* row 4 .* of .*w"
        ):
            joined(read(tmp_path / f"a.{kind}", True))

    @pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
    def test_a_number_that_is_not_finite_is_named_by_file_row_and_column(self, kind, tmp_path, value, name):
        write, read = FORMATS[kind]
        X = np.ones((9, 2))
        X[6, 1] = value
        write(tmp_path / f"a.{kind}", X)
        with pytest.raises(ValueError, match=rf"a\.{kind} (holds {name}|has no value) in row 6 .* column '?x?1"):
            joined(read(tmp_path / f"a.{kind}", False, batch_size=4))

    def test_numbers_whose_sum_overflows_are_finite(self, tmp_path):
        X = np.full((9, 2), np.float32(3e38))
        write_parquet(tmp_path / "a.parquet", X)
        np.testing.assert_array_equal(joined(from_parquet(tmp_path / "a.parquet"))[0], X)

    def test_a_null_in_parquet_is_named_by_file_row_and_column(self, tmp_path):
        column = [1.0] * 70_000 + [None]
        pq.write_table(pa.table({"a": [1.0] * len(column), "b": column}), tmp_path / "a.parquet")
        with pytest.raises(ValueError, match=r"a\.parquet has no value in row 70000 .* column 'b'"):
            joined(from_parquet(tmp_path / "a.parquet"))

    @pytest.mark.parametrize("batch_size", [2**31, sys.maxsize, 2**63, 2**70])
    def test_a_batch_size_beyond_all_rows(self, kind, tmp_path, batch_size):
        write, read = FORMATS[kind]
        write(tmp_path / f"a.{kind}", numbers(5))
        write(tmp_path / f"b.{kind}", numbers(7))
        (X,) = read([tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"], False, batch_size=batch_size)
        np.testing.assert_array_equal(X, np.concatenate([numbers(5), numbers(7)]))

    @pytest.mark.parametrize("batch_size", [0, -3, 2.5, True, "all"])
    def test_a_batch_size_that_is_none(self, kind, tmp_path, batch_size):
        write, read = FORMATS[kind]
        write(tmp_path / f"a.{kind}", np.ones((3, 2)))
        with pytest.raises((TypeError, ValueError), match=r"batch_size is .*, but must be"):
            read(tmp_path / f"a.{kind}", False, batch_size=batch_size)

    @pytest.mark.parametrize("kind", ["h5", "zarr"])
    def test_arrays_that_are_not_what_was_asked_for(self, tmp_path, kind):
        path = tmp_path / f"a.{kind}"
        FORMATS[kind][0](path, np.ones((4, 2)), np.ones(4))
        read = {"h5": from_hdf5, "zarr": from_zarr}[kind]
        with pytest.raises(ValueError, match=r"(dataset|array) is 'Y', but .* of 2 dimensions it has 'inner/X'"):
            read(path, "Y")
        with pytest.raises(ValueError, match=r"weights is 'v', but .* of 1 dimension it has 'inner/w'"):
            read(path, weights="v")
        with pytest.raises(ValueError, match=r"of shape \(4,\), but must hold one of \(n_samples, n_features\)"):
            read(path, "inner/w")
        with pytest.raises(ValueError, match="weights and weight_column both"):
            read(path, weights="inner/w", weight_column=0)
        with pytest.raises(ValueError, match="columns holds 2, but the columns of the array are 0 to 1"):
            read(path, columns=[2])
        with pytest.raises(TypeError, match="columns holds 'a'"):
            read(path, columns=["a"])
        with pytest.raises(ValueError, match="no column may stand there twice"):
            read(path, columns=[0], weight_column=0)
        with pytest.raises(ValueError, match="leaves no column"):
            read(path, columns=[])

    def test_of_several_arrays_one_must_be_named(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["a"], file["b"] = np.ones((3, 2)), np.ones((3, 2))
        with pytest.raises(ValueError, match=r"dataset is not given, but .* 2 arrays of 2 dimensions.*'a', 'b'"):
            from_hdf5(tmp_path / "a.h5")

    def test_arrays_of_text_and_weights_of_another_length(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["text"] = [[b"a", b"b"]]
            file["X"], file["w"] = np.ones((3, 2)), np.ones(2)
        with pytest.raises(ValueError, match="must hold real numbers"):
            from_hdf5(tmp_path / "a.h5", "text")
        with pytest.raises(ValueError, match=r"weights of shape \(2,\).*of shape \(3,\): one for each row"):
            from_hdf5(tmp_path / "a.h5", "X", weights="w")

    def test_arrays_of_different_widths(self, tmp_path):
        write_hdf5(tmp_path / "a.h5", np.ones((3, 2)))
        write_hdf5(tmp_path / "b.h5", np.ones((3, 4)))
        with pytest.raises(ValueError, match=r"arrays of \[2, 4\] columns"):
            from_hdf5(tmp_path)

    @pytest.mark.parametrize(("kind", "package"), [("parquet", "pyarrow"), ("h5", "h5py"), ("zarr", "zarr")])
    def test_a_missing_package_is_named_with_the_install_command(self, monkeypatch, tmp_path, kind, package):
        (tmp_path / "a").touch()
        for module in list(sys.modules):
            if module.partition(".")[0] == package:
                monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ImportError, match=rf'needs {package}: pip install "gmmx-native\[data\]"'):
            FORMATS[kind][1](tmp_path / "a", False)


def test_a_description_says_what_is_read(tmp_path):
    write_parquet(tmp_path / "a.parquet", np.ones((3, 2), np.float32))
    batches = gmmx.data.from_parquet([tmp_path / "a.parquet"] * 3, batch_size=2)
    assert repr(batches).endswith("a.parquet' and 2 more: 2 features as float32, 2 rows a batch")


class _Scanned(list[str]):
    """Names that must not be searched from the beginning for each of them."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("a search for each name takes quadratic time")

    count = index = __contains__ = _refuse


def test_many_columns_are_found_in_linear_time() -> None:
    names = _Scanned(f"gene {i}" for i in range(2000))
    assert find_columns(reversed(names), names, "a file", "columns") == list(range(2000))[::-1]
    assert chosen_columns(names, None, "gene 7", "a file") == [name for name in names if name != "gene 7"]
    with pytest.raises(ValueError, match="'gene 3' twice"):
        chosen_columns(names, ["gene 3", "gene 4", "gene 3"], None, "a file")


def test_parquet_of_many_columns(tmp_path: Path) -> None:
    n = 10_000  # searches for each name took 12 s
    pq.write_table(pa.table({f"g{i}": [float(i), 2.0] for i in range(n)}), tmp_path / "wide.parquet")
    (X,) = gmmx.data.from_parquet(tmp_path / "wide.parquet")
    np.testing.assert_array_equal(X, [np.arange(n), np.full(n, 2.0)])


def test_csv_of_many_columns(tmp_path: Path) -> None:
    n = 4000
    header = ",".join(f"g{i}" for i in range(n))
    (tmp_path / "wide.csv").write_text("\n".join([header, *[",".join(map(str, range(n)))] * 3]) + "\n")
    (X,) = from_csv(tmp_path / "wide.csv")
    np.testing.assert_array_equal(X, [np.arange(n)] * 3)
