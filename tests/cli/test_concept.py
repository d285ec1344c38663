"""`codesearch concept`, and the filter, order and colour that it gives."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import schemas


@pytest.fixture
def tree(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an indexed tree that may be written; the current folder."""
    tree = Path(shutil.copytree(shop, tmp_path / "shop"))
    monkeypatch.chdir(tree)
    return tree


def test_from_adding_to_removing(tree: Path, call):
    assert call("concept", "list").status == 1
    run = call("concept", "add", "delay", "--like", "debounce", "--like", "throttle", "--query", "wait and delay calls")
    assert run.status == 0
    assert "concept:delay is made of 2 examples, 1 text; " in run.err
    assert call("concept", "list").out == "delay  2 examples, 1 text\n"
    shown = call("concept", "show", "delay").out
    assert "  text    wait and delay calls\n" in shown
    assert "  like    debounce  web/src/debounce.js:" in shown
    assert "highest scores\n  1.00    " in shown
    assert call("concept", "remove", "delay").status == 0
    assert call("concept", "remove", "delay").status == 1
    assert call("concept", "show", "delay").status == 2


def test_filter_order_and_colour(tree: Path, call):
    call("concept", "add", "delay", "--like", "debounce", "--like", "throttle")
    first = call("symbols", "--sort", "concept:delay", "-n", "3").out.splitlines()
    assert first[0].startswith("1.00  web/src/debounce.js:")
    hits = call("symbols", "--sort", "concept:delay", "-n", "3", "--json").json
    schemas.keeps_schema(hits, "symbols-sorted")
    assert hits["results"][0]["score"] == 1
    assert call("symbols", "--concept", "delay>0.9", "--format", "paths").out == "web/src/debounce.js\n"
    rest = call("symbols", "--concept", "!delay>0.9", "--name", "debounce", "--kind", "function")
    assert rest.status == 1
    asked = call("query", "wait concept:delay>0.9", "--format", "paths")
    assert asked.out == "web/src/debounce.js\n"
    drawn = call("map", "--layout", "pca", "--color-by", "concept:delay", "-o", "-")
    assert '"colour": "concept delay"' in drawn.out
    assert '"concepts": ["delay"]' in drawn.out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("symbols", "--sort", "size"), "use path or concept:NAME"),
        (("symbols", "--sort", "concept:none"), "there is no concept `none`"),
        (("symbols", "--concept", "delay"), "is no bound on a concept"),
        (("symbols", "--concept", "delay>2"), "is no bound on a concept"),
        (("map", "--color-by", "size"), "use cluster, folder"),
        (("map", "--color-by", "concept:none"), "there is no concept `none`"),
        (("map", "--color-by", "kind", "-o", "map.svg"), "only for html"),
        (("concept", "add", "a b", "--query", "x"), "cannot name a concept"),
        (("concept", "add", "some", "--like", "no_such_name"), "no symbol is named no_such_name"),
        (("concept", "refresh", "none"), "there is no concept `none`"),
    ],
)
def test_mistakes(tree: Path, call, command: tuple[str, ...], said: str):
    run = call(*command)
    assert run.status == 2
    assert said in run.err
    assert "Traceback" not in run.err


def test_an_example_that_is_gone_is_reported(tree: Path, call):
    call("concept", "add", "delay", "--like", "debounce", "--like", "throttle")
    file = tree / "web/src/debounce.js"
    file.write_text(file.read_text("utf-8").replace("throttle", "slow_down"), "utf-8")
    assert "1 of the examples no longer exist" in call("concept", "list").out
    assert "throttle  web/src/debounce.js  (no longer exists)" in call("concept", "show", "delay").out
    assert "`delay` was made of code that no longer exists: throttle" in call("symbols", "--concept", "delay>0.9").err
    shown = call("concept", "show", "delay", "--format", "json").json
    schemas.keeps_schema(shown, "concept")
    listed = call("concept", "list", "--format", "json").json
    schemas.keeps_schema(listed, "concept-list")
    assert [one["state"] for one in shown["like"]] == ["same", "gone"]
    call("concept", "refresh", "delay")
    assert call("concept", "list").out == "delay  1 example\n"
