"""What the virtual directory asks of the index and of the brain, and how often it asks."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from lsfs.errors import LsfsError
from lsfs.index.groups.grouped import SavedGroup
from lsfs.joins import SavedJoin
from lsfs.model import (
    Document,
    FileProblem,
    FolderEntries,
    IndexCounts,
    SavedQuestion,
    SavedSearch,
)
from lsfs.summaries import Summary

log = logging.getLogger("lsfs.fuse.virtual")

# What was published is asked for again after this time, in seconds. The kernel keeps attributes
# for about as long, so a shorter time would not be seen.
FRESH_S = 0.5
# What takes long to find out is asked for less often: it may take this share of the time.
_SHARE = 0.1

# The index may be locked, damaged or made anew at any moment.
TROUBLE = (LsfsError, OSError, sqlite3.Error)


class Published(Protocol):
    """What the brain has published; reading it never waits for the brain. Safe in all threads."""

    def generation(self) -> int:
        """Raised by every change that can alter a result."""
        ...

    def searches(self) -> list[str]:
        """Names of the kept queries."""
        ...

    def search(self, name: str) -> SavedSearch | None:
        """A kept query with its hits; None when nobody made it."""
        ...

    def questions(self) -> list[str]:
        """Names of the kept questions."""
        ...

    def question(self, name: str) -> SavedQuestion | None:
        """A kept question with its latest answer; None when nobody asked it."""
        ...

    def joins(self) -> list[str]:
        """Names of the kept joins."""
        ...

    def join(self, name: str) -> SavedJoin | None:
        """A kept join with its rows; None when nobody made it."""
        ...

    def counts(self) -> IndexCounts:
        """How far the index is."""
        ...

    def progress(self) -> dict[str, Any]:
        """What the brain is at: stage, how much is done, rate, time left; empty when it rests."""
        ...

    def problems(self) -> list[FileProblem]:
        """Files that could not be indexed in full."""
        ...

    def dated(self) -> list[tuple[str, str, str]]:
        """Path, first day and day after the last of each file that states its date."""
        ...

    def typed(self) -> list[tuple[str, str]]:
        """Path and ending of each file."""
        ...

    def parties(self) -> list[tuple[str, str]]:
        """Path and party of each file that states one."""
        ...

    def authored(self) -> list[tuple[str, str]]:
        """Path and author of each file that states one."""
        ...

    def kinds(self) -> list[tuple[str, str]]:
        """Path and kind of each file whose kind is known."""
        ...

    def topics(self) -> list[tuple[str, tuple[str, ...]]]:
        """Path of each file that has a topic, and its topics from the widest on."""
        ...

    def groupings(self) -> list[str]:
        """Names of the kept groupings."""
        ...

    def grouping(self, name: str) -> SavedGroup | None:
        """A kept grouping; None when nobody made it."""
        ...

    def folder(self, path: str) -> FolderEntries:
        """What a folder of the drive holds of documents; "" is the top."""
        ...

    def page_sizes(self, path: str) -> tuple[int, ...]:
        """Size in bytes of each page of a document as Markdown."""
        ...

    def document(self, path: str) -> Document | None:
        """A file as it was read; None when it has no document. May take long."""
        ...

    def status(self, path: str) -> str:
        """How reading a file ended; "" for one that the index does not know."""
        ...

    def dates(self, path: str) -> list[str]:
        """The days that a file states, strongest first."""
        ...


class Brain(Protocol):
    """What only the brain can do; bounded in time, ``LsfsError`` or ``OSError`` on failure."""

    def save_search(self, name: str) -> None:
        """Make a query and find its hits."""
        ...

    def drop_search(self, name: str) -> None:
        """Forget a query."""
        ...

    def save_group(self, name: str) -> None:
        """Make a grouping and its groups."""
        ...

    def drop_group(self, name: str) -> None:
        """Forget a grouping."""
        ...

    def save_question(self, name: str, question: str) -> None:
        """Keep a question and begin to answer it."""
        ...

    def drop_question(self, name: str) -> None:
        """Forget a question."""
        ...

    def save_join(self, name: str) -> None:
        """Make a join and find its rows."""
        ...

    def drop_join(self, name: str) -> None:
        """Forget a join."""
        ...

    def answer(self, name: str) -> SavedQuestion:
        """A kept question with an answer from the present state of the index."""
        ...

    def summarize(self, path: str) -> Summary:
        """What a document or a folder says, in about a page."""
        ...


T = TypeVar("T")
K = TypeVar("K")


class Fresh(Generic[T]):
    """A published value, asked for again when it is older than ``FRESH_S``.

    Args:
        ask: gets it; while it does, other threads wait.
        fallback: the value until it could be asked for.
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(self, ask: Callable[[], T], fallback: T, monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._value = fallback
        self._monotonic = monotonic
        self._until = float("-inf")
        self._lock = threading.Lock()

    def get(self) -> T:
        """The value; the one before when the catalog cannot be read at the moment."""
        with self._lock:
            now = self._monotonic()
            if now >= self._until:
                try:
                    self._value = self._ask()
                except TROUBLE as error:
                    # The files of the drive must stay usable whatever state the index is in.
                    log.warning("the index cannot be read: %s", error)
                took = self._monotonic() - now
                self._until = now + max(FRESH_S, took / _SHARE)
            return self._value

    def forget(self) -> None:
        """Ask again at the next use."""
        with self._lock:
            self._until = float("-inf")


class PerGeneration(Generic[K, T]):
    """Values made from the index, each made again when the index has changed.

    Nothing is locked: two threads that need the same value at once may both make it.

    Args:
        generation: of the index.
        make: makes the value of a key; a value that takes long is kept over several generations.
        fallback: the value while it cannot be made.
        monotonic: seconds on a clock that only goes forward.
        most: values that are kept.
    """

    def __init__(
        self,
        generation: Fresh[int],
        make: Callable[[K], T],
        fallback: T,
        monotonic: Callable[[], float],
        *,
        most: int = 1000,
    ) -> None:
        self._generation = generation
        self._make = make
        self._fallback = fallback
        self._monotonic = monotonic
        self._most = most
        self._made: dict[K, tuple[int, float, T]] = {}

    def get(self, key: K) -> T:
        """The value of a key."""
        current = self._generation.get()
        now = self._monotonic()
        known = self._made.get(key)
        if known is not None and (known[0] == current or now < known[1]):
            return known[2]
        try:
            value = self._make(key)
            took = self._monotonic() - now
        except TROUBLE as error:
            log.warning("the index cannot be read: %s", error)
            value = self._fallback if known is None else known[2]
            current, took = -1, FRESH_S * _SHARE  # tried again soon
        if len(self._made) >= self._most:
            self._made.clear()
        self._made[key] = current, now + took / _SHARE, value
        return value

    def charge(self, key: K, seconds: float) -> None:
        """Say that what was derived from a value took time too: it is kept the longer for it."""
        known = self._made.get(key)
        if known is not None:
            self._made[key] = known[0], known[1] + seconds / _SHARE, known[2]
