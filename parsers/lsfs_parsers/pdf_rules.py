"""The straight ruling lines of a PDF page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import pairwise, repeat
from typing import Any, NamedTuple

from lsfs_parsers.pdf_calls import undeclared
from lsfs_parsers.pdf_lines import Box, Turn, turn_of, union

Matrix = tuple[float, float, float, float, float, float]  # x' = a x + c y + e, y' = b x + d y + f

_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_LIMIT = 20_000  # objects, and segments by what they cost; a page of more is a drawing
_SEGMENT = 4  # objects; what it costs to look at a segment
_OUTLINE = 2000  # segments; a path of more is a drawing, whatever else the page has
_THICKEST = 3.2  # points
_THINNEST = 0.01  # points; a filled area without a width is not seen
_SHORTEST = 1.5  # points; what is shorter is a dot, also of a dotted rule
_SHORTEST_RULE = 7.0  # points, once its pieces are joined
_SLANT = 0.6  # points that the two ends of a level line may differ by
_DASH_GAP = 3.6  # points between two pieces of one rule
_DOUBLE = 3.1  # points between the two lines of a double rule
_ALIGNED = 0.9  # points between the middles of two pieces of one rule
_OUTSIDE = 2.0
_DEPTH = 3  # form XObjects within each other
_SMALLEST_SHADE = 5.0  # points of height; lower filled areas are rules


class Rule(NamedTuple):
    """A straight ruling line; a thin filled rectangle counts too.

    Attributes:
        box: the width of a vertical and the height of a level one may be nothing.
        shade: nothing is drawn there, but a filled area ends.
    """

    box: Box
    horizontal: bool
    shade: bool = False


def page_rules(page: Any, limit: int = _LIMIT, turn: Turn | None = None) -> list[Rule]:
    """The rules of a pypdfium2 page, level ones first, from the top left.

    Args:
        limit: a page of more objects, or of paths with more segments (each counts as several
            objects), is a drawing and has none.
        turn: how the page is turned to be read; as it is shown when nothing is given.
    """
    turn = turn or turn_of(page)
    try:
        found = [_placed(rule, turn) for rule in _Reader(limit).rules(page)]
    except _Drawing:
        return []
    if not found:
        return []
    width, height = turn.size
    inside = [rule for rule in found if _is_on(rule.box, width, height)]
    level = _joined([rule for rule in inside if rule.horizontal])
    upright = _joined([_turned(rule) for rule in inside if not rule.horizontal])
    return [*level, *map(_turned, upright)]


def _placed(rule: Rule, turn: Turn) -> Rule:
    """A rule of user space on the page as it is read."""
    horizontal = rule.horizontal if turn.degrees % 180 == 0 else not rule.horizontal
    return Rule(turn.box(*rule.box), horizontal, rule.shade)


class _Drawing(Exception):
    """The page has too many lines for any of them to be a rule."""


class _Reader:
    """Reads path objects; thin ones are known by their bounds, without a look at their points."""

    def __init__(self, limit: int) -> None:
        import pypdfium2.raw as raw

        self._raw = raw
        self._object = undeclared("FPDFPage_GetObject")
        self._type = undeclared("FPDFPageObj_GetType")
        self._left = limit
        self._bounds = [ctypes.c_float() for _ in range(4)]
        self._point = (ctypes.c_float(), ctypes.c_float())

    def rules(self, page: Any) -> Iterator[Rule]:
        raw = self._raw
        count = raw.FPDFPage_CountObjects(page.raw)
        objects = map(self._object, repeat(page.raw), range(count))
        self._spend(count)
        yield from self._of(objects, _SAME, 0)

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _Drawing

    def _of(self, objects: Iterator[Any], matrix: Matrix, depth: int) -> Iterator[Rule]:
        raw = self._raw
        for one in objects:
            kind = self._type(one)
            if kind == raw.FPDF_PAGEOBJ_PATH:
                yield from self._of_path(one, matrix)
            elif kind == raw.FPDF_PAGEOBJ_FORM and depth < _DEPTH:
                count = raw.FPDFFormObj_CountObjects(one)
                self._spend(max(0, count))
                inner = (raw.FPDFFormObj_GetObject(one, index) for index in range(count))
                yield from self._of(inner, _after(self._matrix(one), matrix), depth + 1)

    def _of_path(self, path: Any, matrix: Matrix) -> Iterator[Rule]:
        raw = self._raw
        if not raw.FPDFPageObj_GetBounds(path, *self._bounds):
            return
        left, bottom, right, top = (value.value for value in self._bounds)
        box = _around((left, bottom, right, top), matrix)
        width, height = box[2] - box[0], box[3] - box[1]
        if max(width, height) < _SHORTEST:
            return
        count = raw.FPDFPath_CountSegments(path)
        is_filled, is_stroked = self._draws(path)
        if min(width, height) < _THINNEST and not is_stroked:
            return
        # A thin filled rectangle; two strokes can be as short.
        is_bar = count <= 5 and is_filled and not is_stroked
        if min(width, height) <= _THICKEST and (count <= 2 or is_bar):
            yield Rule(box, width >= height)
        elif count <= _OUTLINE and (is_filled or is_stroked):
            self._spend(_SEGMENT * count)
            placed = _after(self._matrix(path), matrix)
            for corners in self._subpaths(path, count):
                points = [_at(point, placed) for point in corners]
                yield from _sides(points) if is_stroked else _filled(points)

    def _draws(self, path: Any) -> tuple[bool, bool]:
        """Whether a path is filled, and whether its outline is drawn."""
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        self._raw.FPDFPath_GetDrawMode(path, fill, stroke)
        return bool(fill.value), bool(stroke.value)

    def _subpaths(self, path: Any, count: int) -> Iterator[list[tuple[float, float]]]:
        """The corners of the straight parts of a path; one with a curve is left out."""
        raw = self._raw
        x, y = self._point
        corners: list[tuple[float, float]] = []
        is_straight = True
        for index in range(count):
            segment = raw.FPDFPath_GetPathSegment(path, index)
            kind = raw.FPDFPathSegment_GetType(segment)
            raw.FPDFPathSegment_GetPoint(segment, x, y)
            if kind == raw.FPDF_SEGMENT_MOVETO:
                if is_straight and len(corners) > 1:
                    yield corners
                corners, is_straight = [], True
            is_straight = is_straight and kind != raw.FPDF_SEGMENT_BEZIERTO
            corners.append((x.value, y.value))
            if raw.FPDFPathSegment_GetClose(segment):
                corners.append(corners[0])
        if is_straight and len(corners) > 1:
            yield corners

    def _matrix(self, one: Any) -> Matrix:
        raw = self._raw
        found = raw.FS_MATRIX()
        if not raw.FPDFPageObj_GetMatrix(one, found):
            return _SAME
        return found.a, found.b, found.c, found.d, found.e, found.f


def _after(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t,
        e * q + f * s + u,
    )  # fmt: skip


def _around(box: Box, matrix: Matrix) -> Box:
    """The box around ``box`` where ``matrix`` takes it."""
    if matrix is _SAME:
        return box
    left, bottom, right, top = box
    corners = ((left, bottom), (left, top), (right, bottom), (right, top))
    xs, ys = zip(*(_at(corner, matrix) for corner in corners), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _at(point: tuple[float, float], matrix: Matrix) -> tuple[float, float]:
    (x, y), (a, b, c, d, e, f) = point, matrix
    return a * x + c * y + e, b * x + d * y + f


def _sides(points: Sequence[tuple[float, float]]) -> Iterator[Rule]:
    """The level and the upright lines of a stroked outline."""
    for (x1, y1), (x2, y2) in pairwise(points):
        width, height = abs(x2 - x1), abs(y2 - y1)
        if min(width, height) <= _SLANT and max(width, height) >= _SHORTEST:
            box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
            yield Rule(box, width >= height)


def _filled(points: Sequence[tuple[float, float]]) -> Iterator[Rule]:
    """A thin rectangle is a rule; the edges of a bigger one are where a shade ends."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top, right, bottom = box = min(xs), min(ys), max(xs), max(ys)
    is_upright = all(
        min(abs(x - left), abs(x - right)) <= _SLANT
        and min(abs(y - top), abs(y - bottom)) <= _SLANT
        for x, y in points
    )
    if len(points) < 4 or not is_upright:
        return
    width, height = right - left, bottom - top
    if min(width, height) <= _THICKEST:
        if max(width, height) >= _SHORTEST:
            yield Rule(box, width >= height)
    elif min(width, height) >= _SMALLEST_SHADE:
        yield Rule((left, top, right, top), True, True)
        yield Rule((left, bottom, right, bottom), True, True)
        yield Rule((left, top, left, bottom), False, True)
        yield Rule((right, top, right, bottom), False, True)


def _is_on(box: Box, width: float, height: float) -> bool:
    across = box[2] >= -_OUTSIDE and box[0] <= width + _OUTSIDE
    return across and box[3] >= -_OUTSIDE and box[1] <= height + _OUTSIDE


def _turned(rule: Rule) -> Rule:
    left, top, right, bottom = rule.box
    return rule._replace(box=(top, left, bottom, right), horizontal=not rule.horizontal)


def _joined(rules: list[Rule]) -> list[Rule]:
    """Level rules, the pieces of one made whole, and the lines of a double one made one."""
    pieces = [
        piece
        for shade in (False, True)
        for level in _levels([rule for rule in rules if rule.shade is shade])
        for piece in _row(level)
    ]
    drawn = [piece for piece in pieces if not piece.shade]
    whole = [*_without_doubles(drawn), *(piece for piece in pieces if piece.shade)]
    long = (rule for rule in whole if rule.box[2] - rule.box[0] >= _SHORTEST_RULE)
    return sorted(long, key=lambda rule: (rule.box[1], rule.box[0]))


def _levels(rules: list[Rule]) -> Iterator[list[Rule]]:
    """Rules with their middles at one height."""
    ordered = sorted(rules, key=lambda rule: rule.box[1] + rule.box[3])
    level: list[Rule] = []
    for rule in ordered:
        if level and _height(rule) - _height(level[0]) > _ALIGNED:
            yield level
            level = []
        level.append(rule)
    if level:
        yield level


def _height(rule: Rule) -> float:
    return (rule.box[1] + rule.box[3]) / 2


def _row(level: list[Rule]) -> list[Rule]:
    joined: list[Rule] = []
    for rule in sorted(level, key=lambda rule: rule.box[0]):
        if joined and rule.box[0] - joined[-1].box[2] <= _DASH_GAP:
            joined[-1] = joined[-1]._replace(box=union([joined[-1].box, rule.box]))
        else:
            joined.append(rule)
    return joined


def _without_doubles(rules: list[Rule]) -> list[Rule]:
    """Rules in order of height; two of the same length close to each other become one."""
    kept: list[Rule] = []
    for rule in sorted(rules, key=_height):
        twin = next((n for n in range(len(kept) - 1, -1, -1) if _are_double(kept[n], rule)), None)
        if twin is None:
            kept.append(rule)
        else:
            kept[twin] = rule._replace(box=union([kept[twin].box, rule.box]))
    return kept


def _are_double(one: Rule, other: Rule) -> bool:
    return (
        other.box[1] - one.box[3] <= _DOUBLE
        and abs(one.box[0] - other.box[0]) <= _DOUBLE
        and abs(one.box[2] - other.box[2]) <= _DOUBLE
    )
