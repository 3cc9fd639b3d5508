"""The Linux system calls that Python's ``os`` lacks, or that are hot enough to want no copies.

Functions with a name of their own raise ``OSError``. The bare ones at the end are the C functions
themselves, for callbacks that hand libfuse's buffers to the kernel; read ``ctypes.get_errno()``
after them.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000
MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4
MNT_DETACH = 2
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
STATX_SIZE = 256
UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2

_SYS_OPENAT2 = 437  # the same number on every architecture
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08

Time = tuple[int, int]  # seconds and nanoseconds; UTIME_NOW and UTIME_OMIT as nanoseconds


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_libc, name)
    function.restype = result
    function.argtypes = arguments
    return function


_openat2 = _function(
    "syscall",
    ctypes.c_long,
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
)
_renameat2 = _function(
    "renameat2",
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_uint,
)
_utimensat = _function(
    "utimensat",
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_Timespec),
    ctypes.c_int,
)
_futimens = _function("futimens", ctypes.c_int, ctypes.c_int, ctypes.POINTER(_Timespec))
_fallocate = _function(
    "fallocate", ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64
)
_fchownat = _function(
    "fchownat",
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_uint32,
    ctypes.c_uint32,
    ctypes.c_int,
)
_linkat = _function(
    "linkat",
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
)
_mount = _function(
    "mount",
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_statx = _function(
    "statx",
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_uint,
    ctypes.c_char_p,
)
_syncfs = _function("syncfs", ctypes.c_int, ctypes.c_int)
_umount2 = _function("umount2", ctypes.c_int, ctypes.c_char_p, ctypes.c_int)

# No link may be followed on the way to a file, and nothing may lead out of the root.
_PIN = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_BENEATH = _OpenHow(_PIN, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS)
_BENEATH_SIZE = ctypes.sizeof(_OpenHow)


def _raise(path: bytes | None = None) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), path)


def open_beneath(root: int, path: bytes) -> int:
    """An ``O_PATH`` descriptor of the entry ``path`` below ``root``, a link as itself.

    No symbolic link on the way is followed: the kernel has resolved those of the mount already, so
    one that appears here was put in place behind the mount a moment ago and may lead anywhere.

    Args:
        root: descriptor of the folder to start at.
        path: relative, shorter than ``PATH_MAX``, without ``..``.
    """
    fd: int = _openat2(_SYS_OPENAT2, root, path, _BENEATH, _BENEATH_SIZE)
    if fd >= 0:
        return fd
    code = ctypes.get_errno()
    if code not in (errno.ENOSYS, errno.EPERM):
        raise OSError(code, os.strerror(code), path)
    return _open_by_steps(root, path)


def _open_by_steps(root: int, path: bytes) -> int:
    """The same for kernels before 5.6 and sandboxes that filter ``openat2`` (EPERM)."""
    *folders, last = path.split(b"/")
    fd = os.open(b".", _PIN | os.O_DIRECTORY, dir_fd=root)
    for part, kind in (*((folder, os.O_DIRECTORY) for folder in folders), (last, 0)):
        try:
            deeper = os.open(part, _PIN | kind, dir_fd=fd)
        finally:
            os.close(fd)
        fd = deeper
    return fd


def rename(old_dir: int, old: bytes, new_dir: int, new: bytes, flags: int) -> None:
    """``renameat2``: rename with RENAME_NOREPLACE, RENAME_EXCHANGE or RENAME_WHITEOUT."""
    if _renameat2(old_dir, old, new_dir, new, flags):
        raise _raise(old)


def set_times(
    directory: int,
    name: bytes | None,
    times: tuple[Time, Time] | None,
    *,
    flags: int = AT_SYMLINK_NOFOLLOW,
) -> None:
    """Set access and modification time of ``name`` itself, not of what it links to.

    Args:
        directory: descriptor of its folder; of the file itself where ``name`` is None.
        times: access and modification time; None is now.
        flags: as for ``utimensat``; 0 follows a link.
    """
    pair = None if times is None else (_Timespec * 2)(*(_Timespec(*time) for time in times))
    if name is None:
        # Not utimensat without a name: the kernel takes that, glibc answers EINVAL.
        failed = _futimens(directory, pair)
    else:
        failed = _utimensat(directory, name, pair, flags)
    if failed:
        raise _raise(name)


def statx(fd: int, flags: int, mask: int) -> bytes:
    """``struct statx`` of a pinned or open file; it also has the time when the file was made.

    Args:
        flags: AT_STATX_FORCE_SYNC or AT_STATX_DONT_SYNC.
        mask: what is wanted.
    """
    buffer = ctypes.create_string_buffer(STATX_SIZE)
    if _statx(fd, b"", AT_EMPTY_PATH | flags, mask, buffer):
        raise _raise()
    return buffer.raw


def set_owner(fd: int, uid: int, gid: int) -> None:
    """Set owner and group of a pinned or open file, a link's own; -1 leaves one as it is."""
    if _fchownat(fd, b"", uid & 0xFFFFFFFF, gid & 0xFFFFFFFF, AT_EMPTY_PATH):
        raise _raise()


def link(fd: int, folder: int, name: bytes) -> None:
    """Give a pinned or open file, also one without a name, a further name.

    By way of its link in /proc: for AT_EMPTY_PATH one needs CAP_DAC_READ_SEARCH.
    """
    if _linkat(AT_FDCWD, b"/proc/self/fd/%d" % fd, folder, name, AT_SYMLINK_FOLLOW):
        raise _raise(name)


def allocate(fd: int, mode: int, offset: int, length: int) -> None:
    """``fallocate``: reserve, punch, zero or collapse a range of a file."""
    if _fallocate(fd, mode, offset, length):
        raise _raise()


def mount(kind: str, mountpoint: str | os.PathLike[str], flags: int, options: str) -> None:
    """``mount`` of a file system that has no device; needs root."""
    place = os.fsencode(mountpoint)
    if _mount(b"lsfs", place, kind.encode("ascii"), flags, options.encode("ascii")):
        raise _raise(place)


def syncfs(fd: int) -> None:
    """Write back everything of the file system that a file is on."""
    if _syncfs(fd):
        raise _raise()


def unmount(mountpoint: str | os.PathLike[str], flags: int = 0) -> None:
    """``umount2``; needs root."""
    if _umount2(os.fsencode(mountpoint), flags):
        raise _raise(os.fsencode(mountpoint))


pread: Callable[[int, Any, int, int], int] = _function(
    "pread", ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64
)
pwrite: Callable[[int, Any, int, int], int] = _function(
    "pwrite", ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64
)
getxattr: Callable[[bytes, bytes, Any, int], int] = _function(
    "getxattr",
    ctypes.c_ssize_t,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
)

# glibc before 2.33 has stat functions only as inline code; then this is None, and the slower way
# through os.stat is taken.
fstat: Callable[[int, Any], int] | None = None
if hasattr(_libc, "fstat"):
    fstat = _function("fstat", ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
