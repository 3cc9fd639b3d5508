"""What a context is asked to do: its size, the tokens of one call, and when to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from lsfs.errors import Cancelled, ModelError


class Stop(Protocol):
    """What tells a running computation to end: a ``threading.Event``, for one."""

    def is_set(self) -> bool:
        """Whether it is to end now."""
        ...


class Deadline:
    """Ends a computation when it is told to, or when its time is over.

    Args:
        seconds: of wall time from now on; 0 is without end.
        stop: ends it before.
    """

    def __init__(self, seconds: float, stop: Stop | None = None) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds if seconds else float("inf")
        self._stop = stop

    def is_set(self) -> bool:
        """Whether it is to end now."""
        stopped = self._stop is not None and self._stop.is_set()
        return stopped or time.monotonic() >= self._end

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Say of a computation that was stopped whether it was for the time.

        Raises:
            ModelError: its time was over.
            Cancelled: it was told to stop.
        """
        try:
            yield
        except Cancelled as error:
            if self._stop is not None and self._stop.is_set():
                raise
            hint = "raise model.timeout, or use a smaller model"
            what = f"the model took longer than {self._seconds:g} seconds"
            raise ModelError(what, hint=hint) from error


def check(stop: Stop | None) -> None:
    """Go on, or not.

    Raises:
        Cancelled: ``stop`` is set.
    """
    if stop is not None and stop.is_set():
        raise Cancelled("the model was stopped")


class Shape(Struct, frozen=True):
    """The size of a context.

    Attributes:
        tokens: cells for tokens, over all its sequences; 0 is as many as the model was trained on.
        sequences: sequences that can be held at once, at most 256.
        batch: tokens of one call at most.
        threads: 0 is one less than there are cores; as many as cores is far slower on a busy
            machine, because every thread waits for the slowest.
    """

    tokens: int = 4096
    sequences: int = 16
    batch: int = 512
    threads: int = 0


class Step(Struct, frozen=True):
    """One token of a batch: where it goes, and whether the scores after it are wanted."""

    token: int
    position: int
    sequence: int = 0
    wanted: bool = False
