"""Groups, joins, sums and questions over a share whose answers are known: precision and recall.

    python -m benchmarks.values [--share NAME] [--misses]

The share (benchmarks.values_set, and values_ of the others) goes through the ordinary pipeline. Of
a group a file in it counts, of a join a row, of an aggregate a row with the right value, of a
question for files a file, of an extraction a value. Prints one table and one JSON line; with
--total only this.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import lsfs
from benchmarks import (
    values_bakery,
    values_bureau,
    values_clinic,
    values_film,
    values_sailing,
    values_set,
    values_vineyard,
    values_water,
)
from benchmarks.values_set import Task
from lsfs.config import Config, ModelConfig
from lsfs.errors import UsageError
from lsfs.places import cited

_FORMS = re.compile(r"\b(?:ltd|limited|llp|gmbh|sarl|sas|ag|plc|sa|inc)\b\.?")
_SHEET_ROW = re.compile(r"(.*\.xlsx)!(\w+) \D*(\d+)")
_SHARES: dict[str, Any] = {
    "housing": values_set, "bakery": values_bakery, "film": values_film, "bureau": values_bureau,
    "sailing": values_sailing, "water": values_water, "clinic": values_clinic,
    "vineyard": values_vineyard,
}  # fmt: skip
_CENT = Decimal("0.005")
Found = set[Any]


def main() -> None:
    """Ask everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--misses", action="store_true", help="list what was missed or wrong")
    parser.add_argument("--total", action="store_true", help="show the last line alone")
    parser.add_argument("--share", choices=tuple(_SHARES), default="housing")
    options = parser.parse_args()
    config = replace(Config(), model=replace(ModelConfig(), chat="none"))
    share = _SHARES[options.share]
    right = given = wanted = whole = 0
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "source"
        source.mkdir()
        share.put(source)
        with lsfs.open(source, config=config, state=str(Path(place) / "state")) as drive:
            drive.wait_indexed()
            for task in share.TASKS:
                try:
                    found, truth = _DONE[task.do](drive, task)
                except UsageError as error:  # as bad as no answer
                    if not options.total:
                        sys.stdout.write(f"    {error}\n")
                    found, truth = set(), _true(task)
                hits = len(found & truth)
                right, given, wanted = right + hits, given + len(found), wanted + len(truth)
                whole += found == truth
                if not options.total:
                    _report(task, found, truth, misses=options.misses)
    precision, recall = round(right / max(given, 1), 4), round(right / wanted, 4)
    row = {
        "questions": len(share.TASKS),
        "wholly right": whole,
        "precision": precision,
        "recall": recall,
    }
    sys.stdout.write(json.dumps(row) + "\n")


def _report(task: Task, found: Found, truth: Found, *, misses: bool) -> None:
    hits = len(found & truth)
    precision = hits / len(found) if found else 1.0
    sys.stdout.write(f"{task.name:<48} P {precision:.3f}  R {hits / len(truth):.3f}\n")
    if misses:
        for one in sorted(found - truth, key=str):
            sys.stdout.write(f"    wrong  {one}\n")
        for one in sorted(truth - found, key=str):
            sys.stdout.write(f"    missed {one}\n")


def _plain(label: str) -> str:
    folded = unicodedata.normalize("NFC", label).casefold().replace(",", " ")
    return " ".join(_FORMS.sub(" ", folded).split()).strip(" .")


def _labels(task: Task) -> dict[str, str]:
    """The label of the truth for each that is as good."""
    labels = {one[0] if isinstance(one, tuple) else one for one in task.truth}
    return {_plain(one): label for label in labels for one in (label, *task.alias.get(label, ()))}


def _true(task: Task) -> Found:
    """What is right, as the answers are compared with it."""
    if task.do == "group":
        return {(label, path) for label, paths in task.truth.items() for path in paths}
    if task.do == "aggregate":
        return {(*key, value) for key, value in task.truth.items()}
    return {task.truth} if task.do == "ask" else set(task.truth)


def _grouped(drive: lsfs.Drive, task: Task) -> tuple[Found, Found]:
    labels = _labels(task)
    groups = drive.group_by(**task.arguments).groups
    found = {(labels.get(_plain(g.label), g.label), file.path) for g in groups for file in g.files}
    truth = _true(task)
    return {one for one in found if one in truth or one[1] not in task.maybe}, truth


def _joined(drive: lsfs.Drive, task: Task) -> tuple[Found, Found]:
    rows = drive.join(**task.arguments, limit=10_000).rows
    found = {
        (_row(row.left, row.left_place), _row(row.right, row.right_place) if row.right else "")
        for row in rows
    }
    return found - task.maybe, _true(task)


def _row(path: str, place: str) -> str:
    written = cited(path, place)
    match = _SHEET_ROW.match(written)
    return f"{match[1]}!{match[2]}:{match[3]}" if match else written


def _added(drive: lsfs.Drive, task: Task) -> tuple[Found, Found]:
    labels = _labels(task)
    found = set()
    for row in drive.aggregate(**task.arguments).rows:
        group = row.group[0] if row.group else ""
        key = labels.get(_plain(group), group), row.unit
        right = key in task.truth and abs(Decimal(row.value) - Decimal(task.truth[key])) < _CENT
        if key not in task.maybe:
            found.add((*key, task.truth[key] if right else row.value))
    return found, _true(task)


def _listed(drive: lsfs.Drive, task: Task) -> tuple[Found, Found]:
    answer = drive.ask(**task.arguments)
    listed = answer.files if answer.by == "list" else ()
    return {file.path for file in listed} - task.maybe, _true(task)


def _extracted(drive: lsfs.Drive, task: Task) -> tuple[Found, Found]:
    rows = drive.extract(**task.arguments).rows
    return {(row.path, row.value) for row in rows} - task.maybe, _true(task)


def _asked(drive: lsfs.Drive, task: Task) -> tuple[Found, Found]:
    answer = drive.ask(**task.arguments).answer
    told = any(one in answer for one in task.truth)
    return {task.truth if told else answer}, _true(task)


_DONE = {
    "group": _grouped, "join": _joined, "aggregate": _added, "ask": _asked, "files": _listed,
    "extract": _extracted,
}  # fmt: skip

if __name__ == "__main__":
    main()
