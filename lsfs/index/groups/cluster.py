"""Directions in groups: spherical k-means, and how many groups there are.

Spherical k-means (Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data Using
Clustering", 2001) with the seeding of k-means++ (Arthur and Vassilvitskii 2007); the number of
groups by the mean silhouette (Rousseeuw 1987) of a sample. Everything is drawn from one seed, so
equal input gives equal groups.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

SEED = 7
DIMENSION = 32
ROUNDS = 30
STARTS = 8
SAMPLE = 4000  # directions that the seeds are chosen on
JUDGED = 1000  # directions whose silhouette is taken
MOST = 24  # groups beside each other: as many as a person reads
LEAST_SIZE = 3  # of a group on average
LEAST_SILHOUETTE = 0.08  # below it there are no groups: what is drawn at random has up to 0.06

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]


class Clusters(Struct, frozen=True):
    """Groups of directions.

    Attributes:
        labels: the group of each direction, [n].
        centroids: mean directions of length 1, [k, dimension].
    """

    labels: Labels
    centroids: Matrix


def clustered(x: Matrix, k: int = 0, *, most: int = MOST) -> Clusters:
    """Groups of directions.

    Args:
        x: float32, [n, dimension], of length 1.
        k: how many groups; 0 lets the silhouette choose, among up to ``most``.
    """
    n = len(x)
    if k > 0 or n < 2 * LEAST_SIZE:
        return kmeans(x, min(max(k, 1), n))
    sample = x[_sample(n, JUDGED)]
    likeness = sample @ sample.T
    best, best_score = kmeans(x, 1).centroids, LEAST_SILHOUETTE
    for count in _counts(min(most, n // LEAST_SIZE)):
        found = kmeans(sample, count)
        score = silhouette(likeness, found.labels)
        if score > best_score:
            best, best_score = found.centroids, score
    return kmeans(x, len(best), best)


def kmeans(x: Matrix, k: int, start: Matrix | None = None) -> Clusters:
    """Exactly ``k`` groups, or fewer where there are fewer different directions.

    Args:
        start: centroids to begin with, [k, dimension].
    """
    if start is None:
        sample = x[_sample(len(x), SAMPLE)]
        generator = np.random.default_rng(SEED)
        runs = [_settled(sample, _seeds(sample, k, generator)) for _ in range(STARTS)]
        start = max(runs, key=lambda run: float(np.max(sample @ run.T, axis=1).sum()))
    centroids = _settled(x, start)
    labels = np.argmax(x @ centroids.T, axis=1)
    used = np.unique(labels)
    return Clusters(np.searchsorted(used, labels), centroids[used])


def reduced(x: Matrix, dimension: int = DIMENSION) -> Matrix:
    """Directions in the few dimensions in which they differ most, of length 1 again.

    What all have in common is taken away first (Mu and Viswanath, "All-but-the-Top", 2018).
    """
    centred = x - x.mean(axis=0)
    kept = min(dimension, max(2, len(x) // 2))
    if len(x) < x.shape[1]:  # the smaller of the two matrices that have the same spectrum
        values, axes = np.linalg.eigh(centred @ centred.T)
        return normalised(axes[:, ::-1][:, :kept] * np.sqrt(np.maximum(values[::-1][:kept], 0)))
    _, axes = np.linalg.eigh(centred.T @ centred)
    return normalised(centred @ axes[:, ::-1][:, :kept])


def normalised(x: Matrix) -> Matrix:
    """Rows of length 1; rows of zeros stay."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    unit: Matrix = (x / np.maximum(length, 1e-9)).astype(np.float32)
    return unit


def _sample(n: int, size: int) -> Labels:
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, size, replace=False))


def _seeds(x: Matrix, k: int, generator: np.random.Generator) -> Matrix:
    """Directions far from each other: of a few drawn by their distance the best, each time."""
    chosen = [int(generator.integers(len(x)))]
    distance = np.maximum(0, 1 - x @ x[chosen[0]]).astype(np.float64)
    trials = 2 + int(np.log(k))
    while len(chosen) < k and distance.sum() > 1e-9:
        draws = generator.choice(len(x), size=trials, p=distance / distance.sum())
        nearer = np.minimum(distance, np.maximum(0, 1 - x[draws] @ x.T))
        best = int(nearer.sum(axis=1).argmin())
        chosen.append(int(draws[best]))
        distance = nearer[best]
    return x[chosen]


def _settled(x: Matrix, centroids: Matrix) -> Matrix:
    """Centroids after so many rounds that no direction changes its group."""
    before: Labels | None = None
    for _ in range(ROUNDS):
        labels = np.argmax(x @ centroids.T, axis=1)
        if before is not None and np.array_equal(labels, before):
            break
        before = labels
        centroids = means(x, labels, centroids)
    return centroids


def means(x: Matrix, labels: Labels, before: Matrix) -> Matrix:
    """Mean directions of groups, [k, dimension]; an empty group keeps the one it had."""
    order = np.argsort(labels, kind="stable")
    used, first = np.unique(labels[order], return_index=True)
    sums = before.copy()
    sums[used] = np.add.reduceat(x[order], first, axis=0)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(length > 1e-9, sums / np.maximum(length, 1e-9), before).astype(np.float32)


def silhouette(likeness: Matrix, labels: Labels) -> float:
    """How much nearer directions are to their own group than to the next one, from -1 to 1.

    Args:
        likeness: cosines, [n, n].
        labels: the group of each, [n].
    """
    used, labels = np.unique(labels, return_inverse=True)
    if len(used) < 2:
        return -1.0
    member = np.zeros((len(labels), len(used)), np.float32)
    member[np.arange(len(labels)), labels] = 1
    sizes = member.sum(axis=0)
    distance = np.maximum(0, 1 - likeness) @ member
    own_size = sizes[labels]
    own = distance[np.arange(len(labels)), labels] / np.maximum(own_size - 1, 1)
    other = distance / sizes
    other[np.arange(len(labels)), labels] = np.inf
    nearest = other.min(axis=1)
    widest = np.maximum(np.maximum(own, nearest), 1e-9)
    scores = np.where(own_size > 1, (nearest - own) / widest, 0.0)
    return float(scores.mean())


def _counts(most: int) -> list[int]:
    """Numbers of groups that are tried: all small ones, then every few."""
    counts = [*range(2, 13), 14, 16, 18, 20, 22, 24]
    return [count for count in counts if count <= most]
