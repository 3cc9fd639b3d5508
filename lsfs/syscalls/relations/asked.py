"""Fields of a document that the rules did not find, looked for by the language model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING

from lsfs.model import Document, FieldValue

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definition, Definitions
    from lsfs.index.fields.forms import Reader
    from lsfs.llm.answers.chat import ChatModel
    from lsfs.model import Passage

PASSAGES = 2  # that are shown for a field, one after the other
CONFIDENCE = 0.4
_ASKED = {
    "party": "the name of a person or company that this is between",
    "invoice_number": "the invoice number", "contract_number": "the contract number",
    "order_number": "the order number", "customer_number": "the customer number",
    "reference": "the reference", "tax_id": "the tax number",
    "total": "the total amount to pay", "net": "the net amount without tax",
    "tax": "the amount of tax", "rent": "the rent", "deposit": "the deposit",
    "salary": "the salary", "price": "the price", "date": "the date of this document",
    "due": "the day by which it has to be paid", "start": "the day on which the contract starts",
    "end": "the day on which the contract ends", "term": "the duration of the contract",
    "notice": "the notice period", "subject": "the subject", "born": "the date of birth",
}  # fmt: skip


def asked_of_model(
    document: Document,
    missing: Sequence[str],
    known: Definitions,
    chat: ChatModel,
    *,
    found: Sequence[FieldValue] = (),
    cancel: Event | None = None,
) -> Iterator[FieldValue]:
    """Values that the model takes from the best passages, each standing in the text.

    Args:
        document: as read.
        missing: fields that the rules found nothing for.
        known: all fields.
        chat: the model.
        found: what the rules found; a place that is a value of one field is not offered again.
        cancel: stops it.

    Raises:
        Cancelled: ``cancel`` was set.
        ModelError: the model failed.
    """
    from lsfs.index.facts.dates import content_dates
    from lsfs.index.fields.extract import placed
    from lsfs.index.fields.forms import Reader
    from lsfs.index.fields.labels import Found
    from lsfs.index.readers import passages
    from lsfs.index.store.stated import MODEL
    from lsfs.llm.answers.choose import chosen
    from lsfs.places import Places

    reader = Reader(document.text, content_dates(document, ""), document.language)
    parts = passages.split(document)
    places = Places(document)
    taken = [(one.char_start, one.char_end) for one in found]
    for name in missing:
        field = known.fields[name]
        asked = _ASKED.get(name, f"the {name.replace('_', ' ')}")
        for part in _best(parts, field, known, reader, taken):
            choices = _choices(field, part, reader, taken)
            value = chosen(asked, part.text, choices, chat, cancel=cancel)
            at = part.char_start + part.text.find(value) if value else -1
            form = reader.read(field.type, at, at + len(value), loose=True) if value else None
            if form is not None and not _overlaps(form.start, form.end, taken):
                taken.append((form.start, form.end))
                yield placed(Found(name, form, MODEL, CONFIDENCE), document.text, places)
                break


def _overlaps(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    return any(a < end and start < b for a, b in taken)


def _choices(
    field: Definition, part: Passage, reader: Reader, taken: Sequence[tuple[int, int]]
) -> list[str] | None:
    """The values of the field's type in a passage that are no field's; None for names and words."""
    if field.type in ("party", "text", "number"):
        return None
    forms = reader.all_of(field.type, part.char_start, part.char_end)
    free = [form for form in forms if not _overlaps(form.start, form.end, taken)]
    return [reader.text[form.start : form.end] for form in free]


def _best(
    parts: Sequence[Passage],
    field: Definition,
    known: Definitions,
    reader: Reader,
    taken: Sequence[tuple[int, int]],
) -> list[Passage]:
    """The passages that speak of the field most, by the words of its labels; then the first."""
    from lsfs.index.facts.dates import fold

    words = {word for label, name in known.labels.items() if name == field.name
             for word in label.split() if len(word) > 3}  # fmt: skip

    def speaks(part: Passage) -> int:
        text = fold(part.text)
        return sum(word in text for word in words)

    ranked = sorted(parts, key=lambda part: (-speaks(part), part.char_start))
    return [part for part in ranked if _choices(field, part, reader, taken) != []][:PASSAGES]
