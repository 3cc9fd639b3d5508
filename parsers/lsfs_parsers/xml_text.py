"""XML of any kind: the text of its elements, under the names of those around them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from msgspec import Struct, field

from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Piece, one_line
from lsfs_parsers.packing import BLOCK_CHARS
from lsfs_parsers.text import add_lines, built, lines_of, read_text
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.xml_facts import xml_facts

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

_MAX_NAMES = 8  # in a path, the innermost
_MAX_NAME = 60  # characters
_MAX_DEPTH = 5_000
_FLUSH_AT = 64  # leaves of an element after which no text of its own is expected
_STEP = 1024 * 1024  # characters


class _TooDeep(Exception):
    pass


class XmlParser:
    """Reads any well-formed XML with expat, which follows no reference to the outside."""

    name = "xml"
    version = VERSIONS["xml"]
    media_types = (detect.XML, detect.SVG)

    def parse(self, source: Source) -> Document:
        """The text in ``source``: ``name: text`` for each element, attributes as ``name=value``.

        An element with text between its children is one text. The heading path of a block are the
        names of the elements that it stands in. What is not well-formed is kept as lines.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version, heading_is_title=False)
        text = "\n".join(lines_of(read_text(source, builder)))
        try:
            _Reader(builder).read(text)
        except (expat.ExpatError, _TooDeep) as error:
            builder = Builder(source, self.name, self.version, heading_is_title=False)
            builder.warn(f"it was read as text: {error}")
            add_lines(builder, text.split("\n"), BlockKind.CODE)
        return built(source, builder, xml_facts(text))


class _Leaf(Struct, frozen=True):
    """What an element without children says: ``text`` with its name, ``bare`` without it."""

    text: str
    bare: str
    line: int


class _Element(Struct):
    """An element that is open.

    Attributes:
        parts: in order, its own text and what its children without children of their own say.
        has_text: whether it has text of its own, white space aside.
        given: whether a part of it is in the document already.
    """

    name: str
    line: int
    attributes: str = ""
    parts: list[str | _Leaf] = field(default_factory=list)
    has_text: bool = False
    given: bool = False


class _Reader:
    """Takes expat's events. Never recurses."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._open: list[_Element] = [_Element("", 1)]
        self._parser: XMLParserType = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, text: str) -> None:
        """Append the blocks of a document.

        Raises:
            ExpatError: it is not well-formed, or its entities grow too much.
        """
        # The declaration names the encoding of the bytes that the text was decoded from.
        for at in range(0, len(text), _STEP):
            self._parser.Parse(text[at : at + _STEP].encode("utf-8", "replace"), False)
            if self._builder.full:
                return
        self._parser.Parse(b"", True)
        self._flush()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _MAX_DEPTH:
            raise _TooDeep(f"elements are nested deeper than {_MAX_DEPTH:,}")
        shown = ", ".join(
            f"{_local(key)}={one_line(value)}"
            for key, value in attributes.items()
            if value.strip() and not key.startswith("xmlns")
        )
        line = self._parser.CurrentLineNumber
        self._open.append(_Element(_local(name), line, shown))

    def _text(self, data: str) -> None:
        element = self._open[-1]
        element.parts.append(data)
        element.has_text = element.has_text or not data.isspace()

    def _end(self, _name: str) -> None:
        element = self._open[-1]
        is_flow = element.has_text and not element.given
        has_leaves = any(isinstance(part, _Leaf) for part in element.parts)
        if not is_flow and (has_leaves or element.has_text):
            self._flush()
        self._open.pop()
        if element.given:
            return
        bare = [part.bare if isinstance(part, _Leaf) else part for part in element.parts]
        self._give(element, one_line("".join(bare)) if is_flow else "")

    def _give(self, element: _Element, said: str) -> None:
        """Hand what an element says to the one around it."""
        outer = self._open[-1]
        names = f"{element.name} ({element.attributes})" if element.attributes else element.name
        if said or element.attributes:
            outer.parts.append(_Leaf(f"{names}: {said}" if said else names, said, element.line))
            if len(outer.parts) >= _FLUSH_AT and not outer.has_text:
                self._flush()
        elif outer.parts:
            outer.parts.append(" ")

    def _flush(self) -> None:
        """Give what the open elements hold, outermost first, so that the order is kept."""
        first = next((n for n, one in enumerate(self._open) if not one.given or one.parts), 0)
        for depth in range(first, len(self._open)):
            element = self._open[depth]
            if not element.given and element.attributes:
                head = f"{element.name} ({element.attributes})"
                element.parts.insert(0, _Leaf(head, "", element.line))
            element.given = True
            if element.parts:
                self._add(element, self._path(depth))
            element.parts = []
            element.has_text = False

    def _path(self, depth: int) -> tuple[str, ...]:
        names = [element.name[:_MAX_NAME] for element in self._open[1 : depth + 1]]
        return tuple(names[-_MAX_NAMES:])

    def _add(self, element: _Element, path: tuple[str, ...]) -> None:
        """Blocks of at most about ``BLOCK_CHARS`` from what an element holds."""
        held: list[Piece] = []
        size = 0
        for part in element.parts:
            text = part.text if isinstance(part, _Leaf) else one_line(part)
            if not text:
                continue
            if held and size + len(text) > BLOCK_CHARS:
                self._builder.add(BlockKind.PARAGRAPH, held, headings=path)
                held, size = [], 0
            held.append(Piece(text, part.line if isinstance(part, _Leaf) else element.line))
            size += len(text)
        self._builder.add(BlockKind.PARAGRAPH, held, headings=path)


def _local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]
