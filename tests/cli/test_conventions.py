"""Conventions of other tools: a query without a command, aliases, short options, queries without quotes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codesearch._version import __version__
from tests.support.command import process


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


@pytest.mark.parametrize("arguments", [("query", "-"), ("-",)])
def test_the_question_from_stdin(small: Path, arguments: tuple[str, ...]):
    run = process(*arguments, "-q", cwd=small, stdin=b"retry an\nupload\n")
    assert run.out.startswith("retry.py:1  function retry_upload")


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
