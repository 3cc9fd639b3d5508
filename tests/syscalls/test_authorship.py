"""Who wrote a text, where only its title page, its properties or the head of a mail says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document as Word

import lsfs
from lsfs.config import Config, ModelConfig
from lsfs.index.asked.askedauthors import asked_work

PROSE = "The old lantern on the pier had not been lit since the ferry sank in the great storm."
TEXTS = {
    "lantern.txt": f"The Lantern Keeper\nby Harriet Osgood\n\n{PROSE}\n",
    "nuit.txt": "La nuit sur le port\npar Émile Garnier\n\nLa mer ne dit rien et dort.\n",
    "insel.txt": "Die Insel im Nebel\nvon Konrad Weiß\n\nDie Insel war nur bei Ebbe zu sehen.\n",
    "faro.txt": "El faro viejo\npor Lucía Herrera\n\nEl faro ya no tiene luz.\n",
    "mulino.txt": "Il mulino sul fiume\ndi Paolo Conti\n\nIl mulino era fermo.\n",
    "rose.md": "---\ntitle: The Rose Garden\nauthor: Liesel Brandt\n---\n\n# The Rose Garden\n\n"
    "The roses sleep beneath the snow.\n",
    "glass.html": '<html><head><title>Blowing glass at home</title><meta name="author" '
    'content="Ruben Vos"></head><body><h1>Blowing glass at home</h1><p>Do not.</p></body></html>',
    "salt.md": "# The Salt Roads\n\n*by Ines Falk and Tomas Reyl*\n\nSalt came before the carts.\n",
    "kites.txt": "A SHORT HISTORY OF KITES\n\nMargaret Oyelaran\n\nKites were flown long before "
    "anybody in the west had seen one in the sky.\n",
    "garden notes.txt": "Garden notes\n\nThe beans stand by Gate Three. They are picked by hand.\n",
    "router.eml": "From: Jonas Veld <jonas@mill.test>\nTo: service@saws.test\n"
    "Subject: Router stops\nDate: Thu, 30 May 2024 13:37:00 +0000\n\nIt stops when warm.\n",
}
WROTE = [
    ("Who wrote The Lantern Keeper?", "by Harriet Osgood", "lantern.txt"),
    ("Who is the author of The Lantern Keeper?", "by Harriet Osgood", "lantern.txt"),
    ("Qui a écrit La nuit sur le port ?", "par Émile Garnier", "nuit.txt"),
    ("Wer hat Die Insel im Nebel geschrieben?", "von Konrad Weiß", "insel.txt"),
    ("Wer ist der Autor von Die Insel im Nebel?", "von Konrad Weiß", "insel.txt"),
    ("¿Quién escribió El faro viejo?", "por Lucía Herrera", "faro.txt"),
    ("Chi ha scritto Il mulino sul fiume?", "di Paolo Conti", "mulino.txt"),
    ("Who wrote The Rose Garden?", "author: Liesel Brandt", "rose.md"),
    ("Who are the authors of The Salt Roads?", "*by Ines Falk and Tomas Reyl*", "salt.md"),
    ("Who wrote the short history of kites?", "Margaret Oyelaran", "kites.txt"),
    ("Who wrote the mail about the router?", "From: Jonas Veld <jonas@mill.test>", "router.eml"),
    # of the properties there is nothing to quote
    ("Who wrote Blowing glass at home?", "", "glass.html"),
    ("Who wrote Tides and Timetables?", "", "tides.docx"),
]  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lsfs.Drive]:
    root = tmp_path_factory.mktemp("authors")
    patch = pytest.MonkeyPatch()
    for name in ("DATA", "CONFIG", "STATE"):
        patch.setenv(f"XDG_{name}_HOME", str(root / name.lower()))
    source: Path = root / "docs"
    source.mkdir()
    for name, text in TEXTS.items():
        (source / name).write_text(text)
    word = Word()
    word.core_properties.author = "Ottilie Marsh"
    word.add_heading("Tides and Timetables", 0)
    word.add_paragraph("The harbour has two clocks, and they agree twice a day.")
    word.save(str(source / "tides.docx"))
    with lsfs.open(source, config=Config(model=ModelConfig(chat="none"))) as drive:
        drive.wait_indexed()
        yield drive
    patch.undo()


@pytest.mark.parametrize(("question", "quote", "path"), WROTE, ids=[case[0] for case in WROTE])
def test_who_wrote_it(library: lsfs.Drive, question: str, quote: str, path: str) -> None:
    answer = library.ask(question)
    assert answer.grounded
    assert [(one.quote, one.path) for one in answer.citations] == [(quote, path)]


def test_the_properties_are_named_as_such(library: lsfs.Drive) -> None:
    answer = library.ask("Who wrote Tides and Timetables?")
    assert answer.answer == "Ottilie Marsh (author in the properties of tides.docx)"


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the garden notes?",  # "by Gate Three", "by hand" are no authors; nor is Brandt
        "Who wrote The Lantern Maker's Daughter?",
        "Qui a écrit La nuit sur la montagne ?",
    ],
)
def test_nobody_is_named_where_nothing_says_it(library: lsfs.Drive, question: str) -> None:
    answer = library.ask(question)
    assert not answer.grounded, answer.answer


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who wrote the instruction manual for the Burmese package?", ("instruction", "burmese")),
        ("Who wrote the garden notes?", ("garden",)),
        ("Who sent the mail about the ferry?", ("ferry",)),
        ("By whom was the report on moisture written?", ("moisture",)),
        ("Wer hat das Handbuch zur Fräse verfasst?", ("frase",)),
        ("Who signed the lease?", ()),
        ("Who wrote to the bank?", ()),
        ("Who created Python?", ()),
        ("When did she write it?", ()),
    ],
)
def test_what_is_read_as_a_text(question: str, words: tuple[str, ...]) -> None:
    work = asked_work(question)
    assert (work.words if work else ()) == words
