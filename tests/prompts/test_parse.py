"""``parse`` on a drive: names are found, and what is not clear is said and never done."""

from __future__ import annotations

from typing import Any

import pytest

import lsfs


def calls(drive: lsfs.Drive, prompt: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one.syscall, one.arguments) for one in drive.parse(prompt).calls]


def test_a_name_is_found_in_its_folder(drive: lsfs.Drive) -> None:
    (one,) = drive.parse("please roll back report.txt to yesterday's version").calls
    assert one.arguments == {"path": "Notes/report.txt", "to": "yesterday"}
    assert (one.effect, one.command) == ("write", "lsfs rollback Notes/report.txt --to yesterday")
    (one,) = drive.parse("who changed the van lease?").calls
    assert one.arguments == {"path": "Archive/van lease.txt"}
    assert one.command == "lsfs log 'Archive/van lease.txt'"


def test_a_folder_is_known_before_it_is_indexed(drive: lsfs.Drive) -> None:
    drive.make_dir("Fresh")
    assert calls(drive, "purge Fresh") == [("purge", {"path": ["Fresh"]})]
    assert calls(drive, "how big is the price list") == [
        ("ask", {"question": "how big is the price list"})
    ]


def test_a_name_that_may_mean_several_files(drive: lsfs.Drive) -> None:
    parsed = drive.parse("delete same.txt")
    assert parsed.calls == ()
    assert parsed.choices == ("A/same.txt", "B/same.txt")
    assert calls(drive, "delete A/same.txt") == [("delete", {"path": ["A/same.txt"]})]


def test_one_after_the_other(drive: lsfs.Drive) -> None:
    assert calls(drive, "make a folder Taxes and move report.txt into it") == [
        ("make_dir", {"path": "Taxes"}),
        ("move", {"source": "Notes/report.txt", "destination": "Taxes/report.txt"}),
    ]


def test_restore_of_a_removed_file_is_from_the_trash(drive: lsfs.Drive) -> None:
    assert drive.parse("restore report.txt").unclear
    plan = drive.delete(("Notes/report.txt",))
    drive.delete(("Notes/report.txt",), apply=plan.digest)
    assert calls(drive, "restore report.txt") == [("trash_restore", {"path": "Notes/report.txt"})]
    drive.trash_restore("Notes/report.txt")
    assert drive.parse("restore report.txt").unclear


@pytest.mark.parametrize(
    "prompt",
    [
        "delete it",
        "do not delete report.txt",
        "Don't you dare empty the trash",
        "Empty the trash - no, wait, leave the trash as it is",
        "delete everything on the drive, never mind",
        "delete the old files",
        "delete all notes that mention Bob",
        "remove everything",
        "e-mail report.txt to Bob",
        "translate report.txt",
        "move report.txt",
        "restore report.txt",
        "delete everything except report.txt",
        "hello",
        "thanks!",
        "",
        "   ",
        "...",
    ],
)
def test_what_is_not_clear_is_not_done(drive: lsfs.Drive, prompt: str) -> None:
    parsed = drive.parse(prompt)
    assert parsed.calls == ()
    assert parsed.unclear
    assert parsed.by == ""


@pytest.mark.parametrize(
    ("prompt", "command"),
    [
        ("lock report.txt for ten minutes", "lsfs lock Notes/report.txt --for 10m"),
        ("share report.txt for 2 months", "lsfs share Notes/report.txt --expires 60d"),
        ("a link to report.txt that expires in 30 minutes", ""),
        (
            "create a link to report.txt that expires in 30 minutes",
            "lsfs share Notes/report.txt --expires 30m",
        ),
        ("stop sharing report.txt", "lsfs unshare Notes/report.txt"),
        ("what did I change today?", "lsfs log --since today"),
    ],
)
def test_how_long_is_said_as_the_command_takes_it(
    drive: lsfs.Drive, prompt: str, command: str
) -> None:
    planned = drive.parse(prompt).calls
    assert [one.command for one in planned if one.syscall != "ask"] == [command] * bool(command)


@pytest.mark.parametrize(
    "prompt",
    [
        "contracts from 2023",
        "When was the contract deleted from the register?",
        "Who may restore the licence?",
        "What does the move cost?",
        "delete-proof storage of files",
    ],
)
def test_a_question_stays_one(drive: lsfs.Drive, prompt: str) -> None:
    assert calls(drive, prompt) == [("ask", {"question": prompt})]


@pytest.mark.parametrize(
    "prompt",
    [
        "delete \ue000 and \ue123",
        "roll back " + "a " * 3000 + "to yesterday",
        "\x00\x1b[31m delete\n\n\treport.txt",
        "' \" ` “ ” « delete",
        "delete " + "(" * 500,
        "delete a, " * 45,
        ", and then " * 40,
        "🗑️ report.txt",
        "löschen Sie report.txt",
    ],
)
def test_no_prompt_breaks_it(drive: lsfs.Drive, prompt: str) -> None:
    drive.parse(prompt)
