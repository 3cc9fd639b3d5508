"""Reading ahead: what is hot first, never beside a question, and never for nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.drives import initialise
from lsfs.errors import Cancelled, ModelError
from lsfs.fuse.changes import OPENED, Changes
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.pause import Machine, Pause
from lsfs.llm.files.models import chat_model_file
from lsfs.llm.runtime.batch import Stop
from lsfs.llm.runtime.local import LocalChat
from lsfs.serve import brain
from lsfs.syscalls import ahead as module
from lsfs.syscalls import drive as opening
from lsfs.syscalls import embedders
from lsfs.syscalls.ahead import OPENED_NS, Ahead, EitherOf
from lsfs.syscalls.drive import LocalCaller, open_engines
from tests.llm import tiny
from tests.llm.fakes import ReadingModel

NOW = 10**18
Eventually = Callable[[Callable[[], object]], object]


class FakeReads:
    """Notes what it reads; can be made to wait until it is cancelled, to fail, or to be full."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int | None]] = []
        self.holds: str = ""
        self.reached = threading.Event()
        self.is_full = False

    keeps = True

    def read(self, *_: Any, **__: Any) -> str:
        raise AssertionError("nothing is asked")

    def prepare(
        self, passages: Sequence[str], cancel: Stop | None = None, *, used_ns: int | None = None
    ) -> bool:
        (text,) = passages
        if text == self.holds:
            self.reached.set()
            assert cancel is not None
            assert cast(threading.Event, cancel).wait(30)
            raise Cancelled("the model was stopped")
        if text == "bad":
            raise ModelError("no")
        self.seen.append((text, used_ns))
        return not self.is_full


@pytest.fixture
def reads() -> FakeReads:
    return FakeReads()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "FLOOD_SECONDS", 0.02)


@pytest.fixture
def texts() -> dict[str, list[str]]:
    return {"a": ["a1", "a2"], "b": ["b1"]}


@pytest.fixture
def rests() -> dict[str, bool]:
    """Whether the index is at rest."""
    return {"index": True}


@pytest.fixture
def ahead(reads: FakeReads, texts: dict[str, list[str]], rests: dict[str, bool]) -> Iterator[Ahead]:
    made = Ahead(
        reads,
        lambda path: texts.get(path, []),
        is_at_rest=lambda: rests["index"],
        pause=Pause("never"),
        now_ns=lambda: NOW,
    )
    yield made
    made.close()


def is_done(ahead: Ahead, *paths: str) -> Callable[[], bool]:
    return lambda: {*paths} <= ahead._done


def test_what_was_asked_about_comes_before_what_was_opened(
    ahead: Ahead, reads: FakeReads, eventually: Eventually
) -> None:
    ahead.opened(["b"])
    ahead.asked(["a", "gone"])
    ahead.start()
    eventually(is_done(ahead, "a", "b", "gone"))
    assert reads.seen == [("a1", NOW), ("a2", NOW), ("b1", NOW - OPENED_NS)]


def test_many_files_that_are_opened_at_once_do_not_count(
    ahead: Ahead, reads: FakeReads, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLOOD_SECONDS", 5.0)
    ahead.opened(["b"] * (module.FLOOD - 1))
    assert ahead._opened
    ahead.opened(["a"])
    assert not ahead._opened
    ahead._quiet_until = 0.0
    ahead.asked(["a"])
    ahead.start()
    eventually(is_done(ahead, "a"))
    assert [text for text, _ in reads.seen] == ["a1", "a2"]


def test_a_question_drops_what_is_being_read_and_it_is_read_afterwards(
    ahead: Ahead, reads: FakeReads, eventually: Eventually
) -> None:
    reads.holds = "a2"
    ahead.asked(["a"])
    ahead.start()
    assert reads.reached.wait(30)
    with ahead.standing_back():
        reads.holds = ""
        assert not threading.Event().wait(0.05)
        assert reads.seen == [("a1", NOW)]
    eventually(is_done(ahead, "a"))
    assert [text for text, _ in reads.seen] == ["a1", "a1", "a2"]


def test_it_waits_for_the_index_and_for_the_machine(
    reads: FakeReads, rests: dict[str, bool], eventually: Eventually
) -> None:
    asked, busy = threading.Event(), {"share": 1.0}

    def others() -> float:
        asked.set()
        return busy["share"]

    pause = Pause(
        "busy", Machine(lambda: False, others), monotonic=iter(range(0, 10**9, 9)).__next__
    )
    ahead = Ahead(
        reads, lambda _: ["text"], is_at_rest=lambda: rests["index"], pause=pause,
        now_ns=lambda: NOW,
    )  # fmt: skip
    try:
        rests["index"] = False
        ahead.asked(["a"])
        ahead.start()
        eventually(lambda: ahead.state == "waits: files are indexed")
        assert not asked.is_set()
        rests["index"] = True
        assert asked.wait(30)
        eventually(lambda: ahead.state == "waits: the machine is busy")
        assert reads.seen == []
        busy["share"] = 0.0
        eventually(is_done(ahead, "a"))
        assert len(reads.seen) == 1
    finally:
        ahead.close()


def test_where_there_is_no_room_it_stops_until_something_is_asked(
    ahead: Ahead, reads: FakeReads, eventually: Eventually
) -> None:
    reads.is_full = True
    ahead.asked(["a", "b"])
    ahead.start()
    eventually(lambda: ahead._quiet_until > 0)
    assert len(reads.seen) == 1
    reads.is_full = False
    with ahead.standing_back():
        ahead.asked(["a"])
    eventually(is_done(ahead, "a", "b"))


@pytest.mark.model
def test_a_full_disk_and_a_real_model(
    tmp_path: Path, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny.write(tmp_path / "tiny.gguf", speaks=True)
    config = ModelConfig(chat=str(path), context=1024, threads=1, max_tokens=4, timeout=0)
    file, kept = chat_model_file(str(path)), tmp_path / "kv"
    assert file is not None
    real = os.write

    def full(fd: int, data: Any) -> int:
        inside = str(Path(f"/proc/self/fd/{fd}").readlink()).startswith(str(kept))
        if inside and is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    is_full = True
    monkeypatch.setattr(os, "write", full)
    chat = LocalChat(file, config, kept=kept)
    made = Ahead(chat, lambda _: ["Oak costs 12."], is_at_rest=lambda: True, pause=Pause("never"))
    try:
        made.asked(["a"])
        made.start()
        eventually(lambda: made._quiet_until > time.monotonic() + 60)  # it waits for room
        assert not list(kept.glob("*/*/*.kv"))
        assert chat.read("What does oak cost?", ["Oak costs 12."], [1.0]) is not None
        is_full = False
        with made.standing_back():
            made.asked(["a"])
        eventually(lambda: list(kept.glob("*/*/*.kv")))
    finally:
        made.close()
        chat.close()


def test_it_waits_while_memory_is_short(reads: FakeReads, eventually: Eventually) -> None:
    short = SimpleNamespace(reason=lambda: "memory is short" if is_short else "")
    is_short = True
    made = Ahead(
        reads, lambda path: [path], is_at_rest=lambda: True, pause=EitherOf(Pause("never"), short)
    )
    made.asked(["a"])
    made.start()
    try:
        eventually(lambda: made.state == "waits: memory is short")
        assert reads.seen == []
        is_short = False
        eventually(is_done(made, "a"))
    finally:
        made.close()


def test_what_fails_does_not_end_it_and_what_changes_is_read_again(
    ahead: Ahead,
    reads: FakeReads,
    texts: dict[str, list[str]],
    eventually: Eventually,
    caplog: pytest.LogCaptureFixture,
) -> None:
    texts["a"] = ["bad", "never"]
    ahead.asked(["a", "b"])
    ahead.start()
    eventually(is_done(ahead, "a", "b"))
    assert [text for text, _ in reads.seen] == ["b1"]
    assert "a is not read ahead: no" in caplog.text
    texts["a"] = ["new"]
    ahead.changed()
    eventually(is_done(ahead, "a", "b"))
    assert [text for text, _ in reads.seen] == ["b1", "new", "b1"] or [
        text for text, _ in reads.seen
    ] == ["b1", "b1", "new"]


def test_no_more_files_are_thought_of_than_it_says(ahead: Ahead) -> None:
    ahead.asked(str(number) for number in range(module.FILES + 9))
    assert next(iter(ahead._hot)) == "9"
    assert len(ahead._hot) == module.FILES


# --- from the mount, and in a drive


def test_the_mount_tells_what_was_opened_but_not_of_a_flood() -> None:
    read_end, write_end = os.pipe()
    told: list[str] = []
    engines: Any = SimpleNamespace(ahead=SimpleNamespace(opened=told.extend))
    try:
        os.set_blocking(write_end, False)
        changes = Changes(cast(Any, None), cast(Any, None), write_end)
        for number in range(OPENED + 9):
            name = b"name\n\xff%d" % number
            changes.opened(lambda name=name: name)  # type: ignore[misc]
            changes.nudge()
        changes.opened(lambda: None)
        data = os.read(read_end, 1 << 16)
    finally:
        os.close(read_end)
        os.close(write_end)
    rest = b""
    for at in range(0, len(data), 7):
        rest = brain._take_opened(engines, rest + data[at : at + 7])
    assert rest == b""
    assert told == [os.fsdecode(b"name\n\xff%d" % number) for number in range(OPENED)]
    assert brain._take_opened(engines, b"3\nzz\n61") == b"61"
    assert len(told) == OPENED


class ReadingChat(ReadingModel):
    """A scripted model that reads ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.keeps = True
        self.reads = FakeReads()
        self.prepare = self.reads.prepare  # type: ignore[method-assign]

    def read(self, *_: Any, **__: Any) -> str:
        return ""


def test_the_files_of_an_answer_are_read_ahead_in_a_drive_that_is_followed(
    source: Path, no_chat: Config, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    chat = ReadingChat()
    monkeypatch.setattr(embedders, "load", lambda *_: HashEmbedder())
    monkeypatch.setattr(opening, "_chat", lambda *_: chat)
    monkeypatch.setattr(Pause, "reason", lambda _: "")
    with contextlib.ExitStack() as stack:
        engines = open_engines(initialise(source), no_chat, stack, follow=True)
        drive = lsfs.Drive(source, LocalCaller(engines, lambda: None))
        drive.wait_indexed()
        found = drive.ask("What is the monthly rent in the Harbour Street lease?", no_model=True)
        first = found.files[0].path
        whole = (source / first).read_text()
        eventually(lambda: chat.reads.seen)
        texts = [text for text, _ in chat.reads.seen]
        assert texts[0].strip()[:40] in whole
        assert texts[0] in {hit.text for hit in drive.retrieve("monthly rent", k=20).hits}
    off = replace(no_chat, model=replace(no_chat.model, kv="off"))
    with contextlib.ExitStack() as stack:
        assert open_engines(initialise(source), off, stack, follow=True).ahead is None
