"""Tells the rest of lsfs what changed through the mount: a journal entry, and a nudge."""

from __future__ import annotations

import logging
import os
import sqlite3

from lsfs.clock import Clock
from lsfs.versions.capture import Noting
from lsfs.versions.events import Op, State, Who

log = logging.getLogger("lsfs.fuse.changes")


class Changes:
    """Notes changes, and wakes who reads them; never fails and never waits.

    Args:
        journal: where they are noted.
        clock: says when.
        wake: a descriptor that :meth:`nudge` writes a byte to; non-blocking. None nudges nobody.
    """

    def __init__(self, journal: Noting, clock: Clock, wake: int | None = None) -> None:
        self._journal = journal
        self._clock = clock
        self._wake = wake
        self._lost = 0

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

    def nudge(self) -> None:
        """Wake who reads the journal."""
        if self._wake is None:
            return
        try:
            os.write(self._wake, b"\n")
        except (BlockingIOError, BrokenPipeError):
            # Full: it has been woken and has not looked yet. Broken: it is being restarted, and
            # reads the journal first thing.
            return
