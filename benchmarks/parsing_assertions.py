"""Checks what people say of real documents: this is in the text, that is not, this comes first.

FILE is JSON, one assertion a line (or one list of them), in the form of olmOCR-bench:

    {"pdf": "a.pdf", "type": "present", "text": "The sum of 3 %", "max_diffs": 2}
    {"pdf": "a.pdf", "type": "absent", "text": "Page 12 of 30", "case_sensitive": false}
    {"pdf": "a.pdf", "type": "order", "before": "First, ...", "after": "Then, ..."}
    {"pdf": "a.pdf", "type": "table", "cell": "47.2", "left": "Lead", "top_heading": "Grams"}

``pdf`` is relative to the folder. ``max_diffs`` is how many characters of the text may differ (0);
``first_n`` and ``last_n`` look for it in so many characters of the beginning or the end only. A
cell is known by its neighbours ``up``, ``down``, ``left``, ``right``, and by any cell further up
(``top_heading``) or left (``left_heading``). Assertions are about the whole document; those of
other types are counted as not checked.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.parsing_score import Count, Reading
from benchmarks.parsing_tools import Tool

TYPES = ("present", "absent", "order", "table")
_ALIKE = str.maketrans("‘’‚“”„–—‑‒−", "'''\"\"\"-----")
_NEIGHBOURS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
_LEAST_ALIKE = 0.5  # of cells, however many differences are allowed
_MOST_PLACES = 20  # of a text in a document
Table = Sequence[Sequence[str]]


class Assertion(Struct, frozen=True):
    """One line of the file; see above."""

    pdf: str
    type: str
    facts: dict[str, Any]

    @property
    def max_diffs(self) -> int:
        return int(self.facts.get("max_diffs", 0))

    def text(self, name: str) -> str:
        """A fact as the text that is looked for; "" when it is not given."""
        return plain(str(self.facts.get(name, "")))


def load(path: Path) -> list[Assertion]:
    """The assertions in a file."""
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("["):
        found = json.loads(text)
    else:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [Assertion(facts["pdf"], facts["type"], facts) for facts in found]


def plain(text: str) -> str:
    """Text with single spaces, and simple quotes and dashes."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_ALIKE).split())


def holds(assertion: Assertion, reading: Reading) -> bool:
    """Whether a reading is as asserted."""
    if assertion.type == "table":
        return any(_in_table(assertion, table) for table in reading.tables or ())
    text = plain("\n".join(reading.blocks))
    if assertion.type == "order":
        before = _places(assertion.text("before"), text, assertion.max_diffs)
        after = _places(assertion.text("after"), text, assertion.max_diffs)
        return bool(before and after) and min(before) < max(after)
    return _is_present(assertion, text) == (assertion.type == "present")


def _is_present(assertion: Assertion, text: str) -> bool:
    from rapidfuzz import fuzz

    wanted = assertion.text("text")
    if not assertion.facts.get("case_sensitive", True):
        wanted, text = wanted.lower(), text.lower()
    first, last = assertion.facts.get("first_n"), assertion.facts.get("last_n")
    if first or last:
        text = (text[:first] if first else "") + (text[-last:] if last else "")
    if assertion.max_diffs == 0:
        return wanted in text
    if len(text) < len(wanted):  # else the shorter one would be looked for in the longer one
        return _alike(wanted, text) >= _threshold(wanted, assertion.max_diffs)
    ratio = fuzz.partial_ratio(wanted, text) / 100
    return ratio >= _threshold(wanted, assertion.max_diffs)


def _threshold(wanted: str, max_diffs: int) -> float:
    return 1 - max_diffs / max(1, len(wanted)) - 1e-9  # shares are not exact


def _alike(first: str, second: str) -> float:
    from rapidfuzz import fuzz

    return fuzz.ratio(first, second) / 100


def _places(wanted: str, text: str, max_diffs: int) -> list[int]:
    """Where a text stands, best first."""
    from rapidfuzz import fuzz

    if max_diffs == 0:
        return [match.start() for match in re.finditer(re.escape(wanted), text)]
    places: list[int] = []
    while len(places) < _MOST_PLACES:
        cut = 100 * _threshold(wanted, max_diffs)
        found = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=cut)
        if found is None or len(text) < len(wanted):
            break
        places.append(found.dest_start)
        hole = "\0" * (found.dest_end - found.dest_start)
        text = text[: found.dest_start] + hole + text[found.dest_end :]
    return places


def _in_table(assertion: Assertion, table: Table) -> bool:
    cells = {
        (row, column): plain(text)
        for row, texts in enumerate(table)
        for column, text in enumerate(texts)
    }
    wanted = assertion.text("cell")
    return any(
        _fits(wanted, text, assertion.max_diffs) and _has_neighbours(assertion, cells, *place)
        for place, text in cells.items()
    )


def _fits(wanted: str, text: str, max_diffs: int) -> bool:
    return _alike(wanted, text) >= max(_LEAST_ALIKE, _threshold(wanted, max_diffs))


def _has_neighbours(
    assertion: Assertion, cells: dict[tuple[int, int], str], row: int, column: int
) -> bool:
    for name, (down, right) in _NEIGHBOURS.items():
        wanted = assertion.text(name)
        near = cells.get((row + down, column + right), "")
        if wanted and not _fits(wanted, near, assertion.max_diffs):
            return False
    lines = {
        "top_heading": product(range(row), [column]),
        "left_heading": product([row], range(column)),
    }
    return all(
        any(_fits(assertion.text(name), cells.get(p, ""), assertion.max_diffs) for p in places)
        for name, places in lines.items()
        if assertion.text(name)
    )


def check(
    path: Path, folder: Path, chosen: Sequence[Tool], limit: float
) -> dict[str, dict[str, Count]]:
    """Read the documents with each tool, and print how many assertions hold, by their type."""
    every = load(path)
    able = [one for one in every if one.type in TYPES]
    found = {tool.name: dict(_counted(tool, able, folder, limit)) for tool in chosen}
    write = sys.stdout.write
    write(f"{path.name}: {len(able)} assertions; {len(every) - len(able)} not checked\n")
    write(f"{'tool':<16}" + "".join(f"{name:>12}" for name in (*TYPES, "all")) + "\n")
    for name, counts in found.items():
        cells = [f"{count.part:.0f}/{count.of:.0f}" for count in counts.values()]
        write(f"{name:<16}" + "".join(f"{cell:>12}" for cell in cells) + "\n")
    shares = {
        name: {kind: count.share for kind, count in counts.items()}
        for name, counts in found.items()
    }
    write(json.dumps({"set": path.name, "assertions": len(able), "held": shares}) + "\n")
    return found


def _counted(
    tool: Tool, assertions: list[Assertion], folder: Path, limit: float
) -> Iterator[tuple[str, Count]]:
    readings = {name: tool.read(folder / name, limit) for name in {a.pdf for a in assertions}}
    for name, reading in readings.items():
        if reading.error:
            sys.stderr.write(f"{tool.name}: {name}: {reading.error}\n")
    # What a failed tool does not say is absent, but it does not pass for that.
    held = [(a.type, not readings[a.pdf].error and holds(a, readings[a.pdf])) for a in assertions]
    for kind in TYPES:
        yield kind, Count(sum(ok for k, ok in held if k == kind), sum(k == kind for k, _ in held))
    yield "all", Count(sum(ok for _, ok in held), len(held))
