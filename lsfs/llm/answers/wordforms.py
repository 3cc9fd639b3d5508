"""Words of a text without their commonest English endings."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_]+(?:[.,'\u2019][^\W_]+)*")
_SUFFIXES = ("ments", "ment", "ing", "ed", "es", "ly", "s")


def words(text: str) -> list[str]:
    """The words and numbers of a text in lower case, without their commonest English endings."""
    return [stem(word) for word in WORD.findall(text.casefold())]


def stem(word: str) -> str:
    """A word in lower case without its ending."""
    if word[0].isdigit():
        return word.replace(",", "")
    word = re.split("['\u2019]", word)[0]
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = word[: -len(suffix)]
            break
    return word.rstrip("e") if len(word) > 3 else word
