"""Words that stand in no file, and the words of the files that may have been meant."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

from msgspec import Struct, field

from lsfs.index.find import terms

SHORTEST = 4  # letters of a word that is taken to be misspelt
LONGEST = 40  # and of none longer: no word is
LONG = 8  # letters of a stem from here on of which two may be wrong
MOST = 3  # words that one may stand for
SPLIT = 3  # letters of each half of two words that were written as one
KEPT = 40  # first letters whose words are kept
WRITTEN = 8  # texts that are looked at for how a word is written
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_TABLES = ("passage_fts", "file_fts")


class Correction(Struct, frozen=True):
    """A word that no file has, and what is searched for as well, as a text writes it."""

    word: str
    instead: tuple[str, ...]


class _Words(Struct):
    """Words by first letter, as of one state of the index."""

    state: object = None
    by_letter: dict[str, dict[str, int]] = field(default_factory=dict)


class Speller:
    """Finds the words of the index that are nearest to one that it does not have.

    Its words are stems. All that begin with the same letter are compared by the number of letters
    that were left out, added, changed or swapped with the next (optimal string alignment).
    """

    def __init__(self) -> None:
        self._words = _Words()
        self._lock = threading.Lock()

    def corrections(
        self, db: sqlite3.Connection, words: Sequence[str], state: object
    ) -> list[Correction]:
        """What to search for besides words that are in no text and in no name.

        Args:
            db: the catalog, whose lock the caller holds.
            words: of a query, as written.
            state: changes whenever the index does.
        """
        found = []
        for word in dict.fromkeys(word.lower() for word in words):
            if not SHORTEST <= len(word) <= LONGEST or not word.isalpha() or terms.is_dense(word):
                continue
            if any(_known(db, table, terms.quoted(word)) for table in _TABLES):
                continue
            instead = self._nearest(db, word, state) or _halves(db, word)
            if instead:
                found.append(Correction(word, tuple(instead)))
        return found

    def _nearest(self, db: sqlite3.Connection, word: str, state: object) -> list[str]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        stem = _stem(db, word)
        known: dict[str, int] = {}
        for letter in dict.fromkeys(stem[:2]):  # the first two may have been swapped
            known |= self._of_letter(db, letter, state)
        near: dict[str, int] = {}
        for form in {stem, word}:  # a wrong letter may lead the stemmer astray
            # Of a short stem two letters are another word: "marine" is not "morning".
            allowed = 1 if len(form) < LONG else 2
            for other, distance, _ in process.extract(
                form, list(known), scorer=OSA.distance, score_cutoff=allowed, limit=50
            ):
                near[other] = min(distance, near.get(other, distance))
        least = min(near.values(), default=0)
        best = sorted((one for one in near if near[one] == least), key=lambda one: -known[one])
        shown = (_as_written(db, stem) for stem in best[:MOST])
        return list({one.lower(): one for one in shown if one}.values())

    def _of_letter(self, db: sqlite3.Connection, letter: str, state: object) -> dict[str, int]:
        """Words that begin with a letter, with the number of texts that have them."""
        with self._lock:
            if self._words.state != state or len(self._words.by_letter) > KEPT:
                self._words = _Words(state)
            kept = self._words.by_letter
            if letter not in kept:
                kept[letter] = _beginning(db, letter)
            return kept[letter]


def _beginning(db: sqlite3.Connection, letter: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for table in _TABLES:
        # Of the past, passages are those of the present catalog and names are its own.
        home = "temp" if _is_temporary(db, table) else "main"
        vocabulary = f"{table}_word"
        db.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{vocabulary} "
            f"USING fts5vocab('{home}', '{table}', 'row')"
        )
        rows = db.execute(
            f"SELECT term, doc FROM temp.{vocabulary} WHERE term >= ? AND term < ?",  # noqa: S608
            (letter, chr(ord(letter) + 1)),
        )
        for term, count in rows:
            if term.isalpha() and not terms.is_dense(term):
                found[term] = found.get(term, 0) + count
    return found


def _is_temporary(db: sqlite3.Connection, table: str) -> bool:
    query = "SELECT 1 FROM temp.sqlite_master WHERE name = ?"
    return db.execute(query, (table,)).fetchone() is not None


def _known(db: sqlite3.Connection, table: str, match: str) -> bool:
    query = f"SELECT 1 FROM {table} WHERE {table} MATCH ? LIMIT 1"  # noqa: S608
    return bool(match) and db.execute(query, (match,)).fetchone() is not None


def _stem(db: sqlite3.Connection, word: str) -> str:
    """A word as the index has it."""
    db.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.stemmed "
        f"USING fts5(word, tokenize='{terms.TOKENIZER}')"
    )
    db.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.stem USING fts5vocab('temp', 'stemmed', 'row')"
    )
    db.execute("DELETE FROM temp.stemmed")
    db.execute("INSERT INTO temp.stemmed(word) VALUES (?)", (word,))
    row = db.execute("SELECT term FROM temp.stem").fetchone()
    return row[0] if row else word


def _as_written(db: sqlite3.Connection, stem: str) -> str:
    """A stem as texts have it, in small letters if one has it so; "" if it is part of a word."""
    for table, column in (("passage_fts", 0), ("file_fts", 0), ("file_fts", 1)):
        rows = db.execute(
            f"SELECT highlight({table}, {column}, ?, ?) FROM {table} "  # noqa: S608
            f"WHERE {table} MATCH ? LIMIT ?",
            (_OPEN, _CLOSE, terms.quoted(stem), WRITTEN),
        )
        shown = [part for row in rows for part in str(row[0] or "").split(_OPEN)[1:]]
        forms = [part.partition(_CLOSE)[0] for part in shown]
        if forms:
            return next((form for form in forms if form.islower()), forms[0])
    return ""


def _halves(db: sqlite3.Connection, word: str) -> list[str]:
    """Two words that were written as one, where the files have them side by side."""
    for cut in range(SPLIT, len(word) - SPLIT + 1):
        phrase = f"{word[:cut]} {word[cut:]}"
        if _known(db, "passage_fts", terms.quoted(phrase)):
            return [phrase]
    return []
