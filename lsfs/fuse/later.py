"""Requests of the kernel that have to wait until a large content is copied.

A thread copies it, while the loop serves others; then the loop, which waits for the kernel and for
such threads at once, carries out the request as if it had come just now.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsfs.fuse.requests import Request


LOOK_MS = 200  # how often it is asked whether the mount is to end


class Later:
    """The requests of one mount that were put off.

    Args:
        device: the mount's descriptor.

    Attributes:
        count: how many there are; as long as there are none, the loop need not look here.
    """

    def __init__(self, device: int) -> None:
        self.count = 0
        self._bell = os.eventfd(0, os.EFD_SEMAPHORE | os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._ready: deque[tuple[Request, Exception | None]] = deque()
        self._threads: set[threading.Thread] = set()
        self._poll = select.poll()
        self._poll.register(device, select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)

    def put_off(self, request: Request, work: Callable[[], object]) -> None:
        """Do some work in a thread, and have the request come again after it."""
        kept = request.kept()

        def run() -> None:
            failure = None
            try:
                work()
            except Exception as error:
                failure = error  # what the request is then answered with
            self._ready.append((kept, failure))
            os.eventfd_write(self._bell, 1)

        self.count += 1
        thread = threading.Thread(target=run, name="lsfs-copy", daemon=True)
        self._threads.add(thread)
        thread.start()

    def next(self, stopping: Callable[[], bool]) -> tuple[Request, Exception | None] | None:
        """A request that can be carried out now, or is to fail; None when a new one has come.

        Args:
            stopping: nothing more is to be carried out.
        """
        ready: set[int] = set()
        while not ready and not stopping():
            ready = {fd for fd, _ in self._poll.poll(LOOK_MS)}
        if self._bell not in ready:
            return None
        os.eventfd_read(self._bell)
        self.count -= 1
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        return self._ready.popleft()

    def close(self) -> None:
        """Wait for what is being copied: it is kept, though nobody waits for it any more."""
        for thread in self._threads:
            thread.join()
        os.close(self._bell)
