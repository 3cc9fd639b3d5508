"""The summary of several files: what kinds there are, of when, of whom, and a line of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lsfs.model import Citation, FieldValue, Statement
from lsfs.summaries import Summary, SummaryPart
from lsfs.syscalls.summary.summary_document import SURE, Source, of_document, stated_values, text_of

if TYPE_CHECKING:
    from lsfs.index.find.scope import Entry
    from lsfs.syscalls.engines import Call
    from lsfs.syscalls.summary.summary_kept import SummaryStore

LINES = {"line": 0, "paragraph": 8, "page": 40, "report": 60}
NAMED = 6  # parties and topics
READ_FOR_PARTIES = 2_000  # files


def of_set(
    call: Call, store: SummaryStore, entries: Sequence[Entry], length: str, title: str
) -> Summary:
    """What several files are about.

    Args:
        entries: the files, in the order in which they are named.
        title: what they are together.
    """
    read = [one for one in entries if one.document_id is not None]
    writer = _SetWriter(call)
    writer.head(entries)
    shown = _spread(read, LINES[length])
    nodes = computed = 0
    for at, entry in enumerate(shown):
        call.check()
        call.emit({"stage": "summarizing", "done": at, "total": len(shown)})
        of_file = "paragraph" if length == "report" else "line"
        assert entry.document_id is not None  # noqa: S101 - as chosen above
        found = of_document(call, store, Source(entry.path, entry.document_id, entry.kind), of_file)
        nodes += found.nodes
        computed += found.computed
        writer.file(entry, found, whole=length == "report")
    notes = []
    if shown and len(read) > len(shown):
        notes.append(f"{len(read) - len(shown)} more files are counted, and not shown one by one")
    if len(entries) > len(read):
        notes.append(f"{len(entries) - len(read)} files without text are counted only")
    made = writer.summary(length)
    paths = tuple(entry.path for entry in entries)
    return replace(
        made, title=title, notes=tuple(notes), paths=paths, nodes=nodes, computed=computed
    )


def _spread(entries: Sequence[Entry], most: int) -> list[Entry]:
    """The files that are shown: all, or some of each kind, in their order."""
    if len(entries) <= most:
        return list(entries)
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    chosen: list[Entry] = []
    queues = sorted(by_kind.values(), key=len, reverse=True)
    while len(chosen) < most:
        for queue in queues:
            if queue and len(chosen) < most:
                chosen.append(queue.pop(0))
    return sorted(chosen, key=lambda one: one.path)


class _SetWriter:
    def __init__(self, call: Call) -> None:
        self._call = call
        self._citations: list[Citation] = []
        self._statements: list[Statement] = []
        self._parts: list[SummaryPart] = []

    def head(self, entries: Sequence[Entry]) -> None:
        """How many of what kind, of which time, of whom, about what; counted, so without quotes."""
        said = [self._say(_kinds(entries))]
        days = sorted(one.day for one in entries if one.day)
        if days:
            span = f"from {days[0]} to {days[-1]}" if days[0] != days[-1] else f"of {days[0]}"
            said.append(self._say(f"Dated {span} ({len(days)} of {len(entries)} state a date)."))
        parties = list(self._parties(entries))
        if parties:
            said.append(self._say(*self._of_parties(parties)))
        topics = _topics(self._call, entries)
        if topics:
            said.append(self._say(f"Topics: {'; '.join(topics)}."))
        self._parts.append(SummaryPart("", tuple(said)))

    def file(self, entry: Entry, found: Summary, *, whole: bool) -> None:
        """What a file says, in a line or, ``whole``, as it is."""
        about = ", ".join(part for part in (entry.kind, entry.day) if part)
        head = f"{entry.path} ({about})" if about else entry.path
        if whole:
            base = len(self._citations)
            self._citations += found.citations
            numbers = []
            for one in found.statements:
                shifted = tuple(base + n for n in one.citations)
                numbers.append(self._append(replace(one, citations=shifted)))
            self._parts.append(SummaryPart(head, tuple(numbers)))
            return
        line = found.statements[0].text if found.statements else "no text"
        number = self._say(f"{head}: {line}", found.citations[:1])
        last = self._parts[-1]
        if last.heading == "Files":
            self._parts[-1] = replace(last, statements=(*last.statements, number))
        else:
            self._parts.append(SummaryPart("Files", (number,), listed=True))

    def summary(self, length: str) -> Summary:
        """What was put together."""
        statements, parts = tuple(self._statements), tuple(self._parts)
        return Summary(
            text_of(parts, statements),
            "extractive",
            length,
            grounded=bool(statements),
            citations=tuple(self._citations),
            statements=statements,
            parts=parts,
        )

    def _say(self, said: str, citations: Sequence[Citation] = ()) -> int:
        base = len(self._citations)
        self._citations += citations
        return self._append(Statement(said, tuple(range(base, len(self._citations))), True))

    def _append(self, statement: Statement) -> int:
        self._statements.append(statement)
        return len(self._statements) - 1

    def _parties(self, entries: Sequence[Entry]) -> Iterator[tuple[str, FieldValue]]:
        for entry in entries[:READ_FOR_PARTIES]:
            if entry.document_id is not None:
                for one in stated_values(self._call, entry.document_id):
                    if one.name == "party" and one.confidence >= SURE:
                        yield entry.path, one

    def _of_parties(self, found: Sequence[tuple[str, FieldValue]]) -> tuple[str, list[Citation]]:
        """The parties that most files name, each with the place of one of them."""
        from lsfs.syscalls.relations.evidence import Quotes

        quotes = Quotes(self._call.engines.catalog)
        files: dict[str, set[str]] = {}
        first: dict[str, tuple[str, FieldValue]] = {}
        for path, one in found:
            files.setdefault(one.normal, set()).add(path)
            first.setdefault(one.normal, (path, one))
        common = sorted(files, key=lambda name: (-len(files[name]), name))
        named, citations = [], []
        for name in common[:NAMED]:
            path, one = first[name]
            count = len(files[name])
            named.append(f"{' '.join(one.value.split())} ({count})")
            place = quotes.evidence(path, one)
            citations.append(
                Citation(path, one.page, one.line, one.line, " ".join(place.quote.split()),
                         one.where)
            )  # fmt: skip
        more = f", and {len(common) - NAMED} more" if len(common) > NAMED else ""
        return f"Parties, with how many files name them: {', '.join(named)}{more}.", citations


def _kinds(entries: Sequence[Entry]) -> str:
    kinds = Counter(one.kind or one.suffix or "other" for one in entries)
    parts = [f"{count} {kind}" for kind, count in kinds.most_common()]
    count = "1 file" if len(entries) == 1 else f"{len(entries)} files"
    return f"{count}: {', '.join(parts)}."


def _topics(call: Call, entries: Sequence[Entry]) -> list[str]:
    """The widest topics that most of the files belong to; none while the index knows none."""
    ids = {one.document_id for one in entries if one.document_id is not None}
    with call.engines.catalog.lock:
        rows = call.engines.catalog.db.execute(
            "SELECT d.document_id, t.label, t.name FROM document_topic d "
            "JOIN topic t ON t.id = d.topic_id"
        ).fetchall()
    counts = Counter(name or label for id_, label, name in rows if id_ in ids)
    return [f"{label} ({count})" for label, count in counts.most_common(NAMED)]
