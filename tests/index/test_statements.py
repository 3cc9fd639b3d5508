"""Words that name files and say something of a matter are no question for files."""

from __future__ import annotations

from datetime import date

import pytest

from lsfs.index.asked.question import plan

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    "text",
    ["The quota policy has led to empty nets",
     "Reports on diets in the press are often wrong",
     "A manual for nurses is no substitute for training.",
     "Recent reviews show that salt raises blood pressure",
     "Letters of refusal should be short",
     "Verträge sind einzuhalten",
     "Could a bone scan replace the letter of a surgeon?",
     "Can dogs smell the presentation of a disease?",
     "Will reports of floods change the minds of voters?",
     "Water policy in dry regions: who decides?",
     "what contracts muscles",
     "what orders genes on chromosomes",
     "Which museum would receive items on loan?"],
)  # fmt: skip
def test_what_says_something_asks_for_no_files(text: str) -> None:
    assert not plan(text, TODAY).listing


@pytest.mark.parametrize(
    "text",
    ["articles on rents that are rising",
     "notes on how prices are set",
     "contracts Acme has signed",
     "letters I have written to the bank",
     "letters to people my mother has met",
     "articles on tin can recycling",
     'articles on editors, including "what you see is what you get"',
     "the policy that covers the boat",
     "can you show me the invoices of 2023?",
     "Could we see all letters?",
     "what contracts expires",
     "what invoices are due",
     "which contracts have ended?",
     "contracts from 2022 not drafts"],
)  # fmt: skip
def test_a_listing_may_hold_verbs(text: str) -> None:
    assert plan(text, TODAY).listing


@pytest.mark.parametrize(
    "text",
    ["In agreement with the balance sheet, what was the margin?",
     "data which was not in full agreement with theory", "yields are in agreement with theory",
     "on receipt of the goods",
     "what contracts muscles"],
)  # fmt: skip
def test_a_noun_of_a_set_phrase_is_no_kind(text: str) -> None:
    assert plan(text, TODAY).kinds == ()


@pytest.mark.parametrize(
    "text",
    ["Early signs of gout: do we see the whole picture?",
     "Methods for texture analysis. They restore the first image from a noisy one.",
     "Papers about queues. The receiver knows the types of messages"],
)  # fmt: skip
def test_what_is_no_picture_or_mail_is_no_type(text: str) -> None:
    assert plan(text, TODAY).types == ()


@pytest.mark.parametrize(
    "text", ["pictures of the beach", "the whole picture of the team", "Hello! pictures of us",
             "St. Moritz pictures"],
)  # fmt: skip
def test_pictures_are_a_type(text: str) -> None:
    assert plan(text, TODAY).types == ("image",)
