"""Patterns of syntax: what they match in a file, and where a wrong one is wrong."""

from __future__ import annotations

import pytest

from codesearch import UsageError, languages
from codesearch.exact import nodes
from codesearch.exact.nodes import NodeMatch
from codesearch.exact.syntax import SyntaxPattern, usable


def found(pattern: str, source: str | bytes, language: str = "python") -> list[NodeMatch]:
    data = source.encode() if isinstance(source, str) else source
    return nodes.matches(data, languages.get(language), SyntaxPattern(pattern))[0]


def texts(pattern: str, source: str | bytes, language: str = "python") -> list[str]:
    return [one.whole.text for one in found(pattern, source, language)]


def test_a_match_has_its_place_its_line_and_its_captures():
    source = "x = 1\nif x:\n    näme = call(a,\n        b)\n"
    one = found("(assignment left: (_) @left right: (call) @right)", source)[0]
    assert (one.whole.line, one.whole.column, one.whole.end_line, one.whole.end_column) == (3, 5, 4, 11)
    assert one.whole.text == "näme = call(a,\n        b)"
    assert one.line.text == "    näme = call(a,"
    assert [one.line.text[start:end] for start, end in one.line.spans] == ["näme = call(a,"]
    assert [(part.name, part.text) for part in one.captures] == [("left", "näme"), ("right", "call(a,\n        b)")]
    assert source.encode()[one.start_byte : one.end_byte].decode() == one.whole.text


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(call)", ["f(1)", "g(2)"]),
        ("(call) @c", ["f(1)", "g(2)"]),
        ("(call) (integer)", ["f(1)", "1", "g(2)", "2"]),
        ("(call) ; (a comment", ["f(1)", "g(2)"]),
        ('"(" ; text', ["(", "("]),
        ('((call function: (identifier) @f) @c (#eq? @f "g"))', ["g(2)"]),
        ('(call function: (identifier) @_f arguments: (_) @a (#match? @_f "^[fg]$"))', ["(1)", "(2)"]),
        ('((identifier) @_only (#eq? @_only "f"))', ["f"]),
        ("[(integer) (identifier)] @x", ["f", "1", "g", "2"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, expected: list[str]):
    assert texts(pattern, "f(1)\ng(2)\n") == expected


@pytest.mark.parametrize(("end", "line"), [("\n", 2), ("\r\n", 2), ("\r", 2)])
def test_every_line_end(end: str, line: int):
    one = found("(call)", f"x = 1{end}f(1){end}")[0]
    assert (one.whole.line, one.whole.column, one.line.text) == (line, 1, "f(1)")


def test_syntax_errors_are_reported_with_what_is_found():
    matches, has_errors = nodes.matches(b"f(1)\ndef (:\n", languages.get("python"), SyntaxPattern("(call)"))
    assert ([one.whole.text for one in matches], has_errors) == (["f(1)"], True)
    assert not nodes.matches(b"f(1)\n", languages.get("python"), SyntaxPattern("(call)"))[1]


COMPONENT = "<template>\n  <p>{{ load() }}</p>\n</template>\n<script{lang}>\nconst a = load(1)\n{more}</script>\n"


@pytest.mark.parametrize("language", ["vue", "svelte"])
def test_scripts_of_a_component_are_searched_where_they_are(language: str):
    source = COMPONENT.replace("{lang}", ' lang="ts"').replace("{more}", "")
    one = found("(call_expression)", source, language)[0]
    assert (one.whole.text, one.whole.line) == ("load(1)", 5)
    assert len(found("(call_expression)", source, language)) == 1


def test_scripts_in_tsx_are_read_as_such():
    source = COMPONENT.replace("{lang}", ' lang="tsx"').replace("{more}", "const b = <p>{a}</p>\n")
    assert texts("(jsx_element)", source, "vue") == ["<p>{a}</p>"]


def test_source_that_is_rewritten_for_the_grammar_is_shown_as_it_is():
    source = "NS_ASSUME_NONNULL_BEGIN\nint twice(int x) { return 2 * x; }\nNS_ASSUME_NONNULL_END\n"
    one = found("(return_statement)", source, "objc")[0]
    assert (one.whole.text, one.line.text) == ("return 2 * x;", "int twice(int x) { return 2 * x; }")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(cal) @x", "line 1, column 2 (at `cal) @x`): Python has no node `cal`; did you mean `call`?"),
        ("(call)\n  (clas_definition)", "line 2, column 4 (at `clas_definition)`): Python has no node"),
        (
            "(call fuction: (_))",
            "column 7 (at `fuction: (_))`): Python has no field `fuction`; did you mean `function`",
        ),
        ('"nosuch" @k', "Python has no node `nosuch`"),
        ("(call", "ends too early"),
        ("(call) @a )", "line 1, column 11 (at `)`): this is no syntax"),
        ("call", "line 1, column 1"),
        ('((call) @a (#eq? @b "x"))', "nothing is captured as @b"),
        ("(call (class_definition))", "the grammar of Python has no such node inside this one"),
        ('((call) @a\n (#mach? @a "x"))', 'line 2, column 3 (at `#mach? @a "x"))`): there is no predicate #mach?'),
        ('((call) @a (#is? @a "x"))', "there is no predicate #is?"),
        ('((call) @a (#match? @a "(x"))', "regular expression"),
        ("((call) @a (#eq? @a))", "#eq? expects 2 arguments"),
        ("", "is empty"),
        ("; nothing", "is empty"),
    ],
)
def test_a_wrong_pattern_is_explained(pattern: str, said: str):
    with pytest.raises(UsageError) as error:
        usable(SyntaxPattern(pattern), ["python"])
    assert said in str(error.value)


def test_a_text_with_a_number_sign_is_no_predicate():
    assert texts('(preproc_include "#include" @x)', "#include <a.h>\n", "c") == ["#include"]


def test_the_languages_for_which_a_pattern_is_valid_are_used_and_the_others_named():
    found, note = usable(SyntaxPattern("(jsx_element) @x"), ["typescript", "tsx"])
    assert found == ["tsx"]
    assert "not searched in TypeScript: the pattern, line 1, column 2" in note
    with pytest.raises(UsageError, match="Markdown: read without a grammar"):
        usable(SyntaxPattern("(x)"), ["markdown"])
