"""Tells the rest of lsfs what changed through the mount, and what was opened."""

from __future__ import annotations

import logging
import os
import select
import sqlite3
import time
from collections.abc import Callable

from lsfs.clock import Clock
from lsfs.versions.capture import Noting
from lsfs.versions.events import Op, State, Who

log = logging.getLogger("lsfs.fuse.changes")

# So many files are told of in so many seconds; the brain takes as many for a flood, and drops them.
OPENED, OPENED_SECONDS = 16, 10.0


class Changes:
    """Notes changes, and wakes who reads them; never fails and never waits.

    Args:
        journal: where they are noted.
        clock: says when.
        wake: a descriptor that lines are written to; non-blocking. None tells nobody.
    """

    def __init__(self, journal: Noting, clock: Clock, wake: int | None = None) -> None:
        self._journal = journal
        self._clock = clock
        self._wake = wake
        self._lost = 0
        self._opened = 0  # files in this window of time
        self._window_end = 0.0

    def note(
        self,
        op: Op,
        path: bytes,
        target: bytes | None = None,
        *,
        state: State | None = None,
        who: Who | None = None,
        appended: bool = False,
    ) -> None:
        """Note a change; see :class:`~lsfs.versions.events.Event`.

        Args:
            path, target: relative to the source.
        """
        try:
            self._journal.append(
                self._clock.now_ns(), op, path, target, state=state, who=who, appended=appended
            )
        except (sqlite3.Error, OSError) as error:
            # The user's operation has been done and must not be reported as failed because our
            # disk is full. The index finds the change at its next scan.
            self._lost += 1
            if self._lost == 1:
                log.error("the journal takes no entries, changes are left to the scan: %s", error)
        else:
            if self._lost:
                log.warning("the journal takes entries again; %d were lost", self._lost)
                self._lost = 0

    def opened(self, path_of: Callable[[], bytes | None]) -> None:
        """Tell that a file was opened, so that questions about it can be prepared for.

        Of a few files only: many are opened by a program, and an open should cost nothing.

        Args:
            path_of: gives its path, relative to the source.
        """
        now = time.monotonic()
        if now >= self._window_end:
            self._window_end, self._opened = now + OPENED_SECONDS, 0
        self._opened += 1
        if self._wake is None or self._opened > OPENED:
            return
        path = path_of()
        if path and 2 * len(path) < select.PIPE_BUF:
            self._tell(path.hex().encode("ascii") + b"\n")

    def nudge(self) -> None:
        """Wake who reads the journal."""
        self._tell(b"\n")

    def _tell(self, line: bytes) -> None:
        if self._wake is None:
            return
        try:
            os.write(self._wake, line)
        except (BlockingIOError, BrokenPipeError):
            # Full: it has been woken and has not looked yet. Broken: it is being restarted, and
            # reads the journal first thing.
            return
