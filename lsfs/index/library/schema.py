"""The tables of a shared library: what each column means, and what holds between them.

    URI/heads/NUMBER.json      which versions of the tables belong together; see ``heads``
    URI/tables/{file,document,passage}.lance
    URI/files/aa/DIGEST        the bytes of each file that was read, by their BLAKE3

A row of ``document`` or ``passage`` is made of a content alone, so it never changes; ``file`` says
which contents there are now. What a reader sees is what one head names: no table is looked at in
any other version. In each head these hold, and ``lsfs.index.library.check`` looks for them:

- ``file.id``, ``document.id`` and ``(passage.document, passage.ordinal)`` are unique;
- each ``file.document`` is in ``document``;
- a document has passages of the ordinals 0 to ``document.passages`` - 1, and no others;
- each passage has a vector, unless the head names no embedder; then there is no column for it;
- the bytes of each ``file.digest`` are in ``files``.

A document that no file has is of a content that went; it stays until a compaction collects it.
The columns are those of the catalog (:mod:`lsfs.index.store.schema`), except where they are told
here.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1  # raise when an older lsfs could not read what is written

TABLES = ("file", "document", "passage")
# What tells the rows of a table apart; ``KEY`` is what rows are replaced by.
UNIQUE = {"file": ("id",), "document": ("id",), "passage": ("document", "ordinal")}
KEY = {"file": "id", "document": "id", "passage": "document"}


def date_type() -> pa.DataType:
    """A date that a file states, as in ``content_date``."""
    import pyarrow as pa

    return pa.struct([
        ("day", pa.string()), ("day_end", pa.string()), ("kind", pa.string()),
        ("char_start", pa.int64()), ("char_end", pa.int64()), ("words", pa.string()),
    ])  # fmt: skip


def field_type() -> pa.DataType:
    """What a document states by rules, as in ``field``."""
    import pyarrow as pa

    return pa.struct([
        ("name", pa.string()), ("char_start", pa.int64()), ("char_end", pa.int64()),
        ("value", pa.string()), ("normal", pa.string()), ("page", pa.int32()),
        ("line", pa.int32()), ("place", pa.string()), ("rule", pa.string()),
        ("confidence", pa.float64()),
    ])  # fmt: skip


def file_schema() -> pa.Schema:
    """One row for each file.

    id        :func:`file_id` of ``path``
    source    the name under which a folder is in the library; the first part of ``path``
    path      bytes, ``source/path in the folder``
    size, mtime_ns, ctime_ns   of what was read; while they are the same it is not read again
    digest    BLAKE3 of the content, 64 hexadecimal digits; null when it was not read
    document  id of what it says; null for files without a document
    media_type, parser, parser_version   of who read it, or tried; '' and 0 when nobody did
    rules     with which kind, days and dates were told; see :mod:`lsfs.index.library.rules`
    dates     strongest first, as ``content_date``
    """
    import pyarrow as pa

    return pa.schema([
        _required("id", pa.string()), _required("source", pa.string()),
        _required("path", pa.binary()), _required("suffix", pa.string()),
        _required("size", pa.int64()),
        _required("mtime_ns", pa.int64()), _required("ctime_ns", pa.int64()),
        _required("status", pa.string()), _required("reason", pa.string()),
        pa.field("digest", pa.string()), pa.field("document", pa.string()),
        _required("media_type", pa.string()), _required("parser", pa.string()),
        _required("parser_version", pa.int32()), _required("rules", pa.string()),
        _required("kind", pa.string()), _required("kind_reason", pa.string()),
        _required("day", pa.string()), _required("day_end", pa.string()),
        pa.field("dates", pa.list_(date_type())),
    ])  # fmt: skip


def document_schema() -> pa.Schema:
    """One row for each content as it is read under names of a kind.

    id        :func:`document_id` of digest and ``named``
    digest    BLAKE3 of the bytes, 64 hexadecimal digits
    body      as in the catalog: the Document as zlib-compressed JSON
    passages  how many there are
    rules     with which fields, passages and the signature were made
    fields    those of the rules, the surest first, as ``field``
    minima    as in ``signature``; null for a text too short to be compared
    """
    import pyarrow as pa

    return pa.schema([
        _required("id", pa.string()), _required("digest", pa.string()),
        _required("named", pa.string()), _required("parser", pa.string()),
        _required("parser_version", pa.int32()), _required("rules", pa.string()),
        _required("media_type", pa.string()),
        _required("title", pa.string()), _required("author", pa.string()),
        _required("line_unit", pa.string()), _required("text_bytes", pa.int64()),
        _required("page_bytes", pa.string()), _required("passages", pa.int32()),
        pa.field("fields", pa.list_(field_type())), pa.field("minima", pa.binary()),
        _required("body", pa.large_binary()),
    ])  # fmt: skip


def passage_schema(dimension: int) -> pa.Schema:
    """One row for each passage.

    document  id of the document
    text_hash, parts, heading, place   as in the catalog
    vector    float32, of length 1

    Args:
        dimension: numbers in a vector; 0: there are none.
    """
    import pyarrow as pa

    columns = [
        _required("document", pa.string()), _required("ordinal", pa.int32()),
        _required("char_start", pa.int64()), _required("char_end", pa.int64()),
        pa.field("page", pa.int32()), pa.field("page_end", pa.int32()),
        pa.field("line_start", pa.int32()), pa.field("line_end", pa.int32()),
        _required("heading", pa.string()), _required("place", pa.string()),
        _required("parts", pa.string()), _required("text", pa.string()),
        _required("text_hash", pa.binary()),
    ]  # fmt: skip
    if dimension:
        columns.append(_required("vector", pa.list_(pa.float32(), dimension)))
    return pa.schema(columns)


def schemas(dimension: int) -> dict[str, pa.Schema]:
    """The schema of each table."""
    return {
        "file": file_schema(),
        "document": document_schema(),
        "passage": passage_schema(dimension),
    }


def _required(name: str, type_: pa.DataType) -> pa.Field:
    import pyarrow as pa

    return pa.field(name, type_, nullable=False)


def file_id(path: str) -> str:
    """The key of a file: BLAKE3 of its path's bytes, 32 hexadecimal digits."""
    return blake3(os.fsencode(path)).hexdigest(length=16)


def document_id(digest: bytes, named: str) -> str:
    """The key of a document: BLAKE3 of the content's digest and what of the name counted.

    Args:
        digest: BLAKE3 of the content, 32 bytes.
        named: as :func:`lsfs.index.readers.naming.named` gives it.
    """
    return blake3(digest + named.encode()).hexdigest(length=16)


def bytes_at(digest: str) -> str:
    """Where the bytes of a content are below the library's URI."""
    return str(PurePosixPath("files", digest[:2], digest))


def damaged_at(digest: str) -> str:
    """Where bytes are set aside that are not those of this content."""
    return str(PurePosixPath("damaged", digest))
