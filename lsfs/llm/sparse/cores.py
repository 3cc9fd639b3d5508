"""numpy on several cores: it lets go of Python's lock while it computes."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Given = TypeVar("Given")
Found = TypeVar("Found")

LARGE = 1 << 22  # values that are worth the start of threads


def each(
    function: Callable[[Given], Found], items: Iterable[Given], values: int, large: int = LARGE
) -> list[Found]:
    """A function of each item, in their order.

    Args:
        function: mostly numpy; called from several threads where there is much to do.
        items: all of them.
        values: about how many numbers it goes through for all items.
        large: from how many on several cores are used.
    """
    count = len(os.sched_getaffinity(0))
    if values < large or count == 1:
        return [function(item) for item in items]
    # Else each of the threads would start as many of BLAS.
    with one_thread(), ThreadPoolExecutor(count, "numpy") as pool:
        return list(pool.map(function, items))


def one_thread() -> AbstractContextManager[None]:
    """While it holds, BLAS has one thread: products this small take it 25 times as long with
    several, which wait by spinning. It holds for the process; several threads may be within."""
    return _SINGLE


class _Single:
    """Who comes first sets the number of threads, and who goes last sets it back: were each to set
    back what it found, one of two that overlap would leave the other's one thread behind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._within:
                self._limit = _blas().limit(limits=1, user_api="blas")
            self._within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                self._limit.restore_original_limits()


_SINGLE = _Single()


@functools.cache
def _blas() -> ThreadpoolController:
    """What sets the threads of the process's libraries; looking for them takes a while."""
    return ThreadpoolController()
