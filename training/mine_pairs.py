#!/usr/bin/env python3
"""Mine (question, function) pairs from the repositories of repositories.tsv.

  mine_pairs.py --mirror MIRROR --split train OUT_FOLDER

Writes one OWNER+NAME.jsonl per repository: every function and method outside tests as
{"name", "container", "signature", "body", "path", "language", "query", "kind"}: lower-case words; `query` is empty if
there is no question for the function. The body contains no documentation. A function has one row per question. The
kinds, whose rules are in pair_rules.py:

- documentation: the first sentence of its documentation.
- comment: a comment inside a function without documentation; it is removed from the body.
- test: the name of a test, for the function that the test both calls and names, if there is exactly one.
- commit: the subject of a commit, for the functions it changed, in their new version (OWNER+NAME.commits.jsonl).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from corpus import LARGEST_FILE, Repository, is_vendored, repositories, sources
from pair_rules import (
    body_of,
    called,
    commented,
    commit_question,
    is_test,
    marked_test,
    names,
    question,
    related,
    tells_more,
    test_question,
)

from codesearch import languages
from codesearch.core.errors import CodesearchError
from codesearch.core.tokens import words
from codesearch.core.types import Symbol
from codesearch.extract.symbols import extract

BODY_WORDS = 300
MOST = {"documentation": 4000, "comment": 1000, "test": 500, "commit": 300}
"""Maximum number of pairs per kind and repository, drawn at random."""
FILES, TEST_FILES = 1500, 250
"""Maximum number of files read per repository, drawn at random."""
COMMITS = 3000
COMMITS_READ = 250
MOST_FUNCTIONS_CHANGED = 3
LONGEST_TEST = 60
"""Maximum number of lines of a test; a longer one tests more than one thing."""
FEWEST_LINES, MOST_LINES = 4, 60
"""Minimum number of lines of a function with a question from a comment, a test or a commit."""

Row = dict[str, Any]


def row(symbol: Symbol, body: str, query: str, kind: str) -> Row:
    """Return the row to write for a function."""
    return {
        "name": " ".join(words(symbol.name)),
        "container": " ".join(words(symbol.qualname.removesuffix(symbol.name))),
        "signature": " ".join(words(symbol.signature)),
        "body": " ".join(words(body[:4000])[:BODY_WORDS]),
        "path": symbol.path,
        "language": symbol.language,
        "query": query,
        "kind": kind if query else "",
    }


def some_length(symbol: Symbol) -> bool:
    """Whether a function is neither too short nor too long to be described by a sentence."""
    return FEWEST_LINES <= symbol.end_line - symbol.start_line + 1 <= MOST_LINES


def symbols_of(source: bytes, path: str) -> list[Symbol]:
    """Return the symbols of a file; none if it is not source or cannot be parsed in time."""
    language = languages.detect(path, source[:4096])
    if language is None:
        return []
    try:
        return extract(source, language.name, path, timeout=5)
    except CodesearchError as error:
        print(f"left out {path}: {error!r}", flush=True)
        return []


def some_files(paths: list[str]) -> set[str]:
    """Select some source files and some tests from the paths of a repository."""
    chance = random.Random(7)
    chosen: set[str] = set()
    for tested, most in ((False, FILES), (True, TEST_FILES)):
        found = sorted(path for path in paths if is_test(path) is tested)
        chosen.update(chance.sample(found, min(most, len(found))))
    return chosen


def mine_tree(repository: Repository, mirror: Path, suffixes: frozenset[str]) -> list[Row]:
    """Return the functions of a repository, with questions from documentation, comments and tests."""
    rows: list[Row] = []
    bodies: set[str] = set()
    functions: dict[str, list[Row]] = defaultdict(list)
    tests: list[tuple[list[str], str]] = []
    for path, source in sources(repository, mirror, suffixes, some_files):
        tested = is_test(path)
        for symbol in symbols_of(source, path):
            text = source[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")
            if tested or marked_test(symbol, text):
                told = test_question(symbol, text)
                if told and text.count("\n") <= LONGEST_TEST:
                    tests.append((told, text))
                continue
            if symbol.kind not in ("function", "method"):
                continue
            asked, kind = question(symbol), "documentation"
            body = body_of(symbol, text)
            if not symbol.documentation and some_length(symbol):
                (asked, body), kind = commented(symbol, body), "comment"
            made = row(symbol, body, " ".join(asked), kind)
            if made["body"] in bodies:
                made["query"] = made["kind"] = ""  # a copy
            bodies.add(made["body"])
            rows.append(made)
            functions[symbol.name].append(made)
    return rows + list(asked_by_tests(tests, functions))


def asked_by_tests(tests: list[tuple[list[str], str]], functions: dict[str, list[Row]]) -> Iterator[Row]:
    """Yield the function that a test both names and calls, if there is only one and its name is unique."""
    for told, text in tests:
        meant = {name for name in called(text) if len(functions.get(name, ())) == 1 and names(told, words(name))}
        # If a name is part of another one that the test names (`parse`, `parse_url`), the longer one counts.
        meant = {name for name in meant if not any(set(words(name)) < set(words(other)) for other in meant)}
        if len(meant) != 1:
            continue
        (name,) = meant
        (function,) = functions[name]
        constructor = function["container"].endswith(function["name"])
        if len(set(told) - set(words(name))) >= 2 and not constructor:
            yield {**function, "query": " ".join(told), "kind": "test"}


def mine_commits(repository: Repository, mirror: Path, suffixes: frozenset[str]) -> list[Row]:
    """Return the functions that small commits changed, in their new version, with the subjects as questions."""
    git = ["git", f"--git-dir={repository.git(mirror)}"]
    log = git_text([*git, "log", "--no-merges", f"-{COMMITS}", "--raw", "--no-renames", "--no-abbrev",
                    "--format=%x00%H %s", repository.commit])  # fmt: skip
    chosen: list[tuple[str, list[str], list[tuple[str, str, str]]]] = []
    for entry in log.split("\0")[1:]:
        head, _, listing = entry.partition("\n")
        commit, _, subject = head.partition(" ")
        changed: list[tuple[str, str, str]] = []
        for line in filter(None, listing.split("\n")):
            meta, _, path = line.partition("\t")
            _, _, before, after, status = meta.split()
            if Path(path).suffix in suffixes and is_test(path) is False and not is_vendored(path):
                changed.append((before if status == "M" else "", after if status == "M" else "", path))
        asked = commit_question(subject)
        if asked and 1 <= len(changed) <= 2 and all(before for before, _, _ in changed):
            chosen.append((commit, asked, changed))
    random.Random(7).shuffle(chosen)
    rows: list[Row] = []
    for _commit, asked, changed in chosen[:COMMITS_READ]:
        found: list[Row] = []
        for before, after, path in changed:
            found += changed_functions(git, before, after, path, " ".join(asked))
        if 1 <= len(found) <= MOST_FUNCTIONS_CHANGED:
            rows += found
    return rows


def changed_functions(git: list[str], before: str, after: str, path: str, asked: str) -> list[Row]:
    """Return the functions that differ between two versions of a file, from the later version."""
    lines = changed_lines(git_text([*git, "diff", "-U0", "--no-ext-diff", before, after]))
    source = subprocess.run([*git, "cat-file", "blob", after], capture_output=True, check=True).stdout
    if len(source) > LARGEST_FILE or not lines:
        return []
    symbols = [symbol for symbol in symbols_of(source, path) if symbol.kind in ("function", "method")]
    rows = []
    for symbol in innermost(symbols, lines):
        text = source[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")
        made = row(symbol, body_of(symbol, text), asked, "commit")
        named = [made["name"], made["container"], made["signature"], *words(path)]
        if tells_more(asked.split(), symbol) and related(asked.split(), " ".join(named).split(), made["body"]):
            rows.append(made)
    return rows


def innermost(symbols: Sequence[Symbol], lines: Iterable[tuple[int, int]]) -> list[Symbol]:
    """Return the innermost symbol around each range of lines."""
    inside: dict[tuple[int, int], Symbol] = {}
    for first, last in lines:
        around = [s for s in symbols if s.start_line <= last and first <= s.end_line]
        for symbol in around:
            if not any(o is not symbol and symbol.start_line <= o.start_line and o.end_line <= symbol.end_line
                       for o in around):  # fmt: skip
                inside[symbol.start_byte, symbol.end_byte] = symbol
    return list(inside.values())


def changed_lines(diff: str) -> list[tuple[int, int]]:
    """Return (first, last) of each range of lines that a diff without context adds or changes, in the later version."""
    ranges = []
    for line in diff.split("\n"):
        if line.startswith("@@ "):
            start, _, count = line.split(" ")[2].lstrip("+").partition(",")
            number = int(count or 1)
            ranges.append((int(start), int(start) + max(number, 1) - 1))
    return ranges


def git_text(command: list[str]) -> str:
    """Return the output of a git command."""
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout


def limited(rows: list[Row]) -> list[Row]:
    """Drop duplicate questions and those beyond the maximum of their kind; keep functions without a question."""
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)
    taken: Counter[str] = Counter()
    questions: dict[str, int] = Counter(made["query"] for made in rows if made["kind"] in ("documentation", "comment"))
    asked: Counter[str] = Counter()
    left: set[int] = set()
    for at in order:
        made = rows[at]
        query, kind = made["query"], made["kind"]
        most_asked = MOST_FUNCTIONS_CHANGED if kind == "commit" else 1
        if not query:
            continue
        if taken[kind] >= MOST[kind] or asked[query] >= most_asked or (kind != "commit" and questions[query] > 1):
            left.add(at)
            continue
        taken[kind] += 1
        asked[query] += 1
    kept = []
    for at, made in enumerate(rows):
        if at in left:
            if made["kind"] in ("test", "commit"):
                continue  # the function has a row of its own
            made = {**made, "query": "", "kind": ""}
        kept.append(made)
    return kept


def main() -> None:
    """Mine every repository of a split that has not been mined yet: first all trees, then all histories."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--split", default="train", choices=["train", "held-out"])
    parser.add_argument("--only", default="", metavar="NAMES", help="OWNER/NAME,... of the list")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    suffixes = frozenset(suffix for language in languages.all() for suffix in language.extensions)
    where = frozenset(filter(None, options.where.split(",")))
    for mine, ending in ((mine_tree, ".jsonl"), (mine_commits, ".commits.jsonl")):
        for repository in repositories(options.split):
            target = options.out / (repository.name.replace("/", "+") + ending)
            if target.exists() or (where and repository.name not in where):
                continue
            try:
                rows = limited(mine(repository, options.mirror, suffixes))
            except subprocess.CalledProcessError as error:  # a mirror without its history
                print(f"left out {repository.name}: {error}", flush=True)
                continue
            partial = target.with_suffix(".partial")
            partial.write_text("".join(json.dumps(made) + "\n" for made in rows))
            partial.rename(target)
            print(repository.name, len(rows), dict(Counter(made["kind"] for made in rows)), flush=True)


if __name__ == "__main__":
    main()
