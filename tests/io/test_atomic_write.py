"""Files that take the place of others: who may use them stays as it was."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest

import gmmx
from gmmx.io._atomic_write import atomic_write, remove_leftovers

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")

MODEL = gmmx.GaussianMixture.from_parameters([1.0], [[0.0]], [[1.0]], "diag")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    return path


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o200])
def test_the_mode_stays(mode, path):
    path.chmod(mode)
    MODEL.save(path)
    assert mode_of(path) == mode
    assert path.stat().st_size > 3


def test_a_folder_that_refuses_a_file_is_named_with_the_path(path, monkeypatch):
    def refuse(name, *_, **__):
        raise OSError(30, "Read-only file system", str(name))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(OSError, match="takes no new file") as error:
            MODEL.save(path)
    assert str(error.value) == (
        f"the folder {str(path.parent)!r} of {str(path)!r} takes no new file (Read-only file system). Give a path in "
        "another folder."
    )
    assert error.value.errno == 30
    assert path.read_bytes() == b"old"


def test_a_private_file_is_private_all_the_time(path):
    path.chmod(0o600)
    with atomic_write(path) as stream:
        assert stat.S_IMODE(os.fstat(stream.fileno()).st_mode) == 0o600
        assert [mode_of(entry) for entry in path.parent.iterdir()] == [0o600, 0o600]


def test_a_file_that_a_link_leads_to_keeps_its_mode(path):
    path.chmod(0o600)
    link = path.with_name("link")
    link.symlink_to(path)
    MODEL.save(link)
    assert link.is_symlink()
    assert mode_of(path) == 0o600


def test_a_new_file_follows_the_mask(tmp_path):
    before = os.umask(0o027)
    try:
        MODEL.save(tmp_path / "model")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "model") == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only a superuser gives files away")
def test_owner_and_group_stay(path):
    os.chown(path, 12345, 54321)
    path.chmod(0o640)
    MODEL.save(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode_of(path)) == (12345, 54321, 0o640)


def test_an_owner_that_cannot_be_kept_is_an_error(path, monkeypatch):
    def fail(*_):
        raise PermissionError(1, "Operation not permitted")

    theirs = os.stat_result((*os.stat(path)[:4], os.geteuid() + 1, *os.stat(path)[5:]))
    original = os.stat
    monkeypatch.setattr(os, "fchown", fail)
    monkeypatch.setattr(os, "stat", lambda name, **more: theirs if str(name) == str(path) else original(name, **more))
    with pytest.raises(PermissionError, match=r"belongs to user \d+ and group \d+, which a file in its place"):
        MODEL.save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["model"]


def test_read_only_files_stay(path, run):
    path.chmod(0o444)
    with pytest.raises(PermissionError, match=r"model' is read-only and is not replaced\. Give another path, or make"):
        MODEL.save(path)
    assert path.read_bytes() == b"old"
    assert mode_of(path) == 0o444
    np.savetxt(path.with_name("rows.csv"), np.arange(40.0).reshape(20, 2), delimiter=",")
    read_only = path.with_name("labels.csv")
    read_only.write_text("old")
    read_only.chmod(0o400)
    result = run("fit", path.with_name("rows.csv"), "-k", "1", "--labels", read_only, "--force")
    assert result.exit_code == 2
    assert "is read-only and is not replaced" in result.stderr
    assert read_only.read_text() == "old"


def test_outputs_of_the_command_line_keep_their_mode(path, run):
    rows = path.with_name("rows.csv")
    np.savetxt(rows, np.arange(40.0).reshape(20, 2), delimiter=",")
    labels, model = path.rename(path.with_name("labels.csv")), path.with_name("model.safetensors")
    model.write_bytes(b"old")
    for output in (labels, model):
        output.chmod(0o600)
    result = run("fit", rows, "-k", "1", "--labels", labels, "--model", model, "--force")
    assert result.exit_code == 0, result.output
    assert mode_of(labels) == mode_of(model) == 0o600


@pytest.mark.parametrize("length", [242, 255])
def test_the_longest_names_there_may_be(length, tmp_path):
    path = tmp_path / ("a" * length)
    MODEL.save(path)
    gmmx.load(path)
    with pytest.raises(OSError, match="too long"):
        MODEL.save(tmp_path / ("a" * 256))
    assert len(os.listdir(tmp_path)) == 1


def test_a_file_that_windows_does_not_give_up_stays(path, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Access is denied")

    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError, match=r"model' cannot be replaced \(Access is denied\).*close it there"):
        MODEL.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_leftovers_of_a_name_are_removed_and_no_others(path):
    for name in (path, path.with_name("other")):
        with pytest.raises(KeyboardInterrupt), atomic_write(name) as stream:  # a kill leaves what an exception removes
            os.link(stream.name, f"{stream.name[:-12]}{'0' * 8}.tmp")
            raise KeyboardInterrupt
    assert len(os.listdir(path.parent)) == 3
    remove_leftovers(path)
    assert len(os.listdir(path.parent)) == 2
    assert path.read_bytes() == b"old"
