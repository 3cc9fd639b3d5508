"""The process in which files are parsed: takes descriptors, answers with documents.

Over a Unix stream socket, each message is eight bytes of length, big endian, and as many of JSON:

- on start, the child sends ``{"ready": true}``;
- ``{"op": "versions"}`` is answered by ``{"versions": {name: version}}``;
- ``{"op": "read", "name", "seconds", "picture_seconds", "longest_picture", "longest_answer"}``
  comes with the file's descriptor (SCM_RIGHTS) and is answered by two messages: ``{"media_type",
  "parser", "version"}`` before the parsing starts, so that the parent knows what was going on
  should it have to stop it, and then the document. Between them come two empty messages for each
  page that is a picture, before and after it is read: there the file's time stands still; and what
  it says, as a note behind a "P". A second descriptor is of such notes of an earlier reading.

Nothing is written to standard output.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from lsfs.errors import Encrypted, LsfsError, ParserTimeout, TooLarge, UnsupportedFormat
from lsfs.model import Document, Status
from lsfs_parsers import detect
from lsfs_parsers.base import UNKNOWN, Parser, PictureMemory, PictureTime, Source
from lsfs_parsers.builder import broken_promise, clean
from lsfs_parsers.confine import confine, watched
from lsfs_parsers.picture_notes import note, notes_in
from lsfs_parsers.registry import Registry

_LENGTH = struct.Struct(">Q")
_MAX_REQUEST = 1024 * 1024  # a name and a number
_MAX_REASON = 300  # characters
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT = 8 << 20  # bytes of freed memory that are not given back: pdfium wants them for each page
_NEW_OBJECTS = 100_000  # between two looks for cycles; a page makes thousands, and hardly a cycle

_STATUS: tuple[tuple[type[BaseException], Status], ...] = (
    (Encrypted, Status.ENCRYPTED),
    (TooLarge, Status.TOO_LARGE),
    (UnsupportedFormat, Status.UNSUPPORTED),
    (ParserTimeout, Status.TIMEOUT),
    (MemoryError, Status.OUT_OF_MEMORY),
)


def main(arguments: Sequence[str]) -> int:
    """Serve requests until the parent closes its end.

    Args:
        arguments: ``--fd N`` the socket, ``--memory-mb N``, ``--parser name=module:Class``, and for
            reading PDF with a page model ``--neural FOLDER`` and ``--neural-dtype NAME``.
    """
    options = argparse.ArgumentParser(prog="lsfs_parsers", description=__doc__)
    options.add_argument("--fd", type=int, default=0)
    options.add_argument("--memory-mb", type=int, default=0)
    options.add_argument("--parser", action="append", default=[])
    options.add_argument("--neural", type=Path)
    options.add_argument("--neural-dtype", default="auto")
    chosen = options.parse_args(arguments)
    # A terminal's ^C goes to the whole foreground group; the parent decides what it means for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_NEW_OBJECTS)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        libc.mallopt(_M_MMAP_THRESHOLD, _KEPT // 2)
    extra = dict(item.split("=", 1) for item in chosen.parser)
    registry = Registry(extra)
    readable: list[str] = []
    if chosen.neural is not None:
        from lsfs_parsers.neural.parser import ABOUT_THE_PROCESSOR, NeuralPdfParser

        readable = [str(chosen.neural), *ABOUT_THE_PROCESSOR]
        registry.prefer(NeuralPdfParser(chosen.neural, chosen.neural_dtype))
    child = Child(registry, detect.Detector())
    confine(chosen.memory_mb, readable)
    with socket.socket(fileno=chosen.fd) as connection:
        connection.set_inheritable(False)
        serve(connection, child)
    return 0


def serve(connection: socket.socket, child: Child) -> None:
    """Answer requests until the other end is closed."""
    _send(connection, b'{"ready": true}')
    while (request := _receive(connection)) is not None:
        message, fds = request
        try:
            if message["op"] == "versions":
                _send(connection, json.dumps({"versions": child.registry.versions()}).encode())
            elif fds:
                _read(connection, child, message, fds)
        finally:
            for fd in fds:
                os.close(fd)


def _read(connection: socket.socket, child: Child, message: dict[str, Any], fds: list[int]) -> None:
    fd, *notes = fds
    seconds = float(message["seconds"])
    with watched(connection, seconds) as extend:
        pictures = PictureTime(float(message["picture_seconds"]), float(message["longest_picture"]))
        deadline = time.monotonic() + seconds
        size = os.fstat(fd).st_size
        memory = PictureMemory(
            notes_in(notes[0]) if notes else {},
            lambda key, said: _send(connection, b"P" + note(key, said)),
        )
        source = Source(
            fd, str(message["name"]), size, deadline=deadline, pictures=pictures, memory=memory
        )

        def announce(begins: bool) -> None:
            extend(source.seconds_left() + (pictures.longest if begins else 0.0))
            _send(connection, b"")

        pictures.announce = announce
        source, parser, failure = child.choose(source)
        _send(connection, msgspec.json.encode(_claim(source, parser)))
        answer = _encoded(failure or child.parse(source, parser), int(message["longest_answer"]))
    # Sent outside the watch: the parent may be gone, but then the write itself fails.
    _send(connection, answer)


class Child:
    """What the process keeps between files."""

    def __init__(self, registry: Registry, detector: detect.Detector) -> None:
        self.registry = registry
        self._detector = detector

    def choose(self, source: Source) -> tuple[Source, Parser | None, Document | None]:
        """The source with its media type, and its parser or else the document that says why not."""
        try:
            media_type = self._detector.media_type(source)
        except Exception as error:  # the outermost edge: whatever a file does, the next one is read
            return source, None, _failed(source, None, error)
        source = replace(source, media_type=media_type)
        if media_type == detect.EMPTY:
            return source, None, _document(source, None, Status.EMPTY, "the file is empty")
        parser = self.registry.find(media_type)
        if parser is None:
            failure = _failed(source, None, detect.unsupported(media_type))
            return source, None, replace(failure, warnings=self.registry.warnings)
        return source, parser, None

    def parse(self, source: Source, parser: Parser | None) -> Document:
        """The document in ``source``; never raises."""
        if parser is None:
            return _failed(source, None, detect.unsupported(source.media_type))
        try:
            document = parser.parse(source)
            broken = broken_promise(document)
        except BaseException as error:  # a Rust library's panic and sys.exit are no Exceptions
            return _failed(source, parser, error)
        if broken:
            reason = f"the parser {parser.name!r} made a faulty document: {broken}"
            return _document(source, parser, Status.DAMAGED, reason)
        return document


def _claim(source: Source, parser: Parser | None) -> dict[str, str | int]:
    name, version = _named(parser)
    return {"media_type": source.media_type, "parser": name, "version": version}


def _named(parser: Parser | None) -> tuple[str, int]:
    return (parser.name, parser.version) if parser else (detect.NAME, detect.VERSION)


def _document(source: Source, parser: Parser | None, status: Status, reason: str) -> Document:
    name, version = _named(parser)
    reason = " ".join(clean(reason).split())[:_MAX_REASON]
    return Document(source.media_type or UNKNOWN, name, version, status, reason)


def _failed(source: Source, parser: Parser | None, error: BaseException) -> Document:
    """The document that stands for a file that could not be read."""
    status = next((s for kind, s in _STATUS if isinstance(error, kind)), Status.DAMAGED)
    if isinstance(error, LsfsError):
        return _document(source, parser, status, error.message)
    if isinstance(error, MemoryError):
        return _document(source, parser, status, "reading it needs more memory than is allowed")
    if isinstance(error, RecursionError):
        return _document(source, parser, status, "it is nested too deep")
    # Not foreseen: the parent keeps the end of standard error for whoever looks into it.
    with suppress(OSError):  # who floods standard error first gets no traceback into it
        traceback.print_exception(error, limit=-20, file=sys.stderr)
    return _document(source, parser, status, f"the parser failed: {type(error).__name__}: {error}")


def _encoded(document: Document, longest: int) -> bytes:
    try:
        answer = msgspec.json.encode(document)
        if len(answer) > longest:
            name, version = str(document.parser), int(document.parser_version)
            reason = f"what was read takes {len(answer) / 2**20:,.0f} MiB, too much for its size"
            answer = msgspec.json.encode(
                Document(document.media_type, name, version, Status.TOO_LARGE, reason)
            )
        return answer
    except (UnicodeEncodeError, TypeError, MemoryError) as error:
        # Lone surrogates, or values of foreign types, from a parser that does not use the builder.
        status = Status.OUT_OF_MEMORY if isinstance(error, MemoryError) else Status.DAMAGED
        reason = f"the parser's document cannot be stored: {type(error).__name__}"
        name, version = str(document.parser), int(document.parser_version)
        return msgspec.json.encode(Document(UNKNOWN, name, version, status, reason))


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(message)) + message)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next request and the descriptors that came with it; None when there will be no more."""
    head, fds, _, _ = socket.recv_fds(connection, _LENGTH.size, 2, socket.MSG_CMSG_CLOEXEC)
    head += _exactly(connection, _LENGTH.size - len(head)) if head else b""
    if not head:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > _MAX_REQUEST:
        raise ValueError(f"a request of {length} bytes")
    message = json.loads(_exactly(connection, length))
    return message, fds


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError("the parent is gone")
        data += part
    return data
