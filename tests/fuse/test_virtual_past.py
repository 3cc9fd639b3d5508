"""Versions, the tree of a moment and the trash in the virtual directory, with no mount."""

from __future__ import annotations

import errno
import os
import stat
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse.branches.past import IN_MEMORY
from lsfs.fuse.nodes import Change
from lsfs.fuse.virtual import NodeKind, VirtualTree
from lsfs.syscalls.moments import moment
from lsfs.versions.moments import day_of, exact, moment_of, stamp
from lsfs.versions.past import Past
from tests.fuse.bare import ME, find, later, opened
from tests.fuse.fake_index import Index, Seconds, names, refused
from tests.fuse.past_world import World, world

LARGE = os.urandom(IN_MEMORY) + b"end"
SECOND = 10**9


@pytest.fixture
def drive(tmp_path: Path, index: Index, seconds: Seconds) -> Iterator[World]:
    with world(tmp_path, index, seconds) as made:
        yield made


@pytest.fixture
def source(drive: World, tmp_path: Path) -> Path:
    return tmp_path / "source"


# --- versions


def test_a_drive_without_a_past_has_none_of_it(tree: VirtualTree, drive: World) -> None:
    assert "at" not in names(tree)
    assert drive.names()[-3:] == ["versions", "at", "trash"]
    assert [drive.names(branch) for branch in ("versions", "at", "trash")] == [[], [], []]
    refused(errno.ENOENT, drive.tree.lookup, ("versions", "x"))
    refused(errno.EISDIR, drive.read, "versions")


def test_each_content_of_a_file_is_a_file(drive: World) -> None:
    drive.mkdir("d")
    drive.write("d/report.txt", b"one\n", mode=0o640)
    drive.write("d/report.txt", b"two two\n")
    drive.write("d/report.txt", b"three\n", append=True)
    drive.catch_up()
    assert (drive.names("versions"), drive.names("versions", "d")) == (["d"], ["report.txt"])
    rows = drive.past.versions("d/report.txt")
    shown = drive.names("versions", "d", "report.txt")
    assert shown == [f"000{row.number} {stamp(row.begin_ns)}.txt" for row in rows]
    place = ("versions", "d", "report.txt")
    assert [drive.read(*place, name) for name in shown] == [
        b"one\n", b"two two\n", b"two two\nthree\n",
    ]  # fmt: skip
    first = drive.tree.lookup((*place, shown[0]))
    assert (first.kind, first.size, first.mode) == (NodeKind.FILE, 4, 0o440)
    assert (first.mtime_ns, first.owner) == (rows[0].mtime_ns, (os.getuid(), os.getgid()))
    for name in ("0004 x", shown[0][:-1], "1" + shown[0], "report.txt", ".git", "HEAD"):
        refused(errno.ENOENT, drive.tree.lookup, (*place, name))
    refused(errno.ENOENT, drive.tree.lookup, (*place, shown[0], "x"))
    refused(errno.EISDIR, drive.read, *place)


def test_a_history_goes_on_under_a_new_name(drive: World) -> None:
    drive.mkdir("d")
    drive.write("a.txt", b"one")
    drive.write("a.txt", b"two")
    drive.rename("a.txt", "d/b.md")
    drive.write("d/b.md", b"three")
    drive.catch_up()
    assert drive.names("versions") == ["d"]
    shown = drive.names("versions", "d", "b.md")
    assert [name[:5] + name[-3:] for name in shown] == ["0001 .md", "0002 .md", "0003 .md"]
    contents = [drive.read("versions", "d", "b.md", name) for name in shown]
    assert contents == [b"one", b"two", b"three"]
    # By the old name it is found, though not listed.
    assert [name[:4] for name in drive.names("versions", "a.txt")] == ["0001", "0002"]


def test_what_is_saved_in_the_place_of_another_is_its_next_version(drive: World) -> None:
    drive.write("a.txt", b"one")
    drive.write(".a.txt.tmp", b"two")
    drive.rename(".a.txt.tmp", "a.txt")
    drive.catch_up()
    assert drive.names("versions") == ["a.txt"]
    shown = drive.names("versions", "a.txt")
    assert [drive.read("versions", "a.txt", name) for name in shown] == [b"one", b"two"]


def test_removed_files_and_folders_keep_their_histories(drive: World) -> None:
    drive.mkdir("d")
    drive.write("d/f", b"one")
    drive.remove("d/f")
    drive.rmdir("d")
    drive.write("d", b"a file now")
    drive.catch_up()
    shown = drive.names("versions", "d")
    assert shown[0] == "f"
    assert drive.read("versions", "d", shown[1]) == b"a file now"
    (name,) = drive.names("versions", "d", "f")
    assert drive.read("versions", "d", "f", name) == b"one"


def test_a_version_that_nobody_kept_is_not_listed(drive: World, source: Path) -> None:
    drive.write("f", b"one")
    drive.catch_up()
    before = drive.now()
    (source / "f").write_bytes(b"behind the mount")
    drive.keeper.look()
    drive.catch_up()
    assert [name[:4] for name in drive.names("versions", "f")] == ["0002"]
    assert drive.tree.lookup(("at", before, "f")).size == 3
    refused(errno.EIO, drive.read, "at", before, "f")


def test_present_version_as_an_attribute(drive: World) -> None:
    drive.mkdir("d")
    drive.write("d/f", b"one")
    drive.write("d/f", b"two")
    assert drive.tree.attribute("d/f", "user.lsfs.version") is None
    drive.catch_up()
    assert drive.tree.attribute("d/f", "user.lsfs.version") == b"2"
    assert drive.tree.attribute("d", "user.lsfs.version") is None
    assert drive.vfs.getxattr(find(drive.vfs, "d", "f"), b"user.lsfs.version") == b"2"


def test_the_past_of_a_drive_that_was_never_indexed_is_empty(tmp_path: Path, index: Index) -> None:
    missing = tmp_path / "missing"
    with closing(Past(missing, missing, missing, -1)) as past:
        tree = VirtualTree(index, index, {}, past=past)
        for parts in (("versions",), ("at",), ("at", "2026-11-24"), ("trash",)):
            assert names(tree, *parts) == []
        refused(errno.ENOENT, tree.lookup, ("at", "2026-11-24", "f"))
        assert tree.attribute("f", "user.lsfs.version") is None


def test_a_damaged_ledger_is_an_error_of_files(
    tmp_path: Path, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = tmp_path / "versions.sqlite"
    damaged.write_bytes(b"no database" * 1000)
    with closing(Past(damaged, damaged, tmp_path, -1)) as past:
        tree = VirtualTree(index, index, {}, past=past)
        for parts in (("versions", "f"), ("at", "2026-11-24", "f"), ("trash", "f")):
            refused(errno.EIO, tree.lookup, parts)
            refused(errno.EIO, tree.read, parts)
            refused(errno.EIO, tree.listing, parts[:1])
        assert tree.attribute("f", "user.lsfs.version") is None
        assert "README.md" in names(tree)
    assert "cannot be read" in caplog.text
    caplog.clear()


# --- moments


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2026-11-24T10:00Z", "2026-11-24T10:00:00.000000000Z"),
        ("2026-11-24 10:00:30Z", "2026-11-24T10:00:30.999999999Z"),
        ("2026-11-24T10:00:30.5Z", "2026-11-24T10:00:30.599999999Z"),
        ("2026-11-24T10:00:30+01:30", "2026-11-24T08:30:30.999999999Z"),
        ("2026-11-24T10:00-0200", "2026-11-24T12:00:00.000000000Z"),
        ("2026-11-24Z", "2026-11-24T23:59:59.999999999Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_day_and_a_second_are_meant_to_their_end(text: str, last: str) -> None:
    found = moment_of(text)
    assert found is not None
    assert exact(found) == last
    if found > 0 and text != "2026-11-24Z":
        assert moment(text, SystemClock()) == found  # as the commands read it


def test_a_time_without_a_zone_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert moment_of("2026-11-24") == moment_of("2026-11-24T22:59:59Z")
        assert moment_of("2026-07-01T12:00") == moment_of("2026-07-01T10:00Z")
        half_past = moment_of("2026-11-24T00:30")
        assert half_past is not None
        day, begin = day_of(half_past)
        assert (day, begin - 1) == ("2026-11-24", moment_of("2026-11-23"))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_exact_moment_is_read_again() -> None:
    for time_ns in (0, 1, 1_800_000_000_123_456_789, -1):
        assert moment_of(exact(time_ns)) == time_ns


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026", "2026-11", "2026-02-30", "2026-11-24T", "2026-11-24T24:00",
     "2026-11-24T10:00:60", "2026-11-24T10", "2026-11-24T10:00+1", "2026-11-24T10:00+01:75",
     "2026-11-24T10:00+25:00", " 2026-11-24", "2026-11-24\n", ".git",
     "HEAD", "٢٠٢٦-11-24", "2026-11-24T10:00.5"],
)  # fmt: skip
def test_anything_else_is_no_moment(drive: World, text: str) -> None:
    assert moment_of(text) is None
    refused(errno.ENOENT, drive.tree.lookup, ("at", text))
    refused(errno.ENOENT, drive.tree.lookup, ("at", text, "x"))
    refused(errno.ENOENT, drive.tree.listing, ("at", text))


# --- the tree of a moment


def test_the_tree_as_it_was(drive: World, source: Path) -> None:
    (source / "unchanged").write_bytes(b"never touched")
    drive.keeper.look()
    start = drive.now()
    drive.mkdir("d", 0o750)
    drive.write("d/.f", b"one", mode=0o600)
    drive.link("d/link", b"../no/where\xff")
    first = drive.now()
    drive.write("d/.f", b"two")
    drive.rename("d", "e")
    second = drive.now()
    drive.remove("e/.f")
    drive.remove("e/link")
    drive.rmdir("e")
    third = drive.now()
    drive.catch_up()
    assert [sorted(drive.names("at", t)) for t in (start, first, second, third)] == [
        ["unchanged"], ["d", "unchanged"], ["e", "unchanged"], ["unchanged"],
    ]  # fmt: skip
    assert drive.names("at", first, "d") == [".f", "link"]
    assert drive.read("at", first, "d", ".f") == b"one"
    assert drive.read("at", second, "e", ".f") == b"two"
    assert drive.read("at", start, "unchanged") == b"never touched"
    link = drive.tree.lookup(("at", second, "e", "link"))
    assert (link.kind, link.content, link.size) == (NodeKind.LINK, b"../no/where\xff", 12)
    assert drive.tree.lookup(("at", first, "d")).mode == 0o550
    assert drive.tree.lookup(("at", first, "d", ".f")).mode == 0o400
    for parts in ((start, "d"), (first, "e"), (first, "d", ".f", "x"), (third, "e", ".f")):
        refused(errno.ENOENT, drive.tree.lookup, ("at", *parts))
    refused(errno.EINVAL, drive.read, "at", first, "d", "link")
    refused(errno.EISDIR, drive.read, "at", first, "d")
    refused(errno.ENOTDIR, drive.tree.listing, ("at", first, "d", ".f"))


def test_a_day_and_a_time_to_come_show_the_present(drive: World) -> None:
    drive.write("f", b"one")
    today, _ = day_of(time.time_ns())
    drive.catch_up()
    for name in (today, "2200-01-01", "2999-12-31T23:59"):
        assert (drive.names("at", name), drive.read("at", name, "f")) == (["f"], b"one")
    for name in ("2020-01-01", "0001-01-01T00:00+14:00"):
        assert drive.names("at", name) == []
    drive.write("g", b"two")
    drive.catch_up()
    assert drive.names("at", today) == ["f", "g"]


def test_snapshots_and_days_are_listed(drive: World) -> None:
    drive.write("f", b"one")
    now = time.time_ns()
    drive.catch_up()
    with drive.keeper.ledger.transaction() as db:
        db.execute(
            "INSERT INTO snapshot VALUES ('before the move', ?), ('a/b', ?), ('.hidden', 1)",
            (now, now),
        )
    drive.write("f", b"two")
    drive.catch_up()
    today, _ = day_of(time.time_ns())
    assert set(drive.names("at")) == {"before the move", ".hidden", today}
    assert drive.read("at", "before the move", "f") == b"one"
    assert drive.names("at", ".hidden") == []
    refused(errno.ENOENT, drive.tree.lookup, ("at", "another"))


def test_the_latest_days_on_which_something_changed(drive: World) -> None:
    ledger = drive.keeper.ledger
    drive.write("f", b"x")
    drive.catch_up()
    day = 86400 * SECOND
    with ledger.transaction() as db:
        for number in range(40):
            db.execute(
                "INSERT INTO version SELECT NULL, CAST(? AS BLOB), X'', kind, 1, ?, ?, ?, "
                "'removed', mode, uid, gid, mtime_ns, size, content, target, NULL, NULL, '', 0 "
                "FROM version WHERE path = CAST('f' AS BLOB)",
                (f"g{number}", (2 * number + 1000) * day, (2 * number + 1001) * day,
                 "found" if number % 2 else "created"),
            )  # fmt: skip
    drive.fresh()
    listed = drive.names("at")
    assert len(listed) == 30
    # Of the file that was found only its end is a change.
    assert listed[1:4] == [day_of(number * day)[0] for number in (1079, 1077, 1076)]


# --- the trash


def test_removed_files_are_in_the_trash_until_they_come_back(drive: World) -> None:
    drive.mkdir("d")
    drive.mkdir("d/e")
    for path in ("d/e/f.txt", "d/g", "top", "kept"):
        drive.write(path, b"old " + path.encode())
        drive.write(path, path.encode(), mode=0o600)
    for path in ("d/e/f.txt", "d/g", "top"):
        drive.remove(path)
    drive.rmdir("d/e")
    drive.catch_up()
    assert (drive.names("trash"), drive.names("trash", "d")) == (["d", "top"], ["e", "g"])
    assert drive.read("trash", "d", "e", "f.txt") == b"d/e/f.txt"
    assert drive.tree.lookup(("trash", "top")).mode == 0o444
    for parts in (("kept",), ("d", "x"), ("d", "e", ".git"), ("HEAD",), ("top", "x")):
        refused(errno.ENOENT, drive.tree.lookup, ("trash", *parts))
    drive.fresh()
    refused(errno.ENOENT, drive.tree.lookup, ("trash", "kept"))
    drive.write("top", b"new")
    drive.write("d/e", b"a file in the place of the folder")
    drive.catch_up()
    assert (drive.names("trash"), drive.names("trash", "d")) == (["d"], ["e", "g"])
    refused(errno.ENOENT, drive.tree.lookup, ("trash", "top"))
    refused(errno.EISDIR, drive.read, "trash", "d", "e")


def test_what_was_renamed_is_not_in_the_trash(drive: World) -> None:
    drive.write("a", b"x")
    drive.rename("a", "b")
    drive.write("c", b"y")
    drive.rename("c", "b")
    drive.catch_up()
    assert drive.names("trash") == []


def test_a_file_that_is_removed_again_and_again_costs_little(drive: World) -> None:
    ledger = drive.keeper.ledger
    drive.write("lock", b"x")
    drive.remove("lock")
    drive.catch_up()
    with ledger.transaction() as db:
        for number in range(5000):
            db.execute(
                "INSERT INTO version SELECT NULL, path, parent, kind, 1, begin_ns - ?, "
                "begin_ns - ?, op, end_op, mode, uid, gid, mtime_ns, size, content, target, NULL, "
                "NULL, '', 0 FROM version WHERE id = 1",
                (2 * number + 2, 2 * number + 1),
            )
    drive.fresh()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    db = drive.past._open()
    assert db is not None
    db.set_progress_handler(count, 1000)
    assert drive.names("trash") == ["lock"]
    assert steps < 1000, "quadratic"


# --- bytes


@pytest.mark.parametrize("settled", [False, True])
def test_large_contents_are_read_where_they_are(drive: World, settled: bool) -> None:
    drive.write("f", LARGE)
    first = drive.now()
    drive.write("f", b"short")
    drive.catch_up()
    if settled:
        assert drive.keeper.settle() == 1
        drive.catch_up()
    handle, content = drive.content("at", first, "f")
    node = find(drive.vfs, ".lsfs", "at", first, "f")
    assert drive.vfs.getattr(node, handle).st_size == len(LARGE) == content.size
    assert content.read(0, 10) == LARGE[:10]
    assert content.read(len(LARGE) - 3, 100) == b"end"
    assert content.read(len(LARGE), 100) == b""
    seek = drive.vfs.seek
    assert (seek(handle, 5, os.SEEK_DATA), seek(handle, 5, os.SEEK_HOLE)) == (5, len(LARGE))
    refused(errno.ENXIO, seek, handle, len(LARGE), os.SEEK_DATA)
    target = opened(drive.vfs, find(drive.vfs, "f"), os.O_RDWR)
    refused(errno.EXDEV, drive.vfs.copy, handle, 0, target, 0, 10)
    drive.vfs.release(target)
    drive.vfs.release(handle)
    assert drive.read("at", first, "f") == LARGE


def test_what_is_settled_later_is_found_too(drive: World) -> None:
    moments = []
    for number in range(4):
        drive.write("f", LARGE + bytes([number]))
        moments.append(drive.now())
        drive.catch_up()
        drive.keeper.settle()
        for seen, then in enumerate(moments):
            assert drive.read("at", then, "f") == LARGE + bytes([seen])


def test_a_file_of_gigabytes_takes_no_memory(drive: World, source: Path) -> None:
    drive.write("f", b"begin")
    drive.vfs.setattr(find(drive.vfs, "f"), Change(size=2 << 30))
    first = drive.now()
    drive.write("f", b"short")
    drive.catch_up()
    tracemalloc.start()
    try:
        handle, content = drive.content("at", first, "f")
        assert content.size == 2 << 30
        assert content.read(0, 8) == b"begin\0\0\0"
        assert content.read((2 << 30) - 8, 100) == bytes(8)
        drive.vfs.release(handle)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [100, len(LARGE)])
def test_damage_is_an_error_of_files(
    drive: World, size: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = os.urandom(size)
    drive.write("f", data)
    first = drive.now()
    drive.write("f", b"short")
    drive.catch_up()
    drive.keeper.settle()
    for pack in (tmp_path / "state/objects").rglob("*.pack"):
        held = bytearray(pack.read_bytes())
        at = held.find(data[:64])
        held[at + 50] ^= 1
        pack.write_bytes(held)
        break
    else:
        pytest.fail("no pack")
    refused(errno.EIO, drive.read, "at", first, "f")
    assert "damaged" in caplog.text
    caplog.clear()


def test_a_file_that_is_overwritten_while_it_is_read_is_read_as_it_was(drive: World) -> None:
    drive.write("f", LARGE)
    drive.catch_up()
    handle, content = drive.content("at", drive.now(), "f")
    assert content.read(0, 4) == LARGE[:4]
    writer = opened(drive.vfs, find(drive.vfs, "f"), os.O_RDWR)
    assert content.read(4, 4) == LARGE[4:8]
    drive.vfs.write(writer, b"zz", 10, page=False)
    assert content.read(8, 8) == LARGE[8:16]
    drive.vfs.release(writer)
    drive.catch_up()
    assert content.read(16, 8) == LARGE[16:24]
    drive.vfs.release(handle)


def test_a_file_that_is_changed_behind_the_mount_while_it_is_read_is_an_error(
    drive: World, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive.write("f", LARGE)
    drive.catch_up()
    handle, content = drive.content("at", drive.now(), "f")
    (source / "f").write_bytes(b"other")
    refused(errno.EIO, content.read, 0, 4)
    drive.vfs.release(handle)
    assert "nobody kept" in caplog.text
    caplog.clear()


def test_what_the_brain_has_not_heard_of_yet_is_found(drive: World, source: Path) -> None:
    for name in ("written", "appended", "removed", "renamed", "touched", "twice"):
        drive.write(name, b"one " + name.encode())
    drive.mkdir("d")
    drive.write("d/moved", b"one moved")
    drive.catch_up()
    before = drive.now()
    drive.write("written", b"two")
    drive.write("appended", b"more", append=True)
    drive.write("appended", b"and more", append=True)
    drive.remove("removed")
    drive.rename("renamed", "elsewhere")
    drive.vfs.setattr(find(drive.vfs, "touched"), Change(times=((1, 5), (1, 5))))
    drive.write("twice", b"more", append=True)
    drive.write("twice", b"two")
    drive.rename("d", "e")

    def expected(name: str) -> bool:
        return drive.read("at", before, *name.split("/")) == f"one {name.split('/')[-1]}".encode()

    shown = ["written", "appended", "removed", "renamed", "touched", "twice", "d/moved"]
    assert [name for name in shown if not expected(name)] == []
    drive.catch_up()
    assert [name for name in shown if not expected(name)] == []


def test_a_log_that_is_being_written_can_be_read_as_it_was(drive: World) -> None:
    drive.write("log", LARGE)
    drive.catch_up()
    before = drive.now()
    log = opened(drive.vfs, find(drive.vfs, "log"), os.O_WRONLY | os.O_APPEND)
    drive.vfs.write(log, b"a line\n", 0, page=False)
    handle, content = drive.content("at", before, "log")
    drive.vfs.write(log, b"another\n", 0, page=False)
    assert (content.size, content.read(len(LARGE) - 3, 100)) == (len(LARGE), b"end")
    drive.vfs.release(log)
    drive.catch_up()
    assert content.read(len(LARGE) - 3, 100) == b"end"
    drive.vfs.release(handle)


# --- names


@pytest.mark.parametrize(
    "name",
    ["two words.txt", ".hidden", "\udcff\udcfe.\udcfd", "x" * 255, "x." + "y" * 253,
     "ä" * 124 + ".texts", "new\nline", "HEAD", ".git", "-rf", "~", "0003 2026-11-23T10:00:00Z"],
)  # fmt: skip
def test_any_name_can_be_a_files(drive: World, name: str) -> None:
    drive.mkdir("CVS")
    drive.write(f"CVS/{name}", b"one")
    drive.write(f"CVS/{name}", b"two")
    before = drive.now()
    drive.remove(f"CVS/{name}")
    drive.catch_up()
    assert drive.read("at", before, "CVS", name) == b"two"
    assert drive.read("trash", "CVS", name) == b"two"
    assert drive.names("versions", "CVS") == [name]
    shown = drive.names("versions", "CVS", name)
    assert [drive.read("versions", "CVS", name, entry) for entry in shown] == [b"one", b"two"]
    assert all(len(os.fsencode(entry)) <= 255 for entry in shown)
    for branch in (("at", before), ("trash",), ("versions",)):
        assert drive.vfs.lookup(find(drive.vfs, ".lsfs", *branch, "CVS"), os.fsencode(name))


# --- changing nothing


def test_the_kernel_may_remember_what_is_past(drive: World) -> None:
    for parts in ((), ("at",), ("at", "2026-11-24"), ("trash", "f"), ("search",)):
        assert drive.vfs.is_steady(parts)
    for parts in (("status",), ("search", "q"), ("ask", "q.md"), ("text", "f.md")):
        assert not drive.vfs.is_steady(parts)


def test_the_past_cannot_be_changed(drive: World, source: Path) -> None:
    drive.write("f", b"one")
    drive.write("gone", b"one")
    drive.remove("gone")
    drive.catch_up()
    vfs = drive.vfs
    (version,) = drive.names("versions", "f")
    for place in (("versions", "f", version), ("at", drive.now(), "f"), ("trash", "gone")):
        folder, node = find(vfs, ".lsfs", *place[:-1]), find(vfs, ".lsfs", *place)
        name = os.fsencode(place[-1])
        for change in (
            lambda folder=folder: vfs.create(folder, b"x", os.O_WRONLY, 0o600, ME),
            lambda folder=folder: vfs.mknod(folder, b"x", stat.S_IFREG, 0, ME),
            lambda folder=folder: vfs.symlink(folder, b"x", b"f", ME),
            lambda folder=folder: vfs.link(find(vfs, "f"), folder, b"x"),
            lambda folder=folder: vfs.rename(vfs.root, b"f", folder, b"x", 0),
            lambda folder=folder, name=name: vfs.rename(folder, name, folder, b"x", 0),
            lambda node=node: vfs.setattr(node, Change(mode=0o777)),
            lambda node=node: vfs.setattr(node, Change(size=0)),
            lambda node=node: vfs.open(node, os.O_WRONLY),
            lambda node=node: vfs.open(node, os.O_RDWR | os.O_TRUNC),
            later(vfs.mkdir(folder, b"x", 0o700, ME)),
            later(vfs.rmdir(folder, name)),
            later(vfs.unlink(folder, name)),
        ):
            refused(errno.EROFS, change)
        # Programs that move a file make a copy when they are told this.
        refused(errno.EXDEV, vfs.rename, folder, name, vfs.root, b"x", 0)
    assert [path.name for path in source.iterdir()] == ["f"]


# --- cost


def test_looking_at_a_large_folder_costs_a_look_for_each_entry(
    drive: World, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "d").mkdir()
    for number in range(500):
        (source / f"d/{number}").write_bytes(b"x")
    drive.keeper.look()
    drive.fresh()
    asked = 0
    query = drive.past._query

    def counted(sql: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        nonlocal asked
        asked += 1
        return query(sql, values)

    monkeypatch.setattr(drive.past, "_query", counted)
    for branch in (("at", drive.now(), "d"), ("versions", "d"), ("trash",)):
        entries = drive.tree.listing(branch)
        for name, _ in entries:
            drive.tree.lookup((*branch, name))
    assert asked < 600
