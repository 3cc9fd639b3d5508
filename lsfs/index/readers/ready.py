"""A file that was read, with all that is made of it, to be written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from lsfs.index.readers.making import Made, Maker, facts_of
from lsfs.index.readers.reading import Reading
from lsfs.index.store.rows import Facts
from lsfs.model import Document, Status

WITH_DOCUMENT = (Status.OK, Status.PARTIAL)


class Ready(Struct, frozen=True):
    """A file that was read, with all that is made of it, to be written down.

    Attributes:
        document: what it says or stands for it; None for one that is gone or unreadable.
        made: what goes with a document that is not stored yet.
    """

    reading: Reading
    document: Document | None
    facts: Facts
    made: Made | None


def all_ready(
    maker: Maker, readings: Sequence[Reading], load: Callable[[int], Document]
) -> list[Ready]:
    """All that can be made of files without storing anything.

    Args:
        maker: makes what goes with new documents.
        load: gives a document that is stored already.
    """
    known = [_known_or_none(reading, load) for reading in readings]
    new = [
        (reading, reading.document)
        for reading, ready in zip(readings, known, strict=True)
        if ready is None and reading.document is not None
    ]
    made = iter(maker.make_all([(document, reading.row.path) for reading, document in new]))
    fresh = (Ready(*one, *next(made)) for one in new)
    return [ready or next(fresh) for ready in known]


def ready_of(maker: Maker, reading: Reading, load: Callable[[int], Document]) -> Ready:
    """All that can be made of one file; see :func:`all_ready`."""
    (ready,) = all_ready(maker, [reading], load)
    return ready


def _known_or_none(reading: Reading, load: Callable[[int], Document]) -> Ready | None:
    """A file of which no more is to be made than facts; None for one with a new document."""
    document = reading.document
    if reading.document_id is not None:
        document = load(reading.document_id)
    elif document is None or reading.is_interrupted:
        return Ready(reading, None, Facts(), None)
    elif document.status in WITH_DOCUMENT:
        return None
    return Ready(reading, document, facts_of(document, reading.row.path), None)
