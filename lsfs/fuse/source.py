"""Real files by descriptor: what the tree of a mount does with the source folder.

A file is given by a descriptor of itself, mostly an ``O_PATH`` one, or by a descriptor of its
folder and its name there; never by a path from the root of the system. The root of the source is
held open from before the mount exists, so a mount that later covers the source's own path cannot
make an operation come back to us, which would block the one thread that could answer it. And the
length of the source's own path does not count towards PATH_MAX: mount layers that put the root in
front of each path fail 58 of pjdfstest's asserts for that reason alone.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from lsfs.fuse import libc

PATH_MAX = 4096
_DELETED = b" (deleted)"
_SET_ID = stat.S_ISUID | stat.S_ISGID

_STATVFS = (
    "f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag",
    "f_frsize", "f_namemax",
)  # fmt: skip


class Caller(Struct, frozen=True):
    """Who asked for an operation: numeric user, group and process."""

    uid: int
    gid: int
    pid: int = 0


class Entry(NamedTuple):  # a folder has many, and a dataclass takes three times as long to make
    """One name in a folder.

    Attributes:
        name: exact bytes.
        inode: number, as ``st_ino``.
        kind: the type bits of ``st_mode``; 0 when only a look at the file tells.
    """

    name: bytes
    inode: int
    kind: int


class Source:
    """The folder that is mounted.

    Args:
        root: its path; opened at once, before anything is mounted.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._prefix = b""

    def close(self) -> None:
        """Let the folder go."""
        if self.root >= 0:
            os.close(self.root)
            self.root = -1

    def pin(self, path: bytes) -> int:
        """An ``O_PATH`` descriptor of the entry at ``path``; no link on the way is followed.

        Args:
            path: relative to the root, not empty; of any length.
        """
        if len(path) < PATH_MAX:
            return libc.open_beneath(self.root, path)
        # One call takes less than PATH_MAX bytes, but paths in a tree have no limit: go in legs.
        fd = self.root
        while path:
            leg, path = _leg(path)
            try:
                deeper = libc.open_beneath(fd, leg)
            finally:
                if fd != self.root:
                    os.close(fd)
            fd = deeper
        return fd

    def path_of(self, fd: int) -> bytes | None:
        """Where an open file is now, relative to the root; the root itself is ``b""``.

        The kernel is asked, so a rename, also one behind the mount, is known. Of a file with
        several names it is the one it was opened by.

        Returns:
            None when it has no name any more; ``b""`` also when it has one that cannot be told.
        """
        try:
            path = os.readlink(link_of(fd))  # noqa: PTH115 - bytes
        except OSError:
            return b""  # longer than PATH_MAX
        if path.endswith(_DELETED):
            if os.fstat(fd).st_nlink == 0:
                return None
            if not self._is_at(path, fd):
                return b""  # that name is gone, the file has others
        return self._relative(path)

    def _relative(self, path: bytes) -> bytes:
        """A path from the root of the system, relative to the source; ``b""`` outside of it."""
        found = self._below(path)
        if found is None:
            root = os.readlink(link_of(self.root))  # noqa: PTH115
            self._prefix = root if root.endswith(b"/") else root + b"/"
            found = self._below(path)
        return found or b""

    def _below(self, path: bytes) -> bytes | None:
        prefix = self._prefix
        if path.startswith(prefix):
            return path[len(prefix) :] if prefix else None
        return b"" if path == prefix[:-1] else None

    def _is_at(self, path: bytes, fd: int) -> bool:
        """Whether this very file is at a path: its name may really end in " (deleted)"."""
        relative = self._relative(path)
        if not relative:
            return False
        try:
            other = self.pin(relative)
        except OSError:
            return False
        try:
            return os.path.sameopenfile(other, fd)
        finally:
            os.close(other)


def link_of(fd: int) -> bytes:
    """The name by which an open file can be opened again, whatever became of its own."""
    return b"/proc/self/fd/%d" % fd


def pin(folder: int, name: bytes) -> int:
    """An ``O_PATH`` descriptor of an entry: it keeps the file known when the name is gone."""
    return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def pinned_again(fd: int) -> int:
    """An ``O_PATH`` descriptor of an open file."""
    return os.open(link_of(fd), os.O_PATH | os.O_CLOEXEC)


# --- opening


# Not passed on. O_DIRECT: the buffers that come from the kernel are not aligned as it demands, and
# the open would succeed only for every read to fail with EINVAL.
_DROPPED = os.O_DIRECT | os.O_CREAT | os.O_EXCL


def open_entry(folder: int, name: bytes, flags: int) -> int:
    """Open a file for use by its name.

    No link is followed: what the caller may follow, the kernel has followed before it asked us.
    """
    keep = flags & ~_DROPPED | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
    return os.open(name, keep, dir_fd=folder)


def reopen(fd: int, flags: int) -> int:
    """Open a pinned file for use: the descriptor is the file itself, whatever its name now is."""
    keep = flags & ~(_DROPPED | os.O_NOFOLLOW) | os.O_CLOEXEC | os.O_NOCTTY
    return os.open(link_of(fd), keep)


def open_folder(fd: int) -> int:
    """Open a pinned folder for listing."""
    return os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)


def entries(fd: int) -> Iterator[Entry]:
    """The entries of an open folder, without ``.`` and ``..``, from its beginning."""
    with os.scandir(fd) as found:
        for entry in found:
            yield Entry(os.fsencode(entry.name), entry.inode(), _kind(entry))


# --- making


def create(folder: int, name: bytes, flags: int, mode: int, caller: Caller) -> tuple[int, bool]:
    """Make a file for ``caller`` and open it; an existing one is opened.

    Returns:
        the descriptor, and whether the file is new.
    """
    # The kernel asks for a handle with the caller's access mode, but a file that is created read
    # only is still written to through this very descriptor.
    keep = flags & ~(os.O_DIRECT | os.O_EXCL) | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_CREAT
    try:
        fd = os.open(name, keep | os.O_EXCL, mode, dir_fd=folder)
    except FileExistsError:
        # It appeared behind the mount after the kernel had looked.
        if flags & os.O_EXCL:
            raise
    else:
        _give(folder, name, mode, caller)
        return fd, True
    if caller.uid != os.geteuid():
        # Whether they may open it is for the kernel to say, which looks again.
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    try:
        return os.open(name, keep & ~os.O_CREAT, dir_fd=folder), False
    except OSError as error:
        # It is a link or a folder, or has gone again.
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENOENT):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE)) from None
        raise


def create_nameless(folder: int, flags: int, mode: int, caller: Caller) -> int:
    """Make a file without a name (O_TMPFILE) for ``caller``."""
    keep = flags & (os.O_ACCMODE | os.O_EXCL | os.O_APPEND)
    fd = os.open(b".", keep | os.O_TMPFILE | os.O_CLOEXEC, mode, dir_fd=folder)
    if (caller.uid, caller.gid) != (os.geteuid(), os.getegid()):
        inherits = os.fstat(folder).st_mode & stat.S_ISGID
        os.fchown(fd, caller.uid, -1 if inherits else caller.gid)
        if mode & _SET_ID:
            os.fchmod(fd, stat.S_IMODE(mode))  # chown has cleared them
    return fd


def make_node(folder: int, name: bytes, mode: int, device: int, caller: Caller) -> None:
    """Make a file, FIFO, socket or device node for ``caller``."""
    os.mknod(name, mode, device, dir_fd=folder)
    _give(folder, name, mode, caller)


def make_folder(folder: int, name: bytes, mode: int, caller: Caller) -> None:
    """Make a folder for ``caller``."""
    os.mkdir(name, mode, dir_fd=folder)
    _give(folder, name, stat.S_IFDIR | mode, caller)


def make_link(folder: int, name: bytes, target: bytes, caller: Caller) -> None:
    """Make a symbolic link that says ``target``."""
    os.symlink(target, name, dir_fd=folder)
    _give(folder, name, 0, caller)


def _give(folder: int, name: bytes, mode: int, caller: Caller) -> None:
    """Make ``caller`` the owner of what was made for it, as the kernel would have.

    A folder with the setgid bit passes its group on; chown clears the setuid and setgid bits of
    files, so they are set again where they were asked for.
    """
    if (caller.uid, caller.gid) == (os.geteuid(), os.getegid()):
        return
    inherits = os.fstat(folder).st_mode & stat.S_ISGID
    group = -1 if inherits else caller.gid
    try:
        os.chown(name, caller.uid, group, dir_fd=folder, follow_symlinks=False)
    except PermissionError:
        # A mount that root did not make: what others create belongs to whoever mounted.
        return
    if mode & _SET_ID and not stat.S_ISDIR(mode):
        os.chmod(name, stat.S_IMODE(mode), dir_fd=folder)


# --- changing attributes of a pinned or open file


def set_mode(fd: int, mode: int) -> None:
    """Set the permission bits."""
    os.chmod(link_of(fd), stat.S_IMODE(mode))  # noqa: PTH101 - fchmod refuses O_PATH


def set_times(fd: int, times: tuple[libc.Time, libc.Time] | None) -> None:
    """Set access and modification time; None is now."""
    libc.set_times(fd, b"", times, flags=libc.AT_EMPTY_PATH)


def clear_set_id(fd: int) -> None:
    """Take away what made a program run as its owner: somebody else has written to the file."""
    mode = os.fstat(fd).st_mode
    if mode & _SET_ID and stat.S_ISREG(mode):
        # Setgid without the group's execute bit once marked mandatory locks; it stays.
        gone = stat.S_ISUID | (stat.S_ISGID if mode & stat.S_IXGRP else 0)
        set_mode(fd, stat.S_IMODE(mode) & ~gone)


def statfs(fd: int) -> dict[str, int]:
    """Size and free space of the file system that holds a file."""
    found = os.fstatvfs(fd)
    return {name: getattr(found, name) for name in _STATVFS}


def _leg(path: bytes) -> tuple[bytes, bytes]:
    """Cut a long relative path at a slash: a first part that one call takes, and the rest."""
    if len(path) < PATH_MAX:
        return path, b""
    cut = path.rfind(b"/", 0, PATH_MAX - 1)
    return path[:cut], path[cut + 1 :]


def _kind(entry: os.DirEntry[str]) -> int:
    """The type bits of an entry, from the listing itself where it has them."""
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    if entry.is_symlink():
        return stat.S_IFLNK
    return 0  # a FIFO, socket or device: DT_UNKNOWN is legal, and a program then asks with stat
