"""Files that are written whole or not at all."""

import contextlib
import glob
import hashlib
import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from gmmx.io._permissions import Permissions, refuse_read_only

__all__ = ["atomic_write", "lock_of", "refuse_missing_folder", "remove_leftovers"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file that takes its name only when it is complete.

    The bytes go into a temporary file beside `path`, which replaces `path` at the end of the ``with`` block.
    If the block fails, the temporary file goes and what stood at `path` stays as it was. The new file has mode, owner,
    group and access list of the one that it replaces.

    Parameters
    ----------
    path : path-like
        The file to write or replace. A symbolic link is followed.

    Yields
    ------
    binary file
        The file to write to.

    Raises
    ------
    OSError
        If the path is empty, the folder does not exist or cannot be written to, or if something other than a file
        stands at `path`: a folder, a device or a pipe would be lost.
    PermissionError
        If the file at `path` is read-only, its owner or group cannot be kept, or (on Windows) a program has it open.
    """
    if not os.fspath(path):
        raise FileNotFoundError("the path is '', which names no file. Give the path of a file to write.")
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(f"{os.fspath(path)!r} exists and is not a regular file. Give the path of a file to write.")
    refuse_missing_folder(path)
    refuse_read_only(target, path)
    permissions = Permissions.of(target)
    temporary = target.with_name(f"{_beginning(target)}.{secrets.token_hex(4)}.tmp")
    # Nobody else may read the numbers on their way to a file that is private.
    mode = 0o666 if permissions is None else 0o600
    try:
        with _created(temporary, mode, path) as stream:
            if permissions is not None:
                permissions.give_to(stream.fileno(), path)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _replace(temporary, target, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)


def _created(temporary: Path, mode: int, path: str | os.PathLike[str]) -> IO[bytes]:
    """Create the temporary file of a path; the error of a folder that refuses it names the path."""
    try:
        return open(temporary, "xb", opener=partial(os.open, mode=mode))
    except OSError as error:
        refused = type(error)(
            f"the folder {str(temporary.parent)!r} of {os.fspath(path)!r} takes no new file ({error.strerror}). Give a "
            "path in another folder."
        )
        refused.errno = error.errno
        raise refused from error


def _replace(temporary: Path, target: Path, path: str | os.PathLike[str]) -> None:
    try:
        os.replace(temporary, target)
    except PermissionError as error:
        raise PermissionError(
            f"{os.fspath(path)!r} cannot be replaced ({error.strerror}), and stays as it was. On Windows no program "
            "may have it open or mapped into memory: close it there, or give another path."
        ) from error


def refuse_missing_folder(path: str | os.PathLike[str], argument: str = "path") -> None:
    """Refuse the path of a file whose folder does not exist.

    Raises
    ------
    FileNotFoundError
        With the folder and the remedy; it calls the path `argument`.
    """
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{argument} is {os.fspath(path)!r}, but the folder {str(folder)!r} does not exist: make it first."
        )


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what `atomic_write` left beside a file when its process was killed; no other process may write it."""
    target = Path(os.path.realpath(path))
    for leftover in target.parent.glob(f"{glob.escape(_beginning(target))}.{'[0-9a-f]' * 8}.tmp"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def lock_of(path: str | os.PathLike[str]) -> Path:
    """Return the lock file of a file that one process at a time may write: a hidden one beside it."""
    target = Path(os.path.realpath(path))
    return target.with_name(f"{_beginning(target)}.lock")


def _beginning(target: Path) -> str:
    """Return what names of other files of a target begin with; what follows takes 13 of the 255 bytes of a name."""
    name = os.fsencode(target.name)
    return f".{target.name}" if len(name) < 240 else f".gmmx.{hashlib.blake2s(name, digest_size=8).hexdigest()}"


def _sync_folder(folder: Path) -> None:
    """Make a rename outlast a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
