"""Ctrl-C during a computation in C."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class HeldInterrupt:
    """Holds a Ctrl-C back until the computation has ended, and says that there was one.

    An exception cannot pass through C: raised in a callback of ctypes, which is where Python looks
    at signals next, it would be printed and lost. Threads other than the main one get no signals.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._held: tuple[int, FrameType | None] | None = None

    def is_set(self) -> bool:
        """Whether there was one."""
        return self._held is not None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if callable(before):
                self._before = before
                signal.signal(signal.SIGINT, self._hold)
        return self

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._held = number, frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._before is None:
            return
        signal.signal(signal.SIGINT, self._before)
        if self._held is not None:
            self._before(*self._held)
