"""What kind of value a question asks for: an amount, a number, a time, a person.

The coarse answer types of Li and Roth (2002), read from the question's first words. English only; a
question in another language expects nothing in particular.
"""

from __future__ import annotations

import re

_AMOUNT_WORDS = (
    r"price|rent|fee|fees|deposit|amount|costs?|salary|wage|penalty|rate|ceiling|charge|total|sum|"
    r"fine|interest|budget|premium|tax|discount"
)
_QUESTIONS = (
    (
        re.compile(
            r"^(?:for )?how much\b|^(?:at|for|up to) what (?:price|amount|rate|sum)\b"
            rf"|^(?:what|which|how high)\b.*\b(?:{_AMOUNT_WORDS})\b"
        ),
        re.compile(
            r"[€$£¥%]|\b(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|per ?cent)\b|\d[.,]\d\d\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(
            r"\bhow (?:many|long|old|far|big|large|often|quickly|soon|tall|wide|heavy|late|early)\b"
            r"|\bwhat (?:number|percentage|share|size|quantity)\b"
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
        ),
        re.compile(
            r"\b(?:1[5-9]|20)\d\d\b|\d[./:]\d|\b\d{1,2}(?:st|nd|rd|th)\b|\b(?:january|february|march|"
            r"april|may|june|july|august|september|october|november|december|monday|tuesday|"
            r"wednesday|thursday|friday|saturday|sunday|o'clock|noon|midnight|morning|afternoon|"
            r"evening|spring|summer|autumn|winter|century|hours?|days?|weeks?|months?|years?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"^(?:who|whose|whom|(?:by|to|with) whom)\b"),
        re.compile(r"(?:(?<=[^.!?\s])\s|[\"“(:]\s?|^)(?:Mr|Mrs|Ms|Dr)?\.?\s?[A-Z][\w'-]+"),
    ),
)


def value_pattern(question: str) -> re.Pattern[str] | None:
    """What an answer to the question must contain; None when nothing in particular."""
    asked = " ".join(question.casefold().split())
    for form, value in _QUESTIONS:
        if form.search(asked):
            return value
    return None
