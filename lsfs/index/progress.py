"""How far a run is, how fast it goes, and how long the rest will take; for all who ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from lsfs import codec
from lsfs.index.store.catalog import Catalog

KEY = "progress"  # where it stands among the values of the catalog
TOLD_SECONDS = 1.0  # between two times that it is written down
STALE_SECONDS = 60.0  # what was written down longer ago is of a process that has ended
_MEMORY_SECONDS = 10.0  # the rate is that of about so long


class Progress(Struct, frozen=True):
    """How far a run is.

    Attributes:
        stage: "reading" files, or "embedding" passages; "paused" while it waits.
        done, total: files or passages.
        rate: of them in a second, lately; 0 until it is known.
        left_s: seconds that the rest of the stage will take at this rate; -1 until it is known.
        paused: why the work waits; "" while it goes on.
        time_ns: when this was so.
    """

    stage: str
    done: int
    total: int
    rate: float = 0.0
    left_s: float = -1.0
    paused: str = ""
    time_ns: int = 0

    def told(self) -> dict[str, Any]:
        """As it is shown."""
        shown = codec.to_builtins(self)
        del shown["time_ns"]
        return dict(shown)


class Pace:
    """Turns counts into progress.

    Args:
        monotonic: seconds on a clock that only goes forward.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._stage = ""
        self._rate = 0.0
        self._done = 0
        self._since = 0.0

    def at(self, stage: str, done: int, total: int) -> Progress:
        """The progress now; the rate is a mean that forgets what was long ago."""
        now = self._monotonic()
        if stage != self._stage or done < self._done:
            self._stage, self._rate, self._done, self._since = stage, 0.0, done, now
        elapsed = now - self._since
        if done > self._done and elapsed > 0.2:
            latest = (done - self._done) / elapsed
            weight = min(1.0, elapsed / _MEMORY_SECONDS) if self._rate else 1.0
            self._rate += weight * (latest - self._rate)
            self._done, self._since = done, now
        left = (total - done) / self._rate if self._rate else -1.0
        return Progress(stage, done, total, round(self._rate, 2), round(left, 1))


class Published:
    """Writes progress down in the catalog, where other processes read it.

    Args:
        catalog: open for writing.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._last = float("-inf")
        self._is_told = bool(catalog.meta(KEY))

    def tell(self, progress: Progress, *, at_once: bool = False) -> None:
        """Write it down, unless that was done a moment ago."""
        now = time.monotonic()
        if not at_once and now - self._last < TOLD_SECONDS:
            return
        self._last, self._is_told = now, True
        stamped = codec.to_builtins(progress) | {"time_ns": time.time_ns()}
        self._catalog.set_meta(KEY, codec.dumps(stamped))

    def end(self) -> None:
        """Say that nothing goes on."""
        if self._is_told:
            self._catalog.set_meta(KEY, "")
            self._is_told = False


def read(text: str) -> Progress | None:
    """What was written down; None when nothing goes on."""
    if not text:
        return None
    progress = codec.loads(text, Progress)
    age_s = (time.time_ns() - progress.time_ns) / 1e9
    return progress if age_s < STALE_SECONDS else None
