"""An independent check that what an answer states stands in what it cites.

It shares no code with the product. A statement has to cite quotes that stand in their documents,
and of it must stand in one of them: every number, with the word behind it; every word with a
capital; every other word of four letters or more, by its first five; and a word of negation if and
only if the quote has one.
"""

from __future__ import annotations

import re

from lsfs.syscalls.ask import Answer
from lsfs.syscalls.engines import Engines

_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)(?:\s*(%|[^\W\d_]+))?")
_CAPITAL = re.compile(r"\b[A-Z][^\W_]+")
_WORD = re.compile(r"[^\W\d_]{4,}")
_NEGATED = re.compile(r"\b(?:not|never|no|none|nor|without|cannot)\b|n['\u2019]t\b", re.IGNORECASE)
# Words that a sentence may be built with, beside those of its quote.
_BUILT = frozenset(
    re.findall(
        r"\w+",
        """that this these those with from have been were will would there their which when where
        what whose they them into also about according amounts total called named answer question
        text""",
    )
)


def unsupported(engines: Engines, answer: Answer) -> list[str]:
    """The statements of an answer that the cited text does not bear, or that cite nothing."""
    wrong = []
    for statement in answer.statements:
        cited = [answer.citations[n] for n in statement.citations]
        quotes = [" ".join(one.quote.split()) for one in cited]
        stands = all(
            quote in " ".join(_text(engines, one.path).split())
            for one, quote in zip(cited, quotes, strict=True)
        )
        is_borne = any(borne(statement.text, quote) for quote in quotes)
        if not (stands and statement.supported and is_borne):
            wrong.append(statement.text)
    return wrong


def borne(text: str, quote: str) -> bool:
    """Whether a quote has all that a sentence says, as far as this can tell."""
    known = quote.casefold()
    numbers = {(_plain(number), unit) for number, unit in _NUMBER.findall(quote)}
    bare = {number for number, _ in numbers}
    for number, unit in _NUMBER.findall(text):
        behind = {other for value, other in numbers if value == _plain(number)}
        if _plain(number) not in bare or (unit and unit not in behind and "" not in behind):
            return False
    told = [word for word in _CAPITAL.findall(text) if word.casefold() not in _BUILT]
    first = text.split()[0].strip("\"'\u201c") if text.split() else ""
    names = [word for word in told if not (first.startswith(word) and len(word) < 4)]
    stems = {word[:5] for word in _WORD.findall(known)} | {word[:5] for word in _BUILT}
    return (
        all(re.search(rf"\b{re.escape(name.casefold())}", known) for name in names)
        and all(word[:5] in stems for word in _WORD.findall(text.casefold()))
        and bool(_NEGATED.search(text)) == bool(_NEGATED.search(quote))
    )


def _plain(number: str) -> str:
    return re.sub(r"[.,](?=\d{3}\b)", "", number)


def _text(engines: Engines, path: str) -> str:
    row = engines.catalog.file(path)
    return engines.catalog.load(row.document_id).text if row and row.document_id else ""
