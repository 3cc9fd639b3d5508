"""Languages in a question: "letters in German", "contracts except the English ones"."""

from __future__ import annotations

import re

from lsfs.index.asked.questionframe import FILE_WORDS, HEAD_END, LEFT_OVER, TOKEN, asks_files, topic
from lsfs.index.asked.questionreading import Reading
from lsfs.index.find.folding import fold

# Each as :func:`lsfs.index.groups.languages.language_of` names it; the words folded. What ends in
# "*" has the endings of German and Romance adjectives.
_WORDS = {
    "English": "english englisch* anglais* ingles* inglese inglesi",
    "German": "german deutsch* allemand* aleman* tedesco tedesca tedeschi tedesche",
    "French": "french franzosisch* francais* frances* francese francesi",
    "Spanish": "spanish spanisch* espagnol* espanol* spagnolo spagnola spagnoli spagnole",
    "Italian": "italian italienisch* italien* italiano italiana italiani italiane",
    "Portuguese": "portuguese portugiesisch* portugais* portugues* portoghese portoghesi",
    "Dutch": "dutch niederlandisch* hollandisch* neerlandais* holandes* neerlandes* olandes[ei]",
    "Japanese": "japanese japanisch* japonais* japones* giapponese giapponesi",
    "Chinese": "chinese chinesisch* chinois* chino chinos china cinese cinesi",
    "Korean": "korean koreanisch* coreen* coreano* coreani",
    "Greek": "greek griechisch* grec grecs griego* greco greci",
    "Arabic": "arabic arabisch* arabe* arabo arabi",
    "Hebrew": "hebrew hebraisch* hebreu* hebreo* ebraico ebraici",
}
_ENDINGS = "(?:en?|er|es|em|s|a|as|os|es|e|ne?s)?"
_IN = re.compile(
    r"\b(?:(?:that|which|die|qui|que|che)\s+(?:are|is|were|sind|sont|son|sono)\s+)?"
    r"(?:(?:written|geschrieben|verfasst|écrite?s?|rédigée?s?|escrit[oa]s?|redactad[oa]s?|"
    r"scritt[oaie]|redatt[oaie])\s+)?"
    r"(?:in|auf|en|em)\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_ONES = re.compile(r"\s+(?:language\s+)?(?:ones?|files?|documents?|docs)\b", re.IGNORECASE)
_OR = re.compile(r"\s+(?:or|and|oder|und|ou|et|o|y|e)\s+(?:(?:in|auf|en)\s+)?", re.IGNORECASE)


def _named(word: str) -> str:
    """The language that a word names; "" for none."""
    folded = fold(word)
    return next((name for name, form in _FORMS.items() if form.fullmatch(folded)), "")


def _form(words: str) -> re.Pattern[str]:
    return re.compile("|".join(word.replace("*", _ENDINGS) for word in words.split()))


_FORMS = {name: _form(words) for name, words in _WORDS.items()}


def _ends(text: str, end: int) -> bool:
    """Whether the words for a language end here: not in "German law"."""
    following = TOKEN.match(text, end + 1) if text[end : end + 1] == " " else None
    if following is None:
        return text[end : end + 1] not in ("-", "'", "/")
    return fold(following[0]) in HEAD_END | LEFT_OVER | {"or", "und", "oder", "ou", "et", "o", "y"}


def excluded(text: str, at: int) -> tuple[int, str] | None:
    """Where the words for a language end that stands behind "not" or "except", and its name."""
    lead = _IN.match(text, at)
    word = TOKEN.match(text, lead.end() if lead else at)
    language = _named(word[0]) if word else ""
    if word is None or not language:
        return None
    ones = _ONES.match(text, word.end())
    end = ones.end() if ones else word.end()
    # "Not German" alone may be a nation or a law; "the German ones" and German's "den englischen"
    # stand for the files.
    adjective = word[0].islower() and fold(word[0])[-2:] in ("en", "er", "es", "ns", "is", "hi")
    return (end, language) if (lead or ones or adjective) and _ends(text, end) else None


def read(reading: Reading) -> None:
    """Take out the languages in which the files asked for are to be written."""
    for lead in _IN.finditer(reading.text, 0, topic(reading.text)):
        word, found, end = TOKEN.match(reading.text, lead.end()), [], lead.end()
        while word is not None and (language := _named(word[0])):
            found.append(language)
            end = word.end()
            link = _OR.match(reading.text, end)
            word = TOKEN.match(reading.text, link.end()) if link else None
        if not found or not _ends(reading.text, end) or not _of_files(reading, lead.start()):
            continue
        for language in found:
            reading.put(languages=language)
        said = reading.text[lead.start() : end]
        reading.take(lead.start(), end, f"{said!r} read as the language {' or '.join(found)}")
        return


def _of_files(reading: Reading, start: int) -> bool:
    before = reading.text[:start]
    words = TOKEN.findall(before)
    return asks_files(before) or (bool(words) and fold(words[-1]) in FILE_WORDS)
