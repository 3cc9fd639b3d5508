"""The brain of a mounted drive: a process that indexes behind the files and answers calls.

It is started by the process that serves the mount, holds ``catalog.lock``, and ends when its
standard input ends, so it cannot outlive the mount.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

from lsfs import config as configuration
from lsfs import logs
from lsfs.drives import DriveRecord, library_of, locked
from lsfs.errors import LsfsError
from lsfs.paths import StatePaths
from lsfs.serve import rpc
from lsfs.syscalls.drive import open_engines, run
from lsfs.syscalls.engines import Call, Engines
from lsfs.versions.history import JournalReader

log = logging.getLogger("lsfs.serve.brain")

CHUNK = 4096  # of what the mount tells


def main(arguments: list[str] | None = None) -> int:
    """Run until standard input ends or SIGTERM comes; gives the exit code."""
    parser = argparse.ArgumentParser(prog="lsfs.serve.brain", description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args(arguments)
    state = StatePaths(options.state)
    record = DriveRecord(options.source, state, library_of(state))
    logs.begin("brain", record.state.log)
    # By this name whoever asks finds us, and the change feed says who brought a file back.
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text("lsfs", encoding="ascii")
    try:
        with serving(record) as engines:
            log.info("following the changes in %s", record.source)
            _follow_journal(engines)
    except LsfsError as error:
        log.error("%s (%s)", error.message, error.hint)
        return error.exit_code
    log.info("ended")
    return 0


class serving(contextlib.AbstractContextManager[Engines]):
    """Engines that follow the files, with a socket to call them by.

    Args:
        record: the drive.
        settings: its settings; loaded from their files by default.
    """

    def __init__(self, record: DriveRecord, settings: configuration.Config | None = None) -> None:
        self._record = record
        self._config = settings or configuration.load(record.source)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Engines:
        with self._stack as stack:
            stack.enter_context(locked(self._record.state.catalog_lock))
            engines = open_engines(self._record, self._config, stack, follow=True)
            server = rpc.Server(self._record.state.socket, _handler(engines))
            stack.callback(server.close)
            threading.Thread(target=server.serve_forever, name="lsfs-rpc", daemon=True).start()
            self._stack = stack.pop_all()
        return engines

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _handler(engines: Engines) -> rpc.Handler:
    def handle(
        name: str,
        arguments: dict[str, Any],
        emit: rpc.Emit,
        gone: threading.Event,
        asks: rpc.Asking,
    ) -> Any:
        call = Call(engines, emit, gone, client=asks.client, grant=asks.grant)
        return run(call, name, arguments)

    return handle


def _follow_journal(engines: Engines) -> None:
    """Turn journal events into hints until the writer of the journal has gone."""
    follower = engines.indexer
    reader = JournalReader(engines.state.history)
    position = int(engines.catalog.meta("position", "0"))
    ended, rest = threading.Event(), b""
    signal.signal(signal.SIGTERM, lambda *_: _end(ended))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that has the terminal
    try:
        while not ended.is_set():
            try:
                for event in reader.after(position):
                    follower.hint([event.path, *([event.target] if event.target else [])])
                    position = event.id
                    engines.catalog.set_meta("position", str(position))
                if engines.keeper is not None:
                    engines.keeper.follow()
            except InterruptedError:
                return
            except (OSError, sqlite3.OperationalError) as error:
                # A full disk, most likely: the events stay, and are taken in with the next one.
                log.error("what happens is not taken in for now: %s", error)
            # One line, or many: there is news. None: the mount has gone.
            if not (told := os.read(sys.stdin.fileno(), CHUNK)):
                return
            rest = _take_opened(engines, rest + told)
    except InterruptedError:
        return
    finally:
        reader.close()


def _take_opened(engines: Engines, told: bytes) -> bytes:
    """Take note of the files that were opened; gives the line that has not ended yet.

    A line is empty (there is news in the journal), or the path of a file in hexadecimal.
    """
    *lines, rest = told.split(b"\n")
    opened = []
    for line in filter(None, lines):
        # Another brain may have read the beginning of the first line, and died.
        with contextlib.suppress(ValueError):
            opened.append(os.fsdecode(bytes.fromhex(line.decode("ascii"))))
    if opened and engines.ahead is not None:
        engines.ahead.opened(opened)
    return rest


def _end(ended: threading.Event) -> None:
    ended.set()
    raise InterruptedError


if __name__ == "__main__":
    sys.exit(main())
