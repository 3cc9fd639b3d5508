"""Time phrases are read exactly, and nothing else is."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.time.timespan import find

TODAY = date(2026, 11, 23)
DATA = Path(__file__).parent / "data"
PHRASES = [line.split("\t") for line in (DATA / "time_phrases.tsv").read_text().splitlines()]
NO_TIME = (DATA / "no_time.tsv").read_text().splitlines()


def test_the_gold_set_is_large_enough() -> None:
    assert len(PHRASES) >= 500
    assert len(NO_TIME) >= 500


def test_reads_every_phrase_exactly() -> None:
    wrong = {}
    for text, words, start, end in PHRASES:
        found = find(text, TODAY)
        read = [(p.words, str(p.span.start or ""), str(p.span.end or "")) for p in found]
        if read != [(words, start, end)] or text[found[0].start : found[0].end] != words:
            wrong[text] = read
    assert not wrong


def test_reads_no_time_where_there_is_none() -> None:
    assert not {text: found for text in NO_TIME if (found := find(text, TODAY))}


def test_a_list_is_no_range() -> None:
    """ "2021 or 2023" leaves 2022 out; years that touch are one span."""
    (apart,), (touching,) = find("from 2021 or 2023", TODAY), find("from 2021 or 2022", TODAY)
    assert [str(span.start) for span in apart.spans] == ["2021-01-01", "2023-01-01"]
    assert touching.spans == ()
    ((first, last),) = (found.spans for found in find("from 2023, 2019 and 2020", TODAY))
    assert (str(first.end), str(last.start)) == ("2021-01-01", "2023-01-01")


@pytest.mark.parametrize("text", ["letters of {}", "{} letters", "show me letters from {}, please"])
@pytest.mark.parametrize("phrase", ["March 2024", "3 March 2024", "2024-03-03", "last month"])
def test_reads_the_phrase_inside_a_question(text: str, phrase: str) -> None:
    alone, inside = find(phrase, TODAY), find(text.format(phrase), TODAY)
    assert [p.span for p in inside] == [p.span for p in alone]


@pytest.mark.parametrize(
    "words",
    [
        "3 March 2024",
        "March 3, 2024",
        "12 avril 2023",
        "3. März 2024",
        "3 marzo 2024",
        "yesterday",
        "gestern",
        "hier",
        "ayer",
        "ieri",
        "3 days ago",
    ],
)
def test_agrees_with_dateparser_on_days(words: str) -> None:
    from dateparser.date import DateDataParser

    parser = DateDataParser(
        languages=["en", "de", "fr", "es", "it"],
        settings={"RELATIVE_BASE": datetime(2026, 11, 23, 12), "PREFER_DATES_FROM": "past"},
    )
    read = parser.get_date_data(words).date_obj
    text = "d'hier" if words == "hier" else words
    assert [p.span.start for p in find(text, TODAY)] == [read.date()]


def test_months_of_other_languages_come_from_dateparser() -> None:
    found = [find(text, TODAY) for text in ("3 марта 2024", "3 marca 2024", "3 maaliskuuta 2024")]
    assert [p[0].span.start for p in found] == [date(2024, 3, 3)] * 3


def test_says_what_it_assumed() -> None:
    (phrase,) = find("FY2023", TODAY)
    assert "calendar year" in phrase.note


def test_new_year_and_leap_days() -> None:
    assert find("last month", date(2024, 1, 31))[0].span.start == date(2023, 12, 1)
    assert find("a year ago", date(2024, 2, 29))[0].span.start == date(2023, 1, 1)
    assert find("last 1 years", date(2024, 2, 29))[0].span.start == date(2023, 2, 28)
    # There is no such day; the month is what remains of it.
    assert find("29 February 2023", TODAY)[0].words == "February 2023"


@settings(deadline=None)  # the first use of dateparser loads its languages
@given(st.text(max_size=300), st.dates())
def test_never_raises(text: str, today: date) -> None:
    for phrase in find(text, today):
        assert text[phrase.start : phrase.end] == phrase.words


WORDS = [*" ".join(text for text, *_ in PHRASES).split(), "9999", "0", "31", "-", "of", "99999"]


@settings(deadline=None)  # the first use of dateparser loads its languages
@given(st.lists(st.sampled_from(WORDS), max_size=12), st.dates())
def test_never_raises_on_shuffled_phrases(words: list[str], today: date) -> None:
    for phrase in find(" ".join(words), today):
        span = phrase.span
        assert span.start is None or span.end is None or span.start <= span.end
