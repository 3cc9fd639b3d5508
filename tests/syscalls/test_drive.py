"""The Python API on a drive in this process."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pptx
import pytest
from PIL import Image

import lsfs
from lsfs.clock import FixedClock
from lsfs.config import Config, IndexConfig, ModelConfig
from lsfs.drives import initialise
from lsfs.errors import LockHeld, NotFound, ParseError, UsageError
from lsfs.index.ignore import GitRules
from lsfs.syscalls import ask
from lsfs.syscalls.drive import open_local


def paths(result: object) -> list[str]:
    return list(dict.fromkeys(hit.path for hit in result.hits))  # type: ignore[attr-defined]


def test_retrieve(drive: lsfs.Drive) -> None:
    found = drive.retrieve("how much is the rent by the harbour", k=3)
    assert found.hits[0].path == "Contracts/harbour-lease.md"
    assert len(found.hits) <= 3
    assert found.hits[0].explain == {}


def test_contracts_of_a_year_come_first(drive: lsfs.Drive) -> None:
    assert paths(drive.retrieve("contracts from 2023"))[0] == "Contracts/harbour-lease.md"


def test_ask_for_files_lists_exactly_those(drive: lsfs.Drive) -> None:
    answer = drive.ask("contracts from 2023")
    assert [file.path for file in answer.files] == ["Contracts/harbour-lease.md"]
    assert answer.grounded
    assert answer.by == "list"
    assert answer.citations[0].quote in answer.files[0].evidence


@pytest.mark.parametrize(
    "question", ["how many files do I have?", "list all files", "what documents are there?"]
)
def test_who_names_files_and_nothing_else_means_all(drive: lsfs.Drive, question: str) -> None:
    picture = drive.source / "beach.png"
    Image.new("RGB", (40, 30)).save(picture)
    drive.wait_indexed()
    answer = drive.ask(question)
    assert (answer.by, answer.answer.partition("\n")[0]) == ("list", "5 files match:")
    assert {file.path for file in answer.files} == {
        str(path.relative_to(drive.source)) for path in drive.source.rglob("*") if path.is_file()
    }
    (count,) = drive.aggregate("count", query=question).rows
    assert count.value == "5"


def test_a_listing_says_how_many_files_it_leaves_out(
    drive: lsfs.Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "LISTED", 2)
    for question, head in (
        ("all files", "4 files match, of which 2 are listed:"),
        ("contracts from 2023", "1 file matches:"),
        ("the latest two documents", "2 files match:"),
        ("files about the lease", "2 files match, or more:"),
    ):
        answer = drive.ask(question)
        assert answer.answer.partition("\n")[0] == head, question


def test_ask_for_a_fact_quotes_the_place(drive: lsfs.Drive) -> None:
    answer = drive.ask("What is the monthly rent of the lease with Harbour Homes?")
    assert "1,450" in answer.answer
    citation = answer.citations[0]
    assert citation.path == "Contracts/harbour-lease.md"
    text = (drive.source / citation.path).read_text()
    assert citation.line_start is not None
    assert "1,450" in text.splitlines()[citation.line_start - 1]


def test_ask_for_what_is_not_there(drive: lsfs.Drive) -> None:
    answer = drive.ask("What is the wingspan of the albatross in centimetres?")
    assert not answer.grounded
    assert answer.answer.startswith("not found in your files")
    assert answer.citations == ()


def test_another_street_is_no_answer(drive: lsfs.Drive) -> None:
    answer = drive.ask("What is the monthly rent of the lease with Oak Street Homes?")
    assert not answer.grounded
    assert "harbour-lease.md" in answer.answer  # named as near, not given as the answer


def test_a_name_that_is_no_text_does_not_break_an_answer(drive: lsfs.Drive, source: Path) -> None:
    (source / "caf\udce9.txt").write_text("The walrus contract was signed on 3 March 2021.")
    answer = drive.ask("When was the walrus contract signed?")
    assert answer.citations[0].path == "caf\udce9.txt"


def test_a_plan_can_be_seen_first(drive: lsfs.Drive) -> None:
    plan = drive.ask("contracts from 2023", plan=True).plan
    assert (plan.after, plan.before, plan.kinds) == ("2023-01-01", "2024-01-01", ("contract",))


def test_last_year_depends_on_the_clock(source: Path, no_chat: Config) -> None:
    clock = FixedClock(datetime(2024, 6, 1, 12, tzinfo=UTC))
    caller = open_local(initialise(source), no_chat, clock=clock)
    with lsfs.Drive(source, caller) as drive:
        answer = drive.ask("contracts from last year")
    assert (answer.plan.after, answer.plan.before) == ("2023-01-01", "2024-01-01")
    assert [file.path for file in answer.files] == ["Contracts/harbour-lease.md"]


def test_changes_between_calls_are_seen(drive: lsfs.Drive, source: Path) -> None:
    assert "Notes/newsletter.html" in paths(drive.retrieve("heron"))
    (source / "Notes/newsletter.html").rename(source / "Notes/birds.html")
    assert "Notes/birds.html" in paths(drive.retrieve("heron"))
    assert "Notes/newsletter.html" not in paths(drive.retrieve("heron"))
    (source / "Notes/birds.html").unlink()
    assert drive.retrieve("heron", mode="keyword").hits == ()


def test_grep_names_path_and_line(drive: lsfs.Drive) -> None:
    matches = drive.grep("EUR [0-9,]+", dir="Contracts").matches
    assert (matches[0].path, matches[0].line) == ("Contracts/harbour-lease.md", 7)
    assert drive.grep("(unclosed", fixed=True).matches == ()
    with pytest.raises(UsageError, match="regular expression"):
        drive.grep("(unclosed")


def test_places_in_the_units_of_each_format(drive: lsfs.Drive, source: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Animals"
    for row in (("Name", "Legs"), ("aardwolf", 4)):
        sheet.append(row)
    book.save(source / "zoo.xlsx")
    deck = pptx.Presentation()
    for title in ("Begin", "The aardwolf"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    deck.save(str(source / "zoo.pptx"))
    (source / "zoo.txt").write_text("one\n\nan aardwolf\n")
    found = drive.grep("aardwolf").matches
    assert [(match.path, match.where) for match in found] == [
        ("zoo.pptx", "slide 2"),
        ("zoo.txt", ":3"),
        ("zoo.xlsx", "!Animals A2:B2"),
    ]
    hits = {hit.path: hit.where for hit in drive.retrieve("aardwolf", k=10).hits}
    assert hits["zoo.xlsx"] == "!Animals A1:B2"
    assert hits["zoo.txt"] == ":1-3"


def test_text_of_a_file(drive: lsfs.Drive, source: Path) -> None:
    text = drive.text("Contracts/harbour-lease.md")
    assert text.title == "Residential Lease"
    assert text.blocks[-1].heading_path == ("Residential Lease", "Notice")
    (source / "x.bin").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(ParseError):
        drive.text("x.bin")
    with pytest.raises(NotFound):
        drive.text("none.txt")
    with pytest.raises(UsageError):
        drive.text("../secret")


def test_status_counts(drive: lsfs.Drive) -> None:
    drive.wait_indexed()
    report = drive.status(problems=True)
    assert report.index["files"] == report.index["indexed"] == 4
    assert report.index["pending"] == report.index["errors"] == 0
    assert report.fs == {}
    assert report.models["chat"] == ""


def test_kept_queries(drive: lsfs.Drive) -> None:
    drive.save_search("rent/type:md")
    drive.drop_search("rent/type:md")
    with pytest.raises(NotFound):
        drive.drop_search("rent/type:md")
    for name in ("", ".git", "/rent", "a\0b"):
        with pytest.raises(UsageError):
            drive.save_search(name)


def test_unknown_arguments_are_errors(drive: lsfs.Drive) -> None:
    with pytest.raises(UsageError, match="'top_k'"):
        drive.retrieve("rent", top_k=3)
    with pytest.raises(UsageError, match="no syscall"):
        drive.call("format_disk")


def test_methods_have_signatures_and_docs() -> None:
    signature = inspect.signature(lsfs.Drive.retrieve)
    assert list(signature.parameters)[:3] == ["self", "query", "k"]
    assert "passages" in (lsfs.Drive.retrieve.__doc__ or "")


def test_an_empty_folder(tmp_path: Path, no_chat: Config) -> None:
    (tmp_path / "empty").mkdir()
    with lsfs.open(tmp_path / "empty", config=no_chat) as drive:
        assert drive.retrieve("anything").hits == ()
        assert not drive.ask("contracts from 2023").grounded
        assert not drive.ask("what is the rent?").grounded


def test_nothing_is_written_into_the_source(drive: lsfs.Drive, source: Path) -> None:
    before = sorted(source.rglob("*"))
    drive.retrieve("rent")
    drive.ask("contracts from 2023")
    assert sorted(source.rglob("*")) == before


def test_a_second_process_reads_the_index_as_it_is(
    drive: lsfs.Drive, source: Path, no_chat: Config
) -> None:
    drive.wait_indexed()
    with lsfs.open(source, config=no_chat) as second:
        assert second.retrieve("heron").hits
        with pytest.raises(LockHeld):
            second.save_search("heron")


@pytest.mark.parametrize("rules", ["repositories", "everywhere"])
def test_where_gitignore_counts_is_a_setting(tmp_path: Path, rules: GitRules) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / ".gitignore").write_text("built.txt\n")
    for name in ("built.txt", "own.txt"):
        (folder / name).write_text("heron\n")
    config = Config(
        model=ModelConfig(chat="none", embed="none"), index=IndexConfig(gitignore=rules)
    )
    with lsfs.open(folder, config=config, state=str(tmp_path / "state")) as drive:
        found = {hit.path for hit in drive.retrieve("heron").hits}
    assert found == {"own.txt"} | ({"built.txt"} if rules == "repositories" else set())
