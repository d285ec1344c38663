"""The contributor's commands: `nox -s unit` while you work, `nox` before you push.

Each session is one command in the environment that nox runs in (`pip install -e '.[dev]'`); CONTRIBUTING.md lists the
same commands without nox.
"""

from __future__ import annotations

import sys

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports", "unit"]

UNIT = "not integration and not editor"
INTEGRATION = "integration and not editor"
WITHOUT = [f"tests/{name}" for name in ("store", "search", "rerank", "golden", "test_index.py", "cli/test_query.py")]


def _python(session: nox.Session, *arguments: str) -> None:
    session.run(sys.executable, *arguments, external=True)


def _module(session: nox.Session, module: str, *arguments: str) -> None:
    _python(session, "-m", module, *arguments, *session.posargs)


@nox.session
def unit(session: nox.Session) -> None:
    """Run the fast tests: no other process, no editor."""
    _module(session, "pytest", "-m", UNIT)


@nox.session
def integration(session: nox.Session) -> None:
    """Run the tests that start processes: the command, the service, the language server, workers."""
    _module(session, "pytest", "-m", INTEGRATION)


@nox.session
def editors(session: nox.Session) -> None:
    """Run the plugins in the editors that are installed."""
    _module(session, "pytest", "-m", "editor")


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, three files at a time: most of the time they wait for processes and editors."""
    _module(session, "pytest", "-n", "3", "--dist", "loadfile")


@nox.session
def without(session: nox.Session) -> None:
    """Run the tests of storing, searching and reranking as if a package were not installed, for each that may be."""
    for package in ("sqlite_vec", "onnxruntime"):
        session.env["CODESEARCH_TEST_WITHOUT"] = package
        _module(session, "pytest", *WITHOUT)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    _python(session, "-m", "ruff", "check", ".")
    _python(session, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    _module(session, "mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that packages import only what lies below them."""
    _python(session, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")


@nox.session
def docs(session: nox.Session) -> None:
    """Check the documentation: links, the output of every example, pictures of terminals."""
    _module(session, "pytest", "tests/test_docs.py", "tests/test_pictures.py")


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines and branches the tests run, without the editors' tests. Child processes count."""
    _module(session, "coverage", "erase")
    _module(session, "coverage", "run", "-m", "pytest", "-m", "not editor")
    _module(session, "coverage", "combine", "--quiet")
    _module(session, "coverage", "report")


@nox.session(name="release-check")
def release_check(session: nox.Session) -> None:
    """Build the distribution, check what is in it, and ask it a question from a fresh environment."""
    _python(session, ".ci/release_check.py", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Break the code in small ways and list what no test notices. Needs `pip install mutmut`; docs/mutation.md."""
    _python(session, ".ci/mutation.py", *session.posargs)
