"""The Vim plugin in Vim 9: with the command's vimgrep output, and with ALE's connection to the server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.editors import conftest
from tests.editors.conftest import HERE, Repository

pytestmark = pytest.mark.timeout(120)

WRONG_COMMAND = "print('cart.py:1:1:def wrong()')"


@pytest.fixture
def vim() -> str:
    conftest.required("vim")
    said = subprocess.run(["vim", "--version"], capture_output=True, text=True, check=True).stdout
    if "+job" not in said or "Vi IMproved 9" not in said:
        conftest.absent("not a Vim 9 with +job")
    return "vim"


@pytest.fixture
def ale() -> None:
    if not list(Path("/usr/share/vim/vimfiles/pack").glob("*/*/ale")) and not list(
        Path("/usr/share/vim").glob("**/pack/*/opt/ale")
    ):
        conftest.absent("Vim lacks ALE")


def _run(
    vim: str, cases: str, repository: Repository, home: Path, server: Sequence[str], *, ale: bool, wait: int = 20000
) -> subprocess.CompletedProcess[str]:
    environment = {
        **repository.environment(home, server), "CS_CASES": cases, "CS_ALE": str(int(ale)), "CS_WAIT": str(wait),
    }  # fmt: skip
    command = [vim, "-Nu", "NONE", "-i", "NONE", "-es", "-S", str(HERE / "vim.vim")]
    return conftest.run(command, environment, repository.root.parent)


def test_over_the_command_line(vim: str, repository: Repository, home: Path) -> None:
    done = _run(vim, "query similar stale nothing root", repository, home, [*conftest.COMMAND, "lsp"], ale=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") == 5, done.stdout


def test_over_ale(vim: str, ale: None, repository: Repository, home: Path) -> None:
    done = _run(vim, "query similar unsaved symbols nothing", repository, home, conftest.server(), ale=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") == 5, done.stdout


@pytest.mark.parametrize("case", ["early", "emoji"])
def test_answers_of_a_special_kind_over_ale(vim: str, ale: None, case: str, repository: Repository, home: Path) -> None:
    done = _run(vim, case, repository, home, conftest.fake(case, home / "log"), ale=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") == 1, done.stdout


def test_wrong_answers_of_the_command_are_noticed(vim: str, repository: Repository, home: Path) -> None:
    server = [sys.executable, "-c", WRONG_COMMAND, "lsp"]
    done = _run(vim, "query similar nothing", repository, home, server, ale=False, wait=1000)
    assert done.returncode == 1
    assert done.stdout.count("FAIL") == 3, done.stdout


def test_wrong_answers_over_ale_are_noticed(vim: str, ale: None, repository: Repository, home: Path) -> None:
    server = conftest.fake("wrong", home / "log")
    done = _run(vim, "query similar unsaved symbols", repository, home, server, ale=True, wait=1000)
    assert done.returncode == 1
    assert done.stdout.count("FAIL") == 4, done.stdout


def test_no_command_is_an_error_that_says_why(vim: str, repository: Repository, home: Path) -> None:
    done = _run(vim, "query", repository, home, ["/no/such/codesearch", "lsp"], ale=False, wait=1000)
    assert done.returncode == 1
    assert "no command /no/such/codesearch" in done.stdout, done.stdout


def test_a_command_that_fails_is_an_error_that_says_why(vim: str, repository: Repository, home: Path) -> None:
    broken = "import sys; print('codesearch: error: the index is damaged', file=sys.stderr); sys.exit(2)"
    server = [sys.executable, "-c", broken, "lsp"]
    done = _run(vim, "query", repository, home, server, ale=False, wait=2000)
    assert done.returncode == 1
    assert "codesearch: error: the index is damaged" in done.stdout, done.stdout
