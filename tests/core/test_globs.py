"""The one translator of globs; tests/files compares it with git."""

import re

import pytest

from codesearch.core import globs


def matches(pattern: str, text: str, *, folders: bool = True) -> bool:
    return re.compile(globs.translate(pattern, folders=folders), re.DOTALL).fullmatch(text) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*a*b", "xaab", True),
        ("*a*b", "xaba", False),
        ("*a*b*", "ba", False),
        ("*a*/b*c", "xa/bbc", True),
        ("a*a", "a", False),
        ("**/a/**/b", "x/a/y/a/b", True),
        ("**/a/*/b/**", "a/x/b/a/y/b/z", True),
        ("[^a]?", "/b", False),
        ("[é-ü]x", "üx", True),
        ("[z-a]", "b", False),
        ("[[:digit:]x]", "7", True),
        ("\\*", "*", True),
        ("a\\", "a", False),
    ],
)
def test_stars_find_the_first_place_that_fits(pattern, text, expected):
    assert matches(pattern, text) is expected


def test_in_a_name_a_slash_is_a_character():
    assert matches("get*/2", "get/at/2", folders=False)
    assert matches("a?b", "a/b", folders=False)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.{ts,tsx}", ["*.ts", "*.tsx"]),
        ("{a,b{c,d}}/x", ["a/x", "bc/x", "bd/x"]),
        ("{a}", ["{a}"]),
        ("a{,b}", ["a", "ab"]),
        ("\\{a,b}", ["\\{a,b}"]),
        ("{a,b", ["{a,b"]),
        ("{a,b}" * 10, ["{a,b}" * 10]),
    ],
)
def test_braces_stand_for_several_patterns(pattern, expected):
    assert globs.alternatives(pattern) == expected


def test_a_text_is_matched_by_itself_escaped():
    for text in ("a[b]*?{c,d}!e", "x\\y", "plain"):
        assert matches(globs.escaped(text), text)
        assert globs.unescaped(globs.escaped(text)) == text


MEGABYTE = 1_000_000
MANY = ["*a" * 50 + "b", "*a*b" * 25 + "c", "?*" * 50 + "b", "[ab]*" * 50 + "c", "**/a" * 25 + "/b", "**/a*/b*" * 12,
        "*/" * 50 + "x", "a/**/b*c*/" * 16 + "x"]  # fmt: skip


@pytest.mark.parametrize("folders", [True, False])
@pytest.mark.parametrize("pattern", MANY)
def test_many_stars_take_linear_time(pattern, folders):
    """A pattern that tried again would take hours on the longer text, whatever the machine is busy with."""
    compiled = re.compile(globs.translate(pattern + "!", folders=folders), re.DOTALL)
    for unit in ("a", "a/", "ab", "a/b/", "a" * 99 + "/"):
        assert compiled.fullmatch(unit * (MEGABYTE // len(unit))) is None
