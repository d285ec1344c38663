#!/usr/bin/env python3
"""Long texts as questions: commit messages that report a fault, and the functions that the commit changed.

    python benchmarks/reports.py --mirror MIRROR --work FOLDER [--embed none] [--json OUT] [OWNER/NAME ...]

MIRROR holds git directories named `OWNER+NAME/repo`. A git history has no issues, but many commits say at length what
was wrong. A message counts if it has 60 to 700 words and tells of a fault, and if the commit changed one to three
source files and one to three functions of them, all still in the tree at the commit of REPOSITORIES. At most 60
messages of a repository are asked, the same ones every time. None of these repositories is part of a suite that is
kept aside. Columns: share of questions with all files among the first 1, 3 and 5 files, with all functions among the
first 5 and 10, and the mean reciprocal rank of the first right file and function, in percent.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mined import DULL, TEST

import codesearch
from codesearch import languages
from codesearch.core.types import CALLABLES, Hit, Symbol
from codesearch.extract.symbols import extract
from codesearch.search import parse

REPOSITORIES = {
    "rubocop/rubocop": "3a42c622171794510e03999c8d55129b73c5dc8f",
    "tokio-rs/tracing": "f40ccdaa03cf114c7ee1ef14949207626bf6be57",
    "psf/black": "8947c48ef2077c3a301b03c1e814dc2e3f78436e",
    "puma/puma": "ff2e2126ee2f0f97e21c57ce1967afde1b6f05a1",
    "hyperium/hyper": "8fcaf1a62787b824fdd7b95a3e7c9ea81acd3449",
    "caddyserver/caddy": "0cf03d32f7d99cf160d5375e8a40fbe3d910d515",
    "dask/dask": "817e5ffc1208346630b111860571024b0c6ec9bd",
    "pypa/pip": "6d309205789d368b2749d93fd6193d584811efd5",
    "typeorm/typeorm": "281bfba42a5813b106bcf5ba79bc7f7251bd1e73",
}
COMMITS = 4000
MOST = 60
FEWEST_WORDS, MOST_WORDS = 60, 700
MOST_CHANGED = 3
"""Files, and functions, that a commit changes."""
MOST_LISTED = 4
"""Lines that begin with `*`: a message with more of them joins several commits."""
LIMIT = 100
PARSE_SECONDS = 20.0

FAULT = re.compile(
    r"\b(fix|bug|error|fail|crash|wrong|incorrect|issue|problem|false (?:positive|negative)|regression|leak|hang)", re.I
)
TRAILER = re.compile(r"(?im)^(?:signed-off-by|co-authored-by|reviewed-by|change-id|\(?cherry.picked).*$|\(#\d+\)")
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    """A message and what its commit changed."""

    commit: str
    text: str
    files: tuple[str, ...]
    functions: tuple[str, ...]
    """`path:qualified name`."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well one report was answered; each from 0 to 1."""

    file_1: float
    file_3: float
    file_5: float
    function_5: float
    function_10: float
    file_rank: float
    """1 / rank of the first right one; 0 if there is none. So is `function_rank`."""
    function_rank: float


class Repository:
    """A git directory, and the tree of one commit of it."""

    def __init__(self, git: Path, commit: str, tree: Path) -> None:
        self.git, self.commit, self.tree = git, commit, tree
        self._names: dict[str, set[str]] = {}

    def read(self, *arguments: str) -> bytes:
        """Return what git prints. Raises CalledProcessError."""
        return subprocess.run(["git", f"--git-dir={self.git}", *arguments], capture_output=True, check=True).stdout

    def check_out(self) -> None:
        """Write the tree, unless it is there."""
        if not self.tree.exists():
            self.tree.mkdir(parents=True)
            subprocess.run(["tar", "x", "-C", self.tree], input=self.read("archive", self.commit), check=True)

    def reports(self) -> list[Report]:
        """Return the reports that are asked."""
        log = self.read("log", "--no-merges", f"-{COMMITS}", "--format=%H%x01%B%x00", self.commit)
        found = []
        for entry in log.decode("utf-8", "replace").split("\0"):
            commit, _, message = entry.strip().partition("\x01")
            text = " ".join(TRAILER.sub("", message).split())
            if not FEWEST_WORDS <= text.count(" ") + 1 <= MOST_WORDS or message.count("\n* ") > MOST_LISTED:
                continue
            if FAULT.search(text) and not DULL.match(text) and (report := self._report(commit, text)) is not None:
                found.append(report)
        random.Random(1).shuffle(found)
        return found[:MOST]

    def _report(self, commit: str, text: str) -> Report | None:
        changed = self.read("show", "--format=", "--name-only", "-z", commit).decode("utf-8", "replace").split("\0")
        files = [path for path in changed if path and not TEST.search(path) and _language(path)]
        if not 1 <= len(files) <= MOST_CHANGED or not all((self.tree / path).is_file() for path in files):
            return None
        try:
            functions = [f"{path}:{name}" for path in files for name in self._changed(commit, path)]
        except (subprocess.CalledProcessError, codesearch.CodesearchError):
            return None  # a new file, or one that cannot be parsed
        if not 1 <= len(functions) <= MOST_CHANGED:
            return None
        return Report(commit, text, tuple(files), tuple(functions))

    def _changed(self, commit: str, path: str) -> list[str]:
        """Return the functions of a file that a commit changed and that are still there."""
        before = _callables(self.read("show", f"{commit}^:{path}"), path)
        difference = self.read("diff", "-U0", f"{commit}^", commit, "--", path).decode("utf-8", "replace")
        lines = [
            line
            for first, count in HUNK.findall(difference)
            for line in range(int(first), int(first) + max(1, int(count or 1)))
        ]
        inner = {symbol.qualname for line in lines if (symbol := _innermost(before, line)) is not None}
        if path not in self._names:
            self._names[path] = {one.qualname for one in _callables((self.tree / path).read_bytes(), path)}
        return sorted(inner & self._names[path])


def _language(path: str) -> str:
    """Return the language of a file of code; "" for other files."""
    found = languages.detect(path)
    return "" if found is None or found.is_text else found.name


def _callables(data: bytes, path: str) -> list[Symbol]:
    return [symbol for symbol in extract(data, _language(path), path, PARSE_SECONDS) if symbol.kind in CALLABLES]


def _innermost(symbols: list[Symbol], line: int) -> Symbol | None:
    around = [symbol for symbol in symbols if symbol.start_line <= line <= symbol.end_line]
    return min(around, key=lambda symbol: symbol.end_line - symbol.start_line, default=None)


def score(report: Report, hits: tuple[Hit, ...]) -> Score:
    """Return how well an answer is one to a report."""
    symbols = [hit.symbol for hit in hits]
    files = list(dict.fromkeys(symbol.path for symbol in symbols if _language(symbol.path)))
    functions = list(dict.fromkeys(f"{one.path}:{one.qualname}" for one in symbols if one.kind in CALLABLES))
    return Score(
        _has_all(files[:1], report.files),
        _has_all(files[:3], report.files),
        _has_all(files[:5], report.files),
        _has_all(functions[:5], report.functions),
        _has_all(functions[:10], report.functions),
        _reciprocal_rank(files, report.files),
        _reciprocal_rank(functions, report.functions),
    )


def _has_all(found: list[str], right: tuple[str, ...]) -> float:
    return float(set(right) <= set(found))


def _reciprocal_rank(found: list[str], right: tuple[str, ...]) -> float:
    return next((1 / rank for rank, one in enumerate(found, 1) if one in right), 0.0)


def ask(repository: Repository, embed: str) -> Iterator[Score]:
    """Yield the scores of a repository's reports."""
    with codesearch.open_index(repository.tree, embed=embed, cache=False) as index:
        index.update()
        for report in repository.reports():
            yield score(report, index.query(parse(report.text, filters=False), limit=LIMIT).hits)


def show(name: str, scores: list[Score]) -> dict[str, float]:
    """Print the means of some scores; return them."""
    means = {key: sum(asdict(one)[key] for one in scores) / max(1, len(scores)) for key in Score.__slots__}
    print(
        f"{name:20} {len(scores):5} " + " ".join(f"{key} {100 * mean:5.1f}" for key, mean in means.items()), flush=True
    )
    return means


def main() -> None:
    """Ask the reports of some repositories."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="OWNER/NAME", help=", ".join(REPOSITORIES))
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--embed", choices=("lazy", "none"), default="lazy", help="none: the fast ranking")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    scores: dict[str, list[Score]] = {}
    for name in args.names or REPOSITORIES:
        folder = name.replace("/", "+")
        repository = Repository(args.mirror / folder / "repo", REPOSITORIES[name], args.work / folder)
        repository.check_out()
        scores[name] = list(ask(repository, args.embed))
        show(name, scores[name])
    means = show("all", [one for some in scores.values() for one in some])
    if args.json:
        args.json.write_text(
            json.dumps({"means": means, **{name: list(map(asdict, some)) for name, some in scores.items()}})
        )


if __name__ == "__main__":
    main()
