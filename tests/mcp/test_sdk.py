"""The official client against the real server, in both eras of the protocol."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", minversion=None)

from mcp import Client, MCPError, StdioServerParameters

from codesearch.context.definitions import TOOLS
from codesearch.mcp.texts import INSTRUCTIONS
from tests.support.trees import write

pytestmark = pytest.mark.asyncio

ERAS = {"handshake": "legacy", "discovered": "auto", "stateless": "2026-07-28"}


@asynccontextmanager
async def connected(root: Path, mode: str) -> AsyncIterator[Any]:
    import os

    server = StdioServerParameters(
        command=sys.executable, args=["-m", "codesearch.cli", "mcp", str(root)], env=dict(os.environ)
    )
    async with Client(server, mode=mode, read_timeout_seconds=120) as client:
        yield client


def text_of(result: Any) -> str:
    return str(result.content[0].text)


@pytest.mark.parametrize("mode", ERAS.values(), ids=ERAS)
async def test_a_session_in_each_era(tree: Path, mode: str):
    async with connected(tree, mode) as client:
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        if mode != "2026-07-28":  # a pinned version skips the request that has the instructions
            assert client.instructions == INSTRUCTIONS
            assert client.server_info.name == "codesearch"

        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == [tool["name"] for tool in TOOLS]
        assert all(tool.annotations.read_only_hint for tool in listed)

        found = await client.call_tool("search_code", {"question": "send a file again"})
        assert not found.is_error
        assert "def retry_upload" in text_of(found)
        assert found.structured_content["results"][0]["path"] == "retry.py"
        similar = await client.call_tool("find_similar", {"symbol": "Cache.get"})
        assert similar.structured_content["results"]
        symbol = await client.call_tool("get_symbol", {"symbol": "Cache.put"})
        assert "self.values[key] = value" in text_of(symbol)
        outline = await client.call_tool("repo_map", {})
        assert "class Cache" in text_of(outline)

        assert [str(one.uri) for one in (await client.list_resources()).resources] == ["codesearch://status"]
        templates = (await client.list_resource_templates()).resource_templates
        assert [one.uri_template for one in templates] == ["codesearch://outline/{+path}"]
        status = await client.read_resource("codesearch://status")
        assert '"files": 2' in status.contents[0].text
        assert "4 class Cache" in (await client.read_resource("codesearch://outline/cache.py")).contents[0].text

        assert [one.name for one in (await client.list_prompts()).prompts] == ["orient"]
        prompt = await client.get_prompt("orient")
        assert "class Cache" in prompt.messages[0].content.text


@pytest.mark.parametrize("mode", ERAS.values(), ids=ERAS)
async def test_who_calls_what_in_each_era(tree: Path, mode: str):
    page = "from retry import retry_upload\n\n\ndef page(client):\n    return retry_upload(client)\n"
    test = "from page import page\n\n\ndef test_page():\n    assert page(None) is None\n"
    write(tree, {"page.py": page, "tests/test_page.py": test})
    async with connected(tree, mode) as client:
        found = await client.call_tool("trace", {"symbol": "retry_upload"})
        assert not found.is_error
        assert "page.py:4 function page at 5" in text_of(found)
        value = found.structured_content
        (caller,) = value["callers"]
        assert (caller["path"], caller["name"], caller["lines"], caller["confidence"]) == (
            "page.py", "page", [5], "exact",
        )  # fmt: skip
        assert [(one["name"], one["distance"]) for one in value["tests"]] == [("test_page", 2)]
        assert value["truncated"] is False

        callees = (await client.call_tool("trace", {"symbol": "page", "directions": ["callees"]})).structured_content
        assert [one["name"] for one in callees["callees"]] == ["retry_upload"]
        assert "callers" not in callees
        wrong = await client.call_tool("trace", {"symbol": "page", "directions": ["sideways"]})
        assert wrong.is_error
        missing = await client.call_tool("trace", {"symbol": "no_such_symbol_at_all"})
        assert missing.is_error


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_errors_in_each_era(tree: Path, mode: str):
    async with connected(tree, mode) as client:
        wrong = await client.call_tool("search_code", {"question": "x", "detail": "everything"})
        assert wrong.is_error
        assert "detail must be one of" in text_of(wrong)
        missing = await client.call_tool("get_symbol", {"symbol": "no_such_symbol_at_all"})
        assert missing.is_error
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("delete_everything", {})
        with pytest.raises(MCPError, match="Resource not found"):
            await client.read_resource("codesearch://outline/../../etc/passwd")
        with pytest.raises(MCPError, match="Unknown prompt"):
            await client.get_prompt("nothing")
