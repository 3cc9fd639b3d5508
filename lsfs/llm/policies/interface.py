"""What a policy sees of a text and a question, and what it gives.

A policy makes an index of a text before any question is known (``build``): bounds of pages,
centroids, nothing. The index then gives, for a question and a budget, the rows of each layer that
are kept. A question may be the last tokens of an answer that is being written, so an index is asked
again and again (:mod:`lsfs.llm.sparse.again`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.errors import UsageError
from lsfs.llm.kv.kvblob import Placing, Rope, Rows
from lsfs.llm.sparse import select
from lsfs.llm.sparse.select import Floats, Indices, Queries

BLOCK = 32  # cells that are chosen together
SINKS = 16  # the first cells, which hold the attention that goes nowhere (Xiao et al., 2023)
RECENT = 64  # the last cells, which hold what the question stands next to

AS_READ = Placing()
DENSE = Placing(dense=True)
NEAR = Placing(farthest=4096)  # the ceiling of InfLLM, and of models of that window


class Watched(Struct, frozen=True):
    """What is known of a text only while it is read; see :mod:`lsfs.llm.sparse.watch`.

    Attributes:
        surprise: -log p of each token after those before it, in nats, float32 [cells]; 0 for the
            first.
        received: mean product of each key with the queries of the tokens behind it, before the
            softmax and over the heads that the key serves, float32 [layers, key heads, cells].
        moments: mean of q q' over the text, q without its position, float32 [layers, key heads,
            head size, head size].
        window: the queries of the last tokens, of each layer float32 [tokens, heads, head size].
    """

    surprise: Floats
    received: Floats
    moments: Floats
    window: Queries


class Text(Struct, frozen=True):
    """What a policy may build its index of.

    Attributes:
        keys: of each layer, rotated to their positions, float16 [cells, key heads x head size].
        key_heads: heads of keys in each layer.
        neutral: mass of a neutral question in the layers of ``select.middle``, float
            [layers, heads, cells].
        rope: how positions are in the keys; None: of a text whose keys have none.
        positions: of each cell, int [cells]; None is 0, 1, 2 ...
        watched: None for a text that was not watched while it was read, as kept blocks are.
    """

    keys: Sequence[Rows]
    key_heads: int
    neutral: NDArray[Any] | None = None
    rope: Rope | None = None
    positions: NDArray[np.integer[Any]] | None = None
    watched: Watched | None = None

    @property
    def cells(self) -> int:
        """How many there are."""
        return len(self.keys[0])

    @property
    def places(self) -> NDArray[np.integer[Any]]:
        """The position of each cell, int [cells]."""
        return np.arange(self.cells) if self.positions is None else self.positions

    def by_head(self, layer: int) -> Floats:
        """The keys of a layer, float32 [key heads, cells, head size]."""
        return self._split(self.keys[layer])

    def bare(self, layer: int) -> Floats:
        """The keys of a layer without their positions, float32 [key heads, cells, head size]."""
        if self.rope is None:
            return self.by_head(layer)
        return self._split(self.rope.rotate(self.keys[layer], -self.places))

    def seen(self, policy: str) -> Watched:
        """What was watched.

        Args:
            policy: who wants it.

        Raises:
            UsageError: nothing was.
        """
        if self.watched is None:
            raise UsageError(
                f"the policy {policy} needs a text that is watched while it is read",
                hint="use it in lsfs bench kv, or take another policy",
            )
        return self.watched

    def edges(self, sinks: int, recent: int) -> NDArray[np.bool_]:
        """The first and the last cells."""
        at = np.arange(self.cells)
        return (at < sinks) | (at >= self.cells - recent)

    def _split(self, keys: Rows) -> Floats:
        heads = keys.astype(np.float32).reshape(len(keys), self.key_heads, -1)
        return np.ascontiguousarray(heads.transpose(1, 0, 2))


Certainty = Callable[[Sequence[NDArray[np.intp]]], Floats]
"""For each of several sets of cells, the entropy in nats of what follows the question when only
those cells are there."""


class Scene(Struct, frozen=True, dict=True):
    """A question to a text.

    Attributes:
        text: it.
        queries: the question's, of each layer, float32 [tokens, heads, head size], rotated to
            their positions behind the text.
        certainty: runs the model behind some cells; None where there is no model.
        behind: tokens between the text and the first one that asks.
    """

    text: Text
    queries: Queries
    certainty: Certainty | None = None
    behind: int = 0

    @property
    def layers(self) -> range:
        """All of them."""
        return range(len(self.text.keys))

    def asked(self, layer: int) -> Floats:
        """The queries by the head of keys that serves them, over the root of the head's size.

        Returns:
            float32 [key heads, tokens x heads of each, head size].
        """
        return self._grouped(self.queries[layer])

    def asked_from(self, layer: int, distance: int) -> Floats:
        """As :meth:`asked`, but as if every key without position stood ``distance`` before."""
        queries, rope = self.queries[layer], self.text.rope
        if rope is None:
            return self._grouped(queries)
        tokens = len(queries)
        begin = int(self.text.places[-1]) + 1 + self.behind
        delta = distance - (begin + np.arange(tokens))
        turned = rope.rotate(queries.reshape(tokens, -1), delta)
        return self._grouped(turned.astype(np.float32).reshape(queries.shape))

    def _grouped(self, queries: Floats) -> Floats:
        tokens, heads, size = queries.shape
        key_heads = self.text.key_heads
        grouped = queries.reshape(tokens, key_heads, heads // key_heads, size) / np.sqrt(size)
        asked: Floats = grouped.transpose(1, 0, 2, 3).reshape(key_heads, -1, size)
        return asked.astype(np.float32)

    @cached_property
    def mass(self) -> Floats:
        """Of each cell in each layer, summed over the heads: float32 [layers, cells]."""
        summed: Floats = self._heads.sum(axis=1)
        return summed

    @cached_property
    def head_mass(self) -> Floats:
        """The same, over the heads that each head of keys serves: [layers, key heads, cells]."""
        layers, _, cells = self._heads.shape
        summed: Floats = self._heads.reshape(layers, self.text.key_heads, -1, cells).sum(axis=2)
        return summed

    @cached_property
    def contrast(self) -> Floats:
        """How much more than a neutral question looks at each cell, float32 [cells]."""
        if self.text.neutral is None:
            raise UsageError("no neutral question was asked of this text")
        layers = select.middle(len(self.text.keys))
        return select.contrast(self._heads[layers.start : layers.stop], self.text.neutral)

    @cached_property
    def _heads(self) -> Floats:
        return select.masses(self.queries, self.text.keys, self.text.key_heads, self.layers)


class Index(Protocol):
    """What a policy knows of a text."""

    @property
    def nbytes(self) -> int:
        """What it takes beside the keys and values themselves, in bytes."""
        ...

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """For each layer the rows that are kept.

        Args:
            scene: the question, and the text of this index.
            budget: rows of a layer (of a head) at most.

        Returns:
            Of each layer int [cells], or [key heads, cells] where each head has its own; each in
            rising order. All layers and heads have equally many, because they share cells.
        """
        ...


class Policy(Protocol):
    """Chooses rows."""

    @property
    def name(self) -> str:
        """As the configuration has it."""
        ...

    @property
    def placing(self) -> Placing:
        """Where the rows that are kept stand."""
        ...

    @property
    def anew(self) -> int:
        """Tokens of an answer after which its paper chooses again; 0: it chooses once."""
        ...

    def build(self, text: Text) -> Index:
        """The index of a text.

        Raises:
            UsageError: it needs what is not known of this text.
        """
        ...


class NoIndex(Struct, frozen=True):
    """Of a policy that looks at the keys themselves.

    Attributes:
        choose: its rows.
        nbytes: none.
    """

    choose: Callable[[Scene, int], list[Indices]]
    nbytes: int = 0

    def rows(self, scene: Scene, budget: int) -> list[Indices]:
        """See :class:`Index`."""
        return self.choose(scene, budget)
