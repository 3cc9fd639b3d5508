"""Models that are in memory together, within a budget."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Condition
from typing import Protocol, TypeVar, cast

from msgspec import Struct

log = logging.getLogger("lsfs.llm")

SHARE = 0.5  # of the machine's memory, where the settings do not say how much


class Resident(Protocol):
    """What takes memory until it is closed."""

    def close(self) -> None:
        """Give the memory back."""
        ...


R = TypeVar("R", bound=Resident)


class _Place(Struct):
    bytes: int
    resident: Resident | None = None  # None while it is loaded
    users: int = 0


class Residents:
    """Loads models when they are used, and closes the least recently used to make room.

    One in use is never closed: where all are, the budget is exceeded, and the log says so.

    Args:
        budget: bytes of all of them together; 0 is half of the machine's memory.
    """

    def __init__(self, budget: int = 0) -> None:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.budget = budget or int(memory * SHARE)
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._changed = Condition()

    @contextlib.contextmanager
    def use(self, key: str, size: int, load: Callable[[], R]) -> Iterator[R]:
        """A model, loaded unless it is there; it stays while the block runs.

        Args:
            key: what it is known by; the same key is loaded once, also by several threads.
            size: bytes that it takes; 0 where that is not known.
            load: makes it.

        Raises:
            LsfsError: what ``load`` raised; another call tries again.
        """
        place = self._taken(key, size, load)
        try:
            yield cast("R", place.resident)
        finally:
            with self._changed:
                place.users -= 1
                self._changed.notify_all()

    def _taken(self, key: str, size: int, load: Callable[[], Resident]) -> _Place:
        with self._changed:
            while (place := self._places.get(key)) is not None and place.resident is None:
                self._changed.wait()  # another thread loads it
            if place is not None:
                self._places.move_to_end(key)
                place.users += 1
                return place
            place = self._places[key] = _Place(size, users=1)
            leaving = self._make_room()
        for one in leaving:
            one.close()
        resident = None
        try:
            resident = load()
        finally:
            with self._changed:
                if resident is None:
                    del self._places[key]
                place.resident = resident
                self._changed.notify_all()
        return place

    def _make_room(self) -> list[Resident]:
        """Take out the least recently used until what is left fits."""
        leaving: list[Resident] = []
        for key, place in list(self._places.items()):
            if self.bytes <= self.budget:
                break
            if not place.users and place.resident is not None:
                leaving.append(place.resident)
                del self._places[key]
                log.info("%s makes room for another model", key)
        if self.bytes > self.budget:
            used, most = self.bytes // 2**20, self.budget // 2**20
            log.warning("the models in use take %d MiB, more than model.memory (%d)", used, most)
        return leaving

    @property
    def bytes(self) -> int:
        """What all of them take."""
        return sum(place.bytes for place in list(self._places.values()))

    def keys(self) -> list[str]:
        """Those that are there, the least recently used first."""
        with self._changed:
            return [key for key, place in self._places.items() if place.resident is not None]

    def drop(self, key: str) -> None:
        """Close one, if it is there; waits for those who use it."""
        with self._changed:
            while (place := self._places.get(key)) is not None and place.users:
                self._changed.wait()
            place = self._places.pop(key, None)
        if place is not None and place.resident is not None:
            place.resident.close()

    def shed(self) -> list[str]:
        """Close all that nobody uses; gives what they are known by."""
        with self._changed:
            free = {
                key: place.resident for key, place in self._places.items()
                if not place.users and place.resident is not None
            }  # fmt: skip
            for key in free:
                del self._places[key]
        for resident in free.values():
            resident.close()
        return list(free)

    def close(self) -> None:
        """Close all; waits for those that are in use."""
        with self._changed:
            keys = list(self._places)
        for key in keys:
            self.drop(key)
