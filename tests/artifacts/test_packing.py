"""Commits are read from git's objects: bare repositories, other branches, forged trees; no checkout changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import codesearch
from codesearch.artifacts import adoption, keys, packing, revision
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.files import FileOptions
from codesearch.files import commit as commits
from codesearch.store import Store
from tests.artifacts.conftest import cloned
from tests.support.git import commit_all, git
from tests.support.trees import contents, fresh, write


@pytest.fixture
def bare(repository: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "shop.git")
    return tmp_path / "shop.git"


def of_commit(root: Path, rev: str, db: Path) -> dict[str, object]:
    packing.index_commit(root, rev, db)
    return contents(db)


def test_a_bare_repository_gives_the_index_that_a_checkout_gives(bare: Path, repository: Path, tmp_path: Path):
    assert of_commit(bare, "HEAD", tmp_path / "bare.db") == fresh(repository, tmp_path / "fresh.db")
    with Store(tmp_path / "bare.db") as store:
        assert store.meta()["root"] == str(bare)


def test_another_commit_is_read_without_touching_the_checkout(repository: Path, tmp_path: Path):
    write(repository, {"retry.py": "changed = 1\n"})
    before = git(repository, "status", "--porcelain")
    older = of_commit(repository, "HEAD~1", tmp_path / "older.db")
    assert git(repository, "status", "--porcelain") == before
    assert [row[0] for row in older["files"]] == ["cache.py", "retry.py"]  # type: ignore[attr-defined]
    assert of_commit(repository, "HEAD", tmp_path / "older.db") == fresh(
        cloned(repository, tmp_path / "clone"), tmp_path / "fresh.db"
    ), "the next commit goes into the same file"


def test_a_packed_commit_has_the_key_of_a_checkout_of_it(bare: Path, clone: Path, tmp_path: Path):
    header, report = packing.pack_commit(bare, "main", tmp_path / "x.codesearch")
    assert report.changed == 3
    with codesearch.open_index(clone) as index:
        assert header.key == keys.key(revision.find(clone).tree, index.settings)
        assert adoption.adopt(index, tmp_path / "x.codesearch").verified == 3
        assert index.update().changed == 0


def test_ignored_files_that_were_committed_and_the_commits_own_rules_count(tmp_path: Path):
    root = write(
        tmp_path / "odd",
        {
            ".gitignore": "generated.py\nnode_modules/\n",
            "generated.py": "def generated():\n    pass\n",
            "node_modules/dep.js": "function dep() { return 1 }\n",
            "old/gone.py": "def gone():\n    pass\n",
            ".codesearchignore": "old/\n",
            "tool": "#!/usr/bin/env python3\ndef run():\n    pass\n",
            "big.py": "x = 1\n" * 200,
            ".codesearch.toml": "max_file_size = 1000\n",
        },
    )
    git(root, "init", "-q")
    git(root, "add", "-f", ".")
    commit_all(root)
    found = of_commit(root, "HEAD", tmp_path / "x.db")
    assert [row[0] for row in found["files"]] == [  # type: ignore[attr-defined]
        ".codesearch.toml", "generated.py", "node_modules/dep.js", "tool",
    ]  # fmt: skip
    assert found == fresh(root, tmp_path / "fresh.db")


def test_a_filter_of_the_repository_is_not_run(tmp_path: Path):
    root = write(tmp_path / "evil", {"a.py": "def a():\n    pass\n", ".gitattributes": "*.py filter=evil\n"})
    commit_all(root)
    git(root, "config", "filter.evil.smudge", f"touch {tmp_path / 'ran'}; cat")
    of_commit(root, "HEAD", tmp_path / "x.db")
    assert not (tmp_path / "ran").exists()


def test_links_and_paths_out_of_the_tree_are_not_written(tmp_path: Path):
    root = write(tmp_path / "forged", {"a.py": "x = 1\n"})
    (root / "link.py").symlink_to("/etc/passwd")
    commit_all(root)
    blob = git(root, "rev-parse", "HEAD:a.py").strip()

    def tree(*entries: tuple[str, str, str]) -> str:
        data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(id) for mode, name, id in entries)
        command = ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
        return subprocess.run(command, cwd=root, input=data, check=True, capture_output=True).stdout.decode().strip()

    inner = tree(("100644", "out.py", blob))
    forged = tree(("40000", "..", inner), ("100644", "a.py", blob), ("120000", "b.py", blob), ("40000", ".GIT", inner))
    target = tmp_path / "target" / "tree"
    target.mkdir(parents=True)
    assert commits.write_out(root, forged, target, FileOptions()) == 1
    assert sorted(path.name for path in target.parent.rglob("*")) == [".gitignore", "a.py", "tree"]


def test_what_is_missing_is_named(repository: Path, tmp_path: Path):
    db = tmp_path / "x.db"
    with pytest.raises(NotFoundError, match=r"shop: no commit nope here"):
        packing.index_commit(repository, "nope", db)
    with pytest.raises(UsageError, match="not the name of a commit"):
        packing.index_commit(repository, "--output=x", db)
    with pytest.raises(NotFoundError, match="not a git repository"):
        packing.index_commit(tmp_path, "HEAD", db)
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{repository}", "partial.git")
    git(tmp_path / "partial.git", "remote", "set-url", "origin", "file:///nowhere")
    with pytest.raises(NotFoundError, match=r"partial\.git: .*"):
        packing.index_commit(tmp_path / "partial.git", "HEAD", db)
