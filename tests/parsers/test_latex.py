"""LaTeX: the text without its commands, in blocks with the lines of the source."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.model import Document
from lsfs_parsers import latex
from tests.parsers.conftest import Reader

ARTICLE = r"""\documentclass[a4paper]{article}
\usepackage{x} % comment
\title{On \emph{Things}\thanks{Funded.}}
\author{Ann \and Bob}
\date{2023-05-01}
\begin{document}
\maketitle
\begin{abstract}
We say % hidden
it.
\end{abstract}
\section{Intro}\label{sec:i}
Text with $x^2 \& y$ and \cite[p.~3]{foo,bar} see Sec.~\ref{sec:i}---and
``quoted'' \textbf{bold \'e \"{o} \c{c}}\footnote{A note
on two lines.} end. Costs 5\% more.

Second par \verb|a_b%|, \url{http://x.y/z%20a}.
\subsection*{Sub [x]}
\begin{itemize}
  \item one
  two
  \item[Label] three
  \begin{enumerate}
    \item nested
  \end{enumerate}
\end{itemize}
After.
\begin{table}[ht]
\caption{Cap \textit{t}}
\begin{tabular}{l|l}
\hline
A & B \\ \hline
1 & \multicolumn{1}{c}{two} \\
3 \& 4 & % c
5
\end{tabular}
\end{table}
\begin{equation}
E = mc^2
\end{equation}
\begin{lstlisting}[language=C]
int main() { % no
}
\end{lstlisting}
\input{other/file}
\newcommand{\foo}[1]{bar #1}
Last \foo{baz}.
\begin{thebibliography}{9}
\bibitem{foo} Foo, A book.
\end{thebibliography}
\end{document}
ignored
"""


def blocks(document: Document) -> list[tuple[str, str, int]]:
    """Kind, text and first line of each block."""
    return [(block.kind.value, block.text, block.spans[0].line or 0) for block in document.blocks]


def test_an_article(read: Reader) -> None:
    document = read(ARTICLE.encode(), "a.tex")
    assert document.parser == "latex"
    assert (document.title, document.author) == ("On Things", "Ann , Bob")
    assert document.created == date(2023, 5, 1)
    assert blocks(document) == [
        ("title", "On Things", 3),
        ("footnote", "Funded.", 3),
        ("heading", "Abstract", 8),
        ("para", "We say\nit.", 9),
        ("heading", "Intro", 12),
        (
            "para",
            "Text with $x^2 \\& y$ and [foo,bar] see Sec. sec:i—and\n"
            "“quoted” bold é ö ç\nend. Costs 5% more.",
            13,
        ),
        ("footnote", "A note\non two lines.", 14),
        ("para", "Second par a_b%, http://x.y/z%20a .", 17),
        ("heading", "Sub [x]", 18),
        ("list_item", "one\ntwo", 20),
        ("list_item", "Label three", 22),
        ("list_item", "nested", 24),
        ("para", "After.", 27),
        ("caption", "Cap t", 29),
        ("table", "A | B\n1 | two\n3 & 4 | 5", 32),
        ("para", "E = mc^2", 39),
        ("code", "int main() { % no\n}", 42),
        ("para", "\\input{other/file}\nLast baz.", 45),
        ("list_item", "[foo] Foo, A book.", 49),
    ]
    assert document.tables[0].row_lines == (32, 33, 34)
    assert document.blocks[9].heading_path == ("Intro", "Sub [x]")
    assert [block.level for block in document.blocks if block.level] == [1, 1, 2]


def test_a_part_of_a_document(read: Reader) -> None:
    document = read(b"\\chapter{One}\nwords\n\n\\section{Two}\nmore % not\n", "b.tex")
    assert blocks(document) == [
        ("heading", "One", 1), ("para", "words", 2), ("heading", "Two", 4), ("para", "more", 5),
    ]  # fmt: skip
    assert document.blocks[3].heading_path == ("One", "Two")


def test_a_heading_that_is_not_closed_ends_with_its_paragraph(read: Reader) -> None:
    document = read(b"\\section{One\n\nwords {a\n\n\\footnote{b \\caption{c\n\nd", "b.tex")
    assert [text for _, text, _ in blocks(document)][:2] == ["One", "words a"]
    assert {"b", "c d"} <= {" ".join(text.split()) for _, text, _ in blocks(document)}


@pytest.mark.parametrize(
    "part",
    [
        "{", "}", "\\begin{a}", "\\end{b}", "\\begin{itemize}", "\\begin{verbatim}x", "$", "\\(",
        "\\footnote{", "\\section{", "\\label{", "\\a[", "\\begin{tabular}{l}", "\\begin{equation}",
        "\\begin{a}\\end{a}", "\\item ", "%", "\\", "\\url{", "\\verb|", "&", "\\'",
    ],
)  # fmt: skip
def test_hostile_repetition(read: Reader, part: str) -> None:
    read((part * (60_000 // len(part)) + " words").encode(), "a.tex")


def test_a_very_long_file_is_read_as_lines(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latex, "_MAX_CHARS", 10)
    document = read(b"\\section{One}\nwords\n", "a.tex")
    assert document.text == "\\section{One}\nwords"
    assert document.warnings


WORDS = r"""\section{ \item \begin{itemize} \end{itemize} \begin{tabular}{l} \end{tabular} & \\ { }
    \footnote{ \caption{ $ $x$ \[ \] % \' \"o \cite{k} [ ] \verb|x| \begin{document} \foo \title{
    \begin{verbatim} \end{verbatim} \multicolumn{2}{c}{ ~ -- \href{u}{ \date{ \maketitle"""
parts = st.lists(
    st.sampled_from([*WORDS.split(), "\n", "\n\n", " ", "é", *(f"w{n}w" for n in range(9))])
)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(parts)
def test_words_keep_their_lines(read: Reader, found: list[str]) -> None:
    text = "start " + " ".join(found)
    document = read(text.encode(), "a.tex")
    file = text.split("\n")
    for block in document.blocks:
        for span in block.spans:
            said = document.text[span.char_start : span.char_end].split()
            for word in said:
                if word[0] == "w" and word[-1] == "w":
                    assert word in file[(span.line or 0) - 1]
