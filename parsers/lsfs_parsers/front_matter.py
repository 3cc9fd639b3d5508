"""What a Markdown file says about itself above its text, in YAML or TOML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsfs_parsers.builder import Facts
from lsfs_parsers.named_facts import MAX_CHARS, named_facts, toml_fields, yaml_fields

_MAX_LINES = 200  # a rule at the very top is not the start of front matter
_FENCES = {"---": ("---", "..."), "+++": ("+++",)}


def front_matter(lines: list[str]) -> tuple[Facts, int]:
    """The facts between fences at the top, and how many lines they take: none where none are."""
    opening = lines[0].rstrip()
    closing = _FENCES.get(opening, ())
    ends = (n for n, line in enumerate(lines[1:_MAX_LINES], start=1) if line.rstrip() in closing)
    end = next(ends, 0)
    text = "\n".join(lines[1:end])
    if not end or len(text) > MAX_CHARS:
        return Facts(), 0
    fields = _yaml(text) if opening == "---" else toml_fields(text)
    if fields is None:
        return Facts(), 0
    return named_facts(fields), end + 1


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
