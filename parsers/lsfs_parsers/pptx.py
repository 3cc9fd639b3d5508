"""Presentations: a page for each slide, read straight from the package's XML."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from lsfs.errors import ParseError
from lsfs.model import BlockKind, Document, Furniture, FurnitureRole, Merged, Status
from lsfs_parsers import archive, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Grid, Piece, one_line
from lsfs_parsers.drawings import chart_rows, chart_title, diagram_texts
from lsfs_parsers.ooxml import core_facts, related, relations
from lsfs_parsers.pptx_shapes import (
    EMU,
    TITLES,
    Scale,
    Shape,
    Template,
    bullet,
    drawn,
    frame_of,
    holder_of,
    paragraphs,
)
from lsfs_parsers.slides import Box, around, by_a_person, row_by_row, without_usual_title
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.xmltree import attribute, child, children, number, tag, within, xml

_DEFAULT_MAIN = "ppt/presentation.xml"

_BESIDE = {
    "dt": FurnitureRole.FOOTER, "ftr": FurnitureRole.FOOTER, "hdr": FurnitureRole.HEADER,
    "sldNum": FurnitureRole.PAGE_NUMBER,
}  # fmt: skip
_MAX_SPAN = 1_000  # rows or columns of one cell
_NUMBER_FIELD = "\u2039#\u203a"  # what stands for a slide's number


class PptxParser:
    """Reads Office Open XML presentations, slide shows, templates and macro-enabled ones."""

    name = "pptx"
    version = VERSIONS["pptx"]
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
            facts = without_usual_title(core_facts(package, parts))
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
        self._templates: dict[str, Template] = {}

    def document(self, facts: Facts) -> Document:
        parts = list(self._slides())
        read = 0
        why = ""
        for part in parts:
            if self._builder.full:
                break
            try:
                self._read(part)
                read += 1
            except ParseError as error:
                why = why or error.message
                self._builder.warn(error.message)
        if why and not read:
            raise ParseError(why)
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
            (number(size, "cx") / EMU, number(size, "cy") / EMU) if size is not None else (0.0, 0.0)
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

    def _template(self, part: str) -> Template:
        """A slide's layout, with the master that it is based on."""
        if part not in self._templates:
            self._templates[part] = self._loaded(part)
        return self._templates[part]

    def _loaded(self, part: str) -> Template:
        layout = xml(self._package, part) if part else None
        master_part = _first(relations(self._package, part), "slideMaster") if part else ""
        master = xml(self._package, master_part) if master_part else None
        return Template(layout, master)


def _first(targets: dict[str, tuple[str, str]], kind: str) -> str:
    return next((part for found, part in targets.values() if found == kind), "")


class _Slide:
    """The reading of one slide."""

    def __init__(
        self,
        package: zipfile.ZipFile,
        targets: dict[str, tuple[str, str]],
        template: Template,
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
        for shape in self._in_order(tree, Scale()):
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
            holder = holder_of(node)
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

    def _in_order(self, container: Any, scale: Scale) -> list[Shape]:
        """The shapes of a slide or group in reading order; those of a group stay together."""
        units: list[tuple[tuple[int, int], Box | None, list[Shape]]] = []
        for node in drawn(container):
            if tag(node) == "grpSp":
                inner = self._in_order(node, scale.inside(child(node, "grpSpPr", "xfrm")))
                units.append(((2, 0), around([shape.box for shape in inner]), inner))
                continue
            shape = Shape(node, scale.box(frame_of(node)), holder_of(node))
            if shape.box is None:
                shape = replace(shape, box=self._template.box(shape))
            units.append((shape.rank, shape.box, [shape]))
        ranked = sorted((unit for unit in units if unit[0][0] < 2), key=lambda unit: unit[0])
        free = [unit for unit in units if unit[0][0] == 2]
        free = [free[at] for at in row_by_row([box for _, box, _ in free])]
        return [shape for _, _, shapes in (*ranked, *free) for shape in shapes]

    def _add_beside(self, shape: Shape, role: FurnitureRole) -> None:
        number_here = self._builder.pages
        text = " ".join(text for _, text in paragraphs(child(shape.node, "txBody")))
        text = text.replace(_NUMBER_FIELD, str(number_here))
        self._builder.beside(Furniture(number_here, text, role, shape.box))

    def _add_text(self, shape: Shape) -> None:
        found = list(paragraphs(child(shape.node, "txBody")))
        if shape.role in TITLES:
            pieces = [Piece(one_line(text), glue=" ", bbox=shape.box) for _, text in found]
            self._builder.add(BlockKind.HEADING, [p for p in pieces if p.text], level=1)
            return
        usual: dict[int, bool] = {}  # by level: whether a paragraph that does not say has a bullet
        for node, text in found:
            properties = child(node, "pPr")
            has = bullet(properties)
            if has is None:
                level = number(properties, "lvl") if properties is not None else 0
                level = min(max(level, 0), 8)
                if level not in usual:
                    usual[level] = self._template.has_bullet(shape, level)
                has = usual[level]
            kind = BlockKind.LIST_ITEM if has else BlockKind.PARAGRAPH
            self._builder.add(kind, [Piece(line, bbox=shape.box) for line in text.split("\n")])

    def _add_frame(self, shape: Shape) -> None:
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
                width, height = _span(cell, "gridSpan"), _span(cell, "rowSpan")
                if width > 1 or height > 1:
                    merged.append(Merged(len(rows), len(cells), height, width))
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

    def _add_description(self, shape: Shape) -> None:
        """A picture's description for those who cannot see it, when a person wrote one."""
        named = next((part for part in shape.node if tag(part).startswith("nv")), None)
        about = child(named, "cNvPr")
        text = by_a_person(attribute(about, "descr")) if about is not None else ""
        self._builder.add(BlockKind.FIGURE, [Piece(text, bbox=shape.box)])


def _span(cell: Any, name: str) -> int:
    return min(max(1, number(cell, name, 1)), _MAX_SPAN)
