"""A full disk: nothing is destroyed that could not be kept, and with room all goes on."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs
from benchmarks.crash_work import CrashDrive, released
from lsfs.clock import SystemClock
from lsfs.config import Config, ModelConfig
from lsfs.drives import initialise, locked
from lsfs.errors import LockHeld, LsfsError, StateUnwritable
from lsfs.fuse.mount import umount
from lsfs.syscalls.drive import open_local
from lsfs.versions import mend
from lsfs.versions.contents import whole
from lsfs.versions.keeper import Keeper
from lsfs_cli.exits import exit_code
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


NO_MODELS = replace(Config(), model=ModelConfig(chat="none", embed="none"))


def local(drive: CrashDrive) -> lsfs.Drive:
    """The drive without a mount."""
    record = initialise(drive.source, str(drive.state.root))
    return lsfs.Drive(drive.source, open_local(record, NO_MODELS))


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
    with released(drive.state):
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
    done: set[str] = set()
    for _ in range(PASSES):
        (place / "new").write_bytes(b"a new file needs no room of ours")
        filler = fill(drive.state.root)
        for name in set(files) - done:
            if not (place / "new").exists():
                (place / "new").write_bytes(b"again")
            try:
                DESTROYERS[name.partition(" ")[2]](place / name)
            except OSError as error:
                assert error.errno == errno.ENOSPC
            else:
                done.add(name)  # what is small may have found room
        for name in set(files) - done:
            assert (place / name).read_bytes() == files[name]
            assert (drive.source / name).read_bytes() == files[name]
        assert {name for name in files if name.startswith("200000")} & done == set()
        # What destroys nothing goes on.
        (place / "another").write_bytes(b"x")
        (place / "another").rename(place / "renamed")
        with (place / "log").open("ab") as file:
            file.write(b"one more line\n")
        filler.unlink()
    for name in set(files) - done:
        (place / "new").write_bytes(b"again")
        DESTROYERS[name.partition(" ")[2]](place / name)
    umount(place, state=drive.state)
    with released(drive.state):
        keeper = Keeper(drive.state, drive.source, SystemClock())
        try:
            keeper.look()  # its process may have ended for want of room, and not be back yet
            for name, data in files.items():
                first = keeper.past.versions(name)[0]
                with contextlib.closing(keeper.past.open(first)) as content:
                    assert whole(content) == data
        finally:
            keeper.close()
    whole_and_sound(drive)


def test_a_lock_holds_on_a_full_disk(small: Callable[[str, int], Path]) -> None:
    place = small("full", 1 << 20)
    fill(place)
    held = locked(place / "lock")
    with held, pytest.raises(LockHeld, match="by process unknown"), locked(place / "lock"):
        pass
    with locked(place / "lock"):
        pass


def test_removing_is_possible_on_a_disk_that_files_and_versions_have_filled(
    tmp_path: Path, small: Callable[[str, int], Path]
) -> None:
    """A removed file is kept by a link: that takes no room, and gives none back before a prune."""
    small("shared", 160 << 20)
    drive = CrashDrive(tmp_path / "shared/drive", "kernel")
    files = {
        f"{number}-{size}": noise(size, number) for number in range(5) for size in (500, 90_000)
    }
    for name, data in files.items():
        (drive.source / name).write_bytes(data)
    with local(drive) as opened:
        opened.status(wait=True)
    try:
        drive.mount(brain=False)
        filler = fill(tmp_path / "shared")
        for name in files:
            (drive.mountpoint / name).unlink()
        umount(drive.mountpoint, state=drive.state)
    finally:
        drive.close()
    assert [path.name for path in drive.source.iterdir()] == ["d"]
    with local(drive) as opened:
        # The disk is full still: there is room set aside for this.
        trash = opened.trash()
        assert {file.path for file in trash.files} == set(files)
        assert all(file.kept for file in trash.files)
        plan = opened.trash_empty()
        assert plan.versions == len(files)
        assert opened.trash_empty(apply=plan.digest).applied
        assert opened.trash().files == ()
    filler.unlink()
    with local(drive) as opened:
        opened.status(wait=True)
        assert opened.fsck(deep=True).problems == ()


def test_versions_are_given_up_when_the_disk_is_full(
    tmp_path: Path, small: Callable[[str, int], Path]
) -> None:
    small("state", 200 << 20)
    source = tmp_path / "source"
    source.mkdir()
    state = tmp_path / "state/of-drive"
    place = source / "big"
    contents = [noise(3 << 20, number) for number in range(8)]
    record = initialise(source, str(state))
    with lsfs.Drive(source, open_local(record, NO_MODELS)) as opened:
        for data in contents:
            place.write_bytes(data)
            opened.wait_indexed()
        before = len([one for one in opened.versions("big").versions if one.kept])
        assert before == len(contents)
        fill(tmp_path / "state")
        plan = opened.prune(keep_last=2)
        done = opened.prune(keep_last=2, apply=plan.digest)
        assert done.applied and done.freed > 15 << 20
        (tmp_path / "state/filler").unlink()
        assert opened.fsck(deep=True).problems == ()
        kept = [one for one in opened.versions("big").versions if one.kept]
        assert len(kept) == 2
        assert opened.read("big", version=kept[0].version, size=100).data == contents[-2][:100]


def test_a_full_source_harms_no_version(tmp_path: Path, small: Callable[[str, int], Path]) -> None:
    (tmp_path / "drive").mkdir()
    small("drive/source", 3 << 20)
    drive = CrashDrive(tmp_path / "drive", "kernel")
    try:
        drive.mount()
        for number in range(PASSES):
            place = drive.mountpoint / "file"
            place.write_bytes(noise(100_000, number))
            place.write_bytes(noise(50_000, 100 + number))
            filler = fill(drive.source)
            with pytest.raises(OSError, match="No space left"):
                place.write_bytes(noise(1 << 20, 7))
            with pytest.raises(OSError, match="No space left"):
                (drive.mountpoint / "other").write_bytes(noise(1 << 20, 7))
            filler.unlink()
        # Going back to what does not fit leaves what is there.
        place.write_bytes(b"present")
        fill(drive.source)
        umount(drive.mountpoint, state=drive.state)
    finally:
        drive.close()
    with local(drive) as opened:
        known = opened.versions("file").versions
        # On a busy machine a moment between two writes can be a version too, which nobody kept.
        first = min(one.version for one in known if one.kept and one.size == 100_000)
        with pytest.raises(LsfsError, match="No space left"):
            opened.rollback("file", version=first)
        assert (drive.source / "file").read_bytes() == b"present"
        assert not list(drive.source.glob(".lsfs*"))
        (drive.source / "filler").unlink()
        assert opened.rollback("file", version=first).changes
        assert (drive.source / "file").read_bytes() == noise(100_000, 0)
        readable = [
            opened.read("file", version=one.version, size=1 << 20).data
            for one in opened.versions("file").versions
            if one.kept
        ]
        for number in range(PASSES):
            assert noise(100_000, number) in readable
            assert noise(50_000, 100 + number) in readable
    whole_and_sound(drive)


def test_a_folder_that_does_not_fit_is_whole_files_and_says_which(
    tmp_path: Path, small: Callable[[str, int], Path]
) -> None:
    (tmp_path / "drive").mkdir()
    small("drive/source", 3 << 20)
    drive = CrashDrive(tmp_path / "drive", "kernel")
    folder = drive.source / "folder"
    folder.mkdir()
    then = {f"file{number}": noise(200_000, number) for number in range(4)}
    now = {name: noise(100_000, 9) for name in then}
    with local(drive) as opened:
        for contents in (then, now):
            for name, data in contents.items():
                (folder / name).write_bytes(data)
            opened.wait_indexed()
            opened.snapshot(f"of {len(data)}")
        filler = fill(drive.source)
        os.truncate(filler, filler.stat().st_size - 250_000)  # for one of them
        result = opened.restore("of 200000", "folder")
        failed = {change.path for change in result.changes if change.problem}
        assert 0 < len(failed) < len(then)
        assert exit_code(result) == 1
        for name in then:
            expected = now if f"folder/{name}" in failed else then
            assert (folder / name).read_bytes() == expected[name]
        filler.unlink()
        assert exit_code(opened.restore("of 200000", "folder")) == 0
        assert {name: (folder / name).read_bytes() for name in then} == then
        opened.restore("of 100000", "folder")
        assert {name: (folder / name).read_bytes() for name in then} == now
    whole_and_sound(drive)


def test_a_state_that_cannot_be_written_is_said(
    tmp_path: Path, small: Callable[[str, int], Path]
) -> None:
    place = small("drive/state", 8 << 20)
    drive = CrashDrive(tmp_path / "drive", "kernel")
    (drive.source / "file").write_bytes(b"one")
    with local(drive) as opened:
        opened.wait_indexed()
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    try:
        with pytest.raises(StateUnwritable):
            drive.mount()
        with pytest.raises(StateUnwritable), local(drive) as opened:
            opened.status(wait=True)
    finally:
        drive.close()
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)
    assert (drive.source / "file").read_bytes() == b"one"
    whole_and_sound(drive)
