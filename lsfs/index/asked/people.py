"""People in a question: who wrote a file, to whom, between whom."""

from __future__ import annotations

import re

from lsfs.index.asked import questionwords as w
from lsfs.index.asked.questionframe import TOKEN, TYPE_WORDS
from lsfs.index.asked.questionreading import Reading
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.find.folding import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = r"[A-ZÀ-Þ][\w'\u2019-]+|[A-Z]\."
NAME = (
    rf"(?:(?:Mr|Mrs|Ms|Dr|Prof|Herrn?|Frau|Mme)\.?\s+)?(?:{_WORD})"
    rf"(?:\s+(?:(?:van|von|de|der|del|di|la|le)\s+)*(?:{_WORD})){{0,3}}"
)
_BY = (
    r"written by|authored by|sent by|prepared by|drafted by|created by|received from|coming from|"
    r"by|from|von|par|de|por|da|di|d['\u2019]"
)
_SIGNED = r"signed by|unterschrieben von|unterzeichnet von|signée?s? par|firmad[oa]s? por"
_SENDERS = ("from", "von", "received from", "de", "da", "di", "d'", "d\u2019")
_ADDRESS = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
AUTHOR = re.compile(rf"\b({_SIGNED}|{_BY})(?:\s+|(?<=['\u2019]))({_ADDRESS}|{NAME})")
# "E-mails that Paul sent me", "letters Paul wrote to Lisa".
_SENT = re.compile(
    rf"\b(?:(?:that|which|who|die|que|che)\s+)?({NAME})\s+(?:(?:has|hat|a|ha)\s+)?"
    r"(?:sent|wrote|written|mailed|emailed|forwarded|geschickt|geschrieben|gesendet|envoyée?s?|"
    r"écrite?s?|inviat[oaei]|scritt[oaei])\b(?:\s+(?:me|us|mir|uns)\b)?"
)
RECIPIENT = re.compile(
    rf"\b(?:(?:that\s+(?:were|was)\s+)?(?:sent|addressed|written|directed)\s+to|"
    rf"to|for the attention of|an|à|para|per|"
    rf"addressed to)\s+({NAME})"
)
# "E-mails that Anna received", "die Anna bekommen hat"
_RECEIVED = re.compile(
    rf"\b(?:(?:that|which|die|que|che)\s+)?({NAME})\s+(?:(?:has|a|ha)\s+)?"
    r"(?:(?:received|got|erhielt|bekam|reçue?s?|recibió|recibido|ricevut[oaei])|"
    r"(?:erhalten|bekommen)(?:\s+hat)?)(?!\w)(?!\s+(?:from|von|de|da)\b)"
)
BETWEEN = re.compile(
    rf"\b(?:between|zwischen|entre|tra)\s+({NAME})\s+(?:and|und|et|y|e|&)\s+({NAME})"
)
_WITH = re.compile(rf"\b(?:with|mit|avec|con)\s+({NAME})(?=\s*(?:$|[,;?!.]|\s{{2}}))")
_TIMES = _words(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december"""
)
_NOT_PERSONS = _TIMES | _words(
    """inc ltd llc corp gmbh ag sa company bank the and department university ministry council group
    co plc kg se bv"""
)
_DONE_TO = _words(
    """signed paid approved issued made sold bought owned used required followed caused affected
    rented leased provided countersigned covered"""
)


def mails_before(text: str) -> bool:
    """Whether letters or mails are the last thing named in a text."""
    before = TOKEN.findall(text)
    last = [fold(word) for word in before[-1:]]
    if {"letter", "email"} & kinds_in(before):
        return True
    return bool(w.MAIL_WORDS & {*last} or _CORRESPONDENCE & {*last})


_CORRESPONDENCE = _words("correspondence korrespondenz correspondance correspondencia mail")


def read_author(reading: Reading) -> None:
    """Take out who wrote the files asked for."""
    if reading.plan.author:
        return
    for match in AUTHOR.finditer(reading.text):
        lead, name = match[1].lower(), match[2].strip()
        words = [fold(word.strip(".")) for word in name.split()]
        before = TOKEN.findall(reading.text[: match.start()])
        if not before or kinds_in(words) or (fold(before[-1]) in _DONE_TO):
            continue
        # Who signed a contract is one of its parties; who signed a letter wrote it.
        if re.fullmatch(_SIGNED, lead) and not mails_before(reading.text[: match.start()]):
            continue
        # April Jones is a person, "from April" is a month.
        if any(word in _NOT_PERSONS for word in (words if len(words) == 1 else words[-1:])):
            continue
        # "from Berlin" is a place as often as a person; two names, or a sender, make it sure.
        mails = mails_before(reading.text[: match.start()])
        sent = lead in _SENDERS and mails
        if len(words) == 1 and not (lead.endswith("by") or sent):
            continue
        reading.put(author=name)
        reading.take(*match.span(), f"{match[0]!r} read as the author {name!r}")
        return
    told = _SENT.search(reading.text)
    if told and is_person(told[1]) and mails_before(reading.text[: told.start()]):
        reading.put(author=told[1])
        reading.take(*told.span(), f"{told[0]!r} read as the author {told[1]!r}")


def read_recipients(reading: Reading) -> None:
    """Take out to whom letters and mails are, and between whom."""
    for match in list(BETWEEN.finditer(reading.text)):
        if mails_before(reading.text[: match.start()]):
            reading.put(people=match[1])
            reading.put(people=match[2])
            reading.take(
                *match.span(), f"{match[0]!r} read as {match[1]} and {match[2]} both take part"
            )
    for match in list(_WITH.finditer(reading.text)):
        if _mails_only(reading.text[: match.start()]):
            reading.put(people=match[1])
            reading.take(*match.span(), f"{match[0]!r} read as {match[1]} takes part")
    got = _RECEIVED.search(reading.text)
    if got and is_person(got[1]) and mails_before(reading.text[: got.start()]):
        reading.put(recipient=got[1])
        reading.take(*got.span(), f"{got[0]!r} read as the recipient {got[1]!r}")
    for match in list(RECIPIENT.finditer(reading.text)):
        name = match[1].strip()
        words = [fold(word.strip(".")) for word in name.split()]
        last = fold(words[-1])
        if last in _NOT_PERSONS or kinds_in(words) or reading.plan.recipient:
            continue
        if mails_before(reading.text[: match.start()]) and last not in TYPE_WORDS:
            reading.put(recipient=name)
            reading.take(*match.span(), f"{match[0]!r} read as the recipient {name!r}")


def _mails_only(text: str) -> bool:
    last = [fold(word) for word in TOKEN.findall(text)[-1:]]
    typed = [TYPE_WORDS.get(word) for word in last]
    return typed == ["email"] or bool({*last} & (w.MAIL_WORDS | _CORRESPONDENCE))


def is_person(name: str) -> bool:
    """Whether a capitalised name may be somebody's: no time, no kind of document."""
    words = [fold(word.strip(".")) for word in name.split()]
    return bool(words) and words[-1] not in _TIMES and not kinds_in(words)
