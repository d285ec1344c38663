"""Notebooks are read in the language of their kernel, each line where it is in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import codesearch
from codesearch.files import read_source
from codesearch.files.notebooks import Cells
from codesearch.files.values import Source

CELLS = [
    ("markdown", ["## Training\n", "\n", "How the model learns."]),
    ("code", ["%matplotlib inline\n", "def train_model(rows):\n", '    return fit(rows, "all")\n']),
    ("code", []),
    ("code", ["# Draws the loss.\n", "plot(train_model(rows))"]),
]


def written(kernel: str = "python", indent: int | None = 1) -> str:
    cells = [
        {"cell_type": kind, "metadata": {}, "outputs": [{"text": ["def output(): pass\n"]}], "source": lines}
        for kind, lines in CELLS
    ]
    about = {"kernelspec": {"name": "k"}, "language_info": {"name": kernel}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=indent)


def source(folder: Path, text: str) -> Source:
    (folder / "nb.ipynb").write_text(text)
    found = read_source(folder, "nb.ipynb")
    assert isinstance(found, Source)
    return found


def test_each_line_of_a_cell_stays_where_it_is_in_the_file(tmp_path: Path) -> None:
    text = written()
    lines = source(tmp_path, text).data.decode().splitlines()
    for row, line in enumerate(text.splitlines()):
        if "def train_model" in line:
            assert lines[row] == "def train_model(rows):"
        if "%matplotlib" in line:
            assert lines[row] == "", "a command of the kernel, not of the language"
        if "def output" in line:
            assert lines[row] == ""


def test_a_notebook_on_one_line_is_read_all_the_same(tmp_path: Path) -> None:
    assert b"def train_model(rows):\n" in source(tmp_path, written(indent=None)).data


def test_the_kernel_decides_on_the_language(tmp_path: Path) -> None:
    assert source(tmp_path, written()).language == "python"
    assert source(tmp_path, written("julia")).language == "julia"
    unknown = read_source(tmp_path, "nb.ipynb")
    assert isinstance(unknown, Source)
    (tmp_path / "nb.ipynb").write_text(written("brainfuck"))
    assert not isinstance(read_source(tmp_path, "nb.ipynb"), Source)


def test_comments_are_those_of_the_kernels_language(tmp_path: Path) -> None:
    text = source(tmp_path, written("javascript")).data.decode()
    assert "// %% [markdown] cell 1\n// ## Training\n" in text


def test_a_cell_in_another_language_is_a_comment(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["%%bash\n", "ls --all"]}
    text = json.dumps({"cells": [cell, {**cell, "source": ["%%time\n", "work()"]}]}, indent=1)
    data = source(tmp_path, text).data.decode()
    assert "# %% cell 1\n\n# ls --all\n" in data
    assert "# %% cell 2\n\nwork()\n" in data


def test_what_is_no_notebook_is_read_as_it_is(tmp_path: Path) -> None:
    assert source(tmp_path, "{]").data == b"{]"


def test_lines_are_places_in_cells(tmp_path: Path) -> None:
    data = source(tmp_path, written()).data
    line = data.decode().splitlines().index("def train_model(rows):") + 1
    cells = Cells.of(data)
    assert cells.place(line) == (2, 2)
    assert cells.place(line + 1) == (2, 3)
    assert cells.place(1) is None
    assert str(cells.place(line)) == "cell 2:2"


def test_functions_cells_and_prose_are_symbols(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(written())
    with codesearch.open_index(tmp_path, embed="none") as index:
        index.update()
        found = [(one.kind, one.qualname, one.documentation) for one in index.symbols()]
    assert ("function", "train_model", "") in found
    assert ("section", "Training", "How the model learns.") in found
    assert ("cell", "cell 4", "Draws the loss.") in found
    assert not [name for _, name, _ in found if name in ("output", "cell 3")]


def test_results_name_the_cell(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "nb.ipynb").write_text(written())
    line = next(at for at, row in enumerate(written().splitlines(), 1) if "def train_model" in row)
    assert f"nb.ipynb:cell 2:2 (line {line})" in call("query", "train_model", tmp_path, "--embed", "none").out
    hit = json.loads(call("query", "train_model", tmp_path, "--embed", "none", "--json").out)["results"][0]
    assert (hit["cell"], hit["cell_line"]) == (2, 2)
    row = (tmp_path / "nb.ipynb").read_text().splitlines()[hit["start_line"] - 1]
    assert "def train_model" in row
