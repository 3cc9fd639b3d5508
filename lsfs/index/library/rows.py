"""Rows of a library's tables, made of files that were read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lsfs import codec, markdown
from lsfs.index.find.terms import parts_of_all
from lsfs.index.library import schema
from lsfs.index.readers.making import Made
from lsfs.index.readers.naming import named
from lsfs.index.readers.ready import WITH_DOCUMENT, Ready
from lsfs.index.store.passagerows import searched
from lsfs.index.store.rows import Facts, Outcome, packed, suffix_of
from lsfs.model import ContentDate, Document, FieldValue, Status

if TYPE_CHECKING:
    from lsfs.index.library.rules import MadeBy
    from lsfs.index.meaning.embed import Vectors


def in_library(source: str, path: str) -> str:
    """The path in a library of a file of a folder."""
    return f"{source}/{path}"


def file_row(source: str, ready: Ready, document_id: str | None, made_by: MadeBy) -> dict[str, Any]:
    """The row of a file.

    Args:
        source: the name of its folder in the library.
        document_id: of what it says, where its status is one with a document.
    """
    reading, document = ready.reading, ready.document or Document("", "", 0)
    path = in_library(source, reading.row.path)
    is_from = reading.identity or reading.row.identity
    outcome = reading.outcome or Outcome(Status.UNREADABLE)
    if ready.document is not None:
        outcome = Outcome(document.status, document.reason, reading.digest)
    return {
        "id": schema.file_id(path), "source": source, "path": os.fsencode(path),
        "suffix": suffix_of(path), "size": is_from.size,
        "mtime_ns": is_from.mtime_ns, "ctime_ns": is_from.ctime_ns,
        "status": outcome.status.value, "reason": outcome.reason,
        "digest": outcome.digest.hex() if outcome.digest else None,
        "document": document_id if document.status in WITH_DOCUMENT else None,
        "media_type": document.media_type, "parser": document.parser,
        "parser_version": document.parser_version,
        "rules": made_by.rules_of(outcome.status, document.parser),
        **_facts(ready.facts),
    }  # fmt: skip


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "kind": facts.kind, "kind_reason": facts.kind_reason,
        "day": facts.day, "day_end": facts.day_end,
        "dates": [_date(date) for date in facts.dates],
    }  # fmt: skip


def _date(date: ContentDate) -> dict[str, Any]:
    return {
        "day": date.day.isoformat(), "day_end": date.end.isoformat(), "kind": date.kind.value,
        "char_start": date.char_start, "char_end": date.char_end, "words": date.text,
    }  # fmt: skip


def document_row(
    digest: bytes, path: str, document: Document, made: Made, rules: str
) -> dict[str, Any]:
    """The row of a document.

    Args:
        path: of the file that it was read from.
        rules: by which it was made.
    """
    name = named(document.media_type, path)
    sizes = markdown.sizes(document)
    return {
        "id": schema.document_id(digest, name), "digest": digest.hex(), "named": name,
        "parser": document.parser, "parser_version": document.parser_version, "rules": rules,
        "media_type": document.media_type, "title": document.title, "author": document.author,
        "line_unit": document.line_unit, "text_bytes": sizes.text,
        "page_bytes": codec.dumps(sizes.pages), "passages": len(made.cut),
        "fields": [_field(one) for one in made.fields], "minima": made.minima or None,
        "body": packed(document),
    }  # fmt: skip


def _field(one: FieldValue) -> dict[str, Any]:
    return {
        "name": one.name, "char_start": one.char_start, "char_end": one.char_end,
        "value": one.value, "normal": one.normal, "page": one.page, "line": one.line,
        "place": one.where, "rule": one.rule, "confidence": one.confidence,
    }  # fmt: skip


def passage_rows(document_id: str, made: Made) -> Iterable[dict[str, Any]]:
    """The rows of a document's passages, without vectors."""
    parts = parts_of_all([searched(one.text, one.heading) for one, _ in made.cut])
    for ordinal, (one, text_hash) in enumerate(made.cut):
        yield {
            "document": document_id, "ordinal": ordinal, "char_start": one.char_start,
            "char_end": one.char_end, "page": one.page, "page_end": one.page_end,
            "line_start": one.line_start, "line_end": one.line_end, "heading": one.heading,
            "place": one.where, "parts": parts[ordinal], "text": one.text,
            "text_hash": text_hash,
        }  # fmt: skip


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> Any:
    """Rows as an Arrow table; those of passages have no vectors yet."""
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=schema.schemas(0)[name])


def with_vectors(passages: Any, vectors: Vectors) -> Any:
    """A table of passages with their vectors, float32, [passages, dimension]."""
    import numpy as np
    import pyarrow as pa

    dimension = vectors.shape[1]
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1), pa.float32())
    column = pa.FixedSizeListArray.from_arrays(flat, dimension)
    wanted = schema.passage_schema(dimension)
    return pa.Table.from_arrays([*passages.columns, column], schema=wanted)
