"""What guesses by a drafter that reads less save, behind a long text.

    python -m benchmarks.rapid --lengths 1024,4096 --seed 3
    python -m benchmarks.rapid --model large.gguf --draft small.gguf

The target has read all of a text in which a fact stands, the drafter only the 256 tokens around it.
Without ``--draft`` the target's own model guesses. Both write the same text (checked). CPU seconds
of one thread; prints a table and a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.sparse_kv_tasks import facts, with_facts
from lsfs.llm.files import models
from lsfs.llm.lab.prose import Made
from lsfs.llm.runtime.batch import Shape
from lsfs.llm.runtime.engine import Context
from lsfs.llm.runtime.generation import Request
from lsfs.llm.runtime.model import Model
from lsfs.llm.runtime.sampling import Sampling
from lsfs.llm.sparse import form
from lsfs.llm.sparse.rapid import AHEAD, Rapid

PASSAGE, WRITTEN = 256, 48


def measured(target: Context, draft: Context, length: int, chance: random.Random) -> dict[str, Any]:
    """One text: written with and without guesses."""
    model = target.model
    (fact,) = facts(chance, 1)
    passage = with_facts(model, Made(), chance, PASSAGE, [fact]).tokens
    before = with_facts(model, Made(), chance, length - PASSAGE, []).tokens
    around = form.form_of(model)
    tail = form.question_tokens(model, around, f"{fact.question} What else does the text tell?")
    row: dict[str, Any] = {"length": length}
    target.clear()
    target.feed([*around.head, *before, *passage])
    end = target.next_position()
    start = time.process_time()
    alone = "".join(target.go_on(Request(tail, WRITTEN, Sampling())))
    row["alone_s"] = time.process_time() - start
    target.remove(0, end)
    start = time.process_time()
    draft.clear()
    draft.feed([*around.head, *passage])
    row["passage_s"] = time.process_time() - start
    rapid = Rapid(target, draft, Sampling())
    said = list(rapid.tokens((tail, tail), WRITTEN))
    row["rapid_s"] = time.process_time() - start
    counts = rapid.counts
    row |= {"same": model.detokenise(said) == alone, "tokens": counts.written}
    row |= {"looks": counts.looks, "accepted": counts.accepted / max(1, counts.guessed)}
    return row


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", default=models.DEFAULT)
    parser.add_argument("--draft", default="", help="a smaller model with the same tokens")
    parser.add_argument("--lengths", default="1024,4096")
    parser.add_argument("--texts", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lengths = [int(length) for length in options.lengths.split(",")]
    files = [models.chat_model_file(name) for name in (options.model, options.draft or "none")]
    if files[0] is None:
        raise SystemExit(f"there is no model {options.model}")
    shape = Shape(max(lengths) + 512, 1, 512, 1)
    with Model(files[0].path) as model, Context(model, shape) as target:
        draft_model = model if files[1] is None else Model(Path(files[1].path))
        with Context(draft_model, Shape(1024, 1, 512, 1)) as draft:
            rows = [
                measured(target, draft, length, random.Random(f"{options.seed} {length} {n}"))
                for length in lengths
                for n in range(options.texts)
            ]
        if draft_model is not model:
            draft_model.close()
    print(f"{AHEAD} guesses; length, tokens written, looks, accepted, CPU s alone, with guesses")
    for row in rows:
        times = f"{row['alone_s']:8.2f}{row['rapid_s']:8.2f} (the passage {row['passage_s']:.2f})"
        figures = f"{row['length']:7}{row['tokens']:5}{row['looks']:5}{row['accepted']:7.2f}"
        print(f"{figures}{times}  the same text: {row['same']}")
    print(json.dumps({"seed": options.seed, "model": files[0].name, "rows": rows}))


if __name__ == "__main__":
    main()
