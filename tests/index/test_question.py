"""Questions become filters and words, and tell whether files are asked for."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.question import plan
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
        {"query": "contracts expiring after 2025", "kinds": ("contract",), "listing": True},
    ),
    ("summarise the lease", {"query": "summarise the lease", "kinds": ("contract",)}),
    ("invoice 4711", {"query": "invoice 4711", "kinds": ("invoice",), "listing": True}),
    ("all .docx files changed since Monday",
     {"after": "2026-11-16", "date_field": "mtime", "types": ("docx",), "listing": True}),
    ("everything from 2023", {"listing": True, **YEAR}),
    ("may the force be with you", {"query": "may the force be with you"}),
    ("after:foo rent", {"query": "after:foo rent"}),
    ("dir:../../etc rent", {"query": "rent", "dir": "etc"}),
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


def test_two_bounds_make_one_span_and_two_spans_their_hull() -> None:
    both = plan("contracts since 2021 and before 2023", TODAY)
    assert (both.after, both.before) == ("2021-01-01", "2023-01-01")
    hull = plan("contracts from 2021 or from 2023", TODAY)
    assert (hull.after, hull.before) == ("2021-01-01", "2024-01-01")


def test_written_filters_outrank_prose() -> None:
    read = plan("contracts from 2023 after:2024-01-01", TODAY)
    assert (read.after, read.before) == ("2024-01-01", "")


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
    start = time.perf_counter()
    for question, _ in CASES:
        plan(question, TODAY)
    assert (time.perf_counter() - start) / len(CASES) < 0.005
    start = time.perf_counter()
    plan("from 2023 contracts in " * 1000, TODAY)
    assert time.perf_counter() - start < 2
