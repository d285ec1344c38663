"""The quick look at a tree: the same plan as the full look, without listing the tree."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

import codesearch
from codesearch.files import Discovery, FileOptions, discover, times
from codesearch.files.trail import Trail
from codesearch.indexing import plan, quick
from codesearch.store import Store
from tests.files.test_tree_cache import Edits, planted
from tests.support.git import commit_all
from tests.support.wait import until

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

SEQUENCES = 12


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(quick, "MANY_FILES", 0)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    root = tmp_path / "root"
    root.mkdir()
    planted(root)
    commit_all(root)
    return root


def settle() -> None:
    """Wait until what was written so far is old enough to be trusted."""
    time.sleep(2 * times.FINE_GRAIN_NS / 1e9)


def cached(index: codesearch.Index) -> Path:
    """Update an index until a cache is kept beside it; return that."""
    file = Path(f"{index.path}-tree")

    def kept() -> bool:
        index.update()
        return file.exists()

    until(kept, "a cache", every=0.05)
    return file


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The trees that are listed by a full look."""
    looked: list[Path] = []

    def noted(root: Path, options: FileOptions | None = None, trail: Trail | None = None) -> Discovery:
        looked.append(root)
        return discover(root, options, trail)

    monkeypatch.setattr(plan, "discover", noted)
    return looked


def test_an_unchanged_tree_is_not_listed_again(tree, listing):
    with codesearch.open_index(tree, embed="none") as index:
        cached(index)
        listing.clear()
        report = index.update()
        status = index.status()
    assert not listing
    assert (report.changed, report.deleted, report.unchanged) == (0, 0, 9)
    assert status.fresh
    assert dict(status.other_files) == {"": 2}  # .gitignore and notes


def test_an_edited_file_is_read_without_a_list(tree, listing):
    with codesearch.open_index(tree, embed="none") as index:
        cached(index)
        listing.clear()
        (tree / "a.py").write_text("def found_at_once(): pass\n")
        assert not index.status().fresh
        assert index.update().changed == 1
        assert not listing
        assert "found_at_once" in {symbol.name for symbol in index.symbols()}
        index.update()
    assert listing, "the rows of the index changed, so its cache is of no use"


def test_a_second_change_within_the_same_tick_is_not_missed(tree, monkeypatch):
    """The file has the size and the times of the first change: only its age tells that it cannot be trusted."""
    with codesearch.open_index(tree, embed="none") as index:
        cached(index)
        monkeypatch.setattr(times, "FINE_GRAIN_NS", 10**13)
        (tree / "a.py").write_text("def first(): pass\n")
        index.update()
        assert index.update().unchanged == 9  # hashed again, and not taken for settled
        with Store(index.path) as store:
            assert [task.path for task in plan.plan(tree, store, index.settings).changed] == sorted(store.paths())


def test_a_cache_goes_with_its_index(tree):
    with codesearch.open_index(tree, embed="none") as index:
        file = cached(index)
        index.remove()
    assert not file.exists()


def test_a_small_index_has_no_cache(tree, monkeypatch):
    monkeypatch.setattr(quick, "MANY_FILES", 1000)
    with codesearch.open_index(tree, embed="none") as index:
        index.update()
        settle()
        index.update()
        index.update()
        assert not Path(f"{index.path}-tree").exists()


def test_a_cache_that_cannot_be_written_is_no_failure(tree):
    with codesearch.open_index(tree, embed="none") as index:
        file = cached(index)
        file.unlink()
        file.mkdir()
        assert index.update().unchanged == 9


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_give_the_plan_of_the_full_look(tree, seed, monkeypatch):
    edits = Edits(tree, random.Random(seed))
    with codesearch.open_index(tree, embed="none") as index:
        for _ in range(SEQUENCES):
            index.update()
            settle()
            index.update()
            told = [edits.one() for _ in range(edits.rng.randint(0, 2))]
            with Store(index.path) as store:
                quickly = plan.plan(tree, store, index.settings)
                monkeypatch.setattr(quick, "MANY_FILES", 10**9)
                fully = plan.plan(tree, store, index.settings)
                monkeypatch.setattr(quick, "MANY_FILES", 0)
            assert seen(quickly) == seen(fully), told


def seen(made: plan.Plan) -> tuple[object, ...]:
    changed = sorted((task.path, task.state.size, task.state.mtime_ns, task.state.ctime_ns) for task in made.changed)
    left_out = made.left_out
    return changed, sorted(made.deleted), made.unchanged, left_out.skipped, left_out.unknown, left_out.notes
