"""What each size of a model buys: memory, speed, answers; the same measures for any GGUF files.

    python -m benchmarks.sizes [--xquad xquad.en.json] [--seed N] [--trials 24] [FILE.gguf …]

Without files the default model is written in other forms of numbers by llama.cpp's quantiser. Its
own is Q4_1: wider forms made of it hold no more than that, and show what a form costs; narrower
ones show what is lost. Speeds are tokens a CPU second of one thread, a process for each file.
Prints a table, with Wilson 95 % intervals, and a line of JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsfs.llm.files import models
from lsfs.llm.lab.door import Asked, measured
from lsfs.llm.lab.prose import Made
from lsfs.llm.runtime.backend import backend
from lsfs.llm.runtime.engine import Context, Model, Shape

# llama.cpp's numbers of the forms.
FORMS = {"F16": 1, "Q8_0": 7, "Q5_1": 9, "Q4_0": 2}
READ, WRITTEN = 1024, 64  # tokens


def quantised(source: Path, target: Path, form: str) -> Path:
    """Write a model in another form of numbers.

    Args:
        form: a key of :data:`FORMS`.
    """
    api = backend().api
    params = api.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize, params.nthread = FORMS[form], True, 1
    if api.llama_model_quantize(str(source).encode(), str(target).encode(), params):
        raise SystemExit(f"llama.cpp did not write {form}: {backend().said()}")
    return target


@contextmanager
def files(given: Sequence[Path]) -> Iterator[list[Path]]:
    """The files to measure."""
    if given:
        yield list(given)
        return
    found = models.chat_model_file("default")
    if found is None:
        raise SystemExit("the default model is not installed")
    with tempfile.TemporaryDirectory() as folder:
        made = [quantised(found.path, Path(folder) / f"{form}.gguf", form) for form in FORMS]
        yield sorted([found.path, *made], key=lambda path: -path.stat().st_size)


def speed(path: Path, seed: int) -> dict[str, Any]:
    """Time to load, tokens a CPU second read and written, and memory at its peak."""
    began = time.perf_counter()
    with Model(path) as model, Context(model, Shape(READ + WRITTEN + 8, 1, 512, 1)) as context:
        loaded = time.perf_counter() - began
        text = " ".join(itertools.islice(Made().sentences(random.Random(seed)), 200))
        tokens = model.tokenise(text, begin=True)[:READ]
        before = time.process_time()
        scores = context.feed(tokens)
        read = time.process_time() - before
        before = time.process_time()
        for _ in range(WRITTEN):
            scores = context.feed([int(scores.argmax())])
        wrote = time.process_time() - before
    return {
        "load_s": loaded,
        "read": len(tokens) / read,
        "written": WRITTEN / wrote,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def right(path: Path, seed: int, trials: int, xquad: str) -> dict[str, Any]:
    """Answers of the laboratory with all of the text, and with a quarter of the cells."""
    tasks = ("needles", "documents") if xquad else ("needles",)
    asked = Asked(
        str(path), ("hybrid-heads",), tasks, (READ,), (0.25,), trials=trials, seed=seed, xquad=xquad
    )
    rows = measured(asked, lambda _: None).rows
    return {
        f"{row.task}, {row.policy}": {"right": str(row.right), "nll": row.nll, "agree": row.agree}
        for row in rows
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--xquad", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        (path,) = options.files
        found = {
            "speed": speed(path, options.seed),
            "right": right(path, options.seed, options.trials, options.xquad),
        }
        print(json.dumps(found))
        return
    table = {}
    with files(options.files) as found_files:
        for path in found_files:
            command = [
                *(sys.executable, "-m", "benchmarks.sizes", "--one", str(path)),
                *("--seed", str(options.seed), "--trials", str(options.trials)),
                *("--xquad", options.xquad),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row = json.loads(done.stdout.splitlines()[-1]) | {"bytes": path.stat().st_size}
            table[path.stem] = row
            told = row["speed"]
            print(
                f"{path.stem:36} {row['bytes'] / 1e6:6.0f} MB  load {told['load_s']:.2f} s  "
                f"read {told['read']:.0f}/s  written {told['written']:.0f}/s  "
                f"memory {told['rss'] / 1e6:.0f} MB"
            )
            for name, answers in row["right"].items():
                # The laboratory does not measure how likely answers from documents are.
                nll = f"  nll {answers['nll']:.2f}" if answers["nll"] else ""
                print(f"    {name:28} right {answers['right']}{nll}")
    print(json.dumps({"seed": options.seed, "trials": options.trials, "files": table}))


if __name__ == "__main__":
    main()
