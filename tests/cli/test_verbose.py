"""`--verbose` and CODESEARCH_LOG: what a command did and how long it took, on stderr."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import process


def test_verbose_shows_who_answered_and_how_long_it_took(small: Path):
    run = process("query", "retry an upload", small, "--verbose", cwd=small)
    assert run.status == 0
    assert f"codesearch.cli: root {small}, index {small / '.codesearch' / 'index.db'}" in run.err
    assert f"codesearch.service: no service for {small / '.codesearch' / 'index.db'}" in run.err
    assert "codesearch.cli: updated in " in run.err
    assert "ms: 2 files read, 0 deleted, 0 unchanged, 0 left" in run.err
    assert "codesearch.cli: this process answered in " in run.err


@pytest.mark.parametrize(
    "arguments", [("status", "-v"), ("-v", "status"), ("feedback", "list", "-v"), ("-v", "feedback", "list")]
)
def test_every_command_takes_verbose_before_and_after_its_name(small: Path, arguments: tuple[str, ...]):
    assert f"codesearch.cli: root {small}," in process(*arguments, cwd=small).err


def test_without_verbose_nothing_is_logged_nor_is_logging_imported(small: Path):
    assert process("index", "-q", cwd=small).err == ""
    code = (
        "import sys; from codesearch.cli.main import main; main(['query', 'retry', '-q', '--model', 'static']); "
        "print('logging' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=small, capture_output=True, text=True, timeout=60)
    assert run.stdout.endswith("False\n")
    assert run.stderr == ""


def test_the_environment_switches_it_on(small: Path):
    process("index", "-q", cwd=small)
    run = process("query", "retry", cwd=small, environment={"CODESEARCH_LOG": "info"})
    assert " INFO " in run.err
    assert " DEBUG " not in run.err


def test_an_unknown_level_is_an_error_of_one_line(small: Path):
    run = process("query", "retry", cwd=small, environment={"CODESEARCH_LOG": "loud"})
    assert run.status == 2
    assert run.err == (
        "codesearch: error: environment CODESEARCH_LOG: unknown level 'loud'; use debug, info or warning\n"
    )
