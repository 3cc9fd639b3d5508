"""Policies by bounds of pages: Quest and LServe."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import AS_READ, Scene, Text
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Floats, Indices


class Quest(Struct, frozen=True):
    """The pages whose bounds allow the greatest product with the question.

    Quest (Tang et al., 2024, arXiv 2406.10774), criticality of pages: of each the least and the
    greatest value of every channel; the sum of the greater of q x least and q x greatest bounds the
    product of q with every key of the page from above. For each head of keys; of the several tokens
    and heads that ask, each has a softmax over the pages, and these are summed. The last page that
    is taken may be cut short. The paper leaves out the first two layers; llama.cpp gives all layers
    equally many cells, so here they choose, too.

    Attributes:
        page: keys of a page, 16 in the paper.
    """

    page: int = 16
    name: str = "quest"
    placing: Placing = AS_READ
    anew: int = 1

    def build(self, text: Text) -> Bounds:
        """The bounds of each page."""
        return Bounds.of(text, self.page, self.page)


class LServe(Quest, frozen=True):
    """As :class:`Quest` for small logical pages, but large physical ones are taken.

    LServe (Yang et al., 2025, arXiv 2502.14866), hierarchical paging: bounds of logical pages; a
    physical page counts as its best logical one. The paper chooses again every fourth token only;
    see :mod:`lsfs.llm.sparse.again`.

    Attributes:
        page: keys of a physical page, 64 in the paper.
        logical: keys of a logical page, 16 in the paper.
    """

    page: int = 64
    logical: int = 16
    name: str = "lserve"
    anew: int = 4

    def build(self, text: Text) -> Bounds:
        """The bounds of each logical page."""
        return Bounds.of(text, self.logical, self.page)


class Bounds(Struct, frozen=True):
    """Of logical pages the least and greatest value of each channel.

    Attributes:
        least, greatest: float32 [layers, key heads, pages, head size].
        logical: keys of a logical page.
        page: keys of a physical page: a multiple of it.
    """

    least: Floats
    greatest: Floats
    logical: int
    page: int

    @classmethod
    def of(cls, text: Text, logical: int, page: int) -> Bounds:
        """The bounds of a text."""
        starts = np.arange(0, text.cells, logical)
        layers = [text.by_head(layer) for layer in range(len(text.keys))]
        least, greatest = (
            np.stack([f.reduceat(keys, starts, axis=1) for keys in layers])
            for f in (np.minimum, np.maximum)
        )
        return cls(least, greatest, logical, page)

    @property
    def nbytes(self) -> int:
        """In float16, as the keys are."""
        return (self.least.size + self.greatest.size) * 2

    def scores(self, asked: Floats, layer: int) -> Floats:
        """The bound of each query in each logical page, float32 [key heads, queries, pages].

        Args:
            asked: float32 [key heads, queries, head size].
            layer: which one.
        """
        above = select.products(np.maximum(asked, 0), self.greatest[layer])
        return above + select.products(np.minimum(asked, 0), self.least[layer])

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The best pages of each layer and head of keys."""
        found = []
        for layer in scene.layers:
            bound = self.scores(scene.asked(layer), layer)
            per = self.page // self.logical
            pages = np.maximum.reduceat(bound, np.arange(0, bound.shape[-1], per), axis=-1)
            found.append(select.spread(select.shares(pages), self.page, scene.text.cells, budget))
        return found
