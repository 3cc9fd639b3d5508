"""Questions that are kept, on a drive in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import lsfs
from lsfs.config import Config
from lsfs.drives import initialise
from lsfs.errors import Cancelled, LockHeld, NotFound, UsageError
from lsfs.model import QueryPlan, SavedQuestion
from lsfs.syscalls import questions
from lsfs.syscalls.ask import Answer, AskRequest
from lsfs.syscalls.drive import LocalCaller, open_local
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Effect, registry

RENT = "What is the monthly rent of the lease with Harbour Homes?"


def test_a_question_is_answered_once_for_a_state_of_the_index(
    drive: lsfs.Drive, source: Path
) -> None:
    drive.save_question("rent", f" {RENT}\n")
    first = drive.answer_question("rent")
    assert (first.name, first.question) == ("rent", RENT)
    assert "1,450" in first.answer
    assert first.citations[0].path == "Contracts/harbour-lease.md"
    assert first.files[0].path == "Contracts/harbour-lease.md"
    assert first.time_ns > 0
    assert drive.answer_question("rent") == first
    lease = source / "Contracts/harbour-lease.md"
    lease.write_text(lease.read_text().replace("1,450", "1,620"))
    second = drive.answer_question("rent")
    assert "1,620" in second.answer
    assert second.generation > first.generation


def test_forgetting(drive: lsfs.Drive) -> None:
    drive.save_question("rent", RENT)
    drive.drop_question("rent")
    for call in (drive.drop_question, drive.answer_question):
        with pytest.raises(NotFound, match="'rent'"):
            call("rent")


@pytest.mark.parametrize("name", ["", "a/b", ".git", "a\nb", "\udcff", "x" * 253])
def test_names_that_no_file_can_have(drive: lsfs.Drive, name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        drive.save_question(name, RENT)


@pytest.mark.parametrize("question", ["", " \n", "a\nb", "\x1b[2J", "\udcff", "ü" * 40_000])
def test_texts_that_are_no_question(drive: lsfs.Drive, question: str) -> None:
    with pytest.raises(UsageError, match="not a question"):
        drive.save_question("q", question)


def test_they_write_and_are_no_commands(drive: lsfs.Drive, source: Path, no_chat: Config) -> None:
    for name in ("save_question", "drop_question", "answer_question"):
        assert registry[name].effect is Effect.WRITE
        assert not registry[name].command
    with lsfs.open(source, config=no_chat) as second, pytest.raises(LockHeld):
        second.save_question("rent", RENT)


# --- what happens at the same time


class Scripted:
    """Stands in for ``ask``: waits until it may answer, then does."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.begun = threading.Event()
        self.may = threading.Event()
        self.calls: list[Call] = []

    def __call__(self, call: Call, request: AskRequest) -> Answer:
        self.asked.append(request.question)
        self.calls.append(call)
        self.begun.set()
        assert self.may.wait(10)
        plan = QueryPlan("")
        return Answer(request.question.upper(), True, (), (), plan)


@pytest.fixture
def caller(source: Path, no_chat: Config) -> Iterator[LocalCaller]:
    opened = open_local(initialise(source), no_chat)
    yield opened
    opened.close()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    script = Scripted()
    monkeypatch.setattr(questions, "ask", script)
    return script


def save(caller: LocalCaller, question: str) -> None:
    caller.call("save_question", {"name": "q", "question": question}, lambda _: None)


def test_two_who_wait_for_one_answer_get_the_same(caller: LocalCaller, script: Scripted) -> None:
    save(caller, "one")
    found: list[SavedQuestion] = []
    waiting = threading.Event()

    def answer() -> None:
        call = Call(caller.engines, lambda event: waiting.set() if "stage" in event else None)
        found.append(questions.answer_question(call, questions.QuestionName("q")))

    threads = [threading.Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert script.begun.wait(10)
    assert waiting.wait(10), "whoever waits for a turn shows that it is alive"
    script.may.set()
    for thread in threads:
        thread.join()
    assert script.asked == ["one"]
    assert [one.answer for one in found] == ["ONE", "ONE"]


def test_a_question_that_changes_meanwhile_is_asked_anew(
    caller: LocalCaller, script: Scripted
) -> None:
    save(caller, "one")
    found: list[SavedQuestion] = []
    call = Call(caller.engines)
    thread = threading.Thread(
        target=lambda: found.append(questions.answer_question(call, questions.QuestionName("q")))
    )
    thread.start()
    assert script.begun.wait(10)
    save(caller, "two")
    script.may.set()
    thread.join()
    assert script.asked == ["one", "two"]
    assert found[0].answer == "TWO"


def test_an_answer_is_found_though_the_caller_has_gone(
    caller: LocalCaller, script: Scripted
) -> None:
    save(caller, "one")
    script.may.set()
    gone = Call(caller.engines)
    gone.cancelled.set()
    assert questions.answer_question(gone, questions.QuestionName("q")).answer == "ONE"
    assert not script.calls[0].cancelled.is_set()


def test_an_old_answer_is_not_renewed_for_a_caller_who_has_gone(
    caller: LocalCaller, script: Scripted
) -> None:
    save(caller, "one")
    script.may.set()
    gone = Call(caller.engines)
    gone.cancelled.set()
    questions.answer_question(gone, questions.QuestionName("q"))
    caller.engines.catalog.bump()
    with pytest.raises(Cancelled):
        questions.answer_question(gone, questions.QuestionName("q"))
    assert script.asked == ["one"]
