"""Values of what no field is defined for: files are read for it when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec.structs import replace

from lsfs.index.facts.dates import content_dates, fold
from lsfs.index.fields.definitions import (
    NUMBER_WORD,
    NUMBER_WORDS,
    Definition,
    Definitions,
    label_key,
    words_of,
)
from lsfs.index.fields.extract import placed
from lsfs.index.fields.forms import Form, Reader
from lsfs.index.fields.homes import Homes, homes
from lsfs.index.fields.labels import Found, labelled
from lsfs.index.fields.meant import MAIN_AMOUNTS, Source, called, is_many
from lsfs.index.store import stated
from lsfs.index.store.catalog import Catalog
from lsfs.model import Block, BlockKind, Document, FieldValue, Table
from lsfs.places import Places

VERSION = 6  # raise when the rules change: files are then read anew
RULES = f"rules {VERSION}"
LONGEST = 160  # characters of a value, which may be a title
MOST_VALUES = 200  # of one field in one document
_CURRENCY = "currency"
_NUMBER = "nummer"
_CODE_LETTERS = 2  # the least of an abbreviation that stands for a word in codes
_VALUE_END = re.compile(
    r"\s*(?:[;|\t]|(?:(?<=[^\W\d_]{3})|(?<=\d))\.(?:\s|\Z)|\s[\u2013\u2014-]\s)"
)
_KNOWN_AS = (
    r"(?:known as|called|named|(?:situated|located) at|genannt|namens|gelegen in"
    r"|(?:appel[eé]e?|nomm[eé]e?|situ[eé]e? (?:à|a|au))|(?:llamad[oa]|sit[ao] en)"
    r"|(?:chiamat[oa]|sit[oa] in))"
)
# Where such a name ends: at a mark, at a line, before a small word that leads on.
_NAME_STOP = re.compile(
    r"[\"\u201d\u201c;()\n]|\.(?:\s|\Z)|,?\s(?:to|for|from|is|are|was|shall|will|which|that|with|"
    r"together|and|by|on|hereinafter|an|für|wird|ist|und|pour|est|et|para|es|per|è|e)\s"
)
_REMARK = r"[^\S\n]*(?:\([^()\n]{0,40}\))?[^\S\n]*"
# A code behind the word for what it numbers: "grant BR 5512/3-1".
_CODED = (
    r"[^\S\n]+(?P<code>(?:[A-Z]{1,5}[ -])?(?=[^\s]*\d)[A-Z\d][A-Z\d]*(?:[-/.][A-Z\d]+)+)(?![\w/-])"
)
_PARTED = re.compile(r"\s*(?:[,;]|(?<=\s)(?:and|und|et|y|e|&)(?=\s))\s*")


def sought(one: Source) -> Definitions:
    """A field that nobody defined, with what documents may call it.

    The pattern is of codes that abbreviate the word: PRJ-0042, Project 17, CC 4711.
    """
    (field,) = one.fields
    pattern = code_pattern(one.label) if one.type == "text" else ""
    definition = Definition(field, one.type, pattern)
    labels = called(one.label)
    every = {*labels, *_bare(labels)}
    every |= {form for label in labels for form in (*_yearly(label), *_compound(label))}
    return Definitions({field: definition}, dict.fromkeys(every, field))


def _compound(label: str) -> tuple[str, ...]:
    """The number of something in one word, or in two: "chip no" and "Chipnummer"."""
    word, _, number = label.rpartition(" ")
    if number == NUMBER_WORD and word:
        return (f"{word}{_NUMBER}",)
    bare = label.removesuffix(_NUMBER)
    return (f"{bare} {NUMBER_WORD}",) if bare not in ("", label) else ()


def _yearly(label: str) -> tuple[str, ...]:
    """What a label is called where it says of which time: "annual premium", "prime annuelle"."""
    first = (f"annual {label}", f"yearly {label}", f"jahrliche {label}", f"jahrlicher {label}")
    behind = (f"{label} annuel", f"{label} annuelle", f"{label} anual", f"{label} annuale")
    return (*first, *behind, f"jahres{label}")


def _bare(labels: Collection[str]) -> frozenset[str]:
    """The words for what is numbered: a "Grant: BR 5512" has the grant number behind it."""
    ending = f" {NUMBER_WORD}"
    numbered = ((one, one.removesuffix(ending)) for one in labels if one.endswith(ending))
    return frozenset(bare for one, bare in numbered if bare not in called(one))


def code_pattern(name: str) -> str:
    """A regular expression of codes for what is called ``name``; "" where none can be guessed."""
    words = name.split()
    word = words[0]
    consonants = re.sub(r"(?<=.)[aeiouy]", "", word)
    prefixes = {consonants[:3], word[:3], word[:4], word} if len(words) == 1 else set()
    prefixes |= {"".join(one[0] for one in words)} if len(words) > 1 else set()
    prefixes = {one.upper() for one in prefixes if len(one) >= _CODE_LETTERS and one.isascii()}
    if not prefixes:
        return ""
    any_of = "|".join(sorted(prefixes, key=lambda one: (-len(one), one)))
    return rf"(?<![\w-])(?:{any_of})[-_/ ]?\d[\dA-Z]*(?:[-_/]\d[\dA-Z]*)*(?!\w)"


def seek(
    catalog: Catalog, one: Source, documents: Collection[int]
) -> Iterator[tuple[int, list[FieldValue]]]:
    """Read documents for a field that nobody defined; those that hold no label or code are passed.

    Yields:
        each document that was looked at, and what it states; :func:`keep` stores it.
    """
    known = sought(one)
    likely = _likely(catalog, known) & set(documents)
    if _CURRENCY in called(one.label):  # which is told by what a paper comes to
        known_homes = homes(catalog)
        for document_id in sorted(documents):
            found = _currency(catalog, document_id, known_homes)
            if found is not None:
                likely.discard(document_id)
                yield document_id, [found]
    for document_id in sorted(likely):
        yield document_id, values_in(catalog.load(document_id), known)


def _currency(catalog: Catalog, document_id: int, drive: Homes) -> FieldValue | None:
    """The currency of the first amount that tells what a document comes to; None without one."""
    with catalog.lock:
        values = stated.of_document(catalog.db, document_id)
    amounts = (value for name in MAIN_AMOUNTS for value in values if value.name == name)
    first = next(amounts, None)
    if first is None:
        return None
    unit = drive.told(catalog, document_id, first).normal.partition(" ")[2]
    if not unit:
        return None
    return replace(first, name=_CURRENCY, value=unit, normal=unit.casefold())


def known_documents(catalog: Catalog, field: str, rule: str) -> set[int]:
    """Documents that were read for a field in this way."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT document_id FROM sought WHERE name = ? AND rule = ?", (field, rule)
        ).fetchall()
    return {row[0] for row in rows}


def keep(
    catalog: Catalog, field: str, rule: str, read: Sequence[tuple[int, list[FieldValue]]]
) -> None:
    """Store what documents state, and that they were read for it."""
    with catalog.transaction() as db:
        for document_id, values in read:
            stated.add(db, document_id, values)
            db.execute("INSERT OR IGNORE INTO sought VALUES (?, ?, ?)", (document_id, field, rule))


def values_in(document: Document, known: Definitions) -> list[FieldValue]:
    """The values of a field that nobody defined: behind labels, in columns of tables, as codes."""
    (field,) = known.fields.values()
    dates = content_dates(document, "") if field.type == "date" else ()
    reader = Reader(document.text, dates, document.language)
    heads = [_head(block) for block, _ in _headed(document, known)]
    found = [
        one
        for one in labelled(document, known, reader)
        if not any(start <= one.form.start < end for start, end in heads)
    ]
    found += _columns(document, known, reader)
    found += _called(document, known, reader)
    found += _coded(document.text, known)
    if field.pattern:
        for match in re.finditer(field.pattern, document.text):
            normal = re.sub(r"[\s_/]", "-", match[0]).casefold()
            found.append(Found(field.name, Form(*match.span(), normal), "code", 0.8))
    places = Places(document)
    kept: dict[tuple[str, int], FieldValue] = {}
    for one in sorted(found, key=lambda one: (-one.confidence, one.form.start)):
        for short in _parts(document.text, one, known) if field.type == "text" else (one,):
            if len(kept) < MOST_VALUES:
                value = placed(short, document.text, places)
                kept.setdefault((value.name, value.char_start), value)
    return _once(kept.values())


def _once(values: Iterable[FieldValue]) -> list[FieldValue]:
    """Each value by its surest place; a code within a longer value is that value."""
    by_normal: dict[str, FieldValue] = {}
    taken: list[tuple[int, int]] = []
    for value in values:
        inside = any(a <= value.char_start and value.char_end <= b for a, b in taken)
        if value.normal not in by_normal and not (inside and value.rule == "code"):
            by_normal[value.normal] = value
        taken.append((value.char_start, value.char_end))
    return list(by_normal.values())


def _called(document: Document, known: Definitions, reader: Reader) -> Iterator[Found]:
    """What a sentence gives a name: "the property known as 8 Mill Lane, Leeds to the Tenant"."""
    (field,) = known.fields.values()
    if field.type != "text":
        return
    labels = "|".join(r"\s+".join(map(_written, label.split())) for label in known.labels)
    named = re.compile(rf"\b(?:{labels})\s+{_KNOWN_AS}\s+[\"\u201c\u201e]?", re.IGNORECASE)
    for match in named.finditer(document.text):
        end = _NAME_STOP.search(document.text, match.end())
        form = _form("text", match.end(), end.start() if end else len(document.text), reader)
        first = document.text[match.end() : match.end() + 1]
        if form is not None and form.end - form.start <= LONGEST and not first.islower():
            yield Found(field.name, form, "sentence", 0.7)


def _coded(text: str, known: Definitions) -> Iterator[Found]:
    """Codes right behind the word for what they number: "Charge to grant BR 5512/3-1"."""
    (field,) = known.fields.values()
    bare = _bare(known.labels)
    if field.type != "text" or not bare:
        return
    labels = "|".join(r"\s+".join(map(re.escape, label.split())) for label in bare)
    for match in re.finditer(rf"\b(?i:{labels}){_CODED}", text):
        normal = match["code"].casefold()
        yield Found(field.name, Form(*match.span("code"), normal), "sentence", 0.75)


def _columns(document: Document, known: Definitions, reader: Reader) -> Iterator[Found]:
    """Values below a head that names the field, one for each row."""
    for block, table in _headed(document, known):
        named = [known.labels.get(label_key(words_of(cell))) for cell in table.rows[0]]
        at = _head(block)[1]
        for row in table.rows[1:]:
            for name, cell in zip(named, row, strict=False):
                place = document.text.find(cell, at, block.char_end) if cell else -1
                if place < 0:
                    continue
                at = place + len(cell)
                form = _form(known.fields[name].type, place, at, reader) if name else None
                if name and form is not None:
                    yield Found(name, form, "column", 0.9)


def _form(type_: str, start: int, end: int, reader: Reader) -> Form | None:
    if type_ != "text":
        return reader.read(type_, start, end, loose=True)
    return Form(start, end, " ".join(reader.text[start:end].casefold().split()))


def _headed(document: Document, known: Definitions) -> Iterator[tuple[Block, Table]]:
    """Tables whose first row names the field; not forms of labels on the left."""
    blocks = [block for block in document.blocks if block.kind is BlockKind.TABLE]
    for block, table in zip(blocks, document.tables, strict=False):
        if len(table.rows) < 2 or (not table.header_rows and len(table.rows[0]) < 3):
            continue
        if any(label_key(words_of(cell)) in known.labels for cell in table.rows[0]):
            yield block, table


def _head(block: Block) -> tuple[int, int]:
    """Where the first row of a table stands in the text."""
    return block.char_start, block.char_start + len(block.text.split("\n", 1)[0])


def _parts(text: str, one: Found, known: Definitions) -> Iterator[Found]:
    """A value, or each of several behind a label that several stand behind."""
    label = one.rule.partition(": ")[2]
    several = one.rule != "code" and is_many(label)
    short = one if several else _short(text, one)
    if short is None:
        return
    start, end = short.form.start, short.form.end
    if label in _bare(known.labels) and not any(map(str.isdigit, text[start:end])):
        return  # "Grant: yes" is no grant number
    if not several:
        yield short
        return
    for part in _PARTED.split(text[start:end]):
        at = text.find(part, start, end)
        start = at + len(part)
        part = part.rstrip(" .")
        if part and len(part) <= LONGEST:
            normal = " ".join(part.casefold().split())
            yield replace(one, form=Form(at, at + len(part), normal))


def _short(text: str, one: Found) -> Found | None:
    """A value up to where something else is said; None for a sentence."""
    if one.rule == "code":
        return one
    written = text[one.form.start : one.form.end]
    stop = _VALUE_END.search(written, 1)
    written = written[: stop.start()] if stop else written
    written = written.rstrip(" .,*_")
    if not written or len(written) > LONGEST:
        return None
    normal = " ".join(written.casefold().split())
    return replace(one, form=Form(one.form.start, one.form.start + len(written), normal))


def _written(word: str) -> str:
    """The pattern of a word of a label, as :func:`label_key` folds it."""
    return f"(?:{'|'.join(NUMBER_WORDS)})" if word == NUMBER_WORD else re.escape(word)


def _phrases(label: str) -> Iterator[str]:
    """A label as the full-text index may have it: "no" is "number", "Nr." or "numéro", too."""
    words = label.split()
    for number in NUMBER_WORDS if NUMBER_WORD in words else (NUMBER_WORD,):
        yield " ".join(number if word == NUMBER_WORD else word for word in words)


def _likely(catalog: Catalog, known: Definitions) -> set[int]:
    """Documents in whose text a label is set apart, or a code or the name of one stands."""
    (pattern,) = (one.pattern for one in known.fields.values())
    labels = [r"[\W_]+".join(map(_written, label.split())) for label in known.labels]
    mark = rf"s?\b\.?{_REMARK}(?:[:\uff1a|\t\n]|\Z|  )"
    bare = [r"[\W_]+".join(map(re.escape, label.split())) for label in _bare(known.labels)]
    coded = rf"|\b(?:{'|'.join(bare)})\s+\S*\s?\S*\d" if bare else ""
    apart = re.compile(rf"\b(?:{'|'.join(labels)})(?:{mark}|\s+{_KNOWN_AS}\s){coded}")
    phrases = [f'"{phrase}"' for label in known.labels for phrase in _phrases(label)]
    prefixes = re.findall(r"[A-Z]+", pattern.partition(")[-_")[0])
    match = " OR ".join([*phrases, *(f"{prefix.lower()}*" for prefix in prefixes)])
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT p.document_id, p.text FROM passage_fts "
            "CROSS JOIN passage p ON p.id = passage_fts.rowid WHERE passage_fts MATCH ?",
            (f"text : ({match})",),
        ).fetchall()
    code = re.compile(pattern or r"(?!)")
    return {id_ for id_, text in rows if code.search(text) or apart.search(fold(text))}
