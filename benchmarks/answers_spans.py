"""The short answer as a span of the evidence, for benchmarks.answers: grounded by construction.

Decoding is restricted to the spans of a text, as an automaton over its tokens: a span begins where
a word begins, goes on as the text goes on, and ends where a word ends. All spans of the likeliest
beginnings are scored side by side, and each by how much likelier the text makes it than the
question alone does (pointwise mutual information), so that what the model would say anyway does not
win. It is no part of the product: with the default model seven of eight short answers are wrong,
spans or not, and a quote is right more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.runtime.engine import Message, Step

if TYPE_CHECKING:
    from lsfs.llm.runtime.engine import Context, Model

BEGINNINGS = 15  # spans of so many beginnings are scored; as many sequences of a context
LONGEST = 12  # tokens of a span
PRIOR = 0.2  # what the likelihood without the text counts

SHORT = "Answer the question with the shortest phrase copied from the text."

Scores = NDArray[np.float32]


class Answer(Struct, frozen=True):
    """A span, half open in characters of the text, and its score in nats per token."""

    start: int
    end: int
    score: float


class _Tokens(Struct, frozen=True):
    """A text in tokens.

    Attributes:
        ids: the tokens.
        edges: where each begins in the text, and after them where the last one ends.
        begins: which begin a word.
        ends: which end one.
    """

    ids: list[int]
    edges: list[int]
    begins: list[bool]
    ends: list[bool]

    @classmethod
    def of(cls, model: Model, text: str) -> _Tokens:
        ids = model.tokenise(f" {text}")
        # Offsets in bytes, less the space in front; what begins within a character begins before.
        data = f" {text}".encode("utf-8", "replace")
        cuts = np.cumsum([0, *(len(model.piece(token)) for token in ids)])
        edges = [max(len(data[:cut].decode("utf-8", "ignore")) - 1, 0) for cut in cuts]
        words = [not text[edge : edge + 1].strip() or edge == 0 for edge in edges[:-1]]
        after = [text[edge : edge + 1] for edge in edges[1:]]
        ends = [not char.isalnum() for char in after]
        return cls(ids, edges, words, ends)


def best_span(
    context: Context, question: str, text: str, *, prior: float = PRIOR, cancel: Event | None = None
) -> Answer | None:
    """The span of a text that answers a question; None where it has no words.

    Clears the context.

    Args:
        context: of a model, with ``BEGINNINGS`` + 1 sequences.
        question: in words.
        text: evidence, from files.
        prior: what the likelihood without the text counts; 0 takes the likeliest span.
        cancel: stops the model.

    Raises:
        ContextTooLong: the text does not fit.
        Cancelled: ``cancel`` was set.
    """
    tokens = _Tokens.of(context.model, text)
    first = _prefilled(context, prompt(context.model, question, text), cancel)
    begins = [n for n, begin in enumerate(tokens.begins) if begin and tokens.ids]
    begins.sort(key=lambda n: -float(first[tokens.ids[n]]))
    begins = begins[:BEGINNINGS]
    if not begins:
        return None
    told = _likelihoods(context, tokens, begins, first, cancel)
    if prior:
        first = _prefilled(context, prompt(context.model, question, ""), cancel)
        alone = _likelihoods(context, tokens, begins, first, cancel)
        told = {span: value - prior * alone[span] for span, value in told.items()}
    context.clear()
    begin, end = max(told, key=lambda span: told[span])
    start = tokens.edges[begin]
    start += len(text[start:]) - len(text[start:].lstrip())
    return Answer(start, tokens.edges[end + 1], told[begin, end])


def prompt(model: Model, question: str, text: str) -> list[int]:
    """The tokens behind which a short answer stands."""
    told = f"{text}\n\n" if text else ""
    messages = [Message("system", SHORT), Message("user", f"{told}Question: {question}")]
    return [*model.chat_tokens(messages), *model.tokenise("The answer is:")]


def _prefilled(context: Context, tokens: list[int], cancel: Event | None) -> Scores:
    """Log probabilities of the token after a prompt, which sequence 0 then holds."""
    context.clear()
    return _log_softmax(context.feed(tokens, cancel=cancel))


def _log_softmax(scores: Scores) -> Scores:
    top = scores.max(axis=-1, keepdims=True)
    shifted: Scores = scores - top
    result: Scores = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def _likelihoods(
    context: Context, tokens: _Tokens, begins: Sequence[int], first: Scores, cancel: Event | None
) -> dict[tuple[int, int], float]:
    """Log likelihood per token of each span, by its first and last token, with its ending."""
    begin_at = context.next_position()
    runs = [tokens.ids[n : n + LONGEST] for n in begins]
    for sequence in range(1, len(runs) + 1):
        context.copy(0, sequence)
    steps = [
        Step(token, begin_at + at, sequence, True)
        for sequence, run in enumerate(runs, 1)
        for at, token in enumerate(run)
    ]
    scores = _log_softmax(context.decode(steps, cancel))
    stops = _stops(context.model)
    found: dict[tuple[int, int], float] = {}
    row = 0
    for begin, run in zip(begins, runs, strict=True):
        total = float(first[run[0]])
        for at in range(len(run)):
            if at:
                total += float(scores[row + at - 1][run[at]])
            if tokens.ends[begin + at]:
                ending = float(np.logaddexp.reduce(scores[row + at][stops]))
                found[begin, begin + at] = (total + ending) / (at + 2)
        row += len(run)
    for sequence in range(1, len(runs) + 1):
        context.remove(sequence)
    return found


def _stops(model: Model) -> list[int]:
    """Tokens with which an answer ends: those of the turn's end, a full stop, a line's end."""
    marks = [model.tokenise(mark)[0] for mark in (".", "\n", ",")]
    return marks + [token for token in range(min(64, model.n_vocab)) if model.is_end(token)]
