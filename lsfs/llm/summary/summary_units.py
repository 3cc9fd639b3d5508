"""What a summary can be made of: the sentences of a document, each with what it says.

A sentence that cannot be understood alone ("It ends in May.", an item of a list) brings along the
one that it goes on from, so that no summary begins with a pronoun that stands for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from msgspec import Struct

from lsfs import values
from lsfs.llm.answers import ground
from lsfs.llm.answers.orders import speaks_to_a_model
from lsfs.llm.answers.stopwords import stop_words
from lsfs.llm.answers.wordforms import WORD, stem
from lsfs.model import Block, BlockKind
from lsfs.sentences import sentences

Span = tuple[int, int]

WORD_KIND, NAME_KIND, NUMBER_KIND, DATE_KIND = range(4)
MOST_WORDS = 60  # of a sentence in a summary
MOST_ROWS = 40  # of a table that are looked at: the first, and the last
LONGEST_CHAIN = 3  # sentences that one brings along
_SAMPLE = 5_000  # characters by which the language is told


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that a sentence begins with when it goes on from the one before it.
_GOES_ON = _set(
    """it its this that these those they them their he him his she her hers such former latter
    however moreover furthermore therefore thus hence consequently accordingly nevertheless
    nonetheless besides additionally instead otherwise then and but or so yet likewise similarly
    also here there again afterwards thereafter meanwhile too as-such
    er sie es dies diese dieser dieses jener jene dabei damit dadurch deshalb daher darum somit
    außerdem ferner zudem jedoch aber und oder dann danach hierbei hierzu dazu davon dort
    il elle ils elles cela ceci ce cette ces celui celle donc ainsi cependant toutefois mais et ou
    puis ensuite enfin aussi
    él ella ello ellos ellas esto eso este esta estos estas así además sin pero y entonces luego
    esso essa essi esse questo questa questi queste quindi inoltre tuttavia però e ma poi"""
)
# What announces that a sentence is of weight: the cue method of Edmundson (1969).
_CUES = re.compile(
    r"\b(?:in (?:summary|conclusion|short)|to sum(?:mari[sz]e| up)|we (?:propose|present|introduce|"
    r"show|find|found|conclude|demonstrate|recommend|agreed|decided|describe|investigate)|this "
    r"(?:paper|article|report|work|study|agreement|contract|letter|policy|document|lease|memo"
    r"(?:randum)?)|the (?:purpose|aim|goal|objective|result|main|key)\b|results? (?:show|indicate|"
    r"suggest)|our (?:results?|findings?|method|approach|model)|it was (?:agreed|decided|resolved)|"
    r"(?:agreed|decided|resolved|approved|recommended|concluded) (?:that|to)|important(?:ly)?|"
    r"significant(?:ly)?|hereby|is made (?:on|between)|by and between|zusammenfass\w+|ergebnis\w*|"
    r"ziel (?:ist|war|der)|beschlossen|vereinbar\w+|diese[rs]? (?:vertrag|bericht|vereinbarung)|"
    r"en (?:conclusion|résumé)|nous (?:proposons|présentons|montrons)|en (?:conclusión|resumen)|"
    r"se (?:acuerda|acordó|propone)|in (?:conclusione|sintesi))\b",
    re.IGNORECASE,
)
_SKIPPED = re.compile(
    r"[\d.\sIVX]*(?:references|bibliography|works cited|literature cited|acknowledge?ments?|"
    r"(?:table of )?contents|index|list of (?:figures|tables)|literatur(?:verzeichnis)?|"
    r"inhalt(?:sverzeichnis)?|danksagung|bibliographie|remerciements|table des matières|"
    r"bibliografía|agradecimientos|índice|bibliografia|indice)\W*$",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"all rights reserved|intentionally left blank|copyright|\u00a9|unsubscribe|click here|"
    r"terms of (?:use|service)|cookie|https?://|www\.|page \d+ of \d+|alle rechte vorbehalten|"
    r"best regards|kind regards|sincerely|mit freundlichen grüßen|cordialement|\.{4,}|_{4,}",
    re.IGNORECASE,
)
# "Dear Ms Ellingsen," and "Yours,": lines that only letters have.
_SALUTATION = re.compile(
    r"(?:dear|hi|hello|good (?:morning|afternoon|evening)|hey|liebe[rs]?|sehr geehrte[rs]?|hallo|"
    r"guten (?:tag|morgen)|bonjour|ch[eè]r[es]*|madame|monsieur|estimad[oa]s?|hola|gentile|"
    r"yours?|regards|best|thanks|viele grüße|gruß)\b[^.!?]{0,60}[,!]?\s*$",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:grand total|total|sum|balance|amount due|summe|gesamt\w*|saldo|somme|totale?s?|suma)\b",
    re.IGNORECASE,
)
_BULLET = re.compile(
    r"(?:[-*+\u2022\u2023\u25e6\u25aa\u00b7\u2013\u2014>#]+|\(?\w{1,3}[.)]|\d+(?:\.\d+)*)\s+"
)
_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019\u00bb)\]]*$")
_CITED = re.compile(r"\[\d+(?:[,\u2013-]\s?\d+)*\]|\bet al\b|\(\w+,? (?:19|20)\d\d\w?\)")
_FIGURE = re.compile(
    r"\b(?:fig(?:ure)?s?|tab(?:le)?s?|eq(?:uation)?s?|sections?|appendix|abbildung|tabelle)\.?\s*"
    r"\(?\d",
    re.IGNORECASE,
)
_ENVELOPE = re.compile(r"(?:from|to|cc|bcc|date|sent|reply-to|von|an|datum|de|à|para)\s*:\s", re.I)
_PAGE_NUMBER = re.compile(r"\W*(?:page|seite|p\.)\s*\d+(?:\W+(?:of|von|/)?\s*\d+)?\W*", re.I)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_LABELLED = re.compile(r"[^\W\d_][\w /&().'-]{0,30}:\s")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Unit(Struct, frozen=True):
    """A sentence that can stand in a summary, with those that it needs before it.

    Attributes:
        spans: offsets of the sentences into the document's text; the last is the sentence itself.
        prior: what its form and place say for it, about 1.
        form: 1 for a whole sentence, less for what is none: a line, the total of a table.
        section: stands for the headings above it.
        concepts: what it says: hashed words, names, numbers and dates; the lowest two bits are the
            kind.
        words: how many it has, all sentences together.
    """

    spans: tuple[Span, ...]
    prior: float
    form: float
    section: int
    concepts: frozenset[int]
    words: int

    @property
    def start(self) -> int:
        """Where the sentence itself begins."""
        return self.spans[-1][0]


class Piece(Struct, frozen=True):
    """A block, or a stretch of a long one.

    Attributes:
        block: what it is of.
        start, end: offsets into the document's text.
    """

    block: Block
    start: int
    end: int

    @property
    def text(self) -> str:
        """What stands there."""
        at = self.block.char_start
        return self.block.text[self.start - at : self.end - at]


def units_of(pieces: Sequence[Piece]) -> list[Unit]:
    """The sentences of a stretch of a document that a summary may be made of, in order.

    What they are depends on these pieces alone, so that it can be kept by their content.
    """
    frame = stop_words("\n".join(piece.text for piece in pieces)[:_SAMPLE])
    found: list[Unit] = []
    lead: list[_Said] = []  # "The tenant shall:", which the items below it go on from
    above: tuple[str, ...] | None = None
    for piece in pieces:
        block = piece.block
        opens = block.heading_path != above
        above = block.heading_path
        if _is_left_out(block):
            continue
        if block.kind is BlockKind.TABLE:
            found += _rows(piece, lead, frame)
            continue
        if block.kind is not BlockKind.LIST_ITEM:
            lead = []
        said = list(_sentences(piece))
        found += _in_prose(block, said, lead, frame, opens=opens)
        if said and said[-1].text.endswith((":", "\uff1a")) and block.kind is BlockKind.PARAGRAPH:
            lead = [said[-1]]
    return found


class _Said(Struct, frozen=True):
    """A sentence and where it stands in the document's text."""

    span: Span
    text: str


def _sentences(piece: Piece) -> Iterator[_Said]:
    text = piece.text
    for n, (left, right) in enumerate(sentences(text)):
        bullet = _BULLET.match(text, left, right)
        if bullet and n == 0 and piece.block.kind is BlockKind.LIST_ITEM:
            left = bullet.end()
        if left < right:
            yield _Said((piece.start + left, piece.start + right), text[left:right])


def _is_left_out(block: Block) -> bool:
    """Whether a block is no text of its document: a heading, a list of sources, code."""
    if block.kind in (
        BlockKind.TITLE, BlockKind.HEADING, BlockKind.FURNITURE, BlockKind.FOOTNOTE, BlockKind.CODE
    ):  # fmt: skip
        return True
    return any(_SKIPPED.match(heading) for heading in block.heading_path)


def _in_prose(
    block: Block,
    said: Sequence[_Said],
    lead: Sequence[_Said],
    frame: frozenset[str],
    *,
    opens: bool,
) -> Iterator[Unit]:
    heading = _words(" ".join(block.heading_path[-2:]), frame)
    chain: Sequence[_Said] | None = lead or None  # None: what it goes on from is not there
    for n, one in enumerate(said):
        depends = bool(lead) or goes_on(one.text)
        if not depends:
            chain = ()
        whole = None if chain is None else (*chain, one)
        if whole is not None and _stands(one.text) and len(whole) <= LONGEST_CHAIN:
            text = " ".join(part.text for part in whole)
            found = concepts(text, frame)
            prior = _prior(one.text, found, first=opens and n == 0)
            prior += 0.3 if heading & _words(one.text, frame) else 0.0
            spans = tuple(part.span for part in whole)
            form = _form(one.text, found)
            yield Unit(spans, prior, form, section_of(block), found, count_words(text))
        # What follows goes on from this one; items of a list all go on from what is above them.
        chain = lead or whole


def section_of(block: Block) -> int:
    """Stands for the headings above a block, down to the second."""
    return crc32("\n".join(block.heading_path[:2]).encode("utf-8", "surrogatepass"))


def goes_on(sentence: str) -> bool:
    """Whether a sentence cannot be understood without the one before it, by its first word."""
    match = WORD.search(sentence)
    if match is None:
        return False
    word = match.group().casefold()
    if word in ("it", "that") and re.match(r"\W*it (?:is|was) \w+ (?:that|to)\b", sentence, re.I):
        return False  # "It was agreed that ..."
    if word in _GOES_ON:
        # "This agreement" and "diese Vereinbarung" name what they are about.
        following = WORD.search(sentence, match.end())
        named = word in ("this", "dieser", "diese", "dieses", "ce", "cette", "este", "esta")
        return not (named and following and _CUES.match(sentence, match.start()))
    return False


def _stands(sentence: str) -> bool:
    """Whether a sentence can be shown by itself."""
    bare = sentence.strip()
    if bare.endswith((":", "?", "\uff1f", ",")):
        return False
    if _SALUTATION.match(bare) or _PAGE_NUMBER.fullmatch(bare):
        return False
    has_value = any(c.isdigit() for c in bare) and len(_LETTERS.findall(bare)) >= 1
    # A line without an end mark is a heading that was not seen to be one, if it is short.
    least = 2 if has_value else 4 if _END.search(bare) or _LABELLED.match(bare) else 8
    if not least <= count_words(bare) <= MOST_WORDS:
        return False
    letters = sum(c.isalpha() for c in bare)
    return letters >= 0.5 * len(bare.replace(" ", "")) or has_value


def _prior(sentence: str, said: Iterable[int], *, first: bool) -> float:
    """What the form of a sentence says for it: cue phrases, values, the first of its section."""
    prior = 1.0
    kinds = {concept & 3 for concept in said}
    prior += 0.25 * len(kinds - {WORD_KIND})
    prior += 0.5 if _CUES.search(sentence) else 0.0
    prior += 0.8 if _TOTAL.search(sentence) and NUMBER_KIND in kinds else 0.0
    count = count_words(sentence)
    if first and _END.search(sentence.rstrip()):
        prior += 0.4
    if count < 6 and kinds <= {WORD_KIND}:
        prior -= 0.5
    if _FIGURE.search(sentence):
        prior -= 0.3
    if len(_CITED.findall(sentence)) > 1:
        prior -= 0.3
    return max(prior, 0.05)


def _form(sentence: str, said: Iterable[int]) -> float:
    """How much of a sentence it is, by its two ends."""
    bare = sentence.strip()
    if _BOILERPLATE.search(bare) or bare.startswith(">") or speaks_to_a_model(bare):
        return 0.15
    if _TOTAL.search(bare) and any(concept & 3 == NUMBER_KIND for concept in said):
        return 1.0
    if _ENVELOPE.match(bare):
        return 0.25
    if not _END.search(bare):
        has_value = any(concept & 3 != WORD_KIND for concept in said)
        return 0.6 if _LABELLED.match(bare) and has_value else 0.2
    return 0.7 if bare[0].islower() else 1.0


# --- tables


def _rows(piece: Piece, lead: Sequence[_Said], frame: frozenset[str]) -> Iterator[Unit]:
    """The rows of a table that sum it up, whole; the others say nothing without their head."""
    rows: list[_Said] = []
    at = piece.start
    for line in piece.text.splitlines(keepends=True):
        bare = line.rstrip()
        if bare:
            rows.append(_Said((at, at + len(bare)), bare))
        at += len(line)
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS // 2], *rows[-MOST_ROWS // 2 :]]
    for row in rows:
        if not _TOTAL.search(row.text) or not 2 <= count_words(row.text) <= MOST_WORDS:
            continue
        said = concepts(row.text, frame)
        if any(concept & 3 == NUMBER_KIND for concept in said):
            whole = [*lead, row]
            words = sum(count_words(part.text) for part in whole)
            spans = tuple(part.span for part in whole)
            yield Unit(spans, 1.0, 0.6, section_of(piece.block), said, words)


# --- what a sentence says


def concepts(text: str, frame: frozenset[str]) -> frozenset[int]:
    """What a text says, hashed: its words without endings, its names, numbers and dates.

    Args:
        frame: words that say nothing.
    """
    days = values.dates(text)
    plain = values.without(text, [(day.start, day.end) for day in days])
    found = {_hashed(f"{day.readings}", DATE_KIND) for day in days}
    for number in values.numbers(plain):
        if number.text.casefold() != "one":
            # The currency may stand in another cell, or be left out.
            unit = "%" if number.unit == "%" else ""
            found.add(_hashed(f"{number.value.normalize():f}{unit}", NUMBER_KIND))
    for start, end in ground.names(plain):
        if start > 0 or " " in plain[start:end]:  # any word that begins a sentence has a capital
            found.add(_hashed(" ".join(plain[start:end].casefold().split()), NAME_KIND))
    found.update(_hashed(word, WORD_KIND) for word in _words(plain, frame))
    return frozenset(found)


def _words(text: str, frame: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    for match in WORD.finditer(text.casefold()):
        word = match.group()
        if _CJK.search(word):
            found.update(word[n : n + 2] for n in range(max(1, len(word) - 1)))
        elif len(word) > 2 and word not in frame and not word[0].isdigit():
            found.add(stem(word))
    return frozenset(found)


def count_words(text: str) -> int:
    """How many words a text has; of scripts without blanks, two characters are one."""
    ideographs = len(_CJK.findall(text))
    return len(text.split()) + ideographs // 2


def _hashed(text: str, kind: int) -> int:
    return crc32(text.encode("utf-8", "surrogatepass")) & ~3 | kind
