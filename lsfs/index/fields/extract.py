"""The fields of a document by rules, each value with its place and how it was found."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from lsfs.index.facts.einvoice import einvoice, printed
from lsfs.index.fields.balances import with_balances
from lsfs.index.fields.billed import is_bill, of_bill
from lsfs.index.fields.credits import signed
from lsfs.index.fields.definitions import Definition, Definitions
from lsfs.index.fields.forms import Form, Reader
from lsfs.index.fields.labels import Found, labelled
from lsfs.index.fields.members import MEDIA_TYPE, of_members
from lsfs.index.fields.prose import stated
from lsfs.index.fields.structured import Print, structured
from lsfs.model import BlockKind, ContentDate, Document, FieldValue
from lsfs.places import Places

log = logging.getLogger("lsfs.index.fields")

# Characters of a document, two hundred pages: reading for fields takes microseconds for each, in
# the process that indexes.
READ_CHARS = 500_000
MOST_VALUES = 20  # of one field in one document, the surest first
MOST_IN_TABLES = 500  # of one that is nothing but tables: a list of payments names many
PATTERN_SECONDS = 1.0  # for a user's pattern in one document


def fields_of(
    document: Document, dates: Sequence[ContentDate], known: Definitions
) -> list[FieldValue]:
    """What a document states in its first :data:`READ_CHARS`, by rules, the surest value first.

    Args:
        document: as read.
        dates: that stand in it, as :func:`lsfs.index.facts.dates.content_dates` gives them.
        known: the fields to look for.
    """
    if not document.text:
        return []
    invoice = einvoice(document)
    if invoice is not None and not invoice.attached:
        # What its elements say is exact, their names are no labels, and its parties stand behind
        # its items, however many these are.
        reader = _reader(document, dates)
        found = list(structured(invoice, known, reader))
    else:
        shown = _beginning(document if invoice is None else printed(document, invoice))
        reader = _reader(shown, dates)
        found = list(_by_rules(shown, known, reader))
        if invoice is not None:
            exact = list(structured(invoice, known, _reader(document, dates)))
            found = list(Print(found, reader).beside(exact, known, document.text))
    for definition in known.fields.values():
        if definition.pattern:
            found += _by_pattern(definition, reader)
    if not found:
        return []
    places = Places(document)
    most = MOST_IN_TABLES if _is_list(document) else MOST_VALUES
    return [placed(one, document.text, places) for one in _best(found, most)]


def _reader(document: Document, dates: Sequence[ContentDate]) -> Reader:
    inside = [date for date in dates if date.char_end <= len(document.text)]
    return Reader(document.text, inside, document.language)


def _by_rules(document: Document, known: Definitions, reader: Reader) -> Iterator[Found]:
    if document.media_type == MEDIA_TYPE:
        yield from of_members(known, reader)
    # Programs have values of their own, and no parties, terms or sums.
    if not all(block.kind is BlockKind.CODE for block in document.blocks):
        found = [*labelled(document, known, reader), *stated(document, reader)]
        if is_bill(document.text):
            found = list(of_bill(reader, found, known.labels))
        yield from signed(with_balances(reader, found), document.text)


def _is_list(document: Document) -> bool:
    """Whether a document is nothing but tables, as spreadsheets are."""
    kinds = {block.kind for block in document.blocks}
    return BlockKind.TABLE in kinds and kinds <= {BlockKind.TABLE, BlockKind.HEADING}


def _beginning(document: Document) -> Document:
    """The document as far as it is read for fields."""
    if len(document.text) <= READ_CHARS:
        return document
    count = bisect_right(document.blocks, READ_CHARS, key=lambda block: block.char_end)
    blocks = document.blocks[:count]
    end = blocks[-1].char_end if blocks else READ_CHARS
    tables = sum(block.kind is BlockKind.TABLE for block in blocks)
    return replace(
        document, text=document.text[:end], blocks=blocks, tables=document.tables[:tables]
    )


def _best(found: Iterable[Found], most: int) -> Iterator[Found]:
    """Each value of a field once, by its surest place; not two fields for one place."""
    kept: dict[tuple[str, str], Found] = {}
    for one in sorted(found, key=lambda one: (-one.confidence, one.form.start)):
        kept.setdefault((one.name, one.form.normal), one)
    taken: dict[tuple[int, int], str] = {}
    counts: dict[str, int] = {}
    for one in kept.values():
        place = one.form.start, one.form.end
        # "Net total: 100.00" is no total: of two readings of a place the surer one holds.
        if taken.setdefault(place, one.name) != one.name:
            continue
        counts[one.name] = counts.get(one.name, 0) + 1
        if counts[one.name] <= most:
            yield one


def placed(one: Found, text: str, places: Places) -> FieldValue:
    """A value with its page, its line, and its place in words."""
    start, end = one.form.start, one.form.end
    span = next(iter(places.spans(start, end)), None)
    return FieldValue(
        one.name, " ".join(text[start:end].split()), one.form.normal, start, end,
        span.page if span else None, span.line if span else None, places.where(start, end),
        one.rule, one.confidence,
    )  # fmt: skip


def _by_pattern(definition: Definition, reader: Reader) -> Iterator[Found]:
    """Values that a user's own regular expression finds, for a second at most."""
    import regex  # its matching can be stopped, that of the standard library cannot

    try:
        pattern = regex.compile(definition.pattern)
        for count, match in enumerate(pattern.finditer(reader.text, timeout=PATTERN_SECONDS)):
            if count >= MOST_VALUES:
                return
            start, end = match.span(1 if pattern.groups else 0)
            if start < 0 or start == end:
                continue
            form = reader.read(definition.type, start, end, loose=True)
            form = form or Form(start, end, " ".join(reader.text[start:end].casefold().split()))
            yield Found(definition.name, form, "pattern", 0.9)
    except (regex.error, TimeoutError) as error:
        log.warning("fields.%s.regex: %s", definition.name, error or "took too long")
