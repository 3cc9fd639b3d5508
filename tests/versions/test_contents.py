"""The bytes of a version are found, whatever is half done to its file at the time."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.errors import NotFound
from lsfs.versions import contents
from lsfs.versions.capture import INLINE
from lsfs.versions.contents import ContentLost, whole
from lsfs.versions.events import Op, State
from lsfs.versions.prune import Rules
from lsfs.versions.tables import Row
from tests.versions.contents import noise
from tests.versions.world import World

LONG = noise(INLINE + 1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


def version(world: World, path: str, number: int = 1) -> Row:
    row = world.keeper.past.version(path, number)
    assert row is not None
    return row


def read(world: World, row: Row) -> bytes:
    with contextlib.closing(world.keeper.past.open(row)) as content:
        return whole(content)


def note(world: World, op: Op, path: str, target: str | None = None) -> None:
    place = world.source / (target if target is not None and op is Op.RENAMED else path)
    world.journal.append(
        world.clock.now_ns(), op, path.encode(), None if target is None else target.encode(),
        state=State.of(place.stat()),
    )  # fmt: skip


# --- given up between the choice of a version and its opening


@pytest.mark.parametrize("data", [b"few", LONG], ids=["inline", "file"])
@pytest.mark.parametrize("settled", [False, True])
def test_a_version_that_is_pruned_once_it_is_chosen_says_so(
    world: World, data: bytes, settled: bool
) -> None:
    for content in (data, data + b"2", data + b"3"):
        world.write("f", content)
    world.keeper.follow()
    if settled:
        world.keeper.settle()
    row = version(world, "f")
    assert world.keeper.past.is_kept(row)
    world.keeper.give_up(world.keeper.pruning.by_rules(Rules(last=2), 0), thorough=True)
    with pytest.raises(ContentLost, match="f: version 1 was pruned"):
        world.keeper.past.open(row)


def test_what_is_pruned_between_two_looks_at_it_is_no_damage(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (LONG, b"2", b"3"):
        world.write("f", content)
    world.settle()
    row = version(world, "f")
    plain = world.keeper.past.contents._store

    def store() -> object:  # it is asked for after the ledger has said that it has the content
        world.keeper.give_up(world.keeper.pruning.by_rules(Rules(last=2), 0), thorough=True)
        return plain()

    monkeypatch.setattr(world.keeper.past.contents, "_store", store)
    with pytest.raises(ContentLost, match="f: version 1 was pruned"):
        world.keeper.past.open(row)


def test_what_is_pruned_while_it_is_read_is_no_damage(world: World) -> None:
    for content in (noise(2 << 20), b"2", b"3"):
        world.write("f", content)
    world.settle()
    with contextlib.closing(world.keeper.past.open(version(world, "f"))) as content:
        assert content.read(0, 10) == noise(2 << 20)[:10]
        world.keeper.give_up(world.keeper.pruning.by_rules(Rules(last=2), 0), thorough=True)
        with pytest.raises(NotFound, match="given up"):
            content.read(1 << 20, 1 << 20)


# --- a program appends to it


@pytest.mark.parametrize("taken", [False, True], ids=["unread", "in the ledger"])
def test_what_is_appended_to_is_read_by_another_process(world: World, taken: bool) -> None:
    world.write("log", b"first")
    world.keeper.follow()
    row = version(world, "log")
    note(world, Op.APPENDING, "log")
    with (world.source / "log").open("ab") as file:
        file.write(b" and more")
    if taken:
        world.keeper.follow()
    assert read(world, row) == b"first"  # open still, or whoever served it was killed
    (world.source / "log").rename(world.source / "log.1")
    note(world, Op.RENAMED, "log", "log.1")
    assert read(world, row) == b"first"


def test_what_is_appended_to_and_then_overwritten_while_it_is_read(world: World) -> None:
    first = noise(3 * INLINE)
    world.write("log", first)
    world.keeper.follow()
    state = State.of((world.source / "log").stat())
    note(world, Op.APPENDING, "log")
    with (world.source / "log").open("r+b", buffering=0) as file:
        file.seek(0, os.SEEK_END)
        file.write(b" and more")
        with contextlib.closing(world.keeper.past.open(version(world, "log"))) as content:
            assert content.read(0, INLINE) == first[:INLINE]
            file.write(b" and more")
            assert content.read(0, INLINE) == first[:INLINE]
            world.captures.keep(file.fileno(), b"log", None, state=state)  # as the mount does
            os.pwrite(file.fileno(), bytes(len(first)), 0)
            assert content.read(INLINE, len(first)) == first[INLINE:]
        assert read(world, version(world, "log")) == first


# --- something was done that the journal does not say yet


def late(action: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        time.sleep(contents.WAIT_S)
        action()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("moved", ["f", "d"])
def test_what_is_told_of_a_moment_later_is_waited_for(world: World, moved: str) -> None:
    (world.source / "d").mkdir()
    world.write("f", b"of f")
    world.write("d/f", b"of d/f")
    world.keeper.follow()
    path = "f" if moved == "f" else "d/f"
    row = version(world, path)
    (world.source / moved).rename(world.source / "elsewhere")
    thread = late(lambda: note(world, Op.RENAMED, moved, "elsewhere"))
    assert read(world, row) == b"of " + path.encode()
    thread.join()


def test_times_that_were_just_set_are_waited_for(world: World) -> None:
    world.write("f", b"content")
    world.keeper.follow()
    os.utime(world.source / "f", (1, 1))
    thread = late(lambda: note(world, Op.ATTRIBUTES, "f"))
    assert read(world, version(world, "f")) == b"content"
    thread.join()


def test_what_was_overwritten_behind_the_mount_is_lost_in_the_end(world: World) -> None:
    world.write("f", b"content")
    world.keeper.follow()
    (world.source / "f").write_bytes(b"another")
    with pytest.raises(ContentLost, match="changed or elsewhere"):
        world.keeper.past.open(version(world, "f"))


# --- the journal says it, and the ledger has not read it


def test_exchanged_names(world: World) -> None:
    world.write("a", b"of a")
    (world.source / "d").mkdir()
    world.write("d/b", b"of b")
    world.keeper.follow()
    (world.source / "a").rename(world.source / "c")
    (world.source / "d").rename(world.source / "a")
    (world.source / "c").rename(world.source / "d")
    note(world, Op.EXCHANGED, "a", "d")
    assert read(world, version(world, "a")) == b"of a"
    assert read(world, version(world, "d/b")) == b"of b"


@pytest.mark.parametrize("data", [b"first", LONG], ids=["inline", "file"])
def test_what_was_overwritten_and_had_its_time_set_back(world: World, data: bytes) -> None:
    world.write("f", data)
    world.keeper.follow()
    row = version(world, "f")
    times = (world.source / "f").stat()
    world.write("f", data[::-1])
    os.utime(world.source / "f", ns=(times.st_atime_ns, times.st_mtime_ns))
    note(world, Op.ATTRIBUTES, "f")
    assert read(world, row) == data
    world.keeper.follow()
    assert read(world, row) == data
    assert read(world, version(world, "f", 2)) == data[::-1]


def test_what_has_its_time_set_back_while_it_is_read(world: World) -> None:
    data = noise(3 * INLINE)
    world.write("f", data)
    world.keeper.follow()
    times = (world.source / "f").stat()
    with contextlib.closing(world.keeper.past.open(version(world, "f"))) as content:
        assert content.read(0, INLINE) == data[:INLINE]
        world.write("f", data[::-1])
        os.utime(world.source / "f", ns=(times.st_atime_ns, times.st_mtime_ns))
        assert content.read(INLINE, len(data)) == data[INLINE:]


def test_permissions_that_change_while_it_is_read_change_no_byte(world: World) -> None:
    data = noise(3 * INLINE)
    world.write("f", data)
    world.keeper.follow()
    with contextlib.closing(world.keeper.past.open(version(world, "f"))) as content:
        assert content.read(0, INLINE) == data[:INLINE]
        (world.source / "f").chmod(0o600)
        assert content.read(INLINE, len(data)) == data[INLINE:]
        note(world, Op.ATTRIBUTES, "f")
        assert content.read(0, len(data)) == data
