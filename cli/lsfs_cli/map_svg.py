"""A map as SVG, and as a page with one: self-contained, without a script, a link or a request."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from lsfs.web import map_scene as layout
from lsfs.web.map_scene import Scene

_FAMILY = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', 'Noto Sans', sans-serif"
_WIDE = 0x1100  # from here on most letters are as wide as they are high
_STYLE = f"""
text {{ font-family: {_FAMILY}; fill: {layout.INK}; dominant-baseline: central; }}
.dot {{ stroke: {layout.PAPER}; stroke-width: .8; fill-opacity: .85; }}
.label {{ font-size: {layout.LABEL}px; text-anchor: middle; paint-order: stroke;
  stroke: {layout.PAPER}; stroke-width: 3.5px; stroke-linejoin: round; pointer-events: none; }}
.lead {{ stroke: {layout.GREY}; stroke-width: 1; }}
.row {{ font-size: {layout.SMALL}px; }}
.count {{ font-size: {layout.SMALL}px; fill: {layout.GREY}; text-anchor: end; }}
"""


def draw(scene: Scene) -> bytes:
    """A map as the bytes of an SVG file."""
    return ("\n".join(_svg(scene, "")) + "\n").encode()


def page(scene: Scene) -> bytes:
    """A map as the bytes of an HTML page; to point at a topic in the legend shows it alone."""
    shows = "\n".join(
        f"svg:has(.row{n}:hover) .topic:not(.t{n}), svg:has(.row{n}:hover) .label:not(.t{n})"
        f" {{ opacity: .07; }}"
        for n in range(len(scene.colours))
    )
    svg = "\n".join(_svg(scene, shows))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{_text(scene.title)}</title>\n"
        f"<style>body {{ margin: 0; background: {layout.PAPER}; }} "
        f"svg {{ display: block; margin: auto; width: 100%; max-height: 100vh; }}"
        f"</style>\n</head>\n<body>\n{svg}\n</body>\n</html>\n"
    ).encode()


def measure(text: str, size: float) -> float:
    """About how wide a text is; a browser decides what font it is shown in."""
    return size * sum(1.0 if ord(char) >= _WIDE else 0.56 for char in text)


def _svg(scene: Scene, more_style: str) -> Iterator[str]:
    width, height = layout.WIDTH, layout.HEIGHT
    left = width - layout.LEGEND
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{_text(scene.subtitle)}">'
    )
    yield f"<style>{_STYLE}{more_style}</style>"
    yield f'<rect width="{width}" height="{height}" fill="{layout.PAPER}"/>'
    yield (f'<rect x="{left}" width="{layout.LEGEND}" height="{height}" fill="{layout.PANEL}"/>')
    yield _words(layout.MARGIN, 26, scene.title, f'font-size="{layout.TITLE}"')
    grey = f'style="fill:{layout.GREY}" font-size="{layout.TEXT}"'
    yield _words(layout.MARGIN, 48, scene.subtitle, grey)
    yield from _dots(scene)
    for label in scene.labels:
        if label.anchor:
            x, y = label.anchor
            ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{label.x:.1f}" y2="{label.y:.1f}"'
            yield f'<line class="lead" {ends}/>'
    for label in scene.labels:
        yield _words(label.x, label.y, label.text, f'class="label t{label.topic}"')
    yield from _legend(scene, left + 20)
    yield "</svg>"


def _dots(scene: Scene) -> Iterator[str]:
    by_topic: dict[int, list[str]] = {}
    for dot in scene.dots:
        by_topic.setdefault(dot.topic, []).append(
            f'<circle class="dot" cx="{dot.x:.1f}" cy="{dot.y:.1f}" r="{scene.radius:.1f}">'
            f"<title>{_text(dot.title)}</title></circle>"
        )
    for topic, circles in by_topic.items():
        yield f'<g class="topic t{topic}" fill="{scene.colours[topic]}">'
        yield from circles
        yield "</g>"


def _legend(scene: Scene, x: float) -> Iterator[str]:
    right = layout.WIDTH - 16
    for row in scene.rows:
        yield f'<g class="row row{row.topic}">'
        yield (
            f'<rect x="{x - 12}" y="{row.y - layout.LINE / 2}" width="{right - x + 20}" '
            f'height="{layout.LINE}" fill="{layout.PANEL}"/>'
        )
        if row.topic >= 0:
            fill = scene.colours[row.topic]
            yield f'<circle cx="{x}" cy="{row.y}" r="5.5" fill="{fill}"/>'
        yield _words(x + 14, row.y, row.text, "")
        yield _words(right, row.y, row.count, 'class="count"')
        yield "</g>"


def _words(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{_text(text)}</text>'


def _text(text: str) -> str:
    """Text from a file's name within markup; what no encoding knows is replaced."""
    return escape(text.encode("utf-8", "replace").decode(), {'"': "&quot;", "'": "&#39;"})
