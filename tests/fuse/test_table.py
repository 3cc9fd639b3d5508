"""Nodes that hold no descriptor: found again by name, or said to be stale."""

# The calls themselves are what is tested.
# ruff: noqa: PTH104, PTH108

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsfs.fuse.nodes import Node
from lsfs.fuse.source import Source
from lsfs.fuse.table import Table
from tests.fuse.bare import descriptors
from tests.fuse.fake_index import refused

AT = b"f"


@pytest.fixture
def table(folder: Path) -> Iterator[Table]:
    source = Source(folder)
    before = descriptors()
    table = Table(source.root)
    yield table
    table.close()
    assert descriptors() <= before, "a descriptor was left open"
    source.close()


def refer(table: Table, name: bytes = AT, parent: Node | None = None) -> Node:
    """Look a name up."""
    return table.find(parent or table.root, name).node


def size(table: Table, node: Node) -> int:
    return table.stat(node).st_size


def read(table: Table, node: Node, flags: int = os.O_RDONLY) -> bytes:
    fd = table.open(node, flags)
    try:
        return os.pread(fd, 100, 0)
    finally:
        os.close(fd)


def put(path: Path, text: str) -> None:
    """Save as editors do: another file in the place of the old one."""
    draft = path.with_name("draft")
    draft.write_text(text)
    draft.rename(path)


# --- found by name


def test_files_and_links_hold_no_descriptor_and_folders_do(table: Table, folder: Path) -> None:
    (folder / "f").write_text("x")
    (folder / "link").symlink_to("f")
    (folder / "d").mkdir()
    before = descriptors()
    assert [refer(table, name).fd for name in (b"f", b"link")] == [-1, -1]
    assert descriptors() == before
    assert refer(table, b"d").fd >= 0
    assert len(descriptors()) == len(before) + 1


def test_a_node_without_descriptor_is_its_file(table: Table, folder: Path) -> None:
    (folder / "f").write_text("content")
    node = refer(table)
    assert size(table, node) == 7
    assert read(table, node) == b"content"
    with table.pinned(node) as fd:
        assert os.fstat(fd).st_ino == (folder / "f").stat().st_ino
    refused(errno.EBADF, os.fstat, fd)
    os.close(table.open(node, os.O_WRONLY | os.O_TRUNC))
    assert size(table, node) == 0


USES: dict[str, Callable[[Table, Node], object]] = {
    "stat": lambda table, node: table.stat(node),
    "pin": lambda table, node: table.pinned(node),
    "open": lambda table, node: table.open(node, os.O_RDONLY),
    "cut": lambda table, node: table.open(node, os.O_WRONLY | os.O_TRUNC),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("instead", ["nothing", "file", "folder", "fifo", "link", "socket"])
def test_what_went_or_was_replaced_behind_is_stale(
    table: Table, folder: Path, use: Callable[[Table, Node], object], instead: str
) -> None:
    path = folder / "f"
    path.write_text("old")
    node = refer(table)
    path.rename(folder / "kept")  # so that its inode is not used again
    (folder / "other").write_text("precious")
    match instead:
        case "file":
            put(path, "precious")
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "link":
            path.symlink_to("other")
        case "socket":
            os.mknod(path, stat.S_IFSOCK | 0o600)
    before = descriptors()
    refused(errno.ESTALE, use, table, node)
    assert descriptors() == before
    assert (folder / "other").read_text() == "precious"
    assert instead != "file" or path.read_text() == "precious"


def test_a_node_is_found_again_where_its_file_was_looked_up_later(
    table: Table, folder: Path
) -> None:
    (folder / "f").write_text("x")
    node = refer(table)
    (folder / "f").rename(folder / "g")
    refused(errno.ESTALE, table.stat, node)
    # Under another name it is another node, which may be the better known of the two.
    assert size(table, refer(table, b"g")) == 1


def test_a_further_name_is_the_same_node(table: Table, folder: Path) -> None:
    (folder / "f").write_text("x")
    os.link(folder / "f", folder / "g")
    node = refer(table)
    assert refer(table, b"g") is node
    assert (table.at(table.root, b"f"), table.at(table.root, b"g")) == (None, node)
    os.unlink(folder / "f")
    assert size(table, node) == 1


def test_a_file_in_a_forgotten_folder_is_stale(table: Table, folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d/f").write_text("x")
    parent = refer(table, b"d")
    node = refer(table, b"f", parent)
    assert size(table, node) == 1
    assert table.forget(parent, 1)
    for use in USES.values():
        refused(errno.ESTALE, use, table, node)


# --- names that go through the mount


def test_a_file_that_is_held_outlives_its_name(table: Table, folder: Path) -> None:
    (folder / "f").write_text("x")
    node = refer(table)
    table.hold(table.root, AT)
    os.unlink(folder / "f")
    assert table.at(table.root, AT) is None
    assert (size(table, node), table.stat(node).st_nlink, read(table, node)) == (1, 0, b"x")
    before = descriptors()
    assert table.forget(node, 1)
    assert len(descriptors()) == len(before) - 1


def test_a_file_that_is_held_outlives_being_renamed_over(table: Table, folder: Path) -> None:
    (folder / "f").write_text("old")
    (folder / "new").write_text("newer")
    old, new = refer(table), refer(table, b"new")
    table.hold(table.root, AT)
    os.rename(folder / "new", folder / "f")
    table.moved(table.root, b"new", table.root, AT)
    assert (size(table, old), size(table, new)) == (3, 5)
    assert (table.at(table.root, AT), table.at(table.root, b"new")) == (new, None)
    assert refer(table) is new


def test_holding_what_went_behind_holds_nothing(table: Table, folder: Path) -> None:
    (folder / "f").write_text("old")
    node = refer(table)
    put(folder / "f", "new")
    before = descriptors()
    table.hold(table.root, AT)
    table.hold(table.root, b"never looked up")
    assert descriptors() == before
    refused(errno.ESTALE, table.stat, node)


def test_moving_into_another_folder_is_followed(table: Table, folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "f").write_text("x")
    node, parent = refer(table), refer(table, b"d")
    os.rename(folder / "f", folder / "d/g")
    table.moved(table.root, AT, parent, b"g")
    assert size(table, node) == 1
    assert table.at(parent, b"g") is node
    table.moved(table.root, b"unknown", parent, b"g")
    assert table.at(parent, b"g") is node


def test_a_place_belongs_to_what_was_found_there_last(table: Table, folder: Path) -> None:
    (folder / "f").write_text("old")
    old = refer(table)
    (folder / "f").rename(folder / "kept")
    put(folder / "f", "new")
    new = refer(table)
    assert table.at(table.root, AT) is new
    assert table.forget(old, 1)
    assert table.at(table.root, AT) is new
    assert size(table, new) == 3


# --- inode numbers that are used again


@pytest.fixture
def reused(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every file has the same inode number, as if each were made where the last one had been."""
    real = {name: getattr(os, name) for name in ("stat", "lstat", "fstat")}

    def same(name: str) -> Callable[..., os.stat_result]:
        def call(*arguments: object, **options: object) -> os.stat_result:
            found: os.stat_result = real[name](*arguments, **options)
            if stat.S_ISDIR(found.st_mode):
                return found
            times = {
                field: getattr(found, field)
                for field in ("st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_rdev")
            }
            return os.stat_result((found.st_mode, 77, *tuple(found)[2:10]), times)

        return call

    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(os, name, same(name))
        yield


@pytest.mark.usefixtures("reused")
def test_an_inode_used_again_under_another_name_is_another_node(table: Table, folder: Path) -> None:
    (folder / "f").write_text("old")
    old = refer(table)
    (folder / "f").unlink()
    (folder / "g").write_text("newer")
    new = refer(table, b"g")
    assert new is not old
    assert size(table, new) == 5
    refused(errno.ESTALE, table.stat, old)
    # The number now means the new one, also when the kernel has let go of the old one.
    assert table.forget(old, 1)
    assert refer(table, b"g") is new


@pytest.mark.usefixtures("reused")
def test_an_inode_used_again_by_something_else_of_the_same_name_is_another_node(
    table: Table, folder: Path
) -> None:
    (folder / "f").write_text("old")
    old = refer(table)
    (folder / "f").unlink()
    os.mkfifo(folder / "f")
    new = refer(table)
    assert new is not old
    assert stat.S_ISFIFO(table.stat(new).st_mode)


def test_an_inode_that_is_held_cannot_be_used_again(table: Table, folder: Path) -> None:
    (folder / "f").write_text("old")
    os.link(folder / "f", folder / "g")
    node = refer(table)
    table.hold(table.root, AT)
    os.unlink(folder / "f")
    assert refer(table, b"g") is node
    assert size(table, node) == 3


# --- files without a name


def test_a_file_without_a_name_is_held(table: Table, folder: Path) -> None:
    fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    os.write(fd, b"content")
    node = table.refer_nameless(os.fstat(fd), fd)
    assert table.refer_nameless(os.fstat(fd), fd) is node
    os.close(fd)
    assert (size(table, node), node.lookups, read(table, node)) == (7, 2, b"content")


def test_a_file_without_a_name_is_not_the_node_that_goes_by_one(table: Table, folder: Path) -> None:
    (folder / "f").write_text("x")
    fd = os.open(folder / "f", os.O_RDONLY)
    by_name = refer(table)
    nameless = table.refer_nameless(os.fstat(fd), fd)
    os.close(fd)
    assert nameless is not by_name
    assert table.at(table.root, AT) is None
    assert size(table, nameless) == 1
    assert table.forget(by_name, 1)
    assert refer(table) is nameless


# --- many, and in threads


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_ten_thousand_lookups_leave_nothing_behind(table: Table, folder: Path) -> None:
    names = [b"%d" % number for number in range(100)]
    for number, name in enumerate(names):
        path = folder / os.fsdecode(name)
        path.mkdir() if number % 2 else path.write_text("x")
    before = descriptors()
    for round_ in range(100):
        nodes = [refer(table, name) for name in names]
        if round_ == 50:
            for name in names[::2]:
                table.hold(table.root, name)
        assert len(descriptors()) == len(before) + (100 if round_ == 50 else 50)
        assert all(table.forget(node, 1) for node in nodes)
        assert descriptors() == before
    assert list(table.by_id) == [1]
    assert (len(table._known), table._places) == (1, {})


def test_closing_lets_go_of_what_is_still_referred_to(table: Table, folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "f").write_text("x")
    before = descriptors()
    refer(table, b"d")
    refer(table)
    table.hold(table.root, AT)
    assert len(descriptors()) == len(before) + 2
    table.close()
    assert descriptors() == before


@pytest.mark.usefixtures("restless")
def test_virtual_nodes_are_looked_up_in_many_threads(table: Table) -> None:
    paths = [("ask", f"{number}") for number in range(50)]
    start = threading.Barrier(8)
    found: list[list[Node]] = []

    def look_up() -> None:
        start.wait()
        found.append([table.refer_virtual(parts) for _ in range(20) for parts in paths])

    threads = [threading.Thread(target=look_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    nodes = {node.parts: node for nodes in found for node in nodes}
    assert set(nodes) == set(paths)
    assert len({node.id for nodes in found for node in nodes}) == 50
    assert {node.lookups for node in nodes.values()} == {160}
    assert set(table.by_id) == {1, *(node.id for node in nodes.values())}
    assert all(table.forget(node, 160) for node in nodes.values())
    assert list(table.by_id) == [1]


@pytest.mark.usefixtures("restless")
def test_virtual_nodes_are_forgotten_while_others_look_them_up(table: Table) -> None:
    def look_up_and_forget() -> None:
        for _ in range(2000):
            table.forget(table.refer_virtual(("ask", "rent")), 1)

    threads = [threading.Thread(target=look_up_and_forget) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(table.by_id) == [1]


# --- very many folders


def test_of_very_many_folders_the_oldest_are_found_by_name(table: Table, folder: Path) -> None:
    table.most_folders = 40
    before = descriptors()
    nodes = []
    for number in range(500):
        (folder / f"d{number}/e").mkdir(parents=True)
        (folder / f"d{number}/e/f").write_text("x" * number)
        outer = refer(table, b"d%d" % number)
        inner = refer(table, b"e", outer)
        nodes.append((outer, inner, refer(table, b"f", inner)))
    assert len(descriptors()) - len(before) <= 60
    for number, (outer, inner, file) in enumerate(nodes):
        assert size(table, file) == number
        assert table.stat(inner).st_ino == (folder / f"d{number}/e").stat().st_ino
        assert refer(table, b"e", outer) is inner
    # Another name of the folder above is followed; one given behind the mount is not.
    outer, inner, file = nodes[0]
    table.most_folders = 4
    for _, inner_, _ in nodes[100:140]:
        refer(table, b"f", inner_)
    assert outer.fd < 0
    os.rename(folder / "d0", folder / "moved")
    table.moved(table.root, b"d0", table.root, b"moved")
    assert table.stat(file).st_size == 0
    outer, inner, file = nodes[1]
    os.rename(folder / "d1", folder / "gone")
    for _, inner_, _ in nodes[200:240]:
        refer(table, b"f", inner_)
    refused(errno.ESTALE, table.stat, file)


def test_a_folder_that_was_given_up_is_held_when_its_name_goes(table: Table, folder: Path) -> None:
    table.most_folders = 4
    nodes = []
    for number in range(20):
        (folder / f"d{number}").mkdir()
        nodes.append(refer(table, b"d%d" % number))
    first = nodes[0]
    assert first.fd < 0
    table.hold(table.root, b"d0")
    (folder / "d0").rmdir()
    assert table.stat(first).st_nlink == 0
