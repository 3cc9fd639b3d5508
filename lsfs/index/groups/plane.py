"""Places on a plane for documents: what is alike lies close together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsfs.index.groups.cluster import SEED, Labels, Matrix

SAMPLE = 4000  # documents that the axes are found in
DRAWN = 0.65  # how far each document is drawn to the middle of its topic: maps that can be read
EDGE = 0.995  # of the documents lie within the map by their own distance, the others at its edge
NEARER = 0.5  # the power of a topic's distance from the middle of the map
GAP = 1.6  # topics are pushed apart until their middles are so many radii away
PUSHES = 120


def plane(x: Matrix, labels: Labels) -> Matrix:
    """Principal components of documents that are drawn to their topics, in [-1, 1].

    Equal input gives an equal map: the sign of an axis is that of its largest number.

    Args:
        x: float32, [n, dimension], of length 1.
        labels: the topic of each, [n].

    Returns:
        float32, [n, 2].
    """
    if len(x) < 2:
        return np.zeros((len(x), 2), np.float32)
    used, labels = np.unique(labels, return_inverse=True)
    middles = np.array([x[labels == n].mean(axis=0) for n in range(len(used))])
    drawn = (1 - DRAWN) * x + DRAWN * middles[labels]
    centred = drawn - drawn.mean(axis=0)
    picked = np.arange(len(x))
    if len(x) > SAMPLE:
        picked = np.sort(np.random.default_rng(SEED).choice(len(x), SAMPLE, replace=False))
    axes = np.linalg.svd(centred[picked], full_matrices=False)[2][:2]
    axes *= np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1))
    flat = np.zeros((len(x), 2))
    flat[:, : len(axes)] = centred @ axes.T
    return _fitted(_apart(flat, labels))


Places = NDArray[np.float64]


def _apart(flat: Places, labels: Labels) -> Places:
    """The same with topics that lie far out nearer, and those on each other pushed apart.

    Each topic is moved as a whole.
    """
    count = int(labels.max()) + 1
    middles = np.array([np.median(flat[labels == n], axis=0) for n in range(count)])
    spread = np.array(
        [np.median(np.linalg.norm(flat[labels == n] - middles[n], axis=1)) for n in range(count)]
    )
    moved = _nearer(middles)
    least = GAP * (spread[:, None] + spread[None, :])
    for _ in range(PUSHES):
        away = moved[:, None] - moved[None, :]
        distance = np.linalg.norm(away, axis=2)
        # Two in one place are parted along a line that depends on their numbers alone.
        turn = np.arange(count) * 2.399963
        away[distance < 1e-9] = 0
        apart = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        away = np.where(distance[..., None] < 1e-9, apart[:, None] - apart[None, :], away)
        unit = away / np.maximum(np.linalg.norm(away, axis=2, keepdims=True), 1e-9)
        short = np.maximum(least - distance, 0)
        np.fill_diagonal(short, 0)
        if short.max(initial=0) <= 1e-6:
            break
        moved += 0.25 * (short[..., None] * unit).sum(axis=1)
    pushed: Places = flat + (moved - middles)[labels]
    return pushed


def _nearer(middles: Places) -> Places:
    """Middles of topics with the far ones drawn in, so that the many do not crowd in a corner."""
    centre = np.median(middles, axis=0)
    away = middles - centre
    distance = np.linalg.norm(away, axis=1, keepdims=True)
    reach = max(float(distance.max(initial=0)), 1e-9)
    drawn_in: Places = centre + away * (np.maximum(distance, 1e-9) / reach) ** (NEARER - 1)
    return drawn_in


def _fitted(flat: Places) -> Matrix:
    """Places in [-1, 1]; what lies far out comes to the edge."""
    low, high = np.quantile(flat, [1 - EDGE, EDGE], axis=0)
    centred = flat - (low + high) / 2
    reach = np.maximum((high - low) / 2, 1e-9)
    inside = centred / reach * 0.9
    beyond = np.abs(inside) > 0.9
    edge = np.sign(inside) * (0.9 + 0.1 * np.tanh((np.abs(inside) - 0.9) / 0.1))
    fitted: Matrix = np.where(beyond, edge, inside).astype(np.float32)
    return fitted
