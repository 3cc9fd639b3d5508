"""Text that came from files, made harmless for whoever shows it."""

from __future__ import annotations

import unicodedata

# What changes the direction of the text behind it (Unicode TR 36, 2.10): "exe.fdp" reads as ".pdf".
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str, *, lines: bool = False) -> str:
    """Text from a file or a name, without what a terminal would act on.

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


def on_a_page(text: str) -> str:
    """Text from a file or a name, as a page in a browser may show it, once it is escaped.

    What joins or parts letters stays, for whole scripts need it.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if char in _TURNING
        or (char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cs", "Cn"))
        else char
        for char in text
    )
