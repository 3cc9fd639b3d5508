"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import importlib
import re

import pytest

from lsfs import patterns

MODULES = (
    "lsfs.index.facts.datecues", "lsfs.index.facts.dates", "lsfs.index.facts.near",
    "lsfs.index.fields.bylines", "lsfs.index.fields.forms", "lsfs.index.fields.labels",
    "lsfs.index.fields.parties", "lsfs.index.fields.prose", "lsfs.index.fields.undertakings",
    "lsfs.index.find.han",
)  # fmt: skip


def test_a_pattern_is_compiled_when_it_is_first_searched_for() -> None:
    pattern = patterns.later("(", re.IGNORECASE)
    assert (pattern.pattern, pattern.flags) == ("(", re.compile("x", re.IGNORECASE).flags)
    with pytest.raises(re.error):
        pattern.search("text")


def test_it_finds_what_the_pattern_finds() -> None:
    late, now = patterns.later(r"\bI(b)?", re.I), re.compile(r"\bI(b)?", re.I)
    assert late.findall("i ib ab") == now.findall("i ib ab")
    assert late.sub("-", "i ib ab", 1) == now.sub("-", "i ib ab", 1)
    assert late.groups == now.groups


@pytest.mark.parametrize("name", MODULES)
def test_the_patterns_of_the_rules_can_be_compiled(name: str) -> None:
    module = importlib.import_module(name)
    late = [one for one in vars(module).values() if isinstance(one, patterns._Later)]
    assert late
    for one in late:
        re.compile(one.pattern, one.flags)
