"""Locks, links and the audit log, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsfs.untrusted import safe
from lsfs_cli import render
from lsfs_cli.paper import Console, Styled
from lsfs_cli.render_past import moment

if TYPE_CHECKING:  # who has a result has loaded its type
    from lsfs.safety.audit import Verdict
    from lsfs.syscalls.audit import AuditEntries, AuditEntry
    from lsfs.syscalls.locking import Locked
    from lsfs.syscalls.sharing import SharedLink, SharedLinks


@render.shows("Locked")
def _(result: Locked, out: Console) -> None:
    verb = "would be" if result.dry_run else "is"
    what = safe(result.path) or "the drive"
    out.print(Styled(f"{what} {verb} locked until {moment(result.until)}"))
    if not result.is_there:
        out.print(Styled("nothing is there yet", style="dim"))


@render.shows("SharedLink")
def _(result: SharedLink, out: Console) -> None:
    if result.dry_run:
        out.print(Styled(f"{safe(result.path)} would be shared until {moment(result.expires)}"))
        return
    out.print(Styled(safe(result.link or result.token)))
    out.print(Styled(f"{safe(result.path)}, until {moment(result.expires)}", style="dim"))


@render.shows("SharedLinks")
def _(result: SharedLinks, out: Console) -> None:
    for one in result.shares:
        would = "would end: " if one.dry_run else ""
        out.print(Styled(f"{would}{safe(one.path)}  {one.id}  until {moment(one.expires)}"))
    if not result.shares:
        out.print(Styled("nothing is shared", style="dim"))


@render.shows("AuditEntries")
def _(result: AuditEntries, out: Console) -> None:
    for one in result.entries:
        ended = f" ({one.code})" if one.code else ""
        said = "(forgotten by a purge)" if one.redacted else _told(one)
        who = safe(f"{one.door} {one.client}".strip()) + (" (as it says)" if one.claimed else "")
        line = f"{one.n:>5}  {moment(one.time)}  {who}, user {one.uid}  {one.call}: {one.outcome}"
        out.print(Styled(f"{line}{ended}  {said}"))


def _told(one: AuditEntry) -> str:
    arguments: dict[str, Any] = one.details.get("arguments", {})
    shown = [f"{key}={_value(value)}" for key, value in arguments.items()]
    return safe(" ".join(shown))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"({value.get('left out', 0)} characters)"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@render.shows("Verdict")
def _(result: Verdict, out: Console) -> None:
    said = "is whole" if not result.problems else "HAS BEEN CHANGED"
    out.print(Styled(f"the audit log of {result.lines} lines {said}"))
    for text in (*result.problems, *result.notes):
        out.print(Styled(f"  {safe(text)}"))
    out.print(Styled(f"head {result.head}", style="dim"))
