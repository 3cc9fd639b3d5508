"""Rows of a text chosen again while an answer is written.

Quest, LServe, HiP, Squeezed Attention, InfLLM and ShadowKV choose for every token, in each layer
from the query of that very layer. llama.cpp runs a token through all layers in one call; so here
rows are chosen for all layers at once, and a token is run a second time behind them. The queries of
upper layers so rest on the rows of the choice before. What was asked and written stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.kv import kvblob
from lsfs.llm.kv.kvblob import Cells, Rope
from lsfs.llm.policies.interface import Index, Policy, Scene, Text
from lsfs.llm.runtime.batch import Step, Stop
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.whole import forged


class Source(Struct, frozen=True):
    """Where rows are taken from.

    Attributes:
        cells: the state of the whole text.
        text: the same for a policy.
        index: of the text.
        policy: whose index it is.
        rope: the model's.
    """

    cells: Cells
    text: Text
    index: Index
    policy: Policy
    rope: Rope

    def kept(self, scene: Scene, budget: int) -> Cells:
        """The state of the rows that a question keeps."""
        rows = self.index.rows(scene, budget)
        return forged(self.cells, rows, self.policy.placing, self.rope)


class Again:
    """Sequence 0 of a context with some rows of a text, and what was run behind them.

    What is run first, a question, stands behind the rows that it keeps. From its last token on rows
    are chosen again, by the queries of the token that is run next: it is run once for them, and a
    second time behind the new rows.

    Args:
        context: shows the queries of all layers; its sequence 0 is replaced.
        source: where rows come from.
        budget: rows of the text that are kept.
        every: tokens that are run behind one choice.
    """

    def __init__(self, context: ScoringContext, source: Source, budget: int, every: int) -> None:
        self._context, self._source = context, source
        self._budget, self._every = budget, every
        self._kept = self._run = self._since = self.choices = 0

    def begin(self, kept: Cells) -> None:
        """Hold the rows that a question keeps (:meth:`Source.kept`); it is run next."""
        self._run = self._since = self.choices = 0
        self._load(kept, None)

    def run(self, tokens: Sequence[int], cancel: Stop | None = None) -> NDArray[np.float32]:
        """Run tokens, and choose again where it is time.

        Returns:
            Scores after each of them, float32 [tokens, vocabulary].
        """
        found = []
        if not self._run and len(tokens) > 1:
            found.append(self._decoded(tokens[:-1], cancel))
            tokens = tokens[-1:]
        while tokens:
            if not self._since:
                self._choose(tokens[0], cancel)
            now = tokens[: self._every - self._since]
            found.append(self._decoded(now, cancel))
            tokens = tokens[len(now) :]
            self._since = (self._since + len(now)) % self._every
        return np.concatenate(found)

    def _decoded(self, tokens: Sequence[int], cancel: Stop | None) -> NDArray[np.float32]:
        begin = self._context.next_position()
        steps = [Step(token, begin + at, 0, True) for at, token in enumerate(tokens)]
        scores = self._context.decode(steps, cancel).copy()
        self._run += len(tokens)
        return scores

    def _choose(self, token: int, cancel: Stop | None) -> None:
        end = self._context.next_position()
        queries = self._context.queries([token], cancel=cancel)
        self._context.remove(0, end)
        written = kvblob.parse(self._context.state()).take(slice(self._kept, None))
        scene = Scene(self._source.text, queries, behind=self._run)
        self._load(self._source.kept(scene, self._budget), written)

    def _load(self, kept: Cells, written: Cells | None) -> None:
        self._kept = len(kept)
        whole = kvblob.joined([kept, written]) if written is not None and len(written) else kept
        self._context.load_state(kvblob.build(whole))
        self.choices += 1
