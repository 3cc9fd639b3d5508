"""Which statement of a later version is which of an earlier one: the same, moved, or changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from lsfs.versions.extracted import Reader
from lsfs.versions.matching import best_pairs, gaps, matching
from lsfs.versions.statements import Statement, unnumbered

ALIKE = 0.5  # share of words that two versions of a statement have in common
ALIKE_IN_PLACE = 0.35  # when they also stand at the same place
ALIKE_HEADINGS = 0.6
SAME_BODY = 0.5  # share of a section's statements by which it is the same under another heading
_COMMON = 40  # statements that share a word; beyond, it says nothing about which is which
_CANDIDATES = 8
_NEAR = 12  # statements of a gap that are all compared with each other
_IN_PLACE, _SAME_HEADING, _SAME_VALUES = 0.2, 0.1, 0.1  # what counts beside the words

Pair = tuple[int, int]


class Alignment(Struct):
    """How the statements of two versions correspond, by their positions.

    Attributes:
        old, new: the statements.
        same: equal and in the same order.
        moved: equal, elsewhere.
        changed: alike.
        removed, added: the others.
        complete: see :class:`lsfs.versions.matching.Matching`.
    """

    old: Sequence[Statement]
    new: Sequence[Statement]
    same: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    complete: bool = True


def aligned(
    before: Reader, after: Reader, old: Sequence[Statement], new: Sequence[Statement]
) -> Alignment:
    """The alignment of two versions' statements.

    Every statement is in exactly one of its lists; one that is in both versions word for word is
    neither removed nor added.
    """
    found = matching([one.key for one in old], [one.key for one in new])
    result = Alignment(old, new, same=found.pairs(), complete=found.complete)
    same_old, same_new = {i for i, _ in result.same}, {j for _, j in result.same}
    left_old = [i for i in range(len(old)) if i not in same_old]
    left_new = [j for j in range(len(new)) if j not in same_new]
    result.moved = _moved(old, new, left_old, left_new)
    left_old, left_new = _without(left_old, left_new, result.moved)
    by_body = _by_body(result, left_old, left_new)
    left_old, left_new = _without(left_old, left_new, by_body)
    places_old: dict[int, int] = {}
    places_new: dict[int, int] = {}
    for number, gap in enumerate(gaps(found.runs, len(old), len(new))):
        places_old |= dict.fromkeys(range(gap.before_start, gap.before_end), number)
        places_new |= dict.fromkeys(range(gap.after_start, gap.after_end), number)
    left = _Side(before, old, left_old, places_old)
    right = _Side(after, new, left_new, places_new)
    alike = _alike(left, right)
    result.removed, result.added = _without(left_old, left_new, alike)
    result.changed = sorted(by_body + alike, key=lambda pair: pair[1])
    return result


def _without(left: list[int], right: list[int], pairs: Iterable[Pair]) -> tuple[list[int], ...]:
    gone = list(pairs)
    gone_old, gone_new = {i for i, _ in gone}, {j for _, j in gone}
    return [i for i in left if i not in gone_old], [j for j in right if j not in gone_new]


def _moved(
    old: Sequence[Statement], new: Sequence[Statement], left: Sequence[int], right: Sequence[int]
) -> list[Pair]:
    """Equal statements among those without a partner in order; repeated ones by their order."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for i in reversed(left):
        waiting[old[i].key].append(i)
    return [(waiting[new[j].key].pop(), j) for j in right if waiting.get(new[j].key)]


# --- sections under another heading


def _by_body(result: Alignment, left: Sequence[int], right: Sequence[int]) -> list[Pair]:
    """Headings that differ above statements that are mostly the same."""
    old_of, new_of = _sections(result.old), _sections(result.new)
    free_old, free_new = set(left), set(right)
    shared = Counter(
        (old_of[i], new_of[j])
        for i, j in (*result.same, *result.moved)
        if old_of[i] in free_old and new_of[j] in free_new
    )
    sizes_old, sizes_new = Counter(old_of), Counter(new_of)
    pairs: list[Pair] = []
    for (i, j), count in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        smaller = min(sizes_old[i], sizes_new[j]) - 1  # without the heading
        if i in free_old and j in free_new and count >= SAME_BODY * smaller:
            free_old.remove(i)
            free_new.remove(j)
            pairs.append((i, j))
    return pairs


def _sections(all_of: Sequence[Statement]) -> list[int]:
    """The position of the heading that each statement stands under; -1 before the first."""
    found = []
    at = -1
    for number, one in enumerate(all_of):
        at = number if one.is_heading else at
        found.append(at)
    return found


# --- statements in other words


class _Masked(Struct, frozen=True):
    """A statement's words, with each value masked by its kind, and its values."""

    masks: Counter[str]
    values: frozenset[str]
    order: tuple[str, ...]


class _Side:
    """The statements of one version that have no partner yet."""

    def __init__(
        self, reader: Reader, every: Sequence[Statement], left: Sequence[int], gap: dict[int, int]
    ) -> None:
        self.every = every
        self.left = left
        self.gap = gap
        self.masked = {i: self._mask(reader, every[i]) for i in left}

    def _mask(self, reader: Reader, one: Statement) -> _Masked:
        tokens = [token for token in reader.tokens(one) if token.is_word]
        order = tuple(token.mask.casefold() for token in tokens)
        values = frozenset(token.key for token in tokens if token.value is not None)
        return _Masked(Counter(order), values, order)


def _alike(left: _Side, right: _Side) -> list[Pair]:
    """Pairs that are likely two versions of one statement, each of them in one pair."""
    return best_pairs((i, j, _score(left, right, i, j)) for i, j in _candidates(left, right))


def _candidates(left: _Side, right: _Side) -> Iterator[Pair]:
    """Pairs that share a word few others have, and those of a small gap."""
    holders: dict[str, list[int]] = defaultdict(list)
    for j in right.left:
        for mask in right.masked[j].masks:
            holders[mask].append(j)
    in_gap: dict[int, list[int]] = defaultdict(list)
    for j in right.left:
        in_gap[right.gap.get(j, -1)].append(j)
    for i in left.left:
        votes: Counter[int] = Counter()
        for mask in left.masked[i].masks:
            if len(holders[mask]) <= _COMMON:
                votes.update(holders[mask])
        near = in_gap[left.gap.get(i, -2)]
        found = dict.fromkeys(near if len(near) <= _NEAR else ())
        found |= dict.fromkeys(j for j, _ in votes.most_common(_CANDIDATES))
        yield from ((i, j) for j in found)


def _score(left: _Side, right: _Side, i: int, j: int) -> float:
    """How likely two statements are versions of one; 0 when too little speaks for it."""
    old, new = left.every[i], right.every[j]
    if old.is_heading != new.is_heading or (old.key[:1] == "\0") != (new.key[:1] == "\0"):
        return 0.0
    mine, theirs = left.masked[i], right.masked[j]
    words = mine.masks.total() + theirs.masks.total()
    shared = 2 * (mine.masks & theirs.masks).total() / words if words else 0.0
    in_place = left.gap.get(i, -1) == right.gap.get(j, -2)
    least = ALIKE_HEADINGS if old.is_heading else ALIKE_IN_PLACE if in_place else ALIKE
    bare = all(mask.startswith("\0") for mask in mine.masks | theirs.masks)
    if shared < least or (bare and not in_place):
        return 0.0  # a value without a word is the same as another only where that one stood
    score = shared + (_IN_PLACE if in_place else 0.0)
    score += _SAME_HEADING if _under(old) == _under(new) else 0.0
    if mine.values or theirs.values:
        both = len(mine.values & theirs.values) / len(mine.values | theirs.values)
        score += _SAME_VALUES * both
    return score


def _under(one: Statement) -> str:
    return unnumbered(one.heading.rpartition(" > ")[2])
