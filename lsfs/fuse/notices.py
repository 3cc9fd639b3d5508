"""Tells the kernel when what it has cached of the source was changed behind the mount.

The folders that the kernel has looked into are watched by inotify; a thread compares what happened
there with what the kernel was told last, and sends a notice where they differ. So the kernel may
keep names and attributes of such folders for a long time, and need not ask again every second. Our
own operations cause events too: there, they agree, and nothing is sent.

A notice may wait until the kernel has finished with a folder, which may be waiting for an answer of
ours; so it must never be sent by the thread that answers.

inotify does not see everything. Changes that another machine makes on a network file system, or
that go through another name of a file (a hard link in another folder), are found by the kernel's
asking again after the mount's timeout, and so are all where inotify has no room left.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import threading
from collections import deque
from collections.abc import Iterable

from lsfs import inotify
from lsfs.fuse import protocol
from lsfs.fuse.nodes import Node
from lsfs.fuse.table import Table

log = logging.getLogger("lsfs.fuse.notices")

GATHER_S = 0.02  # events of one change come in bursts
CLOSE_S = 2.0
LOOP_S = 0.01  # in which the loop, if it is at work, collects them

Place = tuple[Node, bytes]  # a folder, and a name in it; without a name, the folder itself


class Notices:
    """Watches the folders of one mount.

    Args:
        device: where notices go.
        table: the nodes that the kernel knows.
    """

    def __init__(self, device: int, table: Table) -> None:
        self._device = device
        self._table = table
        self._inotify = inotify.opened()
        self._folders: dict[int, Node] = {}  # by watch
        self._watched: dict[int, int] = {}  # watches, by number of the node
        self._full = False
        self._local: dict[int, bool] = {}  # by device
        self.due = False  # something happened, and may be collected
        self._collecting = threading.Lock()
        self._outbox: deque[bytes] = deque()
        self._unsure: list[Place] = []  # to be compared because inotify has lost track
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="lsfs-notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        os.close(self._stop_write)
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            return  # it waits for a folder that the kernel holds, and ends with the mount
        os.close(self._stop_read)
        os.close(self._inotify)

    def covers(self, folder: Node | None) -> bool:
        """Whether changes of a folder, and of the files in it, are told to the kernel."""
        return folder is not None and folder.id in self._watched

    def watch(self, folder: Node) -> None:
        """The kernel has looked into a folder."""
        if folder.id in self._watched or self._full or folder.parts is not None:
            return
        if folder.fd < 0:  # given up for want of descriptors: it is watched when it is open again
            return
        if not self._is_local(folder):
            return
        try:
            watch = inotify.add(self._inotify, folder.fd)
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
            inotify.remove(self._inotify, watch)

    def _is_local(self, folder: Node) -> bool:
        device = os.fstat(folder.fd).st_dev
        known = self._local.get(device)
        if known is None:
            known = self._local[device] = inotify.is_local(folder.fd)
            if not known:
                log.info("changes behind the mount show after a moment: it is not local")
        return known

    # --- looking at what happened

    def collect(self) -> None:
        """Compare what happened with what was told; by whoever is awake.

        The loop calls it between two requests when ``due`` is set. Two threads that both run keep
        taking Python's lock from each other, at every system call, which would cost more than all
        else; so the thread here does it only while the loop has nothing to do.
        """
        if not self._collecting.acquire(blocking=False):
            return
        try:
            if self.due:
                self.due = False
                for folder, name in self._happened():
                    self._outbox.extend(self._differences(folder, name))
        finally:
            self._collecting.release()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._inotify, select.POLLIN)
        poll.register(self._stop_read, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self._stop_read in ready or _stopped(self._stop_read, GATHER_S):
                return
            self.due = True
            if _stopped(self._stop_read, LOOP_S):
                return
            self.collect()
            while self._unsure:
                self._outbox.extend(self._differences(*self._unsure.pop()))
            while self._outbox:
                self.send(self._outbox.popleft())

    def _happened(self) -> Iterable[Place]:
        """Where something has happened, each place once."""
        found: dict[Place, None] = {}
        for watch, mask, name in inotify.events(self._inotify):
            if mask & inotify.OVERFLOW:
                log.info("too much happened at once behind the mount: comparing all that is known")
                self._unsure = self._everything()
                return ()
            folder = self._folders.get(watch)
            if mask & inotify.ENDED or folder is None:
                continue
            found[folder, name] = None
        return found

    def _everything(self) -> list[Place]:
        """Every place that the kernel knows."""
        with self._table.lock:
            nodes = list(self._table.by_id.values())
        places = [(node.parent, node.name) for node in nodes if node.parent is not None]
        return [(folder, b"") for folder in list(self._folders.values())] + places

    def _differences(self, folder: Node, name: bytes) -> list[bytes]:
        """Notices for what the kernel was told of a place and is no longer so."""
        with self._table.lock:
            if folder.fd < 0:
                # It was given up, and cannot be compared; asking again costs little.
                about = protocol.forget_inode(folder.id)
                return [about, protocol.forget_name(folder.id, name)] if name else [about]
            found = [protocol.forget_inode(folder.id)] if _is_other(folder, folder.fd, b"") else []
            child = self._table.at(folder, name) if name else None
            if child is None:
                return found
            if not _is_there(child, folder.fd, name):
                return [*found, protocol.forget_name(folder.id, name)]
            if _is_other(child, folder.fd, name):
                return [*found, protocol.forget_inode(child.id)]
        return found

    def send(self, notice: bytes) -> None:
        """Tell the kernel; not in the thread that answers it."""
        # ENOENT: the kernel has forgotten it by itself. ENODEV: the mount is gone.
        with contextlib.suppress(OSError):
            os.write(self._device, notice)


def _stopped(fd: int, seconds: float) -> bool:
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
    if told is None or node.writers:
        return False
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False) if name else os.fstat(folder)
    except OSError:
        return False
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size) != (
        told.st_mtime_ns, told.st_ctime_ns, told.st_size,
    )  # fmt: skip
