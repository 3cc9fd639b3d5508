"""What is purged is nowhere in the state any more, and the rest is as it was."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from blake3 import blake3

import lsfs
from lsfs.config import Config
from lsfs.drives import initialise, locked
from lsfs.errors import LockHeld, UsageError, VersionConflict
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.readers.scans import Scans
from lsfs.paths import StatePaths, state_of
from lsfs.syscalls import embedders
from lsfs.syscalls.drive import open_local
from lsfs.versions.events import Op, State
from lsfs.versions.history import Journal
from tests.command import lsfs as run

SECRET = "xylocarpquillwort"  # a word that is nowhere else
OTHER = "brontophobiazither"
NAME = "Zaphnathpaaneah"
TEXT = f"Lease of the {SECRET} to Ada Byron\n\nSigned on 4 May 2021. The rent is EUR 950.\n" * 30


@pytest.fixture
def state(source: Path) -> StatePaths:
    return state_of(source)


@pytest.fixture(autouse=True)
def quick_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "load", lambda *_: HashEmbedder())


@pytest.fixture
def drive(source: Path, no_chat: Config, state: StatePaths) -> Iterator[lsfs.Drive]:
    """With versions of a file in the store, the journal, the log, and kept results."""
    record = initialise(source)
    put(source / f"Notes/{NAME}.txt", TEXT)
    with locked(state.history_lock):
        journal = Journal(state.history)
        path = os.fsencode(f"Notes/{NAME}.txt")
        now = State.of((source / f"Notes/{NAME}.txt").stat())
        journal.append(now.mtime_ns, Op.CAPTURED, path, content=TEXT.encode() + b"captured")
        journal.append(now.mtime_ns + 1, Op.WRITTEN, path, state=now)
        journal.close()
    state.log.write_text(f"12:00 brain: Notes/{NAME}.txt: damaged\n12:01 brain: all is well\n")
    damaged = state.root / "catalog.sqlite.damaged"
    damaged.write_text(TEXT)
    with lsfs.Drive(source, open_local(record, no_chat)) as opened:
        opened.wait_indexed()
        # As if it were a scan of which a page was read.
        Scans(state.scans).add(blake3(TEXT.encode()).digest(), b"0" * 32 + SECRET.encode())
        for word in ("tiger", "wolf", "bear"):
            put(source / f"Notes/{NAME}.txt", TEXT.replace("Ada", word))
            opened.wait_indexed()
        opened.save_search("rent")
        opened.save_question("who", f"Who leases the {SECRET}?".replace(SECRET, "house"))
        opened.answer_question("who")
        yield opened


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def traces(state: StatePaths, *words: str) -> list[str]:
    """Files of the state that hold one of the words: as it is, or in what they compress."""
    found = []
    for path in sorted(state.root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            whole = data + b"".join(_unpacked(data))
            found += [f"{path.relative_to(state.root)}: {w}" for w in words if w.encode() in whole]
    return found


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Whatever can be decompressed from any place in a file where compressed data may begin."""
    for match in re.finditer(rb"\x28\xb5\x2f\xfd", data):
        try:
            yield zstandard.ZstdDecompressor().decompressobj().decompress(data[match.start() :])
        except zstandard.ZstdError:
            continue
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj().decompress(data[match.start() :])
        except zlib.error:
            continue


def purged(drive: lsfs.Drive, *paths: str) -> tuple[str, ...]:
    """Plan it, do it; gives what stays."""
    plan = drive.purge(paths)
    assert not plan.applied
    done = drive.purge(paths, apply=plan.digest)
    assert done.applied and done.versions == plan.versions
    return done.stays


def test_nothing_of_a_removed_file_is_left(
    drive: lsfs.Drive, source: Path, state: StatePaths
) -> None:
    assert len(traces(state, SECRET, NAME)) >= 4  # in the catalog, the objects, the journal, ...
    before = drive.retrieve("monthly rent", k=1).hits[0].path
    (source / f"Notes/{NAME}.txt").unlink()
    assert purged(drive, f"Notes/{NAME}.txt") == ()
    assert traces(state, SECRET, NAME) == []
    assert drive.fsck(deep=True).problems == ()
    assert drive.retrieve("monthly rent", k=1).hits[0].path == before
    assert all(NAME not in hit.path for hit in drive.retrieve("house lease", k=20).hits)
    assert drive.answer_question("who").answer is not None
    assert "all is well" in state.log.read_text()
    drive.close()
    with lsfs.open(source) as again:
        assert again.fsck(deep=True).problems == ()
    assert traces(state, SECRET, NAME) == []


def test_a_folder_and_the_names_that_its_files_had(
    drive: lsfs.Drive, source: Path, state: StatePaths
) -> None:
    put(source / f"Old/{OTHER}.txt", f"{OTHER} is here " * 50)
    drive.wait_indexed()
    (source / "Safe").mkdir()
    (source / f"Old/{OTHER}.txt").rename(source / "Safe/plain.txt")
    drive.wait_indexed()
    (source / f"Notes/{NAME}.txt").rename(source / "Safe/other.txt")
    drive.wait_indexed()
    for path in (source / "Safe").iterdir():
        path.unlink()
    (source / "Safe").rmdir()
    purged(drive, "Safe")
    assert traces(state, SECRET, NAME, OTHER) == []
    assert drive.fsck(deep=True).problems == ()


def test_what_another_file_holds_stays_and_is_said(
    drive: lsfs.Drive, source: Path, state: StatePaths
) -> None:
    text = f"{OTHER} is in both " * 50
    put(source / "a.txt", text)
    put(source / "b.txt", text)
    drive.wait_indexed()
    (source / "a.txt").unlink()
    (stays,) = purged(drive, "a.txt")
    assert "b.txt" in stays
    assert traces(state, OTHER) != []
    assert {hit.path for hit in drive.retrieve(OTHER, mode="keyword").hits} == {"b.txt"}
    assert drive.fsck(deep=True).problems == ()
    (source / "b.txt").unlink()
    purged(drive, "b.txt")
    assert traces(state, OTHER) == []


def test_a_file_that_was_left_out(drive: lsfs.Drive, source: Path, state: StatePaths) -> None:
    path = f"Notes/{NAME}.txt"
    with pytest.raises(UsageError, match=r"is there"):
        drive.purge([path])
    with pytest.raises(UsageError):
        drive.purge(["Notes"])
    (source / ".lsfsignore").write_text("Notes/Zaph*\n")
    text = (source / path).read_text()
    purged(drive, path)
    assert traces(state, SECRET) == []
    assert (source / path).read_text() == text
    drive.wait_indexed()
    assert traces(state, SECRET) == []
    assert drive.fsck(deep=True).problems == ()


def test_an_old_plan_is_not_carried_out(drive: lsfs.Drive, source: Path) -> None:
    (source / f"Notes/{NAME}.txt").unlink()
    digest = drive.purge([f"Notes/{NAME}.txt"]).digest
    put(source / f"Notes/{NAME}.txt", "came back")
    drive.wait_indexed()
    (source / f"Notes/{NAME}.txt").unlink()
    with pytest.raises(VersionConflict):
        drive.purge([f"Notes/{NAME}.txt"], apply=digest)


def test_a_mounted_drive_is_unmounted_first(drive: lsfs.Drive, state: StatePaths) -> None:
    with locked(state.history_lock), pytest.raises(LockHeld, match="mounted"):
        drive.purge(["gone.txt"])


def test_one_that_was_cut_short_is_done_again(
    drive: lsfs.Drive, source: Path, state: StatePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lsfs.versions import erase

    (source / f"Notes/{NAME}.txt").unlink()
    plan = drive.purge([f"Notes/{NAME}.txt"])

    def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(erase, "_forget_rows", killed)
        with pytest.raises(RuntimeError):
            drive.purge([f"Notes/{NAME}.txt"], apply=plan.digest)
    purged(drive, f"Notes/{NAME}.txt")
    assert traces(state, SECRET, NAME) == []
    assert drive.fsck(deep=True).problems == ()


def test_the_command(source: Path, state: StatePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    put(source / "x.txt", f"{SECRET} here")
    at = ("--drive", str(source))
    assert run("index", str(source), "-q").returncode == 0
    (source / "x.txt").unlink()
    done = run(*at, "purge", "x.txt", "y.txt", "--json")
    assert done.returncode == 14
    digest = json.loads(done.stdout)["digest"]
    done = run(*at, "purge", "x.txt", "y.txt", "--apply", digest)
    assert done.returncode == 0, done.stderr
    assert "forgotten: 1 versions" in done.stdout and "x.txt" in done.stdout
    assert traces(state, SECRET) == []
    with sqlite3.connect(state.versions) as db:
        assert db.execute("SELECT count(*) FROM version WHERE path = X'782E747874'").fetchone() == (
            0,
        )
    db.close()
