"""The parts and properties of an Office Open XML package."""

from __future__ import annotations

import posixpath
import zipfile

from lsfs.errors import ParseError
from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day
from lsfs_parsers.xmltree import attribute, tag, xml

__all__ = ["attribute", "core_facts", "related", "relations", "tag", "xml"]

_RELATIONS = "_rels/.rels"
# The templates of python-docx and python-pptx were made then, not what is made from them.
_OF_TEMPLATES = frozenset(("2013-12-23T23:15:00Z", "2013-01-27T09:14:16Z"))


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


def relations(package: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to by the relation's id: the last word of its type, and the other part."""
    folder, name = posixpath.split(part)
    root = xml(package, f"{folder}/_rels/{name}.rels")
    if root is None:
        return {}
    return {
        attribute(node, "Id"): (
            posixpath.basename(attribute(node, "Type")),
            _resolved(folder, attribute(node, "Target")),
        )
        for node in root
        if attribute(node, "TargetMode") != "External"
    }


def _resolved(folder: str, target: str) -> str:
    """A part's name as the archive has it."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


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
    created = texts.get("created", "")
    return Facts(
        texts.get("title", ""),
        texts.get("creator", ""),
        texts.get("language", ""),
        None if created in _OF_TEMPLATES else day(created),
    )
