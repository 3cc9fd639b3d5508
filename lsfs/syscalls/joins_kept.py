"""Joins that are kept as directories below ``.lsfs/join``."""

from __future__ import annotations

import logging
import re
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import codec
from lsfs.errors import LsfsError, NotFound, UsageError
from lsfs.joins import Joined, SavedJoin
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call
from lsfs.syscalls.join import ROWS, JoinRequest, computed
from lsfs.syscalls.names import is_name
from lsfs.syscalls.registry import Effect, Param, registry

log = logging.getLogger("lsfs.syscalls.joins")

_NOTHING = Joined((), 0, more=False, left_files=0, right_files=0)
_FORM = re.compile(
    r"(?P<left>.+?)(?:\s*\+\s*|\s+with\s+)(?P<right>.+?)\s+on\s+(?P<on>.+?)"
    r"(?:\s+within\s+(?P<within>\d+ ?[a-z]+(?: before| after)?))?"
    r"(?:\s+tolerance\s+(?P<tolerance>[\d.]+ ?%?))?"
    r"(?:\s+how\s+(?P<how>inner|left|anti))?\s*",
    re.IGNORECASE,
)


class JoinName(Struct, frozen=True):
    """A kept join."""

    name: Annotated[str, Param("name of the directory below .lsfs/join")]


@registry.syscall(effect=Effect.WRITE)
def save_join(call: Call, request: JoinName) -> Done:
    """Keep a join as a directory; its name is the join: ``invoices+contracts on counterparty``.

    Several keys are parted by commas; ``within 7d``, ``tolerance 1%`` and ``how anti`` may follow.
    """
    kept = keep_join(call, request.name, named(request.name), strict=True)
    return Done(f"{kept.name}: {kept.joined.total} rows")


@registry.syscall(effect=Effect.WRITE)
def drop_join(call: Call, request: JoinName) -> Done:
    """Forget a kept join; no file is touched."""
    from lsfs.index.store.kept import Joins

    if not Joins(call.engines.catalog).drop(request.name):
        raise NotFound(f"no kept join {request.name!r}")
    return Done(f"{request.name}: forgotten")


def named(name: str) -> JoinRequest:
    """The join that a name says.

    Raises:
        UsageError: it says none.
    """
    match = _FORM.fullmatch(name)
    if match is None:
        raise UsageError(
            f"not a join: {name!r}", hint="name it like: invoices+contracts on counterparty"
        )
    return JoinRequest(
        match["left"], match["right"], tuple(key.strip() for key in match["on"].split(",")),
        how=(match["how"] or "inner").lower(), within=match["within"] or "",
        tolerance=match["tolerance"] or "",
    )  # fmt: skip


def keep_join(call: Call, name: str, request: JoinRequest, *, strict: bool = False) -> SavedJoin:
    """Compute a join anew and store it.

    Args:
        strict: what cannot be computed is not stored; else with the reason.

    Raises:
        UsageError: the name cannot be a directory; with ``strict``: or it is no join.
    """
    from lsfs.index.store.kept import Joins

    if not is_name(name):
        raise UsageError(f"not a name for a join: {name!r}")
    request = replace(
        request, save="", wait=False, csv=False, explain=False, near_misses=False,
        limit=min(request.limit, ROWS),
    )  # fmt: skip
    generation = call.engines.catalog.generation()
    try:
        joined, problem = computed(call, request), ""
    except UsageError as error:
        if strict:
            raise
        joined, problem = _NOTHING, error.message
    kept = SavedJoin(name, codec.dumps(request), generation, joined, problem)
    Joins(call.engines.catalog).save(kept)
    return kept


def refresh(call: Call) -> None:
    """Compute the kept joins of an earlier state of the index anew."""
    from lsfs.index.store.kept import Joins

    for name, request, generation in Joins(call.engines.catalog).all():
        if generation < call.engines.catalog.generation():
            try:
                keep_join(call, name, codec.loads(request, JoinRequest))
            except LsfsError as error:
                log.error("the join %r is not up to date: %s", name, error.message)
