"""The keys of a join, with what both sides state of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from lsfs.errors import UsageError
from lsfs.syscalls.engines import Call

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definitions
    from lsfs.index.join.meaning import Meaning
    from lsfs.index.join.reading import SideFile
    from lsfs.index.join.rows import JoinKey, Side
    from lsfs.syscalls.join import JoinRequest

CROWDED, CROWDED_SHARE = 20, 0.5  # files, and the share of a side, that make a value crowded
_MEANING = ("meaning", "topic", "content", "bedeutung", "inhalt", "sens", "significado")
_SENTENCE = 5  # words that are no label any more


def keys_of(
    call: Call, request: JoinRequest, left: Sequence[SideFile], right: Sequence[SideFile]
) -> tuple[list[JoinKey], list[str]]:
    """The keys that a request names, and what is to be said of them.

    Raises:
        UsageError: one of them is none.
    """
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.join.keys import key, with_limits
    from lsfs.index.join.reading import own_names, values_of
    from lsfs.index.join.rows import Side
    from lsfs.index.names import THRESHOLD

    engines = call.engines
    known = definitions(engines.config.fields)
    keys = {one: key(one, known) for one in request.on if not is_meaning(one)}
    made = with_limits(
        keys.values(), request.within, request.tolerance, request.threshold or THRESHOLD
    )
    fields = dict(zip(keys, made, strict=True))
    notes: list[str] = []
    own = list(request.own)
    meant = len(fields) < len(request.on)
    if not own and (meant or any(one.left.foreign or one.right.foreign for one in made)):
        own = own_names(engines.catalog)
        notes += [f"{', '.join(own)}: taken for the owner of the drive"] if own else []
    read = partial(values_of, engines.catalog, own=own)
    sides: list[JoinKey] = []
    for asked in request.on:
        call.check()
        if asked in fields:
            one = fields[asked]
            side = Side(one, read(one.left, left), read(one.right, right))
            notes += _crowded(side)
            sides.append(side)
        else:
            sides.append(_meaning(call, request, asked, known, own, left, right))
    return sides, notes


def is_meaning(asked: str) -> bool:
    """Whether a key is no field but what files are about: "meaning", or a sentence."""
    words = asked.split()
    return asked.strip().casefold() in _MEANING or (
        len(words) >= _SENTENCE and not set("=~") & set(asked)
    )


def _meaning(
    call: Call,
    request: JoinRequest,
    asked: str,
    known: Definitions,
    own: Sequence[str],
    left: Sequence[SideFile],
    right: Sequence[SideFile],
) -> Meaning:
    from lsfs.index.fields.meant import source
    from lsfs.index.join.meaning import THRESHOLD, Meaning
    from lsfs.index.join.reading import values_of

    threshold = request.threshold or THRESHOLD
    if not 0 < threshold <= 1:
        raise UsageError("the threshold must lie between 0 and 1")
    engines = call.engines
    shared = {}
    for type_, name in (("number", "number"), ("iban", "iban"), ("party", "counterparty"),
                        ("amount", "amount")):  # fmt: skip
        what = source(name, known)
        shared[type_] = tuple(
            values_of(engines.catalog, what, files, own) for files in (left, right)
        )
    now = engines.search.meanings.now  # one model and its vectors, whatever follows on it
    return Meaning(
        asked, engines.catalog, now.vectors if now else None, left, right,
        shared,  # type: ignore[arg-type]
        embedder=now.embedder if now else None, threshold=threshold, candidates=request.candidates,
    )  # fmt: skip


def _crowded(side: Side) -> list[str]:
    """Values that so many files state that their rows say little."""
    counts = Counter(value.normal for found in side.right.values() for value in found)
    normal, count = max(counts.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    if count >= CROWDED and count > CROWDED_SHARE * len(side.right):
        return [f"{side.asked}: {count} files of the right side state {normal!r}"]
    return []
