"""Faults below the past: disks that fail, clocks that go back, contents that are damaged."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blake3 import blake3

from lsfs.clock import FixedClock
from lsfs.errors import ObjectDamaged, StateUnwritable, UsageError
from lsfs.versions import capture, scan
from lsfs.versions.contents import whole
from lsfs.versions.prune import Rules
from tests.versions.contents import flip, noise, packs, text
from tests.versions.test_check import BIG
from tests.versions.world import World

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


def failing(code: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


# --- a disk that fails


@pytest.mark.parametrize("size", [100, BIG])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("change", ["write", "remove"])
def test_what_cannot_be_kept_by_our_fault_is_not_let_go(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int, code: int, change: str
) -> None:
    world.write("file", noise(size, 1))
    world.keeper.follow()
    with monkeypatch.context() as patched:
        if size > capture.INLINE:
            patched.setattr(capture, "_copy", failing(code))
            patched.setattr(capture.Captures, "_linked", lambda *_: False)
        else:
            patched.setattr(world.journal, "append", failing(code))
            patched.setattr(capture.Captures, "_linked", lambda *_: False)
        with pytest.raises(OSError) as raised:
            if change == "write":
                world.write("file", b"other")
            else:
                world.remove("file")
        expected = errno.ENOSPC if code == errno.ENOSPC else errno.EIO
        assert raised.value.errno == expected
    assert (world.source / "file").read_bytes() == noise(size, 1)
    assert world.check(deep=True).counts["unused_captures"] == 0
    world.write("file", b"other")
    world.settle()
    assert world.missing() == set()
    assert world.check(deep=True).problems == []


@pytest.mark.parametrize("size", [100, BIG])
def test_what_cannot_be_read_may_be_removed(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    world.write("file", noise(size, 1))
    world.keeper.follow()
    with monkeypatch.context() as patched:
        patched.setattr(capture, "_copy", failing(errno.EIO))
        patched.setattr(capture.os, "pread", failing(errno.EIO))
        patched.setattr(capture.Captures, "_linked", lambda *_: False)
        world.remove("file")
    assert not (world.source / "file").exists()
    world.settle()
    assert world.missing() == {("file", 1)}
    assert world.check(deep=True).problems == []


@pytest.mark.parametrize("error", [StateUnwritable("full"), OSError(errno.EIO, "I/O error")])
@pytest.mark.parametrize("place", ["put", "put_bytes", "commit"])
def test_settling_that_fails_is_done_later(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, place: str
) -> None:
    world.write("small", text(100, 1))
    world.write("small", text(200, 2))
    world.write("big", noise(3 << 20, 1))
    world.write("big", noise(3 << 20, 2))
    world.keeper.follow()

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        if place == "commit":
            patched.setattr(world.keeper.store._index, "commit", fail)
        else:
            patched.setattr(world.keeper.store, place, fail)
        with pytest.raises(type(error)):
            world.keeper.settle()
    assert world.missing() == set()
    assert world.check(deep=True).problems == []
    assert world.keeper.settle() == 2
    assert world.missing() == set()
    assert world.check(deep=True).problems == []


@pytest.mark.parametrize("error", [StateUnwritable("full"), OSError(errno.EIO, "I/O error")])
def test_files_that_are_read_together_are_kept_or_not_together(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    contents = {f"file {n}": text(400, n) for n in range(5)}
    for path, data in contents.items():
        (world.source / path).write_bytes(data)
        world.expected[path] = [data]
    world.keeper.look()
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context((world.source / path).open("rb")) for path in contents]
        read = [
            (f.fileno(), blake3(d).digest()) for f, d in zip(opened, contents.values(), strict=True)
        ]

        def fail(*_: object) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(world.keeper.store._index, "commit", fail)
            world.keeper.keep_read(read)
        assert not any(world.keeper.store.has(digest) for _, digest in read)
        assert world.check(deep=True).problems == []  # none is said to be kept
        world.keeper.keep_read(read)
    assert all(world.keeper.store.has(digest) for _, digest in read)
    for path in contents:
        (world.source / path).write_bytes(b"behind the mount")
    world.keeper.look()
    assert world.missing() == set()


@pytest.mark.parametrize("stage", ["follow", "settle", "look", "give up", "name"])
@pytest.mark.parametrize("statement", ["COMMIT", "BEGIN IMMEDIATE", "INSERT", "UPDATE"])
def test_a_ledger_that_cannot_be_written_is_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch, stage: str, statement: str
) -> None:
    world.write("file", text(100, 1))
    world.write("file", text(200, 2))
    if stage != "follow":
        world.keeper.follow()
    (world.source / "other").write_bytes(b"behind the mount")
    broken = Broken(world.keeper.ledger.db, statement)
    do: dict[str, Callable[[], object]] = {
        "follow": world.keeper.follow,
        "settle": world.keeper.settle,
        "look": world.keeper.look,
        "give up": lambda: world.keeper.give_up(
            world.keeper.pruning.by_rules(Rules(last=1), 0), thorough=True
        ),
        "name": lambda: world.keeper.name_moment("then", world.clock.now_ns()),
    }
    with monkeypatch.context() as patched:
        patched.setattr(world.keeper.ledger, "db", broken)
        with contextlib.suppress(sqlite3.OperationalError):
            do[stage]()
    world.keeper.follow()
    assert world.check(deep=True).problems == []
    if stage != "give up":
        assert world.missing() == set()
    with contextlib.suppress(UsageError):  # it had come before the statement
        do[stage]()
    world.settle()
    world.close()
    world.open()
    assert world.check(deep=True).problems == []
    assert world.missing() <= ({("file", 1)} if stage == "give up" else set())


class Broken:
    """A connection on which a statement fails, once."""

    def __init__(self, db: sqlite3.Connection, statement: str) -> None:
        self._db = db
        self._statement = statement

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        self._fail(statement)
        return self._db.execute(statement, *values)  # type: ignore[arg-type]

    def executemany(self, statement: str, *values: object) -> sqlite3.Cursor:
        self._fail(statement)
        return self._db.executemany(statement, *values)  # type: ignore[arg-type]

    def _fail(self, statement: str) -> None:
        if self._statement and statement.startswith(self._statement):
            self._statement = ""
            raise sqlite3.OperationalError("disk I/O error")

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction


# --- contents that are damaged


def test_a_damaged_content_gives_an_error_and_no_wrong_bytes(world: World) -> None:
    for number in range(3):
        world.write("big", noise(BIG, number))
    world.settle()
    (pack,) = packs(world.state.objects)
    flip(pack, pack.read_bytes().index(noise(BIG, 0)[50_000:50_100]))
    past = world.keeper.past
    first, second, _ = past.versions("big")
    with contextlib.closing(past.open(first)) as content, pytest.raises(ObjectDamaged):
        whole(content)
    with contextlib.closing(past.open(second)) as content:
        assert whole(content) == noise(BIG, 1)
    outcome = world.restore([mend_step(world, 1)])
    assert len(outcome.failed) == 1
    assert (world.source / "big").read_bytes() == noise(BIG, 2)
    assert [path.name for path in world.source.iterdir()] == ["big"]


def mend_step(world: World, number: int):  # type: ignore[no-untyped-def]
    from lsfs.versions.restore import Step

    return Step("write", b"big", world.keeper.past.version("big", number))


# --- a clock that goes back


STAGES = ["write", "overwrite", "outside", "remove", "again", "settle", "snapshot", "copy"]


@pytest.mark.parametrize("back_at", STAGES)
@pytest.mark.parametrize("back_s", [1, 86400 * 400])
def test_a_clock_that_goes_back_leaves_the_order(tmp_path: Path, back_at: str, back_s: int) -> None:
    clock = FixedClock(datetime.now(UTC) + timedelta(days=1))
    with World(tmp_path, clock) as world:
        seconds = itertools.count(1)

        def stage(name: str) -> None:
            step = -back_s if name == back_at else next(seconds)
            clock.set(clock.now() + timedelta(seconds=step))

        stage("write")
        world.write("file", b"one")
        stage("overwrite")
        world.write("file", b"two, which is longer")
        world.keeper.follow()
        stage("outside")
        world.outside("file", b"three")
        stage("remove")
        world.remove("file")
        stage("again")
        world.write("file", b"four")
        world.write("other", b"x")
        world.keeper.follow()
        stage("settle")
        world.outside("other", b"yz")
        world.settle()
        stage("snapshot")
        now_ns = world.keeper.look()
        world.keeper.name_moment("then", now_ns)
        world.write("file", b"five")
        stage("copy")
        world.keeper.copy_if_due()
        world.settle()
        found = world.check(deep=True)
        assert found.problems == []
        rows = world.keeper.past.versions("file")
        assert [row.number for row in rows] == [1, 2, 3, 4, 5]
        begins = [row.begin_ns for row in rows]
        assert begins == sorted(begins)
        for row in rows:
            if row.end_ns is None or row.begin_ns < row.end_ns:
                at = world.keeper.past.at("file", row.begin_ns)
                assert at is not None and at.number == row.number
        then = world.keeper.past.at("file", world.keeper.past.snapshots()["then"])
        assert then is not None and then.number in (4, 5)
        assert world.missing() <= {("file", 2), ("other", 1)}


# --- looks at the source


def test_a_look_at_the_top_is_one_at_everything(world: World) -> None:
    (world.source / "there").write_bytes(b"from the beginning")
    world.keeper.look([""])
    (world.source / "new").write_bytes(b"behind the mount")
    world.keeper.look([""])
    past = world.keeper.past
    there, new = past.live("there"), past.live("new")
    assert there is not None and there.op == "found"
    assert new is not None and new.op == "outside"


def test_what_a_killed_restore_has_left_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.source / "folder").mkdir()
    draft = world.source / "folder/.lsfs-restore-12-0123abcd"
    other = world.source / "folder/.lsfs-restore-of-mine"
    for path in (draft, other):
        path.write_bytes(b"half")
    world.keeper.look()
    assert draft.exists()  # it may be being written
    monkeypatch.setattr(scan, "LEFT_S", 0)
    with draft.open("ab"):
        world.keeper.look()
        assert draft.exists()
    world.keeper.look()
    assert not draft.exists() and other.exists()
    assert world.check(deep=True).problems == []
