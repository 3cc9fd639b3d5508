"""Whether the pages before and after a page help to read it: an ablation with trained weights.

    python -m benchmarks.page_context [--quick] [--save FOLDER]

The published weights are not used (CC-BY-NC 4.0); a tiny model of the same build is trained here,
in the order of the publication: an encoder that knows letters, a decoder that reads single pages
with it as a Nougat does, and then, with the encoder frozen, adapter and decoder together on pages
with their neighbours. There a quarter of the neighbours is taken away, and the transcript then has
question marks for what only they show: a model that does not know is to say so.

On documents that it has not seen it then reads every page with both neighbours, with the previous
one, with the next one, and with none (blank pages in their place). Shown is the share of pages that
need a neighbour for it of which that part is right: the labels of cells whose header is on the page
before; the word that began there; the word that ends on the page after. Beside it the normalised
edit distance of whole transcripts. Intervals: 95 %, by resampling documents. All of it takes 3 to 8
minutes on 2 cores. It shows that the build carries what it should; how much the published weights
gain from it on real pages it does not show.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.page_context_pages import (
    CELL,
    END,
    HEIGHT,
    LETTERS,
    PAD,
    START,
    VOCABULARY,
    WIDTH,
    Page,
    Printer,
    document,
    fields,
)
from lsfs_parsers.neural.adapter import AdapterShape, ContextAdapter
from lsfs_parsers.neural.model import PageModel

PAGE_TOKENS, CHANNELS = 48, 64
CONTEXT_TOKENS, LAYERS = 16, 2
LONGEST = 40  # tokens of a transcript
RATE = 2e-3
KEPT = 0.75  # how often a neighbour is seen while its use is learned
RESAMPLES = 2000
CONDITIONS = {"none": (False, False), "previous": (True, False), "next": (False, True),
              "both": (True, True)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done.

    Attributes:
        letters: steps in which the encoder learns letters.
        alone: steps in which the decoder learns to transcribe single pages.
        context: steps in which adapter and decoder learn to use neighbours.
        documents: that are learned from in these.
        unseen: documents to measure on.
        batch: pages in a step.
    """

    letters: int = 200
    alone: int = 400
    context: int = 1000
    documents: int = 1500
    unseen: int = 200
    batch: int = 64


QUICK = Plan(letters=20, alone=20, context=20, documents=40, unseen=10)


def model() -> PageModel:
    """A muGAT of 48 tokens a page, with random weights."""
    from transformers import (
        DonutSwinConfig,
        MBartConfig,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
    )

    encoder = DonutSwinConfig(
        image_size=[HEIGHT, WIDTH], patch_size=4, embed_dim=16, depths=[1, 1, 1],
        num_heads=[1, 2, 4], window_size=4, drop_path_rate=0.0,
    )  # fmt: skip
    decoder = MBartConfig(
        vocab_size=VOCABULARY, d_model=CHANNELS, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, decoder_ffn_dim=128,
        max_position_embeddings=64, is_decoder=True, add_cross_attention=True,
        is_encoder_decoder=False, scale_embedding=True, add_final_layer_norm=True, dropout=0.0,
        tie_word_embeddings=False,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.tie_word_embeddings = False
    reader = VisionEncoderDecoderModel(config=config)
    for settings in (reader.config, reader.generation_config):
        settings.decoder_start_token_id = settings.bos_token_id = START
        settings.pad_token_id, settings.eos_token_id = PAD, END
    for value in reader.parameters():
        if value.dim() > 1:  # transformers' own 0.02 is for wider layers; these would sleep long
            nn.init.normal_(value, std=0.1)
    shape = AdapterShape(LAYERS, CONTEXT_TOKENS, PAGE_TOKENS, CHANNELS, 2 * CHANNELS)
    adapter = ContextAdapter(shape)
    start_by_copying(adapter)
    return PageModel(reader, adapter)


def start_by_copying(adapter: ContextAdapter) -> None:
    """Let each context token begin as a mean of page tokens that happen to be like its query.

    The published start is another one: queries of zeros, all alike, and matrices that make the
    attention even and its result small. From there a few minutes are not enough to learn from.
    """
    nn.init.normal_(adapter.queries)
    same = torch.eye(adapter.shape.width)
    with torch.no_grad():
        for layer in adapter.transformer:
            for linear in (layer.q_projection, layer.k_projection, layer.v_projection):
                linear.weight.copy_(same)
                linear.bias.zero_()
            layer.attention.in_proj_weight.copy_(torch.cat((1.4 * same, 1.4 * same, same)))
            layer.attention.out_proj.weight.copy_(same)


class Training:
    """One stage: the parameters that learn in it, with a rate that rises and then falls."""

    def __init__(self, name: str, learned: Sequence[nn.Parameter], steps: int) -> None:
        self._name = name
        self._learned = list(learned)
        self._steps = steps
        self._optimiser = torch.optim.AdamW(self._learned, lr=RATE, weight_decay=0.01)
        self._rate = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, RATE, total_steps=steps + 1, pct_start=0.1
        )
        self._began = time.perf_counter()

    def step(self, number: int, loss: Tensor) -> None:
        """Learn from a loss."""
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimiser.step()
        self._rate.step()
        if (number + 1) % 100 == 0 or number + 1 == self._steps:
            spent = time.perf_counter() - self._began
            say(f"{self._name} {number + 1}/{self._steps}: loss {loss.item():.3f}, {spent:.0f} s")


def learn(made: PageModel, plan: Plan, seed: int) -> None:
    """Train encoder, decoder, and then adapter and decoder, each on what was learned before."""
    printer, source = Printer(seed), random.Random(seed)
    learn_letters(made, plan, printer, source)
    for value in made.reader.encoder.parameters():
        value.requires_grad_(False)
    documents = [document(source) for _ in range(plan.documents)]
    encoded = torch.stack([encode(made, printer, pages) for pages in documents])
    made.blank.copy_(encode(made, printer, [Page()]))

    def batch() -> tuple[Tensor, Tensor, list[Page]]:
        which = torch.tensor(source.choices(range(len(documents)), k=plan.batch))
        at = torch.tensor(source.choices(range(encoded.shape[1]), k=plan.batch))
        return encoded[which], at, [documents[a][b] for a, b in zip(which, at, strict=True)]

    decoder = list(made.reader.decoder.parameters())
    stage = Training("pages alone", decoder, plan.alone)
    for number in range(plan.alone):
        some, at, pages = batch()
        memory = some[torch.arange(len(at)), at]
        stage.step(
            number,
            loss_of(made, memory, [page.tokens(before=False, after=False) for page in pages]),
        )
    stage = Training("pages in context", [*made.adapter.parameters(), *decoder], plan.context)
    for number in range(plan.context):
        some, at, pages = batch()
        kept = torch.tensor([[source.random() < KEPT for _ in range(2)] for _ in pages])
        memory = in_context(made, some, at, kept)
        wanted = [
            page.tokens(before=before, after=after)
            for page, (before, after) in zip(pages, kept.tolist(), strict=True)
        ]
        stage.step(number, loss_of(made, memory, wanted))


def learn_letters(made: PageModel, plan: Plan, printer: Printer, source: random.Random) -> None:
    """Train the encoder: each of its tokens is to tell the letter, row and column it stands for."""
    kinds, rows, columns = len(LETTERS) + 1, HEIGHT // CELL, WIDTH // CELL
    head = nn.Linear(CHANNELS, kinds + rows + columns)
    learned = [*made.reader.encoder.parameters(), *head.parameters()]
    stage = Training("letters", learned, plan.letters)
    row, column = (grid.flatten() for grid in np.mgrid[0:rows, 0:columns])
    for number in range(plan.letters):
        pages = [page for _ in range(plan.batch // 8) for page in document(source)]
        tokens = made.encode(drawn(printer, pages))
        said = head(tokens).flatten(0, 1)
        letters = [page.letter(*place) for page in pages for place in zip(row, column, strict=True)]
        places = [torch.from_numpy(one).repeat(len(pages)) for one in (row, column)]
        answers = said.split((kinds, rows, columns), dim=1)
        losses = map(nn.functional.cross_entropy, answers, (torch.tensor(letters), *places))
        # Kept small, since a decoder at its beginning can do nothing with big numbers.
        stage.step(number, sum(losses) + 0.01 * tokens.square().mean())


def drawn(printer: Printer, pages: Sequence[Page]) -> Tensor:
    """The pictures of pages, [B, 3, H, W]."""
    return torch.from_numpy(np.stack([printer.picture(page) for page in pages]))


def encode(made: PageModel, printer: Printer, pages: Sequence[Page]) -> Tensor:
    """The encoded pages [B, T, d]; nothing is learned from them."""
    with torch.no_grad():
        return made.encode(drawn(printer, pages))


def in_context(made: PageModel, encoded: Tensor, at: Tensor, kept: Tensor) -> Tensor:
    """What the decoder sees of one page of each document.

    Args:
        encoded: all pages of the documents, [B, pages, T, d].
        at: which page, [B].
        kept: whether the page before and the page after are seen, [B, 2].
    """
    rows, last = torch.arange(len(at)), encoded.shape[1] - 1
    before = encoded[rows, (at - 1).clamp(min=0)]
    after = encoded[rows, (at + 1).clamp(max=last)]
    has_before = (kept[:, 0] & (at > 0))[:, None, None]
    has_after = (kept[:, 1] & (at < last))[:, None, None]
    return made.memory(
        torch.where(has_before, before, made.blank),
        encoded[rows, at],
        torch.where(has_after, after, made.blank),
    )


def loss_of(made: PageModel, memory: Tensor, wanted: Sequence[list[int]]) -> Tensor:
    """The cross entropy of transcripts, each token after the right ones before it."""
    longest = max(map(len, wanted))
    tokens = torch.tensor([one + [PAD] * (longest - len(one)) for one in wanted])
    scores = made.reader.decoder(
        input_ids=tokens[:, :-1], encoder_hidden_states=memory, use_cache=False
    ).logits
    return nn.functional.cross_entropy(
        scores.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD
    )


# --- measuring


@dataclass(frozen=True, slots=True)
class Read:
    """How the pages of one document were read: for each part, right ones and all."""

    labels: tuple[int, int]
    begun: tuple[int, int]
    ended: tuple[int, int]
    pages: tuple[int, int]
    distance: tuple[float, int]


def read(made: PageModel, encoded: Tensor, kept: tuple[bool, bool]) -> list[list[list[int]]]:
    """The transcripts of all pages of some documents, in parts."""
    from transformers.modeling_outputs import BaseModelOutput

    count, pages = encoded.shape[:2]
    transcripts: list[list[list[int]]] = []
    with torch.inference_mode():
        for at in range(pages):
            memory = in_context(
                made, encoded, torch.full((count,), at), torch.tensor([kept] * count)
            )
            written = made.reader.generate(
                encoder_outputs=BaseModelOutput(last_hidden_state=memory),
                max_length=LONGEST, do_sample=False, num_beams=1,
            )  # fmt: skip
            transcripts.append(written.tolist())
    return [list(one) for one in zip(*transcripts, strict=True)]


def score(pages: Sequence[Page], transcripts: Sequence[list[int]]) -> Read:
    """How the transcripts of one document compare with what its pages mean."""
    found = {"labels": [0, 0], "begun": [0, 0], "ended": [0, 0], "pages": [0, 0]}
    distance = 0.0
    for page, written in zip(pages, transcripts, strict=True):
        right, got = fields(page.tokens(before=True, after=True)), fields(written)
        distance += normalised_distance([*chain(*right)], [*chain(*got)])
        got += [[]] * (3 - len(got))
        for name, part, needed in (
            ("begun", 0, bool(page.begun)), ("labels", 1, bool(page.header)),
            ("ended", 2, bool(page.ended)),
        ):  # fmt: skip
            found[name][1] += needed
            found[name][0] += needed and got[part] == right[part]
        found["pages"][1] += 1
        found["pages"][0] += got == right
    counts = {name: (right, all_) for name, (right, all_) in found.items()}
    return Read(**counts, distance=(distance, len(pages)))


def normalised_distance(right: Sequence[int], got: Sequence[int]) -> float:
    """Edits from one to the other, as a share of the longer one."""
    before = list(range(len(got) + 1))
    for row, wanted in enumerate(right, start=1):
        line = [row]
        for column, token in enumerate(got, start=1):
            change = before[column - 1] + (token != wanted)
            line.append(min(change, before[column] + 1, line[-1] + 1))
        before = line
    return before[-1] / max(1, len(right), len(got))


def interval(reads: Sequence[Read], part: str, seed: int = 0) -> tuple[float, float, float]:
    """The share of a part that is right (or the mean distance), and its 95 % interval."""
    counts = np.array([getattr(one, part) for one in reads], dtype=float)
    chosen = np.random.default_rng(seed).integers(0, len(reads), (RESAMPLES, len(reads)))
    sums = counts[chosen].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    right, all_ = counts.sum(axis=0)
    return float(right / all_), float(low), float(high)


PARTS = {
    "labels": "labels (header before)",
    "begun": "word begun before",
    "ended": "word ended after",
    "pages": "whole page",
    "distance": "edit distance",
}


def measure(made: PageModel, plan: Plan, seed: int) -> dict[str, dict[str, list[float]]]:
    """Each part under each condition: value, low and high end of its interval."""
    printer, source = Printer(seed), random.Random(seed)
    documents = [document(source) for _ in range(plan.unseen)]
    encoded = torch.stack([encode(made, printer, pages) for pages in documents])
    rows = {}
    for name, kept in CONDITIONS.items():
        transcripts = read(made, encoded, kept)
        reads = [score(*both) for both in zip(documents, transcripts, strict=True)]
        rows[name] = {part: [round(x, 4) for x in interval(reads, part)] for part in PARTS}
    return rows


def table(rows: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    """The result for a person."""
    yield f"{'neighbours':<11}" + "".join(f"{name:>25}" for name in PARTS.values())
    for condition, parts in rows.items():
        cells = (f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in parts.values())
        yield f"{condition:<11}" + "".join(f"{cell:>25}" for cell in cells)


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(text + "\n")


def main() -> int:
    """Train, measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="a few steps: whether it runs at all")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--save", type=Path, help="keep the trained model in this folder")
    chosen = options.parse_args()
    torch.manual_seed(chosen.seed)
    plan, began = QUICK if chosen.quick else Plan(), time.perf_counter()
    made = model()
    learn(made.train(), plan, chosen.seed)
    trained = time.perf_counter() - began
    rows = measure(made.eval(), plan, chosen.seed + 1_000_000)
    if chosen.save:
        made.save(chosen.save)
    sys.stdout.write("\n".join(table(rows)) + "\n")
    facts = {"benchmark": "page_context", "seed": chosen.seed, "documents": plan.unseen}
    seconds = {"train_s": round(trained), "threads": torch.get_num_threads()}
    sys.stdout.write(json.dumps({**facts, **seconds, "results": rows}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
