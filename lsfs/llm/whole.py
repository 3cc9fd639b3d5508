"""A text of any length in a cache of few cells: in each layer the rows that its policy keeps.

First each block is looked at on its own, from its keys in the middle layers; the best ones that
fit a window are composed, and the question is run over them. Then a policy keeps some rows of each
layer, other ones in each, and only those are loaded for the answer. At no time is more in memory
than that window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsfs.llm import kvblob, select
from lsfs.llm.batch import Shape, Stop
from lsfs.llm.capture import ScoringContext
from lsfs.llm.facts import Facts
from lsfs.llm.kvblob import Cells, Rope
from lsfs.llm.model import Model
from lsfs.llm.policies import Policy, Scene
from lsfs.llm.select import Indices


def forged(cells: Cells, rows: Sequence[Indices], rope: Rope | None = None) -> Cells:
    """A state with other rows in each layer.

    A cell's position serves the causal mask only, so that rows of several positions may share a
    cell; what a question follows is where the text ended (SnapKV, arXiv 2404.14469, section 4).

    Args:
        cells: of the text.
        rows: of each layer, equally many, in rising order.
        rope: turn the rows to positions without gaps, from 0 on; None leaves their keys as they
            are, and the cells state the last positions of the text.
    """
    count = len(rows[0])
    values = tuple(layer[kept] for layer, kept in zip(cells.values, rows, strict=True))
    if rope is None:
        end = int(cells.positions[-1]) + 1
        positions = np.arange(end - count, end, dtype=np.int32)
        keys = tuple(layer[kept] for layer, kept in zip(cells.keys, rows, strict=True))
    else:
        positions = np.arange(count, dtype=np.int32)
        keys = tuple(
            rope.rotate(layer[kept], positions - cells.positions[kept])
            for layer, kept in zip(cells.keys, rows, strict=True)
        )
    return Cells(positions, keys, values, cells.key_type, cells.value_type)


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
        layers = range(self._facts.layers)
        longest = max(len(tail), len(neutral))
        shape = Shape(len(cells) + longest, 1, max(512, longest), self._threads)
        with ScoringContext(self._model, shape, list(layers)) as context:
            context.load_state(kvblob.build(cells))
            end = context.next_position()
            queries = context.queries(tail, cancel=cancel)
            context.remove(0, end)
            without = context.queries(neutral, cancel=cancel)
        heads, middle = self._facts.key_heads, select.middle(len(layers))
        return Scene(cells.keys, heads, queries, select.masses(without, cells.keys, heads, middle))

    def narrowed(self, cells: Cells, scene: Scene, policy: Policy, budget: int) -> Cells:
        """The cells that a policy keeps, ``budget`` at most."""
        if len(cells) <= budget:
            return cells
        return forged(cells, policy.rows(scene, budget))
