"""What is looked for, and the limits that are said with it: how many, of which type, where."""

from __future__ import annotations

import re

from lsfs.syscalls.prompt.slots import Arguments, Surroundings, name_of, number_of

_COUNT = re.compile(
    r"(?:the\s+|my\s+)?(?:(?:top|best|first)\s+)?(?P<count>\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"twelve|twenty)\s+(?:best\s+|most\s+relevant\s+|top\s+)?(?:(?:results?|hits?|matches)\s+(?:for|about|on|matching)\s+)?"
    r"(?P<rest>.+)",
    re.IGNORECASE,
)
_TOP = re.compile(
    r"(?:the\s+|my\s+)?(?:top|best|first)\s+(?P<count>\d{1,3}|three|five|ten|twenty)\s+(?P<rest>.+)",
    re.I,
)
_MOST = re.compile(
    r"(?P<rest>.+?),?\s+(?:and\s+)?(?:\(?(?:at\s+most|no\s+more\s+than|up\s+to|maximum|max|limit(?:ed)?\s+to|only(?:\s+the)?"
    r"(?:\s+(?:top|best|first))?|top|give\s+me|show(?:\s+me)?)\s+(?:the\s+)?(?:top\s+|best\s+|first\s+)?"
    r"(?P<count>\d{1,3}|one|two|three|four|five|ten|twenty)(?:\s+(?:best\s+|top\s+)?(?:results?|hits?|files?|documents?|matches|of\s+them|only))?\)?)",
    re.IGNORECASE,
)
_ENOUGH = re.compile(
    r"(?P<rest>.+?),?\s+(?:and\s+)?the\s+(?:(?:best|top|first)\s+)?"
    r"(?P<count>\d{1,3}|one|two|three|four|five|ten|twenty)\s+(?:best\s+|top\s+|first\s+)?"
    r"(?:(?:ones|results?|hits?)\s+)?(?:will\s+do|are\s+enough|is\s+enough|suffice)",
    re.IGNORECASE,
)
_TYPES = {
    "pdf": "pdf", "pdfs": "pdf", "word": "docx", "docx": "docx",
    "spreadsheets": "spreadsheet", "xlsx": "xlsx",
    "excel": "xlsx", "markdown": "md", "text": "txt", "txt": "txt", "html": "html", "csv": "csv",
    "csvs": "csv", "eml": "eml", "pptx": "pptx", "md": "md",
    "emails": "email", "e-mails": "email", "mails": "email", "presentations": "presentation",
    "slides": "presentation", "pictures": "image", "photos": "image", "images": "image",
}  # fmt: skip
_TYPE = re.compile(
    r"(?P<rest>.+?),?\s+(?:\(?(?:only|but\s+only|just|as|in)\s+(?:the\s+)?(?P<type>"
    + "|".join(_TYPES)
    + r")"
    r"(?:\s+(?:files?|documents?|ones|format))?(?:\s+only)?|(?P<type2>"
    + "|".join(_TYPES)
    + r")(?:\s+files?)?\s+only)\)?",
    re.IGNORECASE,
)
_NOT_TYPE = re.compile(
    r"(?P<rest>.+?),?\s+(?:but\s+)?(?:no|not|without|except|excluding|leave\s+out)\s+(?:the\s+|any\s+)?(?P<type>"
    + "|".join(_TYPES) + r")(?:\s+files?)?",
    re.IGNORECASE,
)  # fmt: skip
_NOT_DIR = re.compile(
    r"(?P<rest>.+?),?\s+(?:(?:that|which)\s+are\s+|but\s+)?(?:not|except|excluding|leaving\s+out|without)\s+(?:in|under|below|inside|from|those\s+in|the\s+ones\s+in)\s+(?P<dir>.+)",
    re.IGNORECASE,
)
_DIR = re.compile(
    r"(?P<rest>.+?),?\s+(?:but\s+only\s+|only\s+)?(?:(?:in|under|inside|within|below|from)\s+(?P<dir>(?:the\s+|my\s+)?"
    r"(?:(?:folder|directory)\s+.+|.+?\s+(?:folder|directory)|\S+/\S*|\S+))|"
    r"of\s+(?P<of>(?:the\s+|my\s+)?(?:folder|directory)\s+\S+))",
    re.IGNORECASE,
)
_HAVE = re.compile(
    r"^(?:whatever|everything|anything|all|what)\s+(?:that\s+)?(?:we|i|you)\s+have\s+(?:got\s+)?"
    r"(?:on|about)\s+(?=\S)",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:(?:all|any|every|the|my|our|of|me|some|out)\s+)+", re.IGNORECASE)
_NO_QUERY = re.compile(
    r"(?:files?|documents?|everything|anything|something|it|that|this|them|stuff|things?|all|out.*)",
    re.I,
)


def query(name: str, words: str, around: Surroundings) -> Arguments | None:
    """The description as it was said, with ``k``, ``type`` and ``dir`` where they were said too."""
    found: Arguments = {}
    text = words
    for pattern in (_COUNT, _TOP, _MOST, _ENOUGH):
        match = pattern.fullmatch(text)
        if match:
            count = number_of(match["count"])
            found, text = {"k": count}, match["rest"]
            break
    while True:  # what is said last limits first
        for limit in (_of_type, _elsewhere, _below):
            peeled = limit(text, around)
            if peeled is not None and not found.keys() & peeled[0].keys():
                found, text = {**found, **peeled[0]}, peeled[1]
                break
        else:
            break
    said_of = _LEAD.sub("", _HAVE.sub("", text)).strip(" ,:")
    if not said_of or _NO_QUERY.fullmatch(said_of):
        return None
    plain = around.plain(said_of)
    whole = re.fullmatch(r'"([^"]*)"', plain)
    return {name: whole[1] if whole else plain, **found}


Peeled = tuple[Arguments, str] | None


def _of_type(text: str, around: Surroundings) -> Peeled:
    match = _TYPE.fullmatch(text)
    if match:
        return {"type": [_TYPES[(match["type"] or match["type2"]).lower()]]}, match["rest"]
    match = _NOT_TYPE.fullmatch(text)
    return ({"not_type": [_TYPES[match["type"].lower()]]}, match["rest"]) if match else None


def _elsewhere(text: str, around: Surroundings) -> Peeled:
    match = _NOT_DIR.fullmatch(text)
    folder = name_of(match["dir"].rstrip("/"), around) if match else ""
    return ({"not_dir": [folder]}, match["rest"]) if match and folder else None


def _below(text: str, around: Surroundings) -> Peeled:
    match = _DIR.fullmatch(text)
    if match is None:
        return None
    said = match["dir"] or match["of"]
    is_said = bool(re.search(r"\b(?:folder|directory)\b|/", said, re.IGNORECASE))
    folder = name_of(said.rstrip("/"), around)
    is_one = folder and folder != "." and (is_said or around.is_folder(folder))
    return ({"dir": folder}, match["rest"]) if is_one else None
