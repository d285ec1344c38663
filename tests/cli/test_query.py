"""The main task: a question, and the function that answers it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import copied
from tests.support.command import Run, process
from tests.support.trees import write


def test_first_query_indexes_and_answers(small: Path):
    first = process("query", "send a file again after a broken connection", small, cwd=small.parent)
    assert first.status == 0
    assert first.out.startswith("small/retry.py:1  function retry_upload  ")
    assert "   1 │ def retry_upload(path, times=3):\n" in first.out
    assert first.err == f"codesearch: indexing {small} (2 files)\n"
    again = process("query", "send a file again after a broken connection", small, cwd=small.parent)
    assert (again.out, again.err) == (first.out, "")


def test_the_command_alone_has_the_help_it_has_among_the_others(call):
    from codesearch.cli.app import app

    with contextlib.redirect_stdout(io.StringIO()) as among_others:
        app(["query", "--help"], prog_name="codesearch", standalone_mode=False)
    assert call("query", "--help").out == among_others.getvalue()
    assert "--min-score" in among_others.getvalue()


def test_a_query_imports_no_other_command(small: Path, tmp_path: Path):
    script = """
import sys
from codesearch.cli.main import main
status = main(sys.argv[1:])
names = {name.rsplit(".", 1)[-1] for name in sys.modules if name.startswith("codesearch.cli.")}
print(status, *sorted({"app", "bench", "editor", "evaluate", "model", "query"} & names), file=sys.stderr)
"""
    command = [sys.executable, "-c", script, "query", "--quiet", "send a file again", str(small)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert run.stderr == "0 query\n"


def test_declaration_over_lines_is_shown_on_one(small: Path, call):
    text = call("query", "Cache.put", small, "-n", "1").out
    header, signature, *body = text.splitlines()
    assert header.startswith("cache.py:11  method Cache.put  ")
    assert signature.startswith("  def put(")
    assert "value: object" in signature
    assert body == [
        '  16 │     """Store a value and the time it was stored at."""',
        "  17 │     self.values[key] = value",
    ]


def test_finds_in_real_code(shop: Path, call):
    run = call("query", "tell the customer how far the delivery is", shop, "--format", "json", "-n", "5")
    assert run.status == 0
    assert "TrackingView" in [hit["name"] for hit in run.json["results"]]


def test_what_changed_is_found(small: Path, call):
    assert call("query", "Cache", small).status == 0
    write(small, {"zebra.py": "def paint_zebra():\n    return 'stripes'\n"})
    (small / "retry.py").unlink()
    assert call("query", "paint_zebra", small, "--format", "paths", "-n", "1").out == "zebra.py\n"
    assert "retry.py" not in call("query", "retry_upload", small, "--format", "paths").out


def test_no_update_answers_from_what_is_there(small: Path, call):
    call("index", small)
    (small / "retry.py").write_text("def other():\n    pass\n")
    run = call("query", "retry_upload", small, "--no-update", "-n", "1", "--format", "json")
    assert run.json["results"][0]["name"] == "retry_upload"
    fresh = call("query", "retry_upload", small, "--format", "json")
    assert "retry_upload" not in [hit["name"] for hit in fresh.json["results"]]


def test_no_update_needs_an_index(small: Path, call):
    run = call("query", "x", small, "--no-update")
    assert run.status == 2
    assert "not indexed yet" in run.err


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        (["--kind", "class"], "cache", {"class"}),
        (["--kind", "class", "--kind", "method"], "cache", {"class", "method"}),
        (["--name", "get*"], "value", {"method"}),
        ([], "value kind:method", {"method"}),
        ([], "value -kind:method -kind:module -kind:function", {"class"}),
    ],
)
def test_filters(small: Path, call, options: list[str], text: str, expected: set[str]):
    run = call("query", text, small, *options, "--format", "json", "-n", "50")
    assert {hit["kind"] for hit in run.json["results"]} == expected


def test_filters_that_leave_nothing(small: Path, call):
    for option in (["--lang", "go"], ["--path", "nowhere/**"], ["--name", "zzz"]):
        run = call("query", "cache", small, *option)
        assert (run.status, run.out, run.err.splitlines()[-1]) == (1, "", "codesearch: no results")


def test_query_that_begins_with_a_dash(small: Path, call):
    options = ("--format", "paths", "-n", "1")
    assert call("query", *options, "--", "-is:test retry upload", small).out == "retry.py\n"


@pytest.mark.parametrize(
    "typed",
    [
        ("query", "-is:test retry upload"),
        ("-is:test retry upload",),
        ("find", "-lang:go", "retry", "upload"),
        ("query", "retry", "-path:nowhere/**", "upload"),
        ("retry upload", "-Kind:class"),
    ],
)
def test_an_excluding_filter_may_stand_anywhere(small, call, typed):
    assert call(*typed, "--format", "paths", "-n", "1").out == "retry.py\n"


def test_the_value_of_an_option_is_no_filter(small, call):
    (small / "flags.py").write_text("FLAGS = ['-is:test']\n", encoding="utf-8")
    assert call("query", "-e", "-is:test", "--format", "paths").out == "flags.py\n"


def test_folder_left_out_means_the_one_around(small: Path, monkeypatch: pytest.MonkeyPatch, call):
    call("index", small)
    (small / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(small / "deep" / "er")
    assert call("query", "retry_upload", "--format", "json").json["root"] == str(small)


def test_folder_named_is_searched_in_the_index_around_it(small: Path, monkeypatch: pytest.MonkeyPatch, call):
    call("index", small)
    write(small / "inner", {"one.py": "def one():\n    pass\n"})
    monkeypatch.chdir(small)
    found = call("query", "one", "inner", "--format", "json").json
    assert found["root"] == str(small)
    assert {hit["path"] for hit in found["results"]} == {"inner/one.py"}


def test_batch(small: Path, call, tmp_path: Path):
    queries = tmp_path / "queries.txt"
    queries.write_bytes("\ufeffretry upload\r\nkéy with a time to live\n".encode())
    run = call("query", "--batch", queries, "--format", "ndjson", "--limit", "2", small)
    assert run.status == 0
    assert [line["query"] for line in run.lines] == ["retry upload", "kéy with a time to live"]
    assert [len(line["results"]) for line in run.lines] == [2, 2]
    assert run.lines[0]["results"][0]["path"] == "retry.py"
    assert [hit["rank"] for hit in run.lines[1]["results"]] == [1, 2]


def test_batch_from_stdin_with_bad_lines_stays_in_step(small: Path):
    run = process("query", "--batch", "-", small, cwd=small, stdin=b"retry\n\nlang:go\nkind:method -is:test\ncache")
    assert run.status == 2
    assert [line["query"] for line in run.lines] == ["retry", "", "lang:go", "kind:method -is:test", "cache"]
    assert [bool(line.get("error")) for line in run.lines] == [False, False, True, True, False]
    assert [bool(line["results"]) for line in run.lines] == [True, False, False, False, True]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_batch_reads_what_editors_and_shells_write(small: Path, call, tmp_path: Path, encoding: str, end: str):
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    queries = tmp_path / "queries.txt"
    typed = ["retry upload", "", "  ", "kéy with a time to live 订单", ""]
    queries.write_bytes((mark + end.join([*typed, "cache"])).encode(encoding))
    run = call("query", "--batch", queries, "--limit", "1", small)
    assert run.status == 0
    assert [line["query"] for line in run.lines] == [*typed, "cache"]
    assert [len(line["results"]) for line in run.lines] == [1, 0, 0, 1, 0, 1]
    assert not any("error" in line for line in run.lines)


def test_a_batch_of_nothing(small: Path, call, tmp_path: Path):
    (tmp_path / "empty.txt").write_bytes(b"")
    run = call("query", "--batch", tmp_path / "empty.txt", small)
    assert (run.status, run.out) == (1, "")


def test_batch_says_what_is_wrong(small: Path, call, tmp_path: Path):
    for arguments, part in (
        (["--batch", tmp_path / "none.txt", small], "none.txt: no such file"),
        (["--batch", "-", "text", small], "omit TEXT"),
        (["--batch", "-", "--format", "vimgrep", small], "ndjson"),
    ):
        run = call("query", *arguments)
        assert run.status == 2
        assert part in run.err


def test_similar_knows_files_by_any_name(shop: Path, monkeypatch: pytest.MonkeyPatch, call):
    monkeypatch.chdir(shop.parent)
    lines = (shop / "shop" / "prices.py").read_text("utf-8").split("\n")
    line = 1 + next(number for number, text in enumerate(lines) if text.startswith("def with_vat("))
    answers = []
    for name in (str(shop / "shop" / "prices.py"), os.path.relpath(shop / "shop" / "prices.py"), "shop/prices.py"):
        run = call("similar", f"{name}:{line}", shop, "--format", "json", "-n", "3")
        assert run.status == 0
        assert (run.json["file"], run.json["line"]) == ("shop/prices.py", line)
        answers.append([hit["qualname"] for hit in run.json["results"]])
    assert answers[0] == answers[1] == answers[2]
    assert "with_vat" not in answers[0]
    assert "CartLine.total_cents" in answers[0], "which calls it"


def test_similar_says_what_is_wrong(small: Path, call):
    write(small, {"notes.txt": "nothing\n"})
    for place, part in (
        ("retry.py", "FILE:LINE"),
        ("none.py:3", "no such file"),
        ("retry.py:999", "no such line"),
        ("notes.txt:1", "notes.txt: is left out: unknown language"),
    ):
        run = call("similar", place, small)
        assert run.status == 2, place
        assert part in run.err


def test_answers_of_this_project(tmp_path: Path, call):
    tree = copied(Path(__file__).parents[2] / "codesearch" / "cli", tmp_path / "cli")
    run: Run = call("query", "decide whether to use colours", tree, "--format", "json", "-n", "5")
    assert "look" in [hit["name"].lower() for hit in run.json["results"]]
