"""Folders, files and what was done to them, as text for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli import render
from lsfs_cli.paper import Console, Styled
from lsfs_cli.render_past import moment, size

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.syscalls.delete import DeletePlan
    from lsfs.syscalls.editing import Edited
    from lsfs.syscalls.listing import Listing, Names, Stat, Tree
    from lsfs.syscalls.reading import FileText
    from lsfs.syscalls.within import Entry
    from lsfs.syscalls.writing import Written

_MARKS = {"directory": "/", "link": "@"}


@render.shows("Listing")
def _(result: Listing, out: Console) -> None:
    for one in result.entries:
        amount = size(one.size) if one.kind == "file" else ""
        line = Styled(f"{moment(one.modified)}  {amount:>10}  ")
        out.print(_name(one, one.name, line))
    if result.more:
        out.print(Styled(f"and {result.more} more", style="dim"))


def _name(one: Entry, name: str, line: Styled) -> Styled:
    style = {"directory": "bold", "link": "cyan"}.get(one.kind, "")
    line.append(safe(name) + _MARKS.get(one.kind, ""), style=style)
    if one.target:
        line.append(f" -> {safe(one.target)}", style="dim")
    return line


@render.shows("Tree")
def _(result: Tree, out: Console) -> None:
    top = result.path.count("/") + 1 if result.path else 0
    for one in result.entries:
        depth = one.path.count("/") - top
        out.print(_name(one, one.name, Styled("  " * depth)))
        if one.path in result.cut:
            out.print(Styled("  " * (depth + 1) + "\u2026", style="dim"))


@render.shows("Names")
def _(result: Names, out: Console) -> None:
    for one in result.entries:
        out.print(_name(one, one.path, Styled()))
    if result.more:
        out.print(Styled("and more", style="dim"))


@render.shows("Stat")
def _(result: Stat, out: Console) -> None:
    one = result.entry
    facts = {
        "path": one.path or ".", "kind": one.kind, "leads to": one.target,
        "size": f"{size(one.size)} ({one.size} bytes)" if one.kind == "file" else "",
        "modified": moment(one.modified), "read": moment(result.accessed),
        "attributes changed": moment(result.changed), "permissions": f"{one.mode:04o}",
        "version": str(result.version or ""), "indexed": result.indexed,
        "read as": result.media_type, "locked": result.lock,
    }  # fmt: skip
    render.table(((name, value) for name, value in facts.items() if value), out)


@render.shows("FileText")
def _(result: FileText, out: Console) -> None:
    sys.stdout.write(safe(result.text, lines=True))
    if result.text and not result.text.endswith("\n"):
        sys.stdout.write("\n")
    if result.next:
        out.print(Styled(f"(go on with --cursor {result.next})", style="dim"))


@render.shows("Written")
def _(result: Written, out: Console) -> None:
    said = "made" if result.created else f"version {result.version}"
    if result.dry_run:
        said = "would be made" if result.created else "would be replaced, and kept as a version"
    out.print(Styled(f"{safe(result.path)}: {said}, {size(result.size)}"))


@render.shows("Edited")
def _(result: Edited, out: Console) -> None:
    sys.stdout.write(safe(result.diff, lines=True))


@render.shows("DeletePlan")
def _(result: DeletePlan, out: Console) -> None:
    said = "removed" if result.applied else "would be removed"
    count = f"{result.files} files, {result.folders} folders, {size(result.bytes)}"
    out.print(Styled(f"{said}: {count}"))
    for path in result.paths:
        out.print(Styled(f"  {safe(path)}"))
    if result.more:
        out.print(Styled(f"  and {result.more} more"))
    if result.applied:
        out.print(Styled("bring files back: lsfs trash list, lsfs trash restore", style="dim"))
