"""A file that was read, with all that is made of it, to be written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsfs.index.making import Made, Maker, facts_of
from lsfs.index.reading import Reading
from lsfs.index.rows import Facts
from lsfs.model import Document, Status

WITH_DOCUMENT = (Status.OK, Status.PARTIAL)


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was read, with all that is made of it, to be written down.

    Attributes:
        document: what it says or stands for it; None for one that is gone or unreadable.
        made: what goes with a document that is not stored yet.
    """

    reading: Reading
    document: Document | None
    facts: Facts
    made: Made | None


def ready_of(maker: Maker, reading: Reading, load: Callable[[int], Document]) -> Ready:
    """All that can be made of a file without storing anything.

    Args:
        maker: makes what goes with a new document.
        load: gives a document that is stored already.
    """
    path = reading.row.path
    if reading.document_id is not None:
        document = load(reading.document_id)
    elif reading.document is not None and not reading.is_interrupted:
        document = reading.document
    else:
        return Ready(reading, None, Facts(), None)
    if reading.document_id is None and document.status in WITH_DOCUMENT:
        return Ready(reading, document, *maker.make(document, path))
    return Ready(reading, document, facts_of(document, path), None)
