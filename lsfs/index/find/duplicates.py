"""Which files say the same: to the byte, nearly, or as one form filled in several times.

Documents that share a band of their signatures are compared run by run, and groups are what is
connected above a threshold. Two invoices of one template share most of their words too. They are
told apart by what identifies a document (its numbers, its parties), and where no such field was
found, by differing in values alone, and in many.
"""

from __future__ import annotations

import difflib
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from lsfs.index.facts import near
from lsfs.index.fields.definitions import definitions
from lsfs.index.store import stated
from lsfs.index.store.catalog import Catalog

MODES = ("near", "exact", "form")
CLOSEST = 8  # earlier members of a bucket that a document is compared with, the likeliest
MARGIN = 0.13  # three standard errors of an estimate
COMPARED = 2000  # earlier members of a bucket that are estimated
HELD = 8_000_000  # runs held in memory: 64 MiB
SAME_NAME = 0.8  # likeness of two spellings of a name
SLOTS = 6  # words of each that the other has not, all of them values: a form filled in anew
SLOT_SHARE = 0.9
_IDENTIFYING = frozenset(
    name for name, one in definitions().fields.items() if one.type in ("number", "iban")
) | {"party"}
_CONFUSED = str.maketrans("OILSBZ", "011582")  # what a scanner reads for digits


class Difference(Struct, frozen=True):
    """A field of which two documents state other values."""

    name: str
    here: tuple[str, ...]
    there: tuple[str, ...]


class Alike(Struct, frozen=True):
    """A document of a group, beside the one that stands for the group."""

    document_id: int
    resemblance: float
    differs: tuple[Difference, ...]


class Comparison:
    """Compares documents of a catalog; what it has loaded it holds, so make one for each call."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._runs: OrderedDict[int, near.Shingles] = OrderedDict()
        self._held = 0
        self._values: dict[int, dict[str, dict[str, str]]] = {}
        self._judged: dict[tuple[int, int], float] = {}

    def resemblance(self, a: int, b: int) -> float:
        """The exact resemblance of two documents."""
        pair = (min(a, b), max(a, b))
        if pair not in self._judged:
            self._judged[pair] = near.resemblance(self._shingles(a), self._shingles(b))
        return self._judged[pair]

    def are_one(self, a: int, b: int) -> bool:
        """Whether two documents of like wording are states of one, not one form filled in twice."""
        mine, theirs = self.values(a), self.values(b)
        if any(
            _identify_two(name, mine[name], theirs[name])
            for name in _IDENTIFYING & mine.keys() & theirs.keys()
        ):
            return False
        return not self._differ_in_values(a, b)

    def _differ_in_values(self, a: int, b: int) -> bool:
        mine, theirs = (set(self._wording(one).split()) for one in (a, b))
        here, there = mine - theirs, theirs - mine
        if len(here) < SLOTS or len(there) < SLOTS:
            return False
        values = sum(_is_value(word) for word in here | there)
        return values >= SLOT_SHARE * len(here | there)

    def differences(self, a: int, b: int) -> tuple[Difference, ...]:
        """The fields of which two documents state other values."""
        mine, theirs = self.values(a), self.values(b)
        found = []
        for name in sorted(mine.keys() | theirs.keys()):
            here, there = mine.get(name, {}), theirs.get(name, {})
            if here.keys() != there.keys():
                only = tuple(here[key] for key in here if key not in there)
                others = tuple(there[key] for key in there if key not in here)
                found.append(Difference(name, only, others))
        return tuple(found)

    def values(self, document_id: int) -> dict[str, dict[str, str]]:
        """What a document states: by field, by normal form, as written."""
        if document_id not in self._values:
            found: dict[str, dict[str, str]] = {}
            with self._catalog.lock:
                for one in stated.of_document(self._catalog.db, document_id):
                    found.setdefault(one.name, {}).setdefault(one.normal, one.value)
            self._values[document_id] = found
        return self._values[document_id]

    def _wording(self, document_id: int) -> str:
        with self._catalog.lock:
            return stated.wording(self._catalog.db, document_id)

    def _shingles(self, document_id: int) -> near.Shingles:
        if document_id in self._runs:
            self._runs.move_to_end(document_id)
            return self._runs[document_id]
        runs = self._runs[document_id] = near.shingles(self._wording(document_id))
        self._held += len(runs)
        while self._held > HELD and len(self._runs) > 1:
            _, oldest = self._runs.popitem(last=False)
            self._held -= len(oldest)
        return runs


def _identify_two(name: str, mine: dict[str, str], theirs: dict[str, str]) -> bool:
    """Whether each of two documents has a value that the other has not, misreadings aside."""
    here, there = mine.keys() - theirs.keys(), theirs.keys() - mine.keys()
    if name == "party":
        here, there = _unlike(here, there), _unlike(there, here)
    else:
        others = {key.translate(_CONFUSED) for key in there}
        here = {key for key in here if key.translate(_CONFUSED) not in others}
    return bool(here and there)


def _unlike(names: Iterable[str], others: Iterable[str]) -> set[str]:
    """Names of which no other spelling is among the others."""
    return {
        name
        for name in names
        if not any(
            difflib.SequenceMatcher(None, name, other).ratio() >= SAME_NAME for other in others
        )
    }


def _is_value(word: str) -> bool:
    return word[:1].isupper() or any(char.isdigit() for char in word)


# --- groups


def groups(
    catalog: Catalog, threshold: float, *, forms: bool = False, comparison: Comparison | None = None
) -> list[list[int]]:
    """Documents in groups of two and more that are connected by their resemblance.

    Args:
        threshold: least resemblance of two that are connected directly, from 0 to 1.
        forms: connect what only shares its form, too.
    """
    comparison = comparison or Comparison(catalog)
    with catalog.lock:
        ids, signatures = stated.signatures(catalog.db)
    joined = _Joined(len(ids))

    def connect(a: int, b: int) -> None:
        if joined.root(a) == joined.root(b):
            return
        one, other = ids[a], ids[b]
        if comparison.resemblance(one, other) >= threshold and (
            forms or comparison.are_one(one, other)
        ):
            joined.join(a, b)

    tried: set[tuple[int, int]] = set()
    for bucket in near.buckets(signatures):
        for a, b in _likely(bucket, signatures, threshold - MARGIN):
            if (a, b) not in tried:
                tried.add((a, b))
                connect(a, b)
    return [[ids[row] for row in rows] for rows in joined.groups() if len(rows) > 1]


def representatives(
    comparison: Comparison, documents: Iterable[int], threshold: float
) -> dict[int, int]:
    """For each of a few documents, in their order, the first that says nearly the same."""
    leaders: list[int] = []
    found: dict[int, int] = {}
    for one in dict.fromkeys(documents):
        alike = (
            leader
            for leader in leaders
            if comparison.resemblance(leader, one) >= threshold and comparison.are_one(leader, one)
        )
        found[one] = next(alike, one)
        if found[one] == one:
            leaders.append(one)
    return found


def _likely(
    bucket: NDArray[np.intp], signatures: NDArray[np.uint32], least: float
) -> Iterator[tuple[int, int]]:
    """Pairs of a bucket that may be alike: each member with the likeliest before it."""
    for at in range(1, len(bucket)):
        before = bucket[max(0, at - COMPARED) : at]
        found = near.estimates(signatures[bucket[at]], signatures[before])
        for place in np.argsort(-found, kind="stable")[:CLOSEST]:
            if found[place] < least:
                break
            yield int(before[place]), int(bucket[at])


class _Joined:
    """Numbers that are joined into sets (union-find)."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def root(self, one: int) -> int:
        while self._above[one] != one:
            self._above[one] = self._above[self._above[one]]
            one = self._above[one]
        return one

    def join(self, a: int, b: int) -> None:
        a, b = sorted((self.root(a), self.root(b)))
        self._above[b] = a

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for one in range(len(self._above)):
            found.setdefault(self.root(one), []).append(one)
        return list(found.values())


def files_of(catalog: Catalog) -> dict[int, list[tuple[int, str]]]:
    """The time of change and the path of each file, by the document that it has, oldest first."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT document_id, mtime_ns, path FROM file WHERE document_id IS NOT NULL "
            "ORDER BY mtime_ns, path"
        ).fetchall()
    found: dict[int, list[tuple[int, str]]] = {}
    for document_id, mtime_ns, path in rows:
        found.setdefault(document_id, []).append((mtime_ns, os.fsdecode(path)))
    return found


def equal(catalog: Catalog) -> list[list[str]]:
    """Files of equal bytes, oldest first; those that were too large to be read are not known."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT digest, path FROM file WHERE digest IS NOT NULL AND size > 0 "
            "ORDER BY mtime_ns, path"
        ).fetchall()
    found: dict[bytes, list[str]] = {}
    for digest, path in rows:
        found.setdefault(digest, []).append(os.fsdecode(path))
    return [paths for paths in found.values() if len(paths) > 1]
