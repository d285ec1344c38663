"""llm-codesearch in the real llm: embedding models, fragments, the tool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch import embed
from tests.support import plugins
from tests.support.trees import SMALL, write

pytest.importorskip("llm")
PROJECT = plugins.PLUGINS / "llm-codesearch"
ECHO = """
import llm

class Echo(llm.Model):
    model_id = "echo"
    supports_tools = True

    def execute(self, prompt, stream, response, conversation):
        if prompt.tools and not prompt.tool_results:
            response.add_tool_call(llm.ToolCall(name="codesearch_search", arguments={"question": prompt.prompt}))
            yield ""
        elif prompt.tool_results:
            yield "tool said: " + prompt.tool_results[0].output
        else:
            yield "prompt: " + prompt.prompt

@llm.hookimpl
def register_models(register):
    register(Echo())
"""
"""A model that repeats what it is given, and calls the tool if it has one."""


@pytest.fixture
def project(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small project, the current folder, with the plugin and a model that repeats."""
    echo = tmp_path / "echo"
    write(
        echo,
        {
            "llm_echo.py": ECHO,
            "pyproject.toml": "[project]\nname='llm-echo'\n[project.entry-points.llm]\necho='llm_echo'\n",
        },
    )
    site = (plugins.distribution(tmp_path / "site", PROJECT), plugins.distribution(tmp_path / "echo-site", echo))
    plugins.on_path(monkeypatch, *site)
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    tree = write(tmp_path / "project", SMALL)
    (tree / ".git").mkdir()
    monkeypatch.chdir(tree)
    return tree


def llm(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "llm", *arguments], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["static", "transformer"])
def test_embedding_models(project: Path, name: str):
    vector = json.loads(llm("embed", "-m", f"codesearch-{name}", "-c", "retry a failed upload"))
    wanted = embed.load(name).encode_queries(["retry a failed upload"])[0]
    assert vector == pytest.approx(wanted.tolist(), abs=1e-6)


def test_a_collection_of_embeddings(project: Path):
    write(project, {"rows.csv": "id,text\na,send a file again when the connection breaks\nb,draw a circle\n"})
    llm("embed-multi", "texts", "rows.csv", "-m", "codesearch-static", "--store")
    found = [json.loads(line) for line in llm("similar", "texts", "-c", "retry a failed upload").splitlines()]
    assert [one["id"] for one in found] == ["a", "b"]


def test_fragments(project: Path):
    said = llm("-m", "echo", "--no-stream", "-f", "codesearch:send a file again", "What is this?")
    assert "## retry.py:1-4 function retry_upload" in said
    assert "for _ in range(times):" in said
    assert said.rstrip().endswith("What is this?")


def test_fragments_that_cannot_be_made(project: Path):
    command = [sys.executable, "-m", "llm", "-m", "echo", "-f", "codesearch:retry lang:go", "What?"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode != 0
    assert "no code here answers" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_tool(project: Path):
    assert "codesearch_search(question: str) -> str" in llm("tools", "list")
    said = llm("-m", "echo", "--no-stream", "-T", "codesearch_search", "send a file again")
    assert "tool said: ## retry.py:1-4 function retry_upload" in said
