"""Questions for who wrote a text: "who is the author of The Salt Roads?", "wer hat … verfasst?"."""

from __future__ import annotations

import re

from msgspec import Struct

from lsfs.index.find.folding import fold

_THE = (
    r"(?:(?:the|a|an|our|my|this|that|der|die|das|den|dem|des|les?|la|l['\u2019]|el|los|las|il|lo|"
    r"gli|i|het|de)(?:\s+|(?<=['\u2019])))?"
)
_AUTHOR = (
    r"(?:(?:package|main|original|first)\s+)?(?:authors?|writers?|senders?)|autor(?:in|en|innen)?|"
    r"(?:paket)?autor\w*|verfasser(?:in|innen)?|absender(?:in)?|auteure?s?|autrices?|rédact\w+|"
    r"autora?(?:e?s)?|autor[ei]|autrici"
)
_FORMS = tuple(
    re.compile(rf"\W*(?:{form})\W*", re.IGNORECASE)
    for form in (
        r"who\s+(?:has\s+|have\s+)?(?:wrote|written|authored|penned|composed|drafted|compiled|"
        r"prepared|sent)\s+(?!(?:to|about|for|in|that)\b)(?P<what>.+?)",
        rf"(?:who|what)\s+(?:is|was|are|were)\s+{_THE}(?:{_AUTHOR})\s+(?:of|behind)\s+(?P<what>.+?)",
        r"(?:by\s+whom|who)\s+(?:is|was|were|are)\s+(?P<what>.+?)\s+(?:written(?:\s+by)?|by|from)",
        r"(?:by|from)\s+whom\s+(?:is|was|were|are)\s+(?P<what>.+?)",
        r"wer\s+hat\s+(?P<what>.+?)\s+(?:geschrieben|verfasst|geschickt|gesendet|erstellt)",
        r"wer\s+(?:schrieb|verfasste|schickte)\s+(?P<what>.+?)",
        rf"(?:wer|wie)\s+(?:ist|war|sind|waren|is|zijn)\s+{_THE}(?:{_AUTHOR})\s+"
        r"(?:von|vom|des|der|van)\s+(?P<what>.+?)",
        r"von\s+wem\s+(?:ist|sind|stammt|wurden?)\s+(?P<what>.+?)(?:\s+(?:geschrieben|verfasst))?",
        r"qui\s+(?:a|ont)\s+(?:écrit|rédigé|envoyé|composé)\s+(?P<what>.+?)",
        rf"qui\s+(?:est|sont|était)\s+{_THE}(?:{_AUTHOR})\s+(?:des?\s+|du\s+|d['\u2019])(?P<what>.+?)",
        r"(?:de|par)\s+qui\s+(?:est|sont|a\s+été)\s+(?P<what>.+?)(?:\s+écrite?s?)?",
        r"qui[ée]n(?:es)?\s+(?:escribi[óo]|escribieron|ha[n]?\s+escrito|redact[óo]|envi[óo])\s+"
        r"(?P<what>.+?)",
        rf"qui[ée]n(?:es)?\s+(?:es|son|fue)\s+{_THE}(?:{_AUTHOR})\s+(?:del?)\s+(?P<what>.+?)",
        r"chi\s+(?:ha|hanno)\s+(?:scritto|redatto|inviato|mandato)\s+(?P<what>.+?)",
        rf"chi\s+(?:è|sono|era)\s+{_THE}(?:{_AUTHOR})\s+(?:di|del|della|dello|dei|delle|dell['\u2019])"
        r"\s*(?P<what>.+?)",
        r"wie\s+(?:heeft|schreef)\s+(?P<what>.+?)(?:\s+geschreven)?",
    )
)
_MAIL = re.compile(
    r"\b(?:e-?mails?|mails?|messages?|nachricht|courriel|correo|mensaje|messaggio)\b", re.IGNORECASE
)
# A sentence that says who wrote something has one of these, or is no answer.
WRITING = re.compile(
    r"\b(?:wr[io]te|written|writer|authou?r|autor|penned|composed|drafted|compiled|prepared|sent|"
    r"(?:papers?|books?|poems?|articles?|letters?|reports?|stor(?:y|ies)|songs?|works?|novels?|"
    r"essays?|plays?)\s+(?:by|from)\b|"
    r"schr[ie]{1,2}b|geschrieben|verfass|écri|auteur|rédig|escri|redact|scri[ts]|redatt|schreef|"
    r"geschreven)",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:about|on|regarding|über|zu|sur|sobre|su|over)\b", re.IGNORECASE)
# Words for any text, which seldom stand in its name.
_ANY = frozenset(
    (
        "mail", "message", "letter", "text", "document", "file", "documentation", "manual",
        "book", "booklet", "story", "tale", "poem", "song", "paper", "article", "report",
        "essay", "thesis", "note", "notes", "package", "class", "library", "guide", "brief",
        "e-mail", "email", "nachricht", "dokument", "datei", "handbuch", "buch",
        "geschichte", "gedicht", "lied", "artikel", "aufsatz", "bericht", "paket", "klasse",
        "anleitung", "livre", "texte", "lettre", "poeme", "rapport", "libro", "texto",
        "carta", "poema", "articulo", "informe", "testo", "lettera", "poesia", "articolo",
        "boek", "verhaal", "about", "regarding", "called", "titled", "named", "entitled",
    )
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")


class Work(Struct, frozen=True):
    """What somebody has written.

    Attributes:
        said: as it was asked: "the mail about the router error".
        words: those that name it, folded; without the words for any text.
        every: these with the words for any text: "garden notes" is no "rose garden".
        mail: whether it is a mail.
        topic: whether they say what it is about, and not what it is called.
    """

    words: tuple[str, ...]
    every: tuple[str, ...]
    mail: bool
    topic: bool = False


def asked_work(question: str) -> Work | None:
    """The text whose author is asked for; None for any other question."""
    asked = " ".join(question.split())
    found = next((m for m in (form.fullmatch(asked) for form in _FORMS) if m), None)
    if found is None:
        return None
    from lsfs.index.groups.languages import STOP_WORDS

    said = found["what"].strip(" \"'\u201c\u201d\u201e\u00ab\u00bb?.!")
    every = [fold(word) for word in _WORD.findall(said)]
    words = [word for word in _WORD.findall(said.casefold()) if word not in STOP_WORDS]
    words = [fold(word) for word in words]
    named = [word for word in words if word not in _ANY]
    kept = tuple(dict.fromkeys(named or words or every))
    mail, topic = (form.search(said) is not None for form in (_MAIL, _ABOUT))
    return Work(kept, tuple(words or every), mail, topic) if kept else None
