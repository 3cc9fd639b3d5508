"""Contents are kept before they go, and what is kept stays as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lsfs.clock import Clock, FixedClock, SystemClock
from lsfs.versions.capture import INLINE, UNSURE, Captures
from lsfs.versions.contents import ContentLost, whole
from lsfs.versions.events import Op, State
from lsfs.versions.restore import Step
from tests.versions.world import World

LONG = b"x" * (INLINE + 1)


class Noted:
    """A journal that remembers what it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def append(
        self, time_ns: int, op: Op, path: bytes, target: bytes | None = None, **more: Any
    ) -> int:
        self.events.append({"op": op, "path": path, "target": target, **more})
        return len(self.events)


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def captures(tmp_path: Path, noted: Noted, clock: Clock | None = None) -> Captures:
    return Captures(tmp_path / "incoming", noted, clock or SystemClock(), durable=False)


def test_what_may_change_without_a_trace_is_kept_once_more(
    tmp_path: Path, noted: Noted, file: int
) -> None:
    os.write(file, b"first")
    changed = datetime.fromtimestamp(os.fstat(file).st_ctime, UTC)
    for seconds, is_sure in ((0.001, False), (1, True)):
        clock = FixedClock(changed + timedelta(seconds=seconds))
        kept = captures(tmp_path, noted, clock)
        kept.keep(file, b"file", None)
        assert (noted.events[-1]["state"].ctime_ns != UNSURE) == is_sure
        later = captures(tmp_path, noted, FixedClock(changed + timedelta(seconds=2)))
        later._recent = kept._recent
        assert later.has(State.of(os.fstat(file))) == is_sure
        kept.close()
        later.close()


def test_a_file_that_stays_is_parted_from_what_is_kept(tmp_path: Path, noted: Noted) -> None:
    (tmp_path / "file").write_bytes(LONG)
    kept = captures(tmp_path, noted)
    fd = os.open(tmp_path / "file", os.O_PATH)
    for way in ("told", "killed"):
        name = kept.keep(fd, b"file", None, goes=True)
        assert name is not None
        assert (tmp_path / "file").stat().st_nlink == 2
        if way == "told":
            kept.part(name)
        else:
            kept.close()
            kept = captures(tmp_path, noted)
        assert (tmp_path / "file").stat().st_nlink == 1
        with (tmp_path / "file").open("r+b") as file:
            file.write(b"zzz")
        copies = [entry.read_bytes() for entry in (tmp_path / "incoming").iterdir()]
        assert LONG in copies
        (tmp_path / "file").write_bytes(LONG)
        time.sleep(0.03)
    os.close(fd)
    kept.close()


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR])
def test_what_somebody_has_open_is_copied(tmp_path: Path, noted: Noted, flags: int) -> None:
    (tmp_path / "file").write_bytes(LONG)
    kept = captures(tmp_path, noted)
    fd = os.open(tmp_path / "file", flags)
    assert kept.keep(fd, b"file", None, goes=True) is None
    assert (tmp_path / "file").stat().st_nlink == 1
    (copy,) = (tmp_path / "incoming").iterdir()
    assert copy.read_bytes() == LONG
    os.close(fd)
    kept.close()


def test_nothing_is_dropped_from_the_journal_that_is_taken_in_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with World(tmp_path) as world:
        world.write("f", b"first")
        world.keeper.follow()
        plain = world.keeper.past._query

        def query(*asked: Any) -> Any:
            found = plain(*asked)
            if not world.expected["g"]:
                world.write("g", b"first of g")
                world.write("g", b"second of g")  # by which the first is captured
                world.keeper.follow()
            return found

        monkeypatch.setattr(world.keeper.past, "_query", query)
        dropped_before = world.keeper.past.settled()
        captured = [e.id for e in world.keeper.past.journal.after(0) if e.op is Op.CAPTURED]
        assert captured and min(captured) >= dropped_before


@pytest.mark.parametrize("edited", [False, True])
def test_a_file_that_was_to_go_when_its_process_was_killed(
    tmp_path: Path, edited: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with World(tmp_path) as world:
        world.write("f", LONG)
        world.keeper.follow()
        world._keep("f", goes=True)  # and it is killed here
        assert (world.source / "f").stat().st_nlink == 2
        if edited:
            with (world.source / "f").open("r+b") as file:
                file.write(b"behind the mount")
        caplog.set_level("CRITICAL", "lsfs.versions.capture")
        captured = world.keeper.past.journal.captured
        Captures(world.state.incoming, world.journal, world.clock, captured=captured).close()
        assert (world.source / "f").stat().st_nlink == 1
        world.keeper.look()
        row = world.keeper.past.version("f", 1)
        assert row is not None
        if edited:
            with pytest.raises(ContentLost):
                world.keeper.past.open(row)
        else:
            with closing(world.keeper.past.open(row)) as content:
                assert whole(content) == LONG


def test_what_a_rollback_failed_to_remove_is_parted_from_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"unlink": os.unlink, "rename": os.rename}

    def refusing(call: str) -> Callable[..., None]:
        def refuse(*names: object, **more: Any) -> None:
            if names[-1] == b"f":
                raise PermissionError(1, "Operation not permitted")
            plain[call](*names, **more)  # type: ignore[operator]

        return refuse

    with World(tmp_path) as world:
        world.write("f", LONG)
        world.write("f", LONG + LONG)
        world.keeper.follow()
        row = world.keeper.past.version("f", 1)
        for step, call in ((Step("remove", b"f"), "unlink"), (Step("write", b"f", row), "rename")):
            with monkeypatch.context() as patch:
                patch.setattr(os, call, refusing(call))
                outcome = world.restore([step])
            assert [problem for _, problem in outcome.failed] == ["Operation not permitted"]
            assert (world.source / "f").stat().st_nlink == 1
        with (world.source / "f").open("r+b") as file:
            file.write(b"edited behind the mount")
        world.keeper.look()
        assert LONG + LONG in world.readable()["f"].values()
