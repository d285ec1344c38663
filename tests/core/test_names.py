"""Names as people type them, and what tells them apart."""

import pytest

from codesearch.core import names


@pytest.mark.parametrize(
    ("typed", "last", "containers"),
    [
        ("Engine.Run", "Run", ("engine",)),
        ("routing::Router::nest", "nest", ("routing", "router")),
        ("run()", "run", ()),
        ("operator==", "operator==", ()),
        ("M::operator()", "operator()", ("m",)),
        ("operator new[]", "operator new[]", ()),
        ('operator""_s', 'operator""_s', ()),
        ("Version#<=>", "<=>", ("version",)),
        ("Path#/", "/", ("path",)),
        ("List.::", "::", ("list",)),
        ("ActorRef.!", "!", ("actorref",)),
        ("[]=", "[]=", ()),
        ("(<+>)", "(<+>)", ()),
        ("`|>`", "|>", ()),
        ("User#name!", "name!", ("user",)),
        ("foldl'", "foldl'", ()),
        ("Item::~Item", "~Item", ("item",)),
        ("find:with:", "find:with:", ()),
    ],
)
def test_a_name_is_split_from_its_containers(typed, last, containers):
    assert names.split(typed) == (last, containers)


@pytest.mark.parametrize(
    "typed",
    [
        "loading...",
        "java.util.*",
        "std::*",
        "src/*",
        "a + b",
        "don't",
        "C++",
        "3.14",
        "why?!",
        "what::?",
        "\udc80",
        "\udc80==",
    ],
)
def test_other_text_is_no_name(typed):
    assert names.split(typed) is None


@pytest.mark.parametrize(
    "same",
    [
        ("operator==", "operator ==", "=="),
        ('operator""_km', 'operator"" _km'),
        ("<+>", "(<+>)", "( <+> )"),
        ("==", ":(==)"),
        ("isValid?", "is_valid?"),
        ("parse_config", "ParseConfig"),
    ],
)
def test_spellings_of_one_name_are_the_same(same):
    assert len(set(map(names.identity, same))) == 1


@pytest.mark.parametrize(
    "others",
    [
        ("==", "!=", "=", "<", "<<", "<=", "<=>", "+", "+@", "[]", "[]=", "()", ",", "!"),
        ("name", "name?", "name!", "name="),
        ("operator new", "operator new[]", "operator delete", "operator"),
        ("eq", "__eq__"),
        ("foldl", "foldl'"),
        ("Item", "~Item"),
        ("$", "$$", "_", "__", "x"),
    ],
)
def test_other_names_differ(others):
    assert len(set(map(names.identity, others))) == len(others)
