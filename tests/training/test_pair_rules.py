"""Which texts are accepted as questions for training pairs."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from codesearch.core.types import Symbol
from codesearch.extract.symbols import extract

TRAINING = Path(__file__).parents[2] / "training"


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAINING))
    return import_module("pair_rules")


@pytest.fixture
def miner(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TRAINING))
    return import_module("mine_pairs")


@pytest.fixture(autouse=True)
def forget_scripts():
    before = set(sys.modules)
    yield
    for name in {"pair_rules", "mine_pairs", "corpus"} & (set(sys.modules) - before):
        del sys.modules[name]


def function(source: str, language: str = "python", path: str = "a.py") -> tuple[Symbol, str]:
    data = source.encode()
    symbol = next(s for s in extract(data, language, path) if s.kind in ("function", "method", "test"))
    return symbol, data[symbol.start_byte : symbol.end_byte].decode()


@pytest.mark.parametrize(
    ("documentation", "asked"),
    [
        ("Read the whole file into a list of rows.", "read the whole file into a list of rows"),
        ("Load rows.", ""),  # too short
        ("Loads the rows, a row.", ""),  # only its name
        ("TODO: read the whole file into a list of rows.", ""),
        ("Lädt die Zeilen für die Länderübersicht überall.", ""),
        ("Liest die ganze Datei und gibt dann eine Liste von Zeilen", ""),
    ],
)
def test_documentation_asks(rules: ModuleType, documentation: str, asked: str) -> None:
    symbol, _ = function(f'def load_rows(path):\n    """{documentation}"""\n    return []\n')
    assert " ".join(rules.question(symbol)) == asked


def test_a_comment_asks_for_its_function_without_it(rules: ModuleType) -> None:
    symbol, text = function(
        "def pack(rows):\n"
        "    limit = 3\n"
        "    # Sort the entries by their priority,\n"
        "    # highest value first\n"
        "    rows.sort(key=rank)\n"
        "    return rows[:limit]\n"
    )
    asked, body = rules.commented(symbol, text)
    assert " ".join(asked) == "sort the entries by their priority highest value first"
    assert "Sort the entries" not in body and "highest" not in body
    assert "rows.sort(key=rank)" in body and "limit = 3" in body


@pytest.mark.parametrize(
    "comment",
    [
        "// We should not get here at all",  # no verb first
        "// TODO sort the entries by their priority",
        "// sort(rows, by = priority); return rows;",
        "// sort them",
        "// Skip the entries of lower priority",  # a negation does not describe the function
    ],
)
def test_a_comment_that_tells_nothing_asks_nothing(rules: ModuleType, comment: str) -> None:
    symbol, text = function(
        f"function pack(rows) {{\n  {comment}\n  rows.sort();\n  return 1;\n}}\n", "javascript", "a.js"
    )
    assert rules.commented(symbol, text) == ([], text)


def test_a_comment_in_a_long_function_speaks_of_its_name(rules: ModuleType) -> None:
    filler = "".join(f"    rows.append({i})\n" for i in range(20))
    comment = "    # Sort the entries by their priority\n    rows.sort()\n"
    symbol, text = function(f"def pack(rows):\n{comment}{filler}    return rows\n")
    assert rules.commented(symbol, text)[0] == []
    symbol, text = function(f"def pack_entries(rows):\n{comment}{filler}    return rows\n")
    assert rules.commented(symbol, text)[0] == "sort the entries by their priority".split()


def test_a_test_asks_for_what_it_names_and_calls(miner: ModuleType) -> None:
    wanted = {"name": "parse url", "container": "", "query": "", "kind": ""}
    other = {"name": "read file", "container": "", "query": "", "kind": ""}
    functions = {"parse_url": [wanted], "read_file": [other], "twice": [other, other]}
    told = "parse url keeps the port".split()

    def found(text: str, told: list[str] = told) -> list[str]:
        return [row["name"] for row in miner.asked_by_tests([(told, text)], functions)]

    assert found("def test():\n    parse_url(read_file(x))") == ["parse url"]
    assert found("def test():\n    read_file(x)") == []
    assert found("def test():\n    parse_url(x)", ["parse", "url", "port"]) == []  # one word more than the name
    assert found("def test():\n    parse_url(x)", "parse the url and keep port".split()) == []


def test_only_a_test_is_a_test(rules: ModuleType) -> None:
    symbol, text = function("def test_parse_url_keeps_the_port():\n    pass\n")
    assert rules.test_question(symbol, text) == "parse url keeps the port".split()
    symbol, text = function("def parse_url_keeps_the_port():\n    pass\n")
    assert rules.test_question(symbol, text) == []
    rust = "mod tests {\n    #[test]\n    fn parse_url_keeps_the_port() {\n        parse_url();\n    }\n}\n"
    symbol, text = function(rust, "rust", "src/url.rs")
    assert rules.marked_test(symbol, text)
    assert rules.test_question(symbol, text) == "parse url keeps the port".split()


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("src/url.rs", False),
        ("tests/test_url.py", True),
        ("spec/url_spec.rb", True),
        ("src/test/java/UrlTest.java", True),
        ("src/Latest.java", False),
        ("examples/url.py", None),
        ("tests/fixtures/url.py", None),
    ],
)
def test_which_files_hold_tests(rules: ModuleType, path: str, tests: bool | None) -> None:
    assert rules.is_test(path) is tests


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("fix(parser): keep the port of an address (#123)", ""),  # begins with none of the verbs
        ("feat(parser)!: parse the port of an address (#123)", "parse the port of an address"),
        ("KAFKA-1234: Add a timeout to the fetch loop", "add a timeout to the fetch loop"),
        ("[3.x] Added a timeout to the fetch loop.", "added a timeout to the fetch loop"),
        ("Bump serde from 1.0.1 to 1.0.2", ""),
        ("Merge branch 'main' into parse the port", ""),
        ("Add tests for the fetch loop", ""),
        ("Fix typo in the fetch loop", ""),
        ("Removed the timeout of the fetch loop", ""),  # removed from the function
        ("Add timeout", ""),
    ],
)
def test_a_subject_asks(rules: ModuleType, subject: str, asked: str) -> None:
    assert " ".join(rules.commit_question(subject)) == asked


def test_a_subject_speaks_of_the_function(rules: ModuleType) -> None:
    asked = "add a timeout to the fetch loop".split()
    assert rules.related(asked, ["fetch", "records"], "")
    assert not rules.related(asked, ["add", "records"], "let timeout be")
    assert rules.related(asked, ["poll"], "while loop fetch timeout")


def test_what_is_asked_twice_or_too_often_is_left_out(miner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(miner.MOST, "documentation", 2)
    rows = [{"query": q, "kind": "documentation", "n": n} for n, q in enumerate(["a", "a", "b", "c", "d"])]
    rows += [{"query": "t", "kind": "test", "n": 5}, {"query": "t", "kind": "test", "n": 6}]
    kept = miner.limited(rows)
    assert [row["n"] for row in kept if row["kind"] != "test"] == [0, 1, 2, 3, 4]  # the functions stay
    assert [row["query"] for row in kept[:2]] == ["", ""]
    assert sum(row["kind"] == "documentation" for row in kept) == 2
    assert sum(row["kind"] == "test" for row in kept) == 1


def test_changed_lines_of_a_diff(miner: ModuleType) -> None:
    diff = "@@ -1 +1,2 @@ def f\n+x\n@@ -9,2 +10,0 @@\n-y\n@@ -20 +19 @@\n"
    assert miner.changed_lines(diff) == [(1, 2), (10, 10), (19, 19)]


def test_copies_of_other_repositories_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TRAINING))
    corpus = import_module("corpus")
    for path in ("include/spdlog/fmt/bundled/core.h", "src/leveldb/db/db.cc", "vendor/a.go", "third-party/x.c"):
        assert corpus.is_vendored(path)
    assert not corpus.is_vendored("src/format/core.h")


def test_the_list_is_well_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TRAINING))
    corpus = import_module("corpus")
    listed = corpus.repositories("train") + corpus.repositories("held-out")
    names = [repository.name for repository in listed]
    assert len(names) == len(set(names))
    mined = {line.split("\t")[0] for line in (TRAINING.parent / "benchmarks/mined.tsv").read_text().splitlines()[1:]}
    assert mined and mined.isdisjoint(repository.name for repository in corpus.repositories("train"))
    permissive = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "ISC", "Zlib", "Unlicense"}
    for repository in listed:
        assert len(repository.commit) == 40
        assert permissive & set(repository.licence.replace(" WITH ", " ").split())
