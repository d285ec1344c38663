"""The call hierarchy of the whole server over its standard streams: callers and callees from the references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client, RequestError
from tests.support.trees import notebook, write

FILES = {
    "price.py": """\
def tax(cents):
    return cents // 5


class Cart:
    def __init__(self, items):
        self.items = items

    def total(self):
        sums = [tax(one) for one in self.items]
        return sum(sums) + tax(1)
""",
    "page.py": """\
from price import Cart


def show(items):
    '''Prints 😀'''; cart = Cart(items); print(cart.total())


def maybe(thing):
    thing.total()
""",
    "list.sql": "CREATE FUNCTION lonely() RETURNS int AS $$ SELECT 1 $$;\n",
}
Item = dict[str, Any]


@pytest.fixture
def shop(client: Client, tmp_path: Path) -> Path:
    """Return a project that the server has indexed, with the option set."""
    root = write(tmp_path / "shop", FILES)
    found = client.initialize(root, initializationOptions={"callHierarchy": True, "references": True})
    assert found["callHierarchyProvider"] is True
    client.ready()
    return root


def prepare(client: Client, path: Path, line: int) -> list[Item] | None:
    place = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": 5}}
    found: list[Item] | None = client.ask("textDocument/prepareCallHierarchy", place)
    return found


def incoming(client: Client, item: Item) -> list[tuple[str, str]]:
    calls = client.ask("callHierarchy/incomingCalls", {"item": item})
    return [(one["from"]["name"], one["from"]["detail"]) for one in calls]


def text_of(path: Path, place: dict[str, Any]) -> str:
    """Return the text in a range of one line; positions count UTF-16 units."""
    assert place["start"]["line"] == place["end"]["line"]
    line = path.read_text("utf-8").split("\n")[place["start"]["line"]].encode("utf-16-le")
    text: str = line[2 * place["start"]["character"] : 2 * place["end"]["character"]].decode("utf-16-le")
    return text


def test_the_call_hierarchy_is_offered_only_when_asked_for(client: Client, tmp_path: Path):
    root = write(tmp_path / "shop", FILES)
    offered = client.initialize(root)
    assert {"callHierarchyProvider", "referencesProvider"}.isdisjoint(offered)
    client.ready()
    assert prepare(client, root / "price.py", 0) is None


def test_an_item_is_the_symbol_around_the_position(client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 9) or []
    assert (item["name"], item["detail"], item["uri"]) == ("total", "Cart · codesearch", (shop / "price.py").as_uri())
    assert text_of(shop / "price.py", item["selectionRange"]) == "total"
    assert item["range"]["start"]["line"] == 8
    assert prepare(client, shop / "price.py", 3) is None  # between symbols


def test_incoming_calls_have_the_ranges_of_the_name(client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 0) or []
    (call,) = client.ask("callHierarchy/incomingCalls", {"item": item})
    assert call["from"]["name"] == "total"
    assert [text_of(shop / "price.py", one) for one in call["fromRanges"]] == ["tax"]
    assert call["fromRanges"][0]["start"]["line"] == 9


def test_callers_that_are_only_likely_are_marked(client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 9) or []
    assert incoming(client, item) == [
        ("show", "page.py · codesearch"),
        ("maybe", "page.py · codesearch (likely)"),
    ]


def test_a_constructor_is_called_by_the_name_of_its_class(client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 6) or []
    (call,) = client.ask("callHierarchy/incomingCalls", {"item": item})
    (place,) = call["fromRanges"]
    assert (call["from"]["name"], text_of(shop / "page.py", place)) == (
        "show",
        "'''Prints 😀'''; cart = Cart(items); print(cart.total())",
    )


def test_outgoing_calls_are_in_the_file_of_the_caller(client: Client, shop: Path):
    (item,) = prepare(client, shop / "page.py", 4) or []
    calls = client.ask("callHierarchy/outgoingCalls", {"item": item})
    found = {(one["to"]["name"], text_of(shop / "page.py", place)) for one in calls for place in one["fromRanges"]}
    assert {("Cart", "Cart"), ("total", "total")} <= found
    assert {one["to"]["uri"] for one in calls} == {(shop / "price.py").as_uri()}


def test_an_item_is_followed_from_call_to_call(client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 0) or []
    (call,) = client.ask("callHierarchy/incomingCalls", {"item": item})
    assert [name for name, _ in incoming(client, call["from"])] == ["show", "maybe"]


def test_an_item_that_has_moved_is_still_found(client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 0) or []
    client.open(shop / "price.py", "# one more line\n" + FILES["price.py"])
    assert [name for name, _ in incoming(client, item)] == ["total"]


def test_a_language_without_references_has_no_calls(client: Client, shop: Path):
    (item,) = prepare(client, shop / "list.sql", 0) or []
    assert incoming(client, item) == []
    assert client.ask("callHierarchy/outgoingCalls", {"item": item}) == []


@pytest.mark.parametrize("data", [None, {}, {"start": "x", "qualname": "tax"}])
def test_an_item_of_another_server_is_an_error(data: object, client: Client, shop: Path):
    (item,) = prepare(client, shop / "price.py", 0) or []
    with pytest.raises(RequestError, match="not from textDocument/prepareCallHierarchy"):
        client.ask("callHierarchy/incomingCalls", {"item": {**item, "data": data}})


@pytest.mark.parametrize(
    ("file", "line", "character"),
    [("price.py", 0, 5), ("price.py", 9, 16), ("price.py", 10, 30)],
    ids=["its definition", "one call", "another call"],
)
def test_references_are_found_from_a_definition_and_from_a_call(
    client: Client, shop: Path, file: str, line: int, character: int
):
    assert names(client, shop / file, line, character, declaration=True) == ["price.py:0:4", "price.py:9:16"]
    assert names(client, shop / file, line, character) == ["price.py:9:16"]


def test_references_in_other_files_are_found(client: Client, shop: Path):
    assert names(client, shop / "price.py", 8, 9) == ["page.py:4:52", "page.py:8:10"]
    assert names(client, shop / "page.py", 8, 12) == ["page.py:4:52", "page.py:8:10"]
    assert names(client, shop / "price.py", 2, 0) == []  # a blank line
    assert names(client, shop / "price.py", 9, 8) == []  # a variable


def names(client: Client, path: Path, line: int, character: int, *, declaration: bool = False) -> list[str]:
    """Return the places of references, as file:line:character."""
    place = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}
    found = client.ask("textDocument/references", {**place, "context": {"includeDeclaration": declaration}})
    starts = [(one["uri"].rpartition("/")[2], one["range"]["start"]) for one in found]
    return [f"{file}:{start['line']}:{start['character']}" for file, start in starts]


def test_an_item_in_a_notebook_names_its_cell(client: Client, tmp_path: Path):
    source = notebook(["def inflate(gas):\n", "    return gas\n"], ["def twice(gas):\n", "    inflate(gas)\n"])
    root = write(tmp_path / "shop", {"w.ipynb": source})
    client.initialize(root, initializationOptions={"callHierarchy": True})
    client.ready()
    line = next(number for number, row in enumerate(source.splitlines()) if "def inflate" in row)
    [item] = prepare(client, root / "w.ipynb", line) or []
    assert item["detail"] == "w.ipynb · cell 1:1 · codesearch"
    assert (item["data"]["cell"], item["data"]["cellLine"]) == (1, 1)
    assert text_of(root / "w.ipynb", item["selectionRange"]) == "inflate"
    [found] = client.ask("callHierarchy/incomingCalls", {"item": item})
    assert found["from"]["detail"] == "w.ipynb · cell 2:1 · codesearch"
    assert text_of(root / "w.ipynb", found["fromRanges"][0]) == "inflate"
