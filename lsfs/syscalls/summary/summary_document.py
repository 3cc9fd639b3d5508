"""The summary of one document: its sentences, under its headings, each with its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace

from lsfs import codec
from lsfs.model import Block, BlockKind, Citation, Document, FieldValue, Statement, Table
from lsfs.places import Places
from lsfs.summaries import Summary, SummaryPart

if TYPE_CHECKING:
    from lsfs.llm.summary.summary_units import Span
    from lsfs.syscalls.engines import Call
    from lsfs.syscalls.summary.summary_kept import SummaryStore

VERSION = 1  # raised when the same document gives another summary
STATED_OF_A_FIELD = 3  # values of one field
STATED_MOST = 12  # of all
SURE = 0.5  # how sure a rule is, at least
# Kinds of documents that are about what they state: their values are their summary.
_FORMS = ("contract", "invoice", "receipt", "order", "quote", "statement")
_OF_ROWS = frozenset(("net", "tax"))  # mostly those of one row, or of a line that has the total
_NAMED = frozenset(
    ("party", "contract_number", "invoice_number", "order_number", "date", "start", "end", "due",
     "rent", "salary", "total")
)  # fmt: skip
_SHORT = 80  # characters of a heading
LONGEST_LINE = 300  # characters of a row or line that is told of
_TOTAL_ROW = re.compile(
    r"^.*\b(?:grand total|total|sum|balance|summe|gesamt|saldo|totale?|suma)\b.*\d.*$",
    re.IGNORECASE | re.MULTILINE,
)
# The first sentence of a docstring, or the first line of a comment.
_COMMENT = re.compile(
    r"(?:\"\"\"|'''|/\*+|//+|#(?!!)|--)\s*([^\W\d_][^\n]*?[.!?](?=\s|[\"'*]|$)|[^\W\d_][^\n\"*]*)"
)


class Source(Struct, frozen=True):
    """A file whose document is to be summed up."""

    path: str
    document_id: int
    kind: str = ""


def of_document(call: Call, store: SummaryStore, source: Source, length: str) -> Summary:
    """The extractive summary of a file; one that is kept is not made again.

    Raises:
        IndexCorrupt: the stored document cannot be read.
    """
    key = _key(call, source, length)
    body = store.get(key)
    if body is not None:
        kept = codec.loads(body, Summary)
        return replace(kept, computed=0)
    made = _made(call, store, source, length)
    store.put(key, codec.dumps(made).encode("ascii"))
    return made


def _key(call: Call, source: Source, length: str) -> bytes:
    """Stands for the content, the name and what the rules find in it."""
    with call.engines.catalog.lock:
        row = call.engines.catalog.db.execute(
            "SELECT digest, named, parser, parser_version, (SELECT group_concat(name || normal) "
            "FROM field WHERE document_id = document.id) FROM document WHERE id = ?",
            (source.document_id,),
        ).fetchone()
    from lsfs.llm.summary import summary_tree

    hasher = blake3(f"summary {VERSION} {summary_tree.VERSION} {length}\0".encode())
    for part in (source.path, source.kind, *(row or ())):
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        hasher.update(raw + b"\0")
    return hasher.digest(length=16)


def _made(call: Call, store: SummaryStore, source: Source, length: str) -> Summary:
    from lsfs.llm.summary.summary import Known, summarized
    from lsfs.llm.summary.summary_tree import digested

    document = call.engines.catalog.load(source.document_id)
    stated = stated_values(call, source.document_id)
    found = digested(document, store, call.check)
    title = document.title or PurePosixPath(source.path).name
    writer = Writer(source.path, document)
    values = _of_form(source.kind, stated)
    spared = 0
    if length in ("page", "report"):
        writer.stated(_certain(_telling(source.kind, stated)))
    elif values:
        spared = writer.form(title, values)
    names = f"{document.title} {PurePosixPath(source.path).stem}"
    said = tuple(one.value for one in values) if spared else ()
    known = Known(names, tuple(one.value for one in stated), said)
    if not _is_prose(document):
        writer.described(length)
    elif not (spared and length == "line"):
        spans = summarized(found, length, known, spared=spared)
        groups = [("", spans)] if length in ("line", "paragraph") else by_heading(document, spans)
        for heading, group in groups:
            writer.part(heading, group)
    if not writer.is_filled:
        writer.described(length)
    return replace(writer.summary(length), title=title, nodes=found.nodes, computed=found.computed)


def _is_prose(document: Document) -> bool:
    """Whether a document has more text than tables and code."""
    size = {True: 0, False: 0}
    for block in document.blocks:
        size[block.kind in (BlockKind.TABLE, BlockKind.CODE)] += len(block.text)
    return size[False] * 4 >= size[True]


def _of_form(kind: str, stated: Sequence[FieldValue]) -> list[FieldValue]:
    """What a form states: who, when, how much; none for what is no form, or states one field."""
    if kind not in _FORMS:
        return []
    found = [one for one in _certain(_telling(kind, stated)) if one.name in _NAMED]
    return found if len({one.name for one in found}) > 1 else []


def _certain(found: Sequence[FieldValue]) -> list[FieldValue]:
    """Without those of which it is not known which one is meant; parties are several."""
    several = Counter(one.name for one in found)
    return [
        one
        for one in found
        if one.name == "party" or (several[one.name] == 1 and one.name not in _OF_ROWS)
    ]


def stated_values(call: Call, document_id: int) -> list[FieldValue]:
    """What the rules of the index found stated in a document, surest first."""
    from lsfs.index.store import stated

    with call.engines.catalog.lock:
        return stated.of_document(call.engines.catalog.db, document_id)


def by_heading(document: Document, spans: Sequence[Span]) -> list[tuple[str, list[Span]]]:
    """The sentences under the headings that they stand below, in order."""
    starts = [block.char_start for block in document.blocks]
    groups: list[tuple[str, list[Span]]] = []
    for span in spans:
        block = document.blocks[max(0, bisect_right(starts, span[0]) - 1)]
        above = block.heading_path[1:2] or block.heading_path[:1]
        heading = " ".join(above[0].split())[:_SHORT] if above else ""
        if not groups or groups[-1][0] != heading:
            groups.append((heading, []))
        groups[-1][1].append(span)
    return groups


class Writer:
    """Puts a summary together from places of one document.

    Args:
        path: the file.
        document: what it says.
    """

    def __init__(self, path: str, document: Document) -> None:
        self._path = path
        self._document = document
        self._places = Places(document)
        self._citations: list[Citation] = []
        self._statements: list[Statement] = []
        self._parts: list[SummaryPart] = []

    def part(self, heading: str, spans: Iterable[Span]) -> None:
        """Sentences, as they stand."""
        numbers = []
        for start, end in spans:
            quote = " ".join(self._document.text[start:end].split())
            numbers.append(self._say(quote, start, end, quote))
        self._parts.append(SummaryPart(heading, tuple(numbers)))

    def stated(self, found: Sequence[FieldValue]) -> None:
        """The values that a document states, a line each."""
        numbers = []
        for one in found:
            start, end, quote = self._around(one)
            numbers.append(self._say(f"{_label(one.name)}: {_value(one)}", start, end, quote))
        if numbers:
            self._parts.append(SummaryPart("Stated", tuple(numbers), listed=True))

    def form(self, title: str, found: Sequence[FieldValue]) -> int:
        """The values of a form in one statement; returns how many words it has."""
        names = dict.fromkeys(one.name for one in found)
        said = [
            f"{_label(name)}: {', '.join(_value(one) for one in found if one.name == name)}"
            for name in names
        ]
        first = len(self._citations)
        for one in found:
            start, end, quote = self._around(one)
            self._citations.append(citation(self._path, self._places, start, end, quote))
        text = f"{' '.join(title.split())}: {'; '.join(said)}."
        self._statements.append(Statement(text, tuple(range(first, len(self._citations))), True))
        self._parts.append(SummaryPart("", (len(self._statements) - 1,)))
        return len(text.split())

    @property
    def is_filled(self) -> bool:
        """Whether anything has been said."""
        return bool(self._statements)

    def described(self, length: str) -> None:
        """What kind of text a document is that has no sentences: tables, code."""
        lines = list(_outline(self._document))
        most = {"line": 1, "paragraph": 8, "page": 30, "report": 100}[length]
        numbers = []
        for said, start, end in lines[:most]:
            quote = " ".join(self._document.text[start:end].split())
            numbers.append(self._say(said, start, end, quote))
        if numbers:
            self._parts.append(SummaryPart("", tuple(numbers), listed=len(numbers) > 1))

    def summary(self, length: str) -> Summary:
        """What was put together."""
        statements, parts = tuple(self._statements), tuple(self._parts)
        return Summary(
            text_of(parts, statements),
            "extractive" if statements else "none",
            length,
            grounded=bool(statements),
            citations=tuple(self._citations),
            statements=statements,
            parts=parts,
            paths=(self._path,),
        )

    def _say(self, said: str, start: int, end: int, quote: str) -> int:
        self._citations.append(citation(self._path, self._places, start, end, quote))
        self._statements.append(Statement(said, (len(self._citations) - 1,), True))
        return len(self._statements) - 1

    def _around(self, one: FieldValue) -> tuple[int, int, str]:
        """The sentence of a value, and what it says."""
        start, end = self._sentence(one.char_start, one.char_end)
        return start, end, " ".join(self._document.text[start:end].split())

    def _sentence(self, start: int, end: int) -> Span:
        """The sentence around a value; a row, or a line of a letter head, is one too."""
        from lsfs.sentences import sentences

        blocks = self._document.blocks
        at = bisect_right([block.char_start for block in blocks], start) - 1
        block = blocks[max(0, at)]
        if block.kind is BlockKind.TABLE or len(block.text) > 20_000:
            left = self._document.text.rfind("\n", block.char_start, start) + 1
            right = self._document.text.find("\n", end, block.char_end)
            return max(left, block.char_start), right if right >= 0 else block.char_end
        for left, right in sentences(block.text):
            a, b = block.char_start + left, block.char_start + right
            if a <= start < b:
                return a, max(b, end)
        return start, end


def citation(path: str, places: Places, start: int, end: int, quote: str) -> Citation:
    """Where a range of a document's text stands."""
    spans = places.spans(start, end)
    pages = [span.page for span in spans if span.page is not None]
    lines = [span.line for span in spans if span.line is not None]
    return Citation(
        path,
        min(pages, default=None),
        min(lines, default=None),
        max(lines, default=None),
        quote,
        places.where(start, end),
    )


def text_of(parts: Sequence[SummaryPart], statements: Sequence[Statement]) -> str:
    """A summary as text: Markdown where it has headings or lists."""
    blocks = []
    for part in parts:
        said = [statements[n].text for n in part.statements]
        if part.heading:
            blocks.append(f"## {part.heading}")
        if part.listed:
            blocks.append("\n".join(f"- {one}" for one in said))
        elif said:
            blocks.append(joined(said))
    return "\n\n".join(blocks)


def joined(said: Sequence[str]) -> str:
    """Sentences as one run of text; what has no end mark gets a full stop, unless it is alone."""
    if len(said) == 1:
        return said[0]
    return " ".join(
        one if one[-1:] in '.!?:;\u3002\uff01\uff1f"\u201d)' else f"{one}." for one in said
    )


def _telling(kind: str, found: Sequence[FieldValue]) -> list[FieldValue]:
    """The values that say most about a document: of each field the surest, each once."""
    from lsfs.index.fields.definitions import ANY, SCHEMAS

    names = SCHEMAS.get(kind, ANY)
    kept: dict[str, list[FieldValue]] = {name: [] for name in names}
    for one in found:
        same = kept.get(one.name)
        if same is None or len(same) == STATED_OF_A_FIELD or one.confidence < SURE:
            continue
        if all(one.normal not in other.normal and other.normal not in one.normal for other in same):
            same.append(one)
    return [one for name in names for one in kept[name]][:STATED_MOST]


def _label(name: str) -> str:
    return name.replace("_", " ")


def _value(one: FieldValue) -> str:
    """A value as written, with its currency where that stands elsewhere."""
    value = " ".join(one.value.split())
    currency = one.normal.partition(" ")[2]
    is_bare = currency.isalpha() and len(currency) == 3 and not any(c.isalpha() for c in value)
    return f"{value} {currency}" if is_bare and value[-1:].isdigit() else value


def _outline(document: Document) -> Iterable[tuple[str, int, int]]:
    """What stands in a document of tables or code: the columns, the names that are defined."""
    tables = iter(document.tables)
    for n, block in enumerate(document.blocks):
        start = block.char_start
        line = block.text.split("\n", 1)[0]
        said = " ".join(line.split())[:LONGEST_LINE]
        if block.kind is BlockKind.TABLE:
            yield from _of_table(block, next(tables, None))
        elif block.kind is BlockKind.CODE:
            yield from _of_code(block, is_first=n == 0)
        elif said:
            yield said, start, start + len(line)


def _of_table(block: Block, table: Table | None) -> Iterable[tuple[str, int, int]]:
    line, start = block.text.split("\n", 1)[0], block.char_start
    count = len(table.rows) - table.header_rows if table else block.text.count("\n")
    rows = "1 row" if count == 1 else f"{count} rows"
    yield f"A table of {rows}: {' '.join(line.split())[:LONGEST_LINE]}", start, start + len(line)
    for match in _TOTAL_ROW.finditer(block.text):
        left, right = match.span()
        yield " ".join(match.group().split())[:LONGEST_LINE], start + left, start + right


def _of_code(block: Block, *, is_first: bool) -> Iterable[tuple[str, int, int]]:
    """What a piece of code defines, and the first sentence that it says about itself."""
    line, start = block.text.split("\n", 1)[0], block.char_start
    said = _COMMENT.search(block.text)
    if block.heading_path:
        about = f": {' '.join(said.group(1).split())}" if said else ""
        end = said.end() if said else len(line)
        yield f"Defines {' > '.join(block.heading_path)}{about}", start, start + end
    elif said and is_first:
        yield " ".join(said.group(1).split()), start + said.start(1), start + said.end(1)
