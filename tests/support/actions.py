"""Runs a composite action of GitHub, or a job of GitLab, as a runner does: the shell of each step, literally.

What GitHub does itself (steps with `uses`) is done by a function of the test.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.published import yaml_documents

PATIENCE = 280.0
_TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w.-]*|&&|\|\||==|!=|!|[()]|\S")
_OPERATORS = {"&&": " and ", "||": " or ", "!": " not ", "==": "==", "!=": "!=", "(": "(", ")": ")"}

Uses = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Stands for another action: takes its inputs and returns its outputs."""


def evaluated(expression: str, contexts: Mapping[str, Any]) -> Any:
    """Return the value of an expression of a workflow: names, texts, comparison, and, or, not."""
    python = ""
    for token in _TOKEN.findall(expression):
        if token[0] == "'" or token in _OPERATORS:
            python += _OPERATORS.get(token, token)
        else:
            value: Any = contexts
            for name in token.split("."):
                value = value.get(name, "") if isinstance(value, Mapping) else ""
            python += repr(value)
    return eval(python)


def _filled(text: Any, contexts: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(evaluated(found[1], contexts)), str(text))


def _pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines() if "=" in line)


@dataclass
class Job:
    """What a run of an action did."""

    status: int = 0
    log: str = ""
    ran: list[str] = field(default_factory=list)
    """Names of the steps that ran."""
    steps: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def annotations(self) -> list[str]:
        return re.findall(r"^::(?:notice|warning|error) ?.*$", self.log, re.M)


@dataclass
class Runner:
    """A machine that runs an action."""

    action: Path
    workspace: Path
    temp: Path
    environment: Mapping[str, str]
    uses: Mapping[str, Uses]

    def run(self, github: Mapping[str, Any], **given: str) -> Job:
        """Run the steps of the action with the inputs `given` (`_` for `-`), until one fails."""
        (text,) = yaml_documents((self.action / "action.yml").read_text("utf-8"))
        contexts: dict[str, Any] = {"github": github, "steps": {}}
        names = {name.replace("_", "-"): value for name, value in given.items()}
        assert names.keys() <= text["inputs"].keys()
        declared = {name: _filled(one.get("default", ""), contexts) for name, one in text["inputs"].items()}
        contexts["inputs"] = declared | names
        job = Job(steps=contexts["steps"])
        for step in text["runs"]["steps"]:
            if "if" in step and not evaluated(step["if"], contexts):
                continue
            job.ran.append(step["name"])
            outputs = self._step(step, contexts, job)
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}
            if job.status:
                break
        job.outputs = {name: _filled(one["value"], contexts) for name, one in text["outputs"].items()}
        return job

    def _step(self, step: Mapping[str, Any], contexts: Mapping[str, Any], job: Job) -> dict[str, str]:
        if "uses" in step:
            given = {name: _filled(value, contexts) for name, value in step.get("with", {}).items()}
            return dict(self.uses[step["uses"].split("@")[0]](given))
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "a value of somebody else would be run as shell; pass it in env"
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")
        files = {name: self.temp / f"_{name.lower()}" for name in names}
        for file in files.values():
            file.write_text("", "utf-8")
        script = self.temp / "_step.sh"
        script.write_text(step["run"], "utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace / _filled(step.get("working-directory", "."), contexts),
            env={
                **self.environment,
                **_variables(contexts["github"]),
                **{name: _filled(value, contexts) for name, value in step.get("env", {}).items()},
                **{name: str(file) for name, file in files.items()},
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.temp),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        job.status = done.returncode
        job.log += done.stdout
        job.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        return _pairs(files["GITHUB_OUTPUT"])


def _variables(github: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that GitHub sets from the context `github`."""
    plain = {f"GITHUB_{name.upper()}": value for name, value in github.items() if isinstance(value, str)}
    return {"CI": "true", "GITHUB_ACTIONS": "true", **plain}


def gitlab_job(
    template: Path, name: str, workspace: Path, environment: Mapping[str, str], **given: str
) -> subprocess.CompletedProcess[str]:
    """Run a job of an included template of GitLab with the inputs `given` (`_` for `-`)."""
    text = template.read_text("utf-8")
    head, jobs = yaml_documents(text)
    names = {one.replace("_", "-"): value for one, value in given.items()}
    inputs = {key: str(names.get(key, one.get("default", ""))) for key, one in head["spec"]["inputs"].items()}
    assert names.keys() <= inputs.keys()
    (_, jobs) = yaml_documents(re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: repr(inputs[found[1]]), text))
    job = jobs[name]
    base = jobs[job["extends"]]
    variables = {**base["variables"], **job["variables"]}
    script = "\n".join(["set -eo pipefail", *base["before_script"], *job["script"]])
    known: dict[str, str] = {**os.environ, **environment, "CI": "true", "CI_PROJECT_DIR": str(workspace)}
    for key, value in variables.items():
        known[key] = re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), str(value))
    return subprocess.run(
        ["bash", "-c", script],
        cwd=workspace,
        env=known,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
