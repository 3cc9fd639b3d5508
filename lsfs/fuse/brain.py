"""Keeps the brain running behind a mount, without the mount ever waiting for it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import lsfs
from lsfs.fuse import sd_notify
from lsfs.paths import StatePaths

log = logging.getLogger("lsfs.fuse.brain")

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
LEAVE_S = 10.0  # after the end of its input, before SIGTERM
TERMINATE_S = 5.0  # after SIGTERM, before SIGKILL


def command(source: Path, state: StatePaths) -> list[str]:
    """How the brain of a drive is started."""
    program = [sys.executable, "-P", "-m", "lsfs.serve.brain"]
    return [*program, "--source", os.fspath(source), "--state", os.fspath(state.root)]


def environment() -> dict[str, str]:
    """The environment for a child that imports lsfs, from a source tree as when installed.

    Without what systemd gave to this process alone.
    """
    root = os.fspath(Path(lsfs.__file__).parent.parent)
    rest = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    ours = {name: value for name, value in os.environ.items() if name != sd_notify.VARIABLE}
    return {**ours, "PYTHONPATH": os.pathsep.join(dict.fromkeys([root, *rest]))}


class Supervisor:
    """Starts the brain, and starts it again when it dies.

    Its standard input is a pipe: a byte is news in the journal, the end means that the mount has
    gone, however it went.

    Args:
        arguments: the command.
        started: told the process number at every start, None at every end; in a thread.
        log_fd: where its output goes.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        started: Callable[[int | None], None],
        log_fd: int,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._arguments = list(arguments)
        self._environment = environment
        self._started = started
        self._log_fd = log_fd
        self._read_end, self.wake = os.pipe()
        os.set_blocking(self.wake, False)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="lsfs-brain", daemon=True)

    def start(self) -> None:
        """Start it, now and whenever it has died, until :meth:`stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End it: by the end of its input, then by SIGTERM, then by SIGKILL."""
        with self._lock:
            self._stopping.set()
            os.close(self.wake)
            process = self._process
        if self._thread.is_alive():
            self._thread.join(LEAVE_S)
            if self._thread.is_alive() and process is not None:
                process.terminate()
                self._thread.join(TERMINATE_S)
            if self._thread.is_alive() and process is not None:
                process.kill()
                self._thread.join()
        os.close(self._read_end)

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            self._once()
            if time.monotonic() - began > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _once(self) -> None:
        """Start it and wait for its end."""
        with self._lock:
            if self._stopping.is_set():
                return
            try:
                process = subprocess.Popen(  # noqa: S603 - our own command
                    self._arguments,
                    stdin=self._read_end,
                    stdout=self._log_fd,
                    stderr=self._log_fd,
                    env=self._environment,
                )
            except OSError as error:
                log.error("the brain cannot be started: %s", error)
                return
            self._process = process
        self._started(process.pid)
        code = process.wait()
        self._started(None)
        if self._stopping.is_set():
            log.info("the brain has ended")
        else:
            log.warning(
                "the brain ended (%s); files are served on, it is restarted", _how_it_ended(code)
            )


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {-code}: {signal.strsignal(-code)}"
