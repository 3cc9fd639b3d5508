"""The source folder as the index sees it: which files there are, and how they are opened.

Every access starts from a descriptor of the source and never follows a symbolic link, so no name in
the tree, however it changes in the meantime, leads out of it.
"""

from __future__ import annotations

import errno
import fnmatch
import logging
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from lsfs import beneath
from lsfs.index.catalog import FileIdentity

log = logging.getLogger("lsfs.index.tree")


class SourceTree:
    """A source folder.

    Args:
        root: its real path.
        ignore: names and patterns that are left out, wherever they stand.
    """

    def __init__(self, root: Path, ignore: Iterable[str]) -> None:
        self.root = root
        self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._ignore = re.compile("|".join(fnmatch.translate(p) for p in ignore) or r"(?!)")

    def close(self) -> None:
        """Release the descriptor."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def ignored(self, path: str) -> bool:
        """Whether any part of a path is left out."""
        return any(self._ignore.match(part) for part in path.split("/"))

    def stat(self, path: str) -> os.stat_result | None:
        """What stands at a path, not following links; None when nothing does."""
        try:
            return os.stat(path or ".", dir_fd=self._fd, follow_symlinks=False)
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at the path now."""
        found = self.stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def open(self, path: str) -> int:
        """A read-only descriptor of a regular file.

        Raises:
            OSError: as ``open(2)``; ELOOP when a part of the path is a link.
        """
        fd = beneath.open_file(self._fd, os.fsencode(path))
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "not a regular file", path)
        return fd

    def files(self, path: str = "") -> Iterator[tuple[str, FileIdentity]]:
        """Regular files at or below a path, with their identity, in no particular order."""
        if path and self.ignored(path):
            return
        found = self.stat(path)
        if found is None:
            return
        if stat.S_ISREG(found.st_mode):
            yield path, FileIdentity.of(found)
        elif stat.S_ISDIR(found.st_mode):
            yield from self._below(path)

    def _below(self, path: str) -> Iterator[tuple[str, FileIdentity]]:
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            try:
                fd = self._open_folder(folder.split("/") if folder else [])
            except OSError as error:
                log.warning("cannot list %r: %s", folder, error.strerror)
                continue
            try:
                with os.scandir(fd) as entries:
                    for entry in entries:
                        yield from self._entry(folder, entry, waiting)
            finally:
                os.close(fd)

    def _entry(
        self, folder: str, entry: os.DirEntry[str], waiting: list[str]
    ) -> Iterator[tuple[str, FileIdentity]]:
        if self._ignore.match(entry.name):
            return
        path = f"{folder}/{entry.name}" if folder else entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path, FileIdentity.of(entry.stat(follow_symlinks=False))
        except OSError as error:  # gone since it was listed
            log.debug("skipping %r: %s", path, error.strerror)

    def _open_folder(self, parts: list[str]) -> int:
        return beneath.open_folder(self._fd, parts)
