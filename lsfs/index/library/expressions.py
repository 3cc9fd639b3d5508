"""What is looked for in passages, from an expression of FTS5 to a query of Lance.

The index writes what it looks for as FTS5 reads it: phrases in quotes, beginnings (``"com" *``),
``AND``, ``OR``, ``NOT``, ``NEAR`` and columns. Lance has no beginnings of words: it is asked for
words that begin so and go on for two letters at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

# What a column weighs in BM25. FTS5 takes the columns of a passage together, by the weights in
# lsfs.index.find.keyword.PASSAGE_RANK; Lance takes each for itself, so that a word of a short
# column counts for more. Of weights that were tried, these come nearest to FTS5
# (docs/libraries.md).
WEIGHTS = {"text": 1.0, "heading": 0.05, "parts": 0.3}
LONGER = 2  # letters by which a word may be longer than its beginning
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(\()|(\))|(\{[^}]*\}\s*:|\w+\s*:)|(\*)|([\w]+)|(,)')
_WORD = re.compile(r"\w+")


class _Phrase(Struct, frozen=True):
    words: tuple[str, ...]
    is_beginning: bool = False
    slop: int = 0


class _Joined(Struct, frozen=True):
    by: str
    parts: tuple[_Node, ...]


class _In(Struct, frozen=True):
    columns: tuple[str, ...]
    part: _Node


_Node = _Phrase | _Joined | _In


class Expression:
    """An expression of FTS5, read.

    Args:
        text: the expression.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._node = self._either()
        if self._at < len(self._tokens):
            raise ValueError(f"not an expression: {text!r}")

    def query(self, columns: Mapping[str, float], weight: float = 1.0) -> Any:
        """The same as Lance has it; None where it can match nothing.

        Args:
            columns: that are indexed, with their weights.
            weight: of the whole.
        """
        return _query(self._node, columns, weight)

    # --- reading: the weakest operator first

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self, *kinds: str) -> str:
        kind, value = self._peek()
        if kind not in kinds:
            raise ValueError(f"not an expression: {value!r} is no {' or '.join(kinds)}")
        self._at += 1
        return value

    def _either(self) -> _Node:
        return self._chain("OR", lambda: self._chain("AND", self._without))

    def _without(self) -> _Node:
        return self._chain("NOT", self._one)

    def _chain(self, word: str, part: Any) -> _Node:
        parts = [part()]
        while True:
            if self._peek() == ("word", word):
                self._at += 1
            elif not (word == "AND" and self._begins()):  # side by side is AND, too
                break
            parts.append(part())
        return parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))

    def _begins(self) -> bool:
        kind, value = self._peek()
        return kind in ("phrase", "open", "columns") or value == "NEAR"

    def _one(self) -> _Node:
        kind, value = self._peek()
        if kind == "columns":
            self._at += 1
            return _In(tuple(_WORD.findall(value)), self._one())
        if kind == "open":
            self._at += 1
            inner = self._either()
            self._next("close")
            return inner
        if (kind, value) == ("word", "NEAR"):
            return self._near()
        words = tuple(_WORD.findall(self._next("phrase", "word")))
        if self._peek()[0] == "star":
            self._at += 1
            return _Phrase(words, is_beginning=True)
        return _Phrase(words)

    def _near(self) -> _Node:
        self._at += 1
        self._next("open")
        words: list[str] = []
        while self._peek()[0] == "phrase":
            words += _WORD.findall(self._next("phrase"))
        distance = 10
        if self._peek()[0] == "comma":
            self._at += 1
            distance = int(self._next("word"))
        self._next("close")
        return _Phrase(tuple(words), slop=distance)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    kinds = ("phrase", "open", "close", "columns", "star", "word", "comma")
    at = 0
    for match in _TOKEN.finditer(text):
        if text[at : match.start()].strip():
            break
        at = match.end()
        which = match.lastindex or 0
        yield kinds[which - 1], match[which]
    if text[at:].strip():
        raise ValueError(f"not an expression: {text!r}")


# --- writing


def _query(node: _Node, columns: Mapping[str, float], weight: float) -> Any:
    if isinstance(node, _In):
        return _query(node.part, {c: columns[c] for c in node.columns if c in columns}, weight)
    if isinstance(node, _Joined):
        return _joined(node, columns, weight)
    if not node.words:
        return None
    from lancedb.query import BooleanQuery, Occur

    found = [(Occur.SHOULD, _leaf(node, column, own * weight)) for column, own in columns.items()]
    return found[0][1] if len(found) == 1 else BooleanQuery(found) if found else None


def _leaf(node: _Phrase, column: str, boost: float) -> Any:
    from lancedb.query import MatchQuery, PhraseQuery

    if len(node.words) > 1:
        return PhraseQuery(" ".join(node.words), column, slop=node.slop)
    (word,) = node.words
    if node.is_beginning:
        return MatchQuery(word, column, boost=boost, fuzziness=LONGER, prefix_length=len(word))
    return MatchQuery(word, column, boost=boost)


def _joined(node: _Joined, columns: Mapping[str, float], weight: float) -> Any:
    from lancedb.query import BooleanQuery, Occur

    occurs = {"OR": [Occur.SHOULD] * len(node.parts), "AND": [Occur.MUST] * len(node.parts)}
    occurs["NOT"] = [Occur.MUST, *[Occur.MUST_NOT] * (len(node.parts) - 1)]
    made = [_query(part, columns, weight) for part in node.parts]
    needed = node.parts if node.by == "AND" else node.parts[:1] if node.by == "NOT" else ()
    if any(one is None for one in made[: len(needed)]):
        return None
    kept = [(occur, one) for occur, one in zip(occurs[node.by], made, strict=True) if one]
    if not kept:
        return None
    return kept[0][1] if len(kept) == 1 else BooleanQuery(kept)
