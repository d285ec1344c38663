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


def test_documentation_that_the_source_says_twice_is_right() -> None:
    comment = b"// Says what both of them do, in more than forty characters.\n"
    twice = comment + b"int f(void) { return 1; }\n" + comment + b"int g(void) { return 2; }\n"
    f, g = extract(twice, "c", "a.c")[1:]
    assert [rule for _, rule in precision.broken([f, g], twice)] == []
    once = comment + b"int f(void) { return 1; }\nint g(void) { return 2; }\n"
    f, g = extract(once, "c", "a.c")[1:]
    g = replace(g, documentation=f.documentation)
    assert [rule for _, rule in precision.broken([f, g], once)] == ["neighbour"]


@pytest.mark.parametrize(
    ("name", "is_whole"),
    [("1.0 (2026-01-01)", True), ("a) first", True), ("cut(at", False), ("A &amp; B", False), ("", False)],
)
def test_the_name_of_a_section_is_whole(name: str, is_whole: bool) -> None:
    source = b"# Title\n\ntext\n"
    (section,) = [one for one in extract(source, "markdown", "a.md") if one.kind == "section"]
    found = [rule for _, rule in precision.broken([replace(section, name=name)], source)]
    assert found == ([] if is_whole else ["no name"])
