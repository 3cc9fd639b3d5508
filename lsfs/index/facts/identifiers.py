"""Codes in texts: "P-2301" is what "P-2301 Relaunch of the website" is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from lsfs.index.facts.dates import fold

_CODE = re.compile(r"(?=[^\s]*\d)[^\W_]+(?:[-/._][^\W_]+)*")
_MARKS = re.compile(r"[\W_]+")
_LEAST = 4  # characters of a code that is told from a number of something


def codes(text: str) -> set[str]:
    """The codes in a text, without case and marks."""
    found = (_MARKS.sub("", fold(match[0])) for match in _CODE.finditer(text))
    return {code for code in found if len(code) >= _LEAST}


def code_of(text: str) -> str:
    """The code that a text is; "" where it is more, or none."""
    match = _CODE.fullmatch(text.strip())
    return next(iter(codes(match[0])), "") if match else ""


def heads(written: Mapping[str, int]) -> dict[str, str]:
    """For each code the one other text that has it, for all else itself."""
    holding: dict[str, set[str]] = defaultdict(set)
    for one in written:
        if not code_of(one):
            for code in codes(one):
                holding[code].add(one)
    found = {}
    for one in written:
        others = holding.get(code_of(one), set())
        found[one] = next(iter(others)) if len(others) == 1 else one
    return found
