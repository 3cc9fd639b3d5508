"""What changed between two versions of a file: line by line, page by page, and in words."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.differences import ChangeSummary, Diff
from lsfs.errors import ParseError, TooLarge, UsageError
from lsfs.model import Document, Status
from lsfs.syscalls.change import change_summary_of
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import back, chosen, look
from lsfs.syscalls.registry import Param, Tool, registry

if TYPE_CHECKING:
    from lsfs.versions.tables import Row

COMPARED = 64 << 20  # bytes of a version that is compared
_BEFORE = Annotated[
    str,
    Param(
        "the earlier one: a number, or a moment; the one before the later when left out",
        positional=True,
    ),
]
_AFTER = Annotated[
    str, Param("the later one: a number, or a moment; the present when left out", positional=True)
]


class DiffRequest(Struct, frozen=True):
    """Which versions of which file."""

    path: Annotated[str, Param("the file", path=True)]
    before: _BEFORE = ""
    after: _AFTER = ""


@registry.syscall(
    command="diff",
    examples=(
        "lsfs diff lease.pdf",
        "lsfs diff notes.txt 3 5",
        "lsfs diff notes.txt yesterday | patch -R",
    ),
    tools=(
        Tool("diff", "Show what changed between two versions of a file, also of PDF and office."),
    ),
)
def diff(call: Call, request: DiffRequest) -> Diff:
    """Show how two versions of a file differ.

    Text is compared line by line, as by ``diff -u``; PDF and office files by what they say, page by
    page.
    """
    from lsfs.versions.difference import difference
    from lsfs.versions.unified import Names

    path, before, after = _pair(call, request.path, request.before, request.after)
    old, new = _bytes(call, before), _bytes(call, after)
    names = Names(path, _called(before), _called(after))
    found = difference(old, new, names)
    if found.kind == "binary":
        documents = _document(call, before, old), _document(call, after, new)
        found = difference(old, new, names, documents)
    return found


class ChangeSummaryRequest(Struct, frozen=True):
    """Which versions of which file."""

    path: Annotated[str, Param("the file", path=True)]
    before: _BEFORE = ""
    after: _AFTER = ""
    no_model: Annotated[bool, Param("facts only, no sentence by the model")] = False


@registry.syscall(
    command="changes",
    examples=("lsfs changes lease.pdf", "lsfs changes notes.txt 'last monday'"),
)
def change_summary(call: Call, request: ChangeSummaryRequest) -> ChangeSummary:
    """Say in words what changed between two versions of a file.

    First the facts, each with the quotes that prove it: sections, amounts, dates and names that
    came, went or changed, and text that moved. Then a sentence by the model, shown only when the
    facts bear every word, number, date and name of it.
    """
    path, before, after = _pair(call, request.path, request.before, request.after)
    documents = []
    for row in (before, after):
        document = _document(call, row, _bytes(call, row))
        if document.status not in (Status.OK, Status.PARTIAL, Status.EMPTY):
            raise ParseError(
                f"{path}, {_called(row)}: {document.status.value}: {document.reason}",
                hint=f"what can be compared: lsfs diff {path}",
            )
        documents.append(document)
    chat = None if request.no_model else call.engines.chat
    return change_summary_of(documents[0], documents[1], chat, cancel=call.cancelled)


def _pair(call: Call, path: str, before: str, after: str) -> tuple[str, Row, Row]:
    """The two versions that are meant, the earlier first."""
    path = paths.relative(path)
    look(call, path)
    later = chosen(call, path, after) if after else chosen(call, path, _present(call, path))
    if before:
        return path, chosen(call, path, before), later
    rows = call.engines.past.versions(path)
    earlier = [row for row in rows if row.number < later.number]
    if not earlier:
        raise UsageError(
            f"{path} has no version before {later.number}", hint=f"see: lsfs history {path}"
        )
    return path, earlier[-1], later


def _present(call: Call, path: str) -> str:
    """The number of the version that a file has, or had last."""
    rows = call.engines.past.versions(path)
    return str(rows[-1].number if rows else back(call, path, 0).number)


def _called(row: Row) -> str:
    return f"version {row.number}"


def _bytes(call: Call, row: Row) -> bytes:
    """The bytes of a version.

    Raises:
        TooLarge: they are too many to be compared.
    """
    from lsfs.versions.contents import whole

    with contextlib.closing(call.engines.past.open(row)) as content:
        if content.size > COMPARED:
            raise TooLarge(
                f"{os.fsdecode(row.path)}, {_called(row)}: larger than {COMPARED >> 20} MiB",
                hint="write both to files with lsfs cat, and compare those",
            )
        return whole(content)


def _document(call: Call, row: Row, data: bytes) -> Document:
    """A version as lsfs reads it: from the index where it is, else read now."""
    import tempfile

    from blake3 import blake3

    engines = call.engines
    digest = blake3(data).digest()
    path = os.fsdecode(row.path)
    known = engines.catalog.document_of(digest, engines.reader.versions(), path)
    if known is not None:
        return engines.catalog.load(known[0])
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return engines.reader.read(file.fileno(), path)
