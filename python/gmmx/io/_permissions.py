"""Who may use a file, carried over from one that is replaced to the one that takes its place."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Permissions", "refuse_read_only"]

_ACCESS_LIST = "system.posix_acl_access"


def refuse_read_only(path: Path, name: str | os.PathLike[str]) -> None:
    """Refuse to replace a file that may not be written to.

    Parameters
    ----------
    path : Path
        The file, links followed. It need not exist.
    name : path-like
        What the user calls it.

    Raises
    ------
    PermissionError
        If the file is read-only for this user, or for everybody if the user is a superuser.
    """
    with contextlib.suppress(FileNotFoundError):
        if not os.stat(path).st_mode & 0o222 or not os.access(path, os.W_OK):
            raise PermissionError(
                f"{os.fspath(name)!r} is read-only and is not replaced. Give another path, or make it writable."
            )


@dataclass(frozen=True)
class Permissions:
    """Mode, owner, group and access list of a file."""

    mode: int
    owner: int
    group: int
    access_list: bytes | None

    @classmethod
    def of(cls, path: Path) -> Permissions | None:
        """Return those of a file, or None if there is none."""
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        access_list = None
        if hasattr(os, "getxattr"):
            with contextlib.suppress(OSError):
                access_list = os.getxattr(path, _ACCESS_LIST)
        return cls(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, access_list)

    def give_to(self, descriptor: int, name: str | os.PathLike[str]) -> None:
        """Give an open file the same permissions.

        Raises
        ------
        PermissionError
            If owner or group cannot be given: only a superuser can give files away.
        """
        if not hasattr(os, "fchown"):
            return
        status = os.fstat(descriptor)
        if (status.st_uid, status.st_gid) != (self.owner, self.group):
            try:
                os.fchown(descriptor, self.owner, self.group)
            except OSError as error:
                raise PermissionError(
                    f"{os.fspath(name)!r} belongs to user {self.owner} and group {self.group}, which a file in its "
                    "place cannot be given. Give another path, or delete it first."
                ) from error
        os.fchmod(descriptor, self.mode)
        if self.access_list is not None:
            os.setxattr(descriptor, _ACCESS_LIST, self.access_list)
