"""Tells the kernel when what it has cached of the source was changed behind the mount.

Without this, a name or an attribute may be shown for up to the mount's timeout (a second) after it
has changed. The folders that the kernel has looked into are watched by inotify; a thread compares
what happened there with what the kernel was told last, and sends a notice where they differ. Our
own operations cause events too: there, they agree, and nothing is sent.

A notice may wait until the kernel has finished with a folder, which may be waiting for an answer of
ours; so it must never be sent by the thread that answers. Where inotify has no room left, the
timeout is what remains.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import struct
import threading
from collections.abc import Iterator

from lsfs.fuse import libc, protocol
from lsfs.fuse.nodes import Node
from lsfs.fuse.table import Table

log = logging.getLogger("lsfs.fuse.notices")

GATHER_S = 0.02  # events of one change come in bursts
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name
_READ = 1 << 17

Place = tuple[int, bytes]  # a watched folder's watch, and a name in it


class Notices:
    """Watches the folders of one mount.

    Args:
        device: where notices go.
        table: the nodes that the kernel knows.
    """

    def __init__(self, device: int, table: Table) -> None:
        self._device = device
        self._table = table
        self._inotify = libc.inotify()
        self._folders: dict[int, Node] = {}  # by watch
        self._watched: dict[int, int] = {}  # watches, by number of the node
        self._full = False
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="lsfs-notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        os.close(self._stop_write)
        self._thread.join()
        os.close(self._stop_read)
        os.close(self._inotify)

    def watch(self, folder: Node) -> None:
        """The kernel has looked into a folder."""
        if folder.id in self._watched or self._full or folder.fd < 0:
            return
        try:
            watch = libc.inotify_add(self._inotify, b"/proc/self/fd/%d" % folder.fd)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.ENOMEM):
                return  # this one alone: who mounted it may not read it
            self._full = True
            log.warning(
                "no more folders can be watched (%s): changes behind the mount show after a moment;"
                " raise fs.inotify.max_user_watches",
                error.strerror,
            )
            return
        self._folders[watch] = folder
        self._watched[folder.id] = watch

    def forget(self, number: int) -> None:
        """The kernel no longer knows a node."""
        watch = self._watched.pop(number, None)
        if watch is not None:
            self._folders.pop(watch, None)
            libc.inotify_remove(self._inotify, watch)

    # --- the thread

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._inotify, select.POLLIN)
        poll.register(self._stop_read, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self._stop_read in ready:
                return
            if poll_stopped(self._stop_read, GATHER_S):
                return
            for watch, name in self._happened():
                for notice in self._differences(watch, name):
                    self.send(notice)

    def _happened(self) -> set[Place]:
        """Where something has happened, each place once."""
        data = os.read(self._inotify, _READ)
        found: set[Place] = set()
        begin = 0
        while begin < len(data):
            watch, _, _, length = _EVENT.unpack_from(data, begin)
            begin += _EVENT.size
            found.add((watch, data[begin : begin + length].rstrip(b"\0")))
            begin += length
        return found

    def _differences(self, watch: int, name: bytes) -> Iterator[bytes]:
        """Notices for what the kernel was told of a place and is no longer so."""
        folder = self._folders.get(watch)
        if folder is None:
            return
        with self._table.lock:
            changed = _is_other(folder, folder.fd, b"")
            child = self._table.at(folder, name) if name else None
            gone = child is not None and not _is_there(child, folder.fd, name)
            other = child is not None and not gone and _is_other(child, folder.fd, name)
        if changed:
            yield protocol.forget_inode(folder.id)
        if child is not None and gone:
            yield protocol.forget_name(folder.id, name)
        elif child is not None and other:
            yield protocol.forget_inode(child.id)

    def send(self, notice: bytes) -> None:
        """Tell the kernel; not in the thread that answers it."""
        # ENOENT: the kernel has forgotten it by itself. ENODEV: the mount is gone.
        with contextlib.suppress(OSError):
            os.write(self._device, notice)


def poll_stopped(fd: int, seconds: float) -> bool:
    """Wait so long; whether the other end of a pipe was closed meanwhile."""
    return bool(select.select([fd], [], [], seconds)[0])


def _is_there(node: Node, folder: int, name: bytes) -> bool:
    """Whether a name still stands for a node's file."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == node.key


def _is_other(node: Node, folder: int, name: bytes) -> bool:
    """Whether a node's file is not as was last said, for other reasons than our own writing."""
    told = node.stat
    if told is None or node.writers or folder < 0:
        return False
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False) if name else os.fstat(folder)
    except OSError:
        return False
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size) != (
        told.st_mtime_ns, told.st_ctime_ns, told.st_size,
    )  # fmt: skip
