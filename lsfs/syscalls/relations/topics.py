"""Topics of a drive for those who ask, and in the background."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import ContextTooLong, ModelMissing
from lsfs.index.groups.grouped import FileGroup, GroupedFile
from lsfs.syscalls.engines import Call, Engines
from lsfs.syscalls.group import GroupRequest

if TYPE_CHECKING:
    from lsfs.index.find.scope import Entry
    from lsfs.index.find.stores import Vectors
    from lsfs.index.groups.cluster import Matrix
    from lsfs.index.groups.topics import Branch, Topic

READ = 8  # documents of a topic that the model sees
SEEN_CHARS = 240  # of each
LONGEST_NAME = 40
MOST_WORDS = 5
BACKGROUND_LEAST = 6  # documents below which nobody waits for topics


def by_topic(
    call: Call, request: GroupRequest, entries: Sequence[Entry]
) -> tuple[list[FileGroup], tuple[str, ...]]:
    """The topics of the files, the largest first, and what is to be said of them.

    Topics of the whole drive are stored and stay; those of a part are found each time.

    Raises:
        ModelMissing: names of the model are asked for, and there is none.
    """
    from lsfs.index.groups import topics

    engines = call.engines
    by, vectors = _basis(engines)
    notes = () if vectors is not None else ("no embedding model: topics by the words of the files",)
    whole = _is_whole(request)
    if whole and not engines.catalog.read_only:
        k = request.k or None
        topics.refresh(engines.catalog, vectors, by, k=k, anew=request.anew)
        if request.name_with_model:
            _name(call)
    if whole and topics.found(engines.catalog):
        return _stored(engines, entries), notes
    documents = {entry.document_id for entry in entries if entry.document_id is not None}
    known = topics.directions(engines.catalog, vectors, documents)
    branches = topics.tree(known.x, request.k) if len(known.ids) else []
    topics.label_all(engines.catalog, branches, known)
    files = _files(entries)
    groups: list[FileGroup] = []
    for branch in branches:
        groups += _of_branch(branch, (), known.ids.tolist(), files)
    return groups, notes


def follow_topics(engines: Engines) -> None:
    """Keep topics in step with the index, where all that is to be read was read."""
    from lsfs.index.groups import topics

    counts = engines.catalog.counts()
    by, vectors = _basis(engines)
    if counts.pending or counts.files < BACKGROUND_LEAST or not topics.is_due(engines.catalog, by):
        return
    if topics.refresh(engines.catalog, vectors, by):
        engines.catalog.bump()


class PlacedFiles(Struct, frozen=True):
    """Files with the directions of their documents.

    Attributes:
        paths: [n].
        x: float32, [n, dimension], of length 1.
        told: title and date of each path.
    """

    paths: list[str]
    x: Matrix
    told: dict[str, tuple[str, str]]


def directions_of(engines: Engines, paths: Collection[str]) -> PlacedFiles:
    """The directions of the files that have one."""
    import os

    from lsfs.index.groups import topics

    with engines.catalog.lock:
        rows = engines.catalog.db.execute(
            "SELECT f.path, f.document_id, d.title, f.day FROM file f "
            "JOIN document d ON d.id = f.document_id ORDER BY f.path"
        ).fetchall()
    files = [(os.fsdecode(raw), *rest) for raw, *rest in rows]
    files = [file for file in files if file[0] in paths]
    _, vectors = _basis(engines)
    known = topics.directions(engines.catalog, vectors, {file[1] for file in files})
    row_of = {document: row for row, document in enumerate(known.ids.tolist())}
    files = [file for file in files if file[1] in row_of]
    told = {path: (title, day) for path, _, title, day in files}
    return PlacedFiles(list(told), known.x[[row_of[file[1]] for file in files]], told)


def _basis(engines: Engines) -> tuple[str, Vectors | None]:
    """What directions are made of: the embedder's name and the vectors, or words."""
    from lsfs.index.groups.topics import WORDS

    if engines.embedder is None or engines.search.vectors is None:
        return WORDS, None
    return engines.embedder.name, engines.search.vectors


def _is_whole(request: GroupRequest) -> bool:
    plain = GroupRequest(request.key)
    return (
        replace(request, k=0, anew=False, save="", wait=False, model=False, name_with_model=False)
        == plain
    )


def _files(entries: Collection[Entry]) -> dict[int, list[str]]:
    files: dict[int, list[str]] = {}
    for entry in entries:
        if entry.document_id is not None:
            files.setdefault(entry.document_id, []).append(entry.path)
    return files


def _of_branch(
    branch: Branch, within: tuple[str, ...], ids: list[int], files: dict[int, list[str]]
) -> list[FileGroup]:
    if branch.parts:
        inner = (*within, branch.label)
        return [one for part in branch.parts for one in _of_branch(part, inner, ids, files)]
    grouped = [
        GroupedFile(path, "by topic")
        for row in branch.members.tolist()
        for path in files.get(ids[row], ())
    ]
    group = FileGroup.of(branch.label, grouped)
    return [replace(group, within=within, terms=branch.terms)] if grouped else []


def _stored(engines: Engines, entries: Sequence[Entry]) -> list[FileGroup]:
    from lsfs.index.groups import topics

    known = {topic.id: topic for topic in topics.topics(engines.catalog)}
    placed = topics.placed(engines.catalog)
    members: dict[int, list[GroupedFile]] = {}
    for entry in entries:
        at = placed.get(entry.document_id or 0)
        if at is not None and at[0] in known:
            file = GroupedFile(entry.path, f"likeness {at[1]:.2f}", score=round(at[1], 4))
            members.setdefault(at[0], []).append(file)
    groups = []
    for id_, files in members.items():
        ranked = sorted(files, key=lambda file: (-file.score, file.path))
        group = FileGroup.of(known[id_].shown, ranked, ranked=True)
        within = _above(known[id_], known)
        groups.append(replace(group, within=within, terms=known[id_].terms))
    return _in_order(groups)


def _above(topic: Topic, known: dict[int, Topic]) -> tuple[str, ...]:
    above: list[str] = []
    while topic.parent is not None:
        topic = known[topic.parent]
        above.append(topic.shown)
    return tuple(reversed(above))


def _in_order(groups: list[FileGroup]) -> list[FileGroup]:
    """Groups by the sizes of the widest topics, then of the narrower ones."""
    sizes: dict[tuple[str, ...], int] = {}
    for group in groups:
        path = (*group.within, group.label)
        for depth in range(1, len(path) + 1):
            sizes[path[:depth]] = sizes.get(path[:depth], 0) + group.count

    def rank(group: FileGroup) -> list[tuple[int, str]]:
        path = (*group.within, group.label)
        return [(-sizes[path[:depth]], path[depth - 1]) for depth in range(1, len(path) + 1)]

    return sorted(groups, key=rank)


# --- names by the language model


def _name(call: Call) -> None:
    """Let the model name the topics that have no name yet, in words that their files have."""
    from lsfs.index.groups import topics

    chat = call.engines.chat
    if chat is None:
        raise ModelMissing("no language model is installed", hint="see: lsfs config get model.chat")
    catalog = call.engines.catalog
    known = topics.topics(catalog)
    taken = {topic.shown for topic in known}
    for done, topic in enumerate(known, 1):
        call.check()
        if not topic.name:
            name = _asked(call, topic)
            if name and name not in taken:
                topics.call_it(catalog, topic, name)
                taken.add(name)
        call.emit({"stage": "naming topics", "done": done, "total": len(known)})


def _asked(call: Call, topic: Topic) -> str:
    """What the model calls a topic; "" where it says what the files do not."""
    from lsfs.index.groups import documents, topics
    from lsfs.llm.answers.orders import speaks_to_a_model

    chat, catalog = call.engines.chat, call.engines.catalog
    if chat is None:
        return ""
    chosen = topics.typical(catalog, topic.id, READ)
    texts = [text for _, text in documents.beginnings(catalog, chosen)]
    seen = [text[:SEEN_CHARS] for text in texts if not speaks_to_a_model(text)]
    about = ", ".join(topic.terms[:6])
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": LONGEST_NAME}},
        "required": ["title"],
    }
    try:
        text = chat.fill(
            f"What is a title of two or three words for texts about {about}?", seen[:3], schema,
            call.cancelled,
        )  # fmt: skip
    except ContextTooLong:
        return ""
    return grounded(_title(text), [*texts, *topic.terms])


def _title(text: str) -> str:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return ""
    title = found.get("title") if isinstance(found, dict) else None
    return " ".join(title.split()) if isinstance(title, str) else ""


def grounded(title: str, texts: Sequence[str]) -> str:
    """A title whose every word stands in the texts, one of them telling; "" for any other."""
    from lsfs.index.groups.labels import is_term

    if len(title) >= LONGEST_NAME - 1 or title[-1:] in ("", ",", ";", ":", "-"):
        return ""  # cut short by the grammar
    words = re.findall(r"[^\W_]+", title.casefold())
    known = {word for text in texts for word in re.findall(r"[^\W_]+", text.casefold())}
    if not words or not all(word in known for word in words) or not any(map(is_term, words)):
        return ""
    return title if len(words) <= MOST_WORDS else ""
