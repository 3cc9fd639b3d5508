"""The drive as it was: searched with the words and the names of then, and nothing read twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

import lsfs
from lsfs.clock import FixedClock
from lsfs.config import Config, ModelConfig, VersionsConfig
from lsfs.drives import DriveRecord, initialise
from lsfs.errors import Cancelled, UsageError
from lsfs.index.ingest import Work
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.syscalls.drive import LocalCaller, open_local
from lsfs.syscalls.engines import Call
from lsfs.syscalls.retrieve import RetrieveRequest, retrieve
from lsfs.syscalls.search import then as then_module

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERON = "CONTRACT\n\nThe heron stands in the reeds. This agreement is made on 3 May 2019.\n"
OTTER = "INVOICE\n\nAn otter swims upstream. Invoice date: 7 June 2024.\n"
IBIS = "LETTER\n\nAn ibis was seen near the harbour on 9 July 2021.\n"


class Lab(Struct):
    """A drive on a clock that is turned by hand: each change happens on a day of its own."""

    source: Path
    config: Config
    record: DriveRecord
    clock: FixedClock
    drive: lsfs.Drive
    caller: LocalCaller
    events: list[dict[str, Any]] = field(default_factory=list)

    def put(self, path: str, text: str | bytes | None, *, in_place: bool = True) -> str:
        """Write a file, None: remove it; gives a phrase for the moment after."""
        target = self.source / path
        self.tick()
        if text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target if in_place else target.with_name("draft.tmp")
            draft.write_bytes(text.encode() if isinstance(text, str) else text)
            draft.rename(target)
            self.date(path)
        return self.seen()

    def move(self, path: str, target: str) -> str:
        self.tick()
        (self.source / target).parent.mkdir(parents=True, exist_ok=True)
        (self.source / path).rename(self.source / target)
        return self.seen()

    def tick(self) -> None:
        self.clock.set(self.clock.now() + timedelta(days=1))

    def date(self, path: str) -> None:
        now = self.clock.now_ns()
        os.utime(self.source / path, ns=(now, now))

    def seen(self) -> str:
        self.drive.wait_indexed()
        return (self.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%MZ")

    def paths(self, query: str, at: str = "", **options: Any) -> list[str]:
        options.setdefault("mode", "keyword")
        self.clock.set(self.clock.now() + timedelta(hours=2))
        found = self.drive.retrieve(query, at=at, **options)
        return list(dict.fromkeys(hit.path for hit in found.hits))

    @property
    def work(self) -> Work:
        return self.caller.engines.indexer._pipeline.work  # type: ignore[attr-defined, no-any-return]

    def forget(self) -> None:
        """Drop all documents of the past, as a bound or another process may."""
        self.caller.engines.catalog.collect()


def opened(source: Path, config: Config, clock: FixedClock) -> Lab:
    record = initialise(source)
    caller = open_local(record, config, clock=clock)
    events: list[dict[str, Any]] = []
    drive = lsfs.Drive(source, caller, events.append)
    return Lab(source, config, record, clock, drive, caller, events)


@pytest.fixture
def config() -> Config:
    return replace(Config(), model=ModelConfig(chat="none", embed="none"))


@pytest.fixture
def lab(tmp_path: Path, config: Config) -> Iterator[Lab]:
    source = tmp_path / "docs"
    source.mkdir()
    made = opened(source, config, FixedClock(START))
    yield made
    made.drive.close()


# --- what comes back is not read again


@pytest.fixture
def likeness(tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A drive that searches by likeness too, with a model that is quick to load."""
    monkeypatch.setattr("lsfs.syscalls.embedders.load", lambda *_: HashEmbedder())
    source = tmp_path / "docs"
    source.mkdir()
    made = opened(source, config, FixedClock(START))
    yield made
    made.drive.close()


@pytest.mark.parametrize("in_place", [True, False], ids=["written", "renamed over"])
def test_an_earlier_version_that_comes_back_is_neither_parsed_nor_embedded(
    likeness: Lab, in_place: bool
) -> None:
    lab = likeness
    for text in (HERON, OTTER, IBIS):
        lab.put("a.txt", text, in_place=in_place)
    parsed, embedded = lab.work.parsed, lab.work.embedded
    assert (parsed, embedded) == (3, 3)
    lab.put("a.txt", HERON, in_place=in_place)
    lab.put("elsewhere.txt", OTTER, in_place=in_place)
    lab.put("a.txt", IBIS, in_place=in_place)
    assert lab.paths("ibis", mode="hybrid")[0] == "a.txt"
    assert lab.paths("heron reeds", mode="semantic") == []
    lab.put("a.txt", None)
    lab.put("a.txt", HERON, in_place=in_place)
    assert (lab.work.parsed, lab.work.embedded) == (parsed, embedded)
    assert lab.paths("heron") == ["a.txt"]


def test_so_it_is_after_a_restart(lab: Lab) -> None:
    lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    lab.drive.close()
    again = opened(lab.source, lab.config, lab.clock)
    with again.drive:
        again.put("a.txt", HERON)
        assert again.work.parsed == 0
        assert again.paths("heron") == ["a.txt"]


def test_only_so_many_contents_of_a_path_are_retained(lab: Lab) -> None:
    past = lab.caller.engines.past
    for n in range(9):
        lab.put("a.txt", f"The heron stands in reed {n}.")
    lab.put("b.txt", HERON)
    lab.put("b.txt", None)
    assert len(past.recent(5)) == 6
    assert len(past.recent(100)) == 9
    assert past.recent(0) == set()


def test_none_is_retained_when_that_is_asked_for(tmp_path: Path, config: Config) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    lab = opened(source, replace(config, versions=VersionsConfig(indexed=0)), FixedClock(START))
    with lab.drive:
        at = lab.put("a.txt", HERON)
        lab.put("a.txt", OTTER)
        assert lab.caller.engines.catalog.orphans() == 0
        assert lab.paths("heron", at) == ["a.txt"]  # read for this once
        assert lab.paths("heron") == []
        assert lab.caller.engines.catalog.orphans() == 0


# --- the drive as it was


def test_the_words_of_then_are_found_and_those_of_now_are_not(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    after = lab.put("a.txt", OTTER)
    assert lab.paths("heron", before) == ["a.txt"]
    assert lab.paths("otter", before) == []
    assert lab.paths("heron", after) == []
    assert lab.paths("otter", after) == ["a.txt"]
    assert lab.paths("otter", "now") == lab.paths("otter") == ["a.txt"]
    assert lab.paths("heron", "now") == lab.paths("heron") == []
    assert lab.work.parsed == 2


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_by_likeness_too(likeness: Lab, mode: str) -> None:
    lab = likeness
    lab.put("same.txt", IBIS)
    before = lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    lab.forget()
    assert lab.paths("the heron stands in the reeds", before, mode=mode)[0] == "a.txt"
    assert lab.paths("an ibis near the harbour", before, mode=mode)[0] == "same.txt"
    hits = lab.drive.retrieve("an otter swims upstream", at=before, mode=mode).hits
    assert not any("otter" in hit.text for hit in hits)
    assert lab.work.embedded == 4  # HERON once more, for it was forgotten


def test_a_removed_file_is_found_while_it_was_there(lab: Lab) -> None:
    empty = lab.put("other.txt", IBIS)
    there = lab.put("gone.txt", HERON)
    gone = lab.put("gone.txt", None)
    assert lab.paths("heron", empty) == []
    assert lab.paths("heron", there) == ["gone.txt"]
    assert lab.paths("heron", gone) == []
    assert lab.paths("ibis", there) == ["other.txt"]


def test_a_renamed_file_has_the_name_of_then(lab: Lab) -> None:
    before = lab.put("old/heron.txt", HERON)
    after = lab.move("old/heron.txt", "new/bird.txt")
    assert lab.paths("reeds", before) == ["old/heron.txt"]
    assert lab.paths("reeds", after) == ["new/bird.txt"]
    assert lab.paths("reeds", before, dir="old") == ["old/heron.txt"]
    assert lab.paths("reeds", before, dir="new") == []
    assert lab.paths("bird", before) == []
    assert lab.paths("bird", after) == ["new/bird.txt"]
    assert lab.work.parsed == 1


def test_what_was_dropped_is_read_again_once(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    lab.forget()
    assert lab.paths("heron", before) == ["a.txt"]
    assert lab.work.parsed == 3
    assert {"stage": "reading the past", "done": 0, "total": 1} in lab.events
    assert lab.paths("heron", before) == ["a.txt"]
    assert lab.work.parsed == 3
    assert lab.paths("heron") == []


def test_what_is_no_document_is_read_once(lab: Lab) -> None:
    before = lab.put("a.dat", b"\0\1\2\3" * 100)
    lab.put("a.dat", b"\0\1\2\4" * 100)
    lab.drive.retrieve("heron", at=before)
    parsed = lab.work.parsed
    found = lab.drive.retrieve("heron", at=before)
    assert lab.work.parsed == parsed
    assert not any("left out" in note for note in found.notes)


def test_filters_are_about_the_files_of_then(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    after = lab.move("a.txt", "a.md")
    assert lab.paths("heron", before, kind=["contract"]) == ["a.txt"]
    assert lab.paths("heron", before, kind=["invoice"]) == []
    assert lab.paths("otter", after, kind=["invoice"]) == ["a.md"]
    assert lab.paths("heron", before, after="2019-05-01", before="2019-06-01") == ["a.txt"]
    assert lab.paths("heron", before, after="2024-01-01") == []
    assert lab.paths("heron", before, type=["txt"]) == ["a.txt"]
    assert lab.paths("heron", before, type=["md"]) == []
    assert lab.paths("otter", after, type=["md"]) == ["a.md"]
    mtime = {"date_field": "mtime"}
    assert lab.paths("heron", before, after="2026-01-02", before="2026-01-03", **mtime) == ["a.txt"]
    assert lab.paths("heron", before, after="2026-01-03", **mtime) == []
    assert lab.paths("type:md heron", before) == []
    hit = lab.drive.retrieve("heron", at=before, mode="keyword").hits[0]
    assert (hit.date, hit.kind) == ("2019-05-03", "contract")


def test_authors_of_then(lab: Lab) -> None:
    page = "<html><head><meta name=author content='{}'></head><body><p>A heron.</p></body></html>"
    before = lab.put("a.html", page.format("Ada Byron"))
    lab.put("a.html", page.format("Emil Sand"))
    assert lab.paths("heron", before, author="Byron") == ["a.html"]
    assert lab.paths("heron", before, author="Sand") == []
    assert lab.paths("heron", author="Sand") == ["a.html"]


def test_before_anything_is_known_there_are_no_hits_and_a_note(lab: Lab) -> None:
    lab.put("a.txt", HERON)
    found = lab.drive.retrieve("heron", at="2020-01-01")
    assert found.hits == ()
    assert found.notes[0].startswith("nothing is known of this drive 2020-01-01")
    assert "begin 2026-01-02" in found.notes[0]


def test_a_moment_of_an_empty_drive(lab: Lab) -> None:
    found = lab.drive.retrieve("heron", at="now")
    assert found.hits == ()
    assert found.notes[0].startswith("nothing is known of this drive")


def test_the_moment_is_told(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    lab.tick()
    assert lab.drive.retrieve("heron", at=before).notes[0].startswith("as of 2026-01-02 ")
    assert lab.drive.retrieve("heron").notes == ()


def test_what_nobody_kept_is_told(tmp_path: Path, config: Config) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    config = replace(config, versions=VersionsConfig(read_bytes=0, indexed=0))
    lab = opened(source, config, FixedClock(START))
    with lab.drive:
        before = lab.put("a.txt", HERON)
        lab.put("a.txt", OTTER)
        found = lab.drive.retrieve("heron", at=before)
    assert found.hits == ()
    assert found.notes[1].startswith("1 file of that time left out: nobody kept")


def test_what_there_is_no_time_for_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(then_module, "READ_SECONDS", -1.0)
    before = lab.put("a.txt", HERON)
    lab.put("b.txt", IBIS)
    lab.put("a.txt", OTTER)
    lab.forget()
    found = lab.drive.retrieve("heron", at=before, mode="keyword")
    assert found.hits == ()
    assert found.notes[1].startswith("1 file of that time left out: not read within")
    assert lab.paths("heron", before, wait=True) == ["a.txt"]


def test_a_reader_beside_the_writer_takes_what_there_is(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    lab.put("b.txt", HERON + "b")
    lab.put("a.txt", OTTER)
    reader = open_local(lab.record, lab.config, clock=lab.clock)
    with lsfs.Drive(lab.source, reader) as drive:
        assert [h.path for h in drive.retrieve("heron", at=before, mode="keyword").hits] == [
            "a.txt"
        ]
        lab.forget()
        found = drive.retrieve("heron", at=before, mode="keyword")
        assert found.hits == ()
        assert "another process is indexing" in found.notes[1]


def test_a_caller_who_has_gone_stops_the_reading(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    lab.forget()
    lab.tick()
    call = Call(lab.caller.engines)
    call.cancelled.set()
    with pytest.raises(Cancelled):
        retrieve(call, RetrieveRequest("heron", at=before))
    assert lab.paths("heron", before) == ["a.txt"]


def test_phrases_and_their_errors(lab: Lab) -> None:
    lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    assert lab.paths("heron", "yesterday") == ["a.txt"]
    assert lab.paths("heron", "1 day ago") == ["a.txt"]
    assert lab.paths("otter", "an hour ago") == ["a.txt"]
    with pytest.raises(UsageError, match="banana"):
        lab.drive.retrieve("heron", at="banana")
    with pytest.raises(UsageError, match="still to come"):
        lab.drive.retrieve("heron", at="tomorrow")
    with pytest.raises(UsageError, match="cannot be kept"):
        lab.drive.retrieve("heron", at="yesterday", save="herons")


def test_an_answer_from_the_files_of_then(lab: Lab) -> None:
    before = lab.put("lease.txt", "LEASE CONTRACT\n\nMade on 3 May 2019. The rent is EUR 700.\n")
    lab.put("lease.txt", "LEASE CONTRACT\n\nMade on 3 May 2019. The rent is EUR 900.\n")
    lab.put("lease.txt", None)
    answer = lab.drive.ask("How much is the rent?", at=before)
    assert "700" in answer.answer and "900" not in answer.answer
    assert answer.citations[0].path == "lease.txt"
    assert answer.citations[0].line_start == 3
    assert answer.notes[0].startswith("as of")
    listing = lab.drive.ask("contracts from 2019", at=before)
    assert [file.path for file in listing.files] == ["lease.txt"]
    assert lab.drive.ask("contracts from 2019").files == ()


def test_saved_searches_are_of_the_present(lab: Lab) -> None:
    before = lab.put("a.txt", HERON)
    lab.put("a.txt", OTTER)
    lab.drive.save_search("heron")
    lab.drive.retrieve("heron", at=before)
    with_heron = lab.caller.engines.catalog.db.execute("SELECT hits FROM saved_search").fetchone()
    assert with_heron == ("[]",)
