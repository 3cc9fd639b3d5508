"""Making the past of a drive well again: what is lost is said, all else stays.

For the process that writes it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from lsfs import beneath
from lsfs import digest as digests
from lsfs.errors import LsfsError
from lsfs.model import Problem
from lsfs.paths import StatePaths
from lsfs.versions.check import Check, Found
from lsfs.versions.events import State
from lsfs.versions.keeper import Keeper

log = logging.getLogger("lsfs.versions.mend")


def check(keeper: Keeper, state: StatePaths, now_ns: int, *, deep: bool) -> Found:
    """Look for damage."""
    with keeper.still():
        found = Check(state, keeper.source, keeper.store, now_ns, deep=deep).run()
    found.problems += _recovered(keeper)
    return found


def mend(
    keeper: Keeper,
    state: StatePaths,
    now_ns: int,
    *,
    deep: bool,
    mend_journal: Callable[[str], None],
) -> Found:
    """Look for damage, and mend it; the problems say what is well again.

    Args:
        mend_journal: mends the journal, if it can; told what is wrong with its database, or "".
    """
    found = current = check(keeper, state, now_ns, deep=deep)
    if not found.problems:
        return found
    if any(one.where == "history" for one in found.problems):
        mend_journal(found.torn_journal)
    if found.is_torn:
        torn = [one for one in found.problems if one.where == "versions"]
        if keeper.recover(torn[0].what, better_than=len(torn)):
            current = check(keeper, state, now_ns, deep=deep)
    if any(one.where == "objects" for one in current.problems):
        with keeper.still():
            for damage in keeper.store.check(deep=True, repair=True):
                current.digests.update(damage.contents)
    _store_again(keeper, current)
    _give_up(keeper, current)
    keeper.ledger.set_meta("recovered", "")
    left = check(keeper, state, now_ns, deep=deep)
    wrong = {_key(one) for one in left.problems}
    known = {_key(one): one for one in [*found.problems, *current.problems, *left.problems]}
    left.problems = [replace(one, repaired=key not in wrong) for key, one in known.items()]
    return left


def _key(problem: Problem) -> tuple[str, str, str, int]:
    return problem.where, problem.what, problem.path, problem.version


def _recovered(keeper: Keeper) -> list[Problem]:
    """What was mended when the drive was opened, until somebody has seen it."""
    told = keeper.ledger.meta("recovered")
    if not told:
        return []
    time_ns, why, copied_ns, lost = json.loads(told)
    base = f"a copy of {_day(copied_ns)} and the journal" if copied_ns else "the journal"
    what = f"the database was damaged ({why}), and made again on {_day(time_ns)} from {base}"
    what += f"; {lost} contents are lost" if lost else ""
    hint = "the damaged one is beside it; lsfs fsck --repair takes note of this"
    return [Problem("versions", what, repaired=True, hint=hint)]


def _day(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _store_again(keeper: Keeper, found: Found) -> None:
    """Contents that the source still has are stored anew."""
    for content in keeper.ledger.contents(_there(keeper, found)):
        if content.digest is None:
            continue
        for path in keeper.ledger.paths_of(content.id):
            try:
                fd = beneath.open_file(keeper.source, path)
            except OSError:
                continue
            try:
                if content.is_in(State.of(os.fstat(fd))) and digests.of_file(fd) == content.digest:
                    keeper.keep_read([(fd, content.digest)])
            except (OSError, LsfsError) as error:
                log.warning("%r is not stored again: %s", path, error)
            finally:
                os.close(fd)


def _there(keeper: Keeper, found: Found) -> list[int]:
    """Ids of what is lost, as far as the ledger still knows them."""
    rows = keeper.ledger.query("SELECT id, digest, kept FROM content", ())
    return [
        id_ for id_, digest, kept in rows if id_ in found.lost or (kept and digest in found.digests)
    ]


def _give_up(keeper: Keeper, found: Found) -> None:
    """Say of contents that nobody has that they are not kept."""
    gone: list[int] = []
    with keeper.still():
        for row in keeper.ledger.contents(_there(keeper, found)):
            if row.kept and row.digest is not None and _is_stored(keeper, row.digest, row.size):
                continue
            gone.append(row.id)
        keeper.ledger.lose(gone)


def _is_stored(keeper: Keeper, digest: bytes, size: int) -> bool:
    try:
        return keeper.store.size(digest) == size
    except LsfsError:
        return False
