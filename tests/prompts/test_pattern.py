"""The notation of phrases."""

from __future__ import annotations

import re

import pytest

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.prompt import frames, intents
from lsfs.syscalls.prompt.pattern import pattern
from lsfs.syscalls.prompt.phrases import phrases
from lsfs.syscalls.prompt.reader import READERS
from lsfs.syscalls.registry import registry


def test_choices_options_and_slots() -> None:
    one = pattern("(move|put) [the file] <source:path> (to|into) <destination:path>")
    assert one.first == {"move", "put"}
    assert one.match("PUT the file a.txt into b c") == {"source": "a.txt", "destination": "b c"}
    assert one.match("move a.txt") is None
    assert pattern("[please] ls").first == {"please", "ls"}
    assert pattern("<path> away").first is None


@pytest.mark.parametrize("phrase", ["(a", "a)", "[a", "a]"])
def test_brackets_have_to_fit(phrase: str) -> None:
    with pytest.raises(ValueError, match=re.escape(phrase)):
        pattern(phrase)


def test_every_phrase_is_of_a_kind_that_is_known() -> None:
    for phrase in phrases():
        assert set(phrase.pattern.kinds.values()) <= set(READERS), phrase
        assert phrase.pattern.match("") is None
        assert phrase.syscall or phrase.unclear
        if phrase.syscall in DECLARED:
            fields = {entry.name for entry, _, _ in registry[phrase.syscall].fields()}
            assert set(phrase.fixed) <= fields, phrase


def test_every_example_has_a_label_that_is_known() -> None:
    labels = {label for label, _ in intents.examples()}
    assert set(frames.FRAMES) <= labels
    assert labels - set(frames.FRAMES) == {"ask", "retrieve", "none"}


def test_the_same_wording_is_the_nearest() -> None:
    known = intents.known()
    ranked = known.rank(["delet", "FILE"])
    assert ranked[0][0] == "delete"
    assert ranked == sorted(ranked, key=lambda one: -one[1])
    assert known.rank([]) == []
