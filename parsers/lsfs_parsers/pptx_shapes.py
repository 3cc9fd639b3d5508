"""The shapes of a slide: their places, their placeholders, and what the template says of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from lsfs_parsers.slides import Box
from lsfs_parsers.xmltree import attribute, child, children, number, tag, within

EMU = 12_700  # English metric units in a point (ECMA-376 part 1, 20.1.2.1)
TITLES = frozenset({"title", "ctrTitle"})

_BULLETS = ("buChar", "buAutoNum", "buBlip")
# Their text is a program's, or is shown elsewhere already.
_SKIPPED = frozenset({"pPr", "rPr", "endParaRPr", "Fallback"})


class Shape(Struct, frozen=True):
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
        return (0, 0) if self.role in TITLES else (1, number(self.holder, "idx"))


class Scale(Struct, frozen=True):
    """How the numbers in a group become points on the slide."""

    left: float = 0.0
    top: float = 0.0
    x: float = 1 / EMU
    y: float = 1 / EMU

    def box(self, frame: Any) -> Box | None:
        """The place that an ``xfrm`` element gives; None when it gives none."""
        off, ext = child(frame, "off"), child(frame, "ext")
        if off is None or ext is None:
            return None
        left = self.left + number(off, "x") * self.x
        top = self.top + number(off, "y") * self.y
        width, height = number(ext, "cx") * self.x, number(ext, "cy") * self.y
        return left, top, left + abs(width), top + abs(height)

    def inside(self, frame: Any) -> Scale:
        """The scale within a group."""
        box, off, ext = self.box(frame), child(frame, "chOff"), child(frame, "chExt")
        width, height = (number(ext, "cx"), number(ext, "cy")) if ext is not None else (0, 0)
        if box is None or off is None or width <= 0 or height <= 0:
            return self
        x, y = (box[2] - box[0]) / width, (box[3] - box[1]) / height
        return Scale(box[0] - number(off, "x") * x, box[1] - number(off, "y") * y, x, y)


class Template:
    """What a slide's layout and master say of its placeholders."""

    def __init__(self, layout: Any, master: Any) -> None:
        self._levels = [_placeholders(layout), _placeholders(master)]
        self._styles = child(master, "txStyles")

    def box(self, shape: Shape) -> Box | None:
        """The place of a placeholder that names none itself."""
        boxes = (Scale().box(child(like, "spPr", "xfrm")) for like in self._like(shape))
        return next((box for box in boxes if box is not None), None)

    def has_bullet(self, shape: Shape, level: int) -> bool:
        """Whether paragraphs of this level have a bullet or number when they do not say."""
        name = f"lvl{level + 1}pPr"
        own = [shape.node, *self._like(shape)]
        for styles in [child(node, "txBody", "lstStyle") for node in own]:
            told = bullet(child(styles, name))
            if told is not None:
                return told
        if self._styles is None or shape.holder is None or shape.role in TITLES:
            return False
        return bullet(child(self._styles, "bodyStyle", name)) or False

    def _like(self, shape: Shape) -> Iterator[Any]:
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
        holder = holder_of(node)
        if holder is not None:
            found.append((attribute(holder, "idx"), attribute(holder, "type") or "obj", node))
    return found


def _alike(one: str, other: str) -> bool:
    def general(role: str) -> str:
        return "title" if role in TITLES else "body" if role in ("obj", "subTitle") else role

    return general(one) == general(other)


def holder_of(node: Any) -> Any:
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


def drawn(container: Any) -> Iterator[Any]:
    """The shapes and groups in a container; of alternatives, the preferred one."""
    for node in container:
        if tag(node) == "AlternateContent":
            yield from drawn(child(node, "Choice") if child(node, "Choice") is not None else ())
        elif tag(node) in ("sp", "grpSp", "graphicFrame", "pic"):
            yield node


def frame_of(node: Any) -> Any:
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
