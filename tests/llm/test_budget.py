"""What is read for a question stays in its budget, and what answers best is read last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsfs.llm.answers.budget import Rule, chosen, fixed
from lsfs.llm.answers.evidence import Candidate
from lsfs.sentences import sentences


def count(text: str) -> int:
    return len(text.split())


def candidates(passages: list[str], scores: dict[str, float]) -> list[Candidate]:
    """All sentences, best first; those that are not named score 0."""
    found = [
        Candidate(text[a:b], number, a, b, None, 0.0, None, scores.get(text[a:b], 0.0))
        for number, text in enumerate(passages)
        for a, b in sentences(text)
    ]
    return sorted(found, key=lambda one: -one.score)


RENT = "The lease is of 2020. The rent is 900 euros a month. It is due on the first day."
DOGS = "Dogs are not allowed. Cats are. The rent may rise each year by two percent of it."
PASSAGES = [RENT, DOGS, "Nothing of this is about money at all."]
SCORES = {"The rent is 900 euros a month.": 2.0,
          "The rent may rise each year by two percent of it.": 1.5}  # fmt: skip
FOUND = candidates(PASSAGES, SCORES)


def test_the_best_sentences_are_read_and_the_best_one_last() -> None:
    read = chosen(FOUND, PASSAGES, count, Rule(20, near=1.0, around=0, whole=2.0))
    assert read.texts == (
        "The rent may rise each year by two percent of it.", "The rent is 900 euros a month.",
    )  # fmt: skip
    assert (read.passages, read.form, read.tokens) == ((1, 0), "sentences", 18)


def test_what_scores_much_less_is_left_out() -> None:
    read = chosen(FOUND, PASSAGES, count, Rule(100, near=0.4, around=0, whole=2.0))
    assert read.texts == ("The rent is 900 euros a month.",)


def test_those_around_are_read_where_there_is_room() -> None:
    wide = chosen(FOUND, PASSAGES, count, Rule(19, near=0.4, around=1, whole=2.0))
    assert wide.texts == (RENT,) and wide.form == "passages"
    narrow = chosen(FOUND, PASSAGES, count, Rule(10, near=0.4, around=1, whole=2.0))
    assert narrow.texts == ("The rent is 900 euros a month.",) and narrow.form == "sentences"


def test_a_passage_of_which_most_is_taken_is_whole() -> None:
    text = "The rent is 900 euros a month. It is due."
    found = candidates([text], SCORES)
    assert chosen(found, [text], count, Rule(50, around=0, whole=0.6, near=1)).texts == (text,)
    assert chosen(found, [text], count, Rule(8, around=0, whole=0.6, near=1)).tokens == 7


def test_sentences_that_are_not_neighbours_show_the_gap() -> None:
    scores = {"The lease is of 2020.": 1.0, "It is due on the first day.": 0.9}
    found = candidates([RENT], scores)
    read = chosen(found, [RENT], count, Rule(50, near=0.5, around=0, whole=2.0))
    assert read.texts == ("The lease is of 2020. … It is due on the first day.",)


def test_a_short_document_is_read_whole_in_its_order() -> None:
    rule = Rule(60)
    read = chosen(FOUND, PASSAGES, count, rule, document=(0, 2))
    assert read.texts == (RENT, PASSAGES[2]) and read.form == "document"
    assert chosen(FOUND, PASSAGES, count, Rule(20), document=(0, 2)).form != "document"
    assert chosen(FOUND, PASSAGES, count, rule, document=(1, 2)).form != "document"


def test_nothing_to_read() -> None:
    assert chosen([], [], count).form == "none" == fixed([], [], count, 4).form


def test_so_many_passages() -> None:
    assert fixed(FOUND, PASSAGES, count, 2).texts == (DOGS, RENT)
    assert fixed(FOUND, PASSAGES, count, 4, tokens=19).texts == (RENT,)


@given(st.integers(1, 60), st.floats(0, 2), st.integers(0, 2), st.sampled_from([0.5, 2.0]))
def test_the_budget_is_kept(tokens: int, near: float, around: int, whole: float) -> None:
    read = chosen(FOUND, PASSAGES, count, Rule(tokens, near, around, whole))
    assert read.tokens == sum(map(count, read.texts))
    assert "The rent is 900 euros a month." in read.texts[-1]
    assert read.tokens <= max(tokens, 7)  # the best sentence is read whatever the budget
    assert len(read.passages) == len(read.texts) == len(set(read.passages))
