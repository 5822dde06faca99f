"""Text that is parsed once and then read from a temporary file: the same batches, whatever happens to the files."""

from __future__ import annotations

import contextlib
import copy
import errno
import gzip
import io
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gmmx import GaussianMixture
from gmmx.cli import command_line
from gmmx.data import _csv, from_csv, from_npy
from gmmx.io import _spool

N_FEATURES = 3


def rows(n_samples=2000, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n_samples, N_FEATURES)) + 2.0 * generator.integers(3, size=(n_samples, 1))


X = rows()
WEIGHTS = np.random.default_rng(1).uniform(size=len(X))


def write(path, X=X, weights=WEIGHTS, opened=open):
    names = [f"x{j}" for j in range(N_FEATURES)]
    with opened(path, "wt", encoding="utf-8") as stream:
        np.savetxt(stream, np.column_stack((X, weights)), "%.17g", ",", header=",".join([*names, "w"]), comments="")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for temporary files that must be empty in the end."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield tmp_path
    assert not list(scratch.iterdir())


@pytest.fixture
def made(monkeypatch):
    """The temporary files that are made, which must be closed in the end."""
    files = []

    def temporary_file(*arguments, **options):
        files.append(usual(*arguments, **options))
        return files[-1]

    usual = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", temporary_file)
    yield files
    assert all(file.closed for file in files)


@pytest.fixture
def parsed(monkeypatch):
    """The names of files that are parsed, once for each time; a look at the layout does not count."""
    names = []
    usual = _csv._TextFile.__iter__

    def parse(text):
        names.append(text.file.name)
        return usual(text)

    monkeypatch.setattr(_csv._TextFile, "__iter__", parse)
    return names


def assert_same_fit(model, expected):
    for name in ("weights_", "means_", "covariances_", "lower_bounds_", "log_likelihood_"):
        np.testing.assert_array_equal(getattr(model, name), getattr(expected, name))


def fitted(source, **options):
    return GaussianMixture(3, random_state=0, tol=1e-4, **options).fit_batches(source)


def joined(batches):
    pairs = list(batches)
    assert all(isinstance(pair, tuple) for pair in pairs)
    return [np.concatenate(arrays) for arrays in zip(*pairs, strict=True)]


def assert_all_rows(batches):
    found, weights = joined(batches)
    np.testing.assert_array_equal(found, X)
    np.testing.assert_array_equal(weights, WEIGHTS)


class TestFits:
    @pytest.mark.parametrize("weight_column", [None, "w"])
    @pytest.mark.parametrize("batch_size", [None, 300])
    def test_each_file_is_parsed_once_and_gives_the_same_bits(self, folder, made, parsed, weight_column, batch_size):
        write(folder / "1.csv", X[:900], WEIGHTS[:900])
        write(folder / "2.csv.gz", X[900:], WEIGHTS[900:], gzip.open)
        reader = from_csv([folder / "1.csv", folder / "2.csv.gz"], weight_column=weight_column, batch_size=batch_size)
        model = fitted(reader)
        assert parsed == ["1.csv", "2.csv.gz"]
        assert len(made) == 1
        assert_same_fit(model, fitted(lambda: iter(reader)))
        assert len(parsed) > 2 * model.n_iter_

    def test_paths_are_parsed_once(self, folder, made, parsed):
        write(folder / "a.csv")
        fitted(str(folder / "a.csv"))
        assert parsed == ["a.csv"]

    def test_a_fit_that_resumes_parses_once_and_gives_the_same_bits(self, folder, parsed):
        write(folder / "a.csv")
        reader = from_csv(folder / "a.csv")

        def stop(iteration, log_likelihood):
            if iteration == 3:
                raise KeyboardInterrupt

        checkpoint = folder / "fit.ckpt"
        with pytest.raises(KeyboardInterrupt):
            GaussianMixture(3, random_state=0, tol=1e-4, callback=stop).fit_batches(reader, checkpoint=checkpoint)
        resumed = GaussianMixture(3, random_state=0, tol=1e-4)
        resumed.fit_batches(reader, checkpoint=checkpoint, resume=True)
        assert parsed == ["a.csv"] * 2
        assert_same_fit(resumed, fitted(reader))

    def test_on_the_command_line(self, folder, made, parsed):
        path = folder / "a.csv"
        write(path, np.where(X == X[5, 1], np.nan, X))
        arguments = ["fit", str(path), "-k", "2", "--batch-size", "500", "--drop-missing", "--json"]
        command_line().main(arguments, prog_name="gmmx", standalone_mode=False)
        assert len(parsed) == 2  # one of them ends after the rows that are looked at for labels
        assert len(made) == 1


class TestReaders:
    def test_text_is_parsed_in_the_first_complete_pass(self, folder, made, parsed):
        write(folder / "a.csv")
        reader = from_csv(folder / "a.csv", weight_column="w", batch_size=700)
        with reader.spooled() as batches:
            for pair in batches:
                assert len(pair) == 2
                break
            for _ in range(3):
                assert_all_rows(batches)
            assert parsed == ["a.csv"] * 2
            (first, weights), *_ = batches
            first[:], weights[:] = 0.0, 0.0  # the caller owns them
            assert_all_rows(batches)
            assert repr(batches) == repr(reader)
            assert batches.feature_names == ("x0", "x1", "x2")
            with batches.spooled() as same:
                assert same is batches
            for other in (copy.copy(batches), pickle.loads(pickle.dumps(batches))):
                assert_all_rows(other)
            assert len(parsed) == 4
        assert_all_rows(batches)
        assert len(parsed) == 5

    def test_several_fits_share_one_pass(self, folder, parsed):
        write(folder / "a.csv")
        with from_csv(folder / "a.csv").spooled() as batches:
            for _ in range(2):
                fitted(batches)
        assert parsed == ["a.csv"]

    def test_passes_may_overlap(self, folder, made, parsed):
        write(folder / "a.csv")
        with from_csv(folder / "a.csv", weight_column="w", batch_size=700).spooled() as batches:
            for _ in range(3):
                ones, others = zip(*zip(batches, batches, strict=True), strict=True)
                assert_all_rows(ones)
                assert_all_rows(others)
        assert len(parsed) == 2

    def test_other_formats_are_read_from_their_files(self, tmp_path, made):
        np.save(tmp_path / "a.npy", X)
        reader = from_npy(tmp_path / "a.npy")
        with reader.spooled() as batches:
            assert batches is reader
        assert not made


class FullDisk(io.FileIO):
    """A file that takes some bytes and no more."""

    def write(self, block):
        if self.tell() >= 30_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(block[:7000])


class TestFaults:
    @pytest.mark.parametrize("fault", ["limit", "full", "no folder"])
    def test_without_room_each_pass_parses(self, folder, monkeypatch, parsed, fault):
        write(folder / "a.csv")
        reader = from_csv(folder / "a.csv", weight_column="w", batch_size=300)
        expected = fitted(reader)
        files = []
        if fault == "limit":
            monkeypatch.setattr(_spool, "_SHARE_OF_FREE_SPACE", 1 << 62)
        elif fault == "full":

            def temporary_file(**options):
                files.append(FullDisk(folder / "full", "w+"))
                return files[-1]

            monkeypatch.setattr(tempfile, "TemporaryFile", temporary_file)
        else:
            monkeypatch.setattr(tempfile, "tempdir", str(folder / "missing"))
            monkeypatch.setattr(_spool, "_FOR_LARGE_FILES", str(folder / "missing"))
        del parsed[:]
        model = fitted(reader)
        assert_same_fit(model, expected)
        assert len(parsed) > model.n_iter_
        assert len(files) == (fault == "full") and all(file.closed for file in files)

    def test_rows_that_cannot_be_read_back_are_parsed_again(self, folder, made, parsed):
        write(folder / "a.csv")
        with from_csv(folder / "a.csv", weight_column="w", batch_size=300).spooled() as batches:
            assert_all_rows(batches)
            made[0].truncate(made[0].tell() // 2)
            for _ in range(2):
                assert_all_rows(batches)
        assert len(parsed) == 3

    @pytest.mark.parametrize(
        ("change", "error", "complaint"),
        [
            (lambda path: write(path, rows(seed=1)), ValueError, "rows are other ones than in the first pass"),
            (lambda path: write(path, X[:-1], WEIGHTS[:-1]), ValueError, "source must bring the same rows"),
            (lambda path: path.write_text("x0,x1,x2,w\n1,2,three,4\n"), ValueError, "'three' is not a number"),
            (Path.unlink, FileNotFoundError, "a.csv"),
        ],
    )
    def test_files_that_change_during_a_fit_are_found_out(self, folder, made, change, error, complaint):
        path = folder / "a.csv"
        write(path)

        def callback(iteration, log_likelihood):
            if iteration == 2:
                change(path)

        with pytest.raises(error, match=complaint):
            fitted(path, callback=callback)

    def test_a_file_that_was_only_touched_is_parsed_again(self, folder, made, parsed):
        path = folder / "a.csv"
        write(path)
        with from_csv(path, weight_column="w").spooled() as batches:
            assert_all_rows(batches)
            os.utime(path, ns=(1, 1))
            for _ in range(3):
                assert_all_rows(batches)
        assert len(parsed) == 2

    def test_a_file_that_changes_while_it_is_stored_is_parsed_again(self, folder, made, parsed):
        path = folder / "a.csv"
        write(path)
        with from_csv(path, weight_column="w", batch_size=300).spooled() as batches:
            for _ in batches:
                os.utime(path, ns=(1, 1))
            assert_all_rows(batches)
            assert len(parsed) == 2

    @pytest.mark.parametrize("iteration", [1, 3])
    def test_an_interrupted_fit_leaves_nothing(self, folder, made, iteration):
        write(folder / "a.csv")

        def interrupt(now, log_likelihood):
            if now == iteration:
                assert not made[0].closed
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fitted(folder / "a.csv", callback=interrupt)
        assert len(made) == 1

    def test_a_pass_that_fails_leaves_nothing(self, folder, made):
        path = folder / "a.csv"
        path.write_text("x,y\n" + "1,2\n" * 600_000 + "3,four\n")
        with pytest.raises(ValueError, match="'four' is not a number"):
            fitted(path)
        assert len(made) == 1

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
    def test_a_forked_process_makes_its_own_file(self, folder):
        write(folder / "a.csv")
        script = f"""
            import os, numpy as np
            from gmmx.data import from_csv
            with from_csv({str(folder / "a.csv")!r}, weight_column="w", batch_size=300).spooled() as batches:
                expected = [X.tolist() for X, w in batches]
                under_way = iter(batches)
                next(under_way)
                child = os.fork()
                for _ in range(20):
                    assert [X.tolist() for X, w in batches] == expected
                assert [X.tolist() for X, w in under_way] == expected[1:]
            if child == 0:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        """
        command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(script)]
        environment = os.environ | {"TMPDIR": tempfile.gettempdir()}
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert result.returncode == 0 and not result.stderr, result.stderr


class TestPlace:
    def test_half_of_the_free_space_is_left(self, folder):
        place, room = _spool._place()
        if not _spool._lies_in_memory(str(folder)):
            assert place == tempfile.gettempdir()
            status = os.statvfs(place)
            assert room == pytest.approx(status.f_bavail * status.f_frsize / 2, rel=0.1)

    def test_memory_is_spared(self, folder, monkeypatch):
        monkeypatch.setattr(_spool, "_lies_in_memory", lambda path: path == tempfile.gettempdir())
        monkeypatch.setattr(_spool, "_FOR_LARGE_FILES", str(folder))
        assert _spool._place()[0] == str(folder)
        monkeypatch.setattr(_spool, "_lies_in_memory", lambda path: True)
        assert _spool._place() == (tempfile.gettempdir(), _spool._MOST_IN_MEMORY)

    def test_folders_in_memory_are_known(self):
        with contextlib.suppress(OSError):
            mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
            if any(where == "/dev/shm" and kind == "tmpfs" for _, where, kind in mounts):
                assert _spool._lies_in_memory("/dev/shm")
