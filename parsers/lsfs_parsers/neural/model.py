"""A page reader of Nougat's kind, with muGAT's view of the neighbouring pages where it has one.

A folder holds it: ``config.json`` and ``model.safetensors`` as transformers' own
VisionEncoderDecoderModel has them, ``tokenizer.json``, and ``context.safetensors`` with the adapter
and the encoding of a blank page. Without that last file it is a Nougat, which sees one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lsfs.errors import ModelError, ModelMissing
from lsfs_parsers.neural.adapter import AdapterShape, ContextAdapter

CONTEXT_FILE = "context.safetensors"
TOKENIZER_FILE = "tokenizer.json"
BLANK = "blank"
ADAPTER = "adapter."
HEADS = "adapter_heads"  # in the file's metadata, since the weights do not show it

_HINT = "make it with: python -m lsfs_parsers.neural.convert ORIGINAL FOLDER"


class PageModel(nn.Module):
    """Encoder, decoder and, for muGAT, the adapter between them.

    Args:
        reader: transformers' VisionEncoderDecoderModel.
        adapter: None for Nougat.
        blank: the encoding of a blank page [1, T, d], which stands for a missing neighbour; zeros
            by default.
    """

    def __init__(
        self, reader: Any, adapter: ContextAdapter | None = None, blank: Tensor | None = None
    ) -> None:
        super().__init__()
        self.reader = reader
        self.adapter = adapter
        if adapter is not None:
            shape = (1, adapter.shape.page_tokens, adapter.shape.width)
            blank = torch.zeros(shape) if blank is None else blank
            if tuple(blank.shape) != shape:
                raise ModelError(f"the blank page has shape {tuple(blank.shape)}, not {shape}")
            self.register_buffer(BLANK, blank)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of a page's picture, in pixels."""
        height, width = self.reader.config.encoder.image_size
        return int(height), int(width)

    @property
    def device(self) -> Any:
        """Where it runs."""
        return next(self.parameters()).device

    def encode(self, pixels: Tensor) -> Tensor:
        """The tokens [B, T, d] of pages' pictures [B, 3, H, W]."""
        first = next(self.parameters())
        pixels = pixels.to(device=first.device, dtype=first.dtype)
        return self.reader.encoder(pixels).last_hidden_state

    def memory(self, previous: Tensor | None, current: Tensor, following: Tensor | None) -> Tensor:
        """What the decoder looks at: the current page's tokens and then the context tokens.

        Args:
            previous, current, following: encoded pages; None where there is no such page.
        """
        if self.adapter is None:
            return current
        blank = self.blank.expand_as(current)
        pages = (
            blank if previous is None else previous,
            current,
            blank if following is None else following,
        )
        return torch.cat((current, self.adapter(pages)), dim=1)

    def save(self, folder: Path) -> None:
        """Write the model, without its tokenizer, to a folder; it is made if need be."""
        from safetensors.torch import save_file

        _quieten()
        folder.mkdir(parents=True, exist_ok=True)
        self.reader.save_pretrained(folder, safe_serialization=True)
        if self.adapter is None:
            (folder / CONTEXT_FILE).unlink(missing_ok=True)
            return
        weights = {ADAPTER + name: value for name, value in self.adapter.state_dict().items()}
        weights[BLANK] = self.blank
        save_file(
            {name: value.contiguous() for name, value in weights.items()},
            folder / CONTEXT_FILE,
            metadata={"format": "pt", HEADS: str(self.adapter.shape.heads)},
        )


def load(folder: Path, *, device: str = "auto", dtype: str = "auto") -> PageModel:
    """The model in a folder, ready to read.

    Args:
        device: "cpu", "cuda", or "auto": cuda where it is there.
        dtype: "float32", "bfloat16", "float16", or "auto": bfloat16 on cuda, as published, else
            float32.

    Raises:
        ModelMissing: the folder holds no model.
        ModelError: it holds a faulty one.
    """
    if not (folder / "config.json").is_file():
        raise ModelMissing(f"there is no page model in {folder}", hint=_HINT)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == "auto":
        dtype = "bfloat16" if device == "cuda" else "float32"
    wanted = getattr(torch, dtype)
    model = PageModel(_reader(folder, wanted), *_context(folder))
    model.to(device=device, dtype=wanted).eval()
    return model


def load_tokenizer(folder: Path) -> Any:
    """What makes text of tokens.

    Raises:
        ModelMissing: the folder has none.
        ModelError: it has a faulty one.
    """
    from tokenizers import Tokenizer

    path = folder / TOKENIZER_FILE
    if not path.is_file():
        raise ModelMissing(f"there is no {TOKENIZER_FILE} in {folder}", hint=_HINT)
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more special
        raise ModelError(f"{path} is no tokenizer: {error}") from error


def _quieten() -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _reader(folder: Path, dtype: Any) -> Any:
    from transformers import VisionEncoderDecoderModel

    _quieten()
    try:
        reader, found = VisionEncoderDecoderModel.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,  # never a pickle
            output_loading_info=True,
            torch_dtype=dtype,
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise ModelError(f"the page model in {folder} cannot be loaded: {first}") from error
    lacking = sorted(found["missing_keys"]) + [str(one) for one in found["mismatched_keys"]]
    if lacking:
        raise ModelError(f"the page model in {folder} lacks {len(lacking)} weights: {lacking[0]}")
    return reader


def _context(folder: Path) -> tuple[ContextAdapter | None, Tensor | None]:
    """The adapter and the blank page; None for both where it is a Nougat."""
    from safetensors import SafetensorError, safe_open

    path = folder / CONTEXT_FILE
    if not path.is_file():
        return None, None
    try:
        with safe_open(path, framework="pt") as file:
            heads = int((file.metadata() or {}).get(HEADS, "1"))
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        adapter = adapter_of(weights, heads)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path} holds no adapter: {error}") from error
    return adapter, weights.get(BLANK)


def adapter_of(weights: Mapping[str, Tensor], heads: int = 1) -> ContextAdapter:
    """The adapter whose parameters stand among ``weights`` as ``adapter.*``.

    Raises:
        KeyError, RuntimeError: they are not all there.
    """
    own = {
        name.removeprefix(ADAPTER): value
        for name, value in weights.items()
        if name.startswith(ADAPTER)
    }
    adapter = ContextAdapter(AdapterShape.of(own, heads))
    adapter.load_state_dict(own)
    return adapter
