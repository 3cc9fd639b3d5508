"""XML from a document that nobody vouches for, and how its elements are looked at."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from lsfs.errors import ParseError
from lsfs_parsers import archive

_HIGHEST = 10**12  # more than any measure or count in a document; a float takes it


def parsed(content: bytes, name: str) -> Any:
    """The root element of ``content``.

    Nothing is fetched and no entity is put in; libxml2 itself refuses elements that are nested
    deeper than 256.

    Args:
        name: what to call it when it is damaged.

    Raises:
        ParseError: it is damaged.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError(f"{name} is damaged: {error}") from error


def xml(package: zipfile.ZipFile, name: str) -> Any:
    """The root element of a member of an archive, or None when it has no such member.

    Raises:
        ParseError: it is damaged.
    """
    content = archive.member(package, name)
    return None if content is None else parsed(content, name)


def tag(node: Any) -> str:
    """An element's name without its namespace: strict documents use another one."""
    name = node.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def attribute(node: Any, name: str) -> str:
    """An attribute's value by its name without namespace; "" when it is missing."""
    return next((str(value) for key, value in node.items() if key.rpartition("}")[2] == name), "")


def number(node: Any, name: str, default: int = 0) -> int:
    """An attribute's value as an integer; ``default`` when it is missing, none, or beyond use."""
    try:
        value = int(attribute(node, name))
    except ValueError:
        return default
    return value if abs(value) <= _HIGHEST else default


def child(node: Any, *names: str) -> Any:
    """The element reached by the first child of each name in turn, or None."""
    for name in names:
        if node is None:
            return None
        node = next((inner for inner in node if tag(inner) == name), None)
    return node


def children(node: Any, *names: str) -> Iterator[Any]:
    """The children of these names; none of what is None."""
    if node is not None:
        yield from (inner for inner in node if tag(inner) in names)


def within(node: Any, *names: str) -> Iterator[Any]:
    """The elements of these names at any depth, ``node`` among them."""
    if node is not None:
        yield from (inner for inner in node.iter() if tag(inner) in names)
