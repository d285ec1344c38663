"""A tree cache says "unchanged" only where the full look finds the same: random edits, compared with `discover`.

CODESEARCH_SEQUENCES=10000 runs so many random sequences of edits instead of the few that every run tries.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest

from codesearch.files import Discovery, FileOptions, LeftOut, discover, times
from codesearch.files.trail import Trail
from codesearch.files.tree_cache import TreeCache, key_of, load, save
from codesearch.files.tree_check import Checked, check
from codesearch.files.tree_record import record
from tests.support.git import commit_all, git
from tests.support.trees import fill
from tests.support.wait import until

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
    pytest.mark.skipif(os.name != "posix", reason="edits trees with links and pipes"),
]

SEQUENCES = int(os.environ.get("CODESEARCH_SEQUENCES", "80"))
"""Of random edits, in all kinds of tree together."""
MOST_EDITS = 4
OPTIONS = FileOptions(exclude=("left_out/",), max_file_size=2000)
ROWS = (7,)
"""Stands for the fingerprint of an index."""


@pytest.fixture(autouse=True)
def _home_of_the_test(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(
        times, "FINE_GRAIN_NS", 12_000_000
    )  # more than a tick of the kernel; quicker than the usual one


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def planted(root: Path) -> None:
    fill(root, "a.py", "b.go", "sub/c.py", "sub/deep/d.rs", "docs/e.md", "left_out/f.py", "build/g.py", "many/h.c")
    (root / "script").write_text("#!/bin/sh\nx() { :; }\n")
    (root / "notes").write_text("no source\n")
    (root / "large.py").write_text("x = 1\n" * 500)
    (root / ".gitignore").write_text("build/\n*.log\n")


def left_out(found: Discovery) -> LeftOut:
    return LeftOut(**{one.name: getattr(found, one.name) for one in fields(LeftOut)})


@dataclass(slots=True)
class Watched:
    """A tree, what the last full look found, and the cache that was made of it."""

    root: Path
    file: Path
    options: FileOptions = OPTIONS
    known: Discovery | None = None
    cache: TreeCache | None = None
    hits: int = 0
    looks: int = 0
    why: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Make a cache of the tree as it is; it may be one that no cache can be made of."""
        self.known = self.cache = None

        def made() -> bool:
            trail = Trail()
            found = discover(self.root, self.options, trail)
            cache = record(found, self.options, trail, ROWS)
            if isinstance(cache, str):
                self.why.append(cache)
                return "just changed" not in cache
            save(self.file, cache)
            self.known, self.cache = found, load(self.file, key_of(str(self.root), self.options), ROWS)
            assert self.cache == cache
            return True

        until(made, "a cache")

    def check(self) -> Checked | None:
        """Compare the quick look with the full one; return what the quick one says."""
        self.looks += 1
        if self.cache is None or self.known is None:
            return None
        checked = check(str(self.root), self.options, self.cache)
        if checked is None:
            return None
        self.hits += 1
        full = discover(self.root, self.options)
        files = {file.path: file for file in self.known.files} | {file.path: file for file in checked.changed}
        assert files == {file.path: file for file in full.files}
        assert left_out(full) == self.cache.left_out
        assert checked.unchanged + len(checked.changed) == len(full.files)
        return checked


@pytest.fixture
def plain(root: Path, tmp_path: Path) -> Watched:
    planted(root)
    return Watched(root, tmp_path / "cache")


@pytest.fixture
def repository(root: Path, tmp_path: Path) -> Watched:
    planted(root)
    commit_all(root)
    return Watched(root, tmp_path / "cache")


@pytest.fixture(params=["plain", "repository"])
def tree(request: pytest.FixtureRequest) -> Watched:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Watched)
    return found


# -- single changes --------------------------------------------------------------------------------


def test_an_unchanged_tree_is_recognised(tree):
    tree.look()
    assert tree.check() == Checked((), 7)


def test_a_file_that_is_edited_in_place_is_the_only_changed_one(tree):
    tree.look()
    with (tree.root / "sub/c.py").open("a") as file:
        file.write("y = 2\n")
    found = tree.check()
    assert found is not None
    assert [file.path for file in found.changed] == ["sub/c.py"]
    assert found.unchanged == 6


def test_a_file_with_its_old_size_and_time_is_seen_by_its_ctime(tree):
    file = tree.root / "a.py"
    tree.look()
    before = file.stat()
    file.write_text("x = 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = tree.check()
    assert found is not None
    assert [file.path for file in found.changed] == ["a.py"]


def test_what_has_just_changed_is_not_trusted(repository, monkeypatch):
    monkeypatch.setattr(times, "FINE_GRAIN_NS", 10**12)
    trail = Trail()
    made = record(discover(repository.root, OPTIONS, trail), OPTIONS, trail, ROWS)
    assert isinstance(made, str)
    assert "just changed" in made


def test_a_file_that_appears_after_the_list_was_made_is_no_part_of_a_cache(repository, monkeypatch):
    repository.look()
    trail = Trail()
    found = discover(repository.root, OPTIONS, trail)
    fill(repository.root, "docs/late.py")
    trail.started_ns *= 2  # as if the folder kept its times
    assert record(found, OPTIONS, trail, ROWS) == "docs/late.py is new"


def test_git_status_that_writes_the_index_anew_changes_nothing(repository):
    repository.look()
    os.utime(repository.root / ".git/index")
    assert repository.check() == Checked((), 7)


def test_other_options_another_root_or_another_state_of_the_index_have_no_cache(tree):
    tree.look()
    key = key_of(str(tree.root), OPTIONS)
    assert load(tree.file, key, ROWS) is not None
    assert load(tree.file, key, (8,)) is None
    assert load(tree.file, key_of(str(tree.root), FileOptions()), ROWS) is None
    assert load(tree.file, key_of(str(tree.root / "sub"), OPTIONS), ROWS) is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:40] + b"x" + data[41:], lambda data: b""]
)
def test_a_damaged_cache_is_none(tree, damage):
    tree.look()
    tree.file.write_bytes(damage(tree.file.read_bytes()))
    assert load(tree.file, key_of(str(tree.root), OPTIONS), ROWS) is None


def removed(path: Path) -> Path:
    """Remove a file or a folder, and return its path."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
    return path


CHANGES: dict[str, Callable[[Path], object]] = {
    "a new file": lambda root: fill(root, "sub/new.py"),
    "a new folder": lambda root: fill(root, "new/new.py"),
    "a file in a folder that was empty": lambda root: fill(root, "empty/new.py"),
    "a deleted file": lambda root: (root / "a.py").unlink(),
    "a renamed file": lambda root: (root / "a.py").rename(root / "z.py"),
    "another case": lambda root: (root / "a.py").rename(root / "A.py"),
    "a rule": lambda root: (root / ".gitignore").write_text("build/\n*.log\nsub/\n"),
    "a rule of ours": lambda root: (root / ".codesearchignore").write_text("a.py\n"),
    "a rule in a folder": lambda root: (root / "sub/.gitignore").write_text("c.py\n"),
    "a first line": lambda root: (root / "notes").write_text("#!/bin/sh\n"),
    "a large file that shrinks": lambda root: (root / "large.py").write_text("x = 1\n"),
    "a file that grows too large": lambda root: (root / "a.py").write_text("x = 1\n" * 500),
    "a link instead of a file": lambda root: removed(root / "a.py").symlink_to("b.go"),
    "a pipe instead of a file": lambda root: os.mkfifo(removed(root / "docs/e.md")),
    "a folder instead of a file": lambda root: fill(removed(root / "docs/e.md"), "x.py"),
    "a link instead of a folder": lambda root: removed(root / "sub").symlink_to("build"),
    "a repository": lambda root: git(root / "sub", "init", "-q"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_may_change_the_list_needs_the_full_look(tree, change):
    (tree.root / "empty").mkdir()
    tree.look()
    assert tree.check() is not None
    change(tree.root)
    assert tree.check() is None


GIT_CHANGES: dict[str, Callable[[Path], object]] = {
    "a rule of the repository": lambda root: (root / ".git/info/exclude").write_text("a.py\n"),
    "a rule of the user": lambda root: (Path.home() / ".config/git/ignore").write_text("a.py\n"),
    "a setting of the user": lambda root: git(root, "config", "--global", "core.excludesFile", str(root / "b.go")),
    "a setting of the repository": lambda root: git(root, "config", "core.ignoreCase", "true"),
    "a tracked file in an ignored folder": lambda root: git(root, "add", "-f", "build/g.py"),
    "a file that git does not track any more": lambda root: git(root, "rm", "-q", "--cached", "b.go"),
    "no repository any more": lambda root: (root / ".git").rename(root.parent / "away"),
}


@pytest.mark.parametrize("change", GIT_CHANGES.values(), ids=GIT_CHANGES.keys())
def test_what_changes_gits_list_needs_the_full_look(repository, change):
    (Path.home() / ".config/git").mkdir(parents=True)
    repository.look()
    assert repository.check() is not None
    change(repository.root)
    assert repository.check() is None


def test_a_repository_around_a_plain_folder_needs_the_full_look(plain):
    plain.look()
    assert plain.check() is not None
    git(plain.root.parent, "init", "-q")
    assert plain.check() is None


def test_a_nested_repository_that_changes_needs_the_full_look(repository):
    inner = repository.root / "inner"
    fill(inner, "i.py", "j.py")
    commit_all(inner)
    (repository.root / ".gitignore").write_text("j.py\nbuild/\n")  # holds in `inner` only if that is no repository
    repository.look()
    assert repository.check() == Checked((), 9)
    (inner / ".git/refs").rename(inner / ".git/away")
    assert repository.check() is None
    (inner / ".git/away").rename(inner / ".git/refs")
    assert repository.check() == Checked((), 9)
    (inner / ".git/HEAD").write_text("broken")
    assert repository.check() is None


def test_an_ignored_folder_may_change_as_it_likes(tree):
    tree.look()
    fill(tree.root, "build/new.py", "build/deep/new.py")
    assert tree.check() == Checked((), 7)


# -- random edits ----------------------------------------------------------------------------------

NAMES = ("a.py", "b.go", "C.py", "c.py", "d.rs", "e.md", "script", "notes", "x.log", "README", ".hidden.py", "é.py")
FOLDERS = ("", "sub", "sub/deep", "docs", "build", "left_out", "new", "new/x", "node_modules", "inner", "inner/in")
PATTERNS = (
    "*.log",
    "build/",
    "sub/",
    "/docs",
    "!a.py",
    "c.*",
    "new",
    "**/x/",
    "!build/",
    "node_modules/",
    "# no",
    "é.py",
)
TEXTS = ("x = 1\n", "y = 2\n", "#!/bin/sh\nz\n", "#!/usr/bin/env python3\n", "x = 1\n" * 500, "")


class Edits:
    """Random edits of a tree. An edit that cannot be made there is none."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root, self.rng = root, rng
        self.kinds = [getattr(self, name) for name in dir(type(self)) if name.startswith("do_")]

    def one(self) -> str:
        kind = self.rng.choice(self.kinds)
        try:
            kind()
        except (OSError, shutil.Error, git_failed()):
            return f"({kind.__name__})"
        return str(kind.__name__)

    def place(self) -> Path:
        return self.root / self.rng.choice(FOLDERS) / self.rng.choice(NAMES)

    def there(self) -> Path:
        files = [path for path in sorted(self.root.rglob("*")) if path.is_file() and ".git" not in path.parts]
        return self.rng.choice(files) if files else self.place()

    def folder(self) -> Path:
        return self.root / self.rng.choice(FOLDERS)

    def write(self, place: Path) -> None:
        if not place.is_file():  # a pipe, which nothing reads
            removed(place)
        place.write_text(self.rng.choice(TEXTS))

    def do_edit(self) -> None:
        self.there().write_text(self.rng.choice(TEXTS))

    def do_append(self) -> None:
        with self.there().open("a") as file:
            file.write("more\n")

    def do_edit_in_secret(self) -> None:
        """Keep size and mtime, as within one tick of a clock."""
        file = self.there()
        status, text = file.stat(), file.read_bytes()
        file.write_bytes(text.swapcase())
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def do_touch(self) -> None:
        self.there().touch()

    def do_touch_back(self) -> None:
        os.utime(self.there(), (self.rng.randrange(10**9),) * 2)

    def do_touch_folder_back(self) -> None:
        os.utime(self.folder(), (self.rng.randrange(10**9),) * 2)

    def do_new_file(self) -> None:
        place = self.place()
        place.parent.mkdir(parents=True, exist_ok=True)
        self.write(place)

    def do_new_file_in_secret(self) -> None:
        """Keep the times of the folder."""
        folder = self.folder()
        status = folder.stat()
        self.write(folder / self.rng.choice(NAMES))
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))

    def do_new_folder(self) -> None:
        self.folder().mkdir(parents=True)

    def do_delete(self) -> None:
        self.there().unlink()

    def do_delete_folder(self) -> None:
        folder = self.folder()
        if folder != self.root:
            removed(folder)

    def do_rename(self) -> None:
        place = self.place()
        if not os.path.lexists(place):
            self.there().rename(place)

    def do_rename_over(self) -> None:
        self.there().replace(self.there())

    def do_rename_folder(self) -> None:
        folder = self.folder()
        if folder != self.root:
            folder.rename(self.folder())

    def do_case(self) -> None:
        file = self.there()
        file.rename(file.with_name(file.name.swapcase()))

    def do_mode(self) -> None:
        self.there().chmod(self.rng.choice((0o644, 0o755, 0o600)))

    def do_link(self) -> None:
        place = self.place()
        removed(place)
        place.symlink_to(self.there())

    def do_link_folder(self) -> None:
        folder, target = self.folder(), self.folder()
        if folder != self.root:
            removed(folder)
            folder.symlink_to(target)

    def do_hard_link(self) -> None:
        place = self.place()
        removed(place)
        os.link(self.there(), place)

    def do_pipe(self) -> None:
        place = self.place()
        removed(place)
        os.mkfifo(place)

    def do_folder_for_file(self) -> None:
        file = self.there()
        removed(file)
        file.mkdir()
        (file / "inside.py").write_text("x = 1\n")

    def do_rules(self) -> None:
        name = self.rng.choice((".gitignore", ".codesearchignore"))
        (self.folder() / name).write_text("\n".join(self.rng.sample(PATTERNS, self.rng.randint(0, 3))))

    def do_no_rules(self) -> None:
        removed(self.folder() / self.rng.choice((".gitignore", ".codesearchignore")))

    def do_rules_of_repository(self) -> None:
        (self.root / ".git/info/exclude").write_text(self.rng.choice(PATTERNS))

    def do_rules_of_user(self) -> None:
        file = Path.home() / ".config/git/ignore"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.rng.choice(PATTERNS))

    def do_add(self) -> None:
        git(self.root, "add", "-f", str(self.there()))

    def do_untrack(self) -> None:
        git(self.root, "rm", "-q", "--cached", str(self.there()))

    def do_commit(self) -> None:
        git(self.root, "commit", "-qam", "more")

    def do_switch(self) -> None:
        branch = self.rng.choice(("one", "two"))
        try:
            git(self.root, "switch", "-q", branch)
        except git_failed():
            git(self.root, "switch", "-qc", branch)

    def do_status(self) -> None:
        git(self.root, "status")

    def do_repository(self) -> None:
        folder = self.folder()
        if folder != self.root:
            git(folder, "init", "-q")

    def do_no_repository(self) -> None:
        folder = self.folder()
        if folder != self.root:
            removed(folder / self.rng.choice((".git", ".git/HEAD")))

    def do_setting(self) -> None:
        git(self.root, "config", "core.ignoreCase", self.rng.choice(("true", "false")))


def git_failed() -> type[Exception]:
    import subprocess

    return subprocess.CalledProcessError


def run(watched: Watched, seed: int, sequences: int) -> None:
    rng = random.Random(seed)
    edits = Edits(watched.root, rng)
    for number in range(sequences):
        if watched.cache is None:
            watched.look()
        told = [edits.one() for _ in range(rng.randint(1, MOST_EDITS))]
        try:
            checked = watched.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, sequence {number}: {', '.join(told)}: {error}") from error
        if checked is None:
            watched.cache = None


EACH = 50
"""Sequences on one tree, which its edits wear out."""
SHARES = {"plain": 0.5, "repository": 0.25, "nested": 0.125, "below": 0.125}
"""Of the sequences. A plain tree needs no git, and so is quicker."""


@pytest.mark.timeout(max(180, SEQUENCES))
@pytest.mark.parametrize("kind", SHARES)
def test_random_edits_are_never_missed(kind, tmp_path):
    left = max(1, round(SEQUENCES * SHARES[kind]))
    hits = looks = seed = 0
    while left:
        top = tmp_path / f"{seed}"
        root = top / "within" if kind == "below" else top
        root.mkdir(parents=True)
        planted(root)
        if kind == "nested":
            fill(root, "inner/i.py", "inner/in/j.py")
            commit_all(root / "inner")
        if kind != "plain":
            commit_all(top)
        watched = Watched(root, tmp_path / f"{seed}.cache")
        run(watched, seed, min(left, EACH))
        left, seed = left - min(left, EACH), seed + 1
        hits, looks = hits + watched.hits, looks + watched.looks
        shutil.rmtree(top)
    print(f"{kind}: {looks} sequences, {hits} of them recognised by the cache")
    assert hits > 0.05 * looks, "a test that cannot fail"
