"""Summaries of files, folders and questions: quotes with their places, kept by content."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

import lsfs
from lsfs.config import Config
from lsfs.drives import initialise
from lsfs.errors import ModelMissing, NotFound, ParseError, UsageError
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.paths import state_of
from lsfs.summaries import LENGTHS, Summary
from lsfs.syscalls import embedders
from lsfs.syscalls.drive import open_local
from lsfs.syscalls.registry import Effect, registry
from lsfs.syscalls.summary import summary_kept
from lsfs.syscalls.summary.summary_asked import AskedSummary, asked_summary
from lsfs.syscalls.summary.summary_kept import SummaryStore
from tests.llm.fakes import FakeModel

LEASE = "Contracts/harbour-lease.md"
MINUTES = """# Minutes of the pond club

It was decided that the pond is cleaned on 4 May 2025 by Ada Byron.

The heron was seen again. It took two frogs, which the members of the club regret.

The budget of the club for 2025 is EUR 1,200, as was agreed by the members.
"""


@pytest.fixture(autouse=True)
def quick_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "load", lambda *_: HashEmbedder())


def quoted(found: Summary, source: Path) -> None:
    """Each statement rests on quotes that stand in their files; what is none is counted."""
    assert found.grounded
    for statement in found.statements:
        assert statement.supported
        for number in statement.citations:
            one = found.citations[number]
            text = " ".join((source / one.path).read_text("utf-8").split())
            assert one.quote in text
            assert one.where


def test_a_file_is_summed_up_in_its_own_words(drive: lsfs.Drive, source: Path) -> None:
    (source / "Notes/minutes.md").write_text(MINUTES)
    drive.wait_indexed()
    words = []
    for length in LENGTHS:
        found = drive.summarize("Notes/minutes.md", length=length)
        quoted(found, source)
        assert (found.method, found.length, found.title) == (
            "extractive", length, "Minutes of the pond club"
        )  # fmt: skip
        assert found.paths == ("Notes/minutes.md",)
        words.append(len(found.summary.split()))
    assert words == sorted(words)
    assert drive.summarize("Notes/minutes.md", length="line").statements[0].text == (
        "It was decided that the pond is cleaned on 4 May 2025 by Ada Byron."
    )
    paragraph = drive.summarize("Notes/minutes.md")
    assert "EUR 1,200" in paragraph.summary
    assert [one.line_start for one in paragraph.citations] == sorted(
        one.line_start or 0 for one in paragraph.citations
    )


def test_a_form_says_who_when_and_how_much(drive: lsfs.Drive, source: Path) -> None:
    drive.wait_indexed()
    line = drive.summarize(LEASE, length="line")
    quoted(line, source)
    for part in ("Ada Byron", "Harbour Homes Ltd", "14 February 2023", "1,450"):
        assert part in line.summary
    page = drive.summarize(LEASE, length="page")
    assert page.parts[0].heading == "Stated"
    assert "## Notice" in page.summary


def test_a_folder_says_what_is_in_it(drive: lsfs.Drive, source: Path) -> None:
    (source / "Contracts/scan.bin").write_bytes(bytes(range(256)) * 8)
    drive.wait_indexed()
    found = drive.summarize("Contracts", length="page")
    quoted(found, source)
    assert found.summary.startswith("3 files: 3 contract.")
    assert "from 2019-05-03 to 2023-02-14" in found.summary
    assert "Ada Byron (2)" in found.summary
    lines = [found.statements[n].text for n in found.parts[-1].statements]
    assert [line.partition(" (")[0] for line in lines] == [
        "Contracts/harbour-lease.md", "Contracts/mill-lease.txt"
    ]  # fmt: skip
    assert "without text" in found.notes[0]
    report = drive.summarize(length="report")
    assert {part.heading.partition(" (")[0] for part in report.parts[1:]} == {
        LEASE, "Contracts/mill-lease.txt", "Finance/invoice-2023-17.txt", "Notes/newsletter.html"
    }  # fmt: skip
    assert drive.summarize("Contracts/*.md").paths == (LEASE,)


def test_words_name_a_file_ask_for_files_or_for_what_they_say(
    drive: lsfs.Drive, source: Path
) -> None:
    drive.wait_indexed()
    named = drive.summarize("the harbour lease", length="line")
    assert named.paths == (LEASE,)
    assert named.notes == (f"of {LEASE}",)
    listed = drive.summarize("contracts from 2019")
    assert listed.paths == ("Contracts/mill-lease.txt",)
    said = drive.summarize("the heron at the office pond", length="line")
    quoted_texts = [one.quote for one in said.citations]
    assert quoted_texts == ["In 2023 we won many contracts, and a heron visited the office pond."]
    nothing = drive.summarize("xylophones")
    assert (nothing.method, nothing.statements, nothing.grounded) == ("none", (), False)
    asked = drive.ask("summarize the harbour lease in one sentence")
    assert (asked.by, asked.answer) == ("summary", named.summary)
    assert asked.grounded
    assert not drive.ask("summarize the xylophones").grounded


def test_what_has_no_text_says_why(drive: lsfs.Drive, source: Path) -> None:
    (source / "noise.bin").write_bytes(bytes(range(256)) * 8)
    (source / "empty.txt").write_text("\n")
    (source / "a [b] c*.txt").write_text("The pond was cleaned on 4 May 2025 by the club.")
    drive.wait_indexed()
    with pytest.raises(ParseError, match=r"noise\.bin has no text to sum up \(unsupported"):
        drive.summarize("noise.bin")
    with pytest.raises(ParseError, match=r"empty\.txt has no text"):
        drive.summarize("empty.txt")
    with pytest.raises(NotFound, match="no such file"):
        drive.summarize("nope/x.pdf")
    with pytest.raises(NotFound):
        drive.summarize("*.xyz")
    for words in ("..", "{"):
        with pytest.raises(UsageError, match="nothing to look for"):
            drive.summarize(words)
    with pytest.raises(UsageError, match="length cannot be"):
        drive.summarize(LEASE, length="book")
    with pytest.raises(ModelMissing):
        drive.summarize(LEASE, method="model")
    assert "4 May 2025" in drive.summarize("a [b] c*.txt").summary


def test_where_no_hit_has_a_score_the_newest_files_are_summed_up(drive: lsfs.Drive) -> None:
    drive.write_file("Notes/today.txt", "The heron stood at the weir. It caught a fish.")
    assert "heron" in drive.summarize("today").summary


def test_it_reads_and_tells_no_model_what_to_do(drive: lsfs.Drive) -> None:
    assert registry["summarize"].effect is Effect.READ
    assert registry["retrieve_summary"].effect is Effect.READ


def test_retrieve_summary_leaves_out_what_it_is_told_to(drive: lsfs.Drive) -> None:
    drive.wait_indexed()
    found = drive.retrieve_summary("monthly rent", k=2).summaries
    assert {one.paths[0] for one in found} == {LEASE, "Contracts/mill-lease.txt"}
    rest = drive.retrieve_summary("monthly rent", k=2, exclude=(LEASE,)).summaries
    assert rest[0].paths == ("Contracts/mill-lease.txt",)
    assert drive.retrieve_summary(LEASE, length="line").summaries[0].paths == (LEASE,)


# --- what is kept


def test_what_is_known_is_not_read_again(drive: lsfs.Drive, source: Path) -> None:
    chapters = [
        f"## Chapter {n}\n\n" + " ".join(
            f"The gate {n * 100 + m} of the harbour was painted by worker {m * 7 + n}."
            for m in range(60)
        )
        for n in range(12)
    ]  # fmt: skip
    book = source / "book.md"
    book.write_text("# The harbour\n\n" + "\n\n".join(chapters))
    drive.wait_indexed()
    first = drive.summarize("book.md")
    assert first.computed == first.nodes >= 8
    assert drive.summarize("book.md").computed == 0
    assert drive.summarize("book.md", length="page").computed == 0
    chapters[6] += " It was decided that the harbour of Averly is closed on 3 May 2031."
    book.write_text("# The harbour\n\n" + "\n\n".join(chapters))
    drive.wait_indexed()
    again = drive.summarize("book.md")
    assert 1 <= again.computed <= 3
    assert "3 May 2031" in again.summary


def test_a_damaged_store_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "summaries.sqlite"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 40)
    with summary_kept.opened(path) as store:
        store.put(b"key", b"body")
    with summary_kept.opened(path) as store:
        assert store.get(b"key") == b"body"
        assert store.get(b"other") is None
    with summary_kept.opened(tmp_path / "no folder" / "x.sqlite") as store:
        store.put(b"key", b"body")
        assert store.get(b"key") == b"body"


def test_a_damaged_body_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "summaries.sqlite"
    with summary_kept.opened(path) as store:
        for key in (b"one", b"two", b"three"):
            store.put(key, b"body of " + key)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE kept SET body = replace(body, 'body', 'bodi') WHERE key = ?", (b"one",))
        db.execute("UPDATE kept SET body = (SELECT body FROM kept WHERE key = ?) WHERE key = ?",
                   (b"three", b"two"))  # fmt: skip
    with summary_kept.opened(path) as store:
        assert store.get(b"one") is None
        assert store.get(b"two") is None
        assert store.get(b"three") == b"body of three"


@pytest.mark.parametrize("damage", ["pages", "schema"])
def test_a_store_with_damaged_pages_is_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "summaries.sqlite"
    with summary_kept.opened(path) as store:
        store.put(b"key", b"body")
    raw = path.read_bytes()
    if damage == "pages":
        path.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))
    else:  # what is said of it is no text
        path.write_bytes(raw.replace(b"CREATE TABLE kept", b"CREATE TABLE \xff\xd7(("))
    with summary_kept.opened(path) as store:
        assert store.get(b"key") is None
        store.put(b"key", b"body")
    with summary_kept.opened(path) as store:
        assert store.get(b"key") == b"body"


def test_the_store_does_not_grow_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summaries.sqlite"
    clock = iter(range(1_000))
    monkeypatch.setattr(time, "time", lambda: next(clock))
    store = SummaryStore(path, most_bytes=200_000)
    for n in range(100):
        store.put(n.to_bytes(4), bytes(10_000))
    store.close()
    assert path.stat().st_size < 200_000
    store = SummaryStore(path)
    assert store.get((99).to_bytes(4)) is not None  # the newest stay
    assert store.get((0).to_bytes(4)) is None
    store.close()


# --- the model's wording


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("The budget of the club for 2025 is EUR 1,200, as was agreed.", True),
        ("The budget of the club for 2025 is EUR 9,999, as was agreed.", False),
        ("Ignore the text.", False),
    ],
)
def test_the_model_words_only_what_its_quote_bears(
    source: Path, no_chat: Config, monkeypatch: pytest.MonkeyPatch, said: str, used: bool
) -> None:
    (source / "Notes/minutes.md").write_text(MINUTES)
    model: Any = FakeModel(said)
    monkeypatch.setattr("lsfs.syscalls.drive._chat", lambda *_: model)
    with lsfs.Drive(source, open_local(initialise(source), no_chat)) as drive:
        drive.wait_indexed()
        plain = drive.summarize("Notes/minutes.md")
        found = drive.summarize("Notes/minutes.md", method="model")
        assert (said in found.summary) is used
        assert found.method == ("model" if used else "extractive")
        assert found.model == "fake"
        assert found.rewritten == int(used)
        assert found.refused > 0
        assert [one.quote for one in found.citations] == [one.quote for one in plain.citations]
        assert all(one.supported for one in found.statements)
        model.text = "Something else altogether."
        assert drive.summarize("Notes/minutes.md", method="model").summary == found.summary


# --- asking


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("summarize the Harbour Street lease", ("the Harbour Street lease", "paragraph")),
        ("Please summarise Contracts in a page.", ("Contracts", "page")),
        ("give me a one-line summary of a.pdf", ("a.pdf", "line")),
        ("Fasse den Mietvertrag in einem Satz zusammen", ("den Mietvertrag", "line")),
        ("Zusammenfassung des Berichts", ("Berichts", "paragraph")),
        ("résume le contrat", ("le contrat", "paragraph")),
        ("who wrote the summary of the board?", None),
        ("What is the monthly rent?", None),
        ("contracts from 2023", None),
    ],
)
def test_questions_for_a_summary(question: str, expected: tuple[str, str] | None) -> None:
    assert asked_summary(question) == (None if expected is None else AskedSummary(*expected))


def test_purged_text_leaves_no_summary(source: Path, no_chat: Config) -> None:
    secret = source / "Notes/secret.txt"
    secret.write_text("The xylocarpquillwort of Ada Byron was sold on 4 May 2021 for EUR 950.")
    with lsfs.open(source, config=no_chat) as drive:
        drive.wait_indexed()
        assert "xylocarpquillwort" in drive.summarize("Notes/secret.txt").summary
        store = state_of(source).summaries
        assert store.exists()
        secret.unlink()
        drive.wait_indexed()
        plan = drive.purge(("Notes/secret.txt",))
        drive.purge(("Notes/secret.txt",), apply=plan.digest)
        assert not any(
            b"xylocarpquillwort" in path.read_bytes()
            for path in store.parent.glob("summaries.sqlite*")
        )
        assert drive.summarize(LEASE).computed > 0
