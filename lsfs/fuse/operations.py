"""The tree of a mount for transports that name files by path: libfuse's high-level interface.

One class serves both bindings. Paths are bytes as libfuse sends them, ``b"/"`` the root; a file
handle is the descriptor of the open file. With a handle the path may be None: the file has no name
any more. What an operation does is decided in :mod:`lsfs.fuse.vfs`; here paths become nodes, and
what libfuse makes of files that are removed while open is undone (:mod:`lsfs.fuse.unlinked`).

All calls come from one thread (the mounts are made with ``nothreads``), which also has to wait for
what the tree defers: libfuse's high-level interface has no way to answer later.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from lsfs.fuse import libc
from lsfs.fuse.nodes import Change, Deferred, Node
from lsfs.fuse.source import Caller, Entry, Source
from lsfs.fuse.unlinked import HIDDEN, Unlinked
from lsfs.fuse.vfs import Vfs
from lsfs.versions.capture import TakesLong

T = TypeVar("T")
Attributes = dict[str, int]


class Operations:
    """The file system by path.

    Args:
        vfs: the tree.
        folder: its source.
        caller: who asks for the operation that is being carried out.
    """

    # A binding offers libfuse only those callbacks whose name is an attribute here.
    use_ns = True  # mfusepy warns without it; times do not go through the bindings' conversion
    flag_utime_omit_ok = 1  # libfuse 2: let UTIME_OMIT and UTIME_NOW through
    flag_nullpath_ok = 1  # libfuse 2: an open file without a path is no error

    def __init__(self, vfs: Vfs, folder: Source, caller: Callable[[], Caller]) -> None:
        self.vfs = vfs
        self.unlinked = Unlinked(vfs, folder)
        self._caller = caller
        vfs.keeping.asker = self._asker

    def _asker(self) -> tuple[int, int]:
        caller = self._caller()
        return caller.uid, caller.pid

    def node(self, path: bytes | None) -> Node:
        """The node at a path, for a ``with`` block; of a file that libfuse hid, what stands for it.

        Raises:
            FileNotFoundError: there is no path either.
        """
        if path is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        return self.unlinked.find(path) or self.vfs.walk(path)

    # --- attributes

    def getattr(self, path: bytes | None, fh: int | None = None) -> Attributes:
        """Attributes by name, times in nanoseconds."""
        if fh is not None:
            return attributes(self.vfs.getattr(self.vfs.root, self.vfs.handles[fh]))
        with self.node(path) as node:
            return attributes(self.vfs.getattr(node))

    def set(self, path: bytes | None, change: Change, fh: int | None = None) -> None:
        """Change attributes."""
        if fh is not None:
            self.vfs.setattr(self.vfs.root, change, self.vfs.handles[fh])
            return
        with self.node(path) as node:
            self.vfs.setattr(node, change)

    def chmod(self, path: bytes | None, mode: int, fh: int | None = None) -> None:
        """Set the permission bits."""
        self.set(path, Change(mode=mode), fh)

    def chown(self, path: bytes | None, uid: int, gid: int, fh: int | None = None) -> None:
        """Set owner and group; -1 leaves one as it is."""
        self.set(path, Change(uid=None if uid < 0 else uid, gid=None if gid < 0 else gid), fh)

    def truncate(self, path: bytes | None, length: int, fh: int | None = None) -> None:
        """Cut or lengthen a file."""
        self.set(path, Change(size=length), fh)

    def utimens(
        self,
        path: bytes | None,
        times: tuple[libc.Time, libc.Time] | None = None,
        fh: int | None = None,
    ) -> None:
        """Set access and modification time; None is now."""
        now = (0, libc.UTIME_NOW)
        self.set(path, Change(times=times or (now, now)), fh)

    def statfs(self, path: bytes) -> dict[str, int]:
        """Size and free space."""
        with self.node(path) as node:
            return self.vfs.statfs(node)

    # --- extended attributes

    def getxattr(self, path: bytes, name: bytes) -> bytes:
        """The value of an extended attribute."""
        with self.node(path) as node:
            return self.vfs.getxattr(node, name)

    def listxattr(self, path: bytes) -> bytes:
        """Names of the extended attributes, each with a zero byte behind it."""
        with self.node(path) as node:
            return self.vfs.listxattr(node)

    def setxattr(self, path: bytes, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute."""
        with self.node(path) as node:
            self.vfs.setxattr(node, name, value, flags)

    def removexattr(self, path: bytes, name: bytes) -> None:
        """Remove an extended attribute."""
        with self.node(path) as node:
            self.vfs.removexattr(node, name)

    # --- folders

    def opendir(self, path: bytes) -> int:
        """A descriptor to list the folder by."""
        with self.node(path) as node:
            return self.vfs.opendir(node)

    def releasedir(self, path: bytes | None, fh: int) -> None:
        """Close a folder."""
        os.close(fh)

    def fsyncdir(self, path: bytes | None, datasync: int, fh: int) -> None:
        """Bring a folder's names to the disk."""
        if stat.S_ISDIR(os.fstat(fh).st_mode):  # not the stand-in for a virtual one
            (os.fdatasync if datasync else os.fsync)(fh)

    def readdir(self, path: bytes | None, fh: int) -> Iterator[Entry]:
        """The entries of a folder, without ``.`` and ``..``, and without what libfuse hides."""
        hides = self.unlinked.hides
        if path is None:  # removed while it is listed: it is empty
            return
        with self.vfs.walk(path) as node:
            for entry in self.vfs.entries(node, fh):
                if not (entry.name.startswith(b".fuse") and hides(entry.name)):
                    yield entry

    def mkdir(self, path: bytes, mode: int) -> None:
        """Make a folder; below ``search`` of the virtual directory, a query."""
        parent, name = self.vfs.walk_parent(path)
        with parent:
            _wait(self.vfs.mkdir(parent, name, mode, self._caller()))

    def rmdir(self, path: bytes) -> None:
        """Remove an empty folder, or forget a query."""
        parent, name = self.vfs.walk_parent(path)
        with parent:
            _wait(self.vfs.rmdir(parent, name))

    # --- names

    def readlink(self, path: bytes) -> bytes:
        """What a symbolic link says."""
        with self.node(path) as node:
            return self.vfs.readlink(node)

    def mknod(self, path: bytes, mode: int, device: int) -> None:
        """Make a file, FIFO, socket or device node."""
        parent, name = self.vfs.walk_parent(path)
        with parent:
            self.vfs.mknod(parent, name, mode, device, self._caller())

    def symlink(self, path: bytes, target: bytes) -> None:
        """Make a symbolic link at ``path`` that says ``target``."""
        parent, name = self.vfs.walk_parent(path)
        with parent:
            self.vfs.symlink(parent, name, target, self._caller())

    def link(self, old: bytes, new: bytes) -> None:
        """Give ``old`` the further name ``new``."""
        parent, name = self.vfs.walk_parent(new)
        with parent, self.node(old) as node:
            self.vfs.link(node, parent, name)

    def unlink(self, path: bytes) -> None:
        """Remove a name."""
        if self.unlinked.forget(path):
            return
        parent, name = self.vfs.walk_parent(path)
        with parent:
            _wait(self.vfs.unlink(parent, name))

    def rename(self, old: bytes, new: bytes, flags: int = 0) -> None:
        """Rename; ``flags`` as for ``renameat2``."""
        pending = self.unlinked.pending
        if pending is not None and new != pending.original:
            # Not what the file was hidden for, and it may move the folder with the hidden name.
            self.unlinked.sweep()
        if not flags and HIDDEN.search(new):
            self.unlinked.hide(old, new)
            return
        from_parent, from_name = self.vfs.walk_parent(old)
        with from_parent:
            to_parent, to_name = self.vfs.walk_parent(new)
            with to_parent:
                try:
                    self.vfs.rename(from_parent, from_name, to_parent, to_name, flags)
                except OSError:
                    self.unlinked.restore(new)
                    raise
        self.unlinked.sweep()

    # --- open files

    def open(self, path: bytes, flags: int) -> int:
        """Open a file; gives its descriptor."""
        with self.node(path) as node:
            # The kernel has bits for setuid and setgid cleared by whoever else empties a file, but
            # not where the open itself does it: then it takes them away in its own cache alone.
            may_not_keep = bool(flags & os.O_TRUNC and self._caller().uid)
            try:
                return _wait(self.vfs.open(node, flags, clear_set_id=may_not_keep)).fd
            except TakesLong as long:
                long.work()
            return _wait(self.vfs.open(node, flags, clear_set_id=may_not_keep)).fd

    def create(self, path: bytes, mode: int, flags: int) -> int:
        """Make a file and open it; gives its descriptor."""
        parent, name = self.vfs.walk_parent(path)
        with parent:
            return self.vfs.create(parent, name, flags, mode, self._caller()).fd

    def read(self, size: int, offset: int, fh: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        content = self.vfs.handles[fh].content
        return os.pread(fh, size, offset) if content is None else content.read(offset, size)

    def write(self, data: bytes, offset: int, fh: int, *, page: bool = False) -> int:
        """Write at ``offset``, or at the end of a file opened to append; gives the length."""
        return self.vfs.write(self.vfs.handles[fh], data, offset, page=page)

    def flush(self, fh: int) -> None:
        """One of the handle's descriptors is being closed: report what closing would."""
        _wait(self.vfs.flush(self.vfs.handles[fh]))

    def fsync(self, datasync: int, fh: int) -> None:
        """Bring a file's bytes to the disk."""
        self.vfs.fsync(self.vfs.handles[fh], bool(datasync))

    def release(self, path: bytes | None, fh: int) -> None:
        """The last use of a handle has ended."""
        if path is None:
            self.unlinked.released(fh, self.vfs.handles)
        self.vfs.release(self.vfs.handles[fh])

    def fallocate(self, mode: int, offset: int, length: int, fh: int) -> None:
        """Reserve, punch, zero or collapse a range."""
        self.vfs.allocate(self.vfs.handles[fh], mode, offset, length)

    def lseek(self, offset: int, whence: int, fh: int) -> int:
        """The next data or hole at or after ``offset``; only SEEK_DATA and SEEK_HOLE come here."""
        return self.vfs.seek(self.vfs.handles[fh], offset, whence)

    def copy_file_range(self, from_fh: int, start: int, to_fh: int, offset: int, size: int) -> int:
        """Copy between two open files without the bytes passing through here."""
        handles = self.vfs.handles
        return self.vfs.copy(handles[from_fh], start, handles[to_fh], offset, size)

    # --- life

    def init(self, *_: Any) -> None:
        """Present because the bindings ask for it; what to do then is given to the binding."""

    def destroy(self, *_: Any) -> None:
        """The mount is gone: close what is left."""
        self.unlinked.close()


def attributes(found: os.stat_result) -> Attributes:
    """A stat result as the attributes by name, times in nanoseconds."""
    return {
        "st_mode": found.st_mode,
        "st_ino": found.st_ino,
        "st_nlink": found.st_nlink,
        "st_uid": found.st_uid,
        "st_gid": found.st_gid,
        "st_rdev": found.st_rdev,
        "st_size": found.st_size,
        "st_blksize": found.st_blksize,
        "st_blocks": found.st_blocks,
        "st_atime": found.st_atime_ns,
        "st_mtime": found.st_mtime_ns,
        "st_ctime": found.st_ctime_ns,
    }


def _wait(result: T | Deferred[T]) -> T:
    """The result, worked out here and now where it was deferred."""
    return result.work() if isinstance(result, Deferred) else result
