"""Words as they are compared: lower case, without accents."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case, without accents; of the same meaning, perhaps of another length."""
    if text.isascii():
        return text.lower()
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in split if not unicodedata.combining(c))
