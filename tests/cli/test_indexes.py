"""All indexes of a user: listed with `status --all`, deleted with `clean --all`, which asks."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from codesearch.store import registry
from tests.support.command import process, terminal
from tests.support.trees import write


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Return two trees with an index each."""
    trees = tuple(write(tmp_path / name, {"a.py": "def a(): pass\n"}) for name in ("one", "two"))
    assert process("index", "-q", cwd=trees[0]).status == 0
    assert process("query", "a", "-q", cwd=trees[1]).status == 0
    return trees[0], trees[1]


def listed(cwd: Path) -> list[str]:
    found = process("status", "--all", "--format", "json", cwd=cwd).json["indexes"]
    return [Path(one["root"]).name for one in found]


def test_every_index_that_was_used_is_listed(two: tuple[Path, Path], tmp_path: Path):
    assert sorted(listed(tmp_path)) == ["one", "two"]
    out = process("status", "--all", cwd=tmp_path).out
    assert f"today         {two[0]}\n" in out
    assert out.splitlines()[-1].endswith("  2 indexes")
    process("clean", cwd=two[0])
    assert listed(tmp_path) == ["two"]
    shutil.rmtree(two[1])
    assert process("status", "--all", cwd=tmp_path).status == 1


def test_an_index_elsewhere_and_a_root_that_is_gone(two: tuple[Path, Path], tmp_path: Path):
    elsewhere = tmp_path / "elsewhere.db"
    third = write(tmp_path / "third", {"a.py": "def a(): pass\n"})
    assert process("index", "-q", "--db", elsewhere, cwd=third).status == 0
    shutil.rmtree(third)
    out = process("status", "--all", cwd=tmp_path).out
    assert f"{third}  (the folder is gone)\n" in out
    assert f"index: {elsewhere}\n" in out


def test_reading_and_cleaning_do_not_need_the_list(two: tuple[Path, Path], private_home: Path, tmp_path: Path):
    folder = private_home / ".cache" / "codesearch" / registry.FOLDER
    shutil.rmtree(folder)
    folder.write_text("a file is in the way\n")
    assert process("query", "a", "-q", cwd=two[0]).status == 0
    folder.unlink()
    assert process("query", "a", "-q", cwd=two[0]).status == 0
    (folder / "broken.json").write_text("{")
    assert listed(tmp_path) == ["one"]
    assert len([*folder.iterdir()]) == 1


def test_nothing_is_deleted_without_a_yes(two: tuple[Path, Path], tmp_path: Path):
    run = process("clean", "--all", cwd=tmp_path)
    assert run.status == 2
    assert "there is no terminal to ask on; --yes goes ahead" in run.err
    assert sorted(listed(tmp_path)) == ["one", "two"]
    assert "--all cannot be combined" in process("clean", ".", "--all", "--yes", cwd=tmp_path).err


def test_yes_deletes_all_but_what_is_kept_by_hand(two: tuple[Path, Path], tmp_path: Path):
    (two[1] / ".codesearch" / "index-feedback.jsonl").write_text("")
    run = process("clean", "--all", "--yes", cwd=tmp_path)
    assert (run.status, run.err.count(": removed\n")) == (0, 2)
    assert not (two[0] / ".codesearch").exists()
    assert (two[1] / ".codesearch" / "index-feedback.jsonl").exists()
    assert process("clean", "--all", "--yes", cwd=tmp_path).status == 1


@pytest.mark.skipif(not hasattr(shutil, "chown"), reason="terminals of POSIX")
def test_it_asks_on_a_terminal(two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from codesearch.cli.ui import console

    status, out = terminal("clean", "--all", "--yes", cwd=tmp_path)
    assert status == 0, out
    answers = iter(["n\n", "yes\n", "\n"])

    class Typed:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return next(answers)

    monkeypatch.setattr("sys.stdin", Typed())
    monkeypatch.setattr(console, "stderr_is_terminal", lambda: True)
    assert [console.confirmed("Delete it?", "--yes") for _ in range(3)] == [False, True, False]


def test_an_index_that_a_watcher_keeps_stays(two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    runtime = tempfile.mkdtemp(prefix="cs")
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert process("watch", "--daemon", "-q", cwd=two[0]).status == 0
    try:
        run = process("clean", "--all", "--yes", cwd=tmp_path)
        assert run.status == 2
        assert "(codesearch watch) keeps it fresh" in run.err
        assert listed(tmp_path) == ["one"]
    finally:
        process("watch", "--stop", "-q", cwd=two[0])
        shutil.rmtree(runtime, ignore_errors=True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can take another user's part")
def test_root_leaves_nothing_in_the_home_of_another_user(small: Path, private_home: Path):
    os.chown(private_home, 12345, 12345)
    registry.used(small, small / ".codesearch" / "index.db")
    assert not [*private_home.iterdir()]


def test_no_missing_home_folder_is_made(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "nobody"))
    registry.used(small, small / ".codesearch" / "index.db")
    assert not (tmp_path / "nobody").exists()
