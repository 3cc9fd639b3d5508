"""Files by date, type and author, with no mount and no brain."""

from __future__ import annotations

import errno
import os

import pytest

from lsfs.fuse import rendering
from lsfs.fuse.branches import by
from lsfs.fuse.branches.by import distinct_names
from lsfs.fuse.virtual import FRESH_S, NodeKind, VirtualTree
from lsfs.index.find.filters import type_of
from tests.fuse.fake_index import Index, Seconds, names, refused


def test_dates_are_folders_of_months(tree: VirtualTree, index: Index) -> None:
    index.add("a/lease.pdf", dates=["2023-04-07"], until="2023-04-08")
    index.add("month.txt", dates=["2023-05-01"], until="2023-06-01")
    index.add("year.txt", dates=["2023-01-01"], until="2024-01-01")
    index.add("old.txt", dates=["1999-12-31"], until="2000-01-01")
    index.add("undated.txt")
    assert names(tree, "by") == [
        "date", "type", "author", "kind", "party", "topic",
    ]  # fmt: skip
    assert names(tree, "by", "date") == ["1999", "2023"]
    assert names(tree, "by", "date", "2023") == ["2023-04", "2023-05", "year.txt"]
    assert names(tree, "by", "date", "2023", "2023-04") == ["lease.pdf"]
    refused(errno.ENOENT, tree.lookup, ("by", "date", "2024"))
    refused(errno.ENOENT, tree.lookup, ("by", "date", "2023", "2023-04", "lease.pdf", "x"))
    refused(errno.ENOENT, tree.listing, ("by", "size"))
    refused(errno.ENOENT, tree.lookup, ("by", "size", "x"))
    refused(errno.ENOTDIR, tree.listing, ("by", "date", "2023", "year.txt"))
    refused(errno.EINVAL, tree.read, ("by", "date", "2023", "year.txt"))
    refused(errno.EISDIR, tree.read, ("by", "date", "2023"))


def test_links_lead_to_the_files(tree: VirtualTree, index: Index) -> None:
    index.add("a/b\udcff.pdf", dates=["2023-01-01"], until="2024-01-01", author="Ada")
    for folder in (("by", "date", "2023"), ("by", "type", "pdf"), ("by", "author", "Ada")):
        [(name, node)] = tree.listing(folder)
        assert node == tree.lookup((*folder, name))
        assert node.kind is NodeKind.LINK
        assert node.content is not None and node.size == len(node.content)
        place = os.path.normpath(b"/.lsfs/" + "/".join(folder).encode() + b"/" + node.content)
        assert place == b"/a/b\xff.pdf"


def test_a_file_is_with_each_of_its_parties(tree: VirtualTree, index: Index) -> None:
    index.add("lease.pdf", parties=("Harbour Homes Ltd", "Ada Byron"))
    index.add("bill.pdf", parties=("Ada Byron",))
    assert names(tree, "by", "party") == ["Ada Byron", "Harbour Homes Ltd"]
    assert names(tree, "by", "party", "Ada Byron") == ["bill.pdf", "lease.pdf"]


def test_kinds_and_topics(tree: VirtualTree, index: Index) -> None:
    index.add("a.pdf", kind="contract", topics=("law", "rent, lease"))
    index.add("b.pdf", kind="contract", topics=("law", "work/pay"))
    index.add("c.pdf", topics=("ships",))
    assert names(tree, "by", "kind", "contract") == ["a.pdf", "b.pdf"]
    assert names(tree, "by", "topic") == ["law", "ships"]
    assert names(tree, "by", "topic", "law") == ["rent, lease", "work-pay"]
    assert names(tree, "by", "topic", "law", "work-pay") == ["b.pdf"]
    refused(errno.ENOENT, tree.lookup, ("by", "topic", "README.md"))


def test_without_topics_it_says_how_they_are_found(tree: VirtualTree, index: Index) -> None:
    index.add("a.pdf")
    assert names(tree, "by", "topic") == ["README.md"]
    assert b"lsfs group topic" in tree.read(("by", "topic", "README.md"))
    refused(errno.ENOENT, tree.lookup, ("by", "kind", "README.md"))


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("pdf", "pdf"), ("docx", "word"), ("xlsx", "spreadsheet"), ("csv", "spreadsheet"),
        ("md", "markdown"), ("txt", "text"), ("eml", "email"), ("rtf", "document"),
        ("jpeg", "image"), ("py", "code"), ("xyz", "xyz"),
    ],
)  # fmt: skip
def test_types_have_the_names_people_call_them(ending: str, kind: str) -> None:
    assert type_of(ending) == kind


def test_types(tree: VirtualTree, index: Index) -> None:
    index.add("a.xlsx")
    index.add("b.csv")
    index.add("Makefile", suffix="")
    index.add("Dr. Who and his friends", suffix=" who and his friends")
    index.add("x.a/b", suffix="a/b")
    assert names(tree, "by", "type") == ["other", "spreadsheet"]
    assert names(tree, "by", "type", "spreadsheet") == ["a.xlsx", "b.csv"]
    assert names(tree, "by", "type", "other") == ["Dr. Who and his friends", "Makefile", "b"]


def test_authors_are_safe_names(tree: VirtualTree, index: Index) -> None:
    for number, author in enumerate(["R/D", ".NET", "two\nlines", "a\x1bb", "HEAD", "ü" * 200]):
        index.add(f"f{number}", author=author)
    found = names(tree, "by", "author")
    assert {"R-D", "_.NET", "two lines", "a\N{REPLACEMENT CHARACTER}b", "_HEAD"} < {*found}
    assert all(len(os.fsencode(name)) <= 255 for name in found)
    assert names(tree, "by", "author", "_.NET") == ["f1"]


def test_files_that_programs_probe_for_have_other_names(tree: VirtualTree, index: Index) -> None:
    index.add("a/.gitignore", suffix="")
    assert names(tree, "by", "type", "other") == ["_.gitignore"]
    assert (
        tree.lookup(("by", "type", "other", "_.gitignore")).content == b"../../../../a/.gitignore"
    )


def test_equal_names_are_told_apart_by_their_folders() -> None:
    assert distinct_names(["a/x.txt", "b/y.txt"]) == {"x.txt": "a/x.txt", "y.txt": "b/y.txt"}
    assert distinct_names(["a/x.txt", "b/x.txt", "x.txt"]) == {
        "x (a).txt": "a/x.txt", "x (b).txt": "b/x.txt", "x.txt": "x.txt",
    }  # fmt: skip
    assert distinct_names(["a/c/x", "b/c/x", "d/x"]) == {
        "x (a - c)": "a/c/x", "x (b - c)": "b/c/x", "x (d)": "d/x",
    }  # fmt: skip


def test_names_stay_when_other_files_come() -> None:
    before = distinct_names(["a/x", "b/x", "c/y"])
    after = distinct_names(["a/x", "b/x", "c/y", "0/z", "d/w"])
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    "paths",
    [
        ["a/x", "b/x", "x (a)"],  # a file that has the name already
        ["p/" * 100 + "x", "q/" + "p/" * 99 + "x"],  # too many folders to tell
        ["\x01", "\x02"],  # safe only by losing what differs
        ["a/" + "ü" * 127 + ".pdf", "b/" + "ü" * 127 + ".pdf", "c/" + "ü" * 126 + "é.pdf"],
        ["a" * 200 + "/" + "x" * 255, "b" * 200 + "/" + "x" * 255],
        ["\udcff/x", "\udcfe/x"],
        ["a/.x", "b/.x", "a/_.x"],
    ],
)
def test_names_are_safe_and_differ(paths: list[str]) -> None:
    found = distinct_names(paths)
    assert sorted(found.values()) == sorted(paths)
    for name in found:
        assert 0 < len(os.fsencode(name)) <= 255
        assert "/" not in name
        assert not any(rendering.is_control(character) for character in name)


def test_a_name_that_a_folder_has_is_not_taken() -> None:
    assert distinct_names(["a/2023-04"], ["2023-04"]) == {"2023-04 (a)": "a/2023-04"}
    [name] = distinct_names(["2023-04"], ["2023-04"])
    assert name.startswith("2023-04 (")


def test_groups_are_made_once_for_a_state_of_the_index(
    tree: VirtualTree, index: Index, seconds: Seconds
) -> None:
    index.add("a.pdf")
    for number in range(1000):
        refused(errno.ENOENT, tree.lookup, ("by", "type", f"probe {number}"))
        refused(errno.ENOENT, tree.lookup, ("by", "type", "pdf", f"probe {number}"))
        refused(errno.ENOENT, tree.lookup, ("by", f"probe {number}", "x"))
    assert index.asked == ["generation", "typed"], "dates and authors were not needed"
    seconds.now += FRESH_S
    assert names(tree, "by", "type", "pdf") == ["a.pdf"]
    assert index.asked == ["generation", "typed", "generation"]
    index.add("b.pdf")
    assert names(tree, "by", "type", "pdf") == ["a.pdf"]
    seconds.now += FRESH_S
    assert names(tree, "by", "type", "pdf") == ["a.pdf", "b.pdf"]


def test_groups_that_take_long_are_made_less_often(
    tree: VirtualTree, index: Index, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("a.pdf")
    quick = index.typed

    def slow() -> list[tuple[str, str]]:
        seconds.now += 1.0
        return quick()

    def slow_names(paths: list[str], taken: object) -> dict[str, str]:
        seconds.now += 1.0
        return distinct_names(paths)

    monkeypatch.setattr(index, "typed", slow)
    monkeypatch.setattr(by, "distinct_names", slow_names)
    tree = VirtualTree(index, index, {}, monotonic=seconds)
    assert names(tree, "by", "type", "pdf") == ["a.pdf"]
    index.add("b.pdf")
    seconds.now += 15.0
    assert names(tree, "by", "type", "pdf") == ["a.pdf"]
    seconds.now += 6.0
    assert names(tree, "by", "type", "pdf") == ["a.pdf", "b.pdf"]
