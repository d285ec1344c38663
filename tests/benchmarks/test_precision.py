"""benchmarks/precision.py counts as junk what a reader would."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from codesearch.core.types import Symbol
from codesearch.extract.symbols import extract
from tests.support.home import HOUSE

sys.path.insert(0, str(HOUSE / "benchmarks"))

precision = pytest.importorskip("precision")

SOURCE = (
    b"int f(void) {\n  return 1;\n}\n\n// Says what g does, in more than forty characters.\nint g(void) { return 2; }\n"
)


def rules(symbols: list[Symbol]) -> list[tuple[str, str]]:
    return [(symbol.name, rule) for symbol, rule in precision.broken(symbols, SOURCE)]


def test_right_symbols_break_no_rule() -> None:
    assert rules(extract(SOURCE, "c", "a.c")[1:]) == []


def test_each_rule_finds_its_junk() -> None:
    f, g = extract(SOURCE, "c", "a.c")[1:]
    comment_end = SOURCE.index(b"int g") - 1
    assert rules([replace(f, name="if")]) == [("if", "keyword")]
    assert rules([replace(f, name="chr)")]) == [("chr)", "no name")]
    assert rules([replace(f, end_byte=comment_end), g]) == [("f", "neighbour")]
    assert rules([replace(f, end_byte=comment_end + 3), g]) == [("g", "overlap")]
    assert rules([replace(f, documentation=g.documentation), g]) == [("g", "neighbour")]
    assert rules([replace(f, end_byte=f.end_byte - 2)]) == [("f", "no end")]
    assert rules([f, f]) == [("f", "twice")]
