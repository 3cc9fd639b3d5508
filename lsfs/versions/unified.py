"""The unified diff of two texts, which ``patch -p0`` takes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from lsfs.differences import Diff, DiffKind
from lsfs.versions.matching import Gap, gaps, matching

CONTEXT = 3  # lines around a change
CUT_SHORT = (
    "the texts differ too much to be compared in full: some equal lines are shown as changed"
)
_SAMPLE = 64 * 1024
_MAX_CONTROL_SHARE = 0.1
_CONTROL = bytes({*range(0x07), *range(0x0E, 0x20), 0x7F} - {0x1B})
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ODD = re.compile(r"[\x00-\x1f\x7f\"\\]")
_NO_NEWLINE = "\\ No newline at end of file\n"


class Decoded(Struct, frozen=True):
    """A text, and the encoding that turns it back into its bytes."""

    text: str
    encoding: str


Decode = Callable[[bytes], Decoded | None]


def decoded(data: bytes) -> Decoded | None:
    """The text in some bytes, without loss: by its byte order mark, UTF-8, else latin-1.

    A byte order mark stays in the text. None for what is no text, and for PDF.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding)
    sample = data[:_SAMPLE]
    control = len(sample) - len(sample.translate(None, _CONTROL))
    binary = b"\0" in data or control > _MAX_CONTROL_SHARE * len(sample)
    if binary or sample.startswith(b"%PDF-"):
        return None
    return _strict(data, "utf-8") or Decoded(data.decode("latin-1"), "latin-1")


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        return None


class Names(Struct, frozen=True):
    """What a comparison is called.

    Attributes:
        path: the file's, as ``patch -p0`` is to find it.
        before, after: the two versions, for a person.
    """

    path: str
    before: str = "before"
    after: str = "after"


def unified(before: Decoded, after: Decoded, names: Names) -> Diff:
    r"""How two texts differ, line by line; only ``\n`` ends a line, a ``\r`` before it is kept.

    Args:
        before, after: what the bytes say; equal ones give an empty diff of kind ``text``.
    """
    old, new = _lines(before.text), _lines(after.text)
    found = matching(old, new)
    changed = gaps(found.runs, len(old), len(new))
    hunks = ["".join(_hunk(group, old, new)) for group in _groups(changed)]
    notes = [*_notes(before, after, old, new)]
    if not found.complete:
        notes.append(CUT_SHORT)
    head = header(names) if hunks else ""
    return Diff(
        names.path,
        names.before,
        names.after,
        DiffKind.TEXT,
        head + "".join(hunks),
        added=sum(gap.after_end - gap.after_start for gap in changed),
        removed=sum(gap.before_end - gap.before_start for gap in changed),
        notes=tuple(notes),
        encoding=after.encoding,
    )


def header(names: Names) -> str:
    """The two lines that name the file and its versions."""
    path = _quoted(names.path)
    labels = [" ".join(label.split()) for label in (names.before, names.after)]
    return f"--- {path}\t{labels[0]}\n+++ {path}\t{labels[1]}\n"


def _quoted(path: str) -> str:
    """A path as patch reads it: in quotes with escapes where it holds characters of its own."""
    if not _ODD.search(path):
        return path
    octal = _ODD.sub(lambda match: f"\\{ord(match[0]):03o}", path)
    return f'"{octal}"'


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    whole = [line + "\n" for line in lines]
    return [*whole, last] if last else whole


def _groups(changed: Sequence[Gap]) -> Iterator[list[Gap]]:
    """Changes whose contexts touch, which share a hunk."""
    group: list[Gap] = []
    for gap in changed:
        if group and gap.before_start - group[-1].before_end > 2 * CONTEXT:
            yield group
            group = []
        group.append(gap)
    if group:
        yield group


def _hunk(group: Sequence[Gap], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    first, last = group[0], group[-1]
    lead = min(CONTEXT, first.before_start)
    trail = min(CONTEXT, len(old) - last.before_end)
    start, end = first.before_start - lead, last.before_end + trail
    new_start, new_end = first.after_start - lead, last.after_end + trail
    yield f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@\n"
    at = start
    for gap in group:
        yield from (_line(" ", line) for line in old[at : gap.before_start])
        yield from (_line("-", line) for line in old[gap.before_start : gap.before_end])
        yield from (_line("+", line) for line in new[gap.after_start : gap.after_end])
        at = gap.before_end
    yield from (_line(" ", line) for line in old[at:end])


def _range(start: int, end: int) -> str:
    count = end - start
    # An empty range is named by the line before it.
    return f"{start + 1}" if count == 1 else f"{start + (count > 0)},{count}"


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n{_NO_NEWLINE}"


def _notes(
    before: Decoded, after: Decoded, old: Sequence[str], new: Sequence[str]
) -> Iterator[str]:
    if before.encoding != after.encoding:
        yield f"the encoding changed from {before.encoding} to {after.encoding}"
    marks = before.text.startswith("\ufeff"), after.text.startswith("\ufeff")
    if marks[0] != marks[1] and old and new:
        yield f"the byte order mark was {'removed' if marks[0] else 'added'}"
    ends = _ends(old), _ends(new)
    if ends[0] != ends[1] and all(ends):
        yield f"the line ends changed from {ends[0]} to {ends[1]}"


def _ends(lines: Sequence[str]) -> str:
    """What ends the lines: LF, CRLF or both; "" without any."""
    ended = [line for line in lines if line.endswith("\n")]
    with_return = sum(line.endswith("\r\n") for line in ended)
    if not ended:
        return ""
    if with_return == len(ended):
        return "CRLF"
    return "CRLF and LF" if with_return else "LF"
