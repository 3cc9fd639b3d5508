"""Markdown by the letter of CommonMark: nesting, HTML, tables, and what is in no block."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.model import Document
from lsfs_parsers import markdown
from lsfs_parsers.front_matter import front_matter
from tests.parsers.conftest import Reader

HARD = """Setext head
two
===

> quote *a*
lazy
> # In quote

- one
  more

  para in item

      code in item
  1. nested
     ```py
     x = 1

     ```
- [ ] task

[ref]: http://x "t"

<div>
html <b>text</b>
</div>

a | b
--|--
`x \\| y` | 2

***
    indented
Last
"""


def blocks(document: Document) -> list[tuple[str, str, int | None]]:
    return [(block.kind.value, block.text, block.spans[0].line) for block in document.blocks]


def test_hard_markdown(read: Reader) -> None:
    document = read(HARD.encode(), "a.md")
    assert blocks(document) == [
        ("heading", "Setext head\ntwo", 1),
        ("para", "quote *a*\nlazy", 5),
        ("para", "In quote", 7),
        ("list_item", "- one\nmore", 9),
        ("list_item", "para in item", 12),
        ("code", "code in item", 14),
        ("list_item", "1. nested", 15),
        ("code", "x = 1", 17),
        ("list_item", "- [ ] task", 20),
        ("para", '[ref]: http://x "t"', 22),
        ("para", "html text", 25),
        ("table", "a | b\n`x | y` | 2", 28),
        ("code", "indented", 33),
        ("para", "Last", 34),
    ]
    assert document.tables[0].row_lines == (28, 30)
    assert {block.heading_path for block in document.blocks[1:]} == {("Setext head two",)}


def test_what_is_nested_too_deep_is_kept(read: Reader) -> None:
    text = "".join(f"{'  ' * n}- word{n}\n" for n in range(100)) + "\nend\n"
    document = read(text.encode(), "a.md")
    assert all(f"word{n}" in document.text for n in range(100))
    assert "treasure" in read((">" * 50_000 + " treasure").encode(), "a.md").text


def test_long_markdown_is_read_in_stretches(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "_CHUNK", 10)
    text = "# One\n\nwords of one\n\n```\n\n# no head\n```\n\n## Two\nmore\n"
    document = read(text.encode(), "a.md")
    assert blocks(document) == [
        ("heading", "One", 1), ("para", "words of one", 3), ("code", "# no head", 7),
        ("heading", "Two", 10), ("para", "more", 11),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "title", "author", "created", "above"),
    [
        ("---\ntitle: A\nauthors:\n - name: Ann\n - Bob\ndate: 2024-02-03\n---\n", "A", "Ann, Bob",
         date(2024, 2, 3), 7),
        ("---\ntitle: One: two\ndate: 2024\n---\nx", "One: two", "", date(2024, 1, 1), 4),
        ('+++\ntitle = "T"\nauthor = "A"\ndate = 2024-02-03\n+++\n', "T", "A",
         date(2024, 2, 3), 5),
        ("---\nwords\n---\n", "", "", None, 0),
        ("---\n- a\n---\n", "", "", None, 0),
        ("---\ntitle: A\n", "", "", None, 0),
        ("---\na: &a [x]\nb: [*a, *a]\ntitle: {x: 1}\ndate: [1]\n---\n", "", "", None, 6),
        ("---\n" + "[" * 5_000 + "\n---\n", "", "", None, 0),
    ],
)  # fmt: skip
def test_front_matter(text: str, title: str, author: str, created: date | None, above: int) -> None:
    facts, lines, _ = front_matter(text.split("\n"))
    assert (facts.title, facts.author, facts.created, lines) == (title, author, created, above)


def test_front_matter_is_text_too_with_its_lines(read: Reader) -> None:
    text = (
        "---\ntitle: Kick-off\nclient: \"[[Acme Ltd]]\"\nTags: [print, '#web']\nteam:\n"
        "  - Ann\n  - name: Bob\nempty:\nsize: {x: 1}\n---\n# Head\nwords\n"
    )
    document = read(text.encode(), "a.md")
    head = document.blocks[0].text
    assert head == "client: Acme Ltd\nTags: print\nTags: web\nteam: Ann\nteam: Bob"
    assert [span.line for span in document.blocks[0].spans] == [3, 4, 4, 6, 7]
    assert document.blocks[1].text == "Head"


MARKS = ["# ", "- ", "1. ", "> ", "    ", "```", "|", "|-|-|", "===", "<div>", "</div>", "<!--",
         "[a]: b", "\t", "* * *", "\\"]  # fmt: skip
parts = st.lists(st.sampled_from([*MARKS, "\n", "\n\n", *(f" w{n}w " for n in range(9))]))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts)
def test_words_are_kept_with_their_lines(read: Reader, found: list[str]) -> None:
    text = "w\n" + "".join(found)
    document = read(text.encode(), "a.md")
    if "<" in text:  # where HTML is mended, a line can only be near
        return
    file = text.split("\n")
    for block in document.blocks:
        for span in block.spans:
            for word in document.text[span.char_start : span.char_end].split():
                if len(word) == 3 and word[0] == "w" and word[2] == "w":
                    assert word in file[(span.line or 0) - 1]
    if "```" in text:  # what stands behind a fence's mark is no text
        return
    for n in range(9):
        assert document.text.count(f"w{n}w") == text.count(f"w{n}w")
