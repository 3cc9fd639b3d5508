"""What happens to files: the events of a drive, and how they are written down.

An event says what happened to a path, who did it, and what stood there afterwards. One kind,
``captured``, is written before something happens: it holds, or names, the content that is about to
go. Everything that is known of the past is derived from events (:mod:`lsfs.versions.ledger`).
"""

from __future__ import annotations

import os
import stat as modes
import struct
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec import Struct

# A file that was written to a moment ago may be written to again without its times telling: they
# move in steps of up to 10 ms.
STEP_NS = 20_000_000
_FRAME = struct.Struct("<II")  # length and CRC-32 of what follows


class Op(StrEnum):
    """What happened to a path."""

    WRITTEN = "written"  # made, or written to and closed
    APPENDING = "appending"  # about to be appended to; `state` is before
    REMOVED = "removed"
    RENAMED = "renamed"
    MADE_DIR = "made_dir"
    REMOVED_DIR = "removed_dir"
    ATTRIBUTES = "attributes"
    MADE_LINK = "made_link"  # a symbolic one; `target` is what it says
    EXCHANGED = "exchanged"  # with `target`
    CAPTURED = "captured"  # its content, before it goes


class State(NamedTuple):
    """What stands at a path: type and permissions, owner, and what tells contents apart.

    Attributes:
        mode: type and permission bits.
        size: in bytes.
        mtime_ns, ctime_ns: in nanoseconds since the epoch.
        device, inode: which file it is.
    """

    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    inode: int

    @classmethod
    def of(cls, stat: os.stat_result) -> State:
        """The state in a stat result."""
        return cls(
            stat.st_mode, stat.st_uid, stat.st_gid, stat.st_size, stat.st_mtime_ns,
            stat.st_ctime_ns, stat.st_dev, stat.st_ino,
        )  # fmt: skip

    @property
    def is_dir(self) -> bool:
        return modes.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return modes.S_ISREG(self.mode)

    def same_content(self, other: State) -> bool:
        """Whether nobody has written to the file between the two.

        The time of the last change of its attributes is not looked at: a rename sets it.
        """
        return (self.device, self.inode, self.size, self.mtime_ns) == (
            other.device, other.inode, other.size, other.mtime_ns,
        )  # fmt: skip


class Who(NamedTuple):
    """Who did it: numeric user, process, and the name of its program ("" when it had ended)."""

    uid: int
    pid: int
    program: str


class Event(Struct, frozen=True):
    """One thing that happened.

    Attributes:
        id: position in the journal; rises, never used again.
        time_ns: when, in nanoseconds since the epoch; never less than that of the event before.
        path, target: relative to the source, surrogate escapes for bytes that are not UTF-8;
            ``target`` is the new path of a rename, the other one of an exchange, or what a
            symbolic link says; of a captured content, the file that holds it (in
            ``objects/incoming``), None when ``content`` does.
        state: what stood there afterwards (of a rename at ``target``); of a captured content,
            before; None where nothing does.
        who: who did it, where that is known.
        appended: of ``written``: what the file held before is still its beginning.
        content: of ``captured``: the bytes, when they are few.
    """

    id: int
    time_ns: int
    op: Op
    path: str
    target: str | None = None
    state: State | None = None
    who: Who | None = None
    appended: bool = False
    content: bytes | None = None


class Row(NamedTuple):
    """An event as it is stored.

    Attributes:
        detail: what :func:`detail` makes of state, who and appended.
    """

    id: int
    time_ns: int
    op: str
    path: bytes
    target: bytes | None
    detail: bytes | None
    content: bytes | None


_Detail = tuple[State | None, Who | None, bool]
_write = msgspec.msgpack.Encoder().encode
_read_detail = msgspec.msgpack.Decoder(_Detail).decode
_read_row = msgspec.msgpack.Decoder(Row).decode


def detail(state: State | None, who: Who | None, appended: bool) -> bytes | None:
    """What an event says beyond op and paths, in MessagePack."""
    if state is None and who is None:
        return None
    return _write((state, who, appended))


def event_of(row: Row) -> Event:
    """A stored event, read."""
    state, who, appended = _read_detail(row.detail) if row.detail else (None, None, False)
    return Event(
        row.id, row.time_ns, Op(row.op), os.fsdecode(row.path),
        None if row.target is None else os.fsdecode(row.target),
        state, who, appended, row.content,
    )  # fmt: skip


def framed(row: Row) -> bytes:
    """A row for the spool: it can be told where a crash has torn it."""
    data = _write(row)
    return _FRAME.pack(len(data), zlib.crc32(data)) + data


def unframed(data: bytes) -> Iterator[Row]:
    """The rows of a spool, up to where a crash may have torn it."""
    begin = 0
    while begin + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, begin)
        begin += _FRAME.size
        body = data[begin : begin + length]
        begin += length
        if not length or len(body) < length or zlib.crc32(body) != checksum:
            return
        yield _read_row(body)


def is_broken(data: bytes) -> bool:
    """Whether the rest of a spool, behind its last whole row, is more than a row that was torn."""
    if len(data) < _FRAME.size:
        return False
    length, _ = _FRAME.unpack_from(data)
    return bool(length) and len(data) >= _FRAME.size + length


def is_readable(row: Row) -> bool:
    """Whether a stored event says something."""
    try:
        event_of(row)
    except (TypeError, ValueError, msgspec.MsgspecError):
        return False
    return True
