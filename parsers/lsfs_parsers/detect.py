"""What a file is, judged by its content; its name only decides between kinds of text."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath
from typing import Any

from lsfs.errors import Encrypted, UnsupportedFormat
from lsfs_parsers import archive
from lsfs_parsers.base import UNKNOWN, Source
from lsfs_parsers.encoding import SAMPLE, looks_binary

NAME = "detect"  # stands as the parser of documents that no parser was found for
VERSION = 3  # raise when a file can get another media type

EMPTY = "application/x-empty"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"
ZIP = "application/zip"
JAR = "application/java-archive"
TAR = "application/x-tar"
GZIP = "application/gzip"
BZIP2 = "application/x-bzip2"
XZ = "application/x-xz"
ZSTD = "application/zstd"
NOTEBOOK = "application/x-ipynb+json"
LATEX = "text/x-tex"
XML = "application/xml"
SVG = "image/svg+xml"
YAML = "application/yaml"
TOML = "application/toml"
INI = "text/x-ini"
PLAIN = "text/plain"
CODE = "text/x-source"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
_OPEN = "application/vnd.oasis.opendocument"
ODF = tuple(
    f"{_OPEN}.{kind}"
    for kind in (
        "text", "text-template", "text-master", "text-web", "text-flat-xml",
        "presentation", "presentation-template", "presentation-flat-xml",
        "graphics", "graphics-template", "graphics-flat-xml",
    )
)  # fmt: skip
EPUB = "application/epub+zip"
MBOX = "application/mbox"
MAIL = "message/rfc822"

_HEAD = 1024  # a PDF may have this much rubbish before its header (ISO 32000-1, annex H.3.4.1)
_PDF_TAIL = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TAR_MAGIC = slice(257, 262)
_MAX_TYPES = 1024 * 1024
_OLE_SEARCH = 64 * 1024 * 1024

# Zip members that tell which document an archive is.
_ZIP_PARTS = (
    ("word/document.xml", DOCX),
    ("xl/workbook.xml", XLSX),
    ("xl/workbook.bin", XLSB),
    ("ppt/presentation.xml", PPTX),
    ("META-INF/container.xml", EPUB),
    ("META-INF/MANIFEST.MF", JAR),
)
# Content types of main parts; templates and macro-enabled documents differ in the last word.
_MAIN_PARTS = (
    (re.compile(rb"wordprocessingml\.(document|template)\.main|ms-word\.\w+\.macroE"), DOCX),
    (re.compile(rb"spreadsheetml\.(sheet|template)\.main|ms-excel\.\w+\.macroE"), XLSX),
    (re.compile(rb"presentationml\.(presentation|template|slideshow)\.main"), PPTX),
    (re.compile(rb"ms-powerpoint\.(presentation|template|slideshow)\.macroE"), PPTX),
)
_OLE_STREAMS = (
    ("Workbook", XLS),
    ("Book", XLS),
    ("WordDocument", DOC),
    ("PowerPoint Document", PPT),
    ("PP40", PPT),  # of PowerPoint 95
    ("__nameid_version1.0", "application/vnd.ms-outlook"),
)
# Signatures that need no library; the first byte of several of them could begin a text.
_SIGNATURES = (
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),  # with 64-bit offsets
    (b"MM\0+", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"\x1f\x8b", GZIP),
    *((b"BZh%d1AY&SY" % level, BZIP2) for level in range(1, 10)),
    (b"\xfd7zXZ\0", XZ),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
)
_SUFFIXES = {
    "md": "text/markdown", "markdown": "text/markdown", "mdown": "text/markdown",
    "mkd": "text/markdown", "qmd": "text/markdown", "rmd": "text/markdown",
    "html": "text/html", "htm": "text/html", "xhtml": "text/html",
    "eml": MAIL, "mbox": MBOX,
    "csv": "text/csv", "tsv": "text/tab-separated-values",
    "json": JSON, "geojson": JSON, "webmanifest": JSON, "har": JSON, "jsonl": JSON_LINES,
    "ndjson": JSON_LINES, "ipynb": NOTEBOOK,
    "tex": LATEX, "ltx": LATEX, "latex": LATEX,
    "xml": XML, "xsd": XML, "xsl": XML, "xslt": XML, "rss": XML, "atom": XML, "rdf": XML,
    "kml": XML, "gpx": XML, "plist": XML, "wsdl": XML, "xlf": XML, "svg": SVG,
    "yaml": YAML, "yml": YAML, "toml": TOML,
    "ini": INI, "cfg": INI, "conf": INI, "properties": INI, "desktop": INI, "service": INI,
}  # fmt: skip
_CODE_SUFFIX_WORDS = """
    py pyi pyw pyx c h cc cpp cxx c++ hpp hh hxx h++ ino cu rs go java kt kts scala swift m mm js
    mjs cjs jsx ts mts cts tsx vue svelte cs csx fsx rb rake gemspec rakefile gemfile php phtml pl
    pm lua r jl hs ml mli fs ex exs erl clj cljs lisp el scm sh bash zsh fish ps1 bat cmd sql css
    scss sass less asm s v vhd sv f f90 for pas d nim zig dart groovy gradle cmake mk makefile
    dockerfile  proto thrift tf nix awk sed diff patch
"""
_CODE_SUFFIXES = frozenset(_CODE_SUFFIX_WORDS.split())
_HTML = re.compile(
    rb"\A(?:\s|<!--.*?-->|<\?xml[^>]*\?>)*<(?:!doctype\s+html|html[\s>])", re.I | re.S
)
_PHP = re.compile(rb"<\?(?:php\b|=)")
_WEBP = re.compile(rb"RIFF....WEBP", re.S)
_FLAT_ODF = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<office:document\s[^>]*office:mimetype\s*=\s*["']"""
    rb"""(application/vnd\.oasis\.opendocument\.\w+)"""
)
_MAIL_HEADER = re.compile(
    rb"^(From|To|Cc|Subject|Date|Received|Return-Path|Delivered-To|Message-ID|MIME-Version"
    rb"|Content-Type|Reply-To|X-[A-Za-z-]+):", re.I | re.M
)  # fmt: skip
_HEADER_BLOCK = re.compile(rb"\A(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+")
_MAIL_HEADERS_NEEDED = 3
_MBOX = re.compile(rb"\AFrom \S+ .*\d{2}:\d{2}.*\r?\n[!-9;-~]+:")


class Detector:
    """Tells media types. Uses libmagic for what is neither text nor a known container."""

    def __init__(self) -> None:
        self._magic: Any = _libmagic()

    def media_type(self, source: Source) -> str:
        """The media type of the content of ``source``.

        Raises:
            Encrypted: it is an office document that needs a password.
            TooLarge: it is an archive with too long a directory.
            ParseError: it is an archive without a directory.
        """
        head = source.read(SAMPLE)
        if not head:
            return EMPTY
        if _is_pdf(source, head):
            return "application/pdf"
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return _zip_type(source)
        if head.startswith(_OLE):
            return _ole_type(source)
        for signature, media_type in _SIGNATURES:
            if head.startswith(signature):
                return media_type
        if _WEBP.match(head):
            return "image/webp"
        if head[_TAR_MAGIC] == b"ustar":
            return TAR
        if mail := _mail_type(head):  # some carry files as they are, NUL bytes and all
            return mail
        if looks_binary(head):
            if head.startswith(b"BM"):
                return "image/bmp"
            return self._ask_libmagic(head) or UNKNOWN
        return self._text_type(head, source.name)

    def _ask_libmagic(self, head: bytes) -> str:
        if self._magic is None:
            return ""
        found = str(self._magic.from_buffer(head))
        # What was found to be binary must not reach the text parser by another opinion.
        return "" if found.startswith("text/") else found

    def _text_type(self, head: bytes, name: str) -> str:
        if _HTML.match(head):
            return CODE if _PHP.search(head) else "text/html"
        if (flat := _FLAT_ODF.match(head)) and f"{flat[1].decode()}-flat-xml" in ODF:
            return f"{flat[1].decode()}-flat-xml"
        path = PurePosixPath(name.lower())
        suffix = path.suffix[1:] or path.name.lstrip(".")
        if suffix in _SUFFIXES:
            return _checked_suffix(_SUFFIXES[suffix], head)
        if suffix in _CODE_SUFFIXES or head.startswith(b"#!"):
            return CODE
        if self._magic is not None and not path.suffix:
            found = str(self._magic.from_buffer(head))
            return found if found in ("text/html", "application/json") else PLAIN
        return PLAIN


def _libmagic() -> Any:
    """libmagic's media-type detector, or None where the library is missing."""
    try:
        import magic
    except ImportError:  # python-magic raises it too when it finds no libmagic.so
        return None
    return magic.Magic(mime=True)


def _is_pdf(source: Source, head: bytes) -> bool:
    at = head[:_HEAD].find(b"%PDF-")
    if at < 0 or not head[:at].strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return at >= 0
    # Behind other characters the mark may be a mention of PDF, as in this very file; a PDF also has
    # a trailer.
    tail = source.read(offset=max(0, source.size - _PDF_TAIL))
    return b"startxref" in tail and b"%%EOF" in tail


def _zip_type(source: Source) -> str:
    with archive.directory(source) as opened:
        names = set(opened.namelist())
        if "mimetype" in names:
            declared = archive.beginning(opened, "mimetype", 200).decode("ascii", "replace")
            declared = declared.strip()
            # A template of a spreadsheet is one, and calamine reads it as one.
            return ODS if declared == f"{ODS}-template" else declared or ZIP
        for part, media_type in _ZIP_PARTS:
            if part in names:
                return media_type
        return _by_content_types(opened)


def _by_content_types(opened: zipfile.ZipFile) -> str:
    """The type of an office document whose main part has an unusual name."""
    types = archive.beginning(opened, "[Content_Types].xml", _MAX_TYPES)
    found = (media_type for pattern, media_type in _MAIN_PARTS if pattern.search(types))
    return next(found, ZIP)


def _ole_type(source: Source) -> str:
    content = source.read(_OLE_SEARCH)
    if _entry("EncryptedPackage") in content:
        raise Encrypted("the document needs a password")
    found = [(name, media_type) for name, media_type in _OLE_STREAMS if _entry(name) in content]
    if len(found) > 1:  # what is embedded in a document has streams, too
        from lsfs_parsers.ole import at_root

        names = at_root(source)
        found = [one for one in found if one[0].lower() in names] or found
    return found[0][1] if found else "application/x-ole-storage"


def _entry(name: str) -> bytes:
    """A directory entry's name as compound files store it ([MS-CFB] 2.6.1): NUL-ended UTF-16."""
    return f"{name}\0".encode("utf-16-le")


def _mail_type(head: bytes) -> str:
    if _MBOX.match(head):
        return MBOX
    return MAIL if _is_mail(head) else ""


def _is_mail(head: bytes) -> bool:
    block = _HEADER_BLOCK.match(head.replace(b"\r\n", b"\n"))
    if block is None:
        return False
    known = {name.lower() for name in _MAIL_HEADER.findall(block.group())}
    return len(known) >= _MAIL_HEADERS_NEEDED and bool(known & {b"from", b"received", b"date"})


def _checked_suffix(media_type: str, head: bytes) -> str:
    """The type that a name promises, unless the content cannot be it."""
    if media_type == "text/html" and b"<" not in head:
        return PLAIN
    if media_type in (MAIL, MBOX) and not _MAIL_HEADER.search(head[:SAMPLE]):
        return PLAIN
    return media_type


def unsupported(media_type: str) -> UnsupportedFormat:
    """The error for a file that no parser reads."""
    what = "an unknown kind of file" if media_type == UNKNOWN else media_type
    return UnsupportedFormat(f"no parser reads {what}")
