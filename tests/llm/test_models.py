from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from lsfs.errors import ModelError, ModelMissing, UsageError
from lsfs.llm.files import models
from lsfs.llm.files.models import KnownModel, chat_model_file, embed_model_folder

CONTENT = b"GGUF and then some"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(models, "user_cache", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "digests.json"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownModel:
    package = tmp_path / "site" / "lsfs_fake_package"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model" / "m.gguf").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return KnownModel("fake", "chat", "lsfs_fake_package", "model/m.gguf", DIGEST)


def test_an_installed_model_is_found_without_importing_its_package(known: KnownModel) -> None:
    found = chat_model_file("default", known=known)
    assert found is not None
    assert (found.name, found.sha256, found.kind) == ("fake", DIGEST, "chat")
    assert found.path.read_bytes() == CONTENT
    assert known.package not in sys.modules


def test_a_changed_file_is_refused_by_name(known: KnownModel, tmp_path: Path) -> None:
    found = chat_model_file("default", known=known)
    assert found is not None
    found.path.write_bytes(CONTENT + b"!")
    with pytest.raises(ModelError, match=r"m\.gguf is not fake") as raised:
        chat_model_file("default", known=known)
    assert "lsfs-fake-package" in raised.value.hint


def test_a_file_is_read_once(
    known: KnownModel, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat_model_file("default", known=known)
    assert DIGEST in cache.read_text()
    monkeypatch.delattr(hashlib, "file_digest")
    assert chat_model_file("default", known=known)


def test_a_cache_that_cannot_be_used_does_no_harm(known: KnownModel, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("no json")
    assert chat_model_file("default", known=known)
    cache.unlink()
    cache.mkdir()
    assert chat_model_file("default", known=known)
    assert [entry.name for entry in cache.parent.iterdir()] == ["digests.json"]


def test_what_must_be_beside_the_weights(known: KnownModel) -> None:
    with pytest.raises(ModelError, match=r"lacks tokenizer\.json"):
        embed_model_folder("default", known=replace(known, beside=("tokenizer.json",)))


def test_settings_without_a_model(known: KnownModel) -> None:
    absent = replace(known, package="lsfs_absent_package")
    assert chat_model_file("none", known=known) is None
    assert chat_model_file("default", known=absent) is None
    assert embed_model_folder("none") is None
    assert embed_model_folder("default", known=absent) is None


def test_a_path(known: KnownModel, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF mine")
    found = chat_model_file(str(path), known=known)
    assert found is not None
    assert (found.name, found.path) == ("mine", path)
    path.write_bytes(CONTENT)
    found = chat_model_file(str(path), known=known)
    assert found is not None
    assert found.name == "fake"


def test_wrong_settings(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"absent\.gguf") as raised:
        chat_model_file(str(tmp_path / "absent.gguf"))
    assert "lsfs model list" in raised.value.hint
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelError, match="no GGUF"):
        chat_model_file(str(tmp_path / "text.gguf"))
    with pytest.raises(ModelError, match="cannot read"):
        chat_model_file(str(tmp_path))
    with pytest.raises(UsageError):
        embed_model_folder("other")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(known: KnownModel, tmp_path: Path) -> None:
    path = tmp_path / "secret.gguf"
    path.write_bytes(CONTENT)
    path.chmod(0)
    with pytest.raises(ModelError, match="cannot read"):
        chat_model_file(str(path), known=known)
