"""Which sections name a symbol, and which symbols a section names: only what can mean one symbol."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch import Confidence, Index
from tests.support.trees import write

FILES = {
    "shop/cart.py": "class Cart:\n    def __init__(self):\n        pass\n\n"
    "    def total(self):\n        return 0\n\n"
    "    def get(self, key):\n        return key\n\n\n"
    "def open_cart():\n    return Cart()\n\n\ndef serve():\n    return\n",
    "shop/store.py": "LIMIT_OF_ITEMS = 5\n\n\n"
    "class Store:\n    def total(self):\n        return 1\n\n\ndef load():\n    pass\n",
    "shop/other.py": "def load():\n    pass\n",
    "tests/test_cart.py": "def open_cart():\n    pass\n",
    "docs/guide.md": "# Guide\n\nWords about open_cart.\n\n## Carts\n\n"
    "Call `open_cart()`, then `Cart.total` and `total`.\n"
    "`LIMIT_OF_ITEMS` is the most. `--serve`, `get` and `load`.\n\n"
    "```python\n`serve`\n```\n\n## Server\n\n`serve` runs it.\n",
    "docs/api.rst": "API\n===\n\nSee :meth:`~shop.cart.Cart.total` and ``shop.open_cart``.\n\n"
    ".. autofunction:: shop.store.load\n",
    "docs/book.adoc": "== Book\n\nSee `Store#total` and <<open_cart>>.\n\n----\n`serve`\n----\n",
    "docs/notes.org": "* Notes\n\n=open_cart= and ~shop.cart.serve~.\n#+BEGIN_SRC\n=LIMIT_OF_ITEMS=\n#+END_SRC\n",
    "CHANGELOG.md": "# 1.0\n\nNew: `open_cart`.\n",
}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    index = codesearch.open_index(write(tmp_path / "tree", FILES), model="static")
    index.update()
    return index


def sections(
    index: Index, path: str, qualname: str, confidence: Confidence = "likely"
) -> list[tuple[str, tuple[int, ...], str]]:
    (symbol,) = [one for one in index.symbols() if (one.path, one.qualname) == (path, qualname)]
    return [
        (edge.symbol.qualname, edge.lines, edge.confidence)
        for edge in codesearch.mentions(index, symbol, confidence=confidence)
    ]


def named(index: Index, path: str, line: int) -> list[tuple[str, str]]:
    found = codesearch.mentions(index, index.symbol_at(path, line))
    return [(edge.symbol.qualname, edge.confidence) for edge in found]


def test_sections_name_a_symbol_in_spans_and_references_change_logs_last(index: Index):
    assert sections(index, "shop/cart.py", "open_cart") == [
        ("API", (4,), "exact"),
        ("Book", (3,), "exact"),
        ("Guide > Carts", (7,), "exact"),
        ("Notes", (3,), "exact"),
        ("1.0", (3,), "exact"),
    ]


def test_a_method_needs_its_type(index: Index):
    assert sections(index, "shop/cart.py", "Cart.total") == [("API", (4,), "exact"), ("Guide > Carts", (7,), "exact")]
    assert sections(index, "shop/store.py", "Store.total") == [("Book", (3,), "exact")]
    assert sections(index, "shop/cart.py", "Cart.get") == []


def test_only_the_name_agrees_if_it_is_a_plain_word(index: Index):
    assert sections(index, "shop/cart.py", "serve") == [("Notes", (3,), "exact")]
    assert sections(index, "shop/cart.py", "serve", confidence="name") == [
        ("Guide > Server", (16,), "name"),
        ("Notes", (3,), "exact"),
    ]


def test_a_name_that_two_symbols_have_means_neither(index: Index):
    assert sections(index, "shop/other.py", "load") == []
    assert sections(index, "shop/store.py", "load") == [("API", (6,), "exact")]


def test_a_section_names_its_symbols(index: Index):
    assert named(index, "docs/guide.md", 7) == [
        ("open_cart", "exact"),
        ("Cart.total", "exact"),
        ("LIMIT_OF_ITEMS", "exact"),
    ]
    assert named(index, "docs/notes.org", 3) == [("open_cart", "exact"), ("serve", "exact")]


def test_files_are_read_as_they_are_now(index: Index):
    write(index.root, {"docs/guide.md": "# Guide\n\nNothing.\n"})
    assert "Guide > Carts" not in [name for name, *_ in sections(index, "shop/cart.py", "open_cart")]


def test_a_declaration_and_its_definition_are_one(tmp_path: Path):
    files = {
        "tree.h": "int open_tree(int depth);\n",
        "tree.c": '#include "tree.h"\n\nint open_tree(int depth) { return depth; }\n',
        "README.md": "# Trees\n\n`open_tree(3)` opens one.\n",
    }
    index = codesearch.open_index(write(tmp_path / "c", files), model="static")
    index.update()
    assert named(index, "README.md", 3) == [("open_tree", "exact")] * 2
    assert sections(index, "tree.c", "open_tree") == [("Trees", (3,), "exact")]
