"""The values of a document that a comparison of versions tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from lsfs import values
from lsfs.index.facts.dates import content_dates
from lsfs.llm.answers import ground
from lsfs.llm.answers.stopwords import ENGLISH, stop_words
from lsfs.model import BlockKind, Document
from lsfs.sentences import sentences
from lsfs.versions.extracted import Value

_SAMPLE = 5_000  # characters by which the language is told
_NAMELESS = (BlockKind.TITLE, BlockKind.HEADING, BlockKind.CODE, BlockKind.TABLE)

_Span = tuple[int, int]


def document_values(document: Document) -> list[Value]:
    """The dates, times, identifiers, amounts, numbers and names of a document, in order.

    Dates are read as the index reads them, so that 3/4/2023 is one day throughout a document;
    numbers by the decimal mark of the whole text. None overlaps another.
    """
    text = document.text
    found = _dates(document)
    found += [_plain("time", text, span) for span in _free(ground.times(text), found)]
    found += [_plain("identifier", text, span) for span in _free(ground.identifiers(text), found)]
    found += _numbers(text, found)
    found += _names(document, found)
    return sorted(found, key=lambda value: value.start)


def _plain(kind: str, text: str, span: _Span) -> Value:
    written = text[span[0] : span[1]]
    return Value(kind, written, *span, written.casefold())


def _free(spans: Iterable[_Span], taken: Iterable[Value]) -> list[_Span]:
    """The spans that overlap no value."""
    edges = sorted((value.start, value.end) for value in taken)
    free = []
    at = 0
    for start, end in sorted(spans):
        while at < len(edges) and edges[at][1] <= start:
            at += 1
        if at == len(edges) or edges[at][0] >= end:
            free.append((start, end))
    return free


def _dates(document: Document) -> list[Value]:
    text = document.text
    found = [
        Value(
            "date", text[one.char_start : one.char_end], one.char_start, one.char_end,
            f"{one.day}/{one.end}", one.day.toordinal(),
        )
        for one in content_dates(document, "")
        if one.char_start >= 0
    ]  # fmt: skip
    # Those without a year, and those beyond the number that the index keeps.
    others = {(day.start, day.end): day for day in values.dates(text)}
    for start, end in _free(others, found):
        meaning = " ".join(sorted(map(str, others[start, end].readings)))
        written = text[start:end].rstrip(" .")
        found.append(Value("date", written, start, start + len(written), meaning))
    return found


def _numbers(text: str, taken: Iterable[Value]) -> Iterator[Value]:
    plain = values.without_all(text, [(value.start, value.end) for value in taken])
    for number in values.numbers(plain):
        if number.text.casefold() == "one":
            continue  # mostly a pronoun
        start = (
            number.start
            + len(plain[number.start : number.end])
            - len(plain[number.start : number.end].lstrip())
        )
        kind = "percent" if number.unit == "%" else "amount" if number.unit else "number"
        meaning = f"{_digits(number.value)} {number.unit}".rstrip()
        yield Value(
            kind, number.text, start, start + len(number.text), meaning, float(number.value)
        )


def _digits(value: Decimal) -> str:
    return format(value.normalize(), "f")


# --- names


def _names(document: Document, taken: Iterable[Value]) -> Iterator[Value]:
    """Runs of capitalised words; a single one only where a capital means something."""
    plain = values.without_all(document.text, [(value.start, value.end) for value in taken])
    frame = stop_words(document.text[:_SAMPLE])
    english = frame is ENGLISH
    runs = [
        (start, end, begins)
        for block in document.blocks
        if block.kind not in _NAMELESS
        for left, right in sentences(block.text)
        for start, end, begins in _runs(
            plain, block.char_start + left, block.char_start + right, frame
        )
    ]
    within = {plain[start:end] for start, end, begins in runs if not begins}
    for start, end, begins in runs:
        _, _, rest = plain[start:end].partition(" ")
        if begins and rest in within:
            start = end - len(rest)  # "Today Anna Schmidt pays"
        written = plain[start:end]
        one_word = len(written.split()) == 1
        # At a sentence's start every word has a capital; in German every noun has one.
        if one_word and (not english or (begins and written not in within)):
            continue
        yield Value("name", written, start, end, " ".join(written.casefold().split()))


def _runs(
    plain: str, left: int, right: int, frame: frozenset[str]
) -> Iterator[tuple[int, int, bool]]:
    """Each run with whether it begins the sentence."""
    for start, end in ground.names(plain[left:right]):
        a, b = left + start, left + end
        first = a == left
        while a < b and plain[a:b].split()[0].casefold() in frame:
            word = plain[a:b].split()[0]
            a += len(word) + len(plain[a + len(word) : b]) - len(plain[a + len(word) : b].lstrip())
        if a < b:
            yield a, b, first and a == left
