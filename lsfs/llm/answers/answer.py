"""An answer that rests on quotes; the model's own sentences are added where a quote bears them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from threading import Event

from msgspec import Struct

from lsfs.errors import ContextTooLong, OutOfMemory, Unreachable
from lsfs.llm.answers import budget
from lsfs.llm.answers.chat import ChatModel, ReadsAhead
from lsfs.llm.answers.evidence import Candidate, answerable
from lsfs.llm.answers.ground import supported
from lsfs.llm.answers.orders import speaks_to_a_model
from lsfs.llm.answers.stopwords import ENGLISH
from lsfs.llm.answers.swapped import swapped
from lsfs.llm.answers.wordforms import words
from lsfs.model import Statement
from lsfs.sentences import sentences

log = logging.getLogger("lsfs.llm.answers.answer")

MAX_QUOTES = 3
# A candidate that scores this much less than the best is still quoted. With it, 1.8 sentences are
# quoted on average, and .96 of XQuAD's questions are answered by one of them (283 questions of the
# half for fitting; by the best alone .86).
NEAR_BEST = 0.4
MAX_SENTENCES = 3  # of the model's
MAX_WORDS = 40  # of each
LEAD = "In short: "

_REFUSAL = re.compile(
    r"\b(?:sorry|apologi[sz]e|as an ai|language model|i (?:can|could|do|don|am|will|would)\b"
    r"|(?:not|n['\u2019]t|no) (?:\w+ ){0,3}(?:found|mentioned|provided|specified|stated|given"
    r"|information|answer|context)|unclear|unknown|cannot (?:be|answer|determine))",
    re.IGNORECASE,
)


class Draft(Struct, frozen=True):
    """An answer before it is given its citations.

    Attributes:
        text: the quotes, a line each, and after them the model's sentences where some are used; ""
            when there is no answer.
        grounded: whether the text rests on quotes; false only for ``none``.
        used: which candidates are quoted, in the order of the text.
        by: ``model`` when a sentence of its is part of the text, ``quote``, or ``none``.
        statements: the quotes, and the model's sentences; they count ``used`` as the citations.
        trouble: why there is nothing of the model; "" where it was asked and answered.
    """

    text: str
    grounded: bool
    used: tuple[int, ...]
    by: str
    statements: tuple[Statement, ...] = ()
    trouble: str = ""


def compose_answer(
    question: str,
    candidates: Sequence[Candidate],
    chat: ChatModel | None,
    on_text: Callable[[str], None] | None = None,
    *,
    passages: Sequence[str] = (),
    tokens: int = 0,
    cancel: Event | None = None,
) -> Draft:
    """The answer to a question from ranked candidates.

    Args:
        question: in words.
        candidates: from ``rank``, best first.
        chat: words the answer; of its sentences those are used that are borne by the quotes.
        on_text: takes the parts of the answer as soon as each is certain: first the quotes.
        passages: the texts that candidates count; a model that keeps what it makes of passages
            reads these, and any other the quotes alone.
        tokens: unless it is 0, such another one reads so many of them, about, chosen by
            :mod:`lsfs.llm.answers.budget`.
        cancel: stops the model.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    if not answerable(candidates):
        return Draft("", False, (), "none")
    used = quoted(candidates)
    quotes = [" ".join(candidates[i].text.split()) for i in used]
    stated = tuple(Statement(quote, (number,), True) for number, quote in enumerate(quotes))
    text = "\n".join(f"\u201c{quote}\u201d" for quote in quotes)
    emit = on_text or _nowhere
    emit(text)
    # What gives orders to a model is quoted, but no model is shown it.
    shown = [n for n, quote in zip(used, quotes, strict=True) if not speaks_to_a_model(quote)]
    if chat is None or not shown:
        return Draft(text, True, used, "quote", stated)
    best = [candidates[n] for n in shown]
    read = _chosen(candidates, passages, tokens) if tokens and passages else ()
    try:
        said = _written(chat, question, best, passages, read, cancel)
    except (ContextTooLong, OutOfMemory, Unreachable) as error:
        log.warning("no sentence by %s: %s", chat.name, error)  # the quotes are an answer, too
        return Draft(text, True, used, "quote", stated, error.message)
    own = _borne(said, question, quotes, [used.index(n) for n in shown])
    if not own:
        return Draft(text, True, used, "quote", stated)
    lead = LEAD + " ".join(statement.text for statement in own)
    emit(f"\n{lead}")
    return Draft(f"{text}\n{lead}", True, used, "model", (*stated, *own))


def _chosen(
    candidates: Sequence[Candidate], passages: Sequence[str], tokens: int
) -> tuple[str, ...]:
    """What is read within so many tokens, best first; nothing that gives orders to a model."""
    plain = {n for n, text in enumerate(passages) if not speaks_to_a_model(text)}
    safe = [one for one in candidates if one.passage in plain]
    return budget.chosen(safe, passages, budget.about, budget.Rule(tokens)).texts[::-1]


def _nowhere(_text: str) -> None:
    """The sink of a caller who wants no pieces."""


def _written(
    chat: ChatModel,
    question: str,
    shown: Sequence[Candidate],
    passages: Sequence[str],
    read: Sequence[str],
    cancel: Event | None,
) -> str:
    """What the model says; nothing of it is verified."""
    best: dict[int, float] = {}
    for one in shown:
        best[one.passage] = max(one.score, best.get(one.passage, one.score))
    if passages and isinstance(chat, ReadsAhead) and chat.keeps:
        whole = [n for n in best if not speaks_to_a_model(passages[n])]
        if whole:
            texts, scores = [passages[n] for n in whole], [best[n] for n in whole]
            return chat.read(question, texts, scores, None, cancel)
    evidence = read or [" ".join(one.text.split()) for one in shown]
    return chat.write(question, evidence, None, cancel)


def _borne(
    said: str, question: str, quotes: Sequence[str], bearing: Sequence[int]
) -> list[Statement]:
    """The first sentences that a model said, up to one that no quote bears.

    Args:
        bearing: which quotes may.
    """
    own: list[Statement] = []
    for start, end in sentences(said)[:MAX_SENTENCES]:
        sentence = " ".join(said[start:end].split())
        found = _bearing(sentence, question, [quotes[n] for n in bearing])
        if found is None:
            break
        own.append(Statement(sentence, (bearing[found],), True))
    return own


def quoted(candidates: Sequence[Candidate]) -> tuple[int, ...]:
    """The candidates to quote, best first."""
    order = sorted(range(len(candidates)), key=lambda i: -candidates[i].score)
    least = candidates[order[0]].score - NEAR_BEST
    return tuple(i for i in order[:MAX_QUOTES] if candidates[i].score >= least)


def _bearing(sentence: str, question: str, evidence: Sequence[str]) -> int | None:
    """The quote that bears the model's sentence, where that says more than quotes do; or None."""
    if not sentence or len(sentence.split()) > MAX_WORDS or sentence.endswith("?"):
        return None
    if _REFUSAL.search(sentence) or any(_plain(sentence) in _plain(text) for text in evidence):
        return None
    said, asked = _content(sentence), _content(question)
    # It has to speak of what was asked, and to say something beyond it.
    if not said & asked or not said - asked:
        return None
    # One quote has to bear all of it: names of one and numbers of another make a false sentence,
    # and so do the question's words with a quote that is about something else. A word that the
    # quote has not is a claim of the model ("3.2 inches wide" of a saw blade of 3.2).
    said -= _FILLER
    for number, text in enumerate(evidence):
        if said <= _content(text) and supported(sentence, [text]).ok:
            return None if swapped(sentence, text) else number
    return None


def _content(text: str) -> frozenset[str]:
    return frozenset(words(" ".join(w for w in text.split() if w.casefold() not in ENGLISH)))


# Words with which a sentence is built and nothing is said.
_FILLER = _content("comes amounts equals totals stands according namely called")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
