"""Looking for damage in a store, and making its index again without what is damaged."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from lsfs.versions.objects import records, scanning
from lsfs.versions.objects.coding import Coder
from lsfs.versions.objects.index import NAME, Index, Key, Row
from lsfs.versions.objects.packs import NEW, Packs, sync_folder
from lsfs.versions.objects.reading import Reader
from lsfs.versions.objects.records import HEADER_BYTES, ZEROS, BrokenRecord, Kind
from lsfs.versions.objects.values import Damage, DamageKind

log = logging.getLogger("lsfs.versions.objects")


def leftovers(root: Path) -> list[Path]:
    """Half made indexes that a crash left."""
    return sorted(root.glob(f"{NAME}{NEW}*"))


class _Fault(Struct, frozen=True):
    """A damage, and the records that are unreadable because of it."""

    kind: DamageKind
    where: str
    detail: str
    keys: tuple[Key, ...] = ()


class Check:
    """One look at a store.

    Args:
        root: its directory.
        deep: whether every record is read, decoded and compared with its digest.
    """

    def __init__(
        self, root: Path, index: Index, packs: Packs, reader: Reader, *, deep: bool
    ) -> None:
        self._root = root
        self._index = index
        self._packs = packs
        self._reader = reader
        self._deep = deep
        self._rows: dict[Key, Row] = {}

    def run(self) -> list[Damage]:
        """Everything that is wrong."""
        faults = [
            _Fault(DamageKind.LEFTOVER, str(path), "a crash left it half made")
            for path in self._packs.leftovers() + leftovers(self._root)
        ]
        lost = not self._index.path.exists() and bool(self._packs.numbers())
        problem = "it is lost" if lost else self._index.problem(deep=self._deep)
        if problem:
            faults.append(_Fault(DamageKind.INDEX, str(self._index.path), problem))
            return [Damage(fault.kind, fault.where, fault.detail) for fault in faults]
        self._rows = {row.key: row for row in self._index.rows()}
        faults += self._bad_packs()
        faults += self._bad_records({key for fault in faults for key in fault.keys})
        faults += self._unindexed() if self._deep else []
        return self._named(faults)

    def _bad_packs(self) -> Iterator[_Fault]:
        there = set(self._packs.numbers())
        for number, length in self._index.lengths().items():
            size, path = self._packs.size(number), str(self._packs.path(number))
            if number in there and size >= length:
                continue
            rows = [row for row in self._rows.values() if row.pack == number]
            keys = tuple(row.key for row in rows if row.place + row.length > size)
            if number not in there:
                yield _Fault(DamageKind.PACK_MISSING, path, "the file is not there", keys)
            else:
                text = f"it ends at byte {size}, not {length}"
                yield _Fault(DamageKind.PACK_TRUNCATED, path, text, keys)

    def _bad_records(self, known: set[Key]) -> Iterator[_Fault]:
        for row in self._rows.values():
            if row.key in known:
                continue
            try:
                self._look_at(row)
            except (BrokenRecord, FileNotFoundError) as error:
                # A store that is open for reading only may have been swept meanwhile.
                if self._index.find(*row.key) == row:
                    yield _Fault(DamageKind.RECORD, self._reader.where(row), str(error), (row.key,))

    def _look_at(self, row: Row) -> None:
        if not self._deep:
            head = records.header(self._packs.read(row.pack, row.place, HEADER_BYTES))
            if (head.digest, head.kind, head.length) != (row.digest, row.kind, row.length):
                raise BrokenRecord("another record is there")
            return
        self._reader.check(row)
        if row.base is None:
            self._reader.record(row.digest, row.kind)
            return
        *_, root = row, *self._under(row)
        if root.base is not None:
            raise BrokenRecord("a record that it is a delta to is not stored")
        for under in self._under(row):
            if not self._is_whole(under):
                return  # that one is what is damaged, and this one will be named with it
        self._reader.record(row.digest, row.kind)

    def _is_whole(self, row: Row) -> bool:
        try:
            self._reader.record(row.digest, row.kind)
        except BrokenRecord:
            return False
        return True

    def _unindexed(self) -> Iterator[_Fault]:
        """Contents in the packs that the index has lost."""
        dropped = set(self._index.dropped())
        for number, length in self._index.lengths().items():
            for place, head, _, sound in self._packs.walk(number):
                if place >= length:
                    break
                lost = head.size is not None and not self._has(head.digest)
                if sound and lost and (number, place) not in dropped:
                    where = f"{self._packs.path(number)}:{place}"
                    yield _Fault(DamageKind.UNINDEXED, where, "the index does not know it")

    def _has(self, digest: bytes) -> bool:
        rows = (self._rows.get((digest, kind)) for kind in Kind)
        return any(row is not None and row.size is not None for row in rows)

    def _named(self, faults: Sequence[_Fault]) -> list[Damage]:
        """The damages, each with the contents that cannot be read because of it."""
        causes: dict[Key, set[int]] = {}
        for number, fault in enumerate(faults):
            for key in fault.keys:
                causes.setdefault(key, set()).add(number)
        for row in self._rows.values() if causes else ():
            for under in self._under(row):
                causes.setdefault(row.key, set()).update(causes.get(under.key, ()))
        contents: list[list[bytes]] = [[] for _ in faults]
        incomplete: list[Damage] = []
        for row in self._rows.values():
            if row.size is None:
                continue
            parts, whole = self._parts(row)
            for number in set().union(*(causes.get(key, ()) for key in parts)):
                contents[number].append(row.digest)
            if not whole:
                text = "a part of it is nowhere"
                where = self._reader.where(row)
                incomplete.append(Damage(DamageKind.INCOMPLETE, where, text, (row.digest,)))
        named = [
            Damage(fault.kind, fault.where, fault.detail, tuple(digests))
            for fault, digests in zip(faults, contents, strict=True)
        ]
        return named + incomplete

    def _under(self, row: Row) -> Iterator[Row]:
        """The records that a record is a delta to, one after the other."""
        while row.base is not None and (under := self._rows.get((row.base, row.kind))) is not None:
            yield under
            row = under

    def _parts(self, row: Row) -> tuple[set[Key], bool]:
        """The records of a content, and whether the index has all of them."""
        if row.kind is Kind.CHUNK:
            return {row.key}, True
        try:
            digests = set(self._reader.list_entries(row).digests) - {ZEROS}
        except BrokenRecord:
            return {row.key}, True  # it is named already
        keys = {(digest, Kind.CHUNK) for digest in digests}
        return keys | {row.key}, keys <= self._rows.keys()


def rebuild(root: Path, packs: Packs, coder: Coder, *, verify: bool = False) -> list[Row]:
    """Make the index again from the packs; gives contents of which only a part was found.

    Args:
        verify: take only chunks that have their digest.
    """
    for path in leftovers(root):
        path.unlink()
    found = scanning.scan(packs, coder, {}, lambda *_: None, verify=verify)
    path, made = root / NAME, root / (NAME + NEW)
    index = Index(made, read_only=False)
    ends = {number: packs.size(number) for number in packs.numbers()}
    index.commit(found.rows.values(), ends, found.doubles)
    index.close()
    _sync(made)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    made.rename(path)
    sync_folder(root)
    log.warning("%s: %d records, %d contents lost", path, len(found.rows), len(found.incomplete))
    return found.incomplete


def repair(root: Path, packs: Packs, coder: Coder, damages: Iterable[Damage]) -> list[Damage]:
    """Remove what is damaged from the store; gives the damages, and what turned out besides."""
    for path in packs.leftovers() + leftovers(root):
        path.unlink()
    damages = [replace(damage, repaired=True) for damage in damages]
    if all(damage.kind is DamageKind.LEFTOVER for damage in damages):
        return damages
    lost = rebuild(root, packs, coder, verify=True)
    packs.drop((row.pack, row.place) for row in lost)
    named = {digest for damage in damages for digest in damage.contents}
    others = tuple(row.digest for row in lost if row.digest not in named)
    if others:
        text = "parts of them were not found"
        damages.append(Damage(DamageKind.INCOMPLETE, str(packs.folder), text, others, True))
    return damages


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
