"""Amounts in any currency: what stands at the number, and whose a mark is that several share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lsfs.conditions import AmountBound
from lsfs.currencies import fits, named
from lsfs.index.asked.question import plan
from lsfs.index.join.lists import currency_of
from lsfs.values import numbers

from .test_fields import normal

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("written", "value", "unit", "mark"),
    [
        ("INR 842.00", "842", "INR", ""),
        ("\u20b9 89,680.00", "89680", "INR", ""),
        ("KES 1,250", "1250", "KES", ""),
        ("KSh 500", "500", "KES", ""),
        ("450 PLN", "450", "PLN", ""),
        ("12 z\u0142", "12", "PLN", ""),
        ("12 K\u010d", "12", "CZK", ""),
        ("R$ 1.200,50", "1200.50", "BRL", ""),
        ("A$ 5", "5", "AUD", ""),
        ("US$5", "5", "USD", ""),
        ("$1,200 AUD", "1200", "AUD", ""),
        ("-\u20b95", "-5", "INR", ""),
        ("5 million JPY", "5000000", "JPY", ""),
        ("PHP 1,200.00", "1200", "PHP", ""),
        ("Rs.500/-", "500", "", "Rs"),
        ("Rs 500", "500", "", "Rs"),
        ("kr. 1.200,50", "1200.50", "", "kr"),
        ("450 kr", "450", "", "kr"),
        ("\u00a5500", "500", "", "\u00a5"),
    ],
)
def test_what_stands_at_a_number(written: str, value: str, unit: str, mark: str) -> None:
    (number,) = numbers(f"It is {written} now")
    assert (number.value, number.unit, number.mark) == (Decimal(value), unit, mark)


@pytest.mark.parametrize(
    "written",
    ["PHP 8.1", "CAD 2020", "TRY 5", "try 1,200.00", "inr 842.00", "INR 2.5", "RS 232", "Euro 2023",
     "12 Krakow", "XKES 5", "SEKT 40", "ALL 5", "TOP 10"],
)  # fmt: skip
def test_words_that_are_no_currency(written: str) -> None:
    (number,) = numbers(written)
    assert (number.unit, number.mark) == ("", "")
    assert not named(written) & {"INR", "PHP", "CAD", "TRY", "KES", "SEK"}


@pytest.mark.parametrize(
    ("written", "value"),
    [("1,00,000.00", "100000"), ("12,50,000", "1250000"), ("1,00,00,000", "10000000"),
     ("2,40,000.50", "240000.50")],
)  # fmt: skip
def test_lakhs(written: str, value: str) -> None:
    assert [one.value for one in numbers(f"of {written} now")] == [Decimal(value)]


def test_lists_are_no_lakhs() -> None:
    assert numbers("6,12,25,50,100") == []
    assert numbers("1,00,00") == []


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("Amount (INR)", "INR"), ("KES", "KES"), ("Total | SEK |", "SEK"), ("Price: PLN", "PLN"),
        ("NOK: Mary Smith", ""), ("written in PHP by Ann", ""), ("ILS approach", ""),
        ("A$", "AUD"), ("Amount ($)", "USD"), ("Rs. 500", ""), ("Rs. 500, GSTIN 29", "INR"),
        ("Rs. 500, India and Nepal", ""), ("\u00a5 500, Japan", "JPY"), ("\u00a5 500", ""),
    ],
)  # fmt: skip
def test_what_a_text_names(head: str, code: str) -> None:
    assert currency_of(head) == code


def test_a_shared_mark_has_the_currency_that_the_text_names() -> None:
    rent = "The monthly rent is Rs. 1,48,000/-."
    assert normal(rent)["rent"] == ["148000"]
    assert normal(f"{rent}\nAll sums in rupees (INR).")["rent"] == ["148000 INR"]
    assert normal(f"{rent}\nPAN: ABCPV1188K")["rent"] == ["148000 INR"]
    # Of others that a text names it has none: crowns are no euros.
    assert normal("The monthly rent is 9 500 kr.\nAbout 800 euros.")["rent"][0] == "9500"
    assert normal("The monthly rent is 9 500 kr.\nVAT: 1 900 DKK")["rent"] == ["9500 DKK"]


def test_a_document_tells_its_own_of_several() -> None:
    text = "INVOICE\n\nCurrency: kes\nTotal: 1,250.00\nabout 10 USD or 1,250 KES"
    assert normal(text)["total"][0] == "1250 KES"


def test_a_bound_in_a_question() -> None:
    (bound,) = plan("invoices over 50,000 INR", TODAY).amounts
    assert bound == AmountBound("total", least=50_000, above=True, unit="INR")
    (bound,) = plan("invoices over Rs. 500", TODAY).amounts
    assert bound == AmountBound("total", least=500, above=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Total: $5.00", "USD"),
        ("Total: $5.00\nAll amounts are in Canadian dollars.", "CAD"),
        ("Total: $5.00\nCurrency: AUD", "AUD"),
        ("Total: $5.00\nPrice list (MXN)", "MXN"),
        ("Pike Pty Ltd\nTotal: $5.00", "AUD"),
        ("7 Quay Street, Fremantle WA 6160\nTotal: $5.00", "AUD"),
        ("7 Quay Street, Seattle WA 98101\nTotal: $5.00", "USD"),
        ("1450 chemin du Coteau, Dunham J0E 1M0\nTotal : 5,00 $", "CAD"),
        ("Total: $5.00\nTVQ no. 1012", "CAD"),
        # Of two that a text names the sign is neither's.
        ("Total: $5.00\nUSD 1.00 is CAD 1.36", "USD"),
        ("Total: US$5.00\nPike Pty Ltd", "USD"),
        ("Total: $5.00\nPike Pty Ltd, 1 Main St, Keene, NH 03431, USA", "USD"),
    ],
)
def test_whose_dollars_a_text_means(text: str, code: str) -> None:
    assert normal(text)["total"][0] == f"5 {code}"


def test_a_question_for_dollars_means_those_of_any_country() -> None:
    (bound,) = plan("invoices over 500 dollars", TODAY).amounts
    assert bound.unit == "$"
    assert fits("600 CAD", bound.unit)
    assert not fits("600 AED", bound.unit)
    (bound,) = plan("invoices over 500 USD", TODAY).amounts
    assert not fits("600 CAD", bound.unit)
