"""Names of what is kept as a file or a directory."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 255  # bytes
_UNFIT = ("Cc", "Cs", "Zl", "Zp")


def is_name(name: str, longest: int = LONGEST_NAME) -> bool:
    """Whether a file or directory below ``.lsfs`` can have this name, of so many bytes at most."""
    fits = "/" not in name and not name.startswith(".")
    return bool(name.strip()) and fits and is_line(name, longest)


def is_line(text: str, longest: int) -> bool:
    """Whether a text has no control characters, only UTF-8, and so many bytes at most."""
    if any(unicodedata.category(character) in _UNFIT for character in text):
        return False
    return len(text.encode()) <= longest
