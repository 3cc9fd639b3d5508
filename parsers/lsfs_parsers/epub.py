"""Electronic books: a page for each part of the spine, in the order in which they are read."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from lsfs.errors import Encrypted, ParseError, UnsupportedFormat
from lsfs.model import BlockKind, Document, Status
from lsfs_parsers import archive, detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, one_line
from lsfs_parsers.dates import day
from lsfs_parsers.encoding import decode
from lsfs_parsers.html import read_html
from lsfs_parsers.versions import VERSIONS
from lsfs_parsers.xmltree import attribute, child, children, within, xml

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts that are made unreadable for other books are not encrypted (EPUB 3.3, 4.4).
_OBFUSCATED = frozenset({
    "http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC",
})  # fmt: skip
_READABLE = frozenset({
    "application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document",
})  # fmt: skip
_MAX_ITEM = 16 * 1024 * 1024
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
# XHTML may close any element where it opens; HTML takes that for an opening only, so that an empty
# title or script would swallow the whole text.
_CLOSED_AT_ONCE = re.compile(rf"<(?!(?:{_VOID})\b)([A-Za-z][\w:-]*)((?:\s[^<>]*)?)/>")
_CHARSET = re.compile(rb"""\A\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9_:.-]+)""")
_HEADING = re.compile(r"<h[1-6]\b", re.I)
_ANY_TAG = re.compile(r"<[^>]*>")
_HEADING_WITHIN = 2_000  # characters, marks included
_LONGEST_LABEL = 200  # characters


class EpubParser:
    """Reads EPUB 2 and 3."""

    name = "epub"
    version = VERSIONS["epub"]
    media_types = (detect.EPUB,)

    def parse(self, source: Source) -> Document:
        """The book in ``source``.

        A part that cannot be read makes the status partial.

        Raises:
            TooLarge: see :func:`lsfs_parsers.archive.opened`.
            Encrypted: it can be read with its seller's program only.
            ParseError: it is damaged.
        """
        builder = Builder(source, self.name, self.version, page_unit="chapter")
        with archive.opened(source) as package:
            book = _opened(package)
            _check_rights(package, book)
            return _read(package, book, builder)


class _Book(Struct):
    """What a package says of its parts.

    Attributes:
        spine: the names of the parts in reading order.
        titles: what the contents call the parts, by name.
    """

    facts: Facts
    spine: list[str] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)


def _opened(package: zipfile.ZipFile) -> _Book:
    container = xml(package, _CONTAINER)
    rootfile = next(within(container, "rootfile"), None)
    name = attribute(rootfile, "full-path") if rootfile is not None else ""
    root = xml(package, name) if name else None
    if root is None:
        raise ParseError("the book's list of parts is missing")
    folder = posixpath.dirname(name)
    items = {
        attribute(item, "id"): item
        for item in children(child(root, "manifest"), "item")
        if attribute(item, "href")
    }
    paths = {id_: _target(folder, attribute(item, "href")) for id_, item in items.items()}
    book = _Book(_facts(child(root, "metadata")))
    spine = child(root, "spine")
    seen: set[str] = set()
    for reference in children(spine, "itemref"):
        id_ = attribute(reference, "idref")
        readable = id_ in items and attribute(items[id_], "media-type") in _READABLE
        if readable and id_ not in seen:  # naming a part twice is not allowed
            book.spine.append(paths[id_])
            seen.add(id_)
    for id_, item in items.items():
        if "nav" in attribute(item, "properties").split():
            book.titles |= _titles(package, paths[id_])
    contents = paths.get(attribute(spine, "toc")) if spine is not None else None
    if contents and not book.titles:
        book.titles = _titles(package, contents)
    return book


def _target(folder: str, reference: str) -> str:
    """The archive's name of what a reference leads to, without the place in it."""
    path = unquote(urlsplit(reference).path) if "//" not in reference else ""
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")


def _facts(metadata: Any) -> Facts:
    if metadata is None:
        return Facts()

    def texts(name: str) -> list[str]:
        found = (one_line("".join(node.itertext())) for node in within(metadata, name))
        return [text for text in found if text]

    title, creators = texts("title"), texts("creator")
    language, dates = texts("language"), _published(metadata)
    return Facts(
        title[0] if title else "",
        ", ".join(dict.fromkeys(creators)),
        language[0] if language else "",
        day(dates[0]) if dates else None,
    )


def _published(metadata: Any) -> list[str]:
    """The book's dates, that of its publication first; not that of the last change of the file."""
    dates = [
        node for node in within(metadata, "date") if attribute(node, "event") != "modification"
    ]
    dates.sort(
        key=lambda node: attribute(node, "event") not in ("publication", "original-publication")
    )
    return [node.text for node in dates if node.text]


def _titles(package: zipfile.ZipFile, name: str) -> dict[str, str]:
    """What a table of contents, in the form of EPUB 2 or 3, calls the parts that it leads to."""
    try:
        root = xml(package, name)
    except ParseError:
        return {}
    found: dict[str, str] = {}
    for target, text in _entries(root):
        text = one_line(text)[:_LONGEST_LABEL]
        if text:
            found.setdefault(_target(posixpath.dirname(name), target), text)
    return found


def _entries(root: Any) -> Iterator[tuple[str, str]]:
    for point in within(root, "navPoint"):
        label, content = child(point, "navLabel", "text"), child(point, "content")
        if label is not None and content is not None:
            yield attribute(content, "src"), label.text or ""
    for nav in within(root, "nav"):
        if attribute(nav, "type") in ("", "toc"):
            for link in within(nav, "a"):
                yield attribute(link, "href"), "".join(link.itertext())


def _check_rights(package: zipfile.ZipFile, book: _Book) -> None:
    root = xml(package, _ENCRYPTION)
    locked = set()
    for data in within(root, "EncryptedData"):
        method = next(within(data, "EncryptionMethod"), None)
        if method is None or attribute(method, "Algorithm") not in _OBFUSCATED:
            locked |= {_target("", attribute(n, "URI")) for n in within(data, "CipherReference")}
    if locked & set(book.spine):
        raise Encrypted("the book is protected: only its seller's program can read it")


def _read(package: zipfile.ZipFile, book: _Book, builder: Builder) -> Document:
    read = 0
    for name in book.spine:
        if builder.full:
            break
        try:
            text = _text(package, name)
        except (ParseError, UnsupportedFormat) as error:
            builder.page(book.titles.get(name, ""))
            builder.warn(f"{name}: {error.message}")
            continue
        read += 1
        _add(text, book.titles.get(name, ""), builder)
    if read == len(book.spine) or builder.full:
        return builder.build(book.facts)
    if not read:
        raise ParseError("none of the book's parts can be read")
    reason = f"parts {read}/{len(book.spine)} were read"
    return builder.build(book.facts, status=Status.PARTIAL, reason=reason)


def _text(package: zipfile.ZipFile, name: str) -> str:
    content = archive.member(package, name)
    if content is None:
        raise ParseError("the part is missing")
    declared = _CHARSET.match(content[:200])
    decoded = decode(content[:_MAX_ITEM], declared=declared[1].decode("ascii") if declared else "")
    return _CLOSED_AT_ONCE.sub(r"<\1\2></\1>", decoded.text)


def _add(text: str, title: str, builder: Builder) -> None:
    """Append a part of the book; one without a heading gets the one that the contents give it."""
    heading = _HEADING.search(text)
    builder.page(title or (_heading_at(text, heading.start()) if heading else ""))
    if title and not heading:
        builder.add_text(BlockKind.HEADING, title, level=1)
    read_html(text, builder, lines=False)


def _heading_at(text: str, start: int) -> str:
    """The words of the heading that begins at ``start``."""
    part = text[start : start + _HEADING_WITHIN]
    end = part.lower().find("</h")
    return one_line(html.unescape(_ANY_TAG.sub(" ", part[:end])))[:_LONGEST_LABEL]
