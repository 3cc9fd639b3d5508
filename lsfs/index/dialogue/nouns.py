"""What a question asks for, and what it asks it of: "the rent" of "the Harbour Street lease"."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile

from msgspec import Struct

from lsfs.index.asked.questionframe import FILE_WORDS, TOKEN
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.fields.definitions import Definition, definitions, label_key, words_of
from lsfs.index.find.folding import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What documents say of people, things and themselves, beside the fields of the index. Folded.
_ATTRIBUTES = _words(
    """address age amount anniversary author balance birthday budget capital ceiling charge cost
    colour color country currency date deadline discount distance due duration employer excess
    expiry extension fee fine frequency guarantee height holiday holidays hours id interest iban
    identifier instalment job landlord language length limit location manager maturity mileage
    model name nationality number occupation owner password penalty percentage period place
    position premium price principal probation profit purpose quantity rate reference remuneration
    rent revenue role salary schedule signatory signature size speed status subject supplement
    surcharge tariff tax temperature tenant term time title topic total turnover validity value
    version volume wage warranty website weight width year
    adresse alter betrag beitrag preis kosten datum frist gebuhr gehalt gewicht grosse hohe lange
    laufzeit lohn miete kaution nummer ort pramie provision rabatt selbstbehalt steuer summe titel
    urlaub wert zins zinssatz vermieter mieter arbeitgeber kundigungsfrist dauer beginn ende
    probezeit telefonnummer"""
)
# Roles that documents give to people and companies, each followed by a name or following one.
ROLES = _words(
    """landlord landlady lessor tenant lessee buyer purchaser seller vendor supplier client customer
    employer employee borrower lender licensor licensee contractor provider consultant insurer
    insured policyholder guarantor owner manager director secretary treasurer accountant lawyer
    solicitor notary agent broker author sender recipient signatory doctor dentist architect
    engineer founder chairman chairwoman chair president ceo cfo cto supervisor boss partner
    spouse wife husband mother father contact editor publisher producer
    vermieter vermieterin mieter mieterin kaufer verkaufer auftraggeber auftragnehmer kunde
    lieferant arbeitgeber arbeitnehmer versicherer makler notar eigentumer inhaber
    geschaftsfuhrer"""
)
ARTICLES = _words(
    """the a an this that these those my our your his her its their der die das dem den des ein
    eine einem einen einer mein meine meinem meinen meiner unser unsere im vom zum zur"""
)
_ASKING = _words(
    """what which who whom whose when where why how is are was were am be been being do does did
    has have had will would shall should can could may might must what's who's when's it they them
    he she him i we you us me there and or but if as much many long often high soon exactly say
    says tell show find give only not never please also
    wer wen wem wessen was wann wo wohin woher warum wie viel viele hoch ist sind war waren wird
    werden wurde wurden hat haben hatte er sie es ich wir und oder kann soll lautet heisst
    welche welcher welches welchen"""
)
LINKS = _words(
    """in of on at for from to with by about under within into over between since until before
    after during according per regarding than as
    in im von vom des der fur bei beim mit aus laut zum zur uber seit bis"""
)
_VERBS = _words(
    """signed sign signs wrote written send sent made end ends ended start starts started begin
    begins began expire expires expired work works worked cost costs costing pay pays paid say
    says said bought sold own owns owned run runs last lasts lasted live lives lived belong begins
    become became happen happened stand stands come came get gets got
    endet beginnt begann kostet gilt lauft unterschrieben unterzeichnet"""
)


class Phrase(Struct, frozen=True):
    """A noun phrase of a question.

    Attributes:
        text: as written, with its article.
        start, end: where.
        kind: it names a document or a sort of documents.
        named: it has a name or a number in it.
        definite: it has an article or a possessive.
    """

    text: str
    start: int
    end: int
    kind: bool
    named: bool
    definite: bool


@lru_cache(maxsize=1)
def _fields() -> tuple[dict[str, Definition], dict[str, str]]:
    known = definitions({})
    return dict(known.fields), dict(known.labels)


def field_of(words: str) -> Definition | None:
    """The field that is asked for by some words: that of "monthly rent", or of "the new rent"."""
    fields, labels = _fields()
    told = [word for word in words_of(words) if fold(word) not in ARTICLES]
    for first in range(len(told)):
        rest = told[first:]
        if len(rest) == 1 and fold(rest[0]) in LINKS | _ASKING:
            return None
        for form in (rest, [*rest[:-1], rest[-1].removesuffix("s")]):
            name = labels.get(label_key(form))
            if name is not None:
                return fields[name]
    return None


def labels_of(field: str) -> list[str]:
    """What a field is called in documents, folded; other words for the same fact."""
    return [label for label, name in _fields()[1].items() if name == field]


def is_attribute(words: str) -> bool:
    """Whether words end in something that documents state of a thing: "the monthly rent"."""
    told = [fold(word) for word in TOKEN.findall(words)]
    if not told or told[-1] in LINKS | _ASKING:
        return False
    last = told[-1]
    singular = {last, last.removesuffix("s"), last.removesuffix("es"), last.removesuffix("n")}
    if last.endswith("ies"):
        singular.add(last[:-3] + "y")
    if singular & (_ATTRIBUTES | ROLES):
        return True
    field = field_of(words)
    return field is not None and not kinds_in([told[-1]])


def is_role(words: str) -> bool:
    """Whether words end in a role: "the landlord"."""
    told = [fold(word) for word in TOKEN.findall(words)]
    return bool(told) and bool({told[-1], told[-1].removesuffix("s")} & ROLES)


def phrases(question: str) -> list[Phrase]:
    """The noun phrases of a question, by its small words; verbs that are not known stay in them."""
    found: list[Phrase] = []
    run: list[re.Match[str]] = []
    end = 0
    for match in TOKEN.finditer(question):
        word = fold(match[0])
        begins = word in ARTICLES
        small = word in _ASKING or word in LINKS or (word in _VERBS and match[0].islower())
        apart = question[end : match.start()].strip(" .&-'\u2019/") if run else ""
        if begins or small or apart:
            found += _made(question, run)
            run = []
        if begins or not small:
            run.append(match)
        end = match.end()
    return found + _made(question, run)


def _made(question: str, run: list[re.Match[str]]) -> list[Phrase]:
    while run and len(run) > 1 and fold(run[0][0]) in ARTICLES and fold(run[1][0]) in ARTICLES:
        run = run[1:]
    definite = bool(run) and fold(run[0][0]) in ARTICLES
    body = run[1:] if definite else run
    if not body:
        return []
    kind_at = [i for i, match in enumerate(body) if names_kind(match[0])]
    if kind_at:
        last = kind_at[-1] + 1
        while last < len(body) and not body[last][0][0].islower():  # "invoice 4711"
            last += 1
        body = body[:last]
    elif body[0][0][0].isupper():  # "what did Carlo Neri want back": a name ends with its capitals
        body = list(takewhile(lambda match: not match[0][0].islower(), body))
    first_of_all = not question[: body[0].start()].strip(" \"'\u201c\u00bf\u00a1")
    capitals = [m for m in body if m[0][0].isupper() or m[0][0].isdigit()]
    named = bool(capitals) and not (first_of_all and len(capitals) == 1 and not definite)
    start, end = (run[0] if definite else body[0]).start(), body[-1].end()
    return [Phrase(question[start:end], start, end, bool(kind_at), named, definite)]


def names_kind(word: str) -> bool:
    """Whether a word names a sort of document: "lease", "invoices", "file"."""
    folded = fold(word)
    return folded in FILE_WORDS or bool(kinds_in([word]) or kinds_in([folded]))


def subject_of(question: str) -> Phrase | None:
    """What a question is about: the document it names, else the name, else the thing."""
    found = _with_names(question, phrases(question))
    documents = [p for p in found if p.kind and (p.named or p.definite)]
    named = [p for p in found if p.named and not p.text.isdigit()]  # a year is when, not what
    things = [p for p in found if p.definite and not is_attribute(p.text)]
    for chosen in (documents, named, things, [p for p in found if p.kind]):
        if chosen:
            return chosen[-1]
    return None


_JOINS = re.compile(
    r"\s+(?:with|of|by|between|from|to|and|for|mit|von|zwischen|und)\s+", re.IGNORECASE
)


def _with_names(question: str, found: list[Phrase]) -> list[Phrase]:
    """The phrases, with a document that others name as one: "the lease with Harbour Homes"."""
    joined: list[Phrase] = []
    for phrase in found:
        last = joined[-1] if joined else None
        gap = question[last.end : phrase.start] if last else ""
        names = phrase.named and not phrase.kind
        if last is not None and last.kind and last.definite and names and _JOINS.fullmatch(gap):
            text = question[last.start : phrase.end]
            joined[-1] = Phrase(text, last.start, phrase.end, True, True, True)
        else:
            joined.append(phrase)
    return joined


_LOCATED = re.compile(
    r"\s(?:in|of|on|at|for|from|under|with|by|im|in der|in dem|des|der|vom|von|von der|bei|beim)\s",
    re.IGNORECASE,
)


def tail_of(question: str) -> str:
    """The end of a question that says where its fact is to be found: "in the Mill Road lease"."""
    subject = subject_of(question)
    if subject is None:
        return ""
    links = [m for m in _LOCATED.finditer(question) if m.end() >= 0 and m.end() <= subject.start]
    for link in reversed(links):
        if not question[link.end() : subject.start].strip():
            return question[link.start() : subject.end].strip()
    # German draws the article into the preposition: "im Mietvertrag", "vom Vertrag".
    words = subject.text.split()
    return subject.text if fold(words[0]) in ("im", "vom", "zum", "zur") else ""
