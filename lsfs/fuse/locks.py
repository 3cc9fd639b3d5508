"""Locks that programs set on files of a mount, set on the files of the source.

So they exclude programs on both sides of the mount. Record locks (``fcntl``) belong to a process
and a file; for each such pair the file is opened once more, and the locks are set on that open file
(Linux's open file description locks), which conflict with those of other pairs and with ordinary
ones behind the mount. ``flock`` belongs to an open file, which has a descriptor of its own here.

Nothing here waits: who must is tried again, at once when a lock goes through the mount, and every
few hundredths of a second for locks that go behind it. The kernel's search for deadlocks (EDEADLK)
does not see such locks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable

from lsfs.fuse import source

Range = tuple[int, int, int, int]  # F_RDLCK, F_WRLCK or F_UNLCK; first byte, last byte; process

WHOLE = (1 << 63) - 1  # last byte of a lock without an end
_RETRY_S = 0.02
_FLOCK = struct.Struct("hhqqi4x")  # struct flock: type, whence, start, length, process
_FLOCK_OF = {
    fcntl.F_RDLCK: fcntl.LOCK_SH,
    fcntl.F_WRLCK: fcntl.LOCK_EX,
    fcntl.F_UNLCK: fcntl.LOCK_UN,
}


class _Owner:
    """What one process has locked of one file: the file opened for that, and what is said of it."""

    __slots__ = ("fd", "handles", "pid")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.pid = 0
        self.handles: set[int] = set()


class Locks:
    """The locks of one mount.

    Args:
        answer: tells a waiting request how it ended: its number, the file's node, and an errno
            or 0.
    """

    def __init__(self, answer: Callable[[int, int, int], None]) -> None:
        self._answer = answer
        self._owners: dict[int, dict[int, _Owner]] = {}  # by node, then by owner
        self._waiters: dict[int, tuple[int, Callable[[], None]]] = {}  # with the node
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def on(self, node: int) -> bool:
        """Whether anybody has locked records of a file."""
        return node in self._owners

    # --- record locks

    def set(self, node: int, owner: int, fh: int, wanted: Range) -> None:
        """Set or clear a record lock.

        Raises:
            BlockingIOError: somebody else has it.
        """
        kind, start, end, pid = wanted
        with self._lock:
            mine = self._owners.get(node, {}).get(owner)
            if mine is None:
                if kind == fcntl.F_UNLCK:
                    return
                mine = _Owner(_opened_again(fh))
            try:
                fcntl.fcntl(mine.fd, fcntl.F_OFD_SETLK, _packed(kind, start, end))
            except OSError as error:
                if not mine.handles:
                    os.close(mine.fd)
                if error.errno == errno.EACCES:
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
                raise
            self._owners.setdefault(node, {})[owner] = mine
            mine.pid = pid
            mine.handles.add(fh)
        if kind == fcntl.F_UNLCK:
            self._try_waiters()

    def conflict(self, node: int, owner: int, fh: int, wanted: Range) -> Range:
        """The lock that is in the way of another; of type F_UNLCK when none is."""
        kind, start, end, _ = wanted
        with self._lock:
            mine = self._owners.get(node, {}).get(owner)
            fd = source.reopen(fh, _access(fh)) if mine is None else mine.fd
            try:
                found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _packed(kind, start, end))
            finally:
                if mine is None:
                    os.close(fd)
            kind, _, start, length, pid = _FLOCK.unpack(found)
            if kind != fcntl.F_UNLCK and pid == -1:
                pid = self._holder(node, owner, start, length)
        return kind, start, start + length - 1 if length else WHOLE, max(pid, 0)

    def _holder(self, node: int, asking: int, start: int, length: int) -> int:
        """The process that has locked a range: the kernel does not say whose ours are, but does not
        show a lock to the one whose it is."""
        others = [found for by, found in self._owners.get(node, {}).items() if by != asking]
        question = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
        for found in others:
            shown = _FLOCK.unpack(fcntl.fcntl(found.fd, fcntl.F_OFD_GETLK, question))
            if shown[0] == fcntl.F_UNLCK or shown[2:4] != (start, length):
                return found.pid
        return others[0].pid if others else 0  # several read the same range: any of them

    def drop(self, node: int, owner: int) -> None:
        """A process closes a file: its record locks on it end, whichever descriptor it closes."""
        owners = self._owners.get(node)
        if owners is None:
            return
        with self._lock:
            found = owners.pop(owner, None)
            if not owners:
                del self._owners[node]
            if found is None:
                return
            os.close(found.fd)
        self._try_waiters()

    def closed(self, node: int, fh: int) -> None:
        """The last use of a handle ends: so do locks that were set through it and are still there.

        Handles that only read may be closed without a word (NOFLUSH).
        """
        if node in self._owners:
            for owner, found in list(self._owners[node].items()):
                found.handles.discard(fh)
                if not found.handles:
                    self.drop(node, owner)

    # --- flock

    def flock(self, fh: int, kind: int) -> None:
        """Set or clear the lock of an open file.

        Raises:
            BlockingIOError: another has it.
        """
        fcntl.flock(fh, _FLOCK_OF[kind] | fcntl.LOCK_NB)
        if kind == fcntl.F_UNLCK:
            self._try_waiters()

    # --- waiting

    def wait(self, unique: int, node: int, attempt: Callable[[], None]) -> None:
        """Try again until ``attempt`` no longer raises BlockingIOError, then answer."""
        with self._lock:
            self._waiters[unique] = node, attempt
            if self._thread is None:
                self._thread = threading.Thread(target=self._retry, name="lsfs-locks", daemon=True)
                self._thread.start()

    def give_up(self, unique: int) -> bool:
        """A waiting request was interrupted; whether it was one of ours and still waited."""
        with self._lock:
            return self._waiters.pop(unique, None) is not None

    def _retry(self) -> None:
        while True:
            time.sleep(_RETRY_S)
            with self._lock:
                if not self._waiters:
                    self._thread = None
                    return
            self._try_waiters()

    def _try_waiters(self) -> None:
        if not self._waiters:
            return
        with self._lock:
            for unique, (node, attempt) in list(self._waiters.items()):
                try:
                    attempt()
                except BlockingIOError:
                    continue
                except OSError as error:
                    code = error.errno or errno.EIO
                else:
                    code = 0
                if self._waiters.pop(unique, None) is not None:
                    self._answer(unique, node, code)


def _opened_again(fh: int) -> int:
    """A file opened to be locked: to read and to write it where that is possible, because the same
    process may lock it to read by one handle and to write by another. The kernel has looked whether
    the handle in question allows the lock."""
    try:
        return source.reopen(fh, os.O_RDWR)
    except OSError:
        return source.reopen(fh, _access(fh))


def _access(fh: int) -> int:
    """The access mode that an open file was opened with."""
    return fcntl.fcntl(fh, fcntl.F_GETFL) & os.O_ACCMODE


def _packed(kind: int, start: int, end: int) -> bytes:
    length = 0 if end >= WHOLE else end - start + 1
    return _FLOCK.pack(kind, os.SEEK_SET, start, length, 0)
