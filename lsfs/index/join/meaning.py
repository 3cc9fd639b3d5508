"""Pairs of files that are about the same thing, though no field says so.

Two stages, so that the cost grows with the candidates and not with the product of the sides. First,
for each left document the right ones nearest to it by the mean of their passages (without vectors,
those with its rare words), and those that share a number or a name. Then each of these is judged by
its best pair of passages and its rare words, beside those of the next nearest of both files, and by
what both state.

All vectors are taken less the mean of their side: what all invoices have in common (and all
contracts) says nothing of a pair, and outweighs what does. It is the first step of Mu and
Viswanath, "All-but-the-Top" (ICLR 2018), for each side by itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from lsfs.index.facts.dates import fold
from lsfs.index.find.stores import Vectors
from lsfs.index.join import cores
from lsfs.index.join.matching import At, Fit
from lsfs.index.join.reading import SideFile, Values
from lsfs.index.join.rows import MISSES, Pair
from lsfs.index.store.catalog import Catalog
from lsfs.joins import KeyUse
from lsfs.model import FieldValue
from lsfs.sentences import sentences

if TYPE_CHECKING:
    from lsfs.index.meaning.embed import Embedder

THRESHOLD = 0.5
CANDIDATES = 10  # of each left document
PASSAGES = 24  # of each document
SHRUNK = 1  # documents that a side's mean has to outweigh
CROWD = 20  # documents that share a value, or a word, beyond which it makes no candidates
WORD_WEIGHT = 0.5  # of rare words beside the likeness of vectors
RIVAL = 0.7  # of what the nearest of either file has: what a row has to reach
RUNNER_UP = 0.5  # of what the next nearest of both files have, which is taken off a pair's
FULL = 0.35  # what then is left of likeness and words where the score is 1
# What a common value of a type adds to the score.
_SHARED = {"number": 0.6, "iban": 0.6, "party": 0.3, "amount": 0.3}
RARE_SHARE, RARE_FILES = 0.1, 3  # of the documents in which a rare word may stand, or so many
_STEM = 6  # characters by which forms of a word are one
_WORD = re.compile(r"[^\W\d_]{4,}")
_BLOCK = 512  # left documents that are compared at once

Matrix = NDArray[np.float32]


class _Text(Struct):
    """A document as it is compared.

    Attributes:
        passages: offset, text and place of each.
        vectors: of these passages that have one, or of what is the document's own in them,
            [n, dimension]; ``at`` says which passage each is of.
        words: stems that stand in it.
    """

    passages: list[tuple[int, str, int | None, int | None, str]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    vectors: Matrix | None = None
    at: list[int] = field(default_factory=list)
    words: set[str] = field(default_factory=set)


class _Judged(Struct, frozen=True):
    """A candidate, and the passages that speak for it most.

    Attributes:
        alike: by passages and rare words.
        shared: what values in common add to the score.
    """

    path: str
    alike: float
    shared: float
    how: str
    here: int
    there: int


class _Nearest:
    """The highest and the second highest number that each file has with any of the other side.

    Attributes:
        left, right: of each file; 0 where there is none.
    """

    def __init__(
        self, judged: Mapping[str, Sequence[_Judged]], number: Callable[[str, _Judged], float]
    ) -> None:
        self.left: dict[str, tuple[float, float]] = {}
        self.right: dict[str, tuple[float, float]] = {}
        for path, found in judged.items():
            for one in found:
                value = number(path, one)
                for side, key in ((self.left, path), (self.right, one.path)):
                    first, second = side.get(key, (0.0, 0.0))
                    side[key] = max(first, value), max(second, min(first, value))


class Meaning:
    """A key that is no field: what the files are about.

    Args:
        asked: as it was asked for.
        catalog, vectors: of the index; without vectors rare words are all there is.
        embedder: made the vectors; None compares templates with what was filled into them.
        left, right: the files of the two sides.
        shared: by type, what the sides state: a value in common speaks for a pair.
        threshold: the least score of a row.
        candidates: right files that are judged for each left one.
    """

    def __init__(
        self,
        asked: str,
        catalog: Catalog,
        vectors: Vectors | None,
        left: Sequence[SideFile],
        right: Sequence[SideFile],
        shared: Mapping[str, tuple[Values, Values]],
        *,
        embedder: Embedder | None = None,
        threshold: float = THRESHOLD,
        candidates: int = CANDIDATES,
    ) -> None:
        self.asked = asked
        self._threshold = threshold
        self._count = candidates
        self._here, self._there = _read(catalog, left), _read(catalog, right)
        self._shared = shared
        self._with_vectors = vectors is not None and bool(len(vectors))
        if vectors is not None and self._with_vectors:
            _load(self._here, vectors, embedder)
            _load(self._there, vectors, embedder)
        self._weights = _weights([*self._here.values(), *self._there.values()])
        self._near = self._nearest() if self._with_vectors else self._by_words()
        self._by_value = self._sharing()
        self._judged = {path: self._candidates(path) for path in self._here}
        self._alike = _Nearest(self._judged, lambda path, one: one.alike)
        self._strong = _Nearest(self._judged, self._strength)

    # --- candidates

    def _nearest(self) -> dict[str, list[str]]:
        """For each left file the right ones whose means are nearest."""
        lefts = [path for path, text in self._here.items() if text.vectors is not None]
        rights = [path for path, text in self._there.items() if text.vectors is not None]
        if not lefts or not rights:
            return {}
        there = _means([self._there[path] for path in rights])
        found: dict[str, list[str]] = {}
        for low in range(0, len(lefts), _BLOCK):
            some = lefts[low : low + _BLOCK]
            likeness = _means([self._here[path] for path in some]) @ there.T
            k = min(self._count + 1, len(rights))
            best = np.argpartition(-likeness, k - 1, axis=1)[:, :k]
            for row, path in enumerate(some):
                found[path] = [rights[at] for at in best[row] if rights[at] != path]
        return found

    def _by_words(self) -> dict[str, list[str]]:
        """For each left file the right ones that have most of its rare words."""
        holders: dict[str, list[str]] = {}
        for path, text in self._there.items():
            for word in text.words & self._weights.keys():
                holders.setdefault(word, []).append(path)
        found: dict[str, list[str]] = {}
        for path, text in self._here.items():
            weights: dict[str, float] = {}
            for word in text.words & holders.keys():
                for other in holders[word] if len(holders[word]) <= CROWD else ():
                    weights[other] = weights.get(other, 0.0) + self._weights[word] ** 2
            weights.pop(path, None)
            found[path] = nlargest(self._count, sorted(weights), key=weights.__getitem__)
        return found

    def _sharing(self) -> dict[str, dict[str, set[str]]]:
        """For each left file the right ones that state a value of it, with the fields."""
        found: dict[str, dict[str, set[str]]] = {}
        for left, right in self._shared.values():
            holders: dict[tuple[str, str], list[str]] = {}
            for path, values in right.items():
                for value in values:
                    holders.setdefault((value.name, value.normal), []).append(path)
            for path, values in left.items():
                for value in values:
                    others = holders.get((value.name, value.normal), ())
                    for other in others if len(others) <= CROWD else ():
                        if other != path:
                            mine = found.setdefault(path, {})
                            mine.setdefault(other, set()).add(value.name)
        return found

    # --- judging

    def _candidates(self, path: str) -> list[_Judged]:
        others = {*self._near.get(path, ()), *self._by_value.get(path, {})}
        return [self._judge(path, other) for other in sorted(others)]

    def _judge(self, path: str, other: str) -> _Judged:
        mine, theirs = self._here[path], self._there[other]
        likeness, here, there = _best_pair(mine, theirs)
        common, share = self._words(mine.words, theirs.words)
        told = [f"likeness {likeness:.2f}"] if self._with_vectors else []
        told += [f"words: {', '.join(common[:3])}"] if common else []
        shared = 0.0
        for name in sorted(self._by_value.get(path, {}).get(other, ())):
            kind = next(kind for kind, sides in self._shared.items() if _states(sides, path, name))
            shared += _SHARED[kind]
            told.append(f"same {name.replace('_', ' ')}")
        alike = max(0.0, likeness + WORD_WEIGHT * share)
        return _Judged(other, alike, shared, "; ".join(told), here, there)

    def _strength(self, path: str, one: _Judged) -> float:
        """What speaks for a pair: 1 and more is certain.

        A likeness says more where no other file of either side has nearly as much of it: some texts
        are near to all, and some to none (Artetxe and Schwenk, "Margin-based Parallel Corpus
        Mining", ACL 2019).
        """
        others = (self._alike.left[path][1] + self._alike.right[one.path][1]) / 2
        return max(0.0, one.alike - RUNNER_UP * others) / FULL + one.shared

    def _words(self, mine: set[str], theirs: set[str]) -> tuple[list[str], float]:
        """Rare words in common, the rarest first, and their share of all rare words."""
        weights = self._weights
        common = sorted(mine & theirs & weights.keys(), key=lambda word: (-weights[word], word))
        if not common:
            return [], 0.0
        weight = sum(weights[word] ** 2 for word in common)
        all_mine, all_theirs = (
            sum(weights.get(word, 0.0) ** 2 for word in words) for words in (mine, theirs)
        )
        return common, weight / math.sqrt(all_mine * all_theirs)

    # --- as a key of a join

    @property
    def left(self) -> Mapping[str, object]:
        """The left files that say anything."""
        return self._here

    @property
    def right(self) -> Mapping[str, object]:
        """The right files that say anything."""
        return self._there

    @property
    def words(self) -> str:
        """When two files count as a pair, in words."""
        how = "passages alike, less what all of their side have in common; rare words"
        how = how if self._with_vectors else "rare words alone, for there are no vectors"
        return (
            f"{how}; less half of what the next nearest have; common numbers, names and amounts; "
            f"at least {self._threshold:g}, and nothing much nearer"
        )

    def fits(self, path: str) -> dict[str, Pair]:
        """The right files that are about the same, each with the passages that say so."""
        return {one.path: self._pair(path, one) for one in self._fitting(path)}

    def misses(self, path: str) -> list[Pair]:
        """The nearest of the others."""
        fitting = {one.path for one in self._fitting(path)}
        others = [
            one
            for one in sorted(
                self._judged.get(path, ()), key=lambda one: (-self._strength(path, one), one.path)
            )
            if one.path not in fitting and self._strength(path, one) > 0
        ]
        return [self._pair(path, one) for one in others[:MISSES]]

    def _fitting(self, path: str) -> list[_Judged]:
        """Candidates that are near enough, where neither file has one that is much nearer."""
        found = []
        for one in self._judged.get(path, ()):
            strength = self._strength(path, one)
            nearest = max(self._strong.left[path][0], self._strong.right[one.path][0])
            if min(1.0, strength) >= self._threshold and strength >= RIVAL * nearest:
                found.append(one)
        return found

    def use(self) -> KeyUse:
        """How the key was compared."""
        both = "what the file says"
        return KeyUse(
            self.asked, both, both, self.words, len(self._here), len(self._there),
            len(self._here), len(self._there), sum(map(len, self._judged.values())),
        )  # fmt: skip

    def _pair(self, path: str, one: _Judged) -> Pair:
        mine, theirs = self._here[path], self._there[one.path]
        left = self._passage(mine, one.here, theirs.words)
        right = self._passage(theirs, one.there, mine.words)
        score = round(min(1.0, self._strength(path, one)), 3)
        return Pair(self.asked, left, Fit(At(one.path, right), score, one.how))

    def _passage(self, text: _Text, at: int, others: set[str]) -> FieldValue:
        """The sentence of a passage that says most of what the pair is about."""
        start, passage, page, line, where = text.passages[at]
        spans = [span for span in sentences(passage) if passage[slice(*span)].strip()]
        best = max(
            spans, key=lambda span: self._says(passage[slice(*span)], others), default=(0, 0)
        )
        quote = " ".join(passage[slice(*best)].split())
        return FieldValue(
            "passage",
            quote,
            "",
            start + best[0],
            start + best[1],
            page,
            line,
            where,
            "meaning",
            1.0,
        )

    def _says(self, sentence: str, others: set[str]) -> float:
        words = _stems(sentence)
        weight = sum(self._weights.get(word, 0.0) * (2 if word in others else 1) for word in words)
        return weight / math.sqrt(len(words) + 1)


def _states(sides: tuple[Values, Values], path: str, name: str) -> bool:
    return any(value.name == name for value in sides[0].get(path, ()))


def _read(catalog: Catalog, files: Sequence[SideFile]) -> dict[str, _Text]:
    """The passages of files, those without any left out."""
    of_document: dict[int, _Text] = {}
    wanted = {file.document_id for file in files}
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT document_id, id, char_start, text, page, line_start, place FROM passage "
            "WHERE ordinal < ? ORDER BY document_id, ordinal",
            (PASSAGES,),
        )
        for document, id_, start, passage, page, line, where in rows:
            if document not in wanted:
                continue
            text = of_document.setdefault(document, _Text())
            text.passages.append((start, passage, page, line, where))
            text.ids.append(id_)
            text.words |= _stems(passage)
    return {f.path: of_document[f.document_id] for f in files if f.document_id in of_document}


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(fold(text))}


def _load(texts: Mapping[str, _Text], vectors: Vectors, embedder: Embedder | None) -> None:
    """Give texts their vectors, less what those of the side have in common."""
    unique = list({id(text): text for text in texts.values()}.values())
    own = _of_cores(unique, embedder) if embedder is not None else set()
    others = [text for text in unique if id(text) not in own]
    if others:
        known, matrix = vectors.many([id_ for text in others for id_ in text.ids])
        place = {id_: at for at, id_ in enumerate(known.tolist())}
        for text in others:
            text.at = [at for at, id_ in enumerate(text.ids) if id_ in place]
            if text.at:
                text.vectors = matrix[[place[text.ids[at]] for at in text.at]]
    loaded = [text.vectors for text in unique if text.vectors is not None]
    if not loaded:
        return
    mean = np.concatenate(loaded).mean(axis=0) * (len(unique) / (len(unique) + SHRUNK))
    for text in unique:
        if text.vectors is not None:
            centred = text.vectors - mean
            norms = np.linalg.norm(centred, axis=1, keepdims=True)
            text.vectors = centred / np.maximum(norms, 1e-6)


def _of_cores(unique: Sequence[_Text], embedder: Embedder) -> set[int]:
    """Give texts the vectors of what is their own, and say which these are."""
    passages = {id(text): [passage for _, passage, *_ in text.passages] for text in unique}
    found = cores.cores(passages, _stems)
    every = [stretch for own in found.values() for _, stretch in own]
    known = cores.embedded(every, embedder) if every else {}
    for text in unique:
        if id(text) in found:
            own = found[id(text)]
            text.at = [at for at, _ in own]
            text.vectors = np.stack([known[stretch] for _, stretch in own])
    return set(found)


def _means(texts: Sequence[_Text]) -> Matrix:
    """The mean of the vectors of each text, of length 1, [n, dimension]."""
    made = np.stack([text.vectors.mean(axis=0) for text in texts if text.vectors is not None])
    norms = np.linalg.norm(made, axis=1, keepdims=True)
    return np.asarray(made / np.maximum(norms, 1e-6), np.float32)


def _best_pair(mine: _Text, theirs: _Text) -> tuple[float, int, int]:
    """The likeness of the two passages that are most alike, and which they are."""
    if mine.vectors is None or theirs.vectors is None:
        return 0.0, 0, 0
    likeness = mine.vectors @ theirs.vectors.T
    here, there = divmod(int(likeness.argmax()), likeness.shape[1])
    return float(likeness[here, there]), mine.at[here], theirs.at[there]


def _weights(texts: Sequence[_Text]) -> dict[str, float]:
    """How much a rare word says, by the number of documents that it stands in."""
    unique = {id(text): text for text in texts}
    counts = Counter(word for text in unique.values() for word in text.words)
    most = max(RARE_FILES, RARE_SHARE * len(unique))
    return {word: math.log(1 + len(unique) / n) for word, n in counts.items() if n <= most}
