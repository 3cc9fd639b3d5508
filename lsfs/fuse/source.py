"""The source folder as a mount sees it: every operation relative to a folder opened beforehand.

Paths are bytes as the kernel sends them: absolute within the mount, ``/`` for the root.

The root is held open as an ``O_PATH`` descriptor from before the mount exists, so a mount that
later covers the source's own path cannot make an operation come back to us, which would block the
one thread that could answer it. Every other path is opened from there, folder first: nothing in it
is followed as a link (see ``libc.open_folder``), and the length of the source's own path does not
count towards PATH_MAX. Mount layers that put the root in front of each path fail 58 of
pjdfstest's asserts for that reason alone.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from lsfs.fuse import libc

PATH_MAX = 4096

_STATVFS = (
    "f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag",
    "f_frsize", "f_namemax",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked for an operation: numeric user, group and process."""

    uid: int
    gid: int
    pid: int = 0


class Entry(NamedTuple):  # a folder has many, and a dataclass takes three times as long to make
    """One name in a folder.

    Attributes:
        name: exact bytes.
        inode: number, as ``st_ino``.
        kind: the type bits of ``st_mode``.
    """

    name: bytes
    inode: int
    kind: int


class _Place:
    """A folder's descriptor and a name in it, for the length of a ``with`` block."""

    __slots__ = ("_borrowed", "folder", "name")

    def __init__(self, folder: int, name: bytes, borrowed: bool) -> None:
        self.folder = folder
        self.name = name
        self._borrowed = borrowed

    def __enter__(self) -> tuple[int, bytes]:
        return self.folder, self.name

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._borrowed:
            os.close(self.folder)


class Source:
    """The operations of the real folder.

    Args:
        root: the folder; opened at once, before anything is mounted.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let the folder go."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    # --- paths

    def _folder(self, path: bytes) -> int:
        """The descriptor of a folder given relative to the root; the caller closes it."""
        if len(path) < PATH_MAX:
            return libc.open_folder(self._root, path)
        # One call takes less than PATH_MAX bytes, but paths in a tree have no limit: go in legs.
        fd = self._root
        while path:
            leg, path = _leg(path)
            try:
                deeper = libc.open_folder(fd, leg)
            finally:
                if fd != self._root:
                    os.close(fd)
            fd = deeper
        return fd

    def _at(self, path: bytes) -> _Place:
        cut = path.rfind(b"/")
        if cut <= 0:
            return _Place(self._root, path[1:] or b".", True)
        return _Place(self._folder(path[1:cut]), path[cut + 1 :], False)

    # --- attributes

    def stat(self, path: bytes) -> os.stat_result:
        """Attributes of the entry itself."""
        with self._at(path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def stat_into(self, path: bytes, buffer: Any) -> int:
        """Attributes of the entry, written by the kernel into a C ``struct stat``.

        Args:
            buffer: pointer to a ``struct stat``.

        Returns:
            0, or minus the errno.
        """
        assert libc.fstatat is not None  # noqa: S101 - the caller asked has_fast_stat()
        cut = path.rfind(b"/")
        if cut <= 0:
            name = path[1:] or b"."
            failed = libc.fstatat(self._root, name, buffer, libc.AT_SYMLINK_NOFOLLOW)
            return -ctypes.get_errno() if failed else 0
        folder = self._folder(path[1:cut])
        failed = libc.fstatat(folder, path[cut + 1 :], buffer, libc.AT_SYMLINK_NOFOLLOW)
        code = ctypes.get_errno() if failed else 0
        os.close(folder)
        return -code

    def chmod(self, path: bytes, mode: int) -> None:
        """Set the permission bits."""
        # By way of an O_PATH descriptor: fchmodat follows a link in last place, and older kernels
        # have no way to say that it must not.
        with self._at(path) as (folder, name):
            node = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.chmod(f"/proc/self/fd/{node}", mode)  # noqa: PTH101 - not a path of ours
        finally:
            os.close(node)

    def chown(self, path: bytes, uid: int, gid: int) -> None:
        """Set owner and group; -1 leaves one as it is."""
        with self._at(path) as (folder, name):
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)

    def set_times(self, path: bytes, times: tuple[libc.Time, libc.Time] | None) -> None:
        """Set access and modification time; None is now."""
        with self._at(path) as (folder, name):
            libc.set_times(folder, name, times)

    def truncate(self, path: bytes, length: int) -> None:
        """Cut or lengthen a file that is not open."""
        fd = self.open(path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.ftruncate(fd, length)
        finally:
            os.close(fd)

    def statfs(self, path: bytes) -> dict[str, int]:
        """Size and free space of the file system that holds the entry."""
        with self._at(path) as (folder, _name):
            found = os.statvfs(folder)
        return {name: getattr(found, name) for name in _STATVFS}

    # --- extended attributes: there are no *at calls for them before Linux 6.13

    def getxattr(self, path: bytes, name: str) -> bytes:
        """The value of one extended attribute."""
        with self._at(path) as (folder, entry):
            return os.getxattr(_in(folder, entry), name, follow_symlinks=False)

    def getxattr_into(self, path: bytes, name: bytes, buffer: Any, size: int) -> int:
        """The value of an extended attribute, straight into ``buffer``.

        Before each write the kernel asks for ``security.capability``, so this is as hot as writing.

        Returns:
            Its length in bytes, or minus the errno; with ``size`` 0 the length it would have.
        """
        with self._at(path) as (folder, entry):
            length = libc.lgetxattr(_in(folder, entry), name, buffer, size)
            return -ctypes.get_errno() if length < 0 else length

    def setxattr(self, path: bytes, name: str, value: bytes, flags: int) -> None:
        """Set an extended attribute; ``flags`` are XATTR_CREATE and XATTR_REPLACE."""
        with self._at(path) as (folder, entry):
            os.setxattr(_in(folder, entry), name, value, flags, follow_symlinks=False)

    def listxattr(self, path: bytes) -> list[str]:
        """Names of the extended attributes."""
        with self._at(path) as (folder, entry):
            return os.listxattr(_in(folder, entry), follow_symlinks=False)

    def removexattr(self, path: bytes, name: str) -> None:
        """Remove an extended attribute."""
        with self._at(path) as (folder, entry):
            os.removexattr(_in(folder, entry), name, follow_symlinks=False)

    # --- opening

    def open(self, path: bytes, flags: int) -> int:
        """Open an existing file.

        O_DIRECT is dropped: the buffers that come from the kernel are not aligned as it demands,
        and the open would succeed only for every read to fail with EINVAL. O_NOFOLLOW is always
        set: what the caller may follow, the kernel has followed before it asked us.
        """
        flags = flags & ~(os.O_DIRECT | os.O_CREAT | os.O_EXCL) | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._at(path) as (folder, name):
            return os.open(name, flags | os.O_NOCTTY, dir_fd=folder)

    def pin(self, path: bytes) -> int:
        """An ``O_PATH`` descriptor that keeps the entry reachable after its name is gone."""
        with self._at(path) as (folder, name):
            return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)

    def open_dir(self, path: bytes) -> int:
        """Open a folder for listing."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._at(path) as (folder, name):
            return os.open(name, flags, dir_fd=folder)

    @staticmethod
    def list(fd: int) -> Iterator[Entry]:
        """The entries of an open folder, without ``.`` and ``..``; may be called again."""
        with os.scandir(fd) as entries:
            for entry in entries:
                yield Entry(os.fsencode(entry.name), entry.inode(), _kind(entry))

    def readlink(self, path: bytes) -> bytes:
        """What a symbolic link says, byte for byte."""
        with self._at(path) as (folder, name):
            return os.readlink(name, dir_fd=folder)

    # --- names

    def create(self, path: bytes, flags: int, mode: int, caller: Caller) -> int:
        """Make a file for ``caller`` and open it; an existing one is opened."""
        # The kernel asks for a handle with the caller's access mode, but a file that is created
        # read only is still written to through this very descriptor.
        keep = flags & ~(os.O_DIRECT | os.O_EXCL) | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_CREAT
        with self._at(path) as (folder, name):
            try:
                fd = os.open(name, keep | os.O_EXCL, mode, dir_fd=folder)
            except FileExistsError:
                # It appeared behind the mount after the kernel had looked.
                if flags & os.O_EXCL:
                    raise
                return os.open(name, keep & ~os.O_CREAT, dir_fd=folder)
            self._give(folder, name, mode, caller)
            return fd

    def mknod(self, path: bytes, mode: int, device: int, caller: Caller) -> None:
        """Make a file, FIFO, socket or device node for ``caller``."""
        with self._at(path) as (folder, name):
            os.mknod(name, mode, device, dir_fd=folder)
            self._give(folder, name, mode, caller)

    def mkdir(self, path: bytes, mode: int, caller: Caller) -> None:
        """Make a folder for ``caller``."""
        with self._at(path) as (folder, name):
            os.mkdir(name, mode, dir_fd=folder)
            self._give(folder, name, mode, caller)

    def symlink(self, path: bytes, target: bytes, caller: Caller) -> None:
        """Make a symbolic link at ``path`` that says ``target``."""
        with self._at(path) as (folder, name):
            os.symlink(target, name, dir_fd=folder)
            self._give(folder, name, 0, caller)

    def _give(self, folder: int, name: bytes, mode: int, caller: Caller) -> None:
        """Make ``caller`` the owner of what was made for it, as the kernel would have.

        A folder with the setgid bit passes its group on; chown clears the setuid and setgid bits
        of files, so they are set again where they were asked for.
        """
        if (caller.uid, caller.gid) == (os.geteuid(), os.getegid()):
            return
        inherits = os.stat(folder).st_mode & stat.S_ISGID
        try:
            os.chown(
                name, caller.uid, -1 if inherits else caller.gid,
                dir_fd=folder, follow_symlinks=False,
            )  # fmt: skip
        except PermissionError:
            # A mount that root did not make: what others create belongs to whoever mounted.
            return
        if mode & (stat.S_ISUID | stat.S_ISGID) and not stat.S_ISDIR(mode):
            os.chmod(name, stat.S_IMODE(mode), dir_fd=folder)

    def link(self, old: bytes, new: bytes) -> None:
        """Give the entry ``old`` the further name ``new``."""
        with self._at(old) as (from_dir, from_name), self._at(new) as (to_dir, to_name):
            os.link(
                from_name, to_name, src_dir_fd=from_dir, dst_dir_fd=to_dir, follow_symlinks=False
            )

    def rename(self, old: bytes, new: bytes, flags: int = 0) -> None:
        """Rename; ``flags`` as for ``renameat2``."""
        with self._at(old) as (from_dir, from_name), self._at(new) as (to_dir, to_name):
            libc.rename(from_dir, from_name, to_dir, to_name, flags)

    def unlink(self, path: bytes) -> None:
        """Remove a name that is no folder."""
        with self._at(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        with self._at(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)


def _leg(path: bytes) -> tuple[bytes, bytes]:
    """Cut a long relative path at a slash: a first part that one call takes, and the rest."""
    if len(path) < PATH_MAX:
        return path, b""
    cut = path.rfind(b"/", 0, PATH_MAX - 1)
    return path[:cut], path[cut + 1 :]


def _in(folder: int, name: bytes) -> bytes:
    return b"/proc/self/fd/%d/%b" % (folder, name)


def _kind(entry: os.DirEntry[str]) -> int:
    """The type bits of an entry, from the listing itself where it has them."""
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    if entry.is_symlink():
        return stat.S_IFLNK
    return 0  # a FIFO, socket or device: DT_UNKNOWN is legal, and a program then asks with stat
