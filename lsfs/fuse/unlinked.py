"""Files that were removed while open: out of the folder at once, usable until they are closed.

libfuse's high-level interface knows files by path. When an open one is removed, or renamed over,
it renames it to ``.fuse_hidden…`` next to where it was and removes that name when the last handle
is closed. Left alone this litters the user's folder after a crash, makes ``rmdir`` of a folder
that looks empty fail, and reports one link where there is none. Here the hidden name stands for a
descriptor instead, and goes as soon as it safely can.

"Safely": renaming a file over an open one arrives as two calls, hide the old and rename the new.
If the old were removed at the first and the power failed before the second, neither would be
there under its name. So the name is removed at the next call, whatever that is, after the rename
if it is that.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable

from msgspec import Struct

from lsfs.fuse import libc
from lsfs.fuse.nodes import Node
from lsfs.fuse.source import Source
from lsfs.fuse.vfs import Vfs
from lsfs.versions.events import Op

# libfuse 2.9 and 3: ".fuse_hidden%08x%08x", node number and a counter; unique within a mount.
HIDDEN = re.compile(rb"(?:^|/)\.fuse_hidden[0-9a-f]{16,}$")
KEPT = -1  # number of a node that a ``with`` block does not close


class _Pending(Struct, frozen=True):
    """A hidden name that is still in the folder."""

    hidden: bytes
    original: bytes


class Unlinked:
    """The files without a name.

    Args:
        vfs: the tree that they are hidden from.
        folder: its source.
    """

    def __init__(self, vfs: Vfs, folder: Source) -> None:
        self._vfs = vfs
        self._source = folder
        # By last component: a folder above may be renamed in the meantime.
        self._pins: dict[bytes, Node] = {}
        self.pending: _Pending | None = None

    def hide(self, path: bytes, hidden: bytes) -> None:
        """Carry out libfuse's rename of an open file to a hidden name."""
        parent, name = self._vfs.walk_parent(path)
        pinned = self._source.pin(path[1:])
        try:
            with parent, self._vfs.removing(parent, name):
                self._rename(path, hidden)
        except OSError:
            os.close(pinned)
            raise
        self._pins[_name(hidden)] = Node(KEPT, pinned, None)
        self.pending = _Pending(hidden, path)
        self._vfs.note(Op.REMOVED, path[1:])

    def sweep(self) -> None:
        """Remove the hidden name that the call before left in the folder."""
        pending, self.pending = self.pending, None
        if pending is not None:
            # Somebody who saw it behind the mount may have removed it.
            with contextlib.suppress(OSError):
                folder, name = self._vfs.walk_parent(pending.hidden)
                with folder:
                    os.unlink(name, dir_fd=folder.fd)

    def restore(self, path: bytes) -> None:
        """The rename onto ``path`` that a file may have been hidden for has failed: put it back."""
        pending = self.pending
        if pending is not None and pending.original == path:
            self.pending = None
            self._rename(pending.hidden, path)
            self._vfs.note(Op.WRITTEN, path[1:])

    def _rename(self, old: bytes, new: bytes) -> None:
        before, old_name = self._vfs.walk_parent(old)
        with before:
            after, new_name = self._vfs.walk_parent(new)
            with after:
                libc.rename(before.fd, old_name, after.fd, new_name, 0)

    def find(self, path: bytes) -> Node | None:
        """The node that stands for a hidden name; None for other paths."""
        return self._pins.get(_name(path)) if self._pins else None

    def hides(self, name: bytes) -> bool:
        """Whether an entry of a folder is one that libfuse hid, now or before a crash."""
        return HIDDEN.search(name) is not None

    def forget(self, path: bytes) -> bool:
        """libfuse removes a hidden name: let the file go. Whether it was one of ours."""
        pin = self._pins.pop(_name(path), None)
        if pin is None:
            return False
        self.sweep()
        os.close(pin.fd)
        return True

    def released(self, fh: int, others: Iterable[int]) -> None:
        """A handle whose file has no path any more is about to be closed.

        When the folder around a hidden name is removed too, libfuse loses the path and never asks
        for the name's removal; the file must then go with its last handle.

        Args:
            fh: the handle.
            others: the handles that are open.
        """
        if not self._pins:
            return
        file = _identity(fh)
        if any(other != fh and _identity(other) == file for other in others):
            return
        for name, pin in list(self._pins.items()):
            if _identity(pin.fd) == file:
                del self._pins[name]
                os.close(pin.fd)

    def close(self) -> None:
        """Let all go."""
        self.sweep()
        for pin in self._pins.values():
            os.close(pin.fd)
        self._pins.clear()


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino
