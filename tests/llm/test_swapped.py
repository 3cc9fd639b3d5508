"""Sentences that are false though every word of them stands in the evidence."""

from __future__ import annotations

import pytest

from lsfs.llm.answers.swapped import swapped

LEASE = "The flat has a monthly rent of 500 euros and a deposit of 1,000 euros."
PARTIES = "This lease is made between Ada Byron (tenant) and Harbour Homes Ltd (landlord)."
SALE = "Ada Byron sold the boat to Grace Hopper on 3 May 2023 and the car on 4 May 2023."
PETS = "The tenant may keep dogs but not cats in the flat."
NOTICE = "Notice is six weeks; the term is 12 months, and the first 3 months are free."


@pytest.mark.parametrize(
    ("sentence", "evidence", "wrong"),
    [
        ("The monthly rent is 1,000 euros.", LEASE, "1,000"),
        ("The deposit is 500 euros.", LEASE, "500"),
        ("The deposit is 1,000 euros and the rent 500.", LEASE, "500"),
        ("Harbour Homes Ltd is the tenant.", PARTIES, "Harbour Homes Ltd"),
        ("The landlord is Ada Byron.", PARTIES, "Ada Byron"),
        ("Grace Hopper sold the boat to Ada Byron.", SALE, "Ada Byron"),
        ("The car was sold on 3 May 2023.", SALE, "3 May 2023"),
        ("The term is 12 weeks.", NOTICE, "12 week"),
        ("The first 12 months are free.", NOTICE, "12"),
        ("The tenant may keep cats but not dogs.", PETS, "not dog"),
        ("The tenant may not keep dogs.", PETS, "not keep"),
        ("The tenant may keep cats.", PETS, "not cat"),
    ],
)
def test_values_in_each_others_place(sentence: str, evidence: str, wrong: str) -> None:
    assert wrong in " / ".join(swapped(sentence, evidence))


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("The monthly rent is 500 euros.", LEASE),
        ("The deposit is 1,000 euros.", LEASE),
        ("The rent is 500 euros and the deposit 1,000 euros.", LEASE),
        ("The tenant is Ada Byron.", PARTIES),
        ("Harbour Homes Ltd is the landlord.", PARTIES),
        ("Ada Byron sold the boat to Grace Hopper.", SALE),
        ("The term is 12 months.", NOTICE),
        ("The first 3 months are free.", NOTICE),
        ("The tenant may keep dogs.", PETS),
        ("The tenant may not have cats in the flat.", "In the flat the tenant may not have cats."),
    ],
)
def test_values_in_their_place(sentence: str, evidence: str) -> None:
    assert swapped(sentence, evidence) == ()


def test_what_cannot_be_told_is_not_said() -> None:
    # "sold" stands nearer to the other day: true, but only a reader knows.
    assert swapped("The car was sold on 4 May 2023.", SALE)


def test_what_is_denied_twice_is_not_denied() -> None:
    evidence = "There is no indication that the deal includes films."
    assert swapped("There is not no indication that the deal includes films.", evidence)
    assert not swapped("There is no indication that the deal includes films.", evidence)
