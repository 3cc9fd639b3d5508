"""A text of any length in a cache of few cells: in each layer the rows that its policy keeps.

First each block is looked at on its own, from its keys in the middle layers; the best ones that
fit a window are composed, and the question is run over them. Then a policy keeps some rows of each
layer, other ones in each, and only those are loaded for the answer. At no time is more in memory
than that window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsfs.errors import ModelError
from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.kvblob import Cells, Placing, Rope, Rows
from lsfs.llm.policies import Policy, Scene, Text
from lsfs.llm.policies.interface import AS_READ, DENSE, Certainty
from lsfs.llm.runtime.batch import Shape, Stop
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import select
from lsfs.llm.sparse.capture import ScoringContext
from lsfs.llm.sparse.cores import each
from lsfs.llm.sparse.select import Floats, Indices


def forged(
    cells: Cells, rows: Sequence[Indices], placing: Placing = AS_READ, rope: Rope | None = None
) -> Cells:
    """A state with other rows in each layer, or in each head of keys.

    A cell's position serves the causal mask only, so that rows of several positions may share a
    cell, also those of several heads; what a question follows is where the text ended (SnapKV,
    arXiv 2404.14469, section 4).

    Args:
        cells: of the text; float16 where heads have rows of their own, or rows are moved.
        rows: of each layer int [cells], or [key heads, cells]; all equally many, in rising order.
        placing: where they stand. Dense rows end the text where they end, others where it ended.
        rope: the model's; needed to move rows.
    """
    count = rows[0].shape[-1]
    end = count if placing.dense else int(cells.positions[-1]) + 1

    def taken(layer: int) -> tuple[Rows, Rows]:
        kept = rows[layer]
        keys = _moved(_taken(cells.keys[layer], kept), kept, cells, placing, rope)
        return keys, _taken(cells.values[layer], kept)

    layers = range(len(cells.keys))
    keys, values = zip(
        *each(taken, layers, count * cells.keys[0].shape[1] * len(layers)), strict=True
    )
    positions = np.arange(end - count, end, dtype=np.int32)
    return Cells(positions, tuple(keys), tuple(values), cells.key_type, cells.value_type)


def _taken(layer: Rows, kept: Indices) -> Rows:
    if kept.ndim == 1:
        return layer[kept]
    heads = layer.reshape(len(layer), len(kept), -1)
    taken = heads[kept.T, np.arange(len(kept))]  # [cells, heads, size]
    return taken.reshape(len(taken), -1)


def _moved(keys: Rows, kept: Indices, cells: Cells, placing: Placing, rope: Rope | None) -> Rows:
    delta = placing.positions(kept, cells.positions) - cells.positions[kept]
    if not delta.any():
        return keys
    if rope is None:
        raise ModelError("rows of attention states cannot be moved without the model's positions")
    if kept.ndim == 1:
        return rope.rotate(keys, delta)
    heads = keys.reshape(len(keys), len(kept), -1)
    turned = [rope.rotate(heads[:, n], delta[n]) for n in range(len(kept))]
    return np.stack(turned, axis=1).reshape(len(keys), -1)


class Narrow:
    """Chooses rows of a state for a question.

    Args:
        model: whose state it is.
        facts: of it.
        threads: of the model; 0 is one less than there are cores.
    """

    def __init__(self, model: Model, facts: Facts, threads: int = 0) -> None:
        self._model = model
        self._facts = facts
        self._threads = threads

    def scene(
        self, cells: Cells, tail: Sequence[int], neutral: Sequence[int], cancel: Stop | None = None
    ) -> Scene:
        """What a policy sees: the question is run behind the cells, and a neutral one.

        Args:
            cells: of the text.
            tail: tokens of the question and what is behind it.
            neutral: the same of a question that asks for nothing.
            cancel: stops the computation.

        Raises:
            ContextTooLong: a question does not fit a batch.
            Cancelled: ``cancel`` was set.
        """
        longest = max(len(tail), len(neutral))
        shape = self._shape(int(cells.positions[-1]) + 1 + longest, longest)
        layers = range(self._facts.layers)
        with ScoringContext(self._model, shape, layers, self._facts.query_scale) as context:
            context.load_state(kvblob.build(cells))
            end = context.next_position()
            queries = context.queries(tail, cancel=cancel)
            context.remove(0, end)
            without = context.queries(neutral, cancel=cancel)
        heads, middle = self._facts.key_heads, select.middle(self._facts.layers)
        mass = select.masses(without, cells.keys, heads, middle)
        text = Text(cells.keys, heads, mass, self._facts.rope, cells.positions)
        return Scene(text, queries, self.certainty(cells, tail, cancel))

    def certainty(self, cells: Cells, tail: Sequence[int], cancel: Stop | None = None) -> Certainty:
        """How sure the model is of what follows a question behind some of the cells."""

        def entropies(sets: Sequence[Indices]) -> Floats:
            longest = max(len(kept) for kept in sets) + len(tail)
            found = []
            with Context(self._model, self._shape(longest, len(tail))) as context:
                for kept in sets:
                    rows = [kept] * len(cells.keys)
                    some = forged(cells, rows, DENSE, self._facts.rope)
                    context.load_state(kvblob.build(some))
                    found.append(entropy(context.feed(tail, cancel=cancel)))
            return np.asarray(found, np.float32)

        return entropies

    def _shape(self, tokens: int, batch: int) -> Shape:
        return Shape(tokens, 1, max(512, batch), self._threads)

    def narrowed(self, cells: Cells, scene: Scene, policy: Policy, budget: int) -> Cells:
        """The cells that a policy keeps, ``budget`` at most."""
        if len(cells) <= budget:
            return cells
        rows = policy.build(scene.text).rows(scene, budget)
        return forged(cells, rows, policy.placing, self._facts.rope)


def entropy(scores: Floats) -> float:
    """Of the next token, in nats.

    Args:
        scores: logits, float32 [vocabulary].
    """
    shares = select.softmax(scores.astype(np.float32, copy=True))
    return float(-(shares * np.log(np.maximum(shares, np.finfo(np.float32).tiny))).sum())
