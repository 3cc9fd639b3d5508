"""The virtual directory as each user of a mount sees it: the owner's, and those of others."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct

from lsfs.fuse.knowledge import Brain
from lsfs.fuse.virtual import VirtualTree
from lsfs.model import SavedQuestion
from lsfs.safety.readers import Reader

if TYPE_CHECKING:
    from lsfs.summaries import Summary

KEPT = 16  # users whose views are kept at a time
Asker = Callable[[], tuple[int, int, int]]


class View(Struct, frozen=True):
    """What one user sees, and what releases it."""

    tree: VirtualTree
    close: Callable[[], None]


class Views:
    """Finds the tree of whoever asks.

    Args:
        own: all of it, for the user who mounted the drive, and for root.
        make: a view for what a reader may read; None where other users are kept out.

    Attributes:
        asker: user, group and process of the request in hand.
    """

    def __init__(self, own: VirtualTree, make: Callable[[Reader], View] | None = None) -> None:
        self._own = own
        self._make = make
        self._views: dict[Reader, View] = {}
        self.asker: Asker = lambda: (os.geteuid(), 0, 0)

    @property
    def is_shared(self) -> bool:
        """Whether others than its owner may look into it."""
        return self._make is not None

    def now(self) -> VirtualTree:
        """The tree of whoever asks now; to be called in the thread that takes the requests."""
        uid, gid, pid = self.asker()
        if self._make is None or uid in (0, os.geteuid()):
            return self._own
        reader = Reader.of_process(uid, gid, pid)
        known = self._views.pop(reader, None) or self._make(reader)
        self._views[reader] = known  # the one that was used last is the last to go
        while len(self._views) > KEPT:
            self._views.pop(next(iter(self._views))).close()
        return known.tree

    def close(self) -> None:
        """Release the views of others."""
        for view in self._views.values():
            view.close()
        self._views.clear()


class NothingKept(Brain):
    """What others than the owner can have made: summaries of what they may read.

    Args:
        summarize: asks the brain in the name of who reads.
    """

    def __init__(self, summarize: Callable[[str], Summary]) -> None:
        self._summarize = summarize

    def summarize(self, path: str) -> Summary:
        return self._summarize(path)

    def answer(self, name: str) -> SavedQuestion:
        _refuse(name)

    def save_search(self, name: str) -> None:
        _refuse(name)

    def drop_search(self, name: str) -> None:
        _refuse(name)

    def save_group(self, name: str) -> None:
        _refuse(name)

    def drop_group(self, name: str) -> None:
        _refuse(name)

    def save_question(self, name: str, question: str) -> None:
        _refuse(name)

    def drop_question(self, name: str) -> None:
        _refuse(name)

    def save_join(self, name: str) -> None:
        _refuse(name)

    def drop_join(self, name: str) -> None:
        _refuse(name)


def _refuse(name: str) -> NoReturn:
    raise PermissionError(errno.EACCES, "only the owner of the drive keeps queries here", name)
