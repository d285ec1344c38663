"""Searches of an index for syntax: by symbol, within limits, and what could not be searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codesearch import Filter, Index, open_index, parse
from codesearch.exact import processes, structure
from codesearch.exact.processes import Search, searched
from codesearch.exact.structure import Nodes
from codesearch.exact.syntax import SyntaxPattern
from codesearch.exact.tree import tree_of
from tests.support.trees import SMALL, write

CALLS = SyntaxPattern("(call function: (_) @called)")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    files = {**SMALL, "top.py": "import os\n\nrun(os)\n\n\nclass A:\n    b = make(1)\n", "web.js": "call(1)\n"}
    with open_index(write(tmp_path / "tree", files), model="static") as index:
        index.update()
        yield index


def names(nodes: Nodes, where: Filter | None = None) -> list[tuple[str, list[str]]]:
    groups = nodes.groups(where)
    return [(one.symbol.qualname, [match.whole.text for match in one.matches]) for one in groups]


def test_each_match_belongs_to_the_innermost_symbol(index: Index):
    assert names(structure.find(index, CALLS, ["python"], Filter())) == [
        ("Cache.get", ["self.values.get"]),
        ("retry_upload", ["range", "send"]),
        ("top", ["run"]),
        ("A", ["make"]),
    ]


def test_a_filter_chooses_the_symbols(index: Index):
    where = Filter(kinds=("method",))
    assert names(structure.find(index, CALLS, ["python"], where), where) == [("Cache.get", ["self.values.get"])]


def test_only_files_in_the_language_are_read(index: Index):
    nodes = structure.find(index, SyntaxPattern("(call_expression)"), ["javascript"], Filter())
    assert nodes.paths == ["web.js"]


def test_files_are_read_as_they_are_now(index: Index):
    write(index.root, {"retry.py": "\n\ndef again():\n    return fetch()\n"})
    (index.root / "top.py").unlink()
    found = names(structure.find(index, CALLS, ["python"], Filter()))
    assert found == [("Cache.get", ["self.values.get"]), ("again", ["fetch"])]


def test_symbols_with_matches_are_ranked_by_meaning(index: Index):
    nodes = structure.find(index, CALLS, ["python"], Filter())
    kept = structure.ranked(index, nodes, parse("send a file again when the connection breaks"), 2)
    assert kept.answer[0].symbol.qualname == "retry_upload"
    assert [match.whole.text for match in kept.matches[1]] == ["range", "send"]
    assert not structure.ranked(
        index, structure.find(index, SyntaxPattern("(lambda)"), ["python"], Filter()), parse("send"), 2
    ).answer


def test_files_with_syntax_errors_are_named(index: Index):
    write(index.root, {"wrong.py": "def (:\n    send(1)\n"})
    index.update()
    assert structure.find(index, CALLS, ["python"], Filter()).partial == ["wrong.py"]


def search(index: Index) -> Search:
    tree = tree_of(index)
    return Search(tree.root, tree.options, CALLS, frozenset({"python"}), 10.0)


def test_a_file_that_takes_too_long_is_named_and_the_others_are_searched(index: Index):
    # The regular expression takes exponential time on this name, and holds Python's lock.
    write(index.root, {"mean.py": f"{'a' * 60}1()\n"})
    index.update()
    slow = SyntaxPattern('(call function: (identifier) @f (#match? @f "^(a+)+$"))')
    limited = replace(search(index), pattern=slow, seconds=0.5)
    found = searched(limited, ["mean.py", "retry.py", "top.py"])
    assert [(one.path, one.problem) for one in found] == [
        ("mean.py", "took more than 0.5 s of processor time"),
        ("retry.py", ""),
        ("top.py", ""),
    ]


def test_a_process_that_crashes_costs_one_file(index: Index, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "PROCESS", ("tests.exact.breaking_process", "main"))
    found = searched(search(index), ["cache.py", "retry.py", "top.py"])
    assert [one.path for one in found] == ["cache.py", "retry.py", "top.py"]
    assert found[1].problem == "the parser crashed (status 11)"
    assert found[2].matches


def test_several_processes_find_what_one_finds(index: Index, monkeypatch: pytest.MonkeyPatch):
    paths = ["cache.py", "retry.py", "top.py", "gone.py"]
    one = searched(search(index), paths)
    monkeypatch.setattr(processes, "FILES_EACH", 1)
    monkeypatch.setattr(processes, "cores", lambda: 3)
    assert searched(search(index), paths) == one
    assert [found.path for found in one] == paths[:3]
