"""The calls that a prompt asks for, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli import render
from lsfs_cli.paper import Console, Styled

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.syscalls.parse import Parsed


@render.shows("Parsed")
def _(result: Parsed, out: Console) -> None:
    for one in result.calls:
        changes = Styled().append(safe(one.command))
        out.print(changes if one.effect == "read" else changes.append(f"   # {one.effect}", "dim"))
    if not result.calls:
        out.print(f"not clear: {safe(result.unclear)}")
        for path in result.choices:
            out.print(f"  {safe(path)}")
