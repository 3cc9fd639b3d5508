"""Documents get the kind that a person would give them, and no other is called a contract."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsfs.index.kinds import kind_of, kinds_in
from lsfs.model import Document

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
        ("purchase orders", {"order"}),
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
