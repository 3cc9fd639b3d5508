"""Damage to a store: each kind is noticed, named with what it costs, and repaired."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from blake3 import blake3
from msgspec import Struct

from lsfs.errors import LsfsError, ObjectDamaged, UsageError
from lsfs.versions.objects import Damage, DamageKind, ObjectStore
from lsfs.versions.objects import packs as packs_module
from lsfs.versions.objects.records import HEADER_BYTES, Kind
from tests.versions.contents import edited, flip, noise, packs, put, text


class Stored(Struct, frozen=True):
    """A closed store.

    Attributes:
        contents: what is in it, by digest.
        base: of a chunk that others are deltas to, in the first history.
        history: digests that need it.
    """

    root: Path
    contents: dict[bytes, bytes]
    base: bytes
    history: list[bytes]

    def row(self, digest: bytes, kind: Kind) -> tuple[Path, int, int]:
        """Pack, place and length of a record."""
        with ObjectStore(self.root, read_only=True) as store:
            row = store._index.find(digest, kind)
        assert row is not None
        return self.root / "packs" / f"{row.pack:08}.pack", row.place, row.length

    def sql(self, statement: str, *values: object) -> None:
        """Change the index behind the store's back."""
        with sqlite3.connect(self.root / "index.sqlite") as db:
            db.execute(statement, values)
        db.close()


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    monkeypatch.setattr(packs_module, "PACK_BYTES", 120_000)
    contents: dict[bytes, bytes] = {}
    with ObjectStore(tmp_path / "objects", durable=False) as store:
        data, like = text(200_000), None
        for number in range(5):
            like = put(store, data, like=like).digest
            contents[like] = data
            data = edited(data, number)
        history = list(contents)
        base = next(row.base for row in store._index.rows() if row.base and row.kind is Kind.CHUNK)
        needing = [d for d in history if base in store._reader.entries(d).digests]
        needing += [
            digest
            for digest in history
            if any(
                row.base == base and row.digest in store._reader.entries(digest).digests
                for row in store._index.rows()
            )
        ]
        for number in range(6):
            data = noise(30_000 + 30_000 * number, number)
            contents[put(store, data).digest] = data
    return Stored(tmp_path / "objects", contents, base, sorted(set(needing)))


def check(root: Path, *, deep: bool = True) -> list[Damage]:
    with ObjectStore(root, read_only=True) as store:
        return list(store.check(deep=deep))


def repaired(stored: Stored, lost: set[bytes]) -> list[Damage]:
    """Repair, and see that all but ``lost`` is there, and that it can be put again."""
    with ObjectStore(stored.root, durable=False) as store:
        found = list(store.check(deep=True, repair=True))
        assert all(damage.repaired for damage in found)
        assert list(store.check(deep=True)) == []
        assert set(store.digests()) == set(stored.contents) - lost
        for digest in set(stored.contents) - lost:
            assert store.read(digest) == stored.contents[digest]
        for digest in lost:
            assert not store.has(digest)
            assert put(store, stored.contents[digest]).digest == digest
    assert check(stored.root) == []
    with ObjectStore(stored.root, durable=False) as store:
        assert all(store.read(digest) == data for digest, data in stored.contents.items())
        store.sweep(stored.contents, thorough=True)
        assert list(store.check(deep=True)) == []
    return found


def test_a_sound_store_has_no_damage(stored: Stored) -> None:
    assert check(stored.root) == check(stored.root, deep=False) == []
    assert repaired(stored, set()) == []


@pytest.mark.parametrize("offset", [0, 5, 20, 62, HEADER_BYTES, -1])
def test_a_flipped_bit_in_a_small_content(stored: Stored, offset: int) -> None:
    digest = next(d for d, data in stored.contents.items() if len(data) == 30_000)
    pack, place, length = stored.row(digest, Kind.CHUNK)
    flip(pack, place + offset % length)
    (damage,) = check(stored.root)
    assert (damage.kind, damage.contents) == (DamageKind.RECORD, (digest,))
    assert damage.where == f"{pack}:{place}"
    in_header = 0 <= offset < HEADER_BYTES
    assert [d.contents for d in check(stored.root, deep=False)] == [(digest,)] * in_header
    with ObjectStore(stored.root, read_only=True) as store:
        with pytest.raises(ObjectDamaged, match=digest.hex()) as caught:
            store.read(digest)
        assert caught.value.digest == digest
        assert "fsck --repair" in caught.value.hint
        for other in set(stored.contents) - {digest}:
            assert store.read(other) == stored.contents[other]
    assert [d.contents for d in repaired(stored, {digest})] == [(digest,)]


def test_a_flipped_bit_in_a_base_costs_what_is_a_delta_to_it(stored: Stored) -> None:
    assert len(stored.history) > 1
    pack, place, length = stored.row(stored.base, Kind.CHUNK)
    flip(pack, place + length // 2)
    (damage,) = check(stored.root)
    assert damage.kind is DamageKind.RECORD
    assert sorted(damage.contents) == stored.history
    repaired(stored, set(stored.history))


def test_a_flipped_bit_in_a_list(stored: Stored) -> None:
    digest = list(stored.contents)[4]
    pack, place, length = stored.row(digest, Kind.LIST)
    flip(pack, place + length - 2)
    (damage,) = check(stored.root)
    assert damage.contents == (digest,)
    repaired(stored, {digest})


def test_a_damaged_chunk_is_not_a_base_of_new_ones(stored: Stored) -> None:
    pack, place, length = stored.row(stored.base, Kind.CHUNK)
    flip(pack, place + length // 2)
    like = stored.history[-1]
    data = edited(stored.contents[like], 77)
    with ObjectStore(stored.root, durable=False) as store:
        put(store, edited(data, 78), like=like)


def test_a_truncated_pack(stored: Stored) -> None:
    last = packs(stored.root)[-1]
    with ObjectStore(stored.root, read_only=True) as store:
        rows = [row for row in store._index.rows() if row.pack == int(last.stem)]
    with last.open("r+b") as file:
        file.truncate(rows[-1].place + 10)
    for deep in (True, False):
        (damage,) = check(stored.root, deep=deep)
        assert (damage.kind, damage.where) == (DamageKind.PACK_TRUNCATED, str(last))
    lost = set(damage.contents)
    assert 0 < len(lost) < len(stored.contents)
    with ObjectStore(stored.root, durable=False) as store:  # a writer opens it all the same
        assert store.read(store.put_bytes(b"new")) == b"new"
        put(store, noise(90_000, 99))
    stored.contents.update({blake3(data).digest(): data for data in (b"new", noise(90_000, 99))})
    repaired(stored, lost)


def test_a_missing_pack(stored: Stored) -> None:
    first = packs(stored.root)[1]
    first.unlink()
    for deep in (True, False):
        (damage,) = check(stored.root, deep=deep)
        assert (damage.kind, damage.where) == (DamageKind.PACK_MISSING, str(first))
    assert damage.contents
    repaired(stored, set(damage.contents))


@pytest.mark.parametrize("what", ["lost", "no database", "emptied", "torn"])
def test_an_index_that_is_of_no_use_is_made_again(stored: Stored, what: str) -> None:
    path = stored.root / "index.sqlite"
    if what == "lost":
        path.unlink()
    elif what == "no database":
        path.write_bytes(b"not a database at all" * 500)
    elif what == "emptied":
        path.write_bytes(b"")
    else:
        path.write_bytes(path.read_bytes()[:5000])
    found = check(stored.root)
    assert [(d.kind, d.where) for d in found] == [(DamageKind.INDEX, str(path))]
    ObjectStore(stored.root).close()
    assert check(stored.root) == repaired(stored, set()) == []


def test_an_index_with_a_damaged_page(stored: Stored) -> None:
    path = stored.root / "index.sqlite"
    data = bytearray(path.read_bytes())
    for begin in range(1024, len(data), 1024):
        data[begin : begin + 40] = bytes(40)
    path.write_bytes(data)
    assert [damage.kind for damage in check(stored.root)] == [DamageKind.INDEX]
    with pytest.raises(LsfsError), ObjectStore(stored.root, read_only=True) as store:
        list(store.digests())
    repaired(stored, set())


def test_rows_without_a_record(stored: Stored) -> None:
    stored.sql("UPDATE record SET place = place + 3 WHERE digest = ?", stored.base)
    for deep in (True, False):
        (damage,) = check(stored.root, deep=deep)
        assert (damage.kind, sorted(damage.contents)) == (DamageKind.RECORD, stored.history)
    repaired(stored, set())  # the record itself is whole


def test_rows_that_are_lost(stored: Stored) -> None:
    stored.sql("DELETE FROM record WHERE digest = ?", stored.base)
    (*_, damage) = check(stored.root, deep=False)
    assert damage.kind is DamageKind.INCOMPLETE
    repaired(stored, set())
    stored.sql("DELETE FROM record WHERE size = 30000")
    (damage,) = check(stored.root)
    assert (damage.kind, damage.contents) == (DamageKind.UNINDEXED, ())
    repaired(stored, set())


def test_leftovers_are_removed(stored: Stored) -> None:
    made = [stored.root / "packs" / "00000099.pack.new", stored.root / "index.sqlite.new"]
    for path in made:
        path.write_bytes(b"half")
    for deep in (True, False):
        found = check(stored.root, deep=deep)
        assert [(d.kind, d.where) for d in found] == [(DamageKind.LEFTOVER, str(p)) for p in made]
    with ObjectStore(stored.root, durable=False) as store:
        assert not any(path.exists() for path in made)
        made[0].write_bytes(b"half")
        assert [damage.repaired for damage in store.check(deep=False, repair=True)] == [True]
        assert not made[0].exists()
    repaired(stored, set())


def test_many_damages_at_once(stored: Stored) -> None:
    pack, place, length = stored.row(stored.base, Kind.CHUNK)
    flip(pack, place + length - 1)
    packs(stored.root)[-1].unlink()
    lost = {digest for damage in check(stored.root) for digest in damage.contents}
    assert set(stored.history) < lost < set(stored.contents)
    (stored.root / "index.sqlite").write_bytes(b"x" * 9000)
    with ObjectStore(stored.root) as store:
        list(store.check(deep=True, repair=True))
    repaired(stored, lost)


def test_records_inside_of_contents_are_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ObjectStore(tmp_path / "other") as other:
        stranger = put(other, noise(40_000, 5)).digest
        put(other, noise(100_000, 6))
    embedded = packs(tmp_path / "other")[0].read_bytes()
    root = tmp_path / "objects"
    with ObjectStore(root) as store:
        holder = store.put_bytes(embedded[:60_000])
        others = [put(store, noise(90_000, seed)).digest for seed in (1, 2)]
    flip(packs(root)[0], 8 + 12)  # the header of the record that holds them
    (root / "index.sqlite").unlink()
    with ObjectStore(root) as store:
        # What is inside is a record by all appearances, and its bytes are what it says.
        assert set(store.digests()) - {stranger} == set(others)
        assert not store.has(holder)
        assert list(store.check(deep=True)) == []


def test_only_a_writer_repairs(stored: Stored) -> None:
    with ObjectStore(stored.root, read_only=True) as store, pytest.raises(UsageError):
        store.check(deep=False, repair=True)
