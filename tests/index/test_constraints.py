"""Conditions in words: what is left out, types, people, sizes, folders, orders, amounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lsfs import codec
from lsfs.conditions import Conditions
from lsfs.index.asked.question import plan, written
from lsfs.model import QueryPlan

TODAY = date(2026, 11, 23)
DATA = Path(__file__).parent / "data"
GOLD = [json.loads(line) for line in (DATA / "constraints.jsonl").read_text().splitlines()]
FACTS = (DATA / "no_listings.txt").read_text().splitlines()
NONE = (DATA / "no_constraints.txt").read_text().splitlines()
SOFT = ("kinds", "types")  # what "invoices not paid" asks for, however the rest is read


def _wanted(read: dict[str, Any]) -> QueryPlan:
    return codec.from_builtins({"query": "", **read}, QueryPlan)


def _plain(read: QueryPlan) -> dict[str, Any]:
    return {**codec.to_builtins(read), "notes": ()}


def test_the_gold_sets_are_large_enough() -> None:
    assert len(GOLD) >= 180
    assert len(NONE) >= 140


def test_reads_every_condition_exactly() -> None:
    wrong = {}
    for one in GOLD:
        read = plan(one["question"], TODAY)
        if _plain(read) != _plain(_wanted(one["plan"])):
            wrong[one["question"]] = read
    assert not wrong


def test_reads_no_condition_where_there_is_none() -> None:
    wrong = {}
    for text in NONE:
        read = plan(text, TODAY)
        names = [name for name in Conditions.__struct_fields__ if name not in SOFT]
        changed = [name for name in (*names, "sort") if getattr(read, name) != _DEFAULT[name]]
        if changed:
            wrong[text] = changed
    assert not wrong


def test_what_only_counts_is_no_question_for_files() -> None:
    assert len(FACTS) >= 20
    assert [text for text in FACTS if plan(text, TODAY).listing] == []


_DEFAULT = {name: getattr(QueryPlan(""), name) for name in QueryPlan.__struct_fields__}


@pytest.mark.parametrize(
    ("text", "rest", "read"),
    [
        ("rent -type:pdf", "rent", {"not_types": ("pdf",)}),
        ("-dir:archive/old rent", "rent", {"not_dirs": ("archive/old",)}),
        ("rent -acme", "rent", {"not_words": ("acme",)}),
        ('rent -"early end"', "rent", {"not_words": ("early end",)}),
        ("size:>10mb", "", {"min_bytes": 10 * 1024**2 + 1}),
        ("size:1-5mb", "", {"min_bytes": 1024**2, "max_bytes": 5 * 1024**2}),
        ("size:<=2.5kb", "", {"max_bytes": 2560}),
        ("pages:>20", "", {"min_pages": 21}),
        ("pages:3", "", {"min_pages": 3, "max_pages": 3}),
        ("pages:5..10", "", {"min_pages": 5, "max_pages": 10}),
        ("to:bob author:'Jane' x", "x", {"recipient": "bob", "author": "'Jane'"}),
        ('author:"Jane Doe" rent', "rent", {"author": "Jane Doe"}),
        ("on:2023-05", "", {"after": "2023-05-01", "before": "2023-06-01"}),
        ('on:"last month"', "", {"after": "2026-10-01", "before": "2026-11-01"}),
        ("after:2023-05 before:2024", "", {"after": "2023-05-01", "before": "2024-01-01"}),
        ("-on:2022", "", {"not_spans": (("2022-01-01", "2023-01-01"),)}),
        ("due:2023-05", "", {"after": "2023-05-01", "before": "2023-06-01",
                             "date_kinds": ("due",)}),
        ("sort:oldest limit:3", "", {"sort": "oldest", "limit": 3}),
        ("has:attachment", "", {"attachments": True}),
        ("-has:attachment", "", {"attachments": False}),
        ("kind:contracts -kind:invoice", "", {"kinds": ("contract",), "not_kinds": ("invoice",)}),
    ],
)  # fmt: skip
def test_filters_that_are_written_as_such(text: str, rest: str, read: dict[str, Any]) -> None:
    found = written(text, TODAY)
    wanted = QueryPlan(rest, **read)
    assert _plain(found) == _plain(wanted)
    planned = plan(text, TODAY)
    assert all(getattr(planned, name) == value for name, value in read.items())


@pytest.mark.parametrize(
    "text", ["after:foo", "size:huge", "pages:x", "sort:funny", "-sort:oldest", "limit:many", "a-b",
             "state-of-the-art", "- item", "5 -3", "http://x.org", "note: this"],
)  # fmt: skip
def test_what_is_no_filter_stays(text: str) -> None:
    assert written(text, TODAY).query == text


def test_planning_loads_no_dateparser() -> None:
    questions = [one["question"] for one in GOLD]
    code = (
        "import sys, json; from datetime import date; from lsfs.index.asked.question import plan\n"
        "for one in json.loads(sys.stdin.read()): plan(one, date(2026, 11, 23))\n"
        "assert 'dateparser' not in sys.modules"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(
        command,
        input=json.dumps(questions),
        text=True,
        check=True,
        cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_notes_say_how_each_condition_was_read() -> None:
    notes = plan("contracts but not drafts over 20 pages in the folder Legal", TODAY).notes
    assert "'over 20 pages' read as at least 21 pages" in notes
    assert "left out: files called 'drafts'" in notes
    assert any("the folder 'Legal'" in note for note in notes)
    assert "'sort:funny' is no order and was not read" in written("sort:funny", TODAY).notes


@pytest.mark.parametrize(
    ("question", "least", "most"),
    [
        ("facturas mayores de 500 euros", 500, None),
        ("facturen van meer dan 500 euro", 500, None),
        ("factures d'au moins 500 €", 500, None),
        ("Rechnungen kleiner als 500 Euro", None, 500),
        ("factures inférieures à 500 €", None, 500),
        ("fatture inferiori a 500 €", None, 500),
    ],
)
def test_amounts_in_other_languages(question: str, least: float | None, most: float | None) -> None:
    (bound,) = plan(question, TODAY).amounts
    assert (bound.least, bound.most, bound.unit) == (least, most, "EUR")
