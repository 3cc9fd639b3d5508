"""The tree on a plain folder, with no mount: nodes, and attributes of all kinds."""

# The calls themselves are what is tested.
# ruff: noqa: PTH104

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from lsfs.clock import SystemClock
from lsfs.fuse import libc
from lsfs.fuse.changes import Changes
from lsfs.fuse.nodes import Change
from lsfs.fuse.source import Source
from lsfs.fuse.vfs import MOUNT_ATTRIBUTE, Vfs
from lsfs.fuse.virtual import VirtualTree
from lsfs.versions.events import Op
from tests.fuse.bare import ME, descriptors, find, now, opened, write_file
from tests.fuse.fake_index import Index, refused
from tests.fuse.test_operations import Noted

# --- the life of nodes


def test_a_node_lives_as_long_as_it_is_referred_to(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    node = find(vfs, "f")
    assert find(vfs, "f") is node
    assert node.lookups == 2
    assert not vfs.forget(node)
    assert vfs.nodes[node.id] is node
    assert vfs.forget(node)
    assert node.id not in vfs.nodes
    assert find(vfs, "f").id not in (node.id, 0, 1)


def test_several_references_are_given_back_at_once(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    (node,) = {find(vfs, "f") for _ in range(5)}
    assert not vfs.forget(node, 4)
    assert vfs.forget(node, 1)


def test_the_root_is_never_forgotten(vfs: Vfs) -> None:
    assert not vfs.forget(vfs.root, 100)
    assert vfs.nodes[1] is vfs.root
    assert vfs.getattr(vfs.root).st_ino == os.fstat(vfs.root.fd).st_ino


def test_what_is_not_there_has_no_node(vfs: Vfs, folder: Path) -> None:
    refused(errno.ENOENT, vfs.lookup, vfs.root, b"absent")
    assert list(vfs.nodes) == [1]


def test_hard_links_are_one_node(vfs: Vfs, folder: Path) -> None:
    (folder / "a").write_text("x")
    (folder / "sub").mkdir()
    os.link(folder / "a", folder / "sub/b")
    assert find(vfs, "a") is find(vfs, "sub", "b")
    vfs.link(find(vfs, "a"), vfs.root, b"c")
    assert find(vfs, "c") is find(vfs, "a")
    assert vfs.getattr(find(vfs, "c")).st_nlink == 3


def test_a_hard_link_outlives_the_others(vfs: Vfs, folder: Path) -> None:
    (folder / "a").write_text("x")
    os.link(folder / "a", folder / "b")
    node = find(vfs, "a")
    find(vfs, "b")
    for name in (b"a", b"b"):
        vfs.unlink(vfs.root, name)
    assert vfs.getattr(node).st_nlink == 0
    assert list(folder.iterdir()) == []


def test_a_renamed_file_is_the_same_node(vfs: Vfs, folder: Path) -> None:
    (folder / "a").write_text("x")
    (folder / "sub").mkdir()
    node, sub = find(vfs, "a"), find(vfs, "sub")
    vfs.rename(vfs.root, b"a", sub, b"b", 0)
    assert vfs.getattr(node).st_size == 1
    assert find(vfs, "sub", "b") is node
    refused(errno.ENOENT, vfs.lookup, vfs.root, b"a")


def test_a_renamed_folder_keeps_what_is_in_it(vfs: Vfs, folder: Path) -> None:
    (folder / "a/deep").mkdir(parents=True)
    (folder / "a/deep/f").write_text("x")
    top, deep, file = find(vfs, "a"), find(vfs, "a", "deep"), find(vfs, "a", "deep", "f")
    vfs.rename(vfs.root, b"a", vfs.root, b"z", 0)
    assert (find(vfs, "z"), find(vfs, "z", "deep")) == (top, deep)
    assert vfs.getattr(file).st_size == 1
    write_file(vfs, deep, b"g")
    assert (folder / "z/deep/g").exists()


def test_what_was_renamed_over_stays_the_old_file(vfs: Vfs, folder: Path) -> None:
    (folder / "old").write_text("old one")
    (folder / "new").write_text("new")
    old, new = find(vfs, "old"), find(vfs, "new")
    vfs.rename(vfs.root, b"new", vfs.root, b"old", 0)
    assert (vfs.getattr(old).st_size, vfs.getattr(old).st_nlink) == (7, 0)
    assert vfs.getattr(new).st_size == 3
    assert find(vfs, "old") is new


def test_exchanged_files_keep_their_nodes(vfs: Vfs, folder: Path) -> None:
    (folder / "a").write_text("A")
    (folder / "b").write_text("BB")
    a, b = find(vfs, "a"), find(vfs, "b")
    vfs.rename(vfs.root, b"a", vfs.root, b"b", libc.RENAME_EXCHANGE)
    assert (vfs.getattr(a).st_size, vfs.getattr(b).st_size) == (1, 2)
    assert (find(vfs, "b"), find(vfs, "a")) == (a, b)


def test_a_rename_that_is_refused_changes_no_node(vfs: Vfs, folder: Path) -> None:
    (folder / "a").write_text("A")
    (folder / "b").write_text("BB")
    a, b = find(vfs, "a"), find(vfs, "b")
    refused(errno.EEXIST, vfs.rename, vfs.root, b"a", vfs.root, b"b", libc.RENAME_NOREPLACE)
    assert (vfs.getattr(a).st_size, vfs.getattr(b).st_size) == (1, 2)
    assert (find(vfs, "a"), find(vfs, "b")) == (a, b)
    assert [path.name for path in sorted(folder.iterdir())] == ["a", "b"]


def test_a_removed_file_is_used_on_while_it_is_open(vfs: Vfs, folder: Path, noted: Noted) -> None:
    (folder / "f").write_text("before")
    node = find(vfs, "f")
    handle = opened(vfs, node, os.O_RDWR)
    vfs.unlink(vfs.root, b"f")
    assert not (folder / "f").exists()
    vfs.write(handle, b"after!", 0, page=False)
    vfs.setattr(node, Change(mode=0o640))
    vfs.setattr(node, Change(size=3))
    again = opened(vfs, node, os.O_RDONLY)
    assert os.pread(again.fd, 10, 0) == b"aft"
    assert vfs.getattr(node, again).st_nlink == 0
    assert stat.S_IMODE(vfs.getattr(node).st_mode) == 0o640
    vfs.release(again)
    vfs.release(handle)
    assert noted.events == [(Op.REMOVED, "f")]


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_file_that_went_behind_the_mount_has_attributes_while_it_is_open(
    vfs: Vfs, folder: Path, how: str
) -> None:
    (folder / "f").write_text("content")
    node = find(vfs, "f")
    handle = opened(vfs, node, os.O_RDONLY)
    if how == "removed":
        (folder / "f").unlink()
    else:
        (folder / "draft").write_text("new")
        os.rename(folder / "draft", folder / "f")
    assert (vfs.getattr(node).st_size, vfs.getattr(node).st_nlink) == (7, 0)
    # Who comes by the name is sent to look again, and comes with another node or none.
    refused(errno.ESTALE, vfs.open, node, os.O_RDONLY)
    # Who comes again with this one has it open: /proc/self/fd/N.
    again = opened(vfs, node, os.O_RDONLY)
    assert os.pread(again.fd, 10, 0) == b"content"
    vfs.setattr(node, Change(mode=0o640))
    assert stat.S_IMODE(vfs.getattr(node).st_mode) == 0o640
    vfs.release(again)
    vfs.release(handle)


def test_a_file_that_went_behind_the_mount_and_is_not_open_is_stale(vfs: Vfs, folder: Path) -> None:
    for name in ("f", "other"):
        (folder / name).write_text("x")
    node = find(vfs, "f")
    other = opened(vfs, find(vfs, "other"), os.O_RDWR)
    status = opened(vfs, find(vfs, ".lsfs", "status"), os.O_RDONLY)
    (folder / "f").rename(folder / "kept")
    refused(errno.ESTALE, vfs.getattr, node)
    refused(errno.ESTALE, vfs.open, node, os.O_RDONLY)
    vfs.release(other)
    vfs.release(status)


def test_a_file_made_in_the_place_of_a_removed_one_is_another_node(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("old")
    old = find(vfs, "f")
    vfs.unlink(vfs.root, b"f")
    write_file(vfs, vfs.root, b"f", b"newer")
    assert find(vfs, "f") is not old
    assert (vfs.getattr(old).st_size, vfs.getattr(find(vfs, "f")).st_size) == (3, 5)


def test_a_file_without_a_name_gets_one_by_a_link(vfs: Vfs, folder: Path, noted: Noted) -> None:
    handle = vfs.create_nameless(vfs.root, os.O_RDWR, 0o600, ME)
    node, about = vfs.adopt(handle, vfs.root, b"")
    assert about.st_nlink == 0
    vfs.write(handle, b"hello", 0, page=False)
    assert (vfs.getattr(node).st_size, list(folder.iterdir()), noted.events) == (5, [], [])
    vfs.link(node, vfs.root, b"named")
    assert find(vfs, "named") is node
    assert (folder / "named").read_text() == "hello"
    assert noted.events == [(Op.WRITTEN, "named")]
    vfs.release(handle)


def test_a_file_without_a_name_leaves_nothing(vfs: Vfs, folder: Path, noted: Noted) -> None:
    handle = vfs.create_nameless(vfs.root, os.O_RDWR, 0o600, ME)
    node = vfs.adopt(handle, vfs.root, b"").node
    vfs.write(handle, b"hello", 0, page=False)
    vfs.release(handle)
    assert vfs.forget(node)
    assert (list(folder.iterdir()), noted.events) == ([], [])


def test_a_file_that_is_made_is_the_node_that_is_found(vfs: Vfs, folder: Path) -> None:
    handle = vfs.create(vfs.root, b"f", os.O_WRONLY, 0o640, ME)
    node = vfs.adopt(handle, vfs.root, b"f").node
    assert find(vfs, "f") is node
    assert node.lookups == 2
    assert (folder / "f").stat().st_mode == stat.S_IFREG | 0o640
    vfs.release(handle)


def test_a_file_that_appeared_meanwhile_is_opened_unless_that_is_excluded(
    vfs: Vfs, folder: Path
) -> None:
    (folder / "f").write_text("there")
    refused(errno.EEXIST, vfs.create, vfs.root, b"f", os.O_RDWR | os.O_EXCL, 0o600, ME)
    handle = vfs.create(vfs.root, b"f", os.O_RDWR, 0o600, ME)
    assert (os.pread(handle.fd, 10, 0), handle.is_new) == (b"there", False)
    vfs.release(handle)


def test_a_path_is_walked_to_a_node_that_nobody_keeps(vfs: Vfs, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub/f").write_text("x")
    with vfs.walk(b"/sub/f") as node:
        assert vfs.getattr(node).st_size == 1
    assert list(vfs.nodes) == [1]
    assert vfs.walk(b"/") is vfs.root
    parent, name = vfs.walk_parent(b"/sub/f")
    with parent:
        assert (vfs.getattr(parent).st_ino, name) == ((folder / "sub").stat().st_ino, b"f")
    assert vfs.walk(b"/.lsfs/ask").parts == ("ask",)


# --- attributes


def test_attributes_that_are_not_named_stay(vfs: Vfs, folder: Path) -> None:
    path = folder / "f"
    path.write_text("content")
    path.chmod(0o604)
    os.utime(path, ns=(1_000_000_001, 2_000_000_002))
    node = find(vfs, "f")
    vfs.setattr(node, Change(mode=0o640))
    assert (path.stat().st_atime_ns, path.stat().st_mtime_ns) == (1_000_000_001, 2_000_000_002)
    vfs.setattr(node, Change(times=((7, 8), (0, libc.UTIME_OMIT))))
    assert (path.stat().st_atime_ns, path.stat().st_mtime_ns) == (7 * 10**9 + 8, 2_000_000_002)
    vfs.setattr(node, Change(times=((0, libc.UTIME_OMIT), (9, 1))))
    assert (path.stat().st_atime_ns, path.stat().st_mtime_ns) == (7 * 10**9 + 8, 9 * 10**9 + 1)
    vfs.setattr(node, Change(times=((0, libc.UTIME_NOW), (0, libc.UTIME_OMIT))))
    assert path.stat().st_atime_ns > 10**18
    assert path.stat().st_mtime_ns == 9 * 10**9 + 1
    assert (stat.S_IMODE(path.stat().st_mode), path.read_text()) == (0o640, "content")


def test_mode_size_and_times_at_once_are_one_event(vfs: Vfs, folder: Path, noted: Noted) -> None:
    (folder / "f").write_text("content")
    node = find(vfs, "f")
    vfs.setattr(node, Change(mode=0o400, size=3, times=((1, 0), (2, 0))))
    about = vfs.getattr(node)
    assert (stat.S_IMODE(about.st_mode), about.st_size) == (0o400, 3)
    assert (about.st_atime_ns, about.st_mtime_ns) == (10**9, 2 * 10**9)
    assert noted.events == [(Op.WRITTEN, "f")]


def test_a_size_through_a_handle_is_noted_when_it_is_closed(
    vfs: Vfs, folder: Path, noted: Noted
) -> None:
    (folder / "f").write_text("content")
    node = find(vfs, "f")
    handle = opened(vfs, node, os.O_RDWR)
    vfs.setattr(node, Change(size=3), handle)
    assert (vfs.getattr(node).st_size, noted.events) == (3, [])
    vfs.release(handle)
    assert noted.events == [(Op.WRITTEN, "f")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_set_apart(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    node = find(vfs, "f")
    vfs.setattr(node, Change(uid=12))
    vfs.setattr(node, Change(gid=34))
    assert ((folder / "f").stat().st_uid, (folder / "f").stat().st_gid) == (12, 34)
    (folder / "link").symlink_to("f")
    vfs.setattr(find(vfs, "link"), Change(uid=56, gid=78))
    assert os.lstat(folder / "link").st_uid == 56
    assert (folder / "f").stat().st_uid == 12


def test_a_change_of_nothing_takes_setuid_and_setgid_away(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    for mode, after in ((0o6755, 0o755), (0o2644, 0o2644), (0o4644, 0o644)):
        (folder / "f").chmod(mode)
        vfs.setattr(find(vfs, "f"), Change())
        assert stat.S_IMODE((folder / "f").stat().st_mode) == after


def test_cutting_takes_setuid_away_where_that_is_asked(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("content")
    node = find(vfs, "f")
    (folder / "f").chmod(0o4755)
    vfs.setattr(node, Change(size=3, clear_set_id=True))
    assert stat.S_IMODE((folder / "f").stat().st_mode) == 0o755
    (folder / "f").chmod(0o4755)
    vfs.release(now(vfs.open(node, os.O_WRONLY | os.O_TRUNC, clear_set_id=True)))
    assert stat.S_IMODE((folder / "f").stat().st_mode) == 0o755


def test_a_link_is_cut_or_given_times_itself(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    vfs.symlink(vfs.root, b"link", b"f", ME)
    node = find(vfs, "link")
    before = (folder / "f").stat().st_mtime_ns
    vfs.setattr(node, Change(times=((1, 0), (2, 0))))
    assert os.lstat(folder / "link").st_mtime_ns == 2 * 10**9
    assert (folder / "f").stat().st_mtime_ns == before
    refused(errno.EOPNOTSUPP, vfs.setattr, node, Change(mode=0o777))
    assert vfs.readlink(node) == b"f"


def test_free_space_is_that_of_the_source(vfs: Vfs, folder: Path) -> None:
    expected = os.statvfs(folder)
    for node in (vfs.root, find(vfs, ".lsfs")):
        found = vfs.statfs(node)
        assert (found["f_blocks"], found["f_bsize"], found["f_namemax"]) == (
            expected.f_blocks, expected.f_bsize, expected.f_namemax,
        )  # fmt: skip


def test_special_files_are_made_as_they_are_asked_for(vfs: Vfs, folder: Path, noted: Noted) -> None:
    vfs.mknod(vfs.root, b"fifo", stat.S_IFIFO | 0o600, 0, ME)
    vfs.mknod(vfs.root, b"plain", stat.S_IFREG | 0o640, 0, ME)
    assert stat.S_ISFIFO((folder / "fifo").stat().st_mode)
    assert (folder / "plain").stat().st_mode == stat.S_IFREG | 0o640
    assert noted.events == [(Op.WRITTEN, "plain")]


# --- extended attributes


def test_extended_attributes_are_those_of_the_file(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    node = find(vfs, "f")
    assert vfs.listxattr(node) == b""
    vfs.setxattr(node, b"user.a", b"1", os.XATTR_CREATE)
    refused(errno.EEXIST, vfs.setxattr, node, b"user.a", b"2", os.XATTR_CREATE)
    refused(errno.ENODATA, vfs.setxattr, node, b"user.b", b"2", os.XATTR_REPLACE)
    vfs.setxattr(node, b"user.b", b"", 0)
    assert sorted(vfs.listxattr(node).split(b"\0")) == [b"", b"user.a", b"user.b"]
    assert os.getxattr(folder / "f", "user.a") == vfs.getxattr(node, b"user.a") == b"1"
    assert vfs.getxattr(node, b"user.b") == b""
    vfs.removexattr(node, b"user.a")
    refused(errno.ENODATA, vfs.getxattr, node, b"user.a")
    refused(errno.ENODATA, vfs.removexattr, node, b"user.a")


def test_our_own_attributes_are_read_and_not_listed(vfs: Vfs, folder: Path, index: Index) -> None:
    (folder / "sub").mkdir()
    (folder / "sub/a.pdf").write_text("x")
    index.add("sub/a.pdf", pages=12, dates=["2024-05-01", "2025"])
    node = find(vfs, "sub", "a.pdf")
    assert vfs.getxattr(node, b"user.lsfs.indexed") == b"ok"
    assert vfs.getxattr(node, b"user.lsfs.pages") == b"12"
    assert vfs.getxattr(node, b"user.lsfs.dates") == b"2024-05-01,2025"
    assert vfs.listxattr(node) == b""
    refused(errno.ENODATA, vfs.getxattr, node, b"user.lsfs.nothing")
    vfs.rename(find(vfs, "sub"), b"a.pdf", vfs.root, b"b.pdf", 0)
    refused(errno.ENODATA, vfs.getxattr, node, b"user.lsfs.pages")
    os.rename(folder / "b.pdf", folder / "sub/a.pdf")
    assert vfs.getxattr(find(vfs, "sub", "a.pdf"), b"user.lsfs.pages") == b"12"


def test_the_root_says_how_it_is_mounted(vfs: Vfs, folder: Path) -> None:
    (folder / "f").write_text("x")
    assert vfs.getxattr(vfs.root, MOUNT_ATTRIBUTE) == b'{"pid": 7}'
    refused(errno.ENODATA, vfs.getxattr, find(vfs, "f"), MOUNT_ATTRIBUTE)
    refused(errno.ENODATA, vfs.getxattr, vfs.root, b"user.lsfs.indexed")


# --- the end


def test_what_is_still_open_is_closed_with_the_tree(folder: Path, tree: VirtualTree) -> None:
    source = Source(folder)
    before = descriptors()
    vfs = Vfs(source, tree, Changes(Noted(), SystemClock()))
    handle = vfs.create(vfs.root, b"f", os.O_RDWR, 0o600, ME)
    status = opened(vfs, find(vfs, ".lsfs", "status"), os.O_RDONLY)
    vfs.mkdir(vfs.root, b"d", 0o700, ME)
    find(vfs, "d")
    vfs.close()
    assert descriptors() == before
    for fd in (handle.fd, status.fd):
        refused(errno.EBADF, os.fstat, fd)
    source.close()
