"""Real editors and the real server, in a copy of the frozen tree. Tests of a missing editor are skipped."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.editors.needs import HOUSE as HOUSE
from tests.editors.needs import absent as absent
from tests.editors.needs import required as required
from tests.editors.vscode import build, rig
from tests.support.trees import copy_shop

HERE = Path(__file__).parent
PLUGINS = HOUSE / "editors"
FAKE = HERE / "fake_server.py"
COMMAND = [sys.executable, "-m", "codesearch.cli"]

QUERY = "number of typos between two terms"
"""The query; the answer is a function whose name has no word in common with it."""
ANSWER = "edit_distance"
SIMILAR = "BikeCourier.quote"
"""The method for which similar ones are searched: each carrier has a `quote`."""
UNSAVED_QUERY = "celsius temperature to fahrenheit"
UNSAVED_CODE = [
    "",
    "def boiling_point_in_america(degrees):",
    '    """Convert a temperature from Celsius to Fahrenheit."""',
    "    return degrees * 9 / 5 + 32",
]


def neovims() -> dict[str, str | None]:
    """Return the versions of Neovim to test with: the executable, or None, by name."""
    wheel = Path(sys.executable).with_name("nvim")
    old = "/usr/bin/nvim"
    given = os.environ.get("CODESEARCH_TEST_NVIM", "")
    new = given or (str(wheel) if wheel.exists() else None)
    return {"debian": old if Path(old).exists() else None, "wheel": new}


@dataclass(frozen=True)
class Place:
    """The location of a definition in the repository."""

    path: str
    line: int

    @property
    def zero(self) -> int:
        """The line, counted from 0."""
        return self.line - 1


@dataclass(frozen=True)
class Repository:
    """A copy of the frozen tree under a name that needs quoting, indexed."""

    root: Path
    answer: Place
    similar: Place
    other: str
    """A file that contains neither."""

    def environment(self, home: Path, server: Sequence[str]) -> dict[str, str]:
        """Return the environment of an editor, from which a test script reads its task."""
        (home / ".config").mkdir(parents=True, exist_ok=True)
        task = {
            "CS_SERVER": json.dumps(list(server)),
            "CS_ROOT": str(self.root),
            "CS_QUERY": QUERY,
            "CS_ANSWER_NAME": ANSWER,
            "CS_ANSWER_PATH": str(self.root / self.answer.path),
            "CS_ANSWER_LINE": str(self.answer.line),
            "CS_SIMILAR_PATH": str(self.root / self.similar.path),
            "CS_SIMILAR_LINE": str(self.similar.line),
            "CS_OTHER_PATH": str(self.root / self.other),
            "CS_UNSAVED_QUERY": UNSAVED_QUERY,
            "CS_UNSAVED_CODE": "\n".join(UNSAVED_CODE),
            "CS_WAIT": "15000",
            "CS_PLUGINS": str(PLUGINS),
        }
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "CI") if name in os.environ}
        return {
            **kept,
            **task,
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            # In a checkout, the server is imported from the tree; if codesearch is installed, this changes nothing.
            "PYTHONPATH": os.pathsep.join((str(HOUSE), str(HOUSE / "lsp"))),
        }


def _definition(root: Path, qualname: str) -> Place:
    *outer, name = qualname.split(".")
    for path in sorted(root.rglob("*.py")):
        scope: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
        for part in outer:
            scope = [
                one for found in scope if isinstance(found, ast.ClassDef) and found.name == part for one in found.body
            ]
        for one in scope:
            if isinstance(one, ast.FunctionDef) and one.name == name:
                return Place(path.relative_to(root).as_posix(), one.lineno)
    raise AssertionError(f"the frozen tree has no {qualname}")


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("editors") / "a répo #1"
    copy_shop(root)
    (root / ".git").mkdir()
    found = Repository(root, _definition(root, ANSWER), _definition(root, SIMILAR), "shop/cart.py")
    subprocess.run([*COMMAND, "index", "-q", str(root)], check=True, env={**os.environ, "PYTHONPATH": str(HOUSE)})
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> build.Sources:
    """A copy of the VS Code extension's sources."""
    return build.copy(tmp_path_factory.mktemp("extension"))


@pytest.fixture(scope="session")
def vsix(extension: build.Sources) -> Path:
    """The VS Code extension as users install it."""
    done = extension.npm("run", "package")
    assert done.returncode == 0, done.stdout
    return extension.vsix


@pytest.fixture(scope="session")
def vscode(
    tmp_path_factory: pytest.TempPathFactory, repository: Repository, request: pytest.FixtureRequest
) -> Iterator[rig.Editor]:
    """VS Code with the extension installed; one for all tests."""
    editor = rig.Editor(rig.installed(), tmp_path_factory.mktemp("vscode"))
    answer, similar = repository.answer, repository.similar
    task = {
        "query": QUERY, "answer": ANSWER, "path": answer.path, "line": answer.line,
        "similarPath": similar.path, "similarLine": similar.line,
    }  # fmt: skip
    try:
        editor.start(request.getfixturevalue("vsix"), {"CODESEARCH_HOST_TASK": json.dumps(task)})
        yield editor
    finally:
        editor.stop()


def server() -> list[str]:
    """Return the command of the real server."""
    return [*COMMAND, "lsp"]


def fake(mode: str, log: Path) -> list[str]:
    """Return the command of a server that misbehaves."""
    return [sys.executable, str(FAKE), mode, str(log)]


def run(
    command: Sequence[str], environment: dict[str, str], cwd: Path, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run an editor without a terminal; if it hangs, fail and show its output."""
    try:
        return subprocess.run(
            command, env=environment, cwd=cwd, timeout=timeout, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout
        pytest.fail(f"{command[0]} did not end within {timeout} s; it said:\n{said}")
