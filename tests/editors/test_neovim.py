"""The Neovim plugin in Neovim 0.7.2 (from Debian) and in a current version (from a wheel)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.editors import conftest
from tests.editors.conftest import HERE, Repository

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(params=["debian", "wheel"])
def nvim(request: pytest.FixtureRequest) -> str:
    found = conftest.neovims()[request.param]
    if found is None:
        conftest.absent(f"no Neovim of this kind: {request.param}")
    assert found is not None
    return found


def _run(
    nvim: str, cases: str, repository: Repository, home: Path, server: Sequence[str], wait: int = 15000
) -> subprocess.CompletedProcess[str]:
    environment = {**repository.environment(home, server), "CS_CASES": cases, "CS_WAIT": str(wait)}
    command = [nvim, "--headless", "--clean", "-S", str(HERE / "neovim.lua")]
    return conftest.run(command, environment, repository.root.parent)


def test_versions_differ() -> None:
    found = conftest.neovims()
    if None in found.values():
        conftest.absent(f"not both Neovims: {found}")
    said = {
        name: subprocess.run([str(path), "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        for name, path in found.items()
    }
    assert said["debian"].startswith("v0.7.")
    assert said["wheel"].startswith("v0.11.")


def test_questions_and_answers(nvim: str, repository: Repository, home: Path) -> None:
    cases = "query picker select similar action unsaved health options root"
    done = _run(nvim, cases, repository, home, conftest.server())
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") == 9, done.stdout


@pytest.mark.parametrize("case", ["early", "emoji", "broken"])
def test_answers_of_a_special_kind(nvim: str, case: str, repository: Repository, home: Path) -> None:
    done = _run(nvim, case, repository, home, conftest.fake(case, home / "log"))
    assert done.returncode == 0, done.stdout


def test_wrong_answers_are_noticed(nvim: str, repository: Repository, home: Path) -> None:
    cases = "query picker select similar unsaved"
    done = _run(nvim, cases, repository, home, conftest.fake("wrong", home / "log"), wait=700)
    assert done.returncode == 1
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAIL")] == cases.split(), (
        done.stdout
    )
    assert "PASS" not in done.stdout


@pytest.mark.parametrize("server", ["dead", "missing"])
def test_no_server_is_an_error_that_says_why(nvim: str, server: str, repository: Repository, home: Path) -> None:
    command = conftest.fake("dead", home / "log") if server == "dead" else ["/no/such/codesearch", "lsp"]
    done = _run(nvim, "query", repository, home, command, wait=1500)
    assert done.returncode == 1
    wanted = "the server ended with status 3" if server == "dead" else 'there is no command "/no/such/codesearch"'
    assert wanted in done.stdout, done.stdout


def test_older_questions_are_cancelled_and_dropped(nvim: str, repository: Repository, home: Path) -> None:
    log = home / "log"
    done = _run(nvim, "stale", repository, home, conftest.fake("slow", log))
    assert done.returncode == 0, done.stdout
    messages = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    first = next(one["id"] for one in messages if one.get("params", {}).get("text") == "first slow")
    assert [one["params"]["id"] for one in messages if one["method"] == "$/cancelRequest"] == [first]


def test_help_has_tags_for_every_command(nvim: str, repository: Repository, home: Path) -> None:
    script = home / "help.vim"
    folder = conftest.PLUGINS / "neovim"
    copied = home / "neovim"
    subprocess.run(["cp", "-r", str(folder), str(copied)], check=True)
    script.write_text(
        f"set rtp^={copied}\n"
        "try\n"
        f"  helptags {copied}/doc\n"
        "  for tag in ['codesearch', ':Codesearch', ':CodesearchSimilar', ':CodesearchStatus', ':CodesearchReindex',"
        " 'codesearch.setup()']\n"
        "    execute 'help' tag\n"
        "    if expand('%:t') !=# 'codesearch.txt' | throw tag | endif\n"
        "  endfor\n"
        "catch\n"
        "  call writefile([v:exception], '/dev/stdout', 'a')\n"
        "  cquit 1\n"
        "endtry\n"
        "qall!\n",
        encoding="utf-8",
    )
    done = conftest.run([nvim, "--headless", "--clean", "-S", str(script)], repository.environment(home, []), home)
    assert done.returncode == 0, done.stdout
