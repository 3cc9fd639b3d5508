"""JSON schemas as grammars of texts that have an end.

llama-cpp-python's own converter leaves quotes and backslashes of names and values unescaped, lets
control characters into strings, and knows no bounds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from lsfs.errors import ModelError

LONGEST = 200  # characters of a string whose schema does not say
MOST = 16  # items of an array whose schema does not say
DEEPEST = 8
_ESCAPED = 6  # bytes of a character at most, as \u1234
_DIGITS = 15
_KNOWN = {
    "type", "enum", "const", "anyOf", "oneOf", "properties", "required", "items", "minItems",
    "maxItems", "minLength", "maxLength", "format", "additionalProperties", "title", "description",
}  # fmt: skip
_RULES = r"""
space ::= " "?
char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4})
integer ::= "-"? ("0" | [1-9] [0-9]{0,14})
number ::= integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?
date ::= [0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])
"""


class Form(Struct, frozen=True):
    """What JSON of a schema looks like.

    Attributes:
        grammar: in llama.cpp's GBNF.
        longest: bytes, and so tokens, that a text of it has at most.
    """

    grammar: str
    longest: int


class _Part(Struct, frozen=True):
    """A piece of a grammar, and the bytes of its longest text."""

    rule: str
    longest: int


def form_of(schema: Mapping[str, Any]) -> Form:
    """The grammar of a schema, with a bound on everything that could go on for ever.

    Strings without ``maxLength`` get :data:`LONGEST`, arrays without ``maxItems`` :data:`MOST`;
    objects have the properties that they name, in that order, and no others. So every text that is
    written to its end is JSON of the schema, and every text has an end.

    Args:
        schema: with types, ``enum``, ``const``, ``anyOf``, lengths, and the format ``date``.

    Raises:
        ModelError: the schema has something else, or values of any type.
    """
    part = _value(schema, 0)
    return Form(f"root ::= {part.rule}{_RULES}", part.longest)


def _value(schema: Any, depth: int) -> _Part:
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        raise _unusable(f"it is deeper than {DEEPEST}, or no schema")
    if unknown := sorted(map(str, schema.keys() - _KNOWN)):
        raise _unusable(f"it has {', '.join(unknown)}")
    for choice in ("enum", "const"):
        if choice in schema:
            values = schema["enum"] if choice == "enum" else [schema["const"]]
            return _either([_literal(value) for value in values])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _either([_value(one, depth + 1) for one in schema[choice]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _either([_value({**schema, "type": one}, depth + 1) for one in kind])
    match kind:
        case "string":
            return _string(schema)
        case "array":
            return _array(schema, depth)
        case "object":
            return _object(schema, depth)
        case "boolean":
            return _either([_literal(True), _literal(False)])
        case "null":
            return _literal(None)
        case "integer":
            return _Part("integer", _DIGITS + 1)
        case "number":
            return _Part("number", 2 * _DIGITS + 6)
    raise _unusable(f"it has values of the type {kind!r}")


def _either(parts: Sequence[_Part]) -> _Part:
    if not parts:
        raise _unusable("it has a choice of nothing")
    rule = " | ".join(dict.fromkeys(part.rule for part in parts))
    return _Part(f"({rule})", max(part.longest for part in parts))


def _literal(value: Any) -> _Part:
    try:
        text = json.dumps(value, ensure_ascii=False)
        size = len(text.encode())
    except UnicodeEncodeError:  # a name of a file that is no text
        text = json.dumps(value)
        size = len(text)
    except (TypeError, ValueError) as error:
        raise _unusable(f"it has the value {value!r}") from error
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return _Part(f'"{escaped}"', size)


def _string(schema: Mapping[str, Any]) -> _Part:
    if "format" in schema:
        if schema["format"] != "date":
            raise _unusable(f"it has the format {schema['format']!r}")
        return _Part(r'"\"" date "\""', 12)
    least, most = _bounds(schema, "Length", LONGEST)
    return _Part(rf'"\"" char{{{least},{most}}} "\""', _ESCAPED * most + 2)


def _array(schema: Mapping[str, Any], depth: int) -> _Part:
    item = _value(schema.get("items"), depth + 1)
    least, most = _bounds(schema, "Items", MOST)
    if not most:
        return _literal([])
    more = f'{item.rule} ("," space {item.rule}){{{max(0, least - 1)},{most - 1}}}'
    rule = f'"[" {more} "]"' if least else f'"[" ({more})? "]"'
    return _Part(rule, most * (item.longest + 2) + 2)


def _bounds(schema: Mapping[str, Any], of: str, most: int) -> tuple[int, int]:
    least, most = schema.get(f"min{of}", 0), schema.get(f"max{of}", most)
    if not (isinstance(least, int) and isinstance(most, int) and 0 <= least <= most):
        raise _unusable(f"min{of} is {least!r}, max{of} {most!r}")
    return least, most


def _object(schema: Mapping[str, Any], depth: int) -> _Part:
    properties = schema.get("properties") or {}
    if not properties:
        raise _unusable("it has an object without properties")
    parts, needed = [], set(schema.get("required", properties))
    if absent := sorted(needed - properties.keys()):
        raise _unusable(f"it needs {absent[0]!r}, which it does not describe")
    for name, one in properties.items():
        key, value = _literal(str(name)), _value(one, depth + 1)
        pair = _Part(f'{key.rule} ":" space {value.rule}', key.longest + value.longest + 4)
        parts.append((pair, name in needed))
    longest = sum(pair.longest for pair, _ in parts) + 2
    return _Part(f'"{{" {_first(parts)} "}}"', longest)


def _first(parts: Sequence[tuple[_Part, bool]]) -> str:
    """The properties from here on, where none stands before."""
    if not parts:
        return '""'
    (pair, needed), rest = parts[0], parts[1:]
    here = f"{pair.rule} {_others(rest)}".rstrip()
    return here if needed else f"({here} | {_first(rest)})"


def _others(parts: Sequence[tuple[_Part, bool]]) -> str:
    """The properties from here on, where one stands before."""
    commas = (f'("," space {pair.rule}){"" if needed else "?"}' for pair, needed in parts)
    return " ".join(commas)


def _unusable(why: str) -> ModelError:
    return ModelError(
        f"the JSON schema cannot be decoded by: {why}",
        hint="name the type of every value; lengths, enum, const and anyOf may be used",
    )
