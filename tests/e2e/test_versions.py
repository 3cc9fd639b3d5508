"""Versions on a mounted drive with its brain: storms undone, forty versions gone back to."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3

import lsfs
from lsfs.config import MountConfig
from lsfs.drives import initialise
from lsfs.errors import LsfsError, NotFound
from lsfs.fuse.mount import mount, umount
from tests.syscalls.test_past import tree

pytestmark = pytest.mark.mount
Eventually = Callable[[Callable[[], object]], object]


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[lsfs.Drive, Path]]:
    """A mounted drive without models, as the Python API and as a folder."""
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    source, mountpoint = tmp_path / "docs", tmp_path / "drive"
    source.mkdir()
    mountpoint.mkdir()
    (source / "there.txt").write_text("there before lsfs was")
    record = initialise(source)
    mount(record.source, mountpoint, record.state, MountConfig())
    try:
        with lsfs.open(source) as drive:
            drive.wait_indexed()
            yield drive, mountpoint
    finally:
        umount(mountpoint)


def storm(folder: Path, chance: random.Random, steps: int) -> None:
    """Change a tree at random, as programs do."""
    for _ in range(steps):
        paths = sorted(path for path in folder.rglob("*"))
        files = [path for path in paths if path.is_file() and not path.is_symlink()]
        folders = [folder, *(p for p in paths if p.is_dir() and not p.is_symlink())]
        place = chance.choice(folders) / f"{chance.choice('abcdefgh')}{chance.randrange(6)}"
        match chance.randrange(11):
            case 0 | 1 if not place.is_dir():
                place.unlink(missing_ok=True)
                place.write_bytes(chance.randbytes(chance.choice((0, 10, 3_000, 90_000))))
            case 2 if files:
                with chance.choice(files).open("ab") as file:
                    file.write(chance.randbytes(50))
            case 3 if files:
                with chance.choice(files).open("r+b") as file:
                    file.seek(chance.randrange(100))
                    file.write(b"in the middle")
            case 4 if files and not place.is_dir():
                chance.choice(files).replace(place)
            case 5 if not os.path.lexists(place):
                place.mkdir(mode=chance.choice((0o755, 0o700)))
            case 6 if files:
                chance.choice(files).unlink()
            case 7 if not os.path.lexists(place):
                place.symlink_to(chance.choice(("a1", "../b2", "/nowhere")))
            case 8 if files:
                chance.choice(files).chmod(chance.choice((0o600, 0o644, 0o755)))
            case 9 if len(folders) > 1:
                moved = chance.choice(folders[1:])
                if not os.path.lexists(place) and moved not in (place, *place.parents):
                    moved.rename(place)
            case 10 if len(folders) > 1 and chance.random() < 0.3:
                shutil.rmtree(chance.choice(folders[1:]))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_is_undone(mounted: tuple[lsfs.Drive, Path], seed: int) -> None:
    drive, front = mounted
    chance = random.Random(seed)
    moments: list[tuple[int, dict[str, tuple[int, bytes | str | None]]]] = []
    for _ in range(4):
        storm(front, chance, 40)
        time.sleep(0.01)
        moments.append((time.time_ns(), tree(front)))
        time.sleep(0.01)
    for time_ns, before in [*moments[::-1], *moments]:
        done = drive.rollback("", to=exact(time_ns))
        assert [change for change in done.changes if change.problem] == []
        assert tree(front) == before
        assert tree(drive.source) == before
    assert drive.fsck().problems == ()


def exact(time_ns: int) -> str:
    """A moment as a person or a program writes it, to the nanosecond."""
    seconds, rest = divmod(time_ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


def _count(drive: lsfs.Drive, path: str) -> int:
    """The versions so far: the kernel tells of the end of a file only after it was closed."""
    try:
        return len(drive.versions(path).versions)
    except NotFound:
        return 0


@pytest.mark.parametrize("size", [300, 40_000, 1_200_000])
def test_forty_versions_by_number_and_by_time(mounted: tuple[lsfs.Drive, Path], size: int) -> None:
    drive, front = mounted
    chance = random.Random(size)
    file = front / "report.bin"
    contents: list[bytes] = []
    times: list[int] = []
    data = bytearray(chance.randbytes(size))
    for number in range(40):
        data[number * 7 : number * 7 + 4] = b"%04d" % number
        file.write_bytes(data)
        contents.append(bytes(data))
        while _count(drive, "report.bin") <= number:
            time.sleep(0.005)
        times.append(time.time_ns())
    history = drive.versions("report.bin").versions
    assert [version.digest for version in history] == [
        blake3(content).hexdigest() for content in contents
    ]
    for number in (5, 40, 1, 23):
        drive.rollback("report.bin", version=number)
        assert file.read_bytes() == contents[number - 1]
    for number in (10, 39, 0):
        drive.rollback("report.bin", to=exact(times[number]))
        assert file.read_bytes() == contents[number]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_file_that_is_being_written_has_no_version_yet(mounted: tuple[lsfs.Drive, Path]) -> None:
    drive, front = mounted
    with (front / "new.txt").open("w") as file:
        file.write("half of it")
        file.flush()
        with pytest.raises(NotFound, match=r"new\.txt has no version yet"):
            drive.versions("new.txt")
    while not _count(drive, "new.txt"):
        time.sleep(0.005)
    assert [version.size for version in drive.versions("new.txt").versions] == [10]


def test_history_goes_through_renames_of_files_and_folders(
    mounted: tuple[lsfs.Drive, Path],
) -> None:
    drive, front = mounted
    (front / "drafts").mkdir()
    (front / "drafts" / "a.txt").write_text("one")
    (front / "drafts" / "a.txt").write_text("two!")
    (front / "drafts" / "a.txt").rename(front / "drafts" / "b.txt")
    (front / "drafts" / "b.txt").write_text("three")
    (front / "drafts").rename(front / "final")
    saved = front / "final" / ".b.txt.new"
    saved.write_text("four, saved aside")
    saved.replace(front / "final" / "b.txt")
    history = drive.versions("final/b.txt").versions
    assert [(v.version, v.path) for v in history] == [
        (1, "drafts/a.txt"), (2, "drafts/a.txt"), (3, "drafts/b.txt"), (4, "final/b.txt"),
    ]  # fmt: skip
    for number, text in enumerate(("one", "two!", "three", "four, saved aside"), 1):
        assert drive.read("final/b.txt", version=number).data == text.encode()
    drive.rollback("final/b.txt", version=1)
    assert (front / "final" / "b.txt").read_text() == "one"


def test_what_is_edited_behind_the_mount_comes_back_too(
    mounted: tuple[lsfs.Drive, Path], eventually: Eventually
) -> None:
    drive, front = mounted
    file = drive.source / "there.txt"
    file.write_text("edited behind the mount")
    eventually(lambda: len(drive.versions("there.txt").versions) == 2)
    first, second = drive.versions("there.txt").versions
    assert (first.op, second.op) == ("found", "outside")
    drive.rollback("there.txt", back=1)
    assert (front / "there.txt").read_text() == "there before lsfs was"
    file.unlink()
    eventually(lambda: [gone.path for gone in drive.trash().files] == ["there.txt"])
    drive.trash_restore("there.txt")
    assert (front / "there.txt").read_text() == "there before lsfs was"


def test_the_feed_of_changes_as_they_happen(
    mounted: tuple[lsfs.Drive, Path], eventually: Eventually
) -> None:
    import threading

    drive, front = mounted
    told: list[dict[str, object]] = []
    with lsfs.open(drive.source, on_event=lambda event: told.append(event)) as listener:

        def listen() -> None:
            with contextlib.suppress(LsfsError):  # the connection ends with the mount
                listener.log(follow=True)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        (front / "new.txt").write_text("new")
        (front / "new.txt").rename(front / "named.txt")

        def seen() -> list[tuple[object, object]]:
            changes = [event["change"] for event in told if event.get("change")]
            return [(c["op"], c["path"]) for c in changes]  # type: ignore[index]

        eventually(lambda: ("renamed", "named.txt") in seen())
        assert ("created", "new.txt") in seen()


def test_a_folder_goes_back_while_programs_have_its_files_open(
    mounted: tuple[lsfs.Drive, Path],
) -> None:
    drive, mountpoint = mounted
    folder = mountpoint / "folder"
    folder.mkdir()
    then = {name: f"{name} as it was\n".encode() * 9000 for name in ("log", "book", "read", "gone")}
    for name, data in then.items():
        (folder / name).write_bytes(data)
    drive.wait_indexed()
    drive.snapshot("then")
    (folder / "gone").unlink()
    for name in ("log", "book", "read"):
        (folder / name).write_bytes(b"in between")
    (folder / "new").write_bytes(b"removed by the rollback")
    with (
        (folder / "log").open("ab", buffering=0) as log,
        (folder / "book").open("r+b", buffering=0) as book,
        (folder / "new").open("ab", buffering=0) as new,
        (folder / "read").open("rb") as read,
    ):
        log.write(b", appended to")
        book.write(b"OVER")
        new.write(b", and open")
        done = drive.restore("then", "folder")
        for file in (log, book, new):
            file.write(b"nobody reads this")
        assert read.read() == b"in between"
    assert {place.name: place.read_bytes() for place in folder.iterdir()} == then
    in_use = {change.path.rpartition("/")[2] for change in done.changes if change.in_use}
    assert (in_use, [c.path for c in done.changes if c.problem]) == ({"log", "book", "new"}, [])
    for name, before in (
        ("log", b"in between, appended to"), ("book", b"OVERetween"),
        ("new", b"removed by the rollback, and open"),
    ):  # fmt: skip
        path = f"folder/{name}"
        kept = [one.version for one in drive.versions(path).versions if one.kept]
        assert before in [drive.read(path, version=number, size=1 << 20).data for number in kept]
    drive.rollback("folder", to=done.undo)
    # As they were closed last; what was being written is a version, see above.
    assert (folder / "log").read_bytes() == b"in between"
    assert (folder / "new").read_bytes() == b"removed by the rollback"
    assert not (folder / "gone").exists()
