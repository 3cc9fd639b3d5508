"""Letters and digits only: texts are compared by them, whatever their spaces and hyphens."""

from __future__ import annotations

import unicodedata


def letters(text: str) -> str:
    """The letters and digits of a text, without case and ligatures."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", text)))


def letters_with_places(text: str) -> tuple[str, list[int]]:
    """The same, and for each of them the place in ``text`` that it came from."""
    found: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        kept = letters(char)
        found.append(kept)
        places += [place] * len(kept)
    return "".join(found), places
