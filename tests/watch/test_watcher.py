"""Events of real trees, from each backend of this machine, and watching without events."""

from __future__ import annotations

import errno
import os
import random
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codesearch.files import FileOptions, discover
from codesearch.watch import Batch, Watcher, watcher
from codesearch.watch.backend import NoEventsError
from codesearch.watch.watchdog_backend import WatchdogBackend
from codesearch.watch.watched_folders import RULES, Folders, git_files
from codesearch.watch.watcher import RootGoneError, inside
from tests.files.test_partial import make_tree
from tests.support.git import git
from tests.support.wait import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
SOURCES = [pytest.param("inotify", marks=linux), "watchdog"]


class Seen:
    """Collects the events of a backend until a condition holds."""

    def __init__(self) -> None:
        self.batch = Batch()

    def __call__(self, batch: Batch) -> None:
        self.batch |= batch

    def has(self, *paths: str) -> bool:
        return self.batch.whole or set(paths) <= set(self.batch.paths)


@pytest.fixture
def tree(tmp_path: Path, private_home: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "node_modules" / "lib").mkdir(parents=True)
    (root / ".codesearch").mkdir()
    (root / ".gitignore").write_text("node_modules/\n")
    (root / "src" / "a.py").write_text("a = 1\n")
    (root / "src" / "deep" / "b.py").write_text("b = 1\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    return root


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tree: Path) -> Iterator[object]:
    seen = Seen()
    if request.param == "inotify":
        from codesearch.watch.inotify_backend import InotifyBackend

        made: object = InotifyBackend(tree, FileOptions(), seen, _failed)
    else:
        pytest.importorskip("watchdog")
        made = WatchdogBackend(tree, tree / ".codesearch", seen, _failed)
    made.start()  # type: ignore[attr-defined]
    made.seen = seen  # type: ignore[attr-defined]
    yield made
    made.close()  # type: ignore[attr-defined]


def _failed(error: NoEventsError) -> None:
    raise AssertionError(error)


def test_what_people_do_is_told(source, tree: Path):
    def told(*paths: str) -> None:
        assert source.flush(10.0)
        until(lambda: source.seen.has(*paths))
        source.seen.batch = Batch()

    (tree / "src" / "new.py").write_text("x = 1\n")
    told("src/new.py")
    (tree / "src" / "a.py").write_text("a = 2\n")
    told("src/a.py")
    (tree / "src" / ".a.py.tmp").write_text("a = 3\n")
    (tree / "src" / ".a.py.tmp").replace(tree / "src" / "a.py")
    told("src/a.py")
    (tree / "src" / "new.py").unlink()
    told("src/new.py")
    (tree / "src" / "deep").rename(tree / "src" / "moved")
    told("src/deep", "src/moved")
    (tree / "src" / "moved" / "b.py").write_text("b = 2\n")
    told("src/moved/b.py")
    shutil.rmtree(tree / "src" / "moved")
    told("src/moved")
    (tree / "x" / "y" / "z").mkdir(parents=True)
    (tree / "x" / "y" / "z" / "c.py").write_text("c = 1\n")
    assert source.flush(10.0)
    until(lambda: source.seen.has("x") or source.seen.has("x/y/z/c.py"))
    source.seen.batch = Batch()
    (tree / ".gitignore").write_text("")
    assert source.flush(10.0)
    until(lambda: source.seen.batch.folders)
    source.seen.batch = Batch()
    (tree / "extra.py").write_text("e = 1\n")
    git(tree, "add", "extra.py")
    assert source.flush(10.0)
    until(lambda: source.seen.batch.whole)


def test_what_does_not_matter_is_not_told(source, tree: Path):
    (tree / ".codesearch" / "index.db-wal").write_text("x")
    (tree / "notes.docx").write_text("x")
    (tree / ".git" / "objects" / "zz").mkdir()
    assert source.flush(10.0)
    (tree / "src" / "last.py").write_text("x = 1\n")
    until(lambda: source.seen.has("src/last.py"))
    assert not source.seen.batch.whole
    assert set(source.seen.batch.paths) <= {"src/last.py", "src"}


def _watches(backend: Any) -> int:
    return len(backend._paths) + len(backend._special)


@linux
def test_ignored_folders_cost_no_watch_unless_a_tracked_file_is_there(tree: Path):
    from codesearch.watch.inotify_backend import InotifyBackend

    seen = Seen()
    source = InotifyBackend(tree, FileOptions(), seen, _failed)
    source.start()
    try:
        # The root, src, src/deep; .git and .git/info; and the home folder, which may get a configuration of git.
        assert _watches(source) == 6
        file = tree / "node_modules" / "lib" / "kept.py"
        file.write_text("x = 1\n")
        assert source.flush(1)
        assert not seen.batch
        source.refresh(["node_modules/lib"])
        file.write_text("x = 2\n")
        assert source.flush(1)
        assert seen.has("node_modules/lib/kept.py")
        (tree / ".gitignore").write_text("")
        source.refresh(rules=True)
        seen.batch = Batch()
        (tree / "node_modules" / "d.py").write_text("x = 2\n")
        assert source.flush(1)
        assert seen.has("node_modules/d.py")
    finally:
        source.close()


@linux
def test_a_full_queue_has_the_whole_looked_at(tree: Path):
    from codesearch.watch.inotify_backend import InotifyBackend

    seen = Seen()
    source = InotifyBackend(tree, FileOptions(), seen, _failed)
    source.start()
    try:
        (tree / "unheard").mkdir()
        source._report(struct.pack("iIII", -1, 0x4000, 0, 0))
        assert seen.batch.whole
        until(lambda: b"unheard" in source._wds)
    finally:
        source.close()


@linux
@pytest.mark.parametrize(("call", "code", "said"), [
    ("inotify_init1", errno.EMFILE, "max_user_instances"), ("inotify_add_watch", errno.ENOSPC, "max_user_watches"),
])  # fmt: skip
def test_at_the_kernels_limits_it_polls_and_says_why(tree: Path, monkeypatch, call: str, code: int, said: str):
    import ctypes

    from codesearch.watch.inotify_backend import InotifyBackend

    class Libc:
        def __init__(self, real: ctypes.CDLL) -> None:
            self._real = real

        def __getattr__(self, name: str):
            return self._fail if name == call else getattr(self._real, name)

        @staticmethod
        def _fail(*_arguments: object) -> int:
            ctypes.set_errno(code)
            return -1

    def make(self: Watcher) -> InotifyBackend:
        source = InotifyBackend(self.root, FileOptions(), self.debouncer.add_batch, self._fail)
        source._libc = Libc(source._libc)  # type: ignore[assignment]
        return source

    monkeypatch.setattr(Watcher, "_make", make)
    descriptors = len([*Path("/proc/self/fd").iterdir()])
    watching = Watcher(tree, FileOptions())
    watching.start()
    assert watching.polling
    assert said in watching.why
    assert len([*Path("/proc/self/fd").iterdir()]) == descriptors
    watching.close()


@linux
def test_a_limit_reached_later_is_polled_from_then_on(tree: Path):
    watching = Watcher(tree, FileOptions())
    watching.start()
    assert not watching.polling
    watching._fail(NoEventsError("no more watches"))
    watching.debouncer.hurry()
    assert watching.next(5) == Batch(whole=True)
    assert watching.polling
    assert watching.why == "no more watches"
    watching.close()


class Clocks:
    def __init__(self) -> None:
        self.wall, self.monotonic = 1e9, 500.0

    def go(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def drained(watching: Watcher) -> list[Batch]:
    watching.debouncer.hurry()
    found = []
    while (batch := watching.next(0)) is not None:
        found.append(batch)
        watching.debouncer.hurry()
    return found


def ticked(watching: Watcher) -> list[Batch]:
    """Check the clocks once more and return the resulting batches."""
    watching.debouncer.hurry()
    assert watching.next(0) is None
    return drained(watching)


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_after_a_suspend_or_a_clock_jump_the_whole_is_looked_at(tree: Path, jump: float):
    clocks = Clocks()
    watching = Watcher(tree, FileOptions(), monotonic=lambda: clocks.monotonic, wall=lambda: clocks.wall)
    watching.start()
    assert drained(watching) == [Batch(whole=True)]
    for _ in range(5):
        clocks.go(watcher.TICK)
        assert ticked(watching) == []
    clocks.wall += jump
    clocks.go(watcher.TICK)
    assert ticked(watching) == [Batch(whole=True)]
    clocks.go(watcher.TICK)
    assert ticked(watching) == []
    watching.close()


def test_polling_costs_a_bounded_share(tree: Path):
    clocks = Clocks()
    watching = Watcher(tree, FileOptions(), poll=True, monotonic=lambda: clocks.monotonic, wall=lambda: clocks.wall)
    watching.start()
    assert watching.polling
    assert drained(watching) == [Batch(whole=True)]
    watching.looked(0.5)
    assert watching.interval == pytest.approx(0.5 / watcher.SHARE)
    clocks.go(watching.interval - 2 * watcher.TICK)
    assert drained(watching) == []
    clocks.go(2 * watcher.TICK)
    watching.next(0)
    assert drained(watching) == [Batch(whole=True)]
    watching.looked(0.000_1)
    assert watching.interval == watcher.POLL_SHORTEST


def test_a_root_that_is_replaced_is_gone(tree: Path):
    watching = Watcher(tree, FileOptions())
    watching.start()
    tree.rename(tree.with_name("old"))
    shutil.copytree(tree.with_name("old"), tree)
    with pytest.raises(RootGoneError):
        while True:
            watching.debouncer.hurry()
            watching.next(5)
    watching.close()


@pytest.mark.parametrize("in_git", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_no_folder_with_files_of_the_index_is_missed(tmp_path: Path, seed: int, in_git: bool):
    rng = random.Random(seed)
    root = tmp_path / "tree"
    make_tree(root, rng)
    if in_git:
        git(root, "init", "-q")
        inner = root / "inner"
        make_tree(inner, rng, 1)
        git(inner, "init", "-q")
    options = FileOptions(exclude=("/lib/",))
    watched = set(Folders(root, options).below())
    needed = {os.fsencode(file.path.rpartition("/")[0]) for file in discover(root, options).files}
    assert needed
    assert needed <= watched


def test_git_folders_of_a_linked_worktree_and_of_a_root_inside_a_tree(tree: Path, tmp_path: Path):
    home = Path.home()
    assert set(git_files(tree)) == {
        os.fsencode(path)
        for path in (
            *(tree / ".git" / name for name in ("HEAD", "index", "config", "info/exclude")),
            home / ".gitconfig",
            home / ".config" / "git" / "config",
            home / ".config" / "git" / "ignore",
        )
    }
    linked = tmp_path / "linked"
    git(tree, "worktree", "add", "-q", str(linked))
    assert git_files(linked)[os.fsencode(tree / ".git" / "worktrees" / "linked" / "index")] == Batch(whole=True)
    assert git_files(tree / "src" / "deep")[os.fsencode(tree / "src" / ".gitignore")] == RULES
    assert git_files(tmp_path) == {}


@pytest.mark.parametrize("place", ["named", "linked", "default", "new folder"])
def test_a_global_ignore_file_is_seen(source, tree: Path, private_home: Path, tmp_path: Path, place: str):
    """It is outside the tree; git's setting core.excludesFile may name it, and it may be a link to elsewhere."""
    if place in ("named", "linked"):
        rules = tmp_path / "dotfiles" / "ignore"
        rules.parent.mkdir()
        if place == "linked":
            (tmp_path / "link").symlink_to(rules)
        git(tree, "config", "core.excludesFile", str(tmp_path / "link" if place == "linked" else rules))
        assert source.flush(10.0)
        until(lambda: source.seen.batch.folders)  # the configuration has changed
        source.refresh(rules=True)
    else:
        rules = private_home / ".config" / "git" / "ignore"
        if place == "new folder":
            rules.parent.mkdir(parents=True)
            assert source.flush(10.0)
            until(lambda: source.seen.batch.folders)
            source.refresh(rules=True)
    source.seen.batch = Batch()
    rules.parent.mkdir(parents=True, exist_ok=True)
    rules.write_text("gen/\n")
    assert source.flush(10.0)
    until(lambda: source.seen.batch.whole and source.seen.batch.folders)


def test_paths_from_outside(tmp_path: Path):
    assert inside(tmp_path, str(tmp_path / "src" / "a.py")) == "src/a.py"
    assert inside(tmp_path, "src/../a.py") == "a.py"
    assert inside(tmp_path, "src/") == "src"
    for outside in ("..", "../x", "", ".", str(tmp_path), "/elsewhere"):
        assert inside(tmp_path, outside) is None
