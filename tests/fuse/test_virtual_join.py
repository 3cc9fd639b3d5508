"""Joins as folders, and documents one after the other, with no mount and no brain."""

from __future__ import annotations

import csv
import errno
import json
import os

import pytest
from msgspec.structs import replace

from lsfs.errors import LsfsError
from lsfs.fuse.virtual import FRESH_S, NodeKind, VirtualTree
from lsfs.joins import Evidence, Joined, JoinRow, KeyMatch
from tests.fuse.fake_index import Index, Seconds, names, refused

NAME = "invoices+contracts on counterparty"


def row(left: str, right: str, value: str = "Acme Ltd") -> JoinRow:
    one = Evidence(left, "party", value, "acme", 1, None, "p.1", f"Bill to: {value}")
    two = Evidence(right, "party", "ACME", "acme", None, 3, ":3", "with ACME")
    return JoinRow(left, right, value, 1.0, (KeyMatch("counterparty", 1.0, "equal", one, two),))


def alone(left: str) -> JoinRow:
    return JoinRow(left, "", "", 0.0, (), "states no counterparty")


@pytest.fixture
def made(tree: VirtualTree, index: Index) -> VirtualTree:
    rows = (row("in/a.pdf", "con/lease.md"), row("in/a.pdf", "old/a.pdf"), alone("in/b.pdf"))
    index.rows = Joined(rows, 3, more=False, left_files=2, right_files=2, notes=("a note",))
    tree.mkdir(("join", NAME))
    return tree


def test_a_join_exists_after_it_was_made(made: VirtualTree) -> None:
    assert names(made, "join") == [NAME]
    assert names(made, "join", NAME) == [
        "ROWS.md", "rows.csv", "rows.json", "001 a.pdf + lease.md", "002 a.pdf + a.pdf",
        "003 b.pdf",
    ]  # fmt: skip
    assert names(made, "join", NAME, "002 a.pdf + a.pdf") == ["a (in).pdf", "a (old).pdf"]
    link = made.lookup(("join", NAME, "001 a.pdf + lease.md", "lease.md"))
    assert link.kind is NodeKind.LINK
    place = os.path.normpath(f"/.lsfs/join/{NAME}/001/{os.fsdecode(link.content or b'')}")
    assert place == "/con/lease.md"
    refused(errno.EEXIST, made.mkdir, ("join", NAME))
    refused(errno.ENOENT, made.lookup, ("join", NAME, "004 none"))
    refused(errno.EROFS, made.mkdir, ("join", NAME, "more"))
    refused(errno.EROFS, made.rmdir, ("join", NAME, "003 b.pdf"))
    made.rmdir(("join", NAME))
    assert names(made, "join") == []
    refused(errno.ENOENT, made.lookup, ("join", NAME))


def test_its_files(made: VirtualTree) -> None:
    page = made.read(("join", NAME, "ROWS.md")).decode()
    assert "## 1. in/a.pdf + con/lease.md" in page
    assert "- in/a.pdf p.1: Acme Ltd\n  > Bill to: Acme Ltd\n- con/lease.md:3: ACME" in page
    assert "states no counterparty" in page
    data = json.loads(made.read(("join", NAME, "rows.json")))
    assert data["rows"][0]["keys"][0]["right"]["where"] == ":3"
    table = list(csv.DictReader(made.read(("join", NAME, "rows.csv")).decode().splitlines()))
    assert (table[0]["left"], table[0]["right_place"], table[2]["why"]) == (
        "in/a.pdf", ":3", "states no counterparty",
    )  # fmt: skip


def test_no_cell_is_a_formula_and_no_line_is_obeyed(tree: VirtualTree, index: Index) -> None:
    evil = row("=cmd|' /C calc'!A0", "b\x1b[31m.txt", value="+1\n=2")
    index.rows = Joined((evil,), 1, more=False, left_files=1, right_files=1)
    tree.mkdir(("join", "a+b on c"))
    table = tree.read(("join", "a+b on c", "rows.csv")).decode()
    cells = [cell for line in csv.reader(table.splitlines()) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert "'=cmd|' /C calc'!A0" in cells
    assert b"\x1b" not in tree.read(("join", "a+b on c", "ROWS.md"))
    assert all(name.isprintable() for name in names(tree, "join", "a+b on c"))


def test_rows_follow_the_index(made: VirtualTree, index: Index, seconds: Seconds) -> None:
    kept = index.joined[NAME]
    fewer = replace(kept.joined, rows=kept.joined.rows[:1], total=1)
    index.joined[NAME] = replace(kept, joined=fewer, generation=2)
    seconds.now += FRESH_S
    assert names(made, "join", NAME)[3:] == ["001 a.pdf + lease.md"]
    index.joined[NAME] = replace(kept, problem="no such field", joined=replace(fewer, rows=()))
    seconds.now += FRESH_S
    assert b"no such field" in made.read(("join", NAME, "ROWS.md"))


def test_looking_asks_no_brain(made: VirtualTree, index: Index) -> None:
    index.asked.clear()
    for name in ("a+b", ".git+x", "invoices+contracts on date"):
        refused(errno.ENOENT, made.lookup, ("join", name))
    made.listing(("join", NAME))
    assert not {"save_join", "drop_join"} & set(index.asked)
    assert not [what for what in index.asked if what.startswith("document")]


def test_what_the_brain_refuses(tree: VirtualTree, index: Index) -> None:
    index.brain_error = LsfsError("no join")
    with pytest.raises(LsfsError):
        tree.mkdir(("join", "nonsense"))
    assert names(tree, "join") == []
    refused(errno.EINVAL, tree.mkdir, ("join", "a\nb"))


@pytest.fixture
def documents(tree: VirtualTree, index: Index) -> VirtualTree:
    index.add("top.txt")
    index.add("con/a.pdf", pages=2)
    index.add("in/b.pdf", pages=1)
    index.add("in/c+d.pdf", pages=1)
    return tree


def test_documents_one_after_the_other(documents: VirtualTree) -> None:
    parts = ("join", "con", "a.pdf+in", "b.pdf+top.txt")
    for depth in range(2, len(parts)):
        assert documents.lookup(parts[:depth]).kind is NodeKind.DIRECTORY
        assert documents.listing(parts[:depth]) == []
    text = documents.read(parts).decode()
    assert text.index("<!-- file 1 of 3: con/a.pdf; begins on page 1") == 0
    assert text.index("page 2") < text.index("file 2 of 3: in/b.pdf; begins on page 3")
    assert documents.read((*parts[:-1], parts[-1] + ".md")).decode() == text
    # The fake index says that each document has 100 bytes.
    heads = sum(len(line) + 2 for line in text.splitlines() if line.startswith("<!-- file")) + 2
    assert documents.lookup(parts).size == 300 + heads
    pages = json.loads(documents.read((*parts[:-1], parts[-1] + ".json")))["pages"]
    assert [(one["page"], one["path"], one["source_page"]) for one in pages] == [
        (1, "con/a.pdf", 1), (2, "con/a.pdf", 2), (3, "in/b.pdf", 1), (4, "top.txt", None),
    ]  # fmt: skip


def test_names_with_a_plus(documents: VirtualTree) -> None:
    assert documents.lookup(("join", "in", "c+d.pdf+in", "b.pdf")).kind is NodeKind.FILE
    refused(errno.ENOENT, documents.lookup, ("join", "in", "c+d.pdf"))
    refused(errno.ENOENT, documents.lookup, ("join", "in", "c.pdf+in", "b.pdf"))
    refused(errno.ENOENT, documents.lookup, ("join", "+".join(["top.txt"] * 60)))
    refused(errno.EROFS, documents.rmdir, ("join", "con"))
