"""Jupyter notebooks: each cell is a page, with its text or code and what it printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lsfs.errors import ParseError
from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Piece, one_line
from lsfs_parsers.code import add_code
from lsfs_parsers.front_matter import front_matter
from lsfs_parsers.html import read_html
from lsfs_parsers.languages import Language, language_named
from lsfs_parsers.markdown import add_markdown
from lsfs_parsers.named_facts import named_facts
from lsfs_parsers.text import built, lines_of, paragraphs_of, read_text
from lsfs_parsers.versions import VERSIONS

MAX_OUTPUT = 20_000  # characters of one output; the rest of it is left out

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MAGIC = re.compile(r"\s*%%(\w+)")
_CELL_MAGICS = {"bash": "bash", "sh": "bash", "script": "bash", "ruby": "ruby",
                "javascript": "javascript", "js": "javascript"}  # fmt: skip
_SAME_LANGUAGE = frozenset({"time", "timeit", "capture", "prun", "debug", "px", "writefile"})


class NotebookParser:
    """Reads notebooks of formats 3 and 4."""

    name = "notebook"
    version = VERSIONS["notebook"]
    media_types = (detect.NOTEBOOK,)

    def parse(self, source: Source) -> Document:
        """The cells in ``source``; spans carry the line within the cell, and none in outputs.

        Of outputs, the text is kept: what was printed, results, the last lines of errors. Pictures
        and the state of widgets are not text.

        Raises:
            UnsupportedFormat: it is not text.
            ParseError: it is no notebook.
        """
        builder = Builder(source, self.name, self.version, page_unit="cell")
        notebook = _loaded(read_text(source, builder))
        metadata = _mapping(notebook.get("metadata"))
        language = _language(metadata)
        for cell in _cells(notebook):
            builder.page()
            _add_cell(cell, builder, language, source.seconds_left() / 2)
            if builder.full:
                break
        return built(source, builder, _facts(notebook, metadata))


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise ParseError(f"the notebook is damaged: {error}") from error
    if not isinstance(notebook, dict) or not ({"cells", "worksheets"} & notebook.keys()):
        raise ParseError("it is no notebook: it has no cells")
    return notebook


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text, which notebooks also store as a list of its lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _language(metadata: Mapping[str, Any]) -> str:
    told = _mapping(metadata.get("language_info")), _mapping(metadata.get("kernelspec"))
    names = [told[0].get("name"), told[1].get("language"), told[1].get("name")]
    return next((name for name in names if isinstance(name, str) and name), "python")


def _facts(notebook: Mapping[str, Any], metadata: Mapping[str, Any]) -> Facts:
    """What the notebook's properties say, and front matter in its first cell."""
    first = next(_cells(notebook), {})
    head = front_matter(lines_of(_text(first.get("source")).lstrip()))
    return named_facts(metadata).or_else(head.facts)


def _cells(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from map(_mapping, _list(notebook.get("cells")))
    for sheet in _list(notebook.get("worksheets")):  # format 3
        yield from map(_mapping, _list(_mapping(sheet).get("cells")))


def _add_cell(cell: Mapping[str, Any], builder: Builder, language: str, seconds: float) -> None:
    kind = cell.get("cell_type")
    lines = lines_of(_text(cell.get("source")) or _text(cell.get("input")))
    if kind == "heading":  # format 3
        level = cell.get("level")
        pieces = [Piece(line, number) for number, line in enumerate(lines, start=1)]
        builder.add(BlockKind.HEADING, pieces, level=level if isinstance(level, int) else 1)
    elif kind == "code":
        named = _text(cell.get("language")) or language
        add_code(builder, lines, _cell_language(lines, named), seconds=seconds)
        for output in _list(cell.get("outputs")):
            _add_output(_mapping(output), builder)
    elif kind == "markdown":
        add_markdown(builder, lines)
    else:  # raw, html and whatever comes later
        for pieces in paragraphs_of(lines):
            builder.add(BlockKind.PARAGRAPH, pieces)


def _cell_language(lines: list[str], named: str) -> Language | None:
    magic = _MAGIC.match(next((line for line in lines if line.strip()), ""))
    if magic is None or magic[1] in _SAME_LANGUAGE:
        return language_named(named)
    return language_named(_CELL_MAGICS.get(magic[1], ""))


def _add_output(output: Mapping[str, Any], builder: Builder) -> None:
    kind = output.get("output_type")
    if kind in ("error", "pyerr"):
        name, value = _text(output.get("ename")), _text(output.get("evalue"))
        _add_printed(f"{name}: {value}", builder)
    elif kind == "stream":
        _add_printed(_text(output.get("text")), builder)
    else:
        # Format 3 has the kinds of data in the output itself.
        _add_data(_mapping(output.get("data")) or output, builder)


def _add_data(data: Mapping[str, Any], builder: Builder) -> None:
    """A result in the form that says most as text."""
    markdown, html = _text(data.get("text/markdown")), _text(data.get("text/html"))
    plain = _text(data.get("text/plain")) or _text(data.get("text"))
    if markdown:
        lines = lines_of(_limited(markdown, builder))
        add_markdown(builder, lines, numbered=False)
    elif html and "<table" in html:
        read_html(_limited(html, builder), builder, lines=False)
    elif plain:
        _add_printed(plain, builder)
    elif html:
        read_html(_limited(html, builder), builder, lines=False)
    else:
        _add_printed(_text(data.get("text/latex")) or _text(data.get("latex")), builder)


def _add_printed(text: str, builder: Builder) -> None:
    text = _ANSI.sub("", _limited(text, builder))
    if one_line(text):
        builder.add(BlockKind.CODE, [Piece(line.rstrip()) for line in lines_of(text)])


def _limited(text: str, builder: Builder) -> str:
    if len(text) > MAX_OUTPUT:
        builder.warn("of long outputs only the beginning was kept")
    return text[:MAX_OUTPUT]
