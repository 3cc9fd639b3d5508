"""Reading PDF: lsfs's parser beside other tools, on documents whose text is known exactly.

    python -m benchmarks.parsing [--documents 24] [--seed 1] [--peers PYTHON] [--data FOLDER]
    python -m benchmarks.parsing --assert FILE.jsonl FOLDER [--peers PYTHON]

The first form sets documents with reportlab, pdfLaTeX, typst and WeasyPrint (pip install
'lsfs[bench]'; those that are missing are named), in one to three columns and several languages,
from the files xquad.LANGUAGE.json in --data or from built-in words. Each is read by each tool in a
process of its own. Every third is read once more with its text drawn in random order. Prints
tables, the targets as met or missed, and one JSON line. Tools other than lsfs and pdftotext
(apt-get install poppler-utils) must be installed in the interpreter that --peers names:
pdfminer.six, pymupdf, pymupdf4llm, markitdown[pdf], kreuzberg, pypdf; some of them are AGPL. The
slowest read every fifth document only: "files" tells how many. What the figures are is told by
benchmarks.parsing_score.score. The CPU's time is that of reading, without the tool's start.

The second form checks assertions about real documents in FOLDER: see benchmarks.parsing_assertions.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.parsing_assertions import check
from benchmarks.parsing_documents import Truth
from benchmarks.parsing_files import STEP, Order, engines, make
from benchmarks.parsing_score import Count, Reading, Scores, added, score
from benchmarks.parsing_texts import BUILT_IN
from benchmarks.parsing_tools import Tool, tools

SLOW = {"pymupdf4llm": 5, "markitdown": 5}  # these read every so many documents
_SHOWN = (
    "ned", "intact", "merged", "joined", "restored", "left", "kept", "headings", "notes", "rows",
    "whole",
)  # fmt: skip


class Row(Struct, frozen=True):
    """One tool on one document."""

    tool: str
    truth: Truth
    reading: Reading
    scores: Scores


class Target(Struct, frozen=True):
    """What is wanted of lsfs: at least or at most so much."""

    name: str
    measured: float | None
    wanted: float
    at_least: bool = True

    @property
    def verdict(self) -> str:
        """Met or missed, or that nothing tells."""
        if self.measured is None:
            return "not measured"
        met = self.measured >= self.wanted if self.at_least else self.measured <= self.wanted
        return "met" if met else "missed"


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=24, help="without those in random order")
    parser.add_argument("--languages", default=",".join(BUILT_IN))
    parser.add_argument("--data", type=Path, help="folder with xquad.LANGUAGE.json")
    parser.add_argument("--peers", type=Path, help="a Python that has the other tools")
    parser.add_argument("--only", default="", help="tools to run, with commas between")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one document")
    parser.add_argument("--out", type=Path, help="keep the documents there")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--assert", dest="assertions", type=Path, help="check real documents")
    parser.add_argument("folder", type=Path, nargs="?", help="of the real documents")
    options = parser.parse_args()
    chosen = tools(options.peers, set(filter(None, options.only.split(","))))
    if options.assertions:
        if options.folder is None:
            parser.error("name the folder of the documents")
        check(options.assertions, options.folder, chosen, options.limit)
        return
    order = Order(
        options.seed, options.documents, tuple(options.languages.split(",")), options.data
    )
    with tempfile.TemporaryDirectory() as place:
        rows = measure(options.out or Path(place), order, chosen, options.limit)
    _print(rows, json_only=options.json)


def measure(folder: Path, order: Order, chosen: Sequence[Tool], limit: float) -> list[Row]:
    """Set the documents, and read each with each tool."""
    installed, missing = engines()
    names = ", ".join(engine.name for engine in installed)
    readers = ", ".join(f"{tool.name} {tool.version}".strip() for tool in chosen)
    _note(f"documents by {names}; tools: {readers}")
    for name, how in missing.items():
        _note(f"{name} is not installed: {how}")
    if not installed:
        raise SystemExit("nothing can set documents: pip install 'lsfs[bench]'")
    rows = []
    for truth in make(folder, order, installed):
        for tool in chosen:
            if truth.seed % STEP % SLOW.get(tool.name, 1) == 0:
                reading = tool.read(folder / f"{truth.name}.pdf", limit)
                rows.append(Row(tool.name, truth, reading, score(truth, reading)))
                if reading.error:
                    _note(f"{tool.name}: {truth.name}: {reading.error}")
    return rows


def summary(rows: Sequence[Row]) -> dict[str, float | None]:
    """The shares over the documents of one tool, its speed and its memory."""
    total = added(row.scores for row in rows)
    found: dict[str, float | None] = {name: count.share for name, count in total.items()}
    read = [row for row in rows if not row.reading.error]
    pages = sum(len(row.truth.page_labels) for row in read)
    found["pages_per_cpu_s"] = Count(pages, sum(row.reading.cpu_s for row in read)).share
    found["peak_mb"] = max((row.reading.peak_mb for row in rows), default=None)
    return found | {"files": len(rows), "failed": len(rows) - len(read)}


def groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows by what the documents have in common; what is scrambled is a group of its own."""
    plain = [row for row in rows if not row.truth.scrambled]
    found = {"all": plain}
    for columns in (1, 2, 3):
        found[f"columns {columns}"] = [r for r in plain if r.truth.layout.columns == columns]
    for engine in dict.fromkeys(row.truth.engine for row in plain):
        found[engine] = [row for row in plain if row.truth.engine == engine]
    for language in sorted({row.truth.language for row in plain}):
        found[f"language {language}"] = [r for r in plain if r.truth.language == language]
    scrambled = [row for row in rows if row.truth.scrambled]
    found["random order"] = scrambled
    found["random order, columns 1"] = [r for r in scrambled if r.truth.layout.columns == 1]
    found["random order, columns 2"] = [r for r in scrambled if r.truth.layout.columns == 2]
    return {name: group for name, group in found.items() if group}


Figures = dict[str, dict[str, dict[str, float | None]]]  # group, tool, figure


def figures(rows: Sequence[Row]) -> Figures:
    """All figures of all tools on all groups."""
    names = list(dict.fromkeys(row.tool for row in rows))
    return {
        group: {name: summary([r for r in members if r.tool == name]) for name in names}
        for group, members in groups(rows).items()
    }


def targets(found: Figures) -> list[Target]:
    """What lsfs is to reach, and what it reached."""

    def of(group: str, name: str, tool: str = "lsfs") -> float | None:
        return found.get(group, {}).get(tool, {}).get(name)

    def times(tool: str) -> float | None:
        ours, theirs = of("all", "pages_per_cpu_s"), of("all", "pages_per_cpu_s", tool)
        return ours / theirs if ours and theirs else None

    return [
        Target("paragraphs that go over a page, joined", of("all", "joined"), 0.95),
        Target("words divided by a page's end, restored", of("all", "restored"), 0.95),
        Target("neighbouring paragraphs in one block", of("all", "merged"), 0.05, at_least=False),
        Target("running heads and page numbers left", of("all", "left"), 0.03, at_least=False),
        Target("letters of the text kept", of("all", "kept"), 0.995),
        Target(
            "two columns in random order, edit distance",
            of("random order, columns 2", "ned"), 0.09, at_least=False,
        ),
        Target("paragraphs whole, one column", of("columns 1", "intact"), 0.96),
        Target("paragraphs whole, two columns", of("columns 2", "intact"), 0.92),
        Target("table rows exact, one column", of("columns 1", "rows"), 0.95),
        Target("table rows exact, two columns", of("columns 2", "rows"), 0.88),
        Target("tables whole, one column", of("columns 1", "whole"), 0.85),
        Target("tables whole, two columns", of("columns 2", "whole"), 0.75),
        Target("speed, times pdfminer", times("pdfminer"), 5),
        Target("speed, times pdftotext", times("pdftotext"), 0.25),
        Target("memory of a process, MB", of("all", "peak_mb"), 60, at_least=False),
    ]  # fmt: skip


def _print(rows: list[Row], *, json_only: bool) -> None:
    found = figures(rows)
    aims = targets(found)
    if not json_only:
        for group in ("columns 1", "columns 2", "columns 3", "random order"):
            if group in found:
                _table(group, found[group].items())
        ours = ((group, by_tool["lsfs"]) for group, by_tool in found.items() if "lsfs" in by_tool)
        _table("lsfs", ours)
        for aim in aims:
            measured = "-" if aim.measured is None else f"{aim.measured:.3f}"
            sign = ">=" if aim.at_least else "<="
            _write(f"{aim.name:<46}{measured:>9} {sign} {aim.wanted:<6} {aim.verdict}")
    verdicts = {aim.name: aim.verdict for aim in aims}
    _write(json.dumps({"groups": found, "targets": verdicts}, ensure_ascii=False))


def _table(title: str, lines: Iterable[tuple[str, dict[str, float | None]]]) -> None:
    heads = [*_SHOWN, "pages/s", "MB", "files"]
    _write(f"{title:<24}" + "".join(f"{head:>9}" for head in heads))
    shapes: list[tuple[str, Callable[[float], str]]] = [
        *((name, "{:.3f}".format) for name in _SHOWN),
        ("pages_per_cpu_s", "{:.1f}".format), ("peak_mb", "{:.0f}".format),
        ("files", "{:.0f}".format),
    ]  # fmt: skip
    for name, values in lines:
        cells = [_cell(values.get(key), shape) for key, shape in shapes]
        _write(f"{name:<24}" + "".join(f"{cell:>9}" for cell in cells))
    _write("")


def _cell(value: float | None, shape: Callable[[float], str]) -> str:
    return "-" if value is None else shape(value)


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


def _note(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
