"""Phrases with slots, such as ``(move|put) <source> (to|into) <destination>``.

In a phrase, ``(a|b c)`` is a choice, ``[x]`` may be left out, ``<name:kind>`` is a slot that takes
words, and any other word stands for itself in any case. The words of a slot are as few as can be;
what a slot makes of its words is said by its kind (:mod:`lsfs.syscalls.prompt.slots`).
"""

from __future__ import annotations

import functools
import re

from msgspec import Struct, field

_TOKEN = re.compile(r"[()|\[\]]|<[^<>]+>|[^\s()|\[\]<>]+")


class Pattern(Struct, frozen=True, dict=True):
    """A phrase that prompts are compared with.

    Attributes:
        source: a regular expression for a whole prompt in which a space stands before each word.
        kinds: of each slot.
        first: words that a prompt may begin with; None when a slot comes first.
    """

    source: str
    kinds: dict[str, str]
    first: frozenset[str] | None

    def match(self, prompt: str) -> dict[str, str] | None:
        """The words in each slot that was filled; None where the phrase is another."""
        if self.first is not None and prompt.split(" ", 1)[0].lower() not in self.first:
            return None
        found = self._regex.fullmatch(" " + prompt)
        if found is None:
            return None
        return {name: words.strip() for name, words in found.groupdict().items() if words}

    @functools.cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self.source, re.IGNORECASE)


def pattern(phrase: str) -> Pattern:
    """The pattern of a phrase.

    Raises:
        ValueError: a bracket is left open, or closes nothing.
    """
    reader = _Reader(phrase, _TOKEN.findall(phrase))
    part = reader.alternatives("")
    return Pattern(part.source, reader.kinds, None if part.opens else frozenset(part.first))


class _Part(Struct):
    """A piece of a regular expression, and what it may begin with.

    Attributes:
        opens: it may begin with any word; as long as it is empty, so may what follows.
    """

    source: str = ""
    first: set[str] = field(default_factory=set)
    opens: bool = True
    is_slot: bool = False

    def add(self, other: _Part) -> None:
        self.source += other.source
        if self.opens and not self.is_slot:
            self.first |= other.first
            self.opens, self.is_slot = other.opens, other.is_slot


class _Reader:
    """Reads the pieces of one phrase."""

    def __init__(self, phrase: str, pieces: list[str]) -> None:
        self._phrase = phrase
        self._pieces = pieces
        self._position = 0
        self.kinds: dict[str, str] = {}

    def alternatives(self, closing: str) -> _Part:
        parts = [_Part()]
        while self._position < len(self._pieces):
            piece = self._pieces[self._position]
            self._position += 1
            if piece == closing:
                break
            if piece == "|":
                parts.append(_Part())
            else:
                parts[-1].add(self._piece(piece))
        else:
            if closing:
                raise ValueError(f"{closing!r} is missing in {self._phrase!r}")
        first = set().union(*(part.first for part in parts))
        opens = any(part.opens for part in parts)
        is_slot = any(part.is_slot for part in parts)
        return _Part("|".join(part.source for part in parts), first, opens, is_slot)

    def _piece(self, piece: str) -> _Part:
        if piece in (")", "]"):
            raise ValueError(f"{piece!r} closes nothing in {self._phrase!r}")
        if piece == "(":
            inner = self.alternatives(")")
            return _Part(f"(?:{inner.source})", inner.first, inner.opens, inner.is_slot)
        if piece == "[":
            inner = self.alternatives("]")
            return _Part(f"(?:{inner.source})?", inner.first, True, inner.is_slot)
        if piece.startswith("<"):
            name, _, kind = piece[1:-1].partition(":")
            self.kinds[name] = kind or name
            return _Part(rf"(?P<{name}> \S.*?)", set(), True, True)
        return _Part(" " + re.escape(piece), {piece.lower()}, False)
