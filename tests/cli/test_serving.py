"""What the commands that serve print first, for programs: it is of the published schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from lsfs_cli import schemas


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--no-open"],
        ["mcp", "--http", "--port", "0"],
        ["aios", "--port", "0"],
        ["share", "--serve", "--port", "0"],
    ],
    ids=lambda words: words[0],
)
def test_where_a_server_answers(tmp_path: Path, words: list[str]) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    environment = os.environ | {
        "LSFS_STATE": str(tmp_path / "state"), "LSFS_DRIVE": str(docs), "LSFS_MODEL_CHAT": "none",
        "LSFS_MODEL_EMBED": "none", "LSFS_SHARE_ENABLED": "true", "HOME": str(tmp_path),
    }  # fmt: skip
    lsfs = [sys.executable, "-m", "lsfs_cli"]
    subprocess.run([*lsfs, "init", str(docs)], env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        [*lsfs, *words, "--json"], env=environment, stdout=subprocess.PIPE, cwd=docs
    ) as process:
        assert process.stdout is not None
        try:
            told = json.loads(b"".join(iter(process.stdout.readline, b"}\n")) + b"}")
        finally:
            process.terminate()
    jsonschema.validate(told, schemas.of(words[0]))
    assert told["url"].startswith("http://127.0.0.1:")
