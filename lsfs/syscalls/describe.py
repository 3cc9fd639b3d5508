"""What is known of files at a glance: type, kind, date, author."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Annotated

from msgspec import Struct

from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Param, registry

_AT_ONCE = 500  # paths in one statement


class DescribeRequest(Struct, frozen=True):
    """Which files."""

    paths: Annotated[tuple[str, ...], Param("the files", path=True)]


class FileFacts(Struct, frozen=True):
    """A file at a glance.

    Attributes:
        type: by its ending, as ``type:`` in a query names it: pdf, email, spreadsheet; "" for none.
        kind: of document, as ``kind:`` names it: contract, invoice; "" where it is not known.
        date: the document's own, as an ISO day; "" when it states none.
        author: who wrote or sent it, by its properties; "" where they do not say.
        status: how reading it ended.
        size: in bytes.
        mtime_ns: the file's own time.
    """

    path: str
    type: str
    kind: str
    date: str
    author: str
    title: str
    media_type: str
    status: str
    size: int
    mtime_ns: int


class Described(Struct, frozen=True):
    """Files at a glance, in the order in which they were named; what is not indexed is left out."""

    files: tuple[FileFacts, ...]


@registry.syscall()
def describe(call: Call, request: DescribeRequest) -> Described:
    """Say of files what they are at a glance, all of them at once."""
    known = {one.path: one for some in _parts(request.paths) for one in _facts(call, some)}
    return Described(tuple(known[path] for path in request.paths if path in known))


def _parts(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    return (paths[n : n + _AT_ONCE] for n in range(0, len(paths), _AT_ONCE))


def _facts(call: Call, paths: Sequence[str]) -> Iterator[FileFacts]:
    from lsfs.index.find.filters import type_of

    catalog = call.engines.catalog
    marks = ", ".join("?" * len(paths))
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT f.path, f.suffix, f.kind, f.day, d.author, d.title, d.media_type, f.status, "  # noqa: S608
            "f.size, f.mtime_ns FROM file f LEFT JOIN document d ON d.id = f.document_id "
            f"WHERE f.path IN ({marks})",
            [os.fsencode(path) for path in paths],
        ).fetchall()
    for raw, suffix, kind, day, author, title, media_type, status, size, mtime_ns in rows:
        yield FileFacts(
            os.fsdecode(raw), type_of(suffix) if suffix else "", kind, day, _name(author or ""),
            title or "", media_type or "", status, size, mtime_ns,
        )  # fmt: skip


def _name(author: str) -> str:
    """The name of an author; a mail's sender has an address with it."""
    if "@" in author:
        name, address = parseaddr(author)
        return name or address
    return " ".join(author.split())
