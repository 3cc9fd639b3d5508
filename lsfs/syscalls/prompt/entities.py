"""What a prompt names, wherever it stands: files, folders, versions, moments, numbers, quotes.

What is left when each of them is replaced by its kind is the wording, from which
:mod:`lsfs.syscalls.prompt.intents` tells what is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct, field

from lsfs.syscalls.prompt import moments
from lsfs.syscalls.prompt.slots import NUMBERS, READERS, Arguments, Surroundings

_TOKEN = re.compile(r"\S+")
_TRIM = "\"'“”\u2018\u2019.,;:!?()[]…"
_LONGEST_MOMENT = 8  # words
_LONGEST_NAME = 5  # words
_EXTENSION = re.compile(r"[^\s/]+\.[A-Za-z][A-Za-z0-9]{0,7}$|[^\s/]+\.(?:7z|mp[34])$")
_NO_FILE = re.compile(
    r"https?://|\w+/\w+/?$(?<=and/or)|(?:e\.g|i\.e|etc|vs|no|mr|mrs|dr)\.?$", re.I
)
_FOLDER_WORD = frozenset(("folder", "directory", "dir", "subfolder"))
_FILE_WORD = frozenset(("file", "document", "spreadsheet", "note", "picture", "photo", "recording"))
_CALLED = frozenset(("called", "named"))
_NEW = frozenset(("new", "empty", "same", "old", "other", "whole", "text"))
_MARK = re.compile(r"[\ue000-\uf8ff]$")
_SPAN = re.compile(r"(?:\d{1,5}|[a-z]+)(?:-|\s)(?:hour|day|week|month|year)s?|\d{1,5}[hdwmy]", re.I)
_TIME_END = re.compile(  # a moment, or a version, ends with such a word
    r"""\d.*|.*\d|yesterday|today|noon|midnight|ago|back|earlier|before|morning|afternoon|evening|night|lunch|weekend|
        (?:second|minute|hour|day|week|month|quarter|year|spring|summer|autumn|fall|winter|christmas|easter|
        version|revision|copy|state|edition|one|draft|edit|change|save|snapshot|[ap]m|
        (?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|
        september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec)(?:['\u2019]?s)?|
        [\w.]*[-_][\w.-]*""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_MOMENT = frozenset(("now", "may", "march", "last", "past"))
_TIME_START = re.compile(
    r"""\d|yesterday|today|tomorrow|noon|midnight|last|this|past|previous|prior|preceding|earlier|original|first|initial|version|revision|v\d+|
        (?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:jan|febr)uary|march|april|may|june|july|august|
        (?:sept|nov|dec)ember|october|a|an|half|the|its|one|two|three|four|five|six|seven|eight|nine|ten|couple|
        now|monday's|before|\w+'s|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|christmas|easter""",
    re.IGNORECASE | re.VERBOSE,
)


class Entity(Struct, frozen=True):
    """Something that a prompt names.

    Attributes:
        kind: file, folder, moment, span, size, quote, number or glob.
        value: as arguments have it.
        start, end: where it stands, in characters.
        at: of a moment: ``version``, ``back`` or ``to``, as a rollback takes them.
    """

    kind: str
    value: str
    start: int
    end: int
    at: Arguments = field(default_factory=dict)


def found(text: str, around: Surroundings) -> list[Entity]:
    """The entities of a prompt, in order and without overlap.

    Args:
        text: with its quotes masked.
    """
    words = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
    entities: list[Entity] = []
    position = 0
    while position < len(words):
        one = next(_beginning(words, position, around), None)
        if one is None:
            position += 1
            continue
        entity, length = one
        entities.append(entity)
        position += length
    return entities


def between(text: str, one: Entity, other: Entity) -> str:
    """What stands between two entities, with the comma behind the first."""
    comma = "," if text[one.start : one.end].endswith(",") else ""
    return comma + text[one.end : other.start]


Words = list[tuple[str, int, int]]


def _beginning(words: Words, position: int, around: Surroundings) -> Iterator[tuple[Entity, int]]:
    """Entities that begin with a word, the surest first, and how many words they take."""
    for read in (_named, _alone, _span, _moment, _counted):
        one = read(words, position, around)
        if one is not None:
            yield one


def _entity(kind: str, value: str, words: Words, position: int, length: int) -> tuple[Entity, int]:
    start, end = words[position][1], words[position + length - 1][2]
    return Entity(kind, value, start, end), length


def _named(words: Words, position: int, around: Surroundings) -> tuple[Entity, int] | None:
    """What a word calls a file or folder: "the folder Tax 2025", "a file called x"."""
    word = _bare(words[position][0]).lower()
    if word in _FOLDER_WORD or word in _FILE_WORD:
        skip = 1
        while position + skip < len(words) and _bare(words[position + skip][0]).lower() in _CALLED:
            skip += 1
        name, length = _name_at(words, position + skip, around, is_said=skip > 1)
        if name and not words[position][0].endswith((",", ";", ":")):
            kind = "folder" if word in _FOLDER_WORD else "file"
            return _entity(kind, name, words, position, skip + length)
        return None
    for length in range(_LONGEST_NAME, 0, -1):
        after = position + length
        if after >= len(words) or _bare(words[after][0]).lower() not in _FOLDER_WORD | _FILE_WORD:
            continue
        name = " ".join(_bare(one[0]) for one in words[position:after])
        if words[position][0] in _NEW:
            continue
        sure = around.is_there(name) or (length == 1 and name[:1].isupper() and position > 0)
        mark = length == 1 and _MARK.fullmatch(name)
        if name and (sure or mark or (length == 1 and _EXTENSION.fullmatch(name))):
            kind = "folder" if _bare(words[after][0]).lower() in _FOLDER_WORD else "file"
            return _entity(kind, around.bare(name), words, position, length + 1)
    return None


def _name_at(
    words: Words, position: int, around: Surroundings, *, is_said: bool
) -> tuple[str, int]:
    """The longest name that is there, else one word that looks like a name."""
    for length in range(min(_LONGEST_NAME, len(words) - position), 0, -1):
        name = " ".join(one[0] for one in words[position : position + length]).strip(_TRIM)
        if name and around.is_there(name):
            return name, length
    if position >= len(words):
        return "", 0
    name = _bare(words[position][0])
    looks = _MARK.fullmatch(name) or name[:1].isupper() or re.search(r"[\d_/.-]", name) or is_said
    return (around.bare(name), 1) if name and looks else ("", 0)


def _alone(words: Words, position: int, around: Surroundings) -> tuple[Entity, int] | None:
    """A name without a word that says what it is, or a text in quotes."""
    word = _bare(words[position][0])
    if _MARK.fullmatch(word):
        text = around.bare(word)
        is_name = _EXTENSION.fullmatch(text) or around.is_there(text)
        kind = "folder" if around.is_folder(text) else "file" if is_name else "quote"
        return _entity(kind, text, words, position, 1)
    if _NO_FILE.match(word):
        return None
    for length in range(min(_LONGEST_NAME, len(words) - position), 0, -1):
        name = " ".join(one[0] for one in words[position : position + length]).strip(_TRIM)
        if words[position][0] in _NEW or not around.is_there(name):
            continue
        if _EXTENSION.search(name) or length > 1 or name[:1].isupper() or "/" in name:
            kind = "folder" if around.is_folder(name) else "file"
            return _entity(kind, name, words, position, length)
    if re.search(r"[*?]", word) and len(word) > 1 and not word.endswith("?"):
        return _entity("glob", word, words, position, 1)
    if _EXTENSION.fullmatch(word.rpartition("/")[2]):
        return _entity("file", word, words, position, 1)
    if "/" in word and re.fullmatch(r"[\w.\-]+(?:/[\w.\-]+)*/?", word):
        return _entity("folder", word.rstrip("/"), words, position, 1)
    return None


def _span(words: Words, position: int, around: Surroundings) -> tuple[Entity, int] | None:
    """A length of time: "30 days", but not "30 days ago"."""
    for length in (2, 1):
        part = words[position : position + length]
        text = " ".join(_bare(word[0]) for word in part)
        if len(part) < length or not _SPAN.fullmatch(text):
            continue
        after = _bare(words[position + length][0]).lower() if position + length < len(words) else ""
        read = READERS["span"]("span", text.replace("-", " "), around)
        if read and (after not in ("ago", "back", "earlier")):
            return _entity("span", read["span"], words, position, length)
    return None


def _moment(words: Words, position: int, around: Surroundings) -> tuple[Entity, int] | None:
    """A version, or a moment of the past, in as many words as mean one."""
    if not _TIME_START.match(_bare(words[position][0])):
        return None
    for length in range(min(_LONGEST_MOMENT, len(words) - position), 0, -1):
        text = " ".join(word[0] for word in words[position : position + length]).strip(_TRIM)
        ends = _TIME_END.fullmatch(_bare(words[position + length - 1][0]))
        if not ends or text.lower() in _NO_MOMENT or " and " in text:
            continue
        read = moments.version("to", text, around)
        if read:
            entity, taken = _entity("moment", text, words, position, length)
            return Entity("moment", text, entity.start, entity.end, read), taken
    return None


def _counted(words: Words, position: int, around: Surroundings) -> tuple[Entity, int] | None:
    """A number."""
    word = _bare(words[position][0]).lower()
    for length in (2, 1):
        part = words[position : position + length]
        size = READERS["size"]("size", " ".join(_bare(one[0]) for one in part), around)
        if size and len(part) == length:
            return _entity("size", size["size"], words, position, length)
    if re.fullmatch(r"\d{1,6}", word) or NUMBERS.get(word, 0) > 1:
        number = word if word.isdigit() else str(NUMBERS[word])
        return _entity("number", number, words, position, 1)
    return None


def _bare(word: str) -> str:
    return word.strip(_TRIM)
