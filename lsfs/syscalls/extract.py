"""What files state: parties, amounts, dates and the like, each with its place."""

from __future__ import annotations

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
        Param("only this field, or fields of this type: party, rent, amount", flags=("-f",)),
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
    chosen = _chosen(request.field, {name: one.type for name, one in known.fields.items()})
    rows: list[Extracted] = []
    files = _files(call, request)
    for path, document_id, kind in files:
        call.check()
        wanted = chosen or known.schema(request.schema or kind)
        found = _stated(call, document_id, wanted, known, model=request.model)
        rows += _rows(path, found, wanted, first=request.first)
    return ExtractedRows(tuple(rows), len(files), pending_note(engines))


def _chosen(asked: tuple[str, ...], types: dict[str, str]) -> tuple[str, ...]:
    """The fields that are asked for by their name, or by their type."""
    found: list[str] = []
    for name in asked:
        named = [name] if name in types else [one for one, type_ in types.items() if type_ == name]
        if not named:
            raise UsageError(f"no field {name!r}", hint=f"there are: {', '.join(sorted(types))}")
        found += named
    return tuple(dict.fromkeys(found))


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
