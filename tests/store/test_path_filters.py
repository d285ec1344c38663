"""Path filters as people write them."""

from __future__ import annotations

import pytest

from codesearch.core.filter import Filter
from codesearch.store import FileRecord, FileState, Store, filter_sql

FILES = [
    "app/[slug]/page.tsx",
    "app/s/page.tsx",
    "src/a.ts",
    "src/b.tsx",
    "src/c.js",
    "src/api/d.ts",
    "lib/src/e.ts",
    "tests/src/f.ts",
    "a{b,c}.go",
    "ab.go",
    "!odd.go",
    "Ümlaut/straße.py",
]
STATE = FileState(10, 1, 1, 1, 2, b"h" * 16)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("paths") / "index.db", writable=True) as opened:
        opened.replace([FileRecord(path, STATE) for path in FILES])
        yield opened


def passing(store, where: Filter) -> set[str]:
    condition, values = filter_sql.render(where)
    return {row[0] for row in store.connection.rows(f"SELECT path FROM file f WHERE {condition}", values)}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("app/[slug]/page.tsx", {"app/[slug]/page.tsx"}),
        ("app/[slug]", {"app/[slug]/page.tsx"}),
        ("app/[slug]/", {"app/[slug]/page.tsx"}),
        ("/app/[slug]/", {"app/[slug]/page.tsx"}),
        ("[slug]/page", {"app/[slug]/page.tsx"}),
        (r"app/\[slug\]/*", {"app/[slug]/page.tsx"}),
        (r"app\[slug]\page.tsx", {"app/[slug]/page.tsx"}),
        ("app/[st]/*", {"app/s/page.tsx"}),
        ("a{b,c}.go", {"a{b,c}.go"}),
        ("a{b,x}.go", {"ab.go"}),
        ("src/*.{ts,tsx}", {"src/a.ts", "src/b.tsx"}),
        ("*.{ts,tsx}", {path for path in FILES if path.endswith((".ts", ".tsx"))}),
        ("{lib,tests}/**/*.ts", {"lib/src/e.ts", "tests/src/f.ts"}),
        ("/src", {"src/a.ts", "src/b.tsx", "src/c.js", "src/api/d.ts"}),
        ("/src/", {"src/a.ts", "src/b.tsx", "src/c.js", "src/api/d.ts"}),
        ("/src/*", {"src/a.ts", "src/b.tsx", "src/c.js"}),
        ("/src/a.ts", {"src/a.ts"}),
        ("/src/*pi/", {"src/api/d.ts"}),
        ("./src/a.ts", {"src/a.ts"}),
        ("./src", {"src/a.ts", "src/b.tsx", "src/c.js", "src/api/d.ts"}),
        ("src/", {path for path in FILES if "src/" in path}),
        (r"src\a.ts", {"src/a.ts"}),
        (r"src\**\*.ts", {"src/a.ts", "src/api/d.ts"}),
        (r"src\*.ts", {"src/a.ts"}),
        ("src/**.ts", {"src/a.ts", "src/api/d.ts"}),
        ("src/**/d.ts", {"src/api/d.ts"}),
        ("**/src/**", {path for path in FILES if "src/" in path}),
        ("SRC/A.TS", {"src/a.ts"}),
        ("ümlaut/stra?e.py", {"Ümlaut/straße.py"}),
        ("src/nosuch", set()),
        ("/page.tsx", set()),
    ],
)
def test_a_path_filter_matches_what_people_mean(store, pattern, expected):
    assert passing(store, Filter(paths=(pattern,))) == expected
    assert passing(store, Filter(not_paths=(pattern,))) == set(FILES) - expected


def test_filters_without_a_file_are_named(store):
    where = Filter(paths=("src", "nosuch/**"), not_paths=("*.rs", "*.go"))
    assert filter_sql.unmatched(store.connection, where) == ("path:nosuch/**", "-path:*.rs")


def test_folders_without_an_indexed_file_are_named(store):
    where = Filter(under=("/src/**", "/docs [old]/**".replace("[", r"\[").replace("]", r"\]"), "/README"))
    assert filter_sql.unmatched(store.connection, where) == ("docs [old]/",)


def test_a_pattern_with_many_stars_takes_linear_time():
    """A matcher that tried every place would not finish in the life of the machine."""
    assert not filter_sql.path_matches("a" * 100_000, "*a" * 50 + "b")
    assert not filter_sql.path_matches("a/" * 50_000, "**/a" * 25 + "/b")
    assert not filter_sql.path_matches("a" * 100_000, "**a**a**a**a**a**b")
    assert not filter_sql.name_matches("a" * 100_000, "a" * 100_000, "*a" * 50 + "b")
