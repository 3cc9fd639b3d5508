"""A drive that is not mounted, with its journal, and a keeper that plays the brain."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lsfs.clock import SystemClock
from lsfs.fuse.changes import Changes
from lsfs.fuse.nodes import Deferred, Handle, Node
from lsfs.fuse.source import Source
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from lsfs.paths import StatePaths
from lsfs.versions.capture import Captures
from lsfs.versions.contents import Content
from lsfs.versions.history import Journal
from lsfs.versions.keeper import Keeper
from lsfs.versions.moments import exact
from lsfs.versions.past import Past
from tests.fuse.bare import ME, find, opened
from tests.fuse.fake_index import Index, Seconds


class World:
    """Changes go through the tree of the mount; ``catch_up`` is what the brain does meanwhile."""

    def __init__(self, vfs: Vfs, tree: VirtualTree, past: Past, keeper: Keeper, seconds: Seconds):
        self.vfs = vfs
        self.tree = tree
        self.past = past
        self.keeper = keeper
        self.seconds = seconds

    # --- changing files

    def write(self, path: str, data: bytes, *, append: bool = False, mode: int = 0o644) -> None:
        parent, name = self._place(path)
        flags = os.O_WRONLY | (os.O_APPEND if append else os.O_TRUNC)
        try:
            node = self.vfs.lookup(parent, name).node
        except FileNotFoundError:
            handle = self.vfs.create(parent, name, flags, mode, ME)
            self.vfs.adopt(handle, parent, name)
        else:
            handle = opened(self.vfs, node, flags)
        self.vfs.write(handle, data, 0, page=False)
        self.vfs.release(handle)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        self.vfs.mkdir(*self._place(path), mode, ME)

    def link(self, path: str, target: bytes) -> None:
        self.vfs.symlink(*self._place(path), target, ME)

    def remove(self, path: str) -> None:
        self.vfs.unlink(*self._place(path))

    def rmdir(self, path: str) -> None:
        self.vfs.rmdir(*self._place(path))

    def rename(self, old: str, new: str) -> None:
        self.vfs.rename(*self._place(old), *self._place(new), 0)

    def _place(self, path: str) -> tuple[Node, bytes]:
        *folders, name = path.split("/")
        return find(self.vfs, *folders), os.fsencode(name)

    # --- looking at the past

    def now(self) -> str:
        """The name of this moment below ``at``."""
        return exact(time.time_ns())

    def catch_up(self) -> None:
        self.keeper.follow()
        self.fresh()

    def fresh(self) -> None:
        self.seconds.now += 10

    def names(self, *parts: str) -> list[str]:
        return [name for name, _ in self.tree.listing(parts)]

    def read(self, *parts: str) -> bytes:
        return self.tree.read(parts)

    def opened(self, *parts: str) -> Handle:
        """An open file of the virtual directory."""
        work = self.vfs.open(find(self.vfs, ".lsfs", *parts), os.O_RDONLY)
        assert isinstance(work, Deferred)
        handle = work.work()
        assert isinstance(handle, Handle)
        return handle

    def content(self, *parts: str) -> tuple[Handle, Content]:
        """The same of one that is too large for memory."""
        handle = self.opened(*parts)
        assert handle.content is not None
        return handle, handle.content


@contextmanager
def world(root: Path, index: Index, seconds: Seconds) -> Iterator[World]:
    """A new drive below ``root``."""
    folder, state = root / "source", StatePaths(root / "state")
    folder.mkdir()
    state.create()
    source, clock = Source(folder), SystemClock()
    past = Past(state.versions, state.history, state.objects, source.root)
    journal = Journal(state.history, past.settled)
    captures = Captures(state.incoming, journal, clock, past.has, durable=False)
    with closing(source), closing(past), closing(journal), closing(captures):
        tree = VirtualTree(index, index, {}, past=past, monotonic=seconds)
        vfs = Vfs(source, tree, Changes(journal, clock), captures=captures)
        past.contents.is_watched = vfs.keeping.is_watched
        with closing(vfs), closing(Keeper(state, folder, clock)) as keeper:
            yield World(vfs, tree, past, keeper, seconds)
