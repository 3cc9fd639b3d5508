"""What the journal says of each change that comes through the mount."""

from __future__ import annotations

import mmap
import os
import sqlite3
import subprocess
from collections.abc import Callable

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse import libc
from lsfs.fuse.changes import Changes
from lsfs.versions.events import Op
from tests.fuse.conftest import Place

pytestmark = pytest.mark.mount

Event = tuple[object, ...]


class Expect:
    """Waits until the journal has as many events as are expected, and compares them.

    The kernel lets go of a handle some time after close() has returned, so a file's event may come
    a moment later; that no more come is seen by making a folder, which waits for its own.
    """

    def __init__(self, place: Place, eventually: Callable[..., object]) -> None:
        self._place = place
        self._eventually = eventually

    def __call__(self, *expected: Event) -> None:
        found: list[Event] = []

        def enough() -> bool:
            found.extend(self._place.changes())
            return len(found) >= len(expected)

        self._eventually(enough)
        (self._place.front / "fence").mkdir()
        found.extend(self._place.changes())
        (self._place.front / "fence").rmdir()
        assert self._place.changes() == [(Op.REMOVED_DIR, "fence")]
        assert found == [*expected, (Op.MADE_DIR, "fence")]


@pytest.fixture
def expect(place: Place, eventually: Callable[..., object]) -> Expect:
    return Expect(place, eventually)


def test_create_edit_append_delete(place: Place, expect: Expect) -> None:
    path = place.front / "f"
    path.write_text("one")
    expect((Op.WRITTEN, "f"))
    path.write_text("two, in its place")
    expect((Op.WRITTEN, "f"))
    with path.open("a") as file:
        file.write("three")
        file.flush()
        file.write("four")
    expect((Op.WRITTEN, "f"))
    path.unlink()
    expect((Op.REMOVED, "f"))


def test_an_empty_file_is_news(place: Place, expect: Expect) -> None:
    (place.front / "f").touch()
    expect((Op.WRITTEN, "f"))


def test_looking_is_no_news(place: Place, expect: Expect) -> None:
    (place.behind / "f").write_text("x")
    (place.front / "f").read_text()
    os.close(os.open(place.front / "f", os.O_RDWR))
    list(place.front.iterdir())
    expect()


def test_atomic_save(place: Place, expect: Expect) -> None:
    (place.front / "doc").write_text("old")
    expect((Op.WRITTEN, "doc"))
    (place.front / ".doc.tmp").write_text("new")
    (place.front / ".doc.tmp").rename(place.front / "doc")
    # The rename does not wait for the kernel to let go of the handle: either may be first, and
    # the late one then carries the file's new name.
    changes: list[Event] = []
    while len(changes) < 2:
        changes += place.changes()
    assert (Op.RENAMED, ".doc.tmp", "doc") in changes
    assert changes[0] in ((Op.WRITTEN, ".doc.tmp"), (Op.RENAMED, ".doc.tmp", "doc"))
    if changes[0][0] == Op.RENAMED:
        assert changes[1] == (Op.WRITTEN, "doc")
    expect()


def test_folders(place: Place, expect: Expect) -> None:
    (place.front / "old").mkdir()
    (place.front / "old/f").write_text("x")
    expect((Op.MADE_DIR, "old"), (Op.WRITTEN, "old/f"))
    (place.front / "old").rename(place.front / "new")
    expect((Op.RENAMED, "old", "new"))
    (place.front / "new/f").unlink()
    (place.front / "new").rmdir()
    expect((Op.REMOVED, "new/f"), (Op.REMOVED_DIR, "new"))


def test_truncating(place: Place, expect: Expect) -> None:
    (place.behind / "f").write_text("long enough")
    os.truncate(place.front / "f", 4)
    expect((Op.WRITTEN, "f"))
    with (place.front / "f").open("r+b") as file:
        file.truncate(2)
    expect((Op.WRITTEN, "f"))


def test_links_and_nodes(place: Place, expect: Expect) -> None:
    (place.behind / "f").write_text("x")
    os.link(place.front / "f", place.front / "second")
    os.mknod(place.front / "made", 0o100644)
    os.mkfifo(place.front / "fifo")
    (place.front / "symbolic").symlink_to("f")
    expect((Op.WRITTEN, "second"), (Op.WRITTEN, "made"), (Op.MADE_LINK, "symbolic", "f"))


def test_a_mapping_that_was_written_to(place: Place, expect: Expect) -> None:
    (place.behind / "f").write_bytes(b"x" * 4096)
    with (place.front / "f").open("r+b") as file, mmap.mmap(file.fileno(), 4096) as mapped:
        mapped[7] = 0
    expect((Op.WRITTEN, "f"))


def test_exchange_changes_both(place: Place, expect: Expect) -> None:
    (place.behind / "a").write_text("A")
    (place.behind / "b").write_text("B")
    old, new = (os.fsencode(place.front / name) for name in ("a", "b"))
    if place.has_flags:
        libc.rename(libc.AT_FDCWD, old, libc.AT_FDCWD, new, libc.RENAME_EXCHANGE)
        expect((Op.EXCHANGED, "a", "b"))
    else:
        # libfuse 2 has no rename flags: refused, and nothing is noted.
        with pytest.raises(OSError):
            libc.rename(libc.AT_FDCWD, old, libc.AT_FDCWD, new, libc.RENAME_EXCHANGE)
        expect()


def test_a_removed_open_file_is_removed_once(place: Place, expect: Expect) -> None:
    with (place.front / "f").open("w") as file:
        (place.front / "f").unlink()
        file.write("never seen again")
    expect((Op.REMOVED, "f"))


def test_attributes(place: Place) -> None:
    (place.behind / "f").write_text("x")
    (place.front / "f").chmod(0o600)
    os.utime(place.front / "f", ns=(1, 2))
    assert [event[0] for event in place.drive.events()] == [Op.ATTRIBUTES] * 2


def test_names_survive(place: Place, expect: Expect) -> None:
    name = os.fsdecode(b"\xff two\nlines")
    (place.front / name).write_text("x")
    expect((Op.WRITTEN, name))


def test_git_leaves_no_open_ends(place: Place, expect: Expect) -> None:
    subprocess.run(["git", "init", "-q", str(place.front)], check=True, capture_output=True)
    paths = [event[-1] for event in place.changes()]
    assert ".git/HEAD" in paths
    assert not [path for path in paths if ".fuse_hidden" in path]


class FullDisk:
    """A journal that cannot be written."""

    def __init__(self) -> None:
        self.calls = 0

    def append(
        self, time_ns: int, op: Op, path: bytes, target: bytes | None = None, **_: object
    ) -> int:
        self.calls += 1
        if self.calls < 3:
            raise sqlite3.OperationalError("database or disk is full")
        return self.calls


def test_a_full_disk_fails_no_operation(caplog: pytest.LogCaptureFixture) -> None:
    changes = Changes(FullDisk(), SystemClock())
    for _ in range(3):
        changes.note(Op.WRITTEN, b"/f")
    levels = [record.levelname for record in caplog.records]
    assert levels == ["ERROR", "WARNING"]  # said once, and once that it is over


def test_nudging_never_waits() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    changes = Changes(FullDisk(), SystemClock(), write_end)
    for _ in range(100_000):
        changes.nudge()
    os.close(read_end)
    changes.nudge()
    os.close(write_end)
