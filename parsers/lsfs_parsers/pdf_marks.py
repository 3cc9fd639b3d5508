"""By which marks a line of a PDF is known: as a caption, as an item of a list."""

from __future__ import annotations

import re

_THINGS = (
    r"table|tab|figure|fig|tabelle|abbildung|abb|tableau|tabla|tabela|tabelul|tabella|figura"
    r"|b\u1ea3ng|h\u00ecnh|tablo|\u015fekil|\u8868|\u56fe|\u5716"
)
_BULLETS = (
    r"[\u2022\u25e6\u2023\u25aa\u25cf\u2219\u00b7\u27a2\u25a0\u25cb\u25b6\u25b8\u25ba\u2794\uf0b7]"
)

# "Table 3: Prices", "Fig. 2.1", "Tabelle 4 zeigt": what stands behind it tells more.
CAPTION = re.compile(
    rf"(?:{_THINGS})\.?\s*(?:\d+(?:[.-]\d+)*|[IVX]+)[a-z]?(?:[.:](?=\s|$)|\s|$)", re.I
)
# What may also stand over a table or a box, and is a heading elsewhere.
TABLE_TITLE = re.compile(
    rf"(?:{_THINGS}|listing|algorithm|chart|exhibit|box|schedule|annex|appendix)"
    r"\.? ?(?:[\dIVX]+[A-Za-z]?(?:[.-]\d+)*)(?:[.:)]| ?[\u2013\u2014|-]|$|\s)",
    re.I,
)
TABLE_NOTE = re.compile(
    r"(?:sources?|notes?|n\.?b\.?|quelle|anmerkung|fuente|nota|exhibit reads|abbreviations?)\b ?"
    r"[:.]|[*\u2020\u2021]|[a-z1]\)",
    re.I,
)
BULLET = re.compile(_BULLETS)
BULLETED = re.compile(rf"\s*{_BULLETS}\s+")
ENUMERATED = re.compile(r"\s*(?:[*\u2013-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
