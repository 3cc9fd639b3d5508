"""What the journal says of changes in the tree, with no mount: once, and by the right name."""

# The calls themselves are what is tested.
# ruff: noqa: PTH104, PTH108

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lsfs.fuse import libc
from lsfs.fuse.nodes import Change
from lsfs.fuse.vfs import Vfs
from lsfs.versions.events import Op
from tests.fuse.bare import ME, find, opened, write_file
from tests.fuse.test_operations import Noted


def test_each_change_is_one_event(vfs: Vfs, noted: Noted) -> None:
    root = vfs.root

    def expect(*event: object) -> None:
        assert noted.events == [event]
        noted.events.clear()

    write_file(vfs, root, b"f")
    expect(Op.WRITTEN, "f")
    vfs.mkdir(root, b"d", 0o700, ME)
    expect(Op.MADE_DIR, "d")
    d, f = find(vfs, "d"), find(vfs, "f")
    write_file(vfs, d, b"g")
    expect(Op.WRITTEN, "d/g")
    vfs.link(f, d, b"h")
    expect(Op.WRITTEN, "d/h")
    vfs.setattr(find(vfs, "d", "h"), Change(mode=0o600))
    expect(Op.ATTRIBUTES, "d/h")
    vfs.unlink(d, b"h")
    expect(Op.REMOVED, "d/h")
    vfs.rename(d, b"g", root, b"g", 0)
    expect(Op.RENAMED, "d/g", "g")
    vfs.setattr(find(vfs, "g"), Change(size=0))
    expect(Op.WRITTEN, "g")
    vfs.rename(root, b"d", root, b"e", 0)
    expect(Op.RENAMED, "d", "e")
    vfs.setattr(d, Change(mode=0o755))
    expect(Op.ATTRIBUTES, "e")
    vfs.rmdir(root, b"e")
    expect(Op.REMOVED_DIR, "e")


def test_an_exchange_changes_what_both_names_hold(vfs: Vfs, folder: Path, noted: Noted) -> None:
    (folder / "a").write_text("A")
    (folder / "b").write_text("B")
    vfs.rename(vfs.root, b"a", vfs.root, b"b", libc.RENAME_EXCHANGE)
    assert noted.events == [(Op.EXCHANGED, "a", "b")]


def test_looking_and_reading_are_no_events(vfs: Vfs, folder: Path, noted: Noted) -> None:
    (folder / "f").write_text("x")
    node = find(vfs, "f")
    handle = opened(vfs, node, os.O_RDWR)
    vfs.flush(handle)
    vfs.fsync(handle, data_only=True)
    vfs.release(handle)
    vfs.setxattr(node, b"user.a", b"1", 0)
    assert noted.events == []
    vfs.symlink(vfs.root, b"link", b"f", ME)
    assert noted.events == [(Op.MADE_LINK, "link", "f")]


def test_a_file_that_was_opened_to_be_cut_is_news(vfs: Vfs, folder: Path, noted: Noted) -> None:
    (folder / "f").write_text("x")
    vfs.release(opened(vfs, find(vfs, "f"), os.O_WRONLY | os.O_TRUNC))
    assert noted.events == [(Op.WRITTEN, "f")]


def test_what_a_mapping_wrote_by_another_handle_is_news(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    (folder / "f").write_text("x")
    os.utime(folder / "f", ns=(1, 1))
    handle = opened(vfs, find(vfs, "f"), os.O_RDWR)
    (folder / "f").write_text("y")
    vfs.release(handle)
    assert noted.events == [(Op.WRITTEN, "f")]


def test_pages_and_appended_bytes_go_where_they_belong(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_bytes(b"0123456789")
    handle = opened(vfs, find(vfs, "f"), os.O_RDWR | os.O_APPEND)
    assert vfs.write(handle, b"AB", 2, page=True) == 2
    assert vfs.write(handle, b"end", 0, page=False) == 3
    vfs.release(handle)
    assert (folder / "f").read_bytes() == b"01AB456789end"


def test_allocating_and_copying_are_events_of_the_written_file(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    (folder / "a").write_bytes(b"0123456789")
    (folder / "b").write_bytes(b"")
    a, b = (opened(vfs, find(vfs, name), os.O_RDWR) for name in ("a", "b"))
    assert vfs.copy(a, 2, b, 1, 5) == 5
    vfs.release(a)
    vfs.release(b)
    assert (folder / "b").read_bytes() == b"\x0023456"
    c = opened(vfs, find(vfs, "a"), os.O_RDWR)
    vfs.allocate(c, 0, 0, 100)
    vfs.release(c)
    assert (folder / "a").stat().st_size == 100
    assert noted.events == [(Op.WRITTEN, "b"), (Op.WRITTEN, "a")]


def test_events_bear_the_names_of_now_also_after_renames_behind(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    (folder / "d").mkdir()
    (folder / "d/f").write_text("x")
    d = find(vfs, "d")
    handle = opened(vfs, find(vfs, "d", "f"), os.O_RDWR)
    vfs.write(handle, b"y", 0, page=False)
    os.rename(folder / "d", folder / "moved")
    os.rename(folder / "moved/f", folder / "moved/renamed")
    write_file(vfs, d, b"new")
    vfs.release(handle)
    assert noted.events == [(Op.WRITTEN, "moved/new"), (Op.WRITTEN, "moved/renamed")]


def test_the_source_itself_may_be_renamed(vfs: Vfs, folder: Path, noted: Noted) -> None:
    write_file(vfs, vfs.root, b"a")
    vfs.mkdir(vfs.root, b"d", 0o700, ME)
    folder.rename(folder.parent / "elsewhere")
    write_file(vfs, find(vfs, "d"), b"b")
    vfs.setattr(vfs.root, Change(mode=0o755))
    assert noted.events[2:] == [(Op.WRITTEN, "d/b"), (Op.ATTRIBUTES, "")]


def test_names_that_end_like_a_removed_file_are_names(vfs: Vfs, folder: Path, noted: Noted) -> None:
    name = "report (deleted)"
    write_file(vfs, vfs.root, os.fsencode(name))
    vfs.mkdir(vfs.root, b"folder (deleted)", 0o700, ME)
    write_file(vfs, find(vfs, "folder (deleted)"), b"f")
    vfs.unlink(vfs.root, os.fsencode(name))
    assert noted.events == [
        (Op.WRITTEN, name),
        (Op.MADE_DIR, "folder (deleted)"),
        (Op.WRITTEN, "folder (deleted)/f"),
        (Op.REMOVED, name),
    ]


def test_a_file_whose_name_went_while_it_has_others_changed_somewhere(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    (folder / "a").write_text("x")
    os.link(folder / "a", folder / "b")
    handle = opened(vfs, find(vfs, "a"), os.O_WRONLY)
    vfs.write(handle, b"y", 0, page=False)
    os.unlink(folder / "a")
    vfs.release(handle)
    # Where cannot be told: the whole tree is to be looked at.
    assert noted.events == [(Op.WRITTEN, "")]


def test_events_in_folders_with_very_long_paths_name_no_other_file(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    node = vfs.root
    for _ in range(30):
        vfs.mkdir(node, b"d" * 200, 0o700, ME)
        node = vfs.lookup(node, b"d" * 200).node
    assert noted.events[3] == (Op.MADE_DIR, "/".join(["d" * 200] * 4))
    noted.events.clear()
    (folder / "f").write_text("another file")
    write_file(vfs, node, b"f")
    vfs.rename(node, b"f", vfs.root, b"g", 0)
    vfs.rename(vfs.root, b"g", node, b"h", 0)
    vfs.unlink(node, b"h")
    # Such a path is longer than the kernel tells: somewhere in the tree.
    assert noted.events == [
        (Op.WRITTEN, ""),
        (Op.RENAMED, "", "g"),
        (Op.RENAMED, "g", ""),
        (Op.REMOVED, ""),
    ]


def test_a_name_that_is_no_text_is_noted_byte_for_byte(vfs: Vfs, noted: Noted) -> None:
    write_file(vfs, vfs.root, b"caf\xe9\n")
    assert noted.events == [(Op.WRITTEN, os.fsdecode(b"caf\xe9\n"))]


def test_a_change_beside_the_tree_is_noted_as_told(vfs: Vfs, noted: Noted) -> None:
    vfs.note(Op.REMOVED, b"gone")
    assert noted.events == [(Op.REMOVED, "gone")]


def test_a_journal_that_takes_nothing_fails_no_operation(
    vfs: Vfs,
    folder: Path,
    noted: Noted,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    caplog.set_level("WARNING")
    with monkeypatch.context() as patch:
        patch.setattr(noted, "append", full)
        for name in (b"a", b"b", b"c"):
            write_file(vfs, vfs.root, name)
    write_file(vfs, vfs.root, b"d")
    assert (len(list(folder.iterdir())), noted.events) == (4, [(Op.WRITTEN, "d")])
    lost, again = (record.getMessage() for record in caplog.records)
    assert ("takes no entries" in lost, "3 were lost" in again) == (True, True)
