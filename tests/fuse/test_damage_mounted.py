"""A mount on a damaged state: it comes up, says so, and gives errors rather than wrong bytes."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.crash_work import CrashDrive, released
from lsfs.clock import SystemClock
from lsfs.fuse.mount import umount
from lsfs.versions.keeper import Keeper
from tests.versions.contents import flip, noise, packs
from tests.versions.test_check import DAMAGES, checkpointed

pytestmark = pytest.mark.mount
BIG = 100_000


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[CrashDrive]:
    """A drive with two versions of a file, one of which is settled."""
    drive = CrashDrive(tmp_path, "kernel")
    drive.mount(brain=False)
    for number in range(2):
        (drive.mountpoint / "file").write_bytes(noise(BIG, number))
    umount(drive.mountpoint, state=drive.state)
    with released(drive.state):
        keeper = Keeper(drive.state, drive.source, SystemClock())
        keeper.look()
        assert keeper.settle() == 1
        keeper.close()
    yield drive
    drive.close()


def versions(drive: CrashDrive) -> list[Path]:
    return sorted((drive.mountpoint / ".lsfs/versions/file").iterdir())


def test_a_damaged_version_cannot_be_read_and_the_others_can(drive: CrashDrive) -> None:
    (pack,) = packs(drive.state.objects)
    flip(pack, pack.read_bytes().index(noise(BIG, 0)[50_000:50_100]))
    drive.mount(brain=False)
    first, second = versions(drive)
    with pytest.raises(OSError) as raised:
        first.read_bytes()
    assert raised.value.errno in (errno.EIO, errno.EUCLEAN)
    assert second.read_bytes() == noise(BIG, 1)
    assert (drive.mountpoint / "file").read_bytes() == noise(BIG, 1)
    umount(drive.mountpoint, state=drive.state)


@pytest.mark.parametrize("database", ["history", "versions"])
@pytest.mark.parametrize("damage", ["scribbled", "cut", "lost"])
def test_a_damaged_database_stops_no_mount(
    drive: CrashDrive, database: str, damage: str, eventually: Callable[..., object]
) -> None:
    path = getattr(drive.state, database)
    checkpointed(path)
    DAMAGES[damage](path)
    drive.mount()
    file = drive.mountpoint / "file"
    assert file.read_bytes() == noise(BIG, 1)
    file.write_bytes(noise(BIG, 2))
    eventually(lambda: len(_quietly(lambda: versions(drive))) == 3)
    for number, version in enumerate(versions(drive)):
        assert version.read_bytes() == noise(BIG, number)
    umount(drive.mountpoint, state=drive.state)
    if damage != "lost":
        assert path.with_name(path.name + ".damaged").exists()
        assert "damaged" in drive.state.log.read_text() or "made again" in (
            drive.state.log.read_text()
        )


def _quietly(ask: Callable[[], list[Path]]) -> list[Path]:
    try:
        return ask()
    except OSError as error:
        assert error.errno in (errno.ENOENT, errno.EIO, errno.EUCLEAN), os.strerror(error.errno)
        return []
