"""What the members of a JSON paper state: an invoice or a receipt as a program exports it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from lsfs.index.facts.kinds import kinds_in
from lsfs.index.fields.definitions import Definitions, label_key, words_of
from lsfs.index.fields.forms import Form, Reader, plain
from lsfs.index.fields.labels import NAME_KEYS, Found

MEDIA_TYPE = "application/json"
_MOST_CHARS = 20_000  # a paper is short; what is longer is data
_DEEP = 3  # members of members of the outermost object
_TOKEN = re.compile(
    r'"(?P<string>[^"\\]*(?:\\.[^"\\]*)*)"(?P<colon>\s*:)?|(?P<mark>[{}\[\]])|'
    r"(?P<number>-?\d+(?:\.\d+)?)(?=\s*[,}\]])"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_KIND_KEYS = frozenset((
    "type", "object", "kind", "document", "document type", "doc type", "record", "record type",
    "typ", "dokument", "tipo", "documento",
))  # fmt: skip
_MOST_WORDS = 4  # of a value that only says what the paper is
_SURE = 0.95


class _Member(Struct, frozen=True):
    """A value that is no object, below the keys of those that it lies in.

    Attributes:
        start, end: of the value, without its quotes.
        number: it is written as one.
    """

    keys: tuple[str, ...]
    start: int
    end: int
    number: bool = False


def of_members(known: Definitions, reader: Reader) -> Iterator[Found]:
    """What a JSON document states, where it calls itself a paper; items of its lists aside."""
    text = reader.text
    if len(text) > _MOST_CHARS or not text.startswith("{"):
        return
    members = list(_members(text))
    values = {one.keys: text[one.start : one.end] for one in members}
    named = [words_of(values[keys]) for keys in values if keys[-1] in _KIND_KEYS and len(keys) == 1]
    if not kinds_in(word for words in named if len(words) <= _MOST_WORDS for word in words):
        return
    currency = next((value for keys, value in values.items() if keys[-1] == "currency"), "")
    for member in members:
        found = _found(member, known, reader)
        if found is not None and known.fields[found.name].type == "amount":
            number = Decimal(text[member.start : member.end]) if member.number else None
            unit = currency.upper() if re.fullmatch("[A-Za-z]{3}", currency) else ""
            normal = f"{plain(number)} {unit}" if number is not None else found.form.normal
            bare = number is None and " " not in normal
            normal = f"{normal} {unit}" if bare else normal
            found = replace(found, form=replace(found.form, normal=normal.strip()))
        if found is not None:
            yield found


def _found(member: _Member, known: Definitions, reader: Reader) -> Found | None:
    """The value of a field that a member is; a party may be an object with a name."""
    *outer, key = member.keys
    label = outer[-1] if outer and key in NAME_KEYS else key
    name = label if label in known.fields else known.labels.get(label, "")
    if not name:
        return None
    type_ = known.fields[name].type
    if outer and label == key and type_ not in ("amount", "date"):  # the number of the seller
        return None
    if member.number and type_ == "amount":
        return Found(name, Form(member.start, member.end, ""), f"label: {label}", _SURE)
    form = reader.read(type_, member.start, member.end, loose=True)
    return Found(name, form, f"label: {label}", _SURE) if form else None


def _members(text: str) -> Iterator[_Member]:
    """The members of the outermost object and of the objects in it, not those of arrays."""
    keys: list[str] = []  # of the objects that are open
    key, arrays = "", 0
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if token["colon"]:
            key = _key(token["string"])
        elif mark in ("[", "]"):
            arrays += 1 if mark == "[" else -1
        elif arrays:
            continue
        elif mark == "{":
            keys.append(key)
        elif mark == "}":
            del keys[-1:]
        elif key and len(keys) <= _DEEP:
            group = "number" if token["number"] else "string"
            start, end = token.span(group)
            yield _Member((*keys[1:], key), start, end, number=group == "number")
            key = ""


def _key(written: str) -> str:
    """A key as labels are looked up: "invoiceNumber", "invoice_number"."""
    return label_key(words_of(_CAMEL.sub(" ", written).replace("_", " ")))
