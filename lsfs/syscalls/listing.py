"""What a drive holds: folders, trees of them, names that match, and what a file is."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import beneath, paths
from lsfs.errors import NotFound
from lsfs.globs import excluded, globbed
from lsfs.syscalls import locking
from lsfs.syscalls.engines import Call
from lsfs.syscalls.past import called, when
from lsfs.syscalls.registry import Param, Tool, registry
from lsfs.syscalls.within import Entry, entries, entry, found, moment, source, told

if TYPE_CHECKING:
    from lsfs.versions.tables import Row

MOST = 20_000  # entries of one answer
_FOLDER = Annotated[str, Param("the folder; '.' is the whole drive", path=True, positional=True)]
_AT = Annotated[str, Param("as it was at a moment: yesterday 15:00, 2026-11-24, 3 days ago")]
_EXCLUDE = Annotated[
    tuple[str, ...],
    Param("leave out what matches this glob; a bare name is left out wherever it stands"),
]


class ListRequest(Struct, frozen=True):
    """Which folder, and in which order."""

    path: _FOLDER = ""
    sort_by: Annotated[str, Param("the order", choices=("name", "size"))] = "name"
    at: _AT = ""


class Listing(Struct, frozen=True):
    """What a folder holds; ``more`` entries are not shown."""

    path: str
    entries: tuple[Entry, ...]
    more: int = 0


@registry.syscall(
    command="ls",
    examples=("lsfs ls", "lsfs ls Contracts --sort-by size"),
    tools=(
        Tool("list_directory", "List a folder: [DIR], [FILE] or [LINK] and the name.",
             leaves_out=("sort_by", "at"), camel=True),
        Tool("list_directory_with_sizes", "List a folder with the size of each file, and totals.",
             leaves_out=("at",), camel=True),
    ),
)  # fmt: skip
def list_dir(call: Call, request: ListRequest) -> Listing:
    """List a folder: what it holds, with sizes and times."""
    if request.at:
        path = paths.relative(request.path)
        listed = _then(call, path, request.at)
    else:
        with source(call) as root, told(request.path):
            path = found(call, root, request.path)
            listed = entries(call, root, path)
    if request.sort_by == "size":
        listed.sort(key=lambda one: (-one.size, one.name))
    return Listing(path, tuple(listed[:MOST]), max(0, len(listed) - MOST))


def _then(call: Call, path: str, moment_: str) -> list[Entry]:
    """What a folder held at a moment, by name."""
    if path:
        row = called(call, path, moment_)
        if row.kind != "dir":
            raise NotFound(f"{path!r} was no folder then", hint="name the folder it was in")
    rows = {row.path: row for row in call.engines.past.children(path, when(call, moment_))}
    return sorted((_past_entry(row) for row in rows.values()), key=lambda one: one.name)


def _past_entry(row: Row) -> Entry:
    path = os.fsdecode(row.path)
    return Entry(
        path=path,
        name=path.rpartition("/")[2],
        kind={"dir": "directory"}.get(row.kind, row.kind),
        size=row.size if row.kind == "file" else 0,
        modified=moment(row.mtime_ns),
        mode=row.mode & 0o7777,
        target=os.fsdecode(row.target or b""),
    )


class TreeRequest(Struct, frozen=True):
    """Of which folder, and how much."""

    path: _FOLDER = ""
    exclude_patterns: _EXCLUDE = ()
    limit: Annotated[int, Param("show at most so many entries, those near the top first")] = MOST


class Tree(Struct, frozen=True):
    """A folder and all below it.

    Attributes:
        entries: each folder before what is in it.
        cut: folders whose content is not shown, for there is too much.
    """

    path: str
    entries: tuple[Entry, ...]
    cut: tuple[str, ...] = ()


@registry.syscall(
    command="tree",
    examples=("lsfs tree", "lsfs tree Contracts --exclude-patterns '*.tmp'"),
    tools=(
        Tool("directory_tree", "Show a folder and all below it as JSON: name, type, children.",
             leaves_out=("limit",), fill={"limit": 5000}, camel=True),
    ),
)  # fmt: skip
def tree(call: Call, request: TreeRequest) -> Tree:
    """Show a folder and all below it. Links are shown, and not followed."""
    is_out = excluded(request.exclude_patterns)
    with source(call) as root, told(request.path):
        path = found(call, root, request.path)
        below, cut = _breadth_first(call, root, path, is_out, max(1, request.limit))
    return Tree(path, tuple(sorted(below, key=lambda one: one.path.split("/"))), tuple(cut))


def _breadth_first(
    call: Call, root: int, path: str, is_out: Callable[[str], bool], limit: int
) -> tuple[list[Entry], list[str]]:
    """Entries below a folder, and the folders that are not listed any more."""
    shown: list[Entry] = []
    cut: list[str] = []
    waiting = deque([path])
    while waiting:
        call.check()
        folder = waiting.popleft()
        listed = [one for one in _listed(call, root, folder, path) if not is_out(_below(one, path))]
        if len(shown) + len(listed) > limit and shown:
            cut.append(folder)
            continue
        if len(listed) > limit:
            cut.append(folder)
        shown += listed[:limit]
        waiting.extend(one.path for one in listed[:limit] if one.kind == "directory")
    return shown, cut


def _listed(call: Call, root: int, folder: str, top: str) -> list[Entry]:
    """What a folder holds; nothing where we may not look, or it has gone meanwhile."""
    try:
        return entries(call, root, folder)
    except OSError:
        if folder == top:
            raise
        return []


def _below(one: Entry, path: str) -> str:
    return one.path[len(path) + 1 :] if path else one.path


class FindRequest(Struct, frozen=True):
    """Which names, and where."""

    path: Annotated[str, Param("the folder to look in; '.' is the whole drive", path=True)]
    pattern: Annotated[
        str,
        Param("a glob: '*.pdf' here, '**/*.pdf' at any depth, '{a,b}'", positional=True),
    ] = ""
    exclude_patterns: _EXCLUDE = ()
    limit: Annotated[int, Param("show at most so many")] = MOST
    after: Annotated[str, Param("only what comes behind this path", path=True)] = ""


class Names(Struct, frozen=True):
    """Files and folders whose names match, by path; ``more`` says that there are others."""

    entries: tuple[Entry, ...]
    more: bool = False


@registry.syscall(
    command="find",
    examples=("lsfs find '**/*.pdf'", "lsfs find Contracts '**/*lease*'"),
    tools=(
        Tool("search_files", "Find files and folders by NAME with a glob ('**/*.pdf'); for what "
             "they say use search or grep_files.", leaves_out=("limit", "after"), camel=True,
             requires=("pattern",)),
    ),
)  # fmt: skip
def find_files(call: Call, request: FindRequest) -> Names:
    """Find files and folders by their names. For what files say: ``search`` and ``grep``.

    A pattern that stands alone is looked for in the whole drive.
    """
    folder, pattern = (request.path, request.pattern) if request.pattern else ("", request.path)
    matches = globbed([pattern])
    is_out = excluded(request.exclude_patterns)
    names: list[Entry] = []
    last = paths.relative(request.after).split("/") if request.after else []
    with source(call) as root, told(folder):
        path = found(call, root, folder)
        for one in walk(call, root, path, is_out):
            if one.path.split("/") > last and matches(_below(one, path)):
                if len(names) == request.limit:
                    return Names(tuple(names), more=True)
                names.append(one)
    return Names(tuple(names))


def walk(
    call: Call, root: int, path: str, is_out: Callable[[str], bool] = lambda _: False
) -> Iterator[Entry]:
    """All below a folder, by the names in its path; links are not followed.

    Args:
        is_out: whether a path below the folder is left out, with all in it.
    """
    waiting = [list(reversed(_listed(call, root, path, path)))]
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            call.check()
            continue
        one = waiting[-1].pop()
        if is_out(_below(one, path)):
            continue
        yield one
        if one.kind == "directory":
            waiting.append(list(reversed(_listed(call, root, one.path, path))))


class StatRequest(Struct, frozen=True):
    """Of what."""

    path: Annotated[str, Param("the file or folder; '.' is the drive itself", path=True)]
    at: _AT = ""


class Stat(Struct, frozen=True):
    """What stands at a path.

    Attributes:
        entry: what a link says is told, and all else is of what it leads to.
        accessed, changed: when it was read last, and when its attributes changed last.
        version: the number of the content that it has; 0 where none is known.
        indexed: how well it could be read for the index; "" when it is not there.
        media_type: as it was read; "" when it is not indexed.
        lock: who has locked it, and until when; "" when nobody has.
    """

    entry: Entry
    accessed: str
    changed: str
    version: int = 0
    indexed: str = ""
    media_type: str = ""
    lock: str = ""


@registry.syscall(
    command="stat",
    examples=("lsfs stat report.txt",),
    tools=(
        Tool("get_file_info", "Size, times, permissions and type of a file or folder, and what "
             "lsfs knows of it.", leaves_out=("at",), camel=True),
    ),
)  # fmt: skip
def stat(call: Call, request: StatRequest) -> Stat:
    """Say what a file or folder is: size, times, permissions, version, and how it was read."""
    engines = call.engines
    if request.at:
        return _stat_then(call, paths.relative(request.path), request.at)
    with source(call) as root, told(request.path):
        named = paths.relative(request.path)
        path = found(call, root, request.path)
        status = _status(root, path)
        target = "" if path == named else path
    row = engines.catalog.file(path)
    live = engines.past.live(path)
    document = engines.catalog.load(row.document_id) if row and row.document_id else None
    return Stat(
        entry=entry(named, status, target),
        accessed=moment(status.st_atime_ns),
        changed=moment(status.st_ctime_ns),
        version=live.number if live is not None and live.kind == "file" else 0,
        indexed=row.status.value if row else "",
        media_type=document.media_type if document else "",
        lock=locking.on(call, path),
    )


def _stat_then(call: Call, path: str, moment_: str) -> Stat:
    if not path:
        time_ns = when(call, moment_)
        return Stat(Entry("", "", "directory", 0, moment(time_ns), 0o755), "", "")
    row = called(call, path, moment_)
    return Stat(_past_entry(row), "", "", row.number if row.kind == "file" else 0)


def _status(root: int, path: str) -> os.stat_result:
    status = os.fstat(root) if not path else beneath.stat(root, os.fsencode(path))
    if status is None:
        raise FileNotFoundError(2, os.strerror(2), path)
    return status
