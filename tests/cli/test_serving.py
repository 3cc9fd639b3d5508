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


def first_object(process: subprocess.Popen[bytes], errors: Path) -> dict[str, object]:
    """The first object that a program prints; what it wrote to ``errors``, should it end before."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == b"}\n":
            found: dict[str, object] = json.loads(b"".join(lines))
            return found
    said = b"".join(lines).decode() + errors.read_text()
    raise AssertionError(f"it ended with exit code {process.wait()}, and said: {said}")


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
    lsfs, errors = [sys.executable, "-m", "lsfs_cli"], tmp_path / "errors"
    subprocess.run([*lsfs, "init", str(docs)], env=environment, check=True, capture_output=True)
    with (
        errors.open("wb") as file,
        subprocess.Popen(
            [*lsfs, *words, "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=file, cwd=docs,
        ) as process,
    ):  # fmt: skip
        try:
            told = first_object(process, errors)
        finally:
            process.terminate()
    jsonschema.validate(told, schemas.of(words[0]))
    assert told["url"].startswith("http://127.0.0.1:")


def test_a_program_that_ends_before_it_says_anything_is_quoted(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    command = [sys.executable, "-c", "import sys; print('{'); sys.exit('no such port')"]
    with (
        errors.open("wb") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file) as process,
        pytest.raises(AssertionError, match=r"exit code 1, and said: \{\nno such port"),
    ):
        first_object(process, errors)
