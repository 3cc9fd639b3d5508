"""The files that are attached to a PDF (ISO 32000-2, 7.11.4), each a page behind those printed."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lsfs.model import ATTACHED, BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import HeldSource, Source
from lsfs_parsers.builder import Builder, Piece, one_line

MOST_ATTACHMENTS = 100  # of a document; what is more is only counted
MAX_ATTACHMENT = 32 * 1024 * 1024  # bytes; a larger one is named only
MAX_ATTACHED = 128 * 1024 * 1024  # of all together
_LONGEST_NAME = 200
_UNNAMED = "unnamed"
_SECONDS = 5.0  # left; below, attachments are named only


def add_attached(pdf: Any, source: Source, builder: Builder) -> None:
    """Append what is attached to ``pdf``, below its name and size; never raises.

    Each is read by the parser of its format. XML is for programs, as the invoice that ZUGFeRD and
    Factur-X put behind the pages that print it: so its blocks are furniture, which is searched and
    summed up by no one. What is attached to an attachment is named only, XML aside.
    """
    count = pdf.count_attachments()
    left = MAX_ATTACHED
    for index in range(min(count, MOST_ATTACHMENTS)):
        if builder.full:
            return
        name, data = _taken(pdf, index)
        builder.page(name, source=ATTACHED)
        if len(data) > min(MAX_ATTACHMENT, left):
            builder.warn(f"{name}: attached, too large to be read")
            _name(builder, name, len(data))
            continue
        left -= len(data)
        _read(data, name, source, builder)
    if count > MOST_ATTACHMENTS:
        builder.warn(f"only the first {MOST_ATTACHMENTS} of {count:,} attachments were looked at")


def _taken(pdf: Any, index: int) -> tuple[str, bytes]:
    """The name of an attachment, and its bytes; none of one that is damaged."""
    from pypdfium2 import PdfiumError

    name = ""
    try:
        attachment = pdf.get_attachment(index)
        name = one_line(attachment.get_name())[:_LONGEST_NAME]
        return name or _UNNAMED, bytes(attachment.get_data())
    except (PdfiumError, UnicodeDecodeError):
        return name or _UNNAMED, b""


def _read(data: bytes, name: str, source: Source, builder: Builder) -> None:
    from lsfs_parsers import embed  # here: it knows all parsers, and this is part of one

    is_xml = bool(data) and embed.media_type(data, name) == detect.XML
    _name(builder, name, len(data), BlockKind.FURNITURE if is_xml else BlockKind.PARAGRAPH)
    if not data or (isinstance(source, HeldSource) and not is_xml):
        return
    if source.seconds_left() < _SECONDS:
        builder.warn("for want of time, not all attachments were read")
        return
    document = embed.read_held(data, name, source)
    embed.add_document(builder, _for_programs(document) if is_xml else document, name)


def _name(builder: Builder, name: str, size: int, kind: BlockKind = BlockKind.PARAGRAPH) -> None:
    with builder.under(name):
        builder.add(kind, [Piece(f"Attachment: {name} ({size:,} bytes)")])


def _for_programs(document: Document) -> Document:
    blocks = (replace(block, kind=BlockKind.FURNITURE) for block in document.blocks)
    return replace(document, blocks=tuple(blocks), tables=())
