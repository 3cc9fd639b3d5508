"""Writes the sample drive: the papers of a small joinery firm and of its owner, 2019 to 2026."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo import render_office, render_pdf, render_text, series, truth
from demo.sources import Source, read_all
from demo.truth import Truth

_RENDER: dict[str, Callable[[Source], bytes]] = {
    "pdf": render_pdf.pdf,
    "docx": render_office.word,
    "xlsx": render_office.sheets,
    "html": render_text.web_page,
    "eml": render_text.mail,
    "csv": render_text.comma_separated,
}
_LAST_DAY = date(2026, 6, 30)


def make(target: Path, seed: int = 7) -> list[Truth]:
    """Write the sample drive.

    Args:
        target: the folder to fill; made when missing, must be empty otherwise.
        seed: of the figures in the invoices and minutes and of the files' times.

    Returns:
        What is true of each file, in the order of their paths.

    Raises:
        FileExistsError: ``target`` holds files already.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty: name a new folder for the sample drive")
    rng = random.Random(seed)
    written = sorted([*read_all(), *series.all_series(rng)], key=lambda source: source.path)
    for source in written:
        render = _RENDER.get(source.format, render_text.plain)
        _write(target / source.path, render(source), _modified(source, rng))
    truths = [source.truth() for source in written]
    for path, content in (("Notes/todo.txt", b""), ("Archive/cutlist_cache.bin", _noise(rng))):
        _write(target / path, content, datetime(2024, 5, 6, 8, tzinfo=UTC))
        truths.append(Truth(path, "empty" if not content else "binary", ""))
    return sorted(truths, key=lambda known: known.path)


def _noise(rng: random.Random) -> bytes:
    return b"\x7fCUT\x00" + rng.randbytes(4096)


def _modified(source: Source, rng: random.Random) -> datetime:
    """When the file was last written: a few days after its date, unless its text says otherwise."""
    late = source.day + timedelta(days=rng.randrange(1, 12)) if source.day else _LAST_DAY
    day = source.touched or min(late, _LAST_DAY)
    return datetime(day.year, day.month, day.day, rng.randrange(8, 19), 30, tzinfo=UTC)


def _write(file: Path, content: bytes, modified: datetime) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    stamp = int(modified.timestamp())
    os.utime(file, (stamp, stamp))


def main() -> int:
    """Write the drive that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", type=Path, help="the folder to fill; new or empty")
    parser.add_argument("--truth", type=Path, help="write what is true of the files here, as JSON")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    try:
        truths = make(given.dir, given.seed)
    except FileExistsError as error:
        print(f"sample_drive: {error}", file=sys.stderr)
        return 1
    if given.truth:
        truth.save(truths, given.truth)
    contracts = sum(known.is_contract for known in truths)
    print(f"{len(truths)} files in {given.dir}, {contracts} of them contracts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
