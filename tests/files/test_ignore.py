"""Ignore rules and the walk give the same files as git, on fixed cases and on random trees."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from codesearch.files.ignore import Rules
from codesearch.files.walk import walk
from tests.support.git import git

TREES = 240
NAMES = "a b c x foo bar f.y g.z a.y foobar bar.c fooX build .h .h.y [x] #h !n é".split()
if os.name == "posix":
    NAMES += ["k*", "back\\s", "a b", "t "]
ATOMS = [
    *"* ? a b foo *.y *.z [ab] [!a] [^b]* [a-f]* f* *o* ** \\#h \\!n \\[x\\] [[]x] é ?? .* .h build bar []a] x".split(),
    *"[[:alpha:]] [[:alpha:]x]* k\\* back\\\\s a** **r *** [ foo\\ [a- [[:bad:]] \\a [\\a] [a\\-c] [-b] #h".split(),
    *["a b", "t\\ ", "t ", "fo[o]*"],
]


def _pattern(rng: random.Random) -> str:
    pattern = "/".join(rng.choice(ATOMS) for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))
    chance = rng.random
    pattern = ("/" if chance() < 0.2 else "") + pattern + ("/" if chance() < 0.25 else "")
    pattern = ("**/" if chance() < 0.15 else "") + pattern + ("/**" if chance() < 0.1 else "")
    pattern = ("!" if chance() < 0.25 else "") + pattern
    return pattern + (" " if chance() < 0.05 else "") + ("\r" if chance() < 0.05 else "")


def _grow(rng: random.Random, folder: Path, depth: int = 0) -> None:
    folder.mkdir()
    for name in rng.sample(NAMES, rng.randint(2, 6)):
        if depth < 4 and rng.random() < 0.45:
            _grow(rng, folder / name, depth + 1)
        else:
            (folder / name).touch()
    if rng.random() < (0.9 if depth == 0 else 0.35):
        text = "\n".join(_pattern(rng) for _ in range(rng.randint(1, 5))) + ("\n" if rng.random() < 0.8 else "")
        bom = b"\xef\xbb\xbf" if rng.random() < 0.1 else b""
        (folder / ".gitignore").write_bytes(bom + text.encode())


def _git_list(folder: Path) -> set[bytes]:
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True).stdout
    return set(listed.split(b"\0")) - {b""}


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
def test_walk_equals_git_on_random_trees(tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "-q")
    git(top, "config", "core.ignorecase", "false")
    for seed in range(TREES):
        _grow(random.Random(seed), top / f"tree {seed}")
    expected = _git_list(top)
    found = walk(os.fsencode(top), lambda folder: True).paths
    assert len(found) == len(set(found))
    assert set(found) == expected
    # The comparison is meaningful only if many files are ignored and many are not.
    everything = sum(len(files) for _, _, files in os.walk(top))
    assert everything - len(expected) > 1000 < len(expected)


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("*.log", "a/b.log", True),
        ("/x", "x", True),
        ("/x", "a/x", None),
        ("a/b", "a/b", True),
        ("a/b", "c/a/b", None),
        ("**/b", "a/c/b", True),
        ("a/**", "a/c/b", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("foo**/bar", "foo/x/bar", True),  # as git reads it, see translate()
        ("x/", "x", None),  # a file
        ("!keep", "keep", False),
        ("\\!keep", "!keep", True),
        ("\\#x", "#x", True),
        ("#x", "#x", None),
        ("a\\ ", "a ", True),
        ("a ", "a", True),
        ("[!a]x", "bx", True),
        ("[!a]x", "ax", None),
        ("[a-c]", "b", True),
        ("[]x]", "]", True),
        ("[", "[", None),
        ("a?c", "a/c", None),
        ("*.[oa]", "x.a", True),
    ],
)
def test_pattern(pattern: str, path: str, ignored: bool | None):
    rules = Rules.parse(pattern.encode() + b"\n")
    assert rules.match(path.rpartition("/")[2].encode(), path.encode(), is_folder=False) is ignored


def test_last_match_wins_and_folder_patterns_only_match_folders():
    rules = Rules.parse(b"*.py\n!a.py\nbuild/\n")
    assert rules.match(b"b.py", b"b.py", False) is True
    assert rules.match(b"a.py", b"a.py", False) is False
    assert rules.match(b"build", b"build", True) is True
    assert rules.match(b"build", b"build", False) is None


def test_globs_of_settings_have_no_comments():
    assert Rules.of_globs(["#x"]).match(b"#x", b"#x", False) is True
    assert not Rules.of_globs([])
