"""Texts as one byte a character, where that can be: folded and looked through at their speed.

Most western texts are such. Python folds a string that is not ASCII letter by letter, and tries a
pattern that begins with a set of characters at each place; translating bytes takes a tenth of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

CODECS = ("latin-1", "cp1252")  # the second has quotation marks and dashes, too


def _table(codec: str, change: Callable[[str], str]) -> bytes:
    """What each byte becomes; those that become no one byte stay as they are."""
    table = bytearray(range(256))
    for byte in range(256):
        char = bytes([byte]).decode(codec, "replace")
        new = change(char).encode(codec, "replace")
        if len(new) == 1 and new != b"?":
            table[byte] = new[0]
    return bytes(table)


_FOLDED = [_table(codec, str.casefold) for codec in CODECS]
_LOWER = [_table(codec, str.lower) for codec in CODECS]
_MICRO, _SHARP_S = b"\xb5", b"\xdf"  # the first folds to a Greek letter, the second to two
_SHAPE = bytes(
    ord("0") if byte in b"0123456789"
    else ord("A") if byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    else ord("a") if byte in b"abcdefghijklmnopqrstuvwxyz"
    else byte
    for byte in range(256)
)  # fmt: skip
_DIGITS = re.compile(r"\d\d*")
_ZEROS = re.compile(b"00*")  # what begins with one character is found faster than "0+"


def encoded(text: str) -> tuple[bytes, int] | None:
    """A text as one byte a character, and in which of the codecs; None where it has others."""
    for number, codec in enumerate(CODECS):
        try:
            return text.encode(codec), number
        except UnicodeEncodeError:
            continue
    return None


def casefold(text: str) -> str:
    """``text.casefold()``."""
    coded = None if text.isascii() else encoded(text)
    if coded is None or _MICRO in coded[0]:
        return text.casefold()
    raw, codec = coded
    return raw.translate(_FOLDED[codec]).replace(_SHARP_S, b"ss").decode(CODECS[codec])


def lower(text: str) -> str:
    """``text.lower()``."""
    coded = None if text.isascii() else encoded(text)
    if coded is None:
        return text.lower()
    return coded[0].translate(_LOWER[coded[1]]).decode(CODECS[coded[1]])


def shape(text: str) -> bytes | None:
    """A text with each digit as ``0``, and letters without accents as ``a`` or ``A``.

    It is as long as the text; None for one with characters that no single byte stands for.
    """
    coded = encoded(text)
    return None if coded is None else coded[0].translate(_SHAPE)


def digit_runs(text: str) -> Iterator[int]:
    """Where the runs of decimal digits in a text begin."""
    shaped = shape(text)
    found = _DIGITS.finditer(text) if shaped is None else _ZEROS.finditer(shaped)
    return (match.start() for match in found)
