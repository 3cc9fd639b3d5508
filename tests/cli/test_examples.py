"""Every example of every help text is run, on a drive that has what the examples name."""

from __future__ import annotations

import inspect
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from lsfs.drives import initialise
from lsfs.serve.brain import serving
from tests.cli.calls import every_command
from tests.cli.conftest import Run

LEASE = """Lease of the office in Harbour Street, made on 3 May 2023 between Ada Byron and Harbour
Homes Ltd. The monthly rent is EUR 1,450. Either party may end it with a notice period of 3 months.
Termination notice has to be in writing. Counterparty: Harbour Homes Ltd. Order number: 17."""
INVOICE = """Invoice number: 17. Order number: 17. Invoice date: 20 March 2023.
Bill to: Ada Byron. Supplier: Harbour Homes Ltd. Due: 1 April 2023. Total: EUR 380.00"""
TEXTS = {
    "report.txt": "one\ntwo\nthree\n", "notes.txt": "notes on the roof\n" * 30,
    "more.txt": "more notes\n", "draft.txt": "a draft\n", "lease.txt": LEASE,
    "letters/a.txt": "a letter\n", "Letters/old.txt": "an old letter\n", "Old/x.txt": "old\n",
    "Projects/secret/x.txt": "secret\n", "Invoices/17.txt": INVOICE, "Finance/17.txt": INVOICE,
    "Bank/march.txt": INVOICE, "invoices/17.txt": INVOICE, "contracts/lease.txt": LEASE,
    "orders/17.txt": INVOICE, "Contracts/mill.md": f"# Contract\n\n{LEASE}\n",
    "taxes.pdf": LEASE, "lease.pdf": LEASE, "report.pdf": LEASE, "contract.pdf": LEASE,
    "annex.pdf": LEASE, "Contracts/harbour-lease.pdf": LEASE, "Reports/annual.pdf": LEASE,
    "annex.docx": INVOICE,
}  # fmt: skip
# What stays, asks for the network or a cluster, takes minutes, or needs a model of the user's own.
NOT_HERE = (
    "lsfs aios", "lsfs bench", "lsfs index ~/Documents --watch", "lsfs index ~/Papers --library",
    "lsfs index /srv/papers --library", "lsfs library", "lsfs log --follow",
    "lsfs mcp ~/Documents --allow-write", "lsfs mcp ~/Documents --http", "lsfs model pull",
    "lsfs model use", "lsfs mount", "lsfs serve", "lsfs share --serve", "lsfs umount",
    "lsfs --drive ~/Documents umount", "lsfs model recommend",
)  # fmt: skip
# Those that are not done, or find nothing here, and why.
CODES = {
    "lsfs prune --keep-last 5 --keep-daily 30 --keep-monthly 24": 14,  # nobody is there to ask
    "lsfs rm draft.txt": 14,
    "lsfs purge Letters/old.txt": 2,  # it is there still
    "lsfs purge Projects/secret --yes": 2,
    # The drive has no yesterday.
    "lsfs cat report.txt --at 'yesterday 15:00' > report-of-yesterday.txt": 12,
    "lsfs changes notes.txt 'last monday'": 12,
    "lsfs diff notes.txt yesterday | patch -R": 12,
    "lsfs do roll back report.txt to the version from yesterday": 12,
    "lsfs rollback report.txt --to 'yesterday 15:00'": 12,
    "lsfs rollback letters --to 2026-11-24 --dry-run": 12,
}
# What an example needs that others have taken away.
FIRST = {
    "lsfs drop-snapshot": "snapshot before-the-move",
    "lsfs restore": "snapshot before-the-move",
    "lsfs rm draft.txt": "write draft.txt again",
    "lsfs snapshot before": "drop-snapshot before-the-move",
    "lsfs trash restore letters": "rm -r letters --yes",
}


def examples() -> Iterator[str]:
    for _, command in every_command():
        for line in inspect.cleandoc(command.help or "").splitlines():
            if line.startswith("  lsfs "):
                yield line.strip()


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "Documents"
    for name, text in TEXTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".pdf":
            page = Canvas(str(path))
            for number in range(3):
                for at, line in enumerate(text.splitlines()):
                    page.drawString(40, 780 - 20 * at, f"{line} ({number})")
                page.showPage()
            page.save()
        elif path.suffix == ".docx":
            made = docx.Document()
            made.add_paragraph(text)
            made.save(str(path))
        else:
            path.write_text(text)
    (root / ".lsfs.toml").write_text("[index]\nignore = ['*.tmp']\n")
    for name in ("Downloads", "Drive"):
        (tmp_path / name).mkdir()
    shutil.copy(root / "lease.pdf", tmp_path / "Downloads")
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LSFS_SHARE_ENABLED", "true")
    yield root


def test_every_example_runs(documents: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(documents.parent))
    monkeypatch.delenv("LSFS_DRIVE")
    monkeypatch.setenv("LSFS_STATE", str(documents.parent / "drive"))
    monkeypatch.chdir(documents)
    with serving(initialise(documents, str(documents.parent / "drive"))):
        assert run("status", "--wait").code == 0
        for number in range(5):
            for name in ("report.txt", "notes.txt", "lease.txt"):
                text = f"version {number}, of {name}\n" * 20
                assert run("write", name, text).code == 0
        assert run("put", "contract.pdf", "lease.pdf").code == 0
        assert run("put", "annex.pdf", "lease.pdf").code == 0
        seen, wrong = set(), []
        for line in examples():
            if line.startswith(NOT_HERE) or line in seen:
                continue
            seen.add(line)
            for begin, needed in FIRST.items():
                if line.startswith(begin):
                    assert run(*needed.split()).code == 0
            words, _, _ = line.partition(" | ")
            words, _, _ = words.partition(" >")
            ran = run(*shlex.split(words)[1:])
            codes = (CODES[line],) if line in CODES else (0, 1)
            if ran.code not in codes or (ran.code == 1 and ran.err.startswith("lsfs:")):
                wrong.append((line, ran))
        assert len(seen) > 90
        assert not wrong
