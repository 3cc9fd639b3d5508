"""Files that say the same, in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.errors import UsageError
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Param, registry
from lsfs.syscalls.retrieve import pending_note

if TYPE_CHECKING:
    from lsfs.index.find.duplicates import Comparison

THRESHOLD = 0.8


class DuplicatesRequest(Struct, frozen=True):
    """Where to look, and what counts as the same."""

    path: Annotated[
        str, Param("only groups with this file, or a file below this folder", path=True,
                   positional=True)
    ] = ""  # fmt: skip
    mode: Annotated[
        str,
        Param(
            "near: but for edits; exact: to the byte; form: one form with other values, too",
            choices=("near", "exact", "form"),
        ),
    ] = "near"
    threshold: Annotated[
        float, Param("the least share of common runs of three words, from 0 to 1")
    ] = THRESHOLD
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


class FieldDifference(Struct, frozen=True):
    """A field of which a file states other values than the one that stands for its group.

    Attributes:
        here, there: what only this file states, and what only the other one does.
    """

    name: str
    here: tuple[str, ...]
    there: tuple[str, ...]


class Duplicate(Struct, frozen=True):
    """A file of a group.

    Attributes:
        similarity: the share of common runs of three words, of all runs of this file and of the
            one that stands for the group; 1 for equal bytes.
        exact: whether it has the same bytes.
        differs: fields that it states otherwise.
    """

    path: str
    similarity: float
    exact: bool
    differs: tuple[FieldDifference, ...] = ()


class DuplicateGroup(Struct, frozen=True):
    """Files that say the same.

    Attributes:
        path: the file that stands for the group, the one that was changed longest ago.
        members: the others, the likest first.
    """

    path: str
    members: tuple[Duplicate, ...]


class Duplicates(Struct, frozen=True):
    """Groups of files, the largest first."""

    groups: tuple[DuplicateGroup, ...]
    notes: tuple[str, ...] = ()


@registry.syscall(
    command="duplicates",
    examples=(
        "lsfs duplicates",
        "lsfs duplicates Contracts --threshold 0.6",
        "lsfs duplicates --mode exact --json",
    ),
)
def duplicates(call: Call, request: DuplicatesRequest) -> Duplicates:
    """Group the files that say the same, whatever their format.

    Two invoices of one template have other numbers or parties: they are no duplicates, but ``--mode
    form`` groups them too. What a file states otherwise is said with it.
    """
    if not 0.3 <= request.threshold <= 1:
        raise UsageError("the threshold must lie between 0.3 and 1")
    engines = call.engines
    engines.indexer.fresh(call.emit)
    if request.wait:
        engines.indexer.wait(call.emit, None)
    found = _exact(call) if request.mode == "exact" else _near(call, request)
    wanted = paths.relative(request.path)
    kept = [group for group in found if not wanted or _concerns(group, wanted)]
    kept.sort(key=lambda group: (-len(group.members), group.path))
    return Duplicates(tuple(kept), pending_note(engines))


def _concerns(group: DuplicateGroup, wanted: str) -> bool:
    names = (group.path, *(member.path for member in group.members))
    return any(name == wanted or name.startswith(wanted + "/") for name in names)


def _near(call: Call, request: DuplicatesRequest) -> list[DuplicateGroup]:
    from lsfs.index.find.duplicates import Comparison, files_of, groups

    catalog = call.engines.catalog
    comparison = Comparison(catalog)
    forms = request.mode == "form"
    connected = groups(catalog, request.threshold, forms=forms, comparison=comparison)
    files = files_of(catalog)
    alone = set(files).difference(*connected)
    connected += [[one] for one in alone if len(files[one]) > 1]
    found = []
    for documents in connected:
        call.check()
        places = sorted((*place, one) for one in documents for place in files.get(one, ()))
        places = [place for place in places if call.engines.is_there(place[1])]
        if len(places) > 1:
            found.append(_group(comparison, places))
    return found


def _group(comparison: Comparison, places: list[tuple[int, str, int]]) -> DuplicateGroup:
    (_, path, first), *others = places
    members = []
    for _, other, document in others:
        exact = document == first
        differs = () if exact else comparison.differences(document, first)
        members.append(
            Duplicate(
                other,
                1.0 if exact else round(comparison.resemblance(document, first), 3),
                exact,
                tuple(FieldDifference(one.name, one.here, one.there) for one in differs),
            )
        )
    members.sort(key=lambda one: (-one.similarity, one.path))
    return DuplicateGroup(path, tuple(members))


def _exact(call: Call) -> list[DuplicateGroup]:
    from lsfs.index.find.duplicates import equal

    engines = call.engines
    present = [[p for p in names if engines.is_there(p)] for names in equal(engines.catalog)]
    return [
        DuplicateGroup(first, tuple(Duplicate(path, 1.0, True) for path in others))
        for first, *others in filter(None, present)
        if others
    ]
