"""The map of a drive: places, labels, and pictures that are safe to open."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from pathlib import Path

import lxml.etree
import numpy as np
import pytest
from PIL import Image

import lsfs as library
from lsfs.index.groups.plane import plane
from lsfs.syscalls.map import DriveMap, MapPoint, MapTopic
from lsfs.web import map_scene
from lsfs_cli import map_png, map_svg
from lsfs_cli.map import drawn
from tests.command import lsfs
from tests.index.test_topics import directions, drive, words_only  # noqa: F401 - fixtures

EVIL = '"><script>alert(1)</script>\x1b[2J \udcff&amp;.txt'


def made(topics: int, each: int = 5, label: str = "ships, harbour") -> DriveMap:
    rng = np.random.default_rng(5)
    middles = rng.uniform(-0.9, 0.9, (topics, 2)).round(3).tolist()
    points = tuple(
        MapPoint(f"{n} {EVIL}", x + 0.01 * m, y, n, "A <b>title</b>", "2023-05-01")
        for n, (x, y) in enumerate(middles)
        for m in range(each)
    )
    return DriveMap(
        points, tuple(MapTopic(f"{label} {n}", each, *middles[n]) for n in range(topics))
    )


def test_places_of_files(drive: library.Drive) -> None:  # noqa: F811
    found = drive.map_files()
    assert len(found.points) == 32 and [topic.count for topic in found.topics] == [8] * 4
    assert all(-1 <= value <= 1 for point in found.points for value in (point.x, point.y))
    assert found.points == drive.map_files().points
    for point in found.points:  # each lies nearest to the middle of its topic
        away = [(point.x - topic.x) ** 2 + (point.y - topic.y) ** 2 for topic in found.topics]
        assert away.index(min(away)) == point.topic
    assert not drive.map_files(query="type:pdf").points


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_files_have_places(count: int) -> None:
    x = directions(1, max(count, 1), 0.5)[:count]
    places = plane(x, np.zeros(count, np.int64))
    assert places.shape == (count, 2) and np.isfinite(places).all()


def test_topics_in_one_place_are_pushed_apart() -> None:
    x = np.tile(directions(1, 1, 0.0), (40, 1))
    places = plane(x, np.repeat(np.arange(4), 10))
    assert np.isfinite(places).all() and np.abs(places).max() <= 1


def test_labels_do_not_lie_on_each_other() -> None:
    for topics in (1, 12, 24):
        scene = map_scene.scene(made(topics), "drive", map_svg.measure)
        boxes = [
            map_scene._box(one.x, one.y, map_svg.measure(one.text, map_scene.LABEL) + 10)
            for one in scene.labels
        ]
        assert boxes and not any(
            map_scene._overlap(box, other) for n, box in enumerate(boxes) for other in boxes[:n]
        )
        assert len(scene.rows) == topics
    many = map_scene.scene(made(60), "drive", map_svg.measure)
    assert many.rows[-1].text == "35 more topics" and many.rows[-1].count == "175"
    assert len({map_scene.colour(n) for n in range(36)}) == 36


def test_the_png_shows_each_topic() -> None:
    found = made(4)
    image = Image.open(io.BytesIO(drawn(found, "drive", ".png")))
    assert image.size == (2 * map_scene.WIDTH, 2 * map_scene.HEIGHT)
    scene = map_scene.scene(found, "drive", map_png.measure)
    pixels = np.asarray(image.convert("RGB")).astype(int)
    for dot in scene.dots[::5]:
        x, y = round(2 * dot.x), round(2 * dot.y)
        near = pixels[y - 12 : y + 12, x - 12 : x + 12].reshape(-1, 3)  # a label may lie on it
        wanted = [int(scene.colours[dot.topic][n : n + 2], 16) for n in (1, 3, 5)]
        assert (np.abs(near - wanted).max(axis=1) < 60).sum() > 20


def test_letters_of_other_scripts_are_drawn() -> None:
    for label in ("賃貸契約", "договор аренды", "ναύς", "عقد"):
        assert drawn(made(2, label=label), label, ".png")[:4] == b"\x89PNG"


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_has_nothing_of_what_names_say() -> None:
    page = drawn(made(3, label=EVIL), EVIL, ".html")
    seen = Seen()
    seen.feed(page.decode())
    assert not seen.tags & {
        "script",
        "a",
        "img",
        "iframe",
        "link",
        "b",
        "use",
        "image",
        "foreignobject",
    }
    assert not {name for name in seen.attributes if name.startswith("on") or "href" in name}
    assert any("<script>alert(1)</script>" in text for text in seen.text)  # as text
    assert b"\x1b" not in page
    assert b"default-src 'none'" in page and page.count(b"http") == 2  # the names of two standards


def test_the_svg_is_xml_with_a_title_for_each_file() -> None:
    root = lxml.etree.fromstring(drawn(made(3, label=EVIL), EVIL, ".svg"))
    titles = root.findall(".//{*}circle/{*}title")
    assert len(titles) == 15 and "A <b>title</b>\n2023-05-01" in (titles[0].text or "")


def test_command(drive: library.Drive, tmp_path: Path) -> None:  # noqa: F811
    drive.wait_indexed()
    drive.close()
    at = ("--drive", str(tmp_path / "docs"), "--state", str(tmp_path / "s"))
    done = lsfs(*at, "map", "-o", str(tmp_path / "map.svg"), "--json", LSFS_MODEL_EMBED="none")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["points"]) == 32
    lxml.etree.fromstring((tmp_path / "map.svg").read_bytes())
    assert lsfs(*at, "map", "-o", "map.doc").returncode == 2
