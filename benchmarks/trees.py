"""Trees to measure on, generated or made from real checkouts, and helpers that the benchmarks share."""

from __future__ import annotations

import compileall
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import codesearch
from codesearch.files import discover

HOUSE = Path(codesearch.__file__).parents[1]
COMMAND = [sys.executable, "-m", "codesearch.cli"]
"""The command of this checkout; `environment` must have been called."""


def environment() -> None:
    """Make this process and its children use this checkout, compiled, and no vectors of other indexes."""
    os.environ |= {"PYTHONPATH": str(HOUSE), "CODESEARCH_CACHE": "false"}
    for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(variable, None)
    compileall.compile_dir(HOUSE / "codesearch", quiet=2)


def git(root: Path, *arguments: str) -> None:
    """Run git in a tree, without the user's settings."""
    no_settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@e", *arguments]
    subprocess.run(command, cwd=root, check=True, env={**os.environ, **no_settings})


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> float:
    """Return the seconds until a condition holds; end the benchmark if it does not in time."""
    started = time.perf_counter()
    while not condition():
        if time.perf_counter() - started > seconds:
            raise SystemExit(f"never happened: {what}")
        time.sleep(0.001)
    return time.perf_counter() - started


def timed(command: Sequence[str | Path], cwd: Path | None = None) -> float:
    """Return the seconds a command takes; end the benchmark if it fails (1 is "nothing found")."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
    return seconds


@contextmanager
def measuring(name: str) -> Iterator[Callable[[int, int], None]]:
    """Print the current measurement on stderr."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {name}\n")
    yield lambda done, of: None


@contextmanager
def repository(kept: Path | None, files: int, **options: int) -> Iterator[Path]:
    """Yield a repository from `make_repository`: at `kept`, which stays, or in a folder that is deleted at the end."""
    root = kept or Path(tempfile.mkdtemp(prefix="codesearch-")) / "tree"
    try:
        if not root.exists():
            with measuring(f"making {files:,} files"):
                root.mkdir(parents=True)
                make_repository(root, files, **options)
        yield root
    finally:
        if kept is None:
            shutil.rmtree(root.parent, ignore_errors=True)  # git may still be packing in the background


@contextmanager
def watching(root: Path) -> Iterator[int]:
    """Run `codesearch watch` on a tree; yield its process id."""
    watcher = subprocess.Popen([*COMMAND, "watch", "--quiet", str(root)])
    try:
        yield watcher.pid
    finally:
        watcher.terminate()
        watcher.wait()


# -- generated trees ------------------------------------------------------------------------------

_VERBS = "read write parse send open close find merge split check build load save count sort map render update".split()
_NOUNS = "file user order config packet image token route cache row index job event socket page query lock node".split()


def words(rng: random.Random, count: int) -> list[str]:
    """Return realistic identifiers."""
    return [
        f"{rng.choice(_VERBS)}_{rng.choice(_NOUNS)}_{rng.choice(_NOUNS)}_{rng.randrange(1000)}" for _ in range(count)
    ]


def source(names: list[str]) -> str:
    """Return a file that defines functions of these names."""
    return "\n\n".join(
        f'def {name}(value, size=10):\n    """{name.replace("_", " ").capitalize()}, and return what is left."""\n'
        f"    for at in range(size):\n        value = value + at\n    return value\n"
        for name in names
    )


def make_repository(root: Path, files: int, changed: int = 2000, functions: int = 3) -> None:
    """Make a repository of `files` Python files with some functions each, fifty files per folder.

    On its branch `other`, `changed` of them (at most half) are different.
    """
    rng = random.Random(1)
    for number in range(files):
        file = root / f"area{number // 2500}" / f"part{number // 50}" / f"file{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source(words(rng, functions)), encoding="utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    if changed:
        git(root, "switch", "-qc", "other")
        for file in rng.sample(sorted(root.rglob("file*.py")), min(changed, files // 2)):
            file.write_text(source(words(rng, functions)), encoding="utf-8")
        git(root, "commit", "-qam", "two")
        git(root, "switch", "-q", "main")


# -- trees from checkouts -------------------------------------------------------------------------


class Pool:
    """Source files of checkouts, the smallest checkout first; then the same files again, altered."""

    def __init__(self, checkouts: Sequence[Path]) -> None:
        listed = []
        for checkout in checkouts:
            files = [(file.path, file.size) for file in discover(checkout).files]
            if not files:
                raise SystemExit(f"{checkout}: no source files")
            listed.append((sum(size for _, size in files), checkout, files))
        listed.sort(key=lambda item: (item[0], item[1].name))
        self._files = [(checkout, path, size) for _, checkout, files in listed for path, size in files]
        self.bytes = sum(size for size, _, _ in listed)

    def build(self, target: Path, size: int) -> int:
        """Make a tree of about `size` bytes; return how many of its bytes are altered copies.

        Unchanged files are hard links if possible, so nothing may write into the tree.
        """
        taken = altered = again = 0
        while taken < size:
            alter = Alteration(self._vocabulary(), again) if again else None
            for checkout, path, length in self._files:
                if taken >= size:
                    break
                file = target / (f"again{again}" if again else "first") / checkout.name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                if alter is not None:
                    file.write_bytes(alter(checkout / path))
                    altered += length
                else:
                    _link(checkout / path, file)
                taken += length
            again += 1
        return altered

    def _vocabulary(self) -> list[str]:
        """Return the words of identifiers, the most frequent first, from every 20th file."""
        counts: Counter[str] = Counter()
        for checkout, path, _ in self._files[::20]:
            for identifier in _IDENTIFIER.findall((checkout / path).read_text("utf-8", "replace")):
                counts.update(_PART.findall(identifier))
        return [word.lower() for word, _ in counts.most_common() if len(word) >= _SHORTEST]


def _link(source_file: Path, target: Path) -> None:
    try:
        os.link(source_file, target)
    except OSError:  # another file system
        shutil.copyfile(source_file, target)


_IDENTIFIER = re.compile(r"(?<![\\\w])[A-Za-z_]\w*")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SHORTEST = 4
_KEPT = frozenset(
    # Keywords, and words like them, of all languages: the source would not parse without them.
    "abstract accessor actor alias alignas alignof also async atomic auto await base become begin bool boolean "
    "break byte case cast catch char checked class clone companion compl const constexpr continue crate create data "
    "debugger decimal declare decltype default defer defimpl defmacro defmodule defp defprotocol defstruct delegate "
    "delete deriving dictionary done double downto dyn each echo elif else elseif elsif empty endif ensure enum "
    "error event except explicit export extend extends extension extern external fallthrough false field file "
    "fileprivate final finally fixed float fn forall foreach forever friend from fun func function functor "
    "generator given global goto guard handle hiding if implements implicit import importer include infix init "
    "inline inner inout instance instanceof int integer interface internal into intrinsic isset iterator label "
    "lambda lateinit lazy let list local lock long loop macro match method mixin module move mutable mutating "
    "namespace native never newtype next noexcept none nonlocal null nullptr object only opaque open operator "
    "option optional override package params part pass perform postfix precedence prefix print private proc "
    "procedure property protected protocol provided pub public pure raise range readonly record redo register "
    "reified repeat require required requires rescue resource restrict rethrows retry return returns script sealed "
    "select self self_type set short signed sizeof some static static_assert strictfp string struct subscript super "
    "suspend switch synchronized table tailrec template test then this thread throw throws trait transient true "
    "type typealias typedef typeid typename typeof typing uint union unique unless unsafe unset unsigned until "
    "using value valueof variable view virtual void volatile when where while with within without yield".split()
)


class Alteration:
    """Exchanges the words in identifiers: each of four letters or more becomes another one of similar frequency.

    So names, texts and vectors differ, but the frequencies of words stay; the meaning of the code is lost.
    """

    def __init__(self, vocabulary: Sequence[str], seed: int) -> None:
        rng = random.Random(seed)
        self._words: dict[str, str] = {}
        known = [word for word in dict.fromkeys(vocabulary) if word not in _KEPT]
        at, width = 0, 8
        while at < len(known):  # wider bands for rarer words
            band = known[at : at + width]
            others = band[1:] + band[:1] if len(band) < 4 else rng.sample(band, len(band))
            self._words |= dict(zip(band, others, strict=True))
            at, width = at + width, min(2 * width, 4096)
        self._whole: dict[str, str] = {}

    def __call__(self, file: Path) -> bytes:
        """Return the content of a file with its words exchanged."""
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        return _IDENTIFIER.sub(lambda found: self.identifier(found[0]), text).encode("utf-8", "surrogateescape")

    def identifier(self, name: str) -> str:
        """Return an identifier with its words exchanged; keywords stay."""
        changed = self._whole.get(name)
        if changed is None:
            changed = name if name.lower() in _KEPT else _PART.sub(lambda found: self._word(found[0]), name)
            self._whole[name] = changed
        return changed

    def _word(self, word: str) -> str:
        other = self._words.get(word.lower())
        if other is None:
            return word
        return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
