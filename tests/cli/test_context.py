"""`codesearch context` and `symbols --format nl`: code for a model in a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from codesearch.context.token_count import count
from tests.support.command import Run

Call = Callable[..., Run]
QUESTION = "send a file again when the connection breaks"


@pytest.mark.parametrize("format", ["markdown", "xml", "json"])
@pytest.mark.parametrize("most", [200, 1000])
def test_the_output_is_within_the_budget(small: Path, call: Call, format: str, most: int):
    run = call("context", QUESTION, small, "--max-tokens", str(most), "--format", format)
    assert run.status == 0
    assert "def retry_upload" in run.out
    assert count(run.out) <= most


def test_markdown_has_a_heading_and_a_block_for_each_result(small: Path, call: Call):
    run = call("context", QUESTION, small)
    assert run.out.startswith("## retry.py:1-4 function retry_upload\n```\ndef retry_upload")
    assert run.out.count("## cache.py:4-17 ") <= 1


def test_xml_and_json_can_be_parsed(small: Path, call: Call):
    root = ElementTree.fromstring(call("context", QUESTION + ' <&"', small, "--format", "xml").out)
    first = root[0]
    assert (first.get("path"), first.get("lines"), first.get("name")) == ("retry.py", "1-4", "retry_upload")
    assert "send(path)" in (first.text or "")
    value = json.loads(call("context", QUESTION, small, "--format", "json").out)
    assert value["results"][0]["path"] == "retry.py"


def test_nothing_found_is_the_exit_status_1(small: Path, call: Call):
    run = call("context", QUESTION, small, "--lang", "go")
    assert (run.status, run.out) == (1, "")


def test_llm_embeds_and_finds_symbols(small: Path, call: Call, private_home: Path, monkeypatch: pytest.MonkeyPatch):
    llm = pytest.importorskip("llm")
    testing = pytest.importorskip("click.testing")
    from llm.cli import cli
    from llm.plugins import pm

    class Letters(llm.EmbeddingModel):  # type: ignore[misc, name-defined]
        """Counts letters: enough to find a text by itself."""

        model_id = "letters"

        def embed_batch(self, items):
            for item in items:
                yield [float(item.lower().count(letter)) + 0.01 for letter in "abcdefghijklmnopqrstuvwxyz"]

    class Plugin:
        @llm.hookimpl
        def register_embedding_models(self, register):
            register(Letters())

    monkeypatch.setenv("LLM_USER_PATH", str(private_home))
    rows = call("symbols", small, "--kind", "method", "--kind", "function", "--format", "nl")
    assert [json.loads(line)["id"] for line in rows.out.splitlines()] == ["cache.py:7", "cache.py:11", "retry.py:1"]
    plugin = Plugin()
    pm.register(plugin, name="letters")
    try:
        run = testing.CliRunner().invoke
        embedded = run(cli, ["embed-multi", "code", "-", "--format", "nl", "-m", "letters", "--store"], input=rows.out)
        assert embedded.exit_code == 0, embedded.output
        code = json.loads(rows.out.splitlines()[2])["code"]
        found = run(cli, ["similar", "code", "-c", code, "-n", "1"])
        assert json.loads(found.stdout)["id"] == "retry.py:1"
    finally:
        pm.unregister(plugin)
