"""What an XMP packet (ISO 16684-1) says about the file that it is in."""

from __future__ import annotations

from typing import Any

from lsfs.errors import ParseError
from lsfs_parsers.builder import Facts
from lsfs_parsers.dates import day
from lsfs_parsers.xmltree import attribute, parsed, tag, within

_LONGEST = 1024 * 1024  # bytes; thumbnails are the longest thing in packets
_BEGIN, _END = b"<?xpacket begin=", b"<?xpacket end="
_OF_DOCUMENTS = (b"http://ns.adobe.com/pdf/1.3/", b"http://www.aiim.org/pdfa/ns/id/")
_PACKETS = 20  # of pictures in a document, before its own
_MADE = ("DateTimeOriginal", "DateCreated", "CreateDate")  # the picture, the paper, the file


def xmp_facts(packet: bytes) -> Facts:
    """The facts in a packet; none in one that is damaged."""
    if len(packet) > _LONGEST:
        return Facts()
    try:
        root = parsed(packet.strip(b"\0\t\n\r "), "XMP")
    except ParseError:
        return Facts()
    made = next(filter(None, (_value(root, name) for name in _MADE)), "")
    return Facts(
        title=next(iter(_values(root, "title")), ""),
        author=", ".join(_values(root, "creator")),
        language=next(iter(_values(root, "language")), ""),
        created=day(made or next(iter(_values(root, "date")), "")),
    )


def own_packet(data: bytes) -> bytes:
    """The packet about a PDF as a whole, where it stands uncompressed; b"" where it does not.

    Packets of pictures in it do not name what made the PDF. The last one is of the last version.
    """
    end = len(data)
    for _ in range(_PACKETS):
        start = data.rfind(_BEGIN, 0, end)
        if start < 0:
            break
        packet = data[start : data.find(_END, start, start + _LONGEST)]
        if any(name in packet for name in _OF_DOCUMENTS):
            return packet
        end = start
    return b""


def _values(root: Any, name: str) -> list[str]:
    """The texts of the first property of this name: one, or those of its list."""
    node = next(within(root, name), None)
    if node is None:
        return []
    items = [one.text or "" for one in within(node, "li")] or [node.text or ""]
    return [text.strip() for text in items if text.strip()]


def _value(root: Any, name: str) -> str:
    """A simple property, which may be an attribute of what it describes."""
    for node in within(root, "Description"):
        if found := attribute(node, name):
            return found
    return next(((node.text or "").strip() for node in root.iter() if tag(node) == name), "")
