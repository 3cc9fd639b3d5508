"""What the passages of a library say: looked up by the document, kept for a while."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lsfs.errors import VersionConflict
from lsfs.index.library.expressions import WEIGHTS, Expression
from lsfs.index.library.reader import Reader

if TYPE_CHECKING:
    import sqlite3

BLOCK = 64  # passages of a document that are looked up at once
KEPT = 4096  # blocks that stay in memory; about 45 kB each when full
MOST = 100_000  # passages that an expression may match
_Block = dict[int, tuple[str, str]]  # text and heading by ordinal

log = logging.getLogger("lsfs.index.library")


class LibraryPassages:
    """Texts of passages by their place in the copy of the catalog.

    Args:
        reader: of the library.
        ids: turns ids of the copy into keys of the library, and back.
    """

    def __init__(self, reader: Reader, ids: Ids) -> None:
        self._reader = reader
        self._ids = ids
        self._blocks: OrderedDict[tuple[str, int], _Block] = OrderedDict()
        self._lock = threading.Lock()

    def text(self, document_id: int, ordinal: int) -> str:
        """The text of a passage."""
        return self._said(document_id, ordinal)[0]

    def heading(self, document_id: int, ordinal: int) -> str:
        """The headings above it."""
        return self._said(document_id, ordinal)[1]

    def _said(self, document_id: int, ordinal: int) -> tuple[str, str]:
        key = self._ids.key(document_id)
        place = key, ordinal // BLOCK
        with self._lock:
            block = self._blocks.get(place)
            if block is not None:
                self._blocks.move_to_end(place)
        if block is None or ordinal not in block:
            block = self._fetch([place]).get(place, {})
        if ordinal not in block:
            raise changed(self._reader.uri)
        return block[ordinal]

    def body(self, document_id: int, known: bytes) -> bytes:
        """A document in its stored form; as it is known, where it is.

        Raises:
            VersionConflict: the library does not have it any more.
        """
        if known:
            return known
        rows = list(self._reader.rows("document", ["body"], [self._ids.key(document_id)]))
        if not rows:
            raise changed(self._reader.uri)
        return bytes(rows[0]["body"])

    def ahead(self, passages: Sequence[int]) -> None:
        """Look up these passages in one go, for their texts are wanted next."""
        places = {(key, ordinal // BLOCK) for key, ordinal in self._ids.places(passages)}
        with self._lock:
            missing = [place for place in places if place not in self._blocks]
        if missing:
            self._fetch(missing)

    def _fetch(self, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], _Block]:
        """Blocks of documents; those that are not there are left out."""
        found: dict[tuple[str, int], _Block] = {}
        blocks = {block for _, block in places}
        ordinals = [n for block in blocks for n in range(block * BLOCK, (block + 1) * BLOCK)]
        rows = self._reader.rows(
            "passage",
            ["document", "ordinal", "text", "heading"],
            sorted({key for key, _ in places}),
            ordinals,
        )
        for row in rows:
            block = found.setdefault((row["document"], row["ordinal"] // BLOCK), {})
            block[row["ordinal"]] = row["text"], row["heading"]
        with self._lock:
            self._blocks.update(found)
            while len(self._blocks) > max(KEPT, len(places)):
                self._blocks.popitem(last=False)
        return found

    def holding(self, expression: str) -> Iterable[int]:
        """Ids of the passages that an FTS5 expression matches."""
        query = Expression(expression).query(self._reader.columns(WEIGHTS))
        if query is None:
            return []
        found = self._reader.matches(query, MOST)
        if len(found) == MOST:
            log.warning("more than %d passages hold %s: not all are looked at", MOST, expression)
        return self._ids.passages((key, ordinal) for key, ordinal, _ in found).values()


def changed(what: str) -> VersionConflict:
    """What is told to who asks for what a commit has taken away this very moment."""
    return VersionConflict(f"{what} was changed while it was asked", hint="ask again")


class Ids:
    """Ids of documents and passages in the copy, and what the library calls them.

    Args:
        db: a connection of its own to the copy.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._lock = threading.Lock()

    def close(self) -> None:
        """Release the copy."""
        self._db.close()

    def all(self) -> list[int]:
        """All passages of the copy."""
        return [row[0] for row in self._rows("SELECT id FROM passage_place", [])]

    def key(self, document_id: int) -> str:
        """What the library calls a document.

        Raises:
            VersionConflict: it has gone.
        """
        rows = self._rows("SELECT key FROM library_document WHERE document_id = ?", [document_id])
        if not rows:
            raise changed("the library")
        return str(rows[0][0])

    def keys(self, document_ids: Iterable[int]) -> list[str]:
        """What the library calls documents."""
        query = "SELECT key FROM library_document WHERE document_id IN "
        return [row[0] for row in self._listed(query, document_ids)]

    def places(self, passages: Iterable[int]) -> list[tuple[str, int]]:
        """Document and ordinal of passages."""
        return self._listed(
            "SELECT d.key, p.ordinal FROM passage_place p JOIN library_document d "
            "ON d.document_id = p.document_id WHERE p.id IN ",
            passages,
        )

    def passages(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Ids of passages by document and ordinal, of documents that some file has."""
        places = list(places)
        first = dict(
            self._listed(
                "SELECT d.key, p.id FROM library_document d JOIN passage_place p "
                "ON p.document_id = d.document_id AND p.ordinal = 0 WHERE d.key IN ",
                {key for key, _ in places},
            )
        )
        return {(key, n): first[key] + n for key, n in places if key in first}

    def _listed(self, query: str, values: Iterable[Any]) -> list[Any]:
        marks = "(SELECT value FROM json_each(?))"
        return self._rows(query + marks, [json.dumps(list(values))])

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()
