"""Reading and proving the audit log."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any

from msgspec import Struct

from lsfs import paths
from lsfs.clock import iso
from lsfs.safety.audit import AuditLog, Recorded, Verdict, texts
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import when
from lsfs.syscalls.registry import Param, registry


class AuditRequest(Struct, frozen=True):
    """Which lines."""

    path: Annotated[str, Param("only what names this path, or one below it", path=True)] = ""
    since: Annotated[str, Param("only since a moment: yesterday, 2026-11-24, 2 hours ago")] = ""
    client: Annotated[str, Param("only of a door, a client's name, or a user's number")] = ""
    outcome: Annotated[
        str,
        Param("only calls that ended so", choices=("", "done", "planned", "refused", "failed")),
    ] = ""
    limit: Annotated[int, Param("the last so many", flags=("-n",))] = 100


class AuditEntry(Struct, frozen=True):
    """A call that changed something, or was refused.

    Attributes:
        time: ISO 8601 in UTC.
        door: how it came in: cli, do, python, mcp, aios, mount, web, api.
        client: the client's name.
        claimed: it is what the client says of itself; a name that a token has proven is none.
        details: arguments without contents, and the digest of a plan.
        redacted: a purge has forgotten the details.
    """

    n: int
    time: str
    call: str
    effect: str
    outcome: str
    code: str
    door: str
    client: str
    uid: int
    pid: int
    details: dict[str, Any]
    redacted: bool = False
    claimed: bool = False


class AuditEntries(Struct, frozen=True):
    """Lines of the audit log, oldest first."""

    entries: tuple[AuditEntry, ...]


@registry.syscall(
    command="audit list",
    examples=("lsfs audit", "lsfs audit list --since yesterday --outcome refused"),
)
def audit(call: Call, request: AuditRequest) -> AuditEntries:
    """Show which calls changed something or were refused: who, when, what, and how it ended."""
    since_ns = when(call, request.since, first=True) if request.since else 0
    path = paths.relative(request.path)
    kept: deque[AuditEntry] = deque(maxlen=max(1, request.limit))
    for one in AuditLog(call.engines.state.audit).entries():
        if one.time_ns >= since_ns and _is_meant(one, request, path):
            kept.append(_entry(one))
    return AuditEntries(tuple(kept))


class VerifyRequest(Struct, frozen=True):
    """What else to compare with."""

    head: Annotated[str, Param("what `head` was when you noted it: that line must be there")] = ""


@registry.syscall(
    command="audit verify", examples=("lsfs audit verify", "lsfs audit verify --json")
)
def audit_verify(call: Call, request: VerifyRequest) -> Verdict:
    """Prove that no line of the audit log was altered, removed, moved or put in.

    Who may write the drive's state could make all of it anew: note ``head`` elsewhere now and
    then, and give it with ``--head``.
    """
    return AuditLog(call.engines.state.audit).verify(request.head)


def _is_meant(one: Recorded, request: AuditRequest, path: str) -> bool:
    details = one.details or {}
    if request.outcome and one.outcome != request.outcome:
        return False
    if request.client and request.client not in (one.door, str(one.uid), details.get("client")):
        return False
    return not path or any(
        named == path or named.startswith(path + "/") for named in texts(details)
    )


def _entry(one: Recorded) -> AuditEntry:
    details = dict(one.details or {})
    return AuditEntry(
        n=one.n,
        time=iso(one.time_ns),
        call=one.call,
        effect=one.effect,
        outcome=one.outcome,
        code=one.code,
        door=one.door,
        client=str(details.pop("client", "")),
        uid=one.uid,
        pid=one.pid,
        claimed=bool(details.pop("claimed", False)),
        details={key: value for key, value in details.items() if key != "session"},
        redacted=one.details is None,
    )
