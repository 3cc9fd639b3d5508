"""Documents get the kind that a person would give them, and no other is called a contract."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.facts.dates import fold
from lsfs.index.facts.kinds import broad_names, kin, kind_of, kinds_in, kinds_of_many
from lsfs.index.readers.carried import carried
from lsfs.model import Document

from .conftest import document

DATA = Path(__file__).parent / "data"


def _samples() -> list[tuple[str, str, Document]]:
    samples = []
    for part in (DATA / "kinds.txt").read_text().split("=== ")[1:]:
        head, _, text = part.partition("\n")
        kind, path, media, title = [*map(str.strip, head.split("|")), "", ""][:4]
        document = Document(media or "text/plain", "t", 1, text=text.strip(), title=title)
        samples.append((kind, path, document))
    return samples


SAMPLES = _samples()


def test_there_are_enough_samples() -> None:
    assert len(SAMPLES) >= 60


@pytest.mark.parametrize(("kind", "path", "document"), SAMPLES, ids=[s[1] for s in SAMPLES])
def test_the_kind_is_right(kind: str, path: str, document: Document) -> None:
    read = kind_of(document, path)
    assert read.name == kind, read.reason
    assert bool(read.reason) == bool(read.name)


def test_a_folder_speaks_for_what_is_like_a_contract() -> None:
    text = "This agreement is short. It binds."
    document = Document("text/plain", "t", 1, text=text)
    assert kind_of(document, "Contracts/acme.txt").name == "contract"
    assert kind_of(document, "Other/acme.txt").name == ""


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("contracts from 2023", {"contract"}),
        ("contracts and invoices", {"contract", "invoice"}),
        ("invoice policy", {"policy"}),
        ("non-disclosure agreements", {"contract"}),
        ("bank statements", {"statement"}),
        ("Mietverträge und Rechnungen", {"contract", "invoice"}),
        ("factures", {"invoice"}),
        ("résumés", {"resume"}),
        ("in order to form a report", {"report"}),
        ("which article reports a negative result", set()),
        ("reports that mention a loss", {"report"}),
        ("purchase orders", {"order"}),
        ("performance evaluation of computer systems", set()),
        ("evaluations of 2023", {"report"}),
        ("what is the rent", set()),
        ("", set()),
    ],
)
def test_kinds_in_a_question(words: str, kinds: set[str]) -> None:
    assert kinds_in(words.split()) == kinds


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=40))
def test_never_raises(text: str, path: str) -> None:
    kind_of(Document("text/plain", "t", 1, text=text, title=text[:50]), path)
    kinds_in(text.split())


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("contract", "contract contracts agreement agreements Vertrag Verträge Vereinbarung "
                     "contrat contrats contrato contratto accord"),
        ("invoice", "invoice invoices bill bills Rechnung Rechnungen facture factura fattura"),
        ("letter", "letter letters Brief Briefe Schreiben lettre carta lettera"),
        ("report", "report reports Bericht rapport informe"),
        ("minutes", "minutes Protokoll acta verbale"),
        ("nonesuch", "nonesuch"),
    ],
)  # fmt: skip
def test_broad_names_say_no_more_than_the_kind(kind: str, words: str) -> None:
    assert {fold(word) for word in words.split()} <= broad_names(kind)


def test_a_sort_of_a_kind_is_no_broad_name_of_it() -> None:
    assert not broad_names("contract") & {"lease", "nda", "mietvertrag", "sublease", ""}
    assert broad_names("") == frozenset()
    kinds = {kind for kind, _, _ in SAMPLES} - {""}
    for kind in kinds:
        assert kind in broad_names(kind)
        assert all(fold(word) == word for word in broad_names(kind))


FAMILIES = [
    ("lease", "Leases", "tenancy", "tenancy agreement", "rental agreements", "sublease",
     "Mietverträge", "bail", "contrato de arrendamiento", "contratto di locazione"),
    ("employment contract", "Arbeitsvertrag", "contrats de travail"),
    ("NDA", "non-disclosure", "confidentiality agreement", "Geheimhaltungsvereinbarung"),
    ("licence agreement", "license agreement", "Lizenzvertrag"),
    ("loan agreement", "Darlehensvertrag", "prêt"),
    ("purchase contract", "sale contract", "Kaufvertrag", "contrat de vente"),
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=[family[0] for family in FAMILIES])
def test_kin_are_the_other_words_of_a_family(family: tuple[str, ...]) -> None:
    for word in family:
        assert kin(word) == (kin(family[0]) | {fold(family[0])}) - {fold(word)}


@pytest.mark.parametrize("word", ["", "contract", "invoice", "roof", "agreement"])
def test_other_words_have_no_kin(word: str) -> None:
    assert kin(word) == frozenset()


def test_plurals_of_any_language_ask_for_many() -> None:
    for word in (
        "Briefe",
        "Mietverträge",
        "contratti",
        "letters",
        "Rechnungen",
        "lettere",
        "actas",
    ):
        assert kinds_of_many(word), word
    for word in ("Vertrag", "contratto", "lettera", "lease", "this", "roofs", ""):
        assert not kinds_of_many(word), word


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Phase 2 waits for the partners. Reminders by text message are wanted.", ""),
        ("Dear Ann,\n\nthe partners are waiting for what you have written to us.\n", "letter"),
        ("Die Miete ist zum ersten des Monats fällig und wird nicht mehr eingezogen.", "letter"),
    ],
)
def test_an_english_brief_is_no_german_letter(text: str, kind: str) -> None:
    assert kind_of(Document("text/plain", "t", 1, text=text), "notes/brief.md").name == kind


def test_a_line_that_numbers_and_dates_a_bill_makes_one() -> None:
    head = "Alm GmbH\n\nAlmweg 12\n\n87654 Bergen\n\nNord Markt\n\nTalweg 42\n\n"
    found = kind_of(document(head + "Rechnung # RE-2014/502 von 03.07.2014"), "scan.pdf")
    assert found.name == "invoice"
    other = kind_of(document(head + "Ihre Rechnung Nr. 17 vom 3. Mai liegt bei."), "scan.pdf")
    assert other.name == ""


_BILL = "Dear all,\n\nInvoice no. PP-0417\nSeven cremations\n\nTotal: £455.00\n\nM. Tilly"


@pytest.mark.parametrize(
    ("subject", "body", "kind"),
    [
        ("Invoice PP-0417 for April 2023", _BILL, "invoice"),
        (
            "Rechnung 2024/17",
            "Guten Tag,\n\nRechnungsnummer 2024/17\nGesamtbetrag 80,00 €",
            "invoice",
        ),
        ("Re: Invoice PP-0417", _BILL, ""),
        ("Reminder: invoice PP-0417", _BILL, ""),
        ("Unpaid invoice PP-0417", _BILL, ""),
        ("Invoice PP-0417", "Hello,\n\nInvoice PP-0417 comes by post.", ""),
        ("Holidays", _BILL, ""),
    ],
)
def test_a_mail_is_the_invoice_that_it_states(subject: str, body: str, kind: str) -> None:
    text = f"From: Peaceful Paws\nTo: Office\nSubject: {subject}\nDate: 30 Apr 2023\n\n{body}"
    found = carried(Document("message/rfc822", "t", 1, text=text))
    assert (found.name if found else "") == kind
