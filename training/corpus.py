"""The repositories that training reads: listed with commit and licence in repositories.tsv, read from git."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
VENDORED = re.compile(
    r"(^|/)(_?vendor(ed)?|third[_-]?party|3rdparty|contrib|extern(al)?s?|submodules|deps|node_modules|dist|build"
    r"|bundle[ds]?|leveldb|libuv|nlohmann|abseil(-cpp)?|absl|folly|include/fmt)(/|$)|\.min\.",
    re.IGNORECASE,
)
"""Folders of vendored code: it has other licences and may come from a held-out repository."""
LARGEST_FILE = 300_000
LONGEST_LINE = 2_000


class Repository(NamedTuple):
    """One line of repositories.tsv."""

    split: str
    """`train`, or `held-out`: never trained on, used for model selection."""
    name: str
    commit: str
    licence: str
    functions: int = 0
    """Number of functions mined from it."""
    pairs: int = 0
    """Number of pairs mined from documentation, comments and tests."""

    def git(self, mirror: Path) -> Path:
        """Return its git directory: MIRROR/OWNER+NAME/repo."""
        return mirror / self.name.replace("/", "+") / "repo"


def repositories(split: str) -> list[Repository]:
    """Return the repositories of a split, in the file's order."""
    lines = (HERE / "repositories.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Repository(row[0], row[1], row[2], row[3], *map(int, row[4:])) for row in rows if row[0] == split]


def is_vendored(path: str) -> bool:
    """Whether a path is in a folder of vendored code."""
    return VENDORED.search(path) is not None


def sources(
    repository: Repository,
    mirror: Path,
    suffixes: frozenset[str],
    choose: Callable[[list[str]], Collection[str]] = frozenset,
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the source files with these suffixes, without vendored files and duplicates.

    `choose` selects the paths to read.
    """
    git = ["git", f"--git-dir={repository.git(mirror)}"]
    listing = subprocess.run([*git, "ls-tree", "-r", "-z", repository.commit], capture_output=True, check=True).stdout
    paths: dict[str, str] = {}
    for entry in listing.decode("utf-8", "replace").split("\0"):
        meta, _, path = entry.partition("\t")
        if meta.startswith("100") and Path(path).suffix in suffixes and not is_vendored(path):
            paths.setdefault(meta.split()[2], path)
    chosen = choose(list(paths.values()))
    paths = {blob: path for blob, path in paths.items() if path in chosen}
    ids = "".join(blob + "\n" for blob in paths).encode()
    with tempfile.TemporaryFile() as wanted:
        wanted.write(ids)
        wanted.seek(0)
        with subprocess.Popen([*git, "cat-file", "--batch"], stdin=wanted, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for blob, path in paths.items():
                header = process.stdout.readline().split()
                if header[-1] == b"missing":  # large files, in some mirrors
                    continue
                content = process.stdout.read(int(header[2]))
                process.stdout.read(1)
                assert header[0].decode() == blob
                if len(content) > LARGEST_FILE or b"\0" in content:
                    continue
                if max(map(len, content.split(b"\n"))) <= LONGEST_LINE:
                    yield path, content
