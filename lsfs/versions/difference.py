"""How two contents of a file differ: as text, page by page, or only that they do."""

from __future__ import annotations

from blake3 import blake3

from lsfs.differences import Diff, DiffKind
from lsfs.model import Document, Status
from lsfs.versions import unified as text
from lsfs.versions.paged import paged
from lsfs.versions.unified import Decode, Names, decoded

_DIGEST = 16  # hexadecimal digits shown
_TEXTUAL = ("text/", "message/")
_TEXT_TYPES = frozenset({
    "application/json", "application/x-ndjson", "application/xml", "application/yaml",
    "application/toml", "image/svg+xml",
})  # fmt: skip
SAME_TEXT = "the text is the same: only the layout, pictures or properties differ"


def difference(
    before: bytes,
    after: bytes,
    names: Names,
    documents: tuple[Document, Document] | None = None,
    decode: Decode = decoded,
) -> Diff:
    """How two contents differ, by the closest comparison that they allow.

    Args:
        before, after: the bytes.
        names: what they are called in the result.
        documents: both as parsed; they are compared where the bytes are no text.
        decode: the text in some bytes, without loss; None for what is none.
    """
    if before == after:
        return Diff(names.path, names.before, names.after, DiffKind.SAME)
    if documents is None or all(_is_text(document) for document in documents):
        diff = unified(before, after, names, decode)
        if diff.kind is DiffKind.TEXT or documents is None:
            return diff
    if all(_is_read(document) for document in documents):
        diff = paged(*documents, names)
        if diff.pages:
            return diff
        same = any(document.text for document in documents)
        return binary(before, after, names, note=SAME_TEXT if same else "")
    return binary(before, after, names)


def unified(before: bytes, after: bytes, names: Names, decode: Decode = decoded) -> Diff:
    """The unified diff of two contents; that they differ, where one of them is no text.

    Args:
        decode: see :func:`difference`.
    """
    if before == after:
        return Diff(names.path, names.before, names.after, DiffKind.SAME)
    old, new = decode(before), decode(after)
    if old is None or new is None:
        return binary(before, after, names)
    return text.unified(old, new, names)


def binary(before: bytes, after: bytes, names: Names, *, note: str = "") -> Diff:
    """That two contents differ, with their sizes and digests."""
    sides = " and ".join(
        f"{len(data):,} bytes ({blake3(data).hexdigest()[:_DIGEST]})" for data in (before, after)
    )
    line = f"binary files differ: {sides}\n"
    notes = (note,) if note else ()
    return Diff(names.path, names.before, names.after, DiffKind.BINARY, line, notes=notes)


def _is_text(document: Document) -> bool:
    kind = document.media_type
    return kind.startswith(_TEXTUAL) or kind in _TEXT_TYPES


def _is_read(document: Document) -> bool:
    return document.status in (Status.OK, Status.PARTIAL, Status.EMPTY)
