"""Policies by groups of like keys, wherever they stand: Squeezed Attention and A2ATS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.llm.kv.kvblob import Placing
from lsfs.llm.policies.interface import AS_READ, RECENT, SINKS, Scene, Text
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Floats, Indices

Labels = NDArray[np.int32]
ROUNDS = 8  # of k-means: later ones move few keys


def k_means(points: Floats, count: int, rounds: int = ROUNDS) -> Labels:
    """Which of ``count`` clusters each point is in, by squared distance (Lloyd).

    The first centres are points at even steps, so that the same text has the same clusters.

    Args:
        points: float32 [points, size].
        count: of clusters; as many as there are points makes each its own.

    Returns:
        int32 [points], each below ``count``; some clusters may be empty.
    """
    if count >= len(points):
        return np.arange(len(points), dtype=np.int32)
    centres = points[np.linspace(0, len(points) - 1, count).astype(np.intp)]
    labels = np.zeros(len(points), np.int32)
    for _ in range(rounds):
        # |p - c|^2 less |p|^2, which is the same for all centres.
        near = select.products(points, centres) - 0.5 * (centres**2).sum(axis=1)
        found = near.argmax(axis=1).astype(np.int32)
        if np.array_equal(found, labels):
            break
        labels = found
        there = np.bincount(labels, minlength=count)[:, None] > 0
        centres = np.where(there, means(points, labels, count), centres)
    return labels


def means(points: Floats, labels: Labels, count: int) -> Floats:
    """The mean of each cluster, float32 [count, size]; zeros where it is empty."""
    sums = np.zeros((count, points.shape[1]), np.float32)
    np.add.at(sums, labels, points)
    there = np.maximum(np.bincount(labels, minlength=count), 1).astype(np.float32)
    found: Floats = sums / there[:, None]
    return found


class Squeezed(Struct, frozen=True):
    """The keys of the clusters whose centroids the question looks at.

    Squeezed Attention (Hooper et al., 2024, arXiv 2411.09688), clustering and lookup: keys with
    their positions are clustered by k-means on their directions, for each head; a cluster counts as
    the softmax of the question with its centroid, where each centroid stands for as many keys as
    the cluster has. The paper keeps what is over a threshold, so that some heads keep more than
    others; here each keeps ``budget``, because heads share cells.

    Attributes:
        share: clusters for a key; 5 % in the paper.
    """

    share: float = 0.05
    name: str = "squeezed"
    placing: Placing = AS_READ
    anew: int = 1

    def build(self, text: Text) -> Centroids:
        """The centroids of each layer and head of keys."""
        count = max(1, round(self.share * text.cells))
        return Centroids.of(text, count)


class SqueezedLevels(Squeezed, frozen=True):
    """As :class:`Squeezed` by two levels: centroids are only looked at below the best coarse ones.

    The hierarchical lookup of the paper.

    Attributes:
        coarse: coarse clusters for a key; 1 % in the paper.
        wider: keys under the coarse clusters that are looked into, in budgets.
    """

    coarse: float = 0.01
    wider: float = 2.0
    name: str = "squeezed-levels"

    def build(self, text: Text) -> Centroids:
        """The centroids of both levels."""
        fine, coarse = (max(1, round(share * text.cells)) for share in (self.share, self.coarse))
        return Centroids.of(text, fine, coarse, self.wider)


class Centroids(Struct, frozen=True):
    """Clusters of the keys of each layer and head.

    Attributes:
        labels: the cluster of each key, int32 [layers, key heads, cells].
        keys: the mean of each, float32 [layers, key heads, clusters, head size].
        counts: keys of each, float32 [layers, key heads, clusters].
        above: the coarse centroids, in the same form; None: there are none.
        over: the coarse cluster of each cluster, int32 [layers, key heads, clusters].
        wider: see :class:`SqueezedLevels`.
    """

    labels: Labels
    keys: Floats
    counts: Floats
    above: Floats | None = None
    over: Labels | None = None
    wider: float = 0.0

    @classmethod
    def of(cls, text: Text, count: int, coarse: int = 0, wider: float = 0.0) -> Centroids:
        """The clusters of a text; with ``coarse`` ones their clusters, too."""
        layers = [text.by_head(layer) for layer in range(len(text.keys))]
        labels = np.stack([[k_means(_directions(h), count) for h in keys] for keys in layers])
        centres = _all_means(layers, labels, count)
        counts = np.stack(
            [[np.bincount(one, minlength=count) for one in layer] for layer in labels]
        ).astype(np.float32)
        if not coarse:
            return cls(labels, centres, counts)
        over = np.stack([[k_means(_directions(h), coarse) for h in keys] for keys in centres])
        above = np.take_along_axis(over, labels, axis=-1)
        return cls(labels, centres, counts, _all_means(layers, above, coarse), over, wider)

    @property
    def nbytes(self) -> int:
        """Centroids in float16, labels in two bytes."""
        above = 0 if self.above is None else self.above.size
        return 2 * (self.labels.size + self.keys.size + above)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The keys of the best clusters of each layer and head of keys."""
        found = []
        for layer in scene.layers:
            asked, counts = scene.asked(layer), self.counts[layer]
            scores = select.products(asked, self.keys[layer])
            values = select.shares(scores, counts[:, None])
            values = np.where(self._under(asked, layer, budget), values, values - 1)
            # A cluster is taken whole, its keys together, so clusters that tie must not mix.
            ranks = np.argsort(np.argsort(-values, axis=-1, kind="stable"), axis=-1)
            cells = -np.take_along_axis(ranks, self.labels[layer], axis=-1).astype(np.float32)
            found.append(select.best(cells, budget))
        return found

    def _under(self, asked: Floats, layer: int, budget: int) -> NDArray[np.bool_]:
        """Which clusters are below the best coarse ones, [key heads, clusters]."""
        counts = self.counts[layer]
        if self.above is None or self.over is None:
            return np.ones(counts.shape, np.bool_)
        over, above = self.over[layer], self.above[layer]
        heads, coarse = above.shape[:2]
        held = np.zeros((heads, coarse), np.float32)
        np.add.at(held, (np.arange(heads)[:, None], over), counts)
        values = select.shares(select.products(asked, above), held[:, None])
        order = np.argsort(-values, axis=-1, kind="stable")
        before = np.cumsum(np.take_along_axis(held, order, axis=-1), axis=-1)
        before -= np.take_along_axis(held, order, axis=-1)
        opened = np.zeros((heads, coarse), np.bool_)
        np.put_along_axis(opened, order, before < self.wider * budget, axis=-1)
        return np.take_along_axis(opened, over, axis=-1)


def _directions(keys: Floats) -> Floats:
    lengths = np.linalg.norm(keys, axis=-1, keepdims=True)
    found: Floats = keys / np.maximum(lengths, np.float32(1e-12))
    return found


def _all_means(layers: Sequence[Floats], labels: Labels, count: int) -> Floats:
    """The mean of each cluster of each layer and head, [layers, key heads, count, head size]."""
    return np.stack(
        [
            [means(keys, one, count) for keys, one in zip(layer, of, strict=True)]
            for layer, of in zip(layers, labels, strict=True)
        ]
    )


class A2ats(Struct, frozen=True):
    """The keys whose codewords the question looks at, where neither has a position.

    A2ATS (He et al., 2025, arXiv 2502.12665): beyond a window every key stands at one distance
    (windowed rotary positions), so that keys are quantised as they are without position; a codebook
    for each head minimises the error of the products with queries rather than of the keys (k-means
    after the Cholesky factor of the queries' second moments); keys are taken by the products of the
    question with their codewords. The paper makes codebooks of a corpus and keeps them; here each
    text has its own, and its own queries' moments. What is kept stands where it was read: llama.cpp
    rotates queries by one position for all keys.

    Attributes:
        share: codewords for a key; ours, because a text is short beside the paper's corpus.
        distance: at which all keys stand; ours, over the length of most texts here.
        sinks, recent: cells that are always kept; ``recent`` is the window.
    """

    share: float = 0.125
    distance: int = 1024
    sinks: int = SINKS
    recent: int = RECENT
    name: str = "a2ats"
    placing: Placing = AS_READ
    anew: int = 1

    def build(self, text: Text) -> Codes:
        """The codebook of each layer and head of keys."""
        count = max(1, round(self.share * text.cells))
        moments = text.seen(self.name).moments
        books, codes = [], []
        for layer in range(len(text.keys)):
            keys = text.bare(layer)
            factors = _factors(moments[layer])
            found = [k_means(k @ f, count) for k, f in zip(keys, factors, strict=True)]
            codes.append(np.stack(found))
            books.append(np.stack([means(k, c, count) for k, c in zip(keys, found, strict=True)]))
        always = text.edges(self.sinks, self.recent)
        return Codes(np.stack(books), np.stack(codes), self.distance, always)


def _factors(moments: Floats) -> Floats:
    """Factors L of H = L L', so that |(k - c) L| is the error of products with queries."""
    size = moments.shape[-1]
    # Queries may lie in fewer dimensions than there are.
    floor = 1e-4 * np.trace(moments, axis1=-2, axis2=-1)[..., None, None] / size + 1e-12
    return np.linalg.cholesky(moments + floor * np.eye(size)).astype(np.float32)


class Codes(Struct, frozen=True):
    """Keys without position as codewords.

    Attributes:
        books: float32 [layers, key heads, codewords, head size].
        codes: the codeword of each key, int32 [layers, key heads, cells].
        distance: at which keys stand.
        always: cells that are kept.
    """

    books: Floats
    codes: Labels
    distance: int
    always: NDArray[np.bool_]

    @property
    def nbytes(self) -> int:
        """Codewords in float16, codes in two bytes."""
        return 2 * (self.books.size + self.codes.size)

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """The keys of the best codewords of each layer and head of keys."""
        found = []
        for layer in scene.layers:
            asked = scene.asked_from(layer, self.distance)
            words = select.products(asked, self.books[layer])
            codes, most = self.codes[layer], words.shape[-1]
            counts = np.stack([np.bincount(one, minlength=most) for one in codes])
            values = select.shares(words, counts[:, None].astype(np.float32))
            cells = np.take_along_axis(values, codes, axis=-1)
            found.append(select.best(cells, budget, self.always))
        return found
