"""Texts as one byte a character: folded, looked through and hashed as the texts themselves."""

from __future__ import annotations

import re

import pytest

from lsfs import bytewise
from lsfs.index.facts import near
from lsfs.index.facts.literals import Strings

_LETTERS = [chr(code) for code in range(0x2200)]  # all that either codec has, and many more
_TEXTS = (
    "", "plain 12", "Straße № 7", "„Zitat“ \u2013 3 µm, ÄÖÜ, Œuvre", "日本語 42 と", "٤٢ and 42",
    "\x80\x9f 1", "İstanbul ΣΑΣ", "a\ud800b 5",
)  # fmt: skip


def test_case_is_folded_as_python_does() -> None:
    for char in _LETTERS:
        for text in (char, f"a{char}B", f"\u2019{char}X"):
            assert bytewise.casefold(text) == text.casefold()
            assert bytewise.lower(text) == text.lower()


@pytest.mark.parametrize("text", _TEXTS)
def test_digits_are_found_where_they_stand(text: str) -> None:
    assert list(bytewise.digit_runs(text)) == [run.start() for run in re.finditer(r"\d+", text)]
    shape = bytewise.shape(text)
    assert shape is None or len(shape) == len(text)


@pytest.mark.parametrize("text", _TEXTS)
def test_words_are_hashed_the_same_among_other_letters(text: str) -> None:
    words = " ".join(text.split())
    alone = near._hashed(words.casefold())
    among = near._hashed(f"{words.casefold()} \u4e00")  # which no single byte stands for
    assert list(alone) == list(among[:-1])


@pytest.mark.parametrize("text", _TEXTS)
def test_strings_are_found_where_they_stand(text: str) -> None:
    wanted = Strings(("12", "straße", "a", "œuvre", "42"))
    found = sorted(wanted.places(text.lower()))
    every = (match.span() for one in wanted._wanted for match in re.finditer(one, text.lower()))
    assert found == sorted(every)
