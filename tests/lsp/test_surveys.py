"""The requests that look at a whole folder, over the standard streams of the server: clones, and the map."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.lsp.client import Client, RequestError
from tests.support.trees import copy_shop, write

LOAD = '''\
def load_config(path, default=None):
    """Read a file of settings."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            name, mark, value = line.partition("=")
            if not mark:
                raise ValueError(f"line {number} has no value")
            found[name.strip()] = value.strip()
    return found or default
'''
RENAMED = LOAD.replace("load_config", "read_headers").replace("path", "where").replace("found", "headers")
FILES = {
    "a.py": LOAD,
    "b.py": f"import os\n\n\n{RENAMED}",
    "c.py": "def short(a):\n    return a\n",
    "notes.txt": "nothing\n",
}
Answer = dict[str, Any]


@pytest.fixture
def root(client: Client, tmp_path: Path) -> Path:
    """Return a project that the server has indexed."""
    root = write(tmp_path / "twice", FILES)
    client.initialize(root)
    return root


def clones(client: Client, path: Path, line: int, **more: Any) -> Answer:
    place = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": 4}}
    found: Answer = client.ask("codesearch/clones", {**place, **more})
    return found


def hits(found: Answer) -> list[tuple[str, str, int, str]]:
    return [(hit["how"], hit["path"], hit["selectionRange"]["start"]["line"], hit["name"]) for hit in found["hits"]]


def test_the_clones_of_the_function_at_a_position(client: Client, root: Path):
    found = clones(client, root / "a.py", 3)
    assert (found["of"]["name"], found["of"]["path"], found["complete"]) == ("load_config", "a.py", True)
    assert hits(found) == [("renamed", "b.py", 3, "read_headers")]
    assert found["hits"][0]["score"] == 1.0
    assert clones(client, root / "a.py", 3, filter={"notPaths": ["b.py"]})["hits"] == []


def test_a_function_that_is_not_saved_has_clones(client: Client, root: Path):
    uri = client.open(root / "c.py", f"import os\n\n\n{LOAD.replace('load_config', 'pasted')}")
    client.until_unsaved(uri)
    found = clones(client, root / "c.py", 5)
    assert (found["of"]["name"], found["of"]["unsaved"]) == ("pasted", True)
    assert {(how, path) for how, path, *_ in hits(found)} == {("renamed", "a.py"), ("renamed", "b.py")}


def test_what_has_no_clones_says_why(client: Client, root: Path):
    short = clones(client, root / "c.py", 1)
    assert short["of"]["name"] == "short"
    assert short["hits"] == []
    assert re.fullmatch(r"short is too short: \d+ tokens, and clones have at least 25", short["message"])
    nothing = clones(client, root / "nowhere.py", 0)
    assert (nothing["of"], nothing["message"]) == (None, "nowhere.py:1: no function or type is indexed here")


def test_clones_in_all_folders(client: Client, tmp_path: Path):
    one, other = write(tmp_path / "one", {"a.py": LOAD}), write(tmp_path / "other", {"z.py": RENAMED})
    client.initialize(one, other)
    assert [hit["root"] for hit in clones(client, one / "a.py", 3)["hits"]] == [other.as_uri()]
    assert clones(client, one / "a.py", 3, root=one.as_uri())["hits"] == []


def page(found: Answer) -> tuple[str, Answer]:
    """Return the page, and the facts that it begins with."""
    html = Path(unquote(urlsplit(found["uri"]).path)).read_text(encoding="utf-8")
    meta = re.search(r'<script id="meta" type="application/json">(.*?)</script>', html)
    assert meta is not None
    facts: Answer = json.loads(meta[1])
    return html, facts


def test_the_map_begins_with_the_symbol_at_a_position(client: Client, tmp_path: Path):
    root = copy_shop(tmp_path / "shop")
    client.initialize(root)
    hit = client.query("number of typos between two terms")[0]
    place = {"textDocument": {"uri": hit["uri"]}, "position": hit["selectionRange"]["start"]}
    found = client.ask("codesearch/map", place, timeout=120)
    assert (found["of"]["qualname"], found["root"], found["message"]) == (hit["qualname"], root.as_uri(), "")
    assert found["uri"] == (root / ".codesearch" / "index.map.html").as_uri()
    html, meta = page(found)
    assert (meta["size"], len(meta["clusters"])) == (found["symbols"], found["clusters"])
    assert 0 <= meta["selected"] < meta["size"]
    assert "http://" not in html
    assert not [name for name in (root / ".codesearch").iterdir() if name.name.startswith("index.map.html.")]
    # Without a position, and as a command; queries are answered in between.
    whole = client.begin("codesearch/map", {"root": root.as_uri()})
    assert client.query("number of typos between two terms")[0]["name"] == hit["name"]
    found = client.answer(whole, timeout=120)
    assert found["of"] is None
    assert page(found)[1]["selected"] is None
    command = {"command": "codesearch.server.map", "arguments": [hit["uri"], hit["selectionRange"]["start"]["line"]]}
    client.replies["window/showDocument"] = {"success": True}
    assert client.ask("workspace/executeCommand", command, timeout=120)["of"]["name"] == hit["name"]
    shown = [one["params"] for one in client.requests if one["method"] == "window/showDocument"]
    assert shown == [{"uri": found["uri"], "external": True}]


def test_what_has_no_map_says_why(client: Client, root: Path):
    for params, why in (
        ({}, "distinct symbols: too few"),
        ({"root": "file:///nowhere"}, "is not an open workspace folder"),
        ({"textDocument": {"uri": "untitled:one"}, "position": {"line": 0}}, "in no folder that is indexed"),
        ({"textDocument": {"uri": 5}}, "`textDocument.uri` must be a string"),
    ):
        with pytest.raises(RequestError, match=re.escape(why)):
            client.ask("codesearch/map", params)


def test_a_symbol_that_is_not_saved_is_not_on_the_map(client: Client, tmp_path: Path):
    root = copy_shop(tmp_path / "shop")
    client.initialize(root)
    uri = client.open(root / "new.py", LOAD)
    client.until_unsaved(uri)
    found = client.ask("codesearch/map", {"textDocument": {"uri": uri}, "position": {"line": 2}}, timeout=120)
    assert found["of"] is None
    assert found["message"] == "load_config is not on the map: it is not saved, or too small"
