"""What a Markdown file says about itself above its text, in YAML or TOML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lsfs_parsers.builder import Facts, Piece
from lsfs_parsers.named_facts import MAX_CHARS, named_facts, toml_fields, yaml_fields

_MAX_LINES = 200  # a rule at the very top is not the start of front matter
_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
_NO_TEXT = ("title", "headline", "lang", "language")  # kept as facts, and not said twice


class FrontMatter(NamedTuple):
    """What stands between fences at the top of a file.

    Attributes:
        lines: how many it takes; 0 where there is none.
        pieces: "key: value" of each value, one for each item of a list.
    """

    facts: Facts = Facts()
    lines: int = 0
    pieces: tuple[Piece, ...] = ()


def front_matter(lines: list[str]) -> FrontMatter:
    """The front matter of a file."""
    opening = lines[0].rstrip()
    closing = _FENCES.get(opening, ())
    ends = (n for n, line in enumerate(lines[1:_MAX_LINES], start=1) if line.rstrip() in closing)
    end = next(ends, 0)
    text = "\n".join(lines[1:end])
    if not end or len(text) > MAX_CHARS:
        return FrontMatter()
    fields = _yaml(text) if opening == "---" else toml_fields(text)
    if fields is None:
        return FrontMatter()
    pieces = tuple(_pieces(fields, lines[:end]))
    return FrontMatter(named_facts(fields), end + 1, pieces)


def _pieces(fields: Mapping[Any, Any], lines: list[str]) -> Iterator[Piece]:
    """Each value with its key, at the line that it stands in."""
    for key, value in fields.items():
        name = str(key).strip()
        if not name or name.lower() in _NO_TEXT:
            continue
        marks = (f"{name}:", f'"{name}":', f"'{name}':", f"{name} ")
        at = next((n for n, line in enumerate(lines) if line.lstrip().startswith(marks)), 1)
        for written in _texts(value):
            at = next((n for n in range(at, len(lines)) if written in lines[n]), at)
            shown = " ".join(written.strip("[]# ").split())  # [[of a wiki]], #tag
            if shown:
                yield Piece(f"{name}: {shown}", at + 1)


def _texts(value: object) -> Iterator[str]:
    """The texts of a value: of a list each, of a mapping in it its name."""
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)


def _yaml(text: str) -> Mapping[Any, Any] | None:
    """The fields of a YAML mapping; None when it is none."""
    if not text.strip():
        return {}
    try:
        return yaml_fields(text)
    except ValueError:
        return _plain_fields(text)


def _plain_fields(text: str) -> Mapping[str, str] | None:
    """``key: value`` lines of what is not quite YAML, as a title with a colon."""
    lines = [line.partition(":") for line in text.split("\n") if line[:1].isalpha()]
    fields = {key: value.strip().strip("\"'") for key, colon, value in lines if colon}
    return fields or None
