"""What the files say about something, from the passages that a search finds: across documents."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import Citation, Document, Hit, QueryPlan, Statement
from lsfs.places import Places
from lsfs.summaries import Summary, SummaryPart
from lsfs.syscalls.retrieve import find
from lsfs.syscalls.summary.summary_document import citation, text_of

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters
    from lsfs.llm.summary.summary_units import Unit
    from lsfs.syscalls.engines import Call

PASSAGES = {"line": 12, "paragraph": 30, "page": 60, "report": 120}
FILES = 20
LEAST = 0.4  # of the best hit's score
COMPARED = 160  # sentences whose likeness to the query is measured
SHARED = 0.34  # of the query's words, weighed by rarity
NEAR = 0.6  # of the likeness of the likest sentence
LIKE = 0.45  # of one that shares fewer words
_APART = 1 << 40  # offsets of the n-th document begin at n times this, so that all are on one line


class _Read(Struct, frozen=True):
    """A document of which passages were found."""

    path: str
    document: Document
    places: Places


class _Sentence(Struct, frozen=True):
    """A sentence of one of them, and the score of its passage, of the best as 1."""

    unit: Unit
    text: str
    score: float


def about(call: Call, query: str, plan: QueryPlan, filters: Filters, length: str) -> Summary | None:
    """What the files say about a query; None when nothing that they say is about it.

    Args:
        query: in words.
        plan, filters: how it was read.
    """
    hits = _hits(call, plan, filters, length)
    read, said = _sentences(call, hits)
    picked = _picked(call, query, said, length)
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


def _sentences(call: Call, hits: Sequence[Hit]) -> tuple[list[_Read], list[_Sentence]]:
    """The sentences of the passages, document by document."""
    read: list[_Read] = []
    said: list[_Sentence] = []
    best = max((hit.score for hit in hits), default=0.0) or 1.0  # of the newest files it is 0
    for path in dict.fromkeys(hit.path for hit in hits):
        call.check()
        row = call.engines.catalog.file(path)
        if row is None or row.document_id is None:
            continue
        document = call.engines.catalog.load(row.document_id)
        mine = [hit for hit in hits if hit.path == path]
        found: dict[tuple[int, int], _Sentence] = {}
        for hit in mine:
            for unit in _in_passage(document, hit):
                start, end = unit.spans[-1]
                text = document.text[start:end]
                one = _Sentence(_apart(unit, len(read)), text, hit.score / best)
                found.setdefault((start, end), one)
        said += found.values()
        read.append(_Read(path, document, Places(document)))
    return read, said


def _in_passage(document: Document, hit: Hit) -> Iterator[Unit]:
    from lsfs.llm.summary.summary_units import Piece, units_of

    first = bisect_right([block.char_end for block in document.blocks], hit.char_start)
    last = bisect_left([block.char_start for block in document.blocks], hit.char_end)
    pieces = [Piece(b, b.char_start, b.char_end) for b in document.blocks[first:last]]
    for unit in units_of(pieces):
        if hit.char_start <= unit.start and unit.spans[-1][1] <= hit.char_end:
            yield unit


def _apart(unit: Unit, number: int) -> Unit:
    shift = number * _APART
    spans = tuple((start + shift, end + shift) for start, end in unit.spans)
    return replace(unit, spans=spans, section=number)


def _picked(
    call: Call, query: str, said: Sequence[_Sentence], length: str
) -> list[tuple[int, int]]:
    """The sentences that are about a query and say most together, in order."""
    from lsfs.llm.summary.summary import WORDS, focused
    from lsfs.llm.summary.summary_select import chosen, counted, weighed

    near = _near(call, query, said)
    if not near:
        return []
    few = [said[n].unit for n in near]
    worth = focused(weighed(counted(one.unit for one in said)), query)
    most = 1 if length == "line" else 0
    words = WORDS[length] * (2 if most else 1)
    best = chosen(few, worth, words, most=most, extra=dict(enumerate(near.values())))
    return sorted({span for n in best for span in few[n].spans})


def _near(call: Call, query: str, said: Sequence[_Sentence]) -> dict[int, float]:
    """Which sentences are about a query, and how much: by words, rare ones most, and likeness."""
    from lsfs.llm.answers.stopwords import stop_words
    from lsfs.llm.summary.summary_units import concepts

    asked = concepts(query, stop_words(query))
    having = {one: sum(one in other.unit.concepts for other in said) for one in asked}
    rarity = {one: math.log(1 + len(said) / (1 + count)) for one, count in having.items()}
    total = sum(rarity.values()) or 1.0
    shares = [sum(rarity[c] for c in asked & one.unit.concepts) / total for one in said]
    first = sorted(range(len(said)), key=lambda n: -(shares[n] + 0.1 * said[n].score))[:COMPARED]
    alike = _likeness(call, query, [said[n].text for n in first])
    best = max(alike, default=0.0)
    return {
        n: 3.0 * likeness + 3.0 * shares[n] + said[n].score
        for n, likeness in zip(first, alike, strict=True)
        if likeness >= (NEAR * best if shares[n] >= SHARED else max(LIKE, NEAR * best))
    }


def _likeness(call: Call, query: str, texts: Sequence[str]) -> list[float]:
    """Cosines of sentences and a query; 0 where no model makes vectors."""
    embedder = call.engines.embedder
    if embedder is None or not texts:
        return [0.0] * len(texts)
    asked = embedder.encode_query(query)
    return [float(value) for value in embedder.encode(texts) @ asked]


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
