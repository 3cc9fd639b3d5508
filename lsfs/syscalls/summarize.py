"""What a file, a folder or the answer to a query says, in short: each sentence with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.errors import AccessDenied, ModelMissing, NotFound, ParseError, UsageError
from lsfs.index.find.filters import Filters
from lsfs.model import Status
from lsfs.summaries import LENGTHS, METHODS, Summaries, Summary
from lsfs.syscalls.engines import Call
from lsfs.syscalls.files import ADVICE
from lsfs.syscalls.registry import Param, Tool, registry
from lsfs.syscalls.retrieve import Asked, find, pending_note, read_query
from lsfs.syscalls.selection import Selection, matching, selected, topic_of

if TYPE_CHECKING:
    from lsfs.index.find.scope import Entry
    from lsfs.index.store.rows import FileRow
    from lsfs.syscalls.summary.summary_document import Source
    from lsfs.syscalls.summary.summary_kept import SummaryStore

NOTHING = "nothing in your files is about that"


class SummarizeRequest(Struct, frozen=True):
    """What to sum up, and how long the summary is to be."""

    what: Annotated[
        str,
        Param("a file, a folder, a glob, or words: what the files say about them; "
              "all files when left out", words=True, positional=True),
    ] = ""  # fmt: skip
    length: Annotated[
        str,
        Param("line (a sentence), paragraph (130 words), page (500) or report (2,000)",
              flags=("-l",), choices=LENGTHS),
    ] = "paragraph"  # fmt: skip
    method: Annotated[
        str,
        Param("extractive: sentences of the files; model: the language model words them, where a "
              "quote bears it; auto: extractive", choices=METHODS),
    ] = "auto"  # fmt: skip
    dir: Annotated[str, Param("only files below this folder of the drive")] = ""
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


@registry.syscall(
    command="summarize",
    streams=True,
    examples=(
        "lsfs summarize Contracts/harbour-lease.pdf",
        "lsfs summarize Reports/annual.pdf --length page",
        "lsfs summarize Contracts --length report",
        'lsfs summarize "the Harbour Street lease" --length line',
        'lsfs summarize "what was agreed about the roof"',
    ),
    tools=(
        Tool(
            "summarize",
            "Sum up a file, a folder, or what the files say about something, as sentences that "
            "stand in the files, each with file, page and line. length: line, paragraph, page or "
            "report.",
            leaves_out=("wait",),
            requires=("what",),
        ),
    ),
)
def summarize(call: Call, request: SummarizeRequest) -> Summary:
    """Sum up a file, a folder, or what the files say about something.

    The sentences are the files' own, chosen to say most of what is said there once, in their order,
    each with its place. With ``--method model`` the language model words them anew, sentence by
    sentence; a sentence of its that its quote does not bear is not used. What was read for a
    summary is kept by content, so after an edit only what was edited is read again.
    """
    from lsfs.syscalls.summary import summary_kept

    engines = call.engines
    engines.indexer.fresh(call.emit)
    if request.wait:
        engines.indexer.wait(call.emit, None)
    if request.method == "model" and engines.chat is None:
        raise ModelMissing("there is no language model", hint="leave out --method model")
    with summary_kept.opened(engines.state.summaries) as store:
        found = _summed(call, store, request)
        if request.method == "model":
            from lsfs.syscalls.summary.summary_worded import worded

            with engines.question():
                found = worded(call, store, found)
    notes = (*found.notes, *pending_note(engines))
    return replace(found, notes=notes)


def _summed(call: Call, store: SummaryStore, request: SummarizeRequest) -> Summary:
    words = request.what.strip()
    for exact in dict.fromkeys((request.what, words)):  # a name may begin with a blank
        path = _path(call, exact)
        if path is not None:
            return _of_path(call, store, path, request)
    folder = paths.relative(request.dir)
    given = {"dir": folder} if folder else {}
    if not words or _is_glob(words):
        chosen = selected(call.engines, words, given)
        return _of_selection(call, store, chosen, request, words or folder or "all files")
    asked = read_query(call.engines, words)
    filters = replace(asked.filters, dir=folder or asked.filters.dir)
    return _of_question(call, store, replace(asked, filters=filters), request)


def _is_glob(words: str) -> bool:
    return " " not in words and any(c in words for c in "*?[")


def _path(call: Call, words: str) -> str | None:
    """The path of the file or folder that is meant; None when it is no path.

    Raises:
        NotFound: it can only be a path, and there is nothing.
    """
    if not words.strip():
        return None
    try:
        path = paths.relative(words)
    except (AccessDenied, UsageError):
        return None
    if call.engines.catalog.file(path) or call.engines.catalog.files_below(path):
        return path
    if _is_glob(words):
        return None
    if " " not in words and ("/" in words or PurePosixPath(words).suffix[1:].isalnum()):
        raise NotFound(f"no such file or folder in the index: {words}", hint="see: lsfs ls")
    return None


def _of_path(call: Call, store: SummaryStore, path: str, request: SummarizeRequest) -> Summary:
    row = call.engines.catalog.file(path)
    if row is not None:
        return _of_file(call, store, row, request.length)
    chosen = selected(call.engines, "", {"dir": path}, unread=True)
    return _of_selection(call, store, chosen, request, path)


def _of_file(call: Call, store: SummaryStore, row: FileRow, length: str) -> Summary:
    """The summary of a file.

    Raises:
        ParseError: it has no text; the reason is said.
    """
    from lsfs.syscalls.summary.summary_document import of_document

    if row.document_id is None:
        _refuse(call, row)
    else:
        found = of_document(call, store, _source(call, row), length)
        if found.statements:
            return found
    raise ParseError(f"{row.path} has no text to sum up", hint="see: lsfs text FILE")


def _source(call: Call, row: FileRow) -> Source:
    from lsfs.syscalls.summary.summary_document import Source

    with call.engines.catalog.lock:
        (kind,) = call.engines.catalog.db.execute(
            "SELECT kind FROM file WHERE id = ?", (row.id,)
        ).fetchone()
    return Source(row.path, row.document_id or 0, kind)


def _refuse(call: Call, row: FileRow) -> None:
    with call.engines.catalog.lock:
        (reason,) = call.engines.catalog.db.execute(
            "SELECT reason FROM file WHERE id = ?", (row.id,)
        ).fetchone()
    if row.status is Status.PENDING:
        raise ParseError(f"{row.path} has not been read yet", hint="wait for it with: --wait")
    why = f"{row.status.value}: {reason}" if reason else row.status.value
    raise ParseError(
        f"{row.path} has no text to sum up ({why})",
        hint=ADVICE.get(row.status, "it is found by its name only"),
    )


def _of_selection(
    call: Call, store: SummaryStore, chosen: Selection, request: SummarizeRequest, title: str
) -> Summary:
    from lsfs.syscalls.summary.summary_set import of_set

    entries = chosen.entries
    if not entries:
        raise NotFound(f"there are no files: {chosen.reading}", hint="see: lsfs ls")
    if len(entries) == 1 and (row := call.engines.catalog.file(entries[0].path)) is not None:
        return _of_file(call, store, row, request.length)
    found = of_set(call, store, entries, request.length, title)
    return replace(found, notes=(*chosen.notes, *found.notes))


# --- words


def _of_question(
    call: Call, store: SummaryStore, asked: Asked, request: SummarizeRequest
) -> Summary:
    """The summary of the file that words name, of the files that they ask for, or of what is said.

    "The Harbour Street lease" names a file; "invoices from 2023" asks for files; "the roof" is a
    matter that files say something about.
    """
    from lsfs.syscalls.summary.summary_focus import about

    plan, filters = asked.plan, asked.filters
    if not topic_of(plan) and filters.with_plan(plan, whole=True) == Filters(dir=filters.dir):
        raise UsageError(
            f"nothing to look for in {request.what!r}", hint="name a file, or a matter"
        )
    chosen = matching(call.engines, plan, filters)
    named = _named(chosen.entries, topic_of(plan))
    if named is not None and (row := call.engines.catalog.file(named.path)) is not None:
        found = _of_file(call, store, row, request.length)
        return replace(found, notes=(f"of {named.path}", *found.notes))
    if chosen.entries and (plan.listing or not topic_of(plan)):
        return _of_selection(call, store, chosen, request, asked.words)
    said = about(call, asked.words, plan, filters, request.length)
    return said or Summary(NOTHING, "none", request.length, title=asked.words)


def _named(entries: Sequence[Entry], topic: Sequence[str]) -> Entry | None:
    """The one file that is meant: the only one that fits, or whose name says all that was said."""
    if not topic:
        return None
    if len(entries) == 1:
        return entries[0]
    from lsfs.index.facts.dates import fold

    by_name = [one for one in entries if all(fold(word) in fold(one.path) for word in topic)]
    return by_name[0] if len(by_name) == 1 else None


# --- as in the paper


class RetrieveSummaryRequest(Struct, frozen=True):
    """What to look for, and what to leave out."""

    query: Annotated[str, Param("a path, or what to look for, in words", words=True)]
    k: Annotated[int, Param("files at most", flags=("-n",))] = 5
    exclude: Annotated[tuple[str, ...], Param("files that are left out", path=True)] = ()
    length: Annotated[str, Param("line, paragraph, page or report", choices=LENGTHS)] = "paragraph"


@registry.syscall()
def retrieve_summary(call: Call, request: RetrieveSummaryRequest) -> Summaries:
    """Find the files that are most about a query, and sum up each of them, best first.

    As ``retrieve_summary`` of the LSFS paper (Shi et al., "From Commands to Prompts: LLM-based
    Semantic File System for AIOS", 2024): files are found by keyword and meaning, some may be left
    out, and the rest is summed up.
    """
    from lsfs.syscalls.summary import summary_kept
    from lsfs.syscalls.summary.summary_document import of_document

    engines = call.engines
    engines.indexer.fresh(call.emit)
    if not request.query.strip():
        raise UsageError("the query is empty", hint="say what to look for")
    out = {paths.relative(path) for path in request.exclude}
    path = _path(call, request.query.strip())
    if path is not None and engines.catalog.file(path) is not None:
        found = [path]
    else:
        asked = read_query(engines, request.query)
        filters = Filters(dir=path) if path else asked.filters
        hits = find(engines, asked.plan, filters, max(1, request.k) * 10)
        found = list(dict.fromkeys(hit.path for hit in hits))
    rows = [engines.catalog.file(path) for path in found if path not in out]
    read = [row for row in rows if row is not None and row.document_id is not None]
    with summary_kept.opened(engines.state.summaries) as store:
        return Summaries(
            tuple(
                of_document(call, store, _source(call, row), request.length)
                for row in read[: max(1, request.k)]
            )
        )
