"""The virtual directory, its top and its queries, with no mount and no brain."""

from __future__ import annotations

import errno
import json
import os
import sqlite3

import pytest

from lsfs.errors import LsfsError
from lsfs.fuse import rendering
from lsfs.fuse.virtual import FRESH_S, NodeKind, VirtualTree, inode_of
from lsfs.model import FileProblem, SavedSearch, Status
from tests.fuse.fake_index import Index, Seconds, hit, names, refused


def test_the_top(tree: VirtualTree) -> None:
    assert names(tree) == [
        "README.md", "status", "errors.ndjson", "search", "ask", "by", "group", "join", "text",
        "pages", "summary",
    ]  # fmt: skip
    assert b"mkdir" in tree.lookup(("README.md",)).content
    status = json.loads(tree.lookup(("status",)).content)
    assert status["source"] == "/s"
    assert (status["pid"], status["index"]["pending"]) == (7, 1)
    refused(errno.ENOENT, tree.lookup, ("nothing",))
    refused(errno.ENOENT, tree.lookup, ("status", "below"))
    refused(errno.ENOTDIR, tree.listing, ("status",))
    refused(errno.EISDIR, tree.read, ())
    refused(errno.ENOENT, tree.read, ("nothing",))
    assert tree.read(("README.md",)) == tree.lookup(("README.md",)).content


def test_problems_are_lines_of_json(tree: VirtualTree, index: Index) -> None:
    index.trouble = [
        FileProblem("a\nb\udcff", Status.DAMAGED, "no end"),
        FileProblem("c", Status.TIMEOUT, ""),
    ]
    lines = tree.lookup(("errors.ndjson",)).content.splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["a\nb\udcff", "c"]


def test_a_query_exists_after_it_was_made(tree: VirtualTree, index: Index) -> None:
    index.hits = (hit("contracts/lease.pdf"), hit("b.txt"), hit("contracts/lease.pdf", page=3))
    refused(errno.ENOENT, tree.lookup, ("search", "rent"))
    assert names(tree, "search") == []
    tree.mkdir(("search", "rent"))
    assert names(tree, "search") == ["rent"]
    assert names(tree, "search", "rent") == [
        "RESULTS.md", "results.json", "01 lease.pdf", "02 b.txt",
    ]  # fmt: skip
    link = tree.lookup(("search", "rent", "01 lease.pdf"))
    assert (link.kind, link.content) == (NodeKind.LINK, b"../../../contracts/lease.pdf")
    refused(errno.EEXIST, tree.mkdir, ("search", "rent"))
    tree.rmdir(("search", "rent"))
    refused(errno.ENOENT, tree.lookup, ("search", "rent"))
    refused(errno.ENOENT, tree.lookup, ("search", "rent", "01 lease.pdf"))


def test_links_lead_from_where_they_are_to_the_root_of_the_mount(
    tree: VirtualTree, index: Index
) -> None:
    index.hits = (hit("d/f"),)
    tree.mkdir(("search", "a"))
    tree.mkdir(("search", "a", "b"))
    for parts in (("search", "a"), ("search", "a", "b")):
        link = tree.lookup((*parts, "01 f")).content
        place = os.path.normpath("/".join(("/.lsfs", *parts, os.fsdecode(link))))
        assert place == "/d/f"


def test_nested_queries_narrow(tree: VirtualTree, index: Index) -> None:
    refused(errno.ENOENT, tree.mkdir, ("search", "contracts", "after:2023-01-01"))
    tree.mkdir(("search", "contracts"))
    tree.mkdir(("search", "contracts", "after:2023-01-01"))
    assert list(index.made) == ["contracts", "contracts/after:2023-01-01"]
    assert names(tree, "search") == ["contracts"]
    assert "after:2023-01-01" in names(tree, "search", "contracts")
    refused(errno.ENOTEMPTY, tree.rmdir, ("search", "contracts"))
    tree.rmdir(("search", "contracts", "after:2023-01-01"))
    tree.rmdir(("search", "contracts"))
    assert index.made == {}


def test_a_narrower_query_shows_the_way_to_it(tree: VirtualTree, index: Index) -> None:
    index.made["a/b"] = SavedSearch("a/b", 1)
    assert names(tree, "search") == ["a"]
    assert names(tree, "search", "a") == ["b"]


@pytest.mark.parametrize(
    "name",
    [".git", ".Trash-1000", ".hidden", "HEAD", "autorun.inf", "AUTORUN.INF", "desktop.ini",
     "Thumbs.db", "two\nlines", "bell\a", "not utf8 \udcff", "  ", "System Volume Information"],
)  # fmt: skip
def test_what_programs_probe_for_is_no_query(tree: VirtualTree, index: Index, name: str) -> None:
    refused(errno.EINVAL, tree.mkdir, ("search", name))
    assert index.made == {}


def test_everything_else_is_read_only(tree: VirtualTree) -> None:
    for parts in ((), ("new",), ("search",), ("status",), ("ask", "d"), ("by", "d"), ("text", "d")):
        refused(errno.EROFS, tree.mkdir, parts)
        refused(errno.EROFS, tree.rmdir, parts)
    for parts in ((), ("new",), ("search", "x"), ("status",), ("ask",), ("by", "d"), ("text", "d")):
        refused(errno.EROFS, tree.unlink, parts)
        refused(errno.EROFS, tree.write, parts, b"x")
        assert not tree.creates_file(parts)


@pytest.mark.parametrize("folder", ["search", "ask", "by", "by/type/other", "text", "pages", "new"])
@pytest.mark.parametrize("name", [".git", ".Trash-1000", "desktop.ini", "HEAD"])
def test_what_programs_probe_for_is_nowhere(
    tree: VirtualTree, index: Index, folder: str, name: str
) -> None:
    index.add(f"{name}/{name}", suffix="")
    index.made[name] = SavedSearch(name, 1)
    index.asked_for(name, "A question?")
    parts = (*folder.split("/"), name)
    refused(errno.ENOENT, tree.lookup, parts)
    refused(errno.ENOENT, tree.lookup, (*parts, name))
    if folder != "new":
        assert name not in names(tree, *parts[:-1])
    with pytest.raises(OSError):
        tree.read(parts)


def test_attributes_of_files(tree: VirtualTree, index: Index) -> None:
    index.add("d/a.pdf", pages=3, dates=["2023-05-01", "2019-01-01"])
    index.add("b", status="unsupported")
    assert tree.attribute("d/a.pdf", "user.lsfs.indexed") == b"ok"
    assert tree.attribute("d/a.pdf", "user.lsfs.pages") == b"3"
    assert tree.attribute("d/a.pdf", "user.lsfs.dates") == b"2023-05-01,2019-01-01"
    assert tree.attribute("b", "user.lsfs.indexed") == b"unsupported"
    for path, name in (
        ("b", "user.lsfs.pages"), ("b", "user.lsfs.dates"), ("c", "user.lsfs.indexed"),
        ("d/a.pdf", "user.lsfs.other"), ("d/a.pdf", "user.mime"),
    ):  # fmt: skip
        assert tree.attribute(path, name) is None
    index.error = sqlite3.OperationalError("locked")
    assert tree.attribute("d/a.pdf", "user.lsfs.indexed") is None


def test_looking_computes_nothing(tree: VirtualTree, index: Index, seconds: Seconds) -> None:
    for number in range(1000):
        refused(errno.ENOENT, tree.lookup, ("search", f"probe {number}"))
    assert index.asked == ["searches"]
    seconds.now += FRESH_S
    refused(errno.ENOENT, tree.lookup, ("search", "probe"))
    assert index.asked == ["searches"] * 2


def test_sizes_stay_while_nothing_changes(
    tree: VirtualTree, index: Index, seconds: Seconds
) -> None:
    index.hits = (hit("a"),)
    tree.mkdir(("search", "q"))
    before = tree.lookup(("search", "q", "results.json"))
    seconds.now += FRESH_S
    assert tree.lookup(("search", "q", "results.json")).content is before.content
    index.made["q"] = SavedSearch("q", 2, (hit("a"), hit("b")))
    seconds.now += FRESH_S
    assert tree.lookup(("search", "q", "results.json")).content != before.content
    assert "02 b" in names(tree, "search", "q")


def test_results_for_programs_and_people(tree: VirtualTree, index: Index) -> None:
    index.hits = (hit("a\x1b[31m\nb.pdf", "first\nsecond \x07line"), hit("c", "x", None))
    tree.mkdir(("search", "what is due?"))
    data = json.loads(tree.lookup(("search", "what is due?", "results.json")).content)
    assert data["query"] == "what is due?"
    assert data["hits"][0]["path"] == "a\x1b[31m\nb.pdf"
    assert data["hits"][0]["page"] == 2
    page = tree.lookup(("search", "what is due?", "RESULTS.md")).content.decode()
    assert "b.pdf p.2\n" in page
    assert "> first\n> second  line" in page
    assert "\x1b" not in page
    tree.mkdir(("search", "nothing"))


def test_link_names_are_safe_and_targets_exact() -> None:
    paths = [
        "d/two\nlines.txt",
        "d/\x1b[31mred",
        "d/\udcff.pdf",
        "d/" + "ü" * 127 + ".pdf",
        "evil\u202efdp.exe",
    ]
    links = rendering.links([hit(path) for path in paths], 3)
    assert list(links.values()) == [b"../../../" + os.fsencode(path) for path in paths]
    assert len(set(links)) == len(paths)
    for name in links:
        assert len(os.fsencode(name)) <= 255
        assert not any(rendering.is_control(character) for character in name)
    longest = list(links)[3]
    assert longest.startswith("04 ü") and longest.endswith("ü.pdf")


def test_ranks_sort_as_text() -> None:
    links = rendering.links([hit(f"f{number}") for number in range(120)], 3)
    assert list(links) == sorted(links)
    assert next(iter(links)) == "001 f0"


def test_a_target_too_long_to_read_is_left_out() -> None:
    assert rendering.links([hit("d/" * 2500 + "f"), hit("g")], 3) == {"02 g": b"../../../g"}


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("locked"), LsfsError("gone"), OSError(5, "x")]
)
def test_an_index_in_trouble_is_an_empty_directory(
    tree: VirtualTree, index: Index, error: Exception
) -> None:
    index.error = error
    for branch in ("search", "ask", "text", "pages"):
        assert names(tree, branch) == []
    assert names(tree, "by", "type") == []
    assert "status" in names(tree)
    with pytest.raises(type(error)):
        tree.mkdir(("search", "q"))
    with pytest.raises(type(error)):
        tree.write(("ask", "q"), b"What?")


def test_an_index_in_trouble_is_an_error_of_files_when_read(
    tree: VirtualTree, index: Index
) -> None:
    index.asked_for("rent", "What is the rent?")
    index.error = sqlite3.OperationalError("locked")
    refused(errno.EIO, tree.read, ("ask", "rent.md"))
    refused(errno.EIO, tree.unlink, ("ask", "rent.md"))


def test_inodes_are_stable_and_apart_from_those_of_disks() -> None:
    assert inode_of(("search", "q")) == inode_of(("search", "q"))
    assert inode_of(("search", "q")) != inode_of(("search",))
    assert all(1 << 62 <= inode_of((str(n),)) < 1 << 63 for n in range(1000))
