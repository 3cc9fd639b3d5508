"""Locks between clients, links to files, and settings that came with a folder."""

from __future__ import annotations

import http.client
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsfs import config
from lsfs.drives import DriveRecord
from lsfs.errors import AccessDenied, LockHeld, LsfsError, NotFound, UsageError
from lsfs.paths import StatePaths
from lsfs.safety.clients import Client
from lsfs.safety.grants import Grant
from lsfs.safety.pathlocks import PathLocks
from lsfs.safety.shares import Shares
from lsfs.serve.shared import SharedServer
from tests.command import Done, lsfs
from tests.safety.conftest import SECRET, Open

HOUR = 3600 * 10**9


# --- locks


def test_a_lock_holds_up_the_writes_of_others(opened: Open) -> None:
    mine = opened(session="one")
    assert mine.lock("Contracts", for_="1h").mine
    mine.write_file("Contracts/mine.txt", "x")
    theirs = opened(session="two")
    lease = "Contracts/mill-lease.txt"
    for call, arguments in (
        ("write_file", (lease, "x")), ("move", (lease, "Notes/l.txt")), ("delete", ((lease,),)),
        ("move", ("Contracts", "C")), ("rollback", ("Contracts",)), ("rollback", ("",)),
        ("copy", ("Notes/newsletter.html", "Contracts/n.html")), ("lock", (lease,)),
        ("unlock", ("Contracts",)), ("file_join", (lease, "Notes/newsletter.html")),
    ):  # fmt: skip
        if call == "file_join":
            arguments = (*arguments, "append")
        with pytest.raises(LockHeld, match="locked by python"):
            theirs.call(call, *arguments)
    assert theirs.read_text(lease).text
    theirs.copy(lease, "Notes/lease.txt")  # which only reads it
    assert "locked by" in theirs.stat(lease).lock
    assert [one.mine for one in theirs.status().locks] == [False]
    theirs.unlock("Contracts", force=True)
    theirs.write_file(lease, "x")
    with pytest.raises(NotFound):
        theirs.unlock("Contracts")


def test_a_lock_goes_where_its_file_goes(opened: Open) -> None:
    mine = opened(session="one")
    lease = "Contracts/mill-lease.txt"
    mine.lock(lease, for_="1h")
    until = mine.status().locks[0].until
    mine.move(lease, "Notes/lease.txt", dry_run=True)
    assert [one.path for one in mine.status().locks] == [lease]
    mine.move(lease, "Notes/lease.txt")
    mine.move("Notes", "Papers")  # with the folder that it is in
    assert [(one.path, one.until) for one in mine.status().locks] == [("Papers/lease.txt", until)]
    mine.write_file("Papers/taken.txt", "x")
    with pytest.raises(LsfsError):
        mine.move("Papers/lease.txt", "Papers/taken.txt")
    assert [one.path for one in mine.status().locks] == ["Papers/lease.txt"]
    theirs = opened(session="two")
    with pytest.raises(LockHeld):
        theirs.write_file("Papers/lease.txt", "x")
    theirs.write_file(lease, "x")  # nothing is locked there any more


def test_a_lock_ends_by_itself(tmp_path: Path) -> None:
    locks = PathLocks(tmp_path / "locks.json")
    one, two = Client(session="one"), Client(session="two")
    locks.take("a", one, until_ns=HOUR, now_ns=0)
    assert locks.against("a/b", two, HOUR - 1) and not locks.against("a/b", two, HOUR)
    assert locks.against("ab", two, 0) is None
    assert locks.take("a", two, 2 * HOUR, HOUR).session == "two"
    assert stat.S_IMODE((tmp_path / "locks.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("length", ["", "0s", "-1m", "1y", "400d", "m", "1e9d"])
def test_lengths_that_are_none(opened: Open, length: str) -> None:
    with pytest.raises(UsageError):
        opened().lock("Notes", for_=length)


# --- shares


def test_sharing_is_off_by_default(opened: Open) -> None:
    assert config.Config().share.enabled is False


def test_a_token_is_for_one_path_until_it_ends(tmp_path: Path) -> None:
    shares = Shares(tmp_path / "shares.json")
    made, token = shares.make("Notes", HOUR, 0, "me")
    grant = shares.verify(token, HOUR - 1).grant
    assert grant == Grant(("=Notes",), ("read",)) and grant.shows("Notes/a")
    for bad in (token[:-2], token[::-1], "", "A" * len(token), token + "A", made.id):
        with pytest.raises(AccessDenied):
            shares.verify(bad, 0)
    with pytest.raises(AccessDenied):
        shares.verify(token, HOUR)
    other = Shares(tmp_path / "other.json")
    other.make("Notes", HOUR, 0, "me")
    (tmp_path / "other.json").write_bytes((tmp_path / "shares.json").read_bytes())
    with pytest.raises(AccessDenied):
        other.verify(token, 0)  # signed by another key
    assert token not in (tmp_path / "shares.json").read_text()
    assert stat.S_IMODE((tmp_path / "shares.json.key").stat().st_mode) == 0o600
    assert shares.revoke("Notes", 0) == (made,)
    with pytest.raises(AccessDenied):
        shares.verify(token, 0)


def test_a_share_is_of_something_that_is_there(opened: Open) -> None:
    drive = opened()
    for path in ("none.txt", "..", "", "/", "Notes/../../x"):
        with pytest.raises((NotFound, UsageError)):
            drive.share(path)
    link = drive.share("Notes", expires="2h")
    assert [one.id for one in drive.shares().shares] == [link.id]
    assert drive.unshare(link.id).shares[0].path == "Notes"
    with pytest.raises(NotFound):
        drive.unshare("Notes")


@pytest.fixture
def served(opened: Open, source: Path, tmp_path: Path) -> Iterator[SharedServer]:
    opened()
    files = SharedServer(DriveRecord(source, StatePaths(tmp_path / "state")), 0)
    thread = threading.Thread(target=files.run)
    thread.start()
    yield files
    files.stop()
    thread.join()
    files.close()


def got(files: SharedServer, path: str, **headers: str) -> tuple[int, bytes]:
    host, _, rest = files.url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=180)
    try:
        connection.request("GET", f"/{rest}{path}", headers={"Host": host, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_link_serves_what_it_is_for_and_nothing_else(
    served: SharedServer, opened: Open, source: Path
) -> None:
    drive = opened()
    token = drive.share("Notes").token
    (source / "Notes" / "sub").mkdir()
    (source / "Notes" / "sub" / "<b>.txt").write_text("deep")
    assert got(served, f"{token}/newsletter.html") == (
        200, (source / "Notes" / "newsletter.html").read_bytes(),
    )  # fmt: skip
    status, listing = got(served, token)
    assert status == 200 and b"newsletter.html" in listing and b"link.txt" not in listing
    assert b"&lt;b&gt;" in got(served, f"{token}/sub")[1]
    assert got(served, f"{token}/sub/%3Cb%3E.txt") == (200, b"deep")
    for path in (
        f"{token}/../{SECRET}", f"{token}/..%2f{SECRET}", f"{token}/%2e%2e/{SECRET}",
        f"{token}//{SECRET}", f"{token}/link.txt", f"{token}/none", f"{token[:-1]}x", "", "x/y",
        f"{token}/%00", f"{token}/newsletter.html%00",
    ):  # fmt: skip
        assert got(served, path)[0] == 404, path
    assert got(served, token, Host="evil.example")[0] == 421
    assert got(served, token, Origin="http://evil.example")[0] == 403
    drive.unshare(token)
    assert got(served, f"{token}/newsletter.html")[0] == 404
    reads = [one for one in drive.audit().entries if one.call == "shared_read"]
    assert [one.details["arguments"]["path"] for one in reads] == [
        "Notes/newsletter.html", "Notes/sub/<b>.txt",
    ]  # fmt: skip


# --- trust


def test_settings_that_came_along_are_obeyed_when_they_are_approved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ".lsfs.toml"
    file.write_text(
        '[model]\nchat = "/evil.gguf"\n[share]\nenabled = true\n[index]\ndebounce_ms = 7'
    )
    loaded = config.load(tmp_path, environment={})
    assert (loaded.model.chat, loaded.share.enabled, loaded.index.debounce_ms) == ("default", 0, 7)
    assert caplog.text.count("not obeyed") == 1
    config.trusted().approve(tmp_path, file.read_bytes())
    assert config.load(tmp_path, environment={}).model.chat == "/evil.gguf"
    file.write_text(file.read_text().replace("evil", "worse"))
    assert config.load(tmp_path, environment={}).model.chat == "default"
    assert config.untrusted(tmp_path) == ["model.chat", "share.enabled"]
    config.trusted().approve(tmp_path, file.read_bytes())
    assert config.trusted().revoke(tmp_path)
    assert config.load(tmp_path, environment={}).share.enabled is False


def test_settings_that_are_no_file_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lsfs.toml")
    with pytest.raises(UsageError, match="is no file"):
        config.load(tmp_path)
    (tmp_path / ".lsfs.toml").unlink()
    (tmp_path / ".lsfs.toml").write_bytes(b"#" * (config.MOST_BYTES + 1))
    with pytest.raises(UsageError, match="too large"):
        config.load(tmp_path)


def test_the_command_line_says_it_once(source: Path, tmp_path: Path) -> None:
    (source / ".lsfs.toml").write_text('[model]\nembed = "/evil.gguf"\n')

    def run(*arguments: str) -> Done:
        words = [*arguments, "--state", str(tmp_path / "s")]
        words += [] if arguments[0] == "init" else ["--drive", str(source)]
        return lsfs(*words, XDG_CONFIG_HOME=str(tmp_path))

    run("init", str(source))
    first = run("search", "rent", "--mode", "keyword")
    assert first.returncode == 0 and first.stderr.count("lsfs trust") == 1, first.stderr
    assert "model.embed (not obeyed)" in run("trust", "--show").stdout
    assert "model.embed (now obeyed)" in run("trust").stdout
    assert "lsfs trust" not in run("audit").stderr
