"""What each operation of the mount does: the source folder, plus one virtual directory.

One class serves both bindings. Paths are bytes as the kernel sends them, ``b"/"`` the root; a
file handle is the descriptor of the open file in the source. With a handle the path may be None:
the file has no name any more. Failures are ``OSError`` or ``LsfsError``; ``bindings`` turns them
into error numbers, in one place.

All calls come from one thread (the mounts are made with ``nothreads``), so nothing here locks.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

from lsfs.fuse import libc
from lsfs.fuse.changes import Changes
from lsfs.fuse.source import Caller, Entry, Source
from lsfs.fuse.unlinked import HIDDEN, Unlinked
from lsfs.fuse.virtual import Node, NodeKind, Parts, VirtualTree
from lsfs.versions.history import Op

_ACCESS = os.O_WRONLY | os.O_RDWR
_VIRTUAL_MODE = {
    # Only the owner: results quote files that others may not be allowed to read.
    NodeKind.DIRECTORY: stat.S_IFDIR | 0o500,
    NodeKind.FILE: stat.S_IFREG | 0o400,
    NodeKind.LINK: stat.S_IFLNK | 0o777,
}

Attributes = dict[str, int]


class Operations:
    """The file system.

    Args:
        source: the real folder.
        tree: what the virtual directory contains.
        changes: where changes are noted.
        virtual_name: the virtual directory's name at the root of the mount.
        caller: who asks for the operation that is being carried out.
        mount_facts: what the extended attribute ``user.lsfs.mount`` of the root says.
    """

    use_ns = True  # mfusepy warns without it; times do not go through the bindings' conversion
    flag_utime_omit_ok = 1  # libfuse 2: let UTIME_OMIT and UTIME_NOW through
    flag_nullpath_ok = 1  # libfuse 2: an open file without a path is no error
    mount_attribute = b"user.lsfs.mount"

    def __init__(
        self,
        source: Source,
        tree: VirtualTree,
        changes: Changes,
        *,
        virtual_name: str = ".lsfs",
        caller: Callable[[], Caller],
        mount_facts: bytes = b"{}",
    ) -> None:
        self.source = source
        self._tree = tree
        self._changes = changes
        self._caller = caller
        self._name = os.fsencode(virtual_name)
        self._prefix = b"/" + self._name
        self._facts = mount_facts
        # Open files: all; those whose writes append; those written to; and, of the writable ones,
        # modification time (ns) and size when they were opened.
        self._files: set[int] = set()
        self.appending: set[int] = set()
        self.dirty: set[int] = set()
        self._opened: dict[int, tuple[int, int]] = {}
        self.unlinked = Unlinked(source)
        owner = source.stat(b"/")
        self._owner = owner.st_uid, owner.st_gid
        self._made_ns = owner.st_mtime_ns

    # --- the virtual directory

    def virtual(self, path: bytes | None) -> Parts | None:
        """The path below the virtual directory; None for a path of the source."""
        if path is None or not path.startswith(self._prefix):
            return None
        rest = path[len(self._prefix) :]
        if rest and rest[:1] != b"/":
            return None
        return tuple(os.fsdecode(rest[1:]).split("/")) if rest else ()

    def _real(self, *paths: bytes | None) -> None:
        """Refuse to change anything in the virtual directory."""
        for path in paths:
            if self.virtual(path) is not None:
                raise _error(errno.EROFS)

    def _virtual_attributes(self, node: Node) -> Attributes:
        is_dir = node.kind is NodeKind.DIRECTORY
        uid, gid = self._owner
        return {
            "st_mode": _VIRTUAL_MODE[node.kind] | (0o200 if node.writable else 0),
            "st_ino": node.inode,
            "st_nlink": 2 if is_dir else 1,
            "st_uid": uid,
            "st_gid": gid,
            "st_size": len(node.content),
            "st_blksize": 4096,
            "st_blocks": -(-len(node.content) // 512),
            "st_atime": self._made_ns,
            "st_mtime": self._made_ns,
            "st_ctime": self._made_ns,
        }

    # --- attributes

    def getattr(self, path: bytes | None, fh: int | None = None) -> Attributes:
        """Attributes by name, times in nanoseconds."""
        parts = self.virtual(path)
        if parts is not None:
            return self._virtual_attributes(self._tree.lookup(parts))
        fd = self.unlinked.find(path) if fh is None else fh
        return attributes(self.source.stat(_path(path)) if fd is None else os.fstat(fd))

    def chmod(self, path: bytes | None, mode: int, fh: int | None = None) -> None:
        """Set the permission bits."""
        self._real(path)
        pinned = self.unlinked.find(path)
        if fh is not None:
            os.fchmod(fh, mode)
        elif pinned is not None:
            os.chmod(_proc(pinned), mode)  # noqa: PTH101
        else:
            self.source.chmod(_path(path), mode)
        self._note_attributes(path)

    def chown(self, path: bytes | None, uid: int, gid: int, fh: int | None = None) -> None:
        """Set owner and group; -1 leaves one as it is."""
        self._real(path)
        pinned = self.unlinked.find(path)
        if fh is not None:
            os.fchown(fh, uid, gid)
        elif pinned is not None:
            os.chown(_proc(pinned), uid, gid)
        else:
            self.source.chown(_path(path), uid, gid)
        self._note_attributes(path)

    def utimens(
        self,
        path: bytes | None,
        times: tuple[libc.Time, libc.Time] | None = None,
        fh: int | None = None,
    ) -> None:
        """Set access and modification time; None is now."""
        self._real(path)
        pinned = self.unlinked.find(path)
        if fh is not None:
            libc.set_times(fh, None, times)
        elif pinned is not None:
            libc.set_times(libc.AT_FDCWD, os.fsencode(_proc(pinned)), times, flags=0)
        else:
            self.source.set_times(_path(path), times)
        self._note_attributes(path)

    def truncate(self, path: bytes | None, length: int, fh: int | None = None) -> None:
        """Cut or lengthen a file."""
        self._real(path)
        pinned = self.unlinked.find(path)
        if fh is not None:
            os.ftruncate(fh, length)
            self.dirty.add(fh)
        elif pinned is not None:
            os.truncate(_proc(pinned), length)
        else:
            self.source.truncate(_path(path), length)
            self._changes.note(Op.WRITTEN, _path(path))

    def statfs(self, path: bytes) -> dict[str, int]:
        """Size and free space."""
        return self.source.statfs(b"/" if self.virtual(path) is not None else path)

    def _note_attributes(self, path: bytes | None) -> None:
        if path is not None and not HIDDEN.search(path):
            self._changes.note(Op.ATTRIBUTES, path)

    # --- extended attributes

    def getxattr(self, path: bytes, name: bytes) -> bytes:
        """The value of an extended attribute."""
        if path == b"/" and name == self.mount_attribute:
            return self._facts
        if self.virtual(path) is not None:
            raise _error(errno.ENODATA)
        pinned = self.unlinked.find(path)
        if pinned is not None:
            return os.getxattr(_proc(pinned), name)
        return self.source.getxattr(path, os.fsdecode(name))

    def listxattr(self, path: bytes) -> list[str]:
        """Names of the extended attributes of the real file."""
        if self.virtual(path) is not None:
            return []
        pinned = self.unlinked.find(path)
        return self.source.listxattr(path) if pinned is None else os.listxattr(_proc(pinned))

    def setxattr(self, path: bytes, name: bytes, value: bytes, flags: int) -> None:
        """Set an extended attribute."""
        self._real(path)
        pinned = self.unlinked.find(path)
        if pinned is not None:
            os.setxattr(_proc(pinned), name, value, flags)
            return
        self.source.setxattr(path, os.fsdecode(name), value, flags)

    def removexattr(self, path: bytes, name: bytes) -> None:
        """Remove an extended attribute."""
        self._real(path)
        pinned = self.unlinked.find(path)
        if pinned is not None:
            os.removexattr(_proc(pinned), name)
            return
        self.source.removexattr(path, os.fsdecode(name))

    # --- folders

    def opendir(self, path: bytes) -> int:
        """A descriptor to list the folder by; for a virtual one, one that lists nothing."""
        if self.virtual(path) is not None:
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        return self.source.open_dir(path)

    def releasedir(self, path: bytes | None, fh: int) -> None:
        """Close a folder."""
        os.close(fh)

    def fsyncdir(self, path: bytes | None, datasync: int, fh: int) -> None:
        """Bring a folder's names to the disk."""
        if self.virtual(path) is None:
            (os.fdatasync if datasync else os.fsync)(fh)

    def readdir(self, path: bytes | None, fh: int) -> Iterator[Entry]:
        """The entries of a folder of the source, without ``.`` and ``..``.

        Our own name is left out at the root, so that ``find``, ``grep -r``, ``du`` and backups do
        not descend into queries; so is, for the moment until it is removed, what libfuse hides.
        """
        ours = self._name if path == b"/" else None
        hides = self.unlinked.hides
        for entry in self.source.list(fh):
            name = entry.name
            if name != ours and not (name.startswith(b".fuse") and hides(name)):
                yield entry

    def list_virtual(self, parts: Parts) -> Iterator[tuple[bytes, Attributes]]:
        """The entries of a virtual folder."""
        for name, node in self._tree.listing(parts):
            yield os.fsencode(name), self._virtual_attributes(node)

    def mkdir(self, path: bytes, mode: int) -> None:
        """Make a folder; below ``search`` of the virtual directory, a query."""
        parts = self.virtual(path)
        if parts is not None:
            self._tree.mkdir(parts)
            self._changes.nudge()
            return
        self.source.mkdir(path, mode, self._caller())
        self._changes.note(Op.MADE_DIR, path)

    def rmdir(self, path: bytes) -> None:
        """Remove an empty folder, or forget a query."""
        parts = self.virtual(path)
        if parts is not None:
            self._tree.rmdir(parts)
            return
        self.source.rmdir(path)
        self._changes.note(Op.REMOVED_DIR, path)

    # --- names

    def readlink(self, path: bytes) -> bytes:
        """What a symbolic link says."""
        parts = self.virtual(path)
        if parts is None:
            return self.source.readlink(path)
        node = self._tree.lookup(parts)
        if node.kind is not NodeKind.LINK:
            raise _error(errno.EINVAL)
        return node.content

    def mknod(self, path: bytes, mode: int, device: int) -> None:
        """Make a file, FIFO, socket or device node."""
        self._real(path)
        self.source.mknod(path, mode, device, self._caller())
        if stat.S_IFMT(mode) in (0, stat.S_IFREG):
            self._changes.note(Op.WRITTEN, path)

    def symlink(self, path: bytes, target: bytes) -> None:
        """Make a symbolic link at ``path``; no regular file appears, so nothing is noted."""
        self._real(path)
        self.source.symlink(path, target, self._caller())

    def link(self, old: bytes, new: bytes) -> None:
        """Give ``old`` the further name ``new``."""
        self._real(old, new)
        self.source.link(old, new)
        if stat.S_ISREG(self.source.stat(new).st_mode):
            self._changes.note(Op.WRITTEN, new)

    def unlink(self, path: bytes) -> None:
        """Remove a name."""
        self._real(path)
        if self.unlinked.forget(path):
            return
        self.source.unlink(path)
        self._changes.note(Op.REMOVED, path)

    def rename(self, old: bytes, new: bytes, flags: int = 0) -> None:
        """Rename; ``flags`` as for ``renameat2``."""
        self._real(old, new)
        pending = self.unlinked.pending
        if pending is not None and new != pending.original:
            # Not what the file was hidden for, and it may move the folder with the hidden name.
            self.unlinked.sweep()
        if not flags and HIDDEN.search(new):
            self.unlinked.hide(old, new)
            self._changes.note(Op.REMOVED, old)
            return
        try:
            self.source.rename(old, new, flags)
        except OSError:
            if self.unlinked.restore(new):
                self._changes.note(Op.WRITTEN, new)
            raise
        self.unlinked.sweep()
        if flags & libc.RENAME_EXCHANGE:
            # Neither is gone: both names have other content now.
            self._changes.note(Op.WRITTEN, old)
            self._changes.note(Op.WRITTEN, new)
        else:
            self._changes.note(Op.RENAMED, old, new)

    # --- open files

    def open(self, path: bytes, flags: int) -> int:
        """Open a file; gives its descriptor."""
        parts = self.virtual(path)
        if parts is not None:
            return self._open_virtual(parts, flags)
        pinned = self.unlinked.find(path)
        if pinned is None:
            fd = self.source.open(path, flags)
        else:
            fd = os.open(_proc(pinned), flags & ~(os.O_DIRECT | os.O_NOFOLLOW))
        self._files.add(fd)
        if flags & os.O_TRUNC:
            self._take_rights_away(fd)
        if flags & _ACCESS:
            self._watch(fd, flags)
        return fd

    def _take_rights_away(self, fd: int) -> None:
        """Clear setuid and setgid of a file that was emptied as it was opened.

        The kernel does it for all other changes; of this one, which we carry out as root, it takes
        the new mode for its own cache and tells nobody.
        """
        mode = os.fstat(fd).st_mode
        set_group = stat.S_ISGID if mode & stat.S_IXGRP else 0
        if mode & (stat.S_ISUID | set_group) and self._caller().uid:
            os.fchmod(fd, stat.S_IMODE(mode) & ~(stat.S_ISUID | set_group))

    def create(self, path: bytes, mode: int, flags: int) -> int:
        """Make a file and open it; gives its descriptor."""
        self._real(path)
        fd = self.source.create(path, flags, mode, self._caller())
        self._files.add(fd)
        self._watch(fd, flags)
        self.dirty.add(fd)  # an empty file is news too
        return fd

    def _open_virtual(self, parts: Parts, flags: int) -> int:
        """A file in memory with the content of this moment: reads need no special case."""
        if flags & _ACCESS:
            raise _error(errno.EROFS)
        node = self._tree.lookup(parts)
        fd = os.memfd_create("lsfs", os.MFD_CLOEXEC)
        with open(fd, "wb", closefd=False) as file:
            file.write(node.content)
        return fd

    def _watch(self, fd: int, flags: int) -> None:
        found = os.fstat(fd)
        self._opened[fd] = found.st_mtime_ns, found.st_size
        if flags & os.O_APPEND:
            self.appending.add(fd)
        if flags & os.O_TRUNC:
            self.dirty.add(fd)

    def read(self, path: bytes | None, size: int, offset: int, fh: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        return os.pread(fh, size, offset)

    def write(self, path: bytes | None, data: bytes, offset: int, fh: int) -> int:
        """Write at ``offset``, or at the end of a file opened to append; gives the length."""
        self.dirty.add(fh)
        return os.pwrite(fh, data, offset)

    def write_page(self, data: bytes, offset: int, fh: int) -> int:
        """Write back a page of a mapping, on whichever open file the kernel happened to pick.

        On one that was opened with O_APPEND, Linux's pwrite ignores the offset: the page would
        land at the end of the file. Such a page goes through a descriptor without the flag.
        """
        self.dirty.add(fh)
        if fh not in self.appending:
            return os.pwrite(fh, data, offset)
        plain = os.open(f"/proc/self/fd/{fh}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            return os.pwrite(plain, data, offset)
        finally:
            os.close(plain)

    def flush(self, path: bytes | None, fh: int) -> None:
        """One of the handle's descriptors is being closed: report what closing would."""
        os.close(os.dup(fh))

    def fsync(self, path: bytes | None, datasync: int, fh: int) -> None:
        """Bring a file's bytes to the disk."""
        (os.fdatasync if datasync else os.fsync)(fh)

    def release(self, path: bytes | None, fh: int) -> None:
        """The last use of a handle has ended: close it, and note the file if it was written to."""
        before = self._opened.pop(fh, None)
        written = before is not None and (fh in self.dirty or self._changed(fh, before))
        self.dirty.discard(fh)
        self.appending.discard(fh)
        self._files.discard(fh)
        if path is None:
            self.unlinked.released(fh, self._files)
        os.close(fh)
        # libfuse follows renames, so the path is the file's present name.
        if written and path is not None and not HIDDEN.search(path):
            self._changes.note(Op.WRITTEN, path)

    @staticmethod
    def _changed(fh: int, before: tuple[int, int]) -> bool:
        """Whether the file is another than at open: pages of a mapping reach the source through
        whichever handle the kernel picks, so a handle's own writes do not tell."""
        now = os.fstat(fh)
        return (now.st_mtime_ns, now.st_size) != before

    def fallocate(self, path: bytes | None, mode: int, offset: int, length: int, fh: int) -> None:
        """Reserve, punch, zero or collapse a range."""
        self.dirty.add(fh)
        libc.allocate(fh, mode, offset, length)

    def lseek(self, path: bytes | None, offset: int, whence: int, fh: int) -> int:
        """The next data or hole at or after ``offset``; only SEEK_DATA and SEEK_HOLE come here."""
        return os.lseek(fh, offset, whence)

    def copy_file_range(self, from_fh: int, start: int, to_fh: int, offset: int, size: int) -> int:
        """Copy between two open files without the bytes passing through here."""
        self.dirty.add(to_fh)
        return os.copy_file_range(from_fh, to_fh, size, start, offset)

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


def _proc(fd: int) -> str:
    """The name of a file that has none, by its descriptor."""
    return f"/proc/self/fd/{fd}"


def _path(path: bytes | None) -> bytes:
    """The path of an operation that has neither path nor handle: there is no such file."""
    if path is None:
        raise _error(errno.ENOENT)
    return path


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))
