"""A text as it is compared word by word: without case, forms of letters, and cuts at line ends."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from msgspec import Struct

# Scripts without spaces between words: a word may begin and end anywhere.
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))
# A hyphen at the end of a line, with the parts of a word on both sides.
_CUT = re.compile(
    r"(?P<before>[^\W\d_]+)(?P<hyphen>[-\u2010\u00ad])(?P<gap>(?:[^\S\n]*\n){1,3}[^\S\n]*)"
    r"(?P<after>[^\W\d_]+)"
)
_GLUED = re.compile(rf"(?<=[{SPACELESS}])[^\S\n]*\n[^\S\n]*(?=[{SPACELESS}])")


class Wording(Struct, frozen=True):
    """A text to be searched.

    Attributes:
        text: as it is compared.
        at: for each character the offset of the one that it came from; None when they are the same.
    """

    text: str
    at: tuple[int, ...] | None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """A range of the compared text in the text as written."""
        if self.at is None:
            return start, end
        return self.at[start], self.at[end - 1] + 1


def folded(text: str) -> str:
    """Letters without case and special forms: "Straße" and "STRASSE", "ﬁ" and "fi" are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def wording(text: str, known: Callable[[str, int], bool]) -> Wording:
    """A text as it is compared.

    A word that a line end cuts is whole again: the hyphen goes. It stays where it belongs to the
    word ("state-of-the-/art"): there is another hyphen, a capital follows, or the word without it
    is unknown while both parts are words.

    Args:
        known: whether a word stands at so many places of all files.
    """
    ranges = sorted([*_cuts(text, known), *(m.span() for m in _GLUED.finditer(text))])
    if not ranges and _is_plain(text):
        return Wording(text.casefold(), None)
    kept: list[str] = []
    at: list[int] = []
    begin = 0
    for start, end in [*ranges, (len(text), len(text))]:
        for offset, letters in _clusters(text, begin, start):
            shown = folded(letters.translate(_INVISIBLE))
            kept.append(shown)
            at += [offset] * len(shown)
        begin = max(begin, end)
    return Wording("".join(kept), tuple(at))


def _is_plain(text: str) -> bool:
    """Whether case is all that has to go, and that one for one."""
    if text.isascii():
        return True
    return (
        unicodedata.is_normalized("NFKC", text)
        and "\u00ad" not in text
        and "\u200b" not in text
        and len(text.casefold()) == len(text)
    )


def _clusters(text: str, begin: int, end: int) -> list[tuple[int, str]]:
    """Letters with the marks that follow them, each with its offset."""
    found: list[tuple[int, str]] = []
    for offset in range(begin, end):
        char = text[offset]
        if found and not char.isascii() and unicodedata.combining(char):
            found[-1] = found[-1][0], found[-1][1] + char
        else:
            found.append((offset, char))
    return found


def _cuts(text: str, known: Callable[[str, int], bool]) -> list[tuple[int, int]]:
    """What goes at line ends: the hyphen of a cut word and the break, else the break alone."""
    cuts = []
    at = 0
    while match := _CUT.search(text, at):
        hyphen = _is_own_hyphen(text, match, known)
        start = match.end("hyphen") if hyphen else match.start("hyphen")
        cuts.append((start, match.start("after")))
        at = match.start("after")
    return cuts


def _is_own_hyphen(text: str, match: re.Match[str], known: Callable[[str, int], bool]) -> bool:
    before, after = match["before"], match["after"]
    if match["hyphen"] == "\u00ad":
        return False
    if text[match.start() - 1 : match.start()] == "-" or text[match.end() : match.end() + 1] == "-":
        return True
    if after[0].isupper() and not before.isupper():
        return True
    if known(before + after, 1):
        return False
    return known(before, 2) and known(after, 2)
