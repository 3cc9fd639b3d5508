"""The journal: what was noted can be read, whatever ended the process that noted it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.fuse import brain
from lsfs.versions import history
from lsfs.versions.events import Event, Op, Row, framed
from lsfs.versions.history import Journal, JournalReader

Wait = Callable[..., object]


def read(path: Path, position: int = 0) -> list[Event]:
    reader = JournalReader(path)
    try:
        return list(reader.after(position))
    finally:
        reader.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def test_what_is_noted_can_be_read_in_order(path: Path, eventually: Wait) -> None:
    committed: list[int] = []
    journal = Journal(path)
    journal.on_commit(lambda: committed.append(len(read(path))))
    for number in range(500):
        assert journal.append(number, Op.WRITTEN, b"%d \xff" % number) == number + 1
    journal.append(500, Op.RENAMED, b"a", b"b")
    eventually(lambda: committed and committed[-1] == 501)
    events = read(path)
    assert [event.id for event in events] == list(range(1, 502))
    assert events[7] == Event(8, 7, Op.WRITTEN, os.fsdecode(b"7 \xff"))
    assert events[500] == Event(501, 500, Op.RENAMED, "a", "b")
    journal.close()
    journal.close()


def test_closing_takes_in_what_is_left(path: Path) -> None:
    journal = Journal(path)
    journal.append(1, Op.REMOVED, b"x")
    journal.close()
    assert read(path) == [Event(1, 1, Op.REMOVED, "x")]
    assert path.with_name(path.name + history.SPOOL).stat().st_size == 0


def test_positions_go_on_after_a_restart(path: Path) -> None:
    for expected in (1, 2, 3):
        journal = Journal(path)
        assert journal.append(0, Op.WRITTEN, b"f") == expected
        journal.close()
    assert len(read(path)) == 3


def test_a_killed_process_loses_nothing(path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from lsfs.versions import history\nhistory.GATHER_S = 1000\n"
        "journal = history.Journal(Path(sys.argv[1]))\n"
        "for n in range(300): journal.append(n, history.Op.RENAMED, b'%d' % n, b'to')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], env=brain.environment())
    assert done.returncode == -signal.SIGKILL
    expected = [(str(number), "to") for number in range(300)]
    assert [(event.path, event.target) for event in read(path)] == expected
    Journal(path).close()
    assert [(event.path, event.target) for event in read(path)] == expected


def test_a_torn_spool_gives_what_is_whole_and_nothing_twice(path: Path) -> None:
    journal = Journal(path)
    journal.append(5, Op.WRITTEN, b"in the database already")
    journal.close()
    first = framed(Row(1, 5, "written", b"in the database already", None, None, None))
    second = framed(Row(2, 6, "renamed", b"old", b"new", None, None))
    spool = path.with_name(path.name + history.SPOOL)
    for torn in (second[:-1], second[:3], bytes(64)):
        spool.write_bytes(first + torn)
        Journal(path).close()
        assert [event.path for event in read(path)] == ["in the database already"]
    spool.write_bytes(first + second)
    Journal(path).close()
    assert [event.target for event in read(path)] == [None, "new"]


def test_a_database_that_cannot_be_written_is_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(path)
    plain, failures = journal._insert, [history.sqlite3.OperationalError("disk is full")]

    def insert(rows: list[object]) -> None:
        if failures:
            raise failures.pop()
        plain(rows)  # type: ignore[arg-type]

    monkeypatch.setattr(journal, "_insert", insert)
    journal.append(1, Op.WRITTEN, b"first")
    eventually(lambda: not failures)
    journal.append(2, Op.WRITTEN, b"second")
    eventually(lambda: len(read(path)) == 2)
    journal.close()
    assert "disk is full" in caplog.text
