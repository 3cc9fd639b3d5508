"""Functions on words and names that the catalog's SQL calls."""

from __future__ import annotations

import os
import re
import sqlite3
from functools import lru_cache

from lsfs.index.folding import fold

_WORD = re.compile(r"[^\W_]+")
_HEADS = {"from": ("from",), "to": ("to", "cc", "bcc"), "any": ("from", "to", "cc", "bcc")}


def add_functions(db: sqlite3.Connection) -> None:
    """Add the functions that :meth:`lsfs.index.filters.Filters.sql` needs to a connection."""
    db.create_function("holds_words", 2, holds_words, deterministic=True)
    db.create_function("header_names", 3, header_names, deterministic=True)


def holds_words(words: str, text: object) -> bool:
    """Whether every one of the words stands in a text; case and accents do not matter.

    Args:
        text: text, or a path in bytes; what else a column may hold holds no words.
    """
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    return isinstance(text, str) and _asked(words) <= {*_WORD.findall(fold(text))}


@lru_cache(maxsize=64)
def _asked(words: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(words)))


def header_names(role: str, name: str, text: object) -> bool:
    """Whether the header of a mail at the head of a passage names somebody.

    Args:
        role: ``from``, ``to`` (copies too) or ``any``.
    """
    if not isinstance(text, str) or "From: " not in text[:400]:
        return False
    for line in text[text.index("From: ") :].split("\n\n", 1)[0].split("\n"):
        head, _, value = line.partition(":")
        if head.lower() in _HEADS[role] and holds_words(name, value):
            return True
    return False
