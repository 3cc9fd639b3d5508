"""Questions as files, with no mount and no brain."""

from __future__ import annotations

import errno

import pytest
from msgspec.structs import replace

from lsfs.errors import LockHeld, ModelError
from lsfs.fuse import rendering
from lsfs.fuse.branches.ask import LONGEST
from lsfs.fuse.virtual import FRESH_S, NodeKind, VirtualTree
from lsfs.model import Citation, FoundFile, SavedQuestion
from tests.fuse.fake_index import Index, Seconds, names, refused

RENT = ("ask", "rent.md")


def test_a_question_exists_after_it_was_written(tree: VirtualTree, index: Index) -> None:
    refused(errno.ENOENT, tree.lookup, RENT)
    assert names(tree, "ask") == []
    assert tree.lookup(("ask",)).writable
    tree.write(("ask", "rent"), b"  What is the rent?\n")
    assert index.asked_questions["rent"].question == "What is the rent?"
    assert names(tree, "ask") == ["rent.md"]
    assert tree.lookup(("ask", "rent")) == tree.lookup(RENT)
    assert tree.lookup(RENT).kind is NodeKind.FILE
    refused(errno.ENOENT, tree.lookup, ("ask", "ren"))
    refused(errno.ENOENT, tree.lookup, ("ask", "rent.md", "below"))
    refused(errno.ENOTDIR, tree.listing, RENT)
    refused(errno.EISDIR, tree.read, ("ask",))


def test_an_answer_is_found_when_it_is_read_and_kept(tree: VirtualTree, index: Index) -> None:
    tree.write(RENT, b"What is the rent?")
    assert (tree.lookup(RENT).size, tree.lookup(RENT).content) == (0, None)
    first = tree.read(RENT)
    assert first.startswith(b"# What is the rent?\n\nIn state 1.")
    assert tree.lookup(RENT).size == len(first)
    assert tree.lookup(RENT).mtime_ns == 7
    assert tree.read(("ask", "rent")) == first
    assert index.asked.count("answer") == 1
    index.current = 2
    assert b"In state 2." in tree.read(RENT)
    assert index.asked.count("answer") == 2


def test_writing_again_asks_anew(tree: VirtualTree, index: Index) -> None:
    tree.write(RENT, b"What is the rent?")
    tree.read(RENT)
    tree.write(("ask", "rent"), b"Who is the landlord?")
    assert tree.read(RENT).startswith(b"# Who is the landlord?\n\nIn state 1.")
    assert index.asked.count("answer") == 2


def test_looking_never_asks_the_brain(tree: VirtualTree, index: Index, seconds: Seconds) -> None:
    index.asked_for("rent", "What is the rent?")
    for _ in range(100):
        tree.lookup(RENT)
        tree.listing(("ask",))
        refused(errno.ENOENT, tree.lookup, ("ask", "probe"))
    assert index.asked == ["questions", "question"]
    seconds.now += FRESH_S
    tree.lookup(RENT)
    assert index.asked == ["questions", "question"] * 2


def test_forgetting(tree: VirtualTree, index: Index) -> None:
    refused(errno.ENOENT, tree.unlink, RENT)
    for name in ("rent", "rent.md"):
        tree.write(("ask", name), b"What is the rent?")
        tree.unlink(("ask", name))
        assert index.asked_questions == {}
        assert names(tree, "ask") == []
        refused(errno.ENOENT, tree.read, RENT)


@pytest.mark.parametrize(
    ("code", "name", "data"),
    [
        (errno.EFBIG, "q", b"x" * (LONGEST + 1)),
        (errno.EINVAL, "q", b""),
        (errno.EINVAL, "q", b" \n"),
        (errno.EINVAL, "q", b"one\ntwo"),
        (errno.EINVAL, "q", b"bell\a"),
        (errno.EINVAL, "q", b"\xff"),
        (errno.EINVAL, ".git", b"What?"),
        (errno.EINVAL, "HEAD", b"What?"),
        (errno.EINVAL, "two\nlines", b"What?"),
        (errno.EINVAL, "not utf8 \udcff", b"What?"),
        (errno.EINVAL, ".md", b"What?"),
        (errno.ENAMETOOLONG, "x" * 253, b"What?"),
    ],
)
def test_what_is_no_question(
    tree: VirtualTree, index: Index, code: int, name: str, data: bytes
) -> None:
    refused(code, tree.write, ("ask", name), data)
    assert index.asked_questions == {}


def test_where_a_file_may_be_made(tree: VirtualTree) -> None:
    for name in ("rent", "rent.md", "x" * 252, "What is the rent?"):
        assert tree.creates_file(("ask", name))
    for parts in (
        (), ("ask",), ("ask", "a", "b"), ("ask", ".git"), ("ask", "x" * 253), ("ask", ".md"),
        ("search", "x"), ("text", "x"),
    ):  # fmt: skip
        assert not tree.creates_file(parts)
    assert tree.lookup(("ask",)).writable


def test_no_answer_says_why_in_words(tree: VirtualTree, index: Index) -> None:
    tree.write(RENT, b"What is the rent?")
    for error, words in (
        (BlockingIOError(errno.EAGAIN, "the index does not answer: timed out"), b"timed out"),
        (ModelError("the model's file is gone", hint="lsfs model pull"), b"lsfs model pull"),
        (LockHeld("busy"), b"busy"),
    ):
        index.brain_error = error
        page = tree.read(RENT)
        assert page.startswith(b"# What is the rent?")
        assert b"cannot be answered" in page
        assert words in page
    index.brain_error = None
    assert b"In state 1." in tree.read(RENT)
    index.current, index.brain_error = 2, LockHeld("busy")
    page = tree.read(RENT)
    assert b"busy" in page
    assert b"In state 1." in page, "an old answer is better than none"


def test_a_brain_that_keeps_no_question_refuses_the_write(tree: VirtualTree, index: Index) -> None:
    index.brain_error = BlockingIOError(errno.EAGAIN, "away")
    refused(errno.EAGAIN, tree.write, RENT, b"What is the rent?")


def test_an_answer_as_a_page() -> None:
    asked = SavedQuestion(
        "rent", "What is due?", 3, 0, "EUR 700\x07\nmonthly",
        (
            Citation("a/le\x1b[31mase.pdf", 2, None, None, "The rent\nis EUR 700."),
            Citation("b.txt", None, 4, 5, "EUR 700"),
        ),
        (FoundFile("b.txt", 0.5, "Notes", "2023-05-01", "", None, ""),),
        "SmolLM2",
    )  # fmt: skip
    page = rendering.answer_page(asked).decode()
    assert page.startswith("# What is due?\n\nEUR 700 \nmonthly\n\n## Where it says so\n\n1. a/le")
    assert "ase.pdf p.2\n\n   > The rent\n   > is EUR 700.\n" in page
    assert "2. b.txt:4-5" in page
    assert "## Files\n\n- b.txt \N{EM DASH} Notes \N{EM DASH} 2023-05-01\n" in page
    assert page.endswith("Language model: SmolLM2\n")
    assert "\x1b" not in page and "\x07" not in page
    bare = rendering.answer_page(replace(asked, citations=(), files=(), model="")).decode()
    assert bare == "# What is due?\n\nEUR 700 \nmonthly\n"
