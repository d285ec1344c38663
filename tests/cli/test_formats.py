"""Output formats: JSON that follows its schema, lines for editors, any file name, any locale."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Run, process
from tests.support.schemas import keeps_schema
from tests.support.trees import write

ODD_NAMES = ["with space.py", "new\nline.py", "quo'te\".py", "tab\t.py", "-dash.py", "ünïcode.py", "esc\x1b[31m.py"]
NOT_UTF8 = b"caf\xe9.py"


@pytest.mark.parametrize("options", [[], ["--snippet"], ["--snippet", "--context", "2"]])
def test_json_keeps_the_schema(shop: Path, call, options: list[str]):
    answer = call("query", "cancel an order", shop, "--format", "json", *options).json
    keeps_schema(answer, "query")
    hits = answer["results"]
    assert [hit["rank"] for hit in hits] == list(range(1, 11))
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    for hit in hits:
        lines = (shop / hit["path"]).read_text("utf-8").split("\n")
        expected = lines[hit["start_line"] - 1 : hit["end_line"]]
        expected = expected[:2] if "--context" in options else expected[:400]
        assert hit.get("snippet") == ("\n".join(expected) if "--snippet" in options else None)


def test_vimgrep_and_paths(small: Path, call):
    run = call("query", "cache value", small, "--format", "vimgrep", "--kind", "method")
    assert run.out.splitlines()[0].split(":", 3)[:3] in (["cache.py", "7", "5"], ["cache.py", "11", "5"])
    assert "def get(self, key: str) -> object" in run.out
    assert call("query", "cache value", small, "--format", "paths", "--path", "cache.py").out == "cache.py\n"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("odd")
    write(root, {name: f"def wombat():\n    return 'burrow {at}'\n" for at, name in enumerate(ODD_NAMES)})
    return root


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system refuses such names")
def test_odd_names_come_through_every_format(odd: Path):
    (odd / os.fsdecode(NOT_UTF8)).write_text("def wombat():\n    return 'burrow'\n")

    def ask(format: str):
        return process("query", "wombat", odd, "--kind", "function", "-n", "50", "--format", format, cwd=odd)

    names = {*map(os.fsencode, ODD_NAMES), NOT_UTF8}
    assert {os.fsencode(hit["path"]) for hit in ask("json").json["results"]} == names
    assert {os.fsencode(hit["path"]) for hit in ask("ndjson").lines} == names
    paths = ask("paths").raw
    assert all(name + b"\n" in paths for name in names)
    for format in ("vimgrep", "text"):
        raw = ask(format).raw
        assert NOT_UTF8 + b":1" in raw
        assert b"new\\nline.py:1" in raw
        assert b"esc\\x1b[31m.py:1" in raw
        assert b"\x1b" not in raw
    assert len(ask("vimgrep").raw.splitlines()) == len(names)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system refuses such names")
def test_a_path_with_escapes_is_an_argument_as_it_was_printed(tmp_path: Path):
    """Also where a name has both an escape and what looks like one, and below a folder with such a name."""
    name = "do\nwn/es\x1bcape\\n.py"
    write(tmp_path, {name: "def numbat():\n    return 'termites'\n\n\ndef bilby():\n    return numbat()\n"})
    (tmp_path / ".git").mkdir()

    def ask(*arguments: str) -> Run:
        run = process(*arguments, cwd=tmp_path)
        assert run.status == 0, run.err
        return run

    printed = ask("query", "numbat", "-n", "1", "--format", "vimgrep").out.splitlines()[0].split(":")[0]
    assert printed == "do\\nwn/es\\x1bcape\\n.py"
    assert "termites" in ask("show", f"{printed}:1").out
    assert ask("callers", f"{printed}:2").out.startswith(f"{printed}:5")
    assert ask("why", "numbat", f"{printed}:1").out
    assert ask("related", f"{printed}:1").out
    assert ask("outline", printed).out.startswith(printed)
    for filters in (["--path", printed], ["--path", "do\\nwn"], [f"path:{printed}"], [r"do\nwn"]):
        paths = ask("query", "function", *filters, "--format", "paths").raw
        assert paths == name.encode() + b"\n", filters
    found = json.loads(ask("context", "numbat", "--format", "json").raw)
    assert found["results"][0]["path"] == name


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
)
def test_any_locale(tmp_path: Path, locale: dict[str, str]):
    write(tmp_path, {"a.py": 'def größe(x):\n    """日本 größe."""\n    return x\n'})
    for format in ("text", "json", "vimgrep"):
        run = process("query", "größe", tmp_path, "--format", format, cwd=tmp_path, environment=locale)
        assert (run.status, "Traceback" in run.err) == (0, False), run.err
        assert b"a.py" in run.raw
    assert json.loads(process("query", "x", tmp_path, "--format", "json", cwd=tmp_path, environment=locale).raw)[
        "results"
    ]


@pytest.mark.skipif(os.name != "posix", reason="file names are Unicode there")
def test_the_names_in_an_index_are_the_same_in_any_locale(tmp_path: Path):
    """Python then reads names as ASCII, with everything else escaped."""
    write(tmp_path, {"größe.py": "def wombat():\n    return 1\n", "日/本.py": "def bilby():\n    return 2\n"})
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    def ask(locale: dict[str, str]) -> Any:
        return process("query", "wombat", "--format", "json", "-n", "2", cwd=tmp_path, environment=locale).json

    asked = [ask(ascii_only), ask({"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}), ask(ascii_only)]
    assert [hit["path"] for hit in asked[0]["results"]] == ["größe.py", "日/本.py"]
    assert asked[0] == asked[1] == asked[2]
    assert process("symbols", "--path", "größe.py", cwd=tmp_path, environment=ascii_only).raw.startswith(
        "größe".encode()
    )
    assert process("outline", "größe.py", cwd=tmp_path, environment=ascii_only).raw.startswith("größe.py".encode())


def test_symbols_lists_in_order(small: Path, call):
    out = call("symbols", small, "--kind", "method", "--kind", "class").out
    assert [line.split("  ")[:2] for line in out.splitlines()] == [
        ["cache.py:4", "class Cache"],
        ["cache.py:7", "method Cache.get"],
        ["cache.py:11", "method Cache.put"],
    ]
    assert call("symbols", small, "-n", "1").out.count("\n") == 1
    assert call("symbols", small, "--name", "nothing*").status == 1


def test_show_prints_the_bare_source_in_a_pipe(small: Path, call):
    assert call("show", "retry_upload", small).out == (small / "retry.py").read_text()
    assert call("show", "Cache.get", small).out.startswith("    def get(self")
    assert call("show", "retry.py:3", small).out == (small / "retry.py").read_text()
    assert call("show", "zebra", small).status == 1


def test_show_prints_all_of_a_long_symbol(tmp_path: Path, call):
    body = "".join(f"    value_{number} = {number}\n" for number in range(1000))
    write(tmp_path, {"long.py": f"def endless():\n{body}"})
    assert call("show", "endless", tmp_path).out == f"def endless():\n{body}"


def test_show_says_that_there_are_more(tmp_path: Path, call):
    write(tmp_path, {f"{letter}.py": f"def same():\n    return '{letter}'\n" for letter in "abc"})
    one = call("show", "same", tmp_path)
    assert one.out.count("def same") == 1
    assert "2 more with this name" in one.err
    assert call("show", "same", tmp_path, "-n", "3").out.count("def same") == 3
