"""Packs consecutive pieces of a structured text into blocks of a size that can be searched."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from msgspec import Struct

from lsfs.model import BlockKind
from lsfs_parsers.builder import Builder, Piece
from lsfs_parsers.text import MAX_SPANS

BLOCK_CHARS = 800  # a passage of the index holds these


class Part(Struct, frozen=True):
    """A stretch of a text, ``start`` to ``end``, and the names of what it stands in."""

    start: int
    end: int
    path: tuple[str, ...] = ()


def packed(parts: Iterable[Part], limit: int = BLOCK_CHARS) -> Iterator[Part]:
    """``parts``, which follow on each other, with small neighbours of the same path as one."""
    held: Part | None = None
    for part in parts:
        if held is not None and held.path == part.path and part.end - held.start <= limit:
            held = Part(held.start, part.end, held.path)
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held


class Lines:
    """Finds the lines of stretches of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._step = 1 + len(self._starts) // MAX_SPANS

    def line(self, at: int) -> int:
        """The number of the line, from 1, that the character at ``at`` stands in."""
        return bisect_right(self._starts, at)

    def pieces(self, part: Part) -> Iterator[Piece]:
        """The text of a part, line by line."""
        at = part.start
        while at < part.end:
            line = self.line(at)
            following = self._starts[min(line + self._step, len(self._starts)) - 1]
            end = min(following, part.end)
            yield Piece(self._text[at:end].removesuffix("\n"), line)
            at = end


def add_parts(builder: Builder, text: str, parts: Iterable[Part]) -> None:
    """Append parts of a text as blocks of code, under their own paths."""
    lines = Lines(text)
    for part in parts:
        builder.add(BlockKind.CODE, lines.pieces(part), headings=part.path)
        if builder.full:
            return
