"""Which files are found: inside and outside git, with submodules, worktrees, links, and failures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.types import Skipped
from codesearch.files import Discovery, FileOptions, discover
from tests.support.git import git
from tests.support.trees import fill

posix = pytest.mark.skipif(os.name != "posix", reason="needs links, modes or byte names as POSIX has them")
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture(autouse=True)
def _home_of_the_test(tmp_path, monkeypatch):
    """A home folder in which tests may write a git configuration."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def repository(tree: Path) -> Path:
    git(tree, "init", "-q")
    return tree


def paths(found: Discovery) -> list[str]:
    return [file.path for file in found.files]


def test_git_list_has_tracked_untracked_hidden_and_not_ignored_files(repository):
    fill(repository, "a.py", "sub/b.go", ".github/c.py", "ignored.py", "tracked_ignored.py", "docs/x.csv", "notes")
    (repository / ".gitignore").write_text("*ignored.py\n")
    git(repository, "add", "-f", "a.py", "tracked_ignored.py")
    found = discover(repository)
    assert found.from_git
    assert paths(found) == [".github/c.py", "a.py", "sub/b.go", "tracked_ignored.py"]
    assert [file.language for file in found.files] == ["python", "python", "go", "python"]
    assert found.unknown == {"": 2, ".csv": 1}  # .gitignore and notes; x.csv
    assert found.notes == () == found.skipped


def test_stat_is_that_of_the_file(tree):
    fill(tree, "a.py")
    (file,) = discover(tree).files
    status = (tree / "a.py").lstat()
    assert file[1:5] == (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def test_root_below_the_top_of_the_work_tree(repository):
    fill(repository, "a.py", "sub/b.py", "sub/build/c.py")
    (repository / ".gitignore").write_text("build/\n")
    found = discover(repository / "sub")
    assert found.from_git
    assert paths(found) == ["b.py"]


def test_ignored_folder_asked_for_by_name_is_listed(repository):
    fill(repository, "a.py", ".venv/lib/pkg/b.py")
    (repository / ".gitignore").write_text(".venv\n")
    assert paths(discover(repository / ".venv/lib/pkg")) == ["b.py"]


def test_walk_outside_git_obeys_gitignore_and_skips_what_nobody_wants(tree):
    fill(tree, "a.py", "b/c.py", "b/d.py", "node_modules/m/i.py", ".hidden/e.py", ".hg/f.py", ".codesearch/g.py")
    (tree / "b/.gitignore").write_text("/d.py\n")
    found = discover(tree)
    assert not found.from_git
    assert paths(found) == [".hidden/e.py", "a.py", "b/c.py"]
    (tree / ".gitignore").write_text("!node_modules/\n")
    assert "node_modules/m/i.py" in paths(discover(tree))


@pytest.mark.parametrize("in_git", [True, False])
def test_codesearchignore_at_any_level_include_and_exclude(tree, in_git):
    if in_git:
        git(tree, "init", "-q")
    fill(tree, "a.py", "b.go", "gen/a.py", "gen/keep/a.py", "sub/x.py", "sub/y.py", "sub/deep/x.py", "big/z.py")
    (tree / ".codesearchignore").write_text("/gen/*\n!/gen/keep/\n")
    (tree / "sub/.codesearchignore").write_text("x.py\n")
    found = discover(tree)
    assert paths(found) == ["a.py", "b.go", "big/z.py", "gen/keep/a.py", "sub/y.py"]
    assert found.excluded == 3
    assert paths(discover(tree, FileOptions(exclude=("big/", "*.go", "!a.py")))) == [
        "a.py",
        "gen/keep/a.py",
        "sub/y.py",
    ]
    assert paths(discover(tree, FileOptions(include=("*.go", "sub/", "!y.py")))) == ["b.go"]
    assert paths(discover(tree, FileOptions(include=("gen/**",), exclude=("nothing",)))) == ["gen/keep/a.py"]
    assert paths(discover(tree, FileOptions(languages=("go",)))) == ["b.go"]


def test_too_large_is_reported_with_its_size(tree):
    fill(tree, "a.py", text="x" * 2000)
    fill(tree, "b.py")
    found = discover(tree, FileOptions(max_file_size=1999))
    assert paths(found) == ["b.py"]
    assert found.skipped == (Skipped("a.py", "too large", "2000 bytes"),)


def test_script_without_extension_is_known_by_its_first_line(tree):
    fill(tree, "bin/run", text="#!/usr/bin/env python3\nprint()\n")
    fill(tree, "bin/notes", text="print()\n")
    found = discover(tree)
    assert [(file.path, file.language) for file in found.files] == [("bin/run", "python")]


def test_submodule_is_listed_once_by_its_own_git(tmp_path, repository):
    inner, innermost = tmp_path / "inner", tmp_path / "innermost"
    for folder in (inner, innermost):
        folder.mkdir()
        git(folder, "init", "-q")
        fill(folder, "in.py", "skip.py")
        (folder / ".gitignore").write_text("skip.py\n")
        git(folder, "add", "in.py", ".gitignore")
        git(folder, "commit", "-qm", "x")
    git(inner, "submodule", "add", "-q", str(innermost), "deep")
    git(inner, "commit", "-qm", "y")
    git(repository, "submodule", "add", "-q", str(inner), "lib/sub")
    git(repository, "submodule", "update", "--init", "--recursive", "-q")
    fill(repository, "a.py", "lib/sub/new.py", "lib/sub/skip.py")
    found = discover(repository)
    assert paths(found) == ["a.py", "lib/sub/deep/in.py", "lib/sub/in.py", "lib/sub/new.py"]
    assert found.notes == ()
    assert paths(discover(repository, FileOptions(exclude=("lib/sub/deep",)))) == [
        "a.py",
        "lib/sub/in.py",
        "lib/sub/new.py",
    ]
    git(repository, "submodule", "deinit", "-q", "-f", "lib/sub")
    assert paths(discover(repository)) == ["a.py"]


def test_nested_worktree_is_left_out_and_nested_clone_is_not(repository):
    fill(repository, "a.py")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "x")
    git(repository, "worktree", "add", "-q", ".trees/feature")
    clone = repository / "other"
    git(repository, "init", "-q", "other")
    fill(clone, "b.py", "no.py")
    (clone / ".gitignore").write_text("no.py\n")
    git(clone, "add", "b.py")
    git(clone, "commit", "-qm", "x")
    found = discover(repository)
    assert paths(found) == ["a.py", "other/b.py"]
    assert found.notes == (".trees/feature/: another worktree of a repository already listed; left out",)
    assert paths(discover(repository / ".trees/feature")) == ["a.py"]


def test_of_a_repository_and_its_worktree_side_by_side_the_first_is_kept(tree):
    fill(tree, "z_main/a.py")
    git(tree / "z_main", "init", "-q")
    git(tree / "z_main", "add", ".")
    git(tree / "z_main", "commit", "-qm", "x")
    git(tree / "z_main", "worktree", "add", "-q", "../b_feature")
    assert paths(discover(tree)) == ["z_main/a.py"]


def test_deleted_and_unmerged_files(repository):
    fill(repository, "gone.py", "both.py")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "x")
    git(repository, "checkout", "-qb", "other")
    fill(repository, "both.py", text="y = 2\n")
    git(repository, "commit", "-qam", "y")
    git(repository, "checkout", "-q", "-")
    fill(repository, "both.py", text="z = 3\n")
    git(repository, "commit", "-qam", "z")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "other")
    (repository / "gone.py").unlink()
    assert paths(discover(repository)) == ["both.py"]


def test_tracked_file_replaced_by_a_folder_is_not_listed_twice(repository):
    fill(repository, "x.py")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "x")
    (repository / "x.py").unlink()
    fill(repository, "x.py/inside.py")
    assert paths(discover(repository)) == ["x.py/inside.py"]


@posix
@pytest.mark.parametrize("in_git", [True, False])
def test_links_are_not_followed(tmp_path, tree, in_git):
    if in_git:
        git(tree, "init", "-q")
    fill(tmp_path, "outside/secret.py")
    fill(tree, "a.py", "sub/b.py")
    (tree / "again.py").symlink_to("a.py")
    (tree / "out.py").symlink_to(tmp_path / "outside/secret.py")
    (tree / "loop").symlink_to(".")
    (tree / "out").symlink_to(tmp_path / "outside")
    os.mkfifo(tree / "pipe.py")
    assert paths(discover(tree)) == ["a.py", "sub/b.py"]


@posix
def test_tracked_folder_that_became_a_link_out_of_the_root(tmp_path, repository):
    fill(tmp_path, "outside/b.py")
    fill(repository, "a.py", "sub/b.py")
    git(repository, "add", ".")
    shutil.rmtree(repository / "sub")
    (repository / "sub").symlink_to(tmp_path / "outside")
    assert paths(discover(repository)) == ["a.py"]


@posix
def test_root_may_itself_be_a_link(tmp_path, repository):
    fill(repository, "a.py")
    (tmp_path / "link").symlink_to(repository)
    found = discover(tmp_path / "link")
    assert paths(found) == ["a.py"]
    assert found.root == str(tmp_path / "link")


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="its file system refuses names that are not UTF-8")
@pytest.mark.parametrize("in_git", [True, False])
def test_names_of_any_bytes(tree, in_git):
    if in_git:
        git(tree, "init", "-q")
    names = [b"caf\xe9.py", b"new\nline.py", b"q'uo\"te.py", b" sp ace .py", "ünï.py".encode(), b"tab\t.py"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tree) + b"/" + name)).write_text("")
    assert sorted(os.fsencode(path) for path in paths(discover(tree))) == sorted(names)


def test_refused_repository_is_walked_with_a_note(repository, monkeypatch):
    fill(repository, "a.py", "build/b.py", "sub/c.py", "sub/top_only.py")
    (repository / ".gitignore").write_text("build\n/sub/top_only.py\n")
    (repository / ".git/info/exclude").write_text("a.py\n")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found = discover(repository)
    assert not found.from_git
    assert paths(found) == ["sub/c.py"]
    (note,) = found.notes
    assert "safe.directory" in note
    assert "walked the folder instead" in note
    assert paths(discover(repository / "sub")) == ["c.py"]


def test_git_missing_or_repository_broken(repository, tmp_path, monkeypatch):
    fill(repository, "a.py")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        found = discover(repository)
        assert paths(found) == ["a.py"]
        assert found.notes == (".: git is not installed; walked the folder instead",)
    (repository / ".git/HEAD").unlink()
    found = discover(repository)
    assert paths(found) == ["a.py"]
    assert "not a git repository" in found.notes[0]


def test_environment_of_a_hook_does_not_lead_to_another_repository(tmp_path, repository, monkeypatch):
    fill(repository, "a.py")
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    found = discover(repository)
    assert found.from_git
    assert paths(found) == ["a.py"]


@posix
def test_file_monitor_of_the_repository_is_not_run(tmp_path, repository):
    fill(repository, "a.py")
    git(repository, "add", ".")
    program = tmp_path / "monitor"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    git(repository, "status")
    assert (tmp_path / "ran").exists()  # git does run it
    (tmp_path / "ran").unlink()
    discover(repository)
    assert not (tmp_path / "ran").exists()


def test_bare_repository_says_so(tree):
    git(tree, "init", "-q", "--bare")
    assert "bare" in discover(tree).notes[0]


@pytest.mark.parametrize("in_git", [True, False])
def test_unreadable_folder_and_file_are_reported(tree, monkeypatch, in_git):
    """The failures are simulated, because permissions do not stop root."""
    if in_git:
        git(tree, "init", "-q")
    fill(tree, "a.py", "closed/b.py", "nostat.py")
    real_scandir, real_lstat = os.scandir, os.lstat

    def scandir(path):
        if os.fsdecode(path).rstrip("/").endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    def lstat(path):
        if os.fsdecode(path).endswith(("nostat.py", "closed/b.py")):
            raise PermissionError(13, "Permission denied")
        return real_lstat(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "lstat", lstat)
    found = discover(tree)
    assert paths(found) == ["a.py"]
    closed = "closed/b.py" if in_git else "closed"
    assert found.skipped == tuple(Skipped(p, "unreadable", "Permission denied") for p in (closed, "nostat.py"))


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="modes do not stop root")
@pytest.mark.parametrize("in_git", [True, False])
def test_closed_folder_for_real(tree, in_git):
    if in_git:
        git(tree, "init", "-q")
    fill(tree, "a.py", "closed/b.py")
    (tree / "closed").chmod(0)
    try:
        found = discover(tree)
    finally:
        (tree / "closed").chmod(0o755)
    assert paths(found) == ["a.py"]
    assert found.skipped == (Skipped("closed", "unreadable", "Permission denied"),)


def test_no_such_folder_and_a_file(tree):
    fill(tree, "a.py")
    with pytest.raises(NotFoundError, match="no such folder"):
        discover(tree / "nothing")
    with pytest.raises(UsageError, match="is a file"):
        discover(tree / "a.py")
    assert discover(tree / "..").files[0].path == "root/a.py"


def test_empty_tree(tree):
    found = discover(tree)
    assert (found.files, found.skipped, found.unknown, found.excluded) == ((), (), {}, 0)


def test_heavy_modules_are_not_imported():
    code = (
        "import sys; from pathlib import Path; from codesearch.files import discover; discover(Path('.'));"
        "print([m for m in ('numpy', 'tree_sitter', 'rignore', 'platformdirs') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.integration
def test_ten_thousand_files_take_a_moment(tree):
    for folder in range(500):
        (tree / f"p{folder // 20}/m{folder}").mkdir(parents=True)
        for number in range(20):
            (tree / f"p{folder // 20}/m{folder}/f{number}.py").touch()
    git(tree, "init", "-q")
    git(tree, "add", ".")
    best = 9.0
    for _ in range(3):
        started = time.process_time()
        found = discover(tree)
        best = min(best, time.process_time() - started)
    assert len(found.files) == 10_000
    assert best < 0.5  # 0.06 s on an idle machine; the margin is for slow and busy ones


def test_a_bare_repository_with_its_worktrees_beside_it(tmp_path: Path):
    git(tmp_path, "init", "-q", "source")
    (tmp_path / "source" / "x.py").write_text("def f(): pass\n")
    git(tmp_path / "source", "add", ".")
    git(tmp_path / "source", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a")
    git(tmp_path, "clone", "-q", "--bare", "source", "p/.bare")
    (tmp_path / "p" / ".git").write_text("gitdir: ./.bare\n")
    git(tmp_path / "p", "worktree", "add", "-q", "main")
    assert [file.path for file in discover(tmp_path / "p").files] == ["main/x.py"]
