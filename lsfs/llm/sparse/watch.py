"""Reads a text and watches it: what some policies need to know is there only while it is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsfs.llm.kv import kvblob
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.policies.interface import Watched
from lsfs.llm.runtime.batch import Shape, Step, Stop
from lsfs.llm.runtime.model import Model
from lsfs.llm.sparse import select
from lsfs.llm.sparse.capture import Queries, ScoringContext
from lsfs.llm.sparse.select import Floats

LOCAL = 128  # tokens behind a key that tell whether it stands for its block (InfLLM)
WINDOW = 32  # tokens at the end whose queries are kept (ThinK)
BATCH = 128  # the scores of a batch are in memory, one for each word


def watched(
    model: Model, facts: Facts, tokens: Sequence[int], threads: int = 0, cancel: Stop | None = None
) -> tuple[Cells, Watched]:
    """The state of a text, and what was seen.

    Args:
        model: reads it.
        facts: of the model; its state must be one that is handled.
        tokens: of the text, at least two.
        threads: see :class:`lsfs.llm.runtime.batch.Shape`.
        cancel: stops the computation.

    Raises:
        ContextTooLong: it is longer than the model's window.
        Cancelled: ``cancel`` was set.
    """
    shape, layers = Shape(len(tokens), 1, BATCH, threads), range(facts.layers)
    surprise = np.zeros(len(tokens), np.float32)
    parts: list[Queries] = []
    with ScoringContext(model, shape, layers, facts.query_scale) as context:
        for low in range(0, len(tokens), BATCH):
            steps = [Step(t, low + at, 0, True) for at, t in enumerate(tokens[low : low + BATCH])]
            queries, scores = context.watch(steps, cancel)
            parts.append({n: q.astype(np.float16) for n, q in queries.items()})
            following = tokens[low + 1 : low + BATCH + 1]
            surprise[low + 1 : low + 1 + len(following)] = _surprise(scores, following)
        cells = kvblob.parse(context.state())
    received, moments, window = [], [], {}
    for layer in layers:
        asked = np.concatenate([part[layer] for part in parts]).astype(np.float32)
        received.append(_received(asked, cells.keys[layer], facts.key_heads))
        moments.append(_moments(asked, facts))
        window[layer] = asked[-WINDOW:].copy()
    return cells, Watched(surprise, np.stack(received), np.stack(moments), window)


def _surprise(scores: Floats, following: Sequence[int]) -> Floats:
    """-log p of each token that follows, float32 [tokens]."""
    rows = scores[: len(following)]
    shifted = rows - rows.max(axis=1, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=1))
    found: Floats = total - shifted[np.arange(len(rows)), np.asarray(following, np.intp)]
    return found


def _received(asked: Floats, keys: NDArray[np.float16], key_heads: int) -> Floats:
    """Mean product of each key with the queries of the ``LOCAL`` tokens behind it.

    The mean of products with one key is the product with the mean.

    Returns:
        float32 [key heads, cells]; 0 for the last cell, behind which is nothing.
    """
    count, heads, size = asked.shape
    grouped = asked.reshape(count, key_heads, heads // key_heads, size).mean(axis=2)
    sums = np.concatenate([np.zeros((1, key_heads, size)), np.cumsum(grouped, 0, np.float64)])
    begin = np.arange(1, count + 1)
    end = np.minimum(begin + LOCAL, count)
    means = (sums[end] - sums[begin]) / np.maximum(end - begin, 1)[:, None, None]
    rows = keys.astype(np.float32).reshape(count, key_heads, size)
    found: Floats = np.einsum("chs,chs->hc", rows, means).astype(np.float32)
    return found


def _moments(asked: Floats, facts: Facts) -> Floats:
    """Mean of q q' without positions, over tokens and the heads that a head of keys serves."""
    count, _, size = asked.shape
    bare = facts.rope.rotate(asked.reshape(count, -1), -np.arange(count)).astype(np.float32)
    grouped = bare.reshape(count, facts.key_heads, -1, size).transpose(1, 3, 0, 2)
    flat = grouped.reshape(facts.key_heads, size, -1)
    return select.products(flat, flat) / np.float32(flat.shape[-1])
