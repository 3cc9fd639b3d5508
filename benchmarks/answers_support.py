"""An independent check that what an answer states stands in what it cites.

It shares no code with the product: every number, capitalised word and weekday or month of a
statement must occur in the passage that is cited, read from the document itself, and a statement
with a word of negation needs one there.
"""

from __future__ import annotations

import re

from lsfs.syscalls.ask import Answer
from lsfs.syscalls.engines import Engines

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CAPITAL = re.compile(r"(?<![.!?“\"\w] )\b[A-Z][\w'\u2019-]+")
_NEGATED = re.compile(r"\b(?:not|never|no|none|nor|without|cannot)\b|n['\u2019]t\b", re.IGNORECASE)


def unsupported(engines: Engines, answer: Answer) -> list[str]:
    """The statements of an answer that the cited text does not bear, or that cite nothing."""
    wrong = []
    for statement in answer.statements:
        cited = [answer.citations[n] for n in statement.citations]
        quotes = " ".join(one.quote for one in cited)
        whole = "\n".join(_text(engines, one.path) for one in cited)
        plain = " ".join(whole.split())
        stands = cited and all(" ".join(one.quote.split()) in plain for one in cited)
        if not (stands and statement.supported and _borne(statement.text, quotes)):
            wrong.append(statement.text)
    return wrong


def _borne(text: str, quotes: str) -> bool:
    numbers = set(_NUMBER.findall(text)) <= set(_NUMBER.findall(quotes))
    names = all(name.casefold() in quotes.casefold() for name in _CAPITAL.findall(text))
    return numbers and names and (not _NEGATED.search(text) or bool(_NEGATED.search(quotes)))


def _text(engines: Engines, path: str) -> str:
    row = engines.catalog.file(path)
    return engines.catalog.load(row.document_id).text if row and row.document_id else ""
