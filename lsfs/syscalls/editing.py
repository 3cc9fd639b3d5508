"""Editing a text in place: passages are exchanged for others, and the difference is shown.

The way in which passages are found is that of the Model Context Protocol's filesystem server
(``src/filesystem/lib.ts``, MIT): word for word first, then line by line without regard to the space
around each line, with the indentation of the file kept.
"""

from __future__ import annotations

import contextlib
import os
from typing import Annotated

from msgspec import Struct

from lsfs.errors import ParseError, TooLarge, UsageError, VersionConflict
from lsfs.syscalls.engines import Call
from lsfs.syscalls.reading import present
from lsfs.syscalls.registry import Effect, Param, Tool, registry
from lsfs.syscalls.writing import changing, write_all

MOST = 16 << 20  # bytes of a file that is edited


class Edit(Struct, frozen=True):
    """One passage that is exchanged: the first that matches.

    Attributes:
        old_text: what stands there now.
        new_text: what is to stand there.
    """

    old_text: str
    new_text: str


class EditRequest(Struct, frozen=True):
    """Which file, and what is exchanged in it."""

    path: Annotated[str, Param("the file", path=True)]
    edits: Annotated[tuple[Edit, ...], Param("passages, one after the other")]
    dry_run: Annotated[bool, Param("only show the difference")] = False


class Edited(Struct, frozen=True):
    """What was changed, or would be.

    Attributes:
        diff: a unified diff.
        undo: the moment just before, in ISO 8601: a rollback to it takes this back; "" when
            nothing was written.
    """

    path: str
    diff: str
    undo: str
    dry_run: bool


@registry.syscall(
    effect=Effect.WRITE,
    tools=(
        Tool("edit_file", "Exchange passages of a text file and show the diff; dryRun only shows "
             "it. The file's former content stays as a version.", camel=True, idempotent=False,
             destructive=True),
    ),
)  # fmt: skip
def edit_file(call: Call, request: EditRequest) -> Edited:
    """Exchange passages of a text file, all or none of them, and show the difference.

    A passage is looked for word for word, then line by line without the space around each line.
    Line ends and encoding stay as they are. What the file held before stays as a version.
    """
    if not request.edits:
        raise UsageError("there is nothing to exchange", hint="give at least one edit")
    path, before, after = _edited(call, request)
    diff = _diff(path, before, after)
    if request.dry_run or before == after:
        return Edited(path, diff, "", request.dry_run)
    with changing(call, path) as (real, writer, undo):
        if _bytes(call, real)[1] != before:
            raise VersionConflict(f"{path} was changed meanwhile", hint="try again")
        raw = os.fsencode(real)
        writer.put(raw, lambda fd: write_all(fd, after), like=raw)
    return Edited(path, diff, undo, dry_run=False)


def _bytes(call: Call, path: str) -> tuple[str, bytes]:
    real, content = present(call, path)
    with contextlib.closing(content):
        if content.size > MOST:
            raise TooLarge(f"{path} is too large to be edited", hint="write it as a whole")
        return real, content.read(0, content.size)


def _edited(call: Call, request: EditRequest) -> tuple[str, bytes, bytes]:
    """The file, its bytes, and what they become."""
    from lsfs.versions.unified import decoded

    path, data = _bytes(call, request.path)
    known = decoded(data)
    if known is None:
        raise ParseError(f"{path} is no text", hint="only text files can be edited")
    text = known.text
    has_crlf = text.count("\r\n") * 2 > text.count("\n")
    lines = _unix(text)
    for edit in request.edits:
        lines = exchanged(lines, _unix(edit.old_text), _unix(edit.new_text), path)
    if has_crlf:
        lines = lines.replace("\n", "\r\n")
    elif lines == _unix(text):
        return path, data, data
    try:
        return path, data, lines.encode(known.encoding)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{path} is in {known.encoding}, which has no {error.object[error.start]!r}",
            hint="write it as a whole: write_file makes it UTF-8",
        ) from error


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def exchanged(text: str, old: str, new: str, path: str) -> str:
    """A text with the first place that matches exchanged.

    Raises:
        UsageError: no place matches.
    """
    if not old:
        raise UsageError("an edit has to say what stands there now", hint="give its oldText")
    if old in text:
        return text.replace(old, new, 1)
    wanted = [line.strip() for line in old.split("\n")]
    lines = text.split("\n")
    bare = [line.strip() for line in lines]
    for at in range(len(lines) - len(wanted) + 1):
        if bare[at : at + len(wanted)] == wanted:
            lines[at : at + len(wanted)] = _indented(lines[at], old.split("\n"), new.split("\n"))
            return "\n".join(lines)
    shown = old if len(old) < 300 else old[:300] + " …"
    raise UsageError(
        f"{path} does not hold this passage:\n{shown}",
        hint="read the file, and give the passage as it stands there",
    )


def _indented(first: str, old: list[str], new: list[str]) -> list[str]:
    """The new lines, indented as the place is where they go."""
    base = _indent(first)
    done = []
    for at, line in enumerate(new):
        was = _indent(old[at]) if at < len(old) else ""
        now = _indent(line)
        if at == 0:
            done.append(base + line.lstrip())
        elif was and now:
            done.append(base + " " * max(0, len(now) - len(was)) + line.lstrip())
        else:
            done.append(line)
    return done


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _diff(path: str, before: bytes, after: bytes) -> str:
    from lsfs.versions.difference import difference
    from lsfs.versions.unified import Names

    return difference(before, after, Names(path, "original", "modified")).text
