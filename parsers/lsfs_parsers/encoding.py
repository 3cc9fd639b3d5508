"""Bytes to text when nothing says which encoding they are in."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter

from msgspec import Struct

from lsfs.errors import UnsupportedFormat

SAMPLE = 64 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Not text: every control character but those that logs and terminals write (\a\b\t\n\v\f\r, ESC).
_CONTROL = bytes({*range(0x07), *range(0x0E, 0x20), 0x7F} - {0x1B})
_MAX_CONTROL_SHARE = 0.1
# Legacy encodings in use for files; a detector that may answer any of a hundred errs on short text.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp437", "cp850", "cp866", "iso8859_2",
]  # fmt: skip
_ISO_2022_JP = re.compile(rb"\x1b\$[@B](?:[!-~]{2})+\x1b\([BJ]")
_ANYTHING_IS = frozenset(
    {
        "us-ascii",
        "ascii",
        "iso-8859-1",
        "latin-1",
        "latin1",
        "windows-1252",
        "cp1252",
        "iso-8859-15",
    }
)
_UTF16_SAMPLE = 4096  # bytes
_SHORTEST_UTF16 = 4  # characters
_MOST_BETWEEN = 40  # characters between two that divide words or sentences
_DIVIDING = " .,\u3000\u3001\u3002\uff0c\uff0e"
_MOST_BLOCKS = 6  # of 256 characters, East Asian ones aside
_WHITE = dict.fromkeys(map(ord, "\t\n\r\f"), " ")
_FEW_LETTERS = 24  # non-ASCII bytes below which statistics are guesses
_LETTER_RUN = re.compile(rb"(?:(?<![A-Za-z])[A-Za-z]+)?[\x80-\xff]+[A-Za-z]*")


class Decoded(Struct, frozen=True):
    """Text, the encoding it was in, and what to warn of ("" when the encoding is certain)."""

    text: str
    encoding: str
    warning: str = ""


def looks_binary(sample: bytes) -> bool:
    """Whether ``sample``, the beginning of a file, is no text in any encoding."""
    if any(sample.startswith(mark) for mark, _ in _MARKS):
        return False
    if b"\0" in sample:
        return not _unmarked_utf16(sample)
    control = len(sample) - len(sample.translate(None, _CONTROL))
    return control > _MAX_CONTROL_SHARE * len(sample)


def decode(data: bytes, *, declared: str = "") -> Decoded:
    """The text in ``data``: byte order mark, declared encoding, UTF-8, detection, latin-1.

    An incomplete character at the end is dropped, since ``data`` may be the beginning of a file.

    Args:
        declared: the encoding that the file claims for itself, if it does.

    Raises:
        UnsupportedFormat: the bytes are no text.
    """
    if looks_binary(data[:SAMPLE]):
        raise UnsupportedFormat("it is not text")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = codecs.getincrementaldecoder(encoding)("replace").decode(data[len(mark) :])
            return Decoded(text, encoding, _lossy(text, encoding))
    if b"\0" in data[:SAMPLE] and (encoding := _unmarked_utf16(data[:SAMPLE])):
        text = data.decode(encoding, "replace")
        return Decoded(text, encoding, _lossy(text, encoding))
    for encoding in filter(None, (*_before_declared(data, declared), declared, "utf-8")):
        text_or_none = _strict(data, encoding)
        if text_or_none is not None:
            return Decoded(text_or_none, encoding)
    return _guess(data)


def _before_declared(data: bytes, declared: str) -> tuple[str, ...]:
    """Encodings that show themselves, so that a file need not be believed when it names another."""
    if b"\x1b$" in data and data.isascii() and _ISO_2022_JP.search(data):
        return ("iso2022_jp_2",)
    # Any bytes are text in these; text with accents that is UTF-8 by chance is hard to find.
    return ("utf-8",) if declared.lower().replace("_", "-") in _ANYTHING_IS else ()


def _unmarked_utf16(sample: bytes) -> str:
    """The byte order in which ``sample`` is UTF-16 without a mark; "" when it is in neither."""
    found = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _strict(sample[: len(sample) & ~1][:_UTF16_SAMPLE], encoding)
        if text is not None and (score := _likeness(text)):
            found[encoding] = score
    return max(found, key=found.__getitem__, default="")


def _likeness(text: str) -> float:
    """How much ``text`` is like one that a person wrote, 0 when it is not.

    Bytes that are read in the wrong order, or are no text, make characters from everywhere: some
    that are assigned to nothing, and hardly the few that divide the words of a real text.
    """
    kinds = Counter(map(unicodedata.category, text.translate(_WHITE)))
    if len(text) < _SHORTEST_UTF16 or any(kinds[kind] for kind in ("Cc", "Cn", "Co", "Cs")):
        return 0
    dividing = sum(map(text.count, _DIVIDING))
    blocks = Counter(ord(char) >> 8 for char in text)
    others = [block for block in blocks if not _is_east_asian(block)]
    if dividing * _MOST_BETWEEN < len(text) or len(others) > _MOST_BLOCKS:
        return 0
    # Without a character below U+0100, only a text in East Asian characters is believed.
    if 0 not in blocks and sum(blocks[block] for block in others) > 0.3 * len(text):
        return 0
    return dividing / len(text)


def _is_east_asian(block: int) -> bool:
    return block in (0x30, 0x31, 0xFF) or 0x4E <= block <= 0x9F or 0xAC <= block <= 0xD7


def _guess(data: bytes) -> Decoded:
    sample = data[:SAMPLE]
    encoding = _unmarked_utf16(sample) or _detected(sample)
    text = _strict(data, encoding) if encoding else None
    if text is not None:
        return Decoded(text, encoding, f"the encoding was guessed: {encoding}")
    return Decoded(
        data.decode("latin-1"), "latin-1", "the encoding is unknown; it was read as latin-1"
    )


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data)
    except (LookupError, ValueError):  # not only UnicodeError: a name with NUL
        return None


def _detected(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    foreign = sample.translate(None, bytes(range(0x80)))
    if len(foreign) < _FEW_LETTERS and _is_western(sample):
        return "cp1252"
    # Cut at a line, so that no character of several bytes is halved.
    whole_lines = sample[: sample.rfind(b"\n") + 1] if len(sample) == SAMPLE else b""
    best = from_bytes(whole_lines or sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best is not None else ""


def _is_western(sample: bytes) -> bool:
    """Whether each non-ASCII byte stands alone, as accents do, and means something in cp1252."""
    if _strict(sample, "cp1252") is None:
        return False
    runs = [run.group() for run in _LETTER_RUN.finditer(sample)]
    return all(len(run.translate(None, bytes(range(0x80)))) == 1 for run in runs)


def _lossy(text: str, encoding: str) -> str:
    return f"some bytes are not {encoding}" if "\N{REPLACEMENT CHARACTER}" in text else ""
