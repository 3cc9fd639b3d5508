"""What a Rich Text file is made of: braces, control words, and bytes of text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,10})? ?"  # a control word with its number
    rb"|\\'([0-9A-Fa-f]{2})"  # a byte
    rb"|\\([^A-Za-z])"  # a control symbol
    rb"|([{}])"
    rb"|([^\\{}\r\n\0]+)",
    re.DOTALL,
)

# Code pages of the charset numbers in font tables; 0 and 1 are the document's own.
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
SYMBOLS = "symbols"  # a font whose characters mean pictures (charset 2)
_SYMBOL_NUMBER = 2


class Kind(Enum):
    """What a token is."""

    OPEN = 0
    CLOSE = 1
    WORD = 2  # a control word, or a control symbol, whose name is no letter
    BYTES = 3  # text
    BYTE = 4  # a byte of text that is written as a number


class Token(Struct, frozen=True):
    """A token.

    Attributes:
        name: of a control word or symbol.
        number: that stands behind a word; None when none does.
        data: bytes of text.
    """

    kind: Kind
    name: str = ""
    number: int | None = None
    data: bytes = b""


_OPEN, _CLOSE = Token(Kind.OPEN), Token(Kind.CLOSE)


def tokens(data: bytes) -> Iterator[Token]:
    """The tokens of a file; bytes that are not for reading (``\\bin``) are passed over."""
    at = 0
    while at < len(data):
        match = _TOKEN.match(data, at)
        if match is None:  # a line end, or a backslash at the very end
            at += 1
            continue
        at = match.end()
        word, number, byte, symbol, brace, text = match.groups()
        if text is not None:
            yield Token(Kind.BYTES, data=text)
        elif word is not None:
            value = int(number) if number is not None else None
            if word == b"bin":
                at += max(0, value or 0)
            else:
                yield Token(Kind.WORD, word.decode("ascii"), value)
        elif brace is not None:
            yield _OPEN if brace == b"{" else _CLOSE
        elif byte is not None:
            yield Token(Kind.BYTE, data=bytes((int(byte, 16),)))
        else:
            yield Token(Kind.WORD, symbol.decode("latin-1"))


def codec_of_charset(number: int, default: str) -> str:
    """The codec for the bytes of a font by the number of its charset."""
    return SYMBOLS if number == _SYMBOL_NUMBER else _CHARSETS.get(number, default)


def codec_of_page(number: int) -> str:
    """The codec of a Windows code page; the western one where there is no such page."""
    special = {65001: "utf-8", 10000: "mac_roman", 936: "gb18030", 1361: "johab"}
    name = special.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def decoded(data: bytes, codec: str) -> str:
    """Bytes of text in a font's codec."""
    if codec == SYMBOLS:
        return data.decode("latin-1").replace("\xb7", "\N{BULLET}")
    return data.decode(codec, "replace")
