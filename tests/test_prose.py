"""Phrases that are not plain English do not come back into docstrings, comments, messages and documentation."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.home import HOUSE

INSTEAD = {
    r"whoever|nobody|somebody": "name the subject: a caller, another process, a user",
    r"anew|for ever": "again; forever",
    r"(hears?|is told|are told|was told)": "receives, is notified, reports",
    r"bears? (a|the|its|that) name": "has the name",
    r"(a|one|two|three) (line|row|text|symbol|number|worker|object) an? (line|row|file|query|word|symbol|hit)": "per",
    r"(one|two) an? (line|row|file|query|word|symbol|answer|hit|question|model|language)": "per",
    r"(at most|at least) so (many|much)": "at most N; maximum number of",
    r"(what|which|that) there is not|that is none|is none of": "that does not exist; is not a",
    r"in the place of": "replaces; instead of",
    r"see to it": "make sure",
    r"as far as (it|he|they) (is|are)": "rephrase",
}
"""Forbidden phrases, and what to write."""
FORBIDDEN = {re.compile(rf"\b({phrase})\b", re.IGNORECASE): instead for phrase, instead in INSTEAD.items()}
CODE = ("codesearch", "lsp", "tests", "benchmarks", "training", "editors", ".ci")
PRODUCT = ("codesearch", "lsp")
"""Folders whose messages are checked, too."""
PAGES = ("*.md", "docs/*.md", ".github/*.md", "editors/*/README.md", "training/*.md")
DATA = ("tests/golden/tree", "tests/languages/cases", "tests/test_prose.py", "node_modules")


def _modules() -> list[Path]:
    found = [path for folder in CODE for path in sorted((HOUSE / folder).rglob("*.py"))]
    return [path for path in found if not any(part in path.relative_to(HOUSE).as_posix() for part in DATA)]


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the docstrings of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def _messages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the texts of several words in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count(" ") > 2:
            yield node.lineno, node.value


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text("utf-8"))
    yield from _docstrings(tree)
    if path.relative_to(HOUSE).parts[0] in PRODUCT:
        yield from _messages(tree)
    with path.open("rb") as file:
        yield from (
            (token.start[0], token.string)
            for token in tokenize.tokenize(file.readline)
            if token.type == tokenize.COMMENT
        )


def complaints(texts: Iterator[tuple[int, str]], name: str = "text") -> set[str]:
    """Return a message for each forbidden phrase."""
    return {
        f"{name}:{line}: {match[0]!r}, rather: {instead}"
        for line, text in texts
        for pattern, instead in FORBIDDEN.items()
        for match in pattern.finditer(" ".join(text.split()))
    }


def test_docstrings_comments_and_messages():
    modules = _modules()
    assert len(modules) > 300
    found = [complaints(_texts(path), path.relative_to(HOUSE).as_posix()) for path in modules]
    assert not (said := sorted(set().union(*found))), "\n".join(said)


def test_documentation():
    pages = [path for pattern in PAGES for path in sorted(HOUSE.glob(pattern))]
    assert len(pages) > 20
    found = [complaints(_paragraphs(path), path.relative_to(HOUSE).as_posix()) for path in pages]
    assert not (said := sorted(set().union(*found))), "\n".join(said)


def _paragraphs(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (first line, text) of each paragraph; examples of output are left out."""
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), path.read_text("utf-8"), flags=re.M | re.S)
    line = 1
    for paragraph in text.split("\n\n"):
        yield line, paragraph
        line += paragraph.count("\n") + 2


@pytest.mark.parametrize(
    "text",
    [
        "Whoever reads it",
        "One row a file that was looked at",
        "a query of at most so many words",
        "the settings ask for a model\nwhich there is not",
        "candidates that bear its name are told",
    ],
)
def test_a_forbidden_phrase_is_found(text: str):
    assert complaints(iter([(1, text)]))


@pytest.mark.parametrize("text", ["as a row per file", "as many as there are", "the told story", "one line per file"])
def test_plain_english_is_not(text: str):
    assert not complaints(iter([(1, text)]))
