"""Prompts with the calls that they should become, and a drive that has what they name."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs.clock import SystemClock
from lsfs.errors import UsageError
from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.moments import moment
from lsfs.syscalls.prompt.places import Places
from lsfs.syscalls.prompt.reader import PromptReader, Reading
from lsfs.syscalls.prompt.slots import Surroundings
from lsfs.syscalls.registry import registry

HERE = Path(__file__).parent
_THERE = ("path", "source", "file1", "file2", "dir", "what")
_MADE = ("make_dir", "trash_restore")  # whose path is not there yet, or not any more


class Prompt(Struct, frozen=True):
    """One prompt.

    Attributes:
        calls: syscall and arguments of each call that it means; none where nothing can be done.
        family: the syscall, ``two_step`` or ``none``.
        origin: the set that it is of.
    """

    text: str
    calls: tuple[dict[str, Any], ...]
    family: str
    origin: str


def load(name: str) -> list[Prompt]:
    """The prompts of a file."""
    rows = map(json.loads, (HERE / f"{name}.jsonl").read_text("utf-8").splitlines())
    return [
        Prompt(row["prompt"], tuple(row["calls"]), row["family"], row.get("set", name))
        for row in rows
    ]


def surroundings(prompts: list[Prompt]) -> Surroundings:
    """A drive that has what the prompts name."""
    calls = [call for prompt in prompts for call in prompt.calls]
    named: set[str] = set()
    for call in calls:
        for name in _THERE if call["syscall"] not in _MADE else ():
            value = call["arguments"].get(name, ())
            named.update([value] if isinstance(value, str) else value)
    removed = {c["arguments"]["path"] for c in calls if c["syscall"] == "trash_restore"}
    snapshots = {
        call["arguments"]["name"]: 1
        for call in calls
        if call["syscall"] in ("restore", "drop_snapshot")
    }
    clock = SystemClock()
    places = Places(one if "." in one else f"{one}/x" for one in named - removed)

    @functools.cache
    def is_moment(text: str) -> bool:
        try:
            moment(text, clock, snapshots)
        except UsageError:
            return False
        return True

    return Surroundings(
        {}, is_moment, places.is_there, places.is_folder, lambda name: name in removed
    )


def read(prompt: Prompt, around: Surroundings) -> Reading:
    """What the rules make of a prompt."""
    return PromptReader(around).read(prompt.text)


def same(prompt: Prompt, reading: Reading) -> bool:
    """Whether the calls are those that were meant, whatever is left to defaults."""
    made = [(one.syscall, one.arguments) for one in reading.calls]
    meant = [(one["syscall"], one["arguments"]) for one in prompt.calls]
    return [_whole(*one) for one in made] == [_whole(*one) for one in meant]


def _whole(syscall: str, arguments: dict[str, Any]) -> tuple[str, Any]:
    plain = {name: "" if value == "." else value for name, value in arguments.items()}
    if syscall not in DECLARED:
        return syscall, plain
    try:
        return syscall, registry[syscall].bind((), plain)
    except UsageError:
        return syscall, plain
