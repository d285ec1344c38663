"""Who calls what: resolved by scope, import, receiver and inheritance, in several languages, with a confidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import codesearch
from codesearch import Edge, Index
from codesearch.core.errors import NotFoundError
from codesearch.references import graph
from tests.support.trees import write

Ask = Callable[..., list[Edge]]


def opened(tree: Path, files: dict[str, str]) -> Index:
    index = codesearch.open_index(write(tree, files))
    index.update()
    return index


def who(ask: Ask, index: Index, qualname: str, **options: object) -> list[tuple[str, str]]:
    """Return (qualified name, confidence) of the answer for the symbol with a qualified name."""
    (symbol,) = [one for one in index.symbols() if one.qualname == qualname and one.kind != "module"]
    return [(edge.symbol.qualname, edge.confidence) for edge in ask(index, symbol, **options)]


def callers(index: Index, qualname: str, **options: object) -> list[tuple[str, str]]:
    return who(graph.callers, index, qualname, **options)


# -- Python -------------------------------------------------------------------------------------------

SHOP = {
    "shop/cart.py": """
from __future__ import annotations
from .prices import total as add_up, Tax
import shop.store as store


class Base:
    def describe(self): return self.name()
    def name(self): return "base"


class Cart(Base):
    def __init__(self, tax: Tax) -> None:
        self.tax = tax
        self.items = store.Store()

    def name(self): return "cart"

    def price(self) -> int:
        return add_up(self.items.all()) + self.tax.rate()

    def checkout(self):
        def inner():
            return self.price()
        return inner()


def make() -> Cart:
    return Cart(Tax())


def sell():
    cart = make()
    cart.checkout()
    return make().price()
""",
    "shop/prices.py": """
def total(items):
    return sum(items)


class Tax:
    def rate(self):
        return 19
""",
    "shop/store.py": """
class Store:
    def all(self):
        return []

    def refill(self):
        return self.all()
""",
    "shop/other.py": """
def total(items):
    return 0


def unrelated(thing):
    thing.refill()
    thing.price()
    total([])
""",
    "tests/test_cart.py": """
from shop.cart import make


def test_sell():
    assert make().price() == 19
""",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return opened(tmp_path_factory.mktemp("shop"), SHOP)


def test_an_imported_name_is_resolved_under_its_alias(shop: Index):
    symbols = [one for one in shop.symbols() if one.name == "total"]
    by_file = {one.path: [edge.symbol.qualname for edge in graph.callers(shop, one)] for one in symbols}
    assert by_file == {"shop/prices.py": ["Cart.price"], "shop/other.py": ["unrelated"]}


def test_a_method_is_found_through_the_annotated_type_of_a_field(shop: Index):
    assert callers(shop, "Tax.rate") == [("Cart.price", "exact")]


def test_a_method_is_found_through_a_field_that_is_constructed(shop: Index):
    assert callers(shop, "Store.all") == [("Cart.price", "exact"), ("Store.refill", "exact")]


def test_a_method_is_found_through_what_a_function_returns(shop: Index):
    assert callers(shop, "Cart.checkout") == [("sell", "exact")]
    assert callers(shop, "Cart.price") == [
        ("Cart.checkout.inner", "exact"),
        ("sell", "exact"),
        ("test_sell", "exact"),
        ("unrelated", "likely"),
    ]


def test_the_only_method_of_a_name_is_likely(shop: Index):
    assert callers(shop, "Store.refill") == [("unrelated", "likely")]
    assert callers(shop, "Store.refill", confidence="exact") == []


def test_a_class_and_its_constructor_are_called_together(shop: Index):
    assert callers(shop, "Cart") == callers(shop, "Cart.__init__") == [("make", "exact")]


def test_an_inherited_method_is_found_from_self(shop: Index):
    assert callers(shop, "Base.name") == [("Base.describe", "exact")]


def test_callees_are_in_the_order_of_the_lines(shop: Index):
    assert [name for name, _ in who(graph.callees, shop, "sell")] == ["make", "Cart.checkout", "Cart.price"]


def test_implementations_of_a_class_and_of_a_method(shop: Index):
    assert who(graph.implementations, shop, "Base") == [("Cart", "exact")]
    assert who(graph.implementations, shop, "Base.name") == [("Cart.name", "exact")]


def test_tests_reach_a_symbol_through_others(shop: Index):
    assert who(graph.tests, shop, "Cart.price") == [("test_sell", "exact")]
    found = {one.qualname: one for one in shop.symbols()}
    (edge,) = graph.tests(shop, found["Cart"])
    assert (edge.symbol.qualname, edge.distance) == ("test_sell", 2)


def test_a_symbol_that_the_index_does_not_hold_is_an_error(shop: Index, tmp_path: Path):
    other = opened(tmp_path, {"a.py": "def nowhere():\n    pass\n"})
    (symbol,) = [one for one in other.symbols() if one.name == "nowhere"]
    with pytest.raises(NotFoundError, match="nowhere is not in the index"):
        graph.callers(shop, symbol)


# -- other languages ----------------------------------------------------------------------------------

OTHERS = {
    "typescript": (
        {
            "src/engine.ts": (
                "export class Engine {\n"
                "  constructor(private log: Log) {}\n"
                "  run() { this.log.note(); return help(); }\n"
                "}\n"
                "export interface Log { note(): void }\n"
                "export class Console implements Log {\n  note() {}\n}\nfunction help() {}\n"
            ),
            "src/main.ts": (
                "import { Engine as Motor } from './engine';\nimport * as all from './engine';\n"
                "export const start = () => { const it = new Motor(null); it.run(); };\n"
                "export function again(engine: Motor) { engine.run(); new all.Console(); }\n"
            ),
        },
        {
            "Engine.run": ["again", "start"],
            "help": ["Engine.run"],
            "Engine": ["start"],
            "Console": ["again"],
            "Console.note": ["Engine.run"],
        },
    ),
    "javascript": (
        {
            "lib/a.js": "function one() {}\nmodule.exports = { one };\n",
            "lib/b.js": (
                "const { one } = require('./a');\n"
                "const a = require('./a');\n"
                "function two() { one(); }\n"
                "function three() { a.one(); }\n"
            ),
        },
        {"one": ["three", "two"]},
    ),
    "go": (
        {
            "server/server.go": (
                "package server\n\ntype Server struct { store *Store }\n\nfunc New() *Server { return &Server{} }\n\n"
                "func (s *Server) Serve() { s.store.Load(); log() }\n\nfunc log() {}\n"
            ),
            "server/store.go": "package server\n\ntype Store struct{}\n\nfunc (s *Store) Load() {}\n",
            "main.go": (
                "package main\n\n"
                'import "example.org/app/server"\n\n'
                "func main() {\n"
                "\ts := server.New()\n"
                "\ts.Serve()\n"
                "}\n"
            ),
        },
        {"Store.Load": ["Server.Serve"], "Server.Serve": ["main"], "New": ["main"], "log": ["Server.Serve"]},
    ),
    "rust": (
        {
            "src/shape.rs": (
                "pub trait Area { fn area(&self) -> f64; }\npub struct Square { side: f64 }\n"
                "impl Square {\n"
                "    pub fn new() -> Self { Square { side: 1.0 } }\n"
                "    fn grow(&mut self) { self.check(); }\n"
                "    fn check(&self) {}\n"
                "}\n"
                "impl Area for Square {\n"
                "    fn area(&self) -> f64 { helper(self.side) }\n"
                "}\n"
                "fn helper(x: f64) -> f64 { x }\n"
            ),
            "src/main.rs": (
                "mod shape;\nuse crate::shape::Square;\nfn main() {\n    let mut s = Square::new();\n    s.grow();\n}\n"
            ),
        },
        {
            "Square::check": ["Square::grow"],
            "Square::grow": ["main"],
            "Square::new": ["main"],
            "helper": ["Square::area"],
        },
    ),
    "java": (
        {
            "src/org/app/Shop.java": (
                "package org.app;\n"
                "import org.app.data.Store;\n"
                "public class Shop {\n"
                "  private final Store store = new Store();\n"
                "  void sell() { store.take(); log(); Helper.round(); }\n  void log() {}\n}\n"
            ),
            "src/org/app/Helper.java": "package org.app;\nclass Helper {\n  static int round() { return 1; }\n}\n",
            "src/org/app/data/Store.java": (
                "package org.app.data;\npublic class Store {\n  public void take() {}\n}\n"
            ),
        },
        {"Store.take": ["Shop.sell"], "Shop.log": ["Shop.sell"], "Helper.round": ["Shop.sell"]},
    ),
    "c": (
        {
            "list.h": "struct list;\nint list_add(struct list *l, int x);\n",
            "list.c": (
                '#include "list.h"\n'
                "static int grow(void) { return 1; }\n"
                "int list_add(struct list *l, int x) { return grow(); }\n"
            ),
            "main.c": (
                '#include "list.h"\nstatic int grow(void) { return 2; }\nint main(void) { return list_add(0, 1); }\n'
            ),
        },
        {},
    ),
    "cpp": (
        {
            "engine.hpp": "class Engine {\n public:\n  void run();\n  void stop();\n};\n",
            "engine.cpp": '#include "engine.hpp"\nvoid Engine::run() { stop(); }\nvoid Engine::stop() {}\n',
            "main.cpp": '#include "engine.hpp"\nvoid go() { Engine e; e.run(); }\n',
        },
        {},
    ),
}


@pytest.mark.parametrize("language", OTHERS)
def test_callers_in(language: str, tmp_path: Path):
    files, expected = OTHERS[language]
    index = opened(tmp_path, files)
    found = {name: sorted(caller for caller, _ in callers(index, name)) for name in expected}
    assert found == expected


def test_in_c_a_static_function_is_called_only_from_its_file(tmp_path: Path):
    index = opened(tmp_path, OTHERS["c"][0])
    found = {
        one.path: [edge.symbol.qualname for edge in graph.callers(index, one)]
        for one in index.symbols()
        if one.name == "grow"
    }
    assert found == {"list.c": ["list_add"], "main.c": []}


def test_in_cpp_a_definition_is_called_through_its_class(tmp_path: Path):
    index = opened(tmp_path, OTHERS["cpp"][0])
    found = {
        (one.path, one.name): [edge.symbol.qualname for edge in graph.callers(index, one)]
        for one in index.symbols()
        if one.path == "engine.cpp" and one.kind == "method"
    }
    assert found == {("engine.cpp", "run"): ["go"], ("engine.cpp", "stop"): ["Engine::run"]}


# -- what is stored -----------------------------------------------------------------------------------


def edges(index: Index) -> list[tuple[object, ...]]:
    store = index.reader()
    assert store is not None
    return store.connection.rows("SELECT path, qualname, line, role, name, receiver FROM edges ORDER BY 1, 3, 5")


def test_copies_share_their_references(tmp_path: Path):
    index = opened(tmp_path, {"a.py": "def f():\n    g()\n", "b.py": "def f():\n    g()\n"})
    assert edges(index) == [("a.py", "f", 2, "call", "g", ""), ("b.py", "f", 2, "call", "g", "")]
    store = index.reader()
    assert store is not None
    assert store.connection.rows("SELECT count(*) FROM reference") == [(1,)]


def test_a_change_replaces_the_references_of_its_file_alone(tmp_path: Path):
    index = opened(tmp_path, {"a.py": "def f():\n    g()\n", "b.py": "def f():\n    g()\n"})
    write(tmp_path, {"b.py": "\n\ndef f():\n    h()\n"})
    index.update()
    assert edges(index) == [("a.py", "f", 2, "call", "g", ""), ("b.py", "f", 4, "call", "h", "")]
    (tmp_path / "a.py").unlink()
    (tmp_path / "b.py").unlink()
    index.update()
    store = index.reader()
    assert store is not None
    for table in ("reference", "reference_set", "reference_file", "name"):
        assert store.connection.rows(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_a_language_without_references_claims_nothing(tmp_path: Path):
    index = opened(tmp_path, {"a.sql": "CREATE FUNCTION lonely() RETURNS int AS $$ SELECT 1 $$;\n"})
    assert not graph.supported("sql")
    assert edges(index) == []
    assert list(graph.unused(index)) == []


# -- unused -------------------------------------------------------------------------------------------


def test_unused_is_what_nothing_mentions(tmp_path: Path):
    index = opened(
        tmp_path,
        {
            "a.py": (
                "import app\n\n"
                "MOST_TRIES = 3\n\n"  # where it is read is not in the index
                "def used():\n"
                "    pass\n\n"
                "def handed_on():\n"
                "    pass\n\n"
                "def forgotten_one():\n"
                "    used()\n\n"
                "@app.route('/')\ndef page_shown():\n    return handed_on\n\n"
                "class Thing:\n"
                "    def __len__(self):\n"
                "        return 0\n\n"
                "    @property\n"
                "    def size_of_it(self):\n"
                "        return 1\n"
            ),
            "tests/test_a.py": "from a import Thing\n\ndef test_thing():\n    assert not Thing()\n",
        },
    )
    assert [one.qualname for one in graph.unused(index)] == ["forgotten_one", "Thing.size_of_it"]
    assert [hit.symbol.name for hit in index.query("forgotten is:unused")][:1] == ["forgotten_one"]
    assert "forgotten_one" not in [hit.symbol.name for hit in index.query("forgotten -is:unused")]


# -- what is read -------------------------------------------------------------------------------------


def calls(index: Index) -> set[tuple[str, str, str]]:
    """Return (path, name, receiver) of all calls that the index holds."""
    rows = index.required_reader().connection.rows("SELECT path, name, receiver FROM edges WHERE role = 'call'")
    return {(str(path), str(name), str(receiver)) for path, name, receiver in rows}


def test_calls_of_built_in_names_are_left_out_unless_the_file_defines_or_imports_them(tmp_path: Path):
    index = opened(
        tmp_path,
        {
            "plain.py": "def f(x):\n    return len(x) + g(x) + x.len()\n",
            "own.py": "def len(x):\n    return 0\n\ndef f(x):\n    return len(x)\n",
            "named.py": "def f(x):\n    return len(x)\n\nfrom own import len\n",
            "whole.py": "from own import *\n\ndef f(x):\n    return len(x)\n",
        },
    )
    assert calls(index) == {
        ("plain.py", "g", ""),
        ("plain.py", "len", "x"),
        ("own.py", "len", ""),
        ("named.py", "len", "@own"),
        ("whole.py", "len", ""),
    }
    (own,) = [one for one in index.symbols() if one.name == "len"]
    assert {edge.symbol.path for edge in graph.callers(index, own)} == {"own.py", "named.py", "whole.py"}


def test_an_equal_call_after_its_variable_has_changed_is_another_reference(tmp_path: Path):
    text = """
class A:
    def run(self): pass

class B:
    def run(self): pass

def f():
    it = A()
    it.run()
    it.run()
    it = B()
    it.run()
"""
    index = opened(tmp_path, {"m.py": text})
    (symbol,) = [one for one in index.symbols() if one.qualname == "f"]
    found = {(edge.symbol.qualname, edge.lines) for edge in graph.callees(index, symbol)}
    assert {("A.run", (10,)), ("B.run", (13,))} <= found


def test_brackets_in_quoted_text_close_nothing(tmp_path: Path):
    text = """
class A:
    def run(self): pass

def make(text, more) -> A: pass

def f():
    make(")", ('"', [")"])).run()
    make(")", "]").run()
"""
    index = opened(tmp_path, {"m.py": text})
    assert [name for name, _ in callers(index, "A.run")] == ["f"]
