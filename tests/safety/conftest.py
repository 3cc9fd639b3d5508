"""A drive with a folder that its clients may see, and one that they may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig, ShareConfig
from lsfs.safety.clients import Client
from lsfs.safety.grants import Grant
from tests.syscalls.conftest import fill

SECRET = "Secret/zebra.txt"
SECRET_WORDS = ("zebra", "Zebra", "Xenia", "Quagga", "999", "Secret", "quokka")
SECRET_TEXT = """INVOICE

Invoice number: 999-1
Invoice date: 20 March 2023
Bill to: Xenia Quagga

Amount due: EUR 999 under the zebrastripe lease contract. Monthly rent of the flat.
"""


@pytest.fixture
def settings() -> Config:
    return replace(
        Config(), model=ModelConfig(chat="none"), share=ShareConfig(enabled=True, port=0)
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = fill(tmp_path / "docs")
    (folder / "Secret").mkdir()
    (folder / SECRET).write_text(SECRET_TEXT)
    (folder / "Notes" / "link.txt").symlink_to("../Secret/zebra.txt")
    return folder


Open = Callable[..., lsfs.Drive]


@pytest.fixture
def opened(source: Path, settings: Config, tmp_path: Path) -> Iterator[Open]:
    """Opens the drive, one ``Drive`` after the other."""
    drives: list[lsfs.Drive] = []

    def open_(grant: Grant | None = None, *, door: str = "python", session: str = "") -> lsfs.Drive:
        for drive in drives:
            drive.close()
        state = str(tmp_path / "state")
        client = Client(door, session=session)
        made = lsfs.open(source, config=settings, state=state, grant=grant, client=client)
        drives[:] = [made]
        return made

    yield open_
    for drive in drives:
        drive.close()
