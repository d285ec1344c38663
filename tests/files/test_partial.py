"""A partial list contains what the full list contains below the same paths, inside and outside git."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from codesearch.files import FileOptions, discover, discover_only
from tests.support.git import git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

NAMES = ["a.py", "b.go", "notes.md", "tool", "build", "src", "lib", "x y.py", "é.py", "gen.js"]
IGNORES = ["build/\n", "*.js\n", "/src/*\n!/src/a.py\n", "lib/**/b.go\n", "x*\n!x y.py\n"]


def make_tree(root: Path, rng: random.Random, depth: int = 3) -> None:
    root.mkdir(exist_ok=True)
    if rng.random() < 0.4:
        (root / ".gitignore").write_text(rng.choice(IGNORES))
    if rng.random() < 0.2:
        (root / ".codesearchignore").write_text(rng.choice(IGNORES))
    for name in rng.sample(NAMES, 6):
        if "." not in name and depth and name != "tool":
            make_tree(root / name, rng, depth - 1)
        elif name != "build":
            (root / name).write_text("#!/usr/bin/env python3\n" if name == "tool" else "x = 1\n")


@pytest.mark.parametrize("in_git", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_partial_lists_equal_the_whole(tmp_path: Path, seed: int, in_git: bool) -> None:
    rng = random.Random(seed)
    root = tmp_path / "tree"
    make_tree(root, rng)
    if in_git:
        git(root, "init", "-q")
        git(root, "add", ".")
        for path in rng.sample(sorted(root.rglob("*.py")), 2):
            git(root, "add", "-f", str(path))  # tracked, even if an ignore rule matches
    options = FileOptions(exclude=("**/src/lib/",))
    whole = discover(root, options).files
    assert whole
    everything = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if ".git/" not in f"{path}/")
    for _ in range(15):
        where = rng.sample(everything, min(len(everything), rng.choice([1, 2, 5])))
        part = discover_only(root, where, options)
        assert part is not None
        wanted = tuple(f for f in whole if any(f.path == one or f.path.startswith(one + "/") for one in where))
        assert part.files == wanted


def test_what_only_the_whole_can_tell(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    inner = tmp_path / "deps" / "inner"
    inner.mkdir(parents=True)
    git(inner, "init", "-q")
    (inner / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    assert discover_only(tmp_path, ["deps/inner/a.py"]) is None
    assert discover_only(tmp_path, ["deps"]) is None
    assert discover_only(tmp_path, ["../b.py"]) is None
    assert discover_only(tmp_path, ["."]) is None
    assert discover_only(tmp_path, [f"{n}.py" for n in range(10_000)]) is None
    part = discover_only(tmp_path, ["b.py", "gone.py"])
    assert part is not None
    assert [file.path for file in part.files] == ["b.py"]


def test_a_root_that_git_ignores(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("env/\n")
    root = tmp_path / "env"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n")
    assert [file.path for file in discover(root).files] == ["a.py"]
    assert discover_only(root, ["a.py"]) is None
