"""What banks and shops export: short numbers, initials, lists of orders, columns of any name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs as library
from lsfs.config import Config, ModelConfig
from lsfs.joins import Joined

OWN = "Kite Studio GmbH"
FILES = {
    "bills/1.txt": f"Alder Print Ltd\n\nINVOICE\n\nInvoice no.: 48213\nTo: {OWN}\nTotal: £100.00\n",
    "bills/2.txt": f"Alder Print Ltd\n\nINVOICE\n\nInvoice no.: 0312\nTo: {OWN}\nTotal: £200.00\n",
    "bills/3.txt": f"Alder Print Ltd\n\nINVOICE\n\nInvoice no.: 2025/0117\nTo: {OWN}\nTotal: £9\n",
    "bills/4.txt": f"INVOICE\n\nInvoice no.: AB-4\nFrom: Owen Price\nTo: {OWN}\nTotal: £40.00\n",
    "sales/5.txt": f"{OWN}\n3 Quay Street, Bristol\n\nINVOICE K-5\n\nTide Museum Trust\n"
    "7 Beck Row\nIlkley\n\nTotal: £50.00\n",
    "bank.csv": "Buchungstag;Wertstellung;Text;Betrag\n"
    "20.01.2025;21.01.2025;ALDER PRINT 48213;-100,00\n"
    "03.02.2025;04.02.2025;Inv 0312;-200,00\n"
    "04.02.2025;05.02.2025;Beleg 2025/0117;-9,00\n"
    "05.02.2025;06.02.2025;Abo 0312, 2025/0117;-1,00\n"
    "14.03.2025;15.03.2025;O. PRICE;-40,00\n",
    "releve.csv": "Jour op.;Jour valeur;Libellé;Débit euros;Crédit euros\n"
    "28/04/2025;02/05/2025;VIR RECU TIDE MUSEUM TRUST K-5;;50,00\n"
    "05/05/2025;06/05/2025;VIR EMIS PRICE OWEN;40,00;\n"
    "30/05/2025;30/05/2025;FRAIS;9,90;\n",
    "orders.csv": "Name,Bestelldatum,Status,Billing Name,Total\n"
    "#2001,2025-01-03,paid,Amy Holt,24.00\n#2002,2025-01-05,refunded,Dev Patel,36.50\n",
    "bestellungen.csv": "Bestellnummer;Bestelldatum;Status;Kundennummer;Kunde;Artikel;Summe\n"
    "70011;04.01.2025;fertig;K-101;Bettina Ahrens;Poster;19,90\n"
    "70012;09.01.2025;fertig;K-102;Luc Moreau;Karte;39,80\n"
    "70013;09.02.2025;offen;K-101;Bettina Ahrens;Karte;12,00\n",
    "refunds.csv": "Refund,Order,Refunded amount\nR-1,#2002,36.50\n",
    "order in cells.csv": "PURCHASE ORDER,,\nOrder no.,PO-77,\nItem,Quantity,Price\nPaper,2,3.00\n",
    "clients.csv": "Ref,Name,E-mail\nC1,Amy Holt,a@mel.example\nC2,Dev Patel,d@mel.example\n",
    "shop.csv": "No,E-mail client,Sum\n1,a@mel.example,2\n2,a@mel.example,3\n",
    "mail.txt": "Hello,\n\nour invoice 2025/0117 is open. It was 48213 days.\n",
}


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[library.Drive]:
    folder = tmp_path_factory.mktemp("exports") / "docs"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(folder, config=config, state=str(folder.parent / "state")) as opened:
        opened.wait_indexed()
        yield opened


def pairs(found: Joined) -> list[tuple[str, str]]:
    return [
        (row.left_place or Path(row.left).stem, row.right_place or Path(row.right).stem)
        for row in found.rows
    ]


def test_short_numbers_count_in_a_list_or_behind_a_word_for_them(drive: library.Drive) -> None:
    found = drive.join("bank.csv", "bills", on=("invoice_number",))
    assert pairs(found) == [(":2", "1"), (":3", "2"), (":4", "3")]  # not "Abo 0312, 2025/0117"
    assert pairs(drive.join("mail.txt", "bills", on=("invoice_number",))) == [("mail", "3")]


def test_initials_in_a_list(drive: library.Drive) -> None:
    found = drive.join("bank.csv", "bills", on=("counterparty", "amount"))
    assert (":6", "4") in pairs(found)


def test_a_list_of_orders_is_a_list(drive: library.Drive) -> None:
    found = drive.aggregate("sum", "Summe", by=("Artikel",), query="bestellungen.csv")
    assert [(row.group[0], row.value) for row in found.rows] == [
        ("Karte", "51.80"), ("Poster", "19.90"),
    ]  # fmt: skip
    # But one order in cells is one paper.
    one = drive.join("order in cells.csv", "orders.csv", on=("order_number",), how="left")
    assert pairs(one) == [("order in cells", "")]


def test_a_column_is_read_by_its_own_name_where_the_field_cannot_be_compared(
    drive: library.Drive,
) -> None:
    found = drive.join("refunds.csv", "orders.csv", on=("Order=Name",))
    assert pairs(found) == [(":2", ":3")]


def test_the_day_of_booking_is_the_date(drive: library.Drive) -> None:
    found = drive.aggregate("min", "Betrag", by=("date:month",), query="bank.csv")
    assert [(row.group[0], row.value) for row in found.rows] == [
        ("2025-01", "-100.00"), ("2025-02", "-200.00"), ("2025-03", "-40.00"),
    ]  # fmt: skip


def test_a_bank_s_list_in_other_words(drive: library.Drive) -> None:
    """The first column of days is that of booking; the currency in a head is none of its words."""
    for field in ("Débit euros", "débit"):
        found = drive.aggregate("sum", field, by=("date:month",), query="releve.csv")
        assert [(*row.group, row.value, row.unit) for row in found.rows] == [
            ("2025-05", "49.90", "EUR")
        ]
    april = drive.aggregate("count", by=("date:month",), query="releve.csv")
    assert [row.group[0] for row in april.rows] == ["2025-04", "2025-05"]
    paid = drive.join("releve.csv", "sales", on=("counterparty",))
    assert pairs(paid) == [(":2", "5")]
    assert (":3", "4") in pairs(drive.join("releve.csv", "bills", on=("counterparty",)))


def test_a_column_of_addresses_whatever_its_head(drive: library.Drive) -> None:
    found = drive.join("clients.csv", "shop.csv", on=("email",), how="anti")
    assert pairs(found) == [(":3", "")]


def test_a_supplier_is_no_customer(drive: library.Drive) -> None:
    """Others call the owner a customer; on its own paper it is none."""
    found = drive.aggregate("count", by=("customer",), query="sales")
    assert [row.group[0] for row in found.rows] == ["Tide Museum Trust"]


def test_an_owner_whose_paper_says_more_than_its_name(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    towns = ("Ashford", "Bath", "Cardiff", "Dover", "Ely")
    for n, town in enumerate(towns):
        (source / f"c{n}.txt").write_text(
            f"CONTRACT {n}\n\nContractor: Hollis & Reid\nClient: Alder {town} Ltd\n"
        )
        (source / f"i{n}.txt").write_text(
            f"Hollis & Reid Joinery Ltd\n3 Quay Street, Bristol\n\nINVOICE HR-{n}\n\n"
            f"To: Cedar {town} Ltd\nTotal: £{n + 1}0.00\n"
        )
    for n in range(2):  # neither spelling is in half of the files
        (source / f"o{n}.txt").write_text(
            f"CONTRACT\n\nBetween Elm {towns[n]} Ltd and Fir Mill Ltd.\n"
        )
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(source, config=config, state=str(tmp_path / "state")) as drive:
        drive.wait_indexed()
        found = drive.aggregate("sum", "amount", by=("counterparty",), query="invoices")
    assert [row.group[0] for row in found.rows] == [f"Cedar {town} Ltd" for town in towns]
