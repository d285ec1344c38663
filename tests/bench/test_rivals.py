"""How other programs are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.bench import rivals
from codesearch.core.errors import UsageError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs are found by their mode")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("semble", "zoekt", "zoekt-index", "colgrep"):
        (folder / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(
    ("name", "index", "query"),
    [
        ("semble", "semble search index TREE -k 1", "semble search read a file TREE -k 10"),
        ("zoekt", "zoekt-index -index INDEX TREE", "zoekt -index_dir INDEX read"),
        ("colgrep", "colgrep init -y TREE", "colgrep -k 10 read a file TREE"),
    ],
)
def test_command_lines(installed: Path, tmp_path: Path, name: str, index: str, query: str):
    folder = tmp_path / "kept"
    one = rivals.program(name, folder)

    def shown(words: list[str]) -> str:
        return " ".join(words).replace(str(folder), "INDEX").replace(f"{installed}{os.sep}", "")

    assert shown(one.index("TREE")) == index
    assert shown(one.query("read a file", "TREE")) == query
    assert str(folder) in (*one.variables.values(), *one.index("TREE")), "its index is in the temporary folder"


def test_what_is_missing_is_named(installed: Path, tmp_path: Path):
    (installed / "zoekt-index").unlink()
    with pytest.raises(UsageError, match="zoekt-index is not installed"):
        rivals.program("zoekt", tmp_path)


def test_our_own_failure_is_an_error(installed: Path, tmp_path: Path):
    from codesearch.core.errors import CodesearchError

    (installed / "broken").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    (installed / "broken").chmod(0o755)
    ours = rivals.program(str(installed / "broken"), tmp_path / "ours")
    theirs = rivals.program("semble", tmp_path / "theirs")
    with pytest.raises(CodesearchError, match="status 3: it said nothing"):
        rivals.compare(tmp_path, ours, theirs, ["one"], lambda done, of: None)
    swapped = rivals.compare(tmp_path, theirs, ours, ["one"], lambda done, of: None)
    assert (swapped.theirs, swapped.problem) == (None, "status 3: it said nothing")
