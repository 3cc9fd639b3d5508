"""Who wrote a text, by the names below its title.

Of a paper these are lines of nothing but names between title and abstract. Any other text says it
by a word ("by Jane Doe"), or something else on its title page shows that a line is one of names:
an address, a date or a version below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lsfs.index.facts.kinds import kinds_in
from lsfs.index.facts.literals import at_lines
from lsfs.index.fields.forms import Form, party_key
from lsfs.index.fields.labels import Found
from lsfs.model import BlockKind, Document

BYLINE = "byline"  # the rule by which they are found
FRONT = 4000  # characters in which the abstract begins
LONGEST_LINE = 1000  # characters
LOOKED_AT = 20_000  # characters in which a name's last word is looked for
MOST_BLOCKS = 6  # below the title, in which the names stand
_ABSTRACT = re.compile(
    r"^[ \t#*_]*(?:abstract|summary|zusammenfassung|kurzfassung|résumé|resumen|sommario)\b",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(r"[^\n]+")
_WRITTEN = re.compile(r"\w")
# "Camille Moreau1,2*, Idris Bello† and Hana Kowalczyk"
_MARK = r"[\d*†‡§¶\u00a8\u2217\u00b9\u00b2\u00b3\u2070-\u2079]"
_BETWEEN = re.compile(
    rf"(?:[ \t]*{_MARK}+(?:[ \t]?,[ \t]?{_MARK}+)*)?[ \t]*(?:[,;·&|]|\b(?:and|und|et|y|e)\b|\Z)"
    r"(?:[ \t]*(?:&|\b(?:and|und|et|y|e)\b))?[ \t]*"
)
# Accents stand before their letter where a PDF draws both: "Sch\u00a8opf".
_LETTER = r"(?:[^\W\d_]|['\u2019\u00a8\u00b4\u02c6\u02c7\u02da-])"
_NAME = re.compile(
    rf"(?:[^\W\d_a-zß-ÿ](?:\.[ \t-]*|{_LETTER}{{0,30}}[ \t]+)){{1,3}}"
    r"(?:(?:van|von|de|del|der|den|di|da|la|le|dos|bin|al|ten|ter)[ \t]+){0,2}"
    rf"[^\W\d_a-zß-ÿ]{_LETTER}{{1,30}}(?<!-)"
)
_NO_NAMES = re.compile(
    r"\b(?:universit\w*|department|institute?\w*|school|college|center|centre|faculty|laborator\w+|lab|"
    r"journal|letters|proceedings|conference|press|transactions|review|research|sciences?|society|"
    r"academy|hospital|inc|ltd|gmbh|street|road|version|draft|preprint|accepted|received|published|"
    r"open access|keywords?|january|february|march|april|may|june|july|august|september|october|"
    r"november|december|user|manual|guide|chapter|part|volume|edition|tel|telefon|fax|strasse|straße|"
    r"allee|avenue|lane|square|platz|company|corp\w*|bank|trust|consortium|"
    r"foundation|association|council|committee|office|ministry|standard|specification|protocol|"
    r"extension|release|notes?|revision|description|rights|copyright|licen[cs]e|overview|"
    r"introduction|installation)\b|"
    r"\A\W*(?:the|our|my|your|der|die|das)\b",
    re.IGNORECASE,
)


_TEAM = re.compile(
    r"(?:The[ \t]+)?(?:[^\W\d_a-zß-ÿ][^\W\d_]*[ \t]+){1,4}(?:[Tt]eam|[Gg]roup|Project)\b"
)
_BY = re.compile(
    r"\W*(?:(?:[Ww]ritten|[Cc]ompiled|[Aa]uthored)[ \t]+by|(?:[Gg]eschrieben|[Vv]erfasst)[ \t]+von|"
    r"(?:[ÉEée]crit|[Rr]édigé)[ \t]+par|[Ee]scrito[ \t]+por|[Ss]critto[ \t]+da|"
    r"[Gg]eschreven[ \t]+door|"
    r"(?:(?:[Tt]ext|[Pp]ackage|[Oo]riginal code|[Pp]oems?|[Ss]tor(?:y|ies)|[Nn]otes)[ \t]+)?"
    r"[Bb]y|BY|"
    r"[Vv]on|[Pp]ar|[Pp]or|[Dd]i|[Dd]oor)[ \t]+(?=[^\W\d_])"
)
_TRANSLATED = re.compile(r"\b(?:translat|übersetz|überführt|tradu|vertaald)", re.IGNORECASE)
_BESIDE = re.compile(  # what may stand beside the names, and says that they are
    r"<[^<>\n]{0,80}@[^<>\n]{0,80}>|(?<![^\s<>,;])[^\s<>,;@]{1,64}@[^\s<>,;@]{1,80}|"
    r"(?:https?://|www\.)\S+|\([^()\n]{0,80}\)"
)
_BESIDE_HAS = ("@", "http", "www.", "(")  # one of these; most lines have none
_DAY = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?\.?[ \t]+(?:de[ \t]+)?[^\W\d_]{3,10}\.?,?[ \t]+"
    r"(?:del?[ \t]+)?\d{4}|"
    r"[^\W\d_]{3,10}[ \t]+(?:\d{1,2}(?:st|nd|rd|th)?[ \t]*,[ \t]*)?\d{4}|\d{4}[-/.]\d\d[-/.]\d\d|"
    r"\d{1,2}[./]\d{1,2}[./]\d{4}|(?:19|20)\d\d)"
)
_DATED = re.compile(rf"[ \t]*,?[ \t]+{_DAY}[ \t.]*\Z")
_SHOWS = re.compile(  # a line beside the names that belongs to a title page
    rf"\W*(?:(?:printed|compiled|version|draft|stand|vom|v\.?)\b[^\n]{{0,30}}\d|{_DAY}[^\n]{{0,30}}\Z)|"
    r"\S@\S{1,80}\.\w|https?://|www\.|\b(?:universit\w*|department|institute?\w*|school|college|faculty|"
    r"laborator\w+|professor|gmbh)\b",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[*†‡§\u2217]|(?<=[^\W\d_])[\d\u00b9\u00b2\u00b3](?!\w)")
_INITIAL = re.compile(r"(?<![^\s])[^\W\d_a-zß-ÿ]\.[ \t]")
_BODY = re.compile(
    rf"(?!{_DAY})\d+(?:\.\d+)*\.?[ \t]+[^\W\d_]|"
    r"(?:contents|introduction|inhalt\w*|einleitung|índice|table des matières|indice|inhoud)\b",
    re.IGNORECASE,
)
_SALUTATION = re.compile(
    r"^[ \t]*(?:dear|hi|hello|sehr geehrte|liebe[rs]?|cher|chère|madame|monsieur|estimad[oa]s?|"
    r"gentile|egregio|geachte|beste)\b",
    re.IGNORECASE | re.MULTILINE,
)
# Below their titles stand those for whom they are, or whom they are from.
_PAPERS = frozenset(
    ("contract", "invoice", "receipt", "letter", "minutes", "statement", "order", "quote", "form",
     "email", "policy")
)  # fmt: skip
BELOW = 6  # lines below the names that belong to them
TITLES = 3  # lines in which a paper says what it is
MOST_LINES = 12  # of a title page
PROSE = 14  # words of a line from which on it is no title
SENTENCE = 8  # words of a line that may begin a text
_WORDS = re.compile(r"[^\W\d_]+")


def byline(document: Document) -> Iterator[Found]:
    """The authors of a text: names below its title, each with how sure it is that they are."""
    found = [Found("author", form, BYLINE, 0.7) for form in _of_paper(document)]
    if not found:
        lines = _title_page(document.text)
        found = [Found("author", form, BYLINE, 0.7) for form in _told(document.text, lines)]
        found = found or list(_standing(document.text, lines))
    if not found:
        return
    small = set(_WORDS.findall(_BESIDE.sub(" ", document.text[:LOOKED_AT])))
    # "Final Draft" and "North Wind": a name is made of words that the text does not use as such.
    yield from (one for one in found if _last_word(document.text, one.form) not in small)


def _last_word(text: str, form: Form) -> str:
    return text[form.start : form.end].split()[-1].lower()


def _of_paper(document: Document) -> list[Form]:
    """Lines of nothing but names, the first between title and abstract."""
    abstract = next(at_lines(_ABSTRACT, document.text[:FRONT]), None)
    if abstract is None:
        return []
    before = [block for block in document.blocks if block.char_start < abstract.start()]
    below = [
        block for block in before[1:] if block.kind not in (BlockKind.TITLE, BlockKind.HEADING)
    ]
    found: list[Form] = []
    for block in below[:MOST_BLOCKS]:
        end = min(block.char_end, abstract.start())
        for line in _LINE.finditer(document.text, block.char_start, end):
            names = _names(document.text, *line.span())
            if found and not names:
                return found
            found += names
    return found


def _title_page(text: str) -> list[tuple[int, int]]:
    """The lines above the body, the title's among them, and the first one of the body."""
    lines: list[tuple[int, int]] = []
    for line in _LINE.finditer(text, 0, FRONT):
        said = line[0].strip()
        if not _WRITTEN.search(said):
            continue
        lines.append(line.span())
        words = len(said.split(None, PROSE))
        prose = words >= PROSE or (words > SENTENCE and said[-1] in ".!?")
        if lines[1:] and (prose or _BODY.match(said) or _ABSTRACT.match(said)):
            break
        if len(lines) > MOST_LINES:
            break
    return lines


def _told(text: str, lines: Sequence[tuple[int, int]]) -> list[Form]:
    """The names behind "by", where they are all that stands there."""
    for (above, end), (start, stop) in pairwise(lines):
        by = _BY.match(text, start, stop)
        if by is None or _TRANSLATED.search(text, above, end):
            continue
        names = _named(text, by.end(), stop)
        if names:
            return names
    return []


def _named(text: str, start: int, end: int) -> list[Form]:
    """The names, or the group, that a line consists of."""
    team = _TEAM.match(text, start, end)
    if team is not None and not _WORDS.search(text, team.end(), end):
        return [Form(*team.span(), party_key(team[0]))]
    return _names(text, start, end)


def _is_person(text: str, start: int, end: int) -> bool:
    """Whether a line is a name of two words: what stands below is no author."""
    return bool(_names(text, start, end)) and len(text[start:end].split()) == 2


def _standing(text: str, lines: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Names that stand below a title without a word; surer where the page shows what they are."""
    if len(lines) < 3:
        return
    named = [_named(text, *line) for line in lines]
    first = next((n for n, names in enumerate(named) if names and n), 0)
    if not first:  # of most texts; what follows takes far longer
        return
    head = [kinds_in(_WORDS.findall(text[slice(*line)])) for line in lines[:TITLES]]
    if set().union(*head) & _PAPERS or _is_person(text, *lines[0]):
        return
    if _SALUTATION.search(text[:FRONT]):
        return
    last = next((n for n in range(first, len(lines)) if not named[n]), len(lines))
    said = [text[slice(*line)] for line in lines]
    beside = [*said[first + 1 - min(first, 2) : first], *said[last : last + BELOW]]
    shown = any(_SHOWS.search(line) for line in (*beside, *said[first:last])) or any(
        _SIGN.search(line) or _INITIAL.search(line) for line in said[first:last]
    )
    shown = shown or max(map(len, named[first:last])) > 1
    alone = (first, last) == (1, 2) and len(said[2].split()) > SENTENCE
    if shown or alone:
        for form in (form for names in named[first:last] for form in names):
            yield Found("author", form, BYLINE, 0.6 if shown else 0.45)


def _names(text: str, start: int, end: int) -> list[Form]:
    """The names that a line consists of; [] where there is more in it than names."""
    line = text[start:end]
    if any(sign in line for sign in _BESIDE_HAS):
        line = _BESIDE.sub(lambda found: " " * len(found[0]), line)
    if line.rstrip(" \t.")[-1:].isdigit():
        line = _DATED.sub("", line)
    line = line.rstrip(" .*_")
    if len(line) > LONGEST_LINE:
        return []
    written: list[tuple[int, str]] = []
    at = len(line) - len(line.lstrip())
    while at < len(line):
        name = _NAME.match(line, at)
        mark = _BETWEEN.match(line, name.end()) if name else None
        if name is None or mark is None or mark.end() == name.end() < len(line):
            return []
        written.append((start + at, name[0].strip()))
        at = mark.end()
    # Asked last: most lines are none of names at their first word.
    if not written or _NO_NAMES.search(line):
        return []
    return [Form(begin, begin + len(name), party_key(name)) for begin, name in written]
