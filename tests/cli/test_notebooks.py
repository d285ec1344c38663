"""Every command shows a line of a notebook by its cell, in text and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.schemas import keeps_schema
from tests.support.trees import notebook, write

Call = Callable[..., Any]

SOURCE = notebook(
    ["# Weather\n", "Balloons measure it.\n"],
    ["RADIUS = 3\n", "\n", "def inflate(gas):\n", "    return gas\n"],
    ["def twice(gas):\n", "    return inflate(inflate(gas)) + inflate(1)\n"],
)


def line_of(text: str) -> int:
    return next(at for at, row in enumerate(SOURCE.splitlines(), 1) if text in row)


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write(tmp_path / "tree", {"w.ipynb": SOURCE, "a.py": "def burst(gas):\n    return gas\n"})
    monkeypatch.chdir(root)
    return root


def test_an_outline_shows_cells(call: Call) -> None:
    rows = call("outline", "w.ipynb", "-q").out.splitlines()[1:]
    assert [row[2:12].rstrip() for row in rows] == [
        "cell 1:1-2", "cell 2:1-4", "cell 2:1", "cell 2:3-4", "cell 3:1-2", "cell 3:1-2",
    ]  # fmt: skip
    value = json.loads(call("outline", "w.ipynb", "-q", "--format", "json").out)
    keeps_schema(value, "outline")
    inside = value["files"][0]["symbols"][1]["symbols"]
    assert [(one["name"], one["cell"], one["cell_line"]) for one in inside] == [("RADIUS", 2, 1), ("inflate", 2, 3)]
    compact = call("outline", "w.ipynb", "-q", "--format", "compact").out
    assert f"    {line_of('def inflate')} (cell 2:3) def inflate(gas)\n" in compact


def test_matching_lines_show_cells(call: Call) -> None:
    found = call("query", "-e", "return.*gas", "-q").out
    first, second = line_of("def inflate"), line_of("def twice")
    assert f"w.ipynb:cell 2:3 (line {first})  function inflate\n  cell 2:4 │     return gas\n" in found
    assert f"w.ipynb:cell 3:1 (line {second})  function twice\n  cell 3:2 │     return inflate(" in found
    assert "a.py:1  function burst\n     2 │     return gas\n" in found
    value = json.loads(call("query", "-e", "return gas", "-q", "--json").out)
    keeps_schema(value, "query-lines")
    places = {
        one["path"]: (one["matches"][0].get("cell"), one["matches"][0].get("cell_line")) for one in value["results"]
    }
    assert places == {"w.ipynb": (2, 4), "a.py": (None, None)}


def test_programs_get_lines_of_the_file(call: Call) -> None:
    found = call("query", "-e", "inflate\\(1", "-q", "--format", "vimgrep").out
    assert found.startswith(f"w.ipynb:{line_of('inflate(1')}:")


def test_matches_of_syntax_show_cells(call: Call) -> None:
    found = call("ast", "(return_statement)", "--lang", "python", "-q").out
    assert "  cell 2:4 │     return gas\n" in found
    value = json.loads(call("ast", "(return_statement) @r", "--lang", "python", "-q", "--json").out)
    keeps_schema(value, "ast")
    match = next(one for one in value["results"] if one["path"] == "w.ipynb")["matches"][0]
    assert (match["cell"], match["cell_line"], match["captures"][0]["cell_line"]) == (2, 4, 4)


def test_callers_and_callees_show_cells(call: Call) -> None:
    first, second = line_of("def inflate"), line_of("def twice")
    assert (
        call("callers", "inflate", "-q").out == f"w.ipynb:cell 3:1 (line {second})  function twice  exact, cell 3:2\n"
    )
    assert call("callees", "twice", "-q").out == f"w.ipynb:cell 2:3 (line {first})  function inflate  exact, cell 3:2\n"
    value = json.loads(call("callers", "inflate", "-q", "--json").out)
    keeps_schema(value, "callers")
    assert (value["symbol"]["cell"], value["symbol"]["cell_line"]) == (2, 3)
    assert value["results"][0]["cells"] == [{"cell": 3, "cell_line": 2}]
    assert value["results"][0]["lines"] == [second + 1]


def test_a_snippet_shows_the_lines_of_its_cell(call: Call) -> None:
    found = call("query", "inflate", "-q", "--embed", "none").out
    assert "cell 2:3 │ def inflate(gas):\ncell 2:4 │     return gas\n" in found


def test_a_note_about_namesakes_names_cells(call: Call, tree: Path) -> None:
    write(tree, {"b.py": "def inflate(it):\n    return it\n"})
    assert f"w.ipynb:cell 2:3 (line {line_of('def inflate')})" in call("callers", "inflate").err
