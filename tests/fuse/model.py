"""One operation at a time on a folder, with an outcome that two folders can be compared by.

A mounted drive and a plain folder get the same operations. Whatever a program could notice is part
of an outcome: results, error numbers, listings, contents, attributes, and which names and open
files are one file. Left out is what may differ between two folders of one file system (st_dev,
st_blocks, sizes of folders, access times, which parts of a file are holes); times that nobody set
count as "now".

Operations are plain values, so a history can be kept, repeated and cut down. Open files and
folders are known by the number of the slot that they are in.
"""

# The calls themselves are what is tested, relative to a descriptor and with bytes as names.
# ruff: noqa: PTH208

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import stat
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.fuse import libc

Outcome = tuple[Any, ...]
Place = tuple[int, bytes]  # the slot of an open folder, or ROOT, and a path from there

ROOT = -1
FILES = 5
FOLDERS = 2

KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
AT_SYMLINK_FOLLOW = 0x400
XATTRS = ("user.a", "user.b", "trusted.t")
# What a test sets lies long before any clock that it may run under.
SET_BY_US_NS = 1_200_000_000 * 10**9

_libc = ctypes.CDLL(None, use_errno=True)


class Operation(Struct, frozen=True):
    """One call.

    Attributes:
        kind: a method of ``Actor``.
        arguments: its arguments.
        user: the numeric user whose rights it is done with.
    """

    kind: str
    arguments: tuple[Any, ...]
    user: int = 0

    def __str__(self) -> str:
        user = f"  # as {self.user}" if self.user else ""
        return f"{self.kind}{short(self.arguments)}{user}"


# --- doing it


class Actor:
    """Carries operations out in one folder.

    Args:
        root: the folder; held open until ``close``.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        self._files: list[int | None] = [None] * FILES
        self._folders: list[int | None] = [None] * FOLDERS

    def close(self) -> None:
        """Let go of everything."""
        for fd in (*self._files, *self._folders, self._root):
            if fd is not None:
                os.close(fd)
        self._files, self._folders, self._root = [None] * FILES, [None] * FOLDERS, -1

    def apply(self, operation: Operation) -> Outcome:
        """Do it, and say what came of it."""
        method: Callable[..., Outcome] = getattr(self, operation.kind)
        try:
            if not operation.user:
                return method(*operation.arguments)
            with acting_as(operation.user):
                return method(*operation.arguments)
        except OSError as error:
            return _failed(error)

    def snapshot(self) -> dict[str, Outcome]:
        """Everything there is: the tree, and the open files."""
        numbers: dict[int, int] = {}
        found = snapshot(self._root, numbers)
        for slot, fd in enumerate(self._files):
            if fd is not None:
                found[f"file {slot}"] = self._described_file(fd, numbers)
        return found

    @staticmethod
    def _described_file(fd: int, numbers: dict[int, int]) -> Outcome:
        try:
            about = os.fstat(fd)
        except OSError as error:
            return _failed(error)
        return numbers.setdefault(about.st_ino, len(numbers)), *described(about)

    def removed(self) -> list[Operation]:
        """What would close the open files and folders that have no name any more."""
        return [
            Operation(kind, (slot,))
            for kind, fds in (("close_file", self._files), ("close_folder", self._folders))
            for slot, fd in enumerate(fds)
            if fd is not None and os.fstat(fd).st_nlink == 0
        ]

    def without_handle(self, closing: Operation) -> bool:
        """Whether the kernel opened what would be closed without asking the file system."""
        fd = self._files[closing.arguments[0]]
        if closing.kind != "close_file" or fd is None:
            return False
        is_pipe = stat.S_ISFIFO(os.fstat(fd).st_mode)
        return is_pipe or bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_PATH)

    def _at(self, place: Place) -> tuple[int, bytes]:
        slot, path = place
        fd = self._root if slot == ROOT else self._folders[slot]
        if fd is None:
            raise _Unused(errno.ENXIO, "unused")
        return fd, path

    def _by_name(self, place: Place) -> bytes:
        """A place as a path, for calls that take no descriptor of a folder."""
        fd, path = self._at(place)
        return b"/proc/self/fd/%d/%b" % (fd, path)

    def _file(self, slot: int) -> int:
        fd = self._files[slot]
        if fd is None:
            raise _Unused(errno.ENXIO, "unused")
        return fd

    def _put(self, slot: int, fd: int) -> None:
        old, self._files[slot] = self._files[slot], fd
        if old is not None:
            os.close(old)

    # --- names

    def mkdir(self, place: Place, mode: int) -> Outcome:
        fd, path = self._at(place)
        os.mkdir(path, mode, dir_fd=fd)
        return described(os.stat(path, dir_fd=fd))

    def rmdir(self, place: Place) -> Outcome:
        fd, path = self._at(place)
        os.rmdir(path, dir_fd=fd)
        return ()

    def unlink(self, place: Place) -> Outcome:
        fd, path = self._at(place)
        os.unlink(path, dir_fd=fd)
        return ()

    def rename(self, old: Place, new: Place, flags: int) -> Outcome:
        from_fd, from_path = self._at(old)
        to_fd, to_path = self._at(new)
        libc.rename(from_fd, from_path, to_fd, to_path, flags)
        return ()

    def link(self, old: Place, new: Place, follow: bool) -> Outcome:
        from_fd, from_path = self._at(old)
        to_fd, to_path = self._at(new)
        os.link(from_path, to_path, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=follow)
        return described(os.stat(to_path, dir_fd=to_fd, follow_symlinks=False))

    def link_open(self, slot: int, new: Place) -> Outcome:
        """Give an open file a name: one made with O_TMPFILE, or removed since."""
        name = b"/proc/self/fd/%d" % self._file(slot)
        fd, path = self._at(new)
        if _libc.linkat(libc.AT_FDCWD, name, fd, path, AT_SYMLINK_FOLLOW):
            raise OSError(ctypes.get_errno(), "linkat")
        return described(os.stat(path, dir_fd=fd, follow_symlinks=False))

    def symlink(self, target: bytes, place: Place) -> Outcome:
        fd, path = self._at(place)
        os.symlink(target, path, dir_fd=fd)
        return described(os.stat(path, dir_fd=fd, follow_symlinks=False))

    def mknod(self, place: Place, mode: int, device: int) -> Outcome:
        fd, path = self._at(place)
        os.mknod(path, mode, device if stat.S_ISCHR(mode) else 0, dir_fd=fd)
        return described(os.stat(path, dir_fd=fd, follow_symlinks=False))

    def umask(self, mask: int) -> Outcome:
        """Of this process, so of both."""
        os.umask(mask)
        return ()

    # --- looking

    def stat(self, place: Place, follow: bool) -> Outcome:
        fd, path = self._at(place)
        return described(os.stat(path, dir_fd=fd, follow_symlinks=follow))

    def readlink(self, place: Place) -> Outcome:
        fd, path = self._at(place)
        return (os.readlink(path, dir_fd=fd),)

    def access(self, place: Place, mode: int) -> Outcome:
        fd, path = self._at(place)
        return (os.access(path, mode, dir_fd=fd, effective_ids=True),)

    def listing(self, place: Place) -> Outcome:
        fd, path = self._at(place)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        try:
            return tuple(_listed(folder))
        finally:
            os.close(folder)

    def statvfs(self, place: Place) -> Outcome:
        found = os.statvfs(self._by_name(place))
        return found.f_bsize, found.f_frsize, found.f_blocks, found.f_files, found.f_namemax

    # --- attributes by name

    def chmod(self, place: Place, mode: int) -> Outcome:
        fd, path = self._at(place)
        os.chmod(path, mode, dir_fd=fd)
        return described(os.stat(path, dir_fd=fd))

    def chown(self, place: Place, uid: int, gid: int, follow: bool) -> Outcome:
        fd, path = self._at(place)
        os.chown(path, uid, gid, dir_fd=fd, follow_symlinks=follow)
        return described(os.stat(path, dir_fd=fd, follow_symlinks=follow))

    def utime(self, place: Place, times: tuple[libc.Time, libc.Time], follow: bool) -> Outcome:
        fd, path = self._at(place)
        libc.set_times(fd, path, times, flags=0 if follow else libc.AT_SYMLINK_NOFOLLOW)
        return _timed(os.stat(path, dir_fd=fd, follow_symlinks=follow), times)

    def truncate(self, place: Place, size: int) -> Outcome:
        os.truncate(self._by_name(place), size)
        return ()

    def setxattr(self, place: Place, name: str, value: bytes, flags: int, follow: bool) -> Outcome:
        os.setxattr(self._by_name(place), name, value, flags, follow_symlinks=follow)
        return ()

    def getxattr(self, place: Place, name: str, follow: bool) -> Outcome:
        return (os.getxattr(self._by_name(place), name, follow_symlinks=follow),)

    def listxattr(self, place: Place, follow: bool) -> Outcome:
        return tuple(sorted(os.listxattr(self._by_name(place), follow_symlinks=follow)))

    def removexattr(self, place: Place, name: str, follow: bool) -> Outcome:
        os.removexattr(self._by_name(place), name, follow_symlinks=follow)
        return ()

    # --- open files

    def open(self, slot: int, place: Place, flags: int, mode: int) -> Outcome:
        fd, path = self._at(place)
        self._put(slot, self._opened(path, flags, mode, fd))
        return described(os.fstat(self._file(slot)))

    def reopen(self, old: int, slot: int, flags: int) -> Outcome:
        """Open the file that is in a slot once more, whether or not it has a name."""
        name = b"/proc/self/fd/%d" % self._file(old)
        self._put(slot, self._opened(name, flags & ~os.O_NOFOLLOW, 0o600, None))
        return described(os.fstat(self._file(slot)))

    def _opened(self, path: bytes, flags: int, mode: int, fd: int | None) -> int:
        try:
            return os.open(path, flags | os.O_NONBLOCK, mode, dir_fd=fd)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.ENXIO) and _is_device(path, fd):
                # A mount has no devices (nodev); in the folder there are, but this one is missing.
                raise OSError(errno.ENODEV, "device") from error
            raise

    def tmpfile(self, slot: int, place: Place, flags: int, mode: int) -> Outcome:
        fd, path = self._at(place)
        self._put(slot, os.open(path, flags | os.O_TMPFILE, mode, dir_fd=fd))
        return described(os.fstat(self._file(slot)))

    def close_file(self, slot: int) -> Outcome:
        os.close(self._file(slot))
        self._files[slot] = None
        return ()

    def dup(self, old: int, slot: int) -> Outcome:
        self._put(slot, os.dup(self._file(old)))
        return ()

    def fstat(self, slot: int) -> Outcome:
        return described(os.fstat(self._file(slot)))

    def read(self, slot: int, size: int) -> Outcome:
        return (os.read(self._file(slot), size),)

    def write(self, slot: int, data: tuple[int, int]) -> Outcome:
        fd = self._file(slot)
        return os.write(fd, filled(data)), *described(os.fstat(fd))

    def pread(self, slot: int, size: int, offset: int) -> Outcome:
        return (os.pread(self._file(slot), size, offset),)

    def pwrite(self, slot: int, data: tuple[int, int], offset: int) -> Outcome:
        fd = self._file(slot)
        return os.pwrite(fd, filled(data), offset), *described(os.fstat(fd))

    def seek(self, slot: int, offset: int, whence: int) -> Outcome:
        fd = self._file(slot)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            return ("positions in a folder are the file system's own",)
        return (os.lseek(fd, offset, whence),)

    def seek_data(self, slot: int, offset: int, whence: int) -> Outcome:
        """What is a hole is for the file system to say, but a hole holds nothing but zeros."""
        fd = self._file(slot)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            return ("a folder",)
        os.pread(fd, 0, 0)  # refused where it cannot be read
        size = os.fstat(fd).st_size
        position = os.lseek(fd, 0, os.SEEK_CUR)
        try:
            found = os.lseek(fd, offset, whence)
        except OSError as error:
            if error.errno != errno.ENXIO or offset >= size or whence == os.SEEK_HOLE:
                raise
            found = size
        os.lseek(fd, position, os.SEEK_SET)
        if whence == os.SEEK_DATA:
            return found >= offset, _is_zero(fd, offset, found)
        return offset <= found <= size, _is_zero(fd, found, min(found + 1, size))

    def ftruncate(self, slot: int, size: int) -> Outcome:
        fd = self._file(slot)
        os.ftruncate(fd, size)
        return described(os.fstat(fd))

    def fallocate(self, slot: int, mode: int, offset: int, size: int) -> Outcome:
        fd = self._file(slot)
        libc.allocate(fd, mode, offset, size)
        return described(os.fstat(fd))

    def copy(self, source: int, start: int, target: int, offset: int, size: int) -> Outcome:
        one, two = self._file(source), self._file(target)
        done = 0
        while done < size:
            step = os.copy_file_range(one, two, size - done, start + done, offset + done)
            if not step:
                break
            done += step
        return done, *described(os.fstat(two))

    def map_write(self, slot: int, data: tuple[int, int], offset: int) -> Outcome:
        fd = self._file(slot)
        size = os.fstat(fd).st_size
        if not size or not stat.S_ISREG(os.fstat(fd).st_mode):
            return ("nothing to map",)
        piece = filled(data)[: max(0, size - offset)]
        with mmap.mmap(fd, size) as mapped:
            mapped[offset : offset + len(piece)] = piece
            mapped.flush()
        return described(os.fstat(fd))

    def map_read(self, slot: int, size: int, offset: int) -> Outcome:
        fd = self._file(slot)
        if not os.fstat(fd).st_size or not stat.S_ISREG(os.fstat(fd).st_mode):
            return ("nothing to map",)
        with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as mapped:
            return (mapped[offset : offset + size],)

    def sync(self, slot: int, data_only: bool) -> Outcome:
        (os.fdatasync if data_only else os.fsync)(self._file(slot))
        return ()

    def lock(self, slot: int, how: int) -> Outcome:
        fcntl.flock(self._file(slot), how | fcntl.LOCK_NB)
        return ()

    def fchmod(self, slot: int, mode: int) -> Outcome:
        fd = self._file(slot)
        os.fchmod(fd, mode)
        return described(os.fstat(fd))

    def fchown(self, slot: int, uid: int, gid: int) -> Outcome:
        fd = self._file(slot)
        os.fchown(fd, uid, gid)
        return described(os.fstat(fd))

    def futime(self, slot: int, times: tuple[libc.Time, libc.Time]) -> Outcome:
        fd = self._file(slot)
        libc.set_times(fd, None, times)
        return _timed(os.fstat(fd), times)

    def fsetxattr(self, slot: int, name: str, value: bytes, flags: int) -> Outcome:
        os.setxattr(self._file(slot), name, value, flags)
        return ()

    def fgetxattr(self, slot: int, name: str) -> Outcome:
        return (os.getxattr(self._file(slot), name),)

    def flistxattr(self, slot: int) -> Outcome:
        return tuple(sorted(os.listxattr(self._file(slot))))

    # --- open folders

    def open_folder(self, slot: int, place: Place) -> Outcome:
        fd, path = self._at(place)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        old, self._folders[slot] = self._folders[slot], folder
        if old is not None:
            os.close(old)
        return described(os.fstat(folder))

    def close_folder(self, slot: int) -> Outcome:
        folder, _ = self._at((slot, b""))
        self._folders[slot] = None
        os.close(folder)
        return ()

    def list_folder(self, slot: int) -> Outcome:
        folder, _ = self._at((slot, b""))
        return *described(os.fstat(folder)), *_listed(folder)

    def sync_folder(self, slot: int) -> Outcome:
        folder, _ = self._at((slot, b""))
        os.fsync(folder)
        return ()


class _Unused(OSError):
    """The slot is empty; on both sides, or the open before it would have differed."""


@contextlib.contextmanager
def acting_as(user: int) -> Iterator[None]:
    """File access with another user's rights, for this thread; needs root."""
    _libc.setfsgid(user)
    _libc.setfsuid(user)
    try:
        yield
    finally:
        _libc.setfsuid(0)
        _libc.setfsgid(0)


# --- outcomes


def _failed(error: OSError) -> Outcome:
    return ("error", errno.errorcode.get(error.errno or 0, error.errno))


def described(about: os.stat_result) -> Outcome:
    """Attributes that must be the same in both folders."""
    size = None if stat.S_ISDIR(about.st_mode) else about.st_size
    # Pipes are the kernel's, who tells no FUSE file system of what goes through them.
    time = None if stat.S_ISFIFO(about.st_mode) else _time(about.st_mtime_ns)
    mode = about.st_mode
    if stat.S_ISREG(mode) and not mode & stat.S_IXGRP:
        # Once the mark for mandatory locks. Writing clears it unless the writer belongs to the
        # file's group, and FUSE does neither that nor say to which groups a caller belongs.
        mode &= ~stat.S_ISGID
    return (
        oct(mode), about.st_nlink, about.st_uid, about.st_gid, about.st_rdev, size,
        time,
    )  # fmt: skip


def _time(time_ns: int) -> int | str:
    return time_ns if time_ns < SET_BY_US_NS else "now"


def _timed(about: os.stat_result, times: tuple[libc.Time, libc.Time]) -> Outcome:
    # Reading a file changes its access time now or later, so it counts only when it was just set.
    kept = times[0][1] == libc.UTIME_OMIT
    return None if kept else _time(about.st_atime_ns), *described(about)


def snapshot(root: int, numbers: dict[int, int]) -> dict[str, Outcome]:
    """A tree: attributes, content and extended attributes by path.

    Args:
        root: descriptor of the folder.
        numbers: filled with inode numbers in order of appearance, so that two trees compare.
    """
    found: dict[str, Outcome] = {}
    _describe(root, b".", "", numbers, found)
    return found


def _describe(
    folder: int, name: bytes, path: str, numbers: dict[int, int], found: dict[str, Outcome]
) -> None:
    about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    number = numbers.setdefault(about.st_ino, len(numbers))
    file = b"/proc/self/fd/%d/%b" % (folder, name)
    # The names that tests give; what the system keeps (security.*) is its own affair.
    attributes = {
        key: os.getxattr(file, key, follow_symlinks=False)
        for key in sorted(os.listxattr(file, follow_symlinks=False))
        if key in XATTRS
    }
    content: object = None
    if stat.S_ISLNK(about.st_mode):
        content = os.readlink(name, dir_fd=folder)
    elif stat.S_ISREG(about.st_mode):
        content = _content(folder, name)
    found[path or "/"] = (number, *described(about), attributes, content)
    if not stat.S_ISDIR(about.st_mode):
        return
    inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        for entry in sorted(map(os.fsencode, os.listdir(inside))):
            _describe(inside, entry, f"{path}/{os.fsdecode(entry)}", numbers, found)
    finally:
        os.close(inside)


def _content(folder: int, name: bytes) -> bytes:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        return os.read(fd, os.fstat(fd).st_size + 1)
    finally:
        os.close(fd)


def _listed(folder: int) -> list[tuple[str, int]]:
    """Names and kinds of entries, the kinds from the listing where it has them."""
    with os.scandir(folder) as entries:
        return sorted((entry.name, _kind(entry)) for entry in entries)


def _kind(entry: os.DirEntry[str]) -> int:
    # Python asks with stat for what the listing does not tell, which may be forbidden.
    with contextlib.suppress(PermissionError):
        return _known_kind(entry)
    return 0


def _known_kind(entry: os.DirEntry[str]) -> int:
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    return stat.S_IFLNK if entry.is_symlink() else 0


def _is_zero(fd: int, begin: int, end: int) -> bool:
    return end <= begin or not any(os.pread(fd, end - begin, begin))


def _is_device(path: bytes, fd: int | None) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path, dir_fd=fd).st_mode)
    except OSError:
        return False


def short(value: object) -> str:
    """Fit for a line: of long contents the ends."""
    if isinstance(value, bytes) and len(value) > 60:
        return f"{value[:20]!r} … {value[-20:]!r} ({len(value)} bytes)"
    if isinstance(value, tuple):
        return f"({', '.join(map(short, value))})"
    return repr(value)


@cache
def filled(data: tuple[int, int]) -> bytes:
    """Bytes that tell where they begin: a first byte, and a length."""
    first, length = data
    pattern = bytes((first + n) % 251 + 1 for n in range(251))
    return (pattern * (length // 251 + 1))[:length]
