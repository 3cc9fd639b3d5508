"""Without torch, or without a model, PDF is read as ever, and it is said what is missing."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from reportlab.pdfgen.canvas import Canvas

import lsfs
from lsfs.config import Config, IndexConfig, load
from lsfs.index.readers import page_model
from lsfs.index.readers.sandbox import Sandbox
from lsfs.model import Document, Status
from lsfs_cli.main import cli
from lsfs_parsers.base import Source
from lsfs_parsers.neural.parser import NeuralPdfParser
from lsfs_parsers.pdf import PdfParser

TORCH = ("torch", "lsfs_parsers.neural.model", "lsfs_parsers.neural.decode",
         "lsfs_parsers.neural.adapter", "lsfs_parsers.neural.backend")  # fmt: skip


@pytest.fixture
def data() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(72, 700, "The rent is due on the first of May.")
    canvas.save()
    return stream.getvalue()


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TORCH:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    import lsfs_parsers.neural as package

    for name in TORCH[1:]:
        monkeypatch.delattr(package, name.rpartition(".")[2], raising=False)


@pytest.mark.usefixtures("no_torch")
def test_without_torch_a_file_is_read_by_geometry_and_says_what_to_install(
    data: bytes, source: Callable[..., Source], tmp_path: Path
) -> None:
    file = source(data)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    document = NeuralPdfParser(tmp_path).parse(file)
    plainly = PdfParser().parse(file)
    assert document.text == plainly.text
    assert document.parser == "pdf"
    assert "pip install 'lsfs[neural]'" in document.warnings[-1]


def test_without_a_model_a_file_is_read_by_geometry(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(data)
    limits = IndexConfig(neural=str(tmp_path / "nowhere"))
    with Sandbox(limits) as sandbox, path.open("rb") as file:
        document: Document = sandbox.read(file.fileno(), "file.pdf")
    assert (document.status, document.parser) == (Status.OK, "pdf")
    assert document.text == "The rent is due on the first of May."
    assert document.warnings[-1].startswith("read without the page model: ")


def test_what_is_missing_is_said_when_a_drive_is_opened(
    data: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "file.pdf").write_bytes(data)
    nowhere = str(tmp_path / "nowhere")
    settings = {"index.neural": nowhere, "model.embed": "none", "model.chat": "none"}
    with lsfs.open(folder, state=tmp_path / "state", config=load(options=settings)) as drive:
        assert drive.retrieve("rent due").hits
    said = [record.message for record in caplog.records if "page model" in record.message]
    assert said == [f"PDF is read without the page model: {page_model.hindrance(nowhere)}"]
    assert "pip install" in said[0] or nowhere in said[0]


def test_a_drive_cannot_choose_a_page_model(tmp_path: Path) -> None:
    (tmp_path / ".lsfs.toml").write_text('[index]\nneural = "/tmp/model"\n', encoding="utf-8")
    assert load(tmp_path, user_file=tmp_path / "none").index.neural == Config().index.neural == ""


def test_torch_is_not_loaded_where_no_page_model_is_chosen(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(data)
    code = (
        "import os, sys, lsfs\n"
        "from lsfs_parsers.base import Source\n"
        "from lsfs_parsers.registry import Registry\n"
        "registry = Registry()\n"
        "registry.versions()\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "size = os.fstat(fd).st_size\n"
        "assert registry.find('application/pdf').parse(Source(fd, 'x', size)).text\n"
        "raise SystemExit(bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def test_indexing_says_what_is_missing(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSFS_MODEL_EMBED", "none")
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    monkeypatch.setenv("LSFS_INDEX_NEURAL", str(tmp_path / "nowhere"))
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "file.pdf").write_bytes(data)
    done = CliRunner().invoke(cli, ["--state", str(tmp_path / "state"), "index", str(folder)])
    assert done.exit_code == 0
    assert "PDF is read without the page model: " in done.stderr
    assert "1 of 1 files" in done.stdout
