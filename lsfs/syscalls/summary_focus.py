"""What the files say about something, from the passages that a search finds: across documents."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lsfs.model import Citation, Document, Hit, QueryPlan, Statement
from lsfs.places import Places
from lsfs.summaries import Summary, SummaryPart
from lsfs.syscalls.retrieve import find
from lsfs.syscalls.summary_document import citation, text_of

if TYPE_CHECKING:
    from lsfs.index.filters import Filters
    from lsfs.llm.summary_units import Unit
    from lsfs.syscalls.engines import Call

PASSAGES = {"line": 12, "paragraph": 30, "page": 60, "report": 120}
FILES = 20
LEAST = 0.4  # of the best hit's score
_APART = 1 << 40  # offsets of the n-th document begin at n times this, so that all are on one line


@dataclass(frozen=True, slots=True)
class _Read:
    """A document of which passages were found."""

    path: str
    document: Document
    places: Places


def about(call: Call, query: str, plan: QueryPlan, filters: Filters, length: str) -> Summary | None:
    """What the files say about a query; None when nothing that they say is about it.

    Args:
        query: in words.
        plan, filters: how it was read.
    """
    hits = _hits(call, plan, filters, length)
    read, units, scores = _units(call, hits)
    picked = _picked(query, units, scores, length)
    if not picked:
        return None
    citations, parts, statements = _written(read, picked, length)
    return Summary(
        text_of(parts, statements),
        "extractive",
        length,
        grounded=True,
        citations=citations,
        statements=statements,
        parts=parts,
        title=query,
        paths=tuple(dict.fromkeys(one.path for one in citations)),
    )


def _hits(call: Call, plan: QueryPlan, filters: Filters, length: str) -> list[Hit]:
    hits = find(call.engines, plan, filters, PASSAGES[length])
    if not hits:
        return []
    best = max(hit.score for hit in hits)
    kept = [hit for hit in hits if hit.score >= LEAST * best]
    paths = list(dict.fromkeys(hit.path for hit in kept))[:FILES]
    return [hit for hit in kept if hit.path in paths]


def _units(call: Call, hits: Sequence[Hit]) -> tuple[list[_Read], list[Unit], dict[int, float]]:
    """The sentences of the passages, document by document, with what the search says for each."""
    from lsfs.llm.summary_units import Piece, units_of

    read: list[_Read] = []
    units: list[Unit] = []
    scores: dict[int, float] = {}
    best = max((hit.score for hit in hits), default=1.0)
    for path in dict.fromkeys(hit.path for hit in hits):
        call.check()
        row = call.engines.catalog.file(path)
        if row is None or row.document_id is None:
            continue
        document = call.engines.catalog.load(row.document_id)
        starts = [block.char_start for block in document.blocks]
        ends = [block.char_end for block in document.blocks]
        seen: set[tuple[int, int]] = set()
        for hit in (hit for hit in hits if hit.path == path):
            first = bisect_right(ends, hit.char_start)
            last = bisect_left(starts, hit.char_end)
            pieces = [Piece(b, b.char_start, b.char_end) for b in document.blocks[first:last]]
            for unit in units_of(pieces):
                span = unit.spans[-1]
                if span in seen or span[0] < hit.char_start or span[1] > hit.char_end:
                    continue
                seen.add(span)
                scores[len(units)] = 2.0 * hit.score / best
                units.append(_apart(unit, len(read)))
        read.append(_Read(path, document, Places(document)))
    return read, units, scores


def _apart(unit: Unit, number: int) -> Unit:
    shift = number * _APART
    spans = tuple((start + shift, end + shift) for start, end in unit.spans)
    return replace(unit, spans=spans, section=number)


def _picked(
    query: str, units: Sequence[Unit], scores: dict[int, float], length: str
) -> list[tuple[int, int]]:
    from lsfs.llm.stopwords import stop_words
    from lsfs.llm.summary import WORDS, focused
    from lsfs.llm.summary_select import chosen, counted, weighed
    from lsfs.llm.summary_units import concepts

    asked = concepts(query, stop_words(query))
    speaking = [n for n, unit in enumerate(units) if asked & unit.concepts]
    if not speaking:
        return []
    few = [units[n] for n in speaking]
    extra = {at: scores[n] for at, n in enumerate(speaking)}
    worth = focused(weighed(counted(units)), query)
    most = 1 if length == "line" else 0
    best = chosen(few, worth, WORDS[length] * (2 if most else 1), most=most, extra=extra)
    return sorted({span for n in best for span in few[n].spans})


def _written(
    read: Sequence[_Read], picked: Sequence[tuple[int, int]], length: str
) -> tuple[tuple[Citation, ...], tuple[SummaryPart, ...], tuple[Statement, ...]]:
    citations: list[Citation] = []
    statements: list[Statement] = []
    groups: dict[str, list[int]] = {}
    for start, end in picked:
        number, start = divmod(start, _APART)
        end -= number * _APART
        one = read[number]
        quote = " ".join(one.document.text[start:end].split())
        citations.append(citation(one.path, one.places, start, end, quote))
        statements.append(Statement(quote, (len(citations) - 1,), True))
        heading = one.path if length in ("page", "report") else ""
        groups.setdefault(heading, []).append(len(statements) - 1)
    parts = tuple(SummaryPart(heading, tuple(said)) for heading, said in groups.items())
    return tuple(citations), parts, tuple(statements)
