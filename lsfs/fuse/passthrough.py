"""Files that the kernel reads and writes by itself (FUSE passthrough, Linux 6.9, CAP_SYS_ADMIN).

An open file of the source is registered with the kernel, which then serves reads and mappings from
it without asking. The rules, found by trial:

- All opens of one inode must name the same backing id; it is kept until the last of them closes.
- One inode cannot be open in passthrough and through the page cache at a time (EIO), so a node is
  opened in one way only.
- Who writes to a file that was there before opens it with DIRECT_IO beside PASSTHROUGH: reads of
  others stay native and coherent, while its own writes come here. What a file held before is
  thereby seen by us before it goes, and so is each write by somebody who may not keep setuid bits.
- A file that was just made holds nothing yet; its writer needs no detour.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat as modes

from lsfs.fuse.nodes import Handle, Node
from lsfs.fuse.protocol import BACKING_CLOSE, BACKING_ID, BACKING_MAP, BACKING_OPEN, Init, Open

_SET_ID = modes.S_ISUID | modes.S_ISGID


class _Backing:
    """How a file is open: the kernel's id of it, 0 if the kernel does not have it; by how many."""

    __slots__ = ("id", "users")

    def __init__(self, id: int) -> None:
        self.id = id
        self.users = 0


class Passthrough:
    """The registered files of one mount.

    Args:
        device: the mount's descriptor.
        wanted: False never registers anything.
    """

    def __init__(self, device: int, *, wanted: bool) -> None:
        self._device = device
        self._wanted = wanted
        self.active = False
        self._backings: dict[int, _Backing] = {}  # by number of the node

    def flags(self, offered: int) -> int:
        """What of the kernel's offer to accept."""
        self.active = self._wanted and bool(offered & Init.PASSTHROUGH)
        return Init.PASSTHROUGH | Init.DIRECT_IO_ALLOW_MMAP if self.active else 0

    def probe(self) -> None:
        """Find out whether the kernel lets us register files at all."""
        if not self.active:
            return
        fd = os.memfd_create("lsfs", os.MFD_CLOEXEC)
        number = self._register(fd)
        os.close(fd)
        if number:
            self._unregister(number)

    def begin(self, node: Node, handle: Handle) -> tuple[int, int]:
        """A file was opened: how the kernel is to treat it, and its backing id."""
        backing = self._backings.get(node.id)
        if backing is None:
            if not self.active:
                return 0, 0
            # Also without an id: until the last of them closes, all go the same way. What a mapping
            # writes to a file that is passed through is not seen before it is written.
            is_guarded = handle.guard is not None and bool(handle.guard.size)
            number = 0 if is_guarded else self._register(handle.fd)
            backing = self._backings[node.id] = _Backing(number)
        backing.users += 1
        if not backing.id:
            return 0, 0
        how = Open.PASSTHROUGH
        if handle.writable and not (handle.is_new and not _sets_id(node)):
            how |= Open.DIRECT_IO | Open.PARALLEL_DIRECT_WRITES
        return how, backing.id

    def has(self, node: int) -> bool:
        """Whether the kernel reads a file itself, so that it keeps nothing of it."""
        backing = self._backings.get(node)
        return backing is not None and bool(backing.id)

    def end(self, node: int, handle: Handle) -> None:
        """A handle that :meth:`begin` saw is closed."""
        backing = self._backings.get(node)
        if backing is None or handle.parts is not None:
            return
        backing.users -= 1
        if backing.users == 0:
            del self._backings[node]
            if backing.id:
                self._unregister(backing.id)

    def _register(self, fd: int) -> int:
        """A backing id for an open file; 0 when the kernel takes none."""
        try:
            # Changeable, for then Python gives the result and not the buffer.
            asked = bytearray(BACKING_MAP.pack(fd, 0, 0))
            return int(fcntl.ioctl(self._device, BACKING_OPEN, asked))
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOTTY):
                self.active = False
            return 0

    def _unregister(self, backing: int) -> None:
        fcntl.ioctl(self._device, BACKING_CLOSE, BACKING_ID.pack(backing))


def _sets_id(node: Node) -> bool:
    return node.stat is not None and bool(node.stat.st_mode & _SET_ID)
