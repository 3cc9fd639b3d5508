"""Which values fit, and which key is read from what."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lsfs.config import FieldConfig
from lsfs.errors import UsageError
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.meant import role_of, source
from lsfs.index.join.columns import period_of
from lsfs.index.join.figures import figure
from lsfs.index.join.keys import key, with_limits
from lsfs.index.join.matching import At, comparison
from lsfs.model import FieldValue

KNOWN = definitions({"cost_centre": FieldConfig(type="number", labels=("Cost centre",))})


def value(
    normal: str, name: str = "x", *, rule: str = "", confidence: float = 0.9, start: int = 0
) -> FieldValue:
    return FieldValue(name, normal, normal, start, start + len(normal), rule=rule,
                      confidence=confidence)  # fmt: skip


def fitting(on: str, left: str, right: Sequence[str], **limits: str) -> list[str]:
    """The values of the right side that fit, best first."""
    (one,) = with_limits([key(on, KNOWN)], limits.get("within", ""), limits.get("tolerance", ""),
                         0.9)  # fmt: skip
    found = comparison(one, [At(f"{n}.txt", value(text)) for n, text in enumerate(right)])
    return [fit.at.value.normal for fit in found.fits(value(left))]


@pytest.mark.parametrize(
    ("on", "left", "right", "limits", "expected"),
    [
        ("invoice_number", "RE 17-4", ["re17/4", "RE174", "RE175"], {}, ["re17/4", "RE174"]),
        ("invoice_number", "007", ["7", "007"], {}, ["007"]),
        ("reference=invoice_number", "your invoice 2023-17, accounts", ["2023-17", "2023-1"], {},
         ["2023-17"]),
        ("total", "100 EUR", ["100.00 EUR", "100 GBP", "100", "100.01 EUR"], {},
         ["100.00 EUR", "100"]),
        ("total", "100", ["100.00 EUR", "100 GBP", "100"], {}, ["100", "100.00 EUR", "100 GBP"]),
        ("party", "S. Adeyemi", ["Sam Adeyemi", "Samuel Adeyemi"], {},
         ["Sam Adeyemi", "Samuel Adeyemi"]),
        ("party", "S. Adeyemi", ["Sam Adeyemi", "Sarah Adeyemi"], {}, []),
        ("subject", "14 Tanner St, Flat 2", ["Flat 2, 14 Tanner Street, Hove BN1 4QF",
         "14 Tanner Street", "Flat 3, 14 Tanner Street"], {},
         ["Flat 2, 14 Tanner Street, Hove BN1 4QF"]),
        ("project=project no", "P-2301 Relaunch", ["P-2301", "p2301", "P-23", "Relaunch"], {},
         ["P-2301", "p2301"]),
        ("subject", "5 High Street", ["5 High Street, Hove", "5 High Street, Lewes"], {}, []),
        ("total", "100 EUR", ["101 EUR", "99 EUR", "101.02 EUR", "100 USD"], {"tolerance": "1%"},
         ["101 EUR", "99 EUR"]),
        ("total", "-100 EUR", ["-99 EUR", "100 EUR"], {"tolerance": "1%"}, ["-99 EUR"]),
        ("total", "100 EUR", ["104.5 EUR", "95 EUR", "94.99 EUR"], {"tolerance": "5.00"},
         ["104.5 EUR", "95 EUR"]),
        ("total~net", "100 EUR", ["100.9 EUR", "102 EUR"], {}, ["100.9 EUR"]),
        ("date", "2023-05-03", ["2023-05-03", "2023-05-04"], {}, ["2023-05-03"]),
        ("date", "2023-05-03", ["2023-05-10", "2023-05-11", "2023-04-26", "2023-05-04"],
         {"within": "1w"}, ["2023-05-04", "2023-05-10", "2023-04-26"]),
        ("date", "2023-05-03", ["2023-05-10", "2023-04-26"], {"within": "7d after"},
         ["2023-05-10"]),
        ("date", "2023-05-03", ["2023-05-10", "2023-04-26"], {"within": "7d before"},
         ["2023-04-26"]),
        ("term", "P2Y", ["P24M", "P2M"], {}, ["P24M"]),
        ("party", "Acme Ltd", ["ACME Limited", "Acme Holdings Ltd"], {}, ["ACME Limited"]),
        ("party==party", "Acme Ltd", ["ACME Limited", "Acne Ltd"], {}, ["ACME Limited"]),
        ("party", "J. Smith", ["John Smith", "Jane Smith"], {}, []),
        ("party", "J. Smith", ["John Smith", "Jane Smyth"], {}, ["John Smith"]),
    ],
)  # fmt: skip
def test_what_fits(
    on: str, left: str, right: list[str], limits: dict[str, str], expected: list[str]
) -> None:
    assert fitting(on, left, right, **limits) == expected


def test_near_misses_say_what_is_missing() -> None:
    def misses(on: str, left: str, right: list[str]) -> list[str]:
        found = comparison(key(on, KNOWN), [At("r", value(text)) for text in right])
        return [f"{fit.at.value.normal}: {fit.how}" for fit in found.misses(value(left))]

    assert misses("party", "Acme Ltd", ["Acme Holdings Ltd"]) == [
        "Acme Holdings Ltd: holdings in one only"
    ]
    assert misses("total", "100 EUR", ["100 GBP", "100.5 EUR"]) == [
        "100.5 EUR: 0.5 apart", "100 GBP: other currency: EUR and GBP",
    ]  # fmt: skip
    assert misses("date", "2023-05-03", ["2023-05-04"]) == ["2023-05-04: 1 day later"]
    assert misses("order_number", "PO-1001", ["PO-1007", "PO-2345"]) == [
        "PO-1007: differs in one character"
    ]


@pytest.mark.parametrize(
    ("asked", "names", "role", "label"),
    [
        ("Rechnungsnummer", ("invoice_number",), "", ""),
        ("invoice_no", ("invoice_number",), "", ""),
        ("numéro de facture", ("invoice_number",), "", ""),
        ("échéance", ("due",), "", ""),
        ("amount due", ("total",), "", ""),
        ("cost centre", ("cost_centre",), "", ""),
        ("Vermieter", ("party",), "landlord", ""),
        ("supplier", ("party",), "supplier", ""),
        ("party", ("party",), "", ""),
        ("badge", (), "", "badge"),
    ],
)
def test_what_a_name_is_read_from(
    asked: str, names: tuple[str, ...], role: str, label: str
) -> None:
    found = source(asked, KNOWN)
    assert (found.names, found.role, found.label) == (names, role, label)


@pytest.mark.parametrize("asked", ["", "a=", "=b", "total=party", "date=total", "one two " * 4])
def test_what_is_no_key(asked: str) -> None:
    with pytest.raises(UsageError):
        key(asked, KNOWN)


@pytest.mark.parametrize(
    ("within", "tolerance", "threshold"),
    [("soon", "", 0.9), ("", "a little", 0.9), ("7d", "", 0.9), ("", "", 0.2), ("", "1%", 0.9)],
)
def test_limits_that_are_about_no_key(within: str, tolerance: str, threshold: float) -> None:
    with pytest.raises(UsageError):
        with_limits([key("party", KNOWN)], within, tolerance, threshold)


def test_roles_are_told_by_labels() -> None:
    assert role_of("label: vermieter") == "landlord"
    assert role_of("row: bill to") == "customer"
    assert role_of("letterhead") == "supplier"
    assert role_of("between") == ""


def test_the_value_that_counts() -> None:
    total = [value("100 EUR", start=1), value("120 EUR", start=2)]
    assert figure([], (), ()).reason == "states none"
    assert figure(total[:1], (), ()).value == total[0]
    assert figure(total, (), ()).value is None
    assert "100 EUR and 120 EUR" in figure(total, (), ()).reason
    # Net amount and tax tell which it is; a surer reading counts; a label says what is to be paid.
    assert figure(total, [value("100 EUR")], [value("20 EUR")]).value == total[1]
    surer = [value("100 EUR", confidence=0.8), value("120 EUR", confidence=0.95, start=2)]
    assert figure(surer, (), ()).value == surer[1]
    final = [value("100 EUR", rule="row: total"), value("120 EUR", rule="row: total due", start=2)]
    assert figure(final, (), ()).value == final[1]


def test_periods() -> None:
    days = {period: period_of("2024-12-30", period) for period in
            ("year", "quarter", "month", "week", "day", "")}  # fmt: skip
    assert days == {
        "year": "2024", "quarter": "2024-Q4", "month": "2024-12", "week": "2025-W01",
        "day": "2024-12-30", "": "2024-12-30",
    }  # fmt: skip
