"""Exact search: the same lines as ripgrep, and every encoding as the index reads it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

import codesearch
from codesearch.core.errors import UsageError
from codesearch.exact import limited, quoted
from codesearch.exact.pattern import COMMAND_OPTION, Pattern
from codesearch.exact.scan import Request, scan
from tests.support.trees import SHOP, write

MOST = 1 << 20
SEEDS = range(8)
EACH = 10
"""Random patterns per seed."""


def lines(root: Path, pattern: Pattern, paths: Sequence[str] | None = None) -> set[tuple[str, int]]:
    """Return (path, line) of every line that matches."""
    found = scan(Request(root, _files(root) if paths is None else paths, pattern, MOST))
    return {(one.path, line.number) for one in found for line in one.lines}


def _files(root: Path) -> list[str]:
    return sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())


def ripgrep(root: Path, pattern: Pattern) -> set[tuple[str, int]]:
    """Return the lines that ripgrep finds."""
    flags = [("-F", pattern.fixed), ("-w", pattern.word), ("-i", pattern.ignore_case)]
    command = ["rg", "--no-config", "--no-messages", "-nH0", "--no-heading", "--color=never", "--crlf", "-uu"]
    command += [flag for flag, wanted in flags if wanted]
    command += [part for one in pattern.expressions for part in ("-e", one)]
    run = subprocess.run([*command, "."], cwd=root, capture_output=True, check=False)
    assert run.returncode in (0, 1), run.stderr.decode()
    found = set()
    for row in run.stdout.splitlines():
        path, _, rest = row.partition(b"\0")
        found.add((os.fsdecode(path).removeprefix("./"), int(rest.partition(b":")[0])))
    return found


# -- the same lines as ripgrep ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return real source and prose, with both line ends, and some lines that are rare in them."""
    root = tmp_path_factory.mktemp("exact") / "tree"
    package = Path(codesearch.__file__).parent
    shutil.copytree(SHOP, root / "shop", ignore=shutil.ignore_patterns("*.bin"))
    shutil.copytree(package / "search", root / "search", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package / "languages", root / "languages", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "crlf.py").write_bytes((package / "index.py").read_bytes().replace(b"\n", b"\r\n"))
    (root / "rare.md").write_text(
        "Größe naïve ŒUVRE 日本語 straße STRASSE K k ſ s\n\ttab\ttab\n   \nfoo.bar(baz)[0] == {1: 2}\n"
        "no line end, αβγ ΑΒΓ x" + "y" * 5000 + "z",
        encoding="utf-8",
    )
    return root


def _random_pattern(chance: random.Random, texts: Sequence[str]) -> Pattern:
    fixed = chance.random() < 0.2
    expressions = []
    for _ in range(1 + (chance.random() < 0.15)):
        part = _sample(chance, texts)
        expressions.append(part if fixed else _loosened(chance, part))
    # ripgrep finds an empty word between CR and LF, which are one line end here.
    word = chance.random() < 0.2 and (fixed or not any(re.fullmatch(one, "") for one in expressions))
    return Pattern(tuple(expressions), fixed=fixed, word=word, ignore_case=chance.random() < 0.3)


def _sample(chance: random.Random, texts: Sequence[str]) -> str:
    while True:
        line = chance.choice(chance.choice(texts).splitlines() or [""])
        if line.strip():
            start = chance.randrange(len(line))
            part = line[start : start + chance.randint(1, 14)]
            if part.strip():
                return part


def _loosened(chance: random.Random, text: str) -> str:
    """Return an expression that matches a text, and often others."""
    parts = []
    for one in text:
        plain = re.escape(one) if not one.isspace() else one
        ways = [plain] * 12 + [".", f"{plain}?", f"{plain}+", f"(?:{plain})", f"{plain}{{1,2}}", f"(?:{plain}|zq)"]
        if one.isalpha():
            ways += [r"\w", "[^0-9]", f"[{one}{one.swapcase()}_]" if one.isascii() else plain, r"\w+"]
        if one.isdigit():
            ways += [r"\d", "[0-9]+"]
        if one.isspace():
            ways += [r"\s", r"\s+", r"\s*"]
        parts.append(chance.choice(ways))
    if chance.random() < 0.2:
        middle = chance.randrange(len(parts))
        parts = [f"({''.join(parts[:middle])}|nothing_like_it){''.join(parts[middle:])}"]
    before, after = chance.choice([("", "")] * 6 + [("^", ""), ("", "$"), (r"\b", ""), ("", r"\b"), (r"^\s*", "")])
    return before + "".join(parts) + after


@pytest.mark.skipif(shutil.which("rg") is None, reason="needs ripgrep")
@pytest.mark.parametrize("seed", SEEDS)
def test_random_patterns_match_the_lines_that_ripgrep_finds(real_tree: Path, seed: int):
    chance = random.Random(seed)
    texts = [(real_tree / name).read_text(encoding="utf-8") for name in _files(real_tree)]
    found = 0
    for _ in range(EACH):
        pattern = _random_pattern(chance, texts)
        expected = ripgrep(real_tree, pattern)
        assert lines(real_tree, pattern) == expected, pattern
        found += len(expected)
    assert found, "the patterns match something"


@pytest.mark.skipif(shutil.which("rg") is None, reason="needs ripgrep")
@pytest.mark.parametrize(
    "pattern",
    [
        Pattern((r"import|return",)),
        Pattern((r"^$",)),
        Pattern((r"x*",)),
        Pattern((r"[^a]",)),
        Pattern((r"\s+$",)),
        Pattern((r"(?i)SYMBOL",)),
        Pattern((r"größe",), ignore_case=True),
        Pattern((r"Straße|ΑΒΓ",), ignore_case=True),
        Pattern((r"foo.bar(baz)[0]",), fixed=True),
        Pattern((r"self", r"cls"), word=True),
        Pattern((r"y+z$",)),
        Pattern((r"\bdef\b.*\bself\b",)),
        Pattern((r"日本",)),
        Pattern((r"(?:get|set)_?(?:name|path)",)),
    ],
    ids=lambda pattern: " ".join(pattern.expressions),
)
def test_chosen_patterns_match_the_lines_that_ripgrep_finds(real_tree: Path, pattern: Pattern):
    assert lines(real_tree, pattern) == ripgrep(real_tree, pattern)


# -- what a match must contain ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("backoff", {"backoff"}),
        (r"backoff\s*=", {"backoff"}),
        (r"\.retry\(", {".retry("}),
        (r"(?:get|set)_name", {"_name"}),
        (r"import|return", {"import", "return"}),
        (r"(abc)+", {"abc"}),
        (r"(abc)?de", {"de"}),
        (r"(?=abc)d", None),
        (r"\w+", None),
        (r"a|bc", None),
        (r"ab|", None),
        (r"(?:longest|other)x?y", {"longest", "other"}),
        (r"größe", {"gr"}),
        (r"(?i)AbC", {"abc"}),
        (r"x(?i:AbC)yz", {"abc"}),
        (r"[.]on", {".on"}),
    ],
)
def test_the_text_that_each_match_contains(expression: str, expected: set[str] | None):
    found = Pattern((expression,)).literals()
    assert (None if found is None else set(found.texts)) == expected


def test_an_expression_without_such_a_text_is_looked_for_everywhere():
    assert Pattern(("abc", r"\w+")).literals() is None


# -- encodings, line ends, files that are no text ---------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("expression", ["größe", r"gr\S\Se = 3", r"\w+ = 3$", "= 3"])
def test_every_encoding_that_the_index_reads(tmp_path: Path, encoding: str, expression: str):
    (tmp_path / "a.py").write_bytes('x = "plain"\r\ngröße = 3\r\n'.encode(encoding))
    assert lines(tmp_path, Pattern((expression,))) == {("a.py", 2)}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end(tmp_path: Path, end: str):
    (tmp_path / "a.py").write_bytes(end.join(("one", "two", "", "two")).encode())
    assert lines(tmp_path, Pattern(("^two$",))) == {("a.py", 2), ("a.py", 4)}
    assert lines(tmp_path, Pattern(("^$",))) == {("a.py", 3)}
    assert lines(tmp_path, Pattern((r"one\s",))) == set()


def test_binary_and_missing_files_have_no_lines(tmp_path: Path):
    (tmp_path / "a.py").write_bytes(b"match\0match\n")
    assert lines(tmp_path, Pattern(("match",)), ["a.py", "gone.py"]) == set()


def test_cells_of_a_notebook_are_searched_as_their_text(tmp_path: Path):
    cell = {"cell_type": "code", "source": ['print("hello")\n']}
    text = json.dumps({"cells": [cell]}, indent=1)
    write(tmp_path, {"a.ipynb": text})
    assert lines(tmp_path, Pattern((r'print("hello")',), fixed=True)) == {("a.ipynb", 6)}
    assert lines(tmp_path, Pattern(("cell_type",))) == set()


def test_a_line_says_where_its_matches_are(tmp_path: Path):
    write(tmp_path, {"a.py": "ä = get(1) + get(2)\n"})
    (file,) = scan(Request(tmp_path, ["a.py"], Pattern(("get",)), MOST))
    (line,) = file.lines
    assert (line.text, line.spans, line.column) == ("ä = get(1) + get(2)", ((4, 7), (13, 16)), 6)


# -- expressions that are wrong or never end --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("[", "unterminated character set at character 1; -F searches for it literally"),
        ("(a", "missing )"),
        ("", "-e has no value"),
        ("a\nb", "line break"),
        ("a{99999999999999999999}", "-e a{"),
        ("(?i", "-e (?i"),
    ],
)
def test_an_expression_that_cannot_be_understood(expression: str, said: str):
    with pytest.raises(UsageError) as error:
        Pattern((expression,), said=COMMAND_OPTION).compiled()
    assert said in str(error.value)


@pytest.mark.parametrize("in_child", [False, True])
def test_an_expression_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_child: bool):
    write(tmp_path, {"a.py": "a" * 60 + "!\n"})
    monkeypatch.setattr(limited, "SECONDS", 0.2)
    monkeypatch.setattr(limited, "CHILD_SECONDS", 2.0)
    request = Request(tmp_path, ["a.py"], Pattern((r"^(a+)+$",)), MOST)
    with pytest.raises(UsageError, match="takes too long and was stopped"):
        limited.scanned(request, in_child=in_child)


def test_a_child_finds_the_same(real_tree: Path):
    request = Request(real_tree, _files(real_tree), Pattern((r"def \w+\(self",)), MOST)
    assert limited.scanned(request, in_child=True) == scan(request) != []


def test_another_thread_can_search(tmp_path: Path):
    write(tmp_path, {"a.py": "match\n"})
    found: list[object] = []
    request = Request(tmp_path, ["a.py"], Pattern(("match",)), MOST)
    thread = threading.Thread(target=lambda: found.extend(limited.scanned(request)))
    thread.start()
    thread.join()
    assert found == scan(request)


# -- quoted text in a question ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retry uploads", []),
        ('retry "broken pipe"', ["broken pipe"]),
        ('"broken pipe", then "again"', ["broken pipe", "again"]),
        ('path:"my folder" retry', []),
        ('operator""_s', []),
        ('an odd " mark', []),
        ('inch 5" and 6"', []),
        ('"" nothing', []),
        ('line one "a b"\nline two', []),
        ('"' + "x" * 400 + '"', []),
    ],
)
def test_what_a_question_quotes(text: str, expected: list[str]):
    assert [one.expressions[0] for one in quoted.patterns(text)] == expected


def test_case_matters_in_quoted_text_with_capitals():
    assert [one.ignore_case for one in quoted.patterns('"broken pipe" "Broken"')] == [True, False]
