"""How questions are understood as people word them: with languages in them, as pasted issues and traces."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch.search import parse
from codesearch.search.wording import ABOUT_WORDS, LONG, MAX_FILES, file_keys, understand


@pytest.mark.parametrize(
    ("typed", "searched", "languages"),
    [
        ("check if a file is readonly in python", "check if a file is readonly", ("python",)),
        ("python check if a file is readonly", "check if a file is readonly", ("python",)),
        ("python 3 flatten list of lists", "flatten list of lists", ("python",)),
        ("sort a map by value golang", "sort a map by value", ("go",)),
        ("read lines with c++ from a stream", "read lines from a stream", ("cpp",)),
        ("reverse a list in go", "reverse a list", ("go",)),
        ("where do we go after the login", "where do we go after the login", ()),  # a verb
        ("where is a python file parsed", "where is a python file parsed", ()),  # part of what is parsed
        ("python version check fails early", "python version check fails early", ()),
        ("install python", "install python", ()),  # too little would be left
        ("PythonParser", "PythonParser", ()),
    ],
)
def test_a_language_leaves_the_question_and_is_preferred(typed: str, searched: str, languages: tuple[str, ...]) -> None:
    query = parse(typed)
    assert query.text == searched
    assert query.languages == languages


def test_a_language_that_the_index_lacks_is_part_of_the_text_again() -> None:
    query = parse("how to generate bindings for a struct in python")
    assert "python" not in query.terms
    assert query.literal.text == "how to generate bindings for a struct in python"
    assert "python" in query.literal.terms and not query.literal.languages


@pytest.mark.parametrize(
    ("typed", "by_file"),
    [
        ("how are routes registered", True),
        ("how does the scheduler pick a task", True),
        ("how requests are retried", True),
        ("overview of the storage engine", True),
        ("where is authentication handled", True),
        ("explain how locks are taken", True),
        ("how to register a route", False),
        ("how do I register a route", False),
        ("how can we retry an upload", False),
        ("how many retries are allowed", False),
        ("where do we retry failed uploads", False),
        ("register a route", False),
        ("return how often it was called", False),
        ("lang:go how are routes registered", True),
        ("register a route by:file", True),
        ("how are routes registered BY:Symbol", False),
    ],
)
def test_a_question_about_how_something_works_is_answered_by_file(typed: str, by_file: bool) -> None:
    query = parse(typed)
    assert query.by_file is by_file
    assert "by:" not in query.text.lower()
    assert query.literal.by_file is by_file


def test_what_only_looks_like_by_file_is_text() -> None:
    assert parse("sort by:name").text == "sort by:name"


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree with many functions about routes in one file, and one in another."""
    root = tmp_path_factory.mktemp("routes")
    many = "".join(
        f'def register_{kind}_route(router):\n    """How {kind} routes are registered."""\n\n\n'
        for kind in ("get", "put", "head", "patch", "query")
    )
    (root / "many.py").write_text(many)
    (root / "table.py").write_text('def table(routes):\n    """Keep routes in the order in which they came."""\n')
    with codesearch.open_index(root, workers=1) as index:
        index.update()
    return root


def test_by_file_in_an_answer(routes: Path) -> None:
    with codesearch.open_index(routes, embed="none") as index:
        first, second, *_ = index.query("how are routes registered")
        assert (first.symbol.path, second.symbol.path) == ("many.py", "table.py")
        first, second, *_ = index.query("how are routes registered by:symbol")
        assert (first.symbol.path, second.symbol.path) == ("many.py", "many.py")
        why = index.why("how are routes registered", "many.py", 5)
        assert "best hit of each file comes first" in why.reason


ISSUE = """
Session keeps the old timeout after `set_timeout()` was called twice
**Describe the bug**
When a session is created with `SessionFactory(timeout=5)` and set_timeout is called twice, the old value is kept. We
expect that the second call wins, as https://example.com/docs says, and that nothing happens to the pool of
connections.

**To Reproduce**
```
  File "app/pool.py", line 12, in acquire_slot
    self.wait(timeout)
  File "app/session.py", line 80, in apply_timeout
TimeoutExpired: gave up after 5 seconds
```

**Environment info**
- OS: Mac, Python 3.9.1, PluginRegistry 2.0, some_other_tool 1.2
"""


def test_a_pasted_issue_is_searched_by_its_title_and_the_names_in_it() -> None:
    assert len(ISSUE.split()) > LONG
    query = parse(ISSUE)
    assert query.text == "Session keeps the old timeout after `set_timeout()` was called twice"
    names = [mention.name for mention in query.mentions]
    assert names[:2] == ["apply_timeout", "acquire_slot"]  # the innermost frame first
    assert "SessionFactory" in names and "set_timeout" in names
    assert not {"PluginRegistry", "some_other_tool"} & set(names)  # of the reporter's machine
    assert {"timeout", "session", "factory", "acquire", "slot"} <= set(query.terms)
    assert "mac" not in query.terms and "https" not in query.terms


def test_a_pasted_trace_is_searched_by_its_error_and_its_innermost_functions() -> None:
    frames = "\n".join(f'  File "lib/step_{n}.py", line {n}, in run_step_{n}\n    go({n})' for n in range(12))
    query = parse(f"Traceback (most recent call last):\n{frames}\nlib.errors.PoolError: no free slot for the request")
    assert query.text == "PoolError no free slot for the request"
    assert [mention.name for mention in query.mentions][:3] == ["run_step_11", "run_step_10", "run_step_9"]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("sphinx/ext/viewcode.py", ("viewcode.py", "ext/viewcode.py", "ext/viewcode")),
        ("src/lib/pool.test.ts", ("pool.test.ts", "lib/pool.test.ts", "lib/pool")),
        ("sphinx/ext/__init__.py", ("ext/__init__.py", "sphinx/ext")),
        ("pool.py", ("pool.py",)),
        ("__init__.py", ()),
    ],
)
def test_the_ways_in_which_a_text_may_name_a_file(path: str, keys: tuple[str, ...]) -> None:
    assert file_keys(path) == keys


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ('File "/usr/lib/python3/site-packages/app/net/pool.py", line 3, in take', "src/app/net/pool.py"),
        (r"at C:\work\net\pool.rs:12", "net/pool.rs"),
        ("I think it is in pool.go", "internal/net/pool.go"),
        ("see app.net.pool.take", "lib/net/pool.py"),  # a function of a module
        ("import app.net", "app/net/__init__.py"),
    ],
)
def test_a_long_text_names_files(named: str, path: str) -> None:
    text = f"The pool gives out closed connections. {'It worked before. ' * 20}"
    assert not parse(text).files
    assert not parse(f"{text} {named}").files.isdisjoint(file_keys(path))
    assert parse(f"{text} {named}").files.isdisjoint(file_keys("src/app/other/thing.py"))


def test_a_question_names_no_files() -> None:
    assert not parse("where does net/pool.py take a connection").files


def test_of_a_very_long_text_only_the_beginning_counts() -> None:
    query = parse(" ".join(f"word{n} lib{n}.pool{n}" for n in range(500)))
    assert len(query.about.split()) == ABOUT_WORDS and len(query.files) == MAX_FILES


@pytest.mark.parametrize("text", ["word " * 500, "` " * 200, "**A** " * 100, "x" * 9_000 + " y" * 60, "<!-- " * 80])
def test_no_long_text_is_too_strange_to_be_searched(text: str) -> None:
    assert understand(text.strip()).text


def test_a_text_of_a_few_words_is_searched_as_it_is() -> None:
    for text in ("in python", "how to", "python", "read csv in go"[:8]):
        assert understand(text).text == text


def test_code_in_another_language_than_a_question_names_loses(tmp_path: Path) -> None:
    for name, text in {
        "a.py": "def flatten_rows(rows):\n    return [cell for row in rows for cell in row]\n",
        "a.js": "function flattenRows(rows) {\n  return rows.flat()\n}\n",
    }.items():
        (tmp_path / name).write_text(text)
    with codesearch.open_index(tmp_path, db=str(tmp_path / "x.db"), embed="none", workers=1) as index:
        index.update()
        for language, other in (("python", "a.js"), ("javascript", "a.py")):
            ranked = index.rank(parse(f"flatten all the rows in {language}")).ranked
            assert {one.candidate.symbol.path for one in ranked if one.other_language} == {other}
            assert len(ranked) > sum(bool(one.other_language) for one in ranked)
        # Nothing is in Haskell, so that word may mean something else.
        assert not any(one.other_language for one in index.rank(parse("flatten all the rows in haskell")).ranked)


def test_a_short_trace_is_searched_by_its_message_and_its_calls() -> None:
    query = parse("TypeError: x is not a function at Pool.take (/srv/app/pool.js:12:5)")
    assert query.text == "TypeError: x is not a function"
    assert query.frames == (("take", "app/pool.js"),)
    assert "take" in query.terms


def test_an_exception_without_error_in_its_name_is_the_title_of_its_trace() -> None:
    frames = "\n".join(f'  File "lib/step_{n}.py", line {n}, in run_step_{n}\n    go({n})' for n in range(12))
    query = parse(f"Traceback (most recent call last):\n{frames}\nlib.signals.Abort: the terminal was closed")
    assert query.text == "Abort the terminal was closed"


def test_a_place_in_a_question_is_no_trace() -> None:
    query = parse("where does net/pool.py:12 take a slot")
    assert not query.frames and query.text == "where does net/pool.py:12 take a slot"
