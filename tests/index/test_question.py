"""Questions become filters and words, and tell whether files are asked for."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.asked.question import plan
from lsfs.model import QueryPlan

TODAY = date(2026, 11, 23)
YEAR = {"after": "2023-01-01", "before": "2024-01-01"}
FIELDS = ("query", "after", "before", "date_field", "kinds", "types", "dir", "author", "listing")

CASES: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    (
        "contracts from 2023",
        {"query": "contracts", "kinds": ("contract",), "listing": True, **YEAR},
    ),
    (
        "which contracts were signed in 2023?",
        {"query": "contracts", "kinds": ("contract",), "listing": True, **YEAR},
    ),
    (
        "show me the invoices of last year",
        {"query": "invoices", "after": "2025-01-01", "before": "2026-01-01",
         "kinds": ("invoice",), "listing": True},
    ),
    (
        "What is the monthly rent in the Acme lease?",
        {"query": "What is the monthly rent in the Acme lease", "kinds": ("contract",)},
    ),
    ("How much did we pay Miller in 2023?", {"query": "How much did we pay Miller", **YEAR}),
    (
        "Who signed the NDA with Globex?",
        {"query": "Who signed the NDA with Globex", "kinds": ("contract",)},
    ),
    ("list all pdfs in the folder Legal", {"types": ("pdf",), "dir": "Legal", "listing": True}),
    (
        "spreadsheets modified last week",
        {"after": "2026-11-16", "before": "2026-11-23", "date_field": "mtime",
         "types": ("spreadsheet",), "listing": True},
    ),
    (
        "files changed yesterday",
        {"after": "2026-11-22", "before": "2026-11-23", "date_field": "mtime", "listing": True},
    ),
    (
        "emails from Jane Smith in March 2024",
        {"after": "2024-03-01", "before": "2024-04-01", "types": ("email",),
         "author": "Jane Smith", "listing": True},
    ),
    (
        "reports by Jane Smith",
        {"query": "reports", "kinds": ("report",), "author": "Jane Smith", "listing": True},
    ),
    (
        "contracts signed by Jane Smith",
        {"query": "contracts signed by Jane Smith", "kinds": ("contract",), "listing": True},
    ),
    (
        "type:pdf after:2023-01-01 before:2024-01-01 kind:contracts dir:Legal rent",
        {"query": "rent", "types": ("pdf",), "kinds": ("contract",), "dir": "Legal", **YEAR},
    ),
    ('author:"Jane Smith" budget', {"query": "budget", "author": "Jane Smith"}),
    ("*.xlsx budget", {"query": "budget", "types": ("xlsx",)}),
    (
        "contracts in Legal/2023",
        {"query": "contracts", "kinds": ("contract",), "dir": "Legal/2023", "listing": True},
    ),
    (
        "pdfs in the Finance folder from 2023",
        {"types": ("pdf",), "dir": "Finance", "listing": True, **YEAR},
    ),
    ("documents about insurance", {"query": "insurance", "listing": True}),
    ("last month", {"after": "2026-10-01", "before": "2026-11-01", "listing": True}),
    (
        "do we have any contracts with Acme?",
        {"query": "contracts with Acme", "kinds": ("contract",), "listing": True},
    ),
    ("what are the contract terms", {"query": "what are the contract terms",
                                     "kinds": ("contract",)}),
    ("the rent in the Acme lease", {"query": "rent in the Acme lease", "kinds": ("contract",)}),
    ("When does the lease expire?", {"query": "When does the lease expire",
                                     "kinds": ("contract",)}),
    ("What is Jane's email?", {"query": "What is Jane's email"}),
    ("letters from April Jones", {"query": "letters", "kinds": ("letter",),
                                  "author": "April Jones", "listing": True}),
    ("Verträge aus dem Jahr 2023", {"query": "Verträge", "kinds": ("contract",),
                                    "listing": True, **YEAR}),
    ("factures de 2023", {"query": "factures", "kinds": ("invoice",), "listing": True, **YEAR}),
    (
        "contracts expiring after 2025",
        {"query": "contracts", "kinds": ("contract",), "listing": True, "after": "2026-01-01"},
    ),
    ("summarise the lease", {"query": "summarise the lease", "kinds": ("contract",)}),
    ("invoice 4711", {"query": "invoice 4711", "kinds": ("invoice",), "listing": True}),
    ("all .docx files changed since Monday",
     {"after": "2026-11-16", "date_field": "mtime", "types": ("docx",), "listing": True}),
    ("everything from 2023", {"listing": True, **YEAR}),
    ("may the force be with you", {"query": "may the force be with you"}),
    ("after:foo rent", {"query": "after:foo rent"}),
    ("dir:../../etc rent", {"query": "rent", "dir": "etc"}),
    ("Welche Kündigungsfrist gilt im Rahmenvertrag?",
     {"query": "Welche Kündigungsfrist gilt im Rahmenvertrag", "kinds": ("contract",)}),
    ("gibt es eine Kündigungsfrist", {"query": "gibt es eine Kündigungsfrist"}),
    ("¿Qué plazo tiene el contrato?",
     {"query": "¿Qué plazo tiene el contrato", "kinds": ("contract",)}),
    ("Quels contrats de 2023 ?",
     {"query": "contrats", "kinds": ("contract",), "listing": True, **YEAR}),
    ("Quali contratti scadono nel 2025?",
     {"query": "contratti", "kinds": ("contract",), "listing": True,
      "after": "2025-01-01", "before": "2026-01-01"}),
    ("Briefe an das Finanzamt",
     {"query": "Briefe an das Finanzamt", "kinds": ("letter",), "listing": True}),
    ("lettere alla banca",
     {"query": "lettere alla banca", "kinds": ("letter",), "listing": True}),
    ("Lettres à la banque",
     {"query": "Lettres à la banque", "kinds": ("letter",), "listing": True}),
    ("Al Smith contracts",
     {"query": "Al Smith contracts", "kinds": ("contract",), "listing": True}),
    ("leases that started in 2022",
     {"query": "leases", "kinds": ("contract",), "listing": True,
      "after": "2022-01-01", "before": "2023-01-01"}),
    ("contracts beginning in 2025",
     {"query": "contracts", "kinds": ("contract",), "listing": True,
      "after": "2025-01-01", "before": "2026-01-01"}),
    ("contracts that commence in May 2025",
     {"query": "contracts", "kinds": ("contract",), "listing": True,
      "after": "2025-05-01", "before": "2025-06-01"}),
    ("emails starting in March 2024",
     {"after": "2024-03-01", "types": ("email",), "listing": True}),
    ("messages from Sylvia", {"types": ("email",), "author": "Sylvia", "listing": True}),
    ("mail from Rob Miller", {"types": ("email",), "author": "Rob Miller", "listing": True}),
    ("mails about the roof", {"query": "roof", "types": ("email",), "listing": True}),
    ("all mail", {"types": ("email",), "listing": True}),
    ("mail the contract",
     {"query": "mail the contract", "kinds": ("contract",), "listing": True}),
    ("voice mail", {"query": "voice mail"}),
    ("what did the message say", {"query": "what did the message say"}),
    ("invoices over 1000 dollars",
     {"query": "invoices", "kinds": ("invoice",), "listing": True}),
    ("invoices over $1,000 from 2023",
     {"query": "invoices", "kinds": ("invoice",), "listing": True, **YEAR}),
    ("Which invoices are over 1000 dollars?",
     {"query": "invoices", "kinds": ("invoice",), "listing": True}),
    ("Rechnungen über 1000 Euro",
     {"query": "Rechnungen", "kinds": ("invoice",), "listing": True}),
    ("contracts over 12 months",
     {"query": "contracts over 12 months", "kinds": ("contract",), "listing": True}),
    ("latest invoice", {"query": "invoice", "kinds": ("invoice",), "listing": True}),
    ("show me the most recent contract with Acme",
     {"query": "contract with Acme", "kinds": ("contract",), "listing": True}),
    ("what is the latest invoice",
     {"query": "invoice", "kinds": ("invoice",), "listing": True}),
    ("What is the amount of the latest invoice?",
     {"query": "What is the amount of the latest invoice", "kinds": ("invoice",)}),
    ("die letzte Rechnung", {"query": "Rechnung", "kinds": ("invoice",), "listing": True}),
    ("Quelle est la dernière facture ?",
     {"query": "facture", "kinds": ("invoice",), "listing": True}),
    ("última factura", {"query": "factura", "kinds": ("invoice",), "listing": True}),
    ("latest news", {"query": "latest news"}),
    ("reports on the last contract",
     {"query": "reports on the last contract", "kinds": ("report",), "listing": True}),
    ("Which contracts end in 2025?",
     {"query": "contracts", "kinds": ("contract",), "listing": True,
      "after": "2025-01-01", "before": "2026-01-01"}),
    ("rent by Skylark", {"query": "rent by Skylark"}),
    ("What does the report by Skylark say?",
     {"query": "What does the report by Skylark say", "kinds": ("report",)}),
    ("reports by Skylark",
     {"query": "reports", "kinds": ("report",), "author": "Skylark", "listing": True}),
    ("author:Skylark rent", {"query": "rent", "author": "Skylark"}),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), CASES, ids=[c[0] for c in CASES])
def test_reads_the_question(question: str, expected: dict[str, Any]) -> None:
    read, wanted = plan(question, TODAY), QueryPlan(**{"query": "", **expected})
    assert {f: getattr(read, f) for f in FIELDS} == {f: getattr(wanted, f) for f in FIELDS}


def test_says_each_reading_in_words() -> None:
    notes = plan("pdf contracts from 2023", TODAY).notes
    assert notes[0] == "'from 2023' read as 2023-01-01 … 2023-12-31, dates in the documents"
    assert any("file type pdf" in note for note in notes)
    assert any("contract" in note for note in notes)
    assert "times of change" in plan("files edited last week", TODAY).notes[0]


def test_says_how_orders_amounts_and_other_dates_are_read() -> None:
    latest, amount, other = (
        plan(question, TODAY).notes[0]
        for question in ("latest invoice", "invoices over 1000 dollars", "leases renewed in 2022")
    )
    assert latest == "'latest' read as an order: newest first, 1 of them"
    assert amount == "'over 1000 dollars' read as a bound of the total that a file states"
    assert other == "'in 2022' is said of another date; left as words"


def test_two_bounds_make_one_span_and_two_spans_their_hull() -> None:
    both = plan("contracts since 2021 and before 2023", TODAY)
    assert (both.after, both.before) == ("2021-01-01", "2023-01-01")
    hull = plan("contracts from 2021 or from 2023", TODAY)
    assert (hull.after, hull.before) == ("2021-01-01", "2024-01-01")


def test_written_filters_outrank_prose() -> None:
    read = plan("contracts from 2023 after:2024-01-01", TODAY)
    assert (read.after, read.before) == ("2024-01-01", "")


@pytest.mark.parametrize(
    "question",
    ["inventories at the year end FY2022", "sales in the quarter ended March 2022",
     "report for the fiscal year ending June 2022"],
)  # fmt: skip
def test_the_end_of_a_year_is_no_expiry(question: str) -> None:
    assert plan(question, TODAY).date_kinds == ()
    assert plan("leases of one year ending 2022", TODAY).date_kinds == ("expires",)


@settings(deadline=None)  # the first use of dateparser loads its languages
@given(st.text(max_size=300), st.dates())
def test_never_raises(question: str, today: date) -> None:
    plan(question, today)


WORDS = [*" ".join(question for question, _ in CASES).split(), "in", "*.", "dir:", '"', "/", ".."]


@settings(deadline=None)  # the first use of dateparser loads its languages
@given(st.lists(st.sampled_from(WORDS), max_size=15), st.dates())
def test_never_raises_on_shuffled_questions(words: list[str], today: date) -> None:
    read = plan(" ".join(words), today)
    assert not (read.after and read.before) or read.query is not None
    assert all(".." not in part for part in read.dir.split("/"))


def test_is_fast() -> None:
    start = time.process_time()
    for question, _ in CASES:
        plan(question, TODAY)
    assert (time.process_time() - start) / len(CASES) < 0.05
    start = time.process_time()
    plan("from 2023 contracts in " * 1000, TODAY)
    assert time.process_time() - start < 20
