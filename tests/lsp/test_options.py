from __future__ import annotations

import re
from dataclasses import fields

import pytest
from codesearch_lsp.options import NAMES, Options, read

from tests.support.home import HOUSE


def test_nothing_given_means_the_defaults():
    nothing: tuple[object, ...] = (None, {}, [], {"limit": None})
    for raw in nothing:
        found = read(raw)
        assert found.options == Options()
        assert not found.problems
        assert not found.unknown


def test_good_values_are_taken():
    found = read({"limit": 7, "indexOnStart": False, "codeLensSimilarity": 0.9, "settings": {"exclude": ["gen/**"]}})
    assert not found.problems
    assert found.options == Options(
        limit=7, index_on_start=False, code_lens_similarity=0.9, settings={"exclude": ["gen/**"]}
    )
    assert read({"codesearch": {"limit": 3.0}}).options.limit == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", 1001),
        ("limit", True),
        ("limit", "10"),
        ("limit", 2.5),
        ("watch", 1),
        ("debounceMs", -1),
        ("codeLensSimilarity", 2),
        ("showSimilarCommand", 5),
        ("settings", [1]),
        ("settings", "x" * 1000),
    ],
)
def test_a_bad_value_gives_a_message_and_the_default(name: str, value: object):
    found = read({name: value}, Options(limit=9))
    assert len(found.problems) == 1
    assert name in found.problems[0]
    assert len(found.problems[0]) < 250
    assert getattr(found.options, NAMES[name]) == getattr(Options(), NAMES[name])


def test_a_message_shows_values_as_they_are_written_in_json():
    (problem,) = read({"watch": None, "unsaved": [True, None, "é"]}).problems
    assert problem == 'codesearch: unsaved must be true or false, not [true, null, "é"]; true is used'


def test_options_that_are_no_object():
    found = read("limit=5")
    assert found.options == Options()
    assert found.problems


def test_an_unknown_name_is_only_logged():
    found = read({"limits": 5, "limit": 6})
    assert found.options.limit == 6
    assert not found.problems
    assert "did you mean 'limit'" in found.unknown[0]


def test_later_options_keep_what_they_do_not_name():
    first = read({"limit": 5, "watch": False}).options
    assert read({"limit": 6}, first).options == Options(limit=6, watch=False)


def test_every_option_is_documented_with_its_default():
    text = (HOUSE / "docs" / "lsp.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", text, re.M))
    shown = {True: "true", False: "false"}
    expected = {}
    for name, own in NAMES.items():
        default = getattr(Options(), own)
        text = shown[default] if isinstance(default, bool) else repr(default).replace("'", '"')
        expected[name] = text
    assert rows == expected
    assert len(expected) == len(fields(Options))
