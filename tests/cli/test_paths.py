"""Printed paths are relative to the current folder, wherever that is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.command import process
from tests.support.trees import write

BODY = "def alpha():\n    return 1\n"
FORMATS = {
    "text": ["query", "alpha", "-n", "1"],
    "vimgrep": ["query", "alpha", "-n", "1", "--format", "vimgrep"],
    "paths": ["query", "alpha", "-n", "1", "--format", "paths"],
    "files": ["query", "alpha", "-n", "1", "-l"],
    "symbols": ["symbols", "--name", "alpha"],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = write(tmp_path / "above" / "root", {"src/deep/a.py": BODY, ".git/HEAD": ""})
    (made / "other").mkdir()
    (tmp_path / "elsewhere").mkdir()
    process("index", "-q", cwd=made)
    return made


@pytest.mark.parametrize("command", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    ("here", "path", "shown"),
    [
        (".", (), "src/deep/a.py"),
        (".", ("src",), "src/deep/a.py"),
        ("src/deep", (), "a.py"),
        ("src/deep", ("..",), "a.py"),
        ("other", ("..",), os.path.join("..", "src", "deep", "a.py")),  # noqa: PTH118 -- Path would drop the dots
        ("..", ("root",), "root/src/deep/a.py"),
        ("../..", ("above/root/src",), "above/root/src/deep/a.py"),
        ("../../elsewhere", ("../above/root",), "{root}/src/deep/a.py"),
        ("../../elsewhere", ("{root}",), "{root}/src/deep/a.py"),
    ],
)
def test_paths_open_from_the_current_folder(
    root: Path, command: list[str], here: str, path: tuple[str, ...], shown: str
):
    run = process(*command, *(one.format(root=root) for one in path), "-q", cwd=root / here)
    printed = run.out.split("\n")[0].split(":")[0]
    assert printed.replace(os.sep, "/") == shown.format(root=root).replace(os.sep, "/")
    assert (root / here / printed).read_text() == BODY


def test_paths_in_json_are_relative_to_the_root(root: Path):
    run = process("query", "alpha", "--json", root, cwd=root.parent)
    assert (run.json["root"], run.json["results"][0]["path"]) == (str(root), "src/deep/a.py")


def test_copies_open_as_well(root: Path):
    write(root, {"src/copy.py": BODY})
    assert process("query", "alpha", "-l", "-q", "-n", "1", cwd=root / "src").out.split() == ["copy.py", "deep/a.py"]
    assert "copied in deep/a.py:1" in process("query", "alpha", "-q", "-n", "1", cwd=root / "src").out
