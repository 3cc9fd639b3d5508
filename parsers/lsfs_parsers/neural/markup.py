"""From the markup of one page, as Nougat and muGAT write it, to its blocks.

The markup is Markdown with LaTeX for formulas and tables (Blecher et al. 2023, section 4). It comes
from a model that may write anything, so nothing here depends on its being well formed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lsfs.model import BlockKind
from lsfs_parsers.builder import BETWEEN_CELLS, Grid, Piece
from lsfs_parsers.neural.tabular import read_tabular
from lsfs_parsers.window import End, PageBlock, Start

_MAX_HEADING = 160  # characters; a longer "heading" is a paragraph behind a stray mark
_LEVELS = 6
_TAIL = 80  # characters that tell how a paragraph ends

_MARKS = re.compile(
    r"\[(?:MISSING_PAGE\w*(?::\d+)?|(?:FIGURE|TABLE|FOOTNOTE)[^\[\]\n]{0,40}"
    r"|END(?:FIGURE|TABLE|FOOTNOTE))\]"
)
_TABULAR = re.compile(r"\\begin\{tabular\}[ \t]*(?:\{(?:[^{}]|\{[^{}]*\})*\})?")
_TABULAR_END = re.compile(r"\\end\{tabular\}|\Z")
_TABLE_EDGE = re.compile(r"\\(?:begin|end)\{(?:table|center|tabular)\*?\}(?:\[[^\]\n]*\])?")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[*+-]|\d{1,3}[.)]|\([a-z\d]{1,3}\)|[\u2022\u2013])\s+(?=\S)")
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Algorithm|Listing|Scheme)\s+[\dA-Z][\w.-]*\s*[:.]")
_GOES_ON = re.compile(r"\bcont(?:inued|inuation|\.|'d)", re.I)
_FOOTNOTE = re.compile(r"Footnote\s*\S{0,8}:\s*")
_FORMULA = re.compile(r"\\\[.*\\\]\s*(?:\([\w.]+\))?", re.S)
_FENCE = "```"

_INLINE_FORMULA = re.compile(r"(\\\((?:(?!\\\().)*?\\\)|\\\[(?:(?!\\\[).)*?\\\])", re.S)
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]+)\*\*")
_EMPHASIS = re.compile(r"(?<![\w\\])_(?=\S)([^_\n]+)_(?!\w)")
_ESCAPED = re.compile(r"\\([&%$#_{}*\[\]~])")

_SENTENCE_END = re.compile(r"[.!?:;\u2026][\"'\u201d\u2019)\]\u00b9\u00b2\u00b3\d]*$")
_DIVIDED = re.compile(r"[^\W\d_]{2,}[-\u2010\u00ad]$")
_FIRST = re.compile(r"[\s\"'\u201c\u2018(\[]*(\w)?")


class _Part(Struct):
    """A block's text before it is looked at, and what it is where that is known already."""

    text: str
    kind: BlockKind | None = None


def page_blocks(markup: str) -> list[PageBlock]:
    """The blocks of a page, in the order in which they stand in its markup."""
    blocks = [block for part in _parts(_MARKS.sub("\n", markup)) for block in _blocks(part)]
    return _captioned(blocks)


def _parts(markup: str) -> Iterator[_Part]:
    """Tables, code and what blank lines divide."""
    at = 0
    while (begin := _TABULAR.search(markup, at)) is not None:
        yield from _text_parts(markup[at : begin.start()])
        end = _TABULAR_END.search(markup, begin.end())
        assert end is not None  # noqa: S101  the pattern fits the end of any text
        yield _Part(markup[begin.end() : end.start()], BlockKind.TABLE)
        at = end.end()
    yield from _text_parts(markup[at:])


def _text_parts(markup: str) -> Iterator[_Part]:
    lines: list[str] = []
    in_code = False
    for line in _TABLE_EDGE.sub("\n", markup).split("\n"):
        fence = line.strip() == _FENCE
        if fence or (not in_code and (not line.strip() or _begins(line))):
            yield from _flushed(lines, in_code=in_code)
            in_code = in_code != fence
            if fence:
                continue
        lines.append(line)
        if not in_code and _HEADING.match(line):
            yield from _flushed(lines)
    yield from _flushed(lines, in_code=in_code)


def _begins(line: str) -> bool:
    """Whether a line begins a block without a blank line before it."""
    patterns = (_HEADING, _ITEM, _CAPTION, _FOOTNOTE)
    return any(pattern.match(line) for pattern in patterns) or line.startswith("\\[")


def _flushed(lines: list[str], *, in_code: bool = False) -> Iterator[_Part]:
    text = "\n".join(lines)
    lines.clear()
    if text.strip():
        yield _Part(text, BlockKind.CODE if in_code else None)


def _blocks(part: _Part) -> Iterator[PageBlock]:
    if part.kind is BlockKind.TABLE:
        yield from _table(part.text)
    elif part.kind is BlockKind.CODE:
        yield PageBlock(BlockKind.CODE, (Piece(part.text.strip("\n")),))
    else:
        block = _text_block(" ".join(part.text.split()))
        if any(piece.text for piece in block.pieces):
            yield block


def _text_block(text: str) -> PageBlock:
    heading = _HEADING.match(text)
    if heading is not None:
        title = plain(heading[2])
        if len(title) <= _MAX_HEADING:
            level = min(len(heading[1]), _LEVELS)
            return PageBlock(BlockKind.HEADING, (Piece(title),), level=level)
        text = heading[2]
    if _FORMULA.fullmatch(text):
        return PageBlock(BlockKind.PARAGRAPH, (Piece(text),))
    footnote = _FOOTNOTE.match(text)
    if footnote is not None:
        return _running(BlockKind.FOOTNOTE, text[footnote.end() :], Start.CLOSED)
    if _CAPTION.match(text):
        return PageBlock(BlockKind.CAPTION, (Piece(plain(text)),))
    if _ITEM.match(text):
        return _running(BlockKind.LIST_ITEM, text, Start.CLOSED)
    return _running(BlockKind.PARAGRAPH, text, None)


def _running(kind: BlockKind, text: str, start: Start | None) -> PageBlock:
    said = plain(text)
    return PageBlock(
        kind, (Piece(said),), start=start_of(said) if start is None else start, end=end_of(said)
    )


def start_of(text: str) -> Start:
    """How a paragraph begins, as far as its words tell."""
    first = _FIRST.match(text)
    return Start.RUNNING if first and first[1] and first[1].islower() else Start.PLAIN


def end_of(text: str) -> End:
    """How a paragraph ends, as far as its words tell: whether its last line is full is not known,
    so that a sentence's end may be followed by more of it only when that begins in lower case."""
    text = text[-_TAIL:]
    if _DIVIDED.search(text):
        return End.DIVIDED
    return End.DOUBTFUL if _SENTENCE_END.search(text) else End.OPEN


def _table(body: str) -> Iterator[PageBlock]:
    table = read_tabular(body)
    if table is None:
        return
    rows = tuple(tuple(plain(cell) for cell in row) for row in table.rows)
    yield PageBlock(
        BlockKind.TABLE,
        tuple(Piece(BETWEEN_CELLS.join(row)) for row in rows),
        rows=rows,
        grid=Grid(header_rows=table.header_rows, merged=table.merged),
        start=Start.RUNNING,
        end=End.OPEN,
    )


def _captioned(blocks: list[PageBlock]) -> list[PageBlock]:
    """A table with a caption of its own begins there, unless that says that it goes on."""
    captions = [block.pieces[0].text if _is_caption(block) else "" for block in blocks]
    found = list(blocks)
    for number, block in enumerate(blocks):
        if block.kind is not BlockKind.TABLE:
            continue
        near = (captions[number - 1] if number else "", *captions[number + 1 : number + 2])
        own = [text for text in near if text.startswith("Table")]
        if own and not any(_GOES_ON.search(text) for text in own):
            found[number] = replace(block, start=Start.CLOSED)
    return found


def _is_caption(block: PageBlock) -> bool:
    return block.kind is BlockKind.CAPTION


def plain(text: str) -> str:
    """Text without marks of emphasis and escapes; formulas stay as they are written."""
    parts = _INLINE_FORMULA.split(text)
    parts[::2] = [_unmarked(part) for part in parts[::2]]
    return "".join(parts).strip()


def _unmarked(text: str) -> str:
    text = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", text))
    return _ESCAPED.sub(r"\1", text)
