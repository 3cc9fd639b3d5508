"""The currencies that documents state amounts in, and how each is written at a number.

Several currencies share "Rs", "kr" and the sign of yen and yuan: such a mark tells that a number is
money, and the text around it has to name which. Left out is what mostly means something else: "Fr."
is also a day, "R" and "Ft" are also measures.
"""

from __future__ import annotations

import re

from lsfs import bytewise


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ISO 4217. The first four are read in small letters, too, and anywhere in a text.
_COMMON = ("USD", "EUR", "GBP", "CHF")
_OTHERS = _set(
    """JPY CNY INR PKR LKR NPR BDT MUR KES UGX TZS GHS ZAR NGN EGP MAD AUD CAD NZD SEK NOK DKK ISK
    PLN CZK HUF RON BGN TRY RUB UAH ILS AED SAR QAR SGD HKD TWD KRW THB IDR MYR PHP VND BRL MXN ARS
    CLP COP PEN"""
)
CODES = _OTHERS | frozenset(_COMMON)
# Also words and abbreviations: "PHP 8.1", "CAD 2020". Cents or groups of digits tell them.
_AMBIGUOUS = _set("AED BDT CAD CLP COP GHS ILS INR MAD NOK PEN PHP RON SAR SEK TRY")
_SIGNS = {
    "$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u20b9": "INR", "\u20a9": "KRW", "\u20ba": "TRY",
    "\u20bd": "RUB", "\u20b4": "UAH", "\u20aa": "ILS", "\u20b1": "PHP", "\u20a6": "NGN",
    "\u20ab": "VND",
}  # fmt: skip
_DOLLARS = {
    "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "S$": "SGD",
    "HK$": "HKD", "R$": "BRL", "MX$": "MXN", "NT$": "TWD",
}  # fmt: skip
_YEN = "\u00a5"
WORDS = {
    "usd": "USD", "dollar": "USD", "dollars": "USD", "eur": "EUR", "euro": "EUR", "euros": "EUR",
    "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "chf": "CHF", "franc": "CHF", "francs": "CHF",
    "franken": "CHF", "yen": "JPY",
}  # fmt: skip
DOLLAR = "$"  # in place of a code, of dollars that may be of any country
ANY_DOLLAR = "[ACHNSTU][UAKZGWS]D"  # their codes, as a pattern of SQLite's GLOB
# Of "$1,200 AUD" the code tells.
DOLLARS = frozenset(_DOLLARS.values()) | _set("ARS CLP COP")
# Written so, directly at a number.
_SHORT = {
    "K\u010d": "CZK", "z\u0142": "PLN", "KSh": "KES", "Ksh": "KES", "KShs": "KES", "Kshs": "KES",
}  # fmt: skip
# What several currencies are called by.
SHARED = {
    "Rs": frozenset(("INR", "PKR", "LKR", "NPR", "MUR")),
    "kr": frozenset(("SEK", "NOK", "DKK", "ISK")),
    _YEN: frozenset(("JPY", "CNY")),
}

# For patterns: a sign; a word in any case; what is written with these capitals only.
SIGN = f"[{''.join(_SIGNS)}{_YEN}]"
WORD = "(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|francs?|Franken)"
CODE = f"(?:{'|'.join(sorted(_OTHERS))})"
SHORT = r"(?:Rs\.?|kr\.?|K\u010d|z\u0142|K[Ss]hs?)"
ANY_CODE = f"(?:{'|'.join((*_COMMON, *sorted(_OTHERS)))})"
_PREFIX = r"(?:US|CA?|AU?|NZ|S|HK|R|MX|NT)\$"

_BEFORE = re.compile(
    rf"(?P<mark>(?<!\w){_PREFIX}|{SIGN}|(?<!\w)(?!(?i:euro|yen)\b)[^\W\d_]{{2,4}}\.?\s?)\s?\Z"
)
_AFTER = re.compile(rf"\s?(?P<mark>{SIGN}|[^\W\d_]{{2,7}}(?!\w)\.?)")
_LONGEST_BEFORE = 7  # characters, with blanks
_MONEY_LIKE = re.compile(r"\d[.,]\d\d(?!\d)|\d[.,'\u2019\u00a0\u202f]\d{3}(?!\d)")
_SPELLED = {
    "usd": r"usd(?<!\w...)(?!\w)", "eur": r"eur(?<!\w...)(?:os?)?(?!\w)",
    "gbp": r"gbp(?<!\w...)(?!\w)", "chf": r"chf(?<!\w...)(?!\w)",
    "dollar": r"dollar(?<!\w.{6})s?(?!\w)", "pound": r"pound(?<!\w.{5})s?(?!\w)",
    "franc": r"franc(?<!\w.{5})s?(?!\w)",
}  # fmt: skip
# The words for each currency, letters first: a pattern that begins with letters is found fast.
_NAMES = [(word, re.compile(pattern)) for word, pattern in _SPELLED.items()]
_CAPITALS = re.compile(r"[A-Z][A-Z][A-Z](?<!\w...)(?!\w)")
_DOLLAR = re.compile(r"\$(?<=(...))", re.DOTALL)  # with two characters before it
_AT = {
    mark: re.compile(
        rf"{mark}(?:(?<!\w{'.' * len(mark)})\.?\s?\d|(?:(?<=\d{mark})|(?<=\d\s{mark}))(?!\w))"
    )
    for mark in (*_SHORT, *SHARED)
}
# What tells whose such a mark is where no code does, and what speaks against it. Ten letters and
# digits are an Indian taxpayer: ABCPV1188K.
_TOLD = (
    ("Rs", "INR", re.compile(r"\b(?:GSTIN|[CSI]GST|IFSC|India|(?:\d\d)?[A-Z]{5}\d{4}[A-Z])\b"),
     re.compile(r"\b(?:Pakistan|Sri Lanka|Nepal|Mauritius|Seychelles)\b")),
    (_YEN, "JPY", re.compile(r"\b(?:yen|Japan)\b"), re.compile(r"\b(?:yuan|RMB|China)\b")),
)  # fmt: skip
# Whose "$" and "dollars" are where no code tells: by numbers that only firms of a country have, its
# sales tax and its postal codes. What is said to be in the United States is in theirs.
_PESOS = frozenset(("ARS", "CLP", "COP"))
_OF_COUNTRY = (
    ("AUD", re.compile(
        r"\bA\.?[BC]\.?N\b\.?\W{0,3}(?:no\.?\W{0,2})?\d|\bPty\b\.? (?:Ltd|Limited)\b|"
        r"\b(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT),? \d{4}(?!\d)")),
    ("CAD", re.compile(
        r"\b(?:TVQ|QST|HST)\b|\b[ABCEGHJ-NPRSTVXY]\d[A-Z][ \u00a0]?\d[A-Z]\d\b|"
        r"\((?:Qu\u00e9bec|Ontario)\)|\b(?:BC|AB|SK|MB|ON|QC|NB|NS|PE|NL),? Canada\b")),
    ("NZD", re.compile(r"\bNZBN\b|\b\d{4},? New Zealand\b")),
    ("SGD", re.compile(r"\bUEN\b|\bSingapore \d{6}\b")),
)  # fmt: skip
_OF_USA = re.compile(
    r"\b(?:USA|U\.S\.A|United States|EIN|IRS)\b|"
    r"\b(?!NSW|VIC|QLD)[A-Z]{2},? \d{5}(?:-\d{4})?(?![\d,.])"
)
_ADJECTIVES = {
    "USD": r"u\.?s\.?(?:[ -]american)?|american|am\u00e9ricains?|estadounidenses?",
    "AUD": r"australian|australische?n?|australiens?", "CAD": r"canadian|kanadische?n?|canadiens?",
    "NZD": r"new zealand|neuseel\u00e4ndische?n?", "SGD": "singapore", "HKD": "hong kong",
}  # fmt: skip
_WHOSE = {
    told: re.compile(rf"\b(?:{words})[ -]dollars?\b|\bdollars? (?:{words})\b")
    for told, words in _ADJECTIVES.items()
}
_BARE = re.compile(r"(?<![a-z])\$|\bdollars?\b", re.IGNORECASE)  # not "US$"
_OPENS, _CLOSES = frozenset("([|:/=\"'\t\n"), frozenset(")]|/\"';,\t\n")


def code(written: str) -> str:
    """The code of what a currency is called; "" for what is none, or is shared by several."""
    written = written.strip().rstrip(".")
    told = _SIGNS.get(written) or _DOLLARS.get(written) or _SHORT.get(written)
    return told or (written if written in _OTHERS else WORDS.get(written.casefold(), ""))


def asked(written: str) -> str:
    """The same of what a question calls one: "dollars" are those of any country."""
    bare = written.strip().casefold() in ("$", "dollar", "dollars")
    return DOLLAR if bare else code(written)


def fits(normal: str, asked: str) -> bool:
    """Whether an amount ("1200 CAD") is in a currency that was asked for; "" is any."""
    unit = normal.partition(" ")[2]
    return unit in DOLLARS if asked == DOLLAR else not asked or unit == asked


def before(text: str, low: int, start: int, digits: str) -> tuple[int, str, str]:
    """What stands directly before the digits of a number: "EUR 5", "Rs. 500".

    Args:
        low: where the text begins to be free.
        start: of the digits.

    Returns:
        where the currency begins, else ``start``; its code; and the mark that several share.
    """
    low = max(low, start - _LONGEST_BEFORE)
    match = _BEFORE.search(text, low, start) if start > low else None
    unit, mark = _at(match["mark"], digits) if match else ("", "")
    return (match.start(), unit, mark) if match and (unit or mark) else (start, "", "")


def after(text: str, end: int, digits: str) -> tuple[int, str, str]:
    """The same of what stands directly behind a number, with where the currency ends."""
    match = _AFTER.match(text, end)
    unit, mark = _at(match["mark"], digits) if match else ("", "")
    if not match or not (unit or mark):
        return end, "", ""
    return match.end() - match[0].endswith("."), unit, mark


def _at(written: str, digits: str) -> tuple[str, str]:
    """The code, and the mark that several currencies share, of what stands at a number."""
    written = written.strip().rstrip(".")
    if written in SHARED:
        return "", written
    unit = code(written)
    return ("" if written in _AMBIGUOUS and not _MONEY_LIKE.search(digits) else unit), ""


def named(text: str) -> frozenset[str]:
    """The codes of the currencies that a text names: dollars anywhere, "SEK" where it is money."""
    return named_with_dollar(text)[0]


def named_with_dollar(text: str) -> tuple[frozenset[str], str]:
    """The same, and whose a "$" is that says no more: "CAD"; "" where the text does not tell."""
    found = {told for sign, told in _SIGNS.items() if sign != "$" and sign in text}
    if "$" in text:
        found |= {_dollar(one) for one in set(_DOLLAR.findall(f"  {text}"))}
    folded = bytewise.casefold(text)
    words = [word for word, name in _NAMES if word in folded and name.search(folded)]
    found |= {DOLLAR if word == "dollar" else WORDS[word] for word in words}
    for match in _CAPITALS.finditer(text):
        if match[0] in _OTHERS and match[0] not in found and _is_money(text, match):
            found.add(match[0])
    if any(part in folded for part in ("\u010d", "\u0142", "ksh")):  # each of them has one
        found |= {told for mark, told in _SHORT.items() if mark in text and _AT[mark].search(text)}
    for mark, told, by, against in _TOLD:
        if mark in text and not found & SHARED[mark] and _AT[mark].search(text):
            found |= {told} if by.search(text) and not against.search(text) else set()
    whose = ""
    if DOLLAR in found:
        found.discard(DOLLAR)
        whose = _whose(text, folded, found & DOLLARS)
        found.add(whose or "USD")
    return frozenset(found), whose


def _whose(text: str, folded: str, said: set[str]) -> str:
    """Whose dollars a text means that writes "$" or "dollars"; "" where nothing tells.

    Args:
        said: the codes of dollars that it names.
    """
    if "dollar" in folded:
        said = said | {told for told, words in _WHOSE.items() if words.search(folded)}
    if len(said) > 1 or (not said & _PESOS and _OF_USA.search(text)):
        return "USD"
    told = said or {told for told, signs in _OF_COUNTRY if signs.search(text)}
    return next(iter(told)) if len(told) == 1 else ""


def is_bare_dollar(written: str) -> bool:
    """Whether an amount is written with a "$" or "dollars" that may be of any country."""
    return _BARE.search(written) is not None


def names_shared(text: str) -> bool:
    """Whether a number of a text is of one of several currencies: "450 kr"."""
    return any(mark in text and _AT[mark].search(text) for mark in SHARED)


def _dollar(written: str) -> str:
    """The currency of a sign with the two characters before it."""
    if written in _DOLLARS:
        return _DOLLARS[written]
    return DOLLAR if written[0].isalnum() else _DOLLARS.get(written[1:], DOLLAR)


def _is_money(text: str, match: re.Match[str]) -> bool:
    """Whether capitals that are a code stand at a number, or by themselves: "(INR)", "| INR |"."""
    start, end = match.span()
    ahead = text[end : end + 24].lstrip(" ")
    behind = text[max(0, start - 24) : start].rstrip(" ")
    if ahead[:1].isdigit() or behind[-1:].isdigit():
        digits = (behind if behind[-1:].isdigit() else ahead).split()
        near = digits[-1] if behind[-1:].isdigit() else digits[0]
        return match[0] not in _AMBIGUOUS or bool(_MONEY_LIKE.search(near))
    return (not behind or behind[-1] in _OPENS) and (not ahead or ahead[0] in _CLOSES)


def is_name(written: str) -> bool:
    """Whether what may be a code is one, and anything else that a pattern found."""
    return not (len(written) == 3 and written.isupper()) or written in CODES
