"""Extraction: properties of every language, for any source."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesearch import languages
from codesearch.core.errors import NotFoundError
from codesearch.core.types import KINDS, Symbol
from codesearch.extract.comments import clean_comment, clean_string
from codesearch.extract.scan import scan
from codesearch.extract.symbols import ParseTimeoutError, extract

ROW = re.compile(r"^=== ([^\n]+)\n--- (\S+)\n(.*?\n)--- symbols\n", re.MULTILINE | re.DOTALL)
CASES = Path(__file__).parents[1] / "languages" / "cases"
NAMES = [language.name for language in languages.all()]


def sample(name: str) -> bytes:
    """Return the source of a case of this language."""
    for path in sorted(CASES.iterdir()):
        source = path.read_bytes()
        found = languages.detect(path.name, source)
        if path.suffix != ".symbols" and found and found.name == name:
            return source
    rows = ROW.findall((CASES.parent / "kinds" / f"{name}.txt").read_text("utf-8"))
    assert rows, f"no case for {name}"
    return str(rows[0][2]).encode()


def check(symbols: list[Symbol], source: bytes) -> None:
    """Check the guarantees of every extraction."""
    lines = max(1, len(source.replace(b"\r\n", b"\n").splitlines()))
    module, *others = symbols
    file = "document" if languages.get(module.language).is_text else "module"
    assert (module.kind, module.start_line, module.start_byte, module.end_byte) == (file, 1, 0, len(source))
    assert [(one.start_byte, -one.end_byte) for one in others] == sorted(
        (one.start_byte, -one.end_byte) for one in others
    )
    for symbol in symbols:
        assert symbol.kind in KINDS
        assert symbol.name
        assert symbol.qualname
        assert 1 <= symbol.start_line <= symbol.end_line <= max(lines, source.count(b"\n") + 1)
        assert 0 <= symbol.start_byte <= symbol.end_byte <= len(source)
        assert len(symbol.signature) <= 300 or symbol is module
        assert "\n" not in symbol.signature or symbol is module


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_bytes_break_it(name: str, data: st.DataObject):
    source = sample(name)
    kind = data.draw(st.sampled_from(["noise", "cut", "mixed"]))
    if kind == "noise":
        text = data.draw(st.binary(max_size=300))
    elif kind == "cut":
        begin = data.draw(st.integers(0, len(source)))
        text = source[begin : data.draw(st.integers(begin, len(source)))]
    else:
        at = data.draw(st.integers(0, len(source)))
        text = source[:at] + data.draw(st.binary(min_size=1, max_size=20)) + source[at:]
    symbols = extract(text, name, "some/file.x")
    check(symbols, text)
    assert symbols == extract(text, name, "some/file.x")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_file_is_a_module_or_a_document(name: str):
    (module,) = extract(b"", name, "src/empty.x")
    is_text = languages.get(name).is_text
    names = ("document", "empty.x", "src/empty.x") if is_text else ("module", "empty", "src/empty")
    assert (module.kind, module.name, module.qualname, module.signature) == (*names, "src/empty.x")
    assert (module.start_line, module.end_line, module.language) == (1, 1, name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("text", "source")])
def test_every_language_has_a_case_with_definitions(name: str):
    assert len(extract(sample(name), name, "x")) > 1


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
def test_line_ends_of_any_kind_count(newline: bytes):
    source = b"# Adds.\ndef add():\n    pass\n\ndef other():\n    pass\n"
    plain = extract(source, "python", "a.py")
    other = extract(source.replace(b"\n", newline), "python", "a.py")
    assert [(one.qualname, one.start_line, one.end_line, one.documentation) for one in plain] == [
        (one.qualname, one.start_line, one.end_line, one.documentation) for one in other
    ]
    assert plain[1].documentation == "Adds."


def test_bytes_that_are_not_utf8_are_replaced():
    symbols = extract(b'def f():\n    """caf\xe9"""\n', "python", "a.py")
    assert symbols[1].documentation == "caf\N{REPLACEMENT CHARACTER}"


def test_a_byte_order_mark_does_no_harm():
    symbols = extract(b"\xef\xbb\xbf# What it is.\n\nx = 1\n", "python", "a.py")
    assert symbols[0].documentation == "What it is."


def test_deep_nesting_is_no_recursion():
    for source in (b"[" * 5_000, b"(" * 20_000 + b")" * 20_000, b"f(" * 20_000, b"if x:\n" * 2_000):
        check(extract(source, "python", "a.py"), source)


def test_a_parse_takes_no_longer_than_allowed():
    source = b"x = [" + b"1, (" * 200_000
    with pytest.raises(ParseTimeoutError):
        extract(source, "python", "a.py", timeout=0.02)
    # An interrupted parse leaves nothing behind.
    assert [one.qualname for one in extract(b"def g(): pass", "python", "b.py", timeout=10)] == ["b", "g"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c", b"A_B(" * 10_000),
        ("c", b"int f(int a)\nint b;\n" * 5_000 + b"}"),
        ("c", b"x " * 50_000 + b"("),
        ("c", b"#define A_B \\\n" * 10_000 + b"}"),
        ("cpp", b"operator" * 20_000 + b"}"),
        ("cpp", b"A_B\n" * 20_000 + b"}"),
        ("cpp", b"a::" * 30_000 + b"f(" + b"int x, " * 5_000 + b"}"),
        ("csharp", b"public static " * 20_000),
        ("csharp", b"[A] public int f(int a, " * 5_000),
        ("rust", b"a! { fn f() {} " * 300),
        ("java", b"@A(" * 5_000 + b"class B {}"),
        ("java", b'@A("' * 3_000 + b"\nclass B { void f() {} }"),
        ("python", b"# " * 20_000 + b"\n" + b"#\n" * 20_000),
        ("javascript", b"function f() {}\n*/\n" * 5_000),
        ("php", b"<?php #[A" + b"[" * 10_000),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:12].decode(),
)
@pytest.mark.timeout(60)
def test_no_source_takes_quadratic_time_in_a_hook(name: str, text: bytes):
    check(extract(text, name, "x"), text)


def test_python_of_the_standard_library_is_whole():
    source = Path(os.__file__).read_bytes()
    symbols = extract(source, "python", "lib/os.py")
    check(symbols, source)
    assert symbols[0].documentation.startswith("OS routines for NT or Posix")
    assert {"makedirs", "walk", "_Environ.__getitem__", "_Environ", "PathLike.__fspath__"} <= {
        one.qualname for one in symbols
    }
    walk = next(one for one in symbols if one.qualname == "walk")
    assert walk.signature == "def walk(top, topdown=True, onerror=None, followlinks=False)"
    assert source[walk.start_byte : walk.end_byte].startswith(b"def walk(")


@pytest.mark.timeout(60)
def test_a_grammar_that_takes_quadratic_time_is_bounded():
    with pytest.raises(ParseTimeoutError):
        extract(b"/* x\n" * 50_000, "javascript", "a.js", timeout=0.2)


def test_a_prototype_counts_where_nothing_defines_it():
    source = b"int f(int);\nint g(int);\nint f(int a) { int h(int); return 0; }\n"
    assert [(one.qualname, one.start_line) for one in extract(source, "c", "a.c")[1:]] == [("g", 2), ("f", 3)]


def test_an_unknown_language_is_named_with_the_known_ones():
    with pytest.raises(NotFoundError, match=r"'cobol'.*python"):
        extract(b"", "cobol", "a.cob")


def test_a_missing_grammar_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    from codesearch.languages import grammar

    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    grammar.load.cache_clear()
    try:
        with pytest.raises(NotFoundError, match="tree-sitter-go"):
            extract(b"package a", "go", "a.go")
    finally:
        grammar.load.cache_clear()


@pytest.mark.parametrize(
    ("path", "head", "name"),
    [
        ("a/b.py", b"", "python"),
        ("A.PY", b"", "python"),
        ("x.tsx", b"", "tsx"),
        ("x.h", b"", "c"),
        ("x.h", b"int f(void);\n", "c"),
        ("x.h", b'#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void);\n', "c"),
        ("x.h", b"namespace a {\n", "cpp"),
        ("x.h", b"#include <vector>\n", "cpp"),
        ("x.h", b"class API Engine : Base {", "cpp"),
        ("x.h", b"@interface Engine : NSObject\n", "objc"),
        ("x.cpp", b"int f(void);", "cpp"),
        ("bin/run", b"#!/usr/bin/env python3\n", "python"),
        ("bin/run", b"#!/usr/bin/env -S node --x\n", "javascript"),
        ("bin/run", b"#! /usr/local/bin/ruby3.2 -w\n", "ruby"),
        ("Rakefile", b"", "ruby"),
        ("run.txt", b"#!/usr/bin/env python3\n", None),
        ("README", b"", "text"),
        ("LICENSE", b"python", "text"),
        ("notes", b"python", None),
        ("package-lock.json", b"{}", None),
        ("Dockerfile", b"", "dockerfile"),
    ],
)
def test_languages_are_told_apart(path: str, head: bytes, name: str | None):
    found = languages.detect(path, head)
    assert (found.name if found else None) == name


def test_telling_languages_apart_needs_no_grammar():
    code = "import sys; from codesearch import languages; languages.detect('a.py', b'x'); "
    code += "assert not [m for m in sys.modules if m.startswith('tree_sitter')]"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("// One.\n//\n// Two.", "One.\n\nTwo."),
        ("/**\n * One.\n *   indented\n */", "One.\n  indented"),
        ("/* One. */", "One."),
        ("/// One.\n/// Two.", "One.\nTwo."),
        ("# One.\n#: Two.", "One.\nTwo."),
        ("-- | One.\n-- Two.", "One.\nTwo."),
        ("{- | One.\nTwo. -}", "One.\nTwo."),
        ("(** One. *)", "One."),
        ("// ==========\n// One.\n// ----------", "One."),
        ("// Copyright 2026 Somebody\n// All rights reserved.", ""),
        ("// One.\n//go:noinline\n// eslint-disable-next-line", "One."),
        ("# noqa: E501\n# -*- coding: utf-8 -*-", ""),
    ],
)
def test_comments_lose_their_marks(comment: str, text: str):
    assert clean_comment(comment) == text


def test_documentation_is_kept_whole_up_to_eight_thousand_characters():
    page, manual = ("word " * 1599 + "end.", "word " * 2000)
    for clean, text in ((clean_comment, "/* {} */"), (clean_string, '"""{}"""')):
        assert clean(text.format(page)) == page
        assert clean(text.format(manual)) == manual[:8000]


@pytest.mark.parametrize(
    ("string", "text"),
    [
        ('"""One.\n\n    Two.\n      more\n    """', "One.\n\nTwo.\n  more"),
        ("'One.'", "One."),
        ('r"""One."""', "One."),
        ('"""\n    One.\n    """', "One."),
    ],
)
def test_docstrings_lose_quotes_and_indentation(string: str, text: str):
    assert clean_string(string) == text


def test_a_source_with_some_ranges_changed_is_parsed_as_if_anew():
    lines = [b"  SOME_API(x,\n    y) int f%d(int a) LOCKS_IT { return a; }\n" % number for number in range(40)]
    source = b"class A {\n" + b"".join(lines)
    macro = re.compile(rb"SOME_API\(x,\n    y\)|LOCKS_IT")
    changed = [match.span() for match in macro.finditer(source)]
    other = macro.sub(lambda match: re.sub(rb"[^\n]", b" ", match[0]), source)
    first, anew = scan(source, languages.get("cpp")), scan(other, languages.get("cpp"))
    again = first.again(other, changed=changed)
    assert again.definitions == anew.definitions != first.definitions
    assert again.errors == anew.errors
    assert len(again.definitions) > 10


DIRECTIVES = """
    !/usr/bin/env x|eslint-disable|jshint x|jslint x|prettier-ignore|istanbul ignore|global x|@ts-ignore|@flow x|
    tslint:x|biome-ignore|v8 ignore|c8 ignore|type: x|
    noqa: E1|pylint: x|mypy: x|ruff: x|fmt: off|pragma: x|-*- x|vim: x|vi: x|
    coding: x|isort: x|flake8|go:embed x|nolint|+build x|line x.go:1|rubocop:x|frozen_string_literal: true|encoding: x|
    warn_indent: true|:nocov:|:nodoc:|clang-format off|NOLINT|NOSONAR|CHECKSTYLE:OFF|noinspection X|phpcs:x|
    @phpstan-ignore|@psalm-suppress X|shellcheck x|swiftlint:x|ktlint-x|sourcery: x|<editor-fold>|</editor-fold>|
    #region|#endregion|region x|endregion|MARK: -|ReSharper x|stylua: x|luacheck: x|credo:x|sobelow_skip
"""


@pytest.mark.parametrize("line", [line.strip() for line in DIRECTIVES.split("|")])
def test_no_directive_is_documentation(line):
    assert clean_comment(f"/* {line}\n * Words. */") == "Words."
