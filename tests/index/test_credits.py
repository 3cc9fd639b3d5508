"""What counts against the bills, and what a bill comes to where some of it was paid before."""

from __future__ import annotations

import pytest

from lsfs.index.fields.credits import is_credit

from .test_fields import normal


@pytest.mark.parametrize(
    "text",
    [
        "Pike Ltd\n\nCREDIT NOTE CN-14\nTo: Acme Ltd\n\nTotal credit: 110.00 GBP",
        "Pike Pty Ltd\n\nAdjustment note\n\nTotal incl GST: $110.00",
        "GUTSCHRIFT Nr. G-7\nzu Rechnung 2025-311\n\nGutschriftbetrag: 110,00 €",
        "# Note de crédit\n\nFacture d'origine : V-3\n\nTotal du crédit : 110,00 €",
        "AVOIR N° AV-2\nSur facture V-3\n\nTotal avoir : 110,00 €",
        "NOTA DE CRÉDITO\n\nFactura: 17\n\nTotal: 110,00 €",
        "Refund advice\n\nAmount refunded: $110.00",
        "Subject: Refund for invoice INV-7\n\nHello,\n\nwe have refunded EUR 110.00 to your card.",
    ],
)
def test_a_paper_that_gives_money_back_counts_against_the_bills(text: str) -> None:
    assert is_credit(text)
    assert normal(text)["total"][0].startswith("-110")


@pytest.mark.parametrize(
    "text",
    [
        "INVOICE INV-7\n\nLess credit note CN-3: 10.00\n\nTotal: 110.00 GBP",
        "Statement of account\n\nAdjustment note CR-9 | -49.50\nTotal: 110.00 GBP",
        "Refund policy\n\nGoods may be sent back within a month.\n\nTotal: 110.00 GBP",
        # Of a commission the buyer writes the bill, and it takes nothing back.
        "Gutschrift Nr. 7\n\nProvision im Mai\n\nGesamtbetrag: 110,00 €",
        "Dear Ann,\n\ncould you send me the credit note?\n\nTotal: 110.00 GBP",
    ],
)
def test_what_only_speaks_of_one_does_not(text: str) -> None:
    assert not is_credit(text)
    assert normal(text)["total"][0].startswith("110")


def test_a_sign_that_is_printed_is_not_turned() -> None:
    assert normal("CREDIT NOTE 17\n\nTotal: -110.00 GBP")["total"] == ["-110 GBP"]


def test_what_will_be_refunded_is_no_total() -> None:
    assert "total" not in normal("INVOICE 17\n\nIf it breaks, EUR 20.00 are refunded to you.")


@pytest.mark.parametrize(
    "lines",
    [
        "Total: 880.00 EUR\nLess deposit received: -500.00 EUR\nBalance due: 380.00 EUR",
        "Gesamtbetrag: 880,00 EUR\nAnzahlung: 500,00 EUR\nZu zahlen: 380,00 EUR",
        "Total TTC : 880,00 €\nAcompte versé : 500,00 €\nSolde à payer : 380,00 €",
        "Total: 880.00 EUR\nAmount paid: 380.00 EUR",
    ],
)
def test_a_bill_comes_to_its_total_whatever_was_paid_of_it(lines: str) -> None:
    first, *_ = normal(f"INVOICE 17\n\n{lines}\n")["total"]
    assert first == "880 EUR"


@pytest.mark.parametrize(
    "lines",
    [
        "Total: 400.00 EUR\nDiscount: -20.00 EUR\nNet payable: 380.00 EUR",
        "Total factura: 470,00 EUR\nRetención IRPF a cuenta: -90,00 EUR\nTotal a pagar: 380,00 EUR",
        "Balance due: 380.00 EUR",
    ],
)
def test_what_is_due_counts_where_nothing_was_paid(lines: str) -> None:
    confidence = [one for one in normal(f"INVOICE 17\n\n{lines}\n")["total"] if one == "380 EUR"]
    assert confidence
