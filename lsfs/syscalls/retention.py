"""Giving up old versions, for their room: beyond recall, so first shown, then approved."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.clock import iso
from lsfs.errors import UsageError, VersionConflict
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import keeper_of
from lsfs.syscalls.registry import Effect, Param, registry

if TYPE_CHECKING:
    from lsfs.versions.keeper import Keeper
    from lsfs.versions.prune import Held

SHOWN = 20
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_APPLY = Annotated[str, Param("carry out the plan of this digest", hidden=True)]


class DoomedVersion(Struct, frozen=True):
    """A version that is to go."""

    path: str
    version: int
    time: str
    size: int


class Plan(Struct, frozen=True):
    """What a call would destroy, or has destroyed.

    Attributes:
        digest: approves exactly this plan, when it is given back as ``apply``.
        versions: how many versions go, with so many ``bytes`` before they were compressed.
        shown: the first of them.
        applied: whether it has been done; ``freed`` is how many bytes smaller the store is then.
    """

    digest: str
    versions: int
    bytes: int
    shown: tuple[DoomedVersion, ...]
    applied: bool = False
    freed: int = 0


class PruneRequest(Struct, frozen=True):
    """What to keep. A version that none of the rules keeps goes."""

    keep_last: Annotated[int, Param("so many of the last versions of each file")] = 0
    keep_within: Annotated[str, Param("all versions of this time: '30d', '12h'")] = ""
    keep_hourly: Annotated[int, Param("the last version of each of so many hours")] = 0
    keep_daily: Annotated[int, Param("… of so many days")] = 0
    keep_weekly: Annotated[int, Param("… of so many weeks")] = 0
    keep_monthly: Annotated[int, Param("… of so many months")] = 0
    keep_yearly: Annotated[int, Param("… of so many years")] = 0
    max_size: Annotated[str, Param("the oldest go until all have this size: '10G', '500M'")] = ""
    apply: _APPLY = ""


@registry.syscall(
    effect=Effect.DESTRUCTIVE,
    command="prune",
    examples=(
        "lsfs prune --keep-last 5 --keep-daily 30 --keep-monthly 24",
        "lsfs prune --max-size 10G --yes",
    ),
)
def prune(call: Call, request: PruneRequest) -> Plan:
    """Give up old versions. What files hold now, and what snapshots name, always stays."""
    with keeper_of(call).reserve.lent():
        return _prune(call, request)


def _prune(call: Call, request: PruneRequest) -> Plan:
    from lsfs.versions.prune import Rules

    keeper = keeper_of(call)
    keeper.follow()
    rules = Rules(
        request.keep_last, request.keep_hourly, request.keep_daily, request.keep_weekly,
        request.keep_monthly, request.keep_yearly, _seconds(request.keep_within),
    )  # fmt: skip
    most = _bytes(request.max_size) if request.max_size else None
    if not rules and most is None:
        raise UsageError("say what to keep", hint="for example: --keep-last 5 --keep-daily 30")
    now_ns = keeper.now_ns()

    def choose() -> list[Held]:
        if rules:
            return keeper.pruning.by_rules(rules, now_ns)
        return _first(keeper.pruning.oldest(), keeper.store.usage().bytes_on_disk - (most or 0))

    plan = _planned(keeper, choose, request.apply, only_rules=bool(rules) or most is None)
    if request.apply and most is not None:
        before = keeper.store.usage().bytes_on_disk
        keeper.settle()
        keeper.give_up_oldest(most)
        freed = plan.freed + max(0, before - keeper.store.usage().bytes_on_disk)
        return Plan(plan.digest, plan.versions, plan.bytes, plan.shown, applied=True, freed=freed)
    return plan


class TrashEmptyRequest(Struct, frozen=True):
    """Which removed files to give up."""

    path: Annotated[str, Param("only what was in this folder", path=True, positional=True)] = ""
    older_than: Annotated[str, Param("only what was removed so long ago: '30d'")] = ""
    apply: _APPLY = ""


@registry.syscall(
    effect=Effect.DESTRUCTIVE,
    command="trash empty",
    examples=("lsfs trash empty --older-than 30d",),
)
def trash_empty(call: Call, request: TrashEmptyRequest) -> Plan:
    """Give up removed files with all their versions. What snapshots name stays."""
    keeper = keeper_of(call)
    path = os.fsencode(paths.relative(request.path))
    age_ns = int(_seconds(request.older_than) * 1e9)
    before = keeper.now_ns() - age_ns if age_ns else sys.maxsize
    with keeper.reserve.lent():
        keeper.follow()
        return _planned(keeper, lambda: keeper.pruning.removed(path, before), request.apply)


def _planned(
    keeper: Keeper, choose: Callable[[], list[Held]], apply: str, *, only_rules: bool = True
) -> Plan:
    """The plan; carried out when it is the one that was approved."""
    from lsfs.versions.prune import digest_of

    doomed = choose()
    digest = digest_of(doomed)
    size = sum(one.size for one in doomed)
    shown = tuple(
        DoomedVersion(os.fsdecode(one.path), one.number, iso(one.begin_ns), one.size)
        for one in doomed[:SHOWN]
    )
    plan = Plan(digest, len(doomed), size, shown)
    if not apply:
        return plan
    if apply != digest:
        raise VersionConflict(
            "what would be given up is not what was approved: something has changed since",
            hint="look at the plan once more",
        )
    freed = keeper.give_up(doomed) if only_rules else 0
    return Plan(digest, len(doomed), size, shown, applied=True, freed=freed)


def _first(versions: list[Held], size: int) -> list[Held]:
    """The first versions that have so many bytes; how many that frees is known afterwards only."""
    found: list[Held] = []
    for one in versions:
        if size <= 0:
            break
        found.append(one)
        size -= one.size
    return found


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    number, unit = text[:-1], text[-1:].lower()
    if unit not in _UNITS or not number.replace(".", "", 1).isdigit():
        raise UsageError(f"not a length of time: {text!r}", hint="for example: 12h, 30d, 2w, 1y")
    return float(number) * _UNITS[unit]


def _bytes(text: str) -> int:
    plain = text.lower().removesuffix("b").removesuffix("i")
    number, unit = (plain[:-1], plain[-1:]) if plain[-1:].isalpha() else (plain, "")
    if unit not in _SIZES or not number.replace(".", "", 1).isdigit():
        raise UsageError(f"not a size: {text!r}", hint="for example: 500M, 10G")
    return int(float(number) * _SIZES[unit])
