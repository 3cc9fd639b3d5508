"""Rows of spreadsheets and CSV files, joined and counted each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from msgspec.structs import replace

import lsfs as library
from lsfs.config import Config, ModelConfig
from tests.syscalls.test_cli import lsfs

PAYMENTS = """Booked on;Payer;Purpose;Invoice no.;Paid (GBP)
03.10.2023;P RAMAN;October;RI-1;1.150,00
04.10.2023;Cole & Sons Ltd;first part;RI-2;600,00
20.10.2023;Cole and Sons;the rest;RI-2;400,50
05.11.2023;Total;fuel, no invoice;RX;12,00
"""

BANK = """Buchungstag;Empfänger/Auftraggeber;Zweck;Betrag;Soll
03.10.2023;Priya Raman;Zahlung RI-1;-1.150,00;1,00
05.10.2023;Cole & Sons Ltd;your invoice RI-2, with thanks;(1.000,50);2.000,00-
;;Summe;-2.150,50;
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("lists") / "docs"
    (source / "invoices").mkdir(parents=True)
    for number, name, total in (
        ("RI-1", "Priya Raman", "1,150.00"),
        ("RI-2", "Cole & Sons Ltd", "1,000.50"),
        ("RI-3", "Priya Raman", "600.00"),
    ):
        text = f"INVOICE\n\nInvoice no.: {number}\nTo: {name}\nTotal due: GBP {total}\n"
        (source / "invoices" / f"{number}.txt").write_text(text)
    (source / "payments.csv").write_text(PAYMENTS)
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("Tenant", "Rent"), ("P. Raman", 1150), ("Lars Berg", 990.5)):
        sheet.append(row)
    book.save(source / "rents.xlsx")
    (source / "bank.csv").write_text(BANK, encoding="latin-1")
    (source / "odd.csv").write_text("Name,Amount\nA B,--\nC D,n/a\nE F,1.2.3\n")
    (source / "releve.csv").write_text(
        "Date op.;Libellé;Débit;Crédit\n15/09/2023;PRLV RI-1;1 150,00;\n"
        "28/11/2023;VIR SALAIRE;;2 310,00\n",
        encoding="utf-8-sig",
    )
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Cash"
    for row in (("Rowing Club",), ("Cash book 2024",), (), ("Day", "Who", "Amount", "Currency"),
                ("2024-01-05", "Voss, Anna", 120, "EUR"), ("2024-02-20", "Oars Inc", -400, "USD"),
                ("Total", "", -280, "")):  # fmt: skip
        sheet.append(row)
    members = book.create_sheet("Members")
    for row in (("No.", "Name", "Fee (EUR)"), (17, "Voss, Anna", 120), (23, "Lars Berg", 60)):
        members.append(row)
    (source / "books").mkdir()
    book.save(source / "books" / "cash.xlsx")
    return source


@pytest.fixture(scope="module")
def drive(folder: Path) -> Iterator[library.Drive]:
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(folder, config=config, state=str(folder.parent / "state")) as opened:
        opened.wait_indexed()
        yield opened


def test_each_row_is_joined_by_itself(drive: library.Drive) -> None:
    joined = drive.join("payments.csv", "invoices", on=("invoice_number",))
    rows = [(row.left, row.left_place, Path(row.right).stem) for row in joined.rows]
    assert rows == [
        ("payments.csv", ":2", "RI-1"), ("payments.csv", ":3", "RI-2"),
        ("payments.csv", ":4", "RI-2"),
    ]  # fmt: skip
    assert joined.left_missing == ("payments.csv:5",)


def test_all_keys_hold_of_one_row(drive: library.Drive) -> None:
    # 600.00 was paid by Cole, and is what Raman was billed: no row has both.
    both = drive.join("invoices", "payments.csv", on=("counterparty", "amount"))
    assert [(Path(row.left).stem, row.right_place) for row in both.rows] == [("RI-1", ":2")]
    lost = drive.join("payments.csv", "invoices", on=("counterparty",), how="anti")
    assert [row.left_place for row in lost.rows] == [":5"]


def test_a_row_with_a_row(drive: library.Drive) -> None:
    joined = drive.join("rents.xlsx", "payments.csv", on=("rent=amount", "tenant=payer"))
    assert [(row.left_place, row.right_place) for row in joined.rows] == [("!Sheet A2:B2", ":2")]


def test_rows_are_added_up(drive: library.Drive) -> None:
    found = drive.aggregate("sum", "amount", by=("payer",), query="payments.csv")
    assert [(row.group[0], row.value, row.unit, row.files) for row in found.rows] == [
        ("Cole & Sons Ltd", "1000.50", "GBP", 2), ("P RAMAN", "1150.00", "GBP", 1),
        ("Total", "12.00", "GBP", 1),
    ]  # fmt: skip
    months = drive.aggregate("count", by=("date:month",), query="payments.csv")
    assert [(row.group[0], row.value) for row in months.rows] == [
        ("2023-10", "3"),
        ("2023-11", "1"),
    ]
    # Beside other files a list is one of them.
    assert drive.aggregate("count").files == 9


def test_a_list_is_no_invoice(drive: library.Drive, folder: Path) -> None:
    kinds = {group.label: group.count for group in drive.group_by("kind").groups}
    assert kinds == {"invoice": 3, "spreadsheet": 6}
    shown = lsfs("join", "payments.csv", "invoices", "--on", "counterparty", "--how", "left",
                 "--drive", str(folder), "--state", str(folder.parent / "state"))  # fmt: skip
    assert "payments.csv:5" in shown.stdout, shown.stderr
    assert "each of its 4 rows by itself" in shown.stdout + shown.stderr


def test_what_a_list_says_of_its_columns(drive: library.Drive) -> None:
    def sums(field: str, query: str, *by: str) -> list[tuple[str, str]]:
        return [
            (row.value, row.unit) for row in drive.aggregate("sum", field, by=by, query=query).rows
        ]

    # The row of sums is none to add up; brackets and a minus behind are signs.
    assert sums("Betrag", "bank.csv") == [("-2150.50", "")]
    assert sums("Soll", "bank.csv") == [("-1999.00", "")]
    assert sums("crédit", "releve.csv") == [("2310.00", "")]
    assert sums("amount", "releve.csv") == [("1160.00", "")]
    assert not sums("amount", "odd.csv")
    # Below a title; the currency in a column; a sheet of members is no cash book.
    assert sums("amount", "books/cash.xlsx") == [("120.00", "EUR"), ("-400.00", "USD")]
    names = drive.aggregate("count", by=("name",), query="books/cash.xlsx")
    assert [row.group[0] for row in names.rows] == ["Lars Berg", "Voss, Anna", ""]


def test_numbers_with_units(drive: library.Drive, folder: Path) -> None:
    """A unit behind a head is none of its words; a mean is not cut to cents."""
    (folder / "assay.csv").write_text(
        "Sample,Dose mg/kg,Mass (g),Länge in cm,Field\n"
        "a,0.125,3,10,x\na,0.0625,4,11,y\nb,1.5e-3,5,12.5,z\n",
        encoding="utf-8",
    )
    asked = (("sum", "dose"), ("avg", "dose"), ("avg", "mass"), ("max", "Länge"))
    found = {
        one: [row.value for row in drive.aggregate(*one, by=("sample",), query="assay.csv").rows]
        for one in asked
    }
    assert found == {
        ("sum", "dose"): ["0.1875", "0.0015"], ("avg", "dose"): ["0.09375", "0.0015"],
        ("avg", "mass"): ["3.50", "5.00"], ("max", "Länge"): ["11.00", "12.50"],
    }  # fmt: skip


def test_what_is_billed_leaves_an_account(drive: library.Drive) -> None:
    paid = drive.join("bank.csv", "invoices", on=("counterparty", "amount"))
    assert [(row.left_place, Path(row.right).stem) for row in paid.rows] == [
        (":2", "RI-1"), (":3", "RI-2"),
    ]  # fmt: skip
    assert "other sign" in paid.rows[0].keys[1].how
    named = drive.join("bank.csv", "invoices", on=("Zweck=invoice_number",))
    assert [Path(row.right).stem for row in named.rows] == ["RI-1", "RI-2"]
