"""Killed at any moment, the mount and what keeps versions lose nothing that was acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.crash_work import CrashDrive, Program
from lsfs.fuse.mount import umount
from lsfs.versions.contents import Content
from lsfs.versions.prune import Rules
from lsfs.versions.tables import Row
from tests.fuse.conftest import processes_naming
from tests.versions.world import World

pytestmark = pytest.mark.mount

POINTS = 4  # lives of a drive, in the ordinary suite, for each transport
MANY = 100
LIVES = 10  # of one drive, in the slow tests


@pytest.fixture
def drive(
    tmp_path: Path, transport: str, eventually: Callable[..., object]
) -> Iterator[CrashDrive]:
    drive = CrashDrive(tmp_path, transport)
    yield drive
    drive.close()
    eventually(lambda: not processes_naming(str(drive.state.root)))


def test_a_few_crashes(drive: CrashDrive) -> None:
    for seed in range(POINTS):
        drive.crash(seed)
    assert drive.counts["acknowledged"] > POINTS
    drive.mount(brain=False)
    (drive.mountpoint / "after").write_text("and it goes on")
    umount(drive.mountpoint, state=drive.state)


def test_a_program_whose_version_is_pruned_once_it_is_chosen_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[dict[str, object]] = []
    with World(tmp_path) as world:
        for data in (b"1", b"2", b"3"):
            world.write("a", data)
        world.settle()
        past = world.keeper.past
        program = Program(world.keeper.source, -1, 0, past)
        monkeypatch.setattr(program, "_say", lambda **what: said.append(what))
        plain, times = past.open, 0

        def chosen(row: Row) -> Content:
            nonlocal times
            times += 1
            if times == prunes_at:
                doomed = world.keeper.pruning.by_rules(Rules(last=1), 0)
                world.keeper.give_up(doomed, thorough=True)
            return plain(row)

        monkeypatch.setattr(past, "open", chosen)
        monkeypatch.setattr(program._dice, "choice", lambda rows: rows[0])
        for prunes_at in (1, 2):  # before it is read, and when it is to be written back
            times = 0
            program._roll_back("a")
            assert times == prunes_at
            assert (world.source / "a").read_bytes() == b"3"
            assert {"done": True} not in said
            world.write("a", b"3")
            world.write("a", b"3")
            world.settle()
        monkeypatch.setattr(past, "open", lambda row: past.contents.open(10**6))
        with pytest.raises(AssertionError, match="no content 1000000"):
            program._roll_back("a")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", range(0, MANY, LIVES))
def test_many_crashes(drive: CrashDrive, first: int) -> None:
    for seed in range(first, first + LIVES):
        drive.crash(1000 + seed)
