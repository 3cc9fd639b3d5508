"""The past in a mounted drive, by each transport, with ordinary programs; a keeper is the brain."""

# The calls themselves are what is tested.
# ruff: noqa: PTH104, PTH108, PTH211

from __future__ import annotations

import errno
import mmap
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.versions.keeper import Keeper
from lsfs.versions.moments import exact
from tests.fuse.conftest import Drive, Place
from tests.fuse.fake_index import refused

LARGE = os.urandom(3 << 20) + bytes(1 << 20) + b"end"


@pytest.fixture(scope="module")
def keeper(shared: Drive) -> Iterator[Keeper]:
    keeper = Keeper(shared.state, shared.source, SystemClock())
    yield keeper
    keeper.close()


class Past:
    """What is below ``.lsfs`` about a test's folder."""

    def __init__(self, place: Place, keeper: Keeper) -> None:
        self.keeper = keeper
        self.front = place.front
        self.name = place.name
        self.top = place.drive.mountpoint / ".lsfs"
        self._drive = place.drive

    def now(self) -> str:
        """This moment, behind all that was done before it: the kernel tells of a close late."""
        self._drive.events()
        return exact(time.time_ns())

    def at(self, moment: str) -> Path:
        return self.top / "at" / moment / self.name

    @property
    def trash(self) -> Path:
        return self.top / "trash" / self.name

    def versions(self, path: str) -> list[Path]:
        folder = self.top / "versions" / self.name / path
        return sorted(folder.iterdir())

    def catch_up(self) -> None:
        self._drive.events()
        self.keeper.follow()


@pytest.fixture
def past(place: Place, keeper: Keeper) -> Past:
    return Past(place, keeper)


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode("utf-8", "surrogateescape")


def state_of(path: Path) -> tuple[object, ...]:
    """What a copy has to have; modes as far as they can be read."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return "link", os.readlink(path)  # noqa: PTH115
    kind, mode = stat.S_IFMT(found.st_mode), found.st_mode & 0o555
    if stat.S_ISDIR(found.st_mode):
        return kind, mode
    return kind, mode, found.st_mtime_ns, found.st_size, path.read_bytes()


def state_below(root: Path) -> dict[str, tuple[object, ...]]:
    return {os.path.relpath(path, root): state_of(path) for path in [root, *root.rglob("*")]}


def make_tree(front: Path) -> None:
    (front / "docs/.deep").mkdir(parents=True, mode=0o750)
    (front / "docs/report.txt").write_bytes(b"one\n")
    (front / "docs/.deep/HEAD").write_bytes(b"ref")
    (front / "docs/empty").mkdir(mode=0o700)
    (front / "docs/two words\udcff.txt").write_bytes(b"bytes")
    (front / ("x" * 255)).write_bytes(b"long")
    (front / "large").write_bytes(LARGE)
    (front / "private").write_bytes(b"p")
    (front / "private").chmod(0o600)
    (front / "program").write_bytes(b"#!/bin/sh\n")
    (front / "program").chmod(0o755)
    os.symlink("docs/report.txt", front / "link")
    os.symlink("../no/where", front / "docs/broken")
    (front / "nothing").touch()
    for number, path in enumerate(sorted(front.rglob("*"))):
        if path.is_file() and not path.is_symlink():
            os.utime(path, ns=(5, 1_500_000_000_123_456_789 + number))


def change_tree(front: Path) -> None:
    (front / "docs/report.txt").write_bytes(b"two\n")
    with (front / "docs/.deep/HEAD").open("ab") as file:
        file.write(b" more")
    with (front / "large").open("r+b") as file:
        file.seek(100)
        file.write(b"zzz")
    os.unlink(front / ("x" * 255))
    os.unlink(front / "link")
    os.symlink("elsewhere", front / "link")
    (front / "program").chmod(0o644)
    os.rename(front / "docs", front / "papers")
    (front / "papers/new~").write_bytes(b"three\n")
    os.rename(front / "papers/new~", front / "papers/report.txt")
    (front / "papers/empty").rmdir()
    (front / "papers/empty").write_bytes(b"a file now")


def test_a_copy_of_the_past_is_the_copy_taken_then(past: Past, tmp_path: Path) -> None:
    make_tree(past.front)
    run("cp", "-a", past.front, tmp_path / "then")
    past.catch_up()
    time.sleep(1.1)  # attributes that are set within a second belong to what was there
    then = past.now()
    change_tree(past.front)
    run("cp", "-a", past.front, tmp_path / "later")
    later = past.now()
    os.unlink(past.front / "private")
    past.catch_up()
    past.keeper.settle()
    for moment, copied in ((then, "then"), (later, "later")):
        assert state_below(past.at(moment)) == state_below(tmp_path / copied)
        run("cp", "-a", past.at(moment), tmp_path / f"{copied} again")
        assert state_below(tmp_path / f"{copied} again") == state_below(tmp_path / copied)
        run("diff", "-r", "--no-dereference", past.at(moment), tmp_path / copied)
        listed = run("find", past.at(moment), "-printf", "%P\\n").splitlines()
        assert sorted(listed) == sorted(
            run("find", tmp_path / copied, "-printf", "%P\\n").split("\n")[:-1]
        )
        run("tar", "-C", past.at(moment), "-cf", tmp_path / f"{copied}.tar", ".")
        (tmp_path / f"{copied} untarred").mkdir()
        run("tar", "-C", tmp_path / f"{copied} untarred", "-xpf", tmp_path / f"{copied}.tar")
        untarred = tmp_path / f"{copied} untarred"
        run("diff", "-r", "--no-dereference", untarred, tmp_path / copied)


def test_versions_of_a_renamed_file(past: Past) -> None:
    (past.front / "draft.txt").write_bytes(b"one")
    (past.front / "draft.txt").write_bytes(b"two")
    os.rename(past.front / "draft.txt", past.front / "final.txt")
    with (past.front / "final.txt").open("ab") as file:
        file.write(b" and three")
    past.catch_up()
    shown = past.versions("final.txt")
    assert [path.name[:5] + path.name[-5:] for path in shown] == [
        "0001 Z.txt", "0002 Z.txt", "0003 Z.txt",
    ]  # fmt: skip
    assert [path.read_bytes() for path in shown] == [b"one", b"two", b"two and three"]
    assert [path.stat().st_size for path in shown] == [3, 3, 13]
    assert [oct(path.stat().st_mode) for path in shown] == ["0o100444"] * 3
    assert os.getxattr(past.front / "final.txt", "user.lsfs.version") == b"3"
    run("diff", "-q", shown[2], past.front / "final.txt")


def test_a_removed_file_comes_back_from_the_trash(past: Past, tmp_path: Path) -> None:
    (past.front / "d").mkdir()
    (past.front / "d/large").write_bytes(LARGE)
    (past.front / "d/small").write_bytes(b"small")
    shutil.rmtree(past.front / "d")
    past.catch_up()
    assert sorted(os.listdir(past.trash / "d")) == ["large", "small"]  # noqa: PTH208
    run("cp", past.trash / "d/small", past.front / "copied")
    assert (past.front / "copied").read_bytes() == b"small"
    refused(errno.EXDEV, os.rename, past.trash / "d/large", past.front / "moved")
    # As from any read-only place: the copy is there, the original stays.
    moved = subprocess.run(
        ["mv", past.trash / "d/large", past.front / "moved"], capture_output=True
    )
    assert (moved.returncode, b"Read-only" in moved.stderr) == (1, True)
    assert (past.front / "moved").read_bytes() == LARGE
    for refusal in (
        lambda: os.unlink(past.trash / "d/small"),
        lambda: (past.trash / "d/small").open("ab"),
        lambda: os.rmdir(past.trash / "d"),  # noqa: PTH106
        lambda: (past.trash / "new").write_bytes(b"x"),
    ):
        refused(errno.EROFS, refusal)
    (past.front / "d").mkdir()
    (past.front / "d/small").write_bytes(b"again")
    past.catch_up()
    assert (past.trash / "d/large").read_bytes() == LARGE


def test_an_old_version_of_gigabytes_takes_no_memory(
    past: Past, place: Place, tmp_path: Path
) -> None:
    with (past.front / "disk").open("wb") as file:
        file.write(b"begin")
        file.truncate(2 << 30)
    then = past.now()
    with (past.front / "disk").open("r+b") as file:
        file.truncate(3)
    past.catch_up()
    before = resident(place.drive.info.pid)
    with (past.at(then) / "disk").open("rb", buffering=0) as file:
        assert file.read(8) == b"begin\0\0\0"
        assert file.seek(0, os.SEEK_END) == 2 << 30
        file.seek((2 << 30) - 4)
        assert file.read(100) == bytes(4)
        length = 0
        file.seek(0)
        for _ in range(64):
            length += len(file.read(1 << 20))
        assert length == 64 << 20
    assert resident(place.drive.info.pid) - before < 48 << 20
    # Deleted, or the drive of the other tests would be looked at for long.
    os.unlink(past.front / "disk")


def resident(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_names_that_programs_look_for_are_not_there(past: Past) -> None:
    (past.front / "f").write_bytes(b"x")
    past.catch_up()
    for folder in (past.top / "at", past.at(past.now()), past.top / "versions", past.top / "trash"):
        for name in (".git", "HEAD", ".hidden", "desktop.ini", "x" * 255, "2026-13-01"):
            assert not os.path.lexists(folder / name), (folder, name)


def test_mapped_and_concurrent_reading(past: Past) -> None:
    (past.front / "f").write_bytes(LARGE)
    then = past.now()
    past.catch_up()
    with (
        (past.at(then) / "f").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped,
    ):
        assert mapped[:] == LARGE
    with ThreadPoolExecutor(4) as pool:
        first = [pool.submit((past.at(then) / "f").read_bytes) for _ in range(4)]
        (past.front / "f").write_bytes(b"overwritten meanwhile")
        assert all(read.result() == LARGE for read in first)
    assert (past.at(then) / "f").read_bytes() == LARGE
