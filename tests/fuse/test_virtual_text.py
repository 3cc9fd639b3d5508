"""Documents as Markdown: folders from an index in memory, contents and sizes from a real one."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

import lsfs
from lsfs.drives import initialise
from lsfs.fuse.virtual import FRESH_S, NodeKind, VirtualTree
from lsfs.index.store.published import Published
from tests.fuse.fake_index import Index, Seconds, names, refused
from tests.syscalls.conftest import drive, no_chat, source

__all__ = ["drive", "no_chat", "source"]  # fixtures


def test_folders_are_those_of_the_drive(tree: VirtualTree, index: Index) -> None:
    index.add("a.pdf", pages=2)
    index.add("d/e/b.txt")
    index.add("d/picture.jpg", status="unsupported")
    index.add("empty/picture.jpg", status="unsupported")
    assert names(tree, "text") == ["d", "a.pdf.md"]
    assert names(tree, "text", "d") == ["e"]
    assert names(tree, "text", "d", "e") == ["b.txt.md"]
    node = tree.lookup(("text", "d", "e", "b.txt.md"))
    assert (node.kind, node.size, node.content, node.mtime_ns) == (NodeKind.FILE, 100, None, 5)
    for parts in (
        ("text", "empty"), ("text", "empty", "x"), ("text", "a.pdf"), ("text", "d", "b.txt.md"),
        ("text", "d", "picture.jpg.md"), ("text", "a.pdf.md", "x"), ("text", "d/e"),
    ):  # fmt: skip
        refused(errno.ENOENT, tree.lookup, parts)
    refused(errno.ENOENT, tree.read, ("text", "empty"))
    refused(errno.EISDIR, tree.read, ("text", "d"))
    refused(errno.ENOTDIR, tree.listing, ("text", "a.pdf.md"))


def test_pages_are_files_of_a_folder(tree: VirtualTree, index: Index) -> None:
    index.add("d/a.pdf", pages=12)
    index.add("d/b.txt")
    assert names(tree, "pages") == ["d"]
    assert names(tree, "pages", "d") == ["a.pdf"]
    assert names(tree, "pages", "d", "a.pdf")[::11] == ["0001.md", "0012.md"]
    assert tree.lookup(("pages", "d", "a.pdf", "0007.md")).size == 10
    assert tree.lookup(("pages", "d", "a.pdf")).kind is NodeKind.DIRECTORY
    assert tree.read(("pages", "d", "a.pdf", "0007.md")) == b"page 7\n"
    assert b"<!-- page 7 -->\n\npage 7\n" in tree.read(("text", "d", "a.pdf.md"))
    for name in ("0000.md", "0013.md", "7.md", "00007.md", "0007", "000\u0667.md", "x.md"):
        refused(errno.ENOENT, tree.lookup, ("pages", "d", "a.pdf", name))
        refused(errno.ENOENT, tree.read, ("pages", "d", "a.pdf", name))
    refused(errno.ENOENT, tree.lookup, ("pages", "d", "b.txt"))
    refused(errno.EISDIR, tree.read, ("pages", "d", "a.pdf"))


def test_page_after_page_reads_the_document_once(tree: VirtualTree, index: Index) -> None:
    index.add("a.pdf", pages=3)
    for name in ("0001.md", "0002.md", "0003.md"):
        tree.read(("pages", "a.pdf", name))
    assert index.asked.count("document a.pdf") == 1


def test_looking_reads_no_document(tree: VirtualTree, index: Index, seconds: Seconds) -> None:
    index.add("d/a.pdf", pages=3)
    for number in range(1000):
        refused(errno.ENOENT, tree.lookup, ("text", f"probe {number}"))
        refused(errno.ENOENT, tree.lookup, ("text", f"probe {number}", "below"))
        refused(errno.ENOENT, tree.lookup, ("text", "d", f"probe {number}"))
    assert index.asked == ["generation", "folder ", "folder d"]
    seconds.now += FRESH_S
    tree.listing(("text", "d"))
    assert index.asked == ["generation", "folder ", "folder d", "generation"]


def test_a_folder_hides_a_document_whose_text_would_have_its_name(
    tree: VirtualTree, index: Index
) -> None:
    index.add("a")
    index.add("a.md/b")
    assert names(tree, "text") == ["a.md"]
    assert names(tree, "text", "a.md") == ["b.md"]


def test_a_name_too_long_for_an_ending_is_left_out(tree: VirtualTree, index: Index) -> None:
    index.add("x" * 253)
    index.add("x" * 252)
    assert names(tree, "text") == ["x" * 252 + ".md"]
    refused(errno.ENOENT, tree.lookup, ("text", "x" * 253 + ".md"))


# --- with an index of real files


@pytest.fixture
def real(drive: lsfs.Drive) -> Iterator[VirtualTree]:
    source = drive.source
    (source / "\udcff").mkdir()
    (source / "\udcff/caf\udce9.md").write_text(
        "# Menu\n\n| Dish | EUR |\n|---|---|\n| Pie | 7 |\n"
    )
    _workbook(source / "Finance/book.xlsx")
    drive.wait_indexed()
    published = Published(initialise(source).state.catalog)
    yield VirtualTree(published, Index(), {})
    published.close()


def _workbook(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for title in ("Rent", "Heating"):
        sheet = book.create_sheet(title)
        sheet.append(["Month", "EUR"])
        sheet.append(["May", 700])
    del book["Sheet"]
    book.save(path)


def walk(tree: VirtualTree, *parts: str) -> Iterator[tuple[str, ...]]:
    for name, node in tree.listing(parts):
        assert node == tree.lookup((*parts, name))
        if node.kind is NodeKind.DIRECTORY:
            yield from walk(tree, *parts, name)
        else:
            yield (*parts, name)


def test_sizes_are_those_of_the_contents(real: VirtualTree) -> None:
    found = [*walk(real, "text"), *walk(real, "pages")]
    assert ("text", "\udcff", "caf\udce9.md.md") in found
    assert [parts for parts in found if parts[0] == "pages"] == [
        ("pages", "Finance", "book.xlsx", "0001.md"),
        ("pages", "Finance", "book.xlsx", "0002.md"),
    ]
    assert len(found) == 8
    for parts in found:
        assert real.lookup(parts).size == len(real.read(parts)) > 0


def test_contents(real: VirtualTree, drive: lsfs.Drive) -> None:
    lease = real.read(("text", "Contracts", "harbour-lease.md.md")).decode()
    assert lease == (drive.source / "Contracts/harbour-lease.md").read_text()
    assert b"| Pie | 7 |" in real.read(("text", "\udcff", "caf\udce9.md.md"))
    book = real.read(("text", "Finance", "book.xlsx.md")).decode()
    assert "<!-- page 2: Heating -->\n\n# Heating\n\n| Month | EUR |\n| --- | --- |\n" in book
    page = real.read(("pages", "Finance", "book.xlsx", "0002.md"))
    assert page.startswith(b"# Heating\n\n| Month | EUR |\n")


def test_groups_of_real_files(real: VirtualTree) -> None:
    assert names(real, "by", "type") == ["html", "markdown", "spreadsheet", "text"]
    assert names(real, "by", "date", "2023", "2023-02") == ["harbour-lease.md"]
    link = real.lookup(("by", "type", "markdown", "caf\udce9.md"))
    assert link.content == b"../../../../\xff/caf\xe9.md"


def test_attributes_of_real_files(real: VirtualTree) -> None:
    assert real.attribute("Contracts/mill-lease.txt", "user.lsfs.indexed") == b"ok"
    assert real.attribute("Finance/book.xlsx", "user.lsfs.pages") == b"2"
    assert real.attribute("Contracts/mill-lease.txt", "user.lsfs.pages") is None
    dates = real.attribute("Contracts/mill-lease.txt", "user.lsfs.dates")
    assert dates is not None and dates.startswith(b"2019-05-03")
    assert real.attribute("none", "user.lsfs.indexed") is None


def test_what_changed_is_seen(drive: lsfs.Drive, source: Path, seconds: Seconds) -> None:
    drive.wait_indexed()
    published = Published(initialise(source).state.catalog)
    tree = VirtualTree(published, Index(), {}, monotonic=seconds)
    path = ("text", "Contracts", "mill-lease.txt.md")
    before = tree.lookup(path).size
    (source / "Contracts/mill-lease.txt").write_text("There is no lease any more.")
    drive.wait_indexed()
    seconds.now += FRESH_S
    assert tree.read(path) == b"There is no lease any more.\n"
    assert tree.lookup(path).size == 28 != before
    (source / "Contracts/mill-lease.txt").unlink()
    drive.wait_indexed()
    seconds.now += FRESH_S
    refused(errno.ENOENT, tree.lookup, path)
    published.close()
