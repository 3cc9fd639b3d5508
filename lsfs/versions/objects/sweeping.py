"""Removing contents, and with them the chunks that no other content has.

First the index forgets what goes, on the disk; then packs are written anew without it, one after
the other: the new pack, the index, the end of the old packs. Wherever it is cut short, the index
points at records that are there.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from lsfs.errors import StateUnwritable
from lsfs.versions.objects import records
from lsfs.versions.objects.coding import Base
from lsfs.versions.objects.index import Index, Key, Row, moved
from lsfs.versions.objects.packs import BEGIN, NEW, PACK_BYTES, Packs, sync_folder
from lsfs.versions.objects.reading import Reader
from lsfs.versions.objects.records import LIVE_AT, ZEROS, BrokenRecord, Kind
from lsfs.versions.objects.storing import Writer
from lsfs.versions.objects.values import Swept

log = logging.getLogger("lsfs.versions.objects")

_GARBAGE = 0.5  # a pack is written anew when more than this share of it is of no use


class Sweep:
    """One sweep; see ``ObjectStore.sweep``. Nobody writes meanwhile."""

    def __init__(self, index: Index, packs: Packs, reader: Reader, writer: Writer) -> None:
        self._index = index
        self._packs = packs
        self._reader = reader
        self._writer = writer

    def run(self, kept: Callable[[bytes], bool], *, thorough: bool) -> Swept:
        """Remove what is not kept.

        Raises:
            ObjectDamaged: a content that is kept; what it consists of is not known, then.
            StateUnwritable: the disk is full.
        """
        mark_dropped(self._index, self._packs)
        before = self._bytes()
        rows = {row.key: row for row in self._index.rows()}
        going = {row.key for row in rows.values() if row.size is not None and not kept(row.digest)}
        if going:
            self._write_lists_anew(rows, going)
        live = self._live(rows, going)
        self._forget(rows, going, live)
        self._packs.rotate()
        for group in self._groups(thorough):
            self._write_anew(group)
        self._index.vacuum()
        return Swept(len(going), max(before - self._bytes(), 0))

    def _bytes(self) -> int:
        packs = sum(self._packs.size(number) for number in self._packs.numbers())
        return packs + self._index.bytes_on_disk()

    def _write_lists_anew(self, rows: dict[Key, Row], going: set[Key]) -> None:
        """No list that stays may be a delta to one that goes.

        A list is found by the content that it makes up, not by its own bytes; were it kept for the
        sake of others only, the content could not be stored again with another list.
        """
        orphans: dict[bytes, list[Row]] = defaultdict(list)
        for row in rows.values():
            stays = row.kind is Kind.LIST and row.key not in going
            if stays and row.base is not None and (row.base, Kind.LIST) in going:
                orphans[row.base].append(row)
        fresh: list[Row] = []
        old = [row for group in orphans.values() for row in group]
        for group in orphans.values():
            base: Base | None = None
            for row in group:
                data = records.list_of(_pairs(self._reader, row.digest))
                new = self._writer.write(row.key, data, row.size, base)
                base = base or Base(row.digest, data)
                fresh.append(new)
        ends = self._packs.ends()
        self._packs.sync()
        self._index.commit(fresh, ends, [(row.pack, row.place) for row in old])
        self._packs.keep(ends)
        rows.update((row.key, row) for row in fresh)

    def _live(self, rows: Mapping[Key, Row], going: set[Key]) -> set[Key]:
        """What the contents that stay consist of."""
        live: set[Key] = set()
        for row in rows.values():
            if row.size is None or row.key in going:
                continue
            live.add(row.key)
            if row.kind is Kind.LIST:
                digests = self._reader.entries(row.digest).digests
                live.update((digest, Kind.CHUNK) for digest in digests if digest != ZEROS)
        return live | {key for row in map(rows.get, live) for key in _under(row, rows)}

    def _forget(self, rows: Mapping[Key, Row], going: set[Key], live: set[Key]) -> None:
        gone = [(row.digest, row.kind) for row in rows.values() if row.key not in live]
        parts = [key for key in going if key in live]  # contents no more, but parts of others
        if not gone and not parts:
            return
        with self._index.change(durable=True) as db:
            db.executemany("DELETE FROM record WHERE digest = ? AND kind = ?", gone)
            db.executemany("UPDATE record SET size = NULL WHERE digest = ? AND kind = ?", parts)
            places = [(rows[key].pack, rows[key].place) for key in going]
            db.executemany("INSERT INTO dropped VALUES (?, ?)", places)
        mark_dropped(self._index, self._packs)

    def _groups(self, thorough: bool) -> Iterator[list[int]]:
        """Packs that go; each group fits into one."""
        used: dict[int, int] = defaultdict(int)
        for row in self._index.rows():
            used[row.pack] += row.length
        group: list[int] = []
        filled = 0
        # Those that are of no use at all go first: the room that they leave may be all there is.
        for number in sorted(self._index.lengths(), key=lambda number: used[number]):
            size = self._packs.size(number)
            garbage = size - BEGIN - used[number]
            if not size or garbage <= (0 if thorough else _GARBAGE * size):
                continue
            if group and (filled + used[number] > PACK_BYTES or (used[number] and not filled)):
                yield group
                group, filled = [], 0
            group.append(number)
            filled += used[number]
        if group:
            yield group

    def _write_anew(self, group: list[int]) -> None:
        rows = [row for row in self._index.rows() if row.pack in group]
        number, length, fresh = 0, 0, []
        if rows:
            number = self._packs.take_number()
            path = self._packs.path(number)
            made = path.with_name(path.name + NEW)
            try:
                fresh = self._copy(rows, number, made)
                made.rename(path)
                sync_folder(path.parent)
            except BrokenRecord as error:
                log.warning("%s is left as it is: %s", self._packs.path(group[0]), error)
                made.unlink()
                return
            except OSError as error:
                made.unlink(missing_ok=True)
                raise StateUnwritable(f"cannot write {path}: {error.strerror}") from error
            length = path.stat().st_size
        self._exchange(group, fresh, {number: length} if rows else {})

    def _copy(self, rows: Iterable[Row], number: int, made: Path) -> list[Row]:
        fresh: list[Row] = []
        place = BEGIN
        with made.open("xb") as file:
            made.chmod(0o600)
            file.write(records.PACK_MAGIC)
            for row in rows:
                record = bytearray(self._packs.read(row.pack, row.place, row.length))
                if records.header(bytes(record)).digest != row.digest or len(record) < row.length:
                    raise BrokenRecord(f"{self._reader.where(row)}: another record is there")
                record[LIVE_AT] = row.size is not None
                file.write(record)
                fresh.append(moved(row, number, place))
                place += row.length
            file.flush()
            os.fsync(file.fileno())
        return fresh

    def _exchange(self, group: list[int], fresh: list[Row], made: dict[int, int]) -> None:
        following = self._packs.following()
        with self._index.change(durable=True) as db:
            db.executemany(
                "UPDATE record SET pack = ?, place = ? WHERE digest = ? AND kind = ?",
                [(row.pack, row.place, row.digest, row.kind) for row in fresh],
            )
            db.executemany("INSERT INTO pack VALUES (?, ?)", list(made.items()))
            db.executemany("DELETE FROM pack WHERE number = ?", [(number,) for number in group])
            db.execute("INSERT OR REPLACE INTO meta VALUES ('following', ?)", (following,))
        self._packs.keep(made)
        for number in group:
            self._packs.forget(number)


def _under(row: Row | None, rows: Mapping[Key, Row]) -> Iterator[Key]:
    """The records that a record is a delta to, one after the other."""
    while row is not None and row.base is not None:
        yield row.base, row.kind
        row = rows.get((row.base, row.kind))


def mark_dropped(index: Index, packs: Packs) -> None:
    """Have the records of contents that are gone say so; a sweep that was cut short did not."""
    places = index.dropped()
    if places:
        packs.drop(places)
        with index.change() as db:
            db.execute("DELETE FROM dropped")


def _pairs(reader: Reader, digest: bytes) -> Iterator[tuple[int, bytes]]:
    entries = reader.entries(digest)
    begin = 0
    for end, chunk in zip(entries.ends, entries.digests, strict=True):
        yield end - begin, chunk
        begin = end
