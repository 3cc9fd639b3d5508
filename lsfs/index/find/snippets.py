"""The part of a passage that shows why it was found, with the words that matched."""

from __future__ import annotations

import re
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence

from msgspec import Struct

from lsfs.index.find import keyword, terms
from lsfs.index.find.han import simplified
from lsfs.index.find.query import Leaf

SNIPPET_CHARS = 280
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"  # noncharacters: no text should have them

_GAP = re.compile(r"(?<=[.!?\u2026])\s+|(?<=[\u3002\uff01\uff1f])|\n\s*")

Range = tuple[int, int]


class Snippet(Struct, frozen=True):
    """Part of a passage's text.

    Attributes:
        start: where it begins in the text.
        highlights: ranges of the snippet that match the query, in order, none overlapping.
    """

    start: int
    text: str
    highlights: tuple[Range, ...]


class Snippets:
    """Makes snippets; all threads may use it.

    What matches is what FTS5 says: stems, phrases and words that are near each other. It is asked
    of a table that holds the texts of one page of hits alone: in the whole index, each common word
    of the query would have to be looked up again for every hit.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute(
            f"CREATE VIRTUAL TABLE t USING fts5(text, heading, parts, tokenize='{terms.TOKENIZER}')"
        )
        weakref.finalize(self, self._db.close)
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str], wanted: Sequence[Leaf]) -> list[Snippet]:
        """The best part of each passage for a query.

        It is the run of whole sentences that has most of the query's different words; without any
        it is the beginning.

        Args:
            texts: of the passages.
            wanted: what is looked for.
        """
        marked = self._marked(texts, wanted)
        dense = [w for leaf in wanted for w in terms.written(leaf.text) if terms.is_dense(w)]
        found = []
        for number, text in enumerate(texts):
            unseen = (span for word in dense for span in _runs(text, word))
            spans = _merged([*_ranges(marked.get(number, "")), *unseen])
            start, end = _window(text, spans)
            inside = [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]
            shown = tuple((a - start, b - start) for a, b in inside)
            found.append(Snippet(start, text[start:end], shown))
        return found

    def _marked(self, texts: Sequence[str], wanted: Sequence[Leaf]) -> dict[int, str]:
        """Texts with marks around what matched, by number; those without are left out."""
        match = " OR ".join(dict.fromkeys(keyword.ranking(wanted)))
        plain = [(n, t) for n, t in enumerate(texts) if _OPEN not in t and _CLOSE not in t]
        if not match or not plain:
            return {}
        with self._lock:
            self._db.execute("BEGIN")
            try:
                self._db.executemany("INSERT INTO t(rowid, text) VALUES (?, ?)", plain)
                rows = self._db.execute(
                    "SELECT rowid, highlight(t, 0, ?, ?) FROM t WHERE t MATCH ?",
                    (_OPEN, _CLOSE, match),
                ).fetchall()
            finally:
                self._db.execute("ROLLBACK")
        return {number: str(text) for number, text in rows}


def _ranges(marked: str) -> Iterator[Range]:
    """What is between marks, as ranges of the text without them."""
    at = 0
    begun = 0
    for piece in re.split(f"([{_OPEN}{_CLOSE}])", marked):
        if piece == _OPEN:
            begun = at
        elif piece == _CLOSE:
            yield begun, at
        else:
            at += len(piece)


def _runs(text: str, word: str) -> Iterator[Range]:
    """Where a word of a script without blanks stands: whole, or else its pairs of letters."""
    text, word = simplified(text), simplified(word)
    whole = [match.span() for match in re.finditer(re.escape(word), text)]
    if whole:
        yield from whole
        return
    for pair in dict.fromkeys(terms.pairs(word)[:-1]):
        for match in re.finditer(re.escape(pair), text):
            yield match.span()


def _merged(spans: Sequence[Range]) -> list[Range]:
    found: list[Range] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found


def _window(text: str, spans: Sequence[Range]) -> Range:
    """The run of sentences, as long as a snippet may be, with most of the different words."""
    if len(text) <= SNIPPET_CHARS:
        return 0, len(text)
    pieces = [piece for whole in _sentences(text) for piece in _short(text, *whole)]
    best: tuple[int, int, int] | None = None
    chosen = (0, min(len(text), SNIPPET_CHARS))
    for n, (start, end) in enumerate(pieces):
        last = n
        while last + 1 < len(pieces) and pieces[last + 1][1] - start <= SNIPPET_CHARS:
            last += 1
            end = pieces[last][1]
        inside = [text[a:b].casefold() for a, b in spans if a >= start and b <= end]
        value = (len(set(inside)), len(inside), -start)
        if best is None or value > best:
            best, chosen = value, (start, end)
    return chosen


def _sentences(text: str) -> Iterator[Range]:
    """Roughly where sentences are: a snippet may begin anywhere, and lsfs.sentences takes 1 ms."""
    start = 0
    for gap in _GAP.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _short(text: str, start: int, end: int) -> Iterator[Range]:
    """A sentence in pieces of at most the length of a snippet, cut between words."""
    while end - start > SNIPPET_CHARS:
        cut = text.rfind(" ", start + SNIPPET_CHARS // 2, start + SNIPPET_CHARS)
        cut = start + SNIPPET_CHARS if cut < 0 else cut
        yield start, cut
        start = cut + (text[cut : cut + 1] == " ")
    if end > start:
        yield start, end
