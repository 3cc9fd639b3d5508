"""What the words in a slot of a phrase mean: a path, a moment, a number, words in quotes.

A reader takes words and gives the arguments that they stand for; None where they are nothing of its
kind, so that the phrase was not meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

QUOTED = re.compile(
    r"“([^“”]*)”|\"([^\"]*)\"|«([^«»]*)»|`([^`]*)`|(?<!\w)['\u2018]([^'\u2018\u2019]*)['\u2019](?!\w)"
)
_FIRST_MARK = 0xE000  # a private character stands for a text in quotes, so that no phrase cuts it
_MARK = re.compile(r"[\ue000-\uf8ff]")

NUMBERS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
} | {"a": 1, "an": 1, "single": 1, "couple": 2, "twenty": 20, "fifty": 50, "hundred": 100}


def _vocabulary(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that are in no name that is said without quotes: what has one is more than a name.
_NO_NAME = _vocabulary(
    """a about after and any are as at because before but by contains containing do does for from
    has have how i if in into is it its me mentioning my of on or over since than that their
    them then there these they this those to under until was we were what when where whether
    which who whose why will with without you your all every each everything anything something
    nothing them ones"""
)
_PATTERN_WORDS = 6
_BARE = 4  # words that a name without an extension may have
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$|\.7z$|\.mp[34]$")
_AROUND = re.compile(
    r"""^(?:(?:the|my|our|this|that|a|an)\s+)?
        (?:(?:file|document|folder|directory|dir|subfolder|spreadsheet|text\s+file|note)s?
           (?:\s+(?:called|named|at|under))?\s+)?
        (?:(?:called|named)\s+)?""",
    re.IGNORECASE | re.VERBOSE,
)
_BEHIND = re.compile(r"\s+(?:file|document|folder|directory|dir|subfolder)$", re.IGNORECASE)
_WHOLE = re.compile(
    r"(?:(?:the|my|this|our)\s+)?(?:(?:whole|entire|complete)\s+)?(?:drive|disk|everything)|"
    r"everything|all(?:\s+(?:of\s+)?(?:the|my)\s+files)?|/|\.",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s+as\s+well\s+as\s+", re.IGNORECASE)
_OR = re.compile(r"\s*,?\s+or\s+", re.IGNORECASE)


class Surroundings(Struct, frozen=True):
    """What reading a prompt may look at besides its words.

    Attributes:
        quoted: the texts in quotes, by their mark.
        is_moment: whether a phrase is a moment of the past, or the name of a snapshot.
        is_there: whether a file or folder of the drive is called so.
        is_folder: whether a folder of the drive is.
        is_removed: whether a removed file was.
    """

    quoted: dict[str, str]
    is_moment: Callable[[str], bool]
    is_there: Callable[[str], bool]
    is_folder: Callable[[str], bool]
    is_removed: Callable[[str], bool]

    def plain(self, words: str) -> str:
        """Words with the texts in quotes in their place, in quotes as they were."""
        return _MARK.sub(lambda mark: f'"{self.quoted[mark[0]]}"', words)

    def bare(self, words: str) -> str:
        """Words with the texts in quotes in their place, without the quotes."""
        return _MARK.sub(lambda mark: self.quoted[mark[0]], words)


Arguments = dict[str, Any]
Reader = Callable[[str, str, Surroundings], Arguments | None]


def masked(prompt: str) -> tuple[str, dict[str, str]]:
    """A prompt with a mark in place of each text in quotes, and these texts by their marks."""
    kept: dict[str, str] = {}

    def keep(match: re.Match[str]) -> str:
        mark = chr(_FIRST_MARK + len(kept))
        kept[mark] = next(group for group in match.groups() if group is not None)
        return mark

    return QUOTED.sub(keep, _MARK.sub(" ", prompt)), kept


def name_of(words: str, around: Surroundings) -> str:
    """The file or folder that words name; "" when they are no name."""
    if _WHOLE.fullmatch(words):
        return "."
    marked = _MARK.search(words)
    core = _BEHIND.sub("", _AROUND.sub("", words, count=1))
    if marked:
        return around.bare(core) if core == marked[0] else ""
    if not core or (core[0] in ".,;:" and not core.startswith(("./", "../", "."))):
        return ""
    if around.is_there(core):
        return core
    if "," in core:
        return ""
    parts = core.split()
    if any(part.lower() in _NO_NAME or _EXTENSION.search(part) for part in parts[:-1]):
        return ""
    if _EXTENSION.search(core) or "/" in core:
        return core
    plain = all(re.fullmatch(r"[\w.\-&'()#+]+", part) for part in parts)
    return core if plain and len(parts) <= _BARE and parts[-1].lower() not in _NO_NAME else ""


def _path(name: str, words: str, around: Surroundings) -> Arguments | None:
    found = name_of(words, around)
    return {name: found} if found else None


def _file(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A path that looks like one of a file or folder, not like a word of any kind."""
    found = name_of(words, around)
    sure = (
        _EXTENSION.search(found)
        or "/" in found
        or found == "."
        or _MARK.search(words)
        or around.is_there(found)
        or re.search(r"\b(?:file|document|folder|directory)\b", words, re.IGNORECASE)
    )
    return {name: found} if found and sure else None


def _paths(name: str, words: str, around: Surroundings) -> Arguments | None:
    parts = _AND.split(re.sub(r"^(?:both|the\s+files|files)\s+", "", words, flags=re.IGNORECASE))
    found = [_file(name, part, around) for part in parts]
    whole = _file(name, words, around)
    if None in found or "." in [one[name] for one in found if one]:
        return {name: [whole[name]]} if whole and whole[name] != "." else None
    return {name: [one[name] for one in found if one]}


def _into(name: str, words: str, around: Surroundings) -> Arguments | None:
    """Where something goes: a name, or a folder that it goes into."""
    found = name_of(words.removesuffix("/"), around)
    if not found:
        return None
    is_folder = (
        words.endswith("/")
        or found == "."
        or re.search(r"\b(?:folder|directory|subfolder)\b", words, re.IGNORECASE)
        or around.is_folder(found)
    )
    return {name: found, **({"into": True} if is_folder else {})}


def _number(name: str, words: str, around: Surroundings) -> Arguments | None:
    found = number_of(words)
    return None if found is None else {name: found}


def number_of(words: str) -> int | None:
    """A number in digits or in a word."""
    last = words.lower().split()[-1]
    if re.fullmatch(r"\d{1,9}", last):
        return int(last)
    return NUMBERS.get(last)


def _words(name: str, words: str, around: Surroundings) -> Arguments | None:
    said = around.plain(words).strip(" ,:")
    whole = QUOTED.fullmatch(said)
    if whole:
        said = next(group for group in whole.groups() if group is not None)
    return {name: said} if said else None


def _quoted(name: str, words: str, around: Surroundings) -> Arguments | None:
    found = _MARK.fullmatch(words.strip(" ,:"))
    return {name: around.quoted[found[0]]} if found else None


def _content(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A text: in quotes, or all that follows; a pattern is one or the other."""
    quoted = _quoted(name, words, around)
    if quoted or name != "pattern":
        return quoted or _words(name, words, around)
    is_more = _MARK.search(words) or ", " in words or len(words.split()) > _PATTERN_WORDS
    return None if is_more else {name: words}


def _label(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A name of one or few words."""
    said = around.bare(re.sub(r"^(?:called|named|as|the)\s+", "", words, flags=re.IGNORECASE))
    return {name: said} if said and len(said.split()) <= _BARE else None


_CLAUSE = re.compile(r"\s+(?:that|which|who|whom)\s+.*$", re.IGNORECASE)


def _key(name: str, words: str, around: Surroundings) -> Arguments | None:
    """What to group by: a noun of one to three words, without its article."""
    said = around.bare(re.sub(r"^(?:the|their|its|each)\s+", "", words, flags=re.IGNORECASE))
    said = _CLAUSE.sub("", said).lower()
    if said.startswith(("all ", "every ")):
        return None
    if name == "key":
        said = _PERIODS.get(said, said)
    return {name: said} if said and len(said.split()) <= 3 else None


_KEYWORD_LEAD = re.compile(
    r"^(?:(?:both|either|all(?:\s+of)?|any(?:\s+of)?)\s+)?(?:(?:the|these|this|a|of)\s+)*"
    r"(?:(?:exact\s+)?(?:word|phrase|term|keyword|expression)s?\s+)?(?=\S)",
    re.IGNORECASE,
)


def _keywords(name: str, words: str, around: Surroundings) -> Arguments | None:
    """Words that all, or some of them, have to be there."""
    joint, condition = (_OR, "or") if _OR.search(words) else (_AND, "and")
    if condition == "or":
        parts = [part for piece in joint.split(words) for part in re.split(r"\s*,\s*", piece)]
        if any(re.search(r"\s+and\s+", part) for part in parts):
            return None  # brackets would be needed
    else:
        parts = joint.split(words)
    found = [
        around.bare(_KEYWORD_LEAD.sub("", part))
        .strip()
        .removesuffix(" both")
        .removesuffix(" in them")
        .removesuffix(" in it")
        for part in parts
        if part.strip()
    ]
    if (
        not found
        or not all(found)
        or any(len(one.split()) > _BARE and not _MARK.search(words) for one in found)
    ):
        return None
    return {name: found, **({"condition": condition} if len(found) > 1 else {})}


def _folder(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A path that is said to be a folder, or is one by its form or on the drive."""
    found = name_of(words, around)
    said = re.search(r"\b(?:folder|directory|dir|subfolder)\b", words, re.IGNORECASE)
    if not found or (_EXTENSION.search(found) and not said):
        return None
    return {name: found} if said or "/" in found or around.is_there(found) else None


_SET_LEAD = re.compile(r"^(?:(?:all|the|my|our|of|every|each)\s+)+", re.IGNORECASE)


_PLACED = re.compile(
    r"(?P<rest>.+?),?\s+(?:that\s+are\s+|which\s+are\s+)?(?:in|under|inside|within|below)\s+(?P<dir>.+)",
    re.IGNORECASE,
)
_ANYTHING = re.compile(
    r"(?:everything|anything|what|whatever)\b.*|(?:files|documents|it|that|this|them)",
    re.IGNORECASE,
)


def _set(name: str, words: str, around: Surroundings) -> Arguments | None:
    """Files, described."""
    folder = _folder(name, words, around)
    if folder:
        return folder
    placed = _PLACED.fullmatch(words) if name == "query" else None
    below = _folder("dir", placed["dir"], around) if placed else None
    if placed and below:
        words = placed["rest"]
    said = _SET_LEAD.sub("", around.plain(words)).strip(" ,")
    if not said or _ANYTHING.fullmatch(said):
        return below if below and not said else None
    return {name: said, **(below or {})}


def _keys(name: str, words: str, around: Surroundings) -> Arguments | None:
    """What two documents have in common: nouns."""
    parts = [_key(name, part, around) for part in _AND.split(words)]
    found = [part[name] for part in parts if part]
    return {name: found} if len(found) == len(parts) else None


def _noun(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A single noun."""
    return {name: _one(words.lower())} if re.fullmatch(r"\w[\w-]*", words) else None


def _word(name: str, words: str, around: Surroundings) -> Arguments | None:
    said = around.bare(words)
    return {name: said} if len(said.split()) == 1 else None


_SIZE = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*([kmgt])(?:i?b|bytes?)?", re.IGNORECASE)
_SIZES = {"kilobytes": "kb", "megabytes": "mb", "gigabytes": "gb", "terabytes": "tb"}


def _size(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A size, as settings write it: 500M, 10G."""
    said = words.lower()
    for long, short in _SIZES.items():
        said = said.replace(long, short).replace(long[:-1], short)
    found = _SIZE.fullmatch(said)
    return {name: f"{found[1]}{found[2].upper()}"} if found else None


_PLURALS = {
    "parties": "party",
    "currencies": "currency",
    "addresses": "address",
    "people": "person",
}


def _field(name: str, words: str, around: Surroundings) -> Arguments | None:
    found = _key(name, words, around)
    return found and {name: _one(found[name])}


def _fields(name: str, words: str, around: Surroundings) -> Arguments | None:
    found = _keys(name, words, around)
    return found and {name: [_one(one) for one in found[name]]}


def _one(noun: str) -> str:
    if noun in _PLURALS:
        return _PLURALS[noun]
    is_plural = noun.endswith("s") and not noun.endswith(("ss", "us", "is"))
    return noun[:-1] if is_plural else noun


def _by(name: str, words: str, around: Surroundings) -> Arguments | None:
    found = _keys(name, words, around)
    return found and {name: [_PERIODS.get(one, one) for one in found[name]]}


_PERIODS = {one: f"date:{one}" for one in ("year", "quarter", "month", "week", "day")}


def _pattern(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A file name, or a glob, at any depth."""
    said = around.bare(words)
    return {name: _deep(said)} if said and len(said.split()) <= _BARE else None


def _deep(glob: str) -> str:
    return glob if "/" in glob else f"**/{glob}"


def _part(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A part of a file name."""
    said = around.bare(words).strip("*")
    return {name: f"**/*{said}*"} if said and len(said.split()) <= _BARE else None


def _start(name: str, words: str, around: Surroundings) -> Arguments | None:
    """What a file name begins with."""
    said = around.bare(words).strip("*")
    return {name: f"**/{said}*"} if said and len(said.split()) <= _BARE else None


def _glob(name: str, words: str, around: Surroundings) -> Arguments | None:
    said = around.bare(words)
    if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", said):
        said = f"*{said}"
    return {name: _deep(said)} if re.search(r"[*?]", said) and len(said.split()) == 1 else None


def _globs(name: str, words: str, around: Surroundings) -> Arguments | None:
    parts = _AND.split(words)
    found = [around.bare(part) for part in parts]
    fits = all(re.search(r"[*?.]", one) and len(one.split()) == 1 for one in found)
    return {name: found} if fits else None


def _extension(name: str, words: str, around: Surroundings) -> Arguments | None:
    said = around.bare(words).removeprefix("*").lstrip(".")
    return {name: f"**/*.{said}"} if re.fullmatch(r"[A-Za-z0-9]{1,8}", said) else None


_SPAN = re.compile(
    r"(?P<count>\d{1,5}|[a-z]+)\s+(?P<unit>minute|hour|day|week|month|year)s?(?:\s+(?:ago|old))?"
    r"|(?P<short>\d{1,5}[hdwmy])|(?:the\s+)?(?P<one>hour|day|week|month|year)",
    re.IGNORECASE,
)
_SPAN_UNITS = {"hour": "h", "day": "d", "week": "w", "month": "m", "year": "y"}


def _span(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A length of time, as settings write it: 30d, 2w, 6m."""
    found = _SPAN.fullmatch(around.bare(words).strip())
    if found is None or (found["unit"] or "").lower() == "minute":
        return None
    if found["short"]:
        return {name: found["short"].lower()}
    count = 1 if found["one"] else number_of(found["count"])
    unit = (found["unit"] or found["one"]).lower()
    return {name: f"{count}{_SPAN_UNITS[unit]}"} if count else None


_PARTS = {
    "half an hour": "30m", "a quarter of an hour": "15m", "an hour and a half": "90m",
    "half a day": "12h", "half a week": "84h",
}  # fmt: skip
_ENDS = {
    "tomorrow": "1d", "this time tomorrow": "1d", "the day after tomorrow": "2d",
    "next week": "7d", "this time next week": "7d", "next month": "30d",
}  # fmt: skip


def _until(name: str, words: str, around: Surroundings) -> Arguments | None:
    """How long it is from now to an end that needs no calendar."""
    said = _ENDS.get(around.bare(words).strip().lower())
    return {name: said} if said else None


_OUTCOMES = {"denied": "refused", "rejected": "refused", "done": "done", "refused": "refused"} | {
    one: one for one in ("planned", "failed")
}


def _outcome(name: str, words: str, around: Surroundings) -> Arguments | None:
    """What became of a call."""
    said = _OUTCOMES.get(words.strip().lower())
    return {name: said} if said else None


def _length(name: str, words: str, around: Surroundings) -> Arguments | None:
    """How long something is to hold: 10m is ten minutes, and a month is thirty days."""
    said = around.bare(words).strip()
    if said.lower() in _PARTS:
        return {name: _PARTS[said.lower()]}
    found = _SPAN.fullmatch(said)
    if found is None:
        return None
    if found["short"]:
        return {name: said.lower()} if said[-1] in "hdwmHDWM" else None
    if (found["unit"] or "").lower() == "minute":
        count = number_of(found["count"])
        return {name: f"{count}m"} if count else None
    span = _span(name, words, around)
    return {name: lasting(span[name])} if span else None


def lasting(span: str) -> str:
    """A span in days or less: that of months and years, whose letters mean others there."""
    days = {"m": 30, "y": 365}.get(span[-1])
    return f"{int(span[:-1]) * days}d" if days else span


def _subject(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A file or folder, or files that are described."""
    whole = _file(name, words, around)
    several = _AND.split(words) if whole is None else []
    if len(several) > 1 and any(_EXTENSION.search(one) for one in several):
        return None  # a file, and something else
    return whole or _set(name, words, around)


def _removed(name: str, words: str, around: Surroundings) -> Arguments | None:
    """A file that is not there any more."""
    found = name_of(words, around)
    return {name: found} if found and around.is_removed(found) else None


READERS: dict[str, Reader] = {
    "removed": _removed, "into": _into, "path": _path, "file": _file, "folder": _folder,
    "paths": _paths, "subject": _subject,
    "number": _number, "span": _span, "length": _length,
    "until": _until, "outcome": _outcome,
    "words": _words, "quoted": _quoted, "content": _content, "label": _label,
    "set": _set, "key": _key, "keys": _keys, "by": _by, "field": _field, "fields": _fields,
    "keywords": _keywords, "pattern": _pattern, "glob": _glob, "extension": _extension,
    "part": _part, "start": _start,
    "globs": _globs, "kind": _noun, "one": _noun, "word": _word, "size": _size,
}  # fmt: skip
