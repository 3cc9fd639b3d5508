"""Policies that ask for nothing: all rows, or the first and the last ones."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import AS_READ, DENSE, NEAR, SINKS, Index, NoIndex, Scene, Text
from lsfs.llm.sparse.select import Indices


class Full(Struct, frozen=True):
    """All rows, whatever the budget."""

    name: str = "full"
    placing: Placing = AS_READ
    anew: int = 0

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """All."""
        return [np.arange(scene.text.cells)] * len(scene.text.keys)


class Streaming(Struct, frozen=True):
    """The first rows and the last ones, at the positions that they have in the cache.

    StreamingLLM (Xiao et al., 2023, arXiv 2309.17453), section 3.2: "positions within the cache
    rather than those in the original text". The paper keeps four sinks.
    """

    sinks: int = SINKS
    name: str = "streaming"
    placing: Placing = DENSE
    anew: int = 0

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The first ``sinks``, and the last of the budget."""
        budget = min(budget, scene.text.cells)
        sinks = min(self.sinks, budget)
        kept = np.flatnonzero(scene.text.edges(sinks, budget - sinks))
        return [kept] * len(scene.text.keys)


class Infinite(Streaming, frozen=True):
    """The same rows (a Lambda-shaped mask) where they were read, but none farther than a ceiling.

    LM-Infinite (Han et al., 2023, arXiv 2308.16137), section 4.1: distances over the length that
    the model was trained on are taken as that length. The ceiling holds for the token that follows
    the text; those behind it are farther by the tokens written since, until rows are chosen again.
    """

    name: str = "infinite"
    placing: Placing = NEAR
