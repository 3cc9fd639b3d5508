"""A folder goes into a library whole, once, and as it is on the local path."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsfs.config import IndexConfig
from lsfs.errors import ConfirmationRequired, NotFound, UsageError
from lsfs.index.library import claims, schema, writing
from lsfs.index.library.check import check
from lsfs.index.library.claims import Claims, Overtaken
from lsfs.index.library.compaction import compact
from lsfs.index.library.edits import Edit
from lsfs.index.library.objects import Objects
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.tables import Library
from lsfs.index.library.writing import Writer
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.store.rows import unpacked
from tests.index.conftest import Index, PlainReader
from tests.index.library.conftest import Folder, contents

Make = Callable[[str, str], Folder]
MOMENTS = (2, 30)  # how many objects a writer has made when it is killed
LEASE = (
    "LEASE\n\nThe monthly rent is 1,200 EUR, payable on the third. Signed on 3 May 2023 by the "
    "landlord, Example Homes Ltd, and the tenant.\n\n" + "Quiet hours are from ten to six. " * 40
)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"file://{tmp_path}/a library"


def library(uri: str) -> Library:
    return Library(Objects(uri))


def writer(uri: str, **options: float) -> Writer:
    made_by = MadeBy.of(PlainReader().versions(), {}, IndexConfig())
    there = library(uri)
    return Writer(there, Claims(there.heads, **options), made_by)


def fill(folder: Folder) -> None:
    folder.write("contracts/lease.txt", LEASE)
    folder.write("contracts/copy of lease.txt", LEASE)
    folder.write("notes.txt", "Call the landlord on 2024-02-01.")
    folder.write("empty.txt", "")
    folder.write("program.bin", "\0\1")
    (folder.place / os.fsdecode(b"n\xffme.txt")).write_text("A name that is no text.")


def test_a_library_on_s3_has_what_the_folder_has(s3: Callable[[], str], folder: Make) -> None:
    uri = s3()
    papers = folder(uri, "Papers")
    fill(papers)
    done = papers.ingest()
    assert (done.files, done.read, done.added, done.left) == (6, 6, 3, 0)
    found = contents(uri)
    paths = {row["path"] for row in found["file"]}
    assert b"Papers/contracts/lease.txt" in paths and b"Papers/n\xffme.txt" in paths
    assert check(library(uri), deep=True).problems == ()
    assert papers.ingest().head == done.head  # nothing to do: nothing is written


def test_rows_are_those_of_the_local_path(uri: str, folder: Make, index: Index) -> None:
    papers = folder(uri, "Papers")
    papers.place = index.source
    fill(papers)
    index.run()
    papers.ingest()
    found = contents(uri)
    db = index.catalog.db
    documents = {row["id"]: row for row in found["document"]}
    for row in found["file"]:
        path = row["path"].removeprefix(b"Papers/")
        (local,) = db.execute(
            "SELECT id, size, mtime_ns, ctime_ns, status, reason, digest, kind, day, day_end, "
            "document_id FROM file WHERE path = ?",
            (path,),
        )
        id_, *told, digest, kind, day, day_end, document_id = local
        assert told == [row[name] for name in ("size", "mtime_ns", "ctime_ns", "status", "reason")]
        assert digest.hex() == row["digest"]
        assert (kind, day, day_end) == (row["kind"], row["day"], row["day_end"])
        dates = db.execute(
            "SELECT day, day_end, kind, char_start, char_end, words FROM content_date "
            "WHERE file_id = ? ORDER BY ordinal",
            (id_,),
        )
        assert list(dates) == [tuple(date.values()) for date in row["dates"]]
        if document_id is None:
            assert row["document"] is None
            continue
        same_document(index, document_id, documents[row["document"]])
        cut = [one for one in found["passage"] if one["document"] == row["document"]]
        same_passages(index, document_id, cut)
    assert db.execute("SELECT count(*) FROM passage").fetchone() == (len(found["passage"]),)
    assert db.execute("SELECT count(*) FROM field").fetchone()[0] > 0


def same_document(index: Index, document_id: int, row: dict[str, Any]) -> None:
    db = index.catalog.db
    (local,) = db.execute(
        "SELECT named, parser, parser_version, media_type, title, author, line_unit, text_bytes, "
        "page_bytes, body FROM document WHERE id = ?",
        (document_id,),
    )
    names = ("named", "parser", "parser_version", "media_type", "title", "author", "line_unit")
    assert local[:7] == tuple(row[name] for name in names)
    assert local[7:] == (row["text_bytes"], row["page_bytes"], row["body"])
    assert unpacked(row["body"]) == index.catalog.load(document_id)
    fields = db.execute(
        "SELECT name, char_start, char_end, value, normal, page, line, place, rule, confidence "
        "FROM field WHERE document_id = ?",
        (document_id,),
    )
    assert sorted(fields) == sorted(tuple(one.values()) for one in row["fields"])
    minima = db.execute("SELECT minima FROM signature WHERE document_id = ?", (document_id,))
    assert [one for (one,) in minima] == ([row["minima"]] if row["minima"] else [])


def same_passages(index: Index, document_id: int, cut: list[dict[str, Any]]) -> None:
    columns = (
        "ordinal", "char_start", "char_end", "page", "page_end", "line_start", "line_end",
        "heading", "place", "parts", "text", "text_hash",
    )  # fmt: skip
    rows = index.catalog.db.execute(
        f"SELECT id, {', '.join(columns)} FROM passage WHERE document_id = ?", (document_id,)
    ).fetchall()
    cut = sorted(cut, key=lambda one: one["ordinal"])
    assert sorted(rows, key=lambda row: row[1]) == [
        (row[0], *(one[name] for name in columns)) for row, one in zip(rows, cut, strict=True)
    ]
    for row, one in zip(rows, cut, strict=True):
        vector = index.vectors.get(row[0])
        # The local path rounds vectors to 8 bits where it keeps them in memory.
        assert vector is not None and np.dot(vector, one["vector"]) > 0.99


def test_only_what_changed_is_read(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    fill(papers)
    papers.ingest()
    papers.write("notes.txt", "Call nobody.")
    (papers.place / "contracts/lease.txt").rename(papers.place / "lease.txt")
    (papers.place / "contracts/copy of lease.txt").unlink()
    done = papers.ingest()
    assert (done.read, done.parsed, done.added, done.removed) == (2, 1, 1, 2)
    told = {row["path"]: row for row in contents(uri)["file"]}
    assert len(told) == 5 and told[b"Papers/lease.txt"]["document"]
    assert check(library(uri)).unneeded == (1, 1)  # the note's earlier content
    assert check(library(uri)).problems == ()


def test_folders_of_a_library_leave_each_other_alone(uri: str, folder: Make) -> None:
    one, other = folder(uri, "one"), folder(uri, "other")
    for number in range(30):
        one.write(f"{number}.txt", f"Note {number} of one.")
    other.write("0.txt", "Note 0 of one.")  # the same content
    one.ingest()
    assert other.ingest().added == 0
    for path in list(one.place.iterdir()):
        path.unlink()
    with pytest.raises(ConfirmationRequired, match="30 of the 30 files"):
        one.ingest()  # an empty mountpoint, say
    one.ingest(replaces=True)
    assert [row["path"] for row in contents(uri)["file"]] == [b"other/0.txt"]
    assert check(library(uri)).problems == ()


def test_a_newer_parser_reads_again_and_an_older_one_may_not(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    papers.write("a.txt", "A note.")
    papers.ingest()
    papers.reader.version = 2
    assert papers.ingest().parsed == 1
    assert [row["parser_version"] for row in contents(uri)["document"]] == [2]
    papers.reader.version = 1
    with pytest.raises(UsageError, match="newer lsfs"):
        papers.ingest()


def test_another_embedding_model_may_not_write(uri: str, folder: Make) -> None:
    folder(uri, "Papers").ingest()
    made_by = MadeBy.of(PlainReader().versions(), {}, IndexConfig())
    for other in (HashEmbedder(32), None):
        with pytest.raises(UsageError, match="made by hash"):
            writing.opened(library(uri), other, made_by)


def test_there_is_no_library_where_none_was_made(uri: str, s3: Callable[[], str]) -> None:
    for place in (uri, s3()):
        with pytest.raises(NotFound):
            library(place).head()


# --- several writers


def test_what_a_dead_writer_left_in_the_tables_is_never_seen(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    fill(papers)
    papers.ingest()
    before = contents(uri)
    there = library(uri)
    for name in schema.TABLES:  # it had written to all tables, and had not published
        table = there.database.open_table(name)
        table.add(table.to_arrow())
    assert contents(uri) == before
    papers.write("more.txt", "One more note.")
    papers.ingest()
    assert check(library(uri)).problems == ()
    assert len(contents(uri)["file"]) == len(before["file"]) + 1


def test_a_claim_is_taken_over_from_the_dead_only(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    papers.ingest()
    heads = library(uri).heads
    with Claims(heads, stale=60, beat=0.05).held("living") as hold:
        token = hold.head.claim
        while hold.head.claim is None or hold.head.claim.beats < 3:  # it says that it lives
            pass
        assert token is not None and hold.head.claim.token == token.token
    dead = claims.Claims(heads, stale=0.3, beat=60)
    with dead.held("dying") as lost:
        with dead.held("following"):
            pass
        with pytest.raises(Overtaken):
            lost.check() or lost.publish(lost.head.tables)
    assert heads.last().claim is None  # type: ignore[union-attr]


def test_rows_of_a_writer_in_the_way_are_told(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    papers.write("a.txt", "A note.")
    papers.ingest()
    there = library(uri)
    table, other = (there.database.open_table("file") for _ in range(2))
    edit = Edit(table, "file", there.head().tables["file"], lambda: None)
    rows = other.to_arrow()
    other.delete("true")  # LanceDB lays the next change upon this one, without a word
    with pytest.raises(Overtaken):
        edit.add(rows)


_WRITE = """
import sys
from pathlib import Path
from tests.index.conftest import PlainReader
from tests.index.library.conftest import Folder
uri, name, *places = sys.argv[1:]
for place in places:
    Folder(Path(place), uri, name, PlainReader()).ingest(stale=2.0)
"""


def start(uri: str, name: str, *places: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WRITE, uri, name, *map(str, places)])


def test_two_writers_of_the_same_contents_double_and_lose_nothing(
    s3: Callable[[], str], folder: Make
) -> None:
    uri = s3()
    one, other = folder(uri, "one"), folder(uri, "other")
    for number in range(20):
        for each in (one, other):
            each.write(f"{number}.txt", f"The same note {number}.")
    processes = [start(uri, each.name, each.place) for each in (one, other)]
    assert [process.wait(240) for process in processes] == [0, 0]
    found = check(library(uri), deep=True)
    assert (found.files, found.documents, found.passages) == (40, 20, 20)
    assert found.problems == ()


def test_a_writer_may_be_killed_at_any_moment(uri: str, folder: Make, tmp_path: Path) -> None:
    papers = folder(uri, "Papers")

    def objects() -> int:
        return sum(1 for _ in (tmp_path / "a library").rglob("*"))

    killed = rounds = 0
    while killed < len(MOMENTS):  # who was too quick to be killed has more to do
        for number in range(12):
            papers.write(f"{rounds}-{number}.txt", f"Note {rounds}-{number}.\n\n" * 30)
        until = objects() + MOMENTS[killed]
        process = start(uri, "Papers", papers.place)
        while process.poll() is None and objects() < until:
            time.sleep(0.005)
        killed += process.poll() is None
        process.kill()
        process.wait()
        rounds += 1
    papers.ingest(stale=0.5)
    found = check(library(uri), deep=True)
    assert (found.files, found.documents, found.problems) == (12 * rounds, 12 * rounds, ())


# --- upkeep


def test_compaction_keeps_what_is_needed_and_no_more(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    for number in range(5):
        papers.write(f"{number}.txt", f"Note {number}.")
        papers.ingest()
    (papers.place / "0.txt").unlink()
    papers.ingest()
    reader = library(uri).snapshot()
    before = contents(uri)
    done = compact(writer(uri), kept_seconds=3600)
    assert done.documents == 1 and done.objects == 0  # the bytes may be looked at for an hour
    assert done.fragments[1] < done.fragments[0]
    assert reader.file.count_rows() == 4 and reader.passage.count_rows() == 5
    assert contents(uri)["file"] == before["file"]
    assert compact(writer(uri), kept_seconds=0).objects == 1
    assert check(library(uri), deep=True).problems == ()
    papers.write("0.txt", "Note 0.")  # it comes back
    papers.ingest()
    found = check(library(uri), deep=True)
    assert (found.documents, found.unneeded, found.problems) == (5, (0, 0), ())


def test_bytes_that_a_compaction_took_are_sent_again(uri: str, folder: Make) -> None:
    papers = folder(uri, "Papers")
    papers.write("a.txt", "A note.")
    papers.ingest()
    content = contents(uri)["file"][0]["digest"]
    Objects(uri).delete([schema.bytes_at(content)])
    kinds = [problem.kind for problem in check(library(uri)).problems]
    assert kinds == ["bytes of a file are missing"]


# --- damage


def damaged(uri: str, name: str, change: Callable[[Any], None]) -> set[str]:
    """The kinds of problems that are found after a change behind the heads' back."""
    there = library(uri)
    table = there.database.open_table(name)
    change(table)
    head = there.head()
    from msgspec.structs import replace

    tables = {**head.tables, name: table.version}
    there.heads.add(replace(head, number=head.number + 1, tables=tables))
    return {problem.kind for problem in check(library(uri)).problems}


@pytest.mark.parametrize(
    ("name", "change", "kind"),
    [
        ("file", lambda table: table.add(table.to_arrow().slice(0, 1)), "file twice"),
        ("document", lambda table: table.add(table.to_arrow().slice(0, 1)), "document twice"),
        ("passage", lambda table: table.add(table.to_arrow().slice(0, 1)), "passage twice"),
        ("document", lambda table: table.delete("true"), "document of a file is missing"),
        (
            "passage",
            lambda table: table.delete("ordinal = 1"),
            "document has other passages than it says",
        ),
    ],
)
def test_the_check_finds_damage(
    uri: str, folder: Make, name: str, change: Callable[[Any], None], kind: str
) -> None:
    papers = folder(uri, "Papers")
    papers.write("lease.txt", LEASE)
    papers.ingest()
    assert kind in damaged(uri, name, change)
