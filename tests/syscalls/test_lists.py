"""Questions for a list of values or files, answered from what the files state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.index.asked.fieldquestion import field_question
from lsfs.index.fields.definitions import definitions
from lsfs.syscalls.ask import Answer

TEXTS = {
    "Contracts/harbour-lease.md": "# Residential Lease\n\nThis lease is made on 14 February 2023 "
    "between Ada Byron (tenant) and Harbour Homes Ltd (landlord).\n\nThe lease begins on 1 March "
    "2023 and ends on 28 February 2025. The monthly rent is EUR 1,450.\n",
    "Contracts/mill-lease.txt": "RESIDENTIAL LEASE AGREEMENT\n\nThis agreement is made on 3 May "
    "2019.\n\nLandlord: Old Mill Estates\nTenant: Grace Hopper\n\nThe tenant shall pay a monthly "
    "rent of EUR 700. This lease expires on 30 April 2026.\n",
    "Contracts/house-policy.txt": "HOME INSURANCE POLICY\n\nPolicyholder: Ada Byron\n\nThe annual "
    "premium of the house insurance is EUR 412.\n",
    "Finance/inv-17.txt": "INVOICE\n\nInvoice number: 2023-17\nInvoice date: 20 March 2023\n"
    "Supplier: Painter & Sons\n\nAmount due: EUR 380\nStatus: paid\n",
    "Finance/inv-18.txt": "INVOICE\n\nInvoice number: 2023-18\nInvoice date: 2 April 2023\n"
    "Supplier: Painter and Sons\n\nAmount due: EUR 980\nStatus: unpaid\n",
    "Finance/inv-19.txt": "INVOICE\n\nInvoice number: A-19\nInvoice date: 12 April 2024\n"
    "From: Steel Works plc\n\nTotal: EUR 5,200.00\nTo be paid by 12 May 2024.\n",
    "Finance/inv-21.txt": "INVOICE\n\nInvoice number: 77\nInvoice date: 2 June 2024\n"
    "Vendor: Green Energy AG\n\nTotal: EUR 90.00\nThis invoice is outstanding.\n",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lsfs.Drive]:
    folder = tmp_path_factory.mktemp("office")
    for name, text in TEXTS.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none"))
    with lsfs.open(folder / "files", config=config, state=str(folder / "state")) as drive:
        drive.wait_indexed()
        yield drive


def _rows(answer: Answer) -> list[str]:
    assert answer.by == "rows"
    return [statement.text.partition(": ")[0] for statement in answer.statements]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Who are our suppliers?", ["Painter & Sons", "Green Energy AG", "Steel Works plc"]),
        ("list the tenants", ["Ada Byron", "Grace Hopper"]),
        ("Which landlords do we have?", ["Harbour Homes Ltd", "Old Mill Estates"]),
        ("wer sind unsere Vermieter?", ["Harbour Homes Ltd", "Old Mill Estates"]),
        ("who were our suppliers in 2023?", ["Painter & Sons"]),
        ("which companies billed us in 2023?", ["Painter & Sons"]),
        ("list all invoice numbers", ["2023-17", "2023-18", "77", "A-19"]),
        ("What are our monthly rents?", ["1450 EUR", "700 EUR"]),
        ("when do our leases end?", ["2025-02-28", "2026-04-30"]),
        ("how much is each invoice?", ["5200 EUR", "980 EUR", "380 EUR", "90 EUR"]),
    ],
)
def test_values_with_their_places(office: lsfs.Drive, question: str, rows: list[str]) -> None:
    answer = office.ask(question)
    assert sorted(_rows(answer)) == sorted(rows)
    for statement in answer.statements:
        assert statement.supported and statement.citations
        for number in statement.citations:
            cited = answer.citations[number]
            text = " ".join(TEXTS[cited.path].split())
            assert " ".join(cited.quote.split()) in text


def test_each_file_of_a_value_is_cited(office: lsfs.Drive) -> None:
    answer = office.ask("who were our suppliers in 2023?")
    (painter,) = answer.statements
    cited = [answer.citations[number].path for number in painter.citations]
    assert cited == ["Finance/inv-17.txt", "Finance/inv-18.txt"]


def test_what_invoices_say_of_payment(office: lsfs.Drive) -> None:
    answer = office.ask("which invoices are above 500 euros and unpaid")
    assert [file.path for file in answer.files] == ["Finance/inv-18.txt"]
    assert [one.quote for one in answer.citations] == ["Status: unpaid", "Amount due: EUR 980"]
    assert answer.notes == ("1 more say nothing of payment: Finance/inv-19.txt",)
    unpaid = office.ask("which invoices are unpaid?")
    assert {file.path[-6:] for file in unpaid.files} == {"18.txt", "21.txt"}
    paid = office.ask("which invoices are paid?")
    assert [file.path for file in paid.files] == ["Finance/inv-17.txt"]


def test_no_file_fits_and_which_come_nearest(office: lsfs.Drive) -> None:
    answer = office.ask("which contracts end in 2031?")
    assert not answer.grounded
    assert "looked for: every contract" in answer.answer
    assert "Contracts/mill-lease.txt: 2026-04-30" in answer.answer


def test_a_near_miss_is_not_found_and_says_by_which_word(office: lsfs.Drive) -> None:
    for question, word in (
        ("What is the premium of the car insurance?", "car"),
        ("What is the excess of the house insurance?", "excess"),
        ("What is the rent of Oak Lane?", "Oak"),
    ):
        answer = office.ask(question)
        assert not answer.grounded
        assert f"\u201c{word}\u201d" in answer.answer
    assert office.ask("What is the premium of the home insurance?").grounded


@pytest.mark.parametrize(
    "question",
    [
        "list the contracts",
        "Who signed the contracts?",
        "what is the rent?",
        "which contracts end in 2025?",
        "list the birds that were seen",
        "who are you?",
        "What are the terms of the lease?",
        "",
    ],
)
def test_other_questions_are_no_lists_of_values(question: str) -> None:
    assert field_question(question, definitions({})) is None
