"""The one place where a call is let through: by what it may change, who asks, and on which paths.

Every door ends here (``Drive`` in this process, the socket of the brain, agents, the mount's
virtual directory). In order: the arguments are checked; what the call may change comes from its
declaration; the client's grant has to allow it; nobody else may hold a lock on what it changes; it
runs on engines that show what the grant shows and nothing else; and what changes something, or was
refused, is written into the audit log.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from msgspec.structs import replace

from lsfs import paths
from lsfs.errors import (
    AccessDenied,
    ConfirmationRequired,
    IndexCorrupt,
    LockHeld,
    LsfsError,
    NotFound,
    StateUnwritable,
    UsageError,
)
from lsfs.safety.audit import AuditLog, Happening
from lsfs.safety.pathlocks import PathLocks, told
from lsfs.syscalls.engines import Call
from lsfs.syscalls.nearest import nearest
from lsfs.syscalls.registry import Effect, Syscall, registry

log = logging.getLogger("lsfs.syscalls.gate")

# The verb of a call that changes something is "write" or "delete"; of one that reads "read", but
# for those that ask the index.
SEARCH = frozenset({
    "retrieve", "grep", "ask", "summarize", "retrieve_summary", "extract", "duplicates", "group_by",
    "group_keywords", "group_semantic", "keywords_retrieve", "semantic_retrieve",
    "integrated_retrieve", "map_files", "join", "aggregate", "parse",
})  # fmt: skip

# What runs on engines that show some of the files only, and says nothing of the others. All else is
# refused to who may not see all, also what will be declared later.
SOME_FILES = frozenset({
    "retrieve", "grep", "ask", "summarize", "retrieve_summary", "extract", "duplicates", "group_by",
    "group_keywords", "group_semantic", "keywords_retrieve", "semantic_retrieve",
    "integrated_retrieve", "join", "aggregate", "versions", "read", "diff", "change_summary",
    "text", "status", "wait_indexed", "log", "changes_since", "trash", "concat", "list_dir", "tree",
    "find_files", "stat", "read_text", "read_texts", "write_file", "copy", "move", "make_dir",
    "edit_file", "delete", "rollback", "trash_restore", "lock", "unlock", "describe", "page_image",
})  # fmt: skip

# Paths that a call which changes something only reads.
_ONLY_READ = {"copy": {"source"}, "file_join": {"file2"}, "extract": {"path"}}
# What changes what lsfs keeps, and no file of the user's: a lock does not hold it up.
_NO_FILES = frozenset({"lock", "unlock", "share", "unshare", "extract"})
# What changes nothing but what is kept under a name, or can be made again; not even the index.
_ONLY_STATE = frozenset({
    "save_search", "drop_search", "save_group", "drop_group", "save_question", "drop_question",
    "answer_question", "save_join", "drop_join", "kv_clear",
})  # fmt: skip
# What only brings a kept answer up to date, each time that somebody opens it in the mount.
_NOT_NOTED = frozenset({"answer_question"})


def run(call: Call, name: str, arguments: dict[str, Any]) -> Any:
    """Run a syscall, and turn what its stores say into errors of ours.

    Raises:
        AccessDenied: the client's grant does not allow it.
        LockHeld: somebody else has locked what it would change; or the index is only read here,
            and the syscall writes.
        StateUnwritable: the disk of the state is full or refuses.
        IndexCorrupt: a store turned out to be damaged.
    """
    from lsfs.syscalls.seen import limited

    declared = registry[name]
    effect, request = declared.effect, None
    try:
        request = declared.bind((), arguments)
        effect = declared.effect_of(request)
        _authorise(call, declared, request, effect)
        request = _private(call, declared, request)
        with limited(replace(call, changes=effect is not Effect.READ)) as seen:
            result = _run_told(seen, declared, request)
    except LsfsError as error:
        outcome = "refused" if isinstance(error, _REFUSALS) else "failed"
        if effect is not Effect.READ or isinstance(error, AccessDenied):
            _record(call, declared, request, Happening(
                name, effect, outcome, call.client, error.code
            ))  # fmt: skip
        raise
    if effect is not Effect.READ and name not in _NOT_NOTED:
        outcome = "planned" if _is_plan(effect, request, result) else "done"
        what = Happening(name, effect, outcome, call.client)
        _record(call, declared, request, what, getattr(result, "digest", ""))
    return result


_REFUSALS = (AccessDenied, LockHeld, ConfirmationRequired, UsageError)


def _run_told(call: Call, declared: Syscall, request: Any) -> Any:
    """Run it; of a file that is not there, the error says which one may have been meant."""
    try:
        return _run(call, declared, request)
    except NotFound as error:
        near = nearest(call, named_paths(declared, request))
        if near:
            error.hint = f"did you mean {near!r}?"
        raise


def _run(call: Call, declared: Syscall, request: Any) -> Any:
    try:
        return declared.run(call, request)
    except OverflowError as error:  # SQLite has 64 bits
        raise UsageError(f"{declared.name}: a number is too large") from error
    except sqlite3.OperationalError as error:
        raise StateUnwritable(f"{call.engines.state.root}: {error}") from error
    except sqlite3.DatabaseError as error:
        hint = "see what it is with: lsfs fsck, and mend it with: lsfs fsck --repair"
        raise IndexCorrupt(f"{call.engines.state.root}: {error}", hint=hint) from error


def verb_of(declared: Syscall, effect: Effect) -> str:
    """What a grant calls the right to make a call."""
    if effect is Effect.WRITE:
        return "write"
    if effect is Effect.DESTRUCTIVE:
        return "delete"
    return "search" if declared.name in SEARCH else "read"


def _authorise(call: Call, declared: Syscall, request: Any, effect: Effect) -> None:
    """Refuse what the grant or a lock forbids.

    Raises:
        AccessDenied, LockHeld: it does.
    """
    grant, name = call.grant, declared.name
    verb = verb_of(declared, effect)
    if not grant.allows(verb, name):
        allowed = ", ".join(grant.verbs) or "less"
        raise AccessDenied(f"{name}: this client may not {verb} (it may: {allowed})")
    if grant.readers() and effect is not Effect.READ:
        raise AccessDenied(f"{name}: only the owner of the drive may do this")
    if grant.is_limited and name not in SOME_FILES:
        raise AccessDenied(
            f"{name}: this client may see some of the files only, and this is of all"
        )
    changed = [] if effect is Effect.READ else changed_paths(declared, request)
    for path in named_paths(declared, request) if grant.is_limited else ():
        may_pass = grant.leads_on(path) and path not in changed
        if not (grant.shows(path) or may_pass):
            raise AccessDenied(f"{path!r} is outside of what this client may use")
    if effect is Effect.READ:
        return
    call.engines.catalog.check_writable(source=call.engines.source, only_state=name in _ONLY_STATE)
    if name not in _NO_FILES:
        _check_locks(call, changed)


def _check_locks(call: Call, changed: list[str]) -> None:
    locks = PathLocks(call.engines.state.path_locks)
    now_ns = call.engines.clock.now_ns()
    for path in changed:
        lock = locks.against(path, call.client, now_ns)
        if lock is not None:
            raise LockHeld(told(lock), hint="wait, or take it from them with: lsfs unlock --force")


def named_paths(declared: Syscall, request: Any) -> list[str]:
    """The paths of the drive that a request names, in their one spelling."""
    return _paths_of(declared, request, frozenset())


def changed_paths(declared: Syscall, request: Any) -> list[str]:
    """Those of them that the call would change, with what it makes."""
    found = _paths_of(declared, request, frozenset(_ONLY_READ.get(declared.name, ())))
    made = getattr(request, "name", "") if declared.name == "file_join" else ""
    return [*found, paths.relative(made)] if made else found


def _paths_of(declared: Syscall, request: Any, left_out: frozenset[str]) -> list[str]:
    found: list[str] = []
    for entry, _, param in declared.fields():
        if not param.path or entry.name in left_out:
            continue
        value = getattr(request, entry.name)
        found += [value] if isinstance(value, str) else value
    return [paths.relative(path) for path in found]


def _private(call: Call, declared: Syscall, request: Any) -> Any:
    """The request with a conversation of its own where the grant is limited: others quote more."""
    if not call.grant.is_limited:
        return request
    own = {
        entry.name: f"{call.grant.key} {getattr(request, entry.name) or 'default'}"
        for entry, _, param in declared.fields()
        if param.session
    }
    return replace(request, **own) if own else request


def _is_plan(effect: Effect, request: Any, result: Any) -> bool:
    if effect is Effect.DESTRUCTIVE:
        return not getattr(result, "applied", True)
    return bool(getattr(request, "dry_run", False))


# --- the audit log


def _record(call: Call, declared: Syscall, request: Any, what: Happening, digest: str = "") -> None:
    """Write a call into the audit log; of one that read and was refused, too.

    A log that cannot be written is said in the process's own log, and stops nobody: a full disk
    must not keep anybody from removing files.
    """
    details = {"arguments": {} if request is None else told_arguments(declared, request)}
    if digest:
        details["plan"] = digest  # type: ignore[assignment]
    what = replace(what, details=details)
    durable = what.effect == Effect.DESTRUCTIVE
    try:
        AuditLog(call.engines.state.audit).append(
            what, call.engines.clock.now_ns(), durable=durable
        )
    except StateUnwritable as error:
        log.error("%s is not in the audit log: %s", what.call, error.message)


def told_arguments(declared: Syscall, request: Any) -> dict[str, Any]:
    """What the audit log says of arguments: paths, names and switches, no content and no question.

    What a purge forgets is not named again by the line that says so.
    """
    told_: dict[str, Any] = {}
    for entry, _, param in declared.fields():
        value = getattr(request, entry.name)
        if value == entry.default or param.session:
            continue
        is_name = param.path or param.local or bool(param.choices) or entry.name in _NAMES
        if declared.name == "purge" and param.path:
            told_[entry.name] = f"{len(value)} paths"
        elif is_name or isinstance(value, bool | int | float):
            told_[entry.name] = list(value) if isinstance(value, tuple) else value
        else:
            told_[entry.name] = {"left out": len(str(value))}
    return told_


_NAMES = frozenset({"name", "apply", "expires", "for_", "to"})
