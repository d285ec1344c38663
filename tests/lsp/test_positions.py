from __future__ import annotations

from typing import Any

import pytest
from codesearch_lsp.positions import ENCODINGS, Text, index, name_place, negotiate, split_lines, units
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.sampled_from("ab \r\né😀\u2028\x0c"), max_size=14)
PLACES = st.tuples(st.integers(0, 8), st.integers(0, 10))


def test_lines_end_where_the_protocol_says():
    assert split_lines("a\r\nb\rc\nd\u2028\x0ce") == ["a\r\n", "b\r", "c\n", "d\u2028\x0ce"]
    assert split_lines("") == [""]
    assert split_lines("a\n") == ["a\n", ""]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ["x" * (1 << 20), "é" * (1 << 20), "a\n" + "x\u2028" * (1 << 19), "\r" * (1 << 20)])
def test_a_megabyte_in_one_line_is_split_in_linear_time(text: str):
    """In quadratic time, this would take hours."""
    assert "".join(split_lines(text)) == text


@given(TEXTS)
def test_lines_join_to_their_text_and_only_the_last_has_no_end(text: str):
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(line.endswith(("\r", "\n")) for line in lines[:-1])
    assert not lines[-1].endswith(("\r", "\n"))


@pytest.mark.parametrize(("encoding", "quote"), [("utf-8", 7), ("utf-16", 5), ("utf-32", 4)])
def test_characters_are_counted_as_the_client_does(encoding: str, quote: int):
    line = 'x="😋"'
    assert units(line[:4], encoding) == quote
    assert index(line, quote, encoding) == 4


def test_a_position_in_the_middle_of_a_character_is_its_start():
    assert index("😀b", 1, "utf-16") == 0
    assert index("éb", 1, "utf-8") == 0


def test_a_position_beyond_the_line_is_its_end():
    assert index("ab\r\n", 99, "utf-16") == 2
    assert index("é\n", 99, "utf-8") == 1


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-16", "utf-8"], "utf-16"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
        ("utf-8", "utf-16"),
        ([1, None], "utf-16"),
    ],
)
def test_negotiation(offered: object, chosen: str):
    assert negotiate(offered) == chosen


@given(TEXTS, st.lists(st.tuples(PLACES, PLACES, TEXTS), max_size=4), st.sampled_from(ENCODINGS))
def test_edits_are_those_of_a_plain_string(start: str, edits: list[Any], encoding: str):
    text, plain = Text(start), start
    for first, last, new in edits:
        lines = split_lines(plain)

        def offset(place: tuple[int, int], lines: list[str] = lines, plain: str = plain) -> int:
            if place[0] >= len(lines):
                return len(plain)
            return sum(map(len, lines[: place[0]])) + index(lines[place[0]], place[1], encoding)

        low, high = sorted((offset(first), offset(last)))
        plain = plain[:low] + new + plain[high:]
        text.replace(first, last, new, encoding)
        assert str(text) == plain
        assert text.lines == split_lines(plain)


def test_the_name_is_found_below_its_decorators():
    lines = ["@route('/load')\n", "@load\n", "def load(x):\n", "    load(1)\n"]
    assert name_place(lines, 0, 3, "load", "utf-16") == (2, 4, 8)
    assert name_place(["@load\n"], 0, 0, "load", "utf-16") == (0, 1, 5)
    assert name_place(["def loader():\n"], 0, 0, "load", "utf-16") is None
    line = "let é😀 = function f() {}"
    assert name_place([line], 0, 0, "f", "utf-32") == (0, line.index("f("), line.index("f(") + 1)
    assert name_place([line], 0, 0, "f", "utf-16") == (0, line.index("f(") + 1, line.index("f(") + 2)
    assert name_place([line], 0, 0, "f", "utf-8") == (0, line.index("f(") + 4, line.index("f(") + 5)
