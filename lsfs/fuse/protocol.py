"""The kernel's FUSE protocol as bytes: numbers, structures, and how answers are put together.

From ``include/uapi/linux/fuse.h`` of Linux 6.18 (protocol 7.45). Structures are named after the
C ones without ``fuse_``; all are little-endian or of host order on every machine that lsfs runs on,
and laid out without padding beyond what is written here. Flags are plain numbers, because Python's
flag types cost more than a whole request.
"""

from __future__ import annotations

import errno
import os
import struct
from enum import IntEnum

from lsfs.fuse.libc import STATX_SIZE, UTIME_NOW, UTIME_OMIT
from lsfs.fuse.source import Entry

MAJOR = 7
MINOR = 45  # what is spoken here; the kernel takes the smaller of the two
OLDEST_MINOR = 31  # Linux 5.4
ROOT = 1


class Opcode(IntEnum):
    """What a request asks for."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    READLINK = 5
    SYMLINK = 6
    MKNOD = 8
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    LINK = 13
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    SETXATTR = 21
    GETXATTR = 22
    LISTXATTR = 23
    REMOVEXATTR = 24
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    FSYNCDIR = 30
    GETLK = 31
    SETLK = 32
    SETLKW = 33
    CREATE = 35
    INTERRUPT = 36
    BATCH_FORGET = 42
    FALLOCATE = 43
    READDIRPLUS = 44
    RENAME2 = 45
    LSEEK = 46
    COPY_FILE_RANGE = 47
    TMPFILE = 51
    STATX = 52
    COPY_FILE_RANGE_64 = 53


class Notice(IntEnum):
    """What the kernel is told unasked."""

    INVAL_INODE = 2
    INVAL_ENTRY = 3


class Init:
    """What both sides can do; the answer to INIT holds what both will."""

    ASYNC_READ = 1 << 0
    POSIX_LOCKS = 1 << 1
    ATOMIC_O_TRUNC = 1 << 3
    BIG_WRITES = 1 << 5
    FLOCK_LOCKS = 1 << 10
    AUTO_INVAL_DATA = 1 << 12
    DO_READDIRPLUS = 1 << 13
    READDIRPLUS_AUTO = 1 << 14
    ASYNC_DIO = 1 << 15
    PARALLEL_DIROPS = 1 << 18
    MAX_PAGES = 1 << 22
    HANDLE_KILLPRIV_V2 = 1 << 28
    INIT_EXT = 1 << 30
    DIRECT_IO_ALLOW_MMAP = 1 << 36
    PASSTHROUGH = 1 << 37


class Set:
    """Which attributes a SETATTR sets."""

    MODE = 1 << 0
    UID = 1 << 1
    GID = 1 << 2
    SIZE = 1 << 3
    ATIME = 1 << 4
    MTIME = 1 << 5
    HANDLE = 1 << 6
    ATIME_NOW = 1 << 7
    MTIME_NOW = 1 << 8
    KILL_SUIDGID = 1 << 11


class Open:
    """How the kernel is to treat an open file."""

    DIRECT_IO = 1 << 0
    KEEP_CACHE = 1 << 1
    CACHE_DIR = 1 << 3
    NOFLUSH = 1 << 5
    PARALLEL_DIRECT_WRITES = 1 << 6
    PASSTHROUGH = 1 << 7


OPEN_KILL_SUIDGID = 1  # in open_flags of OPEN and CREATE
GETATTR_HANDLE = 1
WRITE_PAGE = 1
WRITE_KILL_SUIDGID = 4
FSYNC_DATA = 1
LOCK_FLOCK = 1
RELEASE_FLOCK_UNLOCK = 2

HEADER_IN = struct.Struct("<IIQQIIIHH")  # length, opcode, unique, node, uid, gid, pid, -, -
HEADER_OUT = struct.Struct("<IiQ")  # length, minus errno (or a Notice), unique
INIT_IN = struct.Struct("<IIIII")  # major, minor, max_readahead, flags, upper flags
INIT_OUT = struct.Struct("<IIIIHHIIHHIIH22x")
GETATTR_IN = struct.Struct("<IIQ")  # flags, -, handle
SETATTR_IN = struct.Struct("<IIQQQqqqIIIIIIII")
MKNOD_IN = struct.Struct("<IIII")  # mode, device, umask, -
MKDIR_IN = struct.Struct("<II")  # mode, umask
RENAME_IN = struct.Struct("<Q")  # new folder
RENAME2_IN = struct.Struct("<QII")  # new folder, flags, -
LINK_IN = struct.Struct("<Q")  # the node that gets another name
OPEN_IN = struct.Struct("<II")  # flags, open_flags
CREATE_IN = struct.Struct("<IIII")  # flags, mode, umask, open_flags
READ_IN = struct.Struct("<QQI")  # handle, offset, size; also of READDIR
WRITE_IN = struct.Struct("<QQIIQII")  # handle, offset, size, write_flags, owner, flags, -
RELEASE_IN = struct.Struct("<QIIQ")  # handle, flags, release_flags, lock owner
FLUSH_IN = struct.Struct("<QIIQ")  # handle, -, -, lock owner
FSYNC_IN = struct.Struct("<QI")  # handle, flags
XATTR_IN = struct.Struct("<II")  # size, flags
LOCK_IN = struct.Struct("<QQQQIIII")  # handle, owner, start, end, type, pid, lock flags, -
FALLOCATE_IN = struct.Struct("<QQQII")  # handle, offset, length, mode, -
LSEEK_IN = struct.Struct("<QQI")  # handle, offset, whence
COPY_IN = struct.Struct("<QQQQQQQ")  # handle, offset, node out, handle out, offset out, length, -
STATX_IN = struct.Struct("<IIQII")  # flags, -, handle, flags and mask of statx
INTERRUPT_IN = struct.Struct("<Q")  # the request that is no longer wanted
BATCH_FORGET_IN = struct.Struct("<II")  # count, -
FORGET_ONE = struct.Struct("<QQ")  # node, references

_ATTR = struct.Struct("<QQQqqqIIIIIIIIII")
_ENTRY = struct.Struct("<QQQQII")  # node, generation, entry and attr validity (s), and (ns)
_ATTR_OUT = struct.Struct("<QII")  # validity (s), (ns), -
_STATX_OUT = struct.Struct("<QII16x")  # validity (s), (ns), -
_STATX = struct.Struct("<IIQIIIHHQQQQqIiqIiqIiqIiIIII")  # as statx(2), up to the device
_STATX_BASIC = 0x7FF  # all but the time when the file was made
_OPEN_OUT = struct.Struct("<QIi")  # handle, Open flags, backing id
_STATFS = struct.Struct("<QQQQQIIII24x")
_DIRENT = struct.Struct("<QQII")  # inode, offset of the next, length of the name, type
_INVAL_INODE = struct.Struct("<Qqq")  # node, offset, length
_INVAL_ENTRY = struct.Struct("<QII")  # folder, length of the name, flags
U32_PAIR = struct.Struct("<II")
U64 = struct.Struct("<Q")
LOCK_OUT = struct.Struct("<QQII")  # start, end, type, pid
HEADER_SIZE = HEADER_IN.size
ENTRY_SIZE = _ENTRY.size + _ATTR.size
NO_ENTRY = bytes(ENTRY_SIZE)

# ioctl numbers of the device, for files that the kernel is to read and write by itself.
BACKING_OPEN = 0x4010E501
BACKING_CLOSE = 0x4004E502
BACKING_MAP = struct.Struct("<iIQ")  # descriptor, flags, -
BACKING_ID = struct.Struct("<I")

_SECOND = 10**9


def attributes(stat: os.stat_result) -> bytes:
    """``fuse_attr`` of a file."""
    atime, mtime, ctime = stat.st_atime_ns, stat.st_mtime_ns, stat.st_ctime_ns
    return _ATTR.pack(
        stat.st_ino, stat.st_size, stat.st_blocks,
        atime // _SECOND, mtime // _SECOND, ctime // _SECOND,
        atime % _SECOND, mtime % _SECOND, ctime % _SECOND,
        stat.st_mode, stat.st_nlink, stat.st_uid, stat.st_gid,
        # The lower half of the C library's form is the kernel's.
        stat.st_rdev & 0xFFFFFFFF, stat.st_blksize, 0,
    )  # fmt: skip


Span = tuple[int, int]  # seconds and nanoseconds


def attr_out(stat: os.stat_result, valid: Span) -> bytes:
    """Answer of GETATTR and SETATTR; the attributes may be kept for so long."""
    return _ATTR_OUT.pack(*valid, 0) + attributes(stat)


def entry_out(node: int, stat: os.stat_result, name_valid: Span, attr_valid: Span) -> bytes:
    """Answer of LOOKUP and of what makes a name; name and attributes may be kept for so long."""
    seconds, nanoseconds = name_valid
    head = _ENTRY.pack(node, 0, seconds, attr_valid[0], nanoseconds, attr_valid[1])
    return head + attributes(stat)


def statx_out(found: bytes, valid: Span) -> bytes:
    """Answer of STATX: ``struct statx`` as the system gives it."""
    return _STATX_OUT.pack(*valid, 0) + found


def statx_of(stat: os.stat_result) -> bytes:
    """``struct statx`` of what has no file: the same, without the time when it was made."""
    times = [
        part
        for time in (stat.st_atime_ns, 0, stat.st_ctime_ns, stat.st_mtime_ns)
        for part in (time // _SECOND, time % _SECOND, 0)
    ]
    packed = _STATX.pack(
        _STATX_BASIC, stat.st_blksize, 0, stat.st_nlink, stat.st_uid, stat.st_gid,
        stat.st_mode, 0, stat.st_ino, stat.st_size, stat.st_blocks, 0, *times, 0, 0, 0, 0,
    )  # fmt: skip
    return packed.ljust(STATX_SIZE, b"\0")


def open_out(handle: int, flags: int, backing: int = 0) -> bytes:
    """Answer of OPEN and OPENDIR."""
    return _OPEN_OUT.pack(handle, flags, backing)


def init_out(minor: int, readahead: int, flags: int, max_write: int) -> bytes:
    """Answer of INIT; one other file system may lie below the files that are passed through."""
    return INIT_OUT.pack(
        MAJOR, min(minor, MINOR), readahead, flags & 0xFFFFFFFF,
        64, 48,  # requests that nobody waits for: at most, and when the kernel is to slow down
        max_write, 1, max_write // 4096, 0, flags >> 32, 1 if flags & Init.PASSTHROUGH else 0, 0,
    )  # fmt: skip


def statfs_out(found: dict[str, int]) -> bytes:
    """Answer of STATFS."""
    return _STATFS.pack(
        found["f_blocks"], found["f_bfree"], found["f_bavail"], found["f_files"], found["f_ffree"],
        found["f_bsize"], found["f_namemax"], found["f_frsize"], 0,
    )  # fmt: skip


def dirent_size(name: bytes) -> int:
    """Bytes that a name takes in a listing."""
    return _DIRENT.size + len(name) + -len(name) % 8


def dirent(entry: Entry, following: int) -> bytes:
    """One name of a listing; ``following`` is the offset of the next."""
    name = entry.name
    # A number of 0 marks a removed entry for some programs.
    head = _DIRENT.pack(entry.inode or 1, following, len(name), entry.kind >> 12)
    return head + name + bytes(-len(name) % 8)


def times_of(
    valid: int, atime: int, mtime: int, atime_ns: int, mtime_ns: int
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The times that a SETATTR sets, with UTIME_NOW and UTIME_OMIT; None when it sets none."""
    if not valid & (Set.ATIME | Set.MTIME):
        return None
    access = (atime, atime_ns) if valid & Set.ATIME else (0, UTIME_OMIT)
    change = (mtime, mtime_ns) if valid & Set.MTIME else (0, UTIME_OMIT)
    if valid & Set.ATIME_NOW:
        access = (0, UTIME_NOW)
    if valid & Set.MTIME_NOW:
        change = (0, UTIME_NOW)
    return access, change


def reply(unique: int, payload: bytes | memoryview) -> list[bytes | memoryview]:
    """A message that answers a request."""
    return [HEADER_OUT.pack(HEADER_OUT.size + len(payload), 0, unique), payload]


def refusal(unique: int, code: int) -> list[bytes | memoryview]:
    """A message that refuses a request."""
    return [HEADER_OUT.pack(HEADER_OUT.size, -(code or errno.EIO), unique)]


def forget_inode(node: int) -> bytes:
    """A notice: attributes and pages of a node are no longer true."""
    return _notice(Notice.INVAL_INODE, _INVAL_INODE.pack(node, 0, 0))


def forget_name(folder: int, name: bytes) -> bytes:
    """A notice: what a name in a folder stands for is no longer true."""
    return _notice(Notice.INVAL_ENTRY, _INVAL_ENTRY.pack(folder, len(name), 0) + name + b"\0")


def _notice(code: Notice, body: bytes) -> bytes:
    return HEADER_OUT.pack(HEADER_OUT.size + len(body), code, 0) + body
