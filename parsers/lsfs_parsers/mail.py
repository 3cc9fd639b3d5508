"""E-mail messages and mailboxes: the head, the text a person wrote, and what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern

from lsfs.errors import ParseError, UnsupportedFormat
from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Piece, one_line
from lsfs_parsers.dates import mail_day
from lsfs_parsers.encoding import decode
from lsfs_parsers.html import read_html
from lsfs_parsers.text import lines_of, paragraphs_of

_SHOWN = ("From", "To", "Cc", "Subject", "Date")
_MESSAGE_START = re.compile(rb"^From \S+ .*\d{2}:\d{2}.*\r?\n", re.M)
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_LONGEST_HEADER = 20_000  # characters; decoding a longer one takes the library seconds
# What the standard library's header parser is known to raise on malformed headers.
_HEADER_ERRORS = (ValueError, IndexError, KeyError, AttributeError, TypeError, OverflowError)


class MailParser:
    """Reads RFC 5322 messages and mbox files, of which each message is a page."""

    name = "email"
    version = 2
    media_types = (detect.MAIL, detect.MBOX)

    def parse(self, source: Source) -> Document:
        """The message or messages in ``source``.

        Spans carry the line of the file where a header begins, and those of a body that stands in
        the file as it is; a body that had to be unpacked (base64, quoted-printable, HTML) has no
        lines.

        Raises:
            ParseError: it holds no message.
        """
        builder = Builder(source, self.name, self.version)
        data = source.read()
        if source.media_type != detect.MBOX:
            return builder.build(_read_message(data, builder))
        for raw, above in _messages(data):
            if builder.full or source.seconds_left() < 1:
                builder.warn("not all messages were read")
                break
            _read_message(raw, builder, paged=True, above=above)
        return builder.build()


def _messages(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The messages of an mbox file and the lines above each.

    They are divided by lines that begin with "From ".
    """
    starts = list(_MESSAGE_START.finditer(data))
    if not starts:  # only its name says that it is a mailbox
        yield data, 0
        return
    ends = [start.start() for start in starts[1:]] + [len(data)]
    above = counted = 0
    for start, end in zip(starts, ends, strict=True):
        above += _breaks(data[counted : start.end()])
        counted = start.end()
        yield data[start.end() : end], above


def _breaks(data: bytes) -> int:
    """Line breaks in ``data``, counted as ``lines_of`` does."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _read_message(data: bytes, builder: Builder, *, paged: bool = False, above: int = 0) -> Facts:
    message = BytesParser(EmailMessage, policy=modern).parsebytes(data)
    if not message.keys():
        if not paged:
            raise ParseError("it has no header")
        builder.warn("a message without a header was left out")
        return Facts()
    head = {name: _header(message, name) for name in _SHOWN}
    if paged:
        builder.page(head["Subject"])
    at = _header_lines(data, above)
    shown = [
        Piece(f"{name}: {value}", at.get(name.lower())) for name, value in head.items() if value
    ]
    builder.add(BlockKind.PARAGRAPH, shown)
    _add_body(message, builder, data, above)
    attached = [Piece(f"Attachment: {name}") for name in _attachments(message)]
    builder.add(BlockKind.PARAGRAPH, attached)
    return Facts(head["Subject"], head["From"], "", mail_day(head["Date"]))


def _header_lines(data: bytes, above: int) -> dict[str, int]:
    """On which line of the file each header begins; names in lower case."""
    end = _BLANK_LINE.search(data)
    found: dict[str, int] = {}
    head = data[: end.start() if end else len(data)]
    for number, line in enumerate(lines_of(head.decode("latin-1")), start=above + 1):
        name, colon, _ = line.partition(":")
        if colon and not name[:1].isspace():
            found.setdefault(name.strip().lower(), number)
    return found


def _header(message: EmailMessage, name: str) -> str:
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if len(raw) > _LONGEST_HEADER:
        return one_line(raw[:_LONGEST_HEADER])
    try:
        return one_line(str(message[name] or ""))
    except _HEADER_ERRORS:
        return one_line(raw)


def _add_body(message: EmailMessage, builder: Builder, data: bytes, above: int) -> None:
    part = _body(message)
    if part is None:
        return
    payload = part.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else b""
    text = _text(body, part, builder)
    if part.get_content_type() == "text/html":
        read_html(text, builder, lines=False)
        return
    lines = lines_of(text)
    first = _first_line(body, data) if len(lines) == _breaks(body) + 1 else None
    for pieces in paragraphs_of(lines):
        if first is None:
            pieces = [Piece(piece.text) for piece in pieces]
        else:
            pieces = [Piece(piece.text, above + first + (piece.line or 1) - 1) for piece in pieces]
        builder.add(BlockKind.PARAGRAPH, pieces)


def _first_line(body: bytes, data: bytes) -> int | None:
    """The line of a message on which its body begins; None where it is not there as it is.

    Looking for the bytes says this of every encoding and however deep the part lies. A body stands
    below an empty line and ends with a line; other text that happens to begin alike does not.
    """
    at = data.find(body) if body.strip() else -1
    while at >= 0:
        follows = data[at + len(body) : at + len(body) + 1]
        ends = body.endswith((b"\n", b"\r")) or follows in (b"", b"\n", b"\r")
        if ends and data[:at].endswith((b"\n\n", b"\n\r\n", b"\r\r")):
            return _breaks(data[:at]) + 1
        at = data.find(body, at + 1)
    return None


def _body(message: EmailMessage) -> EmailMessage | None:
    """The part that a mail program would show, plain text before HTML."""
    try:
        part = message.get_body(preferencelist=("plain", "html"))
    except _HEADER_ERRORS:
        part = None
    if isinstance(part, EmailMessage):
        return part
    # A damaged structure: any text is better than none.
    for leaf in message.walk():
        is_text = leaf.get_content_maintype() == "text"
        claims_parts = leaf.get_content_maintype() == "multipart" and not leaf.is_multipart()
        if isinstance(leaf, EmailMessage) and (is_text or claims_parts):
            return leaf
    return None


def _text(body: bytes, part: EmailMessage, builder: Builder) -> str:
    try:
        return decode(body, declared=str(part.get_content_charset() or "")).text
    except UnsupportedFormat:
        builder.warn("the message's text is not text")
        return ""


def _attachments(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        try:
            name = part.get_filename() or ""
        except _HEADER_ERRORS:
            name = "unnamed"
        if not name and part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0)
            name = _header(inner, "Subject") if isinstance(inner, EmailMessage) else ""
            name = name or "a message"
        if name:
            yield f"{one_line(name)} ({part.get_content_type()})"
