"""Which programming language a file is in, and what its grammar calls definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    import tree_sitter


class Language(Struct, frozen=True):
    """A language that can be cut by its grammar.

    Attributes:
        module: the package with the grammar.
        definitions: kinds of node that define something, with the word that stands before the
            name of what they define.
        containers: of these, those whose bodies hold definitions of their own.
        wrappers: kinds of node around a definition, which belong to it (decorators, ``export``).
        open: kinds of node that are looked through, as if what they hold stood one level higher.
        entry: the function of ``module`` that gives the grammar.
    """

    module: str
    definitions: Mapping[str, str]
    containers: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset()
    open: frozenset[str] = field(default=frozenset())
    entry: str = "language"

    def grammar(self) -> tree_sitter.Language:
        """The grammar; its package is imported when it is first needed."""
        return _grammar(self.module, self.entry)


@cache
def _grammar(module: str, entry: str) -> tree_sitter.Language:
    import tree_sitter

    return tree_sitter.Language(getattr(import_module(module), entry)())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCRIPT = {
    "function_declaration": "function", "generator_function_declaration": "function",
    "class_declaration": "class", "method_definition": "method",
    "lexical_declaration": "const", "variable_declaration": "var",
}  # fmt: skip
_TYPED_SCRIPT = _SCRIPT | {
    "abstract_class_declaration": "class", "interface_declaration": "interface",
    "enum_declaration": "enum", "type_alias_declaration": "type", "internal_module": "namespace",
    "module": "module", "function_signature": "function",
}  # fmt: skip
_SCRIPT_CONTAINERS = _words("class_declaration abstract_class_declaration internal_module module")
_SCRIPT_WRAPPERS = _words("export_statement ambient_declaration expression_statement")
_C = {
    "function_definition": "function", "struct_specifier": "struct", "union_specifier": "union",
    "enum_specifier": "enum", "type_definition": "type", "preproc_function_def": "#define",
}  # fmt: skip
_C_OPEN = _words(
    "preproc_if preproc_ifdef preproc_else preproc_elif preproc_elifdef linkage_specification"
    " declaration_list"
)
_C_WRAPPERS = _words("declaration type_definition")

LANGUAGES: Mapping[str, Language] = {
    "python": Language(
        "tree_sitter_python",
        {"function_definition": "def", "class_definition": "class"},
        _words("class_definition"),
        _words("decorated_definition"),
    ),
    "javascript": Language(
        "tree_sitter_javascript", _SCRIPT, _words("class_declaration"), _words("export_statement")
    ),
    "typescript": Language(
        "tree_sitter_typescript", _TYPED_SCRIPT, _SCRIPT_CONTAINERS, _SCRIPT_WRAPPERS,
        entry="language_typescript",
    ),
    "tsx": Language(
        "tree_sitter_typescript", _TYPED_SCRIPT, _SCRIPT_CONTAINERS, _SCRIPT_WRAPPERS,
        entry="language_tsx",
    ),
    "java": Language(
        "tree_sitter_java",
        {
            "class_declaration": "class", "interface_declaration": "interface",
            "enum_declaration": "enum", "record_declaration": "record",
            "annotation_type_declaration": "@interface", "method_declaration": "method",
            "constructor_declaration": "constructor",
        },
        _words("class_declaration interface_declaration enum_declaration record_declaration"),
        open=_words("enum_body_declarations"),
    ),
    "c": Language("tree_sitter_c", _C, wrappers=_C_WRAPPERS, open=_C_OPEN),
    "cpp": Language(
        "tree_sitter_cpp",
        _C | {"class_specifier": "class", "namespace_definition": "namespace"},
        _words("class_specifier struct_specifier namespace_definition"),
        _C_WRAPPERS | {"template_declaration"},
        _C_OPEN,
    ),
    "rust": Language(
        "tree_sitter_rust",
        {
            "function_item": "fn", "struct_item": "struct", "enum_item": "enum",
            "union_item": "union", "trait_item": "trait", "impl_item": "impl", "mod_item": "mod",
            "macro_definition": "macro_rules!", "type_item": "type",
        },
        _words("trait_item impl_item mod_item"),
    ),
    "go": Language(
        "tree_sitter_go",
        {"function_declaration": "func", "method_declaration": "func", "type_declaration": "type"},
    ),
    "ruby": Language(
        "tree_sitter_ruby",
        {
            "method": "def", "singleton_method": "def", "class": "class", "module": "module",
            "singleton_class": "class <<",
        },
        _words("class module singleton_class"),
    ),
    "bash": Language("tree_sitter_bash", {"function_definition": "function"}),
    "php": Language(
        "tree_sitter_php",
        {
            "function_definition": "function", "method_declaration": "function",
            "class_declaration": "class", "interface_declaration": "interface",
            "trait_declaration": "trait", "enum_declaration": "enum",
            "namespace_definition": "namespace",
        },
        _words("class_declaration interface_declaration trait_declaration enum_declaration"
               " namespace_definition"),
        entry="language_php",
    ),
    "csharp": Language(
        "tree_sitter_c_sharp",
        {
            "namespace_declaration": "namespace", "class_declaration": "class",
            "interface_declaration": "interface", "struct_declaration": "struct",
            "enum_declaration": "enum", "record_declaration": "record",
            "method_declaration": "method", "constructor_declaration": "constructor",
            "property_declaration": "property", "delegate_declaration": "delegate",
        },
        _words("namespace_declaration class_declaration interface_declaration struct_declaration"
               " record_declaration"),
        open=_words("preproc_if preproc_else preproc_elif"),
    ),
}  # fmt: skip

_SUFFIX_WORDS = {
    "python": "py pyi pyw", "javascript": "js mjs cjs jsx", "typescript": "ts mts cts",
    "tsx": "tsx", "java": "java", "c": "c", "cpp": "cc cpp cxx hpp hh hxx h++ c++ ino cu",
    "rust": "rs", "go": "go", "ruby": "rb rake gemspec rakefile gemfile", "bash": "sh bash zsh",
    "php": "php phtml", "csharp": "cs csx",
}  # fmt: skip
_SUFFIXES = {suffix: name for name, words in _SUFFIX_WORDS.items() for suffix in words.split()}
_SHEBANG = re.compile(r"#![^\n]*?([A-Za-z]+)[\d.]*[ \t]*(?:-[^\n]*)?(?:\n|\Z)")
_INTERPRETERS = {
    "python": "python", "pypy": "python", "node": "javascript", "deno": "typescript",
    "ruby": "ruby", "bash": "bash", "sh": "bash", "zsh": "bash", "dash": "bash", "ksh": "bash",
    "php": "php",
}  # fmt: skip
# What kernels call their languages, where that is no name or suffix from above.
_OTHER_NAMES = {"ipython": "python", "c#": "csharp", "c++": "cpp", "shell": "bash", "sql": ""}
_CPP_HEADER = re.compile(r"^\s*(?:class\s+\w|namespace\b|template\s*<|using\s|public:)|std::", re.M)
_HEADER_SAMPLE = 64 * 1024  # characters


def language_of(name: str, text: str) -> Language | None:
    """The language of a file, by its name, else by its first line; None where that is unknown.

    Args:
        name: what the file is called.
        text: its content.
    """
    path = PurePosixPath(name.lower())
    suffix = path.suffix[1:] or path.name.lstrip(".")
    if suffix == "h":
        is_cpp = _CPP_HEADER.search(text[:_HEADER_SAMPLE])
        return LANGUAGES["cpp" if is_cpp else "c"]
    if suffix in _SUFFIXES:
        return LANGUAGES[_SUFFIXES[suffix]]
    shebang = _SHEBANG.match(text[:200])
    return LANGUAGES.get(_INTERPRETERS.get(shebang[1].lower(), "")) if shebang else None


def language_named(name: str) -> Language | None:
    """The language that goes by a name, as notebooks and fences state it."""
    name = name.strip().lower().rstrip("0123456789.")
    return LANGUAGES.get(name) or LANGUAGES.get(_OTHER_NAMES.get(name) or _SUFFIXES.get(name, ""))
