"""More questions that a tree answers itself: the names of its tests, and which functions its commits changed.

A test's name says what a function that it calls should do. The answers to the subject of a
commit are the functions that still contain lines which it added. Names that are remembered in part are asked, too, but
nothing is learned from them: they only show whether something gets worse.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from codesearch.core.errors import CodesearchError
from codesearch.core.filter import Filter
from codesearch.core.tokens import words
from codesearch.core.types import CALLABLES, MINOR, Symbol
from codesearch.files import Source, read_source
from codesearch.files import git as repository
from codesearch.index import Index
from codesearch.quality import mining
from codesearch.quality.questions import Question, Target
from codesearch.references.graph import Graph

TESTS, NAMES = "tests", "names"
"""Kinds of questions, beside those of `quality.questions`."""
MOST_ANSWERS = 3
"""A test or a commit with more answers is about no function in particular."""
LEAST_LETTERS = 16
"""Length of an added line by which a function is recognised; shorter ones are everywhere."""
NO_TESTS = " -is:test"
"""The name of a test must not find the test."""
_DULL = frozenset({"test", "tests", "it", "should", "spec", "case", "benchmark", "example"})
_HUNKS = ["--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--relative", "-U0", "--format=%x01%s"]


def of_tests(index: Index, most: int, seed: int) -> list[Question]:
    """Return at most `most` questions: names of tests, whose answers are the functions that they call."""
    graph = Graph(index)
    found: dict[str, list[Question]] = defaultdict(list)
    for symbol in index.symbols(Filter(roles=("test",))):
        text = _asked(symbol)
        if text:
            found[text].append(Question(text, (_target(symbol),), TESTS, symbol.language, symbol.qualname))
    # What a test calls is resolved for some more than are wanted only: that is slow.
    alone = mining.sample((some[0] for some in found.values() if len(some) == 1), 3 * most, seed)
    answered: list[Question] = []
    for question in alone:
        if len(answered) == most:
            break
        targets = tuple(_tested(index, graph, question))
        if 1 <= len(targets) <= MOST_ANSWERS:
            answered.append(replace(question, text=question.text + NO_TESTS, targets=targets))
    return answered


def _asked(symbol: Symbol) -> str:
    """Return what the name of a test says, or "" if that is too little."""
    if symbol.kind in MINOR or symbol.kind not in (*CALLABLES, "test"):
        return ""
    said = [word for word in words(symbol.name) if word not in _DULL]
    return " ".join(said) if mining.SHORTEST <= len(said) <= mining.LONGEST else ""


def _tested(index: Index, graph: Graph, question: Question) -> Iterator[Target]:
    """Yield the functions outside tests that a test calls and that its name names in part."""
    target = question.targets[0]
    said = set(question.text.split())
    try:
        known = graph.known(index.symbol_at(target.path, target.start or 1))
        edges = graph.edges(graph.outgoing(known), "likely")
    except CodesearchError:
        return
    for edge in edges:
        one = edge.symbol
        named = set(words(one.name))
        # A name without any of the words is that of a helper; one with all of them is no question.
        if one.kind in CALLABLES and not graph.is_test(one) and named & said and not named <= said:
            yield _target(one)


def _target(symbol: Symbol) -> Target:
    return Target(symbol.path, symbol.start_line, symbol.end_line, exact=True)


def narrowed(index: Index, committed: Sequence[Question]) -> list[Question]:
    """Return questions from history with the functions that the commits changed as answers, where they still exist.

    The others keep their files as answers.
    """
    added = _added(index, {question.text: question.targets[0].path for question in committed})
    found = []
    for question in committed:
        path = question.targets[0].path
        lines = added.get(path, {}).get(question.text, set())
        targets = tuple(map(_target, _containing(index, path, lines))) if lines else ()
        found.append(replace(question, targets=targets) if 1 <= len(targets) <= MOST_ANSWERS else question)
    return found


def _added(index: Index, paths: dict[str, str]) -> dict[str, dict[str, set[str]]]:
    """Return the lines that commits added, by file and by the text of the question; {} if git does not say."""
    if not paths:
        return {}
    root = os.fsencode(index.root)
    command = ["-c", "log.showSignature=false", "log", "--no-merges", *_HUNKS, f"--max-count={mining.MOST_COMMITS}"]
    command += ["HEAD", "--", *sorted(set(paths.values()))]
    try:
        out = repository.output(root, command, timeout=mining.GIT_SECONDS)
    except (repository.GitUnavailableError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for commit in os.fsdecode(out).split("\x01")[1:]:
        subject, _, diff = commit.partition("\n")
        for file in re.split(r"^diff --git ", diff, flags=re.MULTILINE)[1:]:
            header = re.search(r"^\+\+\+ b/(.+)$", file, re.MULTILINE)
            path = header[1].rstrip("\t") if header else ""
            text = mining.question_of(subject, path) if path else ""
            if text and paths.get(text) == path:
                lines = re.findall(r"^\+(?!\+\+ )(.*)$", file, re.MULTILINE)
                found[path][text].update(line.strip() for line in lines if len(line.strip()) >= LEAST_LETTERS)
    return found


def _containing(index: Index, path: str, lines: set[str]) -> Iterator[Symbol]:
    """Yield the functions of a file that contain one of some lines."""
    source = read_source(index.root, path, index.settings.file_options())
    if not isinstance(source, Source):
        return
    text = [line.strip() for line in source.data.decode("utf-8", "replace").split("\n")]
    for symbol in index.symbols(Filter(paths=(path,))):
        own = text[symbol.start_line - 1 : symbol.end_line]
        if symbol.path == path and symbol.kind in CALLABLES and not lines.isdisjoint(own):
            yield symbol


def of_names(index: Index, most: int, seed: int) -> list[Question]:
    """Return at most `most` questions: names of three words or more, without the last one."""
    found: dict[str, list[Question]] = defaultdict(list)
    for symbol in index.symbols(Filter(not_roles=("test",))):
        said = words(symbol.name)
        if symbol.kind in CALLABLES and len(said) >= 3:
            text = " ".join(said[:-1])
            found[text].append(Question(text, (_target(symbol),), NAMES, symbol.language, symbol.qualname))
    return mining.sample((some[0] for some in found.values() if len(some) == 1), most, seed)
