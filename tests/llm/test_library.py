"""Models are listed, fetched, chosen and removed; what is not what it should be is not taken."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from lsfs import config as configuration
from lsfs.config import ModelConfig
from lsfs.errors import ConfirmationRequired, LsfsError, ModelError, NotFound, UsageError
from lsfs.llm.files import fit, library, pull
from lsfs_cli import schemas
from lsfs_cli.main import cli
from tests.llm import tiny

BODY = b"GGUF" + bytes(range(256)) * 40_000  # 10 MB
DIGEST = hashlib.sha256(BODY).hexdigest()


class Hub:
    """Serves one file as the hub does: by a redirect that states its digest, in ranges."""

    def __init__(self) -> None:
        self.body = BODY
        self.stated = DIGEST
        self.location = ""
        self.ranges: list[str | None] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/org/"):
                    self.send_response(302)
                    self.send_header("Location", hub.location or hub.url + "/blob.gguf")
                    self.send_header("X-Linked-ETag", f'"{hub.stated}"')
                    self.end_headers()
                    return
                if self.path.startswith("/gone/"):
                    self.send_error(404)
                    return
                wanted = self.headers.get("Range")
                hub.ranges.append(wanted)
                first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                if first >= len(hub.body):
                    self.send_error(416)
                    return
                self.send_response(206 if first else 200)
                self.send_header("Content-Length", str(len(hub.body) - first))
                self.end_headers()
                self.wfile.write(hub.body[first:])

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.file = self.url + "/org/repo/resolve/main/small.gguf"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


def left() -> list[str]:
    return sorted(path.name for path in library.folder().iterdir())


def test_a_file_is_fetched_listed_and_removed(hub: Hub) -> None:
    told: list[tuple[int, int]] = []
    found = pull.pull(hub.file, progress=lambda *so_far: told.append(so_far))
    assert (found.sha256, found.bytes) == (DIGEST, len(BODY))
    assert found.path.read_bytes() == BODY and told[-1] == (len(BODY), len(BODY))
    assert pull.pull(hub.file) == found and len(hub.ranges) == 1  # it is there
    (entry,) = [one for one in library.entries(ModelConfig()) if one.origin == "pulled"]
    assert (entry.name, entry.sha256, entry.used_for, entry.problem) == ("small", DIGEST, "", "")
    assert library.resolve("small") == library.resolve("small.gguf") == str(found.path)
    with pytest.raises(UsageError, match="in use"):
        library.remove("small", ModelConfig(chat=str(found.path)))
    library.remove("small", ModelConfig())
    assert left() == []
    with pytest.raises(NotFound):
        library.remove("small", ModelConfig())


def test_what_has_changed_since_it_was_pulled_is_named(hub: Hub) -> None:
    found = pull.pull(hub.file)
    with found.path.open("r+b") as file:
        file.write(b"GGUf")
    (entry,) = [one for one in library.entries(ModelConfig()) if one.origin == "pulled"]
    assert "not what was pulled" in entry.problem


def test_only_safe_addresses_are_followed(hub: Hub) -> None:
    for source in ("http://example.org/a.gguf", "file:///etc/passwd.gguf", "ftp://x/a.gguf"):
        with pytest.raises(UsageError, match="not HTTPS"):
            pull.address(source)
    with pytest.raises(UsageError, match="no GGUF"):
        pull.address("https://example.org/a.bin")
    hub.location = "http://example.org/a.gguf"
    with pytest.raises(UsageError, match="not HTTPS"):
        pull.pull(hub.file)
    with pytest.raises(ModelError, match="404"):
        pull.pull(hub.url + "/gone/a.gguf")
    assert pull.address("Qwen/Qwen3-GGUF/q4/a.gguf") == (
        "https://huggingface.co/Qwen/Qwen3-GGUF/resolve/main/q4/a.gguf"
    )
    assert "/resolve/" in pull.address("https://huggingface.co/o/r/blob/main/a.gguf")


def test_what_has_a_role(tmp_path: Path) -> None:
    path = tiny.write(tmp_path / "tiny.gguf")
    config = ModelConfig(
        chat="http://127.0.0.1:8080/v1", chat_name="qwen", embed=str(tmp_path), rerank=str(path)
    )
    told = {role: library.in_use(config, role) for role in library.ROLES}
    assert told == {
        "answer": "qwen at http://127.0.0.1:8080/v1", "draft": "", "embed": tmp_path.name,
        "rerank": "tiny",
    }  # fmt: skip
    with pytest.raises(ModelError):
        library.in_use(ModelConfig(embed=str(tmp_path / "absent.gguf")), "embed")


# --- the commands


def lsfs(*arguments: str, fails: type[LsfsError] | None = None) -> dict[str, Any]:
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    if fails:
        assert isinstance(done.exception, fails), done.output
        return {}
    assert done.exception is None, done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.Draft202012Validator(schemas.of(" ".join(arguments[:2]))).validate(found)
    return found


def test_a_model_is_tried_before_it_is_used(hub: Hub, home: Path) -> None:
    lsfs("model", "pull", hub.file)
    lsfs("model", "use", "--embed", "small", fails=ModelError)  # GGUF by its first bytes only
    lsfs("model", "use", "--embed", "no-such-model", fails=ModelError)
    lsfs("model", "use", fails=UsageError)
    lsfs("model", "use", "--embed", "https://192.0.2.1/v1", "--name", "m", fails=UsageError)
    assert configuration.load().model == ModelConfig()


def test_the_choice_is_kept_and_comments_stay(hub: Hub, home: Path) -> None:
    file = home / "config" / "lsfs" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n[model]\nthreads = 3 # few\n")
    hub.body = tiny.write(home / "tiny.gguf", speaks=True).read_bytes()
    hub.stated = hashlib.sha256(hub.body).hexdigest()
    would = lsfs("model", "pull", hub.file, "--dry-run")
    assert would["dry_run"] and would["path"].endswith("/small.gguf")
    assert not library.folder().exists()
    lsfs("model", "pull", hub.file, "--sha256", hub.stated.upper())
    lsfs("model", "use", "--answer", "small", "--embed", "none", "--dry-run")
    assert configuration.load().model.chat == "default"
    lsfs("model", "remove", "small", "--dry-run")
    lsfs("model", "use", "--answer", "small", "--draft", "small", "--embed", "none")
    lsfs("model", "remove", "small", "--dry-run", fails=UsageError)  # it is in use
    assert "# mine" in file.read_text() and "# few" in file.read_text()
    settings = configuration.load().model
    assert (settings.chat, settings.embed) == (str(library.folder() / "small.gguf"), "none")
    told = lsfs("model", "list")
    used = [one for one in told["models"] if one["used_for"] == "answer, draft"]
    assert [one["name"] for one in used] == ["small"]
    assert told["roles"] | {"answer": "", "draft": ""} == {
        "answer": "", "draft": "", "embed": "none", "rerank": "none",
    }  # fmt: skip
    lsfs("model", "remove", "small", fails=ConfirmationRequired)
    lsfs("model", "remove", "small", "--yes", fails=UsageError)  # it is in use
    lsfs("model", "use", "--chat", "none", fails=UsageError)  # nothing to guess for
    lsfs("model", "use", "--chat", "none", "--draft", "none")
    lsfs("model", "remove", "small", "--yes")
    assert left() == []


@pytest.mark.model
def test_where_the_layers_of_the_model_go_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny.write(tmp_path / "tiny.gguf")
    monkeypatch.setenv("LSFS_MODEL_CHAT", str(model))
    card = fit.Device("CUDA0", "Test [card]", 8 << 30, 8 << 30)
    monkeypatch.setattr(fit, "devices", lambda _: [card])
    told = CliRunner().invoke(cli, ["model", "list", "--json"], obj=None)
    assert json.loads(told.stdout)["placement"]["gpu_layers"] == tiny.LAYERS + 1
    monkeypatch.setenv("LSFS_MODEL_GPU_LAYERS", "1")
    told = CliRunner().invoke(cli, ["model", "list"])
    assert f"1 of {tiny.LAYERS + 1} layers on Test [card] (CUDA0)" in told.stderr
    monkeypatch.setenv("LSFS_MODEL_CHAT", "none")
    assert library.placement(ModelConfig(chat="none")) is None
    assert library.placement(ModelConfig(chat=str(tmp_path / "absent.gguf"))) is None
