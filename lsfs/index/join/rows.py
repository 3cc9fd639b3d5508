"""Pairs of files that fit in all keys, file by file of the left side.

Nothing is held but what the current left file fits, so the product of the sides is never made; what
a key costs is what its comparison looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.join.keys import Key
from lsfs.index.join.lists import file_of
from lsfs.index.join.matching import At, Comparison, Fit, comparison
from lsfs.index.join.mentions import RULE
from lsfs.index.join.reading import SideFile, Values
from lsfs.joins import KeyUse
from lsfs.model import FieldValue

MISSES = 3  # near misses of one file
MENTIONED = 0.9  # of the score of a value that a file only mentions


class Pair(Struct, frozen=True):
    """A value of each side, and how they fit."""

    on: str
    left: FieldValue
    fit: Fit


class Partner(Struct, frozen=True):
    """A file of the right side that fits one of the left side, with the pair of each key."""

    path: str
    score: float
    pairs: tuple[Pair, ...]


class Side:
    """What one key reads on both sides."""

    def __init__(self, key: Key, left: Values, right: Values) -> None:
        self.key = key
        self.left = left
        self.right = right
        self.comparison: Comparison = comparison(
            key, (At(path, value) for path, values in right.items() for value in values)
        )

    @property
    def asked(self) -> str:
        """The key as it was asked for."""
        return self.key.asked

    @property
    def words(self) -> str:
        """When two values are the same, in words."""
        return self.comparison.words

    def fits(self, path: str) -> dict[str, Pair]:
        """The right files that fit a left one in this key, each with its best pair."""
        best: dict[str, Pair] = {}
        for value in self.left.get(path, ()):
            for fit in map(partial(_of_mention, value), self.comparison.fits(value)):
                other = fit.at.path
                known = best.get(other)
                better = known is None or fit.score > known.fit.score
                if better and file_of(other) != file_of(path):
                    best[other] = Pair(self.key.asked, value, fit)
        return best

    def misses(self, path: str) -> list[Pair]:
        """The values of the right side that nearly fit one of a left file, best first."""
        found = [
            Pair(self.key.asked, value, fit)
            for value in self.left.get(path, ())
            for fit in self.comparison.misses(value)
            if file_of(fit.at.path) != file_of(path)
        ]
        return sorted(found, key=lambda one: (-one.fit.score, one.fit.at.path))[:MISSES]

    def use(self) -> KeyUse:
        """How the key was compared."""
        return KeyUse(
            self.key.asked, self.key.left.words, self.key.right.words, self.comparison.words,
            len(self.left), len(self.right), _distinct(self.left), _distinct(self.right),
            self.comparison.compared,
        )  # fmt: skip


def _of_mention(value: FieldValue, fit: Fit) -> Fit:
    """A fit, less sure where one side has no label for what it says."""
    if RULE not in (value.rule, fit.at.value.rule):
        return fit
    return replace(fit, score=round(fit.score * MENTIONED, 3), how=f"{fit.how}, mentioned")


def _distinct(values: Values) -> int:
    return len({value.normal for found in values.values() for value in found})


class JoinKey(Protocol):
    """One of the keys that files are joined on."""

    @property
    def asked(self) -> str:
        """The key as it was asked for."""
        ...

    @property
    def left(self) -> Mapping[str, object]:
        """The left files that state it."""
        ...

    @property
    def right(self) -> Mapping[str, object]:
        """The right files that state it."""
        ...

    @property
    def words(self) -> str:
        """When it is the same, in words."""
        ...

    def fits(self, path: str) -> dict[str, Pair]:
        """The right files that fit a left one, each with its best pair."""
        ...

    def misses(self, path: str) -> list[Pair]:
        """What nearly fits a left file, best first."""
        ...

    def use(self) -> KeyUse:
        """How it was compared."""
        ...


def partners(
    sides: Sequence[JoinKey], left: Sequence[SideFile]
) -> Iterator[tuple[str, list[Partner]]]:
    """For each left file in order the right files that fit it in all keys, best first."""
    for file in left:
        yield file.path, partners_of(sides, file.path)


def partners_of(sides: Sequence[JoinKey], path: str) -> list[Partner]:
    """The right files that fit a left one in all keys, best first."""
    if any(path not in side.left for side in sides):
        return []
    found = [side.fits(path) for side in sides]
    common = set(found[0])
    for fits in found:
        common &= fits.keys()
    made = []
    for other in common:
        pairs = tuple(fits[other] for fits in found)
        score = 1.0
        for pair in pairs:
            score *= pair.fit.score
        made.append(Partner(other, round(score, 4), pairs))
    return sorted(made, key=lambda one: (-one.score, one.path))


def failed(sides: Sequence[JoinKey], path: str) -> list[tuple[Pair, str]]:
    """What nearly fits a left file, the nearest first, and what is missing of it."""
    fits = [side.fits(path) for side in sides]
    partly: dict[str, Pair] = {}
    for found in fits:
        for other, pair in found.items():
            partly.setdefault(other, pair)
    told: dict[str, tuple[int, Pair, str]] = {}
    for other, pair in partly.items():
        lacking = [
            side.asked for side, found in zip(sides, fits, strict=True) if other not in found
        ]
        if lacking:
            having = ", ".join(side.asked for side in sides if side.asked not in lacking)
            told[other] = len(lacking), pair, f"fits in {having}, not in {', '.join(lacking)}"
    for side in sides:
        for pair in side.misses(path):
            why = f"{pair.on}: {pair.fit.how} (asked for: {_limit(side.words)})"
            lacking_count, first, known = told.get(pair.fit.at.path, (len(sides), pair, ""))
            if known.startswith("fits"):
                why = f"{known}; {why}"
            if pair.fit.at.path not in partly or known:
                told[pair.fit.at.path] = lacking_count, first, why
    nearest = sorted(told.values(), key=lambda one: (one[0], -one[1].fit.score, one[1].fit.at.path))
    return [(pair, why) for _, pair, why in nearest[:MISSES]]


def _limit(words: str) -> str:
    """Of when values are the same, the last part, which says how near is near enough."""
    return words.rpartition("; ")[2]
