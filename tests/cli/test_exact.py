"""`codesearch query -e`: every line that matches, by symbol; and the results of a question that hold a match."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Run, terminal
from tests.support.git import git
from tests.support.schemas import keeps_schema
from tests.support.trees import write

Call = Callable[..., Run]


def matched(call: Call, *arguments: str | Path) -> dict[str, Any]:
    run = call("query", *arguments, "--format", "json")
    assert run.status in (0, 1), run.err
    value: dict[str, Any] = json.loads(run.out)
    return value


def places(value: dict[str, Any]) -> list[tuple[str, list[int]]]:
    """Return the qualified name of each result and its matching lines."""
    return [(one["qualname"], [line["line"] for line in one["matches"]]) for one in value["results"]]


# -- alone ------------------------------------------------------------------------------------------------------------


def test_every_matching_line_is_printed_by_symbol(small: Path, call: Call):
    run = call("query", "-e", r"self\.values|times")
    assert run.out == (
        "cache.py:7  method Cache.get\n"
        "     9 │         return self.values.get(key)\n"
        "\n"
        "cache.py:11  method Cache.put\n"
        "    17 │         self.values[key] = value\n"
        "\n"
        "retry.py:1  function retry_upload\n"
        "     1 │ def retry_upload(path, times=3):\n"
        "     3 │     for _ in range(times):\n"
    )
    assert run.status == 0


def test_nothing_that_matches_is_status_1(small: Path, call: Call):
    run = call("query", "-e", "no_such_text")
    assert (run.status, run.out) == (1, "")
    assert matched(call, "-e", "no_such_text")["results"] == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-e", "CACHE"), []),
        (("-e", "CACHE", "-i"), [("cache", [1]), ("Cache", [4])]),
        (("-e", "val", "-w"), []),
        (("-e", "values", "-w", "--case"), [("Cache.get", [9]), ("Cache.put", [17])]),
        (("-e", "get(key)", "-F"), [("Cache.get", [9])]),
        (("-e", "get(key)"), []),
        (("-e", "send", "-e", "None:"), [("Cache.put", [15]), ("retry_upload", [4])]),
    ],
)
def test_options_say_how_it_is_searched_for(
    small: Path, call: Call, options: tuple[str, ...], expected: list[tuple[str, list[int]]]
):
    assert places(matched(call, *options)) == [(name, lines) for name, lines in expected]


def test_filters_choose_the_symbols(small: Path, call: Call):
    write(small, {"a.go": "package a\n\nfunc values() {}\n"})
    assert places(matched(call, "-e", "values", "--lang", "go")) == [("values", [3])]
    assert places(matched(call, "-e", "Values", "--kind", "class")) == [("Cache", [5])]
    assert matched(call, "-e", "values", "--kind", "class")["lines"] == 0
    assert places(matched(call, "-e", "values", "--name", "put")) == [("Cache.put", [17])]
    assert matched(call, "-e", "values", "--path", "retry.py")["lines"] == 0


def test_a_folder_restricts_it(small: Path, call: Call):
    write(small, {"sub/one.py": "def f():\n    return values\n"})
    call("index")
    assert places(matched(call, "-e", "values", "sub")) == [("f", [2])]


def test_a_file_that_changed_is_searched_as_it_is_now(small: Path, call: Call):
    call("index")
    (small / "retry.py").write_text("# one more line\n\n\ndef fetch(url):\n    return send(url)\n")
    assert places(matched(call, "-e", "send")) == [("fetch", [5])]
    (small / "retry.py").write_text("# one more line\n\n\n\ndef other(url):\n    return send(url)\n")
    assert places(matched(call, "-e", "send", "--no-update")) == [("other", [6])]


def test_files_that_cannot_be_read_are_counted(small: Path, call: Call):
    (small / "binary.py").write_bytes(b"x = 1\0\0\n")
    run = call("query", "-e", "values")
    assert "files not searched: 1 binary" in run.err
    assert "not searched" not in call("query", "-e", "values", "-q").err


def test_the_number_of_lines_can_be_limited(small: Path, call: Call):
    run = call("query", "-e", "e", "-n", "2", "--format", "vimgrep")
    assert len(run.out.splitlines()) == 2
    assert "codesearch: 2 of " in run.err
    assert "matching lines shown" in run.err
    value = matched(call, "-e", "value", "-C", "1")
    assert all(len(one["matches"]) == 1 for one in value["results"])
    assert value["shown"] < value["lines"]


def test_a_terminal_shows_a_number_of_lines(small: Path):
    write(small, {"long.py": "def f():\n" + "    step()\n" * 300})
    status, out = terminal("query", "-e", r"step\(", "--color", "never", cwd=small)
    assert status == 0
    assert "200 of 300 matching lines shown (--all shows all)" in out
    _, everything = terminal("query", "-e", r"step\(", "--all", "--color", "never", cwd=small)
    assert everything.count("step()") == 300


def test_lines_fit_the_terminal_and_show_the_match(small: Path):
    write(small, {"wide.py": f"x = '{'y' * 300}' + needle + '{'z' * 300}'\n"})
    _, out = terminal("query", "-e", "needle", "--color", "never", cwd=small, columns=60)
    line = next(one for one in out.splitlines() if "│" in one)
    assert "needle" in line
    assert len(line) <= 60


def test_formats_for_other_programs(small: Path, call: Call):
    assert call("query", "-e", "key: str", "--format", "vimgrep").out.splitlines() == [
        "cache.py:7:19:    def get(self, key: str) -> object:",
        "cache.py:13:9:        key: str,",
    ]
    assert call("query", "-e", "key: str", "-l").out == "cache.py\n"
    rows = [json.loads(row) for row in call("query", "-e", "key: str", "--format", "ndjson").out.splitlines()]
    assert [row["qualname"] for row in rows] == ["Cache.get", "Cache.put"]


@pytest.mark.skipif(shutil.which("rg") is None, reason="needs ripgrep")
@pytest.mark.parametrize("expression", [r"def \w+", "return|import", "^$", r"\d+", "TODO"])
def test_it_finds_what_ripgrep_finds_in_a_repository(shop: Path, tmp_path: Path, call: Call, expression: str):
    tree = tmp_path / "tree"
    shutil.copytree(shop, tree, ignore=shutil.ignore_patterns(".codesearch", "*.bin"))
    write(tree, {".gitignore": "ignored.py\nbuild/\n", "ignored.py": "def ignored(): return 1\n"})
    write(tree, {"build/out.py": "def built(): return 1\n", "deep/new.py": "def new(): return 1  # TODO\r\n"})
    git(tree, "init")
    found = call("query", "-e", expression, tree, "--format", "json")
    known = set(call("symbols", tree, "-l").out.splitlines())
    run = subprocess.run(
        ["rg", "--no-config", "-nH0", "--no-heading", "--color=never", "--crlf", "--hidden", "-e", expression, tree],
        capture_output=True,
        check=False,
    )
    expected = {
        (path.decode(), int(rest.partition(b":")[0]))
        for path, _, rest in (row.partition(b"\0") for row in run.stdout.splitlines())
        if path.decode() in known
    }
    results = json.loads(found.out)["results"]
    assert {(str(tree / one["path"]), line["line"]) for one in results for line in one["matches"]} == expected


def test_a_wrong_expression_is_explained(small: Path, call: Call):
    run = call("query", "-e", "[")
    assert run.status == 2
    assert "unterminated character set at character 1; -F searches for it literally" in run.err
    assert not (small / ".codesearch").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--word", "retry"), "--word says how -e REGEX is searched for, and there is no -e"),
        (("-e", "x", "--explain"), "--explain cannot be combined with -e alone"),
        (("-e", "x", "--batch", "file"), "-e cannot be combined with --batch"),
        (("-e", "x", "--repo", "all"), "-e cannot be combined with --repo"),
        (("-e", "x", "--min-score", "0.5"), "--min-score cannot be combined with -e alone"),
    ],
)
def test_options_that_do_not_fit_are_refused(small: Path, call: Call, arguments: tuple[str, ...], said: str):
    run = call("query", *arguments)
    assert run.status == 2
    assert said in run.err


def test_the_first_matching_line_is_opened(small: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    opened: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "codesearch.cli.ui.open_file.open_at", lambda path, line: opened.append((Path(path).name, line))
    )
    assert call("query", "-e", "values", "--open", "2").status == 0
    assert opened == [("cache.py", 17)]
    assert call("query", "-e", "values", "--open", "9").status == 2


# -- with a question --------------------------------------------------------------------------------------------------


def test_only_results_with_a_match_are_shown(shop: Path, call: Call):
    run = call("query", "cancel an order", shop, "-e", r"raise \w+", "--format", "json", "--no-update")
    value = json.loads(run.out)
    keeps_schema(value, "query")
    assert value["results"][0]["qualname"] == "cancel_order"
    assert [one["rank"] for one in value["results"]] == list(range(1, len(value["results"]) + 1))
    for one in value["results"]:
        source = (shop / one["path"]).read_text().splitlines()
        for line in one["matches"]:
            assert one["start_line"] <= line["line"] <= one["end_line"]
            assert source[line["line"] - 1] == line["text"]
            assert "raise " in line["text"]


def test_the_matching_lines_are_shown(shop: Path, call: Call):
    run = call("query", "cancel an order", shop, "-e", "refund", "-i", "-n", "1", "--no-update")
    assert "function cancel_order" in run.out
    assert "bank.refund" in run.out
    editors = call("query", "cancel an order", shop, "-e", "refund", "-n", "1", "--format", "vimgrep", "--no-update")
    assert "orders.py:75:14:        bank.refund(" in editors.out
    assert call("query", "cancel an order", shop, "-e", "no_such_text", "--no-update").status == 1


def test_a_result_far_down_the_ranking_is_found(shop: Path, call: Call):
    run = call("query", "cancel an order", shop, "-e", "func .*Address", "-n", "3", "--format", "json", "--no-update")
    results = json.loads(run.out)["results"]
    assert results
    assert all(one["path"].startswith("mail/") for one in results)


@pytest.mark.parametrize("quoted", ["raise ValueError", "raise valueerror"])
def test_quoted_text_must_be_there(shop: Path, call: Call, quoted: str):
    run = call("query", f'cancel an order "{quoted}"', shop, "--format", "json", "--no-update")
    if quoted.islower():
        assert run.err == "", "case does not matter without capitals"
    results = json.loads(run.out)["results"]
    assert results[0]["qualname"] == "cancel_order"
    assert all("raise ValueError" in line["text"] for one in results for line in one["matches"])


def test_quoted_text_that_is_nowhere_is_said_and_ignored(shop: Path, call: Call):
    run = call("query", 'cancel an order "no such text"', shop, "-n", "2", "--no-update")
    assert run.status == 0
    assert 'no result contains "no such text" as quoted; these are by meaning' in run.err
    assert "cancel_order" in run.out


def test_a_filter_by_concept_holds_for_matching_lines_and_for_results_with_a_match(small: Path, call: Call):
    assert call("concept", "add", "caching", "--like", "Cache.get").status == 0
    every = [name for name, _ in places(matched(call, "-e", "def "))]
    near = [name for name, _ in places(matched(call, "-e", "def ", "--concept", "caching>0.9"))]
    assert "Cache.get" in near
    assert set(near) < set(every)
    asked = [name for name, _ in places(matched(call, "get a value", "-e", "def ", "--concept", "caching>0.9"))]
    assert asked
    assert set(asked) <= set(near)
