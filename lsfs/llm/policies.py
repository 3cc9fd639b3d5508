"""Which rows of an attention state are kept for a question: policies behind one interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lsfs.errors import UsageError
from lsfs.llm import select
from lsfs.llm.kvblob import Rows
from lsfs.llm.select import Floats, Indices, Queries

BLOCK = 32  # cells that are chosen together
SINKS = 16  # the first cells, which hold the attention that goes nowhere (Xiao et al., 2023)
RECENT = 64  # the last cells, which hold what the question stands next to


@dataclass(frozen=True)
class Scene:
    """What a policy sees of a text and a question.

    Attributes:
        keys: of each layer, rotated to their positions, float16 [cells, key heads x head size].
        key_heads: heads of keys in each layer.
        queries: the question's, of each layer, float32 [tokens, heads, head size].
        neutral: mass of a neutral question in the layers of ``select.middle``, float
            [layers, heads, cells].
    """

    keys: Sequence[Rows]
    key_heads: int
    queries: Queries
    neutral: NDArray[Any]

    @property
    def cells(self) -> int:
        """How many there are."""
        return len(self.keys[0])

    @cached_property
    def mass(self) -> Floats:
        """Of each cell in each layer, summed over the heads: float32 [layers, cells]."""
        summed: Floats = self._heads.sum(axis=1)
        return summed

    @cached_property
    def contrast(self) -> Floats:
        """How much more than a neutral question looks at each cell, float32 [cells]."""
        layers = select.middle(len(self.keys))
        return select.contrast(self._heads[layers.start : layers.stop], self.neutral)

    @cached_property
    def _heads(self) -> Floats:
        layers = range(len(self.keys))
        return select.masses(self.queries, self.keys, self.key_heads, layers)

    def edges(self, sinks: int, recent: int) -> NDArray[np.bool_]:
        """The first and the last cells."""
        at = np.arange(self.cells)
        return (at < sinks) | (at >= self.cells - recent)


class Policy(Protocol):
    """Chooses rows.

    Attributes:
        name: as the configuration has it.
    """

    @property
    def name(self) -> str:
        """What the policy is called."""
        ...

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """For each layer the rows that are kept, in rising order.

        Args:
            scene: the text and the question.
            budget: rows of a layer at most. All layers have equally many.
        """
        ...


@dataclass(frozen=True, slots=True)
class Full:
    """All rows, whatever the budget."""

    name: str = "full"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """All."""
        return [np.arange(scene.cells)] * len(scene.keys)


@dataclass(frozen=True, slots=True)
class Streaming:
    """The first rows and the last ones, whatever is asked.

    StreamingLLM (Xiao et al., 2023, arXiv 2309.17453), section 3.2; LM-Infinite (Han et al., 2023,
    arXiv 2308.16137), section 4.1.
    """

    sinks: int = SINKS
    name: str = "streaming"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The first ``sinks``, and the last of the budget."""
        budget = min(budget, scene.cells)
        sinks = min(self.sinks, budget)
        kept = np.flatnonzero(scene.edges(sinks, budget - sinks))
        return [kept] * len(scene.keys)


@dataclass(frozen=True, slots=True)
class Snap:
    """In each layer the rows that the question looks at most, with their neighbours.

    SnapKV (Li et al., 2024, arXiv 2404.14469), section 4, with the question as its window; rows are
    chosen by layer, not by head.
    """

    sinks: int = SINKS
    recent: int = RECENT
    name: str = "snap"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The ``budget`` rows of the greatest pooled mass in each layer."""
        always = scene.edges(self.sinks, self.recent)
        return [select.best(layer, budget, always) for layer in select.pooled(scene.mass)]


@dataclass(frozen=True, slots=True)
class Contrast:
    """The blocks that the question looks at more than a neutral one does; equal in all layers.

    Our own. Raw mass falls mostly on what every question looks at; see :mod:`lsfs.llm.select`.
    """

    block: int = BLOCK
    sinks: int = SINKS
    recent: int = RECENT
    name: str = "contrast"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """Whole blocks, as many as the budget holds."""
        always = scene.edges(self.sinks, self.recent)
        kept = select.best_blocks(scene.contrast, self.block, budget, always)
        return [np.flatnonzero(kept)] * len(scene.keys)


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Half of the budget as :class:`Contrast` has it, the rest in each layer as :class:`Snap` does.

    The blocks hold what was asked for in all layers; what a layer needs besides is its own. A small
    budget gives the first block more than half.
    """

    block: int = BLOCK
    sinks: int = SINKS
    recent: int = RECENT
    name: str = "hybrid"

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """``budget`` rows in each layer."""
        always = scene.edges(self.sinks, self.recent)
        edges = int(always.sum())
        half = max(edges + (budget - edges) // 2, min(budget, edges + self.block))
        always = select.best_blocks(scene.contrast, self.block, half, always)
        return [select.best(layer, budget, always) for layer in select.pooled(scene.mass)]


_ALL: tuple[Policy, ...] = (Full(), Streaming(), Snap(), Contrast(), Hybrid())
POLICIES = {policy.name: policy for policy in _ALL}
DEFAULT = "hybrid"


def policy(name: str) -> Policy:
    """The policy of a name.

    Raises:
        UsageError: there is none.
    """
    found = POLICIES.get(name)
    if found is None:
        raise UsageError(f"no policy {name}", hint=f"one of: {', '.join(POLICIES)}")
    return found
