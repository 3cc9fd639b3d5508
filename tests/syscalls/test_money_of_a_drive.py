"""Sums where currencies differ, and where bills are taken back, over a small drive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig

OWN = "Marlow Clinic"
TEXTS = {
    **{
        f"Bills/kestrel-{n}.txt": f"Kestrel Pty Ltd\nABN 88 140 220 619\n\nTax invoice: KM-{n}\n"
        f"Customer: {OWN}\n\nTotal: ${n}.00\n"
        for n in (110, 220, 330)
    },
    "Bills/kestrel credit.txt": "Kestrel Pty Ltd\nABN 88 140 220 619\n\nAdjustment note\n"
    f"Invoice: KM-330\nCustomer: {OWN}\n\nTotal credit: $30.00\n",
    "Bills/pine.txt": f"Invoice 7\nFrom: Pine Inc.\nCustomer: {OWN}\n\nTotal: $100.00\n"
    "All amounts are in Canadian dollars.\n",
    # Nothing in it tells whose dollars these are.
    "Bills/market.txt": f"Invoice 8\nFrom: Market Hall\nCustomer: {OWN}\n\nTotal: $40.00\n",
    "Bills/keene.txt": f"Invoice 9\nFrom: Keene Bottles LLC\n7 Quarry Road, Keene, NH 03431, USA\n"
    f"Customer: {OWN}\n\nTotal: $50.00\n",
    "Contracts/pine.txt": f"LICENCE AGREEMENT\n\nLicensor: Pine Inc.\nLicensee: {OWN}\n",
    "Contracts/linen.txt": f"SERVICE AGREEMENT\n\nSupplier: Linen Ltd\nCustomer: {OWN}\n",
}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lsfs.Drive]:
    folder = tmp_path_factory.mktemp("clinic")
    for name, text in TEXTS.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none"))
    with lsfs.open(folder / "files", config=config, state=str(folder / "state")) as drive:
        drive.wait_indexed()
        yield drive


def test_a_credit_note_is_taken_off_the_bills_of_its_supplier(clinic: lsfs.Drive) -> None:
    rows = clinic.aggregate("sum", "total", by=("supplier",), query="Bills").rows
    assert ("Kestrel Pty Ltd", "AUD", "630.00") in [(*r.group, r.unit, r.value) for r in rows]


def test_sums_by_currency_where_one_paper_leaves_it_to_the_drive(clinic: lsfs.Drive) -> None:
    rows = clinic.aggregate("sum", "total", by=("currency",), query="Bills").rows
    found = {(*row.group, row.unit): row.value for row in rows}
    assert found == {("AUD", "AUD"): "670.00", ("CAD", "CAD"): "100.00", ("USD", "USD"): "50.00"}
    groups = {group.label: group.count for group in clinic.group_by("currency", dir="Bills").groups}
    assert groups == {"AUD": 5, "CAD": 1, "USD": 1}


def test_a_licensor_is_a_supplier_and_not_the_other_way_round(clinic: lsfs.Drive) -> None:
    groups = clinic.group_by("licensor", dir="Contracts").groups
    assert [group.label for group in groups] == ["Pine Inc."]
    groups = clinic.group_by("supplier", dir="Contracts").groups
    assert {group.label for group in groups} == {"Pine Inc.", "Linen Ltd"}


def test_bills_over_so_many_dollars_of_any_country(clinic: lsfs.Drive) -> None:
    answer = clinic.ask("invoices over 90 dollars")
    assert {file.path for file in answer.files} == {
        "Bills/kestrel-110.txt", "Bills/kestrel-220.txt", "Bills/kestrel-330.txt", "Bills/pine.txt",
    }  # fmt: skip
