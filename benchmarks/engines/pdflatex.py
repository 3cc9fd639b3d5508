"""Sets documents with pdfLaTeX: notes that go over pages, floats, tables over columns."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.parsing_documents import Element, Engine, Truth, Wanted, grouped, slots

INSTALL = (
    "apt-get install texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended "
    "texlive-lang-german texlive-lang-spanish texlive-lang-other"
)
T1 = (  # what the font encoding has as one glyph, beside ASCII
    "ĂăĄąĆćČčĎďĘęĚěĞğĹĺĽľŁłŃńŇňŐőŔŕŘřŚśŠšŞşŤťŢţŰűŮůŸŹźŽžŻżİıĐđŒœ§«»–—‘’“”„"
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝÞàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿß"
)
_PATTERNS = {"en": "english", "de": "ngerman", "es": "spanish", "tr": "turkish"}
_FACES = {
    True: ("{lmodern}", "{mathptmx}", "{mathpazo}", "{charter}"),
    False: (r"{lmodern}\renewcommand{\familydefault}{\sfdefault}",
            r"[scaled]{helvet}\renewcommand{\familydefault}{\sfdefault}"),
}  # fmt: skip
_EXTENDED = range(0x100, 0x180)
_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": "", "~": "", "^": ""}
_SPECIAL |= {'"': "''", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
_ESCAPES = str.maketrans(_SPECIAL)


def missing() -> str:
    """How to install it; "" when it is there."""
    return "" if shutil.which("pdflatex") else INSTALL


def wanted(columns: int) -> Wanted:
    """What it can set."""
    return Wanted(table_columns={1: 6, 2: 4, 3: 5}[columns])


def render(truth: Truth, path: Path) -> None:
    """Set a document.

    Raises:
        RuntimeError: pdflatex made no file.
    """
    with tempfile.TemporaryDirectory() as place:
        source = Path(place, "document.tex")
        source.write_text("\n".join(_document(truth)), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", source.name]
        for _ in range(2):  # the second time, the number of pages is known
            done = subprocess.run(command, cwd=place, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stdout.decode("utf-8", "replace")[-1500:])
        shutil.copy(source.with_suffix(".pdf"), path)


def escaped(text: str) -> str:
    """Text as LaTeX; ligatures of hyphens and commas do not form."""
    return text.translate(_ESCAPES).replace("--", "-{}-")


def _document(truth: Truth) -> Iterator[str]:
    yield from _preamble(truth)
    yield r"\begin{document}"
    yield _BODY_SIZE.format(
        size=truth.layout.size, leading=truth.layout.size * truth.layout.leading
    )
    language = _PATTERNS.get(truth.language, "english")
    yield rf"\ifcsname l@{language}\endcsname\language\csname l@{language}\endcsname\fi"
    if not truth.layout.hyphenated:
        yield r"\hyphenpenalty=10000\exhyphenpenalty=10000"
    if not truth.layout.justified:
        yield rf"\raggedright\setlength{{\parindent}}{{{truth.layout.indent}pt}}"
    title, *rest = truth.elements
    heading = rf"{{\LARGE\bfseries {escaped(title.text)}\par}}\bigskip"
    if truth.layout.columns == 2:
        yield rf"\twocolumn[{heading}]"
    else:
        yield heading
    if truth.layout.columns == 3:
        yield r"\begin{multicols}{3}"
    for element in grouped(tuple(rest)):
        yield _list(element) if isinstance(element, list) else _part(element, truth)
    if truth.layout.columns == 3:
        yield r"\end{multicols}"
    yield r"\end{document}"


_BODY_SIZE = r"\fontsize{{{size}}}{{{leading:.2f}}}\selectfont\emergencystretch=2em"


def _preamble(truth: Truth) -> Iterator[str]:
    look = truth.layout
    size = min(12, max(10, round(look.size)))
    columns = "twocolumn," if look.columns == 2 else ""
    paper = {"a4": "a4paper", "letter": "letterpaper", "a5": "a5paper"}[look.paper]
    yield rf"\documentclass[{columns}{size}pt,{paper},twoside]{{article}}"
    yield r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}"
    yield rf"\usepackage[margin={look.margin + 12}pt,headsep=14pt,footskip=26pt]{{geometry}}"
    yield rf"\usepackage{_face(truth)}"
    yield r"\usepackage{fancyhdr,longtable,xtab,booktabs,array,lastpage,multicol}"
    yield r"\raggedbottom" if look.face % 3 == 0 else r"\flushbottom"
    yield rf"\setlength{{\parindent}}{{{look.indent}pt}}"
    yield rf"\setlength{{\parskip}}{{{look.gap}pt plus 1pt}}"
    yield r"\setcounter{secnumdepth}{0}\renewcommand{\sectionmark}[1]{\markboth{#1}{#1}}"
    yield rf"\setcounter{{page}}{{{look.first_number}}}\pagestyle{{fancy}}\fancyhf{{}}"
    rule = "0.4pt" if look.head_rule and look.heads != "none" else "0pt"
    yield rf"\renewcommand{{\headrulewidth}}{{{rule}}}\setlength{{\headheight}}{{15pt}}"
    texts = _furniture(truth)
    for odd, side in ((True, "O"), (False, "E")):
        both = slots(look, truth.date, odd=odd)
        for where, three in (("head", both.head), ("foot", both.foot)):
            for slot, place in zip(three, "LCR", strict=True):
                yield rf"\fancy{where}[{place}{side}]{{\small {texts[slot]}}}"


def _face(truth: Truth) -> str:
    """A package with a text face; those of PostScript put accents together from two glyphs."""
    faces = _FACES[truth.layout.serif]
    if any(ord(c) in _EXTENDED for element in truth.elements for c in element.text):
        return faces[0]
    return faces[truth.layout.face % len(faces)]


def _furniture(truth: Truth) -> dict[str, str]:
    caps = r"\scshape " if truth.layout.head_caps else ""
    word = escaped(truth.words["page"])
    number = {
        "n": r"\thepage", "page": rf"{word} \thepage", "dashes": r"– \thepage{} –",
        "of": r"\thepage{} / \pageref{LastPage}", "roman": r"\roman{page}",
    }[truth.layout.number_style]  # fmt: skip
    return {
        "": "", "running": caps + escaped(truth.running), "date": escaped(truth.date),
        "chapter": rf"{caps}\nouppercase{{\leftmark}}", "number": number,
    }  # fmt: skip


def _part(element: Element, truth: Truth) -> str:
    text = escaped(element.text)
    if element.kind == "heading":
        return rf"\{'section' if element.level == 1 else 'subsection'}{{{text}}}"
    if element.kind == "figure":
        return _figure(text, truth)
    if element.kind == "table":
        return _table(element, truth)
    if element.boxed:
        box = rf"\parbox{{0.9\linewidth}}{{{text}}}"
        return rf"\par\medskip\noindent\fbox{{{box}}}\par\medskip" + "\n"
    for note in element.notes:
        before, after = element.text[: note.offset], element.text[note.offset :]
        text = rf"{escaped(before)}\footnote{{{escaped(note.text)}}}{escaped(after)}"
    return text + "\n"


def _figure(caption: str, truth: Truth) -> str:
    name = "figure*" if truth.layout.columns == 3 else "figure"
    frame = r"\fbox{\rule{0pt}{80pt}\rule{0.7\linewidth}{0pt}}"
    inner = rf"\centering {frame}\par\medskip {{\small {caption}\par}}"
    return rf"\begin{{{name}}}[tb]{inner}\end{{{name}}}"


def _list(items: list[Element]) -> str:
    parts, depth = [], 0
    for item in items:
        parts += [r"\begin{itemize}"] * (item.level - depth)
        parts += [r"\end{itemize}"] * (depth - item.level)
        depth = item.level
        marker = r"\textbullet" if item.marker == "•" else escaped(item.marker)
        parts.append(rf"\item[{marker}] {escaped(item.text)}")
    return "\n".join([*parts, *[r"\end{itemize}"] * depth])


def _table(element: Element, truth: Truth) -> str:
    lines = {
        "grid": (r"\hline", r"\hline", r"\hline", r"\hline"),
        "booktabs": (r"\toprule", r"\midrule", "", r"\bottomrule"),
        "header": ("", r"\hline", "", ""),
        "none": ("", "", "", ""),
    }
    top, below, between, bottom = lines[element.ruling]
    cells = " & ".join(rf"\textbf{{{escaped(cell)}}}" for cell in element.header)
    head = rf"{top} {cells} \\ {below}"
    rows = "\n".join(
        rf"{' & '.join(escaped(cell) for cell in row)} \\ {between}" for row in element.rows
    )
    spec = _columns(element)
    caption = rf"\par\medskip\noindent\textit{{{escaped(element.text)}}}\par\nobreak\smallskip"
    tail = bottom if element.ruling == "booktabs" else ""
    if truth.layout.columns == 2:
        again = head if element.repeated else ""
        body = (
            rf"\tablefirsthead{{{head}}}\tablehead{{{again}}}\tabletail{{}}\tablelasttail{{{tail}}}"
            rf"\begin{{xtabular}}{{{spec}}}{rows}\end{{xtabular}}"
        )
        small = r"\footnotesize\setlength{\tabcolsep}{3pt}\noindent"
        return rf"{caption}{{{small} {body}\par}}\medskip"
    kept = rf"{head}\endhead " if element.repeated else rf"{head}\endfirsthead\endhead "
    body = rf"\begin{{longtable}}{{{spec}}}{kept}{rows}{tail}\end{{longtable}}"
    if truth.layout.columns == 3:  # a long table cannot stand in one of three columns
        return rf"\end{{multicols}}{caption}{{\small {body}}}\begin{{multicols}}{{3}}"
    return rf"{caption}{{\small {body}}}"


def _columns(element: Element) -> str:
    bar = "|" if element.ruling == "grid" else ""
    count = len(element.header)
    share = 0.94 / (count + 0.6)
    widths = [
        rf">{{\ragged{'left' if n in element.numeric else 'right'}\arraybackslash}}"
        rf"p{{{share * (1.6 if n == 0 else 1) - 0.025:.3f}\linewidth}}"
        for n in range(count)
    ]
    return bar + bar.join(widths) + bar


ENGINE = Engine("pdflatex", missing, frozenset(_PATTERNS), wanted, T1, render)
