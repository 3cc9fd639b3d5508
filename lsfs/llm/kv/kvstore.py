"""Attention states that are computed once and kept, by what they are of.

A block is the state of some tokens behind a prefix that all share. Its name is a digest of the
model, the prefix and the tokens, never a path: equal text has one block wherever it stands, an edit
leaves all others as they are, and a version that comes back finds its own. What does not check out
is computed anew.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from blake3 import blake3
from msgspec import Struct
from msgspec.structs import asdict
from numpy.typing import NDArray

from lsfs.config import ModelConfig
from lsfs.errors import ModelError
from lsfs.llm.files.models import ModelFile
from lsfs.llm.kv import kvblob, kvfile
from lsfs.llm.kv.facts import Facts
from lsfs.llm.kv.kvblob import Cells
from lsfs.llm.kv.kvfile import Block, Part, Unusable
from lsfs.llm.kv.kvfolder import PREFIX, KvFolder
from lsfs.llm.runtime.batch import Stop
from lsfs.llm.runtime.engine import Context

__all__ = ["Block", "Blocks", "KvStatus", "KvStore", "Part", "context_key", "open_store"]

log = logging.getLogger("lsfs.llm.kv.kvstore")

Read = TypeVar("Read")
Extras = Callable[[Context, Sequence[int], Cells], Mapping[str, NDArray[Any]]]


def context_key(
    model_sha256: str,
    facts: Facts,
    prefix: Sequence[int],
    *,
    window: int = 0,
    labels: Sequence[str] = (),
) -> str:
    """What states are of: two of equal keys and tokens are interchangeable.

    Args:
        model_sha256: of the model's file, which holds its tokenizer, too.
        facts: its attention.
        prefix: the tokens that all blocks stand behind.
        window: tokens of the context; it counts where the model's frequencies depend on it.
        labels: whatever else they depend on, such as an adapter or what the extra arrays are.

    Returns:
        64 hexadecimal digits.
    """
    about = asdict(facts) | {"rope": asdict(facts.rope)}
    # Factors are measured, so their last digits are not the same everywhere.
    measured = about["rope"].pop("factors") is not None
    if facts.query_scale == 1:
        del about["query_scale"]
    about |= {
        "model": model_sha256,
        "prefix": list(prefix),
        "window": window if measured else 0,
        "labels": list(labels),
        "version": kvfile.VERSION,
    }
    return blake3(json.dumps(about, sort_keys=True).encode()).hexdigest()


def open_store(
    folder: Path,
    file: ModelFile,
    config: ModelConfig,
    key: str,
) -> KvStore | None:
    """The store that the settings ask for; None when they ask for none.

    Args:
        folder: of all that is kept of the drive.
        file: the model.
        config: whether and how much is kept.
        key: see :func:`context_key`.
    """
    if config.kv == "off":
        return None
    about = {"model": file.name, "sha256": file.sha256}
    return KvStore(
        folder,
        key,
        limit=config.kv_bytes,
        numbers=config.kv_numbers,
        about=about,
        stands=file.is_same,
    )


class KvStatus(Struct, frozen=True):
    """What a store holds under its key.

    Attributes:
        blocks, bytes: how much.
        hits, misses: how often a block was there, and how often not, since the key is known.
        trouble: why the last block was not kept; "" when it was.
    """

    blocks: int
    bytes: int
    hits: int
    misses: int
    trouble: str = ""


class KvStore:
    """The blocks of one context key; for several threads, and several processes.

    Args:
        folder: of all that is kept of the drive.
        key: see :func:`context_key`.
        limit: bytes of all that is kept of the drive.
        numbers: how rows are kept: ``f16``, or ``q8`` in a little over half the space.
        about: what ``lsfs kv status`` says of the key: the model's name and sha256.
        stands: whether what was just computed is of this key; not where the model's file changed.
    """

    def __init__(
        self,
        folder: Path,
        key: str,
        *,
        limit: int,
        numbers: str = "f16",
        about: Mapping[str, Any] | None = None,
        stands: Callable[[], bool] = lambda: True,
    ) -> None:
        self.numbers = numbers
        self._key = bytes.fromhex(key)
        self._about = {"numbers": numbers, **(about or {})}
        self._folder = KvFolder(folder, limit)
        self._stands = stands
        self._context = folder / (key if numbers == "f16" else f"{key}-{numbers}")
        self._counting = threading.Lock()
        self._uncounted = (0, 0)

    @property
    def path(self) -> Path:
        """The folder of this key's blocks."""
        return self._context

    def get(self, tokens: Sequence[int]) -> Block | None:
        """The block of these tokens; None when there is none, or none that is whole.

        It counts as used now.
        """
        found = self._used(self._path(tokens), lambda fd: kvfile.read(fd, self._key, tokens))
        self._count(int(found is not None), int(found is None))
        return found

    def part_of(self, tokens: Sequence[int], layers: Sequence[int]) -> Part | None:
        """The keys of some layers of a block and its extra arrays, without reading the rest.

        Raises:
            IndexError: the model has no such layer.
        """
        path = self._path(tokens)
        return self._used(path, lambda fd: kvfile.read_part(fd, self._key, tokens, layers))

    def keys_of(
        self, tokens: Sequence[int], layers: Sequence[int]
    ) -> list[NDArray[np.float16]] | None:
        """The keys of some layers of a block, float16 [tokens, row]; see :meth:`part_of`."""
        found = self.part_of(tokens, layers)
        return None if found is None else list(found.keys)

    def put(self, block: Block, *, used_ns: int | None = None) -> bool:
        """Keep a block; False when there is no room, or the disk refuses.

        Args:
            block: it, with rows in float16.
            used_ns: when it was last of use; now by default. Blocks that were used since then are
                not let go of for its sake.

        Raises:
            ValueError: it is no whole block.
        """
        return self._write(self._path(block.tokens), block, used_ns)

    def has(self, tokens: Sequence[int]) -> bool:
        """Whether there is a file for these tokens; it is not read, and does not count as used."""
        return self._path(tokens).exists()

    def prefix(self, tokens: Sequence[int]) -> Cells | None:
        """The state of the prefix itself."""
        path = self._context / PREFIX
        found = self._used(path, lambda fd: kvfile.read(fd, self._key, tokens))
        return None if found is None else found.cells

    def put_prefix(self, tokens: Sequence[int], cells: Cells) -> bool:
        """Keep the state of the prefix."""
        return self._write(self._context / PREFIX, Block(tuple(tokens), cells), None)

    def status(self) -> KvStatus:
        """What there is under this key."""
        for one in self._folder.contexts():
            if one.path == self._context:
                trouble = self._folder.trouble
                return KvStatus(one.blocks, one.bytes, one.hits, one.misses, trouble)
        hits, misses = self._uncounted
        return KvStatus(0, 0, hits, misses, self._folder.trouble)

    def clear(self) -> int:
        """Forget all blocks of this key; gives how many there were."""
        return self._folder.clear(lambda one: one.path == self._context)

    def _path(self, tokens: Sequence[int]) -> Path:
        name = kvfile.block_name(self._key, tokens)
        return self._context / name[:2] / name

    def _write(self, path: Path, block: Block, used_ns: int | None) -> bool:
        if not self._stands():
            log.warning("%s is not kept: the model was changed while it was computed", path.name)
            return False
        data = kvfile.encode(block, self._key, self.numbers)
        is_kept = self._folder.write(path, data.data, self._about, used_ns)
        self._count()
        return is_kept

    def _used(self, path: Path, read: Callable[[int], Read]) -> Read | None:
        """What is read of a file; one that does not check out is removed."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.info("%s is not read: %s", path, error.strerror)
            return None
        try:
            found = read(fd)
            self._folder.touch(fd)
            return found
        except (Unusable, OSError) as why:
            log.warning("%s is computed anew: %s", path, why)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        finally:
            os.close(fd)

    def _count(self, hits: int = 0, misses: int = 0) -> None:
        """What cannot be noted because nothing is kept yet is noted with the first block."""
        with self._counting:
            total = self._uncounted[0] + hits, self._uncounted[1] + misses
            is_noted = self._folder.count(self._context, *total)
            self._uncounted = (0, 0) if is_noted else total


class Blocks:
    """The store with the model behind it; not for use by two threads at once.

    Args:
        context: computes what is not kept; its sequences are cleared by that.
        facts: of its model.
        store: None keeps nothing.
        prefix: what all blocks stand behind; may be empty.
        extras: makes the arrays that are kept with a block, from the context that has just read it.

    Raises:
        ModelError: the model's state cannot be handled.
    """

    def __init__(
        self,
        context: Context,
        facts: Facts,
        store: KvStore | None,
        prefix: Sequence[int],
        extras: Extras | None = None,
    ) -> None:
        if facts.obstacle:
            raise ModelError(f"attention states of {context.model.path} are not kept: "
                             f"{facts.obstacle}", hint="lsfs config set model.kv off")  # fmt: skip
        self._context = context
        self._store = store
        self._prefix = tuple(prefix)
        self._extras = extras
        self._prefix_cells: Cells | None = None
        self.hits = 0
        self.misses = 0

    @property
    def store(self) -> KvStore | None:
        """Where blocks are kept."""
        return self._store

    def prefix_cells(self) -> Cells:
        """The state of the prefix, from position 0 on.

        Raises:
            ModelError: the prefix is empty, or the model failed.
        """
        if self._prefix_cells is None:
            kept = None if self._store is None else self._store.prefix(self._prefix)
            if kept is None:
                self._context.clear()
                self._context.feed(self._prefix)
                kept = kvblob.parse(self._context.state())
                if self._store is not None:
                    self._store.put_prefix(self._prefix, kept)
            self._prefix_cells = kept
        return self._prefix_cells

    def keep(
        self, tokens: Sequence[int], cancel: Stop | None = None, *, used_ns: int | None = None
    ) -> bool:
        """See to it that a block is kept before anybody asks for it; False where it cannot be.

        Args:
            tokens, cancel: see :meth:`block`.
            used_ns: how much it is worth to keep; see :meth:`KvStore.put`.

        Raises:
            Cancelled, ContextTooLong, ModelError: see :meth:`block`.
        """
        if self._store is None:
            return False
        if self._store.has(tokens):
            return True
        return self._store.put(self._computed(tuple(tokens), cancel), used_ns=used_ns)

    def block(self, tokens: Sequence[int], cancel: Stop | None = None) -> Block:
        """The block of these tokens: from the store, else computed behind the prefix and kept.

        Two contexts that read it in batches of one shape give the same bits, and so does a file
        with numbers in ``f16``; with ``q8`` a block that was just computed is rounded as well.

        Args:
            tokens: at least one; they should fit one batch.
            cancel: stops the computation.

        Raises:
            ContextTooLong: prefix and block do not fit the context.
            Cancelled: ``cancel`` was set.
            ModelError: the model failed.
        """
        found = None if self._store is None else self._store.get(tokens)
        if found is not None:
            self.hits += 1
            return found
        self.misses += 1
        block = self._computed(tuple(tokens), cancel)
        if self._store is None:
            return block
        self._store.put(block)
        return kvfile.rounded(block, self._store.numbers)

    def _computed(self, tokens: tuple[int, ...], cancel: Stop | None) -> Block:
        context = self._context
        before = kvblob.build(self.prefix_cells()) if self._prefix else None
        context.clear()
        if before is not None:
            context.load_state(before)
        context.feed(tokens, cancel=cancel)
        cells = kvblob.parse(context.state()).take(slice(len(self._prefix), None))
        extras = {} if self._extras is None else self._extras(context, tokens, cells)
        return Block(tokens, cells, extras)
