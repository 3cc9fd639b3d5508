"""HiP: the keys of the greatest products, found without looking at all keys."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import AS_READ, RECENT, SINKS, Index, NoIndex, Scene, Text
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Floats, Indices


class Hip(Struct, frozen=True):
    """Chunks are halved again and again, and the better half of all halves stays.

    HiP (Lee et al., 2024, arXiv 2406.09827), top-k estimation: as many even chunks as keys are
    wanted; each is cut in two, the key in the middle of each part stands for it, and as many of the
    parts as keys are wanted go on, until they are single keys. It rests on neighbours being alike,
    and looks at 2 k log2(n / k) of n keys. All tokens that ask are one block of queries, which
    counts as the best of them. The first and the last cells are kept beside.

    Attributes:
        sinks, recent: cells that are always kept.
    """

    sinks: int = SINKS
    recent: int = RECENT
    name: str = "hip"
    placing: Placing = AS_READ
    anew: int = 1

    def build(self, text: Text) -> Index:
        """None."""
        return NoIndex(self.rows)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """``budget`` rows of each layer and head of keys."""
        cells = scene.text.cells
        edges = np.flatnonzero(scene.text.edges(self.sinks, self.recent))[:budget]
        first = min(self.sinks, cells)
        end = max(first, cells - self.recent)
        wanted = min(budget - len(edges), end - first)
        found = []
        for layer in scene.layers:
            keys, asked = scene.text.by_head(layer), scene.asked(layer)
            rows = [
                np.sort(np.append(edges, first + halved(k[first:end], a, wanted)))
                for k, a in zip(keys, asked, strict=True)
            ]
            found.append(np.stack(rows))
        return found


def halved(keys: Floats, asked: Floats, count: int) -> Indices:
    """``count`` keys, in no order.

    Args:
        keys: float32 [keys, head size].
        asked: float32 [queries, head size].
        count: how many of them.
    """
    bounds = np.linspace(0, len(keys), count + 1).astype(np.intp)
    starts, ends = bounds[:-1], bounds[1:]
    while count and (ends - starts).max() > 1:
        middle = (starts + ends) // 2
        starts, ends = np.append(starts, middle), np.append(middle, ends)
        there = ends > starts  # a single key has no first half
        starts, ends = starts[there], ends[there]
        scores = select.products(asked, keys[(starts + ends) // 2]).max(axis=0)
        best = np.argsort(-scores, kind="stable")[:count]
        starts, ends = starts[best], ends[best]
    return starts
