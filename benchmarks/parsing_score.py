"""How well a reading agrees with the truth, as counts that add up over documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from benchmarks.parsing_documents import Element, Note, Truth
from benchmarks.parsing_letters import letters

_EDGE = 15  # letters on each side of a border by which it is known
_WIDEST = 200
_GRAM = 4  # letters whose loss is counted
_WHOLE = 0.95  # share of its rows that makes a table whole
_TOKEN = re.compile(r"\w+")


class Count(Struct, frozen=True):
    """So many of so many."""

    part: float = 0.0
    of: float = 0.0

    def __add__(self, other: Count) -> Count:
        return Count(self.part + other.part, self.of + other.of)

    @property
    def share(self) -> float | None:
        """None when there was nothing to count."""
        return self.part / self.of if self.of else None


class Reading(Struct, frozen=True):
    """What a tool makes of a file.

    Attributes:
        blocks: texts in reading order, without what stands beside the text.
        kinds: what each block is, of a tool that says so.
        tables: their rows, of a tool that has tables.
        error: why there is nothing.
    """

    blocks: Sequence[str]
    kinds: Sequence[str] | None = None
    tables: Sequence[Sequence[Sequence[str]]] | None = None
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    error: str = ""


Scores = dict[str, Count]


def added(scores: Iterable[Scores]) -> Scores:
    """The sums of several documents' counts."""
    total: Scores = {}
    for one in scores:
        for name, count in one.items():
            total[name] = total.get(name, Count()) + count
    return total


def score(truth: Truth, reading: Reading) -> Scores:
    """Every figure of one document.

    =============  ====================================================================
    ned            edit distance of all letters in the order of the text, notes and
                   figures left out: they may stand anywhere
    intact         paragraphs that are whole in one block
    merged         neighbouring paragraphs that are in one block
    joined         paragraphs and list items that go on on the next page, in one block
    restored       words divided by the end of a page, whole
    words          words of the text, whole
    left           running heads and page numbers that are left in the text
    kept           letters of the text that are kept
    headings       headings that are a block of their own
    told           headings that are told to be headings
    items          list items that are whole in one block
    notes          footnotes that are a block of their own
    notes_joined   footnotes that go on on the next page, in one block
    rows           table rows that are exact: the F1 of rows as tuples of cells
    whole          tables of which 95 of 100 rows are in one table
    =============  ====================================================================
    """
    blocks = [letters(block) for block in reading.blocks]
    scores = _paragraphs(truth, blocks)
    scores |= _borders(truth, reading, blocks)
    scores |= _parts(truth, reading, blocks)
    scores |= {
        "ned": _distance(truth, "".join(blocks)),
        "words": _words(truth, reading),
        "left": _left(truth, reading, "".join(blocks)),
        "kept": _kept(truth, "".join(blocks)),
    }
    if reading.tables is not None:
        scores |= _tables(truth, reading.tables)
    return scores


def forms(element: Element) -> list[str]:
    """The letters of a paragraph without and with the marks of its notes."""
    plain = letters(element.text)
    if not element.notes:
        return [plain]
    marked, begin = "", 0
    for note in element.notes:
        marked += element.text[begin : note.offset] + note.mark
        begin = note.offset
    return [plain, letters(marked + element.text[begin:])]


def _share(found: Iterable[bool]) -> Count:
    values = list(found)
    return Count(sum(values), len(values))


def _within(forms_: Iterable[str], blocks: list[str]) -> bool:
    return any(form in block for form in forms_ for block in blocks)


def _paragraphs(truth: Truth, blocks: list[str]) -> Scores:
    elements = truth.elements
    paragraphs = [forms(e) for e in elements if e.kind == "para"]
    items = [forms(e) for e in elements if e.kind == "list_item"]
    said = [form for e in elements for form in forms(e)]
    borders = [
        _between(first, second, said)
        for first, second in pairwise(elements)
        if first.kind == second.kind == "para"
    ]
    return {
        "intact": _share(_within(p, blocks) for p in paragraphs),
        "items": _share(_within(i, blocks) for i in items),
        "merged": _share(_within(border, blocks) for border in borders),
    }


def _between(first: Element, second: Element, said: list[str]) -> list[str]:
    """The end of a paragraph and the beginning of the next, as much as no element has within."""
    count = _EDGE
    while True:
        found = [a[-count:] + b[:count] for a in forms(first) for b in forms(second)]
        if count > _WIDEST or not _within(found, said):
            return found
        count += _EDGE


def _borders(truth: Truth, reading: Reading, blocks: list[str]) -> Scores:
    notes = [c for c in truth.crossings if c.kind == "footnote"]
    flowing = [c for c in truth.crossings if c.kind != "footnote"]
    restored = []
    for crossing in flowing:
        if crossing.word:
            around = crossing.before + crossing.after
            whole = re.compile(rf"\b{re.escape(crossing.word)}\b")
            together = zip(blocks, reading.blocks, strict=True)
            restored.append(any(around in b and whole.search(text) for b, text in together))
    return {
        "joined": _share(_within([c.before + c.after], blocks) for c in flowing),
        "notes_joined": _share(_within([c.before + c.after], blocks) for c in notes),
        "restored": _share(map(bool, restored)),
    }


def _parts(truth: Truth, reading: Reading, blocks: list[str]) -> Scores:
    headings = [letters(e.text) for e in truth.elements if e.kind == "heading"]
    alone = set(blocks)
    scores = {
        "headings": _share(heading in alone for heading in headings),
        "notes": _share(
            bool({letters(n.text), letters(n.mark + n.text)} & alone) for n in _notes(truth)
        ),
    }
    if reading.kinds is not None:
        kinds = zip(blocks, reading.kinds, strict=True)
        told = {block for block, kind in kinds if kind == "heading"}
        scores["told"] = _share(heading in told for heading in headings)
    return scores


def _notes(truth: Truth) -> Iterator[Note]:
    for element in truth.elements:
        yield from element.notes


def _flow(element: Element) -> str:
    """The letters of an element that stands in the order of the text."""
    if element.kind == "figure":
        return ""
    cells = "".join(map("".join, (element.header, *element.rows)))
    return letters(element.text) + letters(cells)


def _distance(truth: Truth, said: str) -> Count:
    from rapidfuzz.distance import Levenshtein

    floats = [note.text for note in _notes(truth)]
    floats += [e.text for e in truth.elements if e.kind == "figure"]
    for text in floats:
        said = said.replace(letters(text), "", 1)
    expected = "".join(map(_flow, truth.elements))
    return Count(Levenshtein.distance(expected, said), max(len(expected), len(said)))


def _tokens(texts: Iterable[str]) -> list[str]:
    return [token.casefold() for text in texts for token in _TOKEN.findall(text)]


def _words(truth: Truth, reading: Reading) -> Count:
    expected = Counter(_tokens(e.text for e in truth.elements if e.kind == "para"))
    found = Counter(_tokens(reading.blocks))
    return Count((expected & found).total(), expected.total())


def _said(truth: Truth) -> list[str]:
    """All that belongs to the text."""
    said = []
    for element in truth.elements:
        said += [element.marker, element.text, *element.header]
        said += [cell for row in element.rows for cell in row]
        for note in element.notes:
            said += [note.mark, note.text, note.mark]
    return said


def _left(truth: Truth, reading: Reading, said: str) -> Count:
    pages = len(truth.page_labels)
    slots = {"none": 0, "running": 1, "alternating": 1, "both": 2}[truth.layout.heads]
    dated = 1 if truth.date in truth.heads and truth.date else 0
    text = letters("".join(_said(truth)))
    heads = sum(
        max(0, said.count(head) - text.count(head)) for head in set(map(letters, truth.heads))
    )
    present = pages * (slots + dated)
    return Count(min(heads, present) + _numbers_left(truth, reading), present + pages)


def _numbers_left(truth: Truth, reading: Reading) -> int:
    """Page numbers in the text: words that are more often there than they should be, or alone."""
    expected, found = _tokens(_said(truth)), _tokens(reading.blocks)
    lines = {tuple(_tokens([line])) for block in reading.blocks for line in block.splitlines()}
    labels = {tuple(_tokens([label])) for label in truth.page_labels}
    too_many = {label for label in labels if _sequences(found, label) > _sequences(expected, label)}
    return len(too_many | (labels & lines))


def _sequences(tokens: list[str], wanted: tuple[str, ...]) -> int:
    count, size = 0, len(wanted)
    place = -1
    while True:
        try:
            place = tokens.index(wanted[0], place + 1)
        except ValueError:
            return count
        count += tuple(tokens[place : place + size]) == wanted


def _kept(truth: Truth, said: str) -> Count:
    """Groups of four letters, each as often as it should be: none is missed where order differs."""
    expected = Counter(g for text in _pieces(truth) for g in _grams(letters(text)))
    found = Counter(_grams(said))
    return Count((expected & found).total(), expected.total())


def _pieces(truth: Truth) -> Iterator[str]:
    """The text in pieces that nothing stands between."""
    for element in truth.elements:
        begin = 0
        for note in element.notes:
            yield element.text[begin : note.offset]
            yield note.text
            begin = note.offset
        yield element.text[begin:]
        for row in (element.header, *element.rows):
            yield from row


def _grams(text: str) -> Iterator[str]:
    return (text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1))


Row = tuple[str, ...]


def _tables(truth: Truth, tables: Sequence[Sequence[Sequence[str]]]) -> Scores:
    expected = [e for e in truth.elements if e.kind == "table"]
    headers = {_row(e.header) for e in expected}
    found = [[row for row in map(_row, table) if row and row not in headers] for table in tables]
    wanted = [[_row(row) for row in e.rows] for e in expected]
    have = Counter(row for table in found for row in table)
    want = Counter(row for table in wanted for row in table)
    return {
        "rows": Count(2 * (have & want).total(), have.total() + want.total()),
        "whole": _share(any(_holds(table, rows) for table in found) for rows in wanted),
    }


def _row(cells: Iterable[str]) -> Row:
    """The cells that are not empty."""
    return tuple(filter(None, map(letters, cells)))


def _holds(table: list[Row], rows: list[Row]) -> bool:
    return (Counter(table) & Counter(rows)).total() >= _WHOLE * len(rows)
