"""Source code: every line in a block, each block named by the functions and classes around it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsfs.index.readers.passages import split
from lsfs.model import BlockKind, Document
from lsfs_parsers import code as code_module
from lsfs_parsers.code import BLOCK_CHARS
from lsfs_parsers.languages import LANGUAGES, language_named
from tests.parsers.conftest import Reader

PYTHON = '''"""What it is."""
import os

# about f,
# in two lines
@cached
def f(a):
    """Says."""
    return a


class Engine(Base):
    """Head."""

    # starts it
    async def run(self):
        def inner():
            pass

        return inner

    def stop(self): pass
if __name__ == "__main__":
    f(1)
'''


def outline(document: Document) -> list[tuple[str, int, int]]:
    """The path, first and last line of each block."""
    return [
        (" > ".join(block.heading_path), block.spans[0].line or 0, block.spans[-1].line or 0)
        for block in document.blocks
    ]


def covers(document: Document, text: str) -> None:
    """Each span says what its lines say, and every line but blank ones is in one."""
    file = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered = {}
    for block in document.blocks:
        assert block.kind is BlockKind.CODE
        for span in block.spans:
            found = document.text[span.char_start : span.char_end].removesuffix("\n")
            for number, line in enumerate(found.split("\n"), start=span.line or 0):
                assert line.rstrip() == file[number - 1].rstrip()
                assert number not in covered
                covered[number] = line
    assert [line for line in file if line.strip()] == [
        file[number - 1] for number in sorted(covered) if file[number - 1].strip()
    ]


def test_python(read: Reader) -> None:
    document = read(PYTHON.encode(), "a.py")
    assert outline(document) == [
        ("", 1, 2),
        ("def f", 4, 9),
        ("class Engine", 12, 13),
        ("class Engine > def run", 15, 20),
        ("class Engine > def stop", 22, 22),
        ("", 23, 24),
    ]
    assert document.title == ""
    covers(document, PYTHON)


def test_a_passage_is_headed_by_its_function(read: Reader) -> None:
    body = "    x = 'some words about nothing much'\n" * 5
    document = read(f"def first():\n{body}\nclass A:\n    def go(self):\n{body}".encode(), "a.py")
    assert [passage.heading for passage in split(document)] == ["def first", "class A"]
    assert "class A:\n\n    def go" in split(document)[1].text


SAMPLES = {
    "a.ts": (
        "/** d */\nexport default class A extends B {\n  x = 1;\n  /** m */\n  run(): void {}\n}\n"
        "export const go = async () => {\n  return 1;\n};\nnamespace N {\n  function q() {}\n}\n",
        ["class A", "class A > method run", "const go", "namespace N", "namespace N > function q"],
    ),
    "a.tsx": ("const A = () => {\n  return <b>x</b>;\n};\n", ["const A"]),
    "a.js": ("function f() {}\nvar g = function () {};\n", ["function f", "var g"]),
    "a.h": (
        "#ifndef A\n#define A\nnamespace n {\n// d\ntemplate <class T> class E {\n public:\n"
        "  int run() { return 1; }\n};\nint E::stop(char *p) {\n  return 1;\n}\n}\n#endif\n",
        ["", "namespace n", "namespace n > class E", "namespace n > class E > function run",
         "namespace n > function E::stop", ""],
    ),
    "a.c": ("typedef struct q {\n int a;\n} Q;\nstatic int *f(void)\n{\n return 0;\n}\n",
            ["struct q", "function f"]),
    "a.rs": ("/// d\n#[derive(Debug)]\npub struct P;\nimpl D for P {\n  fn f(&self) {}\n}\n",
             ["struct P", "impl D for P", "impl D for P > fn f"]),
    "a.go": ("package m\n\n// Run runs\nfunc (e *Engine) Run() {}\ntype T struct{}\n",
             ["", "func Engine.Run", "type T"]),
    "a.rb": ("module M\n  # d\n  class F < B\n    def run(a)\n    end\n    def self.s; end\n"
             "  end\nend",
             ["module M", "module M > class F", "module M > class F > def run",
              "module M > class F > def self.s"]),
    "a.java": ("package a;\n/** d */\n@X\npublic class F {\n  @Override\n  public void run() {}\n"
               "}\n",
               ["", "class F", "class F > method run"]),
    "a.cs": ("namespace A {\n  [S]\n  class F {\n    int P { get; set; }\n    void Run() {}\n"
             "  }\n}\n",
             ["namespace A", "namespace A > class F", "namespace A > class F > property P",
              "namespace A > class F > method Run"]),
    "a.php": ("<html><?php\n/** d */\nclass F {\n  function run() {}\n}\n",
              ["", "class F", "class F > function run"]),
    "run": ("#!/usr/bin/env bash\nset -e\n# d\nrun() {\n  ls\n}\n", ["", "function run"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_languages(read: Reader, name: str) -> None:
    text, paths = SAMPLES[name]
    document = read(text.encode(), name)
    assert document.parser == "code"
    assert [path for path, _, _ in outline(document)] == paths
    covers(document, text)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_grammar_loads(name: str) -> None:
    language = LANGUAGES[name]
    kinds = {
        language.grammar().node_kind_for_id(n) for n in range(language.grammar().node_kind_count)
    }
    named = set(language.definitions) | language.containers | language.wrappers | language.open
    assert named <= kinds


@pytest.mark.parametrize(
    ("name", "module"),
    [("ipython3", "python"), ("python", "python"), ("C++17", "cpp"), ("ts", "typescript"),
     ("R", None), ("", None)],
)  # fmt: skip
def test_languages_by_name(name: str, module: str | None) -> None:
    assert language_named(name) is (LANGUAGES[module] if module else None)


def test_a_long_function_is_cut_at_its_statements(read: Reader) -> None:
    block = "    if x:\n" + "        y = some_call(1, 2, 3)\n" * 10 + "    # next\n"
    text = "def f():\n" + block * 10 + "    return (\n" + "        'word'\n" * 100 + "    )\n"
    document = read(text.encode(), "a.py")
    covers(document, text)
    assert {block.heading_path for block in document.blocks} == {("def f",)}
    assert max(len(block.text) for block in document.blocks) <= BLOCK_CHARS
    assert document.blocks[1].text.startswith("    if x:")


def test_unknown_languages_are_cut_at_blank_lines(read: Reader) -> None:
    document = read(b"begin\n  x\n\n  y\nend\n", "a.pas")
    assert outline(document) == [("", 1, 2), ("", 4, 5)]


def test_what_takes_too_long_is_cut_at_blank_lines(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_module, "_MAX_SECONDS", 0.0)
    monkeypatch.setattr(code_module, "_CHECK_EVERY", 1)
    text = "def f():\n    pass\n\n    # more\n" * 500
    document = read(text.encode(), "a.py")
    assert not any(block.heading_path for block in document.blocks)
    covers(document, text)


@pytest.mark.parametrize("text", ["x=" + "(" * 100_000, "{[\n" * 50_000, "class A:\n" * 3_000])
@pytest.mark.parametrize("name", ["a.py", "a.js"])
def test_hostile_code(read: Reader, name: str, text: str) -> None:
    covers(read(text.encode(), name), text)


WORDS = """class def fn func struct A b ( ) { } : ; # // /* */ ' " = @x #[a] if end enum é impl
    namespace template < > interface function"""
words = st.sampled_from([*WORDS.split(), "\n", "\r\n", "\n\n", "\t", "    "])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(words, min_size=1, max_size=60), st.sampled_from(list(SAMPLES)))
def test_any_text_is_covered(read: Reader, parts: list[str], name: str) -> None:
    text = "#!/bin/bash\n" * (name == "run") + "x" + " ".join(parts)
    covers(read(text.encode(), name), text)


def test_code_of_this_project_is_covered(read: Reader) -> None:
    text = Path(code_module.__file__).read_text()
    document = read(text.encode(), "code.py")
    covers(document, text)
    assert ("class _Cutter", "def cut") in {block.heading_path for block in document.blocks}
