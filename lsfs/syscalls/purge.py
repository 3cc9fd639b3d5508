"""Forgetting files for good: no byte of their text is left in what lsfs keeps."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.drives import locked
from lsfs.errors import LockHeld, UsageError, VersionConflict
from lsfs.safety.audit import AuditLog
from lsfs.safety.pathlocks import PathLocks
from lsfs.safety.shares import Shares
from lsfs.syscalls.answers.talks import Talks
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.kv import folder_of
from lsfs.syscalls.past import keeper_of
from lsfs.syscalls.registry import Effect, Param, registry
from lsfs.syscalls.summary import summary_kept

if TYPE_CHECKING:
    from lsfs.versions.erase import Doomed

SHOWN = 20
WHO_STAYS = 3  # files that are named when they have the same content


class PurgeRequest(Struct, frozen=True):
    """What to forget."""

    path: Annotated[
        tuple[str, ...], Param("files or folders that are gone, or left out", path=True)
    ]
    apply: Annotated[str, Param("carry out the plan of this digest", hidden=True)] = ""


class PurgePlan(Struct, frozen=True):
    """What would be forgotten, or has been.

    Attributes:
        digest: approves exactly this plan, when it is given back as ``apply``.
        versions: how many versions go.
        events: how many events of the journal go.
        paths: the first of the paths that these files have or had; ``more`` are not named.
        stays: what is kept, and for whom: other files hold the same content.
        applied: whether it has been done.
    """

    digest: str
    versions: int
    events: int
    paths: tuple[str, ...]
    more: int
    stays: tuple[str, ...]
    applied: bool = False


@registry.syscall(
    effect=Effect.DESTRUCTIVE,
    command="purge",
    examples=("lsfs purge Letters/old.txt", "lsfs purge Projects/secret --yes"),
)
def purge(call: Call, request: PurgeRequest) -> PurgePlan:
    """Forget files for good: text, names, versions, vectors, answers, summaries, KV, journal, log.

    No file of yours is touched. One that is still there would be indexed again, so it has to be
    removed first, or left out by a line in ``.lsfsignore``. What another file holds too stays, and
    is said. Conversations with ``ask`` that rest on them are forgotten whole. The drive must not be
    mounted meanwhile.
    """
    named = [paths.relative(path) for path in request.path]
    if not named or "" in named:
        raise UsageError(
            "say which files to forget", hint="for example: lsfs purge Letters/old.txt"
        )
    try:
        with locked(call.engines.state.history_lock):
            return _purge(call, named, request.apply)
    except LockHeld as error:
        raise LockHeld(
            f"{error.message}: the drive is mounted", hint="unmount it first: lsfs umount"
        ) from error


def _purge(call: Call, named: list[str], apply: str) -> PurgePlan:
    from lsfs.versions import erase

    engines, keeper = call.engines, keeper_of(call)
    engines.indexer.wait(call.emit, 0.0)  # what is gone or left out leaves the index
    _refuse_what_is_there(engines, named)
    keeper.look()
    _take_in_journal(engines)
    keeper.follow()
    keeper.settle()
    found = erase.doomed(keeper.ledger, engines.state.history, [os.fsencode(p) for p in named])
    plan = _plan(engines, found)
    if not apply:
        return plan
    if apply != plan.digest:
        raise VersionConflict(
            "what would be forgotten is not what was approved: something has changed since",
            hint="look at the plan once more",
        )
    _forget(engines, found)
    Talks(engines.state.conversations).purge([os.fsdecode(path) for path in found.paths])
    erase.erase(keeper, engines.state, found)
    _unname(call, [*(os.fsdecode(path) for path in found.paths), *named])
    return replace(plan, applied=True)


def _refuse_what_is_there(engines: Engines, named: list[str]) -> None:
    for path in named:
        there = next(iter(engines.tree.files(path)), None)
        if there is not None:
            raise UsageError(
                f"{there[0]} is there, and would be indexed again",
                hint=f"remove it first, or leave it out: echo '/{path}' >> "
                f"{engines.source / '.lsfsignore'}",
            )


def _take_in_journal(engines: Engines) -> None:
    """Have events that a mount has left in its spool in the database, and the spool empty."""
    from lsfs.versions.history import Journal

    if engines.state.history.exists():
        Journal(engines.state.history, engines.past.settled, engines.past.position).close()


def _plan(engines: Engines, found: Doomed) -> PurgePlan:
    from blake3 import blake3

    shown = sorted(os.fsdecode(path) for path in found.paths)
    hasher = blake3()
    for part in (*sorted(map(str, found.rows)), *shown):
        hasher.update(os.fsencode(part) + b"\0")
    return PurgePlan(
        digest=hasher.hexdigest(length=8),
        versions=len(found.rows),
        events=found.events,
        paths=tuple(shown[:SHOWN]),
        more=max(0, len(shown) - SHOWN),
        stays=tuple(_stays(engines, found)),
    )


def _stays(engines: Engines, found: Doomed) -> Iterable[str]:
    from lsfs.index.store.erase import paths_of

    now = paths_of(engines.catalog, found.shared)
    for digest, other in sorted(found.shared.items(), key=lambda item: item[1]):
        holders = [p for p in now[digest] if os.fsencode(p) not in found.paths]
        names = holders[:WHO_STAYS] or [os.fsdecode(other)]
        yield f"a content that {', '.join(names)} {'has' if holders else 'had'} too"


def _forget(engines: Engines, found: Doomed) -> None:
    """Forget it in the index, the log, and what the language model made of it."""
    from lsfs.index.readers.scans import Scans
    from lsfs.index.store import erase

    # A block holds its text as tokens, and says of no file that it is of it. All can be made again.
    folder_of(engines).purge()
    summary_kept.clear(engines.state.summaries)
    Scans(engines.state.scans).drop(found.digests)

    gone = [os.fsdecode(path) for path in found.paths]
    held = erase.paths_of(engines.catalog, found.digests)
    alone = [digest for digest, holders in held.items() if set(holders) <= set(gone)]
    meanings = engines.search.meanings
    stores = [one.store for one in (meanings.now, meanings.coming) if one is not None]
    erase.erase(engines.catalog, stores, gone, alone)
    for log in (engines.state.log, engines.state.log.with_name(engines.state.log.name + ".1")):
        _unsay(log, gone)


def _unname(call: Call, gone: list[str]) -> None:
    """Forget the names in what is noted of calls, locks and shares."""
    state = call.engines.state
    AuditLog(state.audit).redact(gone, call.engines.clock.now_ns(), call.client)
    PathLocks(state.path_locks).forget(gone)
    Shares(state.shares).forget(gone)


def _unsay(log: Path, gone: list[str]) -> None:
    """Take out the lines of a log that name one of these paths."""
    if not log.exists():
        return
    words = {os.fsencode(form) for path in gone for form in (path, repr(path)[1:-1])}
    lines = log.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not any(word in line for word in words)]
    if len(kept) < len(lines):
        with log.open("r+b") as file:  # in place: its writers have it open
            file.write(b"".join(kept))
            file.truncate()
