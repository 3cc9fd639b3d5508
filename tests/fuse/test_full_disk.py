"""A full disk: nothing is destroyed that could not be kept, and with room all goes on."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.crash_work import CrashDrive, _released
from lsfs.clock import SystemClock
from lsfs.errors import StateUnwritable
from lsfs.fuse.mount import umount
from lsfs.versions import mend
from lsfs.versions.keeper import Keeper
from tests.versions.contents import noise

pytestmark = [
    pytest.mark.mount,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts small file systems"),
]
Wait = Callable[..., object]
PASSES = 3


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[str, int], Path]]:
    """Makes small file systems."""
    made: list[Path] = []

    def make(name: str, size: int) -> Path:
        place = tmp_path / name
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "lsfs-test", place], check=True
        )
        made.append(place)
        return place

    yield make
    for place in made:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def drive(tmp_path: Path, small: Callable[[str, int], Path]) -> Iterator[CrashDrive]:
    """A drive whose state has 3 MB."""
    (tmp_path / "drive").mkdir()
    small("drive/state", 3 << 20)
    drive = CrashDrive(tmp_path / "drive", "kernel")
    yield drive
    drive.close()


def fill(folder: Path) -> Path:
    """Leave no room on a file system."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return filler


def whole_and_sound(drive: CrashDrive) -> None:
    """Nothing is damaged."""
    with _released(drive.state):
        keeper = Keeper(drive.state, drive.source, SystemClock())
        try:
            keeper.look()
            found = mend.check(keeper, drive.state, SystemClock().now_ns(), deep=True)
            assert found.problems == []
        finally:
            keeper.close()


DESTROYERS: dict[str, Callable[[Path], object]] = {
    "write": lambda path: path.write_bytes(b"other"),
    "truncate": lambda path: os.truncate(path, 3),
    "remove": lambda path: path.unlink(),
    "rename over": lambda path: path.with_name("new").rename(path),
}


def test_what_cannot_be_kept_is_not_destroyed(drive: CrashDrive) -> None:
    files = {f"{size} {name}": noise(size, n) for n, name in enumerate(DESTROYERS, 1)
             for size in (9000, 200_000)}  # fmt: skip
    for name, data in files.items():
        (drive.source / name).write_bytes(data)
    drive.mount()
    place = drive.mountpoint
    for _ in range(PASSES):
        (place / "new").write_bytes(b"a new file needs no room of ours")
        filler = fill(drive.state.root)
        for name in files:
            with pytest.raises(OSError, match="No space left"):
                DESTROYERS[name.partition(" ")[2]](place / name)
        for name, data in files.items():
            assert (place / name).read_bytes() == data
            assert (drive.source / name).read_bytes() == data
        # What destroys nothing goes on.
        (place / "another").write_bytes(b"x")
        (place / "another").rename(place / "renamed")
        with (place / "log").open("ab") as file:
            file.write(b"one more line\n")
        filler.unlink()
        (place / "log").read_bytes()
    for name in files:
        DESTROYERS[name.partition(" ")[2]](place / name)
        if not (place / "new").exists():
            (place / "new").write_bytes(b"again")
    umount(place, state=drive.state)
    with _released(drive.state):
        keeper = Keeper(drive.state, drive.source, SystemClock())
        try:
            for name, data in files.items():
                with keeper.past.open(keeper.past.versions(name)[0]) as content:  # type: ignore[attr-defined]
                    assert content.read(0, len(data)) == data
        finally:
            keeper.close()
    whole_and_sound(drive)
