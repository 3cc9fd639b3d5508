"""Which country a text is from, by its language and what is written there only."""

from __future__ import annotations

from lsfs.patterns import later

_REGIONS = {"de": "DE", "fr": "FR", "es": "ES", "it": "IT", "en": ""}
_COUNTRY_SIGNS = (
    ("DE", later(r"\b(?:straße|strasse|str\.|GmbH|Telefon|Deutschland)\b")),
    ("ES", later(r"\b(?:Calle|Avda|Teléfono|S\.L\.|España)")),
    ("FR", later(r"\b(?:rue|Téléphone|Tél|SARL|France)\b")),
    ("GB", later(r"\b(?:London|United Kingdom|Ltd)\b|£")),
    ("US", later(r"\b[A-Z]{2} \d{5}\b|\$")),
)


def region(language: str, text: str) -> str:
    """The country whose numbers are written without a code for it; "" if unknown."""
    code = language.replace("_", "-")
    if "-" in code:
        return code.rpartition("-")[2].upper()
    if _REGIONS.get(code):
        return _REGIONS[code]
    head = text[:4000]
    return next((country for country, sign in _COUNTRY_SIGNS if sign.search(head)), "")
