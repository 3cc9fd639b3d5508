"""The records of a pack: what they look like on disk.

    pack    "LSFSpak1", then records up to the end of the file
    record  header (67 bytes), body
    body    way RAW: the bytes; ZSTD: compressed; DELTA: digest of the base (32 bytes), then
            compressed with the bytes of the base as the dictionary

A record is a chunk or a list. A chunk's digest is the BLAKE3 of its bytes; it is a content as well
when the header has a size. A list's digest is that of the content that its chunks make up; its
bytes are entries of 36: length of the chunk, digest of the chunk. Zeros are an entry without a
chunk. Every record describes itself, so that the index can be made again from the packs alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum
from itertools import accumulate

from blake3 import blake3
from msgspec import Struct

PACK_MAGIC = b"LSFSpak1"
MAGIC = b"LSr1"
DIGEST_BYTES = 32
ZEROS = bytes(DIGEST_BYTES)  # stands for the digest of a run of zeros, which is not stored
LONGEST = (1 << 32) - 1  # bytes of one entry, and of one record

# magic, kind, way, bytes decoded, bytes of the body, size of the content, digest, check of the body
_HEADER = struct.Struct("<4sBBIIQ32s8s")
_CHECK_BYTES = 4  # of the header; behind it one byte: whether the record is a content still
HEADER_BYTES = _HEADER.size + _CHECK_BYTES + 1
LIVE_AT = HEADER_BYTES - 1
_NO_CONTENT = (1 << 64) - 1
_ENTRY = struct.Struct("<I32s")


class Kind(IntEnum):
    """What a record holds."""

    CHUNK = 0
    LIST = 1


class Way(IntEnum):
    """How its bytes are written down."""

    RAW = 0
    ZSTD = 1
    DELTA = 2


class BrokenRecord(Exception):
    """Bytes that are not the record that was expected."""


class Header(Struct, frozen=True):
    """The head of a record.

    Attributes:
        kind, way: see there.
        raw: bytes when decoded.
        stored: bytes of the body.
        size: bytes of the content; None when it is a chunk only, or a content that was dropped.
        digest: its name.
        check: first 8 bytes of the BLAKE3 of the body.
    """

    kind: Kind
    way: Way
    raw: int
    stored: int
    size: int | None
    digest: bytes
    check: bytes

    @property
    def length(self) -> int:
        """Bytes of the whole record."""
        return HEADER_BYTES + self.stored

    @property
    def dropped(self) -> bool:
        """Whether it is the list of a content that was swept."""
        return self.kind is Kind.LIST and self.size is None


def pack(
    key: tuple[bytes, Kind], way: Way, raw: int, size: int | None, body: Sequence[bytes]
) -> list[bytes]:
    """A record as buffers to be written one behind the other.

    Args:
        key: digest and kind.
        way, raw, size: as of ``Header``.
        body: the parts of the body.
    """
    digest, kind = key
    hasher = blake3()
    for part in body:
        hasher.update(part)
    stored = sum(map(len, body))
    known = _NO_CONTENT if size is None else size
    head = _HEADER.pack(MAGIC, kind, way, raw, stored, known, digest, hasher.digest(length=8))
    return [head + _check(head) + (b"\0" if size is None else b"\1"), *body]


def header(data: bytes | memoryview) -> Header:
    """The header at the beginning of ``data``.

    Raises:
        BrokenRecord: there is none, or it is damaged.
    """
    if len(data) < HEADER_BYTES:
        raise BrokenRecord("it ends within a header")
    magic, kind, way, raw, stored, size, digest, check = _HEADER.unpack_from(data)
    written = bytes(data[_HEADER.size : LIVE_AT])
    if magic != MAGIC or _check(data[: _HEADER.size]) != written:
        raise BrokenRecord("no header is there")
    live = data[LIVE_AT] != 0 and size != _NO_CONTENT
    return Header(Kind(kind), Way(way), raw, stored, size if live else None, digest, check)


def body(head: Header, record: bytes) -> memoryview:
    """The body of a record, checked.

    Raises:
        BrokenRecord: it is short, or a byte of it is another.
    """
    if len(record) < head.length:
        raise BrokenRecord("it ends within a record")
    found = memoryview(record)[HEADER_BYTES : head.length]
    if blake3(found).digest(length=8) != head.check:
        raise BrokenRecord("its bytes are not those that were written")
    return found


def base(head: Header, found: bytes | memoryview) -> bytes | None:
    """The digest of the record that a body is a delta to."""
    return bytes(found[:DIGEST_BYTES]) if head.way is Way.DELTA else None


def _check(head: bytes | memoryview) -> bytes:
    return blake3(head).digest(length=_CHECK_BYTES)


class Entries(Struct, frozen=True):
    """What a content consists of: chunks or runs of zeros, in order.

    Attributes:
        ends: where each of them ends in the content, in bytes.
        digests: of each; ``ZEROS`` for zeros.
    """

    ends: Sequence[int]
    digests: Sequence[bytes]

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.ends[-1] if self.ends else 0


def entries_of(data: bytes) -> Entries:
    """A list, read.

    Raises:
        BrokenRecord: it is no list.
    """
    if len(data) % _ENTRY.size:
        raise BrokenRecord("it is no list of chunks")
    pairs = list(_ENTRY.iter_unpack(data))
    return Entries(list(accumulate(pair[0] for pair in pairs)), [pair[1] for pair in pairs])


def list_of(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """Lengths and digests, written as a list."""
    return b"".join(_ENTRY.pack(length, digest) for length, digest in pairs)
