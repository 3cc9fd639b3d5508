"""Sets documents with WeasyPrint: HTML with page margins, notes and columns."""

from __future__ import annotations

import html
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from benchmarks.parsing_documents import Element, Engine, Truth, Wanted, grouped, slots

INSTALL = "pip install weasyprint; apt-get install libpango-1.0-0 libpangoft2-1.0-0"
_FACES = {
    True: ("DejaVu Serif", "Liberation Serif", "Linux Libertine O"),
    False: ("DejaVu Sans", "Liberation Sans"),
}
_RULES = {
    "grid": ("", "border: 0.4pt solid #555", "border: 0.4pt solid #555"),
    "booktabs": ("border: solid; border-width: 1pt 0", "border-bottom: 0.5pt solid", ""),
    "header": ("", "border-bottom: 0.5pt solid", ""),
    "none": ("", "", ""),
}  # of the table, of a cell of its header, of another cell


def missing() -> str:
    """How to install it; "" when it is there."""
    if not importlib.util.find_spec("weasyprint"):
        return INSTALL
    try:
        import weasyprint  # noqa: F401  # its library pango is found only now
    except OSError:
        return INSTALL
    return ""


def wanted(columns: int) -> Wanted:
    """What it can set: notes in one column only, none that goes over a page."""
    return Wanted(notes=columns == 1, long_notes=False, table_columns={1: 6, 2: 4, 3: 3}[columns])


def render(truth: Truth, path: Path) -> None:
    """Set a document."""
    import weasyprint

    weasyprint.HTML(string="".join(_document(truth))).write_pdf(str(path))


def _document(truth: Truth) -> Iterator[str]:
    yield f'<html lang="{truth.language}"><style>{_style(truth)}</style><body>'
    for element in grouped(truth.elements):
        yield _list(element) if isinstance(element, list) else _part(element)
    yield "</body></html>"


def _style(truth: Truth) -> str:
    look = truth.layout
    faces = _FACES[look.serif]
    face = faces[look.face % len(faces)]
    table = min(look.size - 1, {1: 9.0, 2: 7.0, 3: 6.5}[look.columns])
    columns = f"columns: {look.columns}; column-gap: 16pt;" if look.columns > 1 else ""
    align = "justify" if look.justified else "left"
    hyphens = "auto" if look.hyphenated else "manual"
    family = "serif" if look.serif else "sans-serif"
    return f"""
        @page {{size: {look.paper}; margin: {look.margin + 14}pt}}
        {_furniture(truth)}
        html {{font: {look.size}pt/{look.leading} "{face}", {family}}}
        body {{margin: 0; {columns}}}
        h1 {{string-set: chapter content(); font-size: 1.4em}} h2 {{font-size: 1.15em}}
        p {{text-align: {align}; hyphens: {hyphens}; text-indent: {look.indent}pt;
            margin: {look.gap}pt 0}}
        .title {{font-size: 1.7em; font-weight: bold}}
        .caption {{font-size: 0.9em; font-style: italic; text-indent: 0; break-after: avoid}}
        .figure {{break-inside: avoid}} .frame {{border: .6pt solid; height: 80pt; width: 70%}}
        .box {{border: 0.5pt solid; padding: 5pt; margin: 8pt 0}} .box p {{text-indent: 0}}
        .note {{float: footnote; font-size: 0.8em}}
        table {{font-size: {table}pt; border-collapse: collapse; width: 100%; margin: 4pt 0}}
        td, th {{padding: 1.5pt 3pt; text-align: left; vertical-align: top}}
        .right {{text-align: right}} li {{margin: {look.gap / 2}pt 0}}"""


def _furniture(truth: Truth) -> str:
    look = truth.layout
    page = "counter(page)"
    number = {
        "n": page, "page": f"{_quoted(truth.words['page'] + ' ')} {page}",
        "dashes": f'"– " {page} " –"', "of": f'{page} " / " counter(pages)',
        "roman": "counter(page, lower-roman)",
    }[look.number_style]  # fmt: skip
    texts = {
        "running": _quoted(truth.running), "date": _quoted(truth.date),
        "chapter": "string(chapter)", "number": number,
    }  # fmt: skip
    caps = "text-transform: uppercase;" if look.head_caps else ""
    rule = "border-bottom: 0.4pt solid;" if look.head_rule and look.heads != "none" else ""
    parts = [f"@page :first {{counter-reset: page {look.first_number}}}"]
    for odd, side in ((True, "right"), (False, "left")):
        both = slots(look, truth.date, odd=odd)
        for where, three, extra in (("top", both.head, rule), ("bottom", both.foot, "")):
            for slot, place in zip(three, ("left", "center", "right"), strict=True):
                content = texts[slot] if slot else '""'
                look_of_it = f"font-size: 8pt; {caps if slot != 'number' else ''}{extra}"
                parts.append(
                    f"@page :{side} {{@{where}-{place} {{content: {content}; {look_of_it}}}}}"
                )
    return "\n".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _part(element: Element) -> str:
    text = html.escape(element.text)
    if element.kind == "title":
        return f"<div class=title>{text}</div>"
    if element.kind == "heading":
        return f"<h{element.level}>{text}</h{element.level}>"
    if element.kind == "figure":
        return f"<div class=figure><div class=frame></div><p class=caption>{text}</p></div>"
    if element.kind == "table":
        return _table(element)
    for note in element.notes:
        before, after = element.text[: note.offset], element.text[note.offset :]
        inner = f"<span class=note>{html.escape(note.text)}</span>"
        text = html.escape(before) + inner + html.escape(after)
    return f"<div class=box><p>{text}</p></div>" if element.boxed else f"<p>{text}</p>"


def _list(items: list[Element]) -> str:
    styles = {"1.": "decimal", "a)": "lower-alpha"}
    first = items[0].marker
    style = styles.get(first, _quoted(first + " "))
    parts, depth = [f"<ol style='list-style-type: {style}'>"], 1
    for item in items:
        if item.level > depth:
            parts.append("<ul style='list-style-type: \"– \"'>")
        elif item.level < depth:
            parts.append("</ul>")
        depth = item.level
        parts.append(f"<li>{html.escape(item.text)}</li>")
    return "".join([*parts, *["</ul>"] * (depth - 1), "</ol>"])


def _table(element: Element) -> str:
    whole, head, plain = _RULES[element.ruling]

    def cells(row: tuple[str, ...], tag: str, style: str) -> str:
        return "".join(
            f'<{tag} style="{style}" class={"right" if n in element.numeric else "left"}>'
            f"{html.escape(cell)}</{tag}>"
            for n, cell in enumerate(row)
        )

    first = "thead" if element.repeated else "tbody"
    rows = "".join(f"<tr>{cells(row, 'td', plain)}</tr>" for row in element.rows)
    return (
        f"<p class=caption>{html.escape(element.text)}</p><table style='{whole}'>"
        f"<{first}><tr>{cells(element.header, 'th', head)}</tr></{first}>"
        f"<tbody>{rows}</tbody></table>"
    )


ENGINE = Engine("weasyprint", missing, frozenset(), wanted, "", render)
