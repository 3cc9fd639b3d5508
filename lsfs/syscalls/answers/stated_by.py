"""Who wrote, sent or received the files that a question is about, from the fields they state.

A letter says by whom it is by where a name stands, not in a sentence; so no sentence is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lsfs.model import Citation, FieldValue
from lsfs.syscalls.engines import Engines

if TYPE_CHECKING:
    from lsfs.joins import Evidence

MOST_FILES = 3  # that are asked for one by one
_FROM = frozenset(("label: from", "label: issued by", "label: remit to", "label: von", "label: de",
                   "label: absender", "signature", "signed"))  # fmt: skip
_TO = frozenset(("label: to", "label: bill to", "label: billed to", "label: an", "label: attention",
                 "label: attn", "salutation"))  # fmt: skip
_ASKED = (
    (
        re.compile(
            r"\W*(?:who\s+(?:has\s+)?(?:wrote|written|sent|issued|signed)\b|(?:from\s+whom|who\s+is\b.*"
            r"\bfrom)\b|wer\s+hat\b.*\b(?:geschrieben|geschickt|gesendet|unterschrieben)\b|von\s+wem\b)",
            re.IGNORECASE,
        ),
        _FROM,
    ),
    (
        re.compile(
            r"\W*(?:who\s+(?:received|got)\b|to\s+whom\b|who(?:m)?\s+(?:is|was)\b.*\b(?:to|addressed)\b"
            r"|an\s+wen\b)",
            re.IGNORECASE,
        ),
        _TO,
    ),
)  # fmt: skip


def stated_by(engines: Engines, question: str, files: Sequence[str]) -> tuple[Citation, ...]:
    """The places where files say who wrote or received them; none when that is not asked for.

    Args:
        files: that the question is about.
    """
    rules = next((rules for form, rules in _ASKED if form.match(question)), None)
    if rules is None or not 1 <= len(files) <= MOST_FILES:
        return ()
    from lsfs.syscalls.relations.evidence import Quotes

    quotes = Quotes(engines.catalog)
    return tuple(
        _citation(quotes.evidence(path, value))
        for path in files
        for value in _surest(engines, path, rules)
    )


def _surest(engines: Engines, path: str, rules: frozenset[str]) -> Iterator[FieldValue]:
    """The party of a file that one of these rules found."""
    from lsfs.index.store import stated

    row = engines.catalog.file(path)
    if row is None or row.document_id is None:
        return
    with engines.catalog.lock:
        found = stated.of_document(engines.catalog.db, row.document_id)
    chosen = [one for one in found if one.name == "party" and one.rule in rules]
    yield from chosen[:1]


def _citation(one: Evidence) -> Citation:
    quote = " ".join(one.quote.split())
    return Citation(one.path, one.page, one.line, one.line, quote, one.where)
