"""The change feed: what happens to files, in order, and from where one has read."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.errors import UsageError
from lsfs.syscalls.changes import FileEvent


@pytest.fixture
def no_chat() -> Config:
    """No model at all: what is tested here needs none."""
    return replace(Config(), model=ModelConfig(chat="none", embed="none"))


def brief(events: tuple[FileEvent, ...]) -> list[tuple[str, str]]:
    return [(one.event, one.path) for one in events]


def test_a_feed_goes_on_where_it_was_left(drive: lsfs.Drive, source: Path) -> None:
    begin = drive.changes_since()
    assert begin.events == ()
    (source / "new.txt").write_text("an okapi")
    (source / "Notes/newsletter.html").rename(source / "moved.html")
    (source / "Contracts/mill-lease.txt").write_text("another text")
    first = drive.changes_since(begin.cursor)
    assert sorted(brief(first.events)[:3]) == [
        ("changed", "Contracts/mill-lease.txt"),
        ("created", "new.txt"),
        ("moved", "moved.html"),
    ]
    assert sorted(brief(first.events)[3:]) == [
        ("indexed", "Contracts/mill-lease.txt"),
        ("indexed", "moved.html"),
        ("indexed", "new.txt"),
    ]
    assert [one.origin for one in first.events if one.event == "moved"] == ["Notes/newsletter.html"]
    assert drive.changes_since(first.cursor).events == ()
    # Behind each event, what follows is the same again, in parts of any size.
    for number, one in enumerate(first.events):
        cursor, rest = one.cursor, []
        while part := drive.changes_since(cursor, limit=2).events:
            rest += part
            cursor = part[-1].cursor
        assert rest == list(first.events[number + 1 :])
    (source / "new.txt").unlink()
    assert brief(drive.changes_since(first.cursor).events) == [("removed", "new.txt")]
    assert brief(drive.changes_since(begin.cursor, path="Contracts").events) == [
        ("changed", "Contracts/mill-lease.txt"),
        ("indexed", "Contracts/mill-lease.txt"),
    ]


def test_a_cursor_holds_when_the_drive_is_opened_anew(source: Path, no_chat: Config) -> None:
    with lsfs.open(source, config=no_chat) as drive:
        cursor = drive.changes_since().cursor
        drive.write_file("todo.txt", "call Ada")
    with lsfs.open(source, config=no_chat) as drive:
        events = drive.changes_since(cursor).events
        assert brief(events) == [("created", "todo.txt"), ("indexed", "todo.txt")]
        assert (events[0].program != "", events[0].version, events[1].status) == (True, 1, "ok")
        with pytest.raises(UsageError, match="cursor"):
            drive.changes_since("yesterday")


def test_watching(drive: lsfs.Drive) -> None:
    feed = drive.watch("Notes", interval=0.01)
    drive.write_file("Notes/a.txt", "an okapi")
    drive.write_file("b.txt", "not watched")
    drive.write_file("Notes/c.txt", "a walrus")
    seen = [next(feed) for _ in range(4)]
    assert {(one.event, one.path) for one in seen} == {
        (event, path) for event in ("created", "indexed") for path in ("Notes/a.txt", "Notes/c.txt")
    }
    assert next(drive.watch(cursor=seen[0].cursor)).path in ("b.txt", "Notes/c.txt")


def test_a_file_written_whole_is_no_renaming_in_the_log(drive: lsfs.Drive) -> None:
    drive.write_file("todo.txt", "call Ada")
    drive.write_file("todo.txt", "call Bob")
    changes = [(one.op, one.path, one.origin) for one in drive.log("todo.txt").changes]
    assert changes == [("created", "todo.txt", ""), ("written", "todo.txt", "")]


def test_text_is_streamed(drive: lsfs.Drive) -> None:
    stream = drive.stream("ask", "What is the monthly rent of the lease with Harbour Homes?")
    text = "".join(stream)
    assert "1,450" in text and stream.result.answer.startswith(text.strip()[:20])
    assert list(stream) == []
    broken = drive.stream("ask", " ")
    with pytest.raises(UsageError):
        list(broken)
    with pytest.raises(UsageError):
        _ = broken.result
    with pytest.raises(UsageError, match="'questoin'"):
        drive.stream("ask", questoin="x")
