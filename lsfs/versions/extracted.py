"""What is read out of a text for a comparison: its values, and its words with the values marked.

Which numbers, dates and names stand in a text is for others to say; they are passed in.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence

from msgspec import Struct

from lsfs.model import Document
from lsfs.versions.statements import Statement

_TOKEN = re.compile(r"[^\W_]+(?:[-'\u2019.&/][^\W_]+)*|[^\w\s]|_+")
QUANTITIES = frozenset({"amount", "percent", "number"})


class Value(Struct, frozen=True):
    """A number, amount, date or name in a document.

    Attributes:
        kind: ``amount``, ``percent``, ``number``, ``date``, ``time``, ``name`` or ``identifier``.
        text: as written.
        start, end: where in the document's text.
        meaning: equal for values that mean the same, however they are written.
        size: orders the values of a kind (and a currency); None for what has no order.
    """

    kind: str
    text: str
    start: int
    end: int
    meaning: str
    size: float | None = None


Extract = Callable[[Document], Sequence[Value]]


def no_values(_document: Document) -> Sequence[Value]:
    """The extraction that finds nothing; changes are then told by words alone."""
    return ()


class Token(Struct, frozen=True):
    """A word, mark or value of a statement.

    Attributes:
        key: equal for what is the same.
        mask: the same for every value of a kind; of a word its key.
        start, end: where in the document's text.
    """

    key: str
    mask: str
    start: int
    end: int
    value: Value | None = None

    @property
    def is_word(self) -> bool:
        """Whether it has letters or digits."""
        return self.value is not None or self.key[0].isalnum()


class Reader:
    """One version of a document, read closely where it is asked for.

    Args:
        document: the version.
        values: of its whole text, in order, without overlaps.
    """

    def __init__(self, document: Document, values: Sequence[Value]) -> None:
        self.document = document
        self.values = sorted(values, key=lambda value: value.start)
        self._starts = [value.start for value in self.values]

    def within(self, start: int, end: int) -> list[Value]:
        """The values that lie in a range of the text."""
        first = bisect_left(self._starts, start)
        last = bisect_left(self._starts, end)
        return [value for value in self.values[first:last] if value.end <= end]

    def tokens(self, one: Statement) -> list[Token]:
        """The words, marks and values of a statement, in order; not its number in a list."""
        found: list[Token] = []
        at = one.body_start
        for value in self.within(at, one.char_end):
            found += self._words(at, value.start)
            key = f"\0{value.kind}\0{value.meaning}"
            found.append(Token(key, f"\0{value.kind}", value.start, value.end, value))
            at = value.end
        return found + self._words(at, one.char_end)

    def _words(self, start: int, end: int) -> list[Token]:
        text = self.document.text
        return [
            Token(match[0], match[0], *match.span()) for match in _TOKEN.finditer(text, start, end)
        ]

    def slice(self, start: int, end: int) -> str:
        """A range of the text, on one line."""
        return " ".join(self.document.text[start:end].split())
