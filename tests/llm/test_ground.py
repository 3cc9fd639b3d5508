from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfs.llm.answers.ground import supported
from lsfs.values import dates, numbers

LEASE = "The monthly rent is $1,200.00, due on 3 March 2023 to Acme Corp. of Delaware."


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        ("1,200.00", "1200", ""),
        ("1.200,00", "1200", ""),
        ("1,200", "1200", ""),
        ("1.200", "1.2", ""),
        ("1.200.000", "1200000", ""),
        ("12,5", "12.5", ""),
        ("0.125", "0.125", ""),
        ("0,125", "0.125", ""),
        ("1\u00a0200,50", "1200.5", ""),
        ("1'200.50", "1200.5", ""),
        ("$1.2 million", "1200000", "USD"),
        ("EUR 450", "450", "EUR"),
        ("450 euros", "450", "EUR"),
        ("5 per cent", "5", "%"),
        ("5%", "5", "%"),
        ("-5", "-5", ""),
        ("3rd", "3", ""),
        ("twenty-four", "24", ""),
        ("10k", "10000", ""),
    ],
)
def test_numbers(written: str, value: str, unit: str) -> None:
    (number,) = numbers(f"It is {written} now")
    assert (number.value, number.unit) == (Decimal(value), unit)


def test_the_decimal_mark_is_taken_from_the_text_around() -> None:
    assert [n.value for n in numbers("1.200 und 12,50")] == [Decimal(1200), Decimal("12.5")]
    assert [n.value for n in numbers("1.200", comma=True)] == [Decimal(1200)]
    assert numbers("version 1.2.3") == []


@pytest.mark.parametrize(
    "written",
    [
        "3 March 2023", "3rd March, 2023", "March 3rd, 2023", "Mar. 3, 2023", "2023-03-03",
        "the 3rd of March 2023", "3rd day of March, 2023", "03/03/2023", "3.3.2023",
        "3. M\u00e4rz 2023",
        "MARCH 3 2023",
    ],
)  # fmt: skip
def test_dates(written: str) -> None:
    (found,) = dates(f"on {written}.")
    assert found.readings == {(2023, 3, 3)}
    assert supported(f"It is due on {written}.", [LEASE]).ok


def test_dates_that_are_none() -> None:
    assert dates("31 Feb 2023, 2023-13-01, 99/99/2023, version 1.2.3, 2023") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The rent is 1200 dollars.",
        "The rent is $1,200 a month.",
        "It is due in March 2023.",
        "It is due in March.",
        "It is due on March 3.",
        "In 2023 Acme Corp got it.",
        "Acme's rent is due.",
        "It speaks of the \u201cmonthly rent\u201d.",
        "The rent is due.",
    ],
)
def test_what_the_evidence_says(sentence: str) -> None:
    assert supported(sentence, [LEASE]).missing == ()


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("The rent is $1,300.", "$1,300"),
        ("The rent is \u20ac1,200.", "\u20ac1,200"),
        ("The rent is 1,200%.", "1,200%"),
        ("The rent is -1,200.", "-1,200"),
        ("The rent is $1.2.", "$1.2"),
        ("It is due on 3 April 2023.", "3 April 2023"),
        ("It is due on 3 March 2024.", "3 March 2024"),
        ("It is due in April.", "April"),
        ("It runs for 3 months.", "3"),
        ("It runs for three months.", "three"),
        ("It is not due.", "not"),
        ("It isn't due.", "not"),
        ("Acme Delaware pays.", "Acme Delaware"),
        ("Berlin pays the rent.", "Berlin"),
        ("The rent goes to John Smith.", "John Smith"),
        ("See INV-2023-001.", "INV-2023-001"),
        ("It is due at 10:30.", "10:30"),
        ('It speaks of the "weekly rent".', "weekly rent"),
    ],
)
def test_what_the_evidence_does_not_say(sentence: str, missing: str) -> None:
    grounding = supported(sentence, [LEASE])
    assert not grounding.ok
    assert missing in grounding.missing


def test_a_currency_may_stand_apart_from_its_number() -> None:
    row = "Position | Amount (EUR)\nOffice rent | 1.200,00"
    assert supported("Office rent is 1.200 EUR.", [row]).ok
    assert supported("Office rent is \u20ac1200.", [row]).ok
    assert not supported("Office rent is $1200.", [row]).ok
    assert not supported("Office rent is 1.2 EUR.", [row]).ok


def test_ambiguous_dates_prove_nothing_but_themselves() -> None:
    assert not supported("It was 3 April 2023.", ["Date: 03/04/2023"]).ok
    assert supported("It was 03/04/2023.", ["Date: 03/04/2023"]).ok
    assert supported("It was 31 December 2022.", ["Date: 31/12/2022"]).ok


def test_number_words_and_identifiers() -> None:
    assert supported("Twelve months.", ["a term of 12 months"]).ok
    assert supported("It is 12 months.", ["a term of twelve (12) months"]).ok
    assert supported("The invoice is INV-7/A2.", ["Invoice no.: inv-7/a2"]).ok
    assert not supported("The invoice is INV-7/A3.", ["Invoice no.: INV-7/A2"]).ok


def test_negation() -> None:
    assert not supported("The tenant may keep dogs.", ["The tenant may not keep dogs."]).ok
    assert supported("The tenant may not keep dogs.", ["No dogs: the tenant may never."]).ok
    assert supported("It is invoice 5.", ["Invoice No. 5"]).ok
    two = ["The tenant may not keep dogs.", "The rent is due on Monday."]
    assert supported("The rent is due on Monday.", two).ok


def test_a_run_of_names_must_stand_in_one_piece() -> None:
    evidence = ["Signed by John Smith and Mary Jones."]
    assert supported("It was signed by Mary Jones.", evidence).ok
    assert not supported("It was signed by John Jones.", evidence).ok


def test_without_evidence_only_empty_claims_hold() -> None:
    assert supported("it is so", []).ok
    assert not supported("It costs 5.", []).ok


@given(st.text(max_size=120), st.lists(st.text(max_size=60), max_size=3))
def test_anything_can_be_checked(sentence: str, evidence: list[str]) -> None:
    grounding = supported(sentence, evidence)
    assert grounding.ok == (not grounding.missing)


@given(st.text(alphabet=st.sampled_from(list("AbC 019.,-/%$\u20ac:'\"no Mar")), max_size=60))
def test_a_text_bears_itself(text: str) -> None:
    assert supported(text, [text]).missing == ()


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_forms_of_one_amount(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert supported(f"It costs {english}.", [f"Preis: {german}"]).ok
    assert supported(f"It costs {german}.", [f"price: {english}"]).ok
    assert not supported(f"It costs {amount + 1:,.2f}.", [f"price: {english}"]).ok


@given(st.dates(min_value=date(1901, 1, 1), max_value=date(2098, 12, 31)))
def test_forms_of_one_day(day: date) -> None:
    written = f"{day:%B} {day.day}, {day.year}"
    assert supported(f"It was {day.isoformat()}.", [f"on {written}"]).ok
    assert supported(f"It was {written}.", [f"on {day.day}. {day:%b} {day.year}"]).ok
    other = day + timedelta(days=1)
    assert not supported(f"It was {other.isoformat()}.", [f"on {written}"]).ok
