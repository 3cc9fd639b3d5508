"""The kernel's side of the FUSE protocol: requests put together, answers taken apart.

Written from ``linux/fuse.h``, and without a look at ``lsfs.fuse.protocol``, so that a slip there is
not made here as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from lsfs.fuse.nodes import Deferred, Node
from lsfs.fuse.notices import Notices
from lsfs.fuse.requests import Payload, Request, Requests

LOOKUP, FORGET, GETATTR, SETATTR, READLINK, SYMLINK = 1, 2, 3, 4, 5, 6
MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK, OPEN, READ, WRITE, STATFS = 8, 9, *range(10, 18)
RELEASE, FSYNC, SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR = 18, 20, 21, 22, 23, 24
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, FSYNCDIR, GETLK, SETLK, SETLKW = range(25, 34)
CREATE, INTERRUPT, BATCH_FORGET, FALLOCATE, READDIRPLUS = 35, 36, 42, 43, 44
RENAME2, LSEEK, COPY_FILE_RANGE, TMPFILE, STATX, COPY_FILE_RANGE_64 = 45, 46, 47, 51, 52, 53
POLL = 40  # nobody answers it

FATTR_MODE, FATTR_UID, FATTR_GID, FATTR_SIZE = 1, 2, 4, 8
FATTR_ATIME, FATTR_MTIME, FATTR_FH, FATTR_ATIME_NOW, FATTR_MTIME_NOW = 16, 32, 64, 128, 256
FATTR_KILL_SUIDGID = 1 << 11
FOPEN_DIRECT_IO, FOPEN_NOFLUSH, FOPEN_PASSTHROUGH = 1, 1 << 5, 1 << 7
FUSE_LK_FLOCK = 1

_ATTR = struct.Struct("=QQQqqqIIIIIIIIII")
_ENTRY = struct.Struct("=QQQQII")


class Attr(NamedTuple):
    """``struct fuse_attr``."""

    ino: int
    size: int
    blocks: int
    atime: int
    mtime: int
    ctime: int
    atimensec: int
    mtimensec: int
    ctimensec: int
    mode: int
    nlink: int
    uid: int
    gid: int
    rdev: int
    blksize: int
    flags: int


class EntryOut(NamedTuple):
    """``struct fuse_entry_out``; validity in nanoseconds."""

    nodeid: int
    generation: int
    entry_valid: int
    attr_valid: int
    attr: Attr


class Opened(NamedTuple):
    """``struct fuse_open_out``."""

    fh: int
    open_flags: int
    backing_id: int


class Dirent(NamedTuple):
    """``struct fuse_dirent``."""

    ino: int
    off: int
    type: int
    name: bytes


def attr_out(data: bytes) -> tuple[int, Attr]:
    """Validity (ns) and attributes from a ``struct fuse_attr_out``."""
    assert len(data) == 104
    seconds, nanoseconds, _ = struct.unpack_from("=QII", data)
    return seconds * 10**9 + nanoseconds, Attr(*_ATTR.unpack_from(data, 16))


def entry_out(data: bytes) -> EntryOut:
    """A ``struct fuse_entry_out``."""
    assert len(data) == 128
    nodeid, generation, entry_s, attr_s, entry_ns, attr_ns = _ENTRY.unpack_from(data)
    attr = Attr(*_ATTR.unpack_from(data, 40))
    valid = entry_s * 10**9 + entry_ns, attr_s * 10**9 + attr_ns
    return EntryOut(nodeid, generation, *valid, attr)


def open_out(data: bytes) -> Opened:
    """A ``struct fuse_open_out``."""
    assert len(data) == 16
    return Opened(*struct.unpack("=QIi", data))


def create_out(data: bytes) -> tuple[EntryOut, Opened]:
    """What answers CREATE and TMPFILE."""
    assert len(data) == 144
    return entry_out(data[:128]), open_out(data[128:])


def dirents(data: bytes) -> Iterator[Dirent]:
    """The entries of an answer to READDIR."""
    at = 0
    while at < len(data):
        ino, off, length, kind = struct.unpack_from("=QQII", data, at)
        yield Dirent(ino, off, kind, data[at + 24 : at + 24 + length])
        at += (24 + length + 7) // 8 * 8
    assert at == len(data)


def direntplus(data: bytes) -> Iterator[tuple[EntryOut, Dirent]]:
    """The entries of an answer to READDIRPLUS."""
    at = 0
    while at < len(data):
        ino, off, length, kind = struct.unpack_from("=QQII", data, at + 128)
        name = data[at + 152 : at + 152 + length]
        yield entry_out(data[at : at + 128]), Dirent(ino, off, kind, name)
        at += (152 + length + 7) // 8 * 8
    assert at == len(data)


def setattr_in(
    valid: int,
    *,
    fh: int = 0,
    size: int = 0,
    atime: tuple[int, int] = (0, 0),
    mtime: tuple[int, int] = (0, 0),
    mode: int = 0,
    uid: int = 0,
    gid: int = 0,
) -> bytes:
    """A ``struct fuse_setattr_in``."""
    data = struct.pack(
        "=IIQQQqqqIIIIIIII",
        valid, 0, fh, size, 0, atime[0], mtime[0], 0, atime[1], mtime[1], 0, mode, 0, uid, gid, 0,
    )  # fmt: skip
    assert len(data) == 88
    return data


def read_in(fh: int, offset: int, size: int) -> bytes:
    """A ``struct fuse_read_in``; also of READDIR."""
    return struct.pack("=QQIIQII", fh, offset, size, 0, 0, 0, 0)


def write_in(fh: int, offset: int, data: bytes, write_flags: int = 0) -> bytes:
    """A ``struct fuse_write_in`` with what is to be written."""
    return struct.pack("=QQIIQII", fh, offset, len(data), write_flags, 0, 0, 0) + data


def lk_in(fh: int, owner: int, start: int, end: int, kind: int, pid: int, flags: int = 0) -> bytes:
    """A ``struct fuse_lk_in``."""
    return struct.pack("=QQQQIIII", fh, owner, start, end, kind, pid, flags, 0)


def create_in(flags: int, mode: int, name: bytes) -> bytes:
    """A ``struct fuse_create_in`` with a name; also of TMPFILE."""
    return struct.pack("=IIII", flags, mode, 0, 0) + name + b"\0"


def release_in(fh: int, release_flags: int = 0, owner: int = 0) -> bytes:
    """A ``struct fuse_release_in``."""
    return struct.pack("=QIIQ", fh, 0, release_flags, owner)


def flush_in(fh: int, owner: int = 0) -> bytes:
    """A ``struct fuse_flush_in``."""
    return struct.pack("=QIIQ", fh, 0, 0, owner)


def setxattr_in(name: bytes, value: bytes, flags: int = 0) -> bytes:
    """The short form of ``struct fuse_setxattr_in``, with name and value."""
    return struct.pack("=II", len(value), flags) + name + b"\0" + value


def getxattr_in(size: int, name: bytes = b"") -> bytes:
    """A ``struct fuse_getxattr_in``; without a name, that of LISTXATTR."""
    return struct.pack("=II", size, 0) + (name + b"\0" if name else b"")


def name(text: bytes) -> bytes:
    """A name as it ends a request."""
    return text + b"\0"


def padded(*numbers: int) -> bytes:
    """Numbers of 64 bits."""
    return struct.pack(f"={len(numbers)}Q", *numbers)


def short(*numbers: int) -> bytes:
    """Numbers of 32 bits."""
    return struct.pack(f"={len(numbers)}I", *numbers)


def message(
    opcode: int,
    unique: int,
    node: int = 1,
    body: bytes = b"",
    *,
    uid: int = 0,
    gid: int = 0,
    pid: int = 0,
) -> bytes:
    """A whole request with its ``struct fuse_in_header``."""
    length = 40 + len(body)
    return struct.pack("=IIQQIIIHH", length, opcode, unique, node, uid, gid, pid, 0, 0) + body


def init_in(
    minor: int, flags: int, flags2: int | None = 0, *, major: int = 7, readahead: int = 131072
) -> bytes:
    """A ``struct fuse_init_in``; without ``flags2``, the short one of kernels before 5.17."""
    short = struct.pack("=IIII", major, minor, readahead, flags)
    return short if flags2 is None else short + struct.pack("=I44x", flags2)


class Told(Notices):
    """Which folders were said to be looked into, which nodes to be forgotten, who was answered.

    Attributes:
        heard: folders, by number, whose changes the kernel hears of.
    """

    def __init__(self) -> None:
        self.heard: set[int] = set()
        self.seen: list[int] = []
        self.forgotten: list[int] = []
        self.answers: list[tuple[int, int]] = []

    def watch(self, folder: Node) -> None:
        self.seen.append(folder.id)

    def forget(self, number: int) -> None:
        self.forgotten.append(number)

    def covers(self, folder: Node | None) -> bool:
        return folder is not None and folder.id in self.heard


class Wire:
    """Hands requests to the handlers as the loop does, and remembers which kinds there were.

    Attributes:
        used: the opcodes so far.
    """

    def __init__(self, requests: Requests, uid: int, gid: int) -> None:
        self._requests = requests
        self._caller = uid, gid, 4242
        self.used: set[int] = set()

    def ask(
        self, opcode: int, node: int = 1, body: bytes = b"", *, uid: int | None = None
    ) -> bytes:
        """The answer to a request; what is deferred is worked out at once.

        Raises:
            OSError, LsfsError: the request is refused.
        """
        answer = self.begin(opcode, node, body, uid=uid)
        if isinstance(answer, Deferred):
            answer = answer.work()
        return bytes(answer or b"")

    def begin(
        self,
        opcode: int,
        node: int = 1,
        body: bytes = b"",
        *,
        uid: int | None = None,
        unique: int = 7,
    ) -> Payload | Deferred[Payload] | None:
        """What the handler itself says."""
        self.used.add(opcode)
        who, gid, pid = self._caller
        room = bytearray(body)
        request = Request(
            opcode, unique, node, who if uid is None else uid, gid, pid, memoryview(room)
        )
        answer = self._requests.handlers[opcode](request)
        room[:] = bytes(len(room))  # the loop reads the next request into the same memory
        return answer

    def lookup(self, name: bytes, node: int = 1) -> EntryOut:
        """The entry ``name`` of a folder."""
        return entry_out(self.ask(LOOKUP, node, name + b"\0"))

    def open(self, node: int, flags: int) -> Opened:
        """Open a file."""
        return open_out(self.ask(OPEN, node, struct.pack("=II", flags, 0)))

    def opendir(self, node: int = 1) -> int:
        """Open a folder; gives its handle."""
        return open_out(self.ask(OPENDIR, node, struct.pack("=II", 0, 0))).fh

    def create(
        self, name: bytes, flags: int, mode: int = 0o644, node: int = 1
    ) -> tuple[EntryOut, Opened]:
        """Make a file and open it."""
        return create_out(self.ask(CREATE, node, create_in(flags, mode, name)))
