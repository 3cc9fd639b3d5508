"""The words of a document, and by them how the end of a line goes on in the next."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsfs_parsers.pdf_lines import Line

HYPHENS = "-\u2010\u00ad"

_WORD = re.compile(r"\w+(?:-\w+)*")
_COMPOUND = re.compile(r"\w+(?:-\w+)+")
_LAST_WORD = re.compile(rf"(\w+)([{HYPHENS}]?)$")
_FIRST_WORD = re.compile(r"\w+")
# Scripts that are written without spaces: kana, ideographs, their punctuation, full-width forms.
_FIRST_UNSPACED = "\u2e80"
_UNSPACED = re.compile(r"[\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


class _Seen:
    """What a pattern finds in texts, in small letters; few are ever asked for."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._found: set[str] = set()
        self._unread: list[str] = []

    def add(self, texts: Iterable[str]) -> None:
        """Look into some texts, once it is asked what is in them."""
        self._unread += texts

    def __contains__(self, text: str) -> bool:
        for unread in self._unread:
            self._found.update(self._pattern.findall(unread.lower()))
        self._unread.clear()
        return text in self._found


class Words:
    """What words occur within lines, where no hyphen can be there by chance."""

    def __init__(self) -> None:
        self._compounds = _Seen(_COMPOUND)
        self._words = _Seen(_WORD)

    def add(self, lines: Iterable[Line]) -> None:
        """Learn the words of some lines, those with hyphens among them."""
        texts = [line.text for line in lines]
        self._words.add(texts)
        self._compounds.add([text for text in texts if "-" in text])

    def joint(self, text: str, after: str, *, divided: bool) -> tuple[str, str]:
        """A line's text, and what stands between it and the next line.

        pdfium takes the hyphen away from a word that it sees divided, from compounds too; which
        one it was is told by the rest of the document.

        Args:
            after: the text of the next line.
            divided: the hyphen was taken away.
        """
        if not divided and text[-1:] not in HYPHENS:
            return text, "" if self._is_unspaced(text, after) else " "
        last, first = _LAST_WORD.search(text), _FIRST_WORD.match(after)
        if last is None or first is None:
            return text, "" if self._is_unspaced(text, after) else " "
        if not divided and not first[0][0].islower():
            return text, ""  # "Jean-" and "Paul", "2019-" and "2020": the hyphen is the word's own
        stem = text[: last.end(1)]
        whole, compound = f"{last[1]}{first[0]}".lower(), f"{last[1]}-{first[0]}".lower()
        keep = compound in self._compounds and whole not in self._words
        return (f"{stem}-" if keep else stem), ""

    @staticmethod
    def _is_unspaced(text: str, after: str) -> bool:
        if text[-1:] < _FIRST_UNSPACED:
            return False
        return bool(_UNSPACED.match(text[-1:]) and _UNSPACED.match(after[:1]))
