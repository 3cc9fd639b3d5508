"""What LaTeX's commands and environments do to the text that they are applied to."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LISTS = _words("itemize enumerate description compactitem compactenum")
TABLES = _words("tabular tabularx tabulary longtable supertabular array")
TABLE_ARGUMENTS = {"tabularx": 2, "tabulary": 2, "tabular*": 2}
AS_WRITTEN = _words("input include subfile bibliography includegraphics")
KEYS = _words("cite citep citet citealp citeauthor citeyear autocite parencite textcite footcite")
REFERENCES = _words("ref eqref pageref autoref cref Cref nameref")

_ONE_SILENT = _words("""
    label vspace hspace pagestyle thispagestyle bibliographystyle usepackage documentclass color
    textcolor colorbox pagecolor cline cmidrule rule hypersetup graphicspath theoremstyle
    pagenumbering selectlanguage foreignlanguage index glossary phantom hphantom vphantom raisebox
    scalebox parbox nocite markright geometry captionsetup lstset counterwithin
""")
_TWO_SILENT = _words("""
    multicolumn multirow setlength addtolength setcounter addtocounter newcommand renewcommand
    providecommand DeclareMathOperator newtheorem resizebox fontsize markboth numberwithin
""")
_THREE_SILENT = _words("newenvironment renewenvironment addcontentsline definecolor")
# How many of the groups behind a command say nothing; what is in later ones is text.
SILENT = (
    dict.fromkeys(_ONE_SILENT, 1) | dict.fromkeys(_TWO_SILENT, 2) | dict.fromkeys(_THREE_SILENT, 3)
)
SYMBOLS = {
    "ldots": "\u2026", "dots": "\u2026", "textellipsis": "\u2026", "LaTeX": "LaTeX",
    "TeX": "TeX", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø",
    "aa": "å", "AA": "Å", "l": "ł", "L": "Ł", "i": "\u0131", "j": "\u0237", "S": "§", "P": "¶",
    "copyright": "©", "pounds": "£", "euro": "€", "texteuro": "€", "textendash": "\u2013",
    "textemdash": "\u2014", "textbackslash": "\\", "textasciitilde": "~",
    "textasciicircum": "^", "textbar": "|", "textless": "<", "textgreater": ">",
    "textregistered": "®", "texttrademark": "™", "textdegree": "°", "dag": "†", "ddag": "‡",
    "textbullet": "•", "and": ", ", "quad": " ", "qquad": " ", "newline": " ",
    "&": "&", "%": "%", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}",
    ",": " ", ";": " ", ":": " ", " ": " ", "\n": "\n", "/": "", "-": "", "!": "", "@": "",
}  # fmt: skip
# Combining characters, to be put behind the first character of what follows.
ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328",
    "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
LIGATURES = (
    ("---", "\u2014"), ("--", "\u2013"), ("``", "\u201c"), ("''", "\u201d"), ("~", " "),
)  # fmt: skip
