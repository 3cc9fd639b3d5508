"""Words as the full-text index knows them, and the forms of a word that its tokenizer cannot see.

FTS5's ``unicode61`` makes one token of a whole run of Chinese, Japanese, Korean or Thai, of an
identifier like ``getUserName``, and leaves full-width letters, ligatures, ``ß`` or Greek accents as
they are. What it misses stands as extra words in the column ``parts`` of the full-text tables:
:func:`parts_of` makes them of a text, :func:`forms` of a word that is looked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import filterfalse
from typing import NamedTuple

from lsfs.index.find.han import simplified

VERSION = 2  # raise when :func:`parts_of` makes other words: those that are stored are made anew
TOKENIZER = "porter unicode61 remove_diacritics 2"  # of the full-text tables; see the schema

STOP_WORDS = frozenset((
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "did", "do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in",
    "into", "is", "it", "its", "may", "me", "my", "no", "not", "of", "on", "or", "our", "shall",
    "should", "so", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "to", "us", "was", "we", "were", "what", "when", "where", "which", "who",
    "whom", "whose", "why", "will", "with", "would", "you", "your",
))  # fmt: skip

# Scripts that are written without blanks between words, and Hangul, whose particles are joined.
_DENSE = (
    "\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af\uffa0-\uffdc"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\uff66-\uff9f"  # Kana, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
)
_RUN = re.compile(f"[{_DENSE}]+")
_WORD = re.compile(r"\w+")
# A word as people write it: "1,234.50", "2023-01-31", "a@b.org", "snake_case", "C++", "don't".
_WRITTEN = re.compile(
    r"\w+(?:(?:[-.@'\u2019+&\u2010\u2011]+|(?<=\d)[,:](?=\d))\w+)*(?:\+\+(?!\w)|#(?!\w))?"
)
_ENDING = re.compile(r"['\u2019](?:s|re|ve|ll|d|m)\Z", re.IGNORECASE)
_NEGATED = re.compile(r"n['\u2019]t\Z", re.IGNORECASE)
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")
_HAS_HUMPS = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[,.'\u2019\u00a0\u202f]\d{3})+(?:[.,]\d+)?(?![\w])")
_SIGNED = re.compile(r"(?<!\w)([A-Za-z])(\+\+|#)(?![\w+#])")
# The bytes of a text by what matters for the rare forms; 0x80: of a character beyond ASCII.
_CLASSES = bytes(
    ord("a") if byte in b"abcdefghijklmnopqrstuvwxyz"
    else ord("A") if byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    else ord("0") if byte in b"0123456789"
    else ord(",") if byte in b",.'"
    else 0x80 if byte >= 0x80
    else ord(" ")
    for byte in range(256)
)  # fmt: skip
_THOUSANDS = re.compile(r"\d[,.'\u2019\u00a0\u202f]\d{3}")
_SIGNS = {"++": "plusplus", "#": "sharp"}
_LETTERS = str.maketrans({
    "\u0131": "i", "\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u00fe": "th",
    "\u00e6": "ae", "\u0153": "oe", "\u00df": "ss", "\u0127": "h", "\u0167": "t",
})  # fmt: skip
_UMLAUTS = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue"})
_LONG = 40  # letters; a longer word is hardly met twice
_MARKS = ("Mn", "Mc", "Me")


def fold(word: str) -> str:
    """A word without case, accents and letter forms: ``Straße`` is ``strasse``."""
    plain = unicodedata.normalize("NFKC", word).casefold().translate(_LETTERS)
    parts = unicodedata.normalize("NFKD", plain)
    return "".join(char for char in parts if unicodedata.category(char) not in _MARKS)


def _token(word: str) -> str:
    """About what ``unicode61 remove_diacritics 2`` makes of a word: bare Latin, else lower case."""
    chars = []
    for char in word.lower():
        base = unicodedata.normalize("NFD", char)[:1]
        chars.append(base if base.isascii() else char)
    return "".join(chars)


def parts_of(text: str, *, name: bool = False) -> str:
    """The words to index beside a text; mostly none.

    Args:
        text: a passage, a title or a name.
        name: split also between letters and digits, as in ``report2023``.
    """
    return _parts(text, _rare_in(text), name)


def parts_of_all(texts: Sequence[str]) -> list[str]:
    """The same of many texts: what none of them has is looked for once."""
    rare = _rare_in("\n".join(texts))
    if any(rare):
        return [parts_of(text) for text in texts]
    return [_parts(text, rare, name=False) for text in texts]


class _Rare(NamedTuple):
    """What most texts have not: a capital within a word, digits in groups, ``C++`` or ``C#``."""

    humps: bool
    groups: bool
    signs: bool


def _rare_in(text: str) -> _Rare:
    classes = text.encode("utf-8", "replace").translate(_CLASSES)
    return _Rare(
        b"aA" in classes or b"AAa" in classes,
        b"0,000" in classes or (b"\x800" in classes and _THOUSANDS.search(text) is not None),
        "#" in text or "++" in text,
    )


def _parts(text: str, rare: _Rare, name: bool) -> str:
    # Every passage comes by here.
    found: list[str] = []
    if not text.isascii():
        for piece in filterfalse(str.isascii, text.split()):
            found += _unseen_in(piece) if len(piece) > _LONG else _unseen_often(piece)
    if name:
        words = _WORD.findall(text)
        found += [part for word in words if not word.isdigit() for part in _humps(word)]
    elif rare.humps:
        for word in _WORD.findall(text):
            if not word.islower() and not word.istitle() and _HAS_HUMPS.search(word):
                found += _humps(word)
    if rare.groups:
        found += [" ".join(_ungrouped(match[0])) for match in _GROUPED.finditer(text)]
    if rare.signs:
        found += [match[1].lower() + _SIGNS[match[2]] for match in _SIGNED.finditer(text)]
    return " ".join(found)


@lru_cache(maxsize=1 << 15)
def _unseen_often(piece: str) -> tuple[str, ...]:
    """The same of a piece of usual length: texts repeat their words."""
    return tuple(_unseen_in(piece))


def _unseen_in(piece: str) -> Iterator[str]:
    """What the tokenizer does not see of a piece between blanks."""
    for word in _WORD.findall(piece):
        if not word.isascii():
            yield from _unseen(word)


def _unseen(word: str) -> Iterator[str]:
    """Pairs of letters, the rest of a mixed word, and the folded form where it is another one."""
    if _RUN.search(word):
        for run in _RUN.findall(word):
            yield from pairs(run)
        yield from (fold(rest) for rest in _RUN.split(word) if rest)
        return
    folded = fold(word)
    if folded and folded != _token(word):
        yield folded
    low = unicodedata.normalize("NFC", word.lower())
    other = low.translate(_UMLAUTS)
    if other != low:
        yield fold(other)


def pairs(run: str) -> list[str]:
    """A run of a script without blanks as overlapping pairs, then its last letter.

    The last letter lets a single letter be found as the beginning of a token wherever it stands.
    Vowel signs, at which the tokenizer would cut, are left out.
    """
    letters = _letters(run)
    return [*(letters[n : n + 2] for n in range(len(letters) - 1)), *letters[-1:]]


def _letters(run: str) -> str:
    plain = simplified(unicodedata.normalize("NFKC", run))
    return "".join(char for char in plain if unicodedata.category(char) not in _MARKS)


def _humps(word: str) -> list[str]:
    found = _HUMPS.findall(word)
    return [part.lower() for part in found] if len(found) > 1 else []


def _ungrouped(number: str) -> list[str]:
    """``1,234.50`` as the words of ``1234.50``."""
    tail = re.search(r"[.,](\d+)\Z", number)
    if tail and len(tail[1]) != 3:
        return [re.sub(r"\D", "", number[: tail.start()]), tail[1]]
    return [re.sub(r"\D", "", number)]


def is_dense(word: str) -> bool:
    """Whether a word has letters of a script without blanks between words."""
    return bool(_RUN.search(word))


def written(text: str) -> list[str]:
    """The words of a text as people write them, with what joins their parts."""
    return _WRITTEN.findall(text)


def words(text: str) -> list[str]:
    """The words of a text that carry meaning, in order and as often as they stand there.

    All of them when none does.
    """
    found = [_ENDING.sub("", word) for word in written(text)]
    return [word for word in found if not _says_nothing(word)] or found


def _says_nothing(word: str) -> bool:
    return word.lower() in STOP_WORDS or bool(_NEGATED.search(word))


def query_words(query: str) -> list[str]:
    """The words of a query that carry meaning, in lower case, cut at every sign."""
    found = _WORD.findall(query.lower())
    return [word for word in found if word not in STOP_WORDS] or found


def forms(word: str) -> list[str]:
    """FTS5 expressions for one written word, any of which is that word.

    Args:
        word: one of :func:`written`; ``C++``, ``1,234.50`` and ``getUserName`` are one each.
    """
    signed = _SIGNED.fullmatch(word)
    if signed:
        return [quoted(signed[1].lower() + _SIGNS[signed[2]])]
    if _RUN.search(word):
        return [_mixed(word)]
    found = [quoted(word)]
    pieces = _WORD.findall(word)
    if _GROUPED.fullmatch(word):
        found.append(quoted(" ".join(_ungrouped(word))))
    if len(pieces) == 1 and _HAS_HUMPS.search(word):
        found.append(quoted(" ".join(_humps(word))))
    if len(pieces) == 2 and all(piece.isalpha() for piece in pieces) and "-" in word:
        found.append(quoted("".join(pieces)))  # e-mail, email
    if not word.isascii():
        low = unicodedata.normalize("NFC", word.lower())
        found += [quoted(fold(word)), quoted(fold(low.translate(_UMLAUTS)))]
    return list(dict.fromkeys(found))


def loose(word: str) -> list[str]:
    """Expressions for a word of which any may occur: the word, and what it is made of."""
    runs = _RUN.findall(word)
    if runs:
        small = (quoted(pair) for run in runs for pair in pairs(run)[:-1])
        return list(dict.fromkeys([*forms(word), *small]))
    pieces = [piece for piece in re.split(r"[\W_]+", word) if piece]
    if len(pieces) < 2 or _SIGNED.fullmatch(word):
        return forms(word)
    told = [p for p in pieces if p.isalpha() and len(p) > 2 and p.lower() not in STOP_WORDS]
    return list(dict.fromkeys([*forms(word), *(form for piece in told for form in forms(piece))]))


def _mixed(word: str) -> str:
    """A word with a run of a script without blanks: all its parts."""
    needed = []
    for run in _RUN.findall(word):
        letters = _letters(run)
        if len(letters) == 1:
            needed.append(quoted(letters) + " *")
        elif letters:
            needed.append(quoted(" ".join(pairs(run)[:-1])))
    needed += [quoted(fold(rest)) for rest in _RUN.split(word) if _WORD.search(rest)]
    needed = [part for part in needed if part]
    return needed[0] if len(needed) == 1 else f"({' AND '.join(needed)})" if needed else ""


def quoted(words: str) -> str:
    """Words as a phrase of FTS5; "" when there is none in it.

    Lone surrogates, of odd file names, cannot be bound as text, and NUL ends an expression.
    """
    clean = words.encode("utf-8", "ignore").decode().replace('"', " ").replace("\0", " ")
    return f'"{clean.strip()}"' if _WORD.search(clean) else ""


def either(expressions: Iterable[str]) -> str:
    """Expressions joined so that any of them is enough; "" for none."""
    some = [one for one in dict.fromkeys(expressions) if one]
    return some[0] if len(some) == 1 else f"({' OR '.join(some)})" if some else ""
