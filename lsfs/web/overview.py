"""Pages about the whole drive: its map, and how well its index is."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.web import map_scene
from lsfs.web.pages import Emit, Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from lsfs.serve.access import Cancellation
    from lsfs.syscalls.map import DriveMap

DOTS = 5_000  # on the map
LISTED = 30  # files of a topic in the list below the map
PROBLEMS = 200
_WIDE = 0x1100  # from here on most letters are as wide as they are high


class Dot(Struct, frozen=True):
    """A file on the map."""

    path: str
    x: float
    y: float
    topic: int
    title: str


class Topic(Struct, frozen=True):
    """A topic in the list below the map."""

    label: str
    count: int
    within: tuple[str, ...]
    paths: tuple[str, ...]


def drawn(pages: Pages, request: Request) -> ASGIApp:
    """The map of the drive."""
    query = request.query_params.get("q", "").strip()

    def work(emit: Emit, cancelled: Cancellation) -> str:
        found: DriveMap = pages.access.call("map_files", {"query": query}, emit, cancelled)
        scene = map_scene.scene(found, pages.access.record.name, _measure)
        every = -(-len(scene.dots) // DOTS) or 1
        dots = [
            Dot(point.path, dot.x, dot.y, dot.topic, dot.title)
            for point, dot in list(zip(found.points, scene.dots, strict=True))[::every]
        ]
        notes = found.notes if every == 1 else (*found.notes, f"one file in {every} is drawn")
        return pages.text(
            "_map.html", query=query, scene=scene, dots=dots, notes=notes,
            topics=_topics(found), layout=map_scene,
        )  # fmt: skip

    return pages.slowly("map.html", work, query=query)


def _measure(text: str, type_size: float) -> float:
    """About how wide a text is; a browser decides what font it is shown in."""
    return type_size * sum(1.0 if ord(char) >= _WIDE else 0.56 for char in text)


def _topics(found: DriveMap) -> list[Topic]:
    topics = []
    for number, topic in enumerate(found.topics):
        paths = tuple(point.path for point in found.points if point.topic == number)
        topics.append(Topic(topic.label, topic.count, topic.within, paths[:LISTED]))
    return topics


def health(pages: Pages, _: Request) -> Response:
    """How far the index is, what could not be read, which models answer, how much room is left."""
    report = pages.call("status", problems=True)
    state = pages.access.record.state
    return pages.page(
        "health.html",
        report=report,
        counts=Counter(str(one["status"]) for one in report.problems),
        problems=report.problems[:PROBLEMS],
        disk=shutil.disk_usage(state.root),
        kept=[
            ("index", _bytes(state.catalog) + _bytes(state.vectors)),
            ("versions", _bytes(state.objects) + _bytes(state.versions) + _bytes(state.history)),
            ("read by the model", _bytes(state.kv)),
        ],
    )


def _bytes(path: Path) -> int:
    """How much a file takes on the disk, or a folder with all in it."""
    if not path.is_dir():
        return _on_disk(path)
    return sum(_on_disk(Path(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _on_disk(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:  # it is not there, or not any more
        return 0
