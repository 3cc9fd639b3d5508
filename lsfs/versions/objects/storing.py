"""One put: the chunks of a content go into the packs, those that are not there yet."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from blake3 import blake3

from lsfs.errors import LsfsError
from lsfs.versions.objects import records
from lsfs.versions.objects.chunking import Piece, Reading, is_zero
from lsfs.versions.objects.coding import Base, Coder
from lsfs.versions.objects.index import Index, Key, Row
from lsfs.versions.objects.packs import Packs
from lsfs.versions.objects.reading import Reader
from lsfs.versions.objects.records import LONGEST, ZEROS, BrokenRecord, Entries, Kind, Way
from lsfs.versions.objects.values import Put

_MISSES = 4  # after so many chunks that are like nothing, only every eighth is tried
_EIGHTH = 8
# Deltas to deltas, so many. With one, each says again what the one before it said: a hundred edits
# of a text took 7 % more space. Each takes some 100 microseconds to read.
_DEPTH = 3

Pairs = list[tuple[int, bytes]]


class Likeness:
    """Where the chunks of a new content have their like in a stored one.

    What was inserted or removed shifts everything behind it; a chunk that both have says by how
    much.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._numbers = {digest: number for number, digest in enumerate(entries.digests)}
        self._shift = 0

    def follow(self, digest: bytes, offset: int) -> bool:
        """Whether the chunk is in it; what follows is looked for behind it."""
        number = self._numbers.get(digest)
        if number is None:
            return False
        self._shift = offset - (self._entries.ends[number - 1] if number else 0)
        return True

    def near(self, offset: int, length: int) -> bytes | None:
        """The chunk at the place of a new one."""
        middle = max(offset + length // 2 - self._shift, 0)
        number = bisect_right(self._entries.ends, middle)
        if number >= len(self._entries.digests):
            number = len(self._entries.digests) - 1
        digest = self._entries.digests[number] if number >= 0 else ZEROS
        return None if digest == ZEROS else digest


class Writer:
    """Appends records to the packs."""

    def __init__(self, packs: Packs, coder: Coder) -> None:
        self._packs = packs
        self._coder = coder

    def write(self, key: Key, data: bytes | memoryview, size: int | None, base: Base | None) -> Row:
        """Append a record; gives its row, which is in no index yet.

        Args:
            key: digest and kind.
            data: its bytes.
            size: bytes of the content; None for a chunk that is none.
            base: what it may be a delta to.

        Raises:
            StateUnwritable: the disk is full.
        """
        way, body = self._coder.encode(data, base)
        record = records.pack(key, way, len(data), size, body)
        number, place = self._packs.append(record)
        named = base.digest if base is not None and way is Way.DELTA else None
        length = sum(map(len, record))
        return Row(*key, number, place, length, len(data), size, named)


class Storing:
    """What one put writes; nothing of it is in the index before it is complete.

    Args:
        like: digest of a content that may be similar; None for none.

    Attributes:
        rows: of the records that were written.
        appended: how many those are.
    """

    def __init__(self, index: Index, writer: Writer, reader: Reader, like: bytes | None) -> None:
        self._index = index
        self._writer = writer
        self._reader = reader
        self._like = like
        self._likeness = Likeness(self._entries_of(like))
        self._latest: Base | None = None  # the last chunk that was written
        self._misses = 0
        self.rows: dict[Key, Row] = {}
        self.appended = 0

    def whole(self, data: bytes, cuts: Sequence[int] = ()) -> Put:
        """Store bytes that are one chunk, and prefixes of them."""
        digest = self._content(data, self._like)
        return Put(digest, len(data), tuple(self._content(data[:cut], digest) for cut in cuts))

    def _content(self, data: bytes, like: bytes | None) -> bytes:
        digest: bytes = blake3(data).digest()
        if self._stored(digest):
            return digest
        if self._find(digest, Kind.CHUNK) is not None:
            self._list(digest, [(len(data), digest)])  # so far it was a part of others only
            return digest
        near = self._likeness.near(0, len(data)) if like == self._like else like
        self._write((digest, Kind.CHUNK), data, len(data), self._base(near))
        return digest

    def chunked(self, reading: Reading, cuts: Sequence[int]) -> Put:
        """Store a file that is read as chunks, and prefixes of it.

        Args:
            cuts: rising, in bytes.
        """
        pairs: Pairs = []
        waiting = list(cuts)
        prefixes: list[Pairs] = []
        for piece in reading.pieces():
            digest = self._piece(piece)
            while waiting and waiting[0] < piece.offset + piece.length:
                cut = waiting.pop(0) - piece.offset
                prefixes.append([*pairs, *self._part(piece, digest, cut)])
            _append(pairs, piece.length, digest)
        prefixes += [list(pairs)] * len(waiting)
        digest = self._list(reading.digest(), pairs)
        digests = [*reading.prefixes, *([digest] * len(cuts))][: len(cuts)]
        for prefix, part in zip(digests, prefixes, strict=True):
            self._list(prefix, part)
        return Put(digest, reading.size, tuple(digests))

    def _part(self, piece: Piece, digest: bytes, cut: int) -> Pairs:
        """The beginning of a piece, which is a chunk at the end of a prefix only."""
        part: Pairs = []
        data = None if piece.data is None else piece.data[:cut]
        if data is None or is_zero(data):
            _append(part, cut, ZEROS)
        elif cut:
            _append(part, cut, self._chunk(data, piece.offset, digest))
        return part

    def _piece(self, piece: Piece) -> bytes:
        return ZEROS if piece.data is None else self._chunk(piece.data, piece.offset, None)

    def _chunk(self, data: memoryview, offset: int, near: bytes | None) -> bytes:
        digest: bytes = blake3(data).digest()
        if near is None and self._likeness.follow(digest, offset):
            return digest
        if self._find(digest, Kind.CHUNK) is None:
            base = self._base(near or self._likely(offset, len(data)))
            self._write((digest, Kind.CHUNK), data, None, base)
        return digest

    def _likely(self, offset: int, length: int) -> bytes | None:
        if self._misses >= _MISSES and self._misses % _EIGHTH:
            self._misses += 1
            return None
        return self._likeness.near(offset, length)

    def _list(self, digest: bytes, pairs: Pairs) -> bytes:
        if not self._stored(digest):
            size = sum(length for length, _ in pairs)
            self._write((digest, Kind.LIST), records.list_of(pairs), size, self._like_list())
        return digest

    def _like_list(self) -> Base | None:
        row = None if self._like is None else self._index.find(self._like, Kind.LIST)
        if row is None:
            return None
        digest = self._base_of(row)
        try:
            return Base(digest, self._reader.record(digest, Kind.LIST))
        except BrokenRecord:
            return None  # what is new must not hang on what is damaged

    def _base(self, near: bytes | None) -> Base | None:
        row = None if near is None else self._find(near, Kind.CHUNK)
        if row is None:
            return None
        digest = self._base_of(row)
        if self._latest is not None and self._latest.digest == digest:
            return self._latest
        try:
            return Base(digest, self._reader.chunk(digest))
        except BrokenRecord:
            return None  # as above

    def _base_of(self, row: Row) -> bytes:
        """The record itself, or where its deltas begin when there are many between."""
        depth, under = 0, row
        while under.base is not None and (below := self._find(under.base, row.kind)) is not None:
            depth, under = depth + 1, below
        return row.digest if depth < _DEPTH else under.digest

    def _write(
        self, key: Key, data: bytes | memoryview, size: int | None, base: Base | None
    ) -> None:
        row = self._writer.write(key, data, size, base)
        self.appended += 1
        self.rows[key] = row
        if row.kind is Kind.LIST:
            return
        if base is not None:
            self._misses = 0 if row.base is not None else self._misses + 1
        self._latest = Base(row.digest, bytes(data))

    def _find(self, digest: bytes, kind: Kind) -> Row | None:
        return self.rows.get((digest, kind)) or self._index.find(digest, kind)

    def _stored(self, digest: bytes) -> bool:
        rows = (self._find(digest, kind) for kind in Kind)
        return any(row is not None and row.size is not None for row in rows)

    def _entries_of(self, like: bytes | None) -> Entries:
        if like is None:
            return Entries((), ())
        try:
            return self._reader.entries(like)
        except LsfsError:
            return Entries((), ())  # it is a hint only


def _append(pairs: Pairs, length: int, digest: bytes) -> None:
    """Add an entry; runs of zeros grow together."""
    if digest == ZEROS and pairs and pairs[-1][1] == ZEROS:
        length += pairs.pop()[0]
    while length > LONGEST:
        pairs.append((LONGEST, digest))
        length -= LONGEST
    if length:
        pairs.append((length, digest))
