"""What the tree of a mount is made of: nodes, open files, changes, and results that take long."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct

from lsfs.fuse import libc
from lsfs.fuse.virtual import Parts
from lsfs.versions.contents import Content
from lsfs.versions.events import State, Who

T = TypeVar("T")
U = TypeVar("U")

_ACCESS = os.O_WRONLY | os.O_RDWR


def _nothing() -> None:
    """Nothing is to be undone."""


class Deferred(Struct, Generic[T], frozen=True):
    """A result that takes long.

    Attributes:
        work: gives it, or raises, in whatever thread runs it.
        unwanted: to be called after ``work`` when nobody waits for the result any more: lets go of
            what it refers to. What was done stays done.
    """

    work: Callable[[], T]
    unwanted: Callable[[], None] = _nothing

    def then(
        self, following: Callable[[T], U], *, let_go: Callable[[T], object] | None = None
    ) -> Deferred[U]:
        """What ``following`` makes of the result, as late.

        Args:
            let_go: closes or forgets a result that is unwanted.
        """
        results: list[T] = []

        def work() -> U:
            results.append(self.work())
            return following(results[-1])

        def unwanted() -> None:
            if let_go is not None:
                let_go(results.pop())
            self.unwanted()

        return Deferred(work, unwanted)


class Node:
    """A file, folder or link that somebody refers to.

    Attributes:
        id: its number while it is referred to; 1 is the root, 0 a node that nobody keeps.
        fd: ``O_PATH`` descriptor of the file; -1 where it is found by name, or is virtual.
        key: device and inode of the file; the parts of a virtual path.
        parts: the path below the virtual directory; None for the source.
        lookups: how many references were given out.
        parent, name: where a file without descriptor was last found.
        stat: what was said of it last.
        writers: how many of its open files can write.
        opened: descriptors of its open files; None before the first.
        missed: it was not at its place when it was to be opened.
    """

    __slots__ = (
        "fd", "id", "key", "lookups", "missed", "name", "opened", "parent", "parts", "stat",
        "writers",
    )  # fmt: skip

    def __init__(self, id: int, fd: int, key: object, parts: Parts | None = None) -> None:
        self.id = id
        self.fd = fd
        self.key = key
        self.parts = parts
        self.lookups = 0
        self.parent: Node | None = None
        self.name = b""
        self.stat: os.stat_result | None = None
        self.writers = 0
        self.opened: set[int] | None = None
        self.missed = False

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        if self.id == 0 and self.fd >= 0:
            os.close(self.fd)


class Found(NamedTuple):
    """An entry that was looked up: the node, which is now referred to once more, and its stat."""

    node: Node
    stat: os.stat_result


class Guard:
    """How much of a file that is open for writing would be lost if it were overwritten.

    Attributes:
        key: device and inode of the file.
        state: it was in when it was opened, or last closed by one of its writers.
        size: bytes of that which nobody keeps, from the beginning; 0 when all is kept.
        writers: handles that share it.
        written: one of them has written since.
    """

    __slots__ = ("key", "size", "state", "writers", "written")

    def __init__(self, key: tuple[int, int]) -> None:
        self.key = key
        self.state: State | None = None
        self.size = 0
        self.writers = 0
        self.written = False


class Handle:
    """An open file.

    Attributes:
        fd: descriptor of the file in the source, or of a memory file with virtual content; also
            the number by which the handle is known.
        content: where a virtual file is read from that is too large for memory, closed with it;
            None for all others, which are read by ``fd``.
        writable, appending: how it was opened.
        dirty: whether something was written through it.
        opened: modification time (ns) and size when it was opened.
        parts: the path in the virtual directory; None for the source.
        is_new: the file was made by this open.
        node: the node that it is an open file of; None for a virtual one.
        guard: watches over what the file held; None for who cannot write.
        who: opened it, if for writing.
    """

    __slots__ = (
        "appending", "content", "dirty", "fd", "guard", "is_new", "node", "opened", "parts", "who",
        "writable",
    )  # fmt: skip

    def __init__(self, fd: int, flags: int, *, parts: Parts | None = None, new: bool = False):
        self.fd = fd
        self.writable = bool(flags & _ACCESS)
        self.appending = bool(flags & os.O_APPEND)
        self.dirty = new or bool(flags & os.O_TRUNC)  # an empty file is news too
        self.opened = (0, 0)
        self.parts = parts
        self.is_new = new
        self.node: Node | None = None
        self.content: Content | None = None
        self.guard: Guard | None = None
        self.who: Who | None = None

    def writes(self) -> None:
        """Something is written through it."""
        self.dirty = True
        if self.guard is not None:
            self.guard.written = True

    def belongs_to(self, node: Node) -> None:
        """It is an open file of this node, which is thereby found when its name is gone."""
        self.node = node
        if node.opened is None:
            node.opened = set()
        node.opened.add(self.fd)


class Change(Struct, frozen=True):
    """New attributes of a file; None leaves one as it is.

    Attributes:
        times: access and modification time, with UTIME_NOW and UTIME_OMIT as nanoseconds.
        clear_set_id: the caller may not keep setuid and setgid bits when the size changes.
    """

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    size: int | None = None
    times: tuple[libc.Time, libc.Time] | None = None
    clear_set_id: bool = False
