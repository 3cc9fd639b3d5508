"""The time a question asks for: which days, and which dates of a document lie in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from lsfs.conditions import Days
from lsfs.index.asked.questionframe import TOKEN, asks_fact, asks_files
from lsfs.index.asked.questionreading import Reading
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.find.folding import fold
from lsfs.index.time import timespan
from lsfs.index.time.timespan import TimePhrase
from lsfs.model import DateKind, DaySpan

_CHANGED = re.compile(
    r"\b(?:(?:that|which)\s+)?(?:(?:was|were|i|we|have|been)\s+)*(?:last\s+)?(?:modified|"
    r"changed|edited|"
    r"updated|saved|touched|added|uploaded|downloaded|scanned|heruntergeladen|eingescannt|téléchargés|geändert\w*|bearbeitet\w*|modifi[ée]+s?|modificad[oa]s|"
    r"modificat[ie])\s+\Z",
    re.IGNORECASE,
)
# What is said to happen at the time, by the date of a document that tells it.
_HAPPENS = {
    DateKind.DUE: r"due|payable|fällig\w*|zahlbar\w*|à\s+payer|échéant\w*|exigibles?|pagader[oa]s",
    DateKind.EXPIRES: r"expir\w+|end(?:s|ed|ing)?|terminat\w+|laps\w+|run(?:s|ning)?\s+out|"
    r"abl[aä]uf\w*|"
    r"arriv\w+\s+à\s+(?:échéance|expiration|terme)|ausl[aä]uf\w*|endet\w*|enden\w*|endend\w*|finissant|prenant\s+fin|finissent|venc\w+|caduc\w+|"
    r"terminan?|scad\w+|finiscono|finisce",
    DateKind.STARTS: r"start(?:s|ed|ing)?|beg[aiu]n(?:s|ning)?|commenc\w*|(?:takes?|took|"
    r"taking)\s+effect|"
    r"effective|beginn\w*|begann\w*|starten\w*|débutant|débutent|comienzan?|empiezan?|iniziano|"
    r"inizia|"
    r"entran?\s+en\s+vigor|in\s+kraft\s+(?:tret\w+|ge)?",
    DateKind.BORN: r"born|geboren\w*|née?s?|nacid[oa]s?|nat[oaie]",
    DateKind.EVENT: r"held|tak(?:es?|ing)\s+place|took\s+place|happen(?:ed|ing|s)?|scheduled|"
    r"stattfind\w+|"
    r"stattgefunden",
    DateKind.DELIVERED: r"delivered|shipped|geliefert\w*|livrée?s?|entregad[oa]s?|consegnat[oaie]",
    DateKind.SIGNED: r"signed|dated|executed|concluded|unterschrieben\w*|unterzeichnet\w*|"
    r"datiert\w*|"
    r"abgeschlossen\w*|signée?s?|datée?s?|datant|firmad[oa]s?|fechad[oa]s?|firmat[oaie]|"
    r"datat[oaie]",
}
_WHEN = re.compile(
    r"(?:\b(?:that|which|did|do|have|has|had|was|were|are|is|been|be|will|shall|we|i|they|die|"
    r"qui|que|che|"
    r"wurden|sind)\s+)*\b(?:"
    + "|".join(f"(?P<{k.value}>{v})" for k, v in _HAPPENS.items())
    + r")\s+\Z",
    re.IGNORECASE,
)
# German verbs stand behind the time: "die 2025 auslaufen", "die im Mai fällig sind".
_BEHIND = re.compile(
    r"\s+(?:(?P<expires>auslaufen|ablaufen|enden)|(?P<starts>beginnen|starten)|"
    r"(?P<due>fällig)|(?P<signed>unterschrieben|unterzeichnet|abgeschlossen)|"
    r"(?P<changed>geändert|bearbeitet|gespeichert|verändert))"
    r"(?:\s+(?:sind|werden|wurden|waren))?\b",
    re.IGNORECASE,
)
# Adjectives stand before the name of the files: "fällige Rechnungen im Mai", "expiring leases".
_ADJECTIVE = re.compile(
    r"(?<!\w)(?:(?P<due>due|payable|fällige[nr]?|zahlbare[nr]?)|"
    r"(?P<expires>expiring|ending|(?:aus|ab)laufende[nr]?|endende[nr]?)|"
    r"(?P<starts>starting|beginning|beginnende[nr]?))\s+"
    r"(?P<noun>[^\W\d_]+)\s+(?:(?:that|which|die)\s+)?\Z",
    re.IGNORECASE,
)
_PAID = {"invoice", "statement", "receipt"}  # of these the last day is one of payment
# "The year end 2022", "three months ended in March" name a period; nothing expires.
_PERIOD_END = re.compile(
    r"\b(?:(?:year|quarter|month|half|week)s?[\s-]+end(?:ed)?|"
    r"(?:the|our|fiscal|financial|calendar)\s+(?:year|quarter|month|half|week)\s+ending)\s+\Z",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r",?\s*\b(?:(?:that|which|die|will|shall|qui|que)\s+)+\Z", re.IGNORECASE)
# Of any date in the text.
_MENTION = re.compile(
    r"(?:\b(?:that|which|die|qui|que|che)\s+)?\b(?:mention(?:ing|s)?|refer(?:ring|s)?\s+to|erwähnen|"
    r"mentionnant|mencionan?|menzionano)\s+\Z",
    re.IGNORECASE,
)
_BEING = re.compile(  # "files that are older than a year"
    r",?\s*\b(?:that|which|die|qui|que|che)\s+(?:are|is|were|was|sind|sont|son|sono)\s+\Z",
    re.IGNORECASE,
)
# Of these no single date tells; the words stay.
_OTHER_EVENT = re.compile(r"\b(?:valid|running|renew\w*|gültig\w*|laufend\w*)\s+\Z", re.IGNORECASE)
_BEGINNING = re.compile(
    r"(?:(?P<start>starting|start|beginning)|end)\s+(?=in\b|on\b)", re.IGNORECASE
)
_HAVE_TERMS = {"contract", "policy", "quote", "order"}  # begin and end; a series of mails does not
# What was done to the files at the time that was asked for; the time is what matters.
_DONE = re.compile(
    r"(?:\b(?:that|which|did|do|have|has|was|were|are|been|be|we|i|they|get|got)\s+)*"
    r"\b(?:made|issued|sent|received|written|created|published|sign|send|receive|write|issue|"
    r"get|taken|"
    r"geschrieben|erhalten\w*|ausgestellt\w*|verschickt\w*|aufgenommen\w*|émise?s?|reçue?s?|"
    r"envoyée?s?|écrite?s?|prises?|emitid[oa]s?|recibid[oa]s?|enviad[oa]s?|escrit[oa]s?|tomadas?|"
    r"emess[oaie]|ricevut[oaie]|inviat[oaie]|scritt[oaie]|scattat[oaie]|shot|covering|"
    r"(?:the\s+)?(?:night|morning|afternoon|evening))\s+\Z",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"(?<!\w)(\w+)\s+(?:(?:that|which|die|que|che|qui)\s+)?(?:[A-ZÀ-Þ][\w'\u2019-]*\s+){1,3}\Z"
)
_EVENTS = re.compile(
    r"\b(?:meetings?|appointments?|conferences?|hearings?|events?|sitzung(?:en)?|termine?|"
    r"besprechung(?:en)?|"
    r"réunions?|rendez-vous|reunion(?:es)?|riunion[ei])\s+\Z",
    re.IGNORECASE,
)
# A question for files that names none of them, with its time taken out.
_WHAT_HAPPENS = re.compile(
    r"\A\W*(?:what|was|qué|cosa)\s+(?:(?:is|are|was|has|have|did|i|we|been|ist|wird|habe|haben|ich|wir)"
    r"\s+)*(?:due|payable|expir\w+|ends?|changed|modified|edited|received|sent|signed|written|write|edit|"
    r"change|save|sign|receive|send|fällig|geändert|bearbeitet|geschrieben|läuft\s+ab|vence|scade)"
    r"[\W]*(?:ab|aus)?\W*\Z",
    re.IGNORECASE,
)
_TIME = r"\d{1,2}(?:[:.]\d\d)?\s?(?:a\.?m\.?|p\.?m\.?|uhr|o'clock)(?![^\W\d])"
_CLOCK = re.compile(
    rf"(?<![\w.:-])(?:(?:between|from|at|around|after|before|zwischen|von|um)\s+)?"
    rf"(?:\d{{1,2}}(?:[:.]\d\d)?\s?(?:-|to|and|bis|und)\s?)?{_TIME}"
    rf"(?:\s?(?:-|to|and|bis|und)\s?{_TIME})?",
    re.IGNORECASE,
)
MOST_PHRASES = 50  # of one question; each looks at all words before it
OWN = (DateKind.SIGNED, DateKind.NAMED, DateKind.METADATA)


class _Asked(Struct, frozen=True):
    """A time phrase, and which dates are to lie in it.

    Attributes:
        start: where its words begin, with the verb that goes with it.
        kinds: kinds of date; () for a document's own.
        changed: whether it is said of the files' changes.
    """

    phrase: TimePhrase
    start: int
    kinds: tuple[str, ...] = ()
    changed: bool = False


def read(reading: Reading, today: date) -> str:
    """Take the time phrases out; gives the question with only these out of it."""
    phrases = timespan.find(reading.text, today)[:MOST_PHRASES]
    if reading.plan.after or reading.plan.before:
        phrases = []  # written filters outrank prose
    whole = reading.text
    for phrase in phrases:
        whole = _blanked(whole, phrase.start, phrase.end)
    if phrases and _WHAT_HAPPENS.match(whole):
        whole = _WHAT_HAPPENS.sub("", whole)  # "what is due next week?" asks for files
    asked_fact = asks_fact(whole)
    found = []
    for phrase in phrases:
        one = _asked(reading.text, phrase, today, fact=asked_fact)
        if one is None:
            reading.notes.append(f"{phrase.words!r} is said of another date; left as words")
            whole = reading.text[: phrase.end] + whole[phrase.end :] if whole else reading.text
        else:
            found.append(one)
    if any(one.changed for one in found):
        # One field only: what was said of changes outranks what the documents say.
        found = [one for one in found if one.changed]
        reading.put(date_field="mtime")
    _conditions(reading, found)
    for one in found:
        reading.take(one.start, one.phrase.end, _note(one))
        ahead = _ADJECTIVE.search(reading.text[: one.start]) if one.kinds else None
        if ahead is not None and not asked_fact:
            reading.blank(ahead.start(), ahead.start("noun"))
        done = _DONE.search(reading.text[: one.start])
        if done is None or asked_fact or _is_receipt(reading.text, done):
            continue
        somebody = _SOMEBODY.search(reading.text[: done.start()])  # "mails Ada sent in May"
        if somebody is None or not {"letter", "email"} & kinds_in([somebody[1]]):
            reading.blank(done.start(), done.end())
    for clock in _CLOCK.finditer(reading.text) if found else ():
        reading.take(*clock.span(), f"{clock[0].strip()!r}: times of day are not looked at")
    return whole


def _is_receipt(text: str, done: re.Match[str]) -> bool:
    """Whether "reçus" are receipts: letters are received, and then named before it."""
    return fold(done[0].split()[-1]).startswith("recu") and not asks_files(text[: done.start()])


def _blanked(text: str, start: int, end: int) -> str:
    return f"{text[:start]}{' ' * (end - start)}{text[end:]}"


def _asked(text: str, phrase: TimePhrase, today: date, *, fact: bool) -> _Asked | None:
    """What a phrase asks for; None when the date that it is said of is none that we know."""
    lead = text[: phrase.start]
    changed = _CHANGED.search(lead)
    if changed:
        return _Asked(phrase, changed.start(), changed=True)
    verb = _BEGINNING.match(phrase.words)
    if verb and (verb["start"] is None or kinds_in(lead.split()[-1:]) & _HAVE_TERMS):
        inner = timespan.find(phrase.words[verb.end() :], today)
        if fact or not inner:
            return None
        kind = DateKind.STARTS if verb["start"] else DateKind.EXPIRES
        phrase = replace(phrase, span=inner[0].span, spans=inner[0].spans)
        return _Asked(phrase, _relative(lead), _kinds_of(kind))
    when = None if _PERIOD_END.search(lead) else _WHEN.search(lead)
    if when is not None:
        kind = DateKind(str(when.lastgroup))
        if kind is not DateKind.SIGNED and fact:
            return None
        named = kinds_in(TOKEN.findall(lead[: when.start()]))
        if kind is DateKind.EXPIRES and named and named <= _PAID:
            kind = DateKind.DUE  # "facturas que vencen en mayo"
        # A question for a fact keeps its words.
        start = phrase.start if fact else when.start()
        return _Asked(_ahead(phrase, kind, today, fact), start, _kinds_of(kind))
    behind = _BEHIND.match(text, phrase.end)
    if behind is not None and not fact:
        phrase = replace(phrase, end=behind.end())
        if behind["changed"]:
            return _Asked(phrase, _relative(lead), changed=True)
        kind = DateKind(str(behind.lastgroup))
        return _Asked(_ahead(phrase, kind, today, fact), _relative(lead), _kinds_of(kind))
    ahead = _ADJECTIVE.search(lead)
    if ahead is not None and not fact and kinds_in([ahead["noun"]]):
        kind = DateKind(next(name for name in ("due", "expires", "starts") if ahead[name]))
        return _Asked(_ahead(phrase, kind, today, fact), phrase.start, _kinds_of(kind))
    mention = _MENTION.search(lead)
    if mention is not None and not fact:
        return _Asked(phrase, mention.start(), tuple(kind.value for kind in reversed(DateKind)))
    if _OTHER_EVENT.search(lead):
        return None
    if _EVENTS.search(lead):
        return _Asked(phrase, phrase.start, (DateKind.EVENT.value, *(kind.value for kind in OWN)))
    being = None if fact else _BEING.search(lead)
    return _Asked(phrase, being.start() if being else phrase.start)


def _ahead(phrase: TimePhrase, kind: DateKind, today: date, fact: bool) -> TimePhrase:
    """What falls due "in June" or "on Friday" does so in the one to come, where that is near."""
    if fact or not phrase.floats or kind not in (DateKind.DUE, DateKind.EXPIRES):
        return phrase
    then = timespan.find(phrase.words, today + timedelta(days=phrase.floats))
    return replace(phrase, span=then[0].span, spans=then[0].spans) if then else phrase


def _relative(lead: str) -> int:
    """Where a relative clause begins that leads to a verb; the end if there is none."""
    clause = _CLAUSE.search(lead)
    return clause.start() if clause else len(lead)


def _kinds_of(kind: DateKind) -> tuple[str, ...]:
    if kind is DateKind.STARTS:
        return kind.value, DateKind.EFFECTIVE.value, DateKind.PERIOD.value
    return (kind.value,)


def _conditions(reading: Reading, found: Sequence[_Asked]) -> None:
    """Put the spans: those of the first kind of date as such, those of others beside them."""
    first = next((one.kinds for one in found if one.kinds), ())
    plain = [one for one in found if one.kinds in ((), first)]
    if first:
        reading.put(date_kinds=[*first])
    for one in found:
        if one not in plain:
            reading.put(dated=(one.kinds, *_iso(one.phrase.span)))
    closed: list[Days] = []
    for one in plain:
        for span in one.phrase.spans or (one.phrase.span,):
            _narrow(reading, span)
            if span.start and span.end:
                closed.append(_iso(span))
    merged = _merged(closed)
    if len(merged) > 1 and len(closed) >= len(plain):
        reading.put(spans=merged)


def _iso(span: DaySpan) -> Days:
    return span.start.isoformat() if span.start else "", span.end.isoformat() if span.end else ""


def _merged(spans: Sequence[Days]) -> list[Days]:
    """Spans in order, those that touch as one."""
    merged: list[Days] = []
    for after, before in sorted(spans):
        if merged and after <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], before)
        else:
            merged.append((after, before))
    return merged


def _narrow(reading: Reading, span: DaySpan) -> None:
    """Add a span: two open ends make one span of both; two closed ones the span around both."""
    after, before = _iso(span)
    old = reading.plan
    if (old.after and old.before) and (after and before):
        after, before = min(old.after, after), max(old.before, before)
    else:
        after = max(old.after, after)
        before = min(filter(None, (old.before, before)), default="")
    reading.plan = replace(reading.plan, after=after, before=before)


_NAMES = {
    "signed": "the documents' own dates", "due": "due dates", "expires": "dates of expiry",
    "starts": "dates of start or effect", "born": "dates of birth", "event": "dates of events",
    "delivered": "dates of delivery", "mentioned": "any dates in the text",
}  # fmt: skip


def _note(one: _Asked) -> str:
    spans = one.phrase.spans or (one.phrase.span,)
    days = " or ".join(_days(span) for span in spans)
    where = "times of change" if one.changed else "dates in the documents"
    if one.kinds:
        where = _NAMES[one.kinds[0]]
    note = f" ({one.phrase.note})" if one.phrase.note else ""
    return f"{one.phrase.words!r} read as {days}, {where}{note}"


def _days(span: DaySpan) -> str:
    last = (span.end - timedelta(days=1)).isoformat() if span.end is not None else ""
    if span.start is None:
        return f"up to {last}"
    return f"{span.start.isoformat()} … {last}" if last else f"{span.start.isoformat()} and later"
