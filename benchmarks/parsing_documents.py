"""What generated documents say and how they look, all of it known: the truth that readings face."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from benchmarks.parsing_texts import LABELS, Texts, capital

ENGINES = ("reportlab", "pdflatex", "typst", "weasyprint")
BULLETS = ("•", "–", "*")
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


class CannotSet(Exception):
    """A program that sets documents has failed at one."""


class Note(Struct, frozen=True):
    """A footnote: its mark stands behind ``offset`` characters of the paragraph."""

    offset: int
    mark: str
    text: str


class Element(Struct, frozen=True):
    """A part of a document, in reading order.

    Attributes:
        kind: title, heading, para, list_item, table or figure.
        text: what a reader should find in one block; a table's or figure's is its caption.
        level: of a heading or list item, from 1.
        marker: what stands before a list item ("•", "3.").
        boxed: an aside with a frame around it.
        header, rows: the cells of a table; ``repeated`` says that the header stands on every page.
        numeric: the columns that are set flush right.
        ruling: grid, booktabs, header or none.
    """

    kind: str
    text: str
    level: int = 0
    notes: tuple[Note, ...] = ()
    marker: str = ""
    boxed: bool = False
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[int, ...] = ()
    repeated: bool = True
    ruling: str = "none"


class Layout(Struct, frozen=True):
    """How a document looks; lengths in points.

    Attributes:
        paper: a4, letter or a5.
        serif: whether the text face has serifs; ``face`` chooses among those that an engine has.
        indent, gap: of paragraphs; one of them is 0.
        heads: none, running, alternating (running head and chapter by turns) or both (on a line).
        number_style: n, page, dashes, of, roman.
        number_place: foot, outer or head.
        first_number: the number on the first page.
    """

    columns: int
    paper: str
    margin: float
    serif: bool
    face: int
    size: float
    leading: float
    indent: float
    gap: float
    justified: bool
    hyphenated: bool
    heads: str
    head_rule: bool
    head_caps: bool
    number_style: str
    number_place: str
    first_number: int


class Crossing(Struct, frozen=True):
    """A paragraph, note or list item that goes on on the next page.

    Attributes:
        kind: para, list_item or footnote.
        page: the page that it begins on, from 1.
        before, after: letters and digits on both sides of the border, lower case.
        word: the word that the border divides, "" if it stands between two.
    """

    kind: str
    page: int
    before: str
    after: str
    word: str = ""


class Truth(Struct, frozen=True):
    """A document and all that is known of it.

    Attributes:
        heads: what stands at the head or foot of pages, beside the numbers.
        page_labels: the number as printed, page by page.
        scrambled: whether its text is drawn in random order.
    """

    name: str
    engine: str
    language: str
    seed: int
    layout: Layout
    running: str
    date: str
    elements: tuple[Element, ...]
    heads: tuple[str, ...] = ()
    page_labels: tuple[str, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    scrambled: bool = False
    words: dict[str, str] = field(default_factory=dict)

    def dumped(self) -> str:
        """As JSON."""
        return json.dumps(msgspec.to_builtins(self), ensure_ascii=False, indent=1)


def load(path: Path) -> Truth:
    """The truth in a JSON file."""
    value = json.loads(path.read_text(encoding="utf-8"))
    value["layout"] = Layout(**value["layout"])
    value["elements"] = tuple(_element(one) for one in value["elements"])
    value["crossings"] = tuple(Crossing(**one) for one in value["crossings"])
    value |= {name: tuple(value[name]) for name in ("heads", "page_labels")}
    return Truth(**value)


def _element(value: dict[str, Any]) -> Element:
    value["notes"] = tuple(Note(**note) for note in value["notes"])
    value["rows"] = tuple(map(tuple, value["rows"]))
    value |= {name: tuple(value[name]) for name in ("header", "numeric")}
    return Element(**value)


def label(layout: Layout, page: int, pages: int, word: str) -> str:
    """The number as printed on a page, which is counted from 1."""
    number = layout.first_number + page - 1
    return {
        "n": f"{number}",
        "page": f"{word} {number}",
        "dashes": f"– {number} –",
        "of": f"{number} / {pages}",
        "roman": roman(number),
    }[layout.number_style]


def roman(number: int) -> str:
    """A small Roman number below 50."""
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


def layout(chance: random.Random, columns: int) -> Layout:
    """A look."""
    indent = chance.choice([0.0, 0.0, 10.0, 14.0, 20.0])
    paper = chance.choice(["a4", "letter", "a5"] if columns == 1 else ["a4", "letter"])
    heads = chance.choice(["running", "alternating", "alternating", "both", "none"])
    if heads == "both" and paper == "a5":
        heads = "alternating"  # two would meet
    place = chance.choice(["foot", "foot", "outer", "head"])
    style = chance.choice(["n", "n", "page", "dashes", "of", "roman"])
    first = chance.choice([1, 203, 1187]) if style in ("n", "page") else 1
    size = chance.choice([9.0, 10.0, 10.5, 11.0, 12.0] if columns == 1 else [8.5, 9.0, 10.0])
    return Layout(
        columns=columns,
        paper=paper,
        margin=chance.choice([40.0, 54.0, 72.0] if columns == 1 else [36.0, 48.0, 60.0]),
        serif=chance.random() < 0.6,
        face=chance.randrange(12),
        size=size,
        leading=chance.choice([1.15, 1.25, 1.4]),
        indent=indent,
        gap=0.0 if indent else chance.choice([3.0, 5.0, 8.0]),
        justified=chance.random() < 0.75,
        hyphenated=chance.random() < 0.75,
        heads=heads,
        head_rule=chance.random() < 0.3,
        head_caps=chance.random() < 0.2,
        number_style=style,
        number_place="foot" if heads == "both" and place == "head" else place,
        first_number=first,
    )


class Slots(Struct, frozen=True):
    """What stands left, in the middle and right: running, chapter, date, number or nothing."""

    head: tuple[str, str, str]
    foot: tuple[str, str, str]


def slots(look: Layout, date: str, *, odd: bool) -> Slots:
    """What stands at the head and foot of the odd or the even pages."""
    by_turns = ("running", "", "") if odd else ("", "", "chapter")
    head = {
        "none": ["", "", ""],
        "running": ["running", "", ""],
        "alternating": list(by_turns),
        "both": ["running", "", "chapter"],
    }[look.heads]
    foot = ["", "", ""]
    if date and look.heads != "none":
        head[1] = "date"
    if look.number_place == "head":
        head[0 if not odd and look.heads == "alternating" else 2] = "number"
    else:
        outer = 2 if odd else 0
        foot[1 if look.number_place == "foot" else outer] = "number"
    return Slots((head[0], head[1], head[2]), (foot[0], foot[1], foot[2]))


class Wanted(Struct, frozen=True):
    """What an engine can set in a layout.

    Attributes:
        notes, long_notes: footnotes, and those that go over a page.
        table_columns, table_rows: the most of a table.
    """

    notes: bool = True
    long_notes: bool = True
    table_columns: int = 5
    table_rows: int = 70


class Engine(Struct, frozen=True):
    """A program that sets documents.

    Attributes:
        missing: how to install it; "" when it is there.
        languages: those that it can set; empty for all.
        wanted: what it can set in so many columns.
        characters: those that it has beside ASCII; empty for all of the language's script.
        render: sets a document in a file.
    """

    name: str
    missing: Callable[[], str]
    languages: frozenset[str]
    wanted: Callable[[int], Wanted]
    characters: str
    render: Callable[[Truth, Path], None]


def grouped(elements: tuple[Element, ...]) -> Iterator[Element | list[Element]]:
    """The elements, with list items that follow each other as one list."""
    for is_list, group in itertools.groupby(elements, lambda e: e.kind == "list_item"):
        if is_list:
            yield list(group)
        else:
            yield from group


class Author:
    """Writes a document: chapters, lists, notes, tables, figures, asides."""

    def __init__(self, source: Texts, chance: random.Random, wanted: Wanted) -> None:
        self._source = source
        self._chance = chance
        self._wanted = wanted
        self._counts = {"table": 0, "figure": 0, "note": 0}
        self._numbered = chance.choice(["{0} {1}", "{0}. {1}", "{1}"])

    def elements(self, chapters: int) -> tuple[Element, ...]:
        """A title and so many chapters."""
        chosen = self._chance.sample(self._source.chapters, chapters)
        written = [Element("title", self._source.phrase(self._chance, 3, 7))]
        for number, chapter in enumerate(chosen, 1):
            title = self._numbered.format(number, capital(chapter.title))
            written.append(Element("heading", title, level=1))
            written += self._section(number, chapter.paragraphs)
            if number % 2 == 0:
                written.append(self._table(big=number == 4))
        return tuple(written)

    def _section(self, number: int, paragraphs: tuple[str, ...]) -> Iterator[Element]:
        order = self._chance.sample(paragraphs, len(paragraphs))
        for place, text in enumerate(order):
            if place == 2:
                words = f"{self._source.phrase(self._chance, 1, 4)}"
                yield Element("heading", self._numbered.format(f"{number}.1", words), level=2)
            yield self._paragraph(text)
            if self._chance.random() < 0.12:
                yield from self._list()
            if self._chance.random() < 0.07:
                yield self._figure()
            if self._chance.random() < 0.05:
                yield Element("para", self._sentences(2, 4), boxed=True)

    def _paragraph(self, text: str) -> Element:
        if not self._wanted.notes or self._chance.random() > 0.3:
            return Element("para", text)
        offset = text.find(". ", len(text) // 3) + 1 or len(text)
        return Element("para", text, notes=(self._note(offset),))

    def _note(self, offset: int) -> Note:
        self._counts["note"] += 1
        longest = self._wanted.long_notes and self._chance.random() < 0.2
        sentences = self._sentences(12, 24) if longest else self._sentences(1, 3)
        return Note(offset, str(self._counts["note"]), sentences)

    def _sentences(self, least: int, most: int) -> str:
        count = self._chance.randint(least, most)
        return " ".join(self._source.sentence(self._chance, 5, 14) for _ in range(count))

    def _list(self) -> Iterator[Element]:
        style = self._chance.choice(["bullet", "number", "letter"])
        bullet = self._chance.choice(BULLETS)
        nested = self._chance.random() < 0.3
        for number in range(1, self._chance.randint(4, 9)):
            marker = {"bullet": bullet, "number": f"{number}.", "letter": f"{chr(96 + number)})"}
            text = self._source.sentence(self._chance, 4, 24)
            yield Element("list_item", text, level=1, marker=marker[style])
            if nested and number == 2:
                for _ in range(2):
                    text = self._source.sentence(self._chance, 3, 12)
                    yield Element("list_item", text, level=2, marker="–")

    def _figure(self) -> Element:
        return Element("figure", self._caption("figure", 1, 2))

    def _caption(self, kind: str, which: int, sentences: int) -> str:
        self._counts[kind] += 1
        word = LABELS[self._source.language][which]
        text = " ".join(self._source.sentence(self._chance, 3, 9) for _ in range(sentences))
        return f"{word} {self._counts[kind]}: {text}"

    def _table(self, *, big: bool) -> Element:
        chance, wanted = self._chance, self._wanted
        count = min(chance.choice([40, 70] if big else [6, 14, 34, 58]), wanted.table_rows)
        columns = chance.randint(3, wanted.table_columns)
        numeric = tuple(n for n in range(1, columns) if chance.random() < 0.65)
        header = tuple(capital(self._source.word(chance)) for _ in range(columns))
        rows = tuple(self._row(columns, numeric) for _ in range(count))
        return Element(
            "table",
            self._caption("table", 0, 1),
            header=header,
            rows=rows,
            numeric=numeric,
            repeated=chance.random() < 0.85,
            ruling=chance.choice(["grid", "booktabs", "header", "none"]),
        )

    def _row(self, columns: int, numeric: tuple[int, ...]) -> tuple[str, ...]:
        chance = self._chance
        first = f"{capital(self._source.word(chance))} {self._source.word(chance)}"
        rest = (
            f"{chance.uniform(-99, 9999):.2f}" if n in numeric else self._source.word(chance)
            for n in range(1, columns)
        )
        return (first, *("" if chance.random() < 0.03 else cell for cell in rest))


def document(
    engine: str, source: Texts, seed: int, columns: int, wanted: Wanted, chapters: int
) -> Truth:
    """What a document says and how it looks, before it is set."""
    chance = random.Random(seed)
    look = layout(chance, columns)
    elements = Author(source, chance, wanted).elements(chapters)
    running = f"{source.phrase(chance, 2, 4)} – {source.word(chance)} {chance.randint(10, 99)}"
    date = chance.choice(["", "", f"{chance.randint(1, 28)}.{chance.randint(1, 12)}.2021"])
    name = f"{engine}-{columns}-{source.language}-{seed}"
    table, figure, page = LABELS[source.language]
    return Truth(
        name, engine, source.language, seed, look, running, date, elements,
        heads=_heads(look, running, date, elements),
        words={"table": table, "figure": figure, "page": page},
    )  # fmt: skip


def _heads(look: Layout, running: str, date: str, elements: tuple[Element, ...]) -> tuple[str, ...]:
    chapters = tuple(e.text for e in elements if e.kind == "heading" and e.level == 1)
    heads = {
        "none": (),
        "running": (running,),
        "alternating": (running, *chapters),
        "both": (running, *chapters),
    }[look.heads]
    return (*heads, date) if date and heads else heads
