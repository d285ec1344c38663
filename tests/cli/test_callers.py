"""`codesearch callers`, `callees`, `tests` and `impact`: who calls what, in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import process
from tests.support.git import commit_all, git
from tests.support.schemas import keeps_schema
from tests.support.trees import write

FILES = {
    "price.py": "def tax(cents):\n    return cents // 5\n\n\ndef total(items):\n    return 1 + tax(sum(items))\n",
    "page.py": "import price\n\n\ndef show(cart):\n    print(price.total(cart))\n    cart.clear()\n",
    "tests/test_price.py": "from price import total\n\n\ndef test_total():\n    assert total([1]) == 1\n",
    "list.sql": "CREATE FUNCTION lonely() RETURNS int AS $$ SELECT 1 $$;\n",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write(tmp_path / "tree", FILES)
    monkeypatch.chdir(root)
    return root


def test_callers_are_listed_with_their_confidence(tree: Path, call):
    run = call("callers", "total", "-q")
    assert run.status == 0
    assert run.out == (
        "page.py:4  function show  exact, line 5\ntests/test_price.py:4  function test_total  exact, line 5\n"
    )


def test_a_line_names_a_symbol(tree: Path, call):
    assert call("callers", "price.py:2", "-q").out == "price.py:5  function total  exact, line 6\n"


def test_sections_that_name_a_symbol_and_what_they_name(tree: Path, call):
    write(tree, {"docs/price.md": "# Prices\n\nSee `price.total` and `lonely()`.\n"})
    found = call("mentions", "total", "-q")
    assert (found.status, found.out) == (0, "docs/price.md:1  section Prices  exact, line 3\n")
    assert call("mentions", "docs/price.md:3", "-q").out == "price.py:5  function total  exact, line 3\n"
    by_name = call("mentions", "lonely", "-q", "--confidence", "name")
    assert by_name.out == "docs/price.md:1  section Prices  name, line 3\n"
    assert call("mentions", "tax", "-q").status == 1


def test_callees_and_tests(tree: Path, call):
    assert call("callees", "total", "-q").out == "price.py:1  function tax  exact, line 6\n"
    assert call("tests", "tax", "-q").out == "tests/test_price.py:4  function test_total  exact, line 5, 2 calls away\n"
    assert call("tests", "tax", "-q", "--steps", "1").status == 1


@pytest.mark.parametrize(
    ("format", "printed"),
    [
        ("paths", "page.py\ntests/test_price.py\n"),
        ("vimgrep", "page.py:4:1:show\ntests/test_price.py:4:1:test_total\n"),
    ],
)
def test_formats_for_other_programs(tree: Path, call, format: str, printed: str):
    assert call("callers", "total", "-q", "--format", format).out == printed


def test_a_name_alone_is_listed_if_asked_for(tree: Path, call):
    write(tree, {"cart.py": "class Cart:\n    def clear(self): pass\n\n\nclass Basket:\n    def clear(self): pass\n"})
    assert call("callers", "Cart.clear", "-q").out == "page.py:4  function show  likely, line 6\n"
    write(tree, {"other.py": "def wipe(thing):\n    thing.clear()\n"})
    assert call("callers", "Basket.clear", "-q").status == 1
    by_name = call("callers", "Basket.clear", "-q", "--confidence", "name").out
    assert "other.py:1  function wipe  name, line 2" in by_name


def test_what_cannot_be_answered_is_said(tree: Path, call):
    assert "no symbol is named nowhere" in call("callers", "nowhere").err
    assert call("callers", "total", "--confidence", "sure").status == 2
    run = call("callers", "lonely")
    assert "references of SQL are not known" in run.err


def test_impact_lists_what_a_change_reaches(tree: Path, call):
    git(tree, "init", "-q", ".")
    commit_all(tree)
    assert call("impact", "--diff", "-q").status == 1
    write(tree, {"price.py": FILES["price.py"].replace("// 5", "// 4")})
    run = call("impact", "--diff", "-q")
    assert run.out == (
        "changed (1)\n  price.py:1  function tax\n"
        "reached (2)\n  price.py:5  function total  exact, line 6\n"
        "  page.py:4  function show  exact, line 5, 2 calls away\n"
        "tests (1)\n  tests/test_price.py:4  function test_total  exact, line 5, 2 calls away\n"
    )
    assert call("impact", "HEAD", "-q", "--format", "paths").out.splitlines() == [
        "price.py",
        "page.py",
        "tests/test_price.py",
    ]
    value = process("impact", "--diff", "-q", "--format", "json", cwd=tree).json
    keeps_schema(value, "impact")
    assert [one["name"] for one in value["changed"]] == ["tax"]
    assert call("impact", "--staged", "-q").status == 1


def test_impact_says_what_it_does_not_know(tree: Path, call):
    git(tree, "init", "-q", ".")
    commit_all(tree)
    (tree / "page.py").unlink()
    write(tree, {"list.sql": "SELECT 1;\n", "new.py": "def fresh():\n    pass\n"})
    run = call("impact", "--diff")
    assert "changed (2)\n  list.sql:1  module list\n  new.py:1  function fresh" in run.out
    assert "nothing is known of 2 changed files: list.sql, page.py" in run.err
    assert call("impact", "no-such-commit").status == 2


def test_unused_is_a_filter(tree: Path, call):
    write(tree, {"old.py": "def forgotten():\n    pass\n"})
    assert call("symbols", "--is", "unused", "-q").out.split()[:3] == ["old.py:1", "function", "forgotten"]
