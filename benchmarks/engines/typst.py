"""Sets documents with typst: notes that go over pages, floats, tagged PDF."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from benchmarks.parsing_documents import Element, Engine, Truth, Wanted, grouped, slots

_FACES = {
    True: ("Libertinus Serif", "New Computer Modern", "DejaVu Serif", "Liberation Serif"),
    False: ("DejaVu Sans", "Liberation Sans"),
}
_PAPER = {"a4": "a4", "letter": "us-letter", "a5": "a5"}
_STROKES = {"grid": "0.4pt", "booktabs": "none", "header": "none", "none": "none"}


def missing() -> str:
    """How to install it; "" when it is there."""
    return "" if importlib.util.find_spec("typst") else "pip install typst"


def wanted(columns: int) -> Wanted:
    """What it can set."""
    return Wanted(table_columns={1: 6, 2: 4, 3: 3}[columns])


def render(truth: Truth, path: Path) -> None:
    """Set a document."""
    import typst

    source = path.with_suffix(".typ")
    source.write_text("\n\n".join(_document(truth)), encoding="utf-8")
    try:
        typst.compile(str(source), output=str(path))
    finally:
        source.unlink()


def said(text: str) -> str:
    """Text as a string, in which nothing is markup."""
    return '#"' + text.replace("\\", "\\\\").replace('"', '\\"') + '";'


def _document(truth: Truth) -> Iterator[str]:
    look = truth.layout
    faces = ", ".join(f'"{face}"' for face in _faces(look.serif, look.face))
    yield (
        f'#set page(paper: "{_PAPER[look.paper]}", margin: {look.margin + 14}pt, '
        f"columns: {look.columns}, header: context {{{_furniture(truth, 'head')}}}, "
        f"footer: context {{{_furniture(truth, 'foot')}}})"
    )
    yield (
        f'#set text({look.size}pt, font: ({faces}), lang: "{truth.language}", '
        f"hyphenate: {_bool(look.hyphenated)})"
    )
    leading = max(0.35, look.leading - 0.7)
    yield (
        f"#set par(justify: {_bool(look.justified)}, leading: {leading:.2f}em, "
        f"spacing: {leading * look.size + look.gap:.1f}pt, "
        f"first-line-indent: (amount: {look.indent}pt, all: {_bool(look.face % 2 == 0)}))"
    )
    yield f"#counter(page).update({look.first_number})"
    for element in grouped(truth.elements):
        yield _list(element) if isinstance(element, list) else _part(element, truth)


def _faces(serif: bool, face: int) -> list[str]:
    offered = _FACES[serif]
    first = face % len(offered)
    return [*offered[first:], *offered[:first]]


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _furniture(truth: Truth, where: str) -> str:
    """Code that sets the head or the foot of a page."""
    texts = _slot_texts(truth)
    rows = []
    for odd in (True, False):
        both = slots(truth.layout, truth.date, odd=odd)
        three = both.head if where == "head" else both.foot
        cells = ", ".join(f"[{texts[slot]}]" for slot in three)
        rows.append(f"grid(columns: (auto, 1fr, auto), align: (left, center, right), {cells})")
    rule = ""
    if where == "head" and truth.layout.head_rule and truth.layout.heads != "none":
        rule = "; v(-6pt); line(length: 100%, stroke: 0.4pt)"
    return f"set text(8pt); if calc.odd(here().page()) {{{rows[0]}}} else {{{rows[1]}}}{rule}"


def _slot_texts(truth: Truth) -> dict[str, str]:
    running = truth.running.upper() if truth.layout.head_caps else truth.running
    page = '#counter(page).display("1")'
    number = {
        "n": page, "page": f"{said(truth.words['page'])} {page}", "dashes": f"– {page} –",
        "of": f"{page} / #counter(page).final().first()", "roman": '#counter(page).display("i")',
    }[truth.layout.number_style]  # fmt: skip
    chapter = (
        "#{let found = query(selector(heading.where(level: 1)).before(here())); "
        "if found.len() > 0 {found.last().body}}"
    )
    return {
        "": "", "running": said(running), "date": said(truth.date), "chapter": chapter,
        "number": number,
    }  # fmt: skip


def _part(element: Element, truth: Truth) -> str:
    text = said(element.text)
    if element.kind == "title":
        return f'#block(text(1.7em, weight: "bold", hyphenate: false)[{text}])'
    if element.kind == "heading":
        return f"#heading(level: {element.level})[{text}]"
    if element.kind == "figure":
        return _figure(text)
    if element.kind == "table":
        return _table(element, truth)
    if element.boxed:
        return f"#block(stroke: 0.5pt, inset: 6pt, width: 100%)[{text}]"
    for note in element.notes:
        before, after = element.text[: note.offset], element.text[note.offset :]
        text = f"{said(before)}#footnote[{said(note.text)}]{said(after) if after else ''}"
    return text


def _figure(caption: str) -> str:
    frame = "rect(width: 70%, height: 80pt, stroke: 0.6pt)"
    return f"#place(top, float: true, block(width: 100%)[#{frame} #text(0.9em)[{caption}]])"


def _list(items: list[Element]) -> str:
    top = [n for n, item in enumerate(items) if item.level == 1]
    parts = []
    for begin, end in zip(top, [*top[1:], len(items)], strict=True):
        below = items[begin + 1 : end]
        inner = said(items[begin].text)
        if below:
            nested = ", ".join(f"[{said(item.text)}]" for item in below)
            inner += f" #list(marker: [–], {nested})"
        parts.append(f"[{inner}]")
    joined = ", ".join(parts)
    first = items[0].marker
    if first in ("1.", "a)"):
        return f'#enum(numbering: "{first}", {joined})'
    return f"#list(marker: [{said(first)}], {joined})"


def _table(element: Element, truth: Truth) -> str:
    size = min(truth.layout.size - 1, {1: 9.0, 2: 7.0, 3: 6.5}[truth.layout.columns])
    shares = ", ".join(["1.6fr", *["1fr"] * (len(element.header) - 1)])
    aligned = ", ".join(
        "right" if n in element.numeric else "left" for n in range(len(element.header))
    )
    head = ", ".join(f"[*{said(cell)}*]" for cell in element.header)
    cells = ", ".join(f"[{said(cell)}]" for row in element.rows for cell in row)
    top = "table.hline()," if element.ruling == "booktabs" else ""
    below = "table.hline()," if element.ruling in ("booktabs", "header") else ""
    return (
        f"#block(sticky: true, text(0.9em)[_{said(element.text)}_])\n"
        f"#text({size}pt)[#table(columns: ({shares}), align: ({aligned}), inset: 2.5pt, "
        f"stroke: {_STROKES[element.ruling]}, {top} table.header(repeat: "
        f"{_bool(element.repeated)}, {head}), {below} {cells}, {top})]"
    )


ENGINE = Engine("typst", missing, frozenset(), wanted, "", render)
