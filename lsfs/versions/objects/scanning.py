"""Making rows of the index from the records in the packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from msgspec import Struct, field
from msgspec.structs import replace

from lsfs.errors import ObjectDamaged
from lsfs.versions.objects import records
from lsfs.versions.objects.coding import Coder
from lsfs.versions.objects.index import Find, Key, Row
from lsfs.versions.objects.packs import BEGIN, Packs
from lsfs.versions.objects.reading import Reader
from lsfs.versions.objects.records import ZEROS, BrokenRecord, Header, Kind


class Found(Struct):
    """What was found in the packs.

    Attributes:
        rows: of the records that are whole and can be decoded.
        ends: where the last whole record of each pack ends; packs without one are missing.
        doubles: places of contents that are indexed, or in ``rows``, with another place.
        incomplete: rows of contents of which something is missing.
    """

    rows: dict[Key, Row] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    doubles: list[tuple[int, int]] = field(default_factory=list)
    incomplete: list[Row] = field(default_factory=list)


def scan(
    packs: Packs, coder: Coder, begins: Mapping[int, int], find: Find, *, verify: bool = False
) -> Found:
    """Read the packs.

    Args:
        begins: where to begin in a pack; packs that are not named are read from their beginning.
        find: what is indexed already; it stays as it is, and what is found may refer to it.
        verify: whether chunks are decoded, and compared with their digests.
    """
    found = Found()
    doubtful: set[Key] = set()
    for number in packs.numbers():
        begin = begins.get(number, BEGIN)
        for place, head, record, sound in packs.walk(number, begin):
            found.ends[number] = place + head.length
            if head.dropped:
                continue
            row = _row_of(number, place, head, record)
            if not sound:
                doubtful.add(row.key)
            double = _take(found.rows, row) if find(*row.key) is None else row
            if double is not None and double.size is not None:
                found.doubles.append((double.pack, double.place))

    def anywhere(digest: bytes, kind: Kind) -> Row | None:
        return found.rows.get((digest, kind)) or find(digest, kind)

    _Settling(found, anywhere, Reader(anywhere, packs, coder)).settle(doubtful, verify=verify)
    return found


def _take(rows: dict[Key, Row], row: Row) -> Row | None:
    """Of equal records the last is taken, for what a sweep did not finish lies before it; but that
    it is a content need be said only once. Gives the one that is not taken."""
    there = rows.get(row.key)
    if there is not None and there.size is not None and row.size is None:
        return row
    rows[row.key] = row
    return there


def _row_of(number: int, place: int, head: Header, record: bytes) -> Row:
    base = records.base(head, records.body(head, record))
    return Row(head.digest, head.kind, number, place, head.length, head.raw, head.size, base)


class _Settling:
    """Leaves of what was found only what can be read."""

    def __init__(self, found: Found, find: Find, reader: Reader) -> None:
        self._found = found
        self._find = find
        self._reader = reader

    def settle(self, doubtful: Set[Key], *, verify: bool) -> None:
        """Remove rows that hang on something that is not there.

        Args:
            doubtful: lists that are believed only when the content has the digest.
        """
        rows = self._found.rows
        self._drop_without_base()
        if verify:
            chunks = [row for row in rows.values() if row.kind is Kind.CHUNK]
            self._drop([row for row in chunks if not self._is_whole(row)])
            self._drop_without_base()
        lists = [row for row in rows.values() if row.kind is Kind.LIST]
        self._drop([row for row in lists if not self._is_complete(row, row.key in doubtful)])
        self._drop_without_base()
        for row in lists:
            chunk = rows.get((row.digest, Kind.CHUNK))
            if chunk is not None and row.key in rows:
                rows[chunk.key] = replace(chunk, size=None)  # its list is the content

    def _drop_without_base(self) -> None:
        while gone := [row for row in self._found.rows.values() if not self._has_base(row)]:
            self._drop(gone)

    def _drop(self, gone: Iterable[Row]) -> None:
        for row in gone:
            del self._found.rows[row.key]
            if row.size is not None:
                self._found.incomplete.append(row)

    def _has(self, digest: bytes, kind: Kind) -> bool:
        return self._find(digest, kind) is not None

    def _has_base(self, row: Row) -> bool:
        return row.base is None or self._has(row.base, row.kind)

    def _is_whole(self, row: Row) -> bool:
        try:
            self._reader.record(row.digest, row.kind)
        except BrokenRecord:
            return False
        return True

    def _is_complete(self, row: Row, doubtful: bool) -> bool:
        try:
            entries = self._reader.list_entries(row)
            chunks = set(entries.digests) - {ZEROS}
            if not all(self._has(digest, Kind.CHUNK) for digest in chunks):
                return False
            return not doubtful or self._reader.hashed(row.digest, entries) == row.digest
        except (BrokenRecord, ObjectDamaged):
            return False
