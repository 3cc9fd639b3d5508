"""Who sends and gets a printed bill where no label says so, when it is due, what it comes to."""

from __future__ import annotations

import pytest

from lsfs.index.fields.billed import is_bill
from lsfs.index.fields.definitions import definitions
from lsfs.index.fields.extract import fields_of
from lsfs.index.fields.meant import role_of
from lsfs.index.readers.making import facts_of
from lsfs.model import Document, FieldValue
from lsfs_parsers.base import HeldSource
from lsfs_parsers.text import TextParser

KNOWN = definitions()


def parsed(text: str) -> Document:
    data = text.encode()
    return TextParser().parse(
        HeldSource(-1, "a.txt", len(data), media_type="text/plain", data=data)
    )


def values(text: str, name: str) -> list[FieldValue]:
    document = parsed(text)
    found = fields_of(document, facts_of(document, "a.txt").dates, KNOWN)
    return [one for one in found if one.name == name]


def roles(text: str) -> dict[str, str]:
    return {role_of(one.rule): one.value for one in values(text, "party")}


def test_the_register_and_the_capital_tell_the_seller() -> None:
    text = """La table du port
12 quai des Brumes
29200 Brest

Les bons amis
3 rue Haute
35000 Rennes

Facture n° F-2024-17
Total TTC : 60,00 €

La table du port - SARL au capital de 5 000 € - SIRET 123 456 789 00012
"""
    assert roles(text) == {"supplier": "La table du port", "customer": "Les bons amis"}


def test_what_a_firm_must_print_outweighs_the_first_lines() -> None:
    text = """Olga Brandt
5 rue Basse 69100 Villeurbanne

Facture n° 77

Virement - Titulaire du compte : QUAIPRESSE

QUAIPRESSE

Siège social : 8 rue du Port - 92100 Boulogne - Siret 12345678900017
"""
    assert roles(text)["supplier"] == "QUAIPRESSE"


def test_a_domain_tells_whose_name_it_has() -> None:
    text = """Invoice 88
1 May 2024

Blue Heron Pottery
4 Kiln Lane
Stoke ST4 7QX
www.blueheronpottery.co.uk

Marsh Hotel
9 Fen Road
Ely CB7 4AU

Total: GBP 90.00
"""
    assert roles(text) == {"supplier": "Blue Heron Pottery", "customer": "Marsh Hotel"}


def test_a_line_above_the_address_names_the_sender_whatever_it_is_like() -> None:
    text = """tonwerk24.de | Am Markt 3 | 12345 Lehmstadt

Hotel Heide AG
Moorweg 9
54321 Heidedorf

Rechnung 4711
"""
    assert roles(text) == {"supplier": "tonwerk24.de", "customer": "Hotel Heide AG"}


def test_a_label_above_an_address_counts() -> None:
    text = """Tax Invoice 12

Customer:
Fen Farm Ltd
4 Fen Road
Ely CB7 4AU

Marsh Tools Ltd
1 Dyke Road
Wisbech PE13 1AB
"""
    assert roles(text) == {"supplier": "Marsh Tools Ltd", "customer": "Fen Farm Ltd"}


@pytest.mark.parametrize("line", ["Deutschland", "Seite 1 / 1", "Somestreet 42", "Your reference"])
def test_no_names(line: str) -> None:
    text = f"Rechnung 12\n\n{line}\n12345 Lehmstadt\n\nGeschäftsführer: Ute Holm\n"
    assert all(one.value != line for one in values(text, "party"))


def test_a_contract_is_no_bill() -> None:
    text = """Supply contract between Kiln Ltd and Fen Farm Ltd

Kiln Ltd pays each
Invoice 30 days after it came.
Fen Farm Ltd, registered office: 4 Fen Road, Ely
"""
    assert all(one.rule.startswith("between") for one in values(text, "party"))


@pytest.mark.parametrize(
    ("text", "bill"),
    [
        ("Sales Invoice 17", True), ("Rechnungsnummer: 7", True), ("Acme Tools Invoice", True),
        ("The parties agree that an\ninvoice is paid in 30 days", False), ("Berechnung 1", False),
    ],
)  # fmt: skip
def test_what_is_a_bill(text: str, bill: bool) -> None:
    assert is_bill(text) is bill


def test_a_day_below_the_head_for_it() -> None:
    text = "Invoice 7 of 2 May 2024\n\nYour reference Due date Terms\n\nA. Holm 9 June 2024 net\n"
    assert [one.normal for one in values(text, "due")] == ["2024-06-09"]
    assert values(text.replace("net", "or 8 July 2024"), "due") == []


def test_a_day_behind_days_to_pay() -> None:
    text = (
        "Rechnung 7 vom 02.05.2024\n\nZahlbar innerhalb 30 Tagen netto bis 01.06.2024, 3% Skonto.\n"
    )
    assert [one.normal for one in values(text, "due")] == ["2024-06-01"]


def test_labels_in_one_column_and_amounts_in_another() -> None:
    text = "Facture n° 7\n\nTotal HT\n\nTVA 20 %\n\nTotal TTC\n\n50,00 €\n\n10,00 €\n\n60,00 €\n"
    sums = {name: [one.value for one in values(text, name)] for name in ("net", "tax", "total")}
    assert sums == {"net": ["50,00 €"], "tax": ["10,00 €"], "total": ["60,00 €"]}
    assert values(text.replace("10,00 €\n\n", ""), "tax") == []


@pytest.mark.parametrize(
    "label",
    ["Endsumme", "Netto a pagare", "Totaal te betalen", "Montant net à payer", "Solde dû",
     "Total for this invoice", "Líquido a pagar", "Fälliger Betrag"],
)  # fmt: skip
def test_words_for_the_total(label: str) -> None:
    assert [one.value for one in values(f"{label}: 1 234,50 EUR\n", "total")] == ["1 234,50 EUR"]


@pytest.mark.parametrize("title", ["Rechnungskorrektur", "Gutschrift", "Avoir"])
def test_the_number_of_a_credit_note(title: str) -> None:
    text = f"{title} Nr. RK21012345 vom 16.09.2018\n"
    assert [one.normal for one in values(text, "invoice_number")] == ["RK21012345"]


@pytest.mark.parametrize("name", ["Käserei Alm GMBH", "FEN TOOLS LTD.", "Hof Nord eG"])
def test_legal_forms(name: str) -> None:
    text = f"{name}\nMoorweg 9\n54321 Heidedorf\n\nRechnung 7\n"
    assert roles(text)["supplier"].startswith(name.rstrip("."))


def test_australian_papers_tell_who_sends_and_gets_them() -> None:
    text = """Lachlan Reid
Bookkeeping services
9 Wray Avenue, Fremantle WA 6160
ABN 73 204 118 090

Tax invoice 87

Patient: Fen Clinic

Total: $550.00
"""
    assert roles(text) == {"supplier": "Lachlan Reid", "customer": "Fen Clinic"}


def test_a_bill_that_is_told_by_its_number() -> None:
    text = """Your electricity

Account holder: Fen Clinic
Bill number: SRE-902
Amount due: $236.18

Swan River Energy Pty Ltd · ABN 60 331 902 115 · 1 Bridge Road, Perth
"""
    assert roles(text)["supplier"] == "Swan River Energy Pty Ltd"


def test_a_street_without_a_number_is_one_of_an_address() -> None:
    text = "Pike Ltd\n\nTAX INVOICE 7\n\nRovers Football Club\nOval Road\nFremantle WA 6160\n"
    assert roles(text) == {"supplier": "Pike Ltd", "customer": "Rovers Football Club"}
