"""A parser that does what its file says: hangs, eats memory, crashes. For tests of the sandbox."""

from __future__ import annotations

import ctypes
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lsfs.model import Block, BlockKind, Document
from lsfs_parsers.base import Source

SIGNATURE = b"%!PS\n"  # what makes a file this parser's
MEDIA_TYPE = "application/postscript"


class MisbehavingParser:
    """Reads one word behind the signature, and obeys."""

    name = "misbehaving"
    version = 7
    media_types = (MEDIA_TYPE,)

    def parse(self, source: Source) -> Document:
        order = source.read()[len(SIGNATURE) :].decode()
        deeds: dict[str, Callable[[], object]] = {
            "hang": lambda: time.sleep(1000),
            "spin": _spin,
            "eat": lambda: b"x" * 10**12,
            "crash": lambda: ctypes.string_at(0),
            "exit": lambda: os._exit(3),
            "sys.exit": lambda: sys.exit(4),
            "raise": lambda: 1 / 0,
            "grandchild": lambda: subprocess.run(["sleep", f"98761.{os.getppid()}"], check=True),
            "flood": lambda: _answer(10**8),
            "picture": lambda: _read_pictures(source, 2, 1.2),
            "pictures": lambda: _read_pictures(source, 10, 1.2),
            "print": lambda: os.write(1, b"noise on standard output\n" * 1000),
            "moan": lambda: [os.write(2, b"x" * 4096) for _ in range(15)],
            "peek": lambda: Path("/etc/passwd").read_bytes(),
            "kill": lambda: os.kill(os.getppid(), 0),
            "write": lambda: Path("/tmp/lsfs-must-not-exist").write_bytes(b"x"),
            "network": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        }
        text = order
        if order == "look":
            text = f"{os.getppid()} {sorted(os.environ)} {Path.cwd()}"
        elif order.startswith("notes"):
            text = _note_pictures(source)
        elif order in deeds:
            deeds[order]()
        elif order == "garbage":
            os.closerange(3, 100)
        text = "\udc80" if order == "surrogates" else text
        text = "x" * 5_000_000 if order == "bloat" else text
        start = 1 if order == "lie" else 0
        block = Block(BlockKind.PARAGRAPH, text, start, start + len(text))
        return Document(source.media_type, self.name, self.version, text=text, blocks=(block,))


def _spin() -> None:
    while True:
        pass


def _answer(length: int) -> None:
    """Announce an answer to the parent as a parser that is under a file's control might."""
    for fd in range(3, 100):
        with suppress(OSError):  # not open
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, struct.pack(">Q", length))
    time.sleep(1000)


def _read_pictures(source: Source, count: int, seconds: float) -> None:
    for _ in range(count):
        with source.reading_picture(0.0):
            time.sleep(seconds)


def _note_pictures(source: Source) -> str:
    """Two more pages than were known, and the end of the process unless four were."""
    known = source.memory.known
    for number in range(len(known), len(known) + 2):
        source.memory.keep(f"{number:032x}", b"page %d" % number)
    if len(known) < 4:
        os._exit(3)
    return ", ".join(said.decode() for said in known.values())


class Broken:
    """Cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("this plugin is broken")
