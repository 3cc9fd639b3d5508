"""What files state: parties, amounts, dates and the like, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from lsfs import paths
from lsfs.errors import ModelMissing, NotFound, UsageError
from lsfs.model import FieldValue
from lsfs.syscalls.engines import Call
from lsfs.syscalls.registry import Param, registry
from lsfs.syscalls.retrieve import pending_note

if TYPE_CHECKING:
    from lsfs.index.fields.definitions import Definitions
    from lsfs.index.fields.meant import Source

FILES = 20  # that a query finds fields in


class ExtractRequest(Struct, frozen=True):
    """Whose fields, and which."""

    path: Annotated[
        str, Param("a file, or a folder of the drive; all when left out", path=True,
                   positional=True)
    ] = ""  # fmt: skip
    query: Annotated[str, Param("only files that this query finds")] = ""
    field: Annotated[
        tuple[str, ...],
        Param(
            "only this field, or what a word means: rent, policy number, supplier; a type: "
            "party, amount",
            flags=("-f",),
        ),
    ] = ()
    schema: Annotated[str, Param("the fields of this kind of document: contract, invoice")] = ""
    model: Annotated[
        bool, Param("let the language model look for fields that the rules did not find")
    ] = False
    first: Annotated[bool, Param("only the surest value of each field")] = False
    wait: Annotated[bool, Param("first wait until the index is up to date")] = False


class Extracted(Struct, frozen=True):
    """A value of a field, and where it stands.

    Attributes:
        value: as written; ``normal`` as it is compared.
        where: the place as people write it; see lsfs.places.
        rule: how it was found; "model" for the language model.
        confidence: how sure that kind of rule is, from 0 to 1.
    """

    path: str
    field: str
    value: str
    normal: str
    page: int | None
    line: int | None
    char_start: int
    char_end: int
    where: str
    rule: str
    confidence: float


class ExtractedRows(Struct, frozen=True):
    """Values, by file, in the order of the schema.

    Attributes:
        files: how many files were looked at.
    """

    rows: tuple[Extracted, ...]
    files: int
    notes: tuple[str, ...] = ()


@registry.syscall(
    command="extract",
    writes_with="model",
    examples=(
        "lsfs extract Contracts/harbour-lease.pdf",
        "lsfs extract Invoices -f total -f due --first",
        'lsfs extract --query "office rent" --schema contract --json',
    ),
)
def extract(call: Call, request: ExtractRequest) -> ExtractedRows:
    """List what files state: parties, amounts, dates, terms, numbers, each with its place.

    Found by rules when a file is read. Which fields a file is asked for depends on its kind, unless
    ``--field`` or ``--schema`` says. Own fields are set as ``[fields.NAME]`` in the settings.
    """
    from lsfs.index.fields.definitions import SCHEMAS, definitions

    engines = call.engines
    engines.indexer.fresh(call.emit)
    if request.wait:
        engines.indexer.wait(call.emit, None)
    known = definitions(engines.config.fields)
    if request.schema and request.schema not in SCHEMAS:
        raise UsageError(
            f"no schema {request.schema!r}", hint=f"there are: {', '.join(sorted(SCHEMAS))}"
        )
    chosen = [_meant(name, known) for name in request.field]
    rows: list[Extracted] = []
    files = _files(call, request)
    sought = _sought(call, chosen, {document_id for _, document_id, _ in files})
    for path, document_id, kind in files:
        call.check()
        wanted = tuple(dict.fromkeys(name for one in chosen for name in one.names))
        wanted = wanted if chosen else known.schema(request.schema or kind)
        found = _stated(call, document_id, wanted, known, model=request.model)
        found = [one for one in found if not chosen or _is_asked(one, chosen)]
        found += sought.get(document_id, [])
        wanted += tuple(name for one in chosen if one.label for name in one.fields)
        rows += _rows(path, found, wanted, first=request.first)
    return ExtractedRows(tuple(rows), len(files), pending_note(engines))


def _meant(asked: str, known: Definitions) -> Source:
    """What is asked for by a field's name, its type, or a word for it as groups and joins take it.

    Raises:
        UsageError: it is no word for anything.
    """
    from lsfs.index.fields.meant import Source, source

    of_type = tuple(name for name, one in known.fields.items() if one.type == asked)
    if of_type and asked not in known.fields:  # "amount" are all amounts, not the main one
        return Source(asked, of_type, asked)
    return source(asked, known)


def _is_asked(value: FieldValue, chosen: Sequence[Source]) -> bool:
    """Whether a value is of a field that is asked for, and a party in its role."""
    from lsfs.index.fields.meant import has_role, label_of

    return any(
        value.name in one.names
        and (not one.role or has_role(value, one.role))
        and (one.role or not one.announced or label_of(value.rule) in one.announced)
        for one in chosen
    )


def _sought(
    call: Call, chosen: Sequence[Source], documents: set[int]
) -> dict[int, list[FieldValue]]:
    """What documents state behind labels that no field is for.

    Raises:
        UsageError: none has such a label.
    """
    from lsfs.index.fields import undefined

    found: dict[int, list[FieldValue]] = {}
    for one in chosen:
        read = dict(undefined.seek(call.engines.catalog, one, documents)) if one.label else {}
        if one.label and not any(read.values()):
            raise UsageError(
                f"no field {one.asked!r}, and no file with such a label", hint="see: lsfs extract"
            )
        for document_id, values in read.items():
            found.setdefault(document_id, []).extend(values)
    return found


def _files(call: Call, request: ExtractRequest) -> list[tuple[str, int, str]]:
    """Path, document and kind of the files that are meant, in order."""
    import os

    engines = call.engines
    path = paths.relative(request.path)
    rows = engines.catalog.files_below(path)
    found = {name: row.document_id for name, row in rows.items() if row.document_id is not None}
    if path and not rows:
        raise NotFound(f"no indexed file {path!r}", hint="see what is indexed with: lsfs status")
    names = sorted(found)
    if request.query:
        from lsfs.index.find.filters import Filters

        is_file = path in rows
        filters = Filters(dir="" if is_file else path)
        hits = engines.search.hits(request.query, k=FILES, filters=filters, per_file=1)
        names = [hit.path for hit in hits if hit.path in found]
    with engines.catalog.lock:
        kinds = {
            os.fsdecode(raw): kind
            for raw, kind in engines.catalog.db.execute("SELECT path, kind FROM file")
        }
    return [
        (name, document, kinds.get(name, ""))
        for name in names
        if (document := found[name]) is not None and engines.is_there(name)
    ]


def _stated(
    call: Call, document_id: int, wanted: tuple[str, ...], known: Definitions, *, model: bool
) -> list[FieldValue]:
    """What is stored of a document, and with ``model`` what the model adds to it."""
    from lsfs.index.store import stated
    from lsfs.syscalls.relations.asked import asked_of_model

    catalog = call.engines.catalog
    with catalog.lock:
        found = stated.of_document(catalog.db, document_id, model=model)
    missing = [name for name in wanted if name not in {one.name for one in found}]
    if not (model and missing):
        return found
    chat = call.engines.chat
    if chat is None:
        raise ModelMissing("no language model is installed", hint="see: lsfs config get model.chat")
    asked = list(
        asked_of_model(
            catalog.load(document_id), missing, known, chat, found=found, cancel=call.cancelled
        )
    )
    with catalog.transaction() as db:
        stated.add(db, document_id, asked)
    return [*found, *asked]


def _rows(
    path: str, found: list[FieldValue], wanted: tuple[str, ...], *, first: bool
) -> list[Extracted]:
    rows = []
    for name in wanted:
        values = [one for one in found if one.name == name]
        rows += [_row(path, one) for one in (values[:1] if first else values)]
    return rows


def _row(path: str, one: FieldValue) -> Extracted:
    return Extracted(
        path, one.name, one.value, one.normal, one.page, one.line, one.char_start, one.char_end,
        one.where, one.rule, one.confidence,
    )  # fmt: skip
