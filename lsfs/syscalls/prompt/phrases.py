"""What people say, and the system call that they mean by it: the phrases of ``phrases.txt``."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

from msgspec import Struct, field

from lsfs.syscalls.prompt.pattern import Pattern, pattern

_PART = re.compile(r"([A-Z_]+) = (.+)")
_HEAD = re.compile(r"\[(!?) ?([^\]|]+)\]")
_USE = re.compile(r"\{([A-Z_]+)\}")


class Phrase(Struct, frozen=True):
    """One way to say a call.

    Attributes:
        syscall: what is called; "" where it is not clear what is to be done.
        pattern: how it is said.
        fixed: arguments that the phrase itself has.
        unclear: why nothing can be called.
    """

    syscall: str
    pattern: Pattern
    fixed: dict[str, Any] = field(default_factory=dict)
    unclear: str = ""


@functools.cache
def phrases() -> tuple[Phrase, ...]:
    """All phrases, ready to be compared."""
    text = resources.files(__package__).joinpath("phrases.txt").read_text("utf-8")
    return tuple(_read(line for line in text.splitlines() if line and not line.startswith("#")))


def _read(lines: Iterator[str]) -> Iterator[Phrase]:
    parts: dict[str, str] = {}
    syscall = unclear = ""
    for line in lines:
        part, head = _PART.fullmatch(line), _HEAD.fullmatch(line)
        if part:
            parts[part[1]] = _filled(part[2], parts)
        elif head:
            syscall, unclear = ("", head[2]) if head[1] else (head[2], "")
        else:
            said, _, fixed = line.partition(" => ")
            arguments = json.loads(fixed) if fixed else {}
            yield Phrase(syscall, pattern(_filled(said, parts)), arguments, unclear)


def _filled(text: str, parts: dict[str, str]) -> str:
    return _USE.sub(lambda name: parts[name[1]], text)


@functools.cache
def leads() -> frozenset[str]:
    """Words that commands begin with."""
    return frozenset(word for phrase in phrases() for word in phrase.pattern.first or ())
