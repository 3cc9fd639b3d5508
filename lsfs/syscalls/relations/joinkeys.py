"""The keys of a join, with what both sides state of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from lsfs.errors import UsageError
from lsfs.syscalls.engines import Call

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definitions
    from lsfs.index.join.keys import Key
    from lsfs.index.join.meaning import Meaning
    from lsfs.index.join.reading import SideFile, Values
    from lsfs.index.join.rows import JoinKey, Side
    from lsfs.index.store.catalog import Catalog
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
    from lsfs.index.facts.names import THRESHOLD
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.join.keys import key, with_limits
    from lsfs.index.join.reading import own_names, values_of

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
    if not own and (meant or any(map(_leaves_out_own, made))):
        own = own_names(engines.catalog)
        notes += [f"{', '.join(own)}: taken for the owner of the drive"] if own else []
    read = partial(values_of, engines.catalog, own=own)
    sides: list[JoinKey] = []
    for asked in request.on:
        call.check()
        if asked in fields:
            one = fields[asked]
            stated = read(one.left, left), read(one.right, right)
            side = _side(engines.catalog, one, stated, (left, right), own)
            notes += _crowded(side)
            sides.append(side)
        else:
            sides.append(_meaning(call, request, asked, known, own, left, right))
    return sides, notes


def _leaves_out_own(key: Key) -> bool:
    """Whether the drive's owner is no value of a key, or only where a label tells it."""
    return any(what.foreign or what.role for what in (key.left, key.right))


def _side(
    catalog: Catalog,
    one: Key,
    stated: tuple[Values, Values],
    files: tuple[Sequence[SideFile], Sequence[SideFile]],
    own: Sequence[str],
) -> Side:
    """A key with what both sides state of it, and what they mention of what others state."""
    from lsfs.index.join.mentions import filled
    from lsfs.index.join.reading import parties_anywhere
    from lsfs.index.join.rows import Side

    known = partial(parties_anywhere, catalog, own=own)
    mentioned = [
        filled(catalog, what, here, there, chain(chain.from_iterable(others.values()), anywhere))
        for what, here, there, others in (
            (one.left, stated[0], files[0], stated[1]),
            (one.right, stated[1], files[1], stated[0]),
        )
        for anywhere in (known(what) if what.type == "party" else (),)
    ]
    return Side(one, *mentioned)


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
