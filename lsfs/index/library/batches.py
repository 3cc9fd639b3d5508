"""What is made of some files, to be committed to a library at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

# What tells whether two rows of a file say the same of the same content.
MARKS = (
    "size", "mtime_ns", "ctime_ns", "status", "reason", "digest", "document", "parser",
    "parser_version", "rules",
)  # fmt: skip
Mark = tuple[Any, ...]


def mark_of(row: Mapping[str, Any]) -> Mark:
    """The mark of a row of ``file``."""
    return tuple(row[name] for name in MARKS)


class Rows(Struct, frozen=True):
    """Rows of documents or of their passages: at hand, or written to the storage already.

    Attributes:
        table: an Arrow table; None for fragments.
        fragments: of Lance, in JSON.
    """

    table: Any = None
    fragments: Sequence[str] = ()


class Batch(Struct, frozen=True):
    """Some files, and what they say.

    Attributes:
        files: rows of ``file`` as an Arrow table.
        before: by id, the mark of the row that a file had when it was looked at; None where it had
            none. Files that are here and not in ``files`` are gone.
        contents: ids of the documents whose rows these are, by the rules they are made with.
        documents, passages: their rows.
        lent: digests of files whose bytes were there already, and were not sent.
        restless: files that changed while they were read; they are to be read again.
        read, parsed, embedded, size: files that were read, contents parsed, texts embedded, and
            bytes of the files.
    """

    files: Any
    before: Mapping[str, Mark | None]
    contents: frozenset[str] = frozenset()
    documents: Rows = field(default_factory=Rows)
    passages: Rows = field(default_factory=Rows)
    lent: frozenset[str] = frozenset()
    restless: int = 0
    read: int = 0
    parsed: int = 0
    embedded: int = 0
    size: int = 0
