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
_LONGEST_HEADER = 20_000  # characters; decoding a longer one takes the library seconds
# What the standard library's header parser is known to raise on malformed headers.
_HEADER_ERRORS = (ValueError, IndexError, KeyError, AttributeError, TypeError)


class MailParser:
    """Reads RFC 5322 messages and mbox files, of which each message is a page."""

    name = "email"
    version = 1
    media_types = (detect.MAIL, detect.MBOX)

    def parse(self, source: Source) -> Document:
        """The message or messages in ``source``.

        Spans count blocks: the text was unpacked, so its lines are not lines of the file.

        Raises:
            ParseError: it holds no message.
        """
        builder = Builder(source, self.name, self.version, line_unit="paragraph")
        data = source.read()
        if source.media_type != detect.MBOX:
            return builder.build(_read_message(data, builder))
        for raw in _messages(data):
            if builder.full or source.seconds_left() < 1:
                builder.warn("not all messages were read")
                break
            _read_message(raw, builder, paged=True)
        return builder.build()


def _messages(data: bytes) -> Iterator[bytes]:
    """The messages of an mbox file, which are divided by lines that begin with "From "."""
    starts = list(_MESSAGE_START.finditer(data))
    ends = [start.start() for start in starts[1:]] + [len(data)]
    for start, end in zip(starts, ends, strict=True):
        yield data[start.end() : end]


def _read_message(data: bytes, builder: Builder, *, paged: bool = False) -> Facts:
    message = BytesParser(EmailMessage, policy=modern).parsebytes(data)
    if not message.keys():
        if not paged:
            raise ParseError("it has no header")
        builder.warn("a message without a header was left out")
        return Facts()
    head = {name: _header(message, name) for name in _SHOWN}
    if paged:
        builder.page(head["Subject"])
    shown = [f"{name}: {value}" for name, value in head.items() if value]
    _add(builder, BlockKind.PARAGRAPH, shown)
    _add_body(message, builder)
    attached = [f"Attachment: {name}" for name in _attachments(message)]
    _add(builder, BlockKind.PARAGRAPH, attached)
    return Facts(head["Subject"], head["From"], "", mail_day(head["Date"]))


def _add(builder: Builder, kind: BlockKind, lines: list[str]) -> None:
    builder.add(kind, [Piece(line, builder.count + 1) for line in lines])


def _header(message: EmailMessage, name: str) -> str:
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if len(raw) > _LONGEST_HEADER:
        return one_line(raw[:_LONGEST_HEADER])
    try:
        return one_line(str(message[name] or ""))
    except _HEADER_ERRORS:
        return one_line(raw)


def _add_body(message: EmailMessage, builder: Builder) -> None:
    part = _body(message)
    if part is None:
        return
    text = _part_text(part, builder)
    if part.get_content_type() == "text/html":
        read_html(text, builder, lines=False)
        return
    for pieces in paragraphs_of(lines_of(text)):
        _add(builder, BlockKind.PARAGRAPH, [piece.text for piece in pieces])


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


def _part_text(part: EmailMessage, builder: Builder) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return decode(data, declared=str(part.get_content_charset() or "")).text
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
