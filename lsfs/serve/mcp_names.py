"""Names of files as JSON can hold them, and as one line of an answer can, and back."""

from __future__ import annotations

import os
import re
import unicodedata

from lsfs.places import cited

_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
_CONTROL = re.compile(r"\\x([01][0-9a-f]|7f)|\\u(00[89][0-9a-f]|20[0-9a-f]{2})")
# What ends a line, or turns the order of what stands behind it; joiners of letters stay.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str) -> str:
    r"""A name or text as JSON can hold it: a byte that is no UTF-8 becomes ``\xe9``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


def named(path: str) -> str:
    r"""A name on a line of its own, which it cannot end: a line break becomes ``\x0a``.

    So no name of a file can pass for another entry, or for words of the server.
    """
    return path if path.isprintable() else "".join(map(_written, path))


def named_at(path: str, where: str) -> str:
    """The same with a place in the file; see :func:`lsfs.places.cited`."""
    return cited(named(path), where)


def _written(char: str) -> str:
    if char not in _TURNING and unicodedata.category(char) not in ("Cc", "Zl", "Zp"):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


def decoded(text: str) -> str:
    """A name as :func:`shown` and :func:`named` show it, as it is on the disk."""
    text = _CONTROL.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    return _BYTE.sub(lambda match: os.fsdecode(bytes([int(match[1], 16)])), text)
