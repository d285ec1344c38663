"""A qualified name is found with full score where it is; the same name in another place is marked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import codesearch
from codesearch.context import tools
from codesearch.core.types import Answer
from codesearch.index import Index
from codesearch.search import parse
from tests.support.command import call
from tests.support.trees import write

FILES = {
    "shop/cart.py": (
        "class Cart:\n    def total(self):\n        '''The sum of the prices.'''\n        return 1\n\n\n"
        "class Invoice:\n    def total(self):\n        '''What is to be paid.'''\n        return 2\n\n\n"
        "def load_cart(path):\n    '''Read a cart.'''\n    return open(path)\n"
    ),
    "clock.cpp": "namespace shop { namespace clock {\nint parse_time(int x) { return x; }\n}}\n",
    "set.swift": (
        "struct Bag {\n    static func == (a: Bag, b: Bag) -> Bool { true }\n"
        "    static func ... (a: Bag, b: Bag) -> Bag { a }\n}\n"
    ),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    root = write(tmp_path_factory.mktemp("qualified") / "grocer", FILES)
    with codesearch.open_index(root) as found:
        found.update()
        yield found


def first(answer: Answer) -> str:
    return answer[0].symbol.qualname


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Cart.total", "Cart.total"),
        ("Invoice#total", "Invoice.total"),
        ("shop::clock::parse_time", "shop::clock::parse_time"),
        ("clock::parse_time", "shop::clock::parse_time"),
        ("shop.cart.load_cart", "load_cart"),
        ("cart.load_cart", "load_cart"),
        ("shop.cart.Cart.total", "Cart.total"),
        ("grocer.load_cart", "load_cart"),
        ("self.total", "Cart.total"),
        ("Bag.==", "Bag.=="),
        ("Bag#...", "Bag...."),
    ],
)
def test_a_qualified_name_that_is_there_is_first_with_full_score(index: Index, typed: str, meant: str) -> None:
    answer = index.query(typed)
    assert first(answer) == meant
    assert answer[0].score > 0.99
    assert answer.problem == ""


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("std::x::parse_time", "shop::clock::parse_time"),
        ("Order.load_cart", "load_cart"),
        ("a.b.load_cart", "load_cart"),
        ("Order#total", "Cart.total"),
        ("Cart.load_cart", None),
        ("Box.==", "Bag.=="),
    ],
)
def test_one_that_is_not_there_is_said_to_be_missing(index: Index, typed: str, nearest: str | None) -> None:
    answer = index.query(typed)
    if nearest is None:  # the file of that name holds it
        assert (first(answer), answer.problem) == ("load_cart", "")
        return
    name = nearest.rpartition("::")[2].rpartition(".")[2]
    assert first(answer) == nearest
    assert 0.4 < answer[0].score <= 0.5
    assert answer.problem == f"no `{typed}` was found: `{name}` is in other containers"


def test_namesakes_elsewhere_have_half_the_score_of_what_is_meant(index: Index) -> None:
    scores = {hit.symbol.qualname: hit.score for hit in index.query("Invoice.total")}
    assert scores["Invoice.total"] > 0.99
    assert scores["Cart.total"] <= 0.5


def test_the_explanation_has_the_deduction(index: Index) -> None:
    item = index.rank(parse("Order.load_cart")).ranked[0]
    rows = {name: adds for name, _, _, adds in item.contributions()}
    assert rows["elsewhere"] == -item.elsewhere < 0
    slope, intercept = item.weighting.calibration
    assert slope * sum(rows.values()) + intercept == pytest.approx(0, abs=0.01)


def test_the_name_of_a_file_is_no_missing_name(index: Index) -> None:
    for typed in ("cart.py", "shop/cart.py", "clock.cpp"):
        assert index.query(typed).problem == ""


def test_an_agent_is_told(index: Index) -> None:
    found = tools.run(index, "search_code", tools.Call({"question": "Order.load_cart"}, []))
    assert found.value["notes"] == ["no `Order.load_cart` was found: `load_cart` is in other containers"]


@pytest.mark.parametrize("format", ["text", "json", "ndjson", "vimgrep", "paths", "nl"])
def test_the_command_says_it_in_every_format(
    index: Index, capfdbinary: pytest.CaptureFixture[bytes], format: str
) -> None:
    ran = call(capfdbinary, "query", "Order.load_cart", index.root, "--format", format)
    assert "no `Order.load_cart` was found: `load_cart` is in other containers" in ran.err
