"""Measures in a question: sizes, numbers of pages, amounts of money, empty files, attachments."""

from __future__ import annotations

import re
from functools import cache

from lsfs import currencies
from lsfs.conditions import AmountBound
from lsfs.index.asked import questionwords as w
from lsfs.index.asked.questionframe import (
    FILE_WORDS,
    HEAD_END,
    LEFT_OVER,
    TOKEN,
    TYPE_WORDS,
    asks_files,
    topic,
)  # fmt: skip
from lsfs.index.asked.questionreading import Reading
from lsfs.index.facts.kinds import kinds_in
from lsfs.index.find.folding import fold

_KB = 1024
UNITS = {
    **dict.fromkeys(("b", "byte", "bytes"), 1),
    **dict.fromkeys(("k", "kb", "kib", "kilobyte", "kilobytes"), _KB),
    **dict.fromkeys(("m", "mb", "mib", "megabyte", "megabytes", "mo", "meg", "megs"), _KB**2),
    **dict.fromkeys(("g", "gb", "gib", "gigabyte", "gigabytes", "go", "gig", "gigs"), _KB**3),
    **dict.fromkeys(("t", "tb", "tib", "terabyte", "terabytes", "to"), _KB**4),
}
LARGE, SMALL = 10 * _KB**2, 100 * _KB  # bytes of what is called a large or a small file
LONG, SHORT = 20, 2  # pages of what is called a long or a short document

_NUMBER = (
    r"(?:\d[\d.,'\u2019]*(?<=\d)|half\s+an?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|"
    r"ein(?:er?)?|zwei|drei|fünf|zehn|zwanzig|une?|deux|trois|cinq|dix|vingt|una?|dos|tres|"
    r"cinco|diez|veinte)"
)
_COUNTS = {
    "half a": 0.5, "half an": 0.5,
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "twenty": 20,
    "ein": 1, "eine": 1, "einer": 1, "zwei": 2, "drei": 3, "funf": 5, "zehn": 10, "zwanzig": 20,
    "un": 1, "une": 1, "deux": 2, "trois": 3, "cinq": 5, "dix": 10, "vingt": 20,
    "una": 1, "dos": 2, "tres": 3, "cinco": 5, "diez": 10, "veinte": 20,
}  # fmt: skip
# What a bound is called, by whether it is the least or the most, and whether it is itself inside.
_BOUNDS = {
    "least": r"at\s+least|no(?:t)?\s+(?:less|fewer|smaller|shorter)\s+than|minimum(?:\s+of)?|>=|≥|"
    r"mindestens|nicht\s+(?:weniger|kleiner)\s+als|au\s+moins|al\s+menos|como\s+mínimo|almeno",
    "most": r"at\s+most|up\s+to|no(?:t)?\s+(?:more|larger|bigger|greater|longer)\s+than|not\s+over|"
    r"maximum(?:\s+of)?|<=|≤|höchstens|nicht\s+(?:mehr|größer|länger)\s+als|"
    r"maximal|au\s+plus|"
    r"como\s+máximo|al\s+massimo",
    "above": r"over|above|more\s+than|larger\s+than|bigger\s+than|greater\s+than|longer\s+than|"
    r"higher\s+than|heavier\s+than|exceeding|beyond|>|über|mehr\s+als|"
    r"größer\s+als|länger\s+als|"
    r"plus\s+(?:de|grande?s?\s+que|longs?\s+que)|supérieure?s?\s+à|de\s+plus\s+de|"
    r"más\s+(?:de|grandes?\s+que)|"
    r"más\s+largos?\s+que|più\s+(?:di|grandi?\s+di|lunghi?\s+di)|oltre|superiori?\s+a|"
    r"mayor(?:es)?\s+(?:de|que|a)|superior(?:es)?\s+a|maior(?:es)?\s+(?:do\s+)?que|mais\s+de|"
    r"plus\s+(?:gros(?:se)?s?|lourde?s?)\s+que|sopra\s+i|groter\s+dan|meer\s+dan|langer\s+dan|"
    r"hoger\s+dan",
    "below": r"under|below|less\s+than|fewer\s+than|smaller\s+than|lower\s+than|shorter\s+than|<|"
    r"unter|weniger\s+als|kleiner\s+als|kürzer\s+als|moins\s+de|inférieure?s?\s+à|"
    r"plus\s+(?:petite?s?|courte?s?)\s+que|menos\s+de|más\s+(?:pequeñ[oa]s?|"
    r"cort[oa]s?)\s+que|"
    r"meno\s+di|più\s+(?:piccoli?|corti?)\s+di|inferiori?\s+a|"
    r"menor(?:es)?\s+(?:de|(?:do\s+)?que|a)|inferior(?:es)?\s+a|sotto\s+i|kleiner\s+dan|minder\s+dan|"
    r"korter\s+dan",
}
_SAID = "(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _BOUNDS.items()) + ")"
_LEAD = (
    r"(?<![\w-])(?:(?:that|which|die|der|das|qui|que|che)\s+)?(?:(?:are|is|were|was|have|has|"
    r"sind|ist|hat|"
    r"haben|sont|ont|son|tienen|sono|hanno)\s+)?(?:(?:with|of|mit|von|avec|con|de|di)\s+)?"
)
_BYTES = r"(?:bytes?|[kmgt]i?b|[kmgt]o|kilobytes?|megabytes?|gigabytes?|terabytes?|megs?|gigs?)\b"
_PAGES = (
    r"(?:pages?|slides?|sheets?|seiten?|folien|páginas?|pagine|pagina|pp)\b"
    r"(?!\s+(?:of\s+(?:the|a|an|this|that)|from(?!\s+(?:the\s+)?(?:last|past|previous|early|late|"
    r"mid|\d|january|february|march|april|may|june|july|august|september|october|november|"
    r"december)))\b)"
)
_LONG = (
    r"(?:\s+(?:long|in\s+(?:size|length|total)|or\s+more|or\s+(?:larger|bigger|longer)|"
    r"and\s+(?:up|more)|"
    r"lang|groß|de\s+long|de\s+largo))?"
)
_SIZE = rf"{_LEAD}{_SAID}\s*(?P<n>{_NUMBER})\s?(?P<unit>{_BYTES}){_LONG}"
_LENGTH = rf"{_LEAD}{_SAID}\s*(?P<n>{_NUMBER})\s+(?P<unit>{_PAGES}){_LONG}"
_OR_MORE = (
    rf"{_LEAD}(?P<n>{_NUMBER})\s?(?P<unit>{_BYTES}|{_PAGES})\s+(?:(?P<least>or\s+(?:more|larger|"
    rf"bigger|longer)|"
    r"and\s+(?:more|up)|oder\s+mehr|ou\s+plus|o\s+más|o\s+più)|(?P<most>or\s+(?:less|"
    r"fewer|smaller|shorter)|"
    r"oder\s+weniger|ou\s+moins|o\s+menos|o\s+meno))\b"
)
_FROM_TO = (
    rf"{_LEAD}(?:(?:between|from|zwischen|von|entre|de|tra|"
    rf"da)\s+)(?P<n>{_NUMBER})\s?(?P<unit1>{_BYTES})?\s*"
    rf"(?:and|to|und|bis|et|à|y|a|e|-|\u2013)\s*(?P<m>{_NUMBER})\s?(?P<unit>{_BYTES}|"
    rf"{_PAGES})"
)
_EXACT = (
    rf"(?<![\w-])(?:(?:with|of|mit|avec|con)\s+(?:exactly\s+|"
    rf"genau\s+)?(?P<n>{_NUMBER})\s+(?P<unit>pages?|seiten?|páginas?)\b"
    r"(?!\s+(?:of|from|about|on)\b)|(?P<one>single|one|two|three|\d{1,3})[- ]page(?=\s))"
)
# What every one of these must hold; most questions do not.
_UNIT = re.compile(rf"{_BYTES}|page|slide|sheet|seite|folie|página|pagin|pp\b", re.I)
_LOOSE = re.compile(
    r"(?<![\w-])(?:(?:very|really|rather|sehr|très|muy|molto)\s+)?(?P<word>empty|tiny|small|large|big|huge|enormous|long|short|leere[nrs]?|"
    r"(?:winz|ries)ige[nrs]?|kleine[nrs]?|große[nrs]?|lange[nrs]?|kurze[nrs]?|"
    r"petite?s?|minuscules?|grande?s?|gros(?:se)?s?|énormes?|longue?s?|courte?s?|"
    r"pequeñ[oa]s?|enormes?|piccol[iae]|minuscol[iae]|enormi|grandi|lunghi|brevi)"
    r"\s+(?=(?P<noun>[^\W\d_]+)(?![\w-]))",
    re.I,
)
_LOOSE_AFTER = re.compile(
    r"(?<![\w-])(?P<noun>[^\W\d_]+)\s+(?:(?:muy|molto|très)\s+)?(?P<word>pequeñ[oa]s|diminut[oa]s|"
    r"grandes|enormes|larg[oa]s|cort[oa]s|piccol[ie]|minuscol[ie]|grandi|enormi|lungh[ie]|brevi|"
    r"énormes|volumineux|minuscules|longs|courts)(?!\w)",
    re.I,
)
_EMPTY_AFTER = re.compile(
    r"(?<![\w-])(?P<noun>files?|documents?|dateien|dokumente|fichiers|documentos|archivos)\s+"
    r"(?:(?:that|which|die)\s+)?(?:(?:are|sind)\s+)?(?P<word>empty|leer|vides?|vacíos?|"
    r"vuoti)\b",
    re.I,
)
_ROMANCE = {
    "small": "petit petite petits petites minuscule minuscules pequeno pequena pequenos pequenas "
    "diminutos diminutas piccoli piccola piccole minuscoli minuscola minuscole",
    "large": "grand grande grands grandes gros grosse grosses enorme enormes enormi grandi "
    "volumineux",
    "long": "longue longues longs largos largas lunghi lunghe",
    "short": "court courte courts courtes cortos cortas brevi",
}
_WORDS = {word: meaning for meaning, words in _ROMANCE.items() for word in words.split()} | {
    "winzig": "small", "riesig": "large", "enormous": "large",
    "empty": "empty", "leer": "empty", "vide": "empty", "vacio": "empty", "vuoti": "empty",
    "tiny": "small", "small": "small", "klein": "small", "large": "large", "big": "large",
    "huge": "large", "gross": "large", "long": "long", "lang": "long", "short": "short",
    "kurz": "short",
}  # fmt: skip
_ATTACHED = re.compile(
    r"(?<![\w-])(?:(?:that|which|die)\s+(?:have|has|had|carry)\s+|(?P<no>without|with\s+no|ohne|"
    r"sans|sin|senza|"
    r"(?:that|which)\s+(?:have|has)\s+no|not?\s+with)\s+|(?:with|mit|avec|con)\s+)"
    r"(?:(?:an?|any|some|the|file|einem|einen|der|des|une?|l[ea]s?|un)\s+)*"
    r"(?:attachments?|attached\s+files?|anhang|anhängen?|anlagen?|pièces?\s+jointes?|"
    r"adjuntos?|allegat[oi])\b",
    re.I,
)
_MAILS = re.compile(
    r"\b(?:e-?mails?|mails?|messages?|nachrichten|courriels?|correos?|mensajes|messaggi)\b", re.I
)
_FIELD_NOUNS = {
    "rent": "rent", "rents": "rent", "miete": "rent", "loyer": "rent", "alquiler": "rent",
    "salary": "salary", "salaries": "salary", "gehalt": "salary", "salaire": "salary",
    "deposit": "deposit", "deposits": "deposit", "kaution": "deposit",
    "price": "price", "prices": "price", "fee": "price", "fees": "price", "kaufpreis": "price",
    "prix": "price", "precio": "price", "prezzo": "price",
    "tax": "tax", "vat": "tax", "net": "net", "subtotal": "net",
}  # fmt: skip


def number(text: str) -> float | None:
    """A number as people write it: 1,500; 1.500; 2,5; 1.5; None when it is none."""
    text = re.sub(r"['\u2019\s]", "", text)
    if not re.fullmatch(r"\d[\d.,]*", text) or len(text) > 15:
        return None
    marks = [char for char in text if char in ".,"]
    if len({*marks}) == 2:  # the last one parts the decimals
        whole, decimals = text[: text.rindex(marks[-1])], text[text.rindex(marks[-1]) + 1 :]
    elif len(marks) == 1 and len(text) - text.index(marks[0]) != 4:
        whole, _, decimals = text.partition(marks[0])
    else:
        whole, decimals = text, ""
    digits = re.sub(r"[.,]", "", whole)
    return float(f"{digits or 0}.{re.sub(r'[.,]', '', decimals) or 0}")


def _count(text: str) -> float | None:
    return float(_COUNTS[fold(text)]) if fold(text) in _COUNTS else number(text)


def read(reading: Reading) -> None:
    """Take the sizes, lengths and attachments out of a question for files."""
    for form in _forms() if _UNIT.search(reading.text) else ():
        for match in list(form.finditer(reading.text)):
            if _of_files(reading, match):
                _bounded(reading, match)
    for form in (_LOOSE, _LOOSE_AFTER):
        for match in list(form.finditer(reading.text)):
            _loose(reading, match)
    for match in list(_EMPTY_AFTER.finditer(reading.text)):
        reading.put(empty=True)
        reading.take(
            match.start("word"), match.end("word"), f"{match[0]!r}: files that hold nothing"
        )
    for match in list(_ATTACHED.finditer(reading.text)):
        if _MAILS.search(reading.text, 0, match.start()):
            reading.put(attachments=not match["no"])
            said = "without" if match["no"] else "with"
            reading.take(*match.span(), f"{match[0].strip()!r} read as mails {said} attachments")


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    """How sizes and lengths are said, in the order in which they are looked for."""
    return tuple(re.compile(form, re.I) for form in (_FROM_TO, _OR_MORE, _SIZE, _LENGTH, _EXACT))


def _of_files(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a measure is one of the files asked for."""
    before, after = reading.text[: match.start()], reading.text[match.end() :]
    if match.start() > topic(reading.text):
        return False
    words = TOKEN.findall(before)
    if words:
        following = TOKEN.search(after)
        ends = following is None or fold(following[0]) in HEAD_END
        return asks_files(before) or (len(words) < 3 and words[-1].endswith("s") and ends)
    following = TOKEN.search(after)
    return following is None or asks_files(after)


def _bounded(reading: Reading, match: re.Match[str]) -> None:
    said = match.groupdict()
    low, high = _count(said["n"] or said.get("one") or "") or 0.0, None
    unit = fold(said["unit"] or "page")
    factor = UNITS.get(unit, 1)
    what = "bytes" if unit in UNITS else "pages"
    if said.get("m"):
        first = UNITS[fold(said["unit1"])] if said["unit1"] else factor
        bounds = (low * first, (_count(said["m"]) or 0.0) * factor)
    else:
        low *= factor
        if not {"least", "most", "above", "below"} & said.keys():
            bounds = (low, low)
        elif said.get("least") or said.get("above"):
            bounds = (low + bool(said.get("above")), high)  # type: ignore[assignment]
        else:
            bounds = (None, low - bool(said.get("below")))  # type: ignore[assignment]
    named = zip((f"min_{what}", f"max_{what}"), bounds, strict=True)
    reading.put(**{name: round(bound) for name, bound in named if bound is not None})
    least, most = bounds
    reading.take(*match.span(), f"{match[0].strip()!r} read as {_range(least, most)} {what}")


def _range(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        limit = most if least is None else least
        return f"at {'most' if least is None else 'least'} {limit:,.0f}"
    return f"{least:,.0f}" if least == most else f"{least:,.0f} to {most:,.0f}"


def _loose(reading: Reading, match: re.Match[str]) -> None:
    """Small, large, long, short or empty files; of other things the words mean something else."""
    noun, word = fold(match["noun"]), fold(match["word"])
    meaning = _WORDS.get(word) or _WORDS.get(re.sub(r"e[nrs]?$", "", word), "")
    plain = noun in FILE_WORDS or (noun in TYPE_WORDS and noun != "word")
    if not plain or not meaning or match.start() > topic(reading.text):
        return
    before = reading.text[: match.start()]
    behind = match.re is _LOOSE_AFTER  # the noun is part of the match, and stays
    end = match.end() if behind else match.end() + len(match["noun"])
    if asks_files(before) or _qualifies(reading.text, end):
        return
    said = match[0] if behind else f"{match[0].strip()} {match['noun']}"
    note = {
        "empty": "files that hold nothing",
        "small": f"at most {SMALL // _KB} KB, by our reading",
        "large": f"at least {LARGE // _KB**2} MB, by our reading",
        "long": f"at least {LONG} pages, by our reading",
        "short": f"at most {SHORT} pages, by our reading",
    }[meaning]
    bound: dict[str, dict[str, int | bool]] = {
        "empty": {"empty": True}, "small": {"max_bytes": SMALL}, "large": {"min_bytes": LARGE},
        "long": {"min_pages": LONG}, "short": {"max_pages": SHORT},
    }  # fmt: skip
    told = {name: value for name, value in bound[meaning].items() if not _is_told(reading, name)}
    reading.put(**told)
    begins = match.start("word") if behind else match.start()
    reading.take(begins, match.end("word"), f"{said!r} read as {note}")


def _is_told(reading: Reading, name: str) -> bool:
    """Whether a number says already what "long" or "small" would: "long reports, over 50 pages"."""
    return getattr(reading.plan, name) not in (None, False)


def _qualifies(text: str, end: int) -> bool:
    """Whether the noun only qualifies the next one: "large file storage"."""
    following = TOKEN.match(text, end + 1) if text[end : end + 1] == " " else None
    return following is not None and fold(following[0]) not in HEAD_END | LEFT_OVER | FILE_WORDS


# --- amounts of money


def read_amounts(reading: Reading) -> None:
    """Take out what the amounts of the files asked for must be."""
    end = topic(reading.text)
    for match in list(w.AMOUNT.finditer(reading.text)):
        if match.start() > end:
            return
        before = TOKEN.findall(reading.text[: match.start()])
        nouns = [_FIELD_NOUNS[word] for word in map(fold, before) if word in _FIELD_NOUNS]
        if not _is_money(reading, match, before, bool(nouns)):
            continue
        bound = _amount(match, nouns[-1] if nouns else "total")
        if bound is None:
            continue
        reading.put(amounts=bound)
        note = f"{match['said']!r} read as a bound of the {bound.field} that a file states"
        reading.take(*match.span(), note)


def _is_money(reading: Reading, match: re.Match[str], before: list[str], named: bool) -> bool:
    following = TOKEN.match(reading.text[match.end() :].lstrip())
    bare = following is None or fold(following[0]) in HEAD_END | LEFT_OVER
    if not asks_files(reading.text[: match.start()]):
        return False
    if match["sign"] or match["unit"] or match["k"]:
        return True
    return bare and (named or bool(kinds_in(before) & w.MONEY_KINDS))


def _amount(match: re.Match[str], field: str) -> AmountBound | None:
    low = number((match["number"] or "").rstrip("kK"))
    high = number((match["high"] or "").rstrip("kK")) if match["high"] else None
    ranged = re.match(r"between|zwischen|entre|from", match["bound"], re.IGNORECASE)
    if low is None or bool(ranged) != (high is not None):
        return None
    scale = 1000 if match["k"] else 1
    unit = currencies.asked(match["sign"] or match["unit"] or "")
    if high is not None:
        return AmountBound(field, low * scale, high * scale, unit=unit)
    said = fold(match["bound"]).strip()
    if re.match(r"(?:at most|up to|<=|hochstens|no more|au plus|como max|al mass|hoogst)", said):
        return AmountBound(field, most=low * scale, unit=unit)
    below = r"less|low|under|below|unter|wenig|moins|menos|meno|klein|niedrig|inf|minder|lager|<"
    if re.match(below, said):
        return AmountBound(field, most=low * scale, below=True, unit=unit)
    above = not re.match(r"(?:at least|>=|mindestens|au moins|al menos|almeno|minstens)", said)
    return AmountBound(field, least=low * scale, above=above, unit=unit)
