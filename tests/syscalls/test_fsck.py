"""``lsfs fsck``: what it says of a whole drive and of a damaged one, at every door."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import lsfs
from lsfs.config import Config
from lsfs.drives import initialise
from lsfs.errors import LockHeld
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.model import Problem
from lsfs.paths import StatePaths, state_of
from lsfs.syscalls import embedders
from lsfs.syscalls.drive import LocalCaller, open_local
from lsfs.syscalls.engines import Engines
from tests.command import lsfs as run


@pytest.fixture
def state(source: Path) -> StatePaths:
    return state_of(source)


@pytest.fixture(autouse=True)
def quick_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "load", lambda *_: HashEmbedder())


@pytest.fixture
def engines(source: Path, no_chat: Config) -> Iterator[Engines]:
    """Of an indexed drive."""
    caller = open_local(initialise(source), no_chat)
    drive = lsfs.Drive(source, caller)
    drive.wait_indexed()
    yield caller.engines
    drive.close()


@pytest.fixture
def drive(source: Path, engines: Engines) -> lsfs.Drive:
    return lsfs.Drive(source, LocalCaller(engines, lambda: None))


def healed(drive: lsfs.Drive) -> None:
    """After mending and indexing, nothing is wrong and all is found."""
    mended = drive.fsck(repair=True)
    assert mended.problems
    assert all(one.repaired for one in mended.problems), mended.problems
    drive.wait_indexed()
    assert drive.fsck(deep=True).problems == ()
    assert drive.retrieve("monthly rent", k=1).hits[0].path.startswith("Contracts/")


def test_a_whole_drive(drive: lsfs.Drive) -> None:
    found = drive.fsck(deep=True)
    assert found.problems == ()
    assert found.checked["files"] == found.checked["versions"] == 4
    assert found.checked["passages"] == found.checked["vectors"] > 0
    assert drive.fsck(repair=True).problems == ()


INDEX: dict[str, tuple[str, tuple[str, str]]] = {
    "not there": (
        "UPDATE file SET document_id = NULL WHERE path = CAST('Contracts/mill-lease.txt' AS BLOB)",
        ("catalog", "Contracts/mill-lease.txt"),
    ),
    "search by name": (
        "DELETE FROM file_fts WHERE rowid = (SELECT id FROM file WHERE path = "
        "CAST('Contracts/mill-lease.txt' AS BLOB))",
        ("catalog", "Contracts/mill-lease.txt"),
    ),
    "rows of passage belong to nothing": (
        "UPDATE passage SET document_id = 999 WHERE id = 1",
        ("catalog", ""),
    ),
    "rows of content_date belong to nothing": (
        "INSERT INTO content_date VALUES (999, 0, '', '', '', 0, 0, '')",
        ("catalog", ""),
    ),
    "passage_fts is not that": (
        "UPDATE passage SET text = 'other words' WHERE id = 1",
        ("catalog", ""),
    ),
    "its passages are not its text": (
        "UPDATE passage SET char_start = char_start + 1 WHERE id = (SELECT max(id) FROM passage "
        "WHERE document_id = (SELECT document_id FROM file WHERE path = "
        "CAST('Contracts/mill-lease.txt' AS BLOB)))",
        ("catalog", "Contracts/mill-lease.txt"),
    ),
    "are not its text": (
        "UPDATE content_date SET char_end = 100000 WHERE ordinal = 0 AND file_id = (SELECT id "
        "FROM file WHERE path = CAST('Contracts/mill-lease.txt' AS BLOB))",
        ("catalog", "Contracts/mill-lease.txt"),
    ),
    "does not hold what was read": (
        "UPDATE file SET digest = zeroblob(32) WHERE path = "
        "CAST('Contracts/mill-lease.txt' AS BLOB)",
        ("catalog", "Contracts/mill-lease.txt"),
    ),
    "cannot be read": (
        "UPDATE document SET body = X'00' WHERE id = (SELECT document_id FROM file WHERE path = "
        "CAST('Contracts/mill-lease.txt' AS BLOB))",
        ("catalog", "Contracts/mill-lease.txt"),
    ),
}


@pytest.mark.parametrize("words", INDEX)
def test_a_damaged_catalog(drive: lsfs.Drive, state: StatePaths, words: str) -> None:
    statement, named = INDEX[words]
    with sqlite3.connect(state.catalog) as db:
        assert db.execute(statement).rowcount == 1
    db.close()
    found = [one for one in drive.fsck(deep=True).problems if words in one.what]
    assert [(one.where, one.path) for one in found] == [named]
    mended = drive.fsck(repair=True, deep=True)
    assert all(one.repaired for one in mended.problems), mended.problems
    drive.wait_indexed()
    assert drive.fsck(deep=True).problems == ()
    assert drive.retrieve("tenant", k=5, mode="keyword").hits


def test_vectors_that_are_lost_or_of_nothing(drive: lsfs.Drive, engines: Engines) -> None:
    vectors = engines.search.vectors
    assert vectors is not None
    ids = vectors.ids
    vectors.upsert([12345], vectors.get(int(ids[0]))[None, :])  # type: ignore[index]
    vectors.remove([int(ids[0])])
    assert [one.where for one in drive.fsck().problems] == ["vectors", "vectors"]
    healed(drive)
    assert sorted(vectors.ids) == sorted(ids)


def test_a_catalog_that_is_no_database_any_more(
    drive: lsfs.Drive, engines: Engines, state: StatePaths
) -> None:
    drive.save_search("rent")
    engines.catalog.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engines.catalog.db.execute("PRAGMA cache_size=0")
    page = engines.catalog.db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'passage'")
    with state.catalog.open("r+b") as file:
        file.seek((page.fetchone()[0] - 1) * 4096)
        file.write(os.urandom(4096))
    (problem,) = drive.fsck().problems
    assert problem.where == "catalog" and "database is damaged" in problem.what
    healed(drive)
    assert state.catalog.with_name("catalog.sqlite.damaged").exists()
    assert [name for name, _ in engines.catalog.saved_searches()] == ["rent"]


def test_the_command(source: Path, state: StatePaths) -> None:
    assert run("index", str(source), "-q").returncode == 0
    at = ("--drive", str(source))
    done = run(*at, "fsck", "--deep")
    assert (done.returncode, done.stderr) == (0, "")
    assert "all is well" in done.stdout
    with sqlite3.connect(state.versions) as db:
        db.execute("UPDATE version SET number = 5 WHERE path = 'Notes/newsletter.html'")
        db.execute("UPDATE version SET previous = 999 WHERE path = X'4E6F746573'")
    db.close()
    done = run(*at, "fsck", "--json")
    assert done.returncode == 40
    found = json.loads(done.stdout)
    (problem,) = found["problems"]
    assert problem["path"] == "Notes" and not problem["repaired"]
    assert problem.keys() >= {"where", "what", "path", "version", "repaired", "hint"}
    done = run(*at, "fsck")
    assert done.returncode == 40
    assert "DAMAGE  versions  Notes" in done.stdout
    done = run(*at, "fsck", "--repair")
    assert done.returncode == 0, done.stdout
    assert "mended" in done.stdout
    assert run(*at, "fsck", "--deep").returncode == 0


def test_a_damaged_ledger_stops_no_command_and_is_said(source: Path, state: StatePaths) -> None:
    assert run("index", str(source), "-q").returncode == 0
    history = ("--drive", str(source), "history", "Notes/newsletter.html", "--json")
    before = json.loads(run(*history).stdout)
    state.versions.write_bytes(b"not a database" * 1000)
    for end in ("-wal", "-shm"):
        state.versions.with_name(state.versions.name + end).unlink(missing_ok=True)
    done = run(*history)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == before
    done = run("--drive", str(source), "fsck", "--json")
    assert done.returncode == 0  # it is mended already
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["repaired"] and "made again" in problem["what"]
    assert run("--drive", str(source), "fsck", "--repair").returncode == 0
    assert json.loads(run("--drive", str(source), "fsck", "--json").stdout)["problems"] == []


def test_whoever_only_reads_may_check_and_not_mend(
    source: Path, engines: Engines, no_chat: Config
) -> None:
    with lsfs.Drive(source, open_local(initialise(source), no_chat)) as reader:
        found = reader.fsck(deep=True)
        assert found.problems == ()
        assert found.checked["versions"] == 4
        with pytest.raises(LockHeld):
            reader.fsck(repair=True)


def test_a_problem_is_plain_data() -> None:
    assert Problem("objects", "x") == Problem("objects", "x", "", 0, False, "")
