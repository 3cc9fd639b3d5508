"""What is kept of the language model's work on passages: how much, of which models, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs.clock import iso
from lsfs.errors import ModelError
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.registry import Effect, Param, registry

if TYPE_CHECKING:
    from lsfs.llm.kv.kvfolder import ContextFolder, KvFolder


class KvStatusRequest(Struct, frozen=True):
    """Nothing to say."""


class KvContext(Struct, frozen=True):
    """Blocks that one model made behind one prefix.

    Attributes:
        key: the context key, and how numbers are kept where that is not float16.
        model: the model's name; "" where that is not known any more.
        in_use: whether it is the model that answers now.
        numbers: ``f16`` or ``q8``.
        blocks, bytes: how much.
        hits, misses: how often a block was there when it was wanted, and how often not.
        used: when one was last used, ISO 8601; "" for never.
    """

    key: str
    model: str
    in_use: bool
    numbers: str
    blocks: int
    bytes: int
    hits: int
    misses: int
    used: str


class KvReport(Struct, frozen=True):
    """What is kept of the language model's work.

    Attributes:
        on: whether more is kept (``model.kv``).
        blocks, bytes: how much there is.
        limit: bytes that may be used (``model.kv_bytes``).
        numbers: how numbers are kept from now on (``model.kv_numbers``).
        contexts: by model and prefix, the one that was used last comes first.
        ahead: what is read ahead now, or why it waits; "" for nothing.
    """

    on: bool
    blocks: int
    bytes: int
    limit: int
    numbers: str
    contexts: tuple[KvContext, ...]
    ahead: str = ""


@registry.syscall(command="kv status", examples=("lsfs kv status",))
def kv_status(call: Call, request: KvStatusRequest) -> KvReport:
    """Show what is kept of the language model's work on passages.

    A passage that was read once for an answer needs not be read again: its attention state (keys
    and values, KV) is kept below the drive's state, and with it answers begin much sooner. All of
    it can be made again at any time.
    """
    engines, folder = call.engines, folder_of(call.engines)
    try:
        digest = _digest_in_use(engines)
    except ModelError:  # it is missing or damaged: so it does not answer
        digest = ""
    contexts = tuple(_context(one, digest) for one in folder.contexts())
    settings = engines.config.model
    return KvReport(
        on=settings.kv == "on",
        blocks=sum(one.blocks for one in contexts),
        bytes=sum(one.bytes for one in contexts),
        limit=folder.limit,
        numbers=settings.kv_numbers,
        contexts=contexts,
        ahead="" if engines.ahead is None else engines.ahead.state,
    )


def folder_of(engines: Engines) -> KvFolder:
    """The folder of the drive's attention states."""
    from lsfs.llm.kv.kvfolder import KvFolder

    return KvFolder(engines.state.kv, engines.config.model.kv_bytes)


def _digest_in_use(engines: Engines) -> str:
    from lsfs.llm.files import models

    found = models.chat_model_file(engines.config.model.chat)
    return "" if found is None else found.sha256


def _context(one: ContextFolder, digest: str) -> KvContext:
    about = one.about
    return KvContext(
        key=one.path.name,
        model=str(about.get("model", "")),
        in_use=bool(digest) and about.get("sha256") == digest,
        numbers=str(about.get("numbers", "")),
        blocks=one.blocks,
        bytes=one.bytes,
        hits=one.hits,
        misses=one.misses,
        used=iso(one.used_ns) if one.used_ns else "",
    )


class KvClearRequest(Struct, frozen=True):
    """How much to forget."""

    unused: Annotated[bool, Param("only of models that do not answer any more")] = False
    dry_run: Annotated[bool, Param("only say how much that is")] = False


class KvCleared(Struct, frozen=True):
    """What was forgotten, or would be: how many blocks, of how many bytes."""

    blocks: int
    bytes: int


@registry.syscall(
    effect=Effect.WRITE, command="kv clear", examples=("lsfs kv clear", "lsfs kv clear --unused")
)
def kv_clear(call: Call, request: KvClearRequest) -> KvCleared:
    """Forget what is kept of the language model's work; no answer changes by that.

    The next questions take longer, until it has been made again.
    """
    folder = folder_of(call.engines)
    digest = _digest_in_use(call.engines) if request.unused else ""

    def is_doomed(one: ContextFolder) -> bool:
        return not digest or one.about.get("sha256") != digest

    contexts = folder.contexts()
    if request.dry_run:
        doomed = [one for one in contexts if is_doomed(one)]
        return KvCleared(sum(one.blocks for one in doomed), sum(one.bytes for one in doomed))
    before = sum(one.bytes for one in contexts)
    count = folder.clear(is_doomed)
    return KvCleared(count, before - sum(one.bytes for one in folder.contexts()))
