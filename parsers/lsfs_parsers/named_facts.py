"""Title, author and date under the names that they have in front matter, JSON, YAML and TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day

MAX_CHARS = 20_000  # of settings that are read whole for the few that count

_TITLE = ("title", "headline")
_AUTHOR = ("author", "authors", "creator", "by")
_DATE = ("date", "created", "published", "datepublished", "datecreated", "date-released")
_PROJECT = ("project", "package", "metadata")  # where a package says who wrote it


def named_facts(fields: Mapping[Any, Any]) -> Facts:
    """The facts among ``fields``, whose names count in any case."""
    known = {key.lower(): value for key, value in fields.items() if isinstance(key, str)}
    created = _first(known, _DATE)
    return Facts(
        title=_text(_first(known, _TITLE)),
        author=", ".join(_names(_first(known, _AUTHOR))),
        language=_text(_first(known, ("lang", "language"))),
        created=created if type(created) is date else day(_text(created)),
    )


def setting_facts(fields: Mapping[Any, Any]) -> Facts:
    """The facts of a file of settings: its own, else those of the package that it describes."""
    facts = named_facts(fields)
    for name in _PROJECT:
        inner = fields.get(name)
        if isinstance(inner, dict):
            facts = facts.or_else(named_facts(inner))
    return facts


def yaml_fields(text: str) -> Mapping[Any, Any] | None:
    """The fields of a YAML mapping, each value a text; None when it is none.

    Raises:
        ValueError: it is no YAML.
    """
    import yaml

    # Every scalar a text: the loader with types turns some dates into errors. The one in C,
    # where there is one, gives up at once on what takes the other seconds.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        found = yaml.load(text, Loader=loader)  # noqa: S506 - makes lists, dicts and texts only
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return found if isinstance(found, dict) else None


def toml_fields(text: str) -> Mapping[str, Any] | None:
    """The fields of a TOML document; None when it is none."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields[name] for name in names if fields.get(name)), None)


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _names(value: object) -> Iterator[str]:
    """Names in a text, a list of texts or mappings with a name."""
    for one in value if isinstance(value, list) else [value]:
        name = _text(_named(one) if isinstance(one, dict) else one)
        if name:
            yield name


def _named(person: Mapping[Any, Any]) -> str:
    """A person's name, which citations keep in two parts."""
    parts = (_text(person.get(name)) for name in ("given-names", "family-names"))
    return _text(person.get("name")) or " ".join(filter(None, parts))
