"""Console blocks of a Markdown page: the commands, and what they are said to print."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
REST = "…"


class Shown(Struct, frozen=True):
    """A command and the lines below it."""

    command: str
    lines: tuple[str, ...]


def shown(page: Path) -> list[Shown]:
    """All commands of a page, in order."""
    found: list[tuple[str, list[str]]] = []
    for block in _BLOCK.findall(page.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found:
                found[-1][1].append(line)
    return [Shown(command, tuple(lines)) for command, lines in found]


def differs(expected: tuple[str, ...], printed: str) -> str:
    """What of the expected lines is not printed, in their order; "" when all is.

    ``…`` stands for the rest of a line, or for any lines where it is alone.
    """
    lines = printed.rstrip("\n").splitlines()
    at = 0
    is_open = False
    for line in expected:
        if line == REST:
            is_open = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split(REST))))
        rest = lines[at:] if is_open else lines[at : at + 1]
        match = next((n for n, one in enumerate(rest) if pattern.fullmatch(one)), None)
        if match is None:
            return f"no line {line!r} after line {at} of:\n{printed}"
        at += match + 1
        is_open = False
    return "" if is_open or at == len(lines) else f"more than expected: {lines[at:]}"
