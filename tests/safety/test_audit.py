"""The audit log: what it says, what it finds out, and what it forgets."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.errors import AccessDenied, LsfsError, UsageError
from lsfs.safety.audit import AuditLog, Happening
from lsfs.safety.clients import Client
from lsfs.safety.grants import Grant
from tests.safety.conftest import Open

LINES = 6


def written(path: Path, count: int = LINES) -> AuditLog:
    log = AuditLog(path)
    for n in range(count):
        details = {"arguments": {"path": f"Notes/file-{n}.txt"}}
        log.append(Happening("write_file", "write", "done", Client(), details=details), 1000 + n)
    return log


def changed(line: bytes, **values: object) -> bytes:
    return json.dumps({**json.loads(line), **values}).encode() + b"\n"


def test_a_log_that_nobody_touched_is_whole(tmp_path: Path) -> None:
    log = written(tmp_path / "audit.log")
    found = log.verify()
    assert (found.lines, found.problems, found.notes) == (LINES, (), ())
    assert log.verify(found.head).problems == ()
    assert stat.S_IMODE((tmp_path / "audit.log").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda ls: [*ls[:2], changed(ls[2], uid=7), *ls[3:]], "line 3 was altered"),
        (
            lambda ls: [*ls[:2], changed(ls[2], details={"arguments": {"path": "x"}}), *ls[3:]],
            "its details were altered",
        ),
        (lambda ls: [*ls[:2], changed(ls[2], details=None, salt=""), *ls[3:]], "lost its details"),
        (lambda ls: ls[:2] + ls[3:], "line 4 follows line 2"),
        (lambda ls: [ls[1], ls[0], *ls[2:]], "line 2 follows line 0"),
        (lambda ls: [*ls[:3], ls[2], *ls[3:]], "line 3 follows line 3"),
        (lambda ls: ls[:-1], "lines 6 to 6 are missing"),
        (lambda ls: [], "lines 1 to 6 are missing"),
        (lambda ls: [*ls[:2], b"nonsense\n", *ls[2:]], "one that is no record"),
    ],
)
def test_tampering_is_found(
    tmp_path: Path, tamper: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    path = tmp_path / "audit.log"
    log = written(path)
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))
    assert any(said in problem for problem in log.verify().problems), log.verify()


def test_a_log_made_anew_is_told_by_a_head_that_was_noted(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    head = written(path).verify().head
    for one in tmp_path.iterdir():
        one.unlink()
    again = written(path, LINES + 1)
    assert again.verify().problems == ()
    assert again.verify(head).problems


def test_a_torn_line_is_said_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = written(path)
    with path.open("ab") as file:
        file.write(b'{"n": 7, "time_')  # what a crash leaves
    assert log.verify().problems == () and "half written" in log.verify().notes[0]
    written_more = Happening("mv", "write", "done", Client())
    log.append(written_more, 2000)
    found = log.verify()
    assert found.problems == () and found.lines == LINES + 1
    assert "before line 7" in found.notes[0]


def test_a_note_that_a_crash_left_behind_is_no_tampering(tmp_path: Path) -> None:
    path, head = tmp_path / "audit.log", tmp_path / "audit.log.head"
    log = written(path)
    before = head.read_bytes()
    log.append(Happening("mv", "write", "done", Client()), 2000)
    head.write_bytes(before)
    assert log.verify().problems == ()


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    writers = [threading.Thread(target=written, args=(path, 25)) for _ in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    found = AuditLog(path).verify()
    assert (found.lines, found.problems) == (100, ())


def test_a_redaction_keeps_the_chain_and_no_name(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = written(path)
    assert log.redact(["Notes/file-3.txt"], 3000, Client()) == 1
    assert b"file-3" not in path.read_bytes() and b"file-4" in path.read_bytes()
    assert log.verify().problems == ()
    assert [one.n for one in log.entries() if one.details is None] == [4]
    assert log.redact(["Notes/file-3.txt"], 3000, Client()) == 0


def test_every_change_and_every_refusal_is_a_line(opened: Open, tmp_path: Path) -> None:
    drive = opened(Grant(verbs=("read", "search", "write")), door="mcp")
    drive.write_file("Notes/a.txt", "the content itself")
    drive.retrieve("rent")
    with pytest.raises(AccessDenied):
        drive.delete(("Notes/a.txt",))
    with pytest.raises(UsageError):
        drive.write_file("../out.txt", "x")
    with pytest.raises(LsfsError):
        drive.move("Notes/none.txt", "Notes/b.txt")
    told = opened().audit().entries
    assert [(one.call, one.outcome) for one in told] == [
        ("write_file", "done"), ("delete", "refused"), ("write_file", "refused"),
        ("move", "failed"),
    ]  # fmt: skip
    assert {(one.door, one.uid, one.pid) for one in told} == {("mcp", os.getuid(), os.getpid())}
    assert told[0].details["arguments"]["path"] == "Notes/a.txt"
    assert b"content itself" not in (tmp_path / "state" / "audit.log").read_bytes()


def test_a_plan_and_what_was_done_bear_the_same_digest(opened: Open) -> None:
    drive = opened()
    plan = drive.delete(("Finance",), recursive=True)
    drive.delete(("Finance",), recursive=True, apply=plan.digest)
    planned, done = drive.audit().entries
    assert (planned.outcome, done.outcome) == ("planned", "done")
    assert planned.details["plan"] == done.details["plan"] == plan.digest


def test_lines_are_chosen_by_path_client_outcome_and_time(opened: Open) -> None:
    drive = opened()
    drive.make_dir("New")
    drive.write_file("New/a.txt", "x")
    with pytest.raises(LsfsError):
        drive.move("nothing", "b")
    assert [one.call for one in drive.audit(path="New").entries] == ["make_dir", "write_file"]
    assert [one.call for one in drive.audit(outcome="failed").entries] == ["move"]
    assert drive.audit(client="mcp").entries == ()
    assert len(drive.audit(client="python").entries) == 3
    assert drive.audit(since="1 minute ago", limit=1).entries[0].call == "move"


def test_a_purge_takes_the_names_out_of_the_log(opened: Open, source: Path, tmp_path: Path) -> None:
    drive = opened()
    drive.write_file("Notes/quokka-plan.txt", "x")
    drive.lock("Notes/quokka-plan.txt")
    drive.move("Notes/quokka-plan.txt", "Notes/quokka-old.txt")
    drive.share("Notes/quokka-old.txt")
    plan = drive.delete(("Notes/quokka-old.txt",))
    drive.delete(("Notes/quokka-old.txt",), apply=plan.digest)
    last = drive.purge(("Notes/quokka-old.txt",))
    drive.purge(("Notes/quokka-old.txt",), apply=last.digest)
    assert drive.audit_verify().problems == ()
    assert drive.audit().entries[-1].call == "purge"
    for name in ("audit.log", "locks.json", "shares.json"):
        assert b"quokka" not in (tmp_path / "state" / name).read_bytes(), name


def test_a_log_that_cannot_be_written_stops_nobody(
    opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive = opened()
    (tmp_path / "state" / "audit.log.lock").mkdir()
    drive.make_dir("New")
    assert "is not in the audit log" in caplog.text
