"""codesearch.el in Emacs: with its own connection, with Eglot and with lsp-mode; compiled and linted."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.editors import conftest
from tests.editors.conftest import HERE, Repository

PLUGIN = conftest.PLUGINS / "emacs" / "codesearch.el"
CASES = ["cs-query", "cs-choose", "cs-similar", "cs-unsaved", "cs-status", "cs-refusal"]
UNIT = [
    f"cs-unit-{name}" for name in ("uri", "plain", "table", "column", "root", "options", "nothing", "wait")
]  # fmt: skip

pytestmark = pytest.mark.timeout(120)


def _homed(home: Path) -> dict[str, str]:
    """Return an environment in which Emacs writes nothing, such as natively compiled code, into the tester's home."""
    return {**os.environ, "HOME": str(home)}


def _needs(*packages: str) -> None:
    conftest.required("emacs")
    form = " ".join(f'(unless (locate-library "{name}") (kill-emacs 1))' for name in packages)
    with tempfile.TemporaryDirectory() as home:
        asked = subprocess.run(
            ["emacs", "--batch", "--eval", f"(progn (package-initialize) {form})"],
            env=_homed(Path(home)), capture_output=True, text=True,
        )  # fmt: skip
    if asked.returncode != 0:
        conftest.absent(f"Emacs lacks one of {packages}")


def _run(
    backend: str, repository: Repository, home: Path, server: Sequence[str], wait: int = 20000, cases: str = "cs-"
) -> subprocess.CompletedProcess[str]:
    environment = {
        **repository.environment(home, server), "CS_BACKEND": backend, "CS_WAIT": str(wait), "CS_CASES": cases,
    }  # fmt: skip
    # Without the others, it must work with Emacs's own packages; Debian's are hidden.
    start = ["emacs", "-Q", "--batch"] if backend == "own" else ["emacs", "--batch", "--eval", "(package-initialize)"]
    command = [
        *start, "-l", str(PLUGIN), "-l", str(HERE / "emacs-tests.el"), "-f", "codesearch-tests-run",
    ]  # fmt: skip
    return conftest.run(command, environment, repository.root.parent)


def _outcomes(output: str) -> dict[str, str]:
    """Return `passed` or `FAILED` for each test, by name."""
    return {name: word for word, name in re.findall(r"^ +(passed|FAILED) +\d+/\d+ +(\S+)", output, re.MULTILINE)}


@pytest.mark.parametrize(("backend", "library"), [("own", "jsonrpc"), ("eglot", "eglot"), ("lsp-mode", "lsp-mode")])
def test_questions_and_answers(backend: str, library: str, repository: Repository, home: Path) -> None:
    _needs(library)
    done = _run(backend, repository, home, conftest.server())
    assert done.returncode == 0, done.stdout
    assert _outcomes(done.stdout) == dict.fromkeys(CASES + UNIT, "passed"), done.stdout


@pytest.mark.parametrize(("backend", "library"), [("own", "jsonrpc"), ("eglot", "eglot"), ("lsp-mode", "lsp-mode")])
def test_wrong_answers_are_noticed(backend: str, library: str, repository: Repository, home: Path) -> None:
    _needs(library)
    done = _run(backend, repository, home, conftest.fake("wrong", home / "log"), wait=1000)
    assert done.returncode != 0
    assert _outcomes(done.stdout) == {**dict.fromkeys(CASES, "FAILED"), **dict.fromkeys(UNIT, "passed")}, done.stdout
    # The server watches files; lsp-mode would ask whether it may watch each folder of a large project.
    messages = [json.loads(line) for line in (home / "log").read_text(encoding="utf-8").splitlines()]
    assert messages[0]["params"]["initializationOptions"]["watch"] is False


@pytest.mark.parametrize(("server", "says"), [("dead", "did not start"), ("missing", "There is no command")])
def test_no_server_is_an_error_that_says_why(server: str, says: str, repository: Repository, home: Path) -> None:
    _needs("jsonrpc")
    command = conftest.fake("dead", home / "log") if server == "dead" else ["/no/such/codesearch", "lsp"]
    done = _run("own", repository, home, command, wait=3000, cases="cs-query")
    assert done.returncode != 0
    assert _outcomes(done.stdout) == {"cs-query": "FAILED"}
    assert says in done.stdout, done.stdout


def test_compiles_without_warnings(tmp_path: Path) -> None:
    conftest.required("emacs")
    copy = Path(shutil.copy(PLUGIN, tmp_path))
    command = [
        "emacs",
        "-Q",
        "--batch",
        "--eval",
        "(setq byte-compile-error-on-warn t)",
        "-f",
        "batch-byte-compile",
        str(copy),
    ]
    done = conftest.run(command, _homed(tmp_path), tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Warning" not in done.stdout
    assert copy.with_suffix(".elc").exists()


def test_checkdoc_has_nothing_to_say(tmp_path: Path) -> None:
    conftest.required("emacs")
    form = (
        "(progn (require 'checkdoc) (find-file (pop command-line-args-left)) (checkdoc-current-buffer t)"
        ' (with-current-buffer "*Style Warnings*" (princ (buffer-string))))'
    )
    done = conftest.run(["emacs", "-Q", "--batch", "--eval", form, str(PLUGIN)], _homed(tmp_path), tmp_path)
    assert done.returncode == 0, done.stdout
    assert "checkdoc-current-buffer" in done.stdout
    assert re.findall(r"^codesearch\.el:.*", done.stdout, re.MULTILINE) == []


def test_package_lint_has_nothing_to_say(tmp_path: Path) -> None:
    _needs("package-lint")
    # package-lint 0.16 is older than Emacs 28.1 and considers that version a mistake.
    text = PLUGIN.read_text(encoding="utf-8").replace('(emacs "28.1")', '(emacs "27.1")')
    copy = tmp_path / "codesearch.el"
    copy.write_text(text, encoding="utf-8")
    command = ["emacs", "--batch", "--eval", "(package-initialize)", "-l", "package-lint",
               "-f", "package-lint-batch-and-exit", str(copy)]  # fmt: skip
    done = conftest.run(command, _homed(tmp_path), tmp_path)
    problems = [line for line in done.stdout.splitlines() if re.match(r".*\d+:\d+: ", line)]
    # It reports `string-search` and `file-in-directory-p` of 28.1 as too new for the declared 27.1.
    assert [line for line in problems if "Emacs 28" not in line and '(emacs "28' not in line] == [], done.stdout
