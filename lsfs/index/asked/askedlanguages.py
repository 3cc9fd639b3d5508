"""Languages in a question: "letters in German", "contracts except the English ones"."""

from __future__ import annotations

import re

from lsfs.index.asked.questionframe import (
    DETERMINERS,
    FILE_WORDS,
    HEAD_END,
    LEFT_OVER,
    TOKEN,
    asks_files,
    names_documents,
    noun_phrase,
    topic,
    unframed,
)  # fmt: skip
from lsfs.index.asked.questionreading import Reading
from lsfs.index.asked.sortwords import sort_at_end, sort_kin
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.find.folding import fold

# Each as :func:`lsfs.index.groups.languages.language_of` names it; the words folded. What ends in
# "*" has the endings of German and Romance adjectives.
_WORDS = {
    "English": "english englisch* engels* anglais* ingles* inglese inglesi",
    "German": "german deutsch* duits* allemand* aleman* tedesco tedesca tedeschi tedesche",
    "French": "french frans* franzosisch* francais* frances* francese francesi",
    "Spanish": "spanish spanisch* spaans* espagnol* espanol* spagnolo spagnola spagnoli spagnole",
    "Italian": "italian italienisch* italiaans* italien* italiano italiana italiani italiane",
    "Portuguese": "portuguese portugiesisch* portugees* portugais* portugues* portoghes[ei]",
    "Dutch": "dutch nederlands* niederlandisch* hollandisch* neerlandais* holandes* neerlandes* "
    "olandes[ei]",
    "Japanese": "japanese japanisch* japonais* japones* giapponese giapponesi",
    "Chinese": "chinese chinesisch* chinois* chino chinos cinese cinesi",
    "Korean": "korean koreanisch* coreen* coreano* coreani",
    "Greek": "greek griechisch* grec grecs griego* greco greci",
    "Arabic": "arabic arabisch* arabe* arabo arabi",
    "Hebrew": "hebrew hebraisch* hebreu* hebreo* ebraico ebraici",
}
_ENDINGS = "(?:en?|er|es|em|s|a|as|os|es|e|ne?s)?"
_IN = re.compile(
    r"\b(?:(?:(?:that|which|die|qui|que|che)\s+)?(?:are|is|were|sind|sont|son|sono|zijn)\s+)?"
    r"(?:(?:written|geschrieben|verfasst|écrite?s?|rédigée?s?|escrit[oa]s?|redactad[oa]s?|"
    r"scritt[oaie]|redatt[oaie])\s+)?"
    r"(?:in|auf|en|em)\s+(?:(?P<article>the|der)\s+|(?:het|langue|lengua|lingua)\s+)?(?=[^\W\d_])",
    re.IGNORECASE,
)
_ONES = re.compile(r"\s+(?:language\s+)?(?:ones?|files?|documents?|docs)\b", re.IGNORECASE)
# "In spanischer Sprache", "in the Spanish language".
_TONGUE = re.compile(r"\s+(?:language|sprache|langue|lengua|lingua|taal)\b", re.IGNORECASE)
_SPOKEN = re.compile(r"-(?:language|speaking)\Z|sprachige[rnms]?\Z", re.IGNORECASE)
_ALONE = re.compile(
    r"\W*(?:(?:only|just|nur|seulement|solo|s[óo]lo|alleen)\s+)?(?:"
    r"(?:the\s+|all\s+|my\s+)*(?P<one>[^\W\d_]+)\s+ones|"
    r"(?:the\s+|all\s+)*(?:ones|those|diejenigen|ceux|celles|los|las|quelli|quelle|die)\s+"
    r"(?:(?:that|which)\s+are\s+)?(?:written\s+)?(?:in|auf|en)\s+(?P<behind>[^\W\d_]+)|"
    r"(?:die|les|los|las|gli|i|le|de)\s+(?P<short>[^\W\d_]+))\W*",
    re.IGNORECASE,
)
_ENGLISH = re.compile("|".join(_WORDS), re.IGNORECASE)
_SCRIPTS = frozenset(("Greek", "Hebrew", "Arabic", "Korean", "Chinese", "Japanese"))
# What stands before "German letters" and leaves these to be all the German letters.
_BEFORE = frozenset(
    (
        "only", "just", "nur", "other", "newest", "latest", "last", "oldest", "first", "most",
        "recent", "neuesten", "letzten", "altesten", "derniers", "dernieres", "ultimos", "ultimas",
        "ultimi", "ultime", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "zwei", "drei", "vier", "funf",
    )
)  # fmt: skip
_RECIPES = {"recipe"} | sort_kin("recipe")
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


def read(reading: Reading) -> bool:
    """Take out the languages in which the files asked for are to be written.

    Returns:
        Whether one was found, which makes a listing of what else may be a topic: "poems in French".
    """
    return _read_behind(reading) or _read_before(reading) or _read_alone(reading)


def _read_behind(reading: Reading) -> bool:
    """ "Letters in German", "poèmes en allemand", "poems about love in French"."""
    about = topic(reading.text)
    for lead in _IN.finditer(reading.text):
        word, found, end = TOKEN.match(reading.text, lead.end()), [], lead.end()
        tongue = None
        while word is not None and (language := _named(word[0])):
            found.append(language)
            tongue = _TONGUE.match(reading.text, word.end())
            end = tongue.end() if tongue else word.end()
            link = _OR.match(reading.text, end)
            word = TOKEN.match(reading.text, link.end()) if link else None
        if lead["article"] and tongue is None:
            continue
        if not found or not _ends(reading.text, end) or not _of_files(reading.text, lead.start()):
            continue
        if lead.start() > about and TOKEN.search(reading.text, end):
            continue  # "notes on the course that he gave in English at Leeds"
        _take(reading, lead.start(), end, found)
        return True
    return False


def _read_before(reading: Reading) -> bool:
    """ "The German letters", "French-language poems", "les lettres allemandes"."""
    text = unframed(reading.text)
    words = list(TOKEN.finditer(text, 0, topic(text)))
    at = next((i for i, word in enumerate(words) if not _leads(word[0])), len(words))
    for word in words[at : at + 1]:  # what leads is followed by the language
        language = _named(_SPOKEN.sub("", word[0]))
        noun = _noun_behind(text, word.end())
        if language and noun and not _other_sense(language, noun):
            _take(reading, *word.span(), [language])
            return True
    for noun_before, word in zip(words[at : at + 1], words[at + 1 : at + 2], strict=False):
        language = _named(word[0]) if word[0].islower() else ""
        apart = text[noun_before.end() : word.start()] != " "
        if language and not apart and names_documents(noun_before[0]) and _ends(text, word.end()):
            _take(reading, *word.span(), [language])
            return True
    return False


def _read_alone(reading: Reading) -> bool:
    """ "The French ones", "only those in Italian", "die spanischen"."""
    said = _ALONE.fullmatch(unframed(reading.text))
    language = _named(said["one"] or said["behind"] or said["short"]) if said else ""
    if said is None or not language:
        return False
    # Without "ones" only an adjective stands for files: not "the French".
    if said["short"] and (not said["short"].islower() or _ENGLISH.fullmatch(said["short"])):
        return False
    _take(reading, 0, len(reading.text), [language])
    return True


def _take(reading: Reading, start: int, end: int, found: list[str]) -> None:
    for language in found:
        reading.put(languages=language)
    said = reading.text[start:end].strip()
    reading.take(start, end, f"{said!r} read as the language {' or '.join(found)}")


def _noun_behind(text: str, at: int) -> str:
    """The noun behind a word where nothing but it names files: "poems", "balance sheets"."""
    head = noun_phrase(text[at:])
    said = " ".join(head)
    alone = len(head) == 1 and names_documents(said)
    return said if alone or (head and sort_at_end(head) == said) else ""


def _other_sense(language: str, noun: str) -> bool:
    """Whether the word says more likely where something is from: "Italian recipes"."""
    return noun in _RECIPES or (language in _SCRIPTS and "letter" in kinds_in([noun]))


def _leads(word: str) -> bool:
    """Whether a word may stand before the language of files: "the latest three German letters"."""
    folded = fold(word)
    return folded in DETERMINERS or folded in _BEFORE or folded.isdecimal()


def _of_files(text: str, start: int) -> bool:
    before = text[:start]
    words = TOKEN.findall(before)
    whole = bool(words) and fold(words[-1]) in FILE_WORDS
    return whole or asks_files(before) or names_documents(unframed(before))
