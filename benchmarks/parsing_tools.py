"""The tools that read documents, each file in a process of its own with a limit of time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

from benchmarks.parsing_score import Reading

SCRIPT = Path(__file__).with_name("parsing_peers.py")
OURS = "lsfs"
_KEPT = 300  # characters of a tool's last words


class Tool(Struct, frozen=True):
    """A tool, and the Python that has it."""

    name: str
    python: Path
    version: str = ""

    def read(self, path: Path, limit: float) -> Reading:
        """What it makes of a file within ``limit`` seconds."""
        with tempfile.TemporaryDirectory() as place:
            target, errors = Path(place, "reading.json"), Path(place, "errors")
            command = [str(self.python), str(SCRIPT), self.name, str(path), str(target)]
            code = _run(command, errors, limit)
            if code == 0 and target.exists():
                return Reading(**json.loads(target.read_text(encoding="utf-8")))
            said = errors.read_text(encoding="utf-8", errors="replace").strip()
            reason = f"more than {limit:g} s" if code is None else said[-_KEPT:]
            return Reading((), error=reason or f"ended with {code}")


def tools(peers: Path | None, only: set[str]) -> list[Tool]:
    """lsfs, and the others that the interpreter ``peers`` has; those in ``only`` if it names any.

    Raises:
        SystemExit: one that is asked for is not there.
    """
    here = Path(sys.executable)
    other = peers or here
    done = subprocess.run([other, SCRIPT, "--list"], capture_output=True, text=True, check=True)
    found = [Tool(OURS, here)]
    others: dict[str, str] = json.loads(done.stdout)
    found += [Tool(name, other, version) for name, version in others.items() if name != OURS]
    missing = only - {tool.name for tool in found}
    if missing:
        raise SystemExit(f"{other} does not have {', '.join(sorted(missing))}")
    return [tool for tool in found if not only or tool.name in only]


def _environment() -> dict[str, str]:
    """The tools are found where this program's own modules are; one thread each."""
    path = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def _run(command: list[str], errors: Path, limit: float) -> int | None:
    """The exit code; None when the time was over."""
    own = _environment() if command[0] == sys.executable else None
    with errors.open("wb") as sink:
        try:
            done = subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=sink, env=own, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            return None
    return done.returncode
