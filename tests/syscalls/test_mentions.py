"""Codes and names that one side states, in files and rows that only mention them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs as library
from lsfs.config import Config, ModelConfig
from lsfs.joins import Joined
from lsfs.syscalls.group import Groups

OWN = "Kite Studio Ltd"


def invoice(number: str, customer: str, total: str, day: str = "5 May 2024") -> str:
    return (
        f"{OWN}\n12 Quay Street, Bristol BS1 4QA\n\nINVOICE\n\nInvoice no.: {number}\n"
        f"Invoice date: {day}\n{customer}\n\nTotal due: {total}\n"
    )


FILES = {
    "in/1.txt": invoice("KS-2024-01", "Bill to: Acme Ltd", "£100.00"),
    "in/2.txt": invoice("KS-2024-02", "Bill to: Acme Holdings Ltd", "£200.00"),
    "in/3.txt": invoice("KS-2024-03", "Tide Museum Trust\nQuay House", "£300.00"),
    "in/4.txt": "INVOICE\n\nKS-2024-04 of 4 June 2024\n\nTo: Tide Museum Trust\n\nTotal: £400.00\n",
    "in/5.txt": f"Invoice to Hollis & Reid Architects Ltd\nNumber KS-2024-05, 5 June 2024\nfrom "
    f"{OWN}\n\nAmount due: £500.00\n",
    "in/6.txt": invoice("123456", "Bill to: Acme Ltd", "£600.00"),
    "in/7.txt": invoice("KS-2024-07", "Bill to: Otter GmbH", "£7.00"),
    "in/8.txt": invoice("KS-2024-08", "Bill to: Heron AG", "£8.00"),
    "deals/tide.txt": "CONTRACT\n\nThis contract is made between Tide Museum Trust of 3 Quay, "
    f"Cardiff and {OWN} of Bristol.\nDated 2 May 2024.\n",
    "deals/reid.txt": "Agreement\n\nBetween Hollis and Reid Architects Ltd (7 Yard, Bath) and "
    f"{OWN}.\n\nEffective 2 May 2024.\n",
    "bank/list.csv": "Date,Description,Paid in,Paid out\n"
    "01/06/2024,ACME LTD KS-2024-01,100.00,\n"
    "02/06/2024,ACME HOLDINGS KS-2024-02-B,200.00,\n"
    "03/06/2024,TIDE MUSEUM TRUST REF KS 2024 03,300.00,\n"
    "04/06/2024,OLD TIDE MUSEUM TRUST,400.00,\n"
    "05/06/2024,TIDE MUSEUM TRUST FRIENDS,400.00,\n"
    "06/06/2024,EXCHANGE OF EUR 12 34 56 FEE,,3.00\n",
    "banco/lista.csv": "Fecha;Concepto;Importe\n"
    "07/06/2024;TRANSF. OTTER GMBH FRA 7;7,00\n08/06/2024;ADEUDO HERON AG;8,00\n"
    "09/06/2024;NEFT-HERON AG-PART;9,00\n",
    "mail/late.eml": "From: Ann <ann@acme.example>\nTo: Bo <bo@kite.example>\nSubject: Late\n"
    "Date: Mon, 3 Jun 2024 10:00:00 +0000\n\nHello Bo,\n\nKS-2024-01 and KS-2024-03 come late.\n",
    "mail/other.eml": "From: Ann <ann@acme.example>\nTo: Bo <bo@kite.example>\nSubject: Lunch\n"
    "Date: Mon, 3 Jun 2024 10:00:00 +0000\n\nLunch in room XKS-2024-01?\n",
}


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[library.Drive]:
    folder = tmp_path_factory.mktemp("mentions") / "docs"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(folder, config=config, state=str(folder.parent / "state")) as opened:
        opened.wait_indexed()
        yield opened


def pairs(found: Joined) -> list[tuple[str, str]]:
    return [(row.left_place or Path(row.left).stem, Path(row.right).stem) for row in found.rows]


def shape(found: Groups) -> dict[str, list[str]]:
    return {one.label: [Path(file.path).stem for file in one.files] for one in found.groups}


def test_codes_in_the_rows_of_a_bank(drive: library.Drive) -> None:
    found = drive.join("bank", "in", on=("invoice_number",))
    assert pairs(found) == [(":2", "1"), (":4", "3")]  # neither 02-B, nor 12 34 56
    assert [row.score for row in found.rows] == [0.9, 0.9]
    left = drive.join("bank", "in", on=("invoice_number",), how="anti")
    assert pairs(left) == [(place, "") for place in (":3", ":5", ":6", ":7")]


def test_codes_in_the_text_of_mails(drive: library.Drive) -> None:
    assert pairs(drive.join("mail", "in", on=("invoice_number",))) == [("late", "1"), ("late", "3")]
    assert pairs(drive.join("in", "mail", on=("invoice_number",))) == [("1", "late"), ("3", "late")]


def test_names_in_the_rows_of_a_bank_are_whole(drive: library.Drive) -> None:
    found = drive.join("bank", "in", on=("counterparty", "amount"))
    assert pairs(found) == [(":2", "1"), (":3", "2"), (":4", "3")]  # not :5, not :6


def test_the_currency_of_a_remark_is_not_that_of_the_list(drive: library.Drive) -> None:
    found = drive.aggregate("sum", "amount", query="bank")
    assert [(row.unit, row.value) for row in found.rows] == [("", "1397.00")]


def test_names_that_other_files_tell_are_known_where_no_label_is(drive: library.Drive) -> None:
    assert shape(drive.group_by("counterparty", dir="in")) == {
        "Acme Ltd": ["1", "6"], "Acme Holdings Ltd": ["2"], "Tide Museum Trust": ["3", "4"],
        "Hollis & Reid Architects Ltd": ["5"], "Otter GmbH": ["7"], "Heron AG": ["8"],
    }  # fmt: skip
    found = drive.aggregate("sum", "amount", by=("counterparty",), query="in")
    assert {row.group[0]: row.value for row in found.rows} == {
        "Acme Ltd": "700.00", "Acme Holdings Ltd": "200.00", "Tide Museum Trust": "700.00",
        "Hollis & Reid Architects Ltd": "500.00", "Otter GmbH": "7.00", "Heron AG": "8.00",
    }  # fmt: skip
    assert pairs(drive.join("in", "deals", on=("counterparty",))) == [
        ("3", "tide"), ("4", "tide"), ("5", "reid"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "sums"),
    [
        ("How much did we invoice Tide Museum Trust in 2024?", "700.00 GBP in 2 files"),
        ("How much did Tide Museum Trust pay in 2024?", "700.00 GBP in 2 files"),
        ("How much did Tide Museum Trust pay in June 2024?", "400.00 GBP in 1 file"),
    ],
)
def test_what_was_billed_and_paid(drive: library.Drive, question: str, sums: str) -> None:
    assert drive.ask(question).answer.splitlines()[0] == sums


def test_who_is_greeted_by_one_name_is_the_one_that_has_it(tmp_path: Path) -> None:
    texts = {
        "lease.txt": "LEASE\n\nTenant: Daniel Hollis\nDated 3 May 2023\n",
        "letter.txt": "3 June 2023\n\nDear Mr Hollis,\n\nthe rent is late.\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path, config=config, state=str(tmp_path.parent / "greeted")) as opened:
        opened.wait_indexed()
        assert pairs(opened.join("letter.txt", "lease.txt", on=("party",))) == [("letter", "lease")]


def test_an_order_is_addressed_to_the_supplier(tmp_path: Path) -> None:
    text = (
        "PURCHASE ORDER PO-7\n\nTo: Nimbus Gases AG, Zug\nFrom: Kite Studio Ltd\n\nTotal: CHF 9\n"
    )
    (tmp_path / "order.txt").write_text(text)
    bill = "Nimbus Gases AG, Zug\nInvoice 8120\n\nCustomer: Kite Studio Ltd\nTotal CHF 9.00\n"
    (tmp_path / "bill.txt").write_text(bill)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path, config=config, state=str(tmp_path.parent / "ordered")) as opened:
        opened.wait_indexed()
        assert shape(opened.group_by("supplier")) == {"Nimbus Gases AG": ["bill", "order"]}
        assert shape(opened.group_by("customer")) == {"Kite Studio Ltd": ["bill", "order"]}


def test_files_that_mention_a_number_are_in_its_group_and_insurers_are_known_by_name(
    tmp_path: Path,
) -> None:
    texts = {
        "policy.txt": "Helvia Versicherung AG, Basel\n\nVersicherungsschein\n\nPolicennummer: "
        "HV 30-118842\nJahresprämie: 1.310,00 EUR\nVersicherungsnehmer: Kite Studio Ltd\n",
        "other.txt": "Atlantis Assurances SA\n\nPOLICY\n\nPolicy number: AT-5500-7\nAnnual premium "
        "| 588,00 €\nInsured: Kite Studio Ltd\n",
        "claim.txt": "A storm has damaged the roof; please see HV 30-118842 for what is insured.\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path, config=config, state=str(tmp_path.parent / "insured")) as opened:
        opened.wait_indexed()
        assert shape(opened.group_by("policy number")) == {
            "HV 30-118842": ["claim", "policy"], "AT-5500-7": ["other"],
        }  # fmt: skip
        found = opened.aggregate("sum", "premium", by=("insurer",))
        assert {row.group: row.value for row in found.rows} == {
            ("Helvia Versicherung AG",): "1310.00", ("Atlantis Assurances SA",): "588.00",
        }  # fmt: skip


def test_of_many_files_the_full_text_index_tells_which_are_read(
    drive: library.Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsfs.index.join.mentions._FEW", 0)
    assert pairs(drive.join("mail", "in", on=("invoice_number",))) == [("late", "1"), ("late", "3")]
    assert shape(drive.group_by("counterparty", dir="in"))["Tide Museum Trust"] == ["3", "4"]


def test_numbers_in_one_word_or_two_and_of_digits_alone(tmp_path: Path) -> None:
    texts = {
        "lab/rex.txt": "Befund\n\nChipnummer: 276-0774-0013\n",
        "lab/luna.txt": "REPORT\n\nAn animal with chip 276-0555-1234, of 12 March.\n",
        "lab/none.txt": "REPORT\n\nCall 2760 5551 235 at 12.30.\n",
        "pets/rex.txt": "Patient: Rex\nChip number: 276-0774-0013\n",
        "pets/luna.txt": "Patient: Luna\nChip number: 276-0555-1234\n",
        "pets/bo.txt": "Patient: Bo\nChip number: 276-0555-1235\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path, config=config, state=str(tmp_path.parent / "chips")) as opened:
        opened.wait_indexed()
        for key in ("chip number", "Chipnummer"):
            found = opened.join("lab", "pets", on=(key,))
            assert pairs(found) == [("luna", "luna"), ("rex", "rex")]


def test_the_owner_of_a_drive_is_no_customer_in_his_own_papers(tmp_path: Path) -> None:
    head = f"{OWN}\nQuay Street 12, 78464 Konstanz\n\n"
    for n in range(5):
        text = f"{head}INVOICE\n\nInvoice no.: K-{n}\nCustomer: Paul Sauer\n\nTotal: EUR 1.00\n"
        (tmp_path / f"{n}.txt").write_text(text)
    text = f"{head}Paul Sauer\nSeeweg 4\n78465 Konstanz\n\nINVOICE K-5\n\nTotal: EUR 1.00\n"
    (tmp_path / "5.txt").write_text(text)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path, config=config, state=str(tmp_path.parent / "sold")) as opened:
        opened.wait_indexed()
        found = opened.aggregate("sum", "amount", by=("customer",))
        assert [(row.group, row.value) for row in found.rows] == [(("Paul Sauer",), "6.00")]


def test_words_of_a_spanish_bank_are_none_of_a_name(drive: library.Drive) -> None:
    found = drive.join("banco/lista.csv", "in", on=("counterparty",))
    assert {(row.left_place, row.right) for row in found.rows} == {
        (":2", "in/7.txt"), (":3", "in/8.txt"), (":4", "in/8.txt")
    }  # fmt: skip
