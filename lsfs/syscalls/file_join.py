"""Documents joined into one: to read, as a new file, or appended to the first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import concatenation, markdown, paths
from lsfs.concatenation import JoinedPage
from lsfs.errors import LsfsError, NotFound, ParseError, UsageError
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import exact, keeper_of
from lsfs.syscalls.registry import Effect, Param, registry

if TYPE_CHECKING:
    from lsfs.model import Document

MERGE_SECONDS = 120
_BLOCK = 1 << 20
_PDF = "application/pdf"
_TEXTS = ("txt", "md", "markdown", "log", "csv", "tsv", "rst", "text")
_NAME_MAX = 255


class ConcatRequest(Struct, frozen=True):
    """Which files, in order."""

    file1: Annotated[str, Param("the first file", path=True)]
    file2: Annotated[str, Param("the second file", path=True)]
    also: Annotated[tuple[str, ...], Param("a further file", flags=("-a",))] = ()


class Concatenation(Struct, frozen=True):
    """Documents one after the other, as text.

    Attributes:
        text: Markdown, with a comment before each document and at each page.
        pages: which page of the whole is which page of which file.
    """

    files: tuple[str, ...]
    text: str
    pages: tuple[JoinedPage, ...]


@registry.syscall(command="concat", examples=("lsfs concat contract.pdf annex.docx",))
def concat(call: Call, request: ConcatRequest) -> Concatenation:
    """Show documents one after the other as text, with what page of which file each page is.

    The mount has the same as a file: ``.lsfs/join/contract.pdf+annex.docx``.
    """
    names = _names(request.file1, request.file2, request.also)
    call.engines.indexer.fresh(call.emit)
    documents = [_document(call, name) for name in names]
    return Concatenation(
        tuple(names),
        _text(names, documents).decode("utf-8", "replace"),
        concatenation.page_map(_sources(names, documents)),
    )


class FileJoinRequest(Struct, frozen=True):
    """Which files, and what is to become of them."""

    file1: Annotated[str, Param("the first file", path=True)]
    file2: Annotated[str, Param("the second file", path=True)]
    condition: Annotated[
        str,
        Param("new: keep all, write another; append: to the first, and remove the others",
              choices=("new", "append")),
    ] = "new"  # fmt: skip
    also: Annotated[tuple[str, ...], Param("a further file", flags=("-a",))] = ()
    name: Annotated[str, Param("of the new file; else of all their names")] = ""
    dry_run: Annotated[bool, Param("only say what would be written and removed")] = False


class FileJoined(Struct, frozen=True):
    """What was written.

    Attributes:
        path: the file that holds all.
        how: pdf (their pages), bytes (one after the other), or markdown (their text).
        removed: files that it took the place of; they are in the trash.
        pages: which page of the whole is which page of which file.
        undo: the moment just before, in ISO 8601: a rollback to it takes this back.
        dry_run: nothing was done.
    """

    path: str
    how: str
    removed: tuple[str, ...]
    pages: tuple[JoinedPage, ...]
    undo: str
    dry_run: bool = False


@registry.syscall(
    effect=Effect.WRITE,
    command="file-join",
    examples=(
        "lsfs file-join contract.pdf annex.pdf",
        "lsfs file-join notes.txt more.txt --condition append --dry-run",
    ),
)
def file_join(call: Call, request: FileJoinRequest) -> FileJoined:
    """Join documents into a new file, or append them to the first one.

    PDF files become one PDF, plain texts one text; all else becomes Markdown. What is replaced or
    removed is kept as a version: it can be rolled back, and is in the trash.
    """
    from lsfs.versions.writing import Writer

    engines = call.engines
    names = _names(request.file1, request.file2, request.also)
    engines.indexer.fresh(call.emit)
    keeper = keeper_of(call)
    documents = [_document(call, name) for name in names]
    how = _how(names, documents)
    appended = request.condition == "append"
    target = _target(names, how, request)
    if appended and len(set(names)) < len(names):
        raise UsageError("a file cannot be appended to itself")
    keeper.look([*names, target])
    undo = exact(keeper.now_ns() - 1)
    removed = tuple(names[1:]) if appended else ()
    if not appended and engines.tree.stat(target) is not None:
        raise UsageError(f"{target!r} is there already", hint="give another name with --name")
    pages = concatenation.page_map(_sources(names, documents))
    result = FileJoined(target, how, removed, pages, undo, request.dry_run)
    if request.dry_run:
        return result
    fill = _content(call, names, documents, how, appended=appended)
    from lsfs.syscalls.rollback import durable, hands

    try:
        with hands(call) as changing:
            writer = Writer(changing, durable=durable(call))
            writer.put(os.fsencode(target), fill, like=os.fsencode(names[0]))
            for name in removed:
                writer.remove(os.fsencode(name))
    except OSError as error:
        raise LsfsError(f"{target}: {error.strerror or error}") from error
    finally:
        keeper.follow()
    return result


def _names(first: str, second: str, also: Sequence[str]) -> list[str]:
    return [paths.relative(name) for name in (first, second, *also)]


def _document(call: Call, name: str) -> Document:
    engines = call.engines
    row = engines.catalog.file(name)
    if row is None or not engines.tree.exists(name):
        raise NotFound(f"no indexed file {name!r}", hint="see what is indexed with: lsfs status")
    if row.document_id is None:
        raise ParseError(f"{name}: {row.status.value}", hint="lsfs status --problems says why")
    return engines.catalog.load(row.document_id)


def _sources(names: Sequence[str], documents: Sequence[Document]) -> list[tuple[str, int]]:
    return [(name, len(one.pages)) for name, one in zip(names, documents, strict=True)]


def _text(names: Sequence[str], documents: Sequence[Document]) -> bytes:
    heads = concatenation.headers(_sources(names, documents))
    return b"".join(head + markdown.whole(one) for head, one in zip(heads, documents, strict=True))


def _how(names: Sequence[str], documents: Sequence[Document]) -> str:
    if all(one.media_type == _PDF for one in documents):
        return "pdf"
    endings = {PurePosixPath(name).suffix[1:].lower() for name in names}
    if len(endings) == 1 and endings <= {*_TEXTS}:
        return "bytes"
    return "markdown"


def _target(names: Sequence[str], how: str, request: FileJoinRequest) -> str:
    """The path that is written."""
    first = PurePosixPath(names[0])
    if request.condition == "append":
        if how == "markdown" and first.suffix.lower() not in (".md", ".markdown", ".txt"):
            raise UsageError(
                f"to {first.name} only files of its own kind can be appended, as PDF to PDF",
                hint="join them into a new file: leave out --condition",
            )
        if request.name:
            raise UsageError("what is appended to keeps its name", hint="leave out --name")
        return names[0]
    suffix = ".md" if how == "markdown" else first.suffix
    stem = "_".join(PurePosixPath(name).stem for name in names)
    joined = request.name or f"{_cut(stem, _NAME_MAX - len(suffix.encode()))}{suffix}"
    target = paths.relative(str(first.parent / joined) if "/" not in joined else joined)
    return target


def _cut(text: str, room: int) -> str:
    """A name cut to so many bytes, between characters."""
    raw = os.fsencode(text)[:room]
    return raw.decode("utf-8", "ignore") if len(raw) == room else text


def _content(
    call: Call, names: Sequence[str], documents: Sequence[Document], how: str, *, appended: bool
) -> Callable[[int], None]:
    """What writes the whole to a descriptor."""
    if how == "bytes":
        return lambda fd: _one_after_the_other(call, names, fd)
    if how == "markdown":
        text = _text(names, documents)
        if not appended:
            return lambda fd: _write(fd, text)
        heads = concatenation.headers(_sources(names, documents))
        behind = text[len(heads[0] + markdown.whole(documents[0])) :]

        def write(fd: int) -> None:
            _one_after_the_other(call, names[:1], fd)  # the first one stays as it is
            _write(fd, behind)

        return write
    return lambda fd: _merge_pdf(call, names, fd)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _one_after_the_other(call: Call, names: Sequence[str], fd: int) -> None:
    """The bytes of text files, each on a line of its own."""
    last = b"\n"
    for name in names:
        if last != b"\n":
            _write(fd, b"\n")
        source = call.engines.tree.open(name)
        try:
            while block := os.read(source, _BLOCK):
                _write(fd, block)
                last = block[-1:]
        finally:
            os.close(source)


def _merge_pdf(call: Call, names: Sequence[str], fd: int) -> None:
    """The pages of PDF files as one file, made by a process of its own.

    Raises:
        ParseError: one of them cannot be read, or it takes too much.
    """
    limits = call.engines.config.index
    opened = [call.engines.tree.open(name) for name in names]
    try:
        command = [sys.executable, "-m", "lsfs_parsers.pdf_merge", str(limits.parse_memory_mb)]
        done = subprocess.run(  # noqa: S603 - our own module
            [*command, *map(str, opened)],
            pass_fds=opened, stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=MERGE_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ParseError(f"{names[0]}: joining takes longer than {MERGE_SECONDS} s") from None
    finally:
        for one in opened:
            os.close(one)
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ParseError(f"{', '.join(names)}: {told or 'they cannot be joined as PDF'}")
    _write(fd, done.stdout)
