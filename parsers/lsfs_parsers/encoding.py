"""Bytes to text when nothing says which encoding they are in."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

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
    "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp437", "cp850",
]  # fmt: skip
_FEW_LETTERS = 24  # non-ASCII bytes below which statistics are guesses
_LETTER_RUN = re.compile(rb"(?:(?<![A-Za-z])[A-Za-z]+)?[\x80-\xff]+[A-Za-z]*")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was in, and what to warn of ("" when the encoding is certain)."""

    text: str
    encoding: str
    warning: str = ""


def looks_binary(sample: bytes) -> bool:
    """Whether ``sample``, the beginning of a file, is no text in any encoding."""
    if any(sample.startswith(mark) for mark, _ in _MARKS):
        return False
    if b"\0" in sample:
        return True
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
    for encoding in filter(None, (declared, "utf-8")):
        text_or_none = _strict(data, encoding)
        if text_or_none is not None:
            return Decoded(text_or_none, encoding)
    return _guess(data)


def _guess(data: bytes) -> Decoded:
    encoding = _detected(data[:SAMPLE])
    text = _strict(data, encoding) if encoding else None
    if text is not None:
        return Decoded(text, encoding, f"the encoding was guessed: {encoding}")
    return Decoded(
        data.decode("latin-1"), "latin-1", "the encoding is unknown; it was read as latin-1"
    )


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data)
    except (LookupError, UnicodeError):
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
