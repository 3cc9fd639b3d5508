"""Summaries of documents with planted facts: what is kept, what is invented, and what it costs.

    python -m benchmarks.summaries [--seed N] [--documents N] [--pages 300] [--peers PYTHON]
        [--papers DIR] [--model]

Each document is written into a drive and summed up in every length. Measured are the share of its
planted facts that are told, and by rules the errors that BooookScore names (Chang et al., ICLR
2024): omission of facts, inconsistency (a statement that is not in its quote, a number, date or
name that is not in the document), duplication, order (a statement out of the order of the
document), dangling reference (a sentence that goes on from one that is not there), salience (the
share of sentences that tell a planted fact). Beside it stand the first words of the document and,
with ``--peers`` (a Python that has sumy), LexRank, TextRank, Luhn and LSA with as many words.

``--papers`` names a folder of ACLSum (PyPI ``aclsum``, MIT): the abstract of each paper is held to
be its summary, and the rest is summed up; ROUGE-1 and ROUGE-2 (F1 of 130 words).

Then a document of ``--pages`` pages: the time and memory of its first summary, and of the one after
an edit of one page.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import lsfs
from benchmarks.summaries_set import KINDS, LEVELS, Planted, long_document, planted
from lsfs.config import Config, ModelConfig
from lsfs.llm.answers.ground import supported
from lsfs.llm.summary.summary_units import goes_on
from lsfs.sentences import sentences
from lsfs.summaries import Summary

PAGE_CHARS = 3_000
PAPER_WORDS = 130


def main() -> None:
    """Run the measurements and print one table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--peers", help="a Python that has sumy")
    parser.add_argument("--papers", type=Path, help="the folder dataset/paper_jsons of aclsum")
    parser.add_argument("--half", choices=("tuned", "held"), default="held", help="of the papers")
    parser.add_argument("--model", action="store_true", help="also the language model's wording")
    options = parser.parse_args()
    found: dict[str, Any] = {"seed": options.seed}
    with tempfile.TemporaryDirectory() as folder:
        found |= _planted(Path(folder), options)
        if options.papers:
            found["papers"] = _papers(options)
        if options.pages:
            found["long"] = _long(Path(folder), options)
    print(json.dumps(found))


# --- documents with planted facts


def _planted(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    documents = [
        planted(KINDS[n % len(KINDS)], options.seed * 10_000 + n) for n in range(options.documents)
    ]
    source = folder / "planted"
    source.mkdir()
    for n, one in enumerate(documents):
        (source / f"{n:03}.md").write_text(one.markdown, encoding="utf-8")
    scores: dict[str, dict[str, list[dict[str, float]]]] = {}
    model = ModelConfig() if options.model else ModelConfig(chat="none")
    peers = []
    with lsfs.open(
        source, config=replace(Config(), model=model), state=str(folder / "s1")
    ) as drive:
        drive.wait_indexed()
        for n, one in enumerate(documents):
            for length in LEVELS:
                summary = drive.summarize(f"{n:03}.md", length=length)
                _add(scores, "lsfs", length, _judged(one, length, summary))
                words = max(1, len(summary.summary.split()))
                lead = _lead(one, words)
                _add(scores, "lead", length, {"told": _told(one, length, lead), "words": words})
                peers.append({"n": n, "length": length, "words": words, "text": one.paragraphs})
                if options.model and length == "paragraph":
                    _add(scores, "model", length, _worded(drive, one, f"{n:03}.md", length))
    if options.peers:
        for found in _by_peers(options.peers, peers):
            one = documents[found["n"]]
            told = _told(one, found["length"], found["summary"])
            words = len(found["summary"].split())
            _add(scores, found["method"], found["length"], {"told": told, "words": words})
    means = {
        method: {length: _mean(rows) for length, rows in lengths.items()}
        for method, lengths in scores.items()
    }
    _print_planted(means)
    return {"planted": means, "documents": len(documents)}


def _add(
    scores: dict[str, dict[str, list[dict[str, float]]]],
    method: str,
    length: str,
    found: dict[str, float],
) -> None:
    scores.setdefault(method, {}).setdefault(length, []).append(found)


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    means = {name: round(statistics.fmean(row[name] for row in rows), 3) for name in rows[0]}
    return {**means, "se": round(_error([row["told"] for row in rows]), 3)}


def _error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def _worded(drive: lsfs.Drive, one: Planted, path: str, length: str) -> dict[str, float]:
    began = time.monotonic()
    summary = drive.summarize(path, length=length, method="model")
    took = time.monotonic() - began
    plain = drive.summarize(path, length=length)
    tried = summary.rewritten + summary.refused
    return {
        **_judged(one, length, summary),
        "seconds": took,
        "used": summary.rewritten / max(1, tried),
        "shorter": 1 - len(summary.summary.split()) / max(1, len(plain.summary.split())),
    }


def _told(one: Planted, length: str, text: str) -> float:
    """The share of the facts of a length, and of shorter ones, that a text tells."""
    most = LEVELS.index(length) + 1
    facts = [fact for fact in one.facts if fact.level <= most]
    plain = " ".join(text.split())
    return sum(all(part in plain for part in fact.told) for fact in facts) / len(facts)


def _lead(one: Planted, words: int) -> str:
    return " ".join(" ".join(one.paragraphs).split()[:words])


def _judged(one: Planted, length: str, summary: Summary) -> dict[str, float]:
    said = [statement.text for statement in summary.statements]
    parts = [part for statement in said for part in _sentences(statement)]
    source = " ".join(one.markdown.split())
    quotes = [citation.quote for citation in summary.citations]
    unsupported = sum(
        # "rent: EUR 900" may rest on a sentence that denies something else.
        not set(supported(s.text, [" ".join(quotes[n] for n in s.citations), one.title]).missing)
        <= {"not"}
        for s in summary.statements
    )
    lines = [citation.line_start or 0 for citation in summary.citations]
    facts = [part for fact in one.facts for part in fact.told]
    return {
        "told": _told(one, length, summary.summary),
        "words": len(summary.summary.split()),
        "invented": sum(quote not in source for quote in quotes) + unsupported,
        "repeated": _repeated(parts),
        "dangling": sum(_dangles(text, before) for before, text in _pairs(parts, source)),
        "disorder": _disorder(summary, lines),
        "salient": sum(any(f in part for f in facts) for part in parts) / max(1, len(parts)),
    }


def _sentences(text: str) -> list[str]:
    return [text[a:b] for a, b in sentences(text)]


def _pairs(parts: Sequence[str], source: str) -> Iterable[tuple[bool, str]]:
    """Each sentence, and whether the one said before it stands before it in the source."""
    before = ""
    for part in parts:
        at = source.find(part)
        yield bool(before) and at > 0 and source[:at].rstrip().endswith(before), part
        before = part


def _dangles(text: str, follows: bool) -> bool:
    return goes_on(text) and not follows


def _repeated(parts: Sequence[str]) -> int:
    words = [frozenset(re.findall(r"\w+", part.casefold())) for part in parts]
    return sum(len(a & b) > 0.8 * len(a | b) for n, a in enumerate(words) for b in words[n + 1 :])


def _disorder(summary: Summary, lines: Sequence[int]) -> int:
    """Sentences that stand before the one said before them, within one part of the summary."""
    count = 0
    for part in summary.parts:
        if part.listed:
            continue
        places = [lines[summary.statements[n].citations[0]] for n in part.statements]
        count += sum(b < a for a, b in pairwise(places))
    return count


def _by_peers(python: str, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("summaries_peers.py")
    split = [
        {**task, "text": [part for text in task["text"] for part in _sentences(text)]}
        for task in tasks
    ]
    done = subprocess.run(
        [python, str(script)], input=json.dumps(split), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        return []
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _print_planted(means: dict[str, dict[str, dict[str, float]]]) -> None:
    print(f"{'planted facts told':<22}" + "".join(f"{length:>16}" for length in LEVELS))
    for method, lengths in means.items():
        cells = [
            f"{lengths[one]['told']:.2f} ({lengths[one]['words']:.0f} w)" if one in lengths else ""
            for one in LEVELS
        ]
        print(f"{method:<22}" + "".join(f"{cell:>16}" for cell in cells))
    for name in ("invented", "repeated", "dangling", "disorder", "salient"):
        row = [means["lsfs"][one][name] for one in LEVELS]
        print(f"  {name:<20}" + "".join(f"{value:>16.3f}" for value in row))


# --- papers, whose abstracts are summaries


def _papers(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    from benchmarks.summaries_papers import read_papers

    papers = list(read_papers(options.papers))
    random.Random(5).shuffle(papers)
    papers = papers[:60] if options.half == "tuned" else papers[60:120]
    methods: dict[str, Callable[[Any], str]] = {
        "lsfs": lambda paper: paper.by_lsfs(PAPER_WORDS),
        "centroid + MMR": lambda paper: paper.by_centroid(PAPER_WORDS),
        "lead": lambda paper: " ".join(paper.body.split()[:PAPER_WORDS]),
    }
    texts = {name: [method(paper) for paper in papers] for name, method in methods.items()}
    if options.peers:
        tasks = [
            {"n": n, "length": "", "words": PAPER_WORDS, "text": [paper.body]}
            for n, paper in enumerate(papers)
        ]
        for found in _by_peers(options.peers, tasks):
            texts.setdefault(found["method"], [""] * len(papers))[found["n"]] = found["summary"]
    print(f"\n{len(papers)} papers ({options.half})   ROUGE-1  ROUGE-2")
    result = {}
    for name, made in texts.items():
        ones = [_rouge(text, p.abstract, 1) for text, p in zip(made, papers, strict=True)]
        twos = [_rouge(text, p.abstract, 2) for text, p in zip(made, papers, strict=True)]
        result[name] = {
            "rouge1": round(statistics.fmean(ones), 3),
            "rouge2": round(statistics.fmean(twos), 3),
            "se1": round(_error(ones), 3),
        }
        print(f"{name:<22} {result[name]['rouge1']:.3f}    {result[name]['rouge2']:.3f}")
    return result


def _rouge(text: str, reference: str, n: int) -> float:
    """F1 of the runs of ``n`` words (Lin, 2004), without stemming."""
    mine, theirs = _runs(text, n), _runs(reference, n)
    shared = sum((mine & theirs).values())
    precision, recall = shared / max(1, mine.total()), shared / max(1, theirs.total())
    return 2 * precision * recall / max(1e-9, precision + recall)


def _runs(text: str, n: int) -> Counter[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


# --- a long document, and an edit of one page


def _long(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    document = long_document(options.seed, max(2, options.pages // 2), 34)
    source = folder / "long"
    source.mkdir()
    file = source / "handbook.md"
    text = document.markdown[: options.pages * PAGE_CHARS]
    file.write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with lsfs.open(source, config=config, state=str(folder / "s2")) as drive:
        drive.wait_indexed()
        times = {"first": _timed(drive), "again": _timed(drive), "page": _timed(drive, "page")}
        at = text.index("\n\n", len(text) // 2) + 2
        file.write_text(
            f"{text[:at]}The bridge over the Ilves was closed on 3 May 2031. {text[at:]}",
            encoding="utf-8",
        )
        drive.wait_indexed()
        times["after an edit"] = _timed(drive)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{len(text) / PAGE_CHARS:.0f} pages, peak memory of the process {peak:.0f} MB")
    for name, (seconds, cpu, summary) in times.items():
        parts = f"{summary.computed} of {summary.nodes} parts read"
        print(f"  {name:<16} {seconds:7.2f} s, {cpu:.2f} s of CPU  {parts}")
    return {
        "pages": round(len(text) / PAGE_CHARS),
        "peak_mb": round(peak),
        **{
            name: {
                "seconds": round(seconds, 2),
                "cpu": round(cpu, 2),
                "computed": one.computed,
                "nodes": one.nodes,
            }
            for name, (seconds, cpu, one) in times.items()
        },
    }


def _timed(drive: lsfs.Drive, length: str = "paragraph") -> tuple[float, float, Summary]:
    """Seconds that passed, seconds of the processor, and the summary."""
    began, used = time.monotonic(), time.process_time()
    found = drive.summarize("handbook.md", length=length)
    return time.monotonic() - began, time.process_time() - used, found


if __name__ == "__main__":
    main()
