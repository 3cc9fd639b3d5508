"""Sets of files: a file, a folder, a glob, or a question for files, read with all that fit."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.errors import AccessDenied, UsageError
from lsfs.index.find.filters import Filters
from lsfs.syscalls.engines import Engines
from lsfs.syscalls.retrieve import SAVED_HITS, SAVED_SHARE, find, read_query

if TYPE_CHECKING:
    from lsfs.index.find.scope import Entry
    from lsfs.index.join.reading import SideFile
    from lsfs.model import QueryPlan

AT_ONCE = 500  # paths in a statement


class _Placed(Protocol):
    @property
    def path(self) -> str: ...


File = TypeVar("File", bound=_Placed)
_GLOB = re.compile(r"[*?\[]")
# "Purchases and Orders": several folders or files, each called so
_LISTED = re.compile(r"\s*[,;&]\s*|\s+(?:and|und|et|y|e|en|och|og|i)\s+")


class Selection(Struct, frozen=True):
    """Files in order of their paths, how they were chosen, in words, and what is to be said."""

    entries: tuple[Entry, ...]
    reading: str
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[SideFile, ...]:
        """Those that were read."""
        from lsfs.index.join.reading import UNREAD

        return tuple(one for one in self.whole if one.document_id != UNREAD)

    @property
    def whole(self) -> tuple[SideFile, ...]:
        """All of them, also those that gave no document."""
        from lsfs.index.join.reading import UNREAD, SideFile

        return tuple(
            SideFile(
                one.path, UNREAD if one.document_id is None else one.document_id, one.kind, one.day
            )
            for one in self.entries
        )


def selected(
    engines: Engines,
    asked: str,
    given: Mapping[str, Any] | None = None,
    *,
    unread: bool = False,
    nearest: bool = False,
) -> Selection:
    """The files that are meant, all of them.

    Args:
        asked: the path of a file or folder, several of them ("Orders and Bills"), a glob
            ("Finance/**/*.pdf"), a question for files ("invoices from 2023"); "" stands for all
            files.
        given: further conditions by name; they count in place of what a question says.
        unread: also files without a document, as far as the conditions can be asked of them.
        nearest: where no file has all words of a question, those that are most about it.

    Raises:
        UsageError: a glob or a condition that is none.
    """
    words = asked.strip()
    conditions = {name: value for name, value in (given or {}).items() if value}
    filters = Filters(**conditions)
    if not words:
        return Selection(there(engines, filters, unread=unread), told(filters))
    if _GLOB.search(words) and " " not in words:
        pattern = _pattern(words)
        found = there(engines, filters, unread=unread)
        kept = tuple(one for one in found if pattern.fullmatch(one.path))
        return Selection(kept, f"files like {words!r}")
    below = _below(engines, words)
    if below:
        found = there(engines, filters, unread=unread)
        kept = tuple(one for one in found if f"{one.path}/".startswith(f"{below}/"))
        is_file = [one.path for one in kept] == [below]
        return Selection(kept, repr(below) if is_file else f"the folder {below!r}")
    parts = _LISTED.split(words)
    if len(parts) > 1 and all(_below(engines, part) for part in parts):
        return _united([selected(engines, part, given, unread=unread) for part in parts], ())
    query = read_query(engines, words)
    filters = replace(query.filters, **conditions)
    return matching(engines, query.plan, filters, unread=unread, nearest=nearest)


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


def matching(
    engines: Engines,
    plan: QueryPlan,
    filters: Filters,
    *,
    unread: bool = False,
    nearest: bool = False,
) -> Selection:
    """The files that a question means: those that fit its conditions and hold its other words.

    Args:
        filters: count in place of what the question says.
        unread, nearest: see :func:`selected`.
    """
    from lsfs.index.asked.question import of_all
    from lsfs.index.facts.kinds import kinds_in

    plan = of_all(plan)
    if plan.either:
        return _united(
            [matching(engines, one, filters, unread=unread) for one in plan.either], plan.notes
        )
    plan, whole = within_sort(engines, plan, filters.with_plan(plan, whole=True))
    topic = topic_of(plan)
    found = _about(engines, whole, topic, unread=unread)
    if not found and plan.author and not filters.author and "email" not in whole.types:
        # Few documents say in their properties who wrote them; most say it in their text.
        words = [*topic, *(word.casefold() for word in re.findall(r"\w+", plan.author))]
        unsigned = replace(whole, author="")
        signed = _about(engines, unsigned, words, unread=unread)
        whole, topic, found = (unsigned, words, signed) if signed else (whole, topic, found)
    if not found and topic and all(kinds_in([word]) & {*plan.kinds} for word in topic):
        topic, found = [], _about(engines, whole, [], unread=unread)
    if not found and topic and nearest and not plan.listing:
        hits = find(engines, plan, filters, SAVED_HITS)
        near = {hit.path for hit in hits if hit.score >= SAVED_SHARE * hits[0].score}
        found = tuple(one for one in there(engines, filters) if one.path in near)
        note = f"no file has all of the words {', '.join(topic)}: those that are most about it"
        return Selection(found, "by likeness", (*plan.notes, note))
    if plan.limit:
        first = in_order(engines, found, plan, day=lambda one: one.day, size=lambda one: one.size)
        found = tuple(sorted(first, key=lambda one: one.path))
    reading = [told(whole), f"with the words {', '.join(topic)}" if topic else ""]
    return Selection(found, " ".join(filter(None, reading)), plan.notes)


def _united(parts: Sequence[Selection], notes: tuple[str, ...]) -> Selection:
    """The files of several sets, each once."""
    found = {one.path: one for part in parts for one in part.entries}
    entries = tuple(found[path] for path in sorted(found))
    return Selection(entries, "; and ".join(part.reading for part in parts), notes)


def within_sort(engines: Engines, plan: QueryPlan, filters: Filters) -> tuple[QueryPlan, Filters]:
    """A listing of a sort of documents that is no kind ("poems"): the files that are called so.

    Name, folders, title or the beginning of the text do, in whatever language. Where none does,
    plan and filters stay as they are: then the sort is a word to look for.
    """
    from lsfs.index.asked.questionframe import sort_of
    from lsfs.index.find.folding import fold

    sort = sort_of(plan.query) if plan.listing and not plan.kinds else ""
    called = _called(engines, filters, sort) if sort else ()
    words, count = plan.query.split(), len(sort.split())
    places = (
        n for n in range(len(words)) if fold(" ".join(words[n : n + count])).strip(" .,;?!") == sort
    )
    at = next(places, None) if called else None
    if at is None:
        return plan, filters
    rest = " ".join((*words[:at], *words[at + count :]))
    return replace(plan, query=rest), replace(filters, ids=called)


def _called(engines: Engines, filters: Filters, sort: str) -> tuple[int, ...]:
    """Ids of the files that are called so, by any word of the sort's family."""
    from lsfs.index.asked.sortwords import sort_kin
    from lsfs.index.find.filters import BEGINNING
    from lsfs.index.find.sqlwords import holds_any

    terms = "\n".join((sort, *sorted(sort_kin(sort))))
    holding = _holding(engines, [sort])  # the index is quick; only these are looked at
    rows = _rows(
        engines,
        "SELECT d.id FROM document d WHERE d.id IN (SELECT value FROM json_each(?)) "  # noqa: S608
        "AND (holds_any(?, d.title) OR EXISTS (SELECT 1 FROM passage p WHERE p.document_id = d.id "
        f"AND p.ordinal = 0 AND holds_any(?, substr(p.text, 1, {BEGINNING}))))",
        json.dumps(sorted(holding)),
        terms,
        terms,
    )
    beginning = {row[0] for row in rows}
    return tuple(
        one.id
        for one in there(engines, filters, unread=True)
        if one.document_id in beginning or holds_any(terms, one.path)
    )


def topic_of(plan: QueryPlan) -> list[str]:
    """The words of a question that say more than the kind of files asked for.

    A lease is a contract, but whoever asks for leases does not want all contracts.
    """
    from lsfs.index.facts.dates import fold
    from lsfs.index.facts.kindwords import broad_names
    from lsfs.index.find.terms import query_words

    broad = {name for kind in plan.kinds for name in broad_names(kind)}
    return [word for word in query_words(plan.query) if fold(word) not in broad]


def in_order(
    engines: Engines,
    files: Sequence[File],
    plan: QueryPlan,
    *,
    day: Callable[[File], str],
    size: Callable[[File], int],
) -> list[File]:
    """Files in the order asked for, as many as are asked for; undated ones come last.

    So do those that state no amount; amounts of the commonest currency come first.
    """
    ordered = list(files)
    if plan.sort in ("dearest", "cheapest"):
        amounts = _amounts(engines, [file.path for file in files])
        common = Counter(unit for _, unit in amounts.values())
        stating = [file for file in files if file.path in amounts]
        stating.sort(key=lambda file: amounts[file.path][0], reverse=plan.sort == "dearest")
        stating.sort(key=lambda file: (-common[amounts[file.path][1]], amounts[file.path][1]))
        ordered = [*stating, *(file for file in files if file.path not in amounts)]
        return ordered[: plan.limit] if plan.limit else ordered
    if plan.sort in ("newest", "oldest"):
        dated = [file for file in files if day(file)]
        dated.sort(key=day, reverse=plan.sort == "newest")
        ordered = [*dated, *(file for file in files if not day(file))]
    elif plan.sort:
        ordered.sort(key=size, reverse=plan.sort == "largest")
    return ordered[: plan.limit] if plan.limit else ordered


def _amounts(engines: Engines, paths: Sequence[str]) -> dict[str, tuple[Decimal, str]]:
    """What the documents come to that state it, and in which currency: the surest amount."""
    from lsfs.index.fields.meant import MAIN_AMOUNTS

    found: dict[str, tuple[Decimal, str]] = {}
    for first in range(0, len(paths), AT_ONCE):
        some = [os.fsencode(path) for path in paths[first : first + AT_ONCE]]
        marks = ", ".join("?" * len(some))
        rows = _rows(
            engines,
            "SELECT f.path, (SELECT v.normal FROM field v, json_each(?) AS n WHERE v.name = "  # noqa: S608
            "n.value AND v.document_id = f.document_id ORDER BY n.key, v.confidence DESC, "
            f"v.char_start LIMIT 1) FROM file f WHERE f.path IN ({marks})",
            json.dumps(MAIN_AMOUNTS),
            *some,
        )
        for path, normal in rows:
            number, _, unit = (normal or "").partition(" ")
            if number:
                found[os.fsdecode(path)] = Decimal(number), unit
    return found


def told(filters: Filters) -> str:
    """Conditions in words."""
    if filters == Filters(dir=filters.dir):
        return f"all files below {filters.dir}" if filters.dir else "all files"
    parts = [f"every {' or '.join(filters.kinds) or 'document'}"]
    parts += [f"of type {' or '.join(filters.types)}"] if filters.types else []
    parts += [f"in {' or '.join(filters.languages)}"] if filters.languages else []
    parts += [" or ".join(filters.date_kinds)] if filters.date_kinds else []
    parts += [f"from {filters.after}"] if filters.after else []
    parts += [f"before {filters.before}"] if filters.before else []
    parts += [f"by {filters.author}"] if filters.author else []
    parts += [f"to {filters.recipient}"] if filters.recipient else []
    parts += [f"with {' and '.join(filters.people)}"] if filters.people else []
    for name in ("min_bytes", "max_bytes", "min_pages", "max_pages"):
        bound = getattr(filters, name)
        parts += [f"{name.replace('_', ' ')} {bound}"] if bound is not None else []
    for amount in filters.amounts:
        bounds = (("from", amount.least), ("to", amount.most))
        parts += [f"{amount.field} {word} {at:,.2f}" for word, at in bounds if at is not None]
    parts += [f"below {filters.dir}"] if filters.dir else []
    out = (*filters.not_kinds, *filters.not_types, *filters.not_languages, *filters.not_titles,
           *filters.not_words, *filters.not_authors, *filters.not_recipients,
           *filters.not_dirs)  # fmt: skip
    parts += [f"without {', '.join(out)}"] if out else []
    return " ".join(parts)


def _about(
    engines: Engines, filters: Filters, topic: Sequence[str], *, unread: bool
) -> tuple[Entry, ...]:
    if not topic:
        return there(engines, filters, unread=unread)
    from lsfs.index.find.scope import entries
    from lsfs.index.find.sqlwords import holds_any

    holding = _holding(engines, topic)
    fitting = (
        one
        for one in entries(engines.catalog, filters)
        if one.document_id in holding
        # A picture without text has no words but those of its path.
        or (one.document_id is None and all(holds_any(word, one.path) for word in topic))
    )
    return tuple(one for one in fitting if engines.is_there(one.path))


def _holding(engines: Engines, words: Sequence[str]) -> set[int]:
    """The documents that hold all words, or for each one of its kin, in text, name or title."""
    from lsfs.index.asked.sortwords import sort_kin
    from lsfs.index.facts.kindwords import kin

    found: set[int] | None = None
    for word in words:
        terms = " OR ".join(f'"{term}"' for term in sorted({word, *kin(word), *sort_kin(word)}))
        rows = _rows(
            engines,
            "SELECT p.document_id FROM passage_fts CROSS JOIN passage p "
            "ON p.id = passage_fts.rowid WHERE passage_fts MATCH ? UNION "
            "SELECT f.document_id FROM file_fts CROSS JOIN file f ON f.id = file_fts.rowid "
            "WHERE file_fts MATCH ?",
            terms,
            terms,
        )
        holding = {row[0] for row in rows if row[0] is not None}  # a photo has no document
        found = holding if found is None else found & holding
    return found or set()


def there(engines: Engines, filters: Filters, *, unread: bool = False) -> tuple[Entry, ...]:
    """The files that pass the filters and are on the disk; ``unread`` as of :func:`selected`."""
    from lsfs.index.find.scope import entries

    found = entries(engines.catalog, filters, unread=unread)
    return tuple(one for one in found if engines.is_there(one.path))


def _rows(engines: Engines, query: str, *values: object) -> list[Any]:
    with engines.catalog.lock:
        return engines.catalog.db.execute(query, values).fetchall()
