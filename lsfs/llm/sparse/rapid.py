"""A long text read by one model, and what it says next guessed by another from a few passages.

RAPID (Chen et al., 2025, arXiv 2502.20330): the drafter has only the passages that a search found,
so that its steps are short; the target, which has the whole text, looks at several guesses in one
batch. Guesses are accepted by the rule of speculative sampling (Leviathan et al., 2023, arXiv
2211.17192, algorithm 1), under which what is written has exactly the target's distribution,
whatever the drafter says. RAPID also lets the drafter's knowledge into the target's distribution
("knowledge transfer"); that is left out, because the text would not be the target's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from lsfs.errors import UsageError
from lsfs.llm.runtime.batch import Step, Stop, check
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.runtime.sampling import Sampling

AHEAD = 4  # guesses before the target looks

Shares = NDArray[np.float64]


class Counts(Struct):
    """What became of the guesses.

    Attributes:
        guessed, accepted: tokens.
        looks: batches of the target.
        written: tokens.
    """

    guessed: int = 0
    accepted: int = 0
    looks: int = 0
    written: int = 0


def shares_of(scores: NDArray[np.float32], sampling: Sampling, written: Sequence[int]) -> Shares:
    """The distribution that a token is drawn from, as llama.cpp's samplers make it.

    Args:
        scores: logits, float32 [vocabulary].
        sampling: temperature, top_p and penalty; a grammar is not looked at.
        written: tokens so far, which the penalty is for.

    Returns:
        float64 [vocabulary], of sum 1; at temperature 0 all on the likeliest token.
    """
    values = scores.astype(np.float64)
    if sampling.penalty != 1.0 and len(written):
        recent = np.unique(np.asarray(written[-sampling.penalty_window :], np.intp))
        held = values[recent]
        values[recent] = np.where(held > 0, held / sampling.penalty, held * sampling.penalty)
    if sampling.temperature <= 0:
        one = np.zeros(len(values))
        one[values.argmax()] = 1.0
        return one
    kept = _nucleus(values, sampling.top_p)
    values = np.where(kept, values, -np.inf) / sampling.temperature
    chances = np.exp(values - values.max())
    return np.asarray(chances / chances.sum())


def _nucleus(values: Shares, top_p: float) -> NDArray[np.bool_]:
    """The likeliest tokens that together have a probability, before temperature as in llama.cpp."""
    if top_p >= 1:
        return np.ones(len(values), np.bool_)
    chances = np.exp(values - values.max())
    order = np.argsort(-chances, kind="stable")
    before = np.cumsum(chances[order]) / chances.sum() - chances[order] / chances.sum()
    kept = np.zeros(len(values), np.bool_)
    kept[order[before < top_p]] = True
    return kept


def chance_of(target: Shares, draft: Shares, token: int) -> float:
    """The chance with which a guess is accepted: min(1, p / q)."""
    return min(1.0, float(target[token] / draft[token]))


def rest_of(target: Shares, draft: Shares) -> Shares:
    """What a token is drawn from where a guess is refused: p - q where it is positive."""
    rest = np.maximum(target - draft, 0.0)
    total = rest.sum()
    # Nothing is left where both are the same; then no guess is refused but for rounding.
    return rest / total if total > 0 else target


def verified(
    target: Sequence[Shares],
    draft: Sequence[Shares],
    guesses: Sequence[int],
    random: np.random.Generator,
) -> list[int]:
    """The guesses that are accepted, and one token more.

    Args:
        target: the distributions of the target, one more than there are guesses.
        draft: those that the guesses were drawn from.
        guesses: tokens.
        random: draws.
    """
    taken: list[int] = []
    for p, q, guess in zip(target[:-1], draft, guesses, strict=True):
        if random.random() >= chance_of(p, q, guess):
            return [*taken, drawn(rest_of(p, q), random)]
        taken.append(guess)
    return [*taken, drawn(target[-1], random)]


def drawn(shares: Shares, random: np.random.Generator) -> int:
    """A token of a distribution."""
    at = np.searchsorted(np.cumsum(shares), random.random() * shares.sum(), side="right")
    return int(min(at, np.flatnonzero(shares)[-1]))


def check_words(target: Model, draft: Model) -> None:
    """See that two models mean the same by each token.

    Raises:
        UsageError: they do not.
    """
    same = target.n_vocab == draft.n_vocab and all(
        target.piece(token, special=True) == draft.piece(token, special=True)
        for token in range(target.n_vocab)
    )
    if not same:
        raise UsageError(
            f"{draft.path.name} has other tokens than {target.path.name}",
            hint="set model.draft to a smaller model of the same family, or to none",
        )


class _Side(Struct):
    """A context that goes on at the end of its sequence 0.

    Attributes:
        context: it.
        begin: where what is written begins.
        pending: tokens that are still to be run.
    """

    context: Context
    begin: int
    pending: list[int] = field(default_factory=list)

    def run(self, cancel: Stop | None) -> NDArray[np.float32]:
        """Scores after each of the pending tokens, float32 [tokens, vocabulary]."""
        check(cancel)
        begin = self.context.next_position()
        steps = [Step(token, begin + at, 0, True) for at, token in enumerate(self.pending)]
        self.pending = []
        return self.context.decode(steps, cancel).copy()

    def agree(self, written: Sequence[int]) -> None:
        """Forget what was refused; the last tokens of what is written are run next."""
        there = self.context.next_position() - self.begin
        # The last token of all is never run yet: what comes behind it is wanted.
        same = min(there, len(written) - 1)
        if same < there:
            self.context.remove(0, self.begin + same)
        self.pending = list(written[same:])


class Rapid:
    """Writes what a target says, with another model's guesses.

    Args:
        target: its sequence 0 holds the whole text.
        draft: its sequence 0 holds the passages that were found; of a model with the same tokens.
        sampling: how tokens are chosen; no grammar.
        ahead: guesses before the target looks.

    Raises:
        UsageError: there is a grammar.
    """

    def __init__(
        self, target: Context, draft: Context, sampling: Sampling, ahead: int = AHEAD
    ) -> None:
        if sampling.grammar:
            raise UsageError("guesses do not keep to a grammar")
        self._target, self._draft = target, draft
        self._sampling, self._ahead = sampling, ahead
        self._random = np.random.default_rng(sampling.seed)
        self.counts = Counts()

    def tokens(
        self, asks: tuple[Sequence[int], Sequence[int]], most: int, cancel: Stop | None = None
    ) -> Iterator[int]:
        """What the target says after a question, token by token, up to its end.

        Args:
            asks: the question's tokens, as the target is asked and as the drafter is.
            most: tokens at most.
            cancel: looked at before each batch.

        Raises:
            ContextTooLong: the cells of one of them ran out.
            Cancelled: ``cancel`` was set.
        """
        target, draft = (
            self._asked(context, tail, cancel)
            for context, tail in zip((self._target, self._draft), asks, strict=True)
        )
        written: list[int] = []
        while len(written) < most:
            draft.agree([*asks[1][-1:], *written])
            target.agree([*asks[0][-1:], *written])
            ahead = min(self._ahead, most - len(written) - 1)
            guesses, chances = self._guessed(draft, written, ahead, cancel)
            for token in self._looked(target, written, guesses, chances, cancel):
                if self._target.model.is_end(token):
                    return
                written.append(token)
                self.counts.written += 1
                yield token

    @staticmethod
    def _asked(context: Context, tail: Sequence[int], cancel: Stop | None) -> _Side:
        """Run a question but for its last token, behind which the first guess is made."""
        if len(tail) > 1:
            context.feed(tail[:-1], cancel=cancel)
        return _Side(context, context.next_position())

    def _guessed(
        self, draft: _Side, written: Sequence[int], ahead: int, cancel: Stop | None
    ) -> tuple[list[int], list[Shares]]:
        guesses: list[int] = []
        chances: list[Shares] = []
        while len(guesses) < ahead:
            scores = draft.run(cancel)[-1]
            chances.append(shares_of(scores, self._sampling, [*written, *guesses]))
            guesses.append(drawn(chances[-1], self._random))
            if draft.context.model.is_end(guesses[-1]):
                break
            draft.pending = guesses[-1:]
        draft.pending = []
        self.counts.guessed += len(guesses)
        return guesses, chances

    def _looked(
        self,
        target: _Side,
        written: Sequence[int],
        guesses: Sequence[int],
        chances: Sequence[Shares],
        cancel: Stop | None,
    ) -> list[int]:
        target.pending += guesses
        scores = target.run(cancel)[-len(guesses) - 1 :]
        real = [
            shares_of(row, self._sampling, [*written, *guesses[:at]])
            for at, row in enumerate(scores)
        ]
        taken = verified(real, chances, guesses, self._random)
        self.counts.looks += 1
        self.counts.accepted += len(taken) - 1
        return taken
