"""Reads one PDF with one tool, in a process of its own; runs in any Python that has the tool.

Called by benchmarks.parsing with the interpreter of the tools, which need not have lsfs:

    PYTHON parsing_peers.py --list
    PYTHON parsing_peers.py TOOL FILE.pdf OUT.json

Each tool gives blocks of text, tables where it has them, and the kinds of its blocks where it tells
headings from paragraphs. Blocks of plain text are divided by empty lines, and pages.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Reading = dict[str, Any]  # blocks, kinds (or None), tables (or None)
Read = Callable[[str], Reading]
_NEEDS = {
    "lsfs": "lsfs_parsers", "pdftotext": "", "pdfminer": "pdfminer", "pymupdf": "pymupdf",
    "pymupdf4llm": "pymupdf4llm", "markitdown": "markitdown", "kreuzberg": "kreuzberg",
    "pypdf": "pypdf",
}  # fmt: skip


def main(arguments: list[str]) -> None:
    """List the tools that are here, or read a file with one."""
    if arguments == ["--list"]:
        sys.stdout.write(json.dumps({name: _version(name) for name in _NEEDS if _is_here(name)}))
        return
    tool, file, target = arguments
    read = TOOLS[tool]()
    before = _cpu()
    reading = read(file)
    reading |= {"cpu_s": _cpu() - before, "peak_mb": _peak_mb()}
    Path(target).write_text(json.dumps(reading), encoding="utf-8", errors="replace")


def _is_here(name: str) -> bool:
    module = _NEEDS[name]
    if not module:
        return shutil.which(name) is not None
    return importlib.util.find_spec(module) is not None


def _version(name: str) -> str:
    if name == "pdftotext":
        done = subprocess.run([name, "-v"], capture_output=True, text=True, check=False)
        return done.stderr.split("\n")[0].split()[-1]
    try:
        return importlib.metadata.version({"pdfminer": "pdfminer.six"}.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cpu() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _peak_mb() -> float:
    """The most memory of this process, or of a program that it started.

    Not as getrusage tells it of oneself: that is not less than what the parent had.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = re.search(r"VmHWM:\s+(\d+) kB", status)
    below = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (below or int(own[1] if own else 0)) / 1024


def _plain(text: str) -> Reading:
    blocks = [block for block in re.split(r"\n[ \t]*\n|\f", text) if block.strip()]
    return {"blocks": blocks, "kinds": None, "tables": None}


def _markdown(text: str) -> Reading:
    """Blocks, kinds and tables of Markdown."""
    blocks: list[str] = []
    kinds: list[str] = []
    tables: list[list[list[str]]] = []
    for block in re.split(r"\n[ \t]*\n|\f", text):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        rows = [line for line in lines if line.startswith("|")]
        cells = [[_bare(cell) for cell in row.strip("|").split("|")] for row in rows]
        cells = [row for row in cells if not all(re.fullmatch(r":?-+:?|", c) for c in row)]
        if cells:
            tables.append(cells)
            blocks.append("\n".join(" ".join(row) for row in cells))
            kinds.append("table")
        for line in [line for line in lines if line.startswith("#")]:
            blocks.append(_bare(line.lstrip("#")))
            kinds.append("heading")
        rest = [line for line in lines if line[0] not in "|#"]
        if rest:
            blocks.append(_bare("\n".join(rest)))
            kinds.append("para")
    return {"blocks": blocks, "kinds": kinds, "tables": tables}


def _bare(text: str) -> str:
    return re.sub(r"\*\*|<br>|\b_|_\b", "", text).strip()


def _lsfs() -> Read:
    import pypdfium2  # noqa: F401  # the parser would do it in its first call

    from lsfs_parsers.base import Source
    from lsfs_parsers.pdf import PdfParser

    def read(file: str) -> Reading:
        fd = os.open(file, os.O_RDONLY)
        try:
            source = Source(fd, file, os.fstat(fd).st_size, "application/pdf")
            document = PdfParser().parse(source)
        finally:
            os.close(fd)
        return {
            "blocks": [block.text for block in document.blocks],
            "kinds": [block.kind.value for block in document.blocks],
            "tables": [[list(row) for row in table.rows] for table in document.tables],
        }

    return read


def _pdftotext() -> Read:
    def read(file: str) -> Reading:
        done = subprocess.run(["pdftotext", file, "-"], capture_output=True, check=True)
        return _plain(done.stdout.decode("utf-8", "replace"))

    return read


def _pdfminer() -> Read:
    from pdfminer.high_level import extract_text

    return lambda file: _plain(extract_text(file))


def _pymupdf() -> Read:
    import pymupdf

    def read(file: str) -> Reading:
        pages = [page.get_text("blocks", sort=False) for page in pymupdf.open(file)]
        blocks = [block[4] for page in pages for block in page if block[6] == 0]
        return {"blocks": blocks, "kinds": None, "tables": None}

    return read


def _pymupdf4llm() -> Read:
    import pymupdf4llm

    return lambda file: _markdown(pymupdf4llm.to_markdown(file, show_progress=False))


def _markitdown() -> Read:
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    return lambda file: _markdown(converter.convert(file).text_content)


def _kreuzberg() -> Read:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(output_format="markdown")
    return lambda file: _markdown(kreuzberg.extract_file_sync(file, config=config).content)


def _pypdf() -> Read:
    import pypdf

    def read(file: str) -> Reading:
        return _plain("\f".join(page.extract_text() for page in pypdf.PdfReader(file).pages))

    return read


TOOLS: dict[str, Callable[[], Read]] = {
    "lsfs": _lsfs, "pdftotext": _pdftotext, "pdfminer": _pdfminer, "pymupdf": _pymupdf,
    "pymupdf4llm": _pymupdf4llm, "markitdown": _markitdown, "kreuzberg": _kreuzberg,
    "pypdf": _pypdf,
}  # fmt: skip

if __name__ == "__main__":
    main(sys.argv[1:])
