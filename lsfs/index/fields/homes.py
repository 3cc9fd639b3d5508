"""Whose "$" and "Rs." are in papers that do not tell, by what the other papers of the drive say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from lsfs import currencies
from lsfs.index.fields.definitions import definitions
from lsfs.index.store.catalog import Catalog
from lsfs.model import FieldValue

LEAST = 3  # papers that have to name a currency
_SHARE = 0.75  # of those in one of the currencies that share a mark


class Homes(Struct, frozen=True):
    """The currencies of a drive.

    Attributes:
        dollar: of "$" where a paper does not tell; "" leaves it as it was read.
        shared: the same of other marks.
    """

    dollar: str = ""
    shared: Mapping[str, str] = {}

    def told(self, catalog: Catalog, document_id: int, value: FieldValue) -> FieldValue:
        """An amount of a document, in the currency of the drive where only this tells it."""
        number, _, unit = value.normal.partition(" ")
        if not unit:
            found = (code for mark, code in self.shared.items() if mark in value.value)
            code = next(found, "")
        elif unit == "USD" and self.dollar and currencies.is_bare_dollar(value.value):
            code = "" if _tells(catalog, document_id) else self.dollar
        else:
            return value
        return replace(value, normal=f"{number} {code}") if code else value


def homes(catalog: Catalog) -> Homes:
    """The currencies of a drive, by how many papers state amounts in each."""
    names = sorted(name for name, one in definitions().fields.items() if one.type == "amount")
    with catalog.lock:
        rows = catalog.db.execute(
            "SELECT substr(normal, instr(normal, ' ') + 1), count(DISTINCT document_id) FROM field "  # noqa: S608
            f"WHERE name IN ({', '.join('?' * len(names))}) AND instr(normal, ' ') > 0 "
            "AND document_id IN (SELECT document_id FROM file) GROUP BY 1",
            names,
        ).fetchall()
    counts = Counter(dict(rows))
    dollar = _most({code: counts[code] for code in currencies.DOLLARS - {"USD"}})
    return Homes(
        dollar if counts[dollar] >= counts["USD"] else "",
        {
            mark: code
            for mark, codes in currencies.SHARED.items()
            if (code := _most({code: counts[code] for code in codes}))
        },
    )


def _most(counts: Mapping[str, int]) -> str:
    """The currency that most papers name; "" where few do, or several are as frequent."""
    best = max(counts, key=lambda code: counts[code])
    enough = counts[best] >= max(LEAST, _SHARE * sum(counts.values()))
    return best if enough else ""


def _tells(catalog: Catalog, document_id: int) -> bool:
    """Whether a document says whose dollars it means."""
    return bool(currencies.named_with_dollar(catalog.load(document_id).text)[1])
