"""Finding: by words, by meaning, by exact pattern; and queries that are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct
from msgspec.structs import replace

from lsfs import paths
from lsfs.conditions import REQUIRING, Conditions
from lsfs.errors import NotFound, UsageError
from lsfs.model import Document, Hit, QueryPlan, SavedSearch
from lsfs.places import Places
from lsfs.syscalls.done import Done
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.registry import Effect, Param, Tool, registry

if TYPE_CHECKING:
    from lsfs.index.find.filters import Filters
    from lsfs.index.find.search import Found

SAVED_HITS = 100  # passages looked at for a search directory
SAVED_SHARE = 0.4  # of the best score: a directory ends where the hits are much less about it
GREP_LIMIT = 10_000
SENTENCE = 5  # words beside its conditions that make a query a sentence
LONGEST_TYPED = 15  # words of a query that may have operators
NONE = Conditions()
FOLDED = 3  # times as many hits are looked at as are asked for, when some may be folded


class RetrieveRequest(Struct, frozen=True):
    """What to look for, and where."""

    query: Annotated[str, Param("what to look for, in words", words=True)]
    k: Annotated[int, Param("how many hits", flags=("-k",))] = 10
    mode: Annotated[str, Param("which arms to use", choices=("hybrid", "keyword", "semantic"))] = (
        "hybrid"
    )
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    after: Annotated[str, Param("only documents of this day or later, 2023-01-31")] = ""
    before: Annotated[str, Param("only documents before this day")] = ""
    date_field: Annotated[str, Param("which date counts", choices=("content", "mtime"))] = "content"
    type: Annotated[tuple[str, ...], Param("only files of this type: pdf, email, spreadsheet")] = ()
    kind: Annotated[tuple[str, ...], Param("only documents of this kind: contract, invoice")] = ()
    author: Annotated[str, Param("only documents of this author or sender")] = ""
    to: Annotated[str, Param("only mails and letters to this person")] = ""
    not_type: Annotated[tuple[str, ...], Param("no files of this type")] = ()
    not_kind: Annotated[tuple[str, ...], Param("no documents of this kind")] = ()
    not_dir: Annotated[tuple[str, ...], Param("nothing below this folder of the drive")] = ()
    without: Annotated[tuple[str, ...], Param("no files that hold this word or phrase")] = ()
    min_score: Annotated[float, Param("leave out hits below this score")] = 0.0
    rerank: Annotated[
        str,
        Param("let a model order the best hits: the reranker (model; auto: where one is set), or "
              "the language model (first, listwise)",
              choices=("auto", "none", "model", "first", "listwise")),
    ] = "auto"  # fmt: skip
    hyde: Annotated[
        bool, Param("search also for what the language model thinks an answer looks like")
    ] = False
    fold: Annotated[bool, Param("show one of files that say nearly the same")] = False
    explain: Annotated[bool, Param("show the parts of each score")] = False
    save: Annotated[str, Param("keep the query as a directory .lsfs/search/NAME")] = ""
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False
    at: Annotated[
        str, Param("search the drive as it was then: yesterday 15:00, 2026-11-24, 3 days ago")
    ] = ""


class Hits(Struct, frozen=True):
    """Passages found, best first; ``notes`` say how the query was read."""

    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()


@registry.syscall(
    command="search",
    examples=(
        'lsfs search "termination notice"',
        'lsfs search "rent" --type pdf --after 2023-01-01 -k 5',
        'lsfs search "contracts from 2023" --explain',
        "lsfs search 'lease -type:html on:2023'",
        'lsfs search "rent" --at "3 days ago"',
    ),
    writes_with="save",
    tools=(
        Tool(
            "search",
            "Find passages by words and by meaning, in all documents, with page and line. The "
            'query may have phrases ("…"), -word, type:pdf, kind:invoice, after:2023-05, path:.',
            leaves_out=(
                "mode",
                "date_field",
                "author",
                "to",
                "not_type",
                "not_kind",
                "not_dir",
                "without",
                "min_score",
                "rerank",
                "hyde",
                "fold",
                "explain",
                "save",
                "wait",
            ),
        ),
    ),
)
def retrieve(call: Call, request: RetrieveRequest) -> Hits:
    """Find the passages that answer a query, by words and by meaning.

    Time and kind in the query ("contracts from 2023") raise the documents they fit; ``--after``,
    ``--before``, ``--type``, ``--kind``, ``--dir`` and ``--author`` exclude all others, as do
    ``after:2023-05``, ``type:pdf``, ``-type:pdf``, ``-dir:archive``, ``size:>10mb``, ``pages:>20``,
    ``to:bob`` and ``-word`` in the query, and what it says it is not: "not drafts".
    With ``--at`` the files are those of that moment, with the names and the words that they had.

    Operators: "a phrase", "near each other"~5, begin*, +must -not, AND OR NOT (in capitals) with
    brackets, title: heading: path:. ``--rerank`` and ``--hyde`` ask the language model, which takes
    seconds; with the small one that comes with lsfs neither was seen to help.
    """
    from lsfs.syscalls.search import rerank
    from lsfs.syscalls.search.then import at_moment

    if request.k < 1:
        raise UsageError("k must be at least 1")
    if request.at and request.save:
        raise UsageError("a query of the past cannot be kept", hint="leave out --save or --at")
    engines = call.engines
    _catch_up(call, request.wait)
    asked = read_query(engines, request.query)
    filters = _within(asked.filters, request)
    plan = asked.plan
    with at_moment(call, request.at, wait=request.wait) as (then, notes):
        count = request.k * FOLDED if request.fold else request.k
        found = look_for(
            then.engines,
            plan,
            filters,
            max(count, rerank.looked_at(then, request.rerank)),
            mode=request.mode,
            min_score=request.min_score,
            words=asked.words,
            plain=asked.is_sentence,
            hypothetical=rerank.hypothetical(then, plan.query) if request.hyde else "",
            unread=True,
        )
        hits = rerank.ordered(then, plan.query, found.hits, request.rerank)[:count]
        if request.fold:
            hits = folded(then.engines, hits)[: request.k]
    if not request.explain:
        hits = [replace(hit, explain={}, scores={}) for hit in hits]
    if request.save:
        keep_search(engines, request.save, _written_out(request))
        notes = (*notes, *_not_kept(request))
    return Hits(tuple(hits), (*notes, *plan.notes, *found.notes, *pending_note(engines)))


def _written_out(request: RetrieveRequest) -> str:
    """The query with the options as its written filters, as which it can be kept."""
    given = (
        ("dir", (request.dir,)), ("after", (request.after,)), ("before", (request.before,)),
        ("type", request.type), ("kind", request.kind), ("author", (request.author,)),
        ("to", (request.to,)), ("-type", request.not_type), ("-kind", request.not_kind),
        ("-dir", request.not_dir), ("-word", request.without),
    )  # fmt: skip
    written = [
        f'{name}:"{value}"' for name, values in given for value in values if value.strip('" ')
    ]
    return " ".join((request.query, *written))


def _not_kept(request: RetrieveRequest) -> tuple[str, ...]:
    """A note on the options that a directory of hits has not."""
    plain = RetrieveRequest(request.query)
    names = ("mode", "date_field", "min_score", "rerank", "hyde", "fold")
    others = [name for name in names if getattr(request, name) != getattr(plain, name)]
    told = ", ".join(f"--{name.replace('_', '-')}" for name in others)
    return (f"kept as a directory without {told}",) if others else ()


def _within(asked: Filters, request: RetrieveRequest) -> Filters:
    """What the query itself leaves out, and what the options do."""
    return replace(
        asked,
        dir=paths.relative(request.dir) or asked.dir,
        after=request.after or asked.after,
        before=request.before or asked.before,
        date_field=request.date_field,
        types=request.type or asked.types,
        kinds=request.kind or asked.kinds,
        author=request.author or asked.author,
        recipient=request.to or asked.recipient,
        not_types=(*request.not_type, *asked.not_types),
        not_kinds=(*request.not_kind, *asked.not_kinds),
        not_dirs=(*map(paths.relative, request.not_dir), *asked.not_dirs),
        not_words=(*request.without, *asked.not_words),
    )


class SearchName(Struct, frozen=True):
    """A kept query."""

    name: Annotated[str, Param("name of the directory below .lsfs/search")]


@registry.syscall(effect=Effect.WRITE)
def save_search(call: Call, request: SearchName) -> Done:
    """Keep a query as a directory below ``.lsfs/search``; its name is the query.

    Parts between slashes narrow: ``contracts/after:2023-01-01/type:pdf``.
    """
    saved = keep_search(call.engines, request.name)
    return Done(f"{saved.name}: {len(saved.hits)} hits")


@registry.syscall(effect=Effect.WRITE)
def drop_search(call: Call, request: SearchName) -> Done:
    """Forget a kept query and what is nested in it; no file is touched."""
    if not call.engines.catalog.drop_search(request.name):
        raise NotFound(f"no kept query {request.name!r}")
    return Done(f"{request.name}: forgotten")


class GrepRequest(Struct, frozen=True):
    """What to match, and where."""

    pattern: Annotated[str, Param("a regular expression")]
    dir: Annotated[str, Param("only below this folder of the drive")] = ""
    ignore_case: Annotated[bool, Param("ignore case", flags=("-i",))] = False
    fixed: Annotated[bool, Param("the pattern is plain text", flags=("-F",))] = False


class Match(Struct, frozen=True):
    """A line that matches; ``line`` counts lines, rows or paragraphs, ``page`` pages or sheets.

    Attributes:
        where: the place as people write it; see lsfs.places.
    """

    path: str
    page: int | None
    line: int | None
    text: str
    where: str = ""


class Matches(Struct, frozen=True):
    """Lines found, by path and place; ``more`` says that the list was cut."""

    matches: tuple[Match, ...]
    more: bool = False


@registry.syscall(
    command="grep",
    examples=('lsfs grep -i "notice period"', "lsfs grep 'EUR [0-9,.]+'"),
    tools=(
        Tool("grep_files", "Find lines by a regular expression, also inside PDF and office "
             "documents; with page and line."),
    ),
)  # fmt: skip
def grep(call: Call, request: GrepRequest) -> Matches:
    """Find lines by exact text or regular expression, also inside PDF and office documents."""
    engines = call.engines
    engines.indexer.fresh(call.emit)
    flags = re.IGNORECASE if request.ignore_case else 0
    try:
        pattern = re.compile(
            re.escape(request.pattern) if request.fixed else request.pattern, flags
        )
    except re.error as error:
        raise UsageError(f"not a regular expression: {error}", hint="use -F for text") from None
    found: list[Match] = []
    for path, row in sorted(engines.catalog.files_below(paths.relative(request.dir)).items()):
        call.check()
        if row.document_id is None or not engines.tree.exists(path):
            continue
        found += _matches(engines.catalog.load(row.document_id), path, pattern)
        if len(found) >= GREP_LIMIT:
            return Matches(tuple(found[:GREP_LIMIT]), more=True)
    return Matches(tuple(found))


def _matches(document: Document, path: str, pattern: re.Pattern[str]) -> list[Match]:
    places = Places(document)
    found = []
    offset = 0
    for line in document.text.split("\n"):
        match = pattern.search(line)
        if match:
            at = offset + match.start()
            span = next(iter(places.spans(at, at + 1)), None)
            page, no = (span.page, span.line) if span else (None, None)
            found.append(Match(path, page, no, line, places.where(at, at + 1)))
        offset += len(line) + 1
    return found


# --- shared with ask and with the brain


def pending_note(engines: Engines) -> tuple[str, ...]:
    """What a result says when the index is not complete."""
    unread, unembedded = engines.catalog.waiting()
    return (
        *((f"files that are not read yet: {unread}",) if unread else ()),
        *((f"files that are found by words only so far: {unembedded}",) if unembedded else ()),
    )


def find(engines: Engines, plan: QueryPlan, filters: Filters, k: int) -> list[Hit]:
    """Hits of a question in words whose files are there at this moment."""
    return look_for(engines, plan, filters, k, plain=True).hits


def look_for(
    engines: Engines,
    plan: QueryPlan,
    filters: Filters,
    k: int,
    *,
    words: str = "",
    unread: bool = False,
    **options: Any,
) -> Found:
    """Hits of a planned query whose files are there at this moment.

    Args:
        words: the query as it was typed, if it may be read otherwise than the plan does: "photos of
            the beach" asks for photos, "converts Word files to PDF" for neither.
        unread: also files without text that fit, such as photos; of these nothing is quoted.
        options: see :meth:`lsfs.index.find.search.Search.find`.
    """
    if plan.sort and not plan.either:
        from lsfs.syscalls.search.ordered import by_order, sorted_hits

        found = by_order(engines, plan, filters, k, unread=unread, **options)
        if found is None:
            unsorted = replace(plan, sort="", limit=0)
            found = look_for(engines, unsorted, filters, k, words=words, unread=unread, **options)
            return replace(found, hits=sorted_hits(engines, plan, found.hits))
        return found
    if plan.either:
        found = _united(engines, plan.either, filters, k, unread=unread, **options)
        if found.hits or not words:
            return found
        plan = replace(plan, either=())
    found = _search(engines, plan, filters, k, **options)
    if unread and (plan.listing or filters.types):
        from lsfs.syscalls.search.unread import with_unread

        found = replace(found, hits=with_unread(engines, plan, filters, found.hits)[:k])
    if not words or not _requires(plan):
        return found
    is_sentence = len(plan.query.split()) >= SENTENCE
    if found.hits and not is_sentence:
        return found
    left_out = replace(plan, query=words, listing=False, **{n: getattr(NONE, n) for n in REQUIRING})
    others = _search(engines, left_out, filters, k, **options)
    if not found.hits:
        told = ("nothing fits that; these are without it",) if others.hits else ()
        return replace(others, notes=(*others.notes, *told))
    seen = {(hit.path, hit.char_start) for hit in found.hits}
    rest = [hit for hit in others.hits if (hit.path, hit.char_start) not in seen]
    return replace(found, hits=[*found.hits, *rest][:k])


def _united(
    engines: Engines, plans: Sequence[QueryPlan], filters: Filters, k: int, **options: Any
) -> Found:
    """Hits of several sets of files by turns, each passage once; before all what is in the sets."""
    whole = [filters.with_plan(plan, whole=True) for plan in plans]
    parts = [
        look_for(engines, plan, within, k, **options)
        for all_within in (whole, [filters] * len(plans))
        for plan, within in zip(plans, all_within, strict=True)
    ]
    best: dict[tuple[str, int], Hit] = {}
    for some in (parts[: len(plans)], parts[len(plans) :]):
        for turn in zip_longest(*(part.hits for part in some)):
            for hit in filter(None, turn):
                best.setdefault((hit.path, hit.char_start), hit)
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return replace(parts[0], hits=list(best.values())[:k], notes=tuple(notes))


def _requires(plan: QueryPlan) -> bool:
    """Whether words of a query were read as what files must be."""
    return any(getattr(plan, name) != getattr(NONE, name) for name in REQUIRING)


def _search(engines: Engines, plan: QueryPlan, filters: Filters, k: int, **options: Any) -> Found:
    from lsfs.index.find.fusion import STRONG
    from lsfs.index.find.preference import Preference

    prefer = Preference(
        plan.kinds,
        plan.after,
        plan.before,
        spans=plan.spans,
        date_kinds=plan.date_kinds,
        strong=plan.listing,
    )

    def find_in(query: str, *, whole: bool) -> Found:
        return engines.search.find(
            query, k=k, filters=filters.with_plan(plan, whole=whole), prefer=prefer,
            is_there=engines.is_there, **options,
        )  # fmt: skip

    words = plan.query.split()
    if not words and (plan.kinds or prefer.asks_days):
        # Without words the kind and the time are all that is asked for.
        found = find_in("", whole=True)
        if found.hits:
            return found
    found = find_in(plan.query, whole=False)
    by_both = options.get("mode", "hybrid") == "hybrid"
    if not (by_both and plan.kinds and _names_kinds(words)):
        return found
    # In whatever language they are: files of that kind, also where the word for it does not occur.
    known = {hit.path for hit in found.hits}
    others = [hit for hit in find_in("", whole=True).hits if hit.path not in known]
    hits = [*found.hits, *(replace(hit, score=STRONG, explain={"kind": STRONG}) for hit in others)]
    return replace(found, hits=sorted(hits, key=lambda hit: -hit.score)[:k])


def _names_kinds(words: Sequence[str]) -> bool:
    """Whether all that is looked for is documents of a kind: "invoices"."""
    from lsfs.index.facts.kinds import kinds_in

    return bool(words) and all(kinds_in([word]) for word in words)


def folded(engines: Engines, hits: list[Hit]) -> list[Hit]:
    """Hits without those of files that say nearly the same as one with an earlier hit."""
    from lsfs.index.find.duplicates import Comparison, representatives
    from lsfs.syscalls.duplicates import THRESHOLD

    documents = {hit.path: engines.catalog.file(hit.path) for hit in hits}
    known = {path: row.document_id for path, row in documents.items() if row and row.document_id}
    first = representatives(Comparison(engines.catalog), list(known.values()), THRESHOLD)
    shown: dict[int, str] = {}  # the path that is shown for a document
    similar: dict[str, list[str]] = {}
    kept = []
    for hit in hits:
        document = first.get(known.get(hit.path) or 0)
        stands = hit.path if document is None else shown.setdefault(document, hit.path)
        if stands == hit.path:
            kept.append(hit)
        elif hit.path not in similar.setdefault(stands, []):
            similar[stands].append(hit.path)
    return [replace(hit, similar=tuple(similar.get(hit.path, ()))) for hit in kept]


def keep_search(engines: Engines, name: str, query: str = "") -> SavedSearch:
    """Compute a kept query anew and store it.

    Args:
        name: its directory; parts between slashes are joined.
        query: the query, when the name is not the query itself.

    Raises:
        UsageError: the name cannot be a directory, or names an impossible filter.
    """
    if not name.strip("/") or name.startswith(("/", ".")) or "\0" in name or len(name) > 1000:
        raise UsageError(f"not a name for a query: {name!r}")
    asked = read_query(engines, query or name.replace("/", " "))
    best: dict[str, Hit] = {}
    hits = look_for(engines, asked.plan, asked.filters, SAVED_HITS, unread=True).hits
    for hit in hits:
        if hit.score >= SAVED_SHARE * hits[0].score:
            best.setdefault(hit.path, hit)
    saved = SavedSearch(name, engines.catalog.generation(), tuple(best.values()), query)
    engines.catalog.save_search(saved)
    return saved


class Asked(Struct, frozen=True):
    """A query as it was read: what is written as filters, and the plan of the rest."""

    filters: Filters
    plan: QueryPlan
    words: str
    is_sentence: bool = False  # too long for operators: what looks like one is none


def read_query(engines: Engines, query: str) -> Asked:
    """Read a query: its written filters (``type:pdf``), then the words beside them."""
    from lsfs.index.asked import question
    from lsfs.index.find.filters import Filters
    from lsfs.index.find.foldernames import is_folder, placed
    from lsfs.index.find.query import has_operators

    catalog = engines.catalog

    is_sentence = len(query.split()) > LONGEST_TYPED
    written = question.written(query, engines.today(), words=not is_sentence)
    if not is_sentence and has_operators(written.query):
        # It says itself what it means, and what it leaves out.
        written = question.written(query, engines.today(), words=False)
        plan = QueryPlan(query=written.query)
    else:
        plan = question.plan(
            written.query,
            engines.today(),
            words=not is_sentence,
            is_folder=lambda path: is_folder(catalog, path),
        )
    written, plan = placed(catalog, written), placed(catalog, plan)
    plan = replace(
        plan,
        sort=written.sort or plan.sort,
        limit=written.limit or plan.limit,
        notes=(*written.notes, *plan.notes),
    )
    return Asked(Filters.of(written), plan, written.query, is_sentence)


def _catch_up(call: Call, wait: bool) -> None:
    call.engines.indexer.fresh(call.emit)
    if wait:
        call.engines.indexer.wait(call.emit, None)
