"""Word documents: the body in its own order, read straight from the package's XML.

python-docx leaves out what stands in content controls and tracked insertions, and refuses
macro-enabled and strict documents; the text of all of these is in the same few elements.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from lsfs.errors import ParseError
from lsfs.model import BlockKind, Document
from lsfs_parsers import archive, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Grid, Piece
from lsfs_parsers.ooxml import attribute, core_facts, related, tag, xml
from lsfs_parsers.versions import VERSIONS

_HEADING_NAME = re.compile(r"heading (\d)$", re.I)
_MAX_STYLE_DEPTH = 20  # styles are based on each other; a loop must end
_DEFAULT_MAIN = "word/document.xml"

# Containers whose paragraphs are the document's: content controls, smart tags, tracked insertions.
_TRANSPARENT = frozenset({"sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"})
# Their text is deleted, is shown elsewhere already, or is no text.
_SKIPPED = frozenset({"del", "moveFrom", "Fallback", "pPr", "rPr", "instrText", "sdtPr", "tblPr"})
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}


class _Style(Struct, frozen=True):
    kind: BlockKind
    level: int = 0


_BODY = _Style(BlockKind.PARAGRAPH)


class DocxParser:
    """Reads Office Open XML text documents, templates and macro-enabled ones."""

    name = "docx"
    version = VERSIONS["docx"]
    media_types = (detect.DOCX,)

    def parse(self, source: Source) -> Document:
        """The document in ``source``; spans count its paragraphs, a table's row being one.

        Raises:
            TooLarge, Encrypted: see :func:`lsfs_parsers.archive.opened`.
            ParseError: it is damaged.
        """
        builder = Builder(source, self.name, self.version, line_unit="paragraph")
        with archive.opened(source) as package:
            parts = related(package)
            main = parts.get("officeDocument", _DEFAULT_MAIN)
            folder = posixpath.dirname(main)
            document = xml(package, main)
            if document is None:
                raise ParseError("the document's main part is missing")
            styles = _styles(xml(package, f"{folder}/styles.xml"))
            body = next((node for node in document if tag(node) == "body"), None)
            if body is None:
                raise ParseError("the document has no body")
            _read_body(body, styles, builder)
            _read_notes(xml(package, f"{folder}/footnotes.xml"), builder)
            facts = core_facts(package, parts)
        return builder.build(facts)


def _child(node: Any, *names: str) -> Any:
    """The element reached by the first child of each name in turn, or None."""
    for name in names:
        if node is None:
            return None
        node = next((child for child in node if tag(child) == name), None)
    return node


def _value(node: Any, *names: str) -> str:
    found = _child(node, *names)
    return attribute(found, "val") if found is not None else ""


def _styles(root: Any) -> dict[str, _Style]:
    """The meaning of each paragraph style by its id; a style inherits from what it is based on."""
    if root is None:
        return {}
    own: dict[str, _Style | None] = {}
    base: dict[str, str] = {}
    for node in root:
        if tag(node) == "style" and attribute(node, "type") == "paragraph":
            identity = attribute(node, "styleId")
            own[identity] = _meaning(node)
            base[identity] = _value(node, "basedOn")
    resolved = {}
    for identity in own:
        at = identity
        for _ in range(_MAX_STYLE_DEPTH):
            if own.get(at) is not None or at not in base:
                break
            at = base[at]
        resolved[identity] = own.get(at) or _BODY
    return resolved


def _meaning(node: Any) -> _Style | None:
    """What a style says by its name, which is English for built-in styles in every language."""
    name = _value(node, "name").lower()
    if match := _HEADING_NAME.match(name):
        return _Style(BlockKind.HEADING, int(match[1]))
    if name == "title":
        return _Style(BlockKind.TITLE)
    if name == "caption":
        return _Style(BlockKind.CAPTION)
    if name.startswith("list "):
        return _Style(BlockKind.LIST_ITEM)
    outline = _value(node, "pPr", "outlineLvl")
    if outline.isdecimal() and int(outline) < 9:  # 9 means body text (ECMA-376 17.3.1.20)
        return _Style(BlockKind.HEADING, int(outline) + 1)
    return None


def _named(container: Any, *names: str) -> Iterator[Any]:
    """The nearest elements of these names in their order, those in transparent containers too."""
    waiting = [iter(container)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        elif tag(node) in names:
            yield node
        elif tag(node) in _TRANSPARENT:
            waiting.append(iter(node))


def _read_body(body: Any, styles: dict[str, _Style], builder: Builder) -> None:
    number = 0
    for node in _named(body, "p", "tbl"):
        if builder.full:
            return
        if tag(node) == "tbl":
            rows = _rows(node)
            lines = list(range(number + 1, number + 1 + len(rows)))
            builder.add_table(rows, lines=lines, grid=Grid(_header_rows(node)))
            number += len(rows)
            continue
        number += 1
        style = _style_of(node, styles)
        pieces = [Piece(line, number) for line in _text(node).split("\n")]
        builder.add(style.kind, pieces, level=style.level)


def _style_of(paragraph: Any, styles: dict[str, _Style]) -> _Style:
    properties = _child(paragraph, "pPr")
    if properties is None:
        return _BODY
    style = styles.get(_value(properties, "pStyle"), _BODY)
    if style is _BODY and _child(properties, "numPr") is not None:
        return _Style(BlockKind.LIST_ITEM)
    return style


def _text(node: Any) -> str:
    """The text of a paragraph, or of all paragraphs in ``node``, with a newline between them."""
    from lxml import etree

    parts: list[str] = []
    walk = etree.iterwalk(node, events=("start",))
    for _, element in walk:
        name = tag(element)
        if name in _SKIPPED:
            walk.skip_subtree()
        elif name == "t":
            parts.append(element.text or "")
        elif name in _CHARACTERS:
            parts.append(_CHARACTERS[name])
        elif name == "p" and parts:
            parts.append("\n")
    return "".join(parts)


def _rows(table: Any) -> list[list[str]]:
    """The cells of a table; a table within a cell is part of the cell's text."""
    return [[_text(cell) for cell in _named(row, "tc")] for row in _named(table, "tr")]


def _header_rows(table: Any) -> int:
    """Rows at the top that are marked to be repeated on each page."""
    count = 0
    for row in _named(table, "tr"):
        if _child(row, "trPr", "tblHeader") is None:
            break
        count += 1
    return count


def _read_notes(root: Any, builder: Builder) -> None:
    if root is None:
        return
    for note in root:
        if not attribute(note, "type"):  # separators have one
            builder.add(BlockKind.FOOTNOTE, [Piece(line) for line in _text(note).split("\n")])
