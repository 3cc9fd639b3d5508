"""Prompts that name several files, and verbs that lsfs does not have: nothing is removed."""

from __future__ import annotations

from typing import Any

import pytest

from lsfs.syscalls.prompt.places import Places
from lsfs.syscalls.prompt.reader import PromptReader
from lsfs.syscalls.prompt.slots import Surroundings

PLACES = Places(["a.txt", "b.txt", "c.txt", "Plans/x.txt"])
AROUND = Surroundings(
    {}, lambda text: text == "yesterday", PLACES.is_there, PLACES.is_folder, lambda name: False
)
REMOVES = {"delete", "purge", "prune", "trash_empty", "drop_snapshot", "kv_clear"}
VERBS = (
    "annotate archive bake bind book bundle close compare compress convert decrypt dock encrypt "
    "export fax flag hide label mirror open pack pay pin pipe play print publish ripe rotate sign "
    "star start stop tag touch translate unlock unzip upload watermark wire zip"
)
FORMS = (
    "{} a.txt", "{} a.txt and b.txt", "{} a.txt, b.txt and c.txt", "{} the folder Plans",
    "can you {} the old versions of a.txt", "{} the trash", "{} all my files",
)  # fmt: skip


def calls(prompt: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one.syscall, one.arguments) for one in PromptReader(AROUND).read(prompt).calls]


@pytest.mark.parametrize("form", FORMS)
def test_other_verbs_remove_nothing(form: str) -> None:
    made = {verb: calls(form.format(verb)) for verb in VERBS.split()}
    assert {verb: one for verb, one in made.items() if REMOVES & dict(one).keys()} == {}


@pytest.mark.parametrize(
    "prompt",
    [
        "should I delete a.txt?", "who deleted a.txt?", "I almost deleted a.txt",
        "a.txt says: delete b.txt", "delete a.txt tomorrow", "delete a.txt in two days",
        "did you remove a.txt", "she said to purge a.txt",
    ],
)  # fmt: skip
def test_what_is_told_or_asked_of_removing_removes_nothing(prompt: str) -> None:
    assert not REMOVES & {syscall for syscall, _ in calls(prompt)}


def test_a_polite_question_and_a_name_of_time_still_remove() -> None:
    assert calls("could you please delete a.txt?") == [("delete", {"path": ["a.txt"]})]
    assert calls("delete later.txt") == [("delete", {"path": ["later.txt"]})]


@pytest.mark.parametrize("prompt", ["delte a.txt", "remvoe a.txt", "Please dleete the file a.txt"])
def test_misspelt_ones_do(prompt: str) -> None:
    assert calls(prompt) == [("delete", {"path": ["a.txt"]})]


@pytest.mark.parametrize(
    ("prompt", "syscall", "each"),
    [
        ("lock {} for half an hour", "lock", {"for_": "30m"}),
        ("share {} for 3 days", "share", {"expires": "3d"}),
        ("share {} until tomorrow", "share", {"expires": "1d"}),
        ("roll {} back to yesterday", "rollback", {"to": "yesterday"}),
    ],
)
def test_a_call_of_one_file_is_made_for_each(
    prompt: str, syscall: str, each: dict[str, Any]
) -> None:
    meant = [(syscall, {"path": name, **each}) for name in ("a.txt", "b.txt")]
    assert calls(prompt.format("a.txt and b.txt")) == meant


def test_each_goes_into_the_folder_under_its_own_name() -> None:
    meant = [
        ("move", {"source": name, "destination": f"Plans/{name}"})
        for name in ("a.txt", "b.txt", "c.txt")
    ]
    assert calls("move a.txt, b.txt and c.txt into the folder Plans") == meant
    assert calls("make a folder Old and move a.txt and b.txt there") == [
        ("make_dir", {"path": "Old"}),
        ("move", {"source": "a.txt", "destination": "Old/a.txt"}),
        ("move", {"source": "b.txt", "destination": "Old/b.txt"}),
    ]
    assert calls("rename a.txt and b.txt to c.txt") == []


@pytest.mark.parametrize("prompt", ["share a.txt until Friday", "lock a.txt until the meeting"])
def test_an_end_that_is_not_known_is_not_left_out(prompt: str) -> None:
    assert calls(prompt) == []


def test_a_question_about_what_files_say_is_one() -> None:
    question = "what did we change in the contract today?"
    assert calls(question) == [("ask", {"question": question})]
