"""Whether the pages before and after a page help to read it: an ablation with trained weights.

    python -m benchmarks.page_context [--size large --minutes 6] [--device cuda] [--save FOLDER]

The published weights are not used (CC-BY-NC 4.0); a model of the same build is trained here
(``page_context_training.py``) on pages made for it (``page_context_pages.py``). For what only a
neighbour that is not there would show, it learns to write question marks: a model that does not
know is to say so.

On documents that it has not seen it then reads every page with both neighbours, with the previous
one, with the next one, and with none (blank pages in their place). Shown is the share of pages that
need a neighbour for it of which that part is right: the labels of all cells whose header is on the
page before; the word that began there; the word that ends on the page after. Beside it the lines of
text, which need no neighbour, whole pages, and the normalised edit distance of transcripts.
Intervals: 95 %, by resampling documents. At last the model is saved, loaded as the product loads
it, and reads some pages one by one.

The tiny size takes three CPU minutes on one core, in as many steps on a busy machine as on an idle
one, so that a seed gives the same figures again; the large one takes minutes on a GPU. With
``--minutes`` all ends by then, with what has been learned and measured. It shows that the build
carries what it should; how much the published weights gain from it on real pages it does not show.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor

from benchmarks.page_context_corpus import Corpus, Makers, dressed
from benchmarks.page_context_pages import (
    BREAK,
    GAP,
    PAGES,
    PARTS,
    TABLE_PART,
    TEXT_PART,
    Layout,
    divided,
    spoken,
)
from benchmarks.page_context_training import (
    SIZES,
    Place,
    Pupil,
    Size,
    encode_all,
    in_context,
    model,
)
from lsfs_parsers.neural.model import PageModel, load

RESAMPLES = 2000
CONDITIONS = {"none": (False, False), "previous": (True, False), "next": (False, True),
              "both": (True, True)}  # fmt: skip
SHOWN = {
    "text": "text (no neighbour)",
    "labels": "labels (header before)",
    "begun": "word begun before",
    "ended": "word ended after",
    "pages": "whole page",
    "distance": "edit distance",
}
_AT_ONCE = 100  # documents that are read together
_REREAD = 12  # pages that are read one by one

Read = dict[str, tuple[float, int]]  # of one document, for each part: right ones and all


def read(made: PageModel, encoded: Tensor, kept: tuple[bool, bool], longest: int) -> np.ndarray:
    """The transcripts [documents, pages, tokens] of some encoded documents."""
    from transformers.modeling_outputs import BaseModelOutput

    count, device = len(encoded), encoded.device
    which = torch.arange(count, device=device).repeat_interleave(PAGES)
    at = torch.arange(PAGES, device=device).repeat(count)
    seen = torch.tensor([kept], device=device).expand(count * PAGES, 2)
    with torch.inference_mode():
        memory = in_context(made, encoded, (which, at), seen)
        written: Tensor = made.reader.generate(
            encoder_outputs=BaseModelOutput(last_hidden_state=memory),
            max_length=longest, do_sample=False, num_beams=1,
        )  # fmt: skip
    numbers: np.ndarray = written.reshape(count, PAGES, -1).cpu().numpy()
    return numbers


def score(layout: Layout, right: np.ndarray, written: np.ndarray) -> Read:
    """How the transcripts of one document compare with the right ones, [pages, tokens] each."""
    found = dict.fromkeys(SHOWN, (0.0, 0))

    def count(name: str, value: float) -> None:
        sum_, all_ = found[name]
        found[name] = (sum_ + value, all_ + 1)

    for page, (wanted, got) in enumerate(zip(right.tolist(), written.tolist(), strict=True)):
        ours, theirs = divided(wanted, GAP), divided(got, GAP)
        count("pages", ours == theirs)
        count("distance", normalised_distance([*chain(*ours)], [*chain(*theirs)]))
        theirs += [[]] * (PARTS - len(theirs))
        count("text", ours[TEXT_PART] == theirs[TEXT_PART])
        if page > 0:
            count("begun", ours[0] == theirs[0])
            count("labels", labels(layout, wanted) == labels(layout, got))
        if page + 1 < len(right):
            count("ended", ours[-1] == theirs[PARTS - 1])
    return found


def labels(layout: Layout, transcript: list[int]) -> list[list[int]]:
    """What a transcript says of each row's columns: its table without the cells' own letters."""
    parts = [*_parts(transcript), *[[]] * PARTS]
    one = layout.label + layout.cell
    rows = divided(parts[TABLE_PART], BREAK)
    return [[sign for at, sign in enumerate(row) if at % one < layout.label] for row in rows]


def _parts(transcript: list[int]) -> list[list[int]]:
    return divided(transcript, GAP)


def normalised_distance(right: Sequence[int], got: Sequence[int]) -> float:
    """Edits from one to the other, as a share of the longer one."""
    tokens, steps = np.array(got, dtype=int), np.arange(len(got) + 1)
    line = steps
    for row, wanted in enumerate(right, start=1):
        change = np.minimum(line[:-1] + (tokens != wanted), line[1:] + 1)
        # Insertions: each place can be reached from every one to its left, for what lies between.
        line = np.minimum.accumulate(np.concatenate(([row], change)) - steps) + steps
    return float(line[-1]) / max(1, len(right), len(got))


def interval(reads: Sequence[Read], part: str) -> list[float]:
    """The share of a part that is right (or the mean distance), and its 95 % interval."""
    counts = np.array([one[part] for one in reads], dtype=float)
    chosen = np.random.default_rng(0).integers(0, len(reads), (RESAMPLES, len(reads)))
    sums = counts[chosen].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    right, all_ = counts.sum(axis=0)
    return [round(float(one), 4) for one in (right / all_, low, high)]


class Measured(Struct, frozen=True):
    """What came of it.

    Attributes:
        documents: that were read.
        rows: each part under each condition: value, low and high end of its interval.
        example: transcripts of a document's second page, by condition, and what is right.
    """

    documents: int
    rows: dict[str, dict[str, list[float]]]
    example: dict[str, str]


def measure(
    made: PageModel, size: Size, corpus: Corpus, place: Place, executor: Executor
) -> Measured:
    """Read unseen documents under each condition, as many as there is time for."""
    encoded = encode_all(made, corpus, place).float()
    right = corpus.transcripts[: corpus.ready, :, 1, 1].cpu().numpy()
    reads: dict[str, list[Read]] = {name: [] for name in CONDITIONS}
    example = {"right": spoken(size.layout, right[0, 1].tolist())}
    last = math.inf
    for start in range(0, corpus.ready, _AT_ONCE):
        began = time.perf_counter()
        if start and began + last > place.at(0.95):
            break
        some = slice(start, start + _AT_ONCE)
        for name, kept in CONDITIONS.items():
            written = read(made, encoded[some], kept, size.layout.longest)
            example.setdefault(name, spoken(size.layout, written[0, 1].tolist()))
            layouts = [size.layout] * len(written)
            reads[name] += executor.map(score, layouts, right[some], written, chunksize=4)
        last = time.perf_counter() - began
    rows = {name: {part: interval(some, part) for part in SHOWN} for name, some in reads.items()}
    return Measured(len(reads["none"]), rows, example)


def reread(made: PageModel, size: Size, corpus: Corpus, place: Place) -> dict[str, Any]:
    """Save the model, load it as the product does, and read pages of documents one by one."""
    from lsfs_parsers.neural.decode import transcribe

    with tempfile.TemporaryDirectory() as folder:
        made.save(Path(folder))
        loaded = load(Path(folder), device=place.device.type)
    right, began, count = 0, time.perf_counter(), 0
    with torch.inference_mode():
        for at in range(_REREAD):
            if at and time.perf_counter() > place.at(0.99):
                break
            document, page = at // (PAGES - 2), 1 + at % (PAGES - 2)
            three = corpus.pictures[document, page - 1 : page + 2]
            previous, current, following = loaded.encode(dressed(three)).split(1)
            said = transcribe(loaded, loaded.memory(previous, current, following))
            wanted = corpus.transcripts[document, page, 1, 1].tolist()
            right += _parts(list(said.tokens)) == _parts(wanted)
            count += 1
    kind = str(next(loaded.parameters()).dtype).removeprefix("torch.")
    seconds = round((time.perf_counter() - began) / count, 3)
    return {"dtype": kind, "pages": count, "right": right, "seconds_a_page": seconds}


def table(rows: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    """The result for a person."""
    yield f"{'neighbours':<11}" + "".join(f"{name:>24}" for name in SHOWN.values())
    for condition, parts in rows.items():
        cells = (f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in parts.values())
        yield f"{condition:<11}" + "".join(f"{cell:>24}" for cell in cells)


def keep(folder: Path, result: str, found: Measured, corpus: Corpus) -> None:
    """Write the result, a document's pages side by side, and what was read of its second page."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page_context.txt").write_text(result, encoding="utf-8")
    lines = [f"{name}: {text}" for name, text in found.example.items()]
    (folder / "page_context_example.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pages = corpus.pictures[0].cpu().numpy()
    Image.fromarray(np.concatenate([*pages], axis=1)).save(folder / "page_context_example.png")


def facts(made: PageModel, size: Size, place: Place) -> dict[str, Any]:
    """What was used."""
    on = place.device
    return {
        "device": torch.cuda.get_device_name(on) if on.type == "cuda" else on.type,
        "mixed": place.mixed,
        "threads": torch.get_num_threads(),
        "parameters": sum(value.numel() for value in made.parameters()),
        "picture": size.layout.picture,
        "page_tokens": size.page_tokens,
        "context_tokens": size.context[1],
        "longest": size.layout.longest,
    }


def arguments() -> argparse.Namespace:
    """The options."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--size", choices=sorted(SIZES), default="tiny", help="quick: a few steps")
    options.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    options.add_argument("--precision", choices=("auto", "float32", "mixed"), default="auto",
                         help="mixed: bfloat16 where it is safe; auto: on a GPU")  # fmt: skip
    options.add_argument("--minutes", type=float, default=math.inf, help="of all at most")
    options.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    options.add_argument(
        "--threads",
        type=int,
        default=1,
        help="of torch; several wait for each other if others work",
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--save", type=Path, help="keep the trained model in this folder")
    options.add_argument("--out", type=Path, help="keep the result and an example in this folder")
    return options.parse_args()


def main() -> int:
    """Train, measure, print."""
    began, chosen = time.perf_counter(), arguments()
    # Forked before there is a CUDA context, so that no process has to load torch again.
    forked = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(chosen.workers, mp_context=forked) as executor:
        for one in [executor.submit(os.getpid) for _ in range(chosen.workers)]:
            one.result()
        return run(chosen, began, executor)


def run(chosen: argparse.Namespace, began: float, executor: Executor) -> int:
    """As :func:`main`, with processes for the making of pages."""
    device = chosen.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    mixed = chosen.precision == "mixed" or (chosen.precision == "auto" and device == "cuda")
    torch.set_num_threads(chosen.threads)
    place = Place(torch.device(device), mixed, began, 60 * chosen.minutes)
    size = SIZES[chosen.size]
    torch.manual_seed(chosen.seed)
    torch.set_float32_matmul_precision("high")
    unseen = Corpus.empty(size.layout, size.unseen, place.device)
    made_later = Makers(executor, unseen, chosen.seed + 1_000_000)
    made = model(size).to(place.device)
    Pupil(made.train(), size, place, executor, chosen.seed).learn()
    trained = time.perf_counter() - began
    made_later.finish(place.at(0.9))
    found = measure(made.eval(), size, unseen, place, executor)
    shown = "\n".join(table(found.rows)) + "\n"
    sys.stdout.write(shown)
    sys.stdout.flush()
    if chosen.out:
        keep(chosen.out, shown, found, unseen)
    if chosen.save:
        made.save(chosen.save)
    line = {
        "benchmark": "page_context", "size": chosen.size, "seed": chosen.seed,
        "documents": found.documents, "train_s": round(trained), **facts(made, size, place),
        "results": found.rows, "loaded_again": reread(made, size, unseen, place),
        "all_s": round(time.perf_counter() - began), "cpu_s": round(time.process_time()),
    }  # fmt: skip
    sys.stdout.write(json.dumps(line) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
