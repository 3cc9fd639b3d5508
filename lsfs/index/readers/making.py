"""What is made of a document before it is stored: passages, fields, a signature, kind and dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from lsfs.config import FieldConfig
from lsfs.index.facts.dates import content_dates, primary
from lsfs.index.facts.kinds import Kind, kind_of
from lsfs.index.readers import passages
from lsfs.index.readers.carried import MAILS, carried
from lsfs.index.store import stated
from lsfs.index.store.rows import Facts
from lsfs.model import ContentDate, Document, FieldValue, Passage

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definitions

FACTS_VERSION = 8  # raise when the rules for kinds or dates change: files are then judged anew


class Made(Struct, frozen=True):
    """What is made of a document.

    Attributes:
        cut: its passages, each with the hash of what is embedded for it.
        fields: what it states.
        minima: the signature of its wording; b"" for one too short to be compared.
    """

    cut: list[tuple[Passage, bytes]]
    fields: list[FieldValue]
    minima: bytes


class Maker(Protocol):
    """Makes all that is to be made of new documents; any thread may use it."""

    def make_all(self, documents: Sequence[tuple[Document, str]]) -> list[tuple[Facts, Made]]:
        """Kind and dates of each under its path, and what is stored of it."""
        ...


class Rules:
    """Makes it in this process, one document after the other.

    Args:
        own: the user's fields beside the built-in ones.
    """

    def __init__(self, own: Mapping[str, FieldConfig] | None = None) -> None:
        self._own = own
        if own:
            _ = self._fields  # what is wrong with the settings is told at once

    @cached_property
    def _fields(self) -> Definitions:
        from lsfs.index.fields.definitions import definitions

        return definitions(self._own)

    def make_all(self, documents: Sequence[tuple[Document, str]]) -> list[tuple[Facts, Made]]:
        """See :class:`Maker`.

        Rule by rule: what a rule needs stays in the caches of the core from one document to the
        next, and is gone when all other rules have had their turn.
        """
        facts = all_facts(documents)
        cuts = [passages.split(document) for document, _ in documents]
        hashed = [[(one, passages.text_hash(one)) for one in cut] for cut in cuts]
        fields = [
            self.fields_of(document, found.dates)
            for (document, _), found in zip(documents, facts, strict=True)
        ]
        minima = [stated.signature_of(cut) for cut in cuts]
        made = map(Made, hashed, fields, minima)
        return list(zip(facts, made, strict=True))

    def make(self, document: Document, path: str) -> tuple[Facts, Made]:
        """The kind and dates of one document under a path, and what is stored of it."""
        (one,) = self.make_all([(document, path)])
        return one

    def fields_of(self, document: Document, dates: Sequence[ContentDate]) -> list[FieldValue]:
        """What a document states."""
        # Most commands find nothing changed, and need none of these rules.
        from lsfs.index.fields.extract import fields_of

        return fields_of(document, dates, self._fields)


def facts_of(document: Document, path: str) -> Facts:
    """Kind and dates of a file, from what it says and what it is called."""
    (facts,) = all_facts([(document, path)])
    return facts


def all_facts(documents: Sequence[tuple[Document, str]]) -> list[Facts]:
    """Kind and dates of each document under its path."""
    kinds = [_kind(document, path) for document, path in documents]
    dates = [content_dates(document, path) for document, path in documents]
    return list(map(_facts, kinds, dates))


def _kind(document: Document, path: str) -> Kind:
    kind = kind_of(document, path)
    return (carried(document) or kind) if document.media_type in MAILS else kind


def _facts(kind: Kind, dates: tuple[ContentDate, ...]) -> Facts:
    main = primary(dates)
    return Facts(
        kind=kind.name,
        kind_reason=kind.reason,
        day=main.day.isoformat() if main else "",
        day_end=main.end.isoformat() if main else "",
        dates=dates,
    )
