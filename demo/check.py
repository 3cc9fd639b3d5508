"""Judges an answer of ``lsfs ask --json`` by what is true of the sample drive."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo import truth
from demo.truth import Truth


def contracts_first(answer: dict[str, Any], truths: Iterable[Truth], year: int) -> list[str]:
    """What is wrong with a listing that should begin with every contract of ``year``."""
    wanted = {known.path for known in truths if known.signed_in(year)}
    listed = list(dict.fromkeys(found["path"] for found in answer.get("files", [])))
    first = listed[: len(wanted)]
    late = [path for path in listed[len(wanted) :] if path in wanted]
    wrong = [f"not listed: {path}" for path in sorted(wanted - set(listed))]
    wrong += [
        f"no contract of {year}, but listed as no. {first.index(path) + 1}: {path}"
        for path in first
        if path not in wanted
    ]
    return wrong + [f"listed too late, as no. {listed.index(path) + 1}: {path}" for path in late]


def fact_told(answer: dict[str, Any], truths: Iterable[Truth], question: str) -> list[str]:
    """What is wrong with an answer that should tell a fact and cite its page."""
    path, fact = next(
        (known.path, fact) for known in truths for fact in known.facts if fact.question == question
    )
    text = str(answer.get("answer", ""))
    cited = [(place["path"], place.get("page")) for place in answer.get("citations", [])]
    wrong = [] if fact.answer in text else [f"{fact.answer!r} is not in the answer: {text!r}"]
    if (path, fact.page) not in cited:
        wrong.append(f"{path}, page {fact.page} is not cited; cited: {cited}")
    return wrong


def nothing_told(answer: dict[str, Any]) -> list[str]:
    """What is wrong with an answer that should say that the files do not tell."""
    text = str(answer.get("answer", ""))
    said = "not found in your files" in text.lower()
    return [] if said else [f"the files do not answer this, but lsfs said: {text!r}"]


def main() -> int:
    """Print PASS or FAIL with the reasons; 0 for PASS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("answer", type=Path, help="the output of lsfs --json ask")
    parser.add_argument("truth", type=Path, help="the truth file of the sample drive")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--contracts-of", type=int, metavar="YEAR")
    kind.add_argument("--fact", metavar="QUESTION")
    kind.add_argument("--nothing", action="store_true")
    given = parser.parse_args()
    truths = truth.load(given.truth)
    try:
        answer = json.loads(given.answer.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        print(f"FAIL\n  the answer is not JSON: {error}")
        return 1
    if given.contracts_of:
        wrong = contracts_first(answer, truths, given.contracts_of)
        passed = f"every contract of {given.contracts_of} is listed, before all other files"
    elif given.fact:
        wrong = fact_told(answer, truths, given.fact)
        passed = "the answer is right and cites the right page"
    else:
        wrong, passed = nothing_told(answer), "lsfs says that the files do not tell"
    print(f"PASS: {passed}" if not wrong else "\n  ".join(["FAIL", *wrong]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
