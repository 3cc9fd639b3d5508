"""Contents, read at any place."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import Self

from blake3 import blake3

from lsfs.errors import NotFound, ObjectDamaged, UsageError
from lsfs.versions.objects import records
from lsfs.versions.objects.coding import Coder
from lsfs.versions.objects.index import Find, Row
from lsfs.versions.objects.packs import Packs
from lsfs.versions.objects.records import (
    DIGEST_BYTES,
    HEADER_BYTES,
    ZEROS,
    BrokenRecord,
    Entries,
    Header,
    Kind,
    Way,
)

_RECENT_BYTES = 16 << 20
_TRIES = 5


class Recent:
    """Decoded chunks, those that were used last.

    Args:
        limit: bytes of chunks that are remembered.
    """

    def __init__(self, limit: int = _RECENT_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._chunks: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, digest: bytes) -> bytes | None:
        """A chunk, if it is remembered."""
        with self._lock:
            found = self._chunks.get(digest)
            if found is not None:
                self._chunks.move_to_end(digest)
            return found

    def add(self, digest: bytes, chunk: bytes) -> None:
        """Remember a chunk."""
        with self._lock:
            if digest not in self._chunks:
                self._chunks[digest] = chunk
                self._bytes += len(chunk)
            while self._bytes > self._limit:
                self._bytes -= len(self._chunks.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._chunks.clear()
            self._bytes = 0


class Reader:
    """Finds records, decodes and verifies them.

    A sweep in another process may move a record between the look at the index and the look into
    the pack; then both looks are taken again.

    Args:
        find: gives the row of a chunk or a list.
    """

    def __init__(self, find: Find, packs: Packs, coder: Coder) -> None:
        self._find = find
        self._packs = packs
        self._coder = coder
        self.recent = Recent()

    def content(self, digest: bytes) -> Row:
        """The row of a content.

        Raises:
            NotFound: it is not stored.
        """
        for kind in (Kind.LIST, Kind.CHUNK):
            row = self._find(digest, kind)
            if row is not None and row.size is not None:
                return row
        raise NotFound(f"no content {digest.hex()} is stored")

    def entries(self, digest: bytes) -> Entries:
        """What a content consists of.

        Raises:
            NotFound: it is not stored.
            ObjectDamaged: its list cannot be read.
        """
        row = self.content(digest)
        if row.kind is Kind.CHUNK:
            return Entries([row.raw] if row.raw else [], [digest] if row.raw else [])
        try:
            return self.list_entries(row)
        except BrokenRecord as error:
            raise self.unreadable(digest, error) from error

    def unreadable(self, digest: bytes, error: BrokenRecord) -> NotFound | ObjectDamaged:
        """Why a content could not be read: it was removed while it was, or it is damaged."""
        try:
            self.content(digest)
        except NotFound:
            return NotFound("this content was given up, as by lsfs prune, while it was read")
        return _damaged(digest, error)

    def list_entries(self, row: Row) -> Entries:
        """The entries of a list.

        Raises:
            BrokenRecord: it cannot be read.
        """
        found = records.entries_of(self.record(row.digest, Kind.LIST))
        if found.size != row.size:
            raise BrokenRecord("the list of its chunks is not as long as it should be")
        return found

    def hashed(self, digest: bytes, entries: Entries) -> bytes:
        """The digest that a content really has.

        Raises:
            ObjectDamaged: a part of it cannot be read.
        """
        hasher = blake3()
        for data, length in Content(self, digest, entries, entries.size).parts():
            hasher.update(bytes(length) if data is None else data)
        found: bytes = hasher.digest()
        return found

    def chunk(self, digest: bytes) -> bytes:
        """The bytes of a chunk.

        Raises:
            BrokenRecord: it is not stored, or it is damaged.
        """
        found = self.recent.get(digest)
        if found is None:
            found = self.record(digest, Kind.CHUNK)
            self.recent.add(digest, found)
        return found

    def record(self, digest: bytes, kind: Kind) -> bytes:
        """The decoded bytes of a record, verified; always from the disk.

        Raises:
            BrokenRecord: it is not stored, or it is damaged.
        """
        return self._found(digest, kind, verify=True)

    def _found(self, digest: bytes, kind: Kind, *, verify: bool) -> bytes:
        before: Row | None = None
        problem = BrokenRecord("a part of it is not stored")
        for _ in range(_TRIES):
            row = self._find(digest, kind)
            if row is None or row == before:
                break
            try:
                return self._decoded(row, verify)
            except FileNotFoundError:
                problem = BrokenRecord(f"{self._packs.path(row.pack)} is gone")
            except BrokenRecord as error:
                problem = error
            before = row
        raise problem

    def _decoded(self, row: Row, verify: bool) -> bytes:
        head, record = self._record_at(row)
        if row.kind is Kind.LIST:  # its digest is not that of its bytes
            records.body(head, record)
        body = memoryview(record)[HEADER_BYTES:]
        base = None
        if head.way is Way.DELTA:
            base = self._base(bytes(body[:DIGEST_BYTES]), row.kind)
            body = body[DIGEST_BYTES:]
        data = self._coder.decode(head.way, body, head.raw, base)
        if verify and row.kind is Kind.CHUNK and blake3(data).digest() != row.digest:
            raise BrokenRecord(f"the chunk at {self.where(row)} is not what was written")
        return data

    def _base(self, digest: bytes, kind: Kind) -> bytes:
        # Not verified: were it wrong, what is a delta to it would not have its digest.
        found = self.recent.get(digest) if kind is Kind.CHUNK else None
        return self._found(digest, kind, verify=False) if found is None else found

    def check(self, row: Row) -> None:
        """See that the record at a place is the one that was written there.

        Raises:
            BrokenRecord: it is not.
            FileNotFoundError: the pack is gone.
        """
        head, record = self._record_at(row)
        try:
            records.body(head, record)
        except BrokenRecord as error:
            raise BrokenRecord(f"{self.where(row)}: {error}") from error

    def _record_at(self, row: Row) -> tuple[Header, bytes]:
        record = self._packs.read(row.pack, row.place, row.length)
        try:
            head = records.header(record)
        except BrokenRecord as error:
            raise BrokenRecord(f"{self.where(row)}: {error}") from error
        if (head.digest, head.kind, head.length) != (row.digest, row.kind, row.length):
            raise BrokenRecord(f"{self.where(row)}: another record is there")
        return head, record

    def where(self, row: Row) -> str:
        """File and byte of a record, for a person."""
        return f"{self._packs.path(row.pack)}:{row.place}"


class Content:
    """A stored content, open for reading; any number of threads may read it at once.

    Args:
        digest: its name.
        entries: what it consists of.
        size: how much of it is to be seen, in bytes.

    Attributes:
        digest, size: as given.
    """

    def __init__(self, reader: Reader, digest: bytes, entries: Entries, size: int) -> None:
        self._reader = reader
        self._entries = entries
        self.digest = digest
        self.size = size

    def read(self, offset: int, size: int) -> bytes:
        """Bytes at a place; fewer at the end, none behind it.

        Args:
            offset, size: in bytes.

        Raises:
            NotFound: the content was removed since it was opened.
            ObjectDamaged: they were damaged on the disk.
        """
        if offset < 0 or size < 0:
            raise UsageError(f"cannot read {size} bytes at {offset}")
        end = min(offset + size, self.size)
        return b"".join(
            bytes(length) if data is None else data for data, length in self._parts(offset, end)
        )

    def parts(self) -> Iterator[tuple[bytes | None, int]]:
        """All of it, in order: bytes and how many; None instead of bytes for zeros.

        Raises:
            ObjectDamaged: some were damaged on the disk.
        """
        return self._parts(0, self.size)

    def _parts(self, begin: int, end: int) -> Iterator[tuple[bytes | None, int]]:
        ends, digests = self._entries.ends, self._entries.digests
        number = bisect_right(ends, begin)
        while begin < end:
            last, start = min(ends[number], end), ends[number - 1] if number else 0
            data = None
            if digests[number] != ZEROS:
                data = self._chunk(digests[number], ends[number] - start)
                if last - begin < len(data):
                    data = data[begin - start : last - start]
            yield data, last - begin
            begin, number = last, number + 1

    def _chunk(self, digest: bytes, length: int) -> bytes:
        try:
            data = self._reader.chunk(digest)
        except BrokenRecord as error:
            raise self._reader.unreadable(self.digest, error) from error
        if len(data) != length:
            raise _damaged(self.digest, BrokenRecord("a chunk has another length"))
        return data

    def close(self) -> None:
        """Let go of it. Nothing of the disk is held, so this is for the look of it."""
        self._entries = Entries((), ())
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _damaged(digest: bytes, error: BrokenRecord) -> ObjectDamaged:
    return ObjectDamaged(f"the stored content {digest.hex()} is damaged: {error}", digest=digest)
