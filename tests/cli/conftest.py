"""A drive whose names and texts are meant to do harm, and every command run on it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from lsfs.drives import initialise
from lsfs.serve.brain import serving
from lsfs_cli.main import main

EVIL = "[red]\x1b[31m\x1b]8;;evil\x07\u202egnp\u2066\nsecond line\x9b2J\udce9"
FOLDER = f"dir {EVIL} ["  # with what is in it, the path has "[/bold]"
NAMES = (f"{FOLDER}/bold] lease {EVIL}.txt", f"bill {EVIL}.txt", "plain.txt")
TEXT = """{name} {evil}

This lease is made on 14 February 2023 between Ada Byron and Harbour Homes Ltd.
Invoice number: 17{evil}
The monthly rent is EUR 1,450. Total: EUR 1,450.
"""


class Ran(Struct, frozen=True):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What it printed."""
        made: dict[str, Any] = json.loads(self.out)
        return made


Run = Callable[..., Ran]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The drive, served in this process so that commands are quick."""
    root = tmp_path / "root"
    (root / "there").mkdir(parents=True)
    for name in NAMES:
        path = root / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = TEXT.format(name=name, evil=EVIL)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    for number, animal in enumerate(("heron", "otter", "stork", "heron", "otter", "stork")):
        text = f"The {animal} was seen at the lake again; the {animal} {EVIL} eats fish.\n"
        path = root / "docs" / f"{animal} {number}.txt"
        path.write_text(text * 3, encoding="utf-8", errors="surrogateescape")
    for key, value in {"CHAT": "none", "EMBED": "none"}.items():
        monkeypatch.setenv(f"LSFS_MODEL_{key}", value)
    with serving(initialise(root / "docs", str(root / "state"))):
        yield root


@pytest.fixture
def run(
    hostile: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command on the drive, in this process."""
    monkeypatch.setenv("HOME", str(hostile))
    monkeypatch.setenv("LSFS_STATE", str(hostile / "state"))
    monkeypatch.setenv("LSFS_DRIVE", str(hostile / "docs"))
    monkeypatch.chdir(hostile)

    def ran(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["lsfs", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Ran(code, out.decode(errors="surrogateescape"), err.decode())

    return ran
