"""Presentations: a page for each slide, read straight from the package's XML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lsfs.errors import ParseError
from lsfs.model import BlockKind, Document, Furniture, FurnitureRole, Merged, Status
from lsfs_parsers import archive, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Grid, Piece, one_line
from lsfs_parsers.drawings import chart_rows, chart_title, diagram_texts
from lsfs_parsers.ooxml import core_facts, related, relations
from lsfs_parsers.slides import Box, around, row_by_row
from lsfs_parsers.xmltree import attribute, child, children, number, tag, within, xml

_DEFAULT_MAIN = "ppt/presentation.xml"
_EMU = 12_700  # English metric units in a point (ECMA-376 part 1, 20.1.2.1)

_TITLES = frozenset({"title", "ctrTitle"})
_BESIDE = {
    "dt": FurnitureRole.FOOTER, "ftr": FurnitureRole.FOOTER, "hdr": FurnitureRole.HEADER,
    "sldNum": FurnitureRole.PAGE_NUMBER,
}  # fmt: skip
_NUMBER_FIELD = "\u2039#\u203a"  # what stands for a slide's number
_BULLETS = ("buChar", "buAutoNum", "buBlip")
# Their text is a program's, or is shown elsewhere already.
_SKIPPED = frozenset({"pPr", "rPr", "endParaRPr", "Fallback"})
_NO_TITLE = re.compile(r"(powerpoint|slide|presentation)\W*(presentation|\d*)$", re.I)
_FILE_NAME = re.compile(r"\S+\.\w{3,4}$")
_MADE_UP = re.compile(r"\s*(AI-generated content may be incorrect|Description automatically "
                      r"generated.*)\.?\s*$", re.S)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shape:
    """Something drawn on a slide.

    Attributes:
        box: its place, None where nothing says it.
        holder: the placeholder that it fills, if it does.
    """

    node: Any
    box: Box | None
    holder: Any = None

    @property
    def role(self) -> str:
        """The type of its placeholder; "" for a shape that is none."""
        return "" if self.holder is None else attribute(self.holder, "type") or "obj"

    @property
    def rank(self) -> tuple[int, int]:
        """Titles before other placeholders in their template's order, before all other shapes."""
        if self.holder is None:
            return 2, 0
        return (0, 0) if self.role in _TITLES else (1, number(self.holder, "idx"))


@dataclass(frozen=True, slots=True)
class _Scale:
    """How the numbers in a group become points on the slide."""

    left: float = 0.0
    top: float = 0.0
    x: float = 1 / _EMU
    y: float = 1 / _EMU

    def box(self, frame: Any) -> Box | None:
        """The place that an ``xfrm`` element gives; None when it gives none."""
        off, ext = child(frame, "off"), child(frame, "ext")
        if off is None or ext is None:
            return None
        left = self.left + number(off, "x") * self.x
        top = self.top + number(off, "y") * self.y
        width, height = number(ext, "cx") * self.x, number(ext, "cy") * self.y
        return left, top, left + abs(width), top + abs(height)

    def inside(self, frame: Any) -> _Scale:
        """The scale within a group."""
        box, off, ext = self.box(frame), child(frame, "chOff"), child(frame, "chExt")
        width, height = (number(ext, "cx"), number(ext, "cy")) if ext is not None else (0, 0)
        if box is None or off is None or width <= 0 or height <= 0:
            return self
        x, y = (box[2] - box[0]) / width, (box[3] - box[1]) / height
        return _Scale(box[0] - number(off, "x") * x, box[1] - number(off, "y") * y, x, y)


class PptxParser:
    """Reads Office Open XML presentations, slide shows, templates and macro-enabled ones."""

    name = "pptx"
    version = 1
    media_types = (detect.PPTX,)

    def parse(self, source: Source) -> Document:
        """The slides in ``source``, each with its notes and comments behind it.

        A slide that is damaged makes the status partial.

        Raises:
            TooLarge, Encrypted: see :func:`lsfs_parsers.archive.opened`.
            ParseError: it is damaged.
        """
        builder = Builder(source, self.name, self.version, page_unit="slide")
        with archive.opened(source) as package:
            parts = related(package)
            main = parts.get("officeDocument", _DEFAULT_MAIN)
            presentation = xml(package, main)
            if presentation is None:
                raise ParseError("the presentation's main part is missing")
            facts = core_facts(package, parts)
            if _NO_TITLE.match(facts.title.strip()):
                facts = replace(facts, title="")
            return _Deck(package, main, presentation, builder).document(facts)


class _Deck:
    """The reading of one presentation."""

    def __init__(
        self, package: zipfile.ZipFile, main: str, presentation: Any, builder: Builder
    ) -> None:
        self._package = package
        self._main = main
        self._presentation = presentation
        self._builder = builder
        self._templates: dict[str, _Template] = {}

    def document(self, facts: Facts) -> Document:
        parts = list(self._slides())
        read = 0
        for part in parts:
            if self._builder.full:
                break
            try:
                self._read(part)
                read += 1
            except ParseError as error:
                self._builder.warn(error.message)
        if read == len(parts) or self._builder.full:
            return self._builder.build(facts)
        reason = f"slides {read}/{len(parts)} were read"
        return self._builder.build(facts, status=Status.PARTIAL, reason=reason)

    def _slides(self) -> Iterator[str]:
        """The parts of the slides in their order."""
        targets = relations(self._package, self._main)
        for node in children(child(self._presentation, "sldIdLst"), "sldId"):
            # Its "id" without a namespace is another number.
            found = next((str(v) for key, v in node.items() if key.endswith("}id")), "")
            if found in targets:
                yield targets[found][1]

    def _read(self, part: str) -> None:
        builder = self._builder
        builder.leave_headings()
        size = child(self._presentation, "sldSz")
        size_in_points = (
            (number(size, "cx") / _EMU, number(size, "cy") / _EMU)
            if size is not None
            else (0.0, 0.0)
        )
        root = None
        try:
            root = xml(self._package, part)
        finally:
            hidden = root is not None and attribute(root, "show") in ("0", "false")
            builder.page(self._label(hidden=hidden), size=size_in_points)
        if root is None:
            raise ParseError(f"{part} is missing")
        targets = relations(self._package, part)
        template = self._template(_first(targets, "slideLayout"))
        slide = _Slide(self._package, targets, template, builder)
        slide.add(child(root, "cSld", "spTree"))
        for kind, other in targets.values():
            if kind == "notesSlide":
                slide.add_notes(child(xml(self._package, other), "cSld", "spTree"))
        for kind, other in targets.values():
            if kind == "comments":
                slide.add_comments(xml(self._package, other))

    def _label(self, *, hidden: bool) -> str:
        return f"{self._builder.pages + 1} (hidden)" if hidden else ""

    def _template(self, part: str) -> _Template:
        """A slide's layout, with the master that it is based on."""
        if part not in self._templates:
            self._templates[part] = self._loaded(part)
        return self._templates[part]

    def _loaded(self, part: str) -> _Template:
        layout = xml(self._package, part) if part else None
        master_part = _first(relations(self._package, part), "slideMaster") if part else ""
        master = xml(self._package, master_part) if master_part else None
        return _Template(layout, master)


def _first(targets: dict[str, tuple[str, str]], kind: str) -> str:
    return next((part for found, part in targets.values() if found == kind), "")


class _Template:
    """What a slide's layout and master say of its placeholders."""

    def __init__(self, layout: Any, master: Any) -> None:
        self._levels = [_placeholders(layout), _placeholders(master)]
        self._styles = child(master, "txStyles")

    def box(self, shape: _Shape) -> Box | None:
        """The place of a placeholder that names none itself."""
        boxes = (_Scale().box(child(like, "spPr", "xfrm")) for like in self._like(shape))
        return next((box for box in boxes if box is not None), None)

    def has_bullet(self, shape: _Shape, level: int) -> bool:
        """Whether paragraphs of this level have a bullet or number when they do not say."""
        name = f"lvl{level + 1}pPr"
        own = [shape.node, *self._like(shape)]
        for styles in [child(node, "txBody", "lstStyle") for node in own]:
            told = bullet(child(styles, name))
            if told is not None:
                return told
        if self._styles is None or shape.holder is None or shape.role in _TITLES:
            return False
        return bullet(child(self._styles, "bodyStyle", name)) or False

    def _like(self, shape: _Shape) -> Iterator[Any]:
        """The placeholders that a slide's one is made after: by its index, else by its type."""
        if shape.holder is None:
            return
        index, role = attribute(shape.holder, "idx"), shape.role
        for placeholders in self._levels:
            by_index = [node for at, _, node in placeholders if index and at == index]
            by_role = [node for _, other, node in placeholders if _alike(other, role)]
            yield from (by_index or by_role)[:1]
            role = next(
                (r for _, r, node in placeholders if by_index and node is by_index[0]), role
            )
            index = ""  # a master's placeholders have numbers of their own


def _placeholders(root: Any) -> list[tuple[str, str, Any]]:
    """Index, type and element of each placeholder of a layout or master."""
    shapes = within(child(root, "cSld", "spTree"), "sp") if root is not None else ()
    found = []
    for node in shapes:
        holder = _holder(node)
        if holder is not None:
            found.append((attribute(holder, "idx"), attribute(holder, "type") or "obj", node))
    return found


def _alike(one: str, other: str) -> bool:
    def general(role: str) -> str:
        return "title" if role in _TITLES else "body" if role in ("obj", "subTitle") else role

    return general(one) == general(other)


def _holder(node: Any) -> Any:
    """The ``ph`` element of a shape, or None."""
    return next((child(part, "nvPr", "ph") for part in node if tag(part).startswith("nv")), None)


def bullet(properties: Any) -> bool | None:
    """Whether paragraph properties give a bullet; None when they say nothing of it."""
    for node in properties if properties is not None else ():
        if tag(node) in _BULLETS:
            return True
        if tag(node) == "buNone":
            return False
    return None


class _Slide:
    """The reading of one slide."""

    def __init__(
        self,
        package: zipfile.ZipFile,
        targets: dict[str, tuple[str, str]],
        template: _Template,
        builder: Builder,
    ) -> None:
        self._package = package
        self._targets = targets
        self._template = template
        self._builder = builder

    def add(self, tree: Any) -> None:
        """Append what is drawn on the slide."""
        if tree is None:
            return
        for shape in self._in_order(tree, _Scale()):
            if shape.role in _BESIDE:
                self._add_beside(shape, _BESIDE[shape.role])
            elif tag(shape.node) == "graphicFrame":
                self._add_frame(shape)
            elif tag(shape.node) == "pic":
                self._add_description(shape)
            else:
                self._add_text(shape)

    def add_notes(self, tree: Any) -> None:
        """Append what the speaker is to say."""
        for node in within(tree, "sp"):
            holder = _holder(node)
            if holder is not None and attribute(holder, "type") == "body":
                self._add_marked("Notes", [t for _, t in paragraphs(child(node, "txBody"))])

    def add_comments(self, root: Any) -> None:
        """Append what others wrote on the slide, in the old and the new form."""
        for comment in within(root, "cm", "reply"):
            old = child(comment, "text")
            texts = [t for _, t in paragraphs(child(comment, "txBody"))]
            self._add_marked("Comment", texts if old is None else [old.text or ""])

    def _add_marked(self, mark: str, texts: list[str]) -> None:
        texts = [text for text in texts if text.strip()]
        if texts:
            texts[0] = f"{mark}: {texts[0].lstrip()}"
            self._builder.add(BlockKind.FOOTNOTE, [Piece(text) for text in texts])

    def _in_order(self, container: Any, scale: _Scale) -> list[_Shape]:
        """The shapes of a slide or group in reading order; those of a group stay together."""
        units: list[tuple[tuple[int, int], Box | None, list[_Shape]]] = []
        for node in _drawn(container):
            if tag(node) == "grpSp":
                inner = self._in_order(node, scale.inside(child(node, "grpSpPr", "xfrm")))
                units.append(((2, 0), around([shape.box for shape in inner]), inner))
                continue
            shape = _Shape(node, scale.box(_frame(node)), _holder(node))
            if shape.box is None:
                shape = replace(shape, box=self._template.box(shape))
            units.append((shape.rank, shape.box, [shape]))
        ranked = sorted((unit for unit in units if unit[0][0] < 2), key=lambda unit: unit[0])
        free = [unit for unit in units if unit[0][0] == 2]
        free = [free[at] for at in row_by_row([box for _, box, _ in free])]
        return [shape for _, _, shapes in (*ranked, *free) for shape in shapes]

    def _add_beside(self, shape: _Shape, role: FurnitureRole) -> None:
        number_here = self._builder.pages
        text = " ".join(text for _, text in paragraphs(child(shape.node, "txBody")))
        text = text.replace(_NUMBER_FIELD, str(number_here))
        self._builder.beside(Furniture(number_here, text, role, shape.box))

    def _add_text(self, shape: _Shape) -> None:
        found = list(paragraphs(child(shape.node, "txBody")))
        if shape.role in _TITLES:
            pieces = [Piece(one_line(text), glue=" ", bbox=shape.box) for _, text in found]
            self._builder.add(BlockKind.HEADING, [p for p in pieces if p.text], level=1)
            return
        for node, text in found:
            pieces = [Piece(line, bbox=shape.box) for line in text.split("\n")]
            self._builder.add(self._kind(shape, node), pieces)

    def _kind(self, shape: _Shape, paragraph: Any) -> BlockKind:
        properties = child(paragraph, "pPr")
        has = bullet(properties)
        if has is None:
            level = number(properties, "lvl") if properties is not None else 0
            has = self._template.has_bullet(shape, min(max(level, 0), 8))
        return BlockKind.LIST_ITEM if has else BlockKind.PARAGRAPH

    def _add_frame(self, shape: _Shape) -> None:
        """A table, a chart or a diagram."""
        data = child(shape.node, "graphic", "graphicData")
        for node in data if data is not None else ():
            if tag(node) == "tbl":
                self._add_table(node, shape.box)
            elif tag(node) == "chart":
                self._add_chart(self._part(node, "id"))
            elif tag(node) == "relIds":
                for text in diagram_texts(self._part(node, "dm")):
                    self._builder.add(BlockKind.LIST_ITEM, [Piece(text, bbox=shape.box)])

    def _part(self, node: Any, reference: str) -> Any:
        """The part that an attribute refers to, or None when it cannot be read."""
        target = self._targets.get(attribute(node, reference))
        if target is None:
            return None
        try:
            return xml(self._package, target[1])
        except ParseError as error:
            self._builder.warn(error.message)
            return None

    def _add_table(self, table: Any, box: Box | None) -> None:
        rows: list[list[str]] = []
        merged: list[Merged] = []
        for row in children(table, "tr"):
            cells: list[str] = []
            for cell in children(row, "tc"):
                width, height = number(cell, "gridSpan", 1), number(cell, "rowSpan", 1)
                if width > 1 or height > 1:
                    merged.append(Merged(len(rows), len(cells), max(1, height), max(1, width)))
                texts = [text for _, text in paragraphs(child(cell, "txBody"))]
                cells.append("\n".join(texts))
            rows.append(cells)
        first = child(table, "tblPr")
        named = first is not None and attribute(first, "firstRow") in ("1", "true")
        grid = Grid(1 if named and len(rows) > 1 else 0, merged=merged)
        self._builder.add_table(rows, grid=grid)

    def _add_chart(self, chart: Any) -> None:
        if chart is None:
            return
        self._builder.add_text(BlockKind.CAPTION, chart_title(chart))
        rows = chart_rows(chart)
        if rows:
            self._builder.add_table(rows, grid=Grid(1))

    def _add_description(self, shape: _Shape) -> None:
        """A picture's description for those who cannot see it, when a person wrote one."""
        named = next((part for part in shape.node if tag(part).startswith("nv")), None)
        about = child(named, "cNvPr")
        text = _MADE_UP.sub("", attribute(about, "descr")) if about is not None else ""
        if text and not _FILE_NAME.match(text.strip()):
            self._builder.add(BlockKind.FIGURE, [Piece(one_line(text), bbox=shape.box)])


def _drawn(container: Any) -> Iterator[Any]:
    """The shapes and groups in a container; of alternatives, the preferred one."""
    for node in container:
        if tag(node) == "AlternateContent":
            yield from _drawn(child(node, "Choice") if child(node, "Choice") is not None else ())
        elif tag(node) in ("sp", "grpSp", "graphicFrame", "pic"):
            yield node


def _frame(node: Any) -> Any:
    """The ``xfrm`` element of a shape; a frame's is its own child."""
    own = child(node, "xfrm")
    return own if own is not None else child(node, "spPr", "xfrm")


def paragraphs(body: Any) -> Iterator[tuple[Any, str]]:
    """The paragraphs of a text body, with their text; a line break in it is a newline."""
    from lxml import etree

    for paragraph in children(body, "p"):
        parts: list[str] = []
        walk = etree.iterwalk(paragraph, events=("start",))
        for _, node in walk:
            name = tag(node)
            if name in _SKIPPED:
                walk.skip_subtree()
            elif name == "t":
                parts.append(node.text or "")
            elif name == "br":
                parts.append("\n")
        yield paragraph, "".join(parts)
