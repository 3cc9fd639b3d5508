"""What files state, and which say the same, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli.paper import Console, Styled
from lsfs_cli.render import shows

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.syscalls.duplicates import Duplicate, Duplicates
    from lsfs.syscalls.extract import ExtractedRows

LONGEST = 60  # characters of a value in a table
MOST_DIFFERENCES = 4


@shows("ExtractedRows")
def _(result: ExtractedRows, out: Console) -> None:
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    last = ""
    for row in result.rows:
        if row.path != last:
            out.print(Styled(safe(row.path), style="bold"))
            last = row.path
        value = _short(row.value)
        normal = f"  = {safe(row.normal)}" if row.normal != " ".join(row.value.split()) else ""
        line = Styled(f"  {safe(row.field):<16} {value}")
        where = safe(row.where.lstrip(" :!"))
        where = f"line {where}" if row.where.startswith(":") else where
        origin = ", ".join(part for part in (where, safe(row.rule)) if part)
        line.append(f"{_short(normal)}  ({origin})", style="dim")
        out.print(line)
    if not result.rows:
        count = "1 file" if result.files == 1 else f"{result.files} files"
        out.print(Styled(f"no such field in {count}"))


def _short(text: str) -> str:
    text = safe(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\u2026"


@shows("Duplicates")
def _(result: Duplicates, out: Console) -> None:
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    for group in result.groups:
        out.print(Styled(safe(group.path), style="bold"))
        for member in group.members:
            _member(member, out)
    if not result.groups:
        out.print(Styled("no duplicates"))


def _member(member: Duplicate, out: Console) -> None:
    how = "equal" if member.exact else f"{member.similarity:.0%}"
    line = Styled(f"  {how:>5}  {safe(member.path)}")
    told = [
        f"{one.name}: {_few(one.there)} \u2192 {_few(one.here)}"
        for one in member.differs[:MOST_DIFFERENCES]
    ]
    more = len(member.differs) - MOST_DIFFERENCES
    told += [f"{more} more fields"] if more > 0 else []
    if told:
        line.append("  " + safe("; ".join(told)), style="dim")
    out.print(line)


def _few(values: tuple[str, ...]) -> str:
    return ", ".join(values[:2]) + ("\u2026" if len(values) > 2 else "") if values else "\u2205"
