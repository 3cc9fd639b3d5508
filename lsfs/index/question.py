"""How a question is read: its filters, its words, and whether it asks for files.

Deterministic and without a model. Each reading is taken out of the question where it stands and
noted in words; what no rule reads stays in the query, where it does no harm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from lsfs.index import questionwords as w
from lsfs.index import timespan
from lsfs.index.dates import fold
from lsfs.index.kinds import kinds_in, kinds_of_many
from lsfs.model import DaySpan, QueryPlan

MAX_CHARS = 4000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words for a file's format, and the type that each stands for.
_TYPE_WORDS = {
    word: name
    for name, words in {
        "pdf": "pdf pdfs",
        "spreadsheet": "spreadsheet spreadsheets tabellen hoja_de_calculo",
        "excel": "excel",
        "word": "docx word_document word_documents word_file word_files word_docs word-dokumente",
        "email": "email emails e-mail e-mails mails courriels correos",
        "presentation": "powerpoint powerpoints",
        "html": "html webpages web_pages",
        "markdown": "markdown",
        "image": "image images photo photos picture pictures fotos bilder",
        "csv": "csv csvs",
        "text": "text_file text_files",
    }.items()
    for word in words.split()
}
_FILE_WORDS = _words(
    """file files document documents doc docs everything anything dateien datei dokument dokumente
    unterlagen fichier fichiers archivo archivos documento documentos documenti stuff items"""
)
_EXPLICIT = re.compile(
    r"(?<!\S)(after|before|type|dir|folder|author|kind):(\"[^\"]*\"|[^\s\"]+)", re.IGNORECASE
)
_GLOB = re.compile(r"(?<!\S)\*?\.([A-Za-z][A-Za-z0-9]{0,4})(?=[\s,;?!]|$)")
_NAME = r"[^\W_][\w&.-]*"
_PLACE = r"\"[^\"]+\"|'[^']+'|[^\s,;?!\"']+"
_FOLDER = (
    re.compile(
        rf"\b(?:in|from|under|inside|of|im|aus dem|dans|en|nel(?:la)?|de)\s+"
        rf"(?:the\s+|le\s+|la\s+|my\s+)?"
        rf"(?:folder|directory|ordner|verzeichnis|dossier|répertoire|carpeta|cartella)\s+"
        rf"(?:called\s+|named\s+)?({_PLACE})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:in|from|under|inside)\s+(?:the\s+|my\s+)?({_PLACE})\s+(?:folder|directory)\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:in|under|inside|below)\s+((?=[^\s/]*[^\W\d][^\s/]*/)[^\s/,;?!]+(?:/[^\s/,;?!]+)*)/?"
    ),
)
_PERSON = r"[A-Z\u00c0-\u00de][\w'\u2019-]+|[A-Z]\."
_AUTHOR = re.compile(
    rf"\b(written by|authored by|sent by|prepared by|drafted by|created by|by|from|von|par|de|por|"
    rf"da|di)\s+((?:(?:Mr|Mrs|Ms|Dr|Prof|Herrn?|Frau|Mme)\.?\s+)?(?:{_PERSON})"
    rf"(?:\s+(?:(?:van|von|de|der|del|di|la|le)\s+)*(?:{_PERSON})){{0,3}})"
)
_NOT_PERSONS = _words(
    """inc ltd llc corp gmbh ag sa company bank the and department university ministry council group
    monday tuesday wednesday thursday friday saturday sunday co plc kg se bv"""
)
_DONE_TO = _words(
    """signed paid approved issued made sold bought owned used required followed caused affected
    rented leased provided countersigned covered"""
)
_TOPIC = re.compile(
    r"\b(?:about|regarding|concerning|mention\w*|discuss\w*|containing|that|which|where|related|"
    r"über|betreffend|sur|concernant|sobre|su|riguardo)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:(?:that|which)\s+)?(?:(?:was|were|i|we|have|been)\s+)*(?:last\s+)?(?:modified|changed|edited|"
    r"updated|saved|touched|added|uploaded|geändert\w*|bearbeitet\w*|modifi[ée]+s?|modificad[oa]s|"
    r"modificat[ie])\s+\Z",
    re.IGNORECASE,
)
# "expiring after 2025" is about another date than the document's own.
_OTHER_EVENT = re.compile(
    r"\b(?:expir\w+|end(?:s|ed|ing)?|due|terminat\w+|valid|running|born|renew\w*|ablauf\w*|endet|"
    r"enden|fällig|expirant|vencen?|scadono|scade|start(?:s|ed|ing)?|beg[aiu]n(?:s|ning)?|"
    r"commenc\w*|(?:takes?|took|taking)\s+effect|auslaufend\w*|ablaufend\w*|endend\w*|beginn\w*|"
    r"begann\w*|starten\w*|débutant|finissant|prenant\s+fin|comienzan?|empiezan?|terminan?|"
    r"iniziano|inizia|finiscono|finisce)\s+\Z",
    re.IGNORECASE,
)
_BEGINNING = re.compile(r"(?:start|end|(?P<ing>starting|beginning))\s+(?:in|on)\b", re.IGNORECASE)
_HAVE_TERMS = {"contract", "policy", "quote", "order"}  # begin and end; a series of mails does not
# What was done to the files at the time that was asked for; the time is what matters.
_DONE = re.compile(
    r"(?:\b(?:that|which|did|do|have|has|was|were|are|been|be|we|i|they|get|got)\s+)*"
    r"\b(?:signed|dated|made|issued|sent|received|written|created|concluded|published|sign|send|"
    r"receive|write|issue|get|taken|datiert|unterschrieben|geschrieben|signés?|signées?|datant|firmad[oa]s|"
    r"firmat[ie]|datat[ie])\s+\Z",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r"\b(?:in|from|per|inside|im|dans|en|nel)\s+(?:(?:the|an?|my|our|any|all|that|this)\s+)?(?:\w+\s+)?\Z",
    re.IGNORECASE,
)
# The frame of a question: who asks and how, not what for.
_POLITE = re.compile(
    r"\A\W*(?:(?:please|bitte|kindly|hey|ok|can|could|would|will|you|i|we|need|want|like|to|see|"
    r"i'd|i'm|looking|help|me|hi|hello|s'il vous plaît|por favor)\b[\s,]*)+",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"\A\W*(?:(?:show|list|find|give|get|search|display|open|fetch|bring up|look|pull up|zeig|"
    r"zeige|liste|finde|suche|gib|montre|montrez|trouve|liste[rz]?|affiche|donne|cherche|muestra|"
    r"muéstrame|busca|encuentra|lista|mostra|mostrami|trova|cerca|elenca)(?:-moi)?\b[\s,]*)"
    r"(?:(?:me|us|for|up|mir|uns|all|alle|toutes?|tous|todos|todas|tutti|tutte|of|the|my|our|any|"
    r"every|die|les|los|las|le|i|gli)\b\s*)*",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"\A\W*(?:which|what|welche[rsmn]?|quels?|quelles?|qué|que|cuáles|quali|how many|wie viele|"
    r"combien de|cuántos|cuántas|quanti|quante)\s+(?:of\s+)?"
    rf"(?:(?:are|were|sind|sont|son|sono|(?:is|ist|est|es|è)(?=\s+(?:\w+\s+)?{w.LATEST_WORDS}))\s+)?"
    r"(?:(?:the|my|our|all|die|les|los|las|le|i|gli)\s+)*",
    re.IGNORECASE,
)
_EXISTS = re.compile(
    r"\A\W*(?:(?:do|does|did)\s+(?:we|i|you)\s+(?:have|own|keep)|(?:are|is|were)\s+there|have\s+(?:we|i)\s+"
    r"got|gibt es|haben wir|y a-t-il|il y a|hay|ci sono|where\s+(?:is|are))\s+"
    r"(?:(?:any|a|an|the|some|my|our)\s+)*",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"\A\W*(?:summari[sz]e|compare|explain|tell|describe|translate|calculate|count|extract|"
    r"what|who|whom|whose|when|where|why|how|is|are|was|were|does|do|did|has|have|had|can|"
    r"should|which|welche[rsmn]?|quels|quelles|cuáles|cuántos|cuántas|quali|quanti|quante|qué|que|"
    r"gibt es|haben wir|y a-t-il|il y a|hay|ci sono|wer|was|wann|wo|warum|wie|wieviel|ist|hat|"
    r"qui|quand|où|pourquoi|comment|combien|"
    r"quel|quelle|quién|cuándo|dónde|cuánto|cuál|cómo|chi|quando|dove|perché|quanto|qual|come)\b",
    re.IGNORECASE,
)
_HEAD_END = _words(
    """in on of from for with about by at to that which who where between since until before after
    regarding concerning containing mentioning signed sent dated made written is are was were do
    does did have has expire expires mention mentions contain contains discuss im von vom mit aus
    für fur uber zu zum bei de du des d dans avec pour sur del con para por sobre di della su per
    we i you they show talk deal and created received modified issued concluded printed due taken"""
)
# The same in other languages, which may also begin a name or a question: "Al Smith contracts".
_HEAD_LINKS = _words(
    """zur an ans am auf gegen ohne um wegen zwischen nach vor seit der die das den dem ein eine
    einen einem einer a al au aux le la les l un une chez entre sans vers el los las alla allo ai
    agli il lo gli i dei degli delle dal dalla nel nella gilt gelten"""
)
_DETERMINERS = _words(
    """the a an all any my our every some die der das den dem alle meine unsere les la le l mes nos
    los las el mis tous toutes todos todas i gli il lo tutti tutte"""
)
_LEFT_OVER = _words(
    """about regarding concerning over from in of on at by for the a an all and or during with my
    our to dated im aus von vom de du des en del di il le la los las der die das any is are was were
    there do we have les los las el un une una ein eine den dem"""
)
_TOKEN = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")


@dataclass
class _Reading:
    """A question while it is read.

    Attributes:
        text: the question; what was read is blanked out, so that places stay.
        plan: what was read.
        filtered: whether anything at all became a filter.
    """

    text: str
    plan: QueryPlan
    notes: list[str] = field(default_factory=list)
    filtered: bool = False

    def copy(self) -> _Reading:
        return replace(self, notes=[*self.notes])

    def blank(self, start: int, end: int) -> None:
        self.text = f"{self.text[:start]}{' ' * (end - start)}{self.text[end:]}"

    def take(self, start: int, end: int, note: str) -> None:
        self.blank(start, end)
        self.notes.append(note)
        self.filtered = True


def plan(question: str, today: date) -> QueryPlan:
    """Read a question.

    Args:
        question: any text.
        today: the day that "last month" counts from.

    Returns:
        The plan: filters, the words that remain, and whether files are asked for.
    """
    reading = _Reading(question.replace("\0", " ")[:MAX_CHARS], QueryPlan(query=""))
    _read_explicit(reading)
    _read_globs(reading)
    _read_folder(reading)
    fact = _asks_fact(_read_time(reading, today))
    if not fact:
        _read_amount(reading)
    latest = not fact and _read_latest(reading)
    shape = reading.text
    # In a question for a fact "from Jane Smith" may be the fact's own words, not the file's.
    listed = reading.copy()
    if not fact:
        _read_author(listed)
    _read_types(listed, fact)
    _read_kinds(listed)
    listing = not fact and (latest or _lists(shape, listed))
    if listing or listed.plan.author == reading.plan.author:
        reading = listed
    else:
        _read_types(reading, fact)
        _read_kinds(reading)
    query = _remaining(reading, question, listing)
    return replace(reading.plan, query=query, listing=listing, notes=tuple(reading.notes))


# --- filters that are written as such


def _read_explicit(reading: _Reading) -> None:
    for match in _EXPLICIT.finditer(reading.text):
        name, value = match[1].lower(), match[2].strip('"')
        if name in ("after", "before"):
            day = _iso_day(value)
            if day is None:
                reading.notes.append(f"{match[0]!r} is no day and was not read")
                continue
            after = day.isoformat() if name == "after" else reading.plan.after
            before = day.isoformat() if name == "before" else reading.plan.before
            filled = replace(reading.plan, after=after, before=before)
        elif name == "author":
            filled = replace(reading.plan, author=value)
        elif name == "type":
            filled = replace(reading.plan, types=_more(reading.plan.types, value.lower()))
        elif name == "kind":
            known = kinds_in([value])
            kind = known.pop() if len(known) == 1 else value.lower()
            filled = replace(reading.plan, kinds=_more(reading.plan.kinds, kind))
        else:
            filled = replace(reading.plan, dir=_folder(value))
        reading.plan = filled
        reading.take(*match.span(), f"{match[0]!r} read as a filter")


def _more(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    return values if value in values else (*values, value)


def _iso_day(text: str) -> date | None:
    """The first day of 2023-05-31, 2023-05 or 2023; None when it is no such day."""
    match = re.fullmatch(r"([12]\d{3})(?:-(\d{2})(?:-(\d{2}))?)?", text, re.ASCII)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None


def _folder(text: str) -> str:
    """A folder as a path relative to the drive; what would leave it is dropped."""
    parts = text.strip("\"'").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _read_globs(reading: _Reading) -> None:
    for match in _GLOB.finditer(reading.text):
        ending = match[1].lower()
        reading.plan = replace(reading.plan, types=_more(reading.plan.types, ending))
        reading.take(*match.span(), f"{match[0]!r} read as files that end in .{ending}")


def _read_folder(reading: _Reading) -> None:
    for form in _FOLDER:
        match = form.search(reading.text)
        folder = _folder(match[1]) if match else ""
        if match is None or not folder or fold(folder) in ("the", "a", "this", "that", "which"):
            continue
        reading.plan = replace(reading.plan, dir=folder)
        reading.take(*match.span(), f"{match[0]!r} read as the folder {folder!r}")
        return


# --- time


def _read_time(reading: _Reading, today: date) -> str:
    """Take the time phrases out; gives the question with only these out of it."""
    phrases = timespan.find(reading.text, today)
    if reading.plan.after or reading.plan.before:
        phrases = []  # written filters outrank prose
    found = []
    for phrase in phrases:
        lead = reading.text[: phrase.start]
        verb = _BEGINNING.match(phrase.words)
        begins = verb and (not verb["ing"] or kinds_in(lead.split()[-1:]) & _HAVE_TERMS)
        if begins or _OTHER_EVENT.search(lead):
            reading.notes.append(f"{phrase.words!r} is said of another date; left as words")
        else:
            found.append((phrase, _CHANGED.search(lead)))
    if any(changed for _, changed in found):
        # One field only: what was said of changes outranks what the documents say.
        found = [pair for pair in found if pair[1]]
        reading.plan = replace(reading.plan, date_field="mtime")
    whole = reading.text
    for phrase, changed in found:
        _narrow(reading, phrase.span)
        note = _time_note(phrase, reading.plan.date_field)
        reading.take(changed.start() if changed else phrase.start, phrase.end, note)
        whole = f"{whole[: phrase.start]}{' ' * (phrase.end - phrase.start)}{whole[phrase.end :]}"
    asked = _asks_fact(whole)
    for phrase, _ in found:
        done = _DONE.search(reading.text[: phrase.start])
        if done is not None and not asked:
            reading.blank(done.start(), done.end())
    return whole


def _narrow(reading: _Reading, span: DaySpan) -> None:
    """Add a span: two open ends make one span of both; two closed ones the span around both."""
    after = span.start.isoformat() if span.start else ""
    before = span.end.isoformat() if span.end else ""
    old = reading.plan
    if (old.after and old.before) and (after and before):
        after, before = min(old.after, after), max(old.before, before)
    else:
        after = max(old.after, after)
        before = min(filter(None, (old.before, before)), default="")
    reading.plan = replace(reading.plan, after=after, before=before)


def _time_note(phrase: timespan.TimePhrase, date_field: str) -> str:
    span, last = phrase.span, ""
    if span.end is not None:
        last = (span.end - timedelta(days=1)).isoformat()
    if span.start is None:
        days = f"up to {last}"
    elif not last:
        days = f"{span.start.isoformat()} and later"
    else:
        days = f"{span.start.isoformat()} … {last}"
    where = "times of change" if date_field == "mtime" else "dates in the documents"
    note = f" ({phrase.note})" if phrase.note else ""
    return f"{phrase.words!r} read as {days}, {where}{note}"


# --- people, types, kinds


def _read_author(reading: _Reading) -> None:
    if reading.plan.author:
        return
    for match in _AUTHOR.finditer(reading.text):
        lead, name = match[1].lower(), match[2].strip()
        words = [fold(word.strip(".")) for word in name.split()]
        before = _TOKEN.findall(reading.text[: match.start()])
        if any(word in _NOT_PERSONS for word in words) or (before and fold(before[-1]) in _DONE_TO):
            continue
        mails = {"letter", "email"} & kinds_in(before) or w.MAIL_WORDS & {*map(fold, before[-1:])}
        # "from Berlin" is a place as often as a person; two names, or a sender, make it sure.
        sure = len(words) > 1 or lead.endswith("by") or (mails and lead in ("from", "von"))
        if not before or not sure or kinds_in(words):
            continue
        reading.plan = replace(reading.plan, author=name)
        reading.take(*match.span(), f"{match[0]!r} read as the author {name!r}")
        return


def _read_amount(reading: _Reading) -> None:
    """Take out what a listing's amounts should be: no filter knows them, no file says them so."""
    end = _topic(reading.text)
    for match in list(w.AMOUNT.finditer(reading.text)):
        if match.start() > end:
            return
        before = _TOKEN.findall(reading.text[: match.start()])
        following = _TOKEN.match(reading.text[match.end() :].lstrip())
        bare = following is None or fold(following[0]) in _HEAD_END | _LEFT_OVER
        if (
            match["sign"]
            or match["unit"]
            or match["k"]
            or (bare and kinds_in(before) & w.MONEY_KINDS)
        ):
            reading.blank(*match.span())
            reading.notes.append(f"{match['said']!r} is not used as a filter")


def _read_latest(reading: _Reading) -> bool:
    """Take out "latest" before the files that it is said of; whether it was there."""
    found = w.LATEST.search(reading.text, 0, _topic(reading.text))
    if found is not None:
        before, after = reading.text[: found.start()], reading.text[found.end() :]
        found = found if _names_files(after) and not _names_files(_bare(before)) else None
    if found is None:
        found = w.LATEST_AFTER.search(reading.text)
        if found is None or not _names_files(_bare(reading.text[: found.start()])):
            return False
    frame = _WHICH.match(reading.text, 0, found.end())
    reading.blank(*found.span())
    if frame is not None:
        reading.blank(*frame.span())
    reading.notes.append(f"{found[0]!r} is not a filter: newest first")
    return True


def _bare(text: str) -> str:
    """A question without its polite words and its command."""
    return _COMMAND.sub("", _POLITE.sub("", text), count=1)


def _is_mail(text: str, match: re.Match[str]) -> bool:
    """Whether "mail" or "message" is what is listed: alone, or before a sender or a topic."""
    following = _TOKEN.search(text, match.end())
    before = _TOKEN.findall(_bare(text[: match.start()]))
    heads = _DETERMINERS.issuperset(map(fold, before))
    gap = text[match.end() : following.start()] if following else "  "
    if following is None or len(gap) > 1:
        return heads or match[0].lower().endswith("s")
    return fold(following[0]) in w.MAIL_LINKS


def _read_types(reading: _Reading, fact: bool) -> None:
    """Types asked for; "about emails" names a topic, "her email" a fact."""
    end = _topic(reading.text)
    matches = list(_TOKEN.finditer(reading.text, 0, end))
    skip = -1
    for i, match in enumerate(matches):
        following = matches[i + 1] if i + 1 < len(matches) else match
        pair = f"{match[0]}_{following[0]}".lower()
        last = following if pair in _TYPE_WORDS else match
        name = _TYPE_WORDS.get(pair) or _TYPE_WORDS.get(match[0].lower())
        if name is None and fold(match[0]) in w.MAIL_WORDS and _is_mail(reading.text, match):
            name = "email"
        if name is None or i <= skip or _compound(reading.text, last.end()):
            continue
        if fact and not _WITHIN.search(reading.text[: match.start()]):
            continue
        skip = i + (last is following)
        reading.plan = replace(reading.plan, types=_more(reading.plan.types, name))
        words = reading.text[match.start() : last.end()]
        reading.take(match.start(), last.end(), f"{words!r} read as the file type {name}")


def _topic(text: str) -> int:
    """Where a question turns from what is asked for to what it is about."""
    frame = _WHICH.match(_POLITE.sub("", text))
    topic = _TOPIC.search(text, frame.end() if frame else 0)
    return topic.start() if topic and _TOKEN.search(text, 0, topic.start()) else len(text)


def _compound(text: str, end: int) -> bool:
    """Whether a type word only qualifies the next one ("email policy", "image processing")."""
    following = _TOKEN.match(text, end + 1) if text[end : end + 1] == " " else None
    if following is None:
        return False
    word = fold(following[0])
    return word not in _HEAD_END | _LEFT_OVER | _FILE_WORDS and not kinds_in([word]) - {"policy"}


def _read_kinds(reading: _Reading) -> None:
    """Kinds asked for, before a topic; their words stay in the query."""
    head = reading.text[: _topic(reading.text)]
    # The first group of nouns is what is asked for: "letters" in "letters to the contract office".
    for part in re.split(r"\b(?:to|of|for|with|on|zu|an|für|à|pour|para|per)\b", head):
        kinds = kinds_in(_TOKEN.findall(part)) - set(reading.plan.kinds)
        kinds.discard("email")  # a type; both together would miss the half of each
        if kinds:
            reading.plan = replace(
                reading.plan, kinds=tuple(dict.fromkeys((*reading.plan.kinds, *sorted(kinds))))
            )
            reading.notes.append(f"kinds asked for: {', '.join(sorted(kinds))}")
            return


# --- files or a fact?


def _asks_fact(text: str) -> bool:
    """Whether a question has the form of one for a fact, not for files."""
    asked = _POLITE.sub("", text)
    if _COMMAND.match(asked):
        return False
    for form in (_WHICH, _EXISTS):
        frame = form.match(asked)
        if frame is not None and _names_files(asked[frame.end() :]):
            return False
    return _FACT.match(asked) is not None


def _names_files(text: str) -> bool:
    """Whether the first noun phrase names files: a kind, a type or "documents"."""
    head: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        # A gap is where a filter was taken out: the phrase ends there.
        gap = text[end : match.start()] if head else ""
        if not head and fold(match[0]) in _DETERMINERS:
            continue
        if head and fold(match[0]) in _HEAD_LINKS:
            break
        if fold(match[0]) in _HEAD_END or len(gap) > 2 or "," in gap:
            break
        head.append(fold(match[0]))
        end = match.end()
    while head and any(char.isdigit() for char in head[-1]):
        head.pop()  # invoice 4711
    if not head:
        return False
    last = " ".join(head[-2:])
    named = _FILE_WORDS | _TYPE_WORDS.keys() | (w.MAIL_WORDS if len(head) == 1 else frozenset())
    if head[-1] in named or last.replace(" ", "_") in _TYPE_WORDS:
        return True
    plural = any(kinds_of_many(word) for word in head)
    # A singular counts at the end only: "the contract terms" are no contract, a "bank statement" is
    # a statement.
    ends = kinds_in(head[-1:]) or kinds_in(head[-2:]) - kinds_in(head[-2:-1])
    return plural or bool(ends)


def _lists(text: str, reading: _Reading) -> bool:
    """Whether what is no question for a fact asks for files."""
    asked = _POLITE.sub("", text)
    command = _COMMAND.match(asked)
    if command is not None:
        if fold(command[0].split()[0]).startswith("list"):
            return True
        asked = asked[command.end() :]
    else:
        for form in (_WHICH, _EXISTS):
            frame = form.match(asked)
            if frame is not None:
                return _names_files(asked[frame.end() :])
    if not _TOKEN.search(asked):
        return reading.filtered  # nothing but filters
    by_form = bool(reading.plan.types or reading.plan.author or reading.plan.dir)
    only_form = by_form and not _TOKEN.search(reading.text)
    return _names_files(asked) or only_form


# --- what remains to be searched for


def _remaining(reading: _Reading, question: str, listing: bool) -> str:
    """The words to look for: without the frame, as long as something remains to go by."""
    words = reading.text
    whole = " ".join(words.split())
    if listing:
        words = _POLITE.sub("", words)
        for form in (_COMMAND, _EXISTS, _WHICH):
            words = form.sub("", words, count=1)
    kept = words.split()
    if listing:
        kept = [word for word in kept if fold(word.strip(".,;?!")) not in _FILE_WORDS]
    while kept and fold(kept[-1].strip(".,;:?!")) in _LEFT_OVER:
        kept.pop()
    while kept and (fold(kept[0]) in _LEFT_OVER or not _TOKEN.search(kept[0])):
        kept.pop(0)
    rest = " ".join(kept).strip(" ,;:?!")
    if _TOKEN.search(rest) or reading.filtered:
        return rest if _TOKEN.search(rest) else ""
    return whole or " ".join(question.split())
