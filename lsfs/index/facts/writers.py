"""Whom the properties of a document name as its author; light, for the mount asks it, too."""

from __future__ import annotations

import re

# What programs write where the author belongs.
_PROGRAMS = frozenset((
    "openpyxl", "python-docx", "python-pptx", "xlsxwriter", "anonymous", "(anonymous)", "unknown",
    "unspecified", "user", "admin", "administrator", "root", "author", "none", "null", "default",
    "scanner", "microsoft office user", "windows user", "apache poi", "libreoffice", "reportlab",
))  # fmt: skip
_ADDRESSED = re.compile(r"\s*\"?([^\"<>]*?)\"?\s*<([^<>]+@[^<>]+)>\s*\Z")


def author_of(stated: str) -> str:
    """The name in an author's property; "" for what only names a program.

    ``"Ada Byron" <ada@mill.example>`` is Ada Byron; an address without a name is the name.
    """
    addressed = _ADDRESSED.match(stated)
    author = " ".join(((addressed[1] or addressed[2]) if addressed else stated).split())
    return "" if author.casefold() in _PROGRAMS else author
