"""JSON schemas as grammars of texts that have an end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsfs.errors import ModelError

LONGEST = 200  # characters of a string whose schema does not say
MOST = 16  # items of an array whose schema does not say
DEEPEST = 8
_ESCAPED = 6  # bytes of a character at most, as \u1234
_NUMBER = 40
_CHARACTER = re.compile(r"^char ::= .*$", re.MULTILINE)
_TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")


@dataclass(frozen=True, slots=True)
class Form:
    """What JSON of a schema looks like.

    Attributes:
        grammar: in llama.cpp's GBNF.
        longest: bytes, and so tokens, that a text of it has at most.
    """

    grammar: str
    longest: int


def form_of(schema: Mapping[str, Any]) -> Form:
    """The grammar of a schema, with a bound on everything that could go on for ever.

    Strings without ``maxLength`` get :data:`LONGEST`, arrays without ``maxItems`` :data:`MOST`;
    objects have the properties that they name, and no others. So every text that is written to its
    end is JSON of the schema, and every text has an end.

    Raises:
        ModelError: the schema has what cannot be bounded (``$ref``, values of any type), or is
            none.
    """
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    limited = _bounded(schema, 0)
    try:
        grammar = json_schema_to_gbnf(json.dumps(limited))
        longest = _longest(limited)
    except (AssertionError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unusable(repr(error)) from error
    # The converter's own rule lets raw control characters into strings, which JSON forbids.
    strict = r'char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4})'
    return Form(_CHARACTER.sub(lambda _: strict, grammar), longest)


def _bounded(schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        raise _unusable(f"it is deeper than {DEEPEST}, or no schema")
    if "enum" in schema or "const" in schema:
        return dict(schema)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return {choice: [_bounded(one, depth + 1) for one in schema[choice]]}
    kind = schema.get("type")
    if isinstance(kind, list):
        return {"anyOf": [_bounded({**schema, "type": one}, depth + 1) for one in kind]}
    if kind not in _TYPES or "pattern" in schema:
        raise _unusable(f"it has values of the type {kind!r}, or a pattern")
    if kind == "string" and "format" not in schema:
        return {**schema, "maxLength": schema.get("maxLength", LONGEST)}
    if kind == "array":
        items = _bounded(schema.get("items", {}), depth + 1)
        return {**schema, "items": items, "maxItems": schema.get("maxItems", MOST)}
    if kind == "object":
        properties = schema.get("properties") or {}
        if not properties:
            raise _unusable("it has an object without properties")
        inner = {name: _bounded(one, depth + 1) for name, one in properties.items()}
        return {
            "type": "object",
            "properties": inner,
            "required": schema.get("required", list(inner)),
        }
    return dict(schema)


def _longest(schema: Mapping[str, Any]) -> int:
    """Bytes of a text at most; a space may stand behind every mark."""
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return max(len(json.dumps(value)) for value in values)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return max(map(_longest, schema[choice]))
    kind = schema["type"]
    if kind == "string":
        return _ESCAPED * int(schema.get("maxLength", _NUMBER)) + 3
    if kind == "array":
        return int(schema["maxItems"]) * (_longest(schema["items"]) + 2) + 4
    if kind == "object":
        properties = schema["properties"].items()
        return 4 + sum(len(json.dumps(name)) + 5 + _longest(one) for name, one in properties)
    return _NUMBER


def _unusable(why: str) -> ModelError:
    return ModelError(
        f"the JSON schema cannot be decoded by: {why}",
        hint="name the type of every value, without $ref or pattern",
    )
