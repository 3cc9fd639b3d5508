"""A sentence encoder of transformers in a folder, on torch: on a GPU when there is one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from lsfs.errors import ModelError
from lsfs.index.meaning.embed import LateEmbedder, Vectors, labelled, of_length_1

TOKENS = 512  # the most that a passage is read to, where the model takes as many
BATCH_CPU, BATCH_GPU = 8, 64
POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}


HINT = "a model's folder has config.json, model.safetensors and tokenizer.json"


def load(
    folder: Path, digest_of: Callable[[Path], str], prefixes: tuple[str, str] = ("", "")
) -> LateEmbedder[TorchEmbedder]:
    """The embedder of a folder in the form of Hugging Face; torch is loaded with the first text.

    How the tokens' states become one vector stands in ``1_Pooling/config.json`` (the mean without
    it), how many tokens are read in ``sentence_bert_config.json``.

    Args:
        folder: holds ``config.json``, ``model.safetensors`` and a tokenizer.
        digest_of: the SHA-256 of a file.
        prefixes: see :func:`lsfs.index.meaning.prefixes.of_family`.

    Raises:
        ModelError: the folder holds no such model.
    """
    weights = folder / "model.safetensors"
    config = _read(folder / "config.json")
    dimension = config.get("hidden_size")
    if not weights.is_file() or not isinstance(dimension, int):
        raise ModelError(f"{folder} is no model's folder", hint=HINT)
    pooling, tokens = _pooling(folder), _tokens(folder, config)
    told = f"{digest_of(weights)} {pooling} {tokens}"
    name = labelled(folder.name, "torch", told, prefixes[1])
    form = _Form(name, dimension, pooling, tokens, prefixes)
    return LateEmbedder(name, dimension, lambda: TorchEmbedder(folder, form))


class _Form(Struct, frozen=True):
    """What is known of a model before it is loaded."""

    name: str
    dimension: int
    pooling: str
    tokens: int
    prefixes: tuple[str, str]


class TorchEmbedder:
    """A model of transformers. Only safetensors are loaded, and no code of the folder is run.

    Args:
        folder, form: see :func:`load`.

    Raises:
        ModelError: the folder holds no model that can be loaded.
    """

    def __init__(self, folder: Path, form: _Form) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as of_transformers

        of_transformers.disable_progress_bar()
        where = str(folder)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(where, local_files_only=True)
            model: Any = AutoModel.from_pretrained(
                where, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
            raise ModelError(f"{folder}: {error}", hint=HINT) from error
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.eval().to(self._device)
        self._name, self._dimension = form.name, form.dimension
        self._pooling, self._tokens = form.pooling, form.tokens
        self._query_prefix, self._passage_prefix = form.prefixes
        self._lock = threading.Lock()  # the tokenizer is not to be used by two threads at once

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages; those of about one length together, so that little is padded."""
        vectors = np.empty((len(texts), self._dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        size = BATCH_CPU if self._device == "cpu" else BATCH_GPU
        for first in range(0, len(order), size):
            some = order[first : first + size]
            vectors[some] = self._run([self._passage_prefix + texts[at] for at in some])
        return vectors

    def encode_query(self, text: str) -> Vectors:
        """The vector of a query."""
        vector: Vectors = self._run([self._query_prefix + text])[0]
        return vector

    def knows(self, word: str) -> bool:
        """Whether a word in small letters, behind a space, is one token."""
        with self._lock:
            return len(self._tokenizer.tokenize(f" {word}")) == 1

    def _run(self, texts: Sequence[str]) -> Vectors:
        import torch

        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        with self._lock:
            feed = self._tokenizer(
                clean, padding=True, truncation=True, max_length=self._tokens, return_tensors="pt"
            ).to(self._device)
        with torch.inference_mode():
            states = self._model(**feed).last_hidden_state.float()
            if self._pooling == "cls":
                pooled = states[:, 0]
            else:
                keep = feed["attention_mask"].unsqueeze(-1).to(states.dtype)
                pooled = (states * keep).sum(1) / keep.sum(1).clamp(min=1e-9)
        return of_length_1(pooled.cpu().numpy())


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}") from error
    return found if isinstance(found, dict) else {}


def _pooling(folder: Path) -> str:
    """``mean`` or ``cls``.

    Raises:
        ModelError: the model pools in another way.
    """
    modes = [
        key for key, value in _read(folder / "1_Pooling" / "config.json").items() if value is True
    ]
    wanted = [key for key in modes if key.startswith("pooling_mode_")]
    if not wanted:
        return "mean"
    if len(wanted) > 1 or wanted[0] not in POOLINGS:
        raise ModelError(f"{folder}: pooling {', '.join(wanted)} is not known here")
    return POOLINGS[wanted[0]]


def _tokens(folder: Path, config: Mapping[str, Any]) -> int:
    stated = _read(folder / "sentence_bert_config.json").get("max_seq_length")
    limits = [stated, config.get("max_position_embeddings"), TOKENS]
    return min(int(limit) for limit in limits if isinstance(limit, int) and limit > 0)
