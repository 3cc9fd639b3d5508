"""Letterheads, roles, mails that are invoices, drafts: papers of a firm with known answers."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

import lsfs
from lsfs.config import Config, ModelConfig

OWN = "Marlow Bright Studio Ltd"
TEXTS = {
    "legal/frame.txt": f"""FRAMEWORK AGREEMENT

This agreement is made on 9 March 2022 between {OWN}, 27 Kiln Lane, Bristol BS1 6QF (the “Client”)
and Brennan Joinery Ltd, 4 Mill Row, Bath BA2 3DQ (the “Contractor”).

Project: Lighthouse
""",
    "legal/sub.txt": f"""SUBCONTRACT

Dated 14 February 2023

Parties: (1) {OWN} of 27 Kiln Lane, Bristol BS1 6QF (the Employer); (2) Brennan Joinery & Sons Ltd
of 90 Dock Road, Cardiff CF10 4BB (the Subcontractor).

Project: Northgate
""",
    "legal/storage.txt": f"""SERVICE AGREEMENT

made on 5 May 2023 between Kade & Waterweg B.V., Prinsengracht 400, Amsterdam and {OWN}.
""",
    "bills/sons.txt": f"""TAX INVOICE

Brennan Joinery & Sons Ltd, 90 Dock Road, Cardiff CF10 4BB

Customer: {OWN}
Invoice No. 0007/23
Issued: 03/04/2023
Order ref: PO-5002
Project: Northgate

Invoice total (GBP) 14,300.00
""",
    "bills/joinery.txt": f"""INVOICE

From: Brennan Joinery Ltd
To: {OWN}
Invoice number BJ-118
Date: 12 January 2023
Project: Lighthouse

Amount payable £2,520.00
""",
    "bills/draft.txt": f"""DRAFT

INVOICE

From: Brennan Joinery Ltd
To: {OWN}
Invoice number BJ-130
Date: 3 October 2023
Project: Lighthouse

Total £900.00
""",
    "bills/storage.txt": f"""Rechnung

Ostermann Logistik GmbH · Speicherstraße 12 · 20457 Hamburg

Rechnungsempfänger: {OWN}
Rechnungsnummer: 2307-55
Rechnungsdatum: 31.07.2023

Gesamtbetrag 1.469,13 €
""",
    "orders/one.txt": "PURCHASE ORDER\n\nPO number\tPO-5002\n"
    "Supplier: Brennan Joinery & Sons Ltd\nOrder total: £14,300.00\n",
    "bank/paid.csv": "Date,Payee,Amount\n2023-01-30,Brennan Joinery Ltd,2520\n"
    "2023-04-28,Brennan Joinery & Sons Ltd,14300\n",
    "reports/site.txt": "Site report\n\nPrepared by: Priya Raman\nDate: 5 June 2023\n\nDry.\n",
    "letters/window.txt": f"""{OWN}
27 Kiln Lane, Bristol BS1 6QF

9 May 2023

Brennan Joinery & Sons Ltd
90 Dock Road
Cardiff CF10 4BB

Dear Mr Brennan,

the windows rattle.

Yours sincerely,
Priya Raman
""",
}
BILL = f"""Kade & Waterweg B.V.
Prinsengracht 400, Amsterdam

INVOICE

Invoice number: KW-{{number}}
Invoice date: 2 October 2023
Bill to: {OWN}

Total due EUR {{total}}
"""
SONS, JOINERY, KADE = "Brennan Joinery & Sons Ltd", "Brennan Joinery Ltd", "Kade & Waterweg B.V."


def _mail(sender: str, subject: str, text: str, attached: str = "") -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = sender, "Priya Raman <priya@marlow.test>"
    message["Subject"], message["Date"] = subject, "Mon, 02 Oct 2023 09:30:00 +0000"
    message.set_content(text)
    if attached:
        message.add_attachment(attached.encode(), "text", "plain", filename="bill.txt")
    return message.as_bytes()


MAILS = {
    "mail/is.eml": _mail("Billing <billing@kade.test>", "KW-1", BILL.format(number=1, total=2400)),
    "mail/has.eml": _mail("Joost Kade <joost@kade.test>", "Our survey", "Please find it attached.",
                          BILL.format(number=2, total=1150)),
    "mail/asks.eml": _mail("Tom Okoye <tom@marlow.test>", "Windows",
                           "Could you look at the invoice again before we pay the total?"),
}  # fmt: skip


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lsfs.Drive]:
    root = tmp_path_factory.mktemp("papers")
    for name, data in ({k: t.encode() for k, t in TEXTS.items()} | MAILS).items():
        path: Path = root / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    config = Config(model=ModelConfig(chat="none", embed="none"))
    with lsfs.open(root / "docs", config=config, state=str(root / "state")) as drive:
        drive.wait_indexed()
        yield drive


def _groups(drive: lsfs.Drive, key: str, query: str = "") -> dict[str, set[str]]:
    found = drive.group_by(key, query=query)
    return {group.label: {file.path for file in group.files} for group in found.groups}


def test_the_other_side(papers: lsfs.Drive) -> None:
    assert _groups(papers, "counterparty") == {
        SONS: {"bills/sons.txt", "legal/sub.txt", "letters/window.txt", "orders/one.txt",
               "bank/paid.csv"},
        JOINERY: {"bills/joinery.txt", "bills/draft.txt", "legal/frame.txt", "bank/paid.csv"},
        KADE: {"mail/is.eml", "mail/has.eml", "legal/storage.txt"},
        "Ostermann Logistik GmbH": {"bills/storage.txt"},
        "Priya Raman": {"mail/asks.eml"}, "Tom Okoye": {"mail/asks.eml"},
    }  # fmt: skip


def test_by_role_behind_an_address(papers: lsfs.Drive) -> None:
    suppliers = _groups(papers, "supplier")
    assert suppliers[JOINERY] >= {"legal/frame.txt", "bills/joinery.txt"}
    assert suppliers[SONS] >= {"legal/sub.txt", "bills/sons.txt", "orders/one.txt"}
    # The agreement does not say who supplies whom; their invoices do.
    assert suppliers[KADE] == {"mail/is.eml", "mail/has.eml", "legal/storage.txt"}
    clients = _groups(papers, "client", query="contracts")
    assert clients == {OWN: {"legal/frame.txt"}}


def test_who_wrote_it(papers: lsfs.Drive) -> None:
    found = _groups(papers, "author")
    assert found["Priya Raman"] == {"reports/site.txt", "letters/window.txt"}
    assert found["Tom Okoye"] == {"mail/asks.eml"}
    assert [f.path for f in papers.ask("reports by Priya Raman").files] == ["reports/site.txt"]


def test_a_mail_that_is_an_invoice_is_both(papers: lsfs.Drive) -> None:
    mails = {"mail/is.eml", "mail/has.eml"}
    kinds = _groups(papers, "kind")
    assert kinds["invoice"] >= mails and "mail/asks.eml" not in kinds["invoice"]
    assert kinds["email"] == {*mails, "mail/asks.eml"}
    for asked, extra in (("invoices from October 2023", {"bills/draft.txt"}),
                         ("e-mails from October 2023", {"mail/asks.eml"})):  # fmt: skip
        assert {file.path for file in papers.ask(asked).files} == mails | extra
    hits = papers.retrieve("survey", kind=("email",)).hits
    assert {hit.path for hit in hits} == {"mail/has.eml"}


def test_sums_by_what_files_state(papers: lsfs.Drive) -> None:
    by_project = papers.aggregate("sum", "total", query="invoices", by=("project",))
    assert [(row.group[0], row.value, row.unit) for row in by_project.rows] == [
        ("Lighthouse", "3420.00", "GBP"), ("Northgate", "14300.00", "GBP"),
        ("", "5019.13", "EUR"),
    ]  # fmt: skip
    assert "drafts that count too: bills/draft.txt" in by_project.notes


def test_joined_on_a_number_that_begins_like_its_label(papers: lsfs.Drive) -> None:
    (row,) = papers.join("invoices", "orders", on=("order_number",)).rows
    assert (row.left, row.right, row.key) == ("bills/sons.txt", "orders/one.txt", "PO-5002")
