"""Groups of files as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli.paper import Console, Styled
from lsfs_cli.render import place, shows

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.index.groups.grouped import FileGroup, GroupedFile
    from lsfs.syscalls.group import Groups

MOST_FILES = 10  # of a group that are shown; --json has all
MOST_UNGROUPED = 5
LONGEST = 70  # characters of what a file says


@shows("Groups")
def _(result: Groups, out: Console) -> None:
    for note in result.notes:
        out.print(Styled(f"({safe(note)})", style="dim"))
    above: tuple[str, ...] = ()
    for group in result.groups:
        for depth, label in enumerate(group.within):
            if group.within[: depth + 1] != above[: depth + 1]:
                out.print(Styled("  " * depth + safe(label), style="bold"))
        above = group.within
        _group(group, out, "  " * len(group.within))
    if not result.groups:
        out.print(Styled(f"nothing to group by {safe(result.key)} in {_files(result.files)}"))
    elif result.ungrouped:
        _ungrouped(result.ungrouped, out)


def _group(group: FileGroup, out: Console, indent: str) -> None:
    head = Styled(f"{indent}{safe(group.label)}", style="bold")
    also = f"  also: {safe(', '.join(group.spellings[:3]))}" if group.spellings else ""
    head.append(f"  {_files(group.count)}{also}", style="dim not bold")
    out.print(head)
    for file in group.files[:MOST_FILES]:
        _file(file, out, indent)
    if group.count > MOST_FILES:
        out.print(Styled(f"{indent}  … and {group.count - MOST_FILES} more", style="dim"))


def _file(file: GroupedFile, out: Console, indent: str) -> None:
    line = Styled(f"{indent}  {place(file.path, file.where)}")
    said = " ".join(safe(file.value).split())
    said = said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    why = "  ".join(part for part in (f"“{said}”" if said else "", safe(file.reason)) if part)
    if why:
        line.append(f"  {why}", style="dim")
    out.print(line)


def _ungrouped(paths: tuple[str, ...], out: Console) -> None:
    shown = ", ".join(safe(path) for path in paths[:MOST_UNGROUPED])
    more = len(paths) - MOST_UNGROUPED
    rest = f" and {more} more" if more > 0 else ""
    out.print(Styled(f"in no group ({_files(len(paths))}): {shown}{rest}", style="dim"))


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
