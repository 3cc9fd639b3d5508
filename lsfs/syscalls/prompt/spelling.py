"""Words of commands that were misspelt."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator

SHORTEST = 3  # letters of a word that may be misspelt
LONG = 7  # letters from which on two may be wrong
MOST = 4  # misspelt words of a prompt

_WORD = re.compile(r"[a-z]+", re.IGNORECASE)


def respelt(text: str, vocabulary: Collection[str]) -> Iterator[str]:
    """The prompts that may have been meant, nearest first.

    Args:
        vocabulary: words that are right.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    words = text.split(" ")
    nearest: dict[int, list[str]] = {}
    for position, word in enumerate(words):
        if len(word) < SHORTEST or not _WORD.fullmatch(word) or word.lower() in vocabulary:
            continue
        allowed = 2 if len(word) >= LONG else 1
        near = process.extract(
            word.lower(), vocabulary, scorer=OSA.distance, score_cutoff=allowed, limit=2
        )
        if near:
            nearest[position] = [one for one, _, _ in near]
    wrong = list(nearest)[:MOST]
    if not wrong:
        return
    for count in range(1, len(wrong) + 1):
        for chosen in itertools.combinations(wrong, count):
            for instead in itertools.product(*(nearest[position] for position in chosen)):
                other = list(words)
                for position, word in zip(chosen, instead, strict=True):
                    other[position] = word
                yield " ".join(other)
