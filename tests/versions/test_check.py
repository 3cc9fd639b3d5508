"""Every kind of damage to the past: it is named, mended as far as can be, and all else stays."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.versions import history, recover
from lsfs.versions.events import Row, framed
from lsfs.versions.history import Journal
from tests.versions.contents import flip, noise, packs, text
from tests.versions.world import World, said

BIG = 100_000  # bytes that do not fit into the journal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two files with settled, two with captured versions, one with a beginning."""
    with World(tmp_path) as world:
        world.write("small", text(500, 1))
        world.write("big", noise(BIG, 1))
        world.write("small", text(600, 2))
        world.write("big", noise(BIG, 2))
        world.settle()
        world.write("late", text(700, 3))
        world.write("late", text(800, 4))
        world.write("large", noise(BIG, 3))
        world.write("large", noise(BIG, 4))
        world.write("log", text(300, 5))
        world.append("log", text(300, 6))
        world.write("log", text(50, 7))
        world.keeper.follow()
        world.committed()
        yield world


@pytest.fixture
def db(world: World) -> Iterator[sqlite3.Connection]:
    """The ledger, for writing past the keeper."""
    db = sqlite3.connect(world.state.versions, isolation_level=None)
    yield db
    db.close()


def test_a_whole_past_is_whole(world: World) -> None:
    for deep in (False, True):
        found = world.check(deep=deep)
        assert found.problems == []
    counts = found.counts
    assert counts["versions"] == 2 + 2 + 2 + 2 + 3
    assert counts["not_kept"] == counts["unused_objects"] == counts["unused_captures"] == 0
    assert world.missing() == set()
    assert world.mend().problems == []


def healed(world: World, lost: set[tuple[str, int]], *, deep: bool = False) -> None:
    """After mending nothing is wrong, and nothing is lost but this."""
    mended = world.mend(deep=deep)
    assert mended.problems
    assert all(one.repaired for one in mended.problems), mended.problems
    assert world.check(deep=True).problems == []
    assert world.missing() == lost
    world.close()
    world.open()
    assert world.check(deep=True).problems == []
    assert world.missing() == lost
    world.write("small", b"it goes on")
    world.settle()
    world.expected["small"].pop()


# --- contents


def test_a_damaged_object_is_named_with_file_and_version(world: World) -> None:
    (pack,) = packs(world.state.objects)
    data = pack.read_bytes()
    # What cannot be compressed is stored as it is.
    flip(pack, data.index(noise(BIG, 1)[1000:1100]))
    assert world.check().problems == []  # where it should be, and as long
    found = world.check(deep=True)
    assert said(found) == [("objects", "", 0), ("versions", "big", 1)]
    healed(world, {("big", 1)}, deep=True)


def test_a_lost_pack_is_named_with_all_that_was_in_it(world: World) -> None:
    (pack,) = packs(world.state.objects)
    pack.unlink()
    found = world.check()
    assert ("objects", "", 0) in said(found)
    assert {one[1:] for one in said(found)} - {("", 0)} == {("small", 1), ("big", 1)}
    healed(world, {("small", 1), ("big", 1)})


def test_a_lost_index_of_objects_is_made_again(world: World) -> None:
    world.close()
    (world.state.objects / "index.sqlite").write_bytes(b"no database at all" * 500)
    world.open()
    assert world.check(deep=True).problems == []
    assert world.missing() == set()


def test_a_lost_object_that_a_file_still_has_is_stored_again(world: World) -> None:
    fd = os.open(world.source / "small", os.O_RDONLY)
    digest = world.keeper.store.put_bytes(text(600, 2))
    world.keeper.keep_read([(fd, digest)])
    os.close(fd)
    (pack,) = packs(world.state.objects)
    pack.unlink()
    assert ("versions", "small", 2) in said(world.check())
    healed(world, {("small", 1), ("big", 1)})
    (world.source / "small").write_bytes(b"behind the mount")
    world.keeper.look(["small"])
    assert world.readable()["small"][2] == text(600, 2)


def test_a_lost_capture_is_named(world: World) -> None:
    (captured,) = world.state.incoming.iterdir()
    captured.unlink()
    assert said(world.check()) == [("versions", "large", 1)]
    healed(world, {("large", 1)})


def test_a_capture_that_was_cut_is_named(world: World) -> None:
    (captured,) = world.state.incoming.iterdir()
    os.truncate(captured, 1000)
    assert said(world.check()) == [("versions", "large", 1)]
    healed(world, {("large", 1)})


def test_a_capture_that_the_journal_has_lost_is_named_with_what_it_begins_with(
    world: World,
) -> None:
    with sqlite3.connect(world.state.history) as journal:
        journal.execute("UPDATE event SET content = NULL WHERE path = ?", (b"log",))
    journal.close()
    assert said(world.check()) == [("versions", "log", 1), ("versions", "log", 2)]
    healed(world, {("log", 1), ("log", 2)})


def test_what_was_changed_behind_the_mount_is_no_damage(world: World) -> None:
    (world.source / "late").write_bytes(b"another program")
    assert world.check(deep=True).problems == []
    world.keeper.look()
    found = world.check(deep=True)
    assert found.problems == []
    assert found.counts["not_kept"] == 1  # what `late` held was overwritten before it was read


def test_what_nobody_names_is_counted_and_no_damage(world: World) -> None:
    (world.state.incoming / "1-2-3").write_bytes(b"a capture that was cut off")
    world.keeper.store.put_bytes(b"put, and then the process was killed")
    found = world.check(deep=True)
    assert found.problems == []
    assert found.counts["unused_captures"] == found.counts["unused_objects"] == 1


# --- the ledger


RULES: dict[str, tuple[str, tuple[str, int]]] = {
    "ends before it begins": (
        "UPDATE version SET end_ns = begin_ns - 1 WHERE path = X'626967' AND number = 1",
        ("big", 1),
    ),
    "begins before": (
        "UPDATE version SET begin_ns = begin_ns - 1 "
        "WHERE path = X'626967' AND number = 2",
        ("big", 2),
    ),
    "version before it is not there": (
        "UPDATE version SET previous = 999 WHERE path = X'626967' AND number = 2",
        ("big", 2),
    ),
    "does not follow": (
        "UPDATE version SET number = 7 WHERE path = X'626967' AND number = 2",
        ("big", 7),
    ),
    "without a content": (
        "UPDATE version SET content = NULL WHERE path = X'626967' AND number = 2",
        ("big", 2),
    ),
    "no known kind": (
        "UPDATE version SET kind = 'fil' WHERE path = X'626967' AND number = 2",
        ("big", 2),
    ),
    "under no name": ("UPDATE content SET digest = NULL WHERE kept AND size = 100000", ("big", 1)),
    "another folder": (
        "UPDATE version SET parent = X'78' WHERE path = X'626967' AND number = 1",
        ("big", 1),
    ),
    "never was": ("INSERT INTO snapshot VALUES ('x', 1)", ("", 0)),
    "is not there": ("DELETE FROM version WHERE path = X'736D616C6C' AND number = 2", ("small", 0)),
    "which is no number": ("UPDATE meta SET value = 'x' WHERE key = 'position'", ("", 0)),
}  # fmt: skip


@pytest.mark.parametrize("words", RULES)
def test_a_row_that_breaks_a_rule_is_named_and_the_ledger_made_again(
    world: World, db: sqlite3.Connection, words: str
) -> None:
    statement, named = RULES[words]
    assert db.execute(statement).rowcount == 1
    found = world.check()
    hits = [one for one in found.problems if words in one.what]
    assert [(one.path, one.version) for one in hits] == [named], found.problems
    healed(world, set())


def test_two_things_at_one_path(world: World, db: sqlite3.Connection) -> None:
    db.execute("DROP INDEX version_live")
    db.execute("UPDATE version SET end_ns = NULL WHERE path = X'626967'")
    assert "at one path" in world.check().problems[0].what
    assert world.check().problems[0].path == "big"
    healed(world, set())


def checkpointed(path: Path) -> None:
    """All of a database is in its file."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def scribbled(path: Path, begin: int = 0) -> None:
    """Write noise over a file, from a byte on."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(noise(size - begin, 9))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "scribbled": scribbled,
    "half scribbled": lambda path: scribbled(path, 8192),
    "cut": lambda path: os.truncate(path, 5000),
    "lost": lambda path: path.unlink(),
    "empty": lambda path: os.truncate(path, 0),
}


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_made_again_when_the_drive_is_opened(
    world: World, damage: str, copied: bool
) -> None:
    if copied:
        recover.copy(world.keeper.ledger, world.state.versions_copy, time.time_ns())
    world.write("small", text(900, 8))
    world.outside("large", noise(BIG, 5))
    world.keeper.name_moment("then", time.time_ns())
    world.settle()
    before = rows_of(world)
    world.close()
    checkpointed(world.state.versions)
    DAMAGES[damage](world.state.versions)
    world.open()
    assert rows_of(world) == before
    assert [one.repaired for one in world.check(deep=True).problems] == [True]
    # What `large` held last was overwritten behind the mount, as it is told.
    assert world.missing() == {("large", 2)}
    assert list(world.keeper.past.snapshots()) == ["then"]
    healed(world, {("large", 2)})


def rows_of(world: World) -> list[tuple[object, ...]]:
    """All that is known of versions, without the places of their bytes."""
    return world.keeper.ledger.query(
        "SELECT version.id, path, number, begin_ns, end_ns, op, previous, version.size, kept, "
        "digest FROM version LEFT JOIN content ON content.id = content ORDER BY version.id",
        (),
    )


def test_a_ledger_that_is_damaged_while_it_is_used_is_mended(world: World) -> None:
    world.settle()
    world.keeper.ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    world.keeper.ledger.db.execute("PRAGMA cache_size=0")
    scribbled(world.state.versions, 8192)
    assert world.check().problems[0].what.startswith("the database is damaged")
    healed(world, set())
    assert world.state.versions.with_name("versions.sqlite.damaged").exists()


def test_a_damaged_copy_and_damaged_notes_leave_the_journal(world: World) -> None:
    world.settle()
    recover.copy(world.keeper.ledger, world.state.versions_copy, time.time_ns())
    world.close()
    for path in (world.state.versions, world.state.versions_copy):
        checkpointed(path)
        scribbled(path)
    world.open()
    # All that was captured and given its place was only known to the copy: it is said, and what
    # the source has is there.
    assert "contents are lost" in world.check().problems[0].what
    present = {(path, len(versions)) for path, versions in world.expected.items()}
    assert not world.missing() & present
    world.mend()
    assert world.check(deep=True).problems == []


def test_a_ledger_that_is_wrong_is_not_copied(world: World, db: sqlite3.Connection) -> None:
    recover.copy(world.keeper.ledger, world.state.versions_copy, time.time_ns())
    good = world.state.versions_copy.read_bytes()
    db.execute("UPDATE version SET previous = 999 WHERE path = X'626967' AND number = 2")
    recover.copy(world.keeper.ledger, world.state.versions_copy, time.time_ns())
    assert world.state.versions_copy.read_bytes() == good


def test_copies_are_made_once_in_a_while(world: World) -> None:
    world.keeper.copy_if_due()
    assert world.state.versions_copy.exists()
    assert world.state.versions_notes.stat().st_size == 0
    made = world.state.versions_copy.stat().st_ino
    world.outside("big", b"x")
    world.keeper.copy_if_due()
    assert world.state.versions_copy.stat().st_ino == made
    assert world.state.versions_notes.stat().st_size > 0


# --- the journal


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_set_aside_and_the_versions_stay(world: World, damage: str) -> None:
    world.close()
    checkpointed(world.state.history)
    DAMAGES[damage](world.state.history)
    world.open()
    if damage not in ("lost", "empty"):
        assert world.state.history.with_name("history.sqlite.damaged").exists()
    found = world.check()
    # What was settled, and what is in the source or in incoming, does not depend on it.
    assert {one.path for one in found.problems} <= {"late", "log"}
    world.write("small", text(1000, 9))
    world.settle()
    assert world.keeper.past.versions("small")[-1].number == 3
    world.mend()
    lost = world.missing()
    assert {one[0] for one in lost} <= {"late", "log"}
    assert world.check(deep=True).problems == []


def test_a_journal_damaged_at_its_end_gives_what_is_before(world: World) -> None:
    for number in range(300):
        world.write("late", text(3000, number))
    world.keeper.follow()
    world.close()
    checkpointed(world.state.history)
    size = world.state.history.stat().st_size
    scribbled(world.state.history, size - size % 4096 - 20 * 4096)
    world.open()
    world.mend()
    assert 0 < len(world.missing()) < 100
    assert world.check(deep=True).problems == []


def test_a_journal_that_has_lost_its_end_does_not_give_positions_twice(world: World) -> None:
    position = world.keeper.ledger.position
    world.journal.close()
    with sqlite3.connect(world.state.history) as journal:
        journal.execute("DELETE FROM event WHERE id > 3")
        journal.execute("UPDATE sqlite_sequence SET seq = 3")
    journal.close()
    found = world.check()
    assert found.problems[0].what == f"its last events are lost: it ends at 3, not {position}"
    mended = world.mend()
    assert mended.problems[0].repaired
    world.write("small", b"and on")
    assert next(world.keeper.past.journal.after(position)).id == position + 1
    world.settle()
    assert world.check(deep=True).problems == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET op = 'sung' WHERE id = 4",
        "UPDATE event SET detail = X'93FF' WHERE id = 4",
        "UPDATE event SET time_ns = 5 WHERE id = 4",
    ],
)
def test_an_event_that_is_none_is_named_and_left_out(world: World, statement: str) -> None:
    with sqlite3.connect(world.state.history) as journal:
        journal.execute(statement)
    journal.close()
    found = world.check()
    assert [one.where for one in found.problems] == ["history"]
    assert "event 4" in found.problems[0].what
    healed(world, set())


def test_a_spool_that_is_damaged_is_said_and_what_is_before_is_taken(world: World) -> None:
    world.journal.close()
    last = world.keeper.ledger.position
    spool = world.state.history.with_name(world.state.history.name + history.SPOOL)
    good = framed(Row(last + 1, time.time_ns(), "removed", b"small", None, None, None))
    other = bytearray(framed(Row(last + 2, time.time_ns(), "removed", b"big", None, None, None)))
    other[-1] ^= 1
    spool.write_bytes(good + other)
    assert [one.where for one in world.check().problems] == ["history"]
    spool.write_bytes(good + bytes(other)[:-3])  # as a crash leaves it
    assert world.check().problems == []
    spool.write_bytes(good + other)
    assert all(one.repaired for one in world.mend().problems)
    world.keeper.follow()
    assert world.keeper.past.live("small") is None
    assert world.keeper.past.live("big") is not None
    Journal(world.state.history).close()
