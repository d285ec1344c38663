"""The page of results on a terminal: numbered, best first, in view, and with the lines that match."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.cli.ui import page
from codesearch.cli.ui.page import Terms
from tests.support.command import process, terminal
from tests.support.trees import write

LICENCE = "# Copyright The Authors\n# Licensed under the Apache License, Version 2.0\n# (the License)\n#\n#\n#\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    long = "def long_one(x):\n" + "".join(f"    x += {n}\n" for n in range(40)) + "    send_upload(x)\n    return x\n"
    files = {f"part{n}.py": f"def upload_{n}(path):\n    a = 1\n    b = 2\n    return a + b\n" for n in range(9)}
    other = {"deep/long.py": long, "script.py": LICENCE + "start_engine()\nprint('engine started')\n"}
    root = write(tmp_path / "tree", {**files, **other})
    assert process("index", "-q", cwd=root).status == 0
    return root


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_ten_results_fit_a_terminal_of_24_lines_with_number_and_score(tree: Path, columns: int):
    _, said = terminal(
        "query", "upload a path", "-q", cwd=tree, columns=columns, environment={"NO_COLOR": "1"}, rows=24
    )
    lines = said.splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= columns
    headers = [line for line in lines if line[:2].strip().isdigit() and line[2:4] == "  "]
    assert [int(line[:2]) for line in headers] == list(range(1, 11))
    assert all(0.0 <= float(line.split()[-1]) <= 1.0 for line in headers)


def test_all_shows_every_result_in_full(tree: Path):
    _, said = terminal(
        "query", "upload a path", "-q", "--all", cwd=tree, columns=80, environment={"NO_COLOR": "1"}, rows=24
    )
    assert len(said.splitlines()) > 40


def test_the_lines_that_match_are_shown_and_marked(tree: Path):
    plain = process("query", "long_one send_upload", "-n", "1", "-C", "3", cwd=tree)
    assert "send_upload(x)" in plain.out
    marked = process("query", "long_one send_upload", "-n", "1", "-C", "3", "--color", "always", cwd=tree)
    assert "\x1b[4msend\x1b[24m_\x1b[4mupload\x1b[24m" in marked.out


def test_a_file_is_not_shown_by_its_licence(tree: Path):
    run = process("query", "start_engine", "-n", "1", cwd=tree)
    assert "script.py:1  module" in run.out
    assert "start_engine()" in run.out
    assert "Licensed" not in run.out


def test_paths_open_from_the_current_folder(tree: Path):
    for arguments in (("query", "long_one", "-n", "1"), ("symbols", ".")):
        for format in ("text", "vimgrep", "paths"):
            run = process(*arguments, "--format", format, cwd=tree / "deep")
            assert run.out.startswith("long.py"), run.out
    run = process("query", "long_one", "-n", "1", "--format", "json", cwd=tree / "deep")
    assert run.json["results"][0]["path"] == "deep/long.py"


def test_a_long_line_is_cut_in_a_pipe_too(tmp_path: Path):
    root = write(tmp_path / "r", {"a.py": f"def table():\n    return '{'x' * 100_000}'\n"})
    run = process("query", "table", cwd=root)
    assert max(map(len, run.out.splitlines())) < 600
    assert "…" in run.out


def test_a_module_of_the_same_name_is_no_overload(tmp_path: Path):
    root = write(tmp_path / "r", {"moon.py": '"""The moon."""\n\nPHASE = 1\n\n\ndef moon():\n    return PHASE\n'})
    assert "overloaded in" not in process("query", "moon", cwd=root).out


def test_first_line():
    lines = ["def f():", "a", "b", "upload", "retry", "c", "d"]
    assert page.first_line(lines, 0, 3, Terms.of(["upload", "retry"]), is_module=False) in (2, 3)
    assert page.first_line(lines, 0, 3, Terms.of(["nothing"]), is_module=False) == 0
    assert page.first_line(["# a", "", "x = 1", "y"], 0, 2, Terms(), is_module=True) == 2
    assert page.first_line([], 0, 2, Terms(), is_module=True) == 0


def test_shortened():
    assert page.shortened("a/b.py", 20, "…") == "a/b.py"
    short = page.shortened("src/Component/Very/Long/Folder/Names/lock.py", 20, "…")
    assert (len(short), short[:1], short.endswith("/lock.py")) == (20, "s", True)


@pytest.mark.parametrize(
    ("documentation", "sentence"),
    [
        ("Retry it. Then stop.", "Retry it."),
        ("No full stop", "No full stop"),
        ("Two\nlines here. More.\n\nSecond.", "Two lines here."),
        ("", ""),
    ],
)
def test_first_sentence(documentation: str, sentence: str):
    assert page.first_sentence(documentation) == sentence
