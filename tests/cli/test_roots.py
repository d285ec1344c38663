"""Which folder's index a command uses: PATH restricts, the enclosing root answers, and nothing is indexed unasked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codesearch.store import Store
from tests.support.command import process
from tests.support.trees import write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = write(
        tmp_path / "repo",
        {"src/a.py": "def open_door(): return 1\n", "lib/b.py": "def close_window(): return 2\n"},
    )
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    assert process("index", "-q", cwd=root).status == 0
    return root


def indexes(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob(".codesearch"))


def paths(run: object) -> list[str]:
    return [one["path"] for one in run.json["results"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [".", "../src", "../src/"])
def test_a_path_inside_an_indexed_root_restricts_and_makes_no_index(repository: Path, path: str):
    run = process("query", "close_window", path, "--format", "json", cwd=repository / "src")
    assert paths(run) == ["src/a.py"] * len(paths(run))
    assert process("symbols", path, "--format", "json", cwd=repository / "src").json["results"][0]["path"] == "src/a.py"
    assert indexes(repository) == [".codesearch"]
    whole = process("query", "close_window", "--format", "json", cwd=repository / "src")
    assert paths(whole)[0] == "lib/b.py"


def test_names_of_folders_are_no_globs(tmp_path: Path):
    root = write(tmp_path / "r", {"app/[slug]/page.py": "def page(): pass\n", "app/s/page.py": "def page(): pass\n"})
    process("index", "-q", cwd=root)
    run = process("query", "page", "app/[slug]", "--format", "json", cwd=root)
    assert {one["path"] for one in run.json["results"]} == {"app/[slug]/page.py"}


def test_root_makes_an_index_of_its_own_and_it_is_not_preferred_silently(repository: Path):
    inner = repository / "src"
    assert process("index", "-q", "--root", inner, cwd=repository).status == 0
    assert indexes(repository) == [".codesearch", "src/.codesearch"]
    run = process("query", "close_window", "--format", "json", cwd=inner)
    assert paths(run)[0] == "lib/b.py"
    assert f"using the index of {repository}, not the one inside it at {inner}" in run.err
    assert paths(process("query", "open_door", "--root", ".", "--format", "json", cwd=inner)) == ["a.py"]
    assert process("clean", "--root", inner, cwd=repository).status == 0
    assert "not the one inside" not in process("query", "close_window", cwd=inner).err


def test_an_index_of_the_parent_answers_in_a_folder_that_once_had_one(tmp_path: Path):
    plain = write(tmp_path / "plain", {"a.py": "def open_door(): pass\n", "sub/notes.txt": "nothing\n"})
    failed = process("query", "open_door", cwd=plain / "sub")
    assert (failed.status, indexes(plain)) == (2, [])
    process("index", "-q", cwd=plain)
    assert paths(process("query", "open_door", "--format", "json", cwd=plain / "sub"))[0] == "a.py"


@pytest.mark.parametrize("command", ["query", "index"])
def test_a_command_that_finds_nothing_to_index_leaves_nothing_behind(tmp_path: Path, command: str):
    empty = tmp_path / "empty"
    empty.mkdir()
    run = process(command, *(["x"] if command == "query" else []), cwd=empty)
    assert run.status == 2
    assert run.err.endswith("nothing to search: the folder has no files\n")
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("command", [("query", "alpha"), ("index",), ("symbols",)])
def test_the_home_folder_and_the_root_of_a_disk_are_not_indexed_unasked(command: tuple[str, ...], private_home: Path):
    (private_home / "a.py").write_text("def alpha(): pass\n")
    for place in (private_home, private_home.parent, Path("/")):
        run = process(*command, cwd=place)
        assert run.status == 2
        assert f"{place}: too large to index unasked" in run.err
        assert not (place / ".codesearch").exists()


def test_the_home_folder_is_indexed_when_it_is_named_but_is_no_root_of_what_is_below(private_home: Path):
    write(private_home, {"a.py": "def alpha(): pass\n", "project/b.py": "def beta(): pass\n"})
    assert process("query", "alpha", ".", cwd=private_home).status == 0
    assert paths(process("query", "beta", "--format", "json", cwd=private_home / "project")) == ["b.py"]


def test_an_interrupted_first_index_is_finished_before_it_answers(repository: Path):
    process("clean", "-q", cwd=repository)
    process("index", "-q", cwd=repository)
    with Store(repository / ".codesearch" / "index.db", writable=True) as store:
        store.set_meta(complete="")
    (repository / "src" / "c.py").write_text("def fresh(): pass\n")
    run = process(
        "query", "fresh", "--format", "json", cwd=repository, environment={"CODESEARCH_UPDATE_BUDGET": "0.001"}
    )
    assert paths(run)[0] == "src/c.py"
    assert "not indexed yet" not in run.err


def test_with_an_index_file_of_its_own_the_path_is_the_root(repository: Path, tmp_path: Path):
    db = tmp_path / "own.db"
    for _ in range(2):
        run = process("query", "open_door", "src", "--db", db, "--format", "json", cwd=repository)
        assert paths(run) == ["a.py"]
