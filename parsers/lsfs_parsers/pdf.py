"""PDF: the text of each page in reading order, with the place of every line; what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from lsfs.errors import Encrypted, ParseError
from lsfs.model import Document, Status
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts
from lsfs_parsers.dates import day
from lsfs_parsers.ocr import LONGEST, Recognised, Tesseract
from lsfs_parsers.pdf_attached import add_attached
from lsfs_parsers.pdf_backend import GeometricBackend, aslant
from lsfs_parsers.pdf_lines import Turn, page_text, turn_of
from lsfs_parsers.pdf_outline import Outline, read_outline
from lsfs_parsers.pdf_page import PdfPage
from lsfs_parsers.pdf_rules import page_rules
from lsfs_parsers.pdf_tags import is_tagged, tagged_headings
from lsfs_parsers.stitch import stitch
from lsfs_parsers.unread import reason
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.window import PageReading, windows
from lsfs_parsers.xmp import own_packet, xmp_facts

_IN_MEMORY = 64 * 1024 * 1024  # bytes; a bigger file is read as pdfium asks for it
_MARGIN = 0.15  # share of the time that is kept for putting the document together
_FEW_LETTERS = 20  # a page with fewer is a picture, if one covers it
_PICTURE = 0.5  # of the page
_NO_TITLE = re.compile(
    r"untitled|microsoft (word|excel|powerpoint)|\(anonymous\)|.*\.\w{2,4}$", re.I
)
_NO_AUTHOR = re.compile(r"\(?(anonymous|unspecified|unknown|user|admin)\)?$", re.I)


class PdfParser:
    """Reads PDF with pdfium, and pages that are pictures with tesseract."""

    name = "pdf"
    version = VERSIONS["pdf"]
    media_types: tuple[str, ...] = ("application/pdf",)

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
            return self.reading(pdf, source).document()

    def reading(self, pdf: Any, source: Source) -> Reading:
        """What reads an open document."""
        return Reading(pdf, source, Builder(source, self.name, self.version))


def _input(source: Source) -> Any:
    return source.read() if source.size <= _IN_MEMORY else source.open()


def _cause(error: Exception) -> str:
    match = re.search(r"PDFium: (.*?)\)?\.?$", str(error))
    return match[1].rstrip(").").lower() if match else str(error)


class Reading:
    """The reading of one document."""

    def __init__(self, pdf: Any, source: Source, builder: Builder) -> None:
        self._pdf = pdf
        self._source = source
        self._builder = builder
        self._reserve = min(source.seconds_left(), LONGEST) * _MARGIN
        self._failed: list[int] = []
        self._late = ""  # the setting that would have given more time
        self._is_tagged = is_tagged(pdf)
        self._ocr: Tesseract | None = None
        self._ocr_looked_for = False

    def document(self) -> Document:
        """The document."""
        backend = GeometricBackend(self._pages(), Outline(read_outline(self._pdf)))
        stitch(self.readings(backend), self._builder, backend.joint)
        add_attached(self._pdf, self._source, self._builder)
        return self._finished(len(self._pdf))

    def readings(self, geometric: GeometricBackend) -> Iterator[PageReading]:
        """What each page says, in order."""
        return (geometric.read(window) for window in windows(geometric.pages()))

    def _pages(self) -> Iterator[PdfPage]:
        for index in range(len(self._pdf)):
            yield self._page(index)

    def _page(self, index: int) -> PdfPage:
        """A page with its lines; without any when it cannot be read or no time is left."""
        import pypdfium2

        nowhere = Turn(0, (0.0, 0.0, 0.0, 0.0))
        unread = PdfPage(index + 1, self._label(index), nowhere, nowhere)
        if self._is_late():
            self._failed.append(index + 1)
            self._late = self._late or "index.parse_seconds"
            return unread
        try:
            page = self._pdf[index]
        except pypdfium2.PdfiumError:
            self._failed.append(index + 1)
            return unread
        try:
            return self._read(page, unread)
        except pypdfium2.PdfiumError:
            self._failed.append(index + 1)
            return unread
        finally:
            page.close()

    def _read(self, page: Any, blank: PdfPage) -> PdfPage:
        text = page_text(page)
        found = replace(
            blank,
            turn=text.turn,
            shown=turn_of(page),
            lines=text.lines,
            rules=page_rules(page, turn=text.turn),
            beside=aslant(text.aslant),
            tagged=tagged_headings(page, text.turn) if self._is_tagged else [],
        )
        letters = sum(len(line.text) for line in text.lines)
        if letters < _FEW_LETTERS and _has_picture(page, whole=letters > 0):
            seen = self._recognised(page, blank.number)
            if seen.lines:
                turn = replace(found.shown, degrees=(found.shown.degrees + seen.degrees) % 360)
                aside = aslant(seen.aslant)
                found = replace(found, turn=turn, lines=seen.lines, source="ocr", beside=aside)
        return found

    def _recognised(self, page: Any, number: int) -> Recognised:
        """What a page that is a picture shows, as far as that can be read."""
        import pypdfium2

        if self._is_late():
            self._failed.append(number)
            self._late = "index.scan_seconds"
            return Recognised([])
        tesseract = self._tesseract()
        if tesseract is None:
            self._builder.warn("pages without text are pictures; tesseract would read them")
            return Recognised([])
        try:
            with self._source.reading_picture(self._reserve) as seconds:
                return tesseract.read_page(page, seconds)
        except (OSError, ValueError, pypdfium2.PdfiumError) as error:
            self._failed.append(number)
            if isinstance(error, TimeoutError):
                self._late = "index.scan_seconds"
            return Recognised([])

    def _tesseract(self) -> Tesseract | None:
        if not self._ocr_looked_for:
            self._ocr_looked_for = True
            self._ocr = Tesseract.find(self._source.memory)
        return self._ocr

    def _is_late(self) -> bool:
        return self._source.seconds_left() < self._reserve

    def _label(self, index: int) -> str:
        return str(self._pdf.get_page_label(index) or "")

    def _finished(self, count: int) -> Document:
        if not self._failed:
            return self._builder.build(self._facts())
        for number in self._failed[:20]:
            self._builder.warn(f"page {number} could not be read")
        why = reason(sorted(self._failed), count, self._late)
        return self._builder.build(self._facts(), status=Status.PARTIAL, reason=why)

    def _facts(self) -> Facts:
        title = str(self._pdf.get_metadata_value("Title")).strip()
        author = str(self._pdf.get_metadata_value("Author")).strip()
        facts = Facts(
            "" if _NO_TITLE.match(title) else title,
            "" if _NO_AUTHOR.match(author) else author,
            "",
            day(str(self._pdf.get_metadata_value("CreationDate"))),
        )
        if facts.title and facts.author and facts.created:
            return facts
        stated = xmp_facts(own_packet(self._source.read(min(self._source.size, _IN_MEMORY))))
        if _NO_TITLE.match(stated.title):
            stated = replace(stated, title="")
        return facts.or_else(stated)


def _has_picture(page: Any, *, whole: bool) -> bool:
    """Whether something is drawn on a page; with ``whole``, a picture of half of it at least."""
    import pypdfium2.raw as raw

    if not whole:
        drawn = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_FORM)
        return next(iter(page.get_objects(filter=drawn, max_depth=2)), None) is not None
    width, height = page.get_size()
    for image in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=2):
        left, bottom, right, top = image.get_bounds()
        if (right - left) * (top - bottom) > _PICTURE * width * height:
            return True
    return False
