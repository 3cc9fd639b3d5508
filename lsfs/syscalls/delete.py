"""Removing files and folders; what goes is in the trash."""

from __future__ import annotations

import os
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import beneath
from lsfs.errors import NotFound, UsageError, VersionConflict
from lsfs.syscalls.engines import Call
from lsfs.syscalls.listing import walk
from lsfs.syscalls.registry import Effect, Param, registry
from lsfs.syscalls.within import Entry, entry, for_change, source, told
from lsfs.syscalls.writing import changing

SHOWN = 20


class DeleteRequest(Struct, frozen=True):
    """What is removed."""

    path: Annotated[tuple[str, ...], Param("files and folders", path=True)]
    recursive: Annotated[bool, Param("folders with all that is in them", flags=("-r",))] = False
    apply: Annotated[str, Param("carry out the plan of this digest", hidden=True)] = ""


class DeletePlan(Struct, frozen=True):
    """What would be removed, or has been.

    Attributes:
        digest: approves exactly this plan, when it is given back as ``apply``.
        files, folders: how many of each.
        bytes: what the files hold.
        paths: the first of them; ``more`` are not named.
        undo: the moment just before, in ISO 8601: a rollback to it brings all back; "" for a plan.
        applied: whether it has been done.
    """

    digest: str
    files: int
    folders: int
    bytes: int
    paths: tuple[str, ...]
    more: int
    undo: str = ""
    applied: bool = False


@registry.syscall(
    effect=Effect.DESTRUCTIVE,
    command="rm",
    examples=("lsfs rm draft.txt", "lsfs rm -r Old --yes"),
)
def delete(call: Call, request: DeleteRequest) -> DeletePlan:
    """Remove files and folders. Files go to the trash: ``lsfs trash restore`` brings them back."""
    if not request.path:
        raise UsageError("say what to remove", hint="for example: lsfs rm draft.txt")
    doomed = _doomed(call, request)
    plan = _plan(doomed)
    if not request.apply:
        return plan
    if request.apply != plan.digest:
        raise VersionConflict(
            "what would be removed is not what was approved: something has changed since",
            hint="look at the plan once more",
        )
    first = doomed[0].path
    with changing(call, first, *(one.path for one in doomed), last=False) as (_, writer, undo):
        for one in reversed(doomed):  # what is in a folder before the folder
            with told(one.path):
                if one.kind == "directory":
                    writer.remove_folder(os.fsencode(one.path))
                else:
                    writer.remove(os.fsencode(one.path))
    return replace(plan, applied=True, undo=undo)


def _doomed(call: Call, request: DeleteRequest) -> list[Entry]:
    """What is removed, each folder before what is in it."""
    doomed: dict[str, Entry] = {}
    with source(call) as root:
        for named in request.path:
            with told(named):
                path = for_change(call, root, named, last=False)
                status = beneath.stat(root, os.fsencode(path))
                if status is None:
                    raise NotFound(f"there is no {named!r}", hint="list the folder")
                one = entry(path, status)
                doomed[path] = one
                if one.kind == "directory":
                    below = list(walk(call, root, path))
                    if below and not request.recursive:
                        raise UsageError(
                            f"{path} is a folder with files", hint="lsfs rm -r removes it"
                        )
                    doomed.update((each.path, each) for each in below)
    return sorted(doomed.values(), key=lambda one: one.path.split("/"))


def _plan(doomed: list[Entry]) -> DeletePlan:
    from blake3 import blake3

    hasher = blake3()
    for one in doomed:
        hasher.update(os.fsencode(f"{one.path}\0{one.kind}\0{one.size}\0{one.modified}\0"))
    folders = sum(one.kind == "directory" for one in doomed)
    return DeletePlan(
        digest=hasher.hexdigest(length=8),
        files=len(doomed) - folders,
        folders=folders,
        bytes=sum(one.size for one in doomed),
        paths=tuple(one.path for one in doomed[:SHOWN]),
        more=max(0, len(doomed) - SHOWN),
    )
