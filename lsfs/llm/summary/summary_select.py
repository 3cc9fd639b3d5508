"""Which sentences of a text make its summary: those that say most of what it says, once.

A budgeted submodular function (Lin and Bilmes, "A Class of Submodular Functions for Document
Summarization", ACL 2011), maximised by the cost-scaled greedy algorithm with lazy evaluation (Lin
and Bilmes, "Multi-document Summarization via Budgeted Maximization of Submodular Functions", NAACL
2010). What is covered are concepts with weights (Gillick and Favre, "A Scalable Global Model for
Summarization", 2009): here words, and the names, numbers and dates of the text. The reward for
diversity has the document's sections for clusters, and the cue phrases, place and values of a
sentence (Edmundson, "New Methods in Automatic Extracting", 1969) for what it is worth alone.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from lsfs.llm.summary.summary_units import DATE_KIND, NAME_KIND, NUMBER_KIND, WORD_KIND, Unit


class Weights(Struct, frozen=True):
    """What counts for how much; fitted, see docs/summaries.md.

    Attributes:
        word, name, number, date: of a concept of that kind, times the logarithm of how many
            sentences have it.
        value: of a name, number or date whatever their number.
        section: of the diversity reward.
        prior: of what a sentence is worth alone.
        scale: the power of the costs that gains are divided by.
        alike: share of a sentence's concepts that one chosen sentence may have.
        again: how much less a sentence is worth of which all words stand in a chosen one.
    """

    word: float = 1.0
    name: float = 0.3
    number: float = 0.3
    date: float = 0.3
    value: float = 0.2
    section: float = 1.0
    prior: float = 6.0
    scale: float = 0.35
    alike: float = 0.7
    again: float = 0.8


DEFAULT = Weights()


def counted(units: Iterable[Unit]) -> Counter[int]:
    """How many sentences have each concept."""
    found: Counter[int] = Counter()
    for unit in units:
        found.update(unit.concepts)
    return found


def weighed(counts: Mapping[int, int], weights: Weights = DEFAULT) -> dict[int, float]:
    """The weight of each concept; one of words that only one sentence has says nothing."""
    kinds = {NAME_KIND: weights.name, NUMBER_KIND: weights.number, DATE_KIND: weights.date}
    found = {}
    for concept, count in counts.items():
        kind = kinds.get(concept & 3)
        weight = math.log(count)
        found[concept] = weight * weights.word if kind is None else weights.value + kind * weight
    return found


def chosen(
    units: Sequence[Unit],
    concepts: Mapping[int, float],
    words: int,
    *,
    most: int = 0,
    extra: Mapping[int, float] | None = None,
    weights: Weights = DEFAULT,
) -> list[int]:
    """The units of a summary, the best first.

    Args:
        units: what may be chosen.
        concepts: the weight of each concept.
        words: how many the summary may have.
        most: how many units at most; 0 for any number.
        extra: what speaks for a unit beside its prior, by its number.
    """
    return _Greedy(units, concepts, weights, extra or {}).run(words, most)


class _Greedy:
    """The algorithm, and what it has chosen so far."""

    def __init__(
        self,
        units: Sequence[Unit],
        concepts: Mapping[int, float],
        weights: Weights,
        extra: Mapping[int, float],
    ) -> None:
        self._units = units
        self._concepts = concepts
        self._weights = weights
        total = sum(concepts.values()) / max(1, len(units)) if units else 1.0
        # Priors are about 1; what a sentence has of the concepts, on average, is the scale.
        self._scale = max(total, 0.1)
        self._worth = [max(0.0, unit.prior + extra.get(n, 0.0)) for n, unit in enumerate(units)]
        self._covered: set[int] = set()
        self._spans: set[tuple[int, int]] = set()
        self._sections: Counter[int] = Counter()
        self._rewards: dict[int, float] = {}
        self._taken: list[int] = []
        self._words = [
            frozenset(c for c in unit.concepts if c & 3 in (WORD_KIND, NAME_KIND)) for unit in units
        ]
        self._compared: dict[int, tuple[int, float]] = {}  # with how many, and how near

    def run(self, words: int, most: int) -> list[int]:
        heap = [(-self._ratio(n), n) for n in range(len(self._units))]
        heapq.heapify(heap)
        left = words
        while heap and left > 0 and not (most and len(self._taken) >= most):
            _, n = heapq.heappop(heap)
            now = self._ratio(n)
            if now <= 0:
                continue
            if heap and now < -heap[0][0] - 1e-12:
                heapq.heappush(heap, (-now, n))
                continue
            if self._cost(n) > left or self._repeats(n):
                continue
            left -= self._cost(n)
            self._take(n)
        return self._taken

    def _take(self, n: int) -> None:
        unit = self._units[n]
        self._taken.append(n)
        self._covered |= unit.concepts
        self._spans.update(unit.spans)
        section = unit.section
        self._rewards[section] = self._rewards.get(section, 0.0) + self._worth[n]

    def _cost(self, n: int) -> int:
        """Words that a unit adds; what it needs before it may be there already."""
        unit = self._units[n]
        new = [span for span in unit.spans if span not in self._spans]
        if len(new) == len(unit.spans):
            return max(1, unit.words)
        total = sum(end - start for start, end in unit.spans)
        share = sum(end - start for start, end in new) / max(1, total)
        return max(1, round(unit.words * share))

    def _ratio(self, n: int) -> float:
        unit, weights = self._units[n], self._weights
        if unit.spans[-1] in self._spans:
            return 0.0
        new = sum(self._concepts.get(c, 0.0) for c in unit.concepts if c not in self._covered)
        before = self._rewards.get(unit.section, 0.0)
        worth = self._worth[n]
        diversity = math.sqrt(before + worth) - math.sqrt(before)
        gain = new + self._scale * (weights.prior * worth + weights.section * diversity)
        if weights.again:
            gain *= 1 - weights.again * self._nearest(n) ** 2
        gain *= unit.form
        return float(gain / self._cost(n) ** weights.scale)

    def _nearest(self, n: int) -> float:
        """The share of a unit's words that the one of the chosen has that has most of them."""
        compared, nearest = self._compared.get(n, (0, 0.0))
        mine = self._words[n]
        if mine:
            for other in self._taken[compared:]:
                nearest = max(nearest, len(mine & self._words[other]) / len(mine))
        self._compared[n] = len(self._taken), nearest
        return nearest

    def _repeats(self, n: int) -> bool:
        """Whether one chosen sentence says nearly all that this one does."""
        mine = self._units[n].concepts
        least = self._weights.alike * len(mine)
        return bool(mine) and any(
            len(mine & self._units[other].concepts) > least for other in self._taken
        )
