"""The languages, one entry each; `definition.Language` documents the fields."""

from __future__ import annotations

from codesearch.languages.definition import Language

_ANNOTATION = rb"@(?!interface\b)[\w.]+(?:\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\))?"
_ATTRIBUTE_LIST = rb"#?\[(?:[^\[\]]|\[[^\[\]]*\])*\]"

LANGUAGES: tuple[Language, ...] = (
    Language(
        name="python",
        module="tree_sitter_python",
        extensions=(".py", ".pyi", ".pyw"),
        filenames=("SConstruct", "SConscript", "wscript"),
        interpreters=("python", "pypy"),
        line_comments=("#",),
        block_comments=(),
    ),
    Language(
        name="go",
        module="tree_sitter_go",
        extensions=(".go",),
    ),
)
