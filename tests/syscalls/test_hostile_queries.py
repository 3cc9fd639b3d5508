"""Queries made of operators, quotes, SQL and odd characters: words, or a documented error."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.errors import UsageError

PIECES = (
    *"'\"`;()*^+-:~%_\\\0\n\t{}[]<>=@#|&", "--", "/*", "*/", "OR", "AND", "NOT", "NEAR(", "~5",
    "~99999999999", "1=1", "DROP TABLE file", "UNION SELECT * FROM document", "title:", "heading:",
    "path:", "type:", "-type:", "size:>", "size:>10mb", "to:", "from:", "due:2024-05", "dir:",
    "sort:oldest", "after:", "{text heading}", "passage_fts", "rank", "MATCH", "rent", "lease",
    "M\u00fcller", "\u5716\u66f8\u9928", "\ud55c\uad6d\uc5b4", "\u0e44\u0e17\u0e22", "\ud800",
    "\udcff", "\u202e", "\ufeff", "\U0001f642", "x" * 300, "col : x", "!=", "?1", ":a", "C++",
    "1,234.50", "2023-01-31", "last year", "not drafts", "\u00df", "\u0130", "\u0345", "..",
    "../..", "NULL", "1e999", "+rent", "-draft", "inv*", "*inv", '"notice period"~5', '""',
    "') OR ('a'='a", "; ATTACH DATABASE", "\x1b[31m", "file #", "or from",
)  # fmt: skip


def hostile(count: int, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        if chance.random() < 0.1:
            yield "".join(chr(chance.randrange(1, 0x3000)) for _ in range(chance.randint(1, 40)))
        else:
            some = chance.choices(PIECES, k=chance.randint(1, 9))
            yield chance.choice((" ", " ", "")).join(some)


@pytest.fixture
def words_only(source: Path) -> Iterator[lsfs.Drive]:
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with lsfs.open(source, config=config) as drive:
        drive.wait_indexed()
        yield drive


def test_hostile_queries_find_or_say_what_is_wrong(words_only: lsfs.Drive) -> None:
    read = 0
    for text in hostile(600, 1):
        try:
            words_only.retrieve(text)
            read += 1
        except UsageError:
            continue
    assert read > 300
    assert words_only.retrieve("rent").hits  # nothing was harmed


@pytest.mark.parametrize("text", ["' OR 1=1 --", '" OR 1=1 --', "rent OR ' --", "- NOT"])
def test_signs_beside_an_operator_make_no_condition(words_only: lsfs.Drive, text: str) -> None:
    found = words_only.retrieve(text)
    assert not [note for note in found.notes if "()" in note]
    every = {hit.path for hit in words_only.retrieve("").hits}
    assert {hit.path for hit in found.hits} != every
