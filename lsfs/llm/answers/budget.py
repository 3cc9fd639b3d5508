"""What a model is given to read for a question, within a number of tokens.

How many passages, whole or shortened, in which order, or the whole document: chosen for each
question from the scores of its evidence. Long-context RAG (Jin et al., arXiv 2410.05983) found that
more passages hurt once they bring what is nearly right; LaRA (2502.09977) that a short document is
better read whole; CORAG (2411.00744) that what is chosen counts together, not one by one; TCRA-LLM
(2310.15556) that shortened text holds most of what is asked. There is no model in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from lsfs.llm.answers.evidence import Candidate

Count = Callable[[str], int]  # tokens of a text
CHARACTERS = 4  # of a token, about

NEAR = 0.4  # by how much less than the best one a sentence may score and still be taken
WHOLE = 0.6  # of a passage's tokens: where so much of it is taken, all of it is
AROUND = 0  # sentences taken before and behind one, where there is room


def about(text: str) -> int:
    """Tokens of a text, where no tokenizer is at hand."""
    return -(-len(text) // CHARACTERS)


class Rule(Struct, frozen=True):
    """How a context is chosen.

    Attributes:
        tokens: of all texts together, at most.
        near: see :data:`NEAR`.
        around: see :data:`AROUND`.
        whole: see :data:`WHOLE`; above 1 nothing is taken whole.
    """

    tokens: int = 256
    near: float = NEAR
    around: int = AROUND
    whole: float = WHOLE


RULE = Rule()
"""What is read where nothing else is asked for."""


class Read(Struct, frozen=True):
    """What is read.

    Attributes:
        texts: in the order in which they are read, the most relevant one last.
        passages: which passage each is from.
        tokens: of all of them.
        form: ``none``, ``sentences``, ``passages`` (whole) or ``document`` (all of the one that the
            evidence is in, in its own order).
    """

    texts: tuple[str, ...]
    passages: tuple[int, ...]
    tokens: int
    form: str


class _Part(Struct):
    """Sentences of a passage that are taken, as (start, end)."""

    passage: int
    best: float
    spans: list[tuple[int, int]] = field(default_factory=list)


def chosen(
    candidates: Sequence[Candidate],
    passages: Sequence[str],
    count: Count,
    rule: Rule = RULE,
    *,
    document: Sequence[int] = (),
) -> Read:
    """The texts to read for a question.

    Sentences are taken by their score, each with those around it, until the budget is spent or what
    is left scores much less than the best one. A passage of which most is taken is taken whole.

    Args:
        candidates: sentences of the passages, best first.
        passages: their texts.
        count: tokens of a text.
        rule: how.
        document: the passages that are all of the best document, in its order, where they are
            known: it is read whole where it fits.
    """
    if not candidates:
        return Read((), (), 0, "none")
    whole = [passages[n] for n in document]
    if document and candidates[0].passage in document:
        tokens = sum(map(count, whole))
        if tokens <= rule.tokens:
            return Read(tuple(whole), tuple(document), tokens, "document")
    parts = _taken(candidates, passages, count, rule)
    ordered = sorted(parts, key=lambda part: part.best)
    texts = [_text(passages[part.passage], part.spans) for part in ordered]
    tokens = sum(map(count, texts))
    is_whole = True
    for at, part in enumerate(ordered):
        all_of_it = passages[part.passage].strip()
        more = count(all_of_it) - count(texts[at])
        if more and (
            count(texts[at]) < rule.whole * count(all_of_it) or tokens + more > rule.tokens
        ):
            is_whole = False
        elif more:
            texts[at], tokens = all_of_it, tokens + more
    numbers = tuple(part.passage for part in ordered)
    return Read(tuple(texts), numbers, tokens, "passages" if is_whole else "sentences")


def _taken(
    candidates: Sequence[Candidate], passages: Sequence[str], count: Count, rule: Rule
) -> list[_Part]:
    """Sentences by score; the best one is taken even where it is longer than the budget."""
    least = candidates[0].score - rule.near
    places = _places(candidates)
    parts: dict[int, _Part] = {}
    spent = 0
    for one in candidates:
        if one.score < least:
            break
        part = parts.get(one.passage)
        spans = [] if part is None else part.spans
        before = count(_text(passages[one.passage], spans)) if spans else 0
        for around in range(rule.around, -1, -1):
            wider = _merged([*spans, _widened(one, places[one.passage], around)])
            cost = count(_text(passages[one.passage], wider)) - before
            if spent + cost <= rule.tokens or (not parts and not around):
                spent += cost
                parts.setdefault(one.passage, _Part(one.passage, one.score)).spans = wider
                break
    return list(parts.values())


def _places(candidates: Sequence[Candidate]) -> dict[int, list[tuple[int, int]]]:
    """Where the sentences of each passage stand, in order."""
    found: dict[int, set[tuple[int, int]]] = {}
    for one in candidates:
        found.setdefault(one.passage, set()).add((one.char_start, one.char_end))
    return {passage: sorted(places) for passage, places in found.items()}


def _widened(one: Candidate, places: list[tuple[int, int]], around: int) -> tuple[int, int]:
    at = places.index((one.char_start, one.char_end))
    first, last = max(0, at - around), min(len(places) - 1, at + around)
    return places[first][0], places[last][1]


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _text(passage: str, spans: Sequence[tuple[int, int]]) -> str:
    return " … ".join(passage[start:end].strip() for start, end in spans)


def fixed(
    candidates: Sequence[Candidate], passages: Sequence[str], count: Count, most: int,
    tokens: float = math.inf,
) -> Read:  # fmt: skip
    """So many whole passages for every question: those with the best sentences.

    Args:
        most: how many.
        tokens: of all together; a passage that does not fit is left out.
    """
    taken: list[int] = []
    spent = 0
    for passage in dict.fromkeys(one.passage for one in candidates):
        cost = count(passages[passage])
        if len(taken) < most and spent + cost <= tokens:
            taken.append(passage)
            spent += cost
    taken.reverse()
    texts = tuple(passages[n] for n in taken)
    return Read(texts, tuple(taken), spent, "passages" if texts else "none")
