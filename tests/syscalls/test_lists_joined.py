"""Rows of spreadsheets and CSV files, joined and counted each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import lsfs as library
from lsfs.config import Config, ModelConfig
from tests.syscalls.test_cli import lsfs

PAYMENTS = """Booked on;Payer;Purpose;Invoice no.;Paid (GBP)
03.10.2023;P RAMAN;October;I-1;1.150,00
04.10.2023;Cole & Sons Ltd;first part;I-2;600,00
20.10.2023;Cole and Sons;the rest;I-2;400,50
05.11.2023;Someone Else;no invoice;;12,00
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("lists") / "docs"
    (source / "invoices").mkdir(parents=True)
    for number, name, total in (
        ("I-1", "Priya Raman", "1,150.00"),
        ("I-2", "Cole & Sons Ltd", "1,000.50"),
        ("I-3", "Priya Raman", "600.00"),
    ):
        text = f"INVOICE\n\nInvoice no.: {number}\nTo: {name}\nTotal due: GBP {total}\n"
        (source / "invoices" / f"{number}.txt").write_text(text)
    (source / "payments.csv").write_text(PAYMENTS)
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("Tenant", "Rent"), ("P. Raman", 1150), ("Lars Berg", 990.5)):
        sheet.append(row)
    book.save(source / "rents.xlsx")
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
        ("payments.csv", ":2", "I-1"), ("payments.csv", ":3", "I-2"), ("payments.csv", ":4", "I-2"),
    ]  # fmt: skip
    assert joined.left_missing == ("payments.csv:5",)


def test_all_keys_hold_of_one_row(drive: library.Drive) -> None:
    # 600.00 was paid by Cole, and is what Raman was billed: no row has both.
    both = drive.join("invoices", "payments.csv", on=("counterparty", "amount"))
    assert [(Path(row.left).stem, row.right_place) for row in both.rows] == [("I-1", ":2")]
    lost = drive.join("payments.csv", "invoices", on=("counterparty",), how="anti")
    assert [row.left_place for row in lost.rows] == [":5"]


def test_a_row_with_a_row(drive: library.Drive) -> None:
    joined = drive.join("rents.xlsx", "payments.csv", on=("rent=amount", "tenant=payer"))
    assert [(row.left_place, row.right_place) for row in joined.rows] == [("!Sheet A2:B2", ":2")]


def test_rows_are_added_up(drive: library.Drive) -> None:
    found = drive.aggregate("sum", "amount", by=("payer",), query="payments.csv")
    assert [(row.group[0], row.value, row.unit, row.files) for row in found.rows] == [
        ("Cole & Sons Ltd", "1000.50", "GBP", 2), ("P RAMAN", "1150.00", "GBP", 1),
        ("Someone Else", "12.00", "GBP", 1),
    ]  # fmt: skip
    months = drive.aggregate("count", by=("date:month",), query="*.csv")
    assert [(row.group[0], row.value) for row in months.rows] == [
        ("2023-10", "3"),
        ("2023-11", "1"),
    ]
    # Beside other files a list is one of them.
    assert drive.aggregate("count").files == 5


def test_a_list_is_no_invoice(drive: library.Drive, folder: Path) -> None:
    kinds = {group.label: group.count for group in drive.group_by("kind").groups}
    assert kinds == {"invoice": 3, "spreadsheet": 2}
    shown = lsfs("join", "payments.csv", "invoices", "--on", "counterparty", "--how", "left",
                 "--drive", str(folder), "--state", str(folder.parent / "state"))  # fmt: skip
    assert "payments.csv:5" in shown.stdout, shown.stderr
    assert "each of its 4 rows by itself" in shown.stdout + shown.stderr
