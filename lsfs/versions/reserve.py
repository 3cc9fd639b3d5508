"""Room that is set aside, so that versions can be given up when the disk is full.

Giving them up writes too: to the ledger, and to packs that are written anew without them, one at a
time. A file of that size lies beside the ledger for this; it goes while they are given up, and
comes back.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger("lsfs.versions.reserve")

BYTES = 72 << 20  # a pack, and what the databases need
SHARE = 16  # but no more than one part in so many of what is free when it is made
LEAST = 1 << 20


class Reserve:
    """The file.

    Args:
        path: where; nothing is there until :meth:`keep`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self) -> None:
        """Set the room aside, unless it is, or the disk is too small to spare it."""
        size = min(BYTES, _free(self._path.parent) // SHARE)
        if self._path.exists() or size < LEAST:
            return
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, size)
            finally:
                os.close(fd)
        except OSError as error:
            log.info("no room is set aside: %s", error.strerror)
            self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Have it to use, where there is little else."""
        if _free(self._path.parent) < BYTES:
            self._path.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.keep()


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
