"""What kind of value a question asks for: an amount, a number, a time, a person, how to reach one.

The coarse answer types of Li and Roth (2002), read from the question's first words, in English and
by their commonest forms in German, French, Spanish and Italian.
"""

from __future__ import annotations

import re

from lsfs import currencies
from lsfs.llm.answers.stopwords import ENGLISH

_AMOUNT_WORDS = (
    r"price|rent|fee|fees|deposit|amount|costs?|salary|wage|penalty|rate|ceiling|charge|total|sum|"
    r"fine|interest|budget|premium|tax|discount"
)
_MONTH = (  # how their names begin, in the languages of the questions
    "(?:jan|ene|gen|f[eé][bv]|m[aä]r|a[pbv]r|ma[iyg]|ju[inl]|giu|lug|aug|ago|ao[uû]|sep|set|o[ck]t|"
    "ott|nov|d[eé][cz]|dic)"
)
_QUESTIONS = (
    (
        re.compile(
            r"\b(?:tele)?phone(?: number)?\b|\b(?:mobile|fax) number\b|\btelefon(?:nummer)?\b"
        ),
        re.compile(r"\+?\(?\d[\d ()/.-]{4,}\d"),
    ),
    (
        re.compile(r"\be-?mail[- ]?(?:address|adresse)\b|^what(?: is|['\u2019]s) .*\be-?mail\b"),
        re.compile(r"[^\s@]+@[^\s@]+\.\w"),
    ),
    (
        re.compile(r"\biban\b"),
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{2,4}){3,}"),
    ),
    (
        re.compile(
            r"^(?:for )?how much\b"
            r"|^what (?:did|do|does|have|has|was|were)\b.*\b(?:pay|paid|cost|spen[dt]|"
            r"charged?|earn(?:ed)?|owed?)\b|^(?:at|for|up to) what (?:price|amount|rate|sum)\b"
            rf"|^(?:what|which|how high)\b.*\b(?:{_AMOUNT_WORDS})\b"
            r"|^wie (?:hoch|teuer)\b|^was kostet\b|^combien (?:coûte|vaut|paie)"
            r"|^quel est le (?:prix|montant|loyer)\b|^cuánto (?:cuesta|vale|es)\b|^quanto costa\b"
        ),
        re.compile(
            rf"%|{currencies.SIGN}|\b(?:{currencies.WORD}|(?-i:{currencies.CODE})|per ?cent)"
            r"(?=\b|\d)|\d[.,]\d\d\b"
            # A number, and not one of a name ("HL-5000").
            r"|(?<![a-z\d]-)(?<![a-z\d])\d{3}",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"\bhow (?:many|long|old|far|big|large|often|quickly|soon|tall|wide|heavy|late|early|"
            r"fast|hot|cold|deep|thick)\b"
            r"|\bwhat (?:number|percentage|share|size|quantity)\b"
            r"|^wie (?:viele?|lange?|oft|alt|weit|groß)\b|^combien\b|^cuánt[oa]s?\b|^quant[oaie]\b"
        ),
        re.compile(
            r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|"
            r"forty|fifty|sixty|ninety|hundred|thousand|once|twice|half|quarter|third|daily|weekly|"
            r"monthly|yearly)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"^(?:(?:by|until|since|from) )?when\b"
            r"|^(?:on|in|at|by)? ?(?:what|which) (?:day|date|time|month|year)\b"
            r"|^(?:seit |bis |ab )?wann\b|^(?:depuis |jusqu'à )?quand\b|^cuándo\b|^quando\b"
        ),
        re.compile(
            r"\b(?:1[5-9]|20)\d\d\b|\d[./:]\d|\b\d{1,2}(?:st|nd|rd|th|er|º)\b"
            rf"|\b\d{{1,2}}\.? (?:de )?{_MONTH}[^\W\d_]*|\b(?:january|february|march|april|may|"
            r"june|july|august|september|october|november|december|monday|tuesday|"
            r"wednesday|thursday|friday|saturday|sunday|o'clock|noon|midnight|morning|afternoon|"
            r"evening|spring|summer|autumn|winter|century|hours?|days?|weeks?|months?|years?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"^(?:why|for what reason|warum|weshalb|wieso|pourquoi|por qué|perché)\b"),
        re.compile(
            r"\b(?:because|since|due to|owing to|thanks to|so that|so as|in order|therefore|"
            r"reasons?|caus\w+|result\w*|led to|for (?:want|lack|fear)|"
            r"to (?!the\b|an?\b|his\b|her\b|its\b|their\b)[a-z]{3,}|"
            r"weil|denn|wegen|damit|um|parce|car|afin|pour|porque|perché)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"^(?:who|whose|whom|(?:by|to|with|from|for) whom|wer|wem|wen|qui|quién|chi)\b"
            r"|^(?:which|what) (?:company|firm|person|supplier|vendor|agency|bank|insurer)\b"
        ),
        # A capital that does not begin a sentence, or begins it with two: "Ada Byron signed it."
        re.compile(r"(?<=[^.!?\s])\s[A-Z][\w'-]+|[\"“(:]\s?[A-Z]\w+|[A-Z][\w'-]+ [A-Z][\w'-]+"),
    ),
)


_FORMS = 3  # of the kinds above are known by the form of the value alone


def is_told_by_form(question: str) -> bool:
    """Whether a question asks for what needs no word beside it: an e-mail address, an IBAN."""
    asked = " ".join(question.casefold().split())
    return any(form.search(asked) for form, _ in _QUESTIONS[:_FORMS])


def asks_person(question: str) -> bool:
    """Whether a person or a firm is asked for: "who added the option?"."""
    return _QUESTIONS[-1][0].search(" ".join(question.casefold().split())) is not None


def value_pattern(question: str) -> re.Pattern[str] | None:
    """What an answer to the question must contain; None when nothing in particular."""
    asked = " ".join(question.casefold().split())
    for form, value in _QUESTIONS:
        if form.search(asked):
            return value
    return None


_FRAME = frozenset(
    (
        "i", "mr", "mrs", "ms", "dr", "eur", "usd", "gbp", "chf", "pdf", "docx", "xlsx",
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday",
        "saturday", "sunday",
    )
)  # fmt: skip
_GERMAN = re.compile(r"\b(?:der|die|das|ist|wird|wie|was|wer|wann|welche[rsn]?|im|vom|zum)\b")
_TOKEN = re.compile(r"[^\W_]+(?:[-./][^\W_]+)*")


def required_names(question: str) -> tuple[str, ...]:
    """Names and numbers in a question; a document that has them not is about something else.

    Capitalised words that do not begin the question, and tokens with a digit. German capitalises
    every noun, so there only the tokens with a digit are sure to be names.
    """
    german = _GERMAN.search(question) is not None
    found = []
    for match in _TOKEN.finditer(question):
        word = match[0]
        numbered = any(char.isdigit() for char in word)
        begins = not question[: match.start()].strip(" \"'“(¿¡")
        common = word.casefold() in _FRAME or word.casefold() in ENGLISH
        named = word[0].isupper() and not begins and not german and not common
        if ((numbered or named) and len(word) > 1) or numbered:
            found.append(word)
    return tuple(dict.fromkeys(found))


def holds_name(text: str, name: str) -> bool:
    """Whether a text holds a name as a word: as it is, with an ending, or in a related form.

    "Kenyans" and "Kenya's" are forms of "Kenya", "Brazilian" of "Brazil", "UN" of "United Nations".
    A token with a digit has no other form, but its parts may stand apart ("2001-02").
    """
    parts = [part for part in re.split(r"[-./]", name) if part]
    if len(parts) > 1 and not re.search(rf"(?<![^\W_]){re.escape(name)}", text, re.IGNORECASE):
        return all(holds_name(text, part) for part in parts)
    if any(char.isdigit() for char in name):
        return (
            re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text, re.IGNORECASE) is not None
        )
    if name.isupper() and 2 <= len(name) <= 5:
        initials = r"\w*\W+(?:(?:of|the|and|for|de|der)\W+)?".join(name)
        if re.search(rf"(?<![^\W_])(?:{initials}|{r'[.]'.join(name)})", text):
            return True
    stem = _name_stem(name)
    end = r"[^\W\d_]{0,3}" if len(stem) >= 4 else r"(?:['\u2019]?s|es|e?n)?"
    return (
        re.search(rf"(?<![^\W_]){re.escape(stem)}{end}(?![^\W_])", text, re.IGNORECASE) is not None
    )


def _name_stem(name: str) -> str:
    """A name without the ending that makes it a plural, a genitive or an adjective."""
    for ending in ("ians", "ian", "ans", "an", "ese", "s", "y"):
        if name.casefold().endswith(ending) and len(name) - len(ending) >= 4:
            return name[: len(name) - len(ending)]
    return name
