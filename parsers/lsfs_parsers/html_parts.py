"""What of a web page is not its text, and what it says about itself to machines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day

_ENOUGH = 200  # characters of text beside menus and footers, below which they are kept too
_HIDING = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)(?:\s*!important)?\s*(?:;|$)")
_CONSENT = re.compile(
    r"\b(?:cookie|consent|gdpr)s?[-_]?(?:banner|notice|bar|popup|dialog|overlay|consent|modal)",
    re.I,
)
_MENU_ROLES = frozenset({"navigation", "contentinfo", "menu", "menubar"})
_CONTENT = ("main", "article", "section", "blockquote")
_LONGEST_DATA = 500_000  # characters of one script


def left_out(root: Any) -> set[Any]:
    """The elements that are not shown, and those around the text: menus, footers, consent.

    Menus are kept where there is hardly anything else, as on a page of links.
    """
    hidden: set[Any] = set()
    around: set[Any] = set()
    for element in root.iter("*"):
        if _is_hidden(element):
            hidden.add(element)
        elif _is_around(element):
            around.add(element)
    if around and _has_text(root, hidden | around):
        return hidden | around
    return hidden


def _is_hidden(element: Any) -> bool:
    get = element.get
    if element.tag in ("html", "body"):
        return False
    if get("hidden") is not None and get("hidden") != "until-found":
        return True
    if get("aria-hidden") == "true" or (element.tag == "dialog" and get("open") is None):
        return True
    return bool(_HIDING.search(get("style") or ""))


def _is_around(element: Any) -> bool:
    tag = element.tag
    if tag == "nav" or (element.get("role") or "").lower() in _MENU_ROLES:
        return True
    if tag == "footer":
        return next(element.iterancestors(*_CONTENT), None) is None
    name = f"{element.get('id') or ''} {element.get('class') or ''}"
    return tag in ("div", "section", "aside", "form") and bool(_CONSENT.search(name))


def _has_text(root: Any, without: set[Any]) -> bool:
    from lxml import etree

    count = 0
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        if element in without or element.tag in ("head", "script", "style"):
            walk.skip_subtree()
        else:
            count += len((element.text or "").strip())
        count += len((element.tail or "").strip())
        if count >= _ENOUGH:
            return True
    return False


def completed(facts: Facts, root: Any) -> Facts:
    """Facts that are missing, from JSON-LD and from marked times in the text."""
    for about in _linked_data(root):
        facts = replace(
            facts,
            title=facts.title or _text(about.get("headline")),
            author=facts.author or ", ".join(_names(about.get("author"))),
            language=facts.language or _text(about.get("inLanguage")),
            created=facts.created or day(_text(about.get("datePublished"))),
        )
    if facts.created is None:
        for element in root.iter("time"):
            if element.get("pubdate") is not None or element.get("itemprop") == "datePublished":
                return replace(facts, created=day(element.get("datetime") or ""))
    return facts


def _linked_data(root: Any) -> Iterator[Mapping[str, Any]]:
    for element in root.iter("script"):
        text = element.text or ""
        if (element.get("type") or "").lower() != "application/ld+json":
            continue
        try:
            found = json.loads(text) if len(text) <= _LONGEST_DATA else None
        except (ValueError, RecursionError):
            continue
        graph = found.get("@graph", found) if isinstance(found, dict) else found
        for one in graph if isinstance(graph, list) else [graph]:
            if isinstance(one, dict) and "datePublished" in one:
                yield one


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        name = _text(one.get("name") if isinstance(one, dict) else one)
        if name and "://" not in name:
            yield name
