"""Passages that are likely to be asked about are read by the model while nobody waits for it."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from lsfs.errors import Cancelled, LsfsError

if TYPE_CHECKING:
    from lsfs.index.store.catalog import Catalog
    from lsfs.llm.answers.chat import ReadsAhead

log = logging.getLogger("lsfs.syscalls.ahead")

FILES = 64  # that are thought of at once, the last ones
PASSAGES = 200  # of each
QUIET_SECONDS = 3.0  # after a question, for another one often follows
LOOK_SECONDS = 5.0  # between looks at whether the machine is idle
# A file that was opened is worth as much as one that was asked about so long before.
OPENED_NS = 24 * 3600 * 10**9
# So many files within so many seconds are opened by a program, not by a person.
FLOOD, FLOOD_SECONDS = 16, 10.0
FULL_SECONDS = 600.0  # before it is tried again where there was no room


class _Hot(Struct, frozen=True):
    """A file that is likely to be asked about, and what it is worth: a time, in nanoseconds."""

    path: str
    worth_ns: int


class Pause(Protocol):
    """What says when the machine should be left alone."""

    def reason(self) -> str:
        """Why to wait; "" when there is no reason."""
        ...


class EitherOf:
    """The first reason that one of several gives."""

    def __init__(self, *pauses: Pause) -> None:
        self._pauses = pauses

    def reason(self) -> str:
        """Why to wait; "" when there is no reason."""
        return next((why for one in self._pauses if (why := one.reason())), "")


class Ahead:
    """Reads hot files in a thread of its own: one passage at a time, and never beside a question.

    Hot is what was in an answer, and what was opened, lately. What is read takes the place only of
    what was used before that. Until the first question it rests: who never asks needs no model in
    memory.

    Args:
        reads: the model.
        passages: the texts of a file's passages; empty for one that is gone.
        is_at_rest: whether the index has nothing to do.
        pause: says when the machine should be left alone.
        now_ns: the time, in nanoseconds since the epoch.
    """

    def __init__(
        self,
        reads: ReadsAhead,
        passages: Callable[[str], Sequence[str]],
        *,
        is_at_rest: Callable[[], bool],
        pause: Pause,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._reads = reads
        self._passages = passages
        self._is_at_rest = is_at_rest
        self._pause = pause
        self._now_ns = now_ns
        self._condition = threading.Condition()
        self._hot: OrderedDict[str, int] = OrderedDict()  # path to worth, the last one last
        self._done: set[str] = set()
        self._opened: dict[str, float] = {}  # files of the last seconds, until they are hot
        self._opens: deque[float] = deque(maxlen=FLOOD)  # when the last ones were opened
        self._told = 0  # how often something new was told
        self._askers = 0
        self._is_wanted = False  # somebody has asked something
        self._quiet_until = 0.0
        self._stop = threading.Event()  # set while a question is answered
        self._closed = False
        self._state = ""
        self._thread = threading.Thread(target=self._run, name="lsfs-ahead")

    def start(self) -> None:
        """Begin; until then files are only taken note of."""
        self._thread.start()

    def close(self) -> None:
        """End, within a batch of the model."""
        with self._condition:
            self._closed = True
            self._stop.set()
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def state(self) -> str:
        """What it is at, for a person."""
        return self._state

    # --- what is told

    def asked(self, paths: Iterable[str]) -> None:
        """These files were asked about, or are in an answer."""
        with self._condition:
            self._is_wanted = True
            self._note(paths, self._now_ns())

    def opened(self, paths: Iterable[str]) -> None:
        """These files were opened; many at once do not count."""
        now = time.monotonic()
        with self._condition:
            for path in paths:
                self._opened[path] = now
                self._opens.append(now)
            if len(self._opens) == FLOOD and self._opens[0] > now - FLOOD_SECONDS:
                self._opened.clear()
            self._quiet_until = max(self._quiet_until, now + FLOOD_SECONDS)
            self._condition.notify_all()

    def changed(self) -> None:
        """Files have changed: those that are hot are looked at again."""
        with self._condition:
            self._told += 1
            self._done.clear()
            self._condition.notify_all()

    def _note(self, paths: Iterable[str], worth_ns: int) -> None:
        """Make files hot. For who holds the condition."""
        for path in paths:
            self._hot[path] = max(worth_ns, self._hot.pop(path, 0))
            self._done.discard(path)
        while len(self._hot) > FILES:
            path, _ = self._hot.popitem(last=False)
            self._done.discard(path)
        self._told += 1
        self._condition.notify_all()

    @contextlib.contextmanager
    def standing_back(self) -> Iterator[None]:
        """Leave the model to a question: what is being read is dropped within a batch."""
        with self._condition:
            self._askers += 1
            self._is_wanted = True
            self._stop.set()
        try:
            yield
        finally:
            with self._condition:
                self._askers -= 1
                self._quiet_until = time.monotonic() + QUIET_SECONDS
                if not self._askers and not self._closed:
                    self._stop.clear()
                self._condition.notify_all()

    # --- the thread

    def _run(self) -> None:
        while (hot := self._next()) is not None:
            told = self._told
            try:
                is_done = self._read(hot)
            except Cancelled:
                is_done = False
            except LsfsError as error:
                log.error("%s is not read ahead: %s", hot.path, error.message)
                is_done = True
            except Exception:
                # The edge of the thread: the next file may go well.
                log.exception("%s is not read ahead", hot.path)
                is_done = True
            with self._condition:
                if is_done and told == self._told:
                    self._done.add(hot.path)

    def _next(self) -> _Hot | None:
        """The hottest file that is to be read, once nobody minds; None at the end."""
        with self._condition:
            while not self._closed:
                quiet = self._quiet_until - time.monotonic()
                self._state = ""
                if self._askers or not self._is_wanted:
                    self._condition.wait()
                elif quiet > 0:
                    self._condition.wait(quiet)
                elif self._opened:
                    self._note(self._opened, self._now_ns() - OPENED_NS)
                    self._opened = {}
                elif not (waiting := [path for path in self._hot if path not in self._done]):
                    self._condition.wait()
                elif why := self._hindrance():
                    self._state = f"waits: {why}"
                    self._condition.wait(LOOK_SECONDS)
                else:
                    path = max(waiting, key=lambda one: self._hot[one])
                    self._state = f"reads {path}"
                    return _Hot(path, self._hot[path])
        return None

    def _hindrance(self) -> str:
        return self._pause.reason() if self._is_at_rest() else "files are indexed"

    def _read(self, hot: _Hot) -> bool:
        """Read a file; whether that is done."""
        for text in self._passages(hot.path)[:PASSAGES]:
            if self._stop.is_set() or self._hindrance():
                return False
            if not self._reads.prepare([text], self._stop, used_ns=hot.worth_ns):
                log.info("there is no room to read ahead")
                with self._condition:
                    self._quiet_until = time.monotonic() + FULL_SECONDS
                return True
        return True


def passages_of(catalog: Catalog, path: str) -> list[str]:
    """The texts of a file's passages, from the first on, as searches give them."""
    row = catalog.file(path)
    if row is None or row.document_id is None:
        return []
    with catalog.lock:
        found = catalog.db.execute(
            "SELECT text FROM passage WHERE document_id = ? ORDER BY ordinal LIMIT ?",
            (row.document_id, PASSAGES),
        )
        return [text for (text,) in found]
