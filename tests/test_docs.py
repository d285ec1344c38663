"""
The documentation is correct: its examples are executed, and it mentions every command and option.

`CODESEARCH_UPDATE_DOCS=1 python -m pytest tests/test_docs.py` writes the current output into the examples.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer

import codesearch
from codesearch.cli.app import app
from codesearch.core import toml
from tests.support.command import process
from tests.support.home import HOUSE

DOCS = HOUSE / "docs"
UPDATE = bool(os.environ.get("CODESEARCH_UPDATE_DOCS"))
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
SQL = re.compile(r"^```sql\n(.*?)^```\n+```text\n(.*?)^```$", re.M | re.S)
CHANGING = [
    (re.compile(r"\b[01]\.\d\d$", re.M), "0.00"),  # scores in text
    (re.compile(r" +[+-]?\d+\.\d\d(?= )"), " 0.00"),  # contributions of features, from --explain and why
    (re.compile(r'"score": [\d.]+'), '"score": 0.0'),
    (re.compile(r"static@[0-9a-f]+"), "static@"),
    (re.compile(r"\d+\.\d s \((\d+ symbols), [^)]*\)"), r"0.1 s (\1)"),
    (re.compile(r"\(\d+\.\d kB\)"), "(1.0 kB)"),
    (re.compile(r"\(\d+\.\d kB, at most"), "(1.0 kB, at most"),
]


pytestmark = pytest.mark.usefixtures("private_home")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Return a copy of the example project that the documentation searches."""
    root = Path(shutil.copytree(DOCS / "example", tmp_path / "example", ignore=shutil.ignore_patterns(".codesearch")))
    assert process("index", root, cwd=root).status == 0
    return root


def lasting(text: str) -> str:
    """Return an output without the parts that differ between runs."""
    for pattern, stable in CHANGING:
        text = pattern.sub(stable, text)
    return text


def printed(command: str, cwd: Path) -> str:
    """Return the output of a shell command, stdout and stderr together."""
    words = shlex.split(command)
    environment = {}
    while "=" in words[0]:
        name, value = words.pop(0).split("=", 1)
        environment[name] = value
    stdin = b""
    if words[0] == "printf":
        bar = words.index("|")
        stdin = words[1].encode().decode("unicode_escape").encode()
        words = words[bar + 1 :]
    assert words.pop(0) == "codesearch"
    run = process(*words, cwd=cwd, stdin=stdin, environment=environment)
    return run.err + run.out


def rewritten(text: str, cwd: Path) -> str:
    """Return a document with the current output in its console blocks; those that are still right stay as they are."""

    def block(found: re.Match[str]) -> str:
        commands = [line for line in found[1].splitlines() if line.startswith("$ ")]
        out = "".join(f"{line}\n{printed(line[2:], cwd)}" for line in commands)
        out = out.replace(str(cwd), "/home/you/example").replace(os.environ["HOME"], "/home/you")
        now = f"```console\n{out}```"
        return found[0] if lasting(now) == lasting(found[0]) else now

    return CONSOLE.sub(block, text)


@pytest.mark.parametrize(("name", "blocks"), [("usage.md", 10), ("getting-started.md", 5)])
def test_examples_are_true(example: Path, name: str, blocks: int):
    document = DOCS / name
    text = document.read_text("utf-8")
    assert len(CONSOLE.findall(text)) >= blocks
    now = rewritten(text, example)
    if UPDATE:
        document.write_text(now, "utf-8")
    else:
        assert lasting(now).splitlines() == lasting(text).splitlines()


def commands() -> list[tuple[str, list[str]]]:
    group = typer.main.get_command(app)
    found = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        verbs = [command, *getattr(command, "commands", {}).values()]  # `editor` has subcommands
        parameters = [parameter for verb in verbs for parameter in verb.params]
        found.append(
            (
                name,
                [option for one in parameters for option in (*one.opts, *one.secondary_opts) if option.startswith("-")],
            )
        )
    return found


@pytest.mark.parametrize(("command", "options"), commands(), ids=[name for name, _ in commands()])
def test_every_command_and_option_is_documented(command: str, options: list[str]):
    text = (DOCS / "usage.md").read_text("utf-8")
    section = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert section is not None, command
    shared = re.search(r"^## Options of several commands\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert shared is not None
    for option in options:
        assert f"`{option}" in section[1] or f"`{option}" in shared[1], f"{command} {option}"


def test_no_option_is_documented_that_does_not_exist():
    text = (DOCS / "usage.md").read_text("utf-8")
    known = {option for _, options in commands() for option in options}
    known |= {"-h", "-V", "--help", "--version", "--install-completion", "--show-completion", "--"}
    mentioned = set(re.findall(r"(?<![\w-])(--[a-z][\w-]*|-[a-zA-Z]\b(?!:))", text))
    assert len(mentioned) > 15
    assert mentioned - known <= {"-1"}


def rows(sql: str, index: Path) -> str:
    """Run SQL as the sqlite3 shell does in its default list mode, without extensions."""
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
        found = connection.execute(sql).fetchall()
    return "".join("|".join("" if cell is None else str(cell) for cell in row) + "\n" for row in found)


def test_examples_of_the_schema(example: Path):
    assert process("related", "--update", cwd=example).status == 0
    document = DOCS / "schema.md"
    text = document.read_text("utf-8")
    examples = SQL.findall(text)
    assert len(examples) >= 4
    for sql, expected in examples:
        found = rows(sql, example / ".codesearch" / "index.db")
        assert found, sql
        if UPDATE:
            text = text.replace(f"{sql}```\n\n```text\n{expected}", f"{sql}```\n\n```text\n{found}")
        else:
            assert found == expected
    if UPDATE:
        document.write_text(text, "utf-8")


@pytest.mark.parametrize("view", ["files", "symbols"])
def test_every_column_of_the_views_is_documented(example: Path, view: str):
    text = (DOCS / "schema.md").read_text("utf-8")
    section = re.search(rf"^## `{view}`\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert section is not None
    with closing(sqlite3.connect(example / ".codesearch" / "index.db")) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({view})")]
    assert columns
    assert re.findall(r"^\| `(\w+)` \|", section[1], re.M) == columns


INSTALLS = (
    r"\b(?:pip3?|pipx|uv(?: tool| pip)?|conda|poetry)['\"]? (?:install|run|add|download|inject)"
    r"|\buvx|--install-extension"
)
TEXTS = {".md", ".py", ".ts", ".mjs", ".json", ".el", ".vim", ".lua", ".sh", ".toml", ".yml"}


def installed_by_name(text: str) -> list[str]:
    """Return the names like ours that the commands in a text fetch from a registry; paths are not names."""
    commands = re.findall(rf"(?:{INSTALLS})((?: [^\s`|;&]+)+)", text)
    words = [word.strip("'\",.:()<>*") for command in commands for word in command.split()]
    return [word for word in words if word.lower().startswith("codesearch") and not re.search(r"[/\\]|\.vsix$", word)]


def test_no_text_tells_anyone_to_install_a_name_that_is_not_ours():
    """`codesearch` on PyPI is a stranger's, and `codesearch-local` is not registered: anyone may take it."""
    names = ("codesearch", "lsp", "docs", "editors", "tests", "training", "benchmarks", ".ci")
    found = [*HOUSE.glob("*.*"), *(path for name in names for path in (HOUSE / name).rglob("*.*"))]
    texts = [path for path in found if path.suffix in TEXTS and not {"node_modules", "out"} & set(path.parts)]
    assert len(texts) > 300
    for path in texts:
        if path != Path(__file__) and path.is_file():
            assert installed_by_name(path.read_text("utf-8", "replace")) == [], path


@pytest.mark.parametrize(
    "text",
    [
        "python -m pip install --force-reinstall codesearch-local",
        "sentence-transformers is missing: pip install 'codesearch-local[models]'",
        "pipx install codesearch",
        "uv tool install codesearch",
        "`uvx codesearch query x`",
        "code --install-extension codesearch-local.codesearch",
    ],
)
def test_an_installation_by_name_is_noticed(text: str):
    assert installed_by_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install . && ~/.codesearch-venv/bin/codesearch query x",
        "pip install -r requirements-minimal.txt",
        "pipx uninstall codesearch-local",
        "code --install-extension codesearch.vsix",
        "run `pip install '.[models]'` in a checkout of codesearch",
    ],
)
def test_an_installation_from_the_checkout_is_allowed(text: str):
    assert not installed_by_name(text)


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    headings = re.findall(r"^#+ (.*)$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere():
    plugins = [*HOUSE.glob("editors/*/README.md"), *HOUSE.glob("plugins/*/README.md"), HOUSE / "training" / "README.md"]
    for document in [*HOUSE.glob("*.md"), *HOUSE.glob(".github/*.md"), *DOCS.glob("*.md"), *plugins]:
        for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text("utf-8")):
            target = document.parent / path if path else document
            assert target.exists(), f"{document.name}: {path}"
            if anchor:
                assert anchor in anchors(target.read_text("utf-8")), f"{document.name}: {path}#{anchor}"


def test_named_tests_exist():
    for document in [*HOUSE.glob("*.md"), *DOCS.glob("*.md")]:
        for path in re.findall(r"\btests/[\w/.-]*\w", document.read_text("utf-8")):
            assert (HOUSE / path).exists() or re.search("gleam|odin|folders", path), f"{document.name}: {path}"


def test_the_plugins_have_this_version():
    for project in HOUSE.glob("plugins/*/pyproject.toml"):
        about = (toml.read(project) or {})["project"]
        assert about["version"] == codesearch.__version__, project
        assert f"codesearch-local>={codesearch.__version__.rpartition('.')[0]}" in about["dependencies"], project


def test_the_editors_plugins_have_this_version():
    vscode = HOUSE / "editors" / "vscode"
    manifest, lock = (json.loads((vscode / name).read_text("utf-8")) for name in ("package.json", "package-lock.json"))
    emacs = re.search(r"^;; Version: (.+)$", (HOUSE / "editors/emacs/codesearch.el").read_text("utf-8"), re.M)
    assert emacs is not None
    found = manifest["version"], lock["version"], lock["packages"][""]["version"], emacs[1]
    assert set(found) == {codesearch.__version__}


def test_the_changelog_knows_this_version():
    number = re.escape(codesearch.__version__)
    assert re.search(rf"^## (Unreleased \()?{number}\b", (HOUSE / "CHANGELOG.md").read_text("utf-8"), re.M)
