"""Frames of calls that are about sets of files: what is looked for, grouped, joined, added up."""

from __future__ import annotations

import re

from lsfs.syscalls.prompt.named import ALL, Named
from lsfs.syscalls.prompt.slots import READERS, Arguments


def _read(kind: str, name: str, words: str, named: Named) -> Arguments | None:
    """The words of a slot; what is named in them counts as taken."""
    start = named.text.find(words)
    for one in named.entities:
        if start <= one.start and one.end <= start + len(words):
            named.take_exactly(one)
    return READERS[kind](name, words, named.around)


_GROUPED = re.compile(
    r"""(?:group|cluster|sort|arrange|organi[sz]e|categori[sz]e|classify|divide|split|bucket|break|form|make|put|partition|order|build|show|list|want|need|see|like)\w*
        \s+(?:(?:me|up|down|groups|clusters|of|to|have)\s+)*(?P<query>.*?)\s*
        \b(?:in(?:to)?\s+groups?\s+|grouped\s+|sorted\s+|arranged\s+|clustered\s+|divided\s+|broken\s+down\s+|split\s+(?:up\s+)?|organi[sz]ed\s+)?
        (?:by|per|according\s+to|based\s+on|after)\s+(?:the\s+|their\s+)?(?P<key>[a-z][a-z_-]*(?:\s[a-z]+)?)$""",
    re.IGNORECASE | re.VERBOSE,
)


def group_by(named: Named) -> Arguments | None:
    """Groups by what stands behind "by", of what stands before it."""
    match = _GROUPED.search(named.text)
    number = named.number("topic", "group", "cluster", "theme", "pile")
    counted = {"k": number} if number else {}
    if match is None:
        if not named.says("topics?|themes?|clusters?|subjects?"):
            return None
        path = named.take("folder")
        return {"key": "topic", **({"dir": path.value} if path else {}), **counted}
    key = match["key"].lower()
    if key in ("year", "month", "quarter", "week", "day"):
        key = f"date:{key}"
    said: Arguments = {}
    if match["query"] and not ALL.fullmatch(match["query"]):
        said = _read("set", "query", match["query"], named) or {}
        folder = named.take("folder")
        if folder:
            said = {"dir": folder.value}
    return {"key": key, **said, **counted}


_JOINED = re.compile(
    r"""(?:join|match|pair|link|combine|merge|connect|relate|compare|correlate|reconcile|tie)\w*\s+(?:(?:of|up|together|all|the|each|every|my|our)\s+)*
        (?P<left>.+?)\s+(?:with|to|and|against)\s+(?:(?:all|the|each|their|its|my|our)\s+)*(?P<right>.+?)
        \s+(?:on|by|via|using|over|through|along|according\s+to|having\s+the\s+same|with\s+the\s+same|based\s+on)\s+(?:the\s+|their\s+|a\s+common\s+)?
        (?P<on>[a-z_]+(?:\s+and\s+[a-z_]+)*)(?P<rest>.*)""",
    re.IGNORECASE | re.VERBOSE,
)
_ANTI = re.compile(
    r"(?<!also\s)(?<!keep\s)(?:only|just)\s+(?:\w+\s+){0,4}(?:without|no|lack|missing|unmatched)|"
    r"unmatched|have\s+no\s+\w+|anti[ -]join",
    re.I,
)
_LEFT = re.compile(
    r"left\s+join|(?:also|including)\s+(?:\w+\s+){0,4}(?:without|no)|keep\s+(?:\w+\s+){0,5}(?:without|no)|even\s+(?:if|those|when)",
    re.I,
)


def join(named: Named) -> Arguments | None:
    match = _JOINED.search(named.text)
    if match is None:
        return None
    rest = match["rest"]
    found: Arguments = {}
    for side in ("left", "right"):
        found |= _read("set", side, match[side], named) or {}
    on = _read("keys", "on", match["on"], named)
    how = "anti" if _ANTI.search(named.text) else "left" if _LEFT.search(named.text) else ""
    tolerance = re.search(r"(\d+(?:\.\d+)?\s?%|\d+(?:\.\d+)?)", rest) if "toleran" in rest else None
    if tolerance:
        for one in named.all("number"):
            named.take_exactly(one)
    span = named.take("span")
    if on is None or not {"left", "right"} <= set(found):
        return None
    return {
        **found, **on, **({"how": how} if how else {}),
        **({"within": span.value} if span else {}),
        **({"tolerance": tolerance[1].replace(" ", "")} if tolerance else {}),
    }  # fmt: skip


_FUNCTIONS = (
    ("avg", r"average|mean|avg"),
    ("max", r"highest|largest|biggest|maximum|max|greatest|most\s+expensive"),
    ("min", r"lowest|smallest|minimum|min|least|cheapest"),
    ("sum", r"sum|total|altogether|add\s+up|in\s+all"),
    ("count", r"how\s+many|count|number\s+of"),
)  # fmt: skip
_COMPUTED = re.compile(
    r"""\b(?:sum|total|average|mean|avg|highest|largest|biggest|maximum|max|greatest|lowest|smallest|minimum|min|least)\s+
        (?:up\s+)?(?:of\s+)?(?:all\s+)?(?:the\s+)?(?P<field>amounts?|totals?|rents?|due|prices?|fees?|costs?|deposits?|sala(?:ry|ries)|values?|premiums?|[a-z]+)\s+
        (?:of|in|on|from|among|across|for)\s+(?:(?:all|the|my|our|every|each)\s+)*(?P<query>.+)""",
    re.IGNORECASE | re.VERBOSE,
)
_PER = re.compile(
    r"(?P<query>.+?),?\s+(?:by|per|for\s+each|for\s+every|of\s+each|grouped\s+by|broken\s+down\s+by)\s+(?P<by>[a-z_]+)$",
    re.I,
)
_MANY = re.compile(
    r"(?:how\s+many|count|number\s+of)\s+(?:up\s+)?(?:(?:all|the|my|our)\s+)*(?P<query>.+?)(?:\s+(?:are\s+there|do\s+(?:i|we)\s+have|have\s+(?:i|we)(?:\s+got)?|exist))?$",
    re.I,
)


def aggregate(named: Named) -> Arguments | None:
    match = _COMPUTED.search(named.text)
    if match:
        function = next(name for name, words in _FUNCTIONS if re.match(words, match[0], re.I))
        field_ = READERS["field"]("field", match["field"], named.around) or {}
        query = match["query"]
    else:
        match = _MANY.search(named.text)
        if match is None:
            return None
        function, field_, query = "count", {}, match["query"]
    per = _PER.fullmatch(query)
    by: Arguments = {}
    if per:
        query = per["query"]
        by = READERS["by"]("by", per["by"], named.around) or {}
    said = (
        {}
        if re.fullmatch(r"(?:files|documents)", query, re.I)
        else _read("set", "query", query, named)
    )
    return None if said is None else {"function": function, **field_, **said, **by}


_WORDS_LED = re.compile(
    r"""(?:words?|phrases?|terms?|keywords?|expressions?|contain\w*|mention\w*|includ\w*|with)\s*:?\s+(?:(?:both|either|all\s+of|any\s+of|the|words?|phrases?|terms?)\s+)*
        (?P<words>.+?)(?:\s+(?:in\s+(?:it|them)|occurs?|appears?|stands?|is\s+found|are\s+found|comes?\s+up))?(?:,\s+(?:please\s+)?\w+\s+(?:them|it).*)?$""",
    re.IGNORECASE | re.VERBOSE,
)


def keywords(named: Named) -> Arguments | None:
    folder = named.take("folder")
    text = named.text
    if folder:
        lead = re.search(
            r"(?:in|under|below|inside|within|of)\s+(?:the\s+)?$", text[: folder.start], re.I
        )
        start = lead.start() if lead else folder.start
        text = f"{text[:start].rstrip()} {text[folder.end :].lstrip()}".strip()
    match = _WORDS_LED.search(text)
    words = _read("keywords", "keywords", match["words"], named) if match else None
    if words is None:
        return None
    return {**words, **({"dir": folder.value} if folder else {})}


_PATTERN_LED = re.compile(
    r"""(?:\bgrep(?:\s+for)?|\bfor|regex|expression|pattern|string|text|words?|phrase|contain\w*|match\w*|say\w*|with|does|do|is|where)\s*:?\s+
        (?:(?:the|exact|literal|plain|text|string|words?|phrase|regex|regular|expression|pattern)\s+)*(?P<pattern>[^\s,?]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_ANY_CASE = re.compile(
    r"\b(?:ignor\w+\s+(?:\w+\s+)?case|case[- ]insensitiv\w*|any\s+case|upper\s+or\s+lower|"
    r"regardless\s+of\s+(?:\w+\s+)?case|case\s+does)",
    re.I,
)
_LITERAL = re.compile(
    r"\b(?:literal\w*|plain\s+text|not\s+as\s+a\s+reg\w*|verbatim|exactly\s+as|no\s+regex|exact\s+(?:string|text|phrase|words?))",
    re.I,
)


def grep(named: Named) -> Arguments | None:
    quote = named.take("quote", "glob")
    if quote:
        pattern = quote.value
    else:
        capital = re.search(r"\b[A-Z][A-Z0-9_]{2,}\b", named.text)
        match = None if capital else _PATTERN_LED.search(named.text)
        if capital is None and match is None:
            return None
        pattern = capital[0] if capital else match["pattern"] if match else ""
    place = named.take("folder", "file")
    return {
        "pattern": pattern,
        **({"dir": place.value} if place else {}),
        **({"ignore_case": True} if _ANY_CASE.search(named.text) else {}),
        **({"fixed": True} if _LITERAL.search(named.text) else {}),
    }  # fmt: skip


_FIELDS_LED = re.compile(
    r"(?:extract|pull|get|take|read|list|show|give\s+me|need|want|find)\w*\s+(?:out\s+)?(?:me\s+)?(?:(?:all|the|every|each|out)\s+)*(?P<fields>[a-z_]+(?:\s+(?!(?:and|out|from|of|in|that|which|stated|named|contained|mentioned)\b)[a-z_]+)?(?:(?:,\s*|\s+and\s+|,\s+and\s+)(?:the\s+)?[a-z_]+(?:\s+(?!(?:and|out|from|of|in|that|which|stated|named|contained|mentioned)\b)[a-z_]+)?)*)\s+(?:out\s+)?(?:from|of|in|that|which|stated|named|contained|mentioned|out)",
    re.I,
)


def extract(named: Named) -> Arguments | None:
    path = named.path()
    match = _FIELDS_LED.search(named.text)
    fields = READERS["fields"]("field", match["fields"], named.around) if match else None
    if path is None or fields is None:
        return None
    if set(fields["field"]) & {"field", "fact", "value", "detail", "data", "everything"}:
        fields = {}
    return {"path": path, **fields}
