"""Files as text: whole or a part, of documents as lsfs reads them."""

from __future__ import annotations

import contextlib
import os
import stat as modes
from collections.abc import Iterator
from typing import Annotated, Protocol

from msgspec import Struct

from lsfs import beneath, markdown, paths
from lsfs.errors import LsfsError, ParseError, TooLarge, UsageError
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import look, numbered
from lsfs.syscalls.registry import Param, Tool, registry
from lsfs.syscalls.within import found, source, told

MOST_BYTES = 8 << 20  # of one answer
BUDGET = 48_000  # bytes of one answer to an agent: some 12,000 tokens of English
MOST_CONVERTED = 64 << 20
_BLOCK = 64 << 10
_SAMPLE = 64 << 10
_PATH = Annotated[str, Param("the file", path=True)]
_CURSOR = Annotated[str, Param("go on where an answer was cut: what it gave as `next`")]


class ReadTextRequest(Struct, frozen=True):
    """Which file, and which part of it."""

    path: _PATH
    head: Annotated[int, Param("only the first so many lines", flags=("-n",))] = 0
    tail: Annotated[int, Param("only the last so many lines")] = 0
    version: Annotated[int, Param("an earlier version of the file; 0 is the present one")] = 0
    cursor: _CURSOR = ""
    limit: Annotated[int, Param("bytes of one answer at most", hidden=True)] = MOST_BYTES


class FileText(Struct, frozen=True):
    """A file as text, or a part of it.

    Attributes:
        read_as: what was read: "text", or the media type of a document that was parsed.
        encoding: of the bytes; "utf-8" for parsed documents.
        offset: where in the text the part begins, in bytes; ``total`` is the size of the whole.
        next: give it back as ``cursor`` to go on; "" at the end.
    """

    path: str
    text: str
    read_as: str
    encoding: str
    offset: int
    total: int
    next: str = ""


@registry.syscall(
    command="read",
    examples=("lsfs read notes.txt --tail 20", "lsfs read lease.pdf -n 40"),
    tools=(
        Tool("read_text_file", "Read a file as text; PDF, office, mail and other documents as "
             "Markdown with page marks. head/tail: only the first/last N lines. Long ones come in "
             "parts: pass `next` back as cursor.", fill={"limit": BUDGET}, leaves_out=("limit",),
             camel=True),
        Tool("read_file", "DEPRECATED: use read_text_file.", fill={"limit": BUDGET},
             leaves_out=("limit", "version", "cursor"), camel=True),
    ),
)  # fmt: skip
def read_text(call: Call, request: ReadTextRequest) -> FileText:
    """Read a file as text; a PDF, office file or mail as Markdown, with a mark at each page."""
    if request.head and request.tail:
        raise UsageError("give head or tail, not both")
    if request.head < 0 or request.tail < 0:
        raise UsageError("a number of lines cannot be negative")
    if request.cursor and not request.cursor.isdecimal():
        raise UsageError("not a cursor", hint="give back what an answer gave as `next`")
    limit = min(max(1, request.limit), MOST_BYTES)
    path, bytes_, read_as, encoding = _opened(call, request.path, request.version)
    with contextlib.closing(bytes_):
        is_cut = False
        if request.tail:
            begin = _tail(bytes_, request.tail, limit)
            end = bytes_.size
        else:
            begin = min(int(request.cursor or 0), bytes_.size)
            end, is_cut = _end(bytes_, begin, request.head, limit)
        data = bytes_.read(begin, end - begin)
    rest = str(end) if is_cut else ""
    return FileText(
        path, data.decode(encoding, "replace"), read_as, encoding, begin, bytes_.size, rest
    )


class ReadTextsRequest(Struct, frozen=True):
    """Which files."""

    paths: Annotated[tuple[str, ...], Param("the files", path=True)]
    limit: Annotated[int, Param("bytes of all of them at most", hidden=True)] = MOST_BYTES


class OneOfTexts(Struct, frozen=True):
    """A file as text, or why it cannot be read."""

    path: str
    text: str = ""
    next: str = ""
    problem: str = ""


class Texts(Struct, frozen=True):
    """Files as text, in the order in which they were asked for."""

    files: tuple[OneOfTexts, ...]


@registry.syscall(
    tools=(
        Tool("read_multiple_files", "Read several files as text; one that fails does not stop the "
             "others.", fill={"limit": BUDGET}, leaves_out=("limit",), camel=True),
    ),
)  # fmt: skip
def read_texts(call: Call, request: ReadTextsRequest) -> Texts:
    """Read several files as text. One that cannot be read does not stop the others."""
    files = []
    left = request.limit
    for at, path in enumerate(request.paths):
        call.check()
        share = left // (len(request.paths) - at)  # what short ones leave is for the others
        try:
            one = read_text(call, ReadTextRequest(path, limit=max(1, share)))
        except LsfsError as error:
            files.append(OneOfTexts(path, problem=f"{error.message}. {error.hint}".strip()))
        else:
            left -= len(one.text.encode("utf-8", "surrogateescape"))
            files.append(OneOfTexts(path, one.text, one.next))
    return Texts(tuple(files))


# --- the bytes, and where lines end in them


class Readable(Protocol):
    """Bytes to read from anywhere."""

    size: int

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Whole:
    """Bytes that are in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes at ``offset``."""
        return self._data[offset : offset + size]

    def close(self) -> None:
        """Nothing is held."""


def _opened(call: Call, path: str, version: int) -> tuple[str, Readable, str, str]:
    """The bytes of a text: its path, the bytes, what was read, and their encoding.

    Raises:
        ParseError: it is no text, and no document that could be read.
    """
    from lsfs.versions.unified import decoded

    if version:
        path = paths.relative(path)
        look(call, path)
        bytes_: Readable = call.engines.past.open(numbered(call, path, version))
    else:
        path, bytes_ = present(call, path)
    try:
        sample = decoded(_without_half(bytes_.read(0, _SAMPLE)))
        if sample is not None and sample.encoding.startswith("utf-8"):
            return path, bytes_, "text", "utf-8"
        if sample is not None and sample.encoding == "latin-1":
            return path, bytes_, "text", _encoding(bytes_)
        if sample is not None:  # lines of UTF-16 and UTF-32 do not end with one byte
            return path, _as_utf8(bytes_, sample.encoding), "text", "utf-8"
    except BaseException:
        bytes_.close()
        raise
    bytes_.close()
    if version:
        raise ParseError(
            f"version {version} of {path} is no text", hint=f"what changed: lsfs diff {path}"
        )
    return _document(call, path)


def present(call: Call, path: str) -> tuple[str, Readable]:
    """The real path of a file, and its bytes as they are.

    Raises:
        LsfsError: there is none, it is no file, or a link leads out.
    """
    from lsfs.versions.contents import FileContent

    with source(call) as root, told(path):
        real = found(call, root, path)
        if not real:
            raise IsADirectoryError(21, os.strerror(21))
        call.engines.tree.fetch(real)
        fd = beneath.open_file(root, os.fsencode(real))
        status = os.fstat(fd)
        if not modes.S_ISREG(status.st_mode):
            os.close(fd)
            if modes.S_ISDIR(status.st_mode):
                raise IsADirectoryError(21, os.strerror(21))
            raise UsageError(f"{path!r} is no file that can be read")
    return real, FileContent(fd, status.st_size)


def _encoding(bytes_: Readable) -> str:
    """The encoding of a text whose beginning is no UTF-8: a stray byte in a long one is as such."""
    return "latin-1" if bytes_.size <= _SAMPLE else "utf-8"


def _as_utf8(bytes_: Readable, encoding: str) -> Whole:
    with contextlib.closing(bytes_):
        if bytes_.size > MOST_CONVERTED:
            raise TooLarge(f"a text in {encoding} of {bytes_.size} bytes", hint="save it as UTF-8")
        return Whole(bytes_.read(0, bytes_.size).decode(encoding, "replace").encode())


def _without_half(data: bytes) -> bytes:
    """A beginning of some bytes without a character of UTF-8 that is cut at its end."""
    for back in range(1, min(4, len(data)) + 1):
        if data[-back] & 0xC0 != 0x80:
            whole = {0xC0: 2, 0xE0: 3, 0xF0: 4}
            lead = data[-back] & (0xF0 if data[-back] & 0xE0 != 0xC0 else 0xE0)
            return data[:-back] if whole.get(lead, 1) > back else data
    return data


def _document(call: Call, path: str) -> tuple[str, Readable, str, str]:
    engines = call.engines
    engines.indexer.fresh(call.emit)
    row = engines.catalog.file(path)
    if row is None or row.document_id is None:
        why = row.status.value if row else "it is not in the index"
        raise ParseError(
            f"{path} is no text, and could not be read as a document: {why}",
            hint="get its bytes with read_media_file (lsfs cat)",
        )
    document = engines.catalog.load(row.document_id)
    return path, Whole(markdown.whole(document)), document.media_type, "utf-8"


def _end(bytes_: Readable, begin: int, lines: int, limit: int) -> tuple[int, bool]:
    """Where a part that begins at a place ends: after so many lines, or where it is cut."""
    end = min(bytes_.size, begin + limit)
    if lines:
        at = begin
        for block in _blocks(bytes_, begin, end):
            count = block.count(b"\n")
            if count >= lines:
                return at + _nth(block, lines), False
            lines -= count
            at += len(block)
    return (end, False) if end == bytes_.size else (_cut(bytes_, begin, end), True)


def _nth(block: bytes, count: int) -> int:
    """The place behind the n-th line of a block."""
    at = 0
    for _ in range(count):
        at = block.index(b"\n", at) + 1
    return at


def _blocks(bytes_: Readable, begin: int, end: int) -> Iterator[bytes]:
    while begin < end and (block := bytes_.read(begin, min(_BLOCK, end - begin))):
        yield block
        begin += len(block)


def _cut(bytes_: Readable, begin: int, end: int) -> int:
    """A place to cut before: behind a line, else between characters."""
    data = bytes_.read(begin, end - begin)
    line = data.rfind(b"\n") + 1
    if line:
        return begin + line
    return begin + (len(_without_half(data)) or len(data))


def _tail(bytes_: Readable, lines: int, limit: int) -> int:
    """Where the last so many lines begin, or as many of them as are shown."""
    least = max(0, bytes_.size - limit)
    end = bytes_.size
    if end and bytes_.read(end - 1, 1) == b"\n":
        end -= 1  # that ends the last line, and begins none
    while end > least:
        begin = max(least, end - _BLOCK)
        block = bytes_.read(begin, end - begin)
        count = block.count(b"\n")
        if count >= lines:
            at = len(block)
            for _ in range(lines):
                at = block.rindex(b"\n", 0, at)
            return begin + at + 1
        lines -= count
        end = begin
    return least
