"""The official client over HTTP against the real server, in both eras of the protocol; and the process itself."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", minversion=None)

from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from codesearch.context.definitions import TOOLS
from codesearch.mcp.texts import INSTRUCTIONS
from tests.mcp.client import COMMAND, service_pid
from tests.support.command import PATIENCE

ERAS = {"handshake": "legacy", "discovered": "auto", "stateless": "2026-07-28"}
TOKEN = "a-token-of-the-tests"


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    said: str


@contextmanager
def running(root: Path, *, token: str | None = TOKEN) -> Iterator[Running]:
    environment = {**os.environ, **({"CODESEARCH_MCP_TOKEN": token} if token is not None else {})}
    process = subprocess.Popen(
        [*COMMAND, str(root), "--http", "0"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=environment,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        lines = [process.stderr.readline() for _ in range(3)]
        url = lines[0].split()[-1]
        assert url.startswith("http://127.0.0.1:"), "".join(lines)
        yield Running(process, url, "".join(lines))
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stderr.close()


@asynccontextmanager
async def connected(server: Running, mode: str, token: str = TOKEN) -> AsyncIterator[Any]:
    async with create_mcp_http_client(headers={"Authorization": f"Bearer {token}"}) as http:
        transport = streamable_http_client(server.url, http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=120) as client:
            yield client


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ERAS.values(), ids=ERAS)
async def test_a_session_in_each_era(tree: Path, mode: str):
    with running(tree) as server:
        async with connected(server, mode) as client:
            assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
            if mode != "2026-07-28":  # a pinned version skips the request that has the instructions
                assert client.instructions == INSTRUCTIONS
            assert [tool.name for tool in (await client.list_tools()).tools] == [tool["name"] for tool in TOOLS]
            found = await client.call_tool("search_code", {"question": "send a file again"})
            assert "def retry_upload" in found.content[0].text
            assert found.structured_content["results"][0]["path"] == "retry.py"
            again = await client.call_tool("search_code", {"question": "send a file again"})
            assert ("sent earlier" in again.content[0].text) == (mode == "legacy"), "sessions remember, requests do not"
            status = await client.read_resource("codesearch://status")
            assert '"files": 2' in status.contents[0].text
            outline = await client.read_resource("codesearch://outline/cache.py")
            assert "4 class Cache" in outline.contents[0].text
            prompt = await client.get_prompt("orient")
            assert "class Cache" in prompt.messages[0].content.text
            with pytest.raises(MCPError, match="Unknown tool"):
                await client.call_tool("delete_everything", {})
            with pytest.raises(MCPError, match="Resource not found"):
                await client.read_resource("codesearch://outline/../../etc/passwd")


@pytest.mark.asyncio
async def test_several_clients_at_once_share_one_service(tree: Path):
    with running(tree) as server:
        async with connected(server, "legacy") as first, connected(server, "2026-07-28") as second:
            for client in (first, second, first):
                found = await client.call_tool("get_symbol", {"symbol": "Cache.get"})
                assert "self.values.get(key)" in found.content[0].text
        assert service_pid(tree) not in (None, server.process.pid)


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_wrong_token_is_refused(tree: Path, mode: str):
    with running(tree) as server:
        with pytest.raises(Exception) as caught:
            async with connected(server, mode, "wrong"):
                pass
        assert caught.group_contains(MCPError) or isinstance(caught.value, MCPError)


@pytest.mark.skipif(os.name != "posix", reason="signals and modes of files")
def test_a_server_makes_its_token_and_ends_at_a_signal(tree: Path, private_home: Path):
    with running(tree, token=None) as server:
        file = Path(server.said.split("$(cat '")[1].split("'")[0])
        assert file.is_relative_to(private_home)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        token = file.read_text().strip()
        assert len(token) >= 32
        assert token not in server.said
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    with running(tree, token=None):
        assert file.read_text().strip() == token, "configurations that have it stay valid"


def refused(*arguments: str, cwd: Path, **environment: str) -> str:
    command = [sys.executable, "-m", "codesearch.cli", "mcp", "--http", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 2, done
    return done.stderr


def test_what_is_not_safe_is_refused(tree: Path, private_home: Path):
    assert "only this machine may connect" in refused("0.0.0.0:0", cwd=tree)
    assert "write HOST:PORT" in refused("here", cwd=tree)
    assert "at least 16 characters" in refused("0", cwd=tree, CODESEARCH_MCP_TOKEN="short")
    assert "is not a project" in refused("0", cwd=private_home, CODESEARCH_MCP_TOKEN=TOKEN)


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_token_that_others_can_read_is_refused(tree: Path, private_home: Path):
    with running(tree, token=None) as server:
        file = Path(server.said.split("$(cat '")[1].split("'")[0])
    file.chmod(0o644)
    assert "only you can read" in refused("0", cwd=tree)
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")
    refused("0", cwd=tree)
