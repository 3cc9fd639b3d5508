"""Policies by keys that stand for a block of neighbours: InfLLM and ShadowKV."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import AS_READ, BLOCK, NEAR, RECENT, SINKS, Scene, Text
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Floats, Indices


class InfLlm(Struct, frozen=True):
    """The blocks whose representative keys the question looks at; equal for all heads of a layer.

    InfLLM (Xiao et al., 2024, arXiv 2402.04617), "context memory": a block is represented by the
    keys that the tokens behind them look at most; its relevance is the sum of their products with
    all tokens that ask. Keys of the memory have no positions in this: all stand at the distance of
    the local window. The first tokens and the last ones (the local window) are kept.

    Attributes:
        block: cells of a block; 128 in the paper, for budgets of thousands.
        represents: keys that stand for it, 4 in the paper.
        sinks, recent: cells that are always kept; the paper has 128 and 4096.
        placing: no key stands farther than the paper's local window.
    """

    block: int = BLOCK
    represents: int = 4
    sinks: int = SINKS
    recent: int = RECENT
    name: str = "infllm"
    placing: Placing = NEAR
    anew: int = 1

    def build(self, text: Text) -> Representatives:
        """The representative keys of each block."""
        received = text.seen(self.name).received
        layers = [self._of(text.bare(n), received[n]) for n in range(len(text.keys))]
        return Representatives(np.stack(layers), self, text.edges(self.sinks, self.recent))

    def _of(self, keys: Floats, received: Floats) -> Floats:
        """[key heads, blocks, represents, head size]; a short last block repeats its best key."""
        heads, cells, _ = keys.shape
        blocks = -(-cells // self.block)
        padded = np.full((heads, blocks * self.block), -np.inf, np.float32)
        padded[:, :cells] = received
        order = np.argsort(-padded.reshape(heads, blocks, -1), axis=-1, kind="stable")
        chosen = order[..., : self.represents] + self.block * np.arange(blocks)[:, None]
        chosen = np.where(chosen < cells, chosen, chosen[..., :1])
        found: Floats = keys[np.arange(heads)[:, None, None], chosen]
        return found


class Representatives(Struct, frozen=True):
    """Keys without position that stand for blocks.

    Attributes:
        keys: float32 [layers, key heads, blocks, represents, head size].
        policy: how they are used.
        always: cells that are kept.
    """

    keys: Floats
    policy: InfLlm
    always: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        """In float16, as the keys are."""
        return self.keys.size * 2

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The best blocks of each layer."""
        found = []
        for layer in scene.layers:
            asked = scene.asked_from(layer, self.policy.placing.farthest).sum(axis=1)
            # Summed over heads, tokens and representatives: one number for a block.
            relevance = np.einsum("hs,hbrs->b", asked, self.keys[layer]).astype(np.float32)
            cells = scene.text.cells
            found.append(select.spread(relevance, self.policy.block, cells, budget, self.always))
        return found


class ShadowKv(Struct, frozen=True):
    """The chunks whose mean key the question looks at, and always those that no mean stands for.

    ShadowKV (Sun et al., 2024, arXiv 2410.21465), algorithms 1 and 2: the landmark of a chunk is
    the mean of its keys with their positions; chunks with a key that is least like its landmark
    (cosine) are outliers and stay; the others are taken by the softmax of the question over the
    landmarks, the greatest of all queries that a head of keys serves. The paper rebuilds the keys
    of what is taken from low ranks and fetches its values: see the format ``lowrank`` of
    :mod:`lsfs.llm.kv.formats`, which any policy can be used with.

    Attributes:
        chunk: cells, 8 in the paper.
        outliers: share of the chunks; the paper has 48 chunks at 128k tokens, which is less.
        recent: last cells that are always kept.
    """

    chunk: int = 8
    outliers: float = 0.01
    recent: int = 32
    name: str = "shadowkv"
    placing: Placing = AS_READ
    anew: int = 1

    def build(self, text: Text) -> Landmarks:
        """The landmarks of each chunk, and the outliers."""
        starts = np.arange(0, text.cells, self.chunk)
        sizes = np.diff(np.append(starts, text.cells))
        count = max(1, round(self.outliers * len(starts)))
        means, apart = [], []
        for layer in range(len(text.keys)):
            keys = text.by_head(layer)
            mean = np.add.reduceat(keys, starts, axis=1) / sizes[:, None]
            like = _cosine(keys, np.repeat(mean, sizes, axis=1))
            least = np.minimum.reduceat(like, starts, axis=1)
            means.append(mean)
            apart.append(least <= np.sort(least, axis=1)[:, count - 1 : count])
        recent = text.edges(0, self.recent)
        return Landmarks(np.stack(means), np.stack(apart), self.chunk, recent)


def _cosine(one: Floats, other: Floats) -> Floats:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    found: Floats = (one * other).sum(axis=-1) / np.maximum(lengths, np.float32(1e-12))
    return found


class Landmarks(Struct, frozen=True):
    """Mean keys of chunks.

    Attributes:
        keys: float32 [layers, key heads, chunks, head size].
        apart: the outliers, bool [layers, key heads, chunks].
        chunk: cells of a chunk.
        recent: cells that are kept.
    """

    keys: Floats
    apart: NDArray[np.bool_]
    chunk: int
    recent: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        """In float16, as the keys are."""
        return self.keys.size * 2 + self.apart.nbytes

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The best chunks of each layer and head of keys."""
        found = []
        for layer in scene.layers:
            scores = select.softmax(select.products(scene.asked(layer), self.keys[layer]))
            best = np.where(self.apart[layer], np.float32(2), scores.max(axis=1))
            found.append(select.spread(best, self.chunk, scene.text.cells, budget, self.recent))
        return found
