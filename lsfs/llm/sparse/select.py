"""How much a question looks at the cells of an attention state.

Mass is the softmax of queries and keys, as the model itself computes it. Most of it falls on the
same cells whatever is asked: the first tokens, punctuation, headings. So what counts is by how much
a question's mass exceeds that of a neutral question ("contrast"), which depends on the text alone
and is kept with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsfs.llm.kv.kvblob import Rows
from lsfs.llm.sparse.cores import each, one_thread

Floats = NDArray[np.float32]
Queries = Mapping[int, Floats]
Indices = NDArray[np.intp]


def middle(layers: int) -> range:
    """The layers that tell what a question is about: the middle third."""
    return range(layers // 3, max(layers // 3 + 1, 2 * layers // 3))


def mass(queries: Floats, keys: Rows, key_heads: int) -> Floats:
    """The attention that each cell gets, per token of the question.

    Args:
        queries: of one layer, rotated to their positions, float32 [tokens, heads, head size].
        keys: of the same layer, rotated to theirs, float16 [cells, key heads x head size].
        key_heads: heads of keys; each serves as many heads of queries, one after the other.

    Returns:
        float32 [heads, cells]; each head sums to 1.
    """
    tokens, heads, size = queries.shape
    rows = keys.astype(np.float32).reshape(len(keys), key_heads, size)
    grouped = queries.reshape(tokens, key_heads, heads // key_heads, size) / np.sqrt(size)
    # [key heads, tokens x heads of each, cells]: one matrix product for each head of keys.
    asked = grouped.transpose(1, 0, 2, 3).reshape(key_heads, -1, size).astype(np.float32)
    scores = softmax(products(asked, rows.transpose(1, 0, 2)))
    means: Floats = scores.reshape(key_heads, tokens, -1, len(keys)).mean(axis=1)
    return means.reshape(heads, len(keys))


def products(asked: Floats, keys: Floats) -> Floats:
    """Of each query with each key, float32 [..., queries, keys].

    Args:
        asked: float32 [..., queries, head size].
        keys: float32 [..., keys, head size].
    """
    with one_thread():
        found: Floats = asked @ np.swapaxes(keys, -1, -2)
    return found


def softmax(scores: Floats, counts: Floats | None = None) -> Floats:
    """Shares of the last axis; overwrites its argument.

    Args:
        scores: [..., groups].
        counts: of what is in each group, [..., 1, groups]; the share is that of one of them. None
            is one each.
    """
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= (scores if counts is None else scores * counts).sum(axis=-1, keepdims=True)
    return scores


def shares(scores: Floats, counts: Floats | None = None) -> Floats:
    """The mean :func:`softmax` of all that ask: [..., queries, groups] to [..., groups]."""
    mean: Floats = softmax(scores, counts).mean(axis=-2)
    return mean


def masses(queries: Queries, keys: Sequence[Rows], key_heads: int, layers: Sequence[int]) -> Floats:
    """:func:`mass` in several layers, float32 [layers, heads, cells]."""
    values = sum(queries[layer][..., 0].size * len(keys[layer]) for layer in layers)
    return np.stack(each(lambda n: mass(queries[n], keys[n], key_heads), layers, values))


def contrast(asked: Floats, neutral: NDArray[Any]) -> Floats:
    """How much more than a neutral question looks at each cell, float32 [cells].

    Args:
        asked: the question's mass, [layers, heads, cells].
        neutral: the neutral question's, of the same shape.
    """
    more: Floats = np.maximum(asked - neutral.astype(np.float32), 0).sum(axis=(0, 1))
    return more


def pooled(values: Floats, width: int = 7) -> Floats:
    """The maximum of the ``width`` cells around each one, so that neighbours are kept together.

    SnapKV (Li et al., 2024, arXiv 2404.14469), section 4.3.

    Args:
        values: [..., cells].
    """
    half = width // 2
    edges = [(0, 0)] * (values.ndim - 1) + [(half, half)]
    around = np.pad(values, edges, mode="edge")
    most: Floats = np.lib.stride_tricks.sliding_window_view(around, width, axis=-1).max(axis=-1)
    return most


def best(values: Floats, count: int, always: NDArray[np.bool_] | None = None) -> Indices:
    """The ``count`` cells of the greatest values, in rising order; those of ``always`` first.

    Args:
        values: [..., cells]; of equal ones the first goes for more.
        count: how many.
        always: [cells] or as ``values``.

    Returns:
        int [..., count].
    """
    wanted = values if always is None else np.where(always, np.inf, values)
    return np.sort(np.argsort(-wanted, axis=-1, kind="stable")[..., :count], axis=-1)


def spread(
    pages: Floats, size: int, cells: int, budget: int, always: NDArray[np.bool_] | None = None
) -> Indices:
    """The cells of the pages of the greatest values, the last page cut where the budget ends.

    Args:
        pages: [..., pages].
        size: cells of a page; the last page may be shorter.
        cells: of the text.
        budget: cells that are kept at most.
        always: cells that are kept whatever their page.

    Returns:
        int [..., budget], in rising order.
    """
    return best(np.repeat(pages, size, axis=-1)[..., :cells], budget, always)


def best_blocks(
    values: Floats, size: int, budget: int, always: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The cells of the blocks with the greatest sums, as many as the budget holds.

    Args:
        values: of each cell.
        size: cells of a block; the last block may be shorter.
        budget: cells that are kept at most, those of ``always`` among them.
        always: cells that are kept whatever their values.
    """
    kept = always.copy()
    starts = np.arange(0, len(values), size)
    for block in np.argsort(-np.add.reduceat(values, starts), kind="stable"):
        cells = slice(starts[block], starts[block] + size)
        if kept.sum() + (~kept[cells]).sum() > budget:
            break
        kept[cells] = True
    return kept
