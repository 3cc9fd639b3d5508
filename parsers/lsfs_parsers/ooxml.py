"""The parts and properties of an Office Open XML package."""

from __future__ import annotations

import posixpath
import zipfile
from typing import Any

from lsfs.errors import ParseError
from lsfs_parsers import archive
from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day

_RELATIONS = "_rels/.rels"


def tag(node: Any) -> str:
    """An element's name without its namespace: strict documents use another one."""
    name = node.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def attribute(node: Any, name: str) -> str:
    """An attribute's value by its name without namespace; "" when it is missing."""
    return next((str(value) for key, value in node.items() if key.rpartition("}")[2] == name), "")


def xml(package: zipfile.ZipFile, name: str) -> Any:
    """The root element of a part, or None when the package has no such part.

    Raises:
        ParseError: it is damaged.
    """
    from lxml import etree

    content = archive.member(package, name)
    if content is None:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"{name} is damaged: {error}") from error


def related(package: zipfile.ZipFile) -> dict[str, str]:
    """The package's parts by the last word of their relation's type."""
    relations = xml(package, _RELATIONS)
    if relations is None:
        return {}
    return {
        posixpath.basename(attribute(node, "Type")): attribute(node, "Target").lstrip("/")
        for node in relations
        if attribute(node, "TargetMode") != "External"
    }


def core_facts(package: zipfile.ZipFile, parts: dict[str, str]) -> Facts:
    """What the core properties (ECMA-376 part 2, 11) say; nothing when they are missing or damaged.

    Args:
        parts: see :func:`related`.
    """
    try:
        core = xml(package, parts.get("core-properties", "docProps/core.xml"))
    except ParseError:
        return Facts()
    if core is None:
        return Facts()
    texts = {tag(node): node.text or "" for node in core}
    return Facts(
        texts.get("title", ""),
        texts.get("creator", ""),
        texts.get("language", ""),
        day(texts.get("created", "")),
    )
