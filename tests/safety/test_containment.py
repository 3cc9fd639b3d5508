"""No path leads out of a drive: 10,000 hostile ones, links, and links that change meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lsfs
from lsfs import codec
from lsfs.config import Config, ModelConfig
from lsfs.errors import LsfsError
from lsfs.safety.grants import Grant
from lsfs.syscalls.registry import Syscall, registry
from tests.safety.effects import tree
from tests.safety.hostile_paths import lay, paths

COUNT = 10_000
CANARY = "CANARY"
DEADLINE_S = 120.0
EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
# Of the whole drive, and long: they take no path that they would open.
LEFT_OUT = frozenset({"audit", "fsck", "map_files", "reindex"})
FILLED: dict[str, Any] = {"content": "x", "edits": ({"old_text": "a", "new_text": "b"},),
                          "pattern": "*", "source": "Notes/a.txt", "keywords": ("a",)}  # fmt: skip


@pytest.fixture
def laid(tmp_path: Path) -> Iterator[tuple[Path, Path, lsfs.Drive]]:
    source, outside = lay(tmp_path)
    settings = Config(model=ModelConfig(chat="none", embed="none"))
    with lsfs.open(source, state=str(tmp_path / "state"), config=settings) as drive:
        yield source, outside, drive


def taking_paths() -> list[tuple[Syscall, str, bool]]:
    """Every syscall with each field that names a path, and whether it takes several."""
    return [
        (one, entry.name, "tuple" in str(kind))
        for one in registry
        if one.name not in LEFT_OUT
        for entry, kind, param in one.fields()
        if param.path or entry.name in ("dir", "what", "left")
    ]


def arguments(declared: Syscall, field: str, path: str, *, many: bool) -> dict[str, Any]:
    """A call with this path in this field, and something possible in the others."""
    made: dict[str, Any] = {field: (path,) if many else path}
    for entry, kind, param in declared.fields():
        if entry.name == field or not entry.required:
            continue
        value = FILLED.get(entry.name, "Notes/a.txt" if param.path else "x")
        is_many = "tuple" in str(kind) and not isinstance(value, tuple)
        made[entry.name] = (value,) if is_many else value
    return made


def test_hostile_paths_lead_nowhere(laid: tuple[Path, Path, lsfs.Drive]) -> None:
    source, outside, drive = laid
    before = tree(outside)
    calls = itertools.cycle(taking_paths())
    refused = done = 0
    for path, (declared, field, many) in zip(paths(COUNT, 1), calls, strict=False):
        try:
            result = drive.call(declared.name, **arguments(declared, field, path, many=many))
        except LsfsError as error:
            refused += 1
            assert CANARY not in error.message, (declared.name, path)
            continue
        done += 1
        assert CANARY not in codec.dumps(result), (declared.name, field, path)
    assert tree(outside) == before
    assert refused > COUNT // 4 and done > COUNT // 20
    assert {one.name for one in source.parent.iterdir()} == {"docs", "outside", "state"}


def test_every_syscall_refuses_the_links_that_lead_out(
    laid: tuple[Path, Path, lsfs.Drive],
) -> None:
    _, outside, drive = laid
    before = tree(outside)
    ways = ("out/secret.txt", "abs/secret.txt", "file", "chain/folder", "up/outside", "new")
    for (declared, field, many), path in itertools.product(taking_paths(), ways):
        with contextlib.suppress(LsfsError):
            result = drive.call(declared.name, **arguments(declared, field, path, many=many))
            assert CANARY not in codec.dumps(result), (declared.name, field, path)
    assert tree(outside) == before


@pytest.mark.parametrize("grant", [None, Grant(("Notes/**",))])
def test_a_link_that_takes_a_folders_place_meanwhile(tmp_path: Path, grant: Grant | None) -> None:
    """A folder is exchanged with a link to elsewhere, over and over, while it is worked on."""
    source, outside = lay(tmp_path)
    (outside / "a.txt").write_text(CANARY)
    (source / "spare").symlink_to("../outside")
    settings = Config(model=ModelConfig(chat="none", embed="none"))
    ended = threading.Event()

    def exchange() -> None:
        from lsfs.fuse import libc

        root = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
        while not ended.is_set():
            libc.rename(root, b"Notes", root, b"spare", EXCHANGE)
            time.sleep(0.0005)
        os.close(root)

    with lsfs.open(source, state=str(tmp_path / "s"), config=settings, grant=grant) as drive:
        thread = threading.Thread(target=exchange)
        thread.start()
        try:
            outcomes = _worked(drive)
        finally:
            ended.set()
            thread.join()
    assert all(outcomes.values()), outcomes
    assert (outside / "a.txt").read_text() == CANARY
    assert {one.name for one in outside.iterdir()} == {"a.txt", "folder", "secret.txt"}


def _worked(drive: lsfs.Drive) -> dict[str, bool]:
    """Work on the folder until each of these has been seen."""
    seen = {"read": False, "written": False, "refused": False}
    until = time.monotonic() + DEADLINE_S
    rounds = 0
    while time.monotonic() < until and not (all(seen.values()) and rounds > 60):
        rounds += 1
        with contextlib.suppress(LsfsError):
            assert CANARY not in drive.read_text("Notes/a.txt").text
            seen["read"] = True
        try:
            drive.write_file("Notes/new.txt", "x")
            seen["written"] = True
        except LsfsError:
            seen["refused"] = True
        with contextlib.suppress(LsfsError):
            drive.copy("Notes/a.txt", "Notes/b.txt", replace=True)
        with contextlib.suppress(LsfsError):
            plan = drive.delete(("Notes/b.txt",))
            drive.delete(("Notes/b.txt",), apply=plan.digest)
    return seen
