"""Folders listed in the bytes of the kernel's protocol: each name once, whatever the room."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lsfs.fuse.nodes import Node
from lsfs.fuse.vfs import Vfs
from tests.fuse import wire as w
from tests.fuse.wire import Wire


def every_name(
    wire: Wire, opcode: int, size: int, node: int = 1
) -> list[tuple[w.EntryOut | None, w.Dirent]]:
    """A folder read to its end, ``size`` bytes at a time."""
    fh = wire.opendir(node)
    found: list[tuple[w.EntryOut | None, w.Dirent]] = []
    offset = 0
    while data := wire.ask(opcode, node, w.read_in(fh, offset, size)):
        assert len(data) <= size
        part: list[tuple[w.EntryOut | None, w.Dirent]] = (
            list(w.direntplus(data))
            if opcode == w.READDIRPLUS
            else [(None, entry) for entry in w.dirents(data)]
        )
        found += part
        offset = part[-1][1].off
    wire.ask(w.RELEASEDIR, node, w.release_in(fh))
    return found


@pytest.fixture
def many(folder: Path) -> set[bytes]:
    names = {b"%d" % number * (number % 7 + 1) for number in range(40)} | {b"n" * 255}
    for entry in names:
        (folder / os.fsdecode(entry)).write_text("x")
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("x")
    os.mkfifo(folder / "fifo")
    return names | {b"folder", b"link", b"fifo"}


@pytest.mark.parametrize("opcode", [w.READDIR, w.READDIRPLUS])
@pytest.mark.parametrize("size", [408, 500, 1000, 1 << 16])
def test_every_name_comes_once_whatever_the_room(
    wire: Wire, many: set[bytes], opcode: int, size: int
) -> None:
    found = [entry for _, entry in every_name(wire, opcode, size)]
    assert [entry.name for entry in found[:2]] == [b".", b".."]
    assert sorted(entry.name for entry in found[2:]) == sorted(many)
    assert [entry.off for entry in found] == list(range(1, len(found) + 1))
    kinds = {entry.name: entry.type for entry in found}
    assert (kinds[b"folder"], kinds[b"link"], kinds[b"n" * 255], kinds[b"."]) == (4, 10, 8, 4)
    assert kinds[b"fifo"] in (0, 1)
    assert all(entry.ino for entry in found)


def test_room_for_no_name_gives_none(wire: Wire, many: set[bytes], vfs: Vfs) -> None:
    fh = wire.opendir()
    assert wire.ask(w.READDIR, 1, w.read_in(fh, 0, 31)) == b""
    assert [e.name for e in w.dirents(wire.ask(w.READDIR, 1, w.read_in(fh, 0, 32)))] == [b"."]
    assert wire.ask(w.READDIRPLUS, 1, w.read_in(fh, 2, 151)) == b""
    assert list(vfs.nodes) == [1]
    wire.ask(w.RELEASEDIR, 1, w.release_in(fh))


def test_a_listing_goes_on_at_any_offset_and_begins_anew_at_none(
    wire: Wire, many: set[bytes], folder: Path
) -> None:
    fh = wire.opendir()

    def read(offset: int, size: int = 1 << 16) -> list[bytes]:
        return [e.name for e in w.dirents(wire.ask(w.READDIR, 1, w.read_in(fh, offset, size)))]

    everything = read(0)
    assert read(7) == everything[7:]
    assert read(3, 100) == everything[3 : 3 + len(read(3, 100))] != []
    (folder / "late").write_text("x")
    assert b"late" not in read(5)
    assert b"late" in read(0)
    read(0, 100)
    assert sorted(read(0)) == sorted([*everything, b"late"])
    wire.ask(w.RELEASEDIR, 1, w.release_in(fh))


@pytest.mark.parametrize("size", [600, 1 << 16])
def test_each_entry_that_is_given_out_is_one_reference(
    wire: Wire, many: set[bytes], vfs: Vfs, size: int
) -> None:
    found = every_name(wire, w.READDIRPLUS, size)
    numbers = [about.nodeid for about, _ in found if about is not None]
    assert numbers[:2] == [0, 0]  # . and .. are not looked up
    assert {vfs.nodes[number].lookups for number in numbers[2:]} == {1}
    assert set(vfs.nodes) == {1, *numbers[2:]}
    for about, entry in found[2:]:
        assert about is not None
        assert about.attr.ino == entry.ino


def test_entries_that_did_not_fit_are_not_referred_to(
    wire: Wire, many: set[bytes], vfs: Vfs
) -> None:
    fh = wire.opendir()
    given = list(w.direntplus(wire.ask(w.READDIRPLUS, 1, w.read_in(fh, 0, 1000))))
    assert 2 < len(given) < len(many)
    assert set(vfs.nodes) == {1, *(about.nodeid for about, _ in given[2:])}
    wire.ask(w.RELEASEDIR, 1, w.release_in(fh))


def test_a_name_that_went_while_it_was_listed_has_no_node(
    wire: Wire, folder: Path, monkeypatch: pytest.MonkeyPatch, vfs: Vfs
) -> None:
    for entry in "ab":
        (folder / entry).write_text("x")
    plain = vfs.lookup

    def lookup(parent: Node, entry: bytes) -> object:
        if entry == b"a":
            raise FileNotFoundError(errno.ENOENT, "")
        return plain(parent, entry)

    monkeypatch.setattr(vfs, "lookup", lookup)
    nodes = {
        entry.name: about.nodeid for about, entry in every_name(wire, w.READDIRPLUS, 4096) if about
    }
    assert (nodes[b"a"], nodes[b"b"] > 1) == (0, True)


def test_the_virtual_directory_is_listed_but_not_in_the_root(wire: Wire, folder: Path) -> None:
    assert [entry.name for _, entry in every_name(wire, w.READDIR, 4096)] == [b".", b".."]
    ours = wire.lookup(b".lsfs").nodeid
    found = every_name(wire, w.READDIRPLUS, 400, ours)
    assert {b"README.md", b"status", b"ask"} <= {entry.name for _, entry in found}
    for about, entry in found[2:]:
        assert about is not None
        # The folders are always there; what is in them changes with the index.
        valid = 1_500_000_000 if stat.S_ISDIR(about.attr.mode) else 0
        assert (about.attr.ino, about.attr_valid) == (entry.ino, valid)
