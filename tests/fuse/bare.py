"""Short forms for tests that use the tree of a mount with no mount."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lsfs.fuse.nodes import Deferred, Handle, Node
from lsfs.fuse.source import Caller
from lsfs.fuse.vfs import Vfs

T = TypeVar("T")

ME = Caller(os.geteuid(), os.getegid(), os.getpid())


class Pipe:
    """A pipe that never waits, and what has come through it."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self) -> bytes:
        try:
            return os.read(self.read_end, 1 << 16)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self.read_end)
        os.close(self.write_end)


def descriptors() -> set[str]:
    """The descriptors that this process has open, with what they are of.

    Not the one by which they are listed, nor files that are not of the running test: threads of
    other tests may be at work still.
    """
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            about, path = descriptor.stat(), str(descriptor.readlink())
            if not path.startswith("/") or path.startswith("/dev/") or _own_folder() in path:
                found.add(f"{descriptor.name} {about.st_dev}:{about.st_ino}")
    return found


def _own_folder() -> str:
    """What the path of the running test's ``tmp_path`` has in it."""
    name = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].rpartition(" ")[0]
    return "/" + re.sub(r"\W", "_", name)[:30]


def now(result: T | Deferred[T]) -> T:
    """A result that did not have to wait."""
    assert not isinstance(result, Deferred)
    return result


def later(result: object) -> Callable[[], object]:
    """The work of a result that had to."""
    assert isinstance(result, Deferred)
    return result.work


def find(vfs: Vfs, *names: str) -> Node:
    node = vfs.root
    for name in names:
        node = vfs.lookup(node, os.fsencode(name)).node
    return node


def opened(vfs: Vfs, node: Node, flags: int) -> Handle:
    return now(vfs.open(node, flags))


def write_file(vfs: Vfs, parent: Node, name: bytes, data: bytes = b"x") -> None:
    handle = vfs.create(parent, name, os.O_WRONLY, 0o600, ME)
    vfs.write(handle, data, 0, page=False)
    vfs.release(handle)
