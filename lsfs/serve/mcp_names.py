"""Names of files as JSON can hold them, and back."""

from __future__ import annotations

import os
import re

_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


def shown(text: str) -> str:
    r"""A name or text as JSON can hold it: a byte that is no UTF-8 becomes ``\xe9``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


def decoded(text: str) -> str:
    """A name as :func:`shown` shows it, as it is on the disk."""
    return _BYTE.sub(lambda match: os.fsdecode(bytes([int(match[1], 16)])), text)
