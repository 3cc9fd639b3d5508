"""OpenDocument: texts, presentations and drawings, from the package or from one flat XML file."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from lsfs.errors import Encrypted, ParseError
from lsfs.model import BlockKind, Document
from lsfs_parsers import archive, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts
from lsfs_parsers.dates import day
from lsfs_parsers.odf_text import Reading, Style, Styles
from lsfs_parsers.slides import Box, around, row_by_row
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.xmltree import attribute, child, children, parsed, tag, within, xml

_MAX_FLAT = 64 * 1024 * 1024
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(cm|mm|in|pt|pc|px)$")
_POINTS = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}
_LONGEST_TRANSFORM = 200  # characters
_LONGEST_NUMBER = 12  # digits
_MOVED = re.compile(r"translate\s*\(\s*(\S+?)[\s,]+(\S+?)\s*\)")
_NO_SHAPES = frozenset({"notes", "animations", "forms", "layer-set", "par", "seq"})
_NO_TEXT = frozenset({"header", "footer", "date-time", "page-number"})


class OdfParser:
    """Reads OpenDocument texts (odt, ott, odm, fodt), presentations and drawings."""

    name = "odf"
    version = VERSIONS["odf"]
    media_types = detect.ODF

    def parse(self, source: Source) -> Document:
        """The document in ``source``: a text by paragraphs, a presentation by slides.

        A text has pages when the program that saved it wrote down where they ended.

        Raises:
            TooLarge: see :func:`lsfs_parsers.archive.opened`.
            Encrypted: it needs a password.
            ParseError: it is damaged.
        """
        unit = "slide" if "presentation" in source.media_type else "page"
        builder = Builder(source, self.name, self.version, line_unit="paragraph", page_unit=unit)
        if source.media_type.endswith("-flat-xml"):
            root = parsed(source.read(min(source.size, _MAX_FLAT)), "the document")
            return _read(_Roots(root, root, root), builder)
        with archive.opened(source) as package:
            _check_password(package)
            content = xml(package, "content.xml")
            if content is None:
                raise ParseError("the document's content is missing")
            roots = _Roots(content, optional(package, "styles.xml"), optional(package, "meta.xml"))
            return _read(roots, builder, lambda name: optional(package, f"{name}/content.xml"))


class _Roots(Struct, frozen=True):
    """The root elements of a document's parts; None where one is missing."""

    content: Any
    styles: Any
    meta: Any


def _check_password(package: zipfile.ZipFile) -> None:
    manifest = optional(package, "META-INF/manifest.xml")
    if next(within(manifest, "encryption-data"), None) is not None:
        raise Encrypted("the document needs a password")


def optional(package: zipfile.ZipFile, name: str) -> Any:
    """A part without which there is a document still; None when it is missing or damaged."""
    with suppress(ParseError):
        return xml(package, name)
    return None


def _read(roots: _Roots, builder: Builder, part: Callable[[str], Any] = lambda _: None) -> Document:
    styles = styles_of(roots)
    reading = Reading(builder, styles, part)
    body = child(roots.content, "body")
    main = next((node for node in body if tag(node) in _BODIES), None) if body is not None else None
    if main is None:
        raise ParseError("the document has no body")
    if tag(main) == "text":
        reading.text(main)
    else:
        _read_slides(main, reading, builder, styles)
    return builder.build(meta_facts(roots.meta))


_BODIES = frozenset({"text", "presentation", "drawing"})


def styles_of(roots: _Roots) -> Styles:
    """The styles of the document and those made for single paragraphs, by name."""
    found: dict[str, Style] = {}
    for root in (roots.styles, roots.content):
        for group in children(root, "styles", "automatic-styles"):
            for node in children(group, "style"):
                found[attribute(node, "name")] = _style(node)
    return Styles(found)


def _style(node: Any) -> Style:
    breaks = [
        attribute(properties, "break-before") in ("page", "column")
        for properties in children(node, "paragraph-properties", "table-properties")
    ]
    page = child(node, "drawing-page-properties")
    return Style(
        attribute(node, "parent-style-name"),
        attribute(node, "default-outline-level"),
        any(breaks) or bool(attribute(node, "master-page-name")),
        page is not None and attribute(page, "visibility") == "hidden",
    )


def meta_facts(root: Any) -> Facts:
    """What the root element of ``meta.xml`` says; nothing when it is None."""
    meta = child(root, "meta") if root is not None else None
    texts = {tag(node): node.text or "" for node in meta} if meta is not None else {}
    return Facts(
        texts.get("title", ""),
        texts.get("initial-creator") or texts.get("creator", ""),
        texts.get("language", ""),
        day(texts.get("creation-date") or texts.get("date", "")),
    )


# --- presentations and drawings


class _Shape(Struct, frozen=True):
    """Something drawn on a slide; a group's shapes are a unit."""

    nodes: tuple[Any, ...]
    box: Box | None
    role: str = ""

    @property
    def rank(self) -> int:
        if not self.role:
            return 2
        return 0 if self.role == "title" else 1


def _read_slides(main: Any, reading: Reading, builder: Builder, styles: Styles) -> None:
    for page in children(main, "page"):
        if builder.full:
            return
        number = builder.pages + 1
        hidden = styles.hides(attribute(page, "style-name"))
        builder.leave_headings()
        builder.page(f"{number} (hidden)" if hidden else "")
        for node, box in _in_order(page):
            _read_shape(node, box, reading)
        for frame in within(child(page, "notes"), "frame"):
            if attribute(frame, "class") == "notes":
                reading.notes(frame)


def _read_shape(node: Any, box: Box | None, reading: Reading) -> None:
    role = attribute(node, "class")
    if role in _NO_TEXT or attribute(node, "placeholder") == "true":
        return
    reading.box = box
    if role == "title":
        reading.heading(node)
    else:
        reading.blocks(node, BlockKind.PARAGRAPH)
    reading.box = None


def _in_order(page: Any) -> list[tuple[Any, Box | None]]:
    """The shapes on a page: the title, what fills its layout, then all others row by row."""
    shapes = _shapes(page)
    filled = sorted((shape for shape in shapes if shape.role), key=lambda shape: shape.rank)
    free = [shape for shape in shapes if not shape.role]
    free = [free[at] for at in row_by_row([shape.box for shape in free])]
    return [(node, shape.box) for shape in (*filled, *free) for node in shape.nodes]


def _shapes(container: Any) -> list[_Shape]:
    found = []
    for node in container:
        if tag(node) in _NO_SHAPES or not tag(node):
            continue
        if tag(node) in ("g", "a"):
            inner = _shapes(node)
            inner = [inner[at] for at in row_by_row([shape.box for shape in inner])]
            nodes = tuple(one for shape in inner for one in shape.nodes)
            found.append(_Shape(nodes, around([shape.box for shape in inner])))
        else:
            found.append(_Shape((node,), _box(node), attribute(node, "class")))
    return found


def _box(node: Any) -> Box | None:
    left, top = points(attribute(node, "x")), points(attribute(node, "y"))
    if left is None or top is None:
        moved = _MOVED.search(attribute(node, "transform")[:_LONGEST_TRANSFORM])
        left, top = (points(moved[1]), points(moved[2])) if moved else (None, None)
    if left is None or top is None:
        return None
    width = points(attribute(node, "width")) or 0.0
    height = points(attribute(node, "height")) or 0.0
    return left, top, left + width, top + height


def points(length: str) -> float | None:
    """A length ("2.5cm") in points; None for what is none."""
    match = _LENGTH.match(length)
    if match is None or len(match[1]) > _LONGEST_NUMBER:
        return None
    return float(match[1]) * _POINTS[match[2]]
