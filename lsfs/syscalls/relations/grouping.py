"""How a grouping is computed, kept as a directory, and kept up to date."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lsfs import codec, paths
from lsfs.errors import LsfsError, ModelMissing, UsageError
from lsfs.index.find.filters import Filters
from lsfs.index.groups.grouped import FileGroup, GroupedFile, SavedGroup, at_most
from lsfs.model import Hit
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.group import GroupRequest, Groups, IntegratedRequest, SemanticGroupRequest
from lsfs.syscalls.names import is_name
from lsfs.syscalls.retrieve import (
    SAVED_HITS,
    SAVED_SHARE,
    pending_note,
    read_query,
)
from lsfs.syscalls.selection import Selection, selected

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definitions
    from lsfs.index.fields.meant import Source

log = logging.getLogger("lsfs.syscalls.relations.grouping")

KEYWORD, TOPIC = "keyword", "topic"
# Words for a key of ours, or for a day in German, that files also set before values of their own.
_LABELS_TOO = frozenset(("tag", "tags", KEYWORD, "keywords"))
QUOTE_CHARS = 160


def groups(call: Call, request: GroupRequest) -> Groups:
    """The groups of a request.

    Raises:
        UsageError: no such key, option or filter.
        ModelMissing: a model is asked for, and there is none.
    """
    from lsfs.index.groups.attributes import ATTRIBUTES, period_named

    request = _in_words(request)
    key, _, option = request.key.strip().partition(":")
    key = key.strip().casefold()
    if not key:
        raise UsageError("group by what?", hint="for example: lsfs group type")
    if key in _LABELS_TOO and not request.keyword:
        labelled = _as_label(call, request, key)
        if labelled is not None:
            return labelled
    if not option and (part := period_named(key)):
        key, option = "date", part
    attribute = ATTRIBUTES.get(key)
    scope = _scope(call, request, unread=attribute is not None and attribute.unread)
    notes: tuple[str, ...] = ()
    if attribute is not None:
        from lsfs.index.groups.attributes import by_attribute

        found = by_attribute(call.engines.catalog, scope.entries, key, option.strip())
        missing = attribute.missing
    elif key in (TOPIC, "topics"):
        from lsfs.syscalls.relations.topics import by_topic

        found, notes = by_topic(call, request, scope.entries)
        missing = "have no text, or are not read yet"
    elif key in (KEYWORD, "keywords"):
        found, missing = _by_keywords(call, request, scope), ""
    else:
        found, notes, missing = _by_meaning(call, request, scope, key, option.strip())
    if key not in (TOPIC, "topics"):
        found = at_most(found, request.k)
    return _result(call, request, scope, found, notes, missing)


def _as_label(call: Call, request: GroupRequest, key: str) -> Groups | None:
    """The groups of a word that means more than a label; None where no file has that label."""
    scope = _scope(call, request, unread=False)
    found, _, missing = _by_meaning(call, request, scope, key, "")
    found = at_most(found, request.k)
    return _result(call, request, scope, found, (), missing) if found else None


def _result(
    call: Call,
    request: GroupRequest,
    scope: Selection,
    found: list[FileGroup],
    notes: tuple[str, ...],
    missing: str,
) -> Groups:
    grouped = {file.path for group in found for file in group.files}
    rest = tuple(entry.path for entry in scope.entries if entry.path not in grouped)
    if rest and missing:
        notes = (*notes, f"{len(rest)} of {len(scope.entries)} files {missing}")
    notes = (*scope.notes, *notes, *pending_note(call.engines))
    return Groups(request.key, tuple(found), rest, len(scope.entries), notes)


def _in_words(request: GroupRequest) -> GroupRequest:
    """A request as it is said: in "invoices by supplier" the first words say which files."""
    which, _, key = f" {request.key.strip()}".rpartition(" by ")
    if not key.strip():
        return request
    asked = " ".join(filter(None, (request.query, which.strip())))
    return replace(request, key=key.strip(), query=asked)


def _scope(call: Call, request: GroupRequest, *, unread: bool) -> Selection:
    """The files that are to be grouped."""
    given = {
        "dir": paths.relative(request.dir), "after": request.after, "before": request.before,
        "types": request.type, "kinds": request.kind, "author": request.author,
    }  # fmt: skip
    return selected(call.engines, request.query, given, unread=unread, nearest=True)


# --- by words


def _by_keywords(call: Call, request: GroupRequest, scope: Selection) -> list[FileGroup]:
    from lsfs.index.groups.keywords import holding, parsed

    words = parsed(request.keyword)
    catalog = call.engines.catalog
    if request.condition != "each":
        files = holding(catalog, words, request.condition, scope.entries)
        label = f" {request.condition} ".join(word.said for word in words)
        return [FileGroup.of(label, files)] if files else []
    found = []
    for word in words:
        call.check()
        files = holding(catalog, [word], "or", scope.entries)
        found += [FileGroup.of(word.said, files)] if files else []
    return found


def about(call: Call, request: SemanticGroupRequest) -> Groups:
    """The files that are about a query, the nearest first.

    Raises:
        UsageError: a filter that is none, or a number of files.
    """
    engines = call.engines
    filters = Filters(dir=paths.relative(request.dir))
    if request.k < 0:
        raise UsageError("k must be at least 0")
    most = request.k or SAVED_HITS
    semantic = engines.embedder is not None
    hits = engines.search.hits(
        request.query, k=most + 10, mode="semantic" if semantic else "keyword", filters=filters,
        min_score=request.min_score, per_file=1,
    )  # fmt: skip
    hits = [hit for hit in hits if engines.is_there(hit.path)][:most]
    if not (request.k or request.min_score):
        hits = [hit for hit in hits if hit.score >= SAVED_SHARE * hits[0].score]
    files = [
        GroupedFile(
            hit.path, "by meaning" if semantic else "by words",
            " ".join(hit.text.split())[:QUOTE_CHARS], hit.page, hit.line_start, hit.char_start,
            hit.char_end, hit.where, hit.score,
        )
        for hit in hits
    ]  # fmt: skip
    label = request.name or request.query
    group = [FileGroup.of(label, files, ranked=True)] if files else []
    notes = () if semantic else ("no embedding model: by words instead of meaning",)
    return Groups(request.query, tuple(group), (), len(files), (*notes, *pending_note(engines)))


def integrated(call: Call, request: IntegratedRequest) -> tuple[list[Hit], Groups]:
    """Passages about a query in the files that hold keywords, and these files as a group."""
    engines = call.engines
    wanted = GroupRequest(
        KEYWORD, dir=request.dir, keyword=request.keywords, condition=request.condition
    )
    held = groups(call, wanted)
    rows = (engines.catalog.file(file.path) for group in held.groups for file in group.files)
    ids = tuple(row.id for row in rows if row is not None)
    filters = Filters(dir=paths.relative(request.dir), ids=ids)
    hits = engines.search.hits(request.query, k=request.k, filters=filters) if ids else []
    hits = [replace(hit, explain={}) for hit in hits if engines.is_there(hit.path)]
    files = [
        GroupedFile(hit.path, "by words, then by meaning", page=hit.page, line=hit.line_start,
                    char_start=hit.char_start, char_end=hit.char_end, where=hit.where,
                    score=hit.score)
        for hit in hits
    ]  # fmt: skip
    group = [FileGroup.of(request.name or request.query, files, ranked=True)] if files else []
    return hits, Groups(request.query, tuple(group), files=held.files, notes=held.notes)


# --- by what files state


def _by_meaning(
    call: Call, request: GroupRequest, scope: Selection, key: str, option: str
) -> tuple[list[FileGroup], tuple[str, ...], str]:
    """The groups of a meaning; notes; and what is said of files that are in none."""
    from lsfs.index.fields.definitions import definitions
    from lsfs.index.fields.meant import source
    from lsfs.index.groups import stating

    known = definitions(call.engines.config.fields)
    one = source(key, known)
    if one.label:
        _seek(call, one, scope)
    if request.model:
        _ask_model(call, one, scope, known)
    found, own = stating.by_meaning(
        call.engines.catalog, scope.entries, one, option, model=request.model
    )
    notes: tuple[str, ...] = ()
    if own:
        notes = (f"{own} is a party in nearly all files, so taken for your own side",)
    hint = "" if request.model else " (the language model may find more: --model)"
    return found, notes, f"state no {key}{hint}"


def _seek(call: Call, one: Source, scope: Selection) -> None:
    """Read files for a field that they were not read for when they were indexed, each once."""
    from lsfs.index.fields import undefined
    from lsfs.index.find.scope import by_document

    catalog = call.engines.catalog
    if catalog.read_only:
        return
    (field,) = one.fields
    documents = set(by_document(scope.entries))
    documents -= undefined.known_documents(catalog, field, undefined.RULES)
    read = []
    for document_id, values in undefined.seek(catalog, one, documents):
        call.check()
        read.append((document_id, values))
        call.emit({"stage": "reading", "done": len(read), "total": len(scope.entries)})
    undefined.keep(catalog, field, undefined.RULES, read)


def _ask_model(call: Call, one: Source, scope: Selection, known: Definitions) -> None:
    """Let the model look into documents that state nothing by the rules, each once."""
    from lsfs.index.fields import undefined
    from lsfs.index.find.scope import by_document
    from lsfs.index.store import stated
    from lsfs.syscalls.relations.asked import asked_of_model

    engines = call.engines
    if engines.chat is None:
        raise ModelMissing("no language model is installed", hint="see: lsfs config get model.chat")
    catalog = engines.catalog
    field = one.fields[0]
    documents = set(by_document(scope.entries))
    documents -= undefined.known_documents(catalog, field, stated.MODEL)
    documents = documents.difference(*(_stating(engines, name) for name in one.fields))
    known = undefined.sought(one) if one.label else known
    for done, document_id in enumerate(sorted(documents), 1):
        call.check()
        with catalog.lock:
            has = stated.of_document(catalog.db, document_id)
        values = asked_of_model(
            catalog.load(document_id), [field], known, engines.chat, found=has,
            cancel=call.cancelled,
        )  # fmt: skip
        undefined.keep(catalog, field, stated.MODEL, [(document_id, list(values))])
        call.emit({"stage": "asking the model", "done": done, "total": len(documents)})


def _stating(engines: Engines, field: str) -> set[int]:
    """Documents that state a field by the rules."""
    with engines.catalog.lock:
        rows = engines.catalog.db.execute(
            "SELECT DISTINCT document_id FROM field WHERE name = ? AND rule <> 'model'", (field,)
        ).fetchall()
    return {row[0] for row in rows}


# --- kept as directories


def named(engines: Engines, name: str) -> GroupRequest:
    """The request that the name of a directory stands for.

    Raises:
        UsageError: it stands for none.
    """
    from lsfs.index.groups.keywords import terms_in

    asked = read_query(engines, name)
    rest, filters = asked.words, asked.filters
    if not rest:
        raise UsageError(f"nothing to group by: {name!r}", hint="for example: counterparty")
    first, _, others = rest.partition(" ")
    keywords: Iterable[str] = ()
    if first.casefold().rstrip("s:") == KEYWORD:
        rest, keywords = KEYWORD, terms_in(others)
    return GroupRequest(
        rest, dir=filters.dir, after=filters.after, before=filters.before, type=filters.types,
        kind=filters.kinds, author=filters.author, keyword=tuple(keywords),
    )  # fmt: skip


Request = GroupRequest | SemanticGroupRequest | IntegratedRequest


def keep(engines: Engines, name: str, request: Request, found: Groups) -> SavedGroup:
    """Keep groups as a directory.

    Raises:
        UsageError: the name cannot be one of a directory.
    """
    from lsfs.index.store.kept import Groupings, links

    if not is_name(name):
        raise UsageError(f"not a name for a group: {name!r}", hint="without slashes or a first dot")
    if isinstance(request, GroupRequest):
        request = replace(request, save="", wait=False, anew=False)
    saved = SavedGroup(
        name, codec.dumps({type(request).__name__: request}), engines.catalog.generation(),
        found.key, links(found.groups),
    )  # fmt: skip
    Groupings(engines.catalog).save(saved)
    return saved


def follow(call: Call) -> None:
    """Bring topics and kept groupings up to date; called when the index has changed."""
    from lsfs.syscalls.relations.topics import follow_topics

    try:
        follow_topics(call.engines)
    except LsfsError as error:
        log.error("the topics stay as they were: %s", error.message)
    refresh(call)


def refresh(call: Call) -> None:
    """Compute all kept groupings anew that are of an earlier state of the index."""
    from lsfs.index.store.kept import Groupings

    engines = call.engines
    current = engines.catalog.generation()
    for name, request, generation in Groupings(engines.catalog).all():
        if generation == current:
            continue
        try:
            _refresh(call, name, request)
        except LsfsError as error:
            log.error("the kept grouping %r stays as it was: %s", name, error.message)


def _refresh(call: Call, name: str, request: str) -> None:
    ((kind, values),) = json.loads(request).items()
    wanted = codec.from_builtins(values, _COMPUTED[kind][0])
    keep(call.engines, name, wanted, _COMPUTED[kind][1](call, wanted))


_COMPUTED: dict[str, tuple[type[Any], Callable[[Call, Any], Groups]]] = {
    "GroupRequest": (GroupRequest, groups),
    "SemanticGroupRequest": (SemanticGroupRequest, about),
    "IntegratedRequest": (IntegratedRequest, lambda call, request: integrated(call, request)[1]),
}
