"""Questions in steps, looking again, and what is remembered of a conversation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import lsfs
from lsfs.config import Config
from lsfs.errors import UsageError
from lsfs.index.dialogue.turns import Turn
from lsfs.syscalls.answers.talks import TALKS, TURNS, Talks
from lsfs.syscalls.engines import Call
from tests.command import lsfs as command

RENT = "What is the monthly rent in the lease with Harbour Homes?"
DIRECTORY = """Directory

Harbour Homes Ltd: phone +353 91 555 014
"""


@pytest.fixture
def talk(source: Path, no_chat: Config, tmp_path: Path) -> lsfs.Drive:
    (source / "Notes/directory.txt").write_text(DIRECTORY)
    drive = lsfs.open(source, config=no_chat, state=str(tmp_path / "state"))
    drive.call("wait_indexed")  # a slow machine answers before all is read
    return drive


def test_in_steps(talk: lsfs.Drive) -> None:
    with talk as drive:
        told: list[str] = []
        drive._on_event = lambda event: told.append(event.get("text", ""))
        both = drive.ask("What is the rent and the colour of the door in the Harbour Homes lease?")
        assert both.by == "parts"
        assert [part.grounded for part in both.parts] == [True, False]
        assert "1,450" in both.parts[0].answer
        assert both.parts[1].answer.startswith("not found")
        assert "".join(told) == both.answer
        assert all(both.citations[n].quote in one.text for one in both.statements
                   for n in one.citations)  # fmt: skip

        bridge = drive.ask("What is the phone number of the landlord of the lease of Ada Byron "
                           "with Harbour Homes?")  # fmt: skip
        assert "555 014" in bridge.answer
        assert [part.question for part in bridge.parts][1] == (
            "What is the phone number of Harbour Homes Ltd?"
        )
        nobody = drive.ask("What is the phone number of the landlord of the lease with Oak Homes?")
        assert not nobody.grounded
        assert nobody.citations == ()

        higher = drive.ask("Which is higher, the rent of the Harbour Homes lease or of the Old "
                           "Mill Estates lease?")  # fmt: skip
        assert (higher.by, higher.answer.splitlines()[0]) == (
            "computed", "the Harbour Homes lease: EUR 1,450 against EUR 700",
        )  # fmt: skip
        assert [c.path for c in higher.citations] == [
            "Contracts/harbour-lease.md", "Contracts/mill-lease.txt",
        ]  # fmt: skip
        one = drive.ask("Is the rent of the Harbour Homes lease higher than of the Oak Inn lease?")
        assert one.answer.startswith("not compared: no value of the rent is found for the Oak Inn")
        plan = drive.ask("What is the rent and the deposit in the Mill lease?", plan=True).plan
        assert plan.notes[:2] == (
            "part 1: What is the rent in the Mill lease?",
            "part 2: What is the deposit in the Mill lease?",
        )


def test_a_question_that_is_one_is_asked_once(
    drive: lsfs.Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lsfs.syscalls.answers import facts

    asked: list[str] = []
    gathered = facts.gathered

    def counted(call: Call, words: str, *rest: Any, **options: Any) -> facts.Gathered:
        asked.append(words)
        return gathered(call, words, *rest, **options)

    monkeypatch.setattr(facts, "gathered", counted)
    assert drive.ask(RENT).parts == ()
    assert asked == [RENT]


def test_it_is_looked_for_in_other_words(drive: lsfs.Drive, source: Path) -> None:
    (source / "Contracts/linde.txt").write_text(
        "MIETVERTRAG\n\nzwischen Gruber KG und Jonas Weber.\n\nDie Kaution beträgt 3.360 EUR."
    )
    answer = drive.ask("What is the deposit?", wait=True)
    assert "3.360" in answer.answer
    assert "looked again with 'kaution' for 'deposit'" in answer.plan.notes
    nothing = drive.ask("What is the wingspan of the albatross in centimetres?")
    assert not nothing.grounded


def test_a_conversation(talk: lsfs.Drive, tmp_path: Path) -> None:
    with talk as drive:
        drive.ask(RENT)
        answer = drive.ask("and the notice period?", continue_=True)
        assert "three months" in answer.answer
        assert answer.read_as.startswith(
            "What is the notice period in the lease with Harbour Homes?"
        )
        assert drive.ask("contracts").by == "list"  # begins anew
        assert [file.path for file in drive.ask("only from 2019", continue_=True).files] == [
            "Contracts/mill-lease.txt"
        ]
        assert "700" in drive.ask("what is the rent in it?", continue_=True).answer
        drive.ask(RENT, conversation="work")
        other = drive.ask("and in the other lease?", continue_=True, conversation="work")
        assert "700" in other.answer
        assert "1,450" not in other.answer
        plan = drive.ask("who signed it?", continue_=True, conversation="work", plan=True)
        assert plan.plan.notes[0].startswith("read as: who signed")
        kept = list((tmp_path / "state/conversations").iterdir())
        assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}
        assert kept[0].parent.stat().st_mode & 0o777 == 0o700
        with pytest.raises(UsageError, match="takes no question"):
            drive.ask(RENT, forget=True)
        drive.ask(forget=True, conversation="work")
        again = drive.ask("and the deposit?", continue_=True, conversation="work")
        assert "nothing was asked before; read as it stands" in again.notes


def test_which_other_one_is_meant(talk: lsfs.Drive, source: Path) -> None:
    with talk as drive:
        lease = (source / "Contracts/mill-lease.txt").read_text()
        (source / "Contracts/quay-lease.txt").write_text(lease.replace("Old Mill", "Quay"))
        drive.ask(RENT)
        answer = drive.ask("and in the other lease?", continue_=True, wait=True)
        assert not answer.grounded
        assert answer.answer.startswith("which one is meant? There are 2 others")


def test_it_outlives_the_index_and_not_a_purge(
    talk: lsfs.Drive, source: Path, no_chat: Config, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with talk as drive:
        drive.ask(RENT, conversation="work")
        drive.ask("What is said of a heron?", conversation="other")
    (state / "catalog.sqlite").write_bytes(b"damaged")
    with lsfs.open(source, config=no_chat, state=str(state)) as drive:
        answer = drive.ask("and the notice period?", continue_=True, conversation="work")
        assert "three months" in answer.answer
        lease = source / "Contracts/harbour-lease.md"
        lease.unlink()
        plan = drive.call("purge", path=("Contracts/harbour-lease.md",))
        drive.call("purge", path=("Contracts/harbour-lease.md",), apply=plan.digest)
        kept = b"".join(file.read_bytes() for file in (state / "conversations").iterdir())
        assert b"harbour" not in kept.lower()
        assert b"heron" in kept


def test_what_cannot_be_remembered_is_answered(
    drive: lsfs.Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Talks, "keep", full)
    answer = drive.ask(RENT)
    assert "1,450" in answer.answer
    assert answer.notes == ("not remembered: No space left on device",)


def test_the_memory_is_bounded_and_may_be_damaged(tmp_path: Path) -> None:
    talks = Talks(tmp_path / "talks")
    turn = Turn(question="q", read_as="q", files=("caf\udce9.txt",))
    talks.keep("a", [turn] * (TURNS + 3))
    assert talks.turns("a") == (turn,) * TURNS
    (file,) = (tmp_path / "talks").iterdir()
    os.utime(file, ns=(0, 0))
    for number in range(TALKS):
        talks.keep(f"talk {number}", [turn])
    assert talks.turns("a") == ()  # idle for longest
    assert len(list((tmp_path / "talks").iterdir())) == TALKS
    for damage in (b"", b"{", b'{"name": "b", "turns": [3]}', b"\xff"):
        talks.keep("b", [turn])
        newest = max((tmp_path / "talks").iterdir(), key=lambda one: one.stat().st_mtime_ns)
        newest.write_bytes(damage)
        assert talks.turns("b") == ()
    assert talks.purge(["caf\udce9.txt"]) == TALKS
    assert list((tmp_path / "talks").iterdir()) == []


def test_the_command_line_goes_on(source: Path) -> None:
    command("index", str(source))
    first = command("ask", RENT, cwd=source)
    assert "1,450" in first.stdout
    done = command("ask", "--continue", "and", "the", "notice", "period?", cwd=source)
    assert "three months" in done.stdout
    assert "(read as: What is the notice period in the lease with Harbour Homes?" in done.stdout
    forgotten = command("ask", "--forget", cwd=source)
    assert (forgotten.returncode, forgotten.stdout) == (0, "the conversation is forgotten\n")
