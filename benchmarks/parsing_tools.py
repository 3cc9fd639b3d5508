"""The tools that read documents, each file in a process of its own with a limit of time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from benchmarks.parsing_score import Reading

SCRIPT = Path(__file__).with_name("parsing_peers.py")
OURS = "lsfs"
_KEPT = 300  # characters of a tool's last words


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, and the Python that has it."""

    name: str
    python: Path

    def read(self, path: Path, limit: float) -> Reading:
        """What it makes of a file within ``limit`` seconds."""
        with tempfile.TemporaryDirectory() as place:
            target, errors = Path(place, "reading.json"), Path(place, "errors")
            command = [str(self.python), str(SCRIPT), self.name, str(path), str(target)]
            code, peak = _run(command, errors, limit)
            if code == 0 and target.exists():
                found = json.loads(target.read_text(encoding="utf-8"))
                return Reading(**found, peak_mb=peak)
            said = errors.read_text(encoding="utf-8", errors="replace").strip()
            reason = f"more than {limit:g} s" if code < 0 else said[-_KEPT:]
            return Reading((), None, None, peak_mb=peak, error=reason or f"ended with {code}")


def tools(peers: Path | None, only: set[str]) -> list[Tool]:
    """lsfs, and the others that the interpreter ``peers`` has; those in ``only`` if it names any.

    Raises:
        SystemExit: one that is asked for is not there.
    """
    here = Path(sys.executable)
    other = peers or here
    done = subprocess.run([other, SCRIPT, "--list"], capture_output=True, text=True, check=True)
    found = [Tool(OURS, here)]
    found += [Tool(name, other) for name in json.loads(done.stdout) if name != OURS]
    missing = only - {tool.name for tool in found}
    if missing:
        raise SystemExit(f"{other} does not have {', '.join(sorted(missing))}")
    return [tool for tool in found if not only or tool.name in only]


def _environment() -> dict[str, str]:
    """The tools are found where this program's own modules are; one thread each."""
    path = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def _run(command: list[str], errors: Path, limit: float) -> tuple[int, float]:
    """The exit code, negative for a signal, and the most memory in MB."""
    own = {} if command[0] != sys.executable else {"env": _environment()}
    with errors.open("wb") as sink:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sink, **own)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024
