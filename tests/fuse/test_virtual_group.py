"""Groupings as folders, with no mount and no brain."""

from __future__ import annotations

import errno
import os

import pytest

from lsfs.errors import UsageError
from lsfs.fuse.virtual import FRESH_S, NodeKind, VirtualTree
from lsfs.index.groups.grouped import Links
from tests.fuse.fake_index import Index, Seconds, names, refused

TWO = (Links(("Acme",), ("a/bill.pdf", "b/bill.pdf")), Links(("law", "rent, lease"), ("c.txt",)))


def test_a_grouping_is_made_and_forgotten(tree: VirtualTree, index: Index) -> None:
    index.links = TWO
    assert names(tree, "group") == []
    refused(errno.ENOENT, tree.lookup, ("group", "supplier"))
    tree.mkdir(("group", "supplier"))
    assert names(tree, "group") == ["supplier"]
    assert names(tree, "group", "supplier") == ["Acme", "law", "GROUPS.md"]
    assert names(tree, "group", "supplier", "Acme") == ["bill (a).pdf", "bill (b).pdf"]
    assert names(tree, "group", "supplier", "law", "rent, lease") == ["c.txt"]
    assert b"- law / rent, lease (1)" in tree.read(("group", "supplier", "GROUPS.md"))
    refused(errno.EEXIST, tree.mkdir, ("group", "supplier"))
    tree.rmdir(("group", "supplier"))
    refused(errno.ENOENT, tree.rmdir, ("group", "supplier"))
    assert index.grouped == {}


def test_links_lead_to_the_files(tree: VirtualTree, index: Index) -> None:
    index.links = TWO
    tree.mkdir(("group", "supplier"))
    for folder in (("group", "supplier", "Acme"), ("group", "supplier", "law", "rent, lease")):
        for name, node in tree.listing(folder):
            assert node == tree.lookup((*folder, name)) and node.kind is NodeKind.LINK
            assert node.content is not None
            place = os.path.normpath(b"/.lsfs/" + "/".join(folder).encode() + b"/" + node.content)
            assert place in (b"/a/bill.pdf", b"/b/bill.pdf", b"/c.txt")


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (("group",), errno.EROFS), (("group", "x", "y"), errno.EROFS),
        (("group", ".git"), errno.EINVAL), (("group", "a\nb"), errno.EINVAL),
    ],
)  # fmt: skip
def test_what_cannot_be_made(
    tree: VirtualTree, index: Index, parts: tuple[str, ...], code: int
) -> None:
    refused(code, tree.mkdir, parts)
    assert "save_group" not in index.asked


def test_what_cannot_be_removed(tree: VirtualTree, index: Index) -> None:
    index.links = TWO
    tree.mkdir(("group", "supplier"))
    refused(errno.EROFS, tree.rmdir, ("group",))
    refused(errno.EROFS, tree.rmdir, ("group", "supplier", "Acme"))
    refused(errno.ENOTDIR, tree.rmdir, ("group", "supplier", "GROUPS.md"))
    refused(errno.EROFS, tree.unlink, ("group", "supplier", "Acme", "bill (a).pdf"))
    assert "drop_group" not in index.asked


def test_a_refusal_of_the_brain_is_passed_on(tree: VirtualTree, index: Index) -> None:
    index.brain_error = UsageError("nothing to group by")
    with pytest.raises(UsageError):
        tree.mkdir(("group", "type:pdf"))
    assert names(tree, "group") == []


def test_groups_follow_the_index_and_looking_computes_nothing(
    tree: VirtualTree, index: Index, seconds: Seconds
) -> None:
    index.links = TWO
    tree.mkdir(("group", "supplier"))
    assert names(tree, "group", "supplier", "Acme")
    index.asked.clear()
    for number in range(100):
        refused(errno.ENOENT, tree.lookup, ("group", "supplier", "Acme", f"probe {number}"))
        refused(errno.ENOENT, tree.lookup, ("group", f"probe {number}"))
    assert index.asked == []
    index.links = (Links(("Umbra",), ("u.txt",)),)
    index.save_group("supplier")
    seconds.now += FRESH_S
    assert names(tree, "group", "supplier") == ["Umbra", "GROUPS.md"]


def test_labels_are_safe_names(tree: VirtualTree, index: Index) -> None:
    labels = ("A/B Ltd", ".hidden", "ü" * 200, "two\nlines", "a\x1b[31m")
    index.links = tuple(Links((label,), (f"{n}.txt",)) for n, label in enumerate(labels))
    tree.mkdir(("group", "party"))
    found = names(tree, "group", "party")
    assert {"A-B Ltd", "_.hidden", "two lines", "a\N{REPLACEMENT CHARACTER}[31m"} < {*found}
    assert all(len(os.fsencode(name)) <= 255 for name in found)
