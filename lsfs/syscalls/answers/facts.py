"""What is read to answer a question for a fact, and the sentences of it that may answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import Citation, Hit, QueryPlan
from lsfs.places import Places
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.retrieve import find

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters
    from lsfs.llm.answers.contrary import Alike
    from lsfs.llm.answers.evidence import Candidate, Similarity

PASSAGES = 10  # read for evidence, of all files
READ_CLOSELY = 2  # files of which more is read
CLOSE_PASSAGES = 12  # of each of those
WHOLE = 60  # of a file that is to be read whole


class Gathered(Struct, frozen=True):
    """What was found for a question.

    Attributes:
        read: the passages, those of the best files first; ``Candidate.passage`` counts them.
        unknown: words that the question turns on and no file that was read has.
        candidates: their sentences, best first.
    """

    read: tuple[Hit, ...]
    candidates: tuple[Candidate, ...]
    unknown: tuple[str, ...]


def gathered(
    call: Call,
    words: str,
    plan: QueryPlan,
    filters: Filters,
    *,
    query: str = "",
    whole: Sequence[str] = (),
) -> Gathered:
    """Read for a question, without a model.

    Args:
        words: the question, as it was asked.
        plan, filters: how it was read.
        query: what is searched for, if not the question.
        whole: files of which more is read than of others.
    """
    from lsfs.llm.answers import evidence
    from lsfs.llm.answers.contrary import unknown

    engines = call.engines
    # A name or a type in a question about a fact is part of the fact more often than a condition.
    looked_for = replace(plan, query=query or words, author="", types=())
    read = _passages(engines, looked_for, filters, whole)
    # The model words the answer but does not choose the evidence: its likelihoods were measured to
    # add nothing to words and likeness, and cost a second or two (benchmarks/evidence.py).
    texts = _texts(engines, read)
    contexts = [f"{hit.title}. {PurePosixPath(hit.path).with_suffix('')}" for hit in read]
    candidates = evidence.rank(
        words,
        [hit.text for hit in read],
        _similarity(engines, words),
        None,
        contexts=contexts,
        documents=texts,
        alike=_alike(engines),
        cancel=call.cancelled,
    )
    call.check()
    said = _of_writing(words, candidates)
    return Gathered(tuple(read), tuple(said), unknown(words, [*texts, *contexts]))


def _of_writing(question: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Those that can say who wrote something, where that is asked: writing, and a name."""
    from lsfs.index.asked.askedauthors import WRITING, asked_work
    from lsfs.llm.answers.who import named_beside

    if asked_work(question) is None:
        return candidates
    return [c for c in candidates if WRITING.search(c.text) and named_beside(c.text, question)]


def _passages(
    engines: Engines, plan: QueryPlan, filters: Filters, whole: Sequence[str]
) -> list[Hit]:
    """What is read for an answer: the best passages of all files, then more of the best files.

    A question that names its document ("… in the Harbour Street lease") finds it by passages that
    hold the name; the fact often stands in another one.
    """
    from lsfs.index.find.filters import Filters

    hits = find(engines, plan, filters, PASSAGES)
    best = list(dict.fromkeys(hit.path for hit in hits))[:READ_CLOSELY]
    for path in dict.fromkeys((*whole, *best)):
        count = WHOLE if path in whole else CLOSE_PASSAGES
        hits += engines.search.hits(
            plan.query, k=count, filters=Filters(dir=path), per_file=count, plain=True
        )
    unique: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        unique.setdefault((hit.path, hit.char_start), hit)
    return list(unique.values())


def _texts(engines: Engines, hits: Sequence[Hit]) -> list[str]:
    """The document of each hit, with its date."""
    texts: dict[str, str] = {}
    for hit in hits:
        if hit.path not in texts:
            row = engines.catalog.file(hit.path)
            text = engines.catalog.load(row.document_id).text if row and row.document_id else ""
            texts[hit.path] = f"{hit.date}\n{text}"
    return [texts[hit.path] for hit in hits]


def _similarity(engines: Engines, words: str) -> Similarity | None:
    from lsfs.index.meaning.embed import ReadsTokens
    from lsfs.index.meaning.late import closeness
    from lsfs.llm.answers.evidence import Likeness
    from lsfs.llm.answers.stopwords import stop_words

    embedder = engines.embedder
    if embedder is None:
        return None
    if isinstance(embedder, ReadsTokens):
        near = closeness(embedder, words, stop_words(words))
        return lambda texts: [Likeness(*one) for one in near(texts)]
    query = embedder.encode_query(words)
    return lambda texts: [Likeness(float(value)) for value in embedder.encode(texts) @ query]


def _alike(engines: Engines) -> Alike | None:
    embedder = engines.embedder
    if embedder is None:
        return None

    def alike(one: str, other: str) -> float:
        a, b = embedder.encode([one, other])
        return float(a @ b)

    return alike


def citation(engines: Engines, found: Gathered, candidate: Candidate) -> Citation:
    """The place of a sentence, looked up in the document itself."""
    hit = found.read[candidate.passage]
    start = hit.char_start + candidate.char_start
    end = hit.char_start + candidate.char_end
    row = engines.catalog.file(hit.path)
    quote = " ".join(candidate.text.split())
    if row is None or row.document_id is None:
        return Citation(hit.path, hit.page, hit.line_start, hit.line_end, quote, hit.where)
    places = Places(engines.catalog.load(row.document_id))
    spans = places.spans(start, end)
    pages = [span.page for span in spans if span.page is not None]
    lines = [span.line for span in spans if span.line is not None]
    return Citation(
        hit.path,
        min(pages, default=None),
        min(lines, default=None),
        max(lines, default=None),
        quote,
        places.where(start, end),
    )
