"""Work done ahead of who needs it, in order: several pieces at once, not too many or too large."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Generic, TypeVar

from lsfs.config import IndexConfig

T = TypeVar("T")
R = TypeVar("R")

FOR_EACH_WORKER = 4  # pieces that are begun or done before they are needed
MAX_WEIGHT = 64 * 2**20


class Ahead(Generic[T, R]):
    """Results of ``work`` for ``items``, in their order; each piece of work gives any number.

    While the first result is awaited, the pieces behind it are worked on: so many for each worker,
    and as long as they weigh no more than ``MAX_WEIGHT`` together. One that is heavier is worked on
    alone with those before it.

    Args:
        executor: runs the work, in as many threads as it has.
        workers: how many those are.
        work: called in a thread; what it raises is raised where its result is taken.
        weight: of an item before its work is done.

    Attributes:
        most: pieces that are begun and not taken yet, at most.
    """

    def __init__(
        self,
        executor: ThreadPoolExecutor,
        workers: int,
        work: Callable[[T], Iterable[R]],
        weight: Callable[[T], int],
    ) -> None:
        self._executor = executor
        self.most = FOR_EACH_WORKER * workers
        self._work = work
        self._weight = weight
        self._begun: deque[tuple[int, Future[Iterable[R]]]] = deque()
        self._first: deque[R] = deque()  # what the first piece gave and nobody has taken yet

    def results(
        self, items: Iterable[T], idle: Callable[[], None] = lambda: None, patience: float = 0.25
    ) -> Iterator[R]:
        """The results; whoever stops taking them calls :meth:`left`.

        Args:
            idle: called when the next result is not there after ``patience`` seconds.
        """
        source = iter(items)
        following = next(source, None)
        while following is not None or self._begun:
            while following is not None and self._has_room(self._weight(following)):
                future = self._executor.submit(self._work, following)
                self._begun.append((self._weight(following), future))
                following = next(source, None)
            first = self._begun[0][1]
            if not first.done() and not wait([first], patience).done:
                idle()
            self._begun.popleft()
            self._first.extend(first.result())
            while self._first:
                yield self._first.popleft()

    def left(self) -> Iterator[R]:
        """What is done or being done already when no more is wanted; the rest is called off."""
        begun = [future for _, future in self._begun if not future.cancel()]
        self._begun.clear()
        while self._first:
            yield self._first.popleft()
        for future in begun:
            if future.exception() is None:
                yield from future.result()

    def _has_room(self, weight: int) -> bool:
        if not self._begun:
            return True
        total = sum(other for other, _ in self._begun)
        return len(self._begun) < self.most and total + weight <= MAX_WEIGHT


def workers_of(config: IndexConfig) -> int:
    """How many files are read at once."""
    return config.parse_workers or max(1, (os.cpu_count() or 1) - 1)


@contextmanager
def threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for as long as the block; what they have not begun at its end is called off."""
    executor = ThreadPoolExecutor(workers, thread_name_prefix="lsfs-read")
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)
