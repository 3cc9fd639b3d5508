"""Keeps the copy of a library's catalog in step with what its writers commit."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from lsfs.errors import AccessDenied, LsfsError
from lsfs.index.library.mirror import Mirror, Update
from lsfs.index.library.objects import LibraryUnreachable
from lsfs.index.library.reader import Reader
from lsfs.index.store.catalog import Catalog

Emit = Callable[[dict[str, Any]], None]

LOOK_SECONDS = 2.0  # between looks at whether something was committed

log = logging.getLogger("lsfs.index.library")


class Following:
    """Takes in what is committed: when a result is asked for, or behind the caller.

    Args:
        catalog: the copy.
        mirror: brings it in step; None where another process does.
        after: told what has changed.
    """

    def __init__(
        self,
        catalog: Catalog,
        reader: Reader,
        mirror: Mirror | None,
        after: Callable[[Update], None],
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._mirror = mirror
        self._after = after
        self._looked = float("-inf")
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return os.getpid()

    def begin(self, *, patient: bool) -> None:
        """Come into step: with the library, or with the process that keeps the copy.

        Args:
            patient: where the library does not answer, begin with the copy as it is.

        Raises:
            LibraryUnreachable: it does not answer.
        """
        known = Mirror(self._catalog, _nothing).head
        if self._mirror is None:
            self._reader.show_head(known)
            return
        try:
            self._look()
        except LibraryUnreachable as error:
            if not (patient and known.number):
                raise
            log.warning("%s; what is known of it is shown", error.message)
            self._reader.show_head(known)

    def hint(self, paths: Iterable[str]) -> None:
        """Nothing: files are not changed here."""

    def start(self) -> None:
        """Look for what is committed until :meth:`close`, in a thread."""
        self._thread = threading.Thread(target=self._follow, name="lsfs-library", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self._look()
            except LsfsError as error:
                log.warning("%s", error.message)

    def fresh(self, emit: Emit) -> None:
        """Take in what was committed, unless that was looked for just now."""
        if self._thread is None and time.monotonic() - self._looked >= LOOK_SECONDS:
            self._look()

    def wait(self, emit: Emit, timeout: float | None) -> bool:
        """Take in what was committed."""
        self._look()
        return True

    def _look(self) -> None:
        if self._mirror is None:
            return
        with self._lock:
            snapshot = self._reader.newest()
            update = self._mirror.update(snapshot)
            self._reader.show(snapshot)
            self._looked = time.monotonic()
        if update is not None:
            self._after(update)

    def reindex(self, emit: Emit) -> None:
        """Refuse: a library is written by its writers.

        Raises:
            AccessDenied: always.
        """
        raise AccessDenied(f"{self._reader.uri} is indexed by its writers")

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()


def _nothing(path: bytes) -> None:
    """The copy is only read here."""
