"""Questions that ask for a summary: "summarize the Harbour Street lease in one sentence"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.errors import NotFound, ParseError
from lsfs.model import FoundFile, QueryPlan

if TYPE_CHECKING:
    from lsfs.summaries import Summary
    from lsfs.syscalls.ask import Answer, AskRequest
    from lsfs.syscalls.engines import Call

_POLITE = r"(?:please\s+|bitte\s+|can\s+you\s+|could\s+you\s+|(?:ich|i)\s+(?:want|need)\s+)*"
_SIZED = (
    r"(?:(?:very\s+)?(?:short|brief|quick|concise|long|detailed|full|one[- ](?:line|sentence))\s+)?"
)
_FORMS = (
    re.compile(rf"\W*{_POLITE}(?:summari[sz]e|sum\s+up|tl;?dr)\b:?\s*(?P<what>.*)", re.I | re.S),
    re.compile(
        rf"\W*{_POLITE}(?:(?:give|show|write|make)\s+(?:me\s+)?)?(?:an?\s+|the\s+)?(?P<sized>{_SIZED})"
        r"(?:summary|overview|gist|précis)\s+of\s+(?P<what>.+)",
        re.I | re.S,
    ),
    re.compile(rf"\W*{_POLITE}fass[et]?\s+(?P<what>.+?)\s+zusammen\W*$", re.I | re.S),
    re.compile(
        r"\W*(?:eine\s+)?(?:kurze\s+)?zusammenfassung\s+(?:von|des|der|über)\s+(?P<what>.+)",
        re.I | re.S,
    ),
    re.compile(r"\W*(?:résume[zr]?|resume|resumir|riassumi)\s+(?P<what>.+)", re.I | re.S),
)
_IN_A = re.compile(
    r"\s*,?\s*\b(?:in|on|as|auf|mit)\s+(?:just\s+|only\s+)?(?:an?|one|einer?|einem|the\s+form\s+of\s+an?)\s+"
    r"(?:single\s+|short\s+)?(?P<length>line|sentence|paragraph|page|report|satz|zeile|absatz|seite|"
    r"bericht)\b",
    re.IGNORECASE,
)
_LENGTHS = {
    "line": "line", "sentence": "line", "satz": "line", "zeile": "line",
    "paragraph": "paragraph", "absatz": "paragraph",
    "page": "page", "seite": "page", "report": "report", "bericht": "report",
}  # fmt: skip
_LEADING = re.compile(r"(?:(?:me|for\s+me|the\s+(?:document|file|folder)|all\s+of)\s+)+", re.I)


class AskedSummary(Struct, frozen=True):
    """What is to be summed up, and how long the summary is to be."""

    what: str
    length: str


def asked_summary(question: str) -> AskedSummary | None:
    """The summary that a question asks for; None when it asks for none."""
    length = "paragraph"
    sized = _IN_A.search(question)
    if sized:
        length = _LENGTHS[sized["length"].casefold()]
        question = question[: sized.start()] + question[sized.end() :]
    for form in _FORMS:
        match = form.match(question)
        if match is None:
            continue
        size = (match.groupdict().get("sized") or "").casefold()
        if not sized and size:
            long = any(word in size for word in ("long", "detailed", "full"))
            length = "page" if long else "line" if "one" in size else length
        what = _LEADING.sub("", match["what"].strip(), count=1).strip(' ?.!"\u201c\u201d')
        return AskedSummary(what, length)
    return None


def answered(call: Call, request: AskRequest, asked: AskedSummary, files: Sequence[str]) -> Answer:
    """The summary that was asked for, as an answer.

    Args:
        files: the files that the conversation is about; they are meant by "it".
    """
    from lsfs.syscalls.ask import NOT_FOUND, Answer
    from lsfs.syscalls.summarize import SummarizeRequest, summarize

    what = files[0] if len(files) == 1 else asked.what
    plan = QueryPlan(asked.what, notes=(f"a summary ({asked.length}) of: {what or 'all files'}",))
    if request.plan:
        return Answer("", False, (), (), plan, by="plan")
    try:
        found = summarize(call, SummarizeRequest(what, asked.length, dir=request.dir))
    except (NotFound, ParseError) as error:
        return Answer(f"{NOT_FOUND} ({error.message})", False, (), (), plan)
    if not found.statements:
        return Answer(f"{NOT_FOUND} ({found.summary})", False, (), (), plan)
    call.emit({"text": found.summary})
    return Answer(
        found.summary,
        found.grounded,
        found.citations,
        tuple(_file(call, path, found) for path in found.paths),
        plan,
        by="summary",
        notes=found.notes,
        statements=found.statements,
    )


def _file(call: Call, path: str, found: Summary) -> FoundFile:
    with call.engines.catalog.lock:
        row = call.engines.catalog.db.execute(
            "SELECT f.kind, f.day, coalesce(d.title, '') FROM file f "
            "LEFT JOIN document d ON d.id = f.document_id WHERE f.path = ?",
            (path.encode("utf-8", "surrogateescape"),),
        ).fetchone()
    kind, day, title = row or ("", "", "")
    first = next((one for one in found.citations if one.path == path), None)
    page, where = (first.page, first.where) if first else (None, "")
    return FoundFile(path, 1.0, title, day, kind, page, first.quote if first else "", where)
