"""Makes documents as PDF files, with where their pages end looked up in the files."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.parsing_documents import (
    ENGINES,
    CannotSet,
    Crossing,
    Element,
    Engine,
    Truth,
    document,
    label,
)
from benchmarks.parsing_letters import letters, letters_with_places
from benchmarks.parsing_score import forms
from benchmarks.parsing_scramble import scramble
from benchmarks.parsing_texts import Chapter, Texts, texts

COLUMNS = (1, 2, 1, 2, 3)
CHAPTERS = 6
_SHOWN = 0.97  # share of the paragraphs that must be found in a file
_LEAST = 12  # letters of a paragraph on either side of a page's end
STEP = 1000  # documents with one seed


class Order(Struct, frozen=True):
    """What is to be made.

    Attributes:
        data: the folder with XQuAD's files; None for built-in words.
        scrambled: every how many documents there is another one, drawn in random order.
    """

    seed: int
    documents: int
    languages: tuple[str, ...]
    data: Path | None = None
    scrambled: int = 3


def engines() -> tuple[list[Engine], dict[str, str]]:
    """Those that are installed, and how to install the others."""
    every: list[Engine] = [import_module(f"benchmarks.engines.{name}").ENGINE for name in ENGINES]
    missing = {engine.name: engine.missing() for engine in every}
    return (
        [engine for engine in every if not missing[engine.name]],
        {name: how for name, how in missing.items() if how},
    )


def make(folder: Path, order: Order, installed: Sequence[Engine]) -> Iterator[Truth]:
    """Set documents in a folder by turns: for each a PDF and a JSON file with the truth.

    Raises:
        RuntimeError: a document does not show what it should; a fault of this benchmark.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources: dict[tuple[str, str], Texts] = {}
    for number in range(order.documents):
        turn = _turn(number, order, installed)
        if turn is None:
            continue
        engine, language, columns = turn
        if (engine.name, language) not in sources:
            found = texts(language, order.data)
            sources[engine.name, language] = _fitted(found, engine.characters)
        truth = document(
            engine.name, sources[engine.name, language], order.seed * STEP + number, columns,
            engine.wanted(columns), CHAPTERS,
        )  # fmt: skip
        path = folder / f"{truth.name}.pdf"
        try:
            engine.render(truth, path)
        except CannotSet as error:
            print(f"{truth.name} is left out: {error}", file=sys.stderr)
            continue
        truth = looked_up(truth, path)
        yield _kept(truth, folder)
        if order.scrambled and number % order.scrambled == order.scrambled // 2:
            name = f"{truth.name}-scrambled"
            scramble(path, folder / f"{name}.pdf", truth.seed)
            yield _kept(replace(truth, name=name, scrambled=True), folder)


def _turn(number: int, order: Order, installed: Sequence[Engine]) -> tuple[Engine, str, int] | None:
    """An engine, a language and a number of columns; None if the engine has no such language."""
    engine = installed[number % len(installed)]
    turn = number // len(installed) + number % len(installed)
    able = [x for x in order.languages if not engine.languages or x in engine.languages]
    return (engine, able[turn % len(able)], COLUMNS[turn % len(COLUMNS)]) if able else None


def _kept(truth: Truth, folder: Path) -> Truth:
    (folder / f"{truth.name}.json").write_text(truth.dumped(), encoding="utf-8")
    return truth


def _fitted(source: Texts, characters: str) -> Texts:
    """The same texts in the characters that an engine has."""
    if not characters:
        return source

    def fit(text: str) -> str:
        kept = (c if c.isascii() or c in characters else _base(c) for c in text)
        return " ".join("".join(kept).split())

    chapters = [
        Chapter(fit(chapter.title), tuple(map(fit, chapter.paragraphs)))
        for chapter in source.chapters
    ]
    return Texts(source.language, chapters)


def _base(char: str) -> str:
    """A letter without its accents, nothing for what is no letter."""
    return "".join(c for c in unicodedata.normalize("NFD", char) if c.isascii())


def looked_up(truth: Truth, path: Path) -> Truth:
    """The truth with what only the file tells: its pages, and what goes on behind a page.

    Raises:
        RuntimeError: paragraphs are missing in the file.
    """
    pages = _pages(path)
    whole = "".join(pages)
    paragraphs = [e for e in truth.elements if e.kind == "para"]
    shown = sum(any(v[:24] in whole for v in forms(e)) for e in paragraphs)
    if shown < _SHOWN * len(paragraphs):
        raise RuntimeError(f"{path}: {shown} of {len(paragraphs)} paragraphs are shown")
    word = truth.words["page"]
    labels = [label(truth.layout, n, len(pages), word) for n in range(1, len(pages) + 1)]
    return replace(
        truth, page_labels=tuple(labels), crossings=tuple(_crossings(truth.elements, pages))
    )


def _pages(path: Path) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as pdf:
        found = []
        for page in pdf:
            text = page.get_textpage().get_text_range()
            found.append(letters(text.replace("\x02", "").replace("\ufffe", "")))
        return found


def _crossings(elements: Sequence[Element], pages: list[str]) -> Iterator[Crossing]:
    for element in elements:
        if element.kind in ("para", "list_item"):
            found = _crossing(element.kind, element.text, forms(element), pages)
            if found:
                yield found
        for note in element.notes:
            found = _crossing("footnote", note.text, [letters(note.text)], pages)
            if found:
                yield found


def _crossing(kind: str, text: str, forms_: list[str], pages: list[str]) -> Crossing | None:
    if any(form in page for form in forms_ for page in pages):
        return None
    places = ((_shown(form, page), -n, form) for form in forms_ for n, page in enumerate(pages, 1))
    shown, number, form = max(places)
    number = -number
    after = pages[number] if number < len(pages) else ""
    plain = text if form == letters(text) else ""  # else a note's mark is between the letters
    border = _border(form, shown, after, plain)
    if border is None:
        return None
    word = _divided(plain, border) if plain else ""
    return Crossing(kind, number, *_edges(form, border, pages), word)


def _edges(form: str, border: int, pages: list[str]) -> tuple[str, str]:
    """The letters on both sides of a border, as many as stand together on no page."""
    for count in range(15, len(form), 5):
        before, after = form[max(0, border - count) : border], form[border : border + count]
        if not any(before + after in page for page in pages):
            break
    return before, after


def _shown(form: str, page: str) -> int:
    """How many of the first letters stand on a page."""
    low, high = 0, len(form)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if form[:middle] in page else (low, middle - 1)
    return low


def _border(form: str, shown: int, after: str, text: str) -> int | None:
    """The number of letters on the first page.

    What is drawn behind them may happen to go on like the text; then the end of a word is chosen.
    """
    if not _LEAST <= shown < len(form) - _LEAST:
        return None
    able = [b for b in range(shown - 3, shown + 1) if form[b : b + 16] in after]
    if not able:
        return None
    return next((b for b in able if text and not _divided(text, b)), able[-1])


def _divided(text: str, border: int) -> str:
    """The word of which ``border`` letters into the text stand in its middle, or ""."""
    _, places = letters_with_places(text)
    last, first = places[border - 1], places[border]
    if first != last + 1:
        return ""
    left, right = re.search(r"\w+$", text[:first]), re.match(r"\w+", text[first:])
    return f"{left[0]}{right[0]}" if left and right else ""
