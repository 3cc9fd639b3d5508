"""Sets documents with reportlab: frames, and figures that float to the next one."""

from __future__ import annotations

import html
import importlib.util
from pathlib import Path
from typing import Any

from benchmarks.parsing_documents import (
    CannotSet,
    Element,
    Engine,
    Layout,
    Truth,
    Wanted,
    label,
    slots,
)

FONTS = Path("/usr/share/fonts/truetype")
_Face = tuple[str, str, tuple[str, str, str, str]]
_TRUE_TYPE: dict[
    bool, list[_Face]
] = {  # by serifs: folder, and name without a style, with the styles' endings
    True: [
        ("dejavu", "DejaVuSerif", ("", "-Bold", "-Italic", "-BoldItalic")),
        ("liberation", "LiberationSerif", ("-Regular", "-Bold", "-Italic", "-BoldItalic")),
    ],
    False: [
        ("dejavu", "DejaVuSans", ("", "-Bold", "-Oblique", "-BoldOblique")),
        ("liberation", "LiberationSans", ("-Regular", "-Bold", "-Italic", "-BoldItalic")),
    ],
}
_HYPHENS = {"en": "en_US", "de": "de_DE", "es": "es", "ro": "ro", "ru": "ru_RU"}


def missing() -> str:
    """How to install it; "" when it is there."""
    return "" if importlib.util.find_spec("reportlab") else "pip install reportlab"


def wanted(columns: int) -> Wanted:
    """What it can set: no notes."""
    return Wanted(notes=False, long_notes=False, table_columns={1: 6, 2: 4, 3: 3}[columns])


def render(truth: Truth, path: Path) -> None:
    """Set a document, twice, since only then the number of its pages is known.

    Raises:
        CannotSet: a paragraph that reportlab's own splitting does not bring over a page's end.
    """
    from reportlab.platypus.doctemplate import LayoutError

    try:
        pages = _Setting(truth, path, 0).build() if truth.layout.number_style == "of" else 0
        _Setting(truth, path, pages).build()
    except LayoutError as error:
        raise CannotSet(str(error).partition("\n")[0]) from error


def _face(look: Layout, text: str) -> tuple[str, str, str]:
    """Names of a regular, bold and italic font that has the text's letters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if all(c.isascii() or c in CP1252 for c in text) and (look.face % 2 == 0 or not HAS_FONTS):
        bold = "Times-Bold" if look.serif else "Helvetica-Bold"
        return ("Times-Roman", bold, "Times-Italic") if look.serif else (
            "Helvetica", bold, "Helvetica-Oblique")  # fmt: skip
    for folder, name, endings in _turned(_TRUE_TYPE[look.serif], look.face // 2):
        names = [f"{name}{ending}" for ending in endings]
        if not (FONTS / folder / f"{names[1]}.ttf").exists():
            continue
        for one in names:
            pdfmetrics.registerFont(TTFont(one, FONTS / folder / f"{one}.ttf"))
        if set(map(ord, text)) <= set(pdfmetrics.getFont(names[2]).face.charToGlyph):
            pdfmetrics.registerFontFamily(names[0], *names)
            return names[0], names[1], names[2]
    raise LookupError("no TrueType font has the letters of this language")


def _turned(faces: list[_Face], by: int) -> list[_Face]:
    by %= len(faces)
    return faces[by:] + faces[:by]


class _Setting:
    """One document that is being set."""

    def __init__(self, truth: Truth, path: Path, pages: int) -> None:
        from reportlab.lib import pagesizes

        self.truth = truth
        self.look = truth.layout
        self.path = path
        self.pages = pages
        said = "".join(e.text + "".join(map("".join, e.rows)) for e in truth.elements)
        self.regular, self.bold, self.italic = _face(self.look, said + truth.running)
        size = {"a4": pagesizes.A4, "letter": pagesizes.letter, "a5": pagesizes.A5}
        self.width, self.height = size[self.look.paper]
        self.gap = 18.0
        inner = self.width - 2 * self.look.margin - (self.look.columns - 1) * self.gap
        self.column = inner / self.look.columns
        self.chapter = ""
        self.floats: list[Any] = []

    def build(self) -> int:
        """Write the file; the number of its pages."""
        from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

        setting, look = self, self.look

        class Template(BaseDocTemplate):  # type: ignore[misc]
            def afterFlowable(self, flowable: Any) -> None:
                setting.chapter = getattr(flowable, "chapter", setting.chapter)
                setting.floats += getattr(flowable, "floats", ())

            def handle_frameBegin(self, *args: Any, **kwargs: Any) -> None:
                super().handle_frameBegin(*args, **kwargs)
                while setting.floats and self.frame.add(setting.floats[0], self.canv):
                    setting.floats.pop(0)

        bottom = look.margin + 14
        frames = [
            Frame(
                look.margin + n * (self.column + self.gap), bottom,
                self.column, self.height - bottom - look.margin - 20,
                leftPadding=0, rightPadding=0,
            )
            for n in range(look.columns)
        ]  # fmt: skip
        template = Template(str(self.path), pagesize=(self.width, self.height), invariant=1)
        template.addPageTemplates(PageTemplate(frames=frames, onPageEnd=self._furniture))
        template.build([part for e in self.truth.elements for part in self._parts(e)])
        return int(template.page)

    def _furniture(self, canvas: Any, template: Any) -> None:
        page, look = template.page, self.look
        both = slots(look, self.truth.date, odd=page % 2 == 1)
        canvas.saveState()
        for texts, y in ((both.head, self.height - look.margin), (both.foot, look.margin - 6)):
            for slot, x in zip(texts, (0.0, 0.5, 1.0), strict=True):
                if slot:
                    self._slot(canvas, slot, x, y, page)
        if look.head_rule and look.heads != "none":
            y = self.height - look.margin - 4
            canvas.line(look.margin, y, self.width - look.margin, y)
        canvas.restoreState()

    def _slot(self, canvas: Any, slot: str, x: float, y: float, page: int) -> None:
        texts = {
            "running": self.truth.running,
            "chapter": self.chapter,
            "date": self.truth.date,
            "number": label(self.look, page, self.pages, self.truth.words["page"]),
        }
        text = texts[slot]
        if self.look.head_caps and slot in ("running", "chapter"):
            text = text.upper()
        canvas.setFont(self.regular if slot == "number" else self.italic, 8)
        place = self.look.margin + x * (self.width - 2 * self.look.margin)
        draw = {0.0: canvas.drawString, 0.5: canvas.drawCentredString, 1.0: canvas.drawRightString}
        draw[x](place, y, text)

    def _parts(self, element: Element) -> list[Any]:
        from reportlab.platypus import Paragraph

        text = html.escape(element.text)
        if element.kind == "table":
            return self._table(element)
        if element.kind == "figure":
            return [self._anchor(element)]
        part = Paragraph(text, self._style(element), bulletText=element.marker or None)
        if element.kind == "heading" and element.level == 1:
            part.chapter = element.text
        return [part]

    def _style(self, element: Element) -> Any:
        from reportlab.lib.styles import ParagraphStyle

        look = self.look
        size = look.size * {"title": 1.7, "heading": 1.2 if element.level == 2 else 1.4}.get(
            element.kind, 1.0
        )
        style = ParagraphStyle(
            element.kind, fontName=self.regular, fontSize=size, leading=size * look.leading,
            alignment=4 if look.justified else 0, firstLineIndent=look.indent,
            spaceBefore=look.gap, spaceAfter=look.gap,
        )  # fmt: skip
        if look.hyphenated and self.truth.language in _HYPHENS:
            style.hyphenationLang = _HYPHENS[self.truth.language]
            style.embeddedHyphenation = 1
            style.uriWasteReduce = 0
        if element.kind in ("title", "heading"):
            style.fontName, style.alignment, style.firstLineIndent = self.bold, 0, 0
            style.spaceBefore, style.spaceAfter, style.keepWithNext = size, size / 2, 1
            style.hyphenationLang = ""
        if element.kind == "list_item":
            style.firstLineIndent, style.leftIndent = 0, 16 * element.level
            style.bulletIndent = style.leftIndent - 13
            style.bulletFontName, style.bulletFontSize = self.regular, size
        if element.boxed:
            style.borderWidth, style.borderColor, style.borderPadding = 0.5, "#444444", 5
            style.leftIndent, style.rightIndent, style.firstLineIndent = 6, 6, 0
            style.spaceBefore = style.spaceAfter = 12
        return style

    def _caption(self, text: str) -> Any:
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        size = self.look.size - 1
        style = ParagraphStyle(
            "caption", fontName=self.italic, fontSize=size, leading=size * 1.2,
            spaceBefore=8, spaceAfter=6, keepWithNext=1,
        )  # fmt: skip
        return Paragraph(html.escape(text), style)

    def _anchor(self, element: Element) -> Any:
        """Something invisible in the text; the figure comes at the top of the next column."""
        from reportlab.graphics.shapes import Drawing, Rect
        from reportlab.platypus import Spacer

        drawing = Drawing(self.column, 90)
        drawing.add(Rect(self.column * 0.1, 2, self.column * 0.8, 84, fillColor=None))
        drawing.add(Rect(self.column * 0.3, 20, self.column * 0.2, 40, strokeWidth=0.5))
        anchor = Spacer(1, 0)
        anchor.floats = [drawing, self._caption(element.text), Spacer(1, 10)]
        return anchor

    def _table(self, element: Element) -> list[Any]:
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph, Spacer, Table, TableStyle

        size = min(self.look.size - 1, {1: 9.0, 2: 7.0, 3: 6.5}[self.look.columns])
        plain = ParagraphStyle("cell", fontName=self.regular, fontSize=size, leading=size * 1.2)
        bold = ParagraphStyle("head", parent=plain, fontName=self.bold)

        def cells(row: tuple[str, ...], style: Any) -> list[Any]:
            return [
                cell
                if n in element.numeric and style is plain
                else Paragraph(html.escape(cell), style)
                for n, cell in enumerate(row)
            ]

        shares = [1.6, *[1.0] * (len(element.header) - 1)]
        table = Table(
            [cells(element.header, bold), *(cells(row, plain) for row in element.rows)],
            repeatRows=1 if element.repeated else 0,
            colWidths=[self.column * share / sum(shares) for share in shares],
        )
        commands: list[tuple[Any, ...]] = [
            ("FONT", (0, 0), (-1, -1), self.regular, size, size * 1.2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            *(("ALIGN", (n, 1), (n, -1), "RIGHT") for n in element.numeric),
        ]  # fmt: skip
        table.setStyle(TableStyle(commands + _rules(element.ruling)))
        return [self._caption(element.text), table, Spacer(1, 10)]


def _rules(ruling: str) -> list[tuple[Any, ...]]:
    from reportlab.lib import colors

    head: tuple[Any, ...] = ("LINEBELOW", (0, 0), (-1, 0), 0.6, colors.black)
    return {
        "grid": [("GRID", (0, 0), (-1, -1), 0.4, colors.grey)],
        "booktabs": [
            head,
            ("LINEABOVE", (0, 0), (-1, 0), 1.0, colors.black),
            ("LINEBELOW", (0, -1), (-1, -1), 1.0, colors.black),
        ],
        "header": [head],
        "none": [],
    }[ruling]


CP1252 = bytes(range(0xA1, 0x100)).decode("cp1252") + "–—‘’“”„"
HAS_FONTS = (FONTS / "dejavu" / "DejaVuSerif.ttf").exists()  # apt-get install fonts-dejavu
_NARROW = frozenset({"en", "de", "es"})  # what the fonts of PDF itself have letters for
ENGINE = Engine(
    "reportlab", missing, frozenset() if HAS_FONTS else _NARROW, wanted,
    "" if HAS_FONTS else CP1252, render,
)  # fmt: skip
