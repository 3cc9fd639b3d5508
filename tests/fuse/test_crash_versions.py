"""Killed at any moment, the mount and what keeps versions lose nothing that was acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.crash_work import CrashDrive
from lsfs.fuse.mount import umount
from tests.fuse.conftest import processes_naming

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


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", range(0, MANY, LIVES))
def test_many_crashes(drive: CrashDrive, first: int) -> None:
    for seed in range(first, first + LIVES):
        drive.crash(1000 + seed)
