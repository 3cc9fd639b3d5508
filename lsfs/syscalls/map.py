"""A map of the drive: a place on a plane for each file, near to those that are about the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs.errors import UsageError
from lsfs.syscalls.engines import Call
from lsfs.syscalls.group import GroupRequest
from lsfs.syscalls.registry import Param, registry

if TYPE_CHECKING:
    from lsfs.syscalls.relations.topics import PlacedFiles

LEAST = 3  # files on a map


class MapRequest(Struct, frozen=True):
    """Which files, and how many topics."""

    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    query: Annotated[str, Param("only files that this question asks for")] = ""
    k: Annotated[int, Param("so many topics; 0 lets the files decide", flags=("-k",))] = 0
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


class MapPoint(Struct, frozen=True):
    """A file on the map.

    Attributes:
        x, y: from -1 to 1; y upwards.
        topic: index of its topic in the map's topics.
        title: the document's title, or "".
        date: the document's own date as ISO text, or "".
    """

    path: str
    x: float
    y: float
    topic: int
    title: str = ""
    date: str = ""


class MapTopic(Struct, frozen=True):
    """One of the widest topics.

    Attributes:
        x, y: the middle of its files.
        within: labels of the topics that it is made of.
    """

    label: str
    count: int
    x: float
    y: float
    within: tuple[str, ...] = ()


class DriveMap(Struct, frozen=True):
    """Files on a plane, and their topics, the largest first."""

    points: tuple[MapPoint, ...]
    topics: tuple[MapTopic, ...]
    notes: tuple[str, ...] = ()


@registry.syscall()
def map_files(call: Call, request: MapRequest) -> DriveMap:
    """Lay files out on a plane, those of a topic together; ``lsfs map -o`` draws it."""
    from lsfs.syscalls.relations import grouping
    from lsfs.syscalls.relations.topics import directions_of

    if request.k < 0:
        raise UsageError("k must not be negative")
    call.engines.indexer.fresh(call.emit)
    if request.wait:
        call.engines.indexer.wait(call.emit, None)
    wanted = GroupRequest("topic", dir=request.dir, query=request.query, k=request.k)
    found = grouping.groups(call, wanted)
    topics: dict[str, list[str]] = {}  # labels of narrower topics by the widest
    topic_of: dict[str, int] = {}
    for group in found.groups:
        widest = group.within[0] if group.within else group.label
        topics.setdefault(widest, []).extend([group.label] if group.within else [])
        number = list(topics).index(widest)
        topic_of |= {file.path: number for file in group.files}
    if len(topic_of) < LEAST:
        return DriveMap((), (), (*found.notes, "there are too few files with text for a map"))
    points = _points(call, topic_of, directions_of(call.engines, topic_of))
    return DriveMap(points, _topics(points, topics), found.notes)


def _points(call: Call, topic_of: dict[str, int], placed: PlacedFiles) -> tuple[MapPoint, ...]:
    import numpy as np

    from lsfs.index.groups.plane import plane

    labels = np.array([topic_of[path] for path in placed.paths])
    places = plane(placed.x, labels).tolist()
    return tuple(
        MapPoint(path, round(x, 4), round(y, 4), topic_of[path], *placed.told[path])
        for path, (x, y) in zip(placed.paths, places, strict=True)
    )


def _topics(points: tuple[MapPoint, ...], topics: dict[str, list[str]]) -> tuple[MapTopic, ...]:
    from statistics import median

    found = []
    for number, (label, narrower) in enumerate(topics.items()):
        own = [point for point in points if point.topic == number]
        if own:
            x, y = median(point.x for point in own), median(point.y for point in own)
            found.append(MapTopic(label, len(own), x, y, tuple(narrower)))
        else:
            found.append(MapTopic(label, 0, 0.0, 0.0, tuple(narrower)))
    return tuple(found)
