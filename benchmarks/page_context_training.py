"""Trains the page model of the ablation: its letters, single pages, pages in context.

In the order of the publication: an encoder that knows letters, a decoder that reads single pages
with it as a Nougat does, and then, with the encoder frozen, adapter and decoder together on pages
with their neighbours, a quarter of which is taken away.
"""

from __future__ import annotations

import math
import string
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import torch
from msgspec import Struct, field
from torch import Tensor, nn

from benchmarks.page_context_corpus import Corpus, Makers, dressed
from benchmarks.page_context_pages import END, PAD, PAGES, START, Layout
from lsfs_parsers.neural.adapter import AdapterShape, ContextAdapter
from lsfs_parsers.neural.model import PageModel

KEPT = 0.75  # how often a neighbour is seen while its use is learned
TOKEN = 16  # pixels of a page that become one token
_AT_ONCE = 256  # pages that are encoded together


class Size(Struct, frozen=True):
    """A model and how it is trained.

    Attributes:
        layout: of the pages.
        embedding: channels of the encoder's first stage; each of the next ones has twice as many.
        depths, heads: of the encoder's stages.
        window: of the encoder.
        decoder: layers, heads and hidden channels.
        context: layers and tokens of the adapter.
        spread: standard deviation of the first weights.
        rate: greatest learning rate.
        letters, alone, following: steps of the three stages at most.
        documents: to learn from.
        unseen: documents to measure on.
        batch: pages in a step; half as many while letters are learned.
    """

    layout: Layout = field(default_factory=Layout)
    embedding: int = 16
    depths: tuple[int, ...] = (1, 1, 1)
    heads: tuple[int, ...] = (1, 2, 4)
    window: int = 4
    decoder: tuple[int, int, int] = (2, 4, 128)
    context: tuple[int, int] = (2, 16)
    spread: float = 0.1  # transformers' own 0.02 is for wider layers; these would sleep long
    rate: float = 2e-3
    letters: int = 200
    alone: int = 400
    following: int = 1000
    documents: int = 1500
    unseen: int = 200
    batch: int = 64

    @property
    def channels(self) -> int:
        """Of a page's token."""
        return self.embedding << (len(self.depths) - 1)

    @property
    def page_tokens(self) -> int:
        """How many tokens a page becomes."""
        height, width = self.layout.picture
        return (height // TOKEN) * (width // TOKEN)


TINY = Size()
QUICK = Size(letters=20, alone=20, following=20, documents=40, unseen=10)
LARGE = Size(
    layout=Layout(
        rows=20, columns=14, letters=string.ascii_uppercase + "23456789", part=4, lines=(3, 7),
        table_rows=(3, 6), table_columns=3, label=2, cell=2,
    ),
    embedding=64, depths=(2, 2, 6), heads=(2, 4, 8), window=7, decoder=(4, 8, 1024),
    context=(2, 32), spread=0.05, rate=7e-4, letters=4000, alone=8000, following=30_000,
    documents=20_000, unseen=500, batch=256,
)  # fmt: skip
SIZES = {"tiny": TINY, "quick": QUICK, "large": LARGE}


class Place(Struct, frozen=True):
    """Where and until when it is trained.

    Attributes:
        device: of model and pages.
        mixed: whether what is safe to is computed in bfloat16; weights and losses are not.
        began, seconds: by perf_counter, and how long all may take; infinite for no limit.
    """

    device: torch.device
    mixed: bool
    began: float
    seconds: float = math.inf

    def at(self, share: float) -> float:
        """When a share of the time is over."""
        return self.began + share * self.seconds

    def computing(self) -> torch.autocast:
        """Within it the precision is that which was chosen."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)


# Shares of the time after which each stage ends, if its steps have not ended before.
_LETTERS_END, _ALONE_END, TRAINED = 0.17, 0.38, 0.80


def model(size: Size) -> PageModel:
    """A muGAT with random weights."""
    from transformers import (
        DonutSwinConfig,
        MBartConfig,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
    )

    layers, heads, hidden = size.decoder
    encoder = DonutSwinConfig(
        image_size=list(size.layout.picture), patch_size=4, embed_dim=size.embedding,
        depths=list(size.depths), num_heads=list(size.heads), window_size=size.window,
        drop_path_rate=0.0,
    )  # fmt: skip
    decoder = MBartConfig(
        vocab_size=size.layout.vocabulary, d_model=size.channels, encoder_layers=layers,
        decoder_layers=layers, encoder_attention_heads=heads, decoder_attention_heads=heads,
        decoder_ffn_dim=hidden, max_position_embeddings=size.layout.longest + 8, is_decoder=True,
        add_cross_attention=True, is_encoder_decoder=False, scale_embedding=True,
        add_final_layer_norm=True, dropout=0.0, tie_word_embeddings=False,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.tie_word_embeddings = False
    reader = VisionEncoderDecoderModel(config=config)
    for settings in (reader.config, reader.generation_config):
        settings.decoder_start_token_id = settings.bos_token_id = START
        settings.pad_token_id, settings.eos_token_id = PAD, END
    for value in reader.parameters():
        if value.dim() > 1:
            nn.init.normal_(value, std=size.spread)
    positions = reader.decoder.model.decoder.embed_positions.weight
    nn.init.normal_(positions, std=size.spread * size.channels**0.5)  # as the scaled tokens
    layers, tokens = size.context
    shape = AdapterShape(layers, tokens, size.page_tokens, size.channels, 2 * size.channels)
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


class Stage:
    """Some parameters that learn, with a rate that rises and then falls.

    Args:
        name: for messages.
        learned: the parameters.
        steps: how many at most.
        rate: the greatest.
        deadline: when it ends at the latest, by perf_counter.
    """

    def __init__(
        self, name: str, learned: Sequence[nn.Parameter], steps: int, rate: float, deadline: float
    ) -> None:
        self._name, self._learned = name, list(learned)
        self._steps, self._rate, self._deadline = steps, rate, deadline
        fused = self._learned[0].is_cuda
        self._optimiser = torch.optim.AdamW(self._learned, weight_decay=0.01, fused=fused)
        self._began = self._said = time.perf_counter()
        self._loss: Tensor | None = None

    def __iter__(self) -> Iterator[int]:
        """The numbers of its steps; at least one."""
        for number in range(self._steps):
            done = max(number / self._steps, self._time_used())
            if number and done >= 1:
                self._say(number)
                return
            for group in self._optimiser.param_groups:
                group["lr"] = self._rate * _course(done)
            yield number
            if time.perf_counter() - self._said > 10 or number + 1 == self._steps:
                self._say(number + 1)

    def learn(self, loss: Tensor) -> None:
        """Take one step."""
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimiser.step()
        self._loss = loss.detach()

    def _time_used(self) -> float:
        if math.isinf(self._deadline):
            return 0.0
        room = self._deadline - self._began
        return (time.perf_counter() - self._began) / room if room > 0 else 1.0

    def _say(self, number: int) -> None:
        loss = math.nan if self._loss is None else self._loss.item()
        self._said = time.perf_counter()
        say(f"{self._name} {number}: loss {loss:.4f}, {self._said - self._began:.0f} s")


def _course(done: float) -> float:
    """The share of the greatest rate at a share of the way: a rise, then half a cosine."""
    rise = 0.1
    if done < rise:
        return 0.04 + 0.96 * done / rise
    return 0.001 + 0.999 * (1 + math.cos(math.pi * min(1.0, (done - rise) / (1 - rise)))) / 2


class Pupil:
    """A model while it learns from a corpus.

    Args:
        made: the model, on its device.
        size: of it.
        place: where and until when.
        executor: processes that make pages.
        seed: of the pages.
    """

    def __init__(
        self, made: PageModel, size: Size, place: Place, executor: Executor, seed: int
    ) -> None:
        self._made, self._size, self._place = made, size, place
        self._corpus = Corpus.empty(size.layout, size.documents, place.device)
        self._makers = Makers(executor, self._corpus, seed)

    def learn(self) -> None:
        """Train encoder, decoder, and then adapter and decoder, each on what was learned before."""
        if math.isinf(self._place.seconds):
            # A seed then gives the same weights on any machine of a kind, however busy.
            self._makers.finish(math.inf)
        self._letters()
        for value in self._made.reader.encoder.parameters():
            value.requires_grad_(False)
        self._makers.finish(self._place.at(_LETTERS_END))
        encoded = encode_all(self._made, self._corpus, self._place)
        self._made.blank.copy_(blank(self._made, self._size, self._place))
        say(f"{self._corpus.ready} documents encoded")
        self._transcripts(encoded)

    def _letters(self) -> None:
        """Train the encoder: each token is to tell the letter, row and column it stands for."""
        size, device, corpus = self._size, self._place.device, self._corpus
        rows, columns = size.layout.rows, size.layout.columns
        kinds = len(size.layout.letters) + 1
        head = nn.Linear(size.channels, kinds + rows + columns).to(device)
        learned = [*self._made.reader.encoder.parameters(), *head.parameters()]
        grid = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        count = size.batch // 2
        places = [one.flatten().to(device).repeat(count) for one in grid]
        stage = Stage("letters", learned, size.letters, size.rate, self._place.at(_LETTERS_END))
        for _ in stage:
            self._makers.take()
            which, at = self._chosen(count)
            with self._place.computing():
                tokens = self._made.encode(dressed(corpus.pictures[which, at]))
                said = head(tokens).flatten(0, 1).float()
            answers = said.split((kinds, rows, columns), dim=1)
            wanted = (corpus.letters[which, at].flatten().long(), *places)
            losses = torch.stack(list(map(nn.functional.cross_entropy, answers, wanted)))
            # Kept small, since a decoder at its beginning can do nothing with big numbers.
            stage.learn(losses.sum() + 0.01 * tokens.float().square().mean())
        told = [
            (one.argmax(1) == right).float().mean().item()
            for one, right in zip(answers, wanted, strict=True)
        ]
        say("letters, rows and columns told: " + ", ".join(f"{one:.4f}" for one in told))

    def _transcripts(self, encoded: Tensor) -> None:
        """Train the decoder on single pages, and then with the adapter on pages in context."""
        made, size, corpus, place = self._made, self._size, self._corpus, self._place
        decoder = list(made.reader.decoder.parameters())
        stage = Stage("pages alone", decoder, size.alone, size.rate, place.at(_ALONE_END))
        for _ in stage:
            which, at = self._chosen(size.batch)
            with place.computing():
                stage.learn(loss_of(made, encoded[which, at], corpus.transcripts[which, at, 0, 0]))
        learned = [*made.adapter.parameters(), *decoder]  # type: ignore[union-attr]
        stage = Stage("pages in context", learned, size.following, size.rate, place.at(TRAINED))
        for _ in stage:
            which, at = self._chosen(size.batch)
            kept = torch.rand((size.batch, 2), device=place.device) < KEPT
            before, after = kept.long().unbind(dim=1)
            with place.computing():
                memory = in_context(made, encoded, (which, at), kept)
                stage.learn(loss_of(made, memory, corpus.transcripts[which, at, before, after]))

    def _chosen(self, count: int) -> tuple[Tensor, Tensor]:
        """Random documents, and a page of each."""
        device = self._place.device
        which = torch.randint(self._corpus.ready, (count,), device=device)
        return which, torch.randint(PAGES, (count,), device=device)


def encode_all(made: PageModel, corpus: Corpus, place: Place) -> Tensor:
    """The encoded pages [documents, pages, T, d] of a corpus; nothing is learned from them."""
    pictures = corpus.pictures[: corpus.ready].flatten(0, 1)
    with torch.no_grad(), place.computing():
        parts = [made.encode(dressed(some)) for some in pictures.split(_AT_ONCE)]
    kind = torch.bfloat16 if place.mixed else torch.float32
    encoded = torch.cat([part.to(kind) for part in parts])
    return encoded.reshape(corpus.ready, PAGES, *encoded.shape[1:])


def blank(made: PageModel, size: Size, place: Place) -> Tensor:
    """The encoding of a page on which there is nothing."""
    with torch.no_grad(), place.computing():
        picture = torch.full((1, *size.layout.picture), 255, dtype=torch.uint8, device=place.device)
        return made.encode(dressed(picture)).float()


def in_context(
    made: PageModel, encoded: Tensor, which: tuple[Tensor, Tensor], kept: Tensor
) -> Tensor:
    """What the decoder sees of some pages.

    Args:
        encoded: all pages of the documents, [D, pages, T, d].
        which: the documents and their pages, [B] each.
        kept: whether the page before and the page after are seen, [B, 2].
    """
    (rows, at), last = which, encoded.shape[1] - 1
    has_before = (kept[:, 0] & (at > 0))[:, None, None]
    has_after = (kept[:, 1] & (at < last))[:, None, None]
    nothing = made.blank.to(encoded.dtype)
    return made.memory(
        torch.where(has_before, encoded[rows, (at - 1).clamp(min=0)], nothing),
        encoded[rows, at],
        torch.where(has_after, encoded[rows, (at + 1).clamp(max=last)], nothing),
    )


def loss_of(made: PageModel, memory: Tensor, wanted: Tensor) -> Tensor:
    """The cross entropy of transcripts [B, tokens], each token after the right ones before it."""
    tokens = wanted.long()
    scores = made.reader.decoder(
        input_ids=tokens[:, :-1], encoder_hidden_states=memory, use_cache=False
    ).logits
    return nn.functional.cross_entropy(
        scores.flatten(0, 1).float(), tokens[:, 1:].flatten(), ignore_index=PAD
    )


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
