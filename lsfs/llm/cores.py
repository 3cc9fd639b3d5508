"""numpy on several cores: it lets go of Python's lock while it computes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

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


def one_thread() -> AbstractContextManager[object]:
    """While it holds, BLAS has one thread: products this small take it 25 times as long with
    several, which wait by spinning."""
    limit: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limit


@functools.cache
def _blas() -> ThreadpoolController:
    """What sets the threads of the process's libraries; looking for them takes a while."""
    return ThreadpoolController()
