"""Which items of two sequences correspond, in order, in bounded time.

Common ends are cut off; items that occur once on both sides are anchors (the patience diff of B.
Cohen); what lies between anchors is compared by Myers' greedy algorithm (An O(ND) Difference
Algorithm, 1986) as far as a budget of steps goes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

BUDGET = 3_000_000  # steps of all regions together
MAX_EDITS = 1_000  # of one region without anchors; the memory is its square

Item = TypeVar("Item", str, bytes)


class Run(Struct, frozen=True):
    """``length`` items that correspond: from ``before`` on the one side, ``after`` on the other."""

    before: int
    after: int
    length: int


class Matching(Struct, frozen=True):
    """Runs in order, without those of length 0.

    Attributes:
        runs: no two touch on both sides.
        complete: whether the budget sufficed; if not, equal items may stand apart unmatched.
    """

    runs: tuple[Run, ...]
    complete: bool

    def pairs(self) -> list[tuple[int, int]]:
        """Positions of each corresponding item on both sides."""
        return [(run.before + k, run.after + k) for run in self.runs for k in range(run.length)]


class Gap(Struct, frozen=True):
    """What lies between two runs: the half-open ranges of items without a partner."""

    before_start: int
    before_end: int
    after_start: int
    after_end: int


def gaps(runs: Sequence[Run], before: int, after: int) -> list[Gap]:
    """The gaps around and between runs that are not empty on both sides.

    Args:
        before, after: lengths of the sequences.
    """
    found = []
    i = j = 0
    for run in (*runs, Run(before, after, 0)):
        if run.before > i or run.after > j:
            found.append(Gap(i, run.before, j, run.after))
        i, j = run.before + run.length, run.after + run.length
    return found


def matching(before: Sequence[Item], after: Sequence[Item], budget: int = BUDGET) -> Matching:
    """Correspondence of equal items in their order; with the arguments swapped, the same.

    Args:
        budget: steps beyond the linear ones; about a million a second.
    """
    # Of several best choices one is made by the order of the arguments; so that order is fixed.
    if (len(after), list(after)) < (len(before), list(before)):
        found = _Search(after, before, budget).run()
        return Matching(tuple(Run(r.after, r.before, r.length) for r in found.runs), found.complete)
    return _Search(before, after, budget).run()


class _Search:
    """One comparison: items as numbers, a stack of regions, and the budget that is left."""

    def __init__(self, a: Sequence[Item], b: Sequence[Item], budget: int) -> None:
        numbers: dict[str | bytes, int] = {}
        self._a = [numbers.setdefault(item, len(numbers)) for item in a]
        self._b = [numbers.setdefault(item, len(numbers)) for item in b]
        self._budget = budget
        self._complete = True
        self._pairs: list[tuple[int, int]] = []

    def run(self) -> Matching:
        waiting = [Gap(0, len(self._a), 0, len(self._b))]
        while waiting:
            gap = self._trimmed(waiting.pop())
            if gap.before_start == gap.before_end or gap.after_start == gap.after_end:
                continue
            waiting += self._divided(gap)
        return Matching(tuple(_joined(sorted(self._pairs))), self._complete)

    def _trimmed(self, gap: Gap) -> Gap:
        """A region without the items that are equal at both its ends, which are matched."""
        a, b = self._a, self._b
        i, i_end, j, j_end = gap.before_start, gap.before_end, gap.after_start, gap.after_end
        while i < i_end and j < j_end and a[i] == b[j]:
            self._pairs.append((i, j))
            i, j = i + 1, j + 1
        while i < i_end and j < j_end and a[i_end - 1] == b[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
            self._pairs.append((i_end, j_end))
        return Gap(i, i_end, j, j_end)

    def _divided(self, gap: Gap) -> list[Gap]:
        """The regions between a region's anchors; none when it has been dealt with."""
        self._budget -= gap.before_end - gap.before_start + gap.after_end - gap.after_start
        anchors = self._anchors(gap, once=True)
        if anchors is None:
            return []  # nothing in common
        if not anchors:
            found = self._edits(gap)
            if found is not None:
                self._pairs += found
                return []
            anchors = self._anchors(gap, once=False)
        if not anchors or self._budget < 0:
            self._complete = False
            return []
        self._pairs += anchors
        return _between(anchors, gap)

    def _anchors(self, gap: Gap, *, once: bool) -> list[tuple[int, int]] | None:
        """The longest chain of items that occur equally often on both sides; None: none in common.

        Args:
            once: only those that occur one time.
        """
        places_a: dict[int, list[int]] = defaultdict(list)
        places_b: dict[int, list[int]] = defaultdict(list)
        for i in range(gap.before_start, gap.before_end):
            places_a[self._a[i]].append(i)
        for j in range(gap.after_start, gap.after_end):
            places_b[self._b[j]].append(j)
        common = places_a.keys() & places_b.keys()
        if not common:
            return None
        pairs: list[tuple[int, int]] = []
        for item in common:
            mine, theirs = places_a[item], places_b[item]
            if len(mine) == len(theirs) and (len(mine) == 1 or not once):
                pairs += zip(mine, theirs, strict=True)
        return _rising(sorted(pairs))

    def _edits(self, gap: Gap) -> list[tuple[int, int]] | None:
        """The pairs of a shortest edit script; None when it would take too many steps."""
        a = self._a[gap.before_start : gap.before_end]
        b = self._b[gap.after_start : gap.after_end]
        most = min(len(a) + len(b), MAX_EDITS)
        reach = [0] * (2 * most + 3)  # the furthest place in a on each diagonal; index 0 is -most-1
        middle = most + 1
        trace: list[list[int]] = []
        for edits in range(most + 1):
            trace.append(reach[middle - edits - 1 : middle + edits + 2])
            for diagonal in range(-edits, edits + 1, 2):
                x = _step(reach, middle + diagonal, diagonal, edits)
                start = x
                while x < len(a) and 0 <= x - diagonal < len(b) and a[x] == b[x - diagonal]:
                    x += 1
                self._budget -= 1 + x - start
                reach[middle + diagonal] = x
                if x >= len(a) and x - diagonal >= len(b):
                    path = _traced(trace, len(a), len(b))
                    return [(i + gap.before_start, j + gap.after_start) for i, j in path]
            if self._budget < 0:
                return None
        return None


def _step(reach: list[int], at: int, diagonal: int, edits: int) -> int:
    """Where a path is that comes to a diagonal with one more edit."""
    down = diagonal == -edits or (diagonal != edits and reach[at - 1] < reach[at + 1])
    return reach[at + 1] if down else reach[at - 1] + 1


def _traced(trace: list[list[int]], x: int, y: int) -> list[tuple[int, int]]:
    """The pairs along the path that ends at (x, y), walked backwards."""
    pairs = []
    for edits in range(len(trace) - 1, -1, -1):
        reach, middle = trace[edits], edits + 1
        diagonal = x - y
        down = diagonal == -edits or (
            diagonal != edits and reach[middle + diagonal - 1] < reach[middle + diagonal + 1]
        )
        previous = diagonal + 1 if down else diagonal - 1
        start_x = reach[middle + previous] if edits else 0
        start_y = start_x - previous if edits else 0
        first_x = start_x if down or not edits else start_x + 1
        while x > first_x and y > 0:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = start_x, start_y
    return pairs


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest chain of pairs that rises on both sides; ``pairs`` rise on the first."""
    ends: list[int] = []  # the smallest second place that a chain of each length ends in
    last: list[int] = []  # and the pair that it ends with
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(last[at - 1] if at else -1)
        if at == len(ends):
            ends.append(place)
            last.append(number)
        else:
            ends[at], last[at] = place, number
    chain = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _between(anchors: list[tuple[int, int]], gap: Gap) -> list[Gap]:
    found = []
    i, j = gap.before_start, gap.after_start
    for next_i, next_j in [*anchors, (gap.before_end, gap.after_end)]:
        if next_i > i and next_j > j:
            found.append(Gap(i, next_i, j, next_j))
        i, j = next_i + 1, next_j + 1
    return found


def _joined(pairs: list[tuple[int, int]]) -> list[Run]:
    runs: list[Run] = []
    for i, j in pairs:
        last = runs[-1] if runs else None
        if last and last.before + last.length == i and last.after + last.length == j:
            runs[-1] = Run(last.before, last.after, last.length + 1)
        else:
            runs.append(Run(i, j, 1))
    return runs


def best_pairs(scores: Iterable[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """Pairs in order of their scores, each item in one at most; of equal ones the nearest first.

    Args:
        scores: item of one side, item of the other, and how alike they are; 0: not at all.
    """
    ranked = sorted((-score, abs(i - j), i, j) for i, j, score in scores if score > 0)
    left: set[int] = set()
    right: set[int] = set()
    pairs = []
    for _, _, i, j in ranked:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            pairs.append((i, j))
    return pairs
