"""The parts of a mail: what a person wrote, and what is attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from enum import Enum, auto

from msgspec import Struct

from lsfs_parsers.builder import one_line
from lsfs_parsers.encoding import decode

# What the standard library's header parser is known to raise on malformed headers.
HEADER_ERRORS = (ValueError, IndexError, KeyError, AttributeError, TypeError, OverflowError)

_LONGEST_HEADER = 20_000  # characters; decoding a longer one takes the library seconds
_CONTROL = bytes([*range(9), *range(14, 32), 127])
_SHOWN_TEXT = ("text/plain", "text/html")
MAX_PARTS = 1_000


class Role(Enum):
    """What a part is to its reader."""

    BODY = auto()
    MESSAGE = auto()  # another mail
    REPORT = auto()  # why a mail was not delivered
    ATTACHMENT = auto()
    ENCRYPTED = auto()
    REST = auto()  # what was not looked at, for there are too many parts


class Part(Struct, frozen=True):
    """A part of a mail that has no parts of its own."""

    role: Role
    part: Message


def header(message: Message, name: str) -> str:
    """A header as a person reads it, whatever it is made of."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    raw = str(raw)
    if len(raw) > _LONGEST_HEADER:
        return one_line(raw[:_LONGEST_HEADER])
    if not raw.isascii():  # bytes that no standard allows there
        octets = raw.encode("utf-8", "surrogateescape").translate(None, _CONTROL)
        return one_line(decode(octets).text)
    try:
        return one_line(str(message[name] or ""))
    except HEADER_ERRORS:
        return one_line(raw)


def file_name(part: Message) -> str:
    """The name that a part is to be stored under; "" when it has none."""
    try:
        return one_line(part.get_filename() or "")
    except HEADER_ERRORS:
        return "unnamed"


def content_type(part: Message) -> str:
    """The type that a part claims."""
    try:
        return part.get_content_type()
    except HEADER_ERRORS:
        return "application/octet-stream"


def content(part: Message) -> bytes:
    """The bytes of a part, unpacked as far as they can be."""
    try:
        payload = part.get_payload(decode=True)
    except HEADER_ERRORS:
        return b""
    return payload if isinstance(payload, bytes) else b""


def charset(part: Message) -> str:
    """The encoding that a part claims; "" when it claims none."""
    try:
        return str(part.get_content_charset() or "")
    except HEADER_ERRORS:
        return ""


def fields(part: Message) -> Iterator[list[str]]:
    """The fields of a delivery report, which are stored as heads of empty messages."""
    for one in _inner(part):
        yield [f"{name}: {header(one, name)}" for name in dict.fromkeys(one.keys())]


def parts(message: Message) -> Iterator[Part]:
    """The parts of a message in order; of alternatives, the one that says most as text."""
    work: list[Message] = [message]
    taken = 0
    while work:
        part = work.pop()
        taken += 1
        if taken > MAX_PARTS:
            yield Part(Role.REST, part)
            return
        kind, inner = content_type(part), _inner(part)
        if kind == "message/rfc822":
            yield from (Part(Role.MESSAGE, one) for one in inner[:1])
        elif kind == "message/delivery-status":
            yield Part(Role.REPORT, part)
        elif kind == "multipart/encrypted":
            yield Part(Role.ENCRYPTED, part)
        elif kind == "multipart/alternative":
            work += reversed(_best(inner))
        elif inner:
            work += reversed(inner)
        else:
            yield Part(_role(part, kind), part)


def _inner(part: Message) -> list[Message]:
    # Not get_payload(): it decodes a text by what its header says, which may be anything.
    payload = part.get_payload() if part.is_multipart() else None
    found = payload if isinstance(payload, list) else []
    return [one for one in found if isinstance(one, Message)]


def _role(part: Message, kind: str) -> Role:
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return Role.ENCRYPTED
    if kind.startswith("multipart/"):  # it claims parts and has none: any text is better than none
        return Role.BODY
    is_attached = _disposition(part) == "attachment" or file_name(part)
    return Role.BODY if kind in _SHOWN_TEXT and not is_attached else Role.ATTACHMENT


def _disposition(part: Message) -> str:
    try:
        return str(part.get_content_disposition() or "")
    except HEADER_ERRORS:
        return ""


def is_inline_picture(part: Message) -> bool:
    """Whether a part is a picture that the text shows, as a logo."""
    is_shown = "content-id" in part or _disposition(part) == "inline"
    return content_type(part).startswith("image/") and is_shown


def _best(alternatives: list[Message]) -> list[Message]:
    """Of several forms of the same: plain text, else HTML, and what comes attached to them."""
    forms = {_form(one): one for one in reversed(alternatives)}  # the first of each form
    plain, html = forms.get("text/plain"), forms.get("text/html")
    chosen = html if plain is None or (html is not None and _says_nothing(plain)) else plain
    if chosen is None:
        return alternatives[-1:]
    others = [one for one in alternatives if one is not chosen and _form(one) not in _SHOWN_TEXT]
    return [chosen, *others]


def _form(part: Message) -> str:
    """The kind of text that a part shows; that of its first part when it has several."""
    for _ in range(10):
        inner = _inner(part)
        if not inner:
            break
        part = inner[0]
    return content_type(part)


def _says_nothing(part: Message) -> bool:
    said = content(part)
    return bool(said) and not any(map(str.isalnum, said.decode("latin-1")))
