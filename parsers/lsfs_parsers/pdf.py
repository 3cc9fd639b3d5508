"""PDF: the text of each page in reading order, with the place of every line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lsfs.errors import Encrypted, ParseError
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.builder import BETWEEN_CELLS, Builder, Facts, Piece
from lsfs_parsers.dates import day
from lsfs_parsers.ocr import ReadLine, Tesseract
from lsfs_parsers.pdf_layout import (
    Paragraph,
    Style,
    gutter_of,
    in_reading_order,
    paragraphs_of,
    style_of,
)
from lsfs_parsers.pdf_lines import Line, page_lines

_IN_MEMORY = 64 * 1024 * 1024  # bytes; a bigger file is read as pdfium asks for it
_MARGIN = 0.15  # share of the time that is kept for putting the document together
_TWO_COLUMNS = 0.4  # share of pages with a gutter that makes a document one of two columns
_NO_TITLE = re.compile(
    r"untitled|microsoft (word|excel|powerpoint)|\(anonymous\)|.*\.\w{2,4}$", re.I
)
_NO_AUTHOR = re.compile(r"\(?(anonymous|unspecified|unknown|user|admin)\)?$", re.I)
_WORD = re.compile(r"\w+(?:-\w+)*")
_LAST_WORD = re.compile(r"(\w+)([-\u2010\u00ad]?)$")
_FIRST_WORD = re.compile(r"\w+")


class PdfParser:
    """Reads PDF with pdfium, and pages that are pictures with tesseract."""

    name = "pdf"
    version = 2
    media_types = ("application/pdf",)

    def parse(self, source: Source) -> Document:
        """The document in ``source``.

        A page that cannot be read, or for which no time is left, makes the status partial.

        Raises:
            Encrypted: it needs a password.
            ParseError: it is damaged.
        """
        import pypdfium2
        import pypdfium2.raw as raw

        try:
            pdf = pypdfium2.PdfDocument(_input(source))
        except pypdfium2.PdfiumError as error:
            if error.err_code == raw.FPDF_ERR_PASSWORD:
                raise Encrypted("the document needs a password") from error
            raise ParseError(f"the PDF is damaged: {_cause(error)}") from error
        with pdf:
            return _Reading(pdf, source, Builder(source, self.name, self.version)).document()


def _input(source: Source) -> Any:
    return source.read() if source.size <= _IN_MEMORY else source.open()


def _cause(error: Exception) -> str:
    match = re.search(r"PDFium: (.*?)\)?\.?$", str(error))
    return match[1].rstrip(").").lower() if match else str(error)


class _Reading:
    """The reading of one document: all lines first, since sizes and words mean something only in
    the whole of it, then page after page."""

    def __init__(self, pdf: Any, source: Source, builder: Builder) -> None:
        self._pdf = pdf
        self._source = source
        self._builder = builder
        self._reserve = source.seconds_left() * _MARGIN
        self._failed: list[int] = []
        self._ocr: Tesseract | None = None
        self._ocr_looked_for = False

    def document(self) -> Document:
        pages = [self._lines_of(index) for index in range(len(self._pdf))]
        read = [lines for lines, _ in pages if lines is not None]
        style = style_of(read)
        gutters = [gutter_of(lines or [], width) for lines, width in pages]
        with_gutter = sum(gutter is not None for gutter in gutters)
        two_columns = with_gutter >= _TWO_COLUMNS * max(1, sum(map(bool, read)))
        words = _vocabulary(read)
        for index, (lines, _) in enumerate(pages):
            if lines:
                self._builder.page(self._label(index))
                columns = in_reading_order(lines, gutters[index] if two_columns else None)
                self._add(paragraphs_of(columns, style), style, words)
            else:
                self._picture(index, failed=lines is None)
        return self._finished(len(pages))

    def _finished(self, count: int) -> Document:
        if not self._failed:
            return self._builder.build(self._facts())
        for number in self._failed[:20]:
            self._builder.warn(f"page {number} could not be read")
        reason = f"pages {count - len(self._failed)}/{count} were read"
        return self._builder.build(self._facts(), status=Status.PARTIAL, reason=reason)

    def _is_late(self) -> bool:
        return self._source.seconds_left() < self._reserve

    def _lines_of(self, index: int) -> tuple[list[Line] | None, float]:
        """The lines of a page, None where it cannot be read, and its width."""
        import pypdfium2

        if self._is_late():
            return None, 0.0
        try:
            page = self._pdf[index]
        except pypdfium2.PdfiumError:
            return None, 0.0
        try:
            return page_lines(page), float(page.get_width())
        except pypdfium2.PdfiumError:
            return None, 0.0
        finally:
            page.close()

    def _label(self, index: int) -> str:
        return str(self._pdf.get_page_label(index) or "")

    def _add(self, paragraphs: list[Paragraph], style: Style, words: set[str]) -> None:
        for paragraph in paragraphs:
            lines = paragraph.lines
            if paragraph.kind is BlockKind.TABLE:
                rows = [[cell.text for cell in line.cells] for line in lines]
                pieces = [
                    Piece(BETWEEN_CELLS.join(row), bbox=line.box)
                    for row, line in zip(rows, lines, strict=True)
                ]
                self._builder.add_table(rows, pieces=pieces)
            else:
                pieces = list(_pieces(lines, words))
                self._builder.add(paragraph.kind, pieces, level=paragraph.level)

    def _picture(self, index: int, *, failed: bool) -> None:
        """A page without text: read it from its picture if that can be done."""
        number = index + 1
        if failed:
            self._builder.page(self._label(index))
            self._failed.append(number)
            return
        lines = self._recognised(index)
        self._builder.page(self._label(index), source="ocr" if lines else "text")
        paragraphs: dict[tuple[str, ...], list[Piece]] = {}
        for line in lines:
            piece = Piece(line.text, glue=" ", bbox=line.box)
            paragraphs.setdefault(line.paragraph, []).append(piece)
        for pieces in paragraphs.values():
            self._builder.add(BlockKind.PARAGRAPH, pieces)

    def _recognised(self, index: int) -> list[ReadLine]:
        import pypdfium2

        page = self._pdf[index]
        try:
            if not _has_picture(page):
                return []
            if self._is_late():
                raise TimeoutError("no time is left for this page")
            tesseract = self._tesseract()
            if tesseract is None:
                self._builder.warn("pages without text are pictures; tesseract would read them")
                return []
            return tesseract.read(page, self._source.seconds_left() - self._reserve)
        except (OSError, ValueError, pypdfium2.PdfiumError):  # TimeoutError is an OSError
            self._failed.append(index + 1)
            return []
        finally:
            page.close()

    def _tesseract(self) -> Tesseract | None:
        if not self._ocr_looked_for:
            self._ocr_looked_for = True
            self._ocr = Tesseract.find()
        return self._ocr

    def _facts(self) -> Facts:
        title = str(self._pdf.get_metadata_value("Title")).strip()
        author = str(self._pdf.get_metadata_value("Author")).strip()
        return Facts(
            "" if _NO_TITLE.match(title) else title,
            "" if _NO_AUTHOR.match(author) else author,
            "",
            day(str(self._pdf.get_metadata_value("CreationDate"))),
        )


def _has_picture(page: Any) -> bool:
    import pypdfium2.raw as raw

    drawn = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_FORM)
    return next(iter(page.get_objects(filter=drawn, max_depth=2)), None) is not None


def _vocabulary(pages: Iterable[list[Line]]) -> set[str]:
    """The words within lines, lower case, those with hyphens among them."""
    return {word.lower() for lines in pages for line in lines for word in _WORD.findall(line.text)}


def _pieces(lines: list[Line], words: set[str]) -> Iterable[Piece]:
    """The lines of a paragraph; a word divided between two of them is made whole."""
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        text, glue = line.text, " "
        if after is not None:
            text, glue = _joint(line, after, words)
        yield Piece(text, glue=glue, bbox=line.box)


def _joint(line: Line, after: Line, words: set[str]) -> tuple[str, str]:
    """A line's text and what stands between it and the next one.

    pdfium takes the hyphen away from a word that it sees divided, from compounds too; which one it
    was is told by the rest of the document.
    """
    last, first = _LAST_WORD.search(line.text), _FIRST_WORD.match(after.text)
    if last is None or first is None or not (line.hyphen or last[2]):
        return line.text, " "
    if not line.hyphen and not first[0][0].islower():
        return line.text, ""  # "Jean-" and "Paul", "2019-" and "2020": the hyphen is the word's own
    stem = line.text[: last.end(1)]
    whole, compound = f"{last[1]}{first[0]}".lower(), f"{last[1]}-{first[0]}".lower()
    keep = compound in words and whole not in words
    return (f"{stem}-" if keep else stem), ""
