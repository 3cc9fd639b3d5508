"""The same files as a drive of this machine and as a library on a real S3 server."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.index.library.told import Ingested
from lsfs.index.meaning.embed import HashEmbedder
from lsfs.index.readers import pool
from lsfs.syscalls import bulk, embedders
from tests.index.conftest import PlainReader
from tests.library.tap import Tap, tapped
from tests.s3 import Server
from tests.syscalls.conftest import fill

BIRDS = ("heron", "crane", "swift", "kestrel", "warbler", "plover", "osprey", "bittern")
PLACES = ("harbour", "marsh", "orchard", "quarry", "meadow", "mill", "ferry", "lighthouse")
NAME = "team"  # of the folder in the library
WORDS = re.findall(
    r"\w+",
    """
    amber anchor autumn barley basket beacon birch bramble bridge candle canvas cedar chapel
    cinder clover copper cotton current dawn drift ember fallow feather fennel fiddle flint fog
    gable garnet glacier gravel hazel heather hollow iron ivory kiln ladder lantern larch linen
    lintel maple mortar moss nettle oak orchid pebble pewter pine plank quartz raft reed ribbon
    saddle saffron shale silver slate spruce tallow thistle timber trellis velvet walnut willow
""",
)
SECRET = "a-secret-that-nobody-keeps"


def notes(folder: Path, count: int) -> None:
    """Short texts about birds, of two kinds, in folders by year."""
    chance = random.Random(17)
    for n in range(count):
        more = " ".join(chance.sample(WORDS, 14))
        bird, place, year = BIRDS[n % 8], PLACES[n // 8 % 8], 2019 + n % 5
        path = folder / "Field" / str(year) / f"{place}-{bird}.{'md' if n % 2 else 'txt'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"# The {bird} at the {place}\n\nOn {n % 28 + 1} May {year} a {bird} was seen near the "
            f"{place}. It stayed for {n + 2} minutes.\n\nThe notice at the {place} asks for "
            f"silence; the warden counted {n * 3 + 1} eggs. Found there: {more}.\n"
        )


def paper(path: Path) -> None:
    """A PDF of three pages."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for lines in (
        ["Annual report of the reserve", "The reserve was founded by Ada Byron."],
        ["Finances", "The walkway over the fen cost EUR 8,412 and was paid in June."],
        ["Outlook", "Two observation towers are planned for the northern dike."],
    ):
        for row, line in enumerate(lines):
            canvas.drawString(72, 760 - 24 * row, line)
        canvas.showPage()
    canvas.save()


class World(Struct):
    """A folder and a library of it.

    Attributes:
        settings: without models but for hashed words.
        tap: the line to the library's server.
        is_plain: the files are read by a reader of plain text, which is quick.
    """

    folder: Path
    uri: str
    tap: Tap
    settings: Config
    root: Path
    is_plain: bool = False

    def write(self, uri: str = "") -> Ingested:
        """Bring the library in step with the folder."""
        with pytest.MonkeyPatch.context() as patch:
            if self.is_plain:
                patch.setattr(pool, "SandboxPool", lambda _: PlainPool())
            done = bulk.put(bulk.Order(self.folder, uri or self.uri, NAME)).ingested
        assert not done.left, done
        return done

    def library(self, state: str = "library") -> lsfs.Drive:
        return lsfs.open(self.uri, config=self.settings, state=str(self.root / state))

    def local(self) -> lsfs.Drive:
        return lsfs.open(self.folder, config=self.settings, state=str(self.root / "local"))


class PlainPool(PlainReader):
    """Reads plain text in this process."""

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(scope="module")
def world(s3_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The folder and its library; neither is to be changed."""
    root = tmp_path_factory.mktemp("library")
    folder = fill(root / "docs")
    notes(folder, 60)
    paper(folder / "report.pdf")
    settings = replace(Config(), model=ModelConfig(chat="none"))
    with tapped(s3_server.url) as tap, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("LSFS_")]:
            patch.delenv(name)
        for name, value in {**s3_server.variables, "AWS_SECRET_ACCESS_KEY": SECRET}.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", tap.url)
        patch.setattr(embedders, "load", lambda *_: HashEmbedder())
        uri = f"{s3_server.bucket('shared-' + os.urandom(4).hex())}/reserve"
        world = World(folder, uri, tap, settings, root)
        done = world.write()
        assert done.read == done.files > 60, done
        with world.local() as drive:
            drive.wait_indexed()
        yield world


@pytest.fixture
def local(world: World) -> Iterator[lsfs.Drive]:
    with world.local() as drive:
        yield drive


@pytest.fixture
def library(world: World) -> Iterator[lsfs.Drive]:
    with world.library() as drive:
        yield drive


@pytest.fixture
def own(world: World, s3_server: Server, tmp_path: Path) -> World:
    """A small folder and a library of its own, to be changed."""
    folder = tmp_path / "own"
    notes(folder, 6)
    uri = f"{s3_server.bucket('own-' + os.urandom(4).hex())}/birds"
    made = replace(world, folder=folder, uri=uri, root=tmp_path, is_plain=True)
    made.write()
    return made
