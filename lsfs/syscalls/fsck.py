"""Proving that what is kept of a drive is whole, and mending it."""

from __future__ import annotations

import os
from collections import Counter
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs.drives import locked
from lsfs.errors import LockHeld
from lsfs.model import Problem
from lsfs.syscalls.engines import Call
from lsfs.syscalls.kv import folder_of
from lsfs.syscalls.past import keeper_of
from lsfs.syscalls.registry import Param, registry


class FsckRequest(Struct, frozen=True):
    """How far to go."""

    repair: Annotated[bool, Param("mend what can be mended, and take note of what is lost")] = False
    deep: Annotated[bool, Param("read all that is stored, not only see that it is there")] = False


class Checked(Struct, frozen=True):
    """What a check of a drive's state came to.

    Attributes:
        checked: how many of what were looked at: events, versions, contents, objects, files,
            passages, vectors, attention states; ``not_kept`` are versions that were overwritten
            behind the mount before anybody had read them; ``unused_…`` and ``leftovers`` are swept
            by and by.
        problems: what is wrong; with ``repaired``, what was.
    """

    checked: dict[str, int]
    problems: tuple[Problem, ...]


@registry.syscall(
    command="fsck",
    examples=("lsfs fsck", "lsfs fsck --deep", "lsfs fsck --repair"),
    writes_with="repair",
)
def fsck(call: Call, request: FsckRequest) -> Checked:
    """Check that every version and the whole index can be read; mend what is damaged.

    Your own files are not changed, and read with ``--deep`` only. A version that is lost is named,
    with its file; all others stay. The exit code is 40 when something is wrong and was not mended.
    Of a shared library the library itself is looked at; who writes it mends it with ``lsfs library
    check URI --repair``.
    """
    counts: Counter[str] = Counter()
    problems = _past(call, request, counts) + _index(call, request, counts)
    problems += _kv(call, request, counts)
    if request.repair and problems:
        call.engines.indexer.wait(call.emit, 0.0)  # there may be files to be read anew
    return Checked(dict(sorted(counts.items())), tuple(problems))


def _past(call: Call, request: FsckRequest, counts: Counter[str]) -> list[Problem]:
    from lsfs.versions import mend
    from lsfs.versions.check import Check

    engines = call.engines
    now_ns = engines.clock.now_ns()
    if request.repair:
        found = mend.mend(
            keeper_of(call), engines.state, now_ns, deep=request.deep,
            mend_journal=lambda why: _mend_journal(call, why),
        )  # fmt: skip
    elif engines.keeper is not None:
        found = mend.check(engines.keeper, engines.state, now_ns, deep=request.deep)
    else:
        source = os.open(engines.source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            store = engines.past.store()
            found = Check(engines.state, source, store, now_ns, deep=request.deep).run()
        finally:
            os.close(source)
    counts.update(found.counts)
    return found.problems


def _mend_journal(call: Call, why: str) -> None:
    from lsfs.versions import history

    state, past = call.engines.state, call.engines.past
    try:
        with locked(state.history_lock):
            history.mend(state.history, why)
            history.Journal(state.history, past.settled, past.position).close()
    except LockHeld:
        pass  # it is mounted: the next mount mends it


def _index(call: Call, request: FsckRequest, counts: Counter[str]) -> list[Problem]:
    from lsfs.index.store import check as index_check

    if call.engines.checked is not None:
        return call.engines.checked(request.deep, counts)
    catalog, meanings = call.engines.catalog, call.engines.search.meanings
    vectors = meanings.now.store if meanings.now else None
    coming = meanings.coming.store if meanings.coming else None

    def check(told: Counter[str]) -> list[Problem]:
        return index_check.check(
            catalog, vectors, told, deep=request.deep, tree=call.engines.tree, coming=coming
        )

    problems = check(counts)
    if not (request.repair and problems):
        return problems
    index_check.mend(catalog, vectors, problems, coming)
    left = check(Counter())
    wrong = {(one.what, one.path) for one in left}
    return [replace(one, repaired=(one.what, one.path) not in wrong) for one in problems]


def _kv(call: Call, request: FsckRequest, counts: Counter[str]) -> list[Problem]:
    """Attention states: one that is damaged would be made again when it is wanted."""
    from lsfs.llm.kv import kvcheck

    folder = folder_of(call.engines)
    counts["attention_states"] = len(folder.files())
    problems = []
    # What is removed is read to the end first: nothing that is whole should go, nothing else stay.
    for path, why in kvcheck.damaged(folder, deep=request.deep or request.repair):
        if request.repair:
            path.unlink(missing_ok=True)
        where = path.relative_to(folder.root)
        hint = "it is made again when it is wanted; --repair removes it"
        problems.append(Problem("kv", f"{where}: {why}", repaired=request.repair, hint=hint))
    return problems
