"""What a Markdown file says about itself above its text, in YAML or TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day

_MAX_LINES = 200  # a rule at the very top is not the start of front matter
_MAX_CHARS = 20_000
_FENCES = {"---": ("---", "..."), "+++": ("+++",)}


def front_matter(lines: list[str]) -> tuple[Facts, int]:
    """The facts between fences at the top, and how many lines they take: none where none are."""
    opening = lines[0].rstrip()
    closing = _FENCES.get(opening, ())
    ends = (n for n, line in enumerate(lines[1:_MAX_LINES], start=1) if line.rstrip() in closing)
    end = next(ends, 0)
    text = "\n".join(lines[1:end])
    if not end or len(text) > _MAX_CHARS:
        return Facts(), 0
    fields = _yaml(text) if opening == "---" else _toml(text)
    if fields is None:
        return Facts(), 0
    return _facts({str(key).lower(): value for key, value in fields.items()}), end + 1


def _yaml(text: str) -> Mapping[Any, Any] | None:
    """The fields of a YAML mapping; None when it is none."""
    import yaml

    if not text.strip():
        return {}
    try:
        # Every scalar a text: the loader with types turns some dates into errors. The one in C,
        # where there is one, gives up at once on what takes the other seconds.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        found = yaml.load(text, Loader=loader)  # noqa: S506 - makes lists, dicts and texts only
    except (yaml.YAMLError, RecursionError, ValueError):
        return _plain_fields(text)
    return found if isinstance(found, dict) else None


def _plain_fields(text: str) -> Mapping[str, str] | None:
    """``key: value`` lines of what is not quite YAML, as a title with a colon."""
    lines = [line.partition(":") for line in text.split("\n") if line[:1].isalpha()]
    fields = {key: value.strip().strip("\"'") for key, colon, value in lines if colon}
    return fields or None


def _toml(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _facts(fields: Mapping[str, Any]) -> Facts:
    authors = fields.get("author") or fields.get("authors") or fields.get("by")
    created = fields.get("date") or fields.get("created") or fields.get("published")
    return Facts(
        title=_text(fields.get("title")),
        author=", ".join(_names(authors)),
        language=_text(fields.get("lang") or fields.get("language")),
        created=created if type(created) is date else day(_text(created)),
    )


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _names(value: object) -> Iterator[str]:
    """Names in a text, a list of texts or mappings with a name."""
    for one in value if isinstance(value, list) else [value]:
        name = _text(one.get("name") if isinstance(one, dict) else one)
        if name:
            yield name
