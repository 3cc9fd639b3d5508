"""Paths that try to leave a folder: by their spelling, and by links that lie in it."""

# ruff: noqa: E501

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

PARTS = (
    "..", ".", "", "...", "....", "..;", ". .", ".. ", "\N{ONE DOT LEADER}\N{ONE DOT LEADER}",
    "\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}", "\N{TWO DOT LEADER}", "..\\", "\\..\\", "%2e%2e",
    "%2e%2e%2f", "%c0%ae%c0%ae", "~", "~root", "$HOME", "a\N{FRACTION SLASH}..", "a\N{DIVISION SLASH}..",
    "\N{FULLWIDTH SOLIDUS}etc", "\u202e..", "\ufeff..", "..\u200b", "x\n..", "..\t", "\0", "..\0",
    "\udcff\udcfe", "a" * 255, "b" * 300, "Notes", "a.txt", "out", "up", "abs", "root", "chain", "loop",
    "proc", "file", "sub", "secret.txt", "outside", ".lsfs", "at", "versions", "CON", "C:", "*", "**", "?",
    "-rf", "--yes", "'", '"', "{a,b}", "[/bold]", "\x1b[31m",
)  # fmt: skip
WHOLE = (
    "/etc/passwd", "//etc/passwd", "/proc/self/root/etc/passwd", "/proc/self/environ", "/dev/zero",
    "../outside/secret.txt", "../../outside/secret.txt", "Notes/../../outside/secret.txt",
    "out/secret.txt", "abs/secret.txt", "chain/secret.txt", "file", "up/outside/secret.txt",
    "root/etc/passwd", "proc/environ", "loop/x", "/", "", ".", "..", "../", "./..", "Notes/..",
    "file:///etc/passwd", "a/" * 3000 + "b", "../" * 2000 + "etc/passwd", "c" * 5000,
)  # fmt: skip


def lay(base: Path) -> tuple[Path, Path]:
    """A drive's folder with links that lead out of it, and what they lead to."""
    source, outside = base / "docs", base / "outside"
    (source / "Notes" / "sub").mkdir(parents=True)
    (source / "Notes" / "a.txt").write_text("inside\n")
    outside.mkdir()
    (outside / "secret.txt").write_text("CANARY\n")
    (outside / "folder").mkdir()
    links = {
        "out": "../outside", "abs": str(outside), "up": "..", "root": "/", "chain": "Notes/hop",
        "Notes/hop": "../../outside", "loop": "loop", "proc": "/proc/self", "file": "../outside/secret.txt",
        "Notes/secret.txt": str(outside / "secret.txt"), "new": "../outside/new.txt",
    }  # fmt: skip
    for name, target in links.items():
        (source / name).symlink_to(target)
    return source, outside


def paths(count: int, seed: int) -> Iterator[str]:
    """So many paths, the same for the same seed; the known ones first."""
    yield from WHOLE[:count]
    chosen = random.Random(seed)
    for _ in range(max(0, count - len(WHOLE))):
        parts = [chosen.choice(PARTS) for _ in range(chosen.randint(1, 6))]
        begin = chosen.choice(("", "", "", "/", "./", "../", "out/", "Notes/"))
        yield begin + chosen.choice(("/", "/", "//")).join(parts)
