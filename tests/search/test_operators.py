"""Operators, and names that differ in signs only: each is found by its own name, and no other in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import codesearch
from codesearch import Filter, Index
from tests.support.trees import write

FILES = {
    "matrix.cpp": """
        struct M { int v; M& operator=(const M& o); int operator[](int i); };
        bool operator==(M a, M b) { return 1; }
        bool operator!=(M a, M b) { return 1; }
        M operator+(M a, M b) { return a; }
        bool operator<(M a, M b) { return 1; }
        bool operator<<(M a, M b) { return 1; }
        bool operator<=>(M a, M b) { return 1; }
        int M::operator()(int x) { return x; }
        int operator""_s(unsigned long long a) { return 1; }
        void* operator new(size_t n) { return 0; }
        void* operator new[](size_t n) { return 0; }
    """,
    "version.rb": """
        class Version
          def <=>(other) = 1
          def [](i) = i
          def []=(i, v)
            v
          end
          def +@ = self
          def name = 1
          def name? = true
          def name! = 2
          def name=(x)
            @x = x
          end
        end
    """,
    "Ops.hs": "module Ops where\na <+> b = a\na >>= f = f a\nfoldl' f z = z\nfoldl f z = z\n",
    "ops.ex": "defmodule Pipe do\n  def left |> right do\n    left\n  end\n  def valid?(x), do: x\n"
    "  def valid!(x), do: x\nend\n",
    "point.swift": "struct Point { static func == (a: Point, b: Point) -> Bool { return true } }\n",
    "list.js": "class List { *[Symbol.iterator]() { yield 1; } #hidden() { return 2; } hidden() { return 3; } }\n",
    "dom.js": "function $(s) { return 1; }\nfunction $$(s) { return 2; }\nfunction _(s) { return 3; }\n",
    "vector.kt": "class Vector { operator fun plus(o: Vector): Vector { return o } }\n",
    "money.py": "class Money:\n    def __eq__(self, o):\n        return True\n\n    def eq(self, o):\n        pass\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    root = write(tmp_path_factory.mktemp("operators"), FILES)
    with codesearch.open_index(root, model="static") as opened:
        opened.update()
        yield opened


NAMES = [
    ("operator==", {"operator==", "Point.=="}),
    ("operator ==", {"operator==", "Point.=="}),
    ("operator!=", {"operator!="}),
    ("operator+", {"operator+"}),
    ("operator<", {"operator<"}),
    ("operator<<", {"operator<<"}),
    ("operator<=>", {"operator<=>", "Version::<=>"}),
    ("M::operator()", {"M::operator()"}),
    ("operator()", {"M::operator()"}),
    ('operator""_s', {'operator""_s'}),
    ("operator new[]", {"operator new[]"}),
    ("Version#<=>", {"Version::<=>"}),
    ("<=>", {"operator<=>", "Version::<=>"}),
    ("[]=", {"Version::[]="}),
    ("Version#[]", {"Version::[]"}),
    ("+@", {"Version::+@"}),
    ("name?", {"Version::name?"}),
    ("name!", {"Version::name!"}),
    ("Version#name=", {"Version::name="}),
    ("<+>", {"<+>"}),
    ("(<+>)", {"<+>"}),
    (">>=", {">>="}),
    ("foldl'", {"foldl'"}),
    ("|>", {"Pipe.|>"}),
    ("valid!", {"Pipe.valid!"}),
    ("Point.==", {"Point.=="}),
    ("__eq__", {"Money.__eq__"}),
    ("[Symbol.iterator]", {"List.[Symbol.iterator]"}),
    ("#hidden", {"List.#hidden"}),
    ("$", {"$"}),
    ("$$", {"$$"}),
    ("_", {"_"}),
    ("plus", {"Vector.plus"}),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_a_query_finds_the_name_first(index: Index, name: str, expected: set[str]):
    found = [hit.symbol.qualname for hit in index.query(name)]
    assert set(found[: len(expected)]) == expected
    assert index.query(name)[0].score > 0.4


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_show_finds_the_name_only(index: Index, name: str, expected: set[str]):
    assert {symbol.qualname for symbol in index.symbols_named(name)} == expected


@pytest.mark.parametrize(("name", "expected"), [row for row in NAMES if row[0] != "plus"])
def test_a_filter_finds_the_name_only(index: Index, name: str, expected: set[str]):
    assert {symbol.qualname for symbol in index.symbols(Filter(names=(name,)))} == expected
    others = {symbol.qualname for symbol in index.symbols(Filter(not_names=(name,)))}
    assert others.isdisjoint(expected)
    assert len(others) > 20


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("equality name:operator==", "operator=="),
        ('literal name:operator""_s', 'operator""_s'),
        ('allocate name:"operator new[]"', "operator new[]"),
        ("where is operator!= defined", "operator!="),
        ("who calls `operator+`?", "operator+"),
    ],
)
def test_a_name_among_words_and_filters_is_told_apart(index: Index, typed: str, first: str):
    assert index.query(typed)[0].symbol.qualname == first


def test_an_operator_that_is_not_defined_is_not_another(index: Index):
    assert index.symbols_named("operator>=") == []
    assert index.symbols_named("<$>") == []
    assert list(index.symbols(Filter(names=("operator>",)))) == []
    assert index.query("<$>").hits == ()


def test_a_name_without_signs_finds_those_with_signs_where_there_is_no_other(index: Index):
    assert [symbol.qualname for symbol in index.symbols_named("valid")] == ["Pipe.valid?", "Pipe.valid!"]
    assert [symbol.qualname for symbol in index.symbols_named("name")] == ["Version::name"]


def test_other_operators_with_the_same_words_are_no_copies(index: Index):
    assert index.query("operator==")[0].copies == ()


def test_why_explains_an_operator(index: Index):
    line = next(one.start_line for one in index.symbols(Filter(names=("operator!=",))))
    assert index.why("operator!=", "matrix.cpp", line).verdict == "first"
    assert index.why("operator+", "matrix.cpp", line).verdict != "first"


def test_wildcards_of_names_still_work(index: Index):
    found = {symbol.qualname for symbol in index.symbols(Filter(names=("operator*",)))}
    assert {"operator==", "operator new[]", "M::operator()"} <= found
    found = {symbol.qualname for symbol in index.symbols(Filter(names=("{plus,fold*}",)))}
    assert found == {"Vector.plus", "foldl", "foldl'"}
