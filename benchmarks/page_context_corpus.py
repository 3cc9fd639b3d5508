"""The documents to learn from as tensors, made by other processes while learning has begun."""

from __future__ import annotations

import random
import time
from concurrent.futures import Executor, Future, as_completed

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor

from benchmarks.page_context_pages import PAD, PAGES, Layout, Page, Printer, document

_PIECE = 50  # documents that a process makes at once
_NOISE = 12  # grey levels
_LONGEST_WAIT = 3600.0  # seconds

# As Nougat scales its pictures.
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)

_Made = tuple[np.ndarray, np.ndarray, np.ndarray]


def make(layout: Layout, seed: str, count: int) -> _Made:
    """Some documents: their pictures, letters and transcripts, as in :class:`Corpus`."""
    source = random.Random(seed)
    printer = Printer(layout, source.getrandbits(63))
    pages = [page for _ in range(count) for page in document(layout, source)]
    pictures = np.stack([printer.picture(page) for page in pages])
    letters = np.array([page.letter_numbers() for page in pages], dtype=np.uint8)
    transcripts = np.array([_transcripts(page) for page in pages], dtype=np.int16)
    made = (pictures, letters, transcripts)
    return tuple(one.reshape(count, PAGES, *one.shape[1:]) for one in made)  # type: ignore[return-value]


def _transcripts(page: Page) -> list[list[list[int]]]:
    """The transcripts by whether the page before and the page after are seen, all equally long."""
    both, longest = (False, True), page.layout.longest
    return [
        [_filled(page.tokens(before=before, after=after), longest) for after in both]
        for before in both
    ]


def _filled(tokens: list[int], length: int) -> list[int]:
    return tokens + [PAD] * (length - len(tokens))


class Corpus(Struct):
    """Documents on a device, of which the first ``ready`` are there.

    Attributes:
        layout: of their pages.
        pictures: grey, [D, pages, H, W] bytes.
        letters: what stands in each cell, [D, pages, rows * columns].
        transcripts: [D, pages, before seen, after seen, tokens].
        ready: how many documents have been made.
    """

    layout: Layout
    pictures: Tensor
    letters: Tensor
    transcripts: Tensor
    ready: int = 0

    @classmethod
    def empty(cls, layout: Layout, documents: int, device: torch.device) -> Corpus:
        """Room for documents."""
        shape = (documents, PAGES)
        return cls(
            layout,
            torch.empty((*shape, *layout.picture), dtype=torch.uint8, device=device),
            torch.empty((*shape, layout.rows * layout.columns), dtype=torch.uint8, device=device),
            torch.empty((*shape, 2, 2, layout.longest), dtype=torch.int16, device=device),
        )

    def add(self, made: _Made) -> None:
        """Put documents behind the last one."""
        end = self.ready + len(made[0])
        for room, new in zip((self.pictures, self.letters, self.transcripts), made, strict=True):
            room[self.ready : end] = torch.from_numpy(new).to(room.device)
        self.ready = end


class Makers:
    """Processes that fill a corpus.

    Args:
        executor: where the processes are.
        corpus: to fill.
        seed: of the documents.
    """

    def __init__(self, executor: Executor, corpus: Corpus, seed: int) -> None:
        self._corpus = corpus
        wanted = len(corpus.pictures)
        self._open: list[Future[_Made]] = [
            executor.submit(make, corpus.layout, f"{seed}:{at}", min(_PIECE, wanted - at))
            for at in range(0, wanted, _PIECE)
        ]

    def take(self) -> None:
        """Add what has been made; wait only where there is nothing at all."""
        if not self._corpus.ready:
            next(as_completed(self._open))
        done = [one for one in self._open if one.done()]
        self._open = [one for one in self._open if one not in done]
        for one in done:
            self._corpus.add(one.result())

    def finish(self, deadline: float) -> None:
        """Wait for the rest; what is not there by ``deadline`` (of perf_counter) is left out."""
        for one in self._open:
            try:
                left = min(max(0.0, deadline - time.perf_counter()), _LONGEST_WAIT)
                self._corpus.add(one.result(timeout=left))
            except TimeoutError:
                one.cancel()
        self._open = []


def dressed(pictures: Tensor) -> Tensor:
    """Pictures [B, H, W] of bytes as an encoder takes them, [B, 3, H, W]: noisy, on tinted paper.

    The paper is redder to the left and bluer to the top: a Swin knows places only within its
    windows and has no other means to tell where on the page a letter stands.
    """
    device, (height, width) = pictures.device, pictures.shape[1:]
    grey = pictures.float() + _NOISE * torch.randn(pictures.shape, device=device)
    down = torch.linspace(0, 1, height, device=device)[:, None].expand(height, width)
    right = torch.linspace(0, 1, width, device=device)[None, :].expand(height, width)
    tint = torch.stack((1 - 0.6 * right, torch.ones_like(right), 1 - 0.6 * down))
    mean, deviation = (
        torch.tensor(one, device=device)[:, None, None] for one in (_MEAN, _DEVIATION)
    )
    coloured = grey.clamp(0, 255)[:, None] / 255 * tint
    return (coloured - mean) / deviation
