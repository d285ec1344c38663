"""The Containerfile: it is read, and its build stage is run in a folder. No container is built."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser

from tests.support.home import HOUSE

CONTAINERFILE = HOUSE / "ci" / "Containerfile"


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    parser: Any = DockerfileParser(fileobj=io.BytesIO(CONTAINERFILE.read_bytes()))
    return [(one["instruction"], one["value"]) for one in parser.structure if one["instruction"] != "COMMENT"]


def test_what_runs_is_no_root(instructions: list[tuple[str, str]]):
    last = max(place for place, (name, _) in enumerate(instructions) if name == "FROM")
    final = dict(instructions[last:])
    assert final["USER"] == "10001"
    assert final["ENTRYPOINT"] == '["codesearch"]'
    assert "--uid 10001" in final["RUN"]


def test_the_build_stage_makes_a_whole_installation(
    instructions: list[tuple[str, str]], installing: dict[str, str], tmp_path: Path
):
    """COPY and RUN of the first stage, below a folder; what codesearch depends on is taken from here."""
    second = [place for place, (name, _) in enumerate(instructions) if name == "FROM"][1]
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", ".codesearch")
    for name, value in instructions[1:second]:
        if name == "ARG":
            installing = {**installing, **dict([value.split("=", 1)])}
        elif name == "COPY":
            *sources, target = value.split()
            for source in sources:
                into = tmp_path / target.lstrip("/")
                if (HOUSE / source).is_dir():
                    shutil.copytree(HOUSE / source, into, ignore=ignored)
                else:
                    into.mkdir(parents=True, exist_ok=True)
                    shutil.copy(HOUSE / source, into)
        else:
            assert name == "RUN"
            script = value.replace("/opt/", f"{tmp_path}/opt/").replace("/src", f"{tmp_path}/src")
            (tmp_path / "opt").mkdir()
            subprocess.run(["sh", "-ec", script], env=installing, check=True, timeout=280, stdin=subprocess.DEVNULL)
    code = tmp_path / "code"
    shutil.copytree(HOUSE / "docs" / "example", code, ignore=ignored)
    done = subprocess.run(
        [tmp_path / "opt/codesearch/bin/codesearch", "query", "retry failed uploads", "-n", "1"],
        cwd=code,
        env=installing,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert "uploads/client.py" in done.stdout
