"""Many may put at once, but nobody while a sweep runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lsfs.errors import UsageError


class Gate:
    """A lock that many hold together, or one alone. A thread that holds it may take it again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False
        self._waiting = 0
        self._mine = threading.local()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Held with others."""
        depth = getattr(self._mine, "depth", 0)
        if not depth:
            with self._changed:
                # Who waits to be alone goes first, or would wait for ever.
                self._changed.wait_for(lambda: not self._alone and not self._waiting)
                self._together += 1
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            if not depth:
                with self._changed:
                    self._together -= 1
                    self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Held by nobody else.

        Raises:
            UsageError: the thread holds it already, and would wait for itself.
        """
        if getattr(self._mine, "depth", 0):
            raise UsageError("a batch must end before its store is swept or repaired")
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self._alone and not self._together)
            self._waiting -= 1
            self._alone = True
        self._mine.depth = 1
        try:
            yield
        finally:
            self._mine.depth = 0
            with self._changed:
                self._alone = False
                self._changed.notify_all()
