"""The local path on many cores or machines: Ray Data over lists of files.

Actors that read have a parsing child each, as ever; actors that embed have the model, on a GPU
where there is one for it. What they make is written by them, as fragments of Lance; the driver has
only rows of files and names of fragments, and commits them. A fragment that is never committed is
never seen. An actor that dies is started again by Ray, and its files are read again; of a driver
that dies, what was not committed is found missing by the next run.
"""

from __future__ import annotations

import logging
import os
import pickle
import platform
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import LsfsError, UsageError
from lsfs.index.library import schema
from lsfs.index.library.batches import Batch, Rows
from lsfs.index.library.objects import Objects
from lsfs.index.library.tables import Library
from lsfs.index.library.work import Look, Settings, Source, Worker, embedded
from lsfs.index.meaning.embed import Embedder
from lsfs.index.readers.making import Rules
from lsfs.index.readers.pool import SandboxPool
from lsfs.index.tree import SourceTree

log = logging.getLogger("lsfs.index.library.ray_engine")

TOGETHER = 4  # batches that are committed at once
MEMORY = 256 << 20  # bytes of shared memory for a Ray that is started here
STARTS = 3  # tries to start Ray
_STATUS = "is it running there, and has this user its token (RAY_AUTH_TOKEN)? See: ray status"
_HINT = "pip install 'lsfs[ray]'"


class Recipe(Struct, frozen=True):
    """All that an actor needs to know; it is sent to other machines.

    There are no credentials in it: each machine has them in its own environment.

    Attributes:
        uri: of the library.
        folder: what is read, at the same place on all machines.
        name: of the folder in the library.
        settings: limits, and what rows are made with.
        load: gives the embedder, or None.
        on_gpu: whether it uses a GPU where there is one.
    """

    uri: str
    folder: Path
    name: str
    settings: Settings
    load: Callable[[], Embedder | None]
    on_gpu: bool = False


class _Reading:
    """An actor that reads files."""

    def __init__(self, recipe: Recipe) -> None:
        limits = replace(recipe.settings.index, parse_workers=1)
        settings = replace(recipe.settings, index=limits)
        self._tree = SourceTree(recipe.folder, ())
        library = Library(Objects(recipe.uri))
        source = Source(recipe.name, self._tree)
        reader = SandboxPool(limits)
        if reader.versions() != recipe.settings.made_by.parsers:
            raise UsageError(
                f"another lsfs is installed on {platform.node()} than where this was begun"
            )
        self._worker = Worker(library, source, reader, Rules(settings.fields), settings)

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        """Files to batches without vectors."""
        return {"made": [pickle.dumps(self._worker.read(_looks(one))) for one in rows["unit"]]}


class _Embedding:
    """An actor that embeds passages, and writes them."""

    def __init__(self, recipe: Recipe) -> None:
        self._embedder = recipe.load()
        self._tables = Objects(recipe.uri).tables_uri
        dimension = self._embedder.dimension if self._embedder else 0
        self._schemas = schema.schemas(dimension)

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        """Batches to such whose documents and passages are fragments."""
        return {"made": [pickle.dumps(self._written(_batch(one))) for one in rows["made"]]}

    def _written(self, batch: Batch) -> Batch:
        done = embedded(batch, self._embedder)
        return replace(
            done,
            documents=Rows(fragments=self._fragments("document", done.documents.table)),
            passages=Rows(fragments=self._fragments("passage", done.passages.table)),
        )

    def _fragments(self, name: str, rows: Any) -> list[str]:
        import json

        from lance.fragment import write_fragments

        if not rows.num_rows:
            return []
        place = f"{self._tables}/{name}.lance"
        made = write_fragments(rows, place, schema=self._schemas[name])
        return [json.dumps(one.to_json()) for one in made]


def _looks(data: bytes) -> list[Look]:
    looks: list[Look] = pickle.loads(data)  # noqa: S301  of this program
    return looks


def _batch(data: bytes) -> Batch:
    batch: Batch = pickle.loads(data)  # noqa: S301  of this program
    return batch


class RayFailed(LsfsError):
    """A program of Ray has failed, for another reason than the end of a process."""

    default_hint = "what is committed stays: the same command goes on from there"


class RayEngine:
    """Makes batches by Ray.

    Args:
        recipe: what is read, and where to.
        address: of a cluster, as ``ray.init`` takes it; '' starts Ray on this machine.

    Raises:
        UsageError: Ray is not installed, or does not answer at the address.
    """

    def __init__(self, recipe: Recipe, address: str = "") -> None:
        self._recipe = recipe
        self._ray = _started(address)

    def close(self) -> None:
        """Let go of Ray; one that was started here ends."""
        self._ray.shutdown()

    def made(self, units: Sequence[Sequence[Look]]) -> Iterator[list[Batch]]:
        """See :class:`lsfs.index.library.ingest.Engine`."""
        if not units:
            return
        some: list[Batch] = []
        for one in self._results(units):
            some.append(_batch(one))
            if len(some) == TOGETHER:
                yield some
                some = []
        if some:
            yield some

    def _results(self, units: Sequence[Sequence[Look]]) -> Iterator[bytes]:
        try:
            for row in self._flow(units).iter_rows():
                yield row["made"]
        except self._ray.exceptions.RayError as error:
            said = [line for line in str(error).splitlines() if line.strip()]
            raise RayFailed(f"Ray has ended: {said[-1][:300] if said else error!r}") from error

    def _flow(self, units: Sequence[Sequence[Look]]) -> Any:
        """The whole as Ray Data plans it."""
        from ray import data

        data.DataContext.get_current().enable_progress_bars = False  # there is one of our own
        there = self._ray.cluster_resources()
        cores = max(1, int(there.get("CPU", 1)))
        gpus = int(there.get("GPU", 0)) if self._recipe.on_gpu else 0
        # On one core a reader and an embedder take turns.
        share = {"num_cpus": 1 if cores > 1 else 0.5}
        place = {"num_gpus": 1, "num_cpus": 0} if gpus else share
        embedders = min(gpus or max(1, cores // 2), len(units))
        readers = min(max(1, cores - (0 if gpus else embedders)), len(units))
        rows = [{"unit": pickle.dumps(list(unit))} for unit in units]
        one = {"batch_size": 1, "fn_constructor_args": (self._recipe,)}
        flow = data.from_items(rows, override_num_blocks=len(rows))
        pool = data.ActorPoolStrategy
        flow = flow.map_batches(
            _Reading, compute=pool(min_size=1, max_size=readers), **one, **share
        )
        return flow.map_batches(
            _Embedding, compute=pool(min_size=1, max_size=embedders), **one, **place
        )


def _started(address: str) -> Any:
    # Nothing is told to anybody outside, and nothing but errors to the terminal.
    for name, value in {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DATA_LOG_LEVEL": "ERROR",
        "RAY_BACKEND_LOG_LEVEL": "fatal",
    }.items():
        os.environ.setdefault(name, value)
    # Other users of this machine may not use what is started here; and a cluster asks for it.
    if not address or _has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    if missing := [name for name in ("ray", "pandas", "lance") if not find_spec(name)]:
        raise UsageError(f"not installed: {', '.join(missing)}", hint=_HINT)
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Ray starts programs; nothing of Lance goes on in a copy of this process.
    warnings.filterwarnings("ignore", "lance is not fork-safe")
    import ray
    import ray.data

    if address:
        _init(ray, 1, address=address)
    else:
        _init(
            ray,
            STARTS,
            address="local",
            include_dashboard=False,
            object_store_memory=MEMORY,
            _node_ip_address="127.0.0.1",
        )
    return ray


def _has_token() -> bool:
    """Whether there is a token where Ray looks for one."""
    given = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    return bool(given) or Path("~/.ray/auth_token").expanduser().exists()


def _init(ray: Any, tries: int, **options: Any) -> None:
    """Start Ray, or join one; a busy machine may need more than the half minute that it waits.

    Raises:
        RayFailed: it does not start, or does not answer.
    """
    for left in reversed(range(tries)):
        try:
            ray.init(
                logging_level=logging.ERROR, log_to_driver=False, configure_logging=False, **options
            )
            return
        except Exception as error:  # that is what Ray raises when its programs are late
            ray.shutdown()
            if not left:
                raise RayFailed(f"Ray does not start: {error}", hint=_STATUS) from error
            log.info("Ray is started again: %s", error)
