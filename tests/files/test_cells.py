"""The lines of notebooks are shown by their cells, those of other files by their numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.files import FileOptions
from codesearch.files.cells import Notebooks
from tests.support.trees import notebook, write

SOURCE = notebook(["x = 1\n", "y = 2\n"], ["# Prose\n", "\n", "More.\n"])


@pytest.fixture
def notebooks(tmp_path: Path) -> Notebooks:
    write(tmp_path, {"nb.ipynb": SOURCE, "a.py": "x = 1\n"})
    return Notebooks(tmp_path, FileOptions())


def line_of(text: str) -> int:
    return next(at for at, row in enumerate(SOURCE.splitlines(), 1) if text in row)


def test_a_line_is_in_a_cell(notebooks: Notebooks) -> None:
    line = line_of("y = 2")
    assert notebooks.place("nb.ipynb", line) == (1, 2)
    assert notebooks.line("nb.ipynb", line) == f"cell 1:2 (line {line})"
    assert notebooks.number("nb.ipynb", line) == f"{line} (cell 1:2)"
    assert notebooks.shorts("nb.ipynb", [line]) == ["cell 1:2"]
    assert notebooks.fields("nb.ipynb", line) == {"cell": 1, "cell_line": 2}


@pytest.mark.parametrize("path", ["a.py", "gone.ipynb", "bad\0.ipynb"])
def test_elsewhere_a_line_is_its_number(notebooks: Notebooks, path: str) -> None:
    assert (notebooks.line(path, 1), notebooks.shorts(path, [1]), notebooks.number(path, 1)) == ("1", ["1"], "1")
    assert (notebooks.lines(path, 1, 2), notebooks.lines(path, 1, 1)) == ("1-2", "1")
    assert notebooks.fields(path, 1) == {}


def test_lines_are_one_range(notebooks: Notebooks) -> None:
    first, last, prose = line_of("x = 1"), line_of("y = 2"), line_of("More.")
    assert notebooks.lines("nb.ipynb", first, last) == "cell 1:1-2"
    assert notebooks.lines("nb.ipynb", first, first) == "cell 1:1"
    assert notebooks.lines("nb.ipynb", first - 1, first) == "cell 1:1", "the line above a cell counts as its first"
    assert notebooks.lines("nb.ipynb", first, prose) == "cell 1:1 to cell 2:3"


def test_a_notebook_that_has_changed_is_read_again(notebooks: Notebooks) -> None:
    assert notebooks.root is not None
    line = line_of("More.")
    assert notebooks.place("nb.ipynb", line) == (2, 3)
    (notebooks.root / "nb.ipynb").write_text(notebook(["a\n"] * 30))
    os.utime(notebooks.root / "nb.ipynb", ns=(1, 1))
    assert notebooks.place("nb.ipynb", line) == (1, line - 6)


def test_nothing_is_known_of_files_on_a_server() -> None:
    assert Notebooks(None, FileOptions()).line("nb.ipynb", 40) == "40"
