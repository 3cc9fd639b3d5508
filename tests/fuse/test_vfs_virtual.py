"""The virtual directory in the tree, with no mount: hidden, read-only, and late where it must."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse.branches.ask import LONGEST
from lsfs.fuse.changes import Changes
from lsfs.fuse.nodes import Change, Handle, Node
from lsfs.fuse.source import Source
from lsfs.fuse.vfs import Vfs
from lsfs.fuse.virtual import VirtualTree
from tests.fuse.bare import ME, Pipe, find, later, opened
from tests.fuse.fake_index import Index, Seconds, hit, refused
from tests.fuse.test_operations import Noted


def names_in(vfs: Vfs, node: Node) -> list[str]:
    fd = vfs.opendir(node)
    try:
        return sorted(os.fsdecode(entry.name) for entry in vfs.entries(node, fd))
    finally:
        os.close(fd)


def test_the_virtual_directory_is_found_but_not_listed(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    assert names_in(vfs, vfs.root) == ["f"]
    node, about = vfs.lookup(vfs.root, b".lsfs")
    assert (node.parts, about.st_mode) == ((), stat.S_IFDIR | 0o500)
    assert {"README.md", "status", "search", "ask"} <= set(names_in(vfs, node))
    assert find(vfs, ".lsfs", "ask") is find(vfs, ".lsfs", "ask")
    refused(errno.ENOENT, vfs.lookup, node, b"nothing")
    refused(errno.ENOTDIR, vfs.opendir, find(vfs, ".lsfs", "status"))


def test_an_entry_of_our_own_name_in_the_source_is_behind_ours(vfs: Vfs, folder: Path) -> None:
    (folder / ".lsfs").mkdir()
    (folder / ".lsfs/precious").write_text("x")
    (folder / "sub/.lsfs").mkdir(parents=True)
    (folder / "sub/.lsfs/f").write_text("x")
    assert names_in(vfs, vfs.root) == ["sub"]
    refused(errno.ENOENT, vfs.lookup, find(vfs, ".lsfs"), b"precious")
    refused(errno.EROFS, vfs.rmdir, vfs.root, b".lsfs")
    refused(errno.EROFS, vfs.unlink, vfs.root, b".lsfs")
    refused(errno.EROFS, vfs.rename, vfs.root, b".lsfs", vfs.root, b"mine", 0)
    refused(errno.EROFS, vfs.rename, vfs.root, b"sub", vfs.root, b".lsfs", 0)
    for make in (
        lambda: vfs.mkdir(vfs.root, b".lsfs", 0o700, ME),
        lambda: vfs.mknod(vfs.root, b".lsfs", stat.S_IFREG | 0o600, 0, ME),
        lambda: vfs.symlink(vfs.root, b".lsfs", b"f", ME),
        lambda: vfs.link(find(vfs, "sub", ".lsfs", "f"), vfs.root, b".lsfs"),
        lambda: vfs.create(vfs.root, b".lsfs", os.O_WRONLY, 0o600, ME),
    ):
        refused(errno.EEXIST, make)
    assert (folder / ".lsfs/precious").read_text() == "x"
    # Below the root it is a name like any other.
    assert names_in(vfs, find(vfs, "sub")) == [".lsfs"]
    vfs.unlink(find(vfs, "sub", ".lsfs"), b"f")
    vfs.rmdir(find(vfs, "sub"), b".lsfs")
    assert list((folder / "sub").iterdir()) == []


def test_nothing_in_the_virtual_directory_can_be_changed(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    (folder / "f").write_text("x")
    ours, status, file = find(vfs, ".lsfs"), find(vfs, ".lsfs", "status"), find(vfs, "f")
    for change in (
        lambda: vfs.create(ours, b"x", os.O_WRONLY, 0o600, ME),
        lambda: vfs.create_nameless(ours, os.O_RDWR, 0o600, ME),
        lambda: vfs.mknod(ours, b"x", stat.S_IFREG, 0, ME),
        lambda: vfs.symlink(ours, b"x", b"f", ME),
        lambda: vfs.link(file, ours, b"x"),
        lambda: vfs.link(status, vfs.root, b"x"),
        lambda: vfs.rename(ours, b"status", vfs.root, b"x", 0),
        lambda: vfs.rename(vfs.root, b"f", ours, b"x", 0),
        lambda: vfs.setattr(status, Change(mode=0o777)),
        lambda: vfs.setattr(status, Change(size=0)),
        lambda: vfs.setattr(ours, Change(times=((1, 0), (1, 0)))),
        lambda: vfs.setxattr(status, b"user.a", b"1", 0),
        lambda: vfs.removexattr(status, b"user.a"),
        lambda: vfs.open(status, os.O_WRONLY),
        lambda: vfs.open(status, os.O_RDWR | os.O_TRUNC),
        later(vfs.mkdir(ours, b"x", 0o700, ME)),
        later(vfs.rmdir(ours, b"ask")),
        later(vfs.unlink(ours, b"status")),
    ):
        refused(errno.EROFS, change)
    refused(errno.ENODATA, vfs.getxattr, status, b"user.a")
    assert vfs.listxattr(status) == b""
    assert [path.name for path in folder.iterdir()] == ["f"]
    assert noted.events == []


def test_a_query_is_made_and_forgotten_only_when_the_work_is_done(
    vfs: Vfs, index: Index, noted: Noted, woken: Pipe
) -> None:
    search = find(vfs, ".lsfs", "search")
    make = later(vfs.mkdir(search, b"rent", 0o700, ME))
    assert ("save_search" in index.asked, woken.read(), dict(index.made)) == (False, b"", {})
    make()
    assert (list(index.made), woken.read()) == (["rent"], b"\n")
    query = find(vfs, ".lsfs", "search", "rent")
    assert stat.S_ISDIR(vfs.getattr(query).st_mode)
    forget = later(vfs.rmdir(search, b"rent"))
    assert list(index.made) == ["rent"]
    forget()
    assert (index.made, noted.events) == ({}, [])


def test_a_question_is_kept_when_the_work_of_its_closing_is_done(
    vfs: Vfs, index: Index, noted: Noted
) -> None:
    ask = find(vfs, ".lsfs", "ask")
    handle = vfs.create(ask, b"rent", os.O_WRONLY, 0o600, ME)
    node, about = vfs.adopt(handle, ask, b"rent")
    assert (node.parts, about.st_size) == (("ask", "rent"), 0)
    assert vfs.flush(handle) is None  # a shell closes the first descriptor before it writes
    vfs.write(handle, b"What is ", 0, page=False)
    vfs.write(handle, b"the rent?", 8, page=False)
    assert vfs.getattr(node, handle).st_size == 17
    keep = later(vfs.flush(handle))
    assert index.asked_questions == {}
    keep()
    assert index.asked_questions["rent"].question == "What is the rent?"
    assert vfs.flush(handle) is None
    vfs.release(handle)
    assert noted.events == []


def test_a_question_that_was_not_written_is_none(vfs: Vfs, index: Index) -> None:
    ask = find(vfs, ".lsfs", "ask")
    handle = vfs.create(ask, b"rent", os.O_WRONLY | os.O_TRUNC, 0o600, ME)
    assert vfs.flush(handle) is None
    vfs.release(handle)
    refused(errno.ENOENT, vfs.lookup, ask, b"rent")
    assert index.asked_questions == {}


def test_a_question_can_be_rewritten_and_forgotten(
    vfs: Vfs, index: Index, seconds: Seconds
) -> None:
    index.asked_for("rent", "What is the rent?")
    ask, node = find(vfs, ".lsfs", "ask"), find(vfs, ".lsfs", "ask", "rent.md")
    vfs.setattr(node, Change(size=0))
    vfs.setattr(node, Change(times=((1, 0), (1, 0))))
    refused(errno.EROFS, vfs.setattr, node, Change(uid=1))
    handle = opened(vfs, node, os.O_WRONLY | os.O_TRUNC)
    vfs.write(handle, b"Who?", 0, page=False)
    later(vfs.flush(handle))()
    vfs.release(handle)
    assert index.asked_questions["rent"].question == "Who?"
    forget = later(vfs.unlink(ask, b"rent.md"))
    assert list(index.asked_questions) == ["rent"]
    forget()
    assert index.asked_questions == {}


def test_a_question_has_a_longest_length(vfs: Vfs, index: Index) -> None:
    ask = find(vfs, ".lsfs", "ask")
    handle = vfs.create(ask, b"long", os.O_WRONLY, 0o600, ME)
    assert vfs.write(handle, b"x" * LONGEST, 0, page=False) == LONGEST
    for offset in (LONGEST, LONGEST + 10**9):
        with pytest.raises(OSError) as error:
            vfs.write(handle, b"x", offset, page=False)
        assert error.value.errno == errno.EFBIG
    assert vfs.getattr(find(vfs, ".lsfs", "ask", "long"), handle).st_size == LONGEST
    vfs.release(handle)


def test_an_answer_is_worked_out_late_and_has_the_size_that_is_read(vfs: Vfs, index: Index) -> None:
    index.asked_for("rent", "What is the rent?")
    node = find(vfs, ".lsfs", "ask", "rent.md")
    work = later(vfs.open(node, os.O_RDONLY))
    assert ("answer" in index.asked, vfs.handles) == (False, {})
    handle = work()
    assert isinstance(handle, Handle)
    assert "answer" in index.asked
    data = os.pread(handle.fd, 1 << 20, 0)
    assert data.startswith(b"# What is the rent?\n\nIn state 1.")
    assert vfs.getattr(node, handle).st_size == len(data) == vfs.getattr(node).st_size
    vfs.release(handle)


def test_what_is_at_hand_is_opened_at_once_with_its_size(vfs: Vfs) -> None:
    for name in ("README.md", "status"):
        node = find(vfs, ".lsfs", name)
        handle = opened(vfs, node, os.O_RDONLY)
        size = vfs.getattr(node, handle).st_size
        assert len(os.pread(handle.fd, 1 << 20, 0)) == size == vfs.getattr(node).st_size > 0
        vfs.release(handle)


def test_an_open_virtual_file_is_as_it_was_when_it_was_opened(
    vfs: Vfs, index: Index, seconds: Seconds
) -> None:
    node = find(vfs, ".lsfs", "status")
    one = opened(vfs, node, os.O_RDONLY)
    for number in range(12):
        index.add(f"{number}.pdf")
    seconds.now += 3600
    two = opened(vfs, node, os.O_RDONLY)
    assert (os.pread(one.fd, 4096, 0) != os.pread(two.fd, 4096, 0)) is True
    assert b'"pid": 7' in os.pread(one.fd, 4096, 0)
    vfs.release(one)
    vfs.release(two)


def test_virtual_links_say_where_and_other_entries_are_none(vfs: Vfs, folder: Path) -> None:
    refused(errno.EINVAL, vfs.readlink, find(vfs, ".lsfs", "status"))
    vfs.symlink(vfs.root, b"link", b"to/nowhere", ME)
    assert vfs.readlink(find(vfs, "link")) == b"to/nowhere"


def test_another_name_for_the_virtual_directory(folder: Path, tree: VirtualTree) -> None:
    source = Source(folder)
    vfs = Vfs(source, tree, Changes(Noted(), SystemClock()), virtual_name="_ask")
    (folder / ".lsfs").mkdir()
    assert vfs.lookup(vfs.root, b"_ask").node.parts == ()
    assert names_in(vfs, vfs.root) == [".lsfs"]
    vfs.rmdir(vfs.root, b".lsfs")
    vfs.close()
    source.close()


def test_results_are_links_to_the_files(vfs: Vfs, index: Index) -> None:
    index.hits = (hit("a.pdf"),)
    search = find(vfs, ".lsfs", "search")
    later(vfs.mkdir(search, b"rent", 0o700, ME))()
    (name,) = (
        name for name in names_in(vfs, find(vfs, ".lsfs", "search", "rent")) if "pdf" in name
    )
    node, about = vfs.lookup(find(vfs, ".lsfs", "search", "rent"), os.fsencode(name))
    target = vfs.readlink(node)
    assert (stat.S_ISLNK(about.st_mode), about.st_size) == (True, len(target))
    assert target == b"../../../a.pdf"


def test_no_more_memory_is_reserved_for_a_question_than_it_may_have(vfs: Vfs) -> None:
    handle = vfs.create(find(vfs, ".lsfs", "ask"), b"long", os.O_WRONLY, 0o600, ME)
    vfs.allocate(handle, 0, 0, LONGEST)
    for offset, length in ((0, LONGEST + 1), (LONGEST, 1), (1 << 40, 1)):
        refused(errno.EFBIG, vfs.allocate, handle, 0, offset, length)
    assert os.fstat(handle.fd).st_size == LONGEST
    vfs.release(handle)
