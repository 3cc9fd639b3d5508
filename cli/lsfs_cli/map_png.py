"""A map as a PNG, at twice its size, drawn with Pillow."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from lsfs.web import map_scene as layout
from lsfs.web.map_scene import Scene

SCALE = 2
SMOOTH = 8  # a dot is drawn so many times larger, and made small again
OPACITY = 215
# Where the letters of a text may be; the last resort comes with Pillow and knows Latin only.
_FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "LiberationSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "Arial Unicode.ttf",
)  # fmt: skip
_NO_LETTER = "\U0010fffe"


def draw(scene: Scene) -> bytes:
    """A map as the bytes of a PNG."""
    size = layout.WIDTH * SCALE, layout.HEIGHT * SCALE
    image = Image.new("RGB", size, layout.PAPER)
    pen = ImageDraw.Draw(image)
    left = (layout.WIDTH - layout.LEGEND) * SCALE
    pen.rectangle((left, 0, *size), fill=layout.PANEL)
    sprites = [_sprite(colour, scene.radius) for colour in scene.colours]
    for dot in scene.dots:
        sprite = sprites[dot.topic]
        half = sprite.width / 2
        at = round(dot.x * SCALE - half), round(dot.y * SCALE - half)
        image.paste(sprite, at, sprite)
    _write(pen, layout.MARGIN, 26, scene.title, layout.TITLE, layout.INK)
    _write(pen, layout.MARGIN, 48, scene.subtitle, layout.TEXT, layout.GREY)
    for label in scene.labels:
        if label.anchor:
            ends = [v * SCALE for v in (*label.anchor, label.x, label.y)]
            pen.line(ends, fill=layout.GREY, width=SCALE)
    for label in scene.labels:
        _write(pen, label.x, label.y, label.text, layout.LABEL, layout.INK, anchor="mm", halo=True)
    _legend(image, pen, scene)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def measure(text: str, size: float) -> float:
    """How wide a text is, in units of the map."""
    return float(font(text, size).getlength(text)) / SCALE


def _legend(image: Image.Image, pen: ImageDraw.ImageDraw, scene: Scene) -> None:
    x = layout.WIDTH - layout.LEGEND + 20
    for row in scene.rows:
        if row.topic >= 0:
            mark = _sprite(scene.colours[row.topic], 5.5)
            at = round(x * SCALE - mark.width / 2), round(row.y * SCALE - mark.height / 2)
            image.paste(mark, at, mark)
        room = layout.LEGEND - 58 - measure(row.count, layout.SMALL)
        text = _fitted(row.text, room)
        _write(pen, x + 14, row.y, text, layout.SMALL, layout.INK, anchor="lm")
        right = layout.WIDTH - 16
        _write(pen, right, row.y, row.count, layout.SMALL, layout.GREY, anchor="rm")


def _fitted(text: str, room: float) -> str:
    """A text cut to a width."""
    if measure(text, layout.SMALL) <= room:
        return text
    while text and measure(text + "…", layout.SMALL) > room:
        text = text[:-1]
    return text.rstrip(" ,") + "…"


def _write(
    pen: ImageDraw.ImageDraw,
    x: float,
    y: float,
    text: str,
    size: float,
    ink: str,
    *,
    anchor: str = "lm",
    halo: bool = False,
) -> None:
    pen.text(
        (x * SCALE, y * SCALE), text, fill=ink, font=font(text, size), anchor=anchor,
        stroke_width=3 * SCALE // 2 if halo else 0, stroke_fill=layout.PAPER,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _sprite(colour: str, radius: float) -> Image.Image:
    """A smooth dot with a light edge, so that dots on each other can be told apart."""
    size = round((2 * radius + 2) * SCALE)
    large = size * SMOOTH
    mask = Image.new("L", (large, large), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, large - 1, large - 1), fill=OPACITY)
    inner = Image.new("L", (large, large), 0)
    edge = round(0.8 * SCALE * SMOOTH)
    ImageDraw.Draw(inner).ellipse((edge, edge, large - 1 - edge, large - 1 - edge), fill=255)
    small = (size, size)
    light = Image.new("RGB", small, layout.PAPER)
    light.paste(Image.new("RGB", small, colour), (0, 0), inner.resize(small, Image.Resampling.BOX))
    light.putalpha(mask.resize(small, Image.Resampling.BOX))
    return light


def font(text: str, size: float) -> Any:
    """A font that has the letters of a text, of those that are there."""
    letters = frozenset(char for char in text if not char.isascii())
    return _font_for(letters, round(size * SCALE))


@lru_cache(maxsize=256)
def _font_for(letters: frozenset[str], pixels: int) -> Any:
    known = [found for name in _FONTS if (found := _load(name, pixels)) is not None]
    known.append(ImageFont.load_default(pixels))
    return max(known, key=lambda one: sum(_has(one, letter) for letter in letters))


@lru_cache(maxsize=64)
def _load(name: str, pixels: int) -> Any:
    try:
        return ImageFont.truetype(name, pixels)
    except OSError:
        return None


def _has(one: Any, letter: str) -> bool:
    return bytes(one.getmask(letter)) != bytes(one.getmask(_NO_LETTER))
