"""Puts manual pages and completions of shells into a wheel, made from the commands themselves.

They land where ``man`` and the shells look for them, below the prefix that lsfs is installed into.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = (".", "parsers", "cli")
COMPLETIONS = {
    "bash": "share/bash-completion/completions/lsfs",
    "zsh": "share/zsh/site-functions/_lsfs",
    "fish": "share/fish/vendor_completions.d/lsfs.fish",
}


class ShareHook(BuildHookInterface[BuilderConfig]):
    """Adds what is made to the data of the wheel."""

    PLUGIN_NAME = "custom"
    _made = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the pages; an editable install has none: ``lsfs man`` writes them."""
        if version == "editable":
            return
        self._made = tempfile.mkdtemp()
        for place, text in _texts(Path(self.root)).items():
            file = Path(self._made, place)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(file)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what is in the wheel now."""
        if self._made:
            shutil.rmtree(self._made)


def _texts(root: Path) -> dict[str, str]:
    """What is made, by its place below the prefix."""
    sys.path[:0] = [str(root / source) for source in SOURCES]
    from click.shell_completion import get_completion_class

    from lsfs_cli import manual
    from lsfs_cli.main import cli

    texts = {f"share/man/man1/{name}": page for name, page in manual.pages(cli).items()}
    for shell, place in COMPLETIONS.items():
        kind = get_completion_class(shell)
        if kind is None:
            raise RuntimeError(f"click has no completion for {shell}")
        texts[place] = kind(cli, {}, "lsfs", "_LSFS_COMPLETE").source()
    return texts
