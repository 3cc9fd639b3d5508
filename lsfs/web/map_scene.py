"""What a map shows and where, in units of its picture; the formats only draw it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.untrusted import safe

if TYPE_CHECKING:
    from lsfs.syscalls.map import DriveMap

WIDTH, HEIGHT = 1200, 800
LEGEND = 300  # width on the right
MARGIN = 36
HEAD = 64  # height above the map
LINE = 24  # between two lines of the legend
LABEL, TEXT, SMALL, TITLE = 13.0, 13.0, 11.5, 20.0  # sizes of type
MOST_ROWS = 26
LABEL_CHARS, LEGEND_CHARS = 34, 36
INK, GREY, PAPER, PANEL = "#1d2733", "#66717d", "#ffffff", "#f6f8fa"

# Twelve hues that are told apart beside each other, and darker ones of the same for the rest.
_HUES = (
    "#3b7dd8", "#e4792b", "#2fa36b", "#c8447a", "#8d6bd1", "#b8991d", "#1f9fb4", "#d2504a",
    "#6d8a2c", "#a35fb0", "#5c7590", "#c67f5f",
)  # fmt: skip

Measure = Callable[[str, float], float]  # width of a text in a size of type
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Dot(Struct, frozen=True):
    """A file."""

    x: float
    y: float
    topic: int
    title: str


class Label(Struct, frozen=True):
    """A topic's label on the map; ``anchor`` is what it belongs to, where it had to move away."""

    x: float
    y: float
    text: str
    topic: int
    anchor: tuple[float, float] | None


class Row(Struct, frozen=True):
    """A line of the legend."""

    y: float
    text: str
    count: str
    topic: int


class Scene(Struct, frozen=True):
    """A map, ready to be drawn.

    Attributes:
        radius: of every dot.
        colours: by topic.
    """

    title: str
    subtitle: str
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]
    rows: tuple[Row, ...]
    radius: float
    colours: tuple[str, ...]


def colour(topic: int) -> str:
    """A topic's colour; no two of the first 36 are equal."""
    hue = _HUES[topic % len(_HUES)]
    round_ = topic // len(_HUES) % 3
    shade = (1.0, 0.68, 1.32)[round_]
    parts = (int(hue[n : n + 2], 16) for n in (1, 3, 5))
    mixed = (v * shade if shade <= 1 else v + (255 - v) * (shade - 1) * 1.4 for v in parts)
    return "#" + "".join(f"{min(255, round(v)):02x}" for v in mixed)


def scene(found: DriveMap, name: str, measure: Measure) -> Scene:
    """Everything on a map, with the labels so that none lies on another.

    Args:
        found: the result of ``map_files``.
        name: what the map is of.
        measure: how wide the format draws a text.
    """
    count = len(found.points)
    radius = max(1.6, min(7.0, 7.0 * (250 / max(count, 1)) ** 0.28))
    dots = tuple(
        Dot(*_at(point.x, point.y), point.topic, _hover(point.path, point.title, point.date))
        for point in found.points
    )
    files = "1 file" if count == 1 else f"{count:,} files"
    shown = [n for n, topic in enumerate(found.topics) if topic.count]
    topics = "1 topic" if len(shown) == 1 else f"{len(shown)} topics"
    return Scene(
        _cut(safe(name), 70), f"{files} in {topics}", dots, tuple(_labels(found, dots, measure)),
        tuple(_rows(found, shown)), radius, tuple(colour(n) for n in range(len(found.topics))),
    )  # fmt: skip


def _at(x: float, y: float) -> tuple[float, float]:
    """A place of the map in the picture."""
    width, height = WIDTH - LEGEND - 2 * MARGIN, HEIGHT - HEAD - 2 * MARGIN
    return MARGIN + (x + 1) / 2 * width, HEAD + MARGIN + (1 - y) / 2 * height


def _hover(path: str, title: str, date: str) -> str:
    parts = [safe(path), safe(title) if title not in ("", path.rpartition("/")[2]) else "", date]
    return "\n".join(part for part in parts if part)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(" ,") + "…"


# --- labels


def _labels(found: DriveMap, dots: tuple[Dot, ...], measure: Measure) -> Iterator[Label]:
    """Labels of topics, the largest first; one that finds no room is in the legend only."""
    taken: list[Box] = []
    bounds = (MARGIN / 2, HEAD + 4, WIDTH - LEGEND - MARGIN / 2, HEIGHT - MARGIN / 2)
    for number, topic in enumerate(found.topics):
        if not topic.count:
            continue
        text = _cut(safe(topic.label), LABEL_CHARS)
        x, y = _at(topic.x, topic.y)
        width = measure(text, LABEL) + 10
        for away, (dx, dy) in _tries():
            box = _box(x + dx, y + dy, width)
            free = not any(_overlap(box, other) for other in taken)
            if free and _within(box, bounds):
                taken.append(box)
                anchor = (x, y) if away > 2.2 * LABEL else None
                yield Label(x + dx, y + dy, text, number, anchor)
                break


def _tries() -> Iterator[tuple[float, tuple[float, float]]]:
    """Places around a middle, near ones first."""
    yield 0.0, (0.0, 0.0)
    for away in (1.3, 2.2, 3.2, 4.4, 6.0, 8.0):
        for turn in (90, 270, 60, 120, 240, 300, 30, 150, 210, 330, 0, 180):
            angle = math.radians(turn)
            distance = away * LABEL
            yield distance, (2.2 * distance * math.cos(angle), distance * math.sin(angle))


def _box(x: float, y: float, width: float) -> Box:
    return x - width / 2, y - 0.75 * LABEL, x + width / 2, y + 0.75 * LABEL


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _within(box: Box, bounds: Box) -> bool:
    return (
        box[0] >= bounds[0] and box[1] >= bounds[1] and box[2] <= bounds[2] and box[3] <= bounds[3]
    )


def _rows(found: DriveMap, shown: list[int]) -> Iterator[Row]:
    y = HEAD + MARGIN + 14.0
    for n, topic in enumerate(shown):
        if n == MOST_ROWS - 1 and len(shown) > MOST_ROWS:
            rest = sum(found.topics[one].count for one in shown[n:])
            yield Row(y, f"{len(shown) - n} more topics", f"{rest:,}", -1)
            return
        label = _cut(safe(found.topics[topic].label), LEGEND_CHARS)
        yield Row(y, label, f"{found.topics[topic].count:,}", topic)
        y += LINE
