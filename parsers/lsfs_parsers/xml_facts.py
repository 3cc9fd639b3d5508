"""What an XML document says about itself, in its root or in the heads of common vocabularies."""

from __future__ import annotations

from xml.parsers import expat

from msgspec import Struct

from lsfs_parsers.builder import Facts, one_line
from lsfs_parsers.dates import day

_LOOKED_AT = 64 * 1024  # characters
_LONGEST = 300
# Elements that stand for the whole (DocBook, TEI, JATS, DITA, RSS, RDF in SVG); what stands in any
# other is about a part: the author of the third book of a catalogue.
_HEADS = frozenset({
    "head", "header", "info", "metadata", "meta", "articleinfo", "bookinfo", "prolog", "channel",
    "teiheader", "filedesc", "titlestmt", "publicationstmt", "front", "article-meta", "title-group",
    "contrib-group", "rdf", "work", "description", "authorgroup",
})  # fmt: skip
_TITLES = frozenset({"title", "article-title"})
_AUTHORS = frozenset({"author", "creator", "contrib"})
_DATES = frozenset({"date", "created", "published", "pubdate", "issued", "pub-date"})
_APART = frozenset({"email", "affiliation", "aff", "xref", "contrib-id", "uri", "rights"})


def xml_facts(text: str) -> Facts:
    """The facts at the beginning of ``text``; those before the first fault, if it has one."""
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text[:_LOOKED_AT].encode("utf-8", "replace"), False)
    except expat.ExpatError:
        return reader.facts()
    return reader.facts()


class _Kept(Struct):
    """A fact that is being read: its kind, how deep its element is, and its texts."""

    kind: str
    depth: int
    parts: list[str]


class _Reader:
    """Takes expat's events. Never recurses."""

    def __init__(self) -> None:
        self._depth = 0
        self._outside = 0  # depth of the outermost element that is about a part; 0: in none
        self._apart = 0
        self._kept: _Kept | None = None
        self._found: dict[str, list[str]] = {"title": [], "author": [], "date": []}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        local = name.rpartition(":")[2].lower()
        if self._kept is not None:
            self._kept.parts.append(" ")
            if local in _APART and not self._apart:
                self._apart = self._depth
        elif not self._outside and self._depth > 1:
            kind = _kind(local, attributes)
            if kind:
                stated = attributes.get("when") or attributes.get("iso-8601-date") or ""
                self._kept = _Kept(kind, self._depth, [stated and f"{stated} "])
            elif local not in _HEADS:
                self._outside = self._depth

    def text(self, data: str) -> None:
        kept = self._kept
        if kept is not None and not self._apart and sum(map(len, kept.parts)) < _LONGEST:
            kept.parts.append(data)

    def end(self, _name: str) -> None:
        kept = self._kept
        if kept is not None and kept.depth == self._depth:
            value = one_line("".join(kept.parts))[:_LONGEST]
            if value:
                self._found[kept.kind].append(value)
            self._kept = None
        if self._apart == self._depth:
            self._apart = 0
        if self._outside == self._depth:
            self._outside = 0
        self._depth -= 1

    def facts(self) -> Facts:
        """What was found: the first title and date, and all authors."""
        title, date = (next(iter(self._found[kind]), "") for kind in ("title", "date"))
        return Facts(title, ", ".join(self._found["author"]), "", day(date))


def _kind(local: str, attributes: dict[str, str]) -> str:
    if local in _TITLES:
        return "title"
    if local in _AUTHORS and attributes.get("contrib-type", "author") == "author":
        return "author"
    return "date" if local in _DATES else ""
