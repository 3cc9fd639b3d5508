"""What is left out of the index: rules of folders, of git, of the settings; and their changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsfs.config import IndexConfig
from lsfs.index.follow import Follower
from lsfs.index.ignore import GitRules
from lsfs.index.tree import SourceTree

from .conftest import Index

Eventually = Callable[[Callable[[], object]], object]


def make(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def listed(root: Path, git: GitRules = "repositories") -> set[str]:
    """All that is indexed, but for the files of rules; each path is judged alike by itself."""
    tree = SourceTree(root, IndexConfig().ignore, git)
    try:
        found = {path for path, _ in tree.files()}
        for folder, _, names in os.walk(root):
            for name in names:
                path = str((Path(folder) / name).relative_to(root))
                assert tree.ignored(path) == (path not in found), path
                assert bool(list(tree.files(path))) == (path in found), path
    finally:
        tree.close()
    return {path for path in found if not path.endswith("ignore")}


CASES: dict[str, tuple[dict[str, str], set[str]]] = {
    "names, folders, anchors, negation": (
        {
            ".lsfsignore": "*.log\n!keep.log\nbuild/\n/top.txt\ndocs/*.txt\n# no rule\n",
            "a.log": "", "keep.log": "", "x/b.log": "", "x/build/c.txt": "", "x/build2/d.txt": "",
            "top.txt": "", "x/top.txt": "", "docs/e.txt": "", "docs/deep/f.txt": "",
        },
        {"keep.log", "x/build2/d.txt", "x/top.txt", "docs/deep/f.txt"},
    ),
    "the deeper file wins": (
        {
            ".lsfsignore": "*.txt\n", "a.txt": "", "x/.lsfsignore": "!*.txt\nsecret.txt\n",
            "x/a.txt": "", "x/secret.txt": "", "x/y/a.txt": "",
        },
        {"x/a.txt", "x/y/a.txt"},
    ),
    "nothing below a folder that is left out comes back": (
        {".lsfsignore": "x/\n!x/a.txt\n", "x/a.txt": "", "x/.lsfsignore": "!a.txt\n", "b.txt": ""},
        {"b.txt"},
    ),
    "the settings, and taking in again": (
        {
            ".lsfsignore": "!.env\n!.cache/\n", ".env": "", "x/.env": "", ".cache/a": "",
            "id_rsa": "", "id_rsa.pub": "", ".ssh/config": "", "x/node_modules/a.js": "",
            "server.pem": "", "~$letter.docx": "", "pem.txt": "",
        },
        {".env", "x/.env", ".cache/a", "id_rsa.pub", "pem.txt"},
    ),
    "secrets of programs": (
        {
            "prod.env": "", "x/id_ed25519_sk": "", "x/id_ed25519_sk.pub": "", "old.kdb": "",
            "infra/terraform.tfstate": "", "infra/terraform.tfstate.backup": "", "a.tfvars": "",
            ".vault-password": "", "office.ovpn": "", "secrets.yaml": "", "secrets/a.txt": "",
            "home/.config/gcloud/credentials.db": "", "gcloud/notes.md": "", "environment.md": "",
        },
        {"x/id_ed25519_sk.pub", "secrets/a.txt", "gcloud/notes.md", "environment.md"},
    ),
    "git's rules within its trees only": (
        {
            ".gitignore": "*.txt\n", "a.txt": "",
            "code/.git/HEAD": "", "code/.gitignore": "out/\n*.gen\n", "code/out/a": "",
            "code/a.gen": "", "code/src/.gitignore": "!b.gen\n", "code/src/b.gen": "",
            "code/a.txt": "",
        },
        {"a.txt", "code/src/b.gen", "code/a.txt"},
    ),
    "a tree within a tree has rules of its own": (
        {
            ".git/HEAD": "", ".gitignore": "*.txt\n", "a.txt": "", "a.md": "",
            "sub/.git": "gitdir: ../.git/modules/sub", "sub/a.txt": "",
        },
        {"a.md", "sub/a.txt"},
    ),
    "what lsfs is told wins over git": (
        {
            ".git/HEAD": "", "x/.gitignore": "*.txt\n!b.md\n", ".lsfsignore": "!a.txt\nb.md\n",
            "x/a.txt": "", "x/b.md": "", "x/c.txt": "",
        },
        {"x/a.txt"},
    ),
    "caches, environments, states": (
        {
            "c/CACHEDIR.TAG": "", "c/a.txt": "", "env/pyvenv.cfg": "", "env/lib/a.py": "",
            "s/source.json": "", "s/catalog.sqlite": "", "s/a.txt": "", "data/source.json": "",
            "pyvenv.cfg": "",
        },
        {"data/source.json", "pyvenv.cfg"},
    ),
    "lines that are no rules": (
        {".lsfsignore": "!\nfoo\\\n\n*.log\n", "a.log": "", "foo": ""}, {"foo"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rules(tmp_path: Path, case: str) -> None:
    files, expected = CASES[case]
    make(tmp_path, files)
    assert listed(tmp_path) == expected


def test_where_git_counts(tmp_path: Path) -> None:
    make(
        tmp_path,
        {"r/.git/HEAD": "", "r/.gitignore": "a\n", "r/a": "", ".gitignore": "b\n", "b": ""},
    )
    assert listed(tmp_path) == {"b"}
    assert listed(tmp_path, "everywhere") == set()
    assert listed(tmp_path, "never") == {"b", "r/a"}
    make(tmp_path / "r", {"docs/.gitignore": "c\n", "docs/c": ""})
    assert listed(tmp_path / "r" / "docs") == set()  # a part of a tree is one


def test_names_that_are_not_utf8_and_rules_that_are_too_large(tmp_path: Path) -> None:
    make(tmp_path, {"caf\udce9.txt": "", "b.txt": "", "x/a.txt": ""})
    (tmp_path / ".lsfsignore").write_bytes(b"caf\xe9.txt\n")
    (tmp_path / "x" / ".lsfsignore").write_bytes(b"*.txt\n" * 200_000)
    assert listed(tmp_path) == {"b.txt", "x/a.txt"}


def test_rules_that_are_not_heeded_are_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".lsfsignore").symlink_to("nowhere")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / ".lsfsignore").write_text("a/***b\n!\n")
    tree = SourceTree(tmp_path, ())
    for _ in range(3):
        list(tree.files())
    tree.close()
    assert len(caplog.messages) == len(set(caplog.messages)) >= 1
    caplog.clear()


def test_a_link_is_no_rule_and_leads_nowhere(tmp_path: Path) -> None:
    make(tmp_path, {"out/rules": "*.txt\n", "out/secret/a.txt": "", "in/a.txt": ""})
    (tmp_path / "in" / ".lsfsignore").symlink_to(tmp_path / "out" / "rules")
    (tmp_path / "in" / "dir").symlink_to(tmp_path / "out" / "secret")
    tree = SourceTree(tmp_path / "in", ())
    assert [path for path, _ in tree.files()] == ["a.txt"]
    assert list(tree.files("dir/a.txt")) == []
    assert not tree.exists("dir/a.txt")
    tree.close()


def test_changed_rules_take_effect(index: Index) -> None:
    make(index.source, {"a.txt": "heron", "x/b.txt": "heron"})
    index.run()
    assert sorted(index.paths("heron")) == ["a.txt", "x/b.txt"]
    (index.source / ".lsfsignore").write_text("x/\n")
    index.run()
    assert index.paths("heron") == ["a.txt"]
    assert len(index.vectors) == 2  # of a.txt, and of the rules
    parsed = index.pipeline.work.parsed
    (index.source / ".lsfsignore").write_text("a.txt\n")
    index.run()
    assert index.paths("heron") == ["x/b.txt"]
    (index.source / ".lsfsignore").unlink()
    index.run()
    assert sorted(index.paths("heron")) == ["a.txt", "x/b.txt"]
    assert (
        index.pipeline.work.parsed == parsed + 1
    )  # the rules; what came back says what the other says


def test_changed_rules_are_noticed(index: Index, eventually: Eventually) -> None:
    make(index.source, {"a.txt": "heron", "x/b.txt": "heron", "x/y/c.txt": "heron"})
    running = Follower(index.catalog, index.pipeline, index.tree, debounce_ms=20)
    running.start()
    try:
        assert running.wait(lambda _: None, 60)
        (index.source / "x" / ".lsfsignore").write_text("*.txt\n")
        eventually(lambda: index.paths("heron") == ["a.txt"])
        (index.source / "x" / ".lsfsignore").unlink()
        eventually(lambda: len(index.paths("heron")) == 3)
        (index.source / "x" / ".gitignore").write_text("b.txt\n")
        (index.source / ".git").mkdir()
        eventually(lambda: sorted(index.paths("heron")) == ["a.txt", "x/y/c.txt"])
        (index.source / ".git").rmdir()
        eventually(lambda: len(index.paths("heron")) == 3)
    finally:
        running.close()
