"""Text that came from files, made harmless for a terminal, or a page."""

from __future__ import annotations

import unicodedata


def safe(text: str, *, lines: bool = False) -> str:
    """Text from a file or a name, without what a terminal or a browser would act on.

    Args:
        lines: keep line breaks; in names and snippets they are shown as a space.
    """
    kept = []
    for char in text:
        if char == "\n" and lines:
            kept.append(char)
        elif char in "\n\t":
            kept.append(" ")
        elif unicodedata.category(char) in ("Cc", "Cs", "Cf", "Co", "Cn"):
            kept.append("\N{REPLACEMENT CHARACTER}" if char != "\u200b" else "")
        else:
            kept.append(char)
    return "".join(kept)
