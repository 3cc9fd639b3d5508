"""Finds the parser for a media type, and loads it when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from lsfs_parsers import detect
from lsfs_parsers.base import Parser
from lsfs_parsers.versions import VERSIONS

GROUP = "lsfs.parsers"

# Used where the package was not installed, so that it has no entry points; the same names.
_BUILT_IN = {
    "text": "lsfs_parsers.text:TextParser",
    "code": "lsfs_parsers.code:CodeParser",
    "archive": "lsfs_parsers.archive_list:ArchiveParser",
    "notebook": "lsfs_parsers.notebook:NotebookParser",
    "latex": "lsfs_parsers.latex:LatexParser",
    "delimited": "lsfs_parsers.delimited:DelimitedParser",
    "json": "lsfs_parsers.json_text:JsonParser",
    "settings": "lsfs_parsers.settings:SettingsParser",
    "xml": "lsfs_parsers.xml_text:XmlParser",
    "markdown": "lsfs_parsers.markdown:MarkdownParser",
    "html": "lsfs_parsers.html:HtmlParser",
    "email": "lsfs_parsers.mail:MailParser",
    "doc": "lsfs_parsers.doc:DocParser",
    "docx": "lsfs_parsers.docx:DocxParser",
    "spreadsheet": "lsfs_parsers.spreadsheet:SpreadsheetParser",
    "pdf": "lsfs_parsers.pdf:PdfParser",
    "ppt": "lsfs_parsers.ppt:PptParser",
    "pptx": "lsfs_parsers.pptx:PptxParser",
    "odf": "lsfs_parsers.odf:OdfParser",
    "epub": "lsfs_parsers.epub:EpubParser",
    "image": "lsfs_parsers.image:ImageParser",
    "rtf": "lsfs_parsers.rtf:RtfParser",
}
# The types of the built-in parsers, so that none has to be loaded to know that it is not needed.
_BUILT_IN_TYPES = {
    "application/pdf": "pdf",
    "text/markdown": "markdown",
    "text/html": "html",
    "application/xhtml+xml": "html",
    detect.MAIL: "email",
    detect.MBOX: "email",
    detect.DOC: "doc",
    detect.DOCX: "docx",
    detect.PPT: "ppt",
    detect.PPTX: "pptx",
    detect.XLSX: "spreadsheet",
    detect.XLSB: "spreadsheet",
    detect.XLS: "spreadsheet",
    detect.ODS: "spreadsheet",
    detect.CODE: "code",
    detect.ZIP: "archive",
    detect.JAR: "archive",
    detect.TAR: "archive",
    detect.GZIP: "archive",
    detect.BZIP2: "archive",
    detect.XZ: "archive",
    detect.ZSTD: "archive",
    detect.NOTEBOOK: "notebook",
    detect.LATEX: "latex",
    "text/csv": "delimited",
    "text/tab-separated-values": "delimited",
    detect.JSON: "json",
    detect.JSON_LINES: "json",
    detect.XML: "xml",
    detect.SVG: "xml",
    detect.YAML: "settings",
    detect.TOML: "settings",
    detect.INI: "settings",
    **dict.fromkeys(detect.ODF, "odf"),
    detect.EPUB: "epub",
    "application/rtf": "rtf",
    **dict.fromkeys(
        ("image/png", "image/jpeg", "image/tiff", "image/webp", "image/bmp", "image/gif"), "image"
    ),
    "text/*": "text",
}


class Registry:
    """The parsers of this installation.

    Args:
        extra: more parsers by name, as ``module:Class``.
    """

    def __init__(self, extra: Mapping[str, str] | None = None) -> None:
        self._entries = {
            name: EntryPoint(name, value, GROUP)
            for name, value in {**_BUILT_IN, **(extra or {})}.items()
        }
        self._entries |= {entry.name: entry for entry in entry_points(group=GROUP)}
        self._loaded: dict[str, Parser] = {}
        self._failed: dict[str, str] = {}
        self._preferred: dict[str, Parser] = {}

    def prefer(self, parser: Parser) -> None:
        """Read what ``parser`` reads with it and nothing else."""
        self._preferred |= dict.fromkeys(parser.media_types, parser)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be loaded, naming the distribution that brought it."""
        return tuple(self._failed.values())

    def find(self, media_type: str) -> Parser | None:
        """The parser for a media type: the preferred one, else a built-in one, else one from a
        plugin, else None."""
        if media_type in self._preferred:
            return self._preferred[media_type]
        family = f"{media_type.partition('/')[0]}/*"
        exact = _BUILT_IN_TYPES.get(media_type)
        if exact is not None:
            return self._load(exact)
        for name in self._plugins():
            parser = self._load(name)
            if parser is not None and {media_type, family} & set(parser.media_types):
                return parser
        general = _BUILT_IN_TYPES.get(family)
        return self._load(general) if general is not None else None

    def versions(self) -> dict[str, int]:
        """The version of each parser by name; of the detector too, for what found no parser."""
        known = dict(VERSIONS)
        others = [name for name, entry in self._entries.items() if not _is_built_in(name, entry)]
        for parser in (*map(self._load, others), *self._preferred.values()):
            if parser is not None:
                known[parser.name] = parser.version
        return known | {detect.NAME: detect.VERSION}

    def _plugins(self) -> list[str]:
        return [name for name in self._entries if name not in _BUILT_IN]

    def _load(self, name: str) -> Parser | None:
        if name in self._failed:
            return None
        if name not in self._loaded:
            entry = self._entries[name]
            try:
                parser = cast(type[Parser], entry.load())()
                # Read here, so that a plugin that lacks one of them fails as a plugin.
                _ = (parser.name, parser.version, parser.media_types, parser.parse)
            except Exception as error:  # a plugin's module can raise anything
                self._failed[name] = _failure(entry, error)
                return None
            self._loaded[name] = parser
        return self._loaded[name]


def _is_built_in(name: str, entry: EntryPoint) -> bool:
    return _BUILT_IN.get(name) == entry.value


def _failure(entry: EntryPoint, error: Exception) -> str:
    distribution = entry.dist.name if entry.dist is not None else "lsfs"
    return (
        f"the parser {entry.name!r} of {distribution} cannot be loaded:"
        f" {type(error).__name__}: {error}"
    )
