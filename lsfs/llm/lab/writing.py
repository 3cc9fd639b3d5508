"""Answers behind a state that is kept: how right, how like those of the whole state, how fast."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.kv import kvblob
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.lab.tasks import Question
from lsfs.llm.runtime.batch import Step
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model

LONGEST = 32  # tokens of a free answer
STEPS = 8  # tokens by which the speed of writing is measured


class Runs(Protocol):
    """Runs tokens behind what it holds."""

    def run(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Scores after each of them, float32 [tokens, vocabulary]."""
        ...


class Plain(Struct, frozen=True):
    """Runs tokens behind a state that stays as it is.

    Attributes:
        context: whose sequence 0 it is.
    """

    context: Context

    def load(self, cells: Cells) -> None:
        """Hold a state."""
        self.context.load_state(kvblob.build(cells))

    def run(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """See :class:`Runs`."""
        begin = self.context.next_position()
        steps = [Step(token, begin + at, 0, True) for at, token in enumerate(tokens)]
        return self.context.decode(steps).copy()


class Answer(Struct, frozen=True):
    """What was written behind a question.

    Attributes:
        hits, trials: how much of what is right is there.
        likeliest: the tokens that were the likeliest ones.
        nll: mean -log p of what follows, in nats; 0 for a free answer.
        first_s: CPU seconds from the question's first token to the scores after its last.
        first_wall_s: the same by the clock.
        next_s: CPU seconds of each token behind the first, as it was run.
    """

    hits: int
    trials: int
    likeliest: tuple[int, ...]
    nll: float
    first_s: float
    first_wall_s: float
    next_s: float

    def agrees(self, whole: Answer) -> float:
        """The share of the tokens of the whole state's answer that are the same here."""
        if not whole.likeliest:
            return float(not self.likeliest)
        same = sum(a == b for a, b in zip(self.likeliest, whole.likeliest, strict=False))
        return same / max(1, len(whole.likeliest))


def answered(runs: Runs, model: Model, question: Question) -> Answer:
    """The answer behind what ``runs`` holds."""
    cpu, wall = time.process_time(), time.perf_counter()
    first = runs.run(question.tail)[-1:]
    spent = time.process_time() - cpu, time.perf_counter() - wall
    cpu = time.process_time()
    if not question.follows:
        said = tuple(_free(runs, model, first))
        text = model.detokenise(said).casefold()
        hits, trials = sum(w.casefold() in text for w in question.words), len(question.words)
        return Answer(hits, trials, said, 0.0, *spent, _each(cpu, len(said)))
    scores = first
    if len(question.follows) > 1:
        scores = np.concatenate([first, runs.run(question.follows[:-1])])
    each = _each(cpu, len(question.follows) - 1)
    likeliest = tuple(scores.argmax(axis=1).tolist())
    nll = _surprise(scores, question.follows)
    hit = 0 if question.scored else int(likeliest == question.follows)
    return Answer(hit, int(not question.scored), likeliest, nll, *spent, each)


def _each(start: float, count: int) -> float:
    """CPU seconds of each of ``count`` tokens since a time."""
    return (time.process_time() - start) / max(1, count)


def _free(runs: Runs, model: Model, scores: NDArray[np.float32]) -> list[int]:
    """The likeliest text up to the end of its first line."""
    said: list[int] = []
    while len(said) < LONGEST:
        token = int(scores[-1].argmax())
        if model.is_end(token) or (said and b"\n" in model.piece(token)):
            break
        said.append(token)
        scores = runs.run([token])
    return said


def _surprise(scores: NDArray[np.float32], follows: Sequence[int]) -> float:
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=1))
    return float((total - shifted[np.arange(len(follows)), list(follows)]).mean())


def step_s(runs: Plain, cells: Cells) -> float:
    """CPU seconds of writing one token behind a state."""
    runs.load(cells)
    runs.run([1])
    start = time.process_time()
    for token in range(STEPS):
        runs.run([token + 2])
    return (time.process_time() - start) / STEPS
