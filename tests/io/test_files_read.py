"""Files that are not what they seem: pipes, files that are cut off while they are read, archives that swell."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import data
from gmmx.io._npy_file import opened_npz
from gmmx.io._regular_file import open_regular

ROWS = np.random.default_rng(0).normal(size=(400, 3))


@pytest.fixture
def pipe(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("the platform has no named pipes")
    path = tmp_path / "pipe.npy"
    os.mkfifo(path)
    return path


def in_time(function, *arguments, seconds=20):
    """Call what must not wait for a writer, and return what it returns or raises."""
    results = []

    def call():
        try:
            results.append(function(*arguments))
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it waits"
    return results[0]


def refusal(result):
    """Return the one line that a command says when it refuses."""
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return line


# Pipes --------------------------------------------------------------------------------------------------------


def test_a_pipe_is_refused_where_a_file_must_be(pipe):
    for read in (open_regular, data.from_npy):
        error = in_time(read, pipe)
        assert isinstance(error, OSError)
        assert "is not a regular file, but a pipe. Give the path of a regular file" in str(error)


@pytest.mark.parametrize("path", ["folder", "device"])
def test_other_things_are_refused(path, tmp_path):
    with pytest.raises(OSError):
        open_regular(tmp_path if path == "folder" else os.devnull)


def test_the_command_line_refuses_a_pipe(pipe, run):
    assert "is not a regular file, but a pipe" in refusal(in_time(run, "fit", pipe, "-k", "1"))


# Files that are cut off ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2"])
def test_arrays_are_read_as_numpy_reads_them(order, dtype, tmp_path):
    array = np.asarray(10 * ROWS, dtype=dtype, order=order)
    np.save(tmp_path / "rows.npy", array)
    reader = data.from_npy(tmp_path / "rows.npy", batch_size=130)
    np.testing.assert_array_equal(np.concatenate(list(reader)), array)
    np.testing.assert_array_equal(
        np.concatenate(list(data.from_npy(tmp_path / "rows.npy", columns=[2, 0], batch_size=7))), array[:, [2, 0]]
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_file_that_is_cut_off_while_it_is_read(order, tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.asarray(ROWS, order=order))
    batches = iter(data.from_npy(path, batch_size=100))
    next(batches)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(ValueError, match=r"rows\.npy was cut off while it was read: it has \d+ bytes, but its array"):
        list(batches)
    with pytest.raises(ValueError, match=r"cannot be read as NumPy's \(it is cut off or damaged: .* takes 9600 bytes"):
        list(data.from_npy(path))


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut off there")
def test_a_map_of_a_file_that_was_cut_off(tmp_path):
    """In a process of its own: without the check the system kills it."""
    program = f"""
import os, numpy as np, gmmx
path = {str(tmp_path / "rows.npy")!r}
np.save(path, np.zeros((40_000, 3)))
rows = np.load(path, mmap_mode="r")
os.truncate(path, 20_000)
for call in (gmmx.GaussianMixture(1).fit_batches, gmmx.GaussianMixture(1).fit):
    try:
        call(rows[1:])
    except ValueError as error:
        print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == 2
    assert all("rows.npy, which was cut off: it has 20000 bytes, but had 960128" in line for line in lines)


def with_header(shape: str) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + b"\0" * 64


@pytest.mark.parametrize(
    "shape", ["(9223372036854775808, 2)", "(4611686018427387904, 4)", "(-1, 2)", "(3,", "(1e3, 2)"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_impossible_shapes(shape, packed, tmp_path, run):
    path = tmp_path / ("rows.npz" if packed else "rows.npy")
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("rows.npy", with_header(shape))
    else:
        path.write_bytes(with_header(shape))
        with pytest.raises(ValueError, match="cannot be read as NumPy's"):
            data.from_npy(path)
    assert refusal(run("fit", path, "-k", "1")).startswith("Error: ")


# Archives -----------------------------------------------------------------------------------------------------


def test_members_that_are_no_arrays(tmp_path, run):
    path = tmp_path / "rows.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "not an array")
        archive.writestr("more.npy", "not an array either")
    assert "it holds no array; save some by numpy.savez" in refusal(run("fit", path, "-k", "1"))
    np.save(tmp_path / "rows.npy", ROWS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(tmp_path / "rows.npy", "rows.npy")
    assert "it has no array 'more'; --array must name one of rows" in refusal(
        run("fit", path, "-k", "1", "--array", "more")
    )
    assert "400 rows x 3 columns" in run("fit", path, "-k", "1").stdout


def test_an_array_of_objects_is_named_as_such(tmp_path, run):
    path = tmp_path / "rows.npz"
    np.savez(path, rows=ROWS, objects=np.array([["a", 1.0]], dtype=object))
    assert "it holds Python objects; save it as float64" in refusal(run("fit", path, "-k", "1", "--array", "objects"))
    assert run("fit", path, "-k", "1", "--array", "rows").exit_code == 0


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_archives(damage, tmp_path, run):
    path = tmp_path / "rows.npz"
    np.savez_compressed(path, rows=ROWS)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert "it is not a whole .npy or .npz file of numbers" in refusal(run("fit", path, "-k", "1"))


def test_one_array_of_an_archive_is_unpacked_alone(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez_compressed(path, rows=ROWS, others=np.zeros((1 << 20, 8)))
    tracemalloc.start()
    try:
        with opened_npz(path) as archive:
            assert archive.shapes == {"rows": (400, 3), "others": (1 << 20, 8)}
            np.testing.assert_array_equal(archive["rows"], ROWS)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # the others take 64 MiB
    finally:
        tracemalloc.stop()


# Names --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
def test_names_that_are_not_utf8(tmp_path, run):
    """Each command reads and writes such files, or says in one line that it cannot."""
    rows, model, output = (str(tmp_path / name) for name in ("r\udcff.csv", "m\udcff.safetensors", "o\udcff.npz"))
    np.savetxt(tmp_path / "rows.csv", ROWS, delimiter=",")
    os.rename(tmp_path / "rows.csv", rows)
    for arguments in (
        ["fit", rows, "-k", "1", "--model", model],
        ["info", model],
        ["info", model, "--json"],
        ["predict", model, rows, "--output", output],
        ["score", model, rows, "--json"],
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
    np.savetxt(tmp_path / "rows.csv", ROWS, delimiter=",")
    os.rename(tmp_path / "rows.csv", tmp_path / "r\udcff.parquet")
    message = refusal(run("fit", tmp_path / "r\udcff.parquet", "-k", "1"))
    assert "has a name that is not UTF-8, which cannot be opened here; rename it" in message
    Path(model).write_bytes(b"damaged")
    assert "m\\udcff.safetensors cannot be loaded as a gmmx model" in refusal(run("info", model))
    with pytest.raises(gmmx.ModelFileError, match=r"m\\udcff\.safetensors cannot be loaded"):
        gmmx.load(model)
