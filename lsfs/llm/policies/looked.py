"""Policies by the attention of the question itself: SnapKV, contrast, and both."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import (
    AS_READ,
    BLOCK,
    RECENT,
    SINKS,
    Index,
    NoIndex,
    Scene,
    Text,
)
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Indices


class Snap(Struct, frozen=True):
    """In each layer the rows that the question looks at most, with their neighbours.

    SnapKV (Li et al., 2024, arXiv 2404.14469), section 4, with the question as its window; rows are
    chosen by layer, not by head.
    """

    sinks: int = SINKS
    recent: int = RECENT
    name: str = "snap"
    placing: Placing = AS_READ
    anew: int = 0

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The ``budget`` rows of the greatest pooled mass in each layer."""
        always = scene.text.edges(self.sinks, self.recent)
        return [select.best(layer, budget, always) for layer in select.pooled(scene.mass)]


class SnapHeads(Snap, frozen=True):
    """As :class:`Snap`, but each head of keys has rows of its own, which is SnapKV's listing 1.

    Heads of queries that share a head of keys choose together: the rows are one store.
    """

    name: str = "snap-heads"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The ``budget`` rows of the greatest pooled mass of each head of keys."""
        always = scene.text.edges(self.sinks, self.recent)
        return [select.best(layer, budget, always) for layer in select.pooled(scene.head_mass)]


class Contrast(Struct, frozen=True):
    """The blocks that the question looks at more than a neutral one does; equal in all layers.

    Our own. Raw mass falls mostly on what every question looks at; see
    :mod:`lsfs.llm.sparse.select`.
    """

    block: int = BLOCK
    sinks: int = SINKS
    recent: int = RECENT
    name: str = "contrast"
    placing: Placing = AS_READ
    anew: int = 0

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """Whole blocks, as many as the budget holds."""
        always = scene.text.edges(self.sinks, self.recent)
        kept = select.best_blocks(scene.contrast, self.block, budget, always)
        return [np.flatnonzero(kept)] * len(scene.text.keys)


class Hybrid(Struct, frozen=True):
    """Half of the budget as :class:`Contrast` has it, the rest in each layer as :class:`Snap` does.

    The blocks hold what was asked for in all layers; what a layer needs besides is its own. A small
    budget gives the first block more than half.
    """

    block: int = BLOCK
    sinks: int = SINKS
    recent: int = RECENT
    name: str = "hybrid"
    placing: Placing = AS_READ
    anew: int = 0

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """``budget`` rows in each layer."""
        always = self._blocks(scene, budget)
        return [select.best(layer, budget, always) for layer in select.pooled(scene.mass)]

    def _blocks(self, scene: Scene, budget: int) -> NDArray[np.bool_]:
        """The edges and the blocks that all layers keep."""
        always = scene.text.edges(self.sinks, self.recent)
        edges = int(always.sum())
        half = max(edges + (budget - edges) // 2, min(budget, edges + self.block))
        return select.best_blocks(scene.contrast, self.block, half, always)


class HybridHeads(Hybrid, frozen=True):
    """As :class:`Hybrid`, but each head of keys chooses the rest, as in :class:`SnapHeads`."""

    name: str = "hybrid-heads"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """``budget`` rows of each head of keys."""
        always = self._blocks(scene, budget)
        return [select.best(layer, budget, always) for layer in select.pooled(scene.head_mass)]
