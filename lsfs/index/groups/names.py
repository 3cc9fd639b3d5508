"""Names that mean the same: one legal form more or less, a letter wrong, words in another order."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# What the fields' own form of a name leaves on it (lsfs.index.fields.forms.party_key).
_LEGAL = re.compile(
    r"(?: (?:corporation|company|aktiengesellschaft|gmbh|mbh|gesellschaft mit beschrankter haftung|"
    r"societe anonyme|sociedad (?:anonima|limitada)|societa per azioni|the|co|and|und|y|e|et))+$"
)
_ARTICLE = re.compile(r"^(?:the|die|der|das|la|le|les|el|los|il) ")
LONG = 7  # letters of a word in which one may be wrong
VERY_LONG = 11  # letters of a word in which two may be wrong
RARE = 3  # a misspelling is at least so many times rarer than the name


@dataclass(frozen=True, slots=True)
class Name:
    """A name in all its spellings, the most frequent one first."""

    label: str
    spellings: tuple[str, ...]


def merged(written: Iterable[tuple[str, str]]) -> Mapping[str, Name]:
    """The name that each normal form belongs to.

    Args:
        written: a normal form and how it is written, once for each file that has it.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for normal, value in written:
        counts[normal][value] += 1
    same: dict[str, list[str]] = defaultdict(list)
    for normal in counts:
        same[_bare(normal)].append(normal)
    size = {bare: sum(counts[n].total() for n in normals) for bare, normals in same.items()}
    found: dict[str, Name] = {}
    for family in _families(size):
        normals = [normal for bare in family for normal in same[bare]]
        spellings: Counter[str] = sum((counts[n] for n in normals), Counter())
        ranked = sorted(spellings, key=lambda one: (-spellings[one], _shouts(one), one))
        found |= dict.fromkeys(normals, Name(ranked[0], tuple(ranked)))
    return found


def _bare(normal: str) -> str:
    """A normal form without what is said of the firm, its words in order of the alphabet."""
    bare = _LEGAL.sub("", _ARTICLE.sub("", normal))
    return " ".join(sorted((bare or normal).split()))


def _shouts(written: str) -> bool:
    return written.isupper() and len(written) > 4


def _families(size: Mapping[str, int]) -> list[list[str]]:
    """Names that are one but for a misspelling, each list with the most frequent one first."""
    parent = {name: name for name in size}
    for often, seldom in _misspelt(size):
        # Straight to the name, not to another misspelling: chains of small steps lead anywhere.
        if parent[often] == often and parent[seldom] == seldom:
            parent[seldom] = often
    families: dict[str, list[str]] = {}
    for name in sorted(size, key=lambda one: (-size[one], one)):
        families.setdefault(parent[name], []).append(name)
    return list(families.values())


def _misspelt(size: Mapping[str, int]) -> list[tuple[str, str]]:
    """Pairs of a name and a misspelling of it, frequent names first."""
    shared: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for name in size:
        words = name.split()
        for n, word in enumerate(words):
            if len(word) >= LONG - 1 and word.isalpha():
                rest = " ".join(words[:n] + words[n + 1 :])
                shared[rest, word[0]].append((word, name))
    pairs = set()
    for sharers in shared.values():
        for n, (word, name) in enumerate(sharers):
            for other, second in sharers[n + 1 :]:
                often, seldom = sorted((name, second), key=lambda one: (-size[one], one))
                if size[often] >= RARE * size[seldom] and _near(word, other):
                    pairs.add((often, seldom))
    return sorted(pairs, key=lambda pair: (-size[pair[0]], pair))


def _near(word: str, other: str) -> bool:
    """Whether one word may be the other misspelt (Damerau 1964: four in five have one error)."""
    from rapidfuzz.distance import OSA

    longest = max(len(word), len(other))
    allowed = 2 if longest >= VERY_LONG else 1 if longest >= LONG else 0
    return OSA.distance(word, other, score_cutoff=allowed) <= allowed
