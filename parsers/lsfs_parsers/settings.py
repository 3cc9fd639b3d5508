"""YAML, TOML and INI: the text as it stands, cut at keys and sections, under their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from lsfs.model import Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, one_line
from lsfs_parsers.named_facts import MAX_CHARS, setting_facts, toml_fields, yaml_fields
from lsfs_parsers.packing import BLOCK_CHARS, Part, add_parts, packed
from lsfs_parsers.text import built, lines_of, read_text
from lsfs_parsers.versions import VERSIONS

_MAX_KEYS = 6  # in a path
_MAX_KEY = 80  # characters
_SECTION = re.compile(r"\s*\[{1,2}\s*([^\[\]]{1,200}?)\s*\]{1,2}\s*(?:[#;].*)?$")
_YAML_KEY = re.compile(r"\s*(?:-\s+)*(\"[^\"]{1,100}\"|'[^']{1,100}'|[^\s#:][^#:]{0,100}):(?:\s|$)")


class SettingsParser:
    """Reads files of keys and values by their lines."""

    name = "settings"
    version = VERSIONS["settings"]
    media_types = (detect.YAML, detect.TOML, detect.INI)

    def parse(self, source: Source) -> Document:
        """The settings in ``source``, as they are written.

        The heading path of a block are the sections, and in YAML the keys, that it stands below.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        lines = lines_of(read_text(source, builder))
        starts = [0, *accumulate(len(line) + 1 for line in lines)]
        starts[-1] -= 1  # the last line has no end
        if source.media_type == detect.YAML:
            parts = _Indented(lines, starts).parts()
        else:
            parts = _sections(lines, starts)
        text = "\n".join(lines)
        add_parts(builder, text, packed(parts))
        return built(source, builder, _facts(text, source.media_type))


def _facts(text: str, media_type: str) -> Facts:
    """What a short file's keys say about it."""
    if len(text) > MAX_CHARS or media_type == detect.INI:
        return Facts()
    try:
        fields = yaml_fields(text) if media_type == detect.YAML else toml_fields(text)
    except ValueError:  # no YAML, or several documents of it
        return Facts()
    return setting_facts(fields or {})


def _sections(lines: list[str], starts: Sequence[int]) -> Iterator[Part]:
    """A part for each line; comments right above a section belong to it."""
    path: tuple[str, ...] = ()
    held = 0  # the first line that is not given out: a comment may belong to what follows
    for at, line in enumerate(lines):
        if line.lstrip().startswith(("#", ";")):
            continue
        found = _SECTION.match(line)
        if found is None:
            for n in range(held, at + 1):
                yield Part(starts[n], starts[n + 1], path)
            held = at + 1
            continue
        path = (one_line(found[1])[:_MAX_KEY],)
        yield Part(starts[held], starts[at + 1], path)
        held = at + 1
    for n in range(held, len(lines)):
        yield Part(starts[n], starts[n + 1], path)


class _Indented:
    """Lines whose structure is their indentation. Never recurses."""

    def __init__(self, lines: list[str], starts: Sequence[int]) -> None:
        self._lines = lines
        self._starts = starts
        self._depth = [_depth(line) for line in lines]

    def parts(self) -> Iterator[Part]:
        """Parts that cover the text: members that are small, and members of those that are not."""
        work: list[tuple[int, int, tuple[str, ...]]] = [(0, len(self._lines), ())]
        while work:
            first, end, path = work.pop()
            if self._size(first, end) <= BLOCK_CHARS or len(path) == _MAX_KEYS:
                yield from self._lines_of(first, end, path)
                continue
            members = list(self._members(first, end, path))
            if len(members) == 1 and members[0] == (first, end, path):
                yield from self._lines_of(first, end, path)
            else:
                work.extend(reversed(members))

    def _size(self, first: int, end: int) -> int:
        return self._starts[end] - self._starts[first]

    def _lines_of(self, first: int, end: int, path: tuple[str, ...]) -> Iterator[Part]:
        if self._size(first, end) <= BLOCK_CHARS:
            yield Part(self._starts[first], self._starts[end], path)
            return
        for at in range(first, end):
            yield Part(self._starts[at], self._starts[at + 1], path)

    def _members(
        self, first: int, end: int, path: tuple[str, ...]
    ) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """The lines of each member, with the path of what is in it when it is big."""
        known = [depth for depth in self._depth[first:end] if depth is not None]
        least = min(known, default=0)
        begins = [at for at in range(first, end) if self._depth[at] == least]
        begins = [self._with_comment(at, first) for at in begins]
        edges = [first, *begins[1:], end] if begins else [first, end]
        for start, stop in pairwise(edges):
            if self._size(start, stop) <= BLOCK_CHARS:
                yield start, stop, path
                continue
            head = next((n for n in range(start, stop) if self._depth[n] == least), start)
            key = _YAML_KEY.match(self._lines[head])
            inner = (*path, one_line(key[1]).strip("\"'")[:_MAX_KEY]) if key else path
            yield start, head + 1, inner
            if head + 1 < stop:
                yield head + 1, stop, inner

    def _with_comment(self, at: int, first: int) -> int:
        while at > first and self._depth[at - 1] is None and self._lines[at - 1].strip():
            at -= 1
        return at


def _depth(line: str) -> int | None:
    """How deep a line stands; an item stands deeper than a key in the same column.

    None for blank lines and comments.
    """
    text = line.lstrip(" \t")
    if not text or text.startswith("#"):
        return None
    return 2 * (len(line) - len(text)) + text.startswith("- ")
