"""What stands in for a writer where only what would be done is asked for."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Protocol

from lsfs import beneath


class Changes(Protocol):
    """What puts, moves and makes: a writer (:class:`lsfs.versions.writing.Writer`), or none."""

    def put(self, path: bytes, fill: Callable[[int], None], *, like: bytes) -> None:
        """Put a file at a path, in place of what is there."""
        ...

    def move(self, path: bytes, target: bytes) -> None:
        """Give something another name, which must be free."""
        ...

    def make_folders(self, path: bytes) -> list[bytes]:
        """Make a folder and those above it; gives those that were made."""
        ...


class Rehearsal:
    """Refuses what a writer would refuse, and changes nothing.

    Args:
        root: descriptor of the drive's folder.
    """

    def __init__(self, root: int) -> None:
        self._root = root

    def put(self, path: bytes, fill: Callable[[int], None], *, like: bytes) -> None:
        """A file would be written.

        Raises:
            IsADirectoryError: a folder stands there.
            NotADirectoryError: what it is to be in is no folder.
        """
        self._folder_of(path)
        there = beneath.stat(self._root, path)
        if there is not None and stat.S_ISDIR(there.st_mode):
            raise _error(errno.EISDIR, path)

    def move(self, path: bytes, target: bytes) -> None:
        """Something would be moved.

        Raises:
            FileExistsError: the target is not free.
            OSError: it lies in what is moved.
        """
        self._folder_of(target)
        if beneath.stat(self._root, target) is not None:
            raise _error(errno.EEXIST, target)
        if target.startswith(path + b"/"):
            raise _error(errno.EINVAL, target)

    def make_folders(self, path: bytes) -> list[bytes]:
        """Folders would be made; gives those that are not there.

        Raises:
            NotADirectoryError: a file stands in the way.
        """
        parts = path.split(b"/")
        above = [b"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        for folder in above:
            there = beneath.stat(self._root, folder)
            if there is not None and not stat.S_ISDIR(there.st_mode):
                raise _error(errno.ENOTDIR, folder)
        return [folder for folder in above if beneath.stat(self._root, folder) is None]

    def _folder_of(self, path: bytes) -> None:
        folder = path.rpartition(b"/")[0]
        if folder:
            self.make_folders(folder)


def _error(number: int, path: bytes) -> OSError:
    return OSError(number, os.strerror(number), os.fsdecode(path))
