"""Sets of files: a file, a folder, a glob, or a question for files, read with all that fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lsfs import paths
from lsfs.errors import AccessDenied, UsageError
from lsfs.syscalls.engines import Engines
from lsfs.syscalls.retrieve import read_query

if TYPE_CHECKING:
    from lsfs.index.filters import Filters
    from lsfs.index.join.reading import SideFile
    from lsfs.model import QueryPlan


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stands between the words of a question for files: "invoices from Acme".
_SMALL = _words(
    """from with of by for to in on at and the a an all any our my between von vom mit der die das
    den dem und aus bei für fur zu zum zur de du des d avec la le les l et par pour con del y e por
    para di da della dal che"""
)
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Selection:
    """Files by path, and how they were chosen, in words."""

    files: tuple[SideFile, ...]
    reading: str


def selected(engines: Engines, asked: str, *, dir: str = "") -> Selection:
    """The files that are meant, all of them.

    Args:
        asked: the path of a file or folder, a glob ("Finance/**/*.pdf"), a question for files
            ("invoices from 2023"); "" stands for all files.
        dir: only files below this folder.
    """
    words = asked.strip()
    if not words:
        return Selection(_files(engines, replace(_no_filters(), dir=dir)), "all files")
    if _GLOB.search(words) and " " not in words:
        pattern = _pattern(words)
        files = _files(engines, replace(_no_filters(), dir=dir))
        kept = tuple(file for file in files if pattern.fullmatch(file.path))
        return Selection(kept, f"files like {words!r}")
    below = _below(engines, words)
    if below:
        files = _files(engines, replace(_no_filters(), dir=below))
        kept = tuple(file for file in files if not dir or file.path.startswith(dir + "/"))
        return Selection(kept, f"the folder {below!r}" if below != kept[0].path else repr(below))
    return _asked(engines, words, dir)


def _below(engines: Engines, words: str) -> str:
    """The path that is meant, if there is one in the index; "" otherwise."""
    try:
        path = paths.relative(words.rstrip("/"))
    except (AccessDenied, UsageError):
        return ""
    rows = engines.catalog.files_below(path) if path else {}
    return path if any(row.document_id is not None for row in rows.values()) else ""


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob over whole paths: "*" stays within a folder, "**" does not."""
    made, at = [], 0
    while at < len(glob):
        if glob.startswith("**/", at):
            made.append("(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            made.append(".*")
            at += 2
        elif glob[at] in "*?":
            made.append("[^/]*" if glob[at] == "*" else "[^/]")
            at += 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inside = glob[at + 1 : end].replace("\\", "\\\\")
            made.append(f"[{'^' + inside[1:] if inside[0] == '!' else inside}]")
            at = end + 1
        else:
            made.append(re.escape(glob[at]))
            at += 1
    try:
        return re.compile("".join(made), re.DOTALL)
    except re.error as error:
        raise UsageError(f"not a pattern of paths: {glob!r} ({error})") from None


def _no_filters() -> Filters:
    from lsfs.index.filters import Filters

    return Filters()


def _asked(engines: Engines, words: str, dir: str) -> Selection:
    asked = read_query(engines, words)
    plan = asked.plan
    filters = replace(asked.filters, dir=dir or asked.filters.dir)
    filters = replace(filters.with_plan(plan, whole=True), author=filters.author)
    topic = _topic(plan)
    if plan.author:
        topic += [word.casefold() for word in re.findall(r"\w+", plan.author)]
    files = _files(engines, filters)
    told = [note for note in (_told(filters),) if note]
    if topic:
        holding = _holding(engines, topic)
        files = tuple(file for file in files if file.document_id in holding)
        told.append(f"with the words {', '.join(topic)}")
    return Selection(files, " ".join(told) or "all files")


def filtered(
    engines: Engines, plan: QueryPlan, filters: Filters, kinds: tuple[str, ...]
) -> Selection:
    """The files of some kinds that pass what a question says of time, type and folder."""
    filters = replace(
        filters,
        dir=filters.dir or plan.dir,
        after=filters.after or plan.after,
        before=filters.before or plan.before,
        date_field=plan.date_field,
        types=filters.types or plan.types,
        kinds=filters.kinds or kinds,
    )
    return Selection(_files(engines, filters), _told(filters))


def _told(filters: Filters) -> str:
    kinds = " or ".join(filters.kinds) or "document"
    parts = [f"every {kinds}"]
    parts += [f"of type {' or '.join(filters.types)}"] if filters.types else []
    parts += [f"from {filters.after}"] if filters.after else []
    parts += [f"before {filters.before}"] if filters.before else []
    parts += [f"by {filters.author}"] if filters.author else []
    parts += [f"below {filters.dir}"] if filters.dir else []
    return " ".join(parts)


def _topic(plan: QueryPlan) -> list[str]:
    """The words of a question that say more than the kind of files asked for."""
    from lsfs.index.dates import fold
    from lsfs.index.kindwords import broad_names

    broad = {name for kind in plan.kinds for name in broad_names(kind)}
    words = [word for word in re.findall(r"\w+", plan.query) if fold(word) not in broad]
    return [word.casefold() for word in words if word.casefold() not in _SMALL]


def _holding(engines: Engines, words: Sequence[str]) -> set[int]:
    """The documents that hold all words, or for each one of its kin, in text, name or title."""
    from lsfs.index.kindwords import kin

    found: set[int] | None = None
    for word in words:
        terms = " OR ".join(f'"{term}"' for term in sorted({word, *kin(word)}))
        rows = _rows(
            engines,
            "SELECT p.document_id FROM passage_fts CROSS JOIN passage p "
            "ON p.id = passage_fts.rowid WHERE passage_fts MATCH ? UNION "
            "SELECT f.document_id FROM file_fts CROSS JOIN file f ON f.id = file_fts.rowid "
            "WHERE file_fts MATCH ?",
            terms,
            terms,
        )
        holding = {row[0] for row in rows}
        found = holding if found is None else found & holding
    return found or set()


def _files(engines: Engines, filters: Filters) -> tuple[SideFile, ...]:
    from lsfs.index.join.reading import files_of

    where, values = filters.sql()
    rows = _rows(
        engines,
        "SELECT f.path, d.id, f.kind, f.day FROM file f "  # noqa: S608
        f"JOIN document d ON d.id = f.document_id WHERE {where} ORDER BY f.path",
        *values,
    )
    return tuple(file for file in files_of(rows) if engines.is_there(file.path))


def _rows(engines: Engines, query: str, *values: object) -> list[Any]:
    with engines.catalog.lock:
        return engines.catalog.db.execute(query, values).fetchall()
