"""The embedding model that the settings mean, whatever its kind, and its place in a drive."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lsfs import codec
from lsfs.config import ModelConfig
from lsfs.errors import LsfsError, ModelError, ModelMissing
from lsfs.llm.files import models
from lsfs.paths import user_cache

if TYPE_CHECKING:
    from lsfs.index.meaning.embed import Embedder
    from lsfs.index.meaning.meanings import Meaning, Meanings
    from lsfs.index.store.catalog import Catalog
    from lsfs.llm.runtime.residents import Residents

log = logging.getLogger("lsfs.syscalls.embedders")

_SCHEMES = ("http://", "https://")


def load(config: ModelConfig, residents: Residents | None = None) -> Embedder | None:
    """The embedding model of ``model.embed``, chosen by what the setting is.

    "default" is the installed MiniLM, "none" is none; ``http://127.0.0.1:8080/v1`` an endpoint as
    of OpenAI; a folder one of transformers; a file one of llama.cpp (GGUF).

    Args:
        config: what is set.
        residents: where a model of llama.cpp is kept while it is loaded.

    Returns:
        None for "none", and for "default" where it is not installed.

    Raises:
        ModelMissing: there is nothing at the path.
        ModelError: it is no embedding model, or cannot be used.
    """
    setting = config.embed
    if setting.startswith(_SCHEMES):
        from lsfs.index.meaning.embed_endpoint import EndpointEmbedder

        return EndpointEmbedder(
            setting, config.embed_name, remote=config.embed_remote, prefixes=_prefixes(config)
        )
    if setting in (models.DEFAULT, models.NONE):
        return _default(setting)
    path = Path(setting).expanduser()
    if path.is_dir():
        return _folder(path, config)
    if not path.exists():
        hint = "use 'default', 'none', a GGUF file, a model's folder or http://127.0.0.1:PORT/v1"
        raise ModelMissing(f"no embedding model at {setting!r}", hint=hint)
    from lsfs.llm.runtime.embed_gguf import GgufEmbedder

    file = models.gguf_file(setting, "embed")
    return GgufEmbedder(file, _prefixes(config), config.threads, residents)


def _default(setting: str) -> Embedder | None:
    found = models.embed_model_folder(setting)
    if found is None:
        log.info("no embedding model: search is by keyword")
        return None
    from lsfs.index.meaning.embed import load

    return load(found.path.parent, user_cache(), digest=found.sha256)


def _folder(path: Path, config: ModelConfig) -> Embedder:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        hint = "pip install 'lsfs[neural]', or use a GGUF file of the model"
        raise ModelMissing(f"{path}: a model in a folder needs torch", hint=hint)
    from lsfs.index.meaning.embed_torch import load

    return load(path, models.file_digest, _prefixes(config))


def _prefixes(config: ModelConfig) -> tuple[str, str]:
    from lsfs.index.meaning.prefixes import of_family

    query, passage = of_family(config.embed_name or Path(config.embed).name)
    auto = models.AUTO
    return (
        query if config.embed_query_prefix == auto else config.embed_query_prefix,
        passage if config.embed_passage_prefix == auto else config.embed_passage_prefix,
    )


def check(embedder: Embedder) -> None:
    """See that a model gives what it should, before anything rests on it.

    Raises:
        ModelError: it gives no vectors of length 1, or the same for unlike texts.
    """
    import numpy as np

    texts = ["The tenant pays the rent each month.", "A heron stands in the reeds."]
    made = embedder.encode(texts)
    query = embedder.encode_query("How much is the rent?")
    hint = "it is no embedding model, or a damaged one: choose another"
    if made.shape != (2, embedder.dimension) or query.shape != (embedder.dimension,):
        raise ModelError(f"{embedder.name} gives vectors of another size than it says", hint=hint)
    if not np.all(np.isfinite(made)) or np.any(np.abs(np.linalg.norm(made, axis=1) - 1) > 0.01):
        raise ModelError(f"{embedder.name} gives no vectors of length 1", hint=hint)
    if float(made[0] @ made[1]) > 0.999 or float(made[0] @ query) <= float(made[1] @ query):
        raise ModelError(f"{embedder.name} does not tell rent from herons", hint=hint)


# --- the models of a drive


def meanings(
    wanted: Embedder | None, config: ModelConfig, catalog: Catalog, path: Path, *, read_only: bool
) -> Meanings:
    """The model that answers and the one that is to: another model than the one that made the
    vectors answers only when it has made them all.

    Args:
        wanted: the model of the settings.
        path: the database of vectors.
    """
    from lsfs.index.meaning.meanings import Meaning, Meanings
    from lsfs.index.meaning.vectors import VectorStore, table_of

    def of(embedder: Embedder, setting: str) -> Meaning:
        table = table_of(embedder.name)
        store = VectorStore(path, embedder.dimension, table=table, read_only=read_only)
        return Meaning(embedder, store, setting)

    if wanted is None:
        return Meanings(None)
    new = of(wanted, _kept_setting(config))
    known = catalog.meta("embedder")
    if known in ("", wanted.name) or not _has_vectors(catalog):
        return Meanings(new)
    kept = catalog.meta("embedder_setting")
    old = _again(kept, known, config)
    return Meanings(of(old, kept) if old else None, new)


def _has_vectors(catalog: Catalog) -> bool:
    with catalog.lock:
        return bool(
            catalog.db.execute("SELECT EXISTS (SELECT 1 FROM passage WHERE embedded)").fetchone()[0]
        )


def _embed_fields() -> list[str]:
    return [name for name in ModelConfig.__struct_fields__ if name.startswith("embed")]


def _kept_setting(config: ModelConfig) -> str:
    return codec.dumps({name: getattr(config, name) for name in _embed_fields()})


def _again(kept: str, name: str, config: ModelConfig) -> Embedder | None:
    """The model that made the vectors; None when it is no longer what it was."""
    try:
        values = codec.loads(kept, dict[str, str | bool]) if kept else {}
        known = {key: value for key, value in values.items() if key in _embed_fields()}
        found = load(replace(config, **known)) if known else None
    except (LsfsError, OSError, ValueError, TypeError) as error:
        log.warning("%s cannot be used any more (%s)", name, error)
        found = None
    if found is not None and found.name == name:
        return found
    log.warning("search is by keyword until all passages are embedded by the other model")
    return None
