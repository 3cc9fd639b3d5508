"""A pattern is never left out of a text that it matches, and left out of most others."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.index.facts import kindcues
from lsfs.index.facts.literals import Sought, Strings, folded, literals

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
CUES = [sought for _, sought, _, _ in kindcues._CUES]


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [
        (r"governing\s+law", {"governing"}),
        (r"(?:sells|lets) to", {"sells to", "lets to"}),
        (r"invoices?", {"invoice"}),
        (r"in(?:voice|surance) no", {"invoice no", "insurance no"}),
        (r"(?:terms)?\d+", set()),
        (r"a|bc", set()),
        (r"(?:total){2,}", {"total"}),
        (r"(?<=net )amount(?! due)", {"amount"}),
        (r"[tT]otal", {"total"}),
        (r"dépôt", {"dépôt"}),
        (r"straße", {"strasse"}),
    ],
)
def test_needs(pattern: str, needs: set[str]) -> None:
    assert literals(re.compile(pattern)) == needs


@UNTIMED
@given(st.data(), st.sampled_from(CUES), st.text(max_size=20), st.text(max_size=20))
def test_nothing_is_lost(data: st.DataObject, sought: Sought, before: str, after: str) -> None:
    text = before + data.draw(st.from_regex(sought.pattern)) + after
    assert sought.may_match(kindcues._NEEDED.held(folded(text))) or not sought.pattern.search(text)


@UNTIMED
@given(st.sets(st.text(min_size=1, max_size=3)), st.text(st.characters(codec=None)))
def test_strings_that_a_text_holds(wanted: set[str], text: str) -> None:
    strings = Strings(wanted)
    assert strings.held(text) == {one for one in wanted if one in text}
    places = list(strings.places(text))
    assert {text[start:end] for start, end in places} == strings.held(text)
    assert len(places) == sum(text.startswith(w, at) for w in wanted for at in range(len(text)))


@pytest.mark.parametrize(
    "text", ["\u0130NVOICE", "\u0131nvo\u0131ce", "INVOICE", "in\u017fured", "STRASSE", "straße"]
)
def test_forms_that_a_pattern_takes_as_one(text: str) -> None:
    for word in ("invoice", "insured", "strasse", "straße"):
        pattern = re.compile(word, re.IGNORECASE)
        sought = Sought(pattern)
        held = Strings(sought.needs).held(folded(text))
        assert sought.may_match(held) or not pattern.search(text)


def test_most_patterns_are_left_out_of_a_text_about_something_else() -> None:
    text = folded("The heron stands in the shallow water and waits for a fish. " * 20)
    held = kindcues._NEEDED.held(text)
    assert sum(sought.may_match(held) for sought in CUES) < len(CUES) / 5


def test_a_pattern_given_as_text_is_compiled_when_it_is_used() -> None:
    given, compiled = Sought("Invoice no", flags=re.IGNORECASE), re.compile("Invoice no", re.I)
    assert given.needs == literals(compiled) == {"invoice no"}
    assert given._compiled is None
    assert given.pattern is given.pattern
    assert given.pattern == compiled
