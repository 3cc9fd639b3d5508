"""Codes and names that other files state, in files that only mention them.

A bank's line has "ACME LTD INV-2024-017" below "Description", a mail says "INV-2024-017 is late":
no label tells what that is, but the invoices do. So a file or row that states nothing of a key is
looked through for what the other side states of it. A code is one in any text; a name in the cell
of a list, or in a line of a document's head that has little else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from lsfs import bytewise
from lsfs.index.facts.dates import fold
from lsfs.index.facts.names import is_legal_form, is_title, name_of
from lsfs.index.fields.definitions import NUMBER_WORD, NUMBER_WORDS, definitions
from lsfs.index.fields.extract import placed
from lsfs.index.fields.forms import Form, is_firm, windows
from lsfs.index.fields.labels import Found
from lsfs.index.fields.meant import Source, called, role_of
from lsfs.index.join.reading import SideFile, Values
from lsfs.index.store.catalog import Catalog
from lsfs.model import FieldValue

RULE = "mention"
SURE = 0.7  # of a value that is only mentioned
_LEAST_CODE = 4  # characters of a code with letters and digits, without its marks
_LEAST_DIGITS = 6  # of one of digits alone: shorter ones are years, numbers of houses, amounts
_LEAST_IN_ROW = 5  # the same in the cells of a list, where no postcodes are
_LEAST_ANNOUNCED = 3  # the same behind a word for what it is
_SHORT_FOR_INVOICE = frozenset(("inv", "rg", "rnr", "re", "fact", "fra", "ft"))
_MANY_DIGITS = 9  # of one of digits and marks
_LONGEST = 8  # parts of a code, words of a name
_LONGEST_CODE = 48  # characters
_MOST = 50  # mentions in one file
_PASSAGES = 40  # of a document, about twenty pages
_HEAD = 1500  # characters of a document in which a line may be nothing but a name
_BATCH = 500  # documents of one query
_PHRASES = 200  # of one query
_FEW = 2000  # documents that are read without asking the full-text index
_PART = re.compile(r"[^\W_]+")
_LINE = re.compile(r"[^\n]+")
_GAP = re.compile(r"[-/._# ]{0,2}")
_NAME_GAP = re.compile(r"[ \t&.,'\u2019+-]{1,4}")
_GLUED = "-/._"  # marks behind which a code goes on
_AND = frozenset(("and", "und", "et", "y", "e"))
_ASIDE = re.compile(r"\s*(?:[,;|\u00b7\u2022\t]|\s[\u2013\u2014-]\s|\s{3,})|\s*\Z")
# What stands beside a name in a bank's line without being of it.
_BESIDE = frozenset(
    word
    for line in (
        "re ref reference inv invoice invoices no nr payment pmt paid pay part partial balance bal",
        "from to for by transfer credit debit direct standing order rent fee fees deposit thanks",
        "sepa giro bacs chq cheque card advance settlement account acc received sent fps wire",
        "rechnung rechn rg zahlung uberweisung ueberweisung gutschrift lastschrift miete rest von",
        "an fur fuer teilzahlung dauerauftrag eingang",
        "facture fact paiement virement vir prelevement loyer solde de du a pour acompte",
        "recu emis inst faveur",
        "factura pago transferencia recibo alquiler saldo del recibida emitida favor",
        "transf trf fra fact adeudo tarj tarjeta compra cargo abono ingreso domiciliacion nomina",
        "cuota remesa cobro bizum",
        "fattura pagamento bonifico affitto ricevuto favore bonif addebito accredito sdd ft",
        "betaling overboeking incasso factuur huur iban prlv cb carte virt",
        "kartenzahlung basislastschrift folgelastschrift",
        "neft rtgs imps upi ach remittance outward inward",
    )
    for word in line.split()
)


class _Part(Struct, frozen=True):
    """A run of letters and digits in a text, folded, with its place."""

    folded: str
    start: int
    end: int


_folded = lru_cache(maxsize=1 << 15)(fold)  # texts repeat their words


def _parts(text: str, low: int = 0, high: int | None = None) -> Iterator[_Part]:
    for match in _PART.finditer(text, low, len(text) if high is None else high):
        yield _Part(_folded(match[0]), *match.span())


def _near_digits(text: str) -> Iterator[_Part]:
    """The parts of a text that stand near a digit: no code is without one."""
    behind = 0
    for low, high in windows(bytewise.digit_runs(text), _LONGEST_CODE, _LONGEST_CODE):
        while low > behind and not text[low - 1].isspace():
            low -= 1
        behind = high
        yield from _parts(text, low, high)


class _Codes:
    """Codes that are looked for: by their letters and digits, whatever marks are between.

    A short one of digits, or one that may be a date, only behind a word for what it is: "Inv 0312".

    Args:
        values: have the codes.
        words: that announce such a code, folded.
    """

    def __init__(self, values: Iterable[FieldValue], words: Collection[str]) -> None:
        self._words = words
        self._normal: dict[str, str] = {}  # of its letters and digits
        self._phrases: set[str] = set()
        for value in values:
            parts = [fold(part) for part in _PART.findall(value.normal)]
            plain = "".join(parts)
            least = _LEAST_CODE if any(map(str.isalpha, plain)) else _LEAST_ANNOUNCED
            if len(parts) <= _LONGEST and len(plain) >= least and any(map(str.isdigit, plain)):
                self._normal[plain] = value.normal
                self._phrases |= {" ".join(parts), plain}
        self._begun = {plain[:end] for plain in self._normal for end in range(1, len(plain))}

    def __bool__(self) -> bool:
        return bool(self._normal)

    def phrases(self) -> list[str]:
        """How the full-text index has them, but for other marks in them."""
        return sorted(self._phrases)

    def found(self, text: str, *, in_row: bool = False) -> Iterator[Form]:
        """Where they stand, each of the longest."""
        parts = list(_near_digits(text))
        behind = 0
        for n, first in enumerate(parts):
            before = text[first.start - 1 : first.start]
            if first.start < behind or (before and before in _GLUED):
                continue
            form = self._at(text, parts, n, in_row=in_row)
            if form is not None:
                behind = form.end
                yield form

    def _at(self, text: str, parts: Sequence[_Part], n: int, *, in_row: bool) -> Form | None:
        announced = self._is_announced(parts, n)
        plain, found = "", None
        for at in range(n, min(n + _LONGEST, len(parts))):
            gap = text[parts[at - 1].end : parts[at].start] if at > n else ""
            if not _GAP.fullmatch(gap):
                break
            plain += parts[at].folded
            end = parts[at].end
            if plain in self._normal and _ends(text, end):
                written = text[parts[n].start : end]
                if announced or self._is_code(plain, written, in_row=in_row):
                    found = Form(parts[n].start, end, self._normal[plain])
            if plain not in self._begun:
                break
        return found

    def _is_announced(self, parts: Sequence[_Part], n: int) -> bool:
        before = [part.folded for part in parts[max(0, n - 2) : n]]
        if before and before[-1] in NUMBER_WORDS:
            before.pop()
        return bool(before) and before[-1] in self._words

    def _is_code(self, plain: str, written: str, *, in_row: bool) -> bool:
        """Digits with marks between may be a date, an amount, unless they are many and the same."""
        if not plain.isdigit():
            return True
        if plain == fold(written):
            return len(plain) >= (_LEAST_IN_ROW if in_row else _LEAST_DIGITS)
        return len(plain) >= _MANY_DIGITS and written.casefold() == self._normal[plain].casefold()


def _ends(text: str, end: int) -> bool:
    """Whether a code does not go on behind its end: not "INV-17" in "INV-17-B"."""
    return not (text[end : end + 1] and text[end] in _GLUED and text[end + 1 : end + 2].isalnum())


@lru_cache(maxsize=64)
def _words_for(one: Source) -> frozenset[str]:
    """Single words that stand before a number of a source, folded."""
    if one.label:
        labels = called(one.label)
    else:
        labels = frozenset(
            label for label, field in definitions().labels.items() if field in one.names
        )
    words = (label.removesuffix(f" {NUMBER_WORD}").split() for label in labels)
    return frozenset(word[-1] for word in words if len(word) == 1) | (
        _SHORT_FOR_INVOICE if "invoice_number" in one.names else frozenset()
    )


class _Names:
    """Names that are looked for: of two words and more, or of firms with their legal form.

    In the cells of a list also by their initials: banks write "O. PRICE", "PRICE O".
    """

    def __init__(self, values: Iterable[FieldValue]) -> None:
        self._by_first: dict[str, dict[tuple[str, ...], str]] = {}
        self._initials: dict[str, dict[tuple[str, ...], str]] = {}
        shortened: dict[tuple[str, ...], set[str]] = {}
        for value in values:
            name = name_of(value.value)
            for words in name.spellings:
                if 1 < len(words) <= _LONGEST or is_firm(value.value):
                    self._by_first.setdefault(words[0], {}).setdefault(words, value.normal)
                for one in () if name.legal else _with_initial(words):
                    shortened.setdefault(one, set()).add(value.normal)
        for words, normals in shortened.items():
            if len(normals) == 1:  # else it may be either
                self._initials.setdefault(words[0], {})[words] = min(normals)

    def __bool__(self) -> bool:
        return bool(self._by_first)

    def phrases(self) -> list[str]:
        """How the full-text index has them, but for "and"."""
        return sorted({" ".join(words) for named in self._by_first.values() for words in named})

    def found(self, text: str, *, in_row: bool = False, alone: bool = False) -> Iterator[Form]:
        """Where they stand.

        Args:
            in_row: also by their initials.
            alone: only where the text has little else before them, and an address at most behind.
        """
        parts = list(_parts(text))
        behind = 0
        for n, first in enumerate(parts):
            named = dict(self._by_first.get(first.folded, {}))
            named |= self._initials.get(first.folded, {}) if in_row else {}
            for words in sorted(named, key=len, reverse=True) if n >= behind else ():
                end = _end_of(text, parts, n, words)
                if end and _stands(text, parts, n, end, alone=alone):
                    yield Form(first.start, parts[end - 1].end, named[words])
                    behind = end
                    break


def _with_initial(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """A person's name as banks write it: "J Ellery", "Ellery J", "Ellery Joan"."""
    if len(words) != 2 or min(map(len, words)) == 1:
        return ()
    first, last = words
    return (first[0], last), (last, first[0]), (last, first)


def _end_of(text: str, parts: Sequence[_Part], n: int, words: Sequence[str]) -> int:
    """The part behind a name that begins with a part, its legal form included; 0 for none."""
    at = n
    for word in words:
        while at > n and _goes_on(text, parts, at) and parts[at].folded in _AND:
            at += 1
        if at > n and not _goes_on(text, parts, at):
            return 0
        if parts[at].folded != word:
            return 0
        at += 1
    if _goes_on(text, parts, at) and is_legal_form(parts[at].folded):
        return at + 1
    return at if len(words) > 1 else 0  # "Acme" alone is a word of others' names, too


def _goes_on(text: str, parts: Sequence[_Part], at: int) -> bool:
    """Whether a part follows the one before it as a word of one name does."""
    return at < len(parts) and bool(_NAME_GAP.fullmatch(text, parts[at - 1].end, parts[at].start))


def _stands(text: str, parts: Sequence[_Part], n: int, end: int, *, alone: bool) -> bool:
    """Whether a name is whole: what stands beside it is no word of it."""
    before = parts[n - 1 : n]
    if alone:
        above = text[: parts[n].start]
        beside = all(map(_is_beside, parts[:n]))
        return beside and ":" not in above and bool(_ASIDE.match(text, parts[end - 1].end))
    glued = before and _NAME_GAP.fullmatch(text, before[0].end, parts[n].start)
    if glued and not _is_beside(before[0]):
        return False
    if is_legal_form(parts[end - 1].folded) or not _goes_on(text, parts, end):
        return True
    written = text[parts[end].start : parts[end].end]
    lower = written.islower() and not text[parts[n].start : parts[end - 1].end].islower()
    following = [parts[end], *(parts[end + 1 : end + 2] if _is_glued(text, parts[end]) else ())]
    return lower or any(map(_is_beside, following))


def _is_glued(text: str, part: _Part) -> bool:
    """Whether a code goes on behind a part."""
    return text[part.end : part.end + 1] in tuple(_GLUED)


def _is_beside(part: _Part) -> bool:
    word = part.folded
    return word in _BESIDE or is_title(word) or any(map(str.isdigit, word))


# --- in files


def filled(
    catalog: Catalog,
    one: Source,
    stated: Values,
    files: Sequence[SideFile],
    others: Iterable[FieldValue],
) -> Values:
    """What files state, and of those that state nothing what they mention of other files' values.

    Args:
        stated: what they state.
        others: the values of other files.
    """
    lacking = [file for file in files if file.path not in stated]
    look = _looking(one, others) if lacking else None
    if look is None:
        return stated
    elsewhere = _in_other_roles(catalog, one) if one.role else set()
    found = dict(stated)
    for file in lacking:
        if file.row and (values := _first(_in_row(file, one, look))):
            found[file.path] = values
    of_document: dict[int, list[str]] = {}
    for file in lacking:
        if not file.row:
            of_document.setdefault(file.document_id, []).append(file.path)
    for id_, passages in _passages(catalog, _likely(catalog, look, of_document.keys())):
        values = _first(_in_text(passages, one, look))
        for path in of_document[id_]:
            if kept := [value for value in values if (path, value.normal) not in elsewhere]:
                found[path] = kept
    return found


def _in_other_roles(catalog: Catalog, one: Source) -> set[tuple[str, str]]:
    """Paths, and the parties that they tell to have another role: a supplier is no customer."""
    return {
        (stated.path, stated.field.normal)
        for stated in catalog.fields("party")
        if role_of(stated.field.rule) not in ("", one.role)
    }


def _first(values: Iterable[FieldValue]) -> list[FieldValue]:
    """Each value where it stands first."""
    kept: dict[str, FieldValue] = {}
    for value in values:
        kept.setdefault(value.normal, value)
    return list(kept.values())[:_MOST]


_Look = _Codes | _Names
_Passage = tuple[str, int, int | None, str]  # text, offset, page, place


def _looking(one: Source, others: Iterable[FieldValue]) -> _Look | None:
    """What is looked for; None where values of that type are not told from other words."""
    if one.type == "party":
        look: _Look = _Names(others)
    elif one.type == "number" or (one.type == "text" and one.label):
        look = _Codes(others, _words_for(one))
    else:
        return None
    return look or None


def _in_row(file: SideFile, one: Source, look: _Look) -> Iterator[FieldValue]:
    row = file.row
    if row is None:
        return
    document = row.of.document
    for start, end in row.cells.values():
        cell = document.text[start:end]
        for form in look.found(cell, in_row=True):
            there = replace(form, start=start + form.start, end=start + form.end)
            yield placed(Found(one.fields[0], there, RULE, SURE), document.text, row.of.places)


def _likely(catalog: Catalog, look: _Look, documents: Collection[int]) -> Collection[int]:
    """Documents that are read: all of a few, of many those that the full-text index tells."""
    if len(documents) <= _FEW:
        return documents
    phrases = look.phrases()
    likely: set[int] = set()
    for at in range(0, len(phrases), _PHRASES):
        match = " OR ".join(f'"{phrase}"' for phrase in phrases[at : at + _PHRASES])
        with catalog.lock:
            rows = catalog.db.execute(
                "SELECT DISTINCT p.document_id FROM passage_fts CROSS JOIN passage p "
                "ON p.id = passage_fts.rowid WHERE passage_fts MATCH ?",
                (f"text : ({match})",),
            ).fetchall()
        likely.update(row[0] for row in rows)
    return likely & set(documents)


def _passages(catalog: Catalog, documents: Collection[int]) -> Iterator[tuple[int, list[_Passage]]]:
    """Each of some documents with its first passages, in order."""
    ids = sorted(documents)
    for at in range(0, len(ids), _BATCH):
        batch = ids[at : at + _BATCH]
        marks = ",".join("?" * len(batch))
        with catalog.lock:
            rows = catalog.db.execute(
                "SELECT document_id, text, char_start, page, place FROM passage "  # noqa: S608
                f"WHERE document_id IN ({marks}) AND ordinal < ? ORDER BY document_id, ordinal",
                (*batch, _PASSAGES),
            ).fetchall()
        for id_, found in groupby(rows, key=lambda row: row[0]):
            yield id_, [(text, start, page, place) for _, text, start, page, place in found]


def _in_text(passages: Iterable[_Passage], one: Source, look: _Look) -> Iterator[FieldValue]:
    for text, offset, page, place in passages:
        forms = look.found(text) if isinstance(look, _Codes) else _in_lines(text, offset, look)
        for form in forms:
            written = " ".join(text[form.start : form.end].split())
            yield FieldValue(
                one.fields[0], written, form.normal, offset + form.start, offset + form.end, page,
                None, place, RULE, SURE,
            )  # fmt: skip


def _in_lines(text: str, offset: int, look: _Names) -> Iterator[Form]:
    """Names that have a line of a document's head."""
    for line in _LINE.finditer(text, 0, max(0, _HEAD - offset)):
        for form in look.found(line[0], alone=True):
            yield replace(form, start=line.start() + form.start, end=line.start() + form.end)
