"""Where the sentences of a text are: prose, hard-wrapped lines, lists, tables and field lines.

Rules, not a model: the same text always gives the same spans, in time linear in its length. When
in doubt a rule does not cut, because half a sentence misleads a reader more than two do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_CHARS = 800  # longer runs (minified text, endless clauses) are cut at a gap before this
WRAPPED = 45  # a line at least this long, without an end mark, is taken to go on in the next
_LOOKBACK = 24  # the longest word, in characters, that is looked at before a full stop


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BREAKS = "\n\f\v\u2028\u2029"
_LINE = re.compile(rf"[^{_BREAKS}]+")
_NUMBERING = r"(?:\d{1,3}(?:\.\d{1,3})*[.)]|[A-Za-z][.)]|[ivxIVX]{1,5}[.)]|\(\w{1,4}\))"
_BULLET = r"[-*+\u2022\u2023\u25e6\u25aa\u00b7\u2013\u2014>#]+"
_ITEM = re.compile(rf"\s*(?:{_BULLET}|{_NUMBERING}|\d{{4}}-\d\d-\d\d)(?=\s)")
_LABEL = re.compile(r"\s*[^\W\d_][\w /&().'-]{0,30}:(?=\s|$)")
_SEPARATED = re.compile(r"\s*\||(?:[^,]*,\S){3}|(?:[^;]*;\S){3}")  # only ever matched at a start
_NUMBERED_START = re.compile(rf"{_NUMBERING}$")
_CLAUSE = re.compile(r"\((?:[a-z]{1,3}|\d{1,2})\)\s")

# An end mark with what closes around it, then a gap or the end of the run. CJK marks need no gap.
# What begins with a set of characters is found faster than what begins with a choice or a "+".
_FULL_WIDTH = "\u3002\uff01\uff1f"
_LATIN_END = r"""([.!?\u2026][.!?\u2026]*)["'\u201d\u2019\u00bb)\]]*(?:\[\d{1,3}\])*(?=\s|$)"""
_END = re.compile(_LATIN_END)
_ANY_END = re.compile(rf"""{_LATIN_END}|[{_FULL_WIDTH}]["'\u201d\u2019\u300d\u300f\uff09]*""")
_WORD = re.compile(r"\w*")
_OPENERS = "\"'\u201c\u201d\u2018\u2019\u00ab([{\u201e\u00bf\u00a1*_"

# Words after which a full stop never ends a sentence, and words after which it may: only when the
# next word is one that starts sentences and little else.
_NEVER = _words(
    """mr mrs ms mx dr prof rev hon gen col maj capt cpt lt sgt cmdr adm gov sen rep pres messrs
    mme mlle fr hr st ste mt ft vs viz cf eg e.g ie i.e resp approx ca circa incl excl fig figs
    tab eq eqs sec sect art arts par para paras cl ch chap app appx vol vols no nos nr nrs num ref
    refs p pp pg ed eds tel fax ext bldg dept attn acct inv qty para z.b d.h bzw ggf vgl bspw
    s.a u.a abs ziff"""
)
_SOMETIMES = _words(
    """inc ltd co corp llc plc bros gmbh jr sr esq etc al a.m p.m am pm b.c a.d ave rd blvd sq hwy
    apt ste u.s u.k u.n e.u d.c ph.d m.d b.a m.a b.sc m.sc jan feb mar apr jun jul aug sep sept
    oct nov dec mon tue tues wed thu thur thurs fri sat sun est min max hrs hr sec yrs yr mos mo
    wk wks usw ibid op cit"""
)
_STARTERS = _words(
    """the a an it its this that these those he she we they you i his her our their your there
    here in on at by for from with to as if when while after before since until although because
    but and or however therefore moreover furthermore also thus then so such no not all each every
    any some both either neither one two what who where why how which please upon under unless
    notwithstanding subject during once only nothing except"""
)
_MONTHS = _words(
    """january february march april may june july august september october november december
    januar februar märz mai juni juli oktober dezember jan feb mar apr jun jul aug sep sept oct
    nov dec"""
)


_LONGEST_SHORT = max(map(len, _NEVER | _SOMETIMES))


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as half-open character spans, in order.

    The spans do not overlap, begin and end on visible characters, and together hold every visible
    character. A table row, a list item and a field line ("Invoice no.: 12") are sentences; a line
    that was only wrapped is joined to the next one.

    Args:
        text: any text; blocks apart by blank lines.
    """
    spans: list[tuple[int, int]] = []
    wide = not text.isascii() and any(mark in text for mark in _FULL_WIDTH)
    marks = _ANY_END if wide else _END
    for start, end in _runs(text):
        for left, right in _split(text, start, end, marks):
            if left < right <= left + MAX_CHARS and not text[right - 1].isspace():
                while text[left].isspace():
                    left += 1
                spans.append((left, right))
            else:
                spans.extend(_bounded(text, left, right))
    return spans


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of lines that belong together: a paragraph, an item, a table row."""
    if not any(map(text.__contains__, _BREAKS)):  # most paragraphs
        if text and not text.isspace():
            yield 0, len(text)
        return
    start = end = -1
    previous = ""
    for match in _LINE.finditer(text):
        line = match.group()
        if not line.strip():
            continue
        joined = start >= 0 and _goes_on(text, end, match.start(), previous, line)
        if start >= 0 and not joined:
            yield start, end
        if not joined:
            start = match.start()
        end, previous = match.end(), line
    if start >= 0:
        yield start, end


def _goes_on(text: str, end: int, begin: int, above: str, below: str) -> bool:
    """Whether the line ``below`` goes on where ``above`` was wrapped."""
    gap = text[end:begin]
    if gap.count("\n") != 1 or len(gap) != 1:
        return False  # a blank line or a page between them
    if _ITEM.match(below) or _LABEL.match(below):
        return False
    if _is_row(above.strip()) or _is_row(below.strip()):
        return False
    if below.lstrip()[0].islower():
        return True
    return len(above.rstrip()) >= WRAPPED


def _is_row(line: str) -> bool:
    """Whether a line has columns, by tabs, bars, wide gaps or commas without blanks."""
    return "\t" in line or " | " in line or "   " in line or _SEPARATED.match(line) is not None


def _split(text: str, start: int, end: int, marks: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The sentences of one run."""
    left = start
    for match in marks.finditer(text, start, end):
        first, at = match.span()
        if first < left:
            continue
        # A blank and a small letter follow, as behind most of what only looks like an end.
        if at + 1 < end and text[at] == " " and match[1] is not None:
            if text[at + 1].islower():
                continue
            # What :func:`_ends` says of most: a word of letters, too long for a short form.
            low = max(left, first - _LOOKBACK)
            word = text[max(low, text.rfind(" ", low, first) + 1) : first]
            if len(word) > _LONGEST_SHORT and word.isalpha() and text[at + 1].isupper():
                yield left, at
                left = at
                continue
        if match[1] is None or _ends(text, left, match, end):
            yield left, at
            left = at
    yield left, end


def _ends(text: str, left: int, match: re.Match[str], end: int) -> bool:
    """Whether the end mark at ``match`` ends the sentence that began at ``left``."""
    at = match.end()
    while at < end and text[at].isspace():
        at += 1
    if at == end:
        return True
    ahead = text[at : min(end, at + _LOOKBACK)]
    following = ahead.lstrip(_OPENERS)
    if following[:1].islower():
        return _CLAUSE.match(ahead) is not None  # "... by then. (b) The Tenant ..."
    mark = match[1]
    if mark != ".":
        return not (mark.startswith(".") and following[:1].isdigit())  # "Rent ..... 1,200"
    return _full_stop_ends(text, left, match.start(), following)


def _full_stop_ends(text: str, left: int, dot: int, following: str) -> bool:
    """Whether the single full stop at ``dot`` ends a sentence, by the words on its two sides."""
    before = text[max(left, dot - _LOOKBACK) : dot]
    if not before or before[-1].isspace():
        return False
    last = before.rsplit(None, 1)[-1]
    if len(last) > _LONGEST_SHORT and last.isalpha():
        return True  # what follows is about short words and those with points or digits in them
    word = last.lstrip(_OPENERS).casefold()
    at_start = dot - left < _LOOKBACK and last == before.lstrip()
    if at_start and _NUMBERED_START.match(last + "."):
        return False  # "1. The tenant": the number of an item
    if word.isdigit() and len(word) <= 2 and _first_word(following) in _MONTHS:
        return False  # "3. March 2023"
    if word in _NEVER:
        opens = word in ("no", "fig", "art") and not following[:1].isdigit()
        return opens and _first_word(following) in _STARTERS
    if word in _SOMETIMES or "." in word or _is_initial(last):
        return _first_word(following) in _STARTERS
    return True


def _first_word(text: str) -> str:
    first = _WORD.match(text)
    return first.group().casefold() if first else ""


def _is_initial(word: str) -> bool:
    bare = word.lstrip(_OPENERS)
    return len(bare) == 1 and bare.isalpha() and bare.isupper()


def _bounded(text: str, left: int, right: int) -> Iterator[tuple[int, int]]:
    """A sentence without the blanks around it, cut into pieces of at most ``MAX_CHARS``."""
    while left < right and text[left].isspace():
        left += 1
    while right > left and text[right - 1].isspace():
        right -= 1
    while right - left > MAX_CHARS:
        cut = _cut(text, left)
        stop = cut
        while stop > left and text[stop - 1].isspace():
            stop -= 1
        yield left, stop
        left = cut
        while left < right and text[left].isspace():
            left += 1
    if left < right:
        yield left, right


def _cut(text: str, left: int) -> int:
    """Where an overlong sentence is cut: after a semicolon, a comma, a blank, or anywhere."""
    low, high = left + MAX_CHARS // 2, left + MAX_CHARS
    for mark in ("; ", ", ", " ", "\n"):
        found = text.rfind(mark, low, high)
        if found >= 0:
            return found + 1
    return high
