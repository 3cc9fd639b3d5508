"""Reads pages with a model, each with its neighbours, and by other means where the model fails.

A page goes through the encoder once; the window keeps three encoded pages alive.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Protocol

import torch
from msgspec import Struct
from tokenizers import Tokenizer
from torch import Tensor

from lsfs_parsers.neural import decode
from lsfs_parsers.neural.markup import page_blocks
from lsfs_parsers.neural.model import PageModel
from lsfs_parsers.neural.pictures import PagePicture, Preparation, cropped, words_of
from lsfs_parsers.window import ContextWindow, PageBlock, PageReading

UNDRAWN = "the page could not be drawn"
FAILED = "the model failed on it"
DISAGREES = "what the model wrote is not what the page says"

_FEW_WORDS = 20  # fewer say nothing about whether two texts agree
_AGREEMENT = 0.5  # share of the words
_SPECIAL = "<unk>"


class Fallback(Protocol):
    """Reads a page by other means than the model."""

    def __call__(self, number: int) -> PageReading:
        """The reading of a page, by its number from 1."""
        ...


class EncodedPage(Struct, frozen=True):
    """A page as the model sees it.

    Attributes:
        tokens: of the encoder, [1, T, d]; None where the page could not be seen.
        blank: whether nothing is on it.
        why: why it could not be seen.
    """

    picture: PagePicture
    tokens: Tensor | None
    blank: bool = False
    why: str = ""


class NeuralBackend:
    """Reads the pages of one document.

    Args:
        model: reads them.
        tokenizer: makes text of what the model writes.
        pictures: the pages in order.
        fallback: reads what the model does not.
        deadline: ``time.monotonic()`` seconds from which the fallback reads all that is left.
        max_tokens: how long the markup of a page may be; as long as the model can by default.
    """

    def __init__(
        self,
        model: PageModel,
        tokenizer: Tokenizer,
        pictures: Iterable[PagePicture],
        fallback: Fallback,
        *,
        deadline: float = float("inf"),
        max_tokens: int = 0,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._pictures = pictures
        self._fallback = fallback
        self._deadline = deadline
        self._max_tokens = max_tokens
        self._prepare = Preparation(model.image_size)
        unknown = tokenizer.token_to_id(_SPECIAL)
        self._never = () if unknown is None else (unknown,)
        self.encoded = 0  # pages that went through the encoder
        self.failures: dict[int, str] = {}  # why a page was not read by the model

    def pages(self) -> Iterator[EncodedPage]:
        """Each page once, encoded."""
        return map(self._encode, self._pictures)

    def read(self, window: ContextWindow[EncodedPage]) -> PageReading:
        """The blocks of the window's current page."""
        page = window.current
        if page.blank:
            return self._reading(page, [])
        if page.tokens is None:
            return self._other(page, page.why)
        before = window.previous.tokens if window.previous is not None else None
        after = window.next.tokens if window.next is not None else None
        try:
            written = self._write(before, page.tokens, after)
        except (RuntimeError, MemoryError):  # torch's own way to say: no memory, no kernel
            return self._other(page, FAILED)
        if written.failure:
            return self._other(page, written.failure)
        text = self._tokenizer.decode(list(written.tokens), skip_special_tokens=True)
        if not agrees(words_of(text), page.picture.words):
            return self._other(page, DISAGREES)
        return self._reading(page, page_blocks(text))

    def _encode(self, picture: PagePicture) -> EncodedPage:
        if time.monotonic() > self._deadline:
            return EncodedPage(picture, None, why=decode.LATE)
        if picture.image is None:
            return EncodedPage(picture, None, why=UNDRAWN)
        image = cropped(picture.image)
        try:
            with torch.inference_mode():
                tokens = self._model.encode(self._prepare.pixels(image or picture.image))
        except (RuntimeError, MemoryError):
            return EncodedPage(picture, None, why=FAILED)
        self.encoded += 1
        return EncodedPage(picture, tokens, blank=image is None)

    def _write(
        self, before: Tensor | None, current: Tensor, after: Tensor | None
    ) -> decode.Transcript:
        with torch.inference_mode():
            return decode.transcribe(
                self._model,
                self._model.memory(before, current, after),
                deadline=self._deadline,
                max_tokens=self._max_tokens,
                never=self._never,
            )

    def _other(self, page: EncodedPage, why: str) -> PageReading:
        self.failures[page.picture.number] = why
        return self._fallback(page.picture.number)

    def _reading(self, page: EncodedPage, blocks: list[PageBlock]) -> PageReading:
        picture = page.picture
        return PageReading(
            picture.label, blocks, source="neural", size=picture.size, rotation=picture.rotation
        )


def agrees(written: frozenset[str], layer: frozenset[str]) -> bool:
    """Whether a model's words can be those of a page with this text layer.

    A model that does not know a kind of page invents fluent text, which no look at the text alone
    shows. Where a page has its words as text too, most of the one must be in the other. A scan has
    none, and is believed.
    """
    if len(layer) < _FEW_WORDS:
        return True
    common = len(written & layer)
    return common >= _AGREEMENT * max(len(layer), len(written))
