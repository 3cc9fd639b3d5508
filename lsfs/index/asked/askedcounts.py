"""Whose files are asked for: "wie viele Rechnungen aus 2023 habe ich?", "what letters are there?".

The verb stands behind the name of the files, in each language in its own way; it says no more than
that these files are there.
"""

from __future__ import annotations

import re

from lsfs.index.asked.questionframe import POLITE, names_documents
from lsfs.index.asked.questionreading import Reading

# For each language: the words that ask which or how many, the verb, and what ends its clause.
_LANGUAGES = [
    (re.compile(rf"\W*(?:{asks})(?:\s+|(?<=['\u2019]))", re.I),
     re.compile(rf"(?<!\w)(?:{verb})(?:\s+(?:{done}))?(?!\w)", re.I),
     re.compile(rf"(?<!\w)(?:{done})(?=\s*(?:[?.!]|\Z|\s{{3}}))", re.I))
    for asks, verb, done in (
        (
            r"how\s+many(?:\s+of(?:\s+(?:the|my|our))?)?|which|what",
            r"(?:do|did)\s+(?:i|we)\s+(?:have|own|keep|get|receive|write)|"
            r"have\s+(?:i|we)(?:\s+got)?|(?:are|were)\s+there|exist",
            r"got|received|altogether|in\s+total|now",
        ),
        (
            r"wie\s?viele?|welche[rn]?",
            r"(?:hab|habe|haben|besitzen?|hatten?)\s+(?:ich|wir)|gibt\s+es|liegen|existieren|sind",
            r"bekommen|erhalten|empfangen|geschrieben|gespeichert|abgelegt|vorhanden|insgesamt|hier|"
            r"da|dort|alles?",
        ),
        (
            r"combien\s+d(?:es?|['\u2019])|quel(?:le)?s",
            r"(?:est-ce\s+qu(?:e\s+|['\u2019]))?(?:j['\u2019]ai|nous\s+avons|on\s+a|il\s+y\s+a)|"
            r"ai-je|avons-nous|a-t-on|y\s+a-t-il|existe-t-il|poss[èe]d(?:e-t-on|ons-nous)|sont|font",
            r"re[çc]u(?:e?s)?|[ée]crite?s|en\s+tout|au\s+total|ici|l[àa]",
        ),
        (
            r"cu[áa]nt[oa]s|qu[ée]|cu[áa]les",
            r"tengo|tenemos|hay|existen|(?:he|hemos)(?=\s+(?:recib|escri|guarda))|son|est[áa]n",
            r"recibid[oa]s?|escrit[oa]s?|guardad[oa]s?|en\s+total|aqu[íi]",
        ),
        (
            r"quant[ie]|quali|che",
            r"(?:ho|abbiamo)|ci\s+sono|esistono|sono|vi\s+sono",
            r"ricevut[oaie]|scritt[oaie]|salvat[oaie]|in\s+tutto|in\s+totale|qui",
        ),
        (
            r"hoeveel|welke",
            r"(?:heb|bezit)\s+ik|hebben\s+(?:we|wij)|zijn\s+er|bestaan(?:\s+er)?|zijn",
            r"ontvangen|geschreven|gekregen|in\s+totaal|hier",
        ),
    )
]  # fmt: skip
# "Combien ai-je de factures ?": the verb before the files.
_BETWEEN = re.compile(
    r"(\W*combien)\s+((?:est-ce\s+qu(?:e\s+|['\u2019]))?(?:j['\u2019]ai|nous\s+avons|on\s+a|il\s+y\s+a)|"
    r"ai-je|avons-nous|a-t-on|y\s+a-t-il|existe-t-il)\s+(d(?:e\s|['\u2019]))",
    re.IGNORECASE,
)


def read(reading: Reading) -> bool:
    """Take out the frame of a question for files that are there; whether it was one."""
    polite = POLITE.match(reading.text)
    at = polite.end() if polite else 0
    for asks, verb, done in _LANGUAGES:
        frame = asks.match(reading.text, at) or asks.match(reading.text)
        found = verb.search(reading.text, frame.end()) if frame else None
        if frame and found and names_documents(reading.text[frame.end() : found.start()]):
            last = done.search(reading.text, found.end())
            _take(reading, [frame.span(), found.span(), *([last.span()] if last else [])])
            return True
    between = _BETWEEN.match(reading.text, at)
    if between is not None and names_documents(reading.text[between.end() :]):
        _take(reading, [between.span()])
        return True
    return False


def _take(reading: Reading, spans: list[tuple[int, int]]) -> None:
    said = " … ".join(reading.text[start:end].strip(" ¿") for start, end in spans)
    for span in spans:
        reading.blank(*span)
    reading.notes.append(f"{said!r} read as: which files are there")
