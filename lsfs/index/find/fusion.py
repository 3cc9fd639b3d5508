"""From what two arms found to one order: shares of the best, weighted and added up.

A convex combination of normalised scores (Bruch, Gai and Ingber, "An Analysis of Fusion Functions
for Hybrid Retrieval", TOIS 2023) keeps what a rank forgets: by how much one passage is better.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

# Weights of the parts of a score; each part lies in 0..1.
KEYWORD, SEMANTIC, NAME, KIND, DATE = 0.3, 0.7, 0.15, 0.10, 0.15
# The share of the greatest possible BM25 that is as good as all of it.
SURE = 0.5
# In a file of more than SHORT passages the best keyword share of any of them takes FILE of what the
# arms give a passage, and that of the FIRST ones adds BEGINNING: a file as a whole has the words
# that are not in one passage together, and what it is about stands where it begins.
FILE, BEGINNING, SHORT, FIRST = 1 / 11, 2 / 11, 6, 3
STRONG = 1 + BEGINNING  # outweighs what the arms can tell apart
SPREAD = 0.3  # the least width that cosines are spread over
UNLIKE = 0.22  # cosine below which a passage that shares no word has nothing to do with a query


class Candidate(Struct):
    """A passage on its way through fusion.

    Attributes:
        parts: what adds up to its score, by name; each a share in 0..1 times a weight.
        scores: what the parts were made from: raw scores, ranks, shares and weights.
    """

    id: int
    parts: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The sum of its parts."""
        return sum(self.parts.values())

    def add(self, name: str, share: float, weight: float) -> None:
        """Add a part to the score."""
        self.parts[name] = share * weight
        self.scores |= {f"{name}_share": share, f"{name}_weight": weight}

    def belongs(self, best: float, first: float) -> None:
        """Have its file, a long one, take its part of what the arms said.

        Args:
            best: the best keyword share of the file's passages.
            first: the best of those with which it begins.
        """
        for arm, weight in (("keyword", "keyword_weight"), ("semantic", "semantic_weight")):
            if arm in self.parts:
                self.parts[arm] *= 1 - FILE
                self.scores[weight] *= 1 - FILE
        self.parts |= {"file": best * FILE, "beginning": first * BEGINNING}
        self.scores |= {
            "file_share": best, "file_weight": FILE,
            "beginning_share": first, "beginning_weight": BEGINNING,
        }  # fmt: skip


def of_best(scores: Mapping[int, float], least: float = 0.0) -> dict[int, float]:
    """Scores as shares of the best; the least that is possible, 0, stays 0.

    Args:
        least: what a score must be for a whole share, though it be the best.
    """
    best = max(least, *scores.values()) if scores else 0.0
    best = best or 1.0
    return {id_: max(score, 0.0) / best for id_, score in scores.items()}


def spread(cosines: Mapping[int, float], kept: Mapping[int, object]) -> dict[int, float]:
    """Cosines spread over 0..1 below the best.

    Args:
        kept: passages that stay however unlike they are, for they share words with the query.

    Returns:
        Nothing when nothing is like the query at all.
    """
    high = max(cosines.values(), default=0.0)
    if high < UNLIKE:
        return {}
    told = {id_: c for id_, c in cosines.items() if c >= UNLIKE or id_ in kept}
    # Of a few candidates the worst is not at 0: they may all be near the best.
    low = min(min(told.values()), high - SPREAD)
    return {id_: (cosine - low) / (high - low) for id_, cosine in told.items()}


def ranked(scores: Mapping[int, float]) -> dict[int, int]:
    """The place of each, from 1."""
    order = sorted(scores, key=lambda id_: (-scores[id_], id_))
    return {id_: n for n, id_ in enumerate(order, 1)}
