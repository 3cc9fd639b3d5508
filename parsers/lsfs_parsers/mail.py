"""E-mail messages and mailboxes: the head, the text a person wrote, and what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import EmailPolicy

from lsfs.errors import ParseError, UnsupportedFormat
from lsfs.model import BlockKind, Document
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Piece
from lsfs_parsers.dates import mail_day
from lsfs_parsers.encoding import decode
from lsfs_parsers.html import read_html
from lsfs_parsers.mail_parts import (
    MAX_PARTS,
    Part,
    Role,
    charset,
    content,
    content_type,
    fields,
    file_name,
    header,
    is_inline_picture,
    parts,
)
from lsfs_parsers.text import lines_of, paragraphs_of
from lsfs_parsers.versions import VERSIONS

MAX_ATTACHMENT = 32 * 1024 * 1024  # bytes; a larger one is named only
MAX_ATTACHED = 128 * 1024 * 1024  # of all attachments of a file together
MAX_DEPTH = 2  # messages in messages whose attachments are read

_SHOWN = ("From", "To", "Cc", "Subject", "Date")
_MESSAGE_START = re.compile(rb"^From \S+ .*\d{2}:\d{2}.*\r?\n", re.M)
_LONGEST_PARAMETERS = 4_000  # characters
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_SECONDS_FOR_ATTACHMENTS = 5.0  # left; below, they are named only


class MailParser:
    """Reads RFC 5322 messages and mbox files, of which each message is a page."""

    name = "email"
    version = VERSIONS["email"]
    media_types = (detect.MAIL, detect.MBOX)

    def parse(self, source: Source) -> Document:
        """The message or messages in ``source``.

        Spans carry the line of the file where a header begins, and those of a body that stands in
        the file as it is; a body that had to be unpacked (base64, quoted-printable, HTML) has no
        lines. What is attached is read by the parser of its format: in a message, each attachment
        is a page with its name, behind a page for the message itself; in a mailbox, it belongs to
        the page of its message. One that cannot be read is a warning.

        Raises:
            ParseError: it holds no message.
        """
        is_mailbox = source.media_type == detect.MBOX
        builder = Builder(
            source, self.name, self.version, page_unit="message" if is_mailbox else "part"
        )
        reader = _MailReader(source, builder, paged=not is_mailbox)
        data = source.read()
        if not is_mailbox:
            return builder.build(reader.single(data))
        for raw, above in _messages(data):
            if builder.full or source.seconds_left() < 1:
                builder.warn("not all messages were read")
                break
            reader.boxed(raw, above)
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


class _Raw:
    """The bytes of a message as they stand in the file, in which its bodies are looked for.

    Args:
        above: lines of the file above them.
    """

    def __init__(self, data: bytes, above: int = 0) -> None:
        self.data = data
        self.above = above
        self._at = 0  # bodies are looked for in order
        self._line = above + 1  # of what stands there

    def first_line(self, body: bytes) -> int | None:
        """The line of the file on which a body begins; None where it is not there as it is.

        Looking for the bytes says this of every encoding and however deep the part lies. A body
        stands below an empty line and ends with a line; other text that happens to begin alike does
        not.
        """
        at = self.data.find(body, self._at) if body.strip() else -1
        while at >= 0:
            follows = self.data[at + len(body) : at + len(body) + 1]
            ends = body.endswith((b"\n", b"\r")) or follows in (b"", b"\n", b"\r")
            above = self.data[max(0, at - 3) : at]
            if ends and above.endswith((b"\n\n", b"\n\r\n", b"\r\r")):
                self._line += _breaks(self.data[self._at : at])
                self._at = at
                return self._line
            at = self.data.find(body, at + 1)
        return None


class _MailReader:
    """Reads the messages of one file.

    Args:
        paged: whether an attachment is a page of its own.
    """

    def __init__(self, source: Source, builder: Builder, *, paged: bool) -> None:
        self._source = source
        self._builder = builder
        self._paged = paged
        self._left = MAX_ATTACHED

    def single(self, data: bytes) -> Facts:
        """Read a file that is one message."""
        message = _parsed(data)
        if not message.keys():
            raise ParseError("it has no header")
        found = list(parts(message))
        if any(self._is_page(one) for one in found):
            self._builder.page(header(message, "Subject"))
        return self._message(message, found, _Raw(data), depth=1)

    def boxed(self, data: bytes, above: int) -> None:
        """Read a message of a mailbox."""
        message = _parsed(data)
        if not message.keys():
            self._builder.warn("a message without a header was left out")
            return
        self._builder.page(header(message, "Subject"))
        self._message(message, list(parts(message)), _Raw(data, above), depth=1)

    def _is_page(self, one: Part) -> bool:
        if not self._paged:
            return False
        is_file = one.role is Role.ATTACHMENT and not is_inline_picture(one.part)
        return is_file or one.role is Role.MESSAGE

    def _message(
        self, message: Message, found: list[Part], raw: _Raw | None, *, depth: int
    ) -> Facts:
        head = {name: header(message, name) for name in _SHOWN}
        at = _header_lines(raw) if raw else {}
        shown = [
            Piece(f"{name}: {value}", at.get(name.lower())) for name, value in head.items() if value
        ]
        self._builder.add(BlockKind.PARAGRAPH, shown)
        for one in found:
            if one.role is Role.BODY:
                self._add_body(one.part, raw)
            elif one.role is Role.REPORT:
                for lines in fields(one.part):
                    self._builder.add(BlockKind.PARAGRAPH, [Piece(line) for line in lines])
            elif one.role is Role.ENCRYPTED:
                self._builder.warn("the message or a part of it is encrypted")
            elif one.role is Role.REST:
                self._builder.warn(f"only the first {MAX_PARTS:,} parts were read")
        attached = [one for one in found if one.role in (Role.ATTACHMENT, Role.MESSAGE)]
        named = [Piece(f"Attachment: {_name(one)} ({_type(one)})") for one in attached]
        self._builder.add(BlockKind.PARAGRAPH, named)
        for one in attached:
            self._add_attached(one, depth)
        return Facts(head["Subject"], head["From"], "", mail_day(head["Date"]))

    def _add_attached(self, one: Part, depth: int) -> None:
        if self._builder.full or is_inline_picture(one.part):
            return
        name = _name(one)
        if depth > MAX_DEPTH:
            self._builder.warn(f"{name}: attached too deep to be read")
            return
        if one.role is Role.MESSAGE:
            self._add_message(one.part, name, depth)
            return
        data = self._data(one.part, name)
        if data:
            self._add_file(data, name, depth)

    def _add_message(self, message: Message, name: str, depth: int) -> None:
        if self._paged:
            self._builder.page(name)
        with self._builder.under(name):
            self._message(message, list(parts(message)), None, depth=depth + 1)

    def _add_file(self, data: bytes, name: str, depth: int) -> None:
        # Imported here: it knows all parsers, and this is one of them.
        from lsfs_parsers import embed

        if embed.media_type(data, name) in (detect.MAIL, detect.MBOX):
            self._add_message(_parsed(data), name, depth)
            return
        if self._paged:
            self._builder.page(name)
        embed.add_document(self._builder, embed.read_held(data, name, self._source), name)

    def _data(self, part: Message, name: str) -> bytes:
        """The bytes of an attachment, when they may be read."""
        if name.lower() == "winmail.dat" or content_type(part) == "application/ms-tnef":
            self._builder.warn(f"{name}: attachments in Outlook's own form (TNEF) are not read")
            return b""
        if self._source.seconds_left() < _SECONDS_FOR_ATTACHMENTS:
            self._builder.warn("for want of time, not all attachments were read")
            return b""
        data = content(part)
        if len(data) > min(MAX_ATTACHMENT, self._left):
            self._builder.warn(f"{name}: too large to be read, {len(data) / 2**20:,.0f} MiB")
            return b""
        self._left -= len(data)
        return data

    def _add_body(self, part: Message, raw: _Raw | None) -> None:
        body = content(part)
        text = self._text(body, part)
        if content_type(part) == "text/html":
            read_html(text, self._builder, lines=False)
            return
        lines = lines_of(text)
        is_same = len(lines) == _breaks(body) + 1
        first = raw.first_line(body) if raw is not None and is_same else None
        for pieces in paragraphs_of(lines, first=first or 1):
            if first is None:
                pieces = [Piece(piece.text) for piece in pieces]
            self._builder.add(BlockKind.PARAGRAPH, pieces)

    def _text(self, body: bytes, part: Message) -> str:
        try:
            return decode(body, declared=charset(part)).text
        except UnsupportedFormat:
            self._builder.warn("the message's text is not text")
            return ""


class _Clipped(EmailPolicy):
    """Takes the beginning of a header that says how a part is stored; nobody reads more of it.

    The library looks through one when it meets it, in time that is the square of its length.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if name.lower().startswith("content-"):
            value = value[:_LONGEST_PARAMETERS]
        return name, value


def _parsed(data: bytes) -> Message:
    return BytesParser(EmailMessage, policy=_Clipped()).parsebytes(data)


def _name(one: Part) -> str:
    if one.role is Role.MESSAGE:
        return header(one.part, "Subject") or "a message"
    return file_name(one.part) or "unnamed"


def _type(one: Part) -> str:
    return "message/rfc822" if one.role is Role.MESSAGE else content_type(one.part)


def _header_lines(raw: _Raw) -> dict[str, int]:
    """On which line of the file each header begins; names in lower case."""
    end = _BLANK_LINE.search(raw.data)
    found: dict[str, int] = {}
    head = raw.data[: end.start() if end else len(raw.data)]
    for number, line in enumerate(lines_of(head.decode("latin-1")), start=raw.above + 1):
        name, colon, _ = line.partition(":")
        if colon and not name[:1].isspace():
            found.setdefault(name.strip().lower(), number)
    return found
