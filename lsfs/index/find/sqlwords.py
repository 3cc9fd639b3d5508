"""Functions on words and names that the catalog's SQL calls."""

from __future__ import annotations

import os
import re
import sqlite3
from functools import lru_cache

from lsfs.index.find.foldernames import below_any
from lsfs.index.find.folding import fold

_WORD = re.compile(r"[^\W_]+")
_HONORIFICS = frozenset(("mr", "mrs", "ms", "dr", "prof", "herr", "herrn", "frau", "mme"))
_HEADS = {"from": ("from",), "to": ("to", "cc", "bcc"), "any": ("from", "to", "cc", "bcc")}


def add_functions(db: sqlite3.Connection) -> None:
    """Add the functions that :meth:`lsfs.index.find.filters.Filters.sql` needs to a connection."""
    db.create_function("holds_words", 2, holds_words, deterministic=True)
    db.create_function("holds_any", 2, holds_any, deterministic=True)
    db.create_function("header_names", 3, header_names, deterministic=True)
    db.create_function("written_in", 2, written_in, deterministic=True)
    db.create_function("below_any", 2, below_any, deterministic=True)


def holds_words(words: str, text: object) -> bool:
    """Whether every one of the words stands in a text; case and accents do not matter.

    Args:
        text: text, or a path in bytes; what else a column may hold holds no words.
    """
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    return isinstance(text, str) and _asked(words) <= {*_WORD.findall(fold(text))}


def holds_any(terms: str, text: object) -> bool:
    """Whether a text holds all words of any term, in singular or plural.

    Args:
        terms: one a line.
        text: see :func:`holds_words`.
    """
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if not isinstance(text, str):
        return False
    words = {_singular(word) for word in _WORD.findall(fold(text))}
    return any(term <= words for term in _terms(terms))


def written_in(languages: str, text: object) -> bool:
    """Whether a text is written in one of the languages; a text too short to tell is in none.

    Args:
        languages: one a line, as :func:`lsfs.index.groups.languages.language_of` names them.
    """
    from lsfs.index.groups.languages import language_of

    return isinstance(text, str) and language_of(text)[0] in languages.split("\n")


@lru_cache(maxsize=64)
def _terms(terms: str) -> tuple[frozenset[str], ...]:
    split = (_WORD.findall(fold(term)) for term in terms.split("\n"))
    return tuple(frozenset(map(_singular, words)) for words in split if words)


def _singular(word: str) -> str:
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


@lru_cache(maxsize=64)
def _asked(words: str) -> frozenset[str]:
    named = frozenset(_WORD.findall(fold(words)))
    return named - _HONORIFICS or named


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
