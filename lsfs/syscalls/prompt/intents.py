"""Which system call the wording of a prompt means: the nearest of labelled examples.

Words in place of which entities stand are left out, so that only the wording counts. The examples
(``examples.tsv``) are all there is to it: no weights are kept, and a wording that is read wrong is
mended by adding it to them.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from importlib import resources

from lsfs.syscalls.prompt.entities import Entity

NEAREST = 5  # examples that vote
BORNE = 0.12  # share of a word's examples that are of the call that it stands for
SHORT = 2  # letters of a stem that is not taken to be misspelt
_WORD = re.compile(r"[A-Z]{3,}\d?|[a-z]+(?:'[a-z]+)?", re.IGNORECASE)
_ENDINGS = ("ations", "ation", "ings", "ing", "ied", "ies", "ed", "es", "s", "e", "y", "al")

Vector = dict[str, float]


def wording(text: str, entities: Sequence[Entity]) -> list[str]:
    """The words of a prompt, with the kind of each entity in its place.

    Args:
        text: the prompt, with its quotes masked.
        entities: what it names, in order.
    """
    parts, position = [], 0
    for one in entities:
        parts.append(text[position : one.start])
        parts.append(f" {_kind(one)} ")
        position = one.end
    parts.append(text[position:])
    return [_stem(word) for word in _WORD.findall("".join(parts))]


def _kind(one: Entity) -> str:
    if one.kind == "moment":
        return "TIME" if "to" in one.at else "VERSION"
    return one.kind.upper()


def _stem(word: str) -> str:
    if word.isupper() and len(word) > 2:
        return word
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def features(words: Sequence[str]) -> Counter[str]:
    """Words, pairs of them, and how the prompt begins and ends."""
    padded = ["^", *words, "$"]
    counted = Counter(words)
    counted.update(f"{one} {two}" for one, two in itertools.pairwise(padded))
    counted.update(f"{one} * {two}" for one, two in zip(padded, padded[2:], strict=False))
    return counted


class Intents:
    """Knows labelled wordings, and finds those that are nearest to another.

    Args:
        examples: label and words of each.
    """

    def __init__(self, examples: Iterable[tuple[str, Sequence[str]]]) -> None:
        counted = [(label, features(words)) for label, words in examples]
        seen = Counter(term for _, terms in counted for term in terms)
        self._rarity = {term: math.log(1 + len(counted) / count) for term, count in seen.items()}
        self._words = [term for term in seen if " " not in term and term.islower()]
        self._labels = [label for label, _ in counted]
        self._having: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (_, terms) in enumerate(counted):
            for term, weight in self._vector(terms).items():
                self._having[term].append((number, weight))

    def _vector(self, terms: Counter[str]) -> Vector:
        most = max(self._rarity.values(), default=1.0)
        weights = {
            term: (1 + math.log(count)) * self._rarity.get(term, most)
            for term, count in terms.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def _respelt(self, words: Sequence[str]) -> list[str]:
        """Words of which no example has one, as the nearest that one has."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        found = []
        for word in words:
            if word not in self._having and len(word) > SHORT:
                near = process.extractOne(word, self._words, scorer=OSA.distance, score_cutoff=1)
                word = near[0] if near else word
            found.append(word)
        return found

    def _nearness(self, words: Sequence[str]) -> dict[int, float]:
        """How near each example is that has something in common with a prompt."""
        nearness: dict[int, float] = defaultdict(float)
        for term, weight in self._vector(features(words)).items():
            for number, other in self._having.get(term, ()):
                nearness[number] += weight * other
        return nearness

    def nearest(self, words: Sequence[str], label: str) -> int | None:
        """The number of the example of a label that is nearest; None where none is near."""
        nearness = self._nearness(self._respelt(words))
        of_it = [number for number in nearness if self._labels[number] == label]
        return max(of_it, key=nearness.__getitem__) if of_it else None

    def bears(self, words: Sequence[str], label: str) -> bool:
        """Whether a word stands for a label: it is said for that more than for most others."""
        for word in self._respelt(words):
            having = [self._labels[number] for number, _ in self._having.get(word, ())]
            if having.count(label) > 1 and having.count(label) >= BORNE * len(having):
                return True
        return False

    def rank(self, words: Sequence[str]) -> list[tuple[str, float]]:
        """Labels with how near their examples are, nearest first: 1 is the same wording."""
        nearness = self._nearness(self._respelt(words))
        by_label: dict[str, list[float]] = defaultdict(list)
        for number, near in nearness.items():
            by_label[self._labels[number]].append(near)
        ranked = []
        for label, nears in by_label.items():
            best = sorted(nears, reverse=True)[:NEAREST]
            ranked.append((label, sum(near / (2**place) for place, near in enumerate(best)) / 2))
        return sorted(ranked, key=lambda one: -one[1])


@functools.cache
def examples() -> tuple[tuple[str, str], ...]:
    """Label and prompt of each example."""
    text = resources.files(__package__).joinpath("examples.tsv").read_text("utf-8")
    lines = (line.split("\t", 1) for line in text.splitlines() if line and line[0] != "#")
    return tuple((label, prompt) for label, prompt in lines)


@functools.cache
def known() -> Intents:
    """The intents of the examples."""
    return Intents((label, [_stem(w) for w in _WORD.findall(text)]) for label, text in examples())
