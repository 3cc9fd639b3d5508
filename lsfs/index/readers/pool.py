"""Several sandboxes as one reader: files are read at once, and a slow one blocks no other."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress

from lsfs.config import IndexConfig
from lsfs.index.readers.ahead import workers_of
from lsfs.index.readers.sandbox import Sandbox
from lsfs.model import Document

PATIENCE = 1.0  # seconds


class SandboxPool:
    """As many sandboxes as files may be read at once, and one for who asks meanwhile.

    A sandbox has a process only from its first file on, and the one used last is used first: what
    is read one after the other is read by one process. Another is started only where none gets free
    for a while, and none is starting: it takes as much CPU as hundreds of short files, and on a
    busy machine a second would be ready no sooner than the first.

    Args:
        config: limits, and how many files are read at once.
        make: makes a sandbox; tests make others.
    """

    def __init__(
        self, config: IndexConfig, make: Callable[[IndexConfig], Sandbox] = Sandbox
    ) -> None:
        self._all = [make(config) for _ in range(workers_of(config) + 1)]
        self._free: queue.LifoQueue[Sandbox] = queue.LifoQueue()
        self._unused: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        self._free.put(self._all[0])
        for sandbox in self._all[1:]:
            self._unused.put(sandbox)

    def read(self, fd: int, name: str) -> Document:
        """See :meth:`lsfs.index.readers.sandbox.Sandbox.read`; waits until a sandbox is free."""
        sandbox = self._next()
        try:
            return sandbox.read(fd, name)
        finally:
            self._free.put(sandbox)

    def _next(self) -> Sandbox:
        while self._unused.qsize():
            with suppress(queue.Empty):
                return self._free.get(timeout=PATIENCE)
            if any(sandbox.is_starting for sandbox in self._all):
                continue
            with suppress(queue.Empty):  # others have taken the last one
                return self._unused.get_nowait()
        return self._free.get()

    def versions(self) -> dict[str, int]:
        """See :meth:`lsfs.index.readers.sandbox.Sandbox.versions`."""
        return self._all[0].versions()

    def close(self) -> None:
        """End all processes; readings that go on in other threads end as pending."""
        for sandbox in self._all:
            sandbox.close()
