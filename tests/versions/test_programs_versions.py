"""What programs overwrite through every kind of mount can be brought back."""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse import mounts
from lsfs.versions.contents import ContentLost, whole
from lsfs.versions.events import Op
from lsfs.versions.keeper import Keeper
from tests.fuse.conftest import Drive, make_drive
from tests.fuse.ways import ALL_WAYS

pytestmark = pytest.mark.mount

BIG = bytes(range(256)) * 2000  # more than the journal takes
LITTLE = b"a few bytes\n"


@pytest.fixture(scope="module", params=ALL_WAYS)
def drive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drive]:
    drive = make_drive(tmp_path_factory.mktemp("versions"), request.param)
    drive.mount()
    yield drive
    try:
        drive.umount()
    except BaseException:
        mounts.unmount(drive.mountpoint, lazy=True)
        raise


@pytest.fixture
def keeper(drive: Drive) -> Iterator[Keeper]:
    keeper = Keeper(drive.state, drive.source, SystemClock())
    yield keeper
    keeper.close()


@pytest.fixture
def folder(drive: Drive, request: pytest.FixtureRequest) -> Path:
    name = request.node.name.translate({ord("["): "-", ord("]"): None, ord(","): None})[:80]
    folder: Path = drive.mountpoint / name.replace(" ", "")
    folder.mkdir()
    return folder


@pytest.fixture
def versions(drive: Drive, keeper: Keeper) -> Callable[[Path], list[bytes | None]]:
    """All contents that a file of the mount had, oldest first; None for one that is lost."""

    def versions(path: Path) -> list[bytes | None]:
        # A last close is told of a moment after it.
        (drive.mountpoint / "marker").mkdir()
        (drive.mountpoint / "marker").rmdir()
        time.sleep(0.05)
        keeper.follow()
        found: list[bytes | None] = []
        for row in keeper.past.versions(os.fspath(path.relative_to(drive.mountpoint))):
            try:
                content = keeper.past.open(row)
            except ContentLost:
                found.append(None)
                continue
            found.append(whole(content))
            content.close()
        return found

    return versions


Versions = Callable[[Path], list[bytes | None]]


def run(*command: str | Path, cwd: Path | None = None, text: str | None = None) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, input=text, text=True)


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}")


# ruff: noqa: E501 - they are easier to read as lines
CHANGES: dict[str, tuple[str, ...]] = {
    "sed": ("sed", "-i", "s/a/b/", "f"),
    "dd": ("dd", "if=/dev/zero", "of=f", "conv=notrunc", "bs=3", "count=1"),
    "truncate": ("truncate", "-s", "3", "f"),
    "truncate longer": ("truncate", "-s", "+1000", "f"),
    "shell": ("sh", "-c", "echo another > f"),
    "append": ("sh", "-c", "echo more >> f"),
    "move over": ("sh", "-c", "echo new > g; mv g f"),
    "copy over": ("sh", "-c", "echo new > g; cp g f"),
    "copy with times": ("sh", "-c", "cp -p f g; echo x | dd of=g conv=notrunc; touch -r f g; cp -p g f"),
    "tar": ("sh", "-c", "mkdir o; echo other > o/f; tar -C o -cf t f; tar -xf t"),
    "tar overwrite": ("sh", "-c", "mkdir o; echo other > o/f; tar -C o -cf t f; tar --overwrite -xf t"),
    "rsync": ("sh", "-c", "mkdir o; echo other > o/f; rsync -t o/f f"),
    "rsync inplace": ("sh", "-c", "mkdir o; (cat f; echo x) | tr a b > o/f; rsync --inplace -t o/f f"),
    "fallocate": ("fallocate", "-p", "-o", "0", "-l", "4", "f"),
    "remove": ("rm", "f"),
    "vim": ("vim", "-u", "NONE", "-es", "-c", "normal! Onew line", "-c", "wq", "f"),
    "vim with backup": ("vim", "-u", "NONE", "-es", "-c", "set backup backupcopy=no", "-c", "normal! Onew", "-c", "wq", "f"),
    "vim in place": ("vim", "-u", "NONE", "-es", "-c", "set backupcopy=yes", "-c", "normal! Onew", "-c", "wq", "f"),
    "perl": ("perl", "-pi", "-e", "s/a/b/", "f"),
    "swap": ("sh", "-c", "echo other > g; mv f h; mv g f"),
    "link": ("sh", "-c", "ln f g; echo through the other name > g"),
    "link removed": ("sh", "-c", "ln f g; rm f; echo through the other name > g"),
    "killed": (sys.executable, "-c", "import os; f=open('f','r+b',0); f.write(b'zzz'); os.kill(os.getpid(), 9)"),
    "forked": (sys.executable, "-c", "import os; f=open('f','r+b',0); p=os.fork(); f.write(b'zzz'); p and os.waitpid(p,0)"),
}  # fmt: skip


@pytest.mark.parametrize("before", [LITTLE, BIG], ids=["little", "big"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_a_program_overwrites_is_a_version(
    folder: Path, drive: Drive, versions: Versions, change: str, before: bytes
) -> None:
    command = CHANGES[change]
    needs(command[0])
    for program in ("rsync", "tar"):
        if program in change:
            needs(program)
    if change == "fallocate" and drive.transport == "fusepy":
        pytest.skip("libfuse 2 offers no fallocate")
    (folder / "f").write_bytes(before)
    try:
        subprocess.run(command, cwd=folder, check=change != "killed", capture_output=True)
    except subprocess.CalledProcessError as error:
        raise AssertionError(error.stderr) from error
    after = (folder / "f").read_bytes() if (folder / "f").exists() else None
    name = "g" if change == "link removed" else "f"
    found = versions(folder / name)
    if name == "f":
        assert found[0] == before
        assert after is None or found[-1] == after
    else:
        assert before in found
    assert None not in found
    assert all(one != other for one, other in itertools.pairwise(found)), "one twice"


@pytest.mark.parametrize("opened", ["before", "after", "alone"])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_what_a_mapping_overwrites_is_a_version(
    folder: Path, versions: Versions, opened: str, closed: bool
) -> None:
    file = folder / "f"
    file.write_bytes(BIG)
    readers = []
    if opened == "before":
        readers.append(file.open("rb"))
        readers[0].read(10)
    writer = file.open("r+b")
    if opened == "after":
        readers.append(file.open("rb"))
    with mmap.mmap(writer.fileno(), 0) as mapped:
        if closed:
            writer.close()
        mapped[5000:5005] = b"first"
        mapped.flush()
    writer.close()
    first = file.read_bytes()
    with file.open("r+b") as writer, mmap.mmap(writer.fileno(), 0) as mapped:
        mapped[0:6] = b"second"
    second = file.read_bytes()
    for reader in readers:
        reader.close()
    assert versions(file) == [BIG, first, second]


def test_a_mapping_writes_after_another_has_closed(folder: Path, versions: Versions) -> None:
    file = folder / "f"
    file.write_bytes(BIG)
    with file.open("r+b") as writer, mmap.mmap(writer.fileno(), 0) as mapped:
        with file.open("r+b") as other:
            other.write(b"first")
        first = file.read_bytes()
        time.sleep(0.05)
        mapped[0:6] = b"second"
        mapped.flush()
    second = file.read_bytes()
    assert versions(file) == [BIG, first, second]


def test_a_new_file_is_mapped_while_another_writes(folder: Path, versions: Versions) -> None:
    """It is passed through from its beginning."""
    file = folder / "f"
    with file.open("w+b") as maker:
        maker.write(BIG)
        maker.flush()
        with mmap.mmap(maker.fileno(), 0) as mapped:
            with file.open("r+b") as other:
                other.write(b"first")
            first = file.read_bytes()
            mapped[0:6] = b"second"
            mapped.flush()
    second = file.read_bytes()
    found = versions(file)
    assert found[-1] == second
    assert first in found


def test_a_log_and_a_mapping(folder: Path, versions: Versions) -> None:
    file = folder / "f"
    file.write_bytes(BIG)
    log = os.open(file, os.O_WRONLY | os.O_APPEND)
    with file.open("r+b") as writer, mmap.mmap(writer.fileno(), 0) as mapped:
        os.write(log, b"appended")
        mapped[0:6] = b"mapped"
        os.write(log, b"appended")
    os.close(log)
    found = versions(file)
    assert found[0] == BIG
    assert found[-1] == file.read_bytes()
    assert None not in found


def test_the_name_of_a_temporary_file(folder: Path, drive: Drive, versions: Versions) -> None:
    try:
        fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o644)
    except OSError:
        pytest.skip("no files without a name here")
    os.write(fd, b"first")
    here = os.open(folder, os.O_RDONLY)
    os.link(f"/proc/self/fd/{fd}", "f", dst_dir_fd=here, follow_symlinks=True)
    os.close(here)
    os.pwrite(fd, b"second", 0)
    os.close(fd)
    assert versions(folder / "f") == [b"first", b"second"]
    (folder / "f").write_bytes(b"third")
    assert versions(folder / "f") == [b"first", b"second", b"third"]


def test_the_one_name_goes_while_the_other_is_written(folder: Path, versions: Versions) -> None:
    (folder / "f").write_bytes(BIG)
    os.link(folder / "f", folder / "g")
    with (folder / "f").open("r+b") as file:
        (folder / "f").unlink()
        file.write(b"zzz")
    assert versions(folder / "g") == [BIG, b"zzz" + BIG[3:]]


def test_renaming_onto_another_name_of_itself_changes_nothing(
    folder: Path, versions: Versions
) -> None:
    (folder / "f").write_bytes(BIG)
    os.link(folder / "f", folder / "g")
    (folder / "f").rename(folder / "g")
    (folder / "f").rename(folder / "f")
    assert sorted(os.listdir(folder)) == ["f", "g"]  # noqa: PTH208
    assert versions(folder / "f") == [BIG]
    assert versions(folder / "g") == [BIG]


def test_what_a_removed_file_held(folder: Path, versions: Versions) -> None:
    """Who still has it open may write to it, and what was kept stays as it was."""
    file = folder / "f"
    file.write_bytes(BIG)
    with file.open("rb") as reader:
        file.unlink()
        assert os.fstat(reader.fileno()).st_nlink == 0
        again = os.open(f"/proc/self/fd/{reader.fileno()}", os.O_RDWR)
        os.write(again, b"zzz")
        os.close(again)
    assert versions(file) == [BIG]
    file.write_bytes(BIG[:-1])
    with file.open("r+b") as writer:
        file.unlink()
        writer.write(b"zzz")
    assert versions(file) == [BIG, BIG[:-1]]


def test_a_failed_rename_keeps_the_file_apart(folder: Path, versions: Versions) -> None:
    file = folder / "f"
    file.write_bytes(BIG)
    (folder / "d").mkdir()
    for name in ("d", "missing"):
        with pytest.raises(OSError):
            (folder / name).rename(file)
    with file.open("r+b") as writer:
        writer.write(b"zzz")
    assert versions(file) == [BIG, b"zzz" + BIG[3:]]


def test_names_of_any_kind(folder: Path, keeper: Keeper, versions: Versions) -> None:
    for name in (b"\xff\xfe \n", b"*[x]", b"x" * 255, b".lsfs-restore-x"):
        path = folder / os.fsdecode(name)
        path.write_bytes(BIG)
        path.write_bytes(LITTLE)
        path.unlink()
        path.write_bytes(b"third")
        assert versions(path) == [BIG, LITTLE, b"third"]


def test_one_name_for_all_kinds(folder: Path, versions: Versions) -> None:
    path = folder / "x"
    path.symlink_to("elsewhere")
    path.unlink()
    path.write_bytes(LITTLE)
    path.unlink()
    path.mkdir()
    path.rmdir()
    path.write_bytes(BIG)
    (folder / "link").symlink_to("x")
    (folder / "link").rename(path)
    path.unlink()
    path.write_bytes(b"third")
    found = versions(path)
    assert found[-1] == b"third"


def test_a_database(folder: Path, versions: Versions) -> None:
    path = folder / "db.sqlite"
    seen = []
    for number in range(4):
        db = sqlite3.connect(path)
        with db:
            db.execute("CREATE TABLE IF NOT EXISTS t(x)")
            db.execute("INSERT INTO t VALUES (?)", (f"{number}" * 3000,))
        db.close()
        seen.append(path.read_bytes())
    found = versions(path)
    assert [one for one in found if one in seen] == seen
    assert None not in found


def test_a_repository(folder: Path, versions: Versions) -> None:
    needs("git")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")
    run(*git, "init", "-q", "-b", "main", ".", cwd=folder)
    for number in range(3):
        (folder / "f").write_text(f"version {number}\n" * 5000)
        run(*git, "add", "f", cwd=folder)
        run(*git, "commit", "-qm", str(number), cwd=folder)
    run(*git, "checkout", "-q", "HEAD~2", cwd=folder)
    run(*git, "gc", "-q", "--prune=now", cwd=folder)
    expected = [f"version {number}\n".encode() * 5000 for number in (0, 1, 2, 0)]
    assert versions(folder / "f") == expected
    index = versions(folder / ".git/index")
    assert len(index) >= 3
    assert None not in index


def test_office(folder: Path, versions: Versions) -> None:
    """A lock file, a new file beside it, a backup, and the names are exchanged."""
    path, lock, new = folder / "a.odt", folder / ".~lock.a.odt#", folder / "lu1234.tmp"
    path.write_bytes(BIG)
    for number in range(3):
        lock.write_text("me")
        new.write_bytes(BIG + b"%d" % number)
        path.rename(folder / "a.odt.bak")
        new.rename(path)
        (folder / "a.odt.bak").unlink()
        lock.unlink()
    assert versions(path) == [BIG, *(BIG + b"%d" % number for number in range(3))]


def test_a_large_file_that_is_appended_to_is_not_copied(
    folder: Path, drive: Drive, keeper: Keeper, versions: Versions
) -> None:
    size = 1 << 31
    path = folder / "f"
    with path.open("wb") as file:
        file.write(b"head")
        file.truncate(size)
    versions(folder / "none")
    position = keeper.ledger.position
    for number in range(20):
        with path.open("ab") as file:
            file.write(b"line %02d\n" % number)
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"middle")
        file.write(b"and more")
    versions(folder / "none")
    events = list(keeper.past.journal.after(position))
    captured = [event for event in events if event.op == Op.CAPTURED]
    assert [event.state and event.state.size for event in captured] == [size + 160]
    blocks = [(drive.state.incoming / str(event.target)).stat().st_blocks for event in captured]
    assert blocks[0] < 1000
    name = os.fspath(path.relative_to(drive.mountpoint))
    found = keeper.past.versions(name)
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    for number, row in enumerate(found[-22:-1]):
        lines = b"".join(b"line %02d\n" % one for one in range(number))
        with contextlib.closing(keeper.past.open(row)) as content:
            assert content.size == size + len(lines)
            assert content.read(0, 4) == b"head"
            assert content.read(size // 2, 6) == bytes(6)
            assert content.read(size - 4, 1000) == bytes(4) + lines
    with contextlib.closing(keeper.past.open(found[-1])) as content:
        assert content.read(size // 2, 14) == b"middleand more"
    path.unlink()
