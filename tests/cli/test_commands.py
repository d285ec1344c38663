"""Commands that manage an index, locations, help, and the cost of starting a command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import codesearch
from codesearch import settings as known
from codesearch.cli.targets import place
from tests.support.command import process
from tests.support.schemas import keeps_schema
from tests.support.trees import write

COMMANDS = ("query", "similar", "show", "symbols", "index", "status", "clean", "config")


def test_index_tells_what_it_did(small: Path, call):
    first = call("index", small)
    assert first.status == 0
    assert first.out == ""
    assert re.search(r": 2 files indexed in [0-9.]+ s \(\d+ symbols, [0-9.]+ (bytes|kB|MB)/s\)\n$", first.err)
    assert call("index", small).err == f"codesearch: {small}: up to date (2 files)\n"
    (small / "retry.py").unlink()
    assert call("index", small).err == f"codesearch: {small}: 1 deleted, 1 unchanged\n"
    assert "retry.py" not in call("symbols", small).out


def test_include_and_exclude(tmp_path: Path, call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"a.py": "def a(): pass\n", "gen/b.py": "def b(): pass\n", "c.py": "def c(): pass\n"})
    call("index", tmp_path, "--exclude", "gen/**", "--exclude", "c.py")
    assert call("symbols", tmp_path, "--no-update", "--format", "paths").out == "a.py\n"
    call("index", tmp_path, "--include", "gen/**")
    assert call("symbols", tmp_path, "--no-update", "--format", "paths").out == "gen/b.py\n"


def test_db_names_another_place(small: Path, call, tmp_path: Path):
    db = tmp_path / "elsewhere" / "x.db"
    assert call("query", "retry_upload", small, "--db", db).status == 0
    assert db.exists()
    assert not (small / ".codesearch").exists()
    assert str(db) in call("status", small, "--db", db).out
    assert call("clean", small, "--db", db).status == 0
    assert not db.exists()


def test_status_is_true_to_the_moment(small: Path, call):
    fresh = call("status", small)
    assert fresh.status == 1
    assert "not indexed yet (2 files to read)" in fresh.out
    call("index", small)
    write(small, {"new.py": "x = 1\n", "notes.zzz": "?\n", "blob.py": "\x00\x01" * 5000})
    (small / "retry.py").unlink()
    stale = call("status", small)
    assert stale.status == 0
    assert "out of date: 2 files new or changed, 1 deleted" in stale.out
    call("index", small)
    run = call("status", small, "--skipped")
    assert "state     up to date\n" in run.out
    assert re.search(r"python +2 files +\d+ symbols", run.out)
    assert re.search(r"skipped   1 file\n  binary +1 holds NUL bytes.*\n    blob\.py", run.out)
    assert ".zzz 1" in run.out
    report = call("status", small, "--format", "json", "--skipped").json
    assert (report["fresh"], report["files"], report["skipped"]) == (True, 2, {"binary": 1})
    assert report["skipped_files"][0]["path"] == "blob.py"
    assert report["model"].startswith("static@")


def test_quiet_status_has_no_notes(small: Path, call):
    write(small, {"inner/.git": "broken\n", "inner/a.py": "a = 1\n"})
    call("index", small)
    assert "walked the folder instead" in call("status", small).out
    quiet = call("status", small, "-q")
    assert (quiet.status, "walked" in quiet.out, quiet.err) == (0, False, "")
    assert "state     up to date\n" in quiet.out


def test_symbols_with_context_show_the_first_lines_of_each(small: Path, call):
    without = call("symbols", small, "--name", "retry_upload").out
    assert "│" not in without
    shown = call("symbols", small, "--name", "retry_upload", "-C", 1).out
    assert shown.startswith(without)
    assert re.search(r"\n +\d+ │ def retry_upload\(", shown)
    assert "more line" in shown


def test_clean_removes_the_index_and_nothing_else(small: Path, call):
    call("index", small)
    assert call("clean", small).status == 0
    assert not (small / ".codesearch" / "index.db").exists()
    assert (small / "retry.py").exists()
    again = call("clean", small)
    assert (again.status, "there is no index" in again.err) == (1, True)


def test_config_says_where_each_value_comes_from(small: Path, call, monkeypatch: pytest.MonkeyPatch):
    (small / ".codesearch.toml").write_text('limit = 7\nexclude = ["gen/**"]\n')
    monkeypatch.setenv("CODESEARCH_CONTEXT", "3")
    lines = {line.split()[0]: line for line in call("config", small, "--color", "never").out.splitlines()}
    assert re.search(r"limit +7 .*\.codesearch\.toml", lines["limit"])
    assert re.search(r"context +3 .*CODESEARCH_CONTEXT", lines["context"])
    assert re.search(r'color +"never" .*option', lines["color"])
    assert re.search(r"workers +0 .*default", lines["workers"])
    assert '["gen/**"]' in lines["exclude"]
    settings = call("config", small, "--format", "json").json["settings"]
    assert settings["limit"]["value"] == 7
    assert set(settings) == set(known.NAMES)


def test_settings_are_used(small: Path, call):
    (small / ".codesearch.toml").write_text("limit = 1\ncontext = 0\n")
    assert call("query", "cache", small).out.count("\n") == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("src/a.py:12", ("src/a.py", 12)),
        ("src/a.py:12:7", ("src/a.py", 12)),
        ("C:\\x.py:12", ("C:\\x.py", 12)),
        ("C:\\x.py:12:3", ("C:\\x.py", 12)),
        ("/abs/a b.py:1", ("/abs/a b.py", 1)),
        ("new\nline.py:3", ("new\nline.py", 3)),
        ("C:\\x.py", None),
        ("Engine::run", None),
        ("name", None),
        (":12", None),
        ("a.py:", None),
    ],
)
def test_places(text: str, expected: tuple[str, int] | None):
    assert place(text) == expected


def test_a_file_with_a_number_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if sys.platform == "win32":
        pytest.skip("no colons in names")
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"a:1": "x\n"})
    assert place("a:1:2") == ("a:1", 2)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples(call, command: str):
    run = call(command, "--help")
    assert run.status == 0
    examples = [line for line in run.out.splitlines() if line.startswith(f"    codesearch {command}")]
    assert examples
    assert max(map(len, run.out.splitlines())) <= 80


def test_alone_it_prints_its_help(call):
    run = call()
    assert (run.status, run.err) == (0, "")
    assert all(f"\n  {command}" in run.out for command in COMMANDS)


def test_version(call):
    assert call("--version").out == f"codesearch {codesearch.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell: str):
    asked = {"bash": {"COMP_WORDS": "codesearch st", "COMP_CWORD": "1"}}.get(
        shell, {"_TYPER_COMPLETE_ARGS": "codesearch st", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    )
    run = process(cwd=tmp_path, environment={"_CODESEARCH_COMPLETE": f"complete_{shell}", **asked})
    assert "status" in run.out, run.err


HEAVY = (
    "rich", "pygments", "filelock", "tree_sitter", "sqlite_vec", "pydantic", "platformdirs", "sqlite3",
    "tempfile", "importlib.resources",
    "codesearch.extract.symbols", "codesearch.extract.scan", "codesearch.languages.grammar",
    "codesearch.extract.documents", "codesearch.indexing.update", "codesearch.indexing.worker",
)  # fmt: skip


@pytest.mark.parametrize("format", ["text", "json", "vimgrep"])
def test_a_query_imports_little_when_nothing_changed(small: Path, format: str):
    arguments = ["query", "retry_upload", str(small), "--format", format]
    process("index", small, cwd=small)
    script = (
        f"import sys, json; from codesearch.cli.main import main; status = main({arguments!r}); "
        f"print(json.dumps([status, [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_status_says_where_the_bytes_are(small: Path, call):
    assert call("status", small, "--bytes").out.count("bytes ") == 0, "there is no index"
    call("index", small, "--quiet")
    plain = call("status", small).out
    run = call("status", small, "--bytes")
    assert run.out.startswith(plain)
    assert re.match(r"bytes     [0-9.]+ [kM]B, [0-9.]+ times the source\n(  [a-z ]+ +[0-9.]+ [kM]B +[0-9.]+%\n)+$",
                    run.out[len(plain):])  # fmt: skip
    value = call("status", small, "--bytes", "--format", "json").json
    keeps_schema(value, "status")
    assert {"full text", "symbols", "vectors"} <= {part["purpose"] for part in value["bytes"]}
    assert "bytes" not in call("status", small, "--format", "json").json
