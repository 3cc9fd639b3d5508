"""Has a page of a file drawn by a process that can be killed, so that no file can harm this one."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Final

from lsfs.config import IndexConfig
from lsfs.errors import NotFound, ParseError, ParserTimeout, TooLarge
from lsfs.index.readers.sandbox import environment

MODULE: Final = "lsfs_parsers.picture"  # run as a program; parsers are never imported here
SECONDS: Final = 20.0  # for one page
MAX_BYTES: Final = 32 * 2**20
WIDTHS: Final = (100, 3000)  # pixels, least and most
_STEP = 64 * 1024
_MAX_REASON = 200  # characters
_BEGINNINGS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def page_picture(
    fd: int, media_type: str, page: int, width: int, limits: IndexConfig
) -> tuple[str, bytes]:
    """The media type and the bytes of a picture of a page.

    Args:
        fd: the file, open for reading; its offset is not used.
        media_type: what the file is, as the parsers told it apart.
        page: from 1.
        width: in pixels.

    Raises:
        NotFound: it has no such page.
        ParserTimeout: it took too long.
        ParseError: it cannot be drawn.
    """
    width = min(max(width, WIDTHS[0]), WIDTHS[1])
    seconds = min(SECONDS, limits.parse_seconds)
    process = subprocess.Popen(  # noqa: S603  our own interpreter and module
        _command(fd, media_type, page, width, seconds, limits.parse_memory_mb),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(fd,),
        env=environment(),
        cwd="/",
        start_new_session=True,  # its own process group, killed as a whole
    )
    try:
        answer = _answer(process, time.monotonic() + seconds)
        code = process.wait(1)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise ParserTimeout(f"page {page} was not drawn within {seconds:.3g} s") from None
    finally:
        _end(process)
    return _judged(answer, code, page)


def _command(
    fd: int, media_type: str, page: int, width: int, seconds: float, memory_mb: int
) -> list[str]:
    # -P and no empty entry in PYTHONPATH: a module in the user's folder must not run.
    command = [sys.executable, "-P", "-s", "-B", "-X", "utf8", "-m", MODULE]
    command += ["--fd", str(fd), "--media-type", media_type, "--page", str(page)]
    command += ["--width", str(width), "--seconds", str(max(1, round(seconds)))]
    return [*command, "--memory-mb", str(memory_mb)]


def _answer(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """What the process says until it closes its output, no longer than a picture may be."""
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    said = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not ready.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            part = os.read(process.stdout.fileno(), _STEP)
            if not part:
                return bytes(said)
            said += part
            if len(said) > MAX_BYTES:
                raise TooLarge("the picture of the page is too large")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and of what it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _judged(answer: bytes, code: int, page: int) -> tuple[str, bytes]:
    if code == 0:
        for beginning, media_type in _BEGINNINGS.items():
            if answer.startswith(beginning):
                return media_type, answer
        raise ParseError(f"page {page} cannot be drawn")
    if code < 0:
        raise ParseError(f"page {page} cannot be drawn: {signal.Signals(-code).name}")
    reason = answer.decode("utf-8", "replace")[:_MAX_REASON] or "it cannot be drawn"
    if code == NotFound.exit_code:
        raise NotFound(reason)
    raise ParseError(reason)
