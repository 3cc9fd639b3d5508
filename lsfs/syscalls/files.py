"""Files as lsfs reads them, and how far the index is."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from msgspec import Struct, field

from lsfs import codec, paths
from lsfs.drives import DriveRecord
from lsfs.errors import NotFound, ParseError
from lsfs.model import Block, Page, Status, Table
from lsfs.syscalls import locking
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.registry import Effect, Param, Tool, registry


class TextRequest(Struct, frozen=True):
    """Which file, and which page of it."""

    path: Annotated[str, Param("the file", path=True)]
    page: Annotated[int, Param("only this page, from 1; 0 is all")] = 0


class Text(Struct, frozen=True):
    """A file as lsfs reads it."""

    path: str
    status: str
    media_type: str
    title: str
    author: str
    date: str
    kind: str
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...]
    tables: tuple[Table, ...]
    warnings: tuple[str, ...] = ()
    page_unit: str = "page"


@registry.syscall(command="text", examples=("lsfs text report.pdf --page 3",))
def text(call: Call, request: TextRequest) -> Text:
    """Show a file as lsfs reads it: its text in order, with pages, headings and tables."""
    engines = call.engines
    path = paths.relative(request.path)
    engines.indexer.fresh(call.emit)
    row = engines.catalog.file(path)
    if row is None or not engines.tree.exists(path):
        raise NotFound(f"no indexed file {path!r}", hint="see what is indexed with: lsfs status")
    if row.document_id is None:
        raise ParseError(f"{path}: {row.status.value}", hint="lsfs status --problems says why")
    document = engines.catalog.load(row.document_id)
    dates = engines.search.dates(path)
    blocks, pages, tables = document.blocks, document.pages, document.tables
    if request.page:
        pages = tuple(page for page in pages if page.no == request.page)
        if not pages:
            raise NotFound(f"{path} has no page {request.page}")
        blocks = tuple(b for b in blocks if any(s.page == request.page for s in b.spans))
        tables = tuple(table for table in tables if request.page in table.pages)
    return Text(
        path=path,
        status=row.status.value,
        media_type=document.media_type,
        title=document.title or PurePosixPath(path).name,
        author=document.author,
        date=dates[0].day.isoformat() if dates else "",
        kind="",
        pages=pages,
        blocks=blocks,
        tables=tables,
        warnings=document.warnings,
        page_unit=document.page_unit,
    )


class StatusRequest(Struct, frozen=True):
    """What of the state to show."""

    wait: Annotated[bool, Param("first wait until the index is up to date")] = False
    problems: Annotated[bool, Param("list the files that could not be read, and why")] = False


class StatusReport(Struct, frozen=True):
    """What runs, and how far the index is.

    Attributes:
        source: the drive's folder, or the URI of the library that it is.
        fs: pid, mountpoint and transport of the mount, and why this transport; empty when it is
            not mounted.
        brain: pid of the process that indexes.
        index: counts of files (see lsfs.model.IndexCounts).
        models: names of the models in use; "" where there is none; while another embedding model
            is to follow, ``embed_next`` is its name and ``embedded_anew`` how far it is.
        problems: files that could not be read in full (see lsfs.model.FileProblem), and what to do.
        work: what indexing is at (see lsfs.index.progress.Progress), in whichever process; empty
            when it rests.
        locks: paths that clients have locked (see ``lsfs lock``).
        memory: bytes that the process which answers has resident (``process``), and that its models
            were reckoned to take (``models``).
        kv: what is kept of the language model's work: ``blocks``, ``bytes``, ``limit`` (see
            ``lsfs kv status``).
    """

    source: str
    fs: dict[str, Any]
    brain: dict[str, int]
    index: dict[str, int]
    models: dict[str, str]
    state: str = ""
    problems: tuple[dict[str, Any], ...] = field(default=())
    work: dict[str, Any] = field(default_factory=dict)
    kv: dict[str, int] = field(default_factory=dict)
    locks: tuple[locking.Locked, ...] = ()
    memory: dict[str, int] = field(default_factory=dict)


@registry.syscall(
    command="status",
    examples=("lsfs status", "lsfs status --wait --json"),
    tools=(
        Tool(
            "index_status",
            "How far the index is, which files could not be read, and which models are in use.",
            leaves_out=("wait",),
        ),
    ),
)
def status(call: Call, request: StatusRequest) -> StatusReport:
    """Say what runs and how far the index is."""
    engines = call.engines
    if request.wait:
        engines.indexer.wait(call.emit, None)
    from lsfs.index import progress

    counts = engines.catalog.counts()
    work = progress.read(engines.catalog.meta(progress.KEY))
    mount = DriveRecord(engines.source, engines.state).mount_info()
    return StatusReport(
        source=engines.tree.name,
        fs={key: mount[key] for key in ("pid", "mountpoint", "transport", "why") if key in mount},
        brain={"pid": engines.indexer.pid},
        index={
            "files": counts.files,
            "indexed": counts.indexed,
            "pending": counts.pending,
            "unread": counts.unread,
            "errors": counts.errors,
            "unsupported": counts.unsupported,
            "passages": counts.passages,
            "generation": counts.generation,
        },
        models={
            "chat": engines.chat.name if engines.chat else "",
            "embed": engines.embedder.name if engines.embedder else "",
            **_coming(call),
        },
        state=str(engines.state.root),
        problems=_problems(call) if request.problems else (),
        work={} if work is None or call.grant.is_limited else work.told(),
        locks=locking.held(call),
        kv={} if call.grant.is_limited else _kv(call),
        memory=_memory(engines),
    )


def _memory(engines: Engines) -> dict[str, int]:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    models = 0 if engines.residents is None else engines.residents.bytes
    return {"process": pages * os.sysconf("SC_PAGE_SIZE"), "models": models}


def _kv(call: Call) -> dict[str, int]:
    from lsfs.llm.kv.kvfolder import KvFolder

    folder = KvFolder(call.engines.state.kv, call.engines.config.model.kv_bytes)
    contexts = folder.contexts()
    blocks, size = sum(one.blocks for one in contexts), sum(one.bytes for one in contexts)
    return {"blocks": blocks, "bytes": size, "limit": folder.limit}


def _coming(call: Call) -> dict[str, Any]:
    """The embedding model that is to follow, and how far it is; empty when none is."""
    follows = call.engines.search.meanings.coming
    if follows is None:
        return {}
    catalog = call.engines.catalog
    with catalog.lock:
        done, total = catalog.db.execute("SELECT total(coming), count(*) FROM passage").fetchone()
    return {"embed_next": follows.embedder.name, "embedded_anew": f"{done:.0f} of {total}"}


# What to do about a file that was not read in full.
ADVICE = {
    Status.PARTIAL: "what could be read is found; the reason says what is missing",
    Status.ENCRYPTED: "keep a copy without the password to have its text found",
    Status.DAMAGED: "open it in its program, which may repair it, and save it anew",
    Status.TOO_LARGE: "if it is in order, raise index.max_file_bytes, or split it",
    Status.TIMEOUT: "if it is in order, raise index.parse_seconds; it is then tried again",
    Status.OUT_OF_MEMORY: "if it is in order, raise index.parse_memory_mb; it is then tried again",
    Status.UNSUPPORTED: "it is found by its name only",
    Status.UNREADABLE: "see that you may read it; it is tried again as soon as that changes",
}


def _problems(call: Call) -> tuple[dict[str, Any], ...]:
    from lsfs.index.store.published import Published

    published = Published(call.engines.state.catalog)
    try:
        return tuple(
            {**codec.to_builtins(problem), "advice": ADVICE.get(problem.status, "")}
            for problem in published.problems()
            if call.sees(problem.path)
        )
    finally:
        published.close()


class WaitRequest(Struct, frozen=True):
    """How long to wait."""

    timeout: Annotated[float, Param("seconds; 0 waits as long as it takes")] = 0.0


class Waited(Struct, frozen=True):
    """Whether all that was on the disk is indexed."""

    done: bool
    pending: int


@registry.syscall()
def wait_indexed(call: Call, request: WaitRequest) -> Waited:
    """Wait until all that is on the disk now is indexed."""
    done = call.engines.indexer.wait(call.emit, request.timeout or None)
    return Waited(done, call.engines.catalog.waiting().files)


class ReindexRequest(Struct, frozen=True):
    """Nothing to choose: every file is read again."""

    dry_run: Annotated[bool, Param("only say how many files that are")] = False


@registry.syscall(effect=Effect.WRITE, command="reindex", examples=("lsfs reindex",))
def reindex(call: Call, request: ReindexRequest) -> Done:
    """Read and embed every file again, as if the index were new. No file of yours is touched."""
    if request.dry_run:
        return Done(f"{call.engines.catalog.counts().files} files would be read again")
    call.engines.indexer.reindex(call.emit)
    return Done(f"{call.engines.catalog.counts().files} files are read again")
