"""Conventions of other tools: a query without a command, aliases, short options, queries without quotes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from codesearch._version import __version__
from codesearch.cli.app import app
from codesearch.cli.names import NAMES
from codesearch.cli.topics import TOPICS
from tests.support.command import COMMAND, process
from tests.support.trees import write


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry an upload",),
        ("retry_upload",),
        ("search", "retry an upload"),
        ("find", "retry_upload"),
        ("query", "retry", "an", "upload"),
        ("query", "retry", "an", "upload", "."),
        ("retry", "an", "upload"),
    ],
)
def test_a_question_in_any_form(small: Path, arguments: tuple[str, ...]):
    run = process(*arguments, "-q", cwd=small)
    assert run.status == 0
    assert run.out.startswith("retry.py:1  function retry_upload")


@pytest.mark.parametrize("arguments", [("query", "-"), ("-",), ("context", "-")])
def test_the_question_from_stdin(small: Path, arguments: tuple[str, ...]):
    run = process(*arguments, "-q", cwd=small, stdin=b"retry an\nupload\n")
    assert run.out.removeprefix("## ").startswith("retry.py:1")
    assert "retry_upload" in run.out.splitlines()[0]


def test_a_mistyped_command_is_no_question(small: Path):
    run = process("statsu", cwd=small)
    assert run.status == 2
    assert run.err == "codesearch: error: No such command 'statsu'. Did you mean 'status'? Try `codesearch --help`.\n"


def test_a_path_that_does_not_exist_is_no_word_of_the_question(small: Path):
    assert "no such folder" in process("query", "retry", "src/nope", cwd=small).err


@pytest.mark.parametrize("arguments", [("-V",), ("--version",)])
def test_version(small: Path, arguments: tuple[str, ...]):
    assert process(*arguments, cwd=small).out == f"codesearch {__version__}\n"


def test_help_in_any_form(small: Path):
    for arguments in ("query -h", "query --help", "help query"):
        assert process(*arguments.split(), cwd=small).out.startswith("Usage: codesearch query ")
    for arguments in ("-h", "help", ""):
        assert process(*arguments.split(), cwd=small).out.startswith("Usage: codesearch [OPTIONS] COMMAND")


def test_short_options_and_negation(small: Path):
    assert process("query", "retry", "-l", "-q", "-n", "1", cwd=small).out == "retry.py\n"
    assert process("query", "retry", "--json", "-q", cwd=small).json["results"][0]["path"] == "retry.py"
    assert "retry.py" not in process("query", "retry", "-g", "!retry*", "-l", "-q", cwd=small).out
    assert process("query", "retry", "-t", "!python", "-q", cwd=small).status == 1
    assert process("query", "retry", "-t", "py", "--is", "!test", "-q", cwd=small).status == 0
    assert "there is no role `tset`; did you mean `test`?" in process("symbols", "--is", "!tset", cwd=small).err
    assert "use only one of" in process("query", "retry", "--json", "-l", cwd=small).err


def test_as_a_module(small: Path):
    done = subprocess.run(
        [sys.executable, "-m", "codesearch", "-V"], cwd=small, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"codesearch {__version__}\n"


def test_help_lists_commands_in_groups_and_cuts_nothing(small: Path):
    for columns in ("60", "80", "120"):
        out = process("--help", cwd=small, environment={"COLUMNS": columns}).out
        assert [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")] == [
            "Search:", "References:", "Atlas:", "Index:", "Server:", "Set up:", "Measure:", "Reference:", "Options:",
        ]  # fmt: skip
        assert "..." not in out.partition("Search:")[2]
        assert max(map(len, out.splitlines())) <= max(80, int(columns))
    assert set(NAMES) == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def every_command(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command and subcommand."""
    for name, one in group.commands.items():
        yield (*before, name)
        if hasattr(one, "commands"):
            yield from every_command(one, *before, name)


@pytest.mark.parametrize("command", list(every_command(typer.main.get_command(app))), ids=" ".join)
def test_no_help_is_wider_than_80_columns(call, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    run = call(*command, "--help")
    assert run.status == 0
    assert [line for line in run.out.splitlines() if len(line) > 80] == []


def test_options_are_listed_in_groups(small: Path):
    out = process("query", "--help", cwd=small).out
    titles = re.findall(r"^(\w[\w ]*):$", out, re.M)
    assert titles == [
        "Arguments",
        "Results",
        "Exact words",
        "Filters",
        "Output",
        "Index",
        "Reranking",
        "Server",
        "General",
    ]
    assert "--lang" in out.partition("Filters:")[2].partition("Output:")[0]
    assert "Reranking:" not in process("clean", "--help", cwd=small).out


def test_topics(small: Path):
    listed = process("help", cwd=small)
    assert "codesearch help" in listed.out
    for topic, (title, text) in TOPICS.items():
        run = process("help", topic, cwd=small)
        assert (run.status, run.out) == (0, f"{title}\n\n{text}")
        assert max(map(len, text.splitlines())) <= 78
        assert topic in listed.out
    assert process("help", "search", cwd=small).out.startswith("Usage: codesearch query ")
    assert process("help", "model", "add", cwd=small).out.startswith("Usage: codesearch model add ")
    wrong = process("help", "fliters", cwd=small)
    assert wrong.status == 2
    assert "there is no command or topic `fliters`; did you mean `filters`?" in wrong.err


def test_the_manual_page(small: Path, tmp_path: Path):
    page = process("man", cwd=small)
    assert page.status == 0
    assert page.out.isascii()
    plain = page.out.replace(r"\-", "-")
    for name in NAMES:
        assert f'.SS "codesearch {name} ' in plain
    for option in ("--min-score X", "-g, --path GLOB", "--all", "--embed WHEN"):
        assert option in plain
    if shutil.which("groff") is None:
        pytest.skip("no groff to check it with")
    done = subprocess.run(["groff", "-ww", "-man", "-Tascii"], input=page.raw, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def completed(cwd: Path, *words: str) -> list[str]:
    """Return what the script for bash offers for the last word."""
    environment = {"_CODESEARCH_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(("codesearch", *words))}
    run = process(cwd=cwd, environment={**environment, "COMP_CWORD": str(len(words))})
    assert run.err == ""
    return run.out.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sho",), ["show"]),
        (("query", "x", "--lang", "pyt"), ["python"]),
        (("query", "x", "--lang", "!pyt"), ["!python"]),
        (("symbols", "--kind", "me"), ["member", "method"]),
        (("symbols", "--is", "v"), ["vendored"]),
        (("query", "x", "--model", "tr"), ["transformer"]),
        (("query", "x", "--format", "nd"), ["ndjson"]),
        (("model", "use", "st"), ["static"]),
        (("config", "set", "cache_"), ["cache_size"]),
        (("help", "exit"), ["exit-status"]),
        (("schema", "query-"), [*(f"query-{one}" for one in "batch lines lines-ndjson ndjson remote repo".split())]),
        (("show", "ret"), ["retry_upload"]),
        (("similar", "Cache.g"), ["Cache.get"]),
        (("why", "send again", "nothing_like_it"), []),
    ],
)
def test_completion(small: Path, words: tuple[str, ...], offered: list[str]):
    process("index", "-q", cwd=small)
    assert completed(small, *words) == offered


def test_completion_of_names_without_an_index_or_with_a_damaged_one(small: Path):
    assert completed(small, "show", "ret") == []
    assert not (small / ".codesearch").exists()
    (small / ".codesearch").mkdir()
    (small / ".codesearch" / "index.db").write_text("no database")
    assert completed(small, "show", "ret") == []


IN_A_SHELL = {
    "bash": "source <(codesearch --show-completion); COMP_WORDS=(codesearch show ret); COMP_CWORD=2; "
    '_codesearch_completion codesearch; echo "${COMPREPLY[@]}"',
    # The Tab key works only in an interactive shell, which zpty runs. It reads until the name is there.
    "zsh": "zmodload zsh/zpty; zpty inner zsh -f -i; "
    "zpty -w inner 'PS1=; autoload -Uz compinit; compinit -u -D; source <(codesearch --show-completion)'; "
    "zpty -w -n inner $'codesearch show ret\\t'; zpty -r inner output '*retry_upload' && echo retry_upload",
    "fish": "codesearch --show-completion | source; complete --do-complete 'codesearch show ret'",
}


@pytest.mark.parametrize("shell", IN_A_SHELL)
def test_completion_in_a_real_shell(small: Path, tmp_path: Path, shell: str):
    path = shutil.which(shell)
    if path is None:
        assert os.environ.get("CI") != "true", f"tests/editors/install.sh installs {shell}"
        pytest.skip(f"no {shell}")
    process("index", "-q", cwd=small)
    write(tmp_path, {"bin/codesearch": f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n'})
    (tmp_path / "bin" / "codesearch").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SHELL": path}
    done = subprocess.run(
        [path, "-c", IN_A_SHELL[shell]], cwd=small, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["retry_upload"], done.stderr


def test_completion_is_not_installed_without_a_question(small: Path, private_home: Path):
    run = process("--install-completion", cwd=small, environment={"SHELL": "/bin/bash"})
    assert run.status == 2
    assert "~/." in run.err
    assert "there is no terminal to ask on; `codesearch --show-completion` prints the script" in run.err
    assert not [*private_home.iterdir()]
