"""What `fit_batches` reads: files, tables and arrays in files, one batch ahead of EM, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import gmmx
from gmmx import GaussianMixture
from gmmx.em.progress import Progress
from gmmx.io._prefetch import read_ahead

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
NAMES = ["a", "b", "c"]


def rows(n_samples=700):
    generator = np.random.default_rng(0)
    return generator.normal(size=(n_samples, 3)) + 4.0 * generator.integers(3, size=(n_samples, 1))


X = rows()
EXPECTED = GaussianMixture(3, random_state=1).fit(X)


def table():
    return pa.table(dict(zip(NAMES, X.T, strict=True)))


def assert_fits_as_in_memory(source, **options):
    model = GaussianMixture(3, random_state=1).fit_batches(source, **options)
    np.testing.assert_allclose(model.means_, EXPECTED.means_, rtol=1e-10, atol=1e-10)
    assert model.n_iter_ == EXPECTED.n_iter_
    return model


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "gmmx-read-ahead"]


class TestKinds:
    @pytest.mark.parametrize("batch_size", [None, 100])
    def test_files_by_their_paths(self, tmp_path, batch_size):
        pq.write_table(table(), tmp_path / "rows.parquet")
        model = assert_fits_as_in_memory(tmp_path / "rows.parquet", batch_size=batch_size)
        assert model.feature_names_in_.tolist() == NAMES
        np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header="a,b,c", comments="")
        assert assert_fits_as_in_memory(str(tmp_path / "rows.csv")).feature_names_in_.tolist() == NAMES
        np.save(tmp_path / "1.npy", X[:300])
        np.save(tmp_path / "2.npy", X[300:])
        model = assert_fits_as_in_memory([tmp_path / "1.npy", str(tmp_path / "2.npy")], batch_size=batch_size)
        assert not hasattr(model, "feature_names_in_")

    def test_readers_with_weights_and_names(self, tmp_path):
        weights = np.arange(len(X)) % 3
        pq.write_table(table().append_column("times", pa.array(weights)), tmp_path / "rows.parquet")
        reader = gmmx.data.from_parquet(tmp_path / "rows.parquet", weight_column="times", batch_size=64)
        model = GaussianMixture(3, random_state=1).fit_batches(reader)
        expected = GaussianMixture(3, random_state=1).fit(X, sample_weight=weights)
        np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-10, atol=1e-10)
        assert model.feature_names_in_.tolist() == NAMES

    @pytest.mark.parametrize("batch_size", [None, 100])
    def test_tables_and_relations(self, tmp_path, batch_size):
        dataset = pytest.importorskip("pyarrow.dataset")
        pq.write_table(table(), tmp_path / "rows.parquet")
        sources = {
            "table": table(),
            "dataset": dataset.dataset(tmp_path / "rows.parquet"),
            "polars": pytest.importorskip("polars").from_arrow(table()),
            "pandas": table().to_pandas(),
            "duckdb": pytest.importorskip("duckdb").connect().from_arrow(table()),
        }
        for source in sources.values():
            model = assert_fits_as_in_memory(source, batch_size=batch_size)
            assert model.feature_names_in_.tolist() == NAMES

    def test_tables_as_batches(self):
        def batches():
            yield table().slice(0, 300)
            yield table().slice(300).to_reader()  # used up by one pass: the next call makes another

        assert assert_fits_as_in_memory(batches).feature_names_in_.tolist() == NAMES

    def test_arrays_in_files_that_are_open(self, tmp_path):
        with pytest.importorskip("h5py").File(tmp_path / "rows.h5", "w") as file:
            assert_fits_as_in_memory(file.create_dataset("X", data=X, chunks=(60, 3)))
        group = pytest.importorskip("zarr").open_group(str(tmp_path / "rows.zarr"), mode="w")
        create = getattr(group, "create_array", None) or group.create_dataset  # before zarr 3
        array = create("X", shape=X.shape, chunks=(50, 2), dtype="f8")
        array[:] = X
        assert_fits_as_in_memory(array)
        assert_fits_as_in_memory(tmp_path / "rows.zarr", batch_size=80)

    def test_a_private_map_keeps_its_changes(self, tmp_path):
        np.save(tmp_path / "rows.npy", np.zeros_like(X))
        mapped = np.load(tmp_path / "rows.npy", mmap_mode="c")
        mapped[:] = X
        assert_fits_as_in_memory(mapped, batch_size=100)
        np.testing.assert_array_equal(mapped, X)

    def test_a_table_in_memory_is_cut_without_pyarrow(self, monkeypatch):
        frame = pytest.importorskip("polars").from_arrow(table())
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert_fits_as_in_memory(frame, batch_size=100)

    @pytest.mark.parametrize(
        ("source", "error", "complaint"),
        [
            ("rows.dat", ValueError, r"source names 'rows\.dat', but files are known by their endings: \.parquet"),
            (pa.table({"a": ["text"]}), ValueError, "source has the column 'a' of type string"),
            (
                pa.table({"a": [1.0, None]}),
                ValueError,
                "batch 0 of source cannot be read: .*no value in row 1",
            ),
            ([pa.table({"a": [1.0, None]})], ValueError, "batch 0 of source is not accepted: .*no value in row 1"),
            (pa.table({}), ValueError, "source has no columns"),
            (table().to_reader(), TypeError, "RecordBatchReader, which can be passed over only once"),
        ],
    )
    def test_what_cannot_be_read_says_why(self, source, error, complaint):
        with pytest.raises(error, match=complaint):
            GaussianMixture().fit_batches(source)


class TestReadingAhead:
    def test_one_item_ahead_and_no_more(self):
        fetched = []

        def items():
            for i in range(5):
                fetched.append(i)
                yield i

        for i, item in enumerate(read_ahead(items)):
            assert item == i
            deadline = time.monotonic() + 10
            while len(fetched) < min(i + 2, 5) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(0.005)
            assert fetched == list(range(min(i + 2, 5)))
        assert not threads()

    def test_reading_overlaps_computing(self):
        both_at_work = threading.Barrier(2, timeout=10)

        def items():
            for i in range(6):
                if i > 0:
                    both_at_work.wait()  # in turn, nobody else would come
                yield i

        for i in read_ahead(items):
            if i < 5:
                both_at_work.wait()

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (ValueError("bad row"), ValueError),
            (FileNotFoundError(2, "gone"), FileNotFoundError),
            (KeyError("column"), RuntimeError),
            (ImportError("no reader"), ImportError),
        ],
    )
    def test_errors_of_a_reader_name_the_batch_and_end_the_thread(self, error, kind):
        def batches():
            yield X
            yield X
            raise error

        with pytest.raises(
            kind, match=r"batch 2 of source cannot be read: .*(bad row|gone|column|no reader)"
        ) as caught:
            GaussianMixture(2).fit_batches(batches)
        assert caught.value.__cause__ is error
        assert not threads()

    def test_a_fit_that_fails_or_is_interrupted_ends_the_thread_and_closes_the_source(self):
        closed = []

        def batches():
            try:
                while True:
                    yield X
            finally:
                closed.append(threading.current_thread().name)

        def first_batches():
            return batches() if closed else [X, X, X, X]

        with pytest.raises(ValueError, match="batch 1 of source is not accepted"):
            GaussianMixture(2).fit_batches(lambda: [X, X[:, 0], X])
        assert not threads()

        def interrupt(iteration, log_likelihood):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            GaussianMixture(2, callback=interrupt).fit_batches(first_batches)
        assert not threads()

        reading = read_ahead(batches)
        assert next(reading) is X
        reading.close()
        assert not threads() and closed == ["gmmx-read-ahead"]

    def test_batches_in_memory_are_not_read_by_a_thread(self):
        names = set()

        class Batch(np.ndarray):
            def __len__(self):
                names.update(thread.name for thread in threading.enumerate())
                return super().__len__()

        GaussianMixture(2).fit_batches([X.view(Batch), X.view(Batch)])
        assert names and "gmmx-read-ahead" not in names


class TestProgress:
    tqdm = pytest.importorskip("tqdm")

    def test_a_bar_shows_passes_rows_and_the_log_likelihood(self, capsys):
        GaussianMixture(3, random_state=1).fit_batches([X[:300], X[300:]], progress=True)
        shown = capsys.readouterr().err
        assert "checking rows" in shown and "drawing rows to start from" in shown
        assert f"pass {EXPECTED.n_iter_} of EM, log-likelihood" in shown
        assert "rows/s" in shown and "700/700" in shown

    def test_nothing_is_shown_where_there_is_no_terminal_or_on_demand(self, capsys):
        for progress in (None, False):
            GaussianMixture(3, random_state=1).fit_batches([X], progress=progress)
        assert capsys.readouterr().err == ""

    def test_a_terminal_shows_a_bar_after_two_seconds(self, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        progress = Progress(None)
        progress.begin_pass("checking rows", None)
        progress.advance(10)
        assert capsys.readouterr().err == ""
        monkeypatch.setattr("gmmx.em.progress._SECONDS", 0.0)
        progress = Progress(None)
        progress.begin_pass("checking rows", None)
        progress.advance(10)
        progress.close()
        assert "checking rows: 10.0 rows" in capsys.readouterr().err

    def test_without_tqdm_only_who_asks_for_a_bar_is_told(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        Progress(None).advance(1)
        with pytest.raises(ImportError, match=r'progress=True needs tqdm: pip install "gmmx-native\[data\]"'):
            GaussianMixture(2).fit_batches([X], progress=True)


MEMORY = """
    import os, sys, threading, time, warnings
    import numpy as np
    from gmmx import GaussianMixture

    warnings.simplefilter("ignore")

    def anonymous():
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024

    def fit(X):
        model = GaussianMixture(2, covariance_type="spherical", init_params="random_from_data", reg_covar=1.0)
        return model.set_params(random_state=0, max_iter=2, tol=0, n_jobs=1).fit(X)

    def growth(path):
        X = np.load(path, mmap_mode="r")
        before, highest, done = anonymous(), [0.0], threading.Event()

        def watch():
            while not done.wait(0.001):
                highest.append(anonymous())

        watcher = threading.Thread(target=watch)
        watcher.start()
        fit(X)
        done.set()
        watcher.join()
        return max(highest) - before

    fit(np.random.default_rng(0).normal(size=(100, 8)))  # what the first fit of all allocates
    os.chdir(sys.argv[1])
    generator = np.random.default_rng(0)
    for name, n_samples in {"f8": 500_000, "f4": 1_000_000, "i2": 2_000_000}.items():
        array = np.lib.format.open_memmap("rows.npy", mode="w+", dtype=name, shape=(n_samples, 8))
        for begin in range(0, n_samples, 100_000):
            array[begin : begin + 100_000] = generator.integers(-99, 99, size=(100_000, 8))
        del array
        print(name, n_samples * 8 * (4 if name == "f4" else 8) / 2**20, growth("rows.npy"))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told by Linux's /proc")
def test_fits_of_memory_maps_never_hold_all_rows(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(MEMORY), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    figures = {name: (float(size), float(growth)) for name, size, growth in map(str.split, result.stdout.splitlines())}
    assert set(figures) == {"f8", "f4", "i2"}
    for name, (size, growth) in figures.items():
        assert growth < size / 2, f"{name}: rows of {size:.0f} MiB took {growth:.0f} MiB"


class TestMapsOfOtherTypes:
    @pytest.fixture(params=["<i2", ">f8", "?", "<f2"])
    def mapped(self, request, tmp_path):
        array = X > 2 if request.param == "?" else X
        np.save(tmp_path / "rows.npy", array.astype(request.param))
        return np.load(tmp_path / "rows.npy", mmap_mode="r")

    def test_are_fitted_as_the_array(self, mapped):
        weights = np.arange(len(X)) % 3
        array = np.array(mapped, dtype=np.float64)
        for options in ({}, {"sample_weight": weights}):
            model = GaussianMixture(3, random_state=1, max_iter=500).fit(mapped, **options)
            expected = GaussianMixture(3, random_state=1, max_iter=500).fit(array, **options)
            np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-7, atol=1e-7)
            assert (model.n_iter_, model.n_features_in_) == (expected.n_iter_, 3)
            labels = GaussianMixture(3, random_state=1, max_iter=500).fit_predict(mapped, **options)
            np.testing.assert_array_equal(labels, expected.predict(array))

    def test_take_a_given_partition_as_the_array_does(self, mapped):
        labels = np.arange(len(X)) % 3
        model = GaussianMixture(3, responsibilities_init=labels, max_iter=500).fit(mapped)
        expected = GaussianMixture(3, responsibilities_init=labels, max_iter=500).fit(np.array(mapped, np.float64))
        np.testing.assert_array_equal(model.means_, expected.means_)

    def test_name_the_argument_in_errors(self, tmp_path):
        np.save(tmp_path / "rows.npy", np.array([[1.0], [np.nan]], dtype=">f8"))
        mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
        with pytest.raises(ValueError, match="X holds NaN in row 1"):
            GaussianMixture().fit(mapped)
        with pytest.raises(ValueError, match="sample_weight"):
            GaussianMixture().fit(mapped, sample_weight=[1.0])
        with pytest.raises(ValueError, match="n_components"):
            GaussianMixture(9).fit(mapped[:1])


def test_readers_are_no_rows_in_memory_and_say_what_they_are_for(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    reader = gmmx.data.from_npy(tmp_path / "rows.npy")
    model = gmmx.GaussianMixture(2, random_state=0).fit_batches(reader)
    for method in (model.fit, model.predict, model.score):
        with pytest.raises(TypeError, match=r"reader of batches.*give it to fit_batches, or loop"):
            method(reader)


def test_collections_of_dask_are_sent_to_its_estimator():
    da = pytest.importorskip("dask.array")
    with pytest.raises(TypeError, match=r"gmmx\.dask\.GaussianMixture"):
        gmmx.GaussianMixture(2).fit_batches(da.from_array(X, chunks=(10, -1)))
