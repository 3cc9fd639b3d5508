"""What is kept of the language model's work, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsfs.untrusted import safe
from lsfs_cli import render
from lsfs_cli.paper import Console, Styled
from lsfs_cli.render_past import moment, size

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.syscalls.kv import KvCleared, KvContext, KvReport

_KEY = 12  # digits that are shown of a key


@render.shows("KvReport")
def _(result: KvReport, out: Console) -> None:
    kept = f"{_blocks(result.blocks)}, {size(result.bytes)} of {size(result.limit)}"
    state = f"on, {result.numbers}" if result.on else "off: nothing is added (model.kv)"
    ahead = [("ahead", result.ahead)] if result.ahead else []
    render.table([("kept", kept), ("state", state), *ahead], out)
    for one in result.contexts:
        out.print(Styled(f"\n{safe(one.model) or 'unknown model'}  {safe(one.key[:_KEY])}"))
        render.table(_rows(one), out)


def _rows(one: KvContext) -> list[tuple[str, str]]:
    asked = one.hits + one.misses
    share = f" ({one.hits / asked:.0%})" if asked else ""
    return [
        ("  blocks", f"{one.blocks}, {size(one.bytes)}, {one.numbers or 'f16'}"),
        ("  hits", f"{one.hits} of {asked}{share}"),
        ("  used", moment(one.used) or "never"),
        *([] if one.in_use else [("  unused", "another model answers: lsfs kv clear --unused")]),
    ]


@render.shows("KvCleared")
def _(result: KvCleared, out: Console) -> None:
    out.print(Styled(f"forgot {_blocks(result.blocks)}, {size(result.bytes)}"))


def _blocks(count: int) -> str:
    return "1 block" if count == 1 else f"{count} blocks"
