"""Plain text and logs, and what claims a format that it is not in, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from lsfs.model import BlockKind, Document, Status
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Piece
from lsfs_parsers.encoding import decode
from lsfs_parsers.head_facts import head_facts
from lsfs_parsers.versions import VERSIONS

MAX_BYTES = 64 * 1024 * 1024
MAX_SPANS = 200_000  # beyond, a span covers several lines: a span costs more than a line's text

_LINE_BASED = frozenset({detect.CODE, "text/csv", "text/tab-separated-values"})


def lines_of(text: str) -> list[str]:
    r"""``text`` cut at ``\n``, ``\r\n`` and ``\r``, the way editors count lines.

    ``str.splitlines`` also cuts at form feeds and Unicode separators, which would shift the numbers
    of all lines below.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def paragraphs_of(lines: list[str], *, first: int = 1, step: int = 1) -> Iterator[list[Piece]]:
    """Runs of lines that are not blank, as the pieces of a block each.

    Args:
        first: number of the first line.
        step: lines that share one piece.
    """
    run: list[Piece] = []
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            if run:
                yield run
            run = []
        elif run and step > 1 and number - (run[-1].line or 0) < step:
            run[-1] = Piece(f"{run[-1].text}\n{line.rstrip()}", run[-1].line)
        else:
            run.append(Piece(line.rstrip(), number))
    if run:
        yield run


def add_lines(builder: Builder, lines: list[str], kind: BlockKind, *, first: int = 1) -> None:
    """Append lines as they stand: a block for each run of them between blank ones.

    Args:
        first: number of the first line.
    """
    for pieces in paragraphs_of(lines, first=first, step=1 + len(lines) // MAX_SPANS):
        builder.add(kind, pieces)
        if builder.full:
            return


def read_text(source: Source, builder: Builder) -> str:
    """The text in ``source``; of more than ``MAX_BYTES`` only the beginning.

    Raises:
        UnsupportedFormat: it is not text.
    """
    decoded = decode(source.read(min(source.size, MAX_BYTES)))
    if decoded.warning:
        builder.warn(decoded.warning)
    return decoded.text


def built(source: Source, builder: Builder, facts: Facts | None = None) -> Document:
    """The document of a file that was read with :func:`read_text`."""
    if source.size <= MAX_BYTES:
        return builder.build(facts)
    reason = f"only the first {MAX_BYTES // 2**20} MiB were read"
    return builder.build(facts, status=Status.PARTIAL, reason=reason)


class TextParser:
    """A block for each paragraph, a span for each line."""

    name = "text"
    version = VERSIONS["text"]
    media_types = ("text/*",)

    def parse(self, source: Source) -> Document:
        """The text in ``source``; of more than ``MAX_BYTES`` only the beginning.

        Raises:
            UnsupportedFormat: it is not text.
        """
        builder = Builder(source, self.name, self.version)
        kind = BlockKind.CODE if source.media_type in _LINE_BASED else BlockKind.PARAGRAPH
        lines = lines_of(read_text(source, builder))
        add_lines(builder, lines, kind)
        return built(source, builder, head_facts(lines))
