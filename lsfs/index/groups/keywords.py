"""Files that hold words exactly: whole, in any case, phrases in quotes, on whatever page.

The full-text index proposes documents, for it finds every word (by its stem, so too many); their
text decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lsfs.errors import UsageError
from lsfs.index.find.scope import Entry, by_document
from lsfs.index.groups.grouped import GroupedFile
from lsfs.index.groups.wording import SPACELESS, Wording, folded, wording
from lsfs.index.store.catalog import Catalog
from lsfs.places import Places

CONDITIONS = ("and", "or")
QUOTE_CHARS = 160
LEAD_CHARS = 40  # of it before the word
LONGEST = 80  # letters of a word that the end of a line may cut in two
_SPACE = r"(?:[^\S\n]+|[^\S\n]*\n[^\S\n]*)"  # within a phrase: a line may end, not a paragraph
_HANGUL = "\uac00-\ud7af"  # words with spaces between, and particles at their ends
_TOKEN = re.compile(r"[^\W_]+")
_LIGATURES = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}


class Keyword(Struct, frozen=True):
    """A word or phrase that is looked for.

    Attributes:
        said: without its quotes.
        pattern: over a :class:`Wording`.
    """

    said: str
    pattern: re.Pattern[str]


class _Text(Struct, frozen=True):
    """A document's text, put together from its passages.

    Attributes:
        places: start, first and last page, first line and place of each passage.
    """

    text: str
    places: Sequence[tuple[int, int | None, int | None, int | None, str]]


def keyword(said: str) -> Keyword:
    """A keyword as it is looked for; quotes around a phrase may be left out.

    Raises:
        UsageError: there is nothing to look for.
    """
    bare = said.strip().strip('"\u201c\u201d\u201e').strip()
    words = folded(bare).split()
    if not words:
        raise UsageError(f"no keyword: {said!r}")
    body = _SPACE.join(re.escape(word) for word in words)
    first, last = words[0][0], words[-1][-1]
    letter = rf"[^\W{SPACELESS}]"
    begins = f"(?<!{letter})" if re.match(letter, first) else ""
    ends = f"(?!{letter})" if re.match(rf"[^\W{SPACELESS}{_HANGUL}]", last) else ""
    return Keyword(bare, re.compile(begins + body + ends))


def _spaceless(text: str) -> bool:
    return re.search(f"[{SPACELESS}]", text) is not None


def parsed(said: Iterable[str]) -> list[Keyword]:
    """Keywords, each once.

    Raises:
        UsageError: there is none, or one is empty.
    """
    found = {one.pattern.pattern: one for one in map(keyword, said)}
    if not found:
        raise UsageError("which keywords?", hint='for example: -w rent -w "notice period"')
    return list(found.values())


def holding(
    catalog: Catalog, words: Sequence[Keyword], condition: str, found: Collection[Entry]
) -> list[GroupedFile]:
    """The files that hold all (``and``) or any (``or``) of the words, with where they do.

    Args:
        found: the files to choose from.

    Raises:
        UsageError: there is no such condition.
    """
    if condition not in CONDITIONS:
        raise UsageError(f"no condition {condition!r}", hint="use and, or")
    files = by_document(found)
    proposed = [_proposed(catalog, word.said) & files.keys() for word in words]
    documents = set.union(*proposed)
    if condition == "and":
        documents = set.intersection(*proposed)
    vocabulary = _Vocabulary(catalog)
    grouped = []
    for document in sorted(documents):
        stored = _text_of(catalog, document)
        compared = wording(stored.text, vocabulary.knows)
        held = [(word, list(word.pattern.finditer(compared.text))) for word in words]
        told = [(word, matches) for word, matches in held if matches]
        if not told or (condition == "and" and len(told) < len(words)):
            continue
        file = _evidence(catalog, document, stored, compared, told)
        grouped += [replace(file, path=entry.path) for entry in files[document]]
    return sorted(grouped, key=lambda file: file.path)


def _evidence(
    catalog: Catalog,
    document: int,
    stored: _Text,
    compared: Wording,
    told: Sequence[tuple[Keyword, list[re.Match[str]]]],
) -> GroupedFile:
    """Which words a document holds, and the place of the first one."""
    reason = ", ".join(f"\u201c{word.said}\u201d \u00d7 {len(found)}" for word, found in told)
    start, end = compared.origin(*told[0][1][0].span())
    begin = stored.text.rfind("\n", 0, start) + 1
    stop = stored.text.find("\n", end)
    if start - begin > LEAD_CHARS:  # from a whole word on
        begin = stored.text.find(" ", start - LEAD_CHARS, start) + 1 or start - LEAD_CHARS
    stop = min(len(stored.text) if stop < 0 else stop, begin + QUOTE_CHARS)
    quote = " ".join(stored.text[begin : max(stop, end)].split())
    first, page, page_end, line, where = [p for p in stored.places if p[0] <= start][-1]
    if page != page_end:  # a passage of two pages: the document knows which
        places = Places(catalog.load(document))
        page = next((span.page for span in places.spans(start, end)), None)
        where = places.where(start, end)
    elif line is not None and where.startswith(":"):
        line += stored.text.count("\n", first, start)
        where = f":{line}"
    return GroupedFile("", reason, quote, page, line, start, end, where)


def _text_of(catalog: Catalog, document: int) -> _Text:
    """The text that a document's passages cover; between them there is but blank space."""
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT text, char_start, page, page_end, line_start, place FROM passage "
            "WHERE document_id = ? ORDER BY ordinal",
            (document,),
        ).fetchall()
    text, at = [], 0
    places = []
    for part, start, page, page_end, line, place in rows:
        text += ["\n" * max(start - at, 0), part]
        at = max(start, at) + len(part)
        places.append((start, page, page_end, line, place))
    return _Text("".join(text), places)


# --- what the full-text index proposes


def _proposed(catalog: Catalog, said: str) -> set[int]:
    """Documents that may hold a keyword, and all that do."""
    if _spaceless(said):
        letters = set(re.findall(f"[{SPACELESS}]", said))
        return set.intersection(*(_with_letter(catalog, letter) for letter in letters))
    tokens = {token for form in _forms(said) for token in _TOKEN.findall(form)}
    if not tokens:  # "++" stands in no index
        with catalog.lock:
            return {row[0] for row in catalog.db.execute("SELECT id FROM document")}
    ways = [_with_tokens(catalog, _TOKEN.findall(form)) for form in _forms(said)]
    return set.union(*ways)


def _forms(said: str) -> list[str]:
    """How a keyword may be written so that the index does not see that it is the same."""
    bare = folded(said)
    forms = [said, bare, bare.replace("ss", "\u00df")]
    for letters, ligature in _LIGATURES.items():
        forms += [form.replace(letters, ligature) for form in forms[:2] if letters in form]
    return list(dict.fromkeys(forms))


def _with_tokens(catalog: Catalog, tokens: Iterable[str]) -> set[int]:
    sets = []
    for token in dict.fromkeys(tokens):
        clean = token.encode("utf-8", "ignore").decode()
        last = len(clean) - 1 if len(clean) <= LONGEST else 0
        cut = (f'"{clean[:n]} {clean[n:]}"' for n in range(2, last))
        begins = " *" if re.match(f"[{_HANGUL}]", clean[-1:]) else ""  # a particle may follow
        match = " OR ".join([f'"{clean}"{begins}', *cut])
        with catalog.lock:
            rows = catalog.db.execute(
                "SELECT DISTINCT p.document_id FROM passage_fts "
                "CROSS JOIN passage p ON p.id = passage_fts.rowid WHERE passage_fts MATCH ?",
                (f"text : ({match})",),
            ).fetchall()
        sets.append({row[0] for row in rows})
    return set.intersection(*sets) if sets else set()


def _with_letter(catalog: Catalog, letter: str) -> set[int]:
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT DISTINCT document_id FROM passage WHERE instr(text, ?) > 0", (letter,)
        ).fetchall()
    return {row[0] for row in rows}


class _Vocabulary:
    """Which words the files have."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._counts: dict[str, int] = {}

    def knows(self, word: str, times: int) -> bool:
        """Whether a word stands in so many passages."""
        word = word.casefold()
        if word not in self._counts:
            with self._catalog.lock:
                rows = self._catalog.db.execute(
                    "SELECT 1 FROM passage_fts WHERE passage_fts MATCH ? LIMIT 2", (f'"{word}"',)
                ).fetchall()
            self._counts[word] = len(rows)
        return self._counts[word] >= times


def terms_in(text: str) -> Iterator[str]:
    """The keywords of one line: words, and phrases in quotes."""
    for phrase, word in re.findall(r'"([^"]+)"|(\S+)', text):
        yield phrase or word
