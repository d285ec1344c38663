"""Languages that need no grammar: how their files are recognised, and files in unknown languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch import languages
from codesearch.extract.symbols import extract
from codesearch.files.content import read_source


@pytest.mark.parametrize(
    ("path", "head", "name"),
    [
        ("a.R", b"", "r"), ("a.F90", b"", "fortran"), ("rtl/core.sv", b"", "verilog"), ("a.fsx", b"", "fsharp"),
        ("Jenkinsfile", b"", "groovy"), ("build.gradle", b"", "groovy"), ("build.gradle.kts", b"", "kotlin"),
        (".vimrc", b"", "vim"), ("a.rkt", b"", "scheme"), ("a.ps1", b"", "powershell"), ("a.metal", b"", "cpp"),
        ("run", b"#!/usr/bin/env Rscript\n", "r"), ("run", b"#! /usr/bin/escript\n", "erlang"),
        ("run", b"#!/usr/bin/env pwsh\n", "powershell"), ("run", b"#!/usr/bin/awk -f\n", "source"),
        ("a.nim", b"", "source"), ("meson.build", b"", "source"), ("a.csv", b"", None), ("a.svg", b"", None),
    ],
)  # fmt: skip
def test_files_are_recognised_as_linguist_does(path: str, head: bytes, name: str | None) -> None:
    found = languages.detect(path, head)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("a.m", b"% Solves.\nx = 1;\n", "matlab"), ("a.m", b"#import <A.h>\n@implementation A\n@end\n", "objc"),
        ("a.fs", b"module Shop\nlet x = 1\n", "fsharp"),
        ("a.fs", b"#version 330\nvoid f() { }\n", "glsl"),
        ("a.cl", b"(defun f ())\n", "commonlisp"), ("a.cl", b"__kernel void f() { }\n", "c"),
        ("a.v", b"module top(input a);\nendmodule\n", "verilog"),
        ("a.v", b"Require Import Arith.\nLemma a : b.\n", None),
    ],
)  # fmt: skip
def test_content_decides_what_shares_an_extension(path: str, source: bytes, name: str | None) -> None:
    found = languages.detect(path, source)
    assert (found and found.name) == name


def test_a_long_file_in_another_language_has_parts_that_end_at_blank_lines() -> None:
    source = b"".join(b"proc step%d =\n  echo %d\n\n" % (number, number) for number in range(40))
    file, *parts = extract(source, "source", "a.nim")
    assert (file.kind, file.name) == ("module", "a")
    assert {part.kind for part in parts} == {"section"}
    assert parts[0].name == "proc step0 ="
    assert [later.start_line for later in parts[1:]] == [earlier.end_line + 2 for earlier in parts[:-1]]
    assert parts[-1].end_line == 119
    assert max(part.end_line - part.start_line for part in parts) <= 100


def test_a_large_file_in_another_language_is_data(tmp_path: Path) -> None:
    (tmp_path / "a.nim").write_bytes(b"echo 1\n" * 40_000)
    assert getattr(read_source(tmp_path, "a.nim"), "reason", "") == "data"
