"""What a grant shows of a drive: by its patterns, and by what its readers may read on the disk."""

from __future__ import annotations

import os
import threading
import time
from stat import S_ISDIR

from lsfs import beneath
from lsfs.safety.grants import Grant
from lsfs.safety.readers import Permissions

FRESH_S = 0.5  # permissions that were looked up count for so long


class Sight:
    """What a grant shows of a drive. All threads may use it.

    Args:
        root: a descriptor of the drive's folder; stays the caller's.
    """

    def __init__(self, grant: Grant, root: int) -> None:
        self._grant = grant
        self._root = root
        self._lock = threading.Lock()
        self._until = 0.0
        self._permissions: list[Permissions] = []

    def __call__(self, path: str) -> bool:
        """Whether a path may be seen: it is granted, or a folder on the way to what is."""
        if not (self._grant.shows(path) or self._is_way(path)):
            return False
        with self._lock:
            return all(one.reads(path) for one in self._readers())

    def of_past(self, path: str, mode: int, uid: int, gid: int) -> bool:
        """Whether a version may be seen: its path now, and with the permissions that it had."""
        with self._lock:
            readable = all(one.would_read(mode, uid, gid) for one in self._readers())
        return readable and self(path)

    def _readers(self) -> list[Permissions]:
        now = time.monotonic()
        if now >= self._until:
            self._until = now + FRESH_S
            self._permissions = [Permissions(one, self._root) for one in self._grant.readers()]
        return self._permissions

    def _is_way(self, path: str) -> bool:
        if not self._grant.leads_on(path):
            return False
        if not path:
            return True
        found = beneath.stat(self._root, os.fsencode(path))
        return found is not None and S_ISDIR(found.st_mode)
