"""Looking again for the evidence of a fact when the first look finds none: few rounds, each told.

After the active retrieval of Jiang et al. (EMNLP 2023) and the corrective one of Yan et al. (2024),
with the calibrated score of :mod:`lsfs.llm.answers.evidence` in place of a model's opinion of
itself: a round is the last as soon as a sentence passes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.model import QueryPlan
from lsfs.syscalls.answers.facts import Gathered, gathered
from lsfs.syscalls.engines import Call

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters

ROUNDS = 4  # at most, beside the first look
REWORDED = 2  # of those with other words
RARER = 3  # words of a question that are looked for alone
# What a round that looks elsewhere, not for the same in other words, has to score above the
# threshold: each look is one more chance for a sentence that only seems to answer.
MARGIN = 0.1


class Looked(Struct, frozen=True):
    """What was found in the end, for which wording, and the rounds in words."""

    found: Gathered
    words: str
    notes: tuple[str, ...]


def looked_again(
    call: Call, words: str, plan: QueryPlan, filters: Filters, found: Gathered
) -> Looked:
    """Look for evidence in other words and in other places, until some is found.

    Args:
        words, plan, filters: see :func:`lsfs.syscalls.answers.facts.gathered`.
        found: by the first look; it comes back when no round finds more.
    """
    notes: list[str] = []
    for number, (note, look) in enumerate(_rounds(call, words, plan, filters, found)):
        if number == ROUNDS:
            break
        call.check()
        notes.append(f"looked again {note}")
        again = gathered(call, look.words, plan, filters, query=look.query, whole=look.whole)
        if _is_enough(again, look.margin):
            return Looked(again, look.words, tuple(notes))
    return Looked(found, words, tuple(notes))


class _Look(Struct, frozen=True):
    """A round: the question as it is compared, what is searched for, and files to read whole."""

    words: str
    query: str = ""
    whole: tuple[str, ...] = ()
    margin: float = 0.0


def _rounds(
    call: Call, words: str, plan: QueryPlan, filters: Filters, found: Gathered
) -> Iterator[tuple[str, _Look]]:
    for said, instead, reworded in list(_reworded(call, words, filters, found))[:REWORDED]:
        yield f"with {instead!r} for {said!r}", _Look(reworded)
    whole = _able(found)[:1]
    if whole and len({hit.path for hit in found.read}) > 1:
        yield f"in all of {whole[0]}", _Look(words, whole=whole, margin=MARGIN)
    rarer = _rarer(call, words)
    if rarer:
        yield f"for {' '.join(rarer)!r}", _Look(words, query=" ".join(rarer), margin=MARGIN)


def _able(found: Gathered) -> tuple[str, ...]:
    """The files that can answer, for they hold the question's names; the best first."""
    return tuple(dict.fromkeys(found.read[one.passage].path for one in found.candidates))


def _is_enough(found: Gathered, margin: float) -> bool:
    from lsfs.llm.answers import evidence

    if not evidence.answerable(found.candidates):
        return False
    best = max(found.candidates, key=lambda one: one.score)
    return best.score >= evidence.calibration(best).threshold + margin


# --- in other words


def _reworded(
    call: Call, words: str, filters: Filters, found: Gathered
) -> Iterator[tuple[str, str, str]]:
    """What a question calls a fact or a document, what the files call it, and the question so."""
    from lsfs.index.dialogue.nouns import phrases
    from lsfs.index.find.folding import fold
    from lsfs.llm.answers.expected import required_names

    # Where the question is about certain files, what those call it; else what any does.
    certain = filters.ids is not None or bool(required_names(words))
    able = set(_able(found)) if certain else set()
    text = fold("\n".join(f"{hit.title}\n{hit.text}" for hit in found.read if hit.path in able))

    def stands(name: str) -> bool:
        return _stands(name, text) if text else _passages_with(call, name) > 0

    for phrase in phrases(words):
        for said, others in _names_of(phrase.text):
            at = words.find(said, phrase.start)
            instead = "" if stands(said) else next((one for one in others if stands(one)), "")
            if instead and at >= 0:
                yield said, instead, f"{words[:at]}{instead}{words[at + len(said) :]}"


def _names_of(phrase: str) -> Iterator[tuple[str, list[str]]]:
    """The words of a phrase that have others of the same meaning, with those."""
    from lsfs.index.asked.questionframe import TOKEN
    from lsfs.index.dialogue.nouns import field_of, labels_of
    from lsfs.index.facts.kinds import kin

    told = [match[0] for match in TOKEN.finditer(phrase)]
    field = field_of(phrase)
    if field is not None and field.type != "party":
        yield told[-1], [label for label in labels_of(field.name) if len(label) > 3]
    for word in told:
        others = sorted(kin(word), key=len)
        if others:
            yield word, others


def _stands(words: str, text: str) -> bool:
    from lsfs.index.find.folding import fold

    return re.search(rf"(?<!\w){re.escape(fold(words))}(?!\w)", text) is not None


# --- in other places


def _rarer(call: Call, words: str) -> list[str]:
    """The rarest words of a question that any file has; none when these are all of them."""
    from lsfs.index.find.terms import query_words

    told = query_words(words)
    counts = {word: _passages_with(call, word) for word in told}
    known = sorted((word for word in told if counts[word]), key=lambda word: counts[word])
    return known[:RARER] if len(known) > RARER else []


def _passages_with(call: Call, word: str) -> int:
    catalog = call.engines.catalog
    with catalog.lock:
        row = catalog.db.execute(
            "SELECT count(*) FROM (SELECT 1 FROM passage_fts WHERE passage_fts MATCH ? LIMIT 500)",
            (f'"{word.replace(chr(34), "")}"',),
        ).fetchone()
    return int(row[0])
