"""What a wheel brings beside the code: manual pages, and the shells' completions."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

from tests.cli.calls import every_command

ROOT = Path(__file__).resolve().parents[2]


def test_a_wheel_has_manual_pages_and_completions(tmp_path: Path) -> None:
    builder = WheelBuilder(str(ROOT))
    (made,) = builder.build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(made) as wheel:
        below = {
            name.partition(".data/data/")[2]: wheel.read(name).decode()
            for name in wheel.namelist()
            if ".data/data/" in name
        }
    pages = {f"share/man/man1/lsfs-{name.replace(' ', '-')}.1" for name, _ in every_command()}
    assert pages <= below.keys()
    assert below["share/man/man1/lsfs.1"].startswith('.TH "LSFS" "1"')
    assert "_LSFS_COMPLETE=bash_complete" in below["share/bash-completion/completions/lsfs"]
    assert below["share/zsh/site-functions/_lsfs"].startswith("#compdef lsfs")
    assert "complete" in below["share/fish/vendor_completions.d/lsfs.fish"]
    assert all(len(text) > 100 for text in below.values())
