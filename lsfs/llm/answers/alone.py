"""Several texts that may each hold the answer: asked alone, side by side, and their answers merged.

A question to one text is where small models are best. Each text has a sequence of its own, and one
batch moves all of them on by a token.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from lsfs.errors import Cancelled
from lsfs.llm.runtime.batch import Step, Stop
from lsfs.llm.runtime.engine import Context

_WORD = re.compile(r"\w+(?:[.,]\w+)*")
_EMPTY_WORDS = frozenset({"a", "an", "the"})


class Said(Struct, frozen=True):
    """The likeliest answer to one text.

    Attributes:
        text: without blank space around it.
        likelihood: of its tokens, mean log probability in nats.
    """

    text: str
    likelihood: float


class Merged(Struct, frozen=True):
    """An answer that some of the texts gave.

    Attributes:
        text: as the text said it that was surest.
        source: the number of that text.
        supporters: the numbers of all that agree.
        share: of the weight of all answers, 0 to 1.
    """

    text: str
    source: int
    supporters: tuple[int, ...]
    share: float


def ask_each(
    context: Context, tail: Sequence[int], count: int, most: int, cancel: Stop | None = None
) -> list[Said]:
    """The likeliest answer (greedy) in each of the sequences 0 to ``count`` - 1.

    Args:
        context: whose sequences hold a text each.
        tail: tokens of the question, up to where the answer begins.
        count: of sequences.
        most: tokens of an answer at most; it ends at the end of a line, too.
        cancel: looked at before each token, and while the question is read.

    Raises:
        ContextTooLong: no cells are left.
        Cancelled: ``cancel`` was set.
    """
    answers = [_Answer(context, sequence) for sequence in range(count)]
    for answer, scores in zip(answers, _questions(context, tail, count, cancel), strict=True):
        answer.take(scores)
    while running := [a for a in answers if not a.ended and len(a.tokens) < most]:
        if cancel is not None and cancel.is_set():
            raise Cancelled("the model was stopped")
        steps = [
            Step(a.tokens[-1], context.next_position(a.sequence), a.sequence, True) for a in running
        ]
        for answer, scores in zip(running, context.decode(steps), strict=True):
            answer.take(scores)
    return [answer.said() for answer in answers]


def _questions(
    context: Context, tail: Sequence[int], count: int, cancel: Stop | None
) -> list[NDArray[np.float32]]:
    """Scores after the question, in each sequence: as many in a batch as fit."""
    if len(tail) > context.shape.batch:
        return [context.feed(tail, sequence, cancel).copy() for sequence in range(count)]
    at_once = context.shape.batch // len(tail)
    found: list[NDArray[np.float32]] = []
    for low in range(0, count, at_once):
        steps: list[Step] = []
        for sequence in range(low, min(count, low + at_once)):
            begin = context.next_position(sequence)
            last = len(tail) - 1
            steps += [Step(t, begin + at, sequence, at == last) for at, t in enumerate(tail)]
        found.extend(context.decode(steps, cancel).copy())
    return found


class _Answer(Struct):
    """An answer while it is being written."""

    context: Context
    sequence: int
    tokens: list[int] = field(default_factory=list)
    likelihoods: list[float] = field(default_factory=list)
    text: bytes = b""
    ended: bool = False

    def take(self, scores: NDArray[np.float32]) -> None:
        token = int(scores.argmax())
        top = float(scores[token])
        # The end counts: an answer that might as well go on is not sure.
        self.likelihoods.append(-math.log(float(np.exp(scores - top).sum())))
        if self.context.model.is_end(token):
            self.ended = True
            return
        piece = self.context.model.piece(token)
        self.tokens.append(token)
        self.text += piece
        self.ended = b"\n" in piece and bool(self.text.strip())

    def said(self) -> Said:
        likelihood = sum(self.likelihoods) / len(self.likelihoods)
        lines = self.text.decode("utf-8", "replace").strip().splitlines()
        return Said(lines[0].strip() if lines else "", likelihood)


def merged(answers: Sequence[Said], weights: Sequence[float]) -> list[Merged]:
    """Answers of which some agree, the one with the most weight first.

    Answers agree when they have the same words. Each counts its weight times its likelihood for
    a token.

    Args:
        answers: of each text; empty ones are left out.
        weights: how far each text is trusted to hold the answer, at least 0.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, answer in enumerate(answers):
        if words := _words(answer.text):
            groups.setdefault(words, []).append(number)
    worth = [w * math.exp(a.likelihood) for a, w in zip(answers, weights, strict=True)]
    total = sum(worth[n] for numbers in groups.values() for n in numbers) or 1.0
    results = []
    for numbers in groups.values():
        source = max(numbers, key=lambda n: worth[n])
        share = sum(worth[n] for n in numbers) / total
        results.append(Merged(answers[source].text, source, tuple(numbers), share))
    return sorted(results, key=lambda result: -result.share)


def _words(text: str) -> tuple[str, ...]:
    return tuple(w for w in _WORD.findall(text.casefold()) if w not in _EMPTY_WORDS)
