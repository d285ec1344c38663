"""The configurations in docs/editors.md are valid, and its screens exist."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.editors.conftest import COMMAND, HOUSE

TEXT = (HOUSE / "docs" / "editors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(toml|json)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_configurations_parse_and_start_the_server(number: int) -> None:
    language, text = BLOCKS[number]
    if language == "json":
        found = json.dumps(json.loads(text))
    else:
        reader = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        found = json.dumps(reader.loads(text))
    assert any(one in found for one in ('["codesearch", "lsp"]', '"args": ["lsp"]', "codesearch lsp", '"similar"'))


def test_every_configuration_was_seen() -> None:
    assert [language for language, _ in BLOCKS] == ["json", "toml", "json", "json", "json", "json"]


def test_screens_are_there() -> None:
    screens = re.findall(r"<!-- capture: ([\w-]+) -->\n```text\n(.*?)```\n<!-- end -->", TEXT, re.DOTALL)
    assert [name for name, _ in screens] == ["neovim-wheel", "neovim-quickfix", "emacs-consult", "emacs-xref", "vim"]
    for name, screen in screens:
        assert "def resend" in screen, name
        assert "/tmp/" not in screen, name


def test_the_external_tool_of_jetbrains_prints_absolute_paths(tmp_path: Path) -> None:
    arguments = re.search(r"^- Arguments: `(.*)`$", TEXT, re.MULTILINE)
    assert arguments is not None
    line = arguments[1].replace("$Prompt$", "where are failed uploads retried")
    project = tmp_path / "project"
    shutil.copytree(HOUSE / "docs" / "example", project, ignore=shutil.ignore_patterns(".codesearch"))
    (project / ".git").mkdir()
    program = tmp_path / "codesearch"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join((str(HOUSE), str(HOUSE / "lsp"))),
    }  # fmt: skip
    done = subprocess.run(
        ["sh", *shlex.split(line)], cwd=project, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith(f"{project}/uploads/client.py:25:"), done.stdout
    assert all(Path(one.split(":")[0]).is_file() for one in done.stdout.splitlines()), done.stdout
