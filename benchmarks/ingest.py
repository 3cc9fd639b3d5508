"""What it costs to make files searchable by words, beside Recoll: reading, cutting, indexing.

    python -m benchmarks.ingest [--texts N] [--pdfs N] [--pages P] [--folder DIR] [--seed S]

Text files and PDFs are generated (or those of a folder of yours are taken), then indexed from
nothing by ``lsfs index`` without an embedding model, and by ``recollindex`` where it is installed.
CPU seconds are those of all processes that take part. Recoll keeps words only; lsfs also keeps
pages, tables, kinds, dates, fields and signatures of each document. lsfs is compiled to bytecode
first, as pip does when it installs it. Prints a table and a JSON line.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

import lsfs
import lsfs_cli
import lsfs_parsers
from benchmarks.parsing_texts import Texts, texts

_A_PAGE = 6  # paragraphs
_LANGUAGES = ("en", "de", "es")
_RECOLL = """topdirs = {topdirs}
indexstemminglanguages = english
noaspell = 1
dbdir = {dbdir}
"""


class Cost(Struct, frozen=True):
    """What indexing a folder took.

    Attributes:
        cpu_s, wall_s: seconds, of all processes together and by the clock.
        peak_mb: most memory of a single process, in MiB.
        state_mb: what was written, in MiB.
    """

    tool: str
    files: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    state_mb: float

    @property
    def rate(self) -> float:
        """Files a CPU second."""
        return self.files / self.cpu_s


def main() -> None:
    """Run the benchmark named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1000, help="text files to generate")
    parser.add_argument("--pdfs", type=int, default=100, help="PDFs to generate")
    parser.add_argument("--pages", type=int, default=8, help="pages of a PDF")
    parser.add_argument("--folder", type=Path, help="index this folder instead")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for module in (lsfs, lsfs_cli, lsfs_parsers):
        compileall.compile_dir(Path(module.__file__ or "").parent, quiet=2)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        if options.folder:
            folders = {options.folder.name: options.folder}
        else:
            folders = dict(generated(root / "source", options))
        rows = {kind: compare(folder, root / "state" / kind) for kind, folder in folders.items()}
    _print(rows)


def generated(place: Path, options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Folders of generated files, by kind."""
    chance = random.Random(options.seed)
    sources = [texts(language, None) for language in _LANGUAGES]
    for kind, count in (("text", options.texts), ("PDF", options.pdfs)):
        folder = place / kind
        folder.mkdir(parents=True)
        for n in range(count):
            source = sources[n % len(sources)]
            if kind == "text":
                paragraphs = _paragraphs(source, chance, chance.randint(2, 14))
                (folder / f"note {n:05}.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
            else:
                write_pdf(folder / f"report {n:04}.pdf", source, chance, options.pages)
        if count:
            yield kind, folder


def _paragraphs(source: Texts, chance: random.Random, count: int) -> list[str]:
    """Paragraphs of which no two are alike."""
    chapters = [chance.choice(source.chapters) for _ in range(count)]
    return [f"{chance.choice(one.paragraphs)} {source.sentence(chance, 5, 20)}" for one in chapters]


def write_pdf(path: Path, source: Texts, chance: random.Random, pages: int) -> None:
    """A PDF of about so many pages of running text, with headings and page numbers."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    styles = getSampleStyleSheet()
    story = []
    for n, text in enumerate(_paragraphs(source, chance, pages * _A_PAGE)):
        if n % 12 == 0:
            title = f"{n // 12 + 1} {source.phrase(chance, 2, 5)}"
            story.append(Paragraph(title, styles["Heading2"]))
        story.append(Paragraph(text, styles["BodyText"]))

    def number(canvas: Any, document: Any) -> None:
        canvas.drawCentredString(300, 30, str(document.page))

    SimpleDocTemplate(str(path)).build(story, onFirstPage=number, onLaterPages=number)


def compare(folder: Path, state: Path) -> list[Cost]:
    """The cost of each tool that is here."""
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    rows = [_cost("lsfs", _lsfs(folder, state / "lsfs"), state / "lsfs", files, _offline())]
    if shutil.which("recollindex"):
        own = state / "recoll"
        own.mkdir(parents=True)
        (own / "recoll.conf").write_text(
            _RECOLL.format(topdirs=json.dumps(str(folder)), dbdir=own / "xapiandb")
        )
        command = ["recollindex", "-c", str(own)]
        rows.append(_cost("recollindex", command, own, files, os.environ))
    return rows


def _lsfs(folder: Path, state: Path) -> list[str]:
    return [sys.executable, "-m", "lsfs_cli", "--state", str(state), "-q", "index", str(folder)]


def _offline() -> dict[str, str]:
    """Words only: the embedding model has a benchmark of its own."""
    path = os.pathsep.join(filter(None, sys.path))
    return {
        **os.environ, "PYTHONPATH": path, "LSFS_MODEL_EMBED": "none", "LSFS_MODEL_CHAT": "none",
    }  # fmt: skip


def _cost(
    tool: str, command: Sequence[str], state: Path, files: int, environment: Mapping[str, str]
) -> Cost:
    """Run a command and measure it, with every process that it waited for.

    Raises:
        SystemExit: it failed.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as sink:
        child = subprocess.Popen(
            command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=sink
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sink.seek(0)
            said = sink.read().decode(errors="replace")
            raise SystemExit(f"{tool} ended with {child.returncode}: {said[-500:]}")
    return Cost(
        tool, files, used.ru_utime + used.ru_stime, time.monotonic() - started,
        used.ru_maxrss / 1024, _size(state) / 2**20,
    )  # fmt: skip


def _size(folder: Path) -> int:
    """Bytes that the files of a folder take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _print(rows: Mapping[str, Sequence[Cost]]) -> None:
    head = f"{'':<6} {'tool':<12} {'files':>6} {'files/CPU s':>12} {'CPU s':>8} {'wall s':>8}"
    sys.stdout.write(f"{head} {'peak MB':>8} {'state MB':>9}\n")
    for kind, costs in rows.items():
        for one in costs:
            sys.stdout.write(
                f"{kind:<6} {one.tool:<12} {one.files:>6} {one.rate:>12.1f} {one.cpu_s:>8.1f} "
                f"{one.wall_s:>8.1f} {one.peak_mb:>8.0f} {one.state_mb:>9.1f}\n"
            )
    plain = {kind: [asdict(one) for one in costs] for kind, costs in rows.items()}
    sys.stdout.write(json.dumps(plain) + "\n")


if __name__ == "__main__":
    main()
