"""Two versions of a text side by side, with the words that differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from msgspec import Struct

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_HUNK = re.compile(r"@@ -[\d,]+ \+(\d+)(?:,\d+)? @@")
_ALIKE = 0.3  # lines that share fewer words are not one line that was changed
_LONGEST = 2_000  # characters of a line whose words are compared


class Word(Struct, frozen=True):
    """A run of a line; ``changed`` where the other side does not have it."""

    text: str
    changed: bool


Words = tuple[Word, ...]


class Pair(Struct, frozen=True):
    """A line on both sides; None on the side where there is none.

    Attributes:
        head: what stands across both sides instead: where in the file the lines are.
    """

    left: Words | None = None
    right: Words | None = None
    same: bool = False
    head: str = ""


def pairs(lines: Iterable[str]) -> Iterator[Pair]:
    """The lines of a unified diff, those that were replaced beside those that replace them."""
    removed: list[str] = []
    added: list[str] = []
    for line in lines:
        sign, text = line[:1], line[1:]
        if sign == "-":
            if added:
                yield from _changed(removed, added)
                removed, added = [], []
            removed.append(text)
        elif sign == "+":
            added.append(text)
        elif sign != "\\":  # "\ No newline at end of file"
            yield from _changed(removed, added)
            removed, added = [], []
            if sign == "@":
                yield Pair(head=_head(line))
            else:
                words = (Word(text, False),)
                yield Pair(words, words, same=True)
    yield from _changed(removed, added)


def _head(line: str) -> str:
    """Where the lines that follow stand, in the later version."""
    found = _HUNK.match(line)
    return f"from line {found[1]}" if found else line


def of_text(unified: str) -> list[Pair]:
    """The pairs of a unified diff of a file, without its two lines of names."""
    lines = unified.splitlines()
    begin = 2 if lines[:1] and lines[0].startswith("---") else 0
    return list(pairs(lines[begin:]))


def _changed(removed: list[str], added: list[str]) -> Iterator[Pair]:
    for left, right in zip_longest(removed, added):
        if left is None or right is None:
            yield Pair(_whole(left), _whole(right))
        else:
            yield Pair(*_words(left, right))


def _whole(line: str | None) -> Words | None:
    return None if line is None else (Word(line, True),)


def _words(left: str, right: str) -> tuple[Words, Words]:
    """Two lines in runs that differ and runs that do not."""
    if max(len(left), len(right)) > _LONGEST:
        return (Word(left, True),), (Word(right, True),)
    a, b = _WORD.findall(left), _WORD.findall(right)
    said = [[word for word in words if not word.isspace()] for words in (a, b)]
    if difflib.SequenceMatcher(None, said[0], said[1], autojunk=False).ratio() < _ALIKE:
        return (Word(left, True),), (Word(right, True),)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    sides: tuple[list[Word], list[Word]] = ([], [])
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        for side, text in zip(sides, ("".join(a[a1:a2]), "".join(b[b1:b2])), strict=True):
            if text:
                side.append(Word(text, tag != "equal"))
    return tuple(sides[0]), tuple(sides[1])
