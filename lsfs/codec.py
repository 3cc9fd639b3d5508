"""Values to JSON and back, checked against their types.

Paths may hold bytes that are not UTF-8 (surrogate escapes), which strict JSON encoders refuse; the
standard encoder writes them as ``\\udcXX`` escapes and reads them back unchanged.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from lsfs.errors import UsageError

T = TypeVar("T")


def to_builtins(value: Any) -> Any:
    """A tree of values as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value)


def dumps(value: Any, *, indent: int | None = None) -> str:
    """A value as ASCII JSON text; any file name survives the round trip."""
    return json.dumps(to_builtins(value), indent=indent)


def encoded(value: Any) -> bytes:
    """A value as JSON in UTF-8, several times as fast, for :func:`loads` to read."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate
        return dumps(value).encode("ascii")


def loads(text: str | bytes, type_: type[T]) -> T:
    """JSON text as a value of ``type_``.

    Raises:
        UsageError: the text is no JSON, or does not have the type's shape.
    """
    try:
        return msgspec.json.decode(text, type=type_)  # three times as fast
    except (msgspec.MsgspecError, UnicodeError):
        pass  # a lone surrogate, which it does not read; or an error, which is worded below
    try:
        return from_builtins(json.loads(text), type_)
    except json.JSONDecodeError as error:
        raise UsageError(f"not JSON: {error}") from error


def from_builtins(data: Any, type_: type[T]) -> T:
    """Dicts and lists as a value of ``type_``.

    Raises:
        UsageError: the data does not have the type's shape.
    """
    try:
        return msgspec.convert(data, type_)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # no text where a number belongs
        raise UsageError(str(error)) from error


def schema(type_: type[Any]) -> dict[str, Any]:
    """The JSON schema (2020-12) of a type."""
    return msgspec.json.schema(type_)
