"""JSON and lines of JSON: the text as it stands, cut at members, under the keys they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts
from lsfs_parsers.named_facts import MAX_CHARS, setting_facts
from lsfs_parsers.packing import BLOCK_CHARS, Part, add_parts, packed
from lsfs_parsers.text import add_lines, built, lines_of, read_text
from lsfs_parsers.versions import VERSIONS

_MAX_KEYS = 6  # in a path; what is nested deeper belongs to the sixth
_MAX_KEY = 80  # characters
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# A whole object or array without others in it is one token: most are small, and never looked into.
_TOKEN = re.compile(rf'([\[{{](?:[^"\[\]{{}}]++|{_STRING})*+[\]}}])|{_STRING}|[{{}}\[\],]')
_COLON = re.compile(r"[ \t\n]*:")
# Escapes of characters beyond ASCII, which a reader searches for as themselves; the second branch
# takes what else a backslash stands before, so that an escaped backslash escapes nothing.
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
                     r"|u([0-9a-fA-F]{4})|.)", re.S)  # fmt: skip
_FIRST_SHOWN = 0xA0


class JsonParser:
    """Reads JSON documents and files with one JSON value on each line."""

    name = "json"
    version = VERSIONS["json"]
    media_types = (detect.JSON, detect.JSON_LINES)

    def parse(self, source: Source) -> Document:
        r"""The values in ``source``, as they are written; only ``\u`` escapes are resolved.

        The heading path of a block are the keys that it stands below. What is no valid JSON is kept
        as lines.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        text = "\n".join(lines_of(read_text(source, builder)))
        by_line = source.media_type == detect.JSON_LINES
        shown = _unescaped(text)
        complaint = _complaint(shown, by_line=by_line)
        if complaint:
            builder.warn(f"it was read as text: {complaint}")
            add_lines(builder, text.split("\n"), BlockKind.CODE)
            return built(source, builder)
        parts = _records(shown) if by_line else packed(_Members(shown).parts())
        add_parts(builder, shown, parts)
        return built(source, builder, Facts() if by_line else _facts(shown))


def _complaint(text: str, *, by_line: bool) -> str:
    """Why ``text`` is not JSON; "" when it is."""
    import msgspec

    values = (line for line in text.split("\n") if line.strip()) if by_line else (text,)
    try:
        for value in values:
            msgspec.json.decode(value.encode("utf-8", "replace"), type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return str(error)
    except RecursionError:
        return "it is nested too deep"
    return ""


def _facts(text: str) -> Facts:
    """What the members of the outermost object say about the file."""
    import msgspec

    try:
        members = msgspec.json.decode(text.encode("utf-8", "replace"), type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:  # no object
        return Facts()
    short = {name: value for name, value in members.items() if len(bytes(value)) <= MAX_CHARS}
    return setting_facts({name: msgspec.json.decode(value) for name, value in short.items()})


def _unescaped(text: str) -> str:
    if "\\u" not in text:
        return text
    return _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    high, low, single = escape.groups()
    if high:
        code = 0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF)
        return chr(code)
    code = int(single, 16) if single else 0
    if 0xD800 <= code < 0xE000:  # half a character
        return "\N{REPLACEMENT CHARACTER}"
    return chr(code) if code >= _FIRST_SHOWN else escape[0]


def _records(text: str) -> Iterator[Part]:
    """A part for each line; long ones are cut at their members."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        if end - start <= BLOCK_CHARS:
            yield Part(start, end)
        else:
            yield from packed(_Members(text, start, end).parts())
        start = end


class _Container(Struct):
    """An object or array that is being read.

    Attributes:
        start: where its first member begins, or for the outermost one the text.
        path: the keys down to it.
        at: where the current member begins.
        key: of the current member.
        parts: of its members so far.
    """

    start: int
    path: tuple[str, ...]
    at: int
    is_array: bool = False
    key: str = ""
    count: int = 0
    parts: list[Part] = field(default_factory=list)


class _Members:
    """One pass over the brackets, commas and strings of a valid JSON text."""

    def __init__(self, text: str, start: int = 0, end: int | None = None) -> None:
        self._text = text
        self._start = start
        self._end = len(text) if end is None else end
        self._open = [_Container(start, (), start)]
        self._deep = 0  # containers that are too deep to be looked at

    def parts(self) -> list[Part]:
        """Parts that cover the text: members that are small, and members of those that are not."""
        at = self._start
        while token := _TOKEN.search(self._text, at, self._end):
            mark, at = self._text[token.start()], token.end()
            is_small = at - token.start() <= BLOCK_CHARS
            if token[1] and (is_small or self._deep):
                continue
            if mark == '"':
                self._string(token)
            elif mark in "[{":
                self._begin(mark)
                at = token.start() + 1
            elif mark in "]}":
                self._finish(at)
            elif not self._deep:
                self._member(at)
        root = self._open[0]
        self._member(self._end)
        return root.parts

    def _string(self, token: re.Match[str]) -> None:
        container = self._open[-1]
        # A key is the first string of its member, and is followed by a colon.
        if self._deep or container.is_array or container.key:
            return
        if _COLON.match(self._text, token.end()):
            container.key = token[0][1:-1][:_MAX_KEY] or '""'

    def _begin(self, mark: str) -> None:
        outer = self._open[-1]
        if self._deep or len(self._open) > _MAX_KEYS:
            self._deep += 1
            return
        name = outer.key or (f"[{outer.count}]" if outer.is_array else "")
        path = (*outer.path, name) if name else outer.path
        self._open.append(_Container(outer.at, path, outer.at, is_array=mark == "["))

    def _finish(self, end: int) -> None:
        if self._deep:
            self._deep -= 1
            return
        inner = self._open[-1]
        self._member(end)
        self._open.pop()
        if end - inner.start > BLOCK_CHARS:
            outer = self._open[-1]
            outer.parts.extend(packed(inner.parts))
            outer.at = end

    def _member(self, end: int) -> None:
        """The current member of the innermost container ends here."""
        container = self._open[-1]
        if end > container.at:
            self._extend(container, end)
        container.at = end
        container.key = ""
        container.count += 1

    def _extend(self, container: _Container, end: int) -> None:
        """Take in the text up to ``end``; brackets alone go with what is before them."""
        parts, rest = container.parts, self._text[container.at : min(end, container.at + 80)]
        if parts and len(rest) == end - container.at and not rest.strip(" \t\n]},"):
            parts[-1] = Part(parts[-1].start, end, parts[-1].path)
        else:
            parts.append(Part(container.at, end, container.path))
