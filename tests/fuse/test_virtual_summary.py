"""Summaries as files: named by the index, made by the brain when one is opened."""

from __future__ import annotations

import errno

from lsfs.errors import ParseError
from lsfs.fuse.virtual import NodeKind, VirtualTree
from tests.fuse.fake_index import Index, names, refused


def test_documents_and_folders_have_summaries(tree: VirtualTree, index: Index) -> None:
    index.add("a.pdf", pages=2)
    index.add("d/e/b.txt")
    index.add("d/picture.jpg", status="unsupported")
    assert names(tree, "summary") == ["d", "a.pdf.md", "d.md"]
    assert names(tree, "summary", "d") == ["e", "e.md"]
    for path in ("a.pdf.md", "d.md", "d/e/b.txt.md"):
        node = tree.lookup(("summary", *path.split("/")))
        assert (node.kind, node.size) == (NodeKind.FILE, 0)
    for parts in (
        ("summary", "a.pdf"), ("summary", "x.md"), ("summary", "d", "picture.jpg.md"),
        ("summary", "d", "x", "y.md"),
    ):  # fmt: skip
        refused(errno.ENOENT, tree.lookup, parts)
        refused(errno.ENOENT, tree.read, parts)
    refused(errno.EISDIR, tree.read, ("summary", "d"))
    refused(errno.EROFS, tree.write, ("summary", "a.pdf.md"), b"x")
    assert "summarize" not in index.asked, "looking asks nobody for a summary"


def test_opening_one_asks_the_brain(tree: VirtualTree, index: Index) -> None:
    index.add("d/a.pdf")
    page = tree.read(("summary", "d", "a.pdf.md")).decode()
    assert page.startswith("# d/a.pdf\n\nd/a.pdf in short. [1]\n\n## Where it says so\n")
    assert "1. d/a.pdf p.3\n\n   > d/a.pdf in short." in page
    assert tree.read(("summary", "d.md")).decode().startswith("# d\n\nd in short. [1]")


def test_a_folder_that_is_named_like_a_summary_is_a_folder(tree: VirtualTree, index: Index) -> None:
    index.add("d/a.txt")
    index.add("d.md/b.txt")
    assert names(tree, "summary") == ["d", "d.md", "d.md.md"]
    assert tree.lookup(("summary", "d.md")).kind is NodeKind.DIRECTORY
    assert tree.read(("summary", "d.md.md")).decode().startswith("# d.md\n")


def test_where_there_is_none_the_file_says_why(tree: VirtualTree, index: Index) -> None:
    index.add("a.txt")
    index.brain_error = ParseError("a.txt has no text to sum up", hint="see: lsfs text FILE")
    page = tree.read(("summary", "a.txt.md")).decode()
    assert "There is no summary: a.txt has no text to sum up. see: lsfs text FILE" in page
    index.brain_error = BlockingIOError(errno.EAGAIN, "the index does not answer")
    assert "the index does not answer" in tree.read(("summary", "a.txt.md")).decode()
