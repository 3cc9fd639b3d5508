"""What is to be done so that a library says of a folder what stands in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from lsfs.index.library.batches import MARKS, Mark, mark_of
from lsfs.index.library.rows import in_library
from lsfs.index.library.rules import MadeBy
from lsfs.index.library.schema import file_id
from lsfs.index.library.tables import Snapshot
from lsfs.index.library.work import Look
from lsfs.index.store.rows import FileIdentity
from lsfs.model import Status

MOST_FILES = 200  # in a batch
MOST_BYTES = 64 << 20  # in a batch of more than one file
_READ = 10_000  # rows at once
_AGAIN = (Status.UNREADABLE, Status.PENDING)


class Plan(Struct, frozen=True):
    """What a look at a folder has found.

    Attributes:
        looks: files to be read, in the order of their paths.
        gone: marks of the rows whose files are gone, by id.
        known: how many files the library has of the folder.
        there: how many files there are in it.
    """

    looks: Sequence[Look]
    gone: Mapping[str, Mark] = field(default_factory=dict)
    known: int = 0
    there: int = 0


def plan(
    snapshot: Snapshot, source: str, seen: Mapping[str, FileIdentity], made_by: MadeBy
) -> Plan:
    """Compare a folder with what a library has of it.

    Args:
        snapshot: of the library.
        source: name of the folder there.
        seen: the folder's files by path.
        made_by: what rows are made with; those made with older ones are made anew.
    """
    looks: list[Look] = []
    gone: dict[str, Mark] = {}
    paths = {file_id(in_library(source, path)): path for path in seen}
    known: set[str] = set()
    for id_, mark in _marks(snapshot, source):
        known.add(id_)
        path = paths.get(id_)
        if path is None:
            gone[id_] = mark
        elif not _is_current(mark, seen[path], made_by):
            looks.append(Look(path, seen[path], mark))
    looks += [Look(path, seen[path]) for id_, path in paths.items() if id_ not in known]
    looks.sort(key=lambda look: os.fsencode(look.path))
    return Plan(looks, gone, len(known), len(seen))


def _marks(snapshot: Snapshot, source: str) -> Iterator[tuple[str, Mark]]:
    from lancedb.expr import col, lit

    query = snapshot.file.search().where(col("source") == lit(source)).select(["id", *MARKS])
    for batch in query.to_batches(_READ):
        for row in batch.to_pylist():
            yield row["id"], mark_of(row)


def _is_current(mark: Mark, now: FileIdentity, made_by: MadeBy) -> bool:
    row = dict(zip(MARKS, mark, strict=True))
    return (
        (row["size"], row["mtime_ns"], row["ctime_ns"]) == (now.size, now.mtime_ns, now.ctime_ns)
        and row["status"] not in _AGAIN
        and made_by.is_current(row)
    )


def batches(looks: Sequence[Look]) -> Iterator[list[Look]]:
    """Files in batches, none too large."""
    batch: list[Look] = []
    size = 0
    for look in looks:
        if batch and (len(batch) == MOST_FILES or size + look.identity.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(look)
        size += look.identity.size
    if batch:
        yield batch
