"""What a question leaves out: "not drafts", "without invoices", "except PDFs", "nicht von Müller".

A negation counts only where what follows it can be left out of a list of files: a type, a kind,
a folder, a person, a time, or words that the files must not hold. Everything else that a "not"
says is for the search: "contracts without cause" are contracts, "not only" leaves nothing out.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from msgspec import Struct

from lsfs.index.asked import askedlanguages, folders, people
from lsfs.index.asked.questionframe import (
    FILE_WORDS,
    HEAD_END,
    TOKEN,
    TYPE_WORDS,
    asks_files,
    ends_phrase,
)  # fmt: skip
from lsfs.index.asked.questionreading import Reading
from lsfs.index.facts.kinds import kin, kinds_in, kinds_of_many
from lsfs.index.find.folding import fold
from lsfs.index.time import timespan

# What tells the state of a document, not what it says; folded.
STATES = frozenset((
    "draft", "drafts", "entwurf", "entwurfe", "brouillon", "brouillons", "borrador", "borradores",
    "bozza", "bozze", "copy", "copies", "copie", "kopie", "kopien", "copia", "copias", "template",
    "templates", "vorlage", "vorlagen", "modele", "modeles", "sample", "samples", "duplicate",
    "duplicates", "concept", "concepten", "rascunho", "rascunhos", "utkast",
))  # fmt: skip
# Words that leave out whatever follows, and those that mostly mean something else.
_STRONG = (
    r"except(?:\s+for|ing)?|excluding|exclude|other\s+than|apart\s+from|aside\s+from|but\s+not|"
    r"but\s+no|"
    r"but\s+nothing|aber\s+nichts|mais\s+rien|pero\s+nada|ma\s+niente|"
    r"and\s+not|leaving\s+out|ignoring|not\s+counting|"
    r"außer|ausser|ausgenommen|aber\s+nicht|aber\s+kein(?:e[nrms]?)?|aber\s+ohne|"
    r"jedoch\s+nicht|und\s+nicht|"
    r"sauf|exceptés?|hormis|mais\s+pas|autres?\s+que|excepto|salvo|pero\s+no|"
    r"que\s+no\s+sean|tranne|eccetto|esclus[oie]|ma\s+non|behalve|maar\s+niet|maar\s+geen|"
    r"exceto|mas\s+não|"
    r"förutom|oprócz|кроме"
)
_WEAK = (
    r"not|without|neither|no|weder|nicht|ohne|kein(?:e[nrms]?)?|pas|sans|non|sin|senza|niet|zonder|geen|"
    r"não|sem|"
    r"inte|utan|nie|bez|без"
)
LEAD = re.compile(
    r"(?<![^\W_])(?<![-'\u2019])"
    r"(?:(?:[,;]\s*)?(?:(?:but|and|aber|und|mais|et|pero|y|ma|e)\s+)??)"
    r"(?P<copula>(?:(?:that|which|who|die|qui|que|che)\s+)(?:are|is|were|was|come|have|has|sind|"
    r"ist|sont|ne\s+sont|son|sono)\s+|(?:are|is|were|was)\s+)?"
    rf"(?:(?P<strong>{_STRONG})|(?P<weak>{_WEAK})|(?P<verb>(?:(?:that|which)\s+)?do(?:es)?\s+not"
    r"(?=\s+(?:mention|contain|include|name|concern|involve))))"
    r"(?![\w'\u2019-])\s+",
    re.IGNORECASE,
)
_NT = re.compile(r"\b(are|is|were|was|do|does)n['\u2019]t\b", re.IGNORECASE)
_OUTSIDE = re.compile(
    r"\b(?:outside(?:\s+of)?|außerhalb(?:\s+von)?|hors\s+du|fuera\s+de|fuori\s+dalla)"
    r"(?=\s+(?:(?:the|des|dem|la)\s+)?(?:folder|directory|ordner|verzeichnis|dossier|carpeta|cartella)"
    r"\b)",
    re.IGNORECASE,
)
_NOT_MEANT = re.compile(
    r"(?:only|just|yet|all|every|everyone|always|necessarily|sure|so|later|earlier|more|less|"
    r"fewer|one|"
    r"longer|because|until|at|if|even|much|many|nur|mehr|alle|immer|solo|sólo|tutti|"
    r"seulement|tous|toujours|"
    r"todos|only|that|(?-i:to(?=\s+[a-z]))|be|been|being|having|further|doubt|matter|idea|problem|way|fee|charge)\b",
    re.IGNORECASE,
)
_AUXILIARY = frozenset((
    "may", "do", "does", "did", "can", "could", "shall", "should", "will", "would", "must", "might",
    "have", "has", "had", "why", "whether", "or", "if", "be", "to", "let", "is", "are", "was",
    "were", "am",
))  # fmt: skip
# Not the names of things: "except as provided", "other than expected".
_FRAME = frozenset((
    "as", "where", "when", "if", "that", "what", "how", "why", "who", "provided", "stated",
    "otherwise", "expected", "herein", "usual", "necessary", "possible", "required", "planned",
    "weekends", "holidays", "me", "you", "us", "him", "her", "them", "it", "yourself", "then",
))  # fmt: skip
_SKIPPED = re.compile(
    r"(?:(?:in|at)\s+(?=(?:those|the\s+ones)\b))?(?:(?:any|the(?!\s+words?\b)|all|my|our|those|these|ones?|"
    r"anything|cel(?:les?|ui)|ceux|quell[eio]|aquell[ao]s?|"
    r"everything|files?|documents?|docs|die|der|den|das|alle|les?|des|du|l[ao]s?|el|los|il|gli|"
    r"i|d['\u2019](?![A-ZÀ-Þ])|de(?=\s+"
    r"(?:factures|contrats|brouillons|pdf)))\s+)*",
    re.IGNORECASE,
)
_AND = re.compile(
    r"\s*(?:,\s*|(?:,?\s+)(?:or|and|nor|oder|und|noch|ou|et|ni|o|y|e|né)\s+)"
    r"(?:(?:not|no|without|kein(?:e[nrms]?)?|ohne|pas|sin|sans|senza|non)\s+)?",
    re.IGNORECASE,
)
_HOLDING = re.compile(
    r"(?P<about>(?:with|mit|avec|con)(?:\s+the\s+words?)?|about|regarding|concerning|"
    r"mention(?:ing|s|ed)?(?:\s+of)?|"
    r"contain(?:ing|s)?|includ(?:ing|e|es)|nam(?:ing|e|es)|involv(?:ing|e|es)|concern|"
    r"the\s+words?|über|sobre|sur|su|para|for)\s+",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"\u201c\u201e]([^\"\u201c\u201d]{1,80})[\"\u201d\u201c]|'([^']{1,80})'")
_IN_NAME = re.compile(
    r"\s+(?:in|im|dans|en|nel)\s+(?:(?:the|their|its|le|el)\s+)?(?:file\s?)?"
    r"(?:names?|titles?|dateinamen?|titel|noms?|titres?|nombres?|títulos?|nome|titolo)\b",
    re.IGNORECASE,
)
_GLOB = re.compile(r"\*?\.([A-Za-z][A-Za-z0-9]{0,4})(?=[\s,;?!]|$)(?:\s+files?\b)?")
_ARTICLE = re.compile(r"(?:an?|eine[nrm]?|ein|une?|una?)\s+", re.IGNORECASE)
_THE = re.compile(r"(?:the|der|die|das|den|dem|le|la|les|el|los|las|il|lo)\s+", re.IGNORECASE)
_SENDER = re.compile(
    r"(?:(?:written|sent|authored|prepared|drafted|created)\s+by|from|by|von|par|de|por|da|di)\s+|"
    r"d['\u2019](?=\w)",
    re.IGNORECASE,
)
# "The bank", "my landlord", "the tax office": somebody without a name.
_PARTY = re.compile(
    r"(?:the|my|our|der|dem|meine[mr]?|unsere[mr]?|la|le|mon|ma|el|mi|il|mia)\s+"
    r"(?!(?:same|other|last|first|folder|directory|year|month|week|beginning|start|end)\b)"
    r"([^\W\d_]+(?:\s+(?:office|department|company|agency|association|club|union))?)"
)
MOST = 50  # negations of one question that are looked at
_MOST_WORDS = 3  # of a phrase that files must not hold


class _Target(Struct, frozen=True):
    """What is left out: where its words end, the conditions, and a note."""

    end: int
    put: dict[str, Any]
    said: str


def read(reading: Reading, today: date) -> None:
    """Take what is left out of a question for files."""
    reading.text = _OUTSIDE.sub("not in", _NT.sub(r"\1 not", reading.text))
    at = looked = 0
    while (lead := LEAD.search(reading.text, at)) is not None and looked < MOST:
        at, looked = lead.end(), looked + 1
        if _NOT_MEANT.match(reading.text, lead.end()):
            continue
        may = _may_exclude(reading, lead)
        targets = _targets(reading.text, lead, today)
        if not targets or not (may or _is_afterthought(reading.text, lead, targets, today)):
            continue
        for target in targets:
            reading.put(**target.put)
            reading.notes.append(f"left out: {target.said}")
        reading.filtered = True
        reading.blank(lead.start(), targets[-1].end)
        at = targets[-1].end


def _may_exclude(reading: Reading, lead: re.Match[str]) -> bool:
    """Whether a negation may be one of files, by what stands before it and right behind it."""
    before = reading.text[: lead.start()]
    words = TOKEN.findall(before)
    if lead["weak"] and not lead["copula"] and words and fold(words[-1]) in _AUXILIARY:
        return False
    if lead["copula"] and not (asks_files(before)):
        return False
    return not words or reading.filtered or fold(words[0]) in STATES or asks_files(before)


def _is_set_apart(text: str, lead: re.Match[str]) -> bool:
    """Whether a negation stands behind a comma, or leaves out whatever follows it."""
    return lead["strong"] is not None or text[: lead.start()].rstrip().endswith((",", ";"))


def _is_afterthought(text: str, lead: re.Match[str], targets: list[_Target], today: date) -> bool:
    """Whether a search for words ends with what files are not to be: "soil results, not emails".

    A time or a comma may follow: "specs, excluding drafts, since 2021".
    """
    fields = {field for target in targets for field in target.put}
    rest = text[targets[-1].end :].strip(" .?!")
    if rest and rest[0] not in ",;" and not any(p.start == 0 for p in timespan.find(rest, today)):
        return False
    if fields == {"not_languages"}:  # "recipes not in German"
        return TOKEN.search(text, 0, lead.start()) is not None
    return fields <= {"not_types", "not_kinds", "not_titles"} and _is_set_apart(text, lead)


def _targets(text: str, lead: re.Match[str], today: date) -> list[_Target]:
    found: list[_Target] = []
    start = lead.end()
    strong, comma = lead["strong"] is not None, False
    while len(found) < 8:
        target = _same(text, start, found) or _target(text, start, lead, strong, today)
        if target is None or (comma and found[-1].put.keys() != {"not_spans"} == target.put.keys()):
            break  # "not drafts, since 2021"
        found.append(target)
        link = _AND.match(text, target.end)
        if link is None:
            break
        start, comma = link.end(), link[0].strip() == ","
    return found


def _same(text: str, start: int, found: list[_Target]) -> _Target | None:
    """A further name behind one: "not from Alice or Bob"."""
    name = re.compile(people.NAME).match(text, start) if found else None
    field = next(iter(found[-1].put)) if found else ""
    if name is None or field not in ("not_authors", "not_recipients"):
        return None
    return _Target(name.end(), {field: name[0]}, f"{name[0]} too")


def _target(
    text: str, start: int, lead: re.Match[str], strong: bool, today: date
) -> _Target | None:
    skipped = _SKIPPED.match(text, start)
    at = skipped.end() if skipped else start
    return (
        _time(text, at, lead, today)
        or _folder(text, at)
        or _language(text, at)
        or _type(text, at)
        or _kind(text, at, lead)
        or _person(text, at)
        or _attached(text, at)
        or _held(text, at, strong or lead["verb"] is not None, lead)
    )


def _time(text: str, at: int, lead: re.Match[str], today: date) -> _Target | None:
    if fold(lead["weak"] or "") in ("no", "without", "ohne", "sans", "sin", "senza"):
        return None
    phrases = timespan.find(text[at : at + 80], today)
    if not phrases or phrases[0].start:
        return None
    span = phrases[0].span
    days = (
        span.start.isoformat() if span.start else "",
        span.end.isoformat() if span.end else "",
    )
    return _Target(at + phrases[0].end, {"not_spans": days}, f"dates {phrases[0].words!r}")


def _folder(text: str, at: int) -> _Target | None:
    read = folders.at(text, at)
    if read is None:
        return None
    return _Target(read[0], {"not_dirs": read[1]}, f"the folder {read[1]!r}")


def _language(text: str, at: int) -> _Target | None:
    read = askedlanguages.excluded(text, at)
    if read is None:
        return None
    return _Target(read[0], {"not_languages": read[1]}, f"files in {read[1]}")


def _type(text: str, at: int) -> _Target | None:
    glob = _GLOB.match(text, at)
    if glob is not None:
        return _Target(glob.end(), {"not_types": glob[1].lower()}, f"files that end in .{glob[1]}")
    article = _ARTICLE.match(text, at)
    first = TOKEN.match(text, article.end() if article else at)
    if first is None:
        return None
    second = TOKEN.match(text, first.end() + 1)
    pair = f"{first[0]}_{second[0]}".lower() if second else ""
    name = TYPE_WORDS.get(pair) or TYPE_WORDS.get(first[0].lower())
    if name is None:
        return None
    last = second if second and pair in TYPE_WORDS else first
    if second and last is first and fold(second[0]) in FILE_WORDS:
        last = second
    if not ends_phrase(text, last.end()):
        return None
    return _Target(last.end(), {"not_types": name}, f"files of the type {name}")


def _kind(text: str, at: int, lead: re.Match[str]) -> _Target | None:
    article, strong = _ARTICLE.match(text, at), lead["strong"] is not None
    tokens = _run(text, article.end() if article else at, 4)
    for count in range(len(tokens), 0, -1):
        words = [token[0] for token in tokens[:count]]
        kinds = kinds_in(words)
        if len(kinds) != 1 or (not kinds_in(words[-1:]) and not kinds_in(words[-2:])):
            continue
        many = bool(kinds_of_many(words[-1]) or kinds_of_many(" ".join(words[-2:])))
        if not (many or article or strong) or not ends_phrase(text, tokens[count - 1].end()):
            continue
        kind = kinds.pop()
        phrase, end = " ".join(words), tokens[count - 1].end()
        if kin(phrase):  # leases, NDAs: a sort of contracts, not all of them
            return _Target(end, {"not_titles": phrase}, f"documents that are {phrase!r}")
        if count > 1 and kinds_in(words[-1:]) == {kind}:
            said = f"documents that are {phrase!r}"
            return _Target(end, {"not_titles": phrase}, said) if strong else None
        name = {"not_types": "email"} if kind == "email" else {"not_kinds": kind}
        return _Target(tokens[count - 1].end(), name, f"documents of the kind {kind}")
    return None


def _person(text: str, at: int) -> _Target | None:
    lead = _SENDER.match(text, at)
    name = re.compile(people.NAME).match(text, lead.end()) if lead else None
    if name is not None and people.is_person(name[0]):
        return _Target(name.end(), {"not_authors": name[0]}, f"what {name[0]} wrote or sent")
    party = _PARTY.match(text, lead.end()) if lead else None
    if party is not None and not kinds_in([party[1]]) and ends_phrase(text, party.end()):
        return _Target(party.end(), {"not_authors": party[1]}, f"what the {party[1]} wrote or sent")
    sent = re.compile(rf"(?:to|an|à)\s+({people.NAME})").match(text, at)
    if sent is not None and people.is_person(sent[1]):
        return _Target(sent.end(), {"not_recipients": sent[1]}, f"what {sent[1]} received")
    return None


def _attached(text: str, at: int) -> _Target | None:
    match = re.compile(r"(?:with\s+)?attachments?\b", re.IGNORECASE).match(text, at)
    return _Target(match.end(), {"attachments": False}, "mails with attachments") if match else None


def _held(text: str, at: int, strong: bool, lead: re.Match[str]) -> _Target | None:
    """Words that the files must not hold."""
    holding = _HOLDING.match(text, at)
    start = holding.end() if holding else at
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        phrase = quoted[1] or quoted[2]
        in_name = _IN_NAME.match(text, quoted.end())
        if in_name is not None:
            return _Target(in_name.end(), {"not_titles": phrase}, f"files called {phrase!r}")
        return _Target(quoted.end(), {"not_words": phrase}, f"files with {phrase!r}")
    article = _ARTICLE.match(text, start) or _THE.match(text, start)
    start = article.end() if article else start
    tokens = _run(text, start, _MOST_WORDS + 1)
    if not tokens or len(tokens) > _MOST_WORDS:
        return None
    words = [token[0] for token in tokens]
    if len(words) > 1 and words[-1].lower() in ("one", "ones"):  # "the annual ones"
        words = words[:-1]
    many = words[0].lower().endswith(("s", "e", "i", "n"))
    state = fold(words[-1])
    is_state = state in STATES or state.removesuffix("n") in STATES  # "außer Entwürfen"
    if len(words) <= 2 and is_state and (many or strong or article):
        called = " ".join(words)  # "superseded copies"
        return _Target(tokens[-1].end(), {"not_titles": called}, f"files called {called!r}")
    if not TOKEN.search(text, 0, lead.start()) or _FRAME & {fold(word) for word in words}:
        return None
    named = all(word[:1].isupper() for word in words)
    german = fold(lead["weak"] or "").startswith(("ohne", "kein", "nicht"))
    about = holding is not None and not holding["about"].lower().startswith(
        ("with", "mit", "avec", "con", "for", "para", "su", "nam")
    )
    weak = named and not german and fold(lead["weak"] or "") != "no"
    if not (strong or about or weak or (holding and named)) or (holding and not (named or about)):
        return None
    phrase = " ".join(words)
    return _Target(tokens[-1].end(), {"not_words": phrase}, f"files with {phrase!r}")


def _run(text: str, start: int, most: int) -> list[re.Match[str]]:
    """The words at ``start`` up to what ends a noun phrase, at most so many."""
    found: list[re.Match[str]] = []
    at = start
    while len(found) < most and (match := TOKEN.match(text, at)) is not None:
        word = fold(match[0])
        if word in HEAD_END | {"and", "or", "und", "oder", "et", "ou", "y", "o", "e", "nor", "but"}:
            break
        found.append(match)
        if text[match.end() : match.end() + 1] != " ":
            break
        at = match.end() + 1
    return found
