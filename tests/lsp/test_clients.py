"""The server with the capabilities of real clients: VS Code, Neovim and Emacs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from tests.lsp.client import COMMAND
from tests.lsp.conftest import FILES
from tests.support.home import environment
from tests.support.trees import write
from tests.support.wait import PATIENCE

CLIENTS = ["visual_studio_code", "neovim@v0.7.0", "neovim", "emacs"]


@pytest_asyncio.fixture(params=CLIENTS)
async def session(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[LanguageClient, Path]]:
    """Yield a client with an open project, and the project."""
    project = write(tmp_path / "project", FILES)
    (tmp_path / "home").mkdir()
    config = ClientServerConfig(server_command=COMMAND, server_env=environment(tmp_path / "home"))
    client = await config.start()
    assert isinstance(client, LanguageClient)
    await client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            root_uri=project.as_uri(),
            workspace_folders=[types.WorkspaceFolder(uri=project.as_uri(), name="project")],
        )
    )
    answer = await ask(client, "codesearch/reindex", {})
    assert answer.started == [project.as_uri()]
    while (await status(client)).state != "ready":
        await asyncio.sleep(0.05)
    yield client, project
    await client.shutdown_session()
    stop: Any = client.stop
    await stop()


async def ask(client: LanguageClient, method: str, params: object) -> Any:
    """Send a request of codesearch's own protocol."""
    protocol: Any = client.protocol
    return await protocol.send_request_async(method, params)


async def status(client: LanguageClient) -> Any:
    answer = await ask(client, "codesearch/status", {})
    return answer.folders[0]


async def resolved(client: LanguageClient, symbol: types.SymbolInformation | types.WorkspaceSymbol) -> types.Range:
    """Return the location of a symbol, resolving it if the client would."""
    if isinstance(symbol.location, types.Location):
        return symbol.location.range
    assert isinstance(symbol, types.WorkspaceSymbol)
    found = await client.workspace_symbol_resolve_async(symbol)
    assert isinstance(found.location, types.Location)
    return found.location.range


@pytest.mark.asyncio
async def test_a_question_by_meaning_and_the_jump(session: tuple[LanguageClient, Path]):
    client, project = session
    symbols = await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="send again what failed"))
    assert symbols
    assert symbols[0].name == "retry_upload"
    assert symbols[0].location.uri == (project / "pkg/upload.py").as_uri()
    place = await resolved(client, symbols[0])
    assert (place.start.line, place.start.character) == (0, 4)
    # Control: another query has another answer.
    others = await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="lift off engines"))
    assert others
    assert others[0].name == "LaunchRocket"


@pytest.mark.asyncio
async def test_the_requests_of_our_own(session: tuple[LanguageClient, Path]):
    client, project = session
    answer = await ask(client, "codesearch/query", {"text": "send again what failed"})
    assert answer.hits[0].name == "retry_upload"
    params = types.ExecuteCommandParams(command="codesearch.server.query", arguments=["send again what failed", 1])
    answer = await client.workspace_execute_command_async(params)
    assert answer is not None
    assert answer["hits"][0]["name"] == "retry_upload"
    document = {"uri": (project / "pkg/copy_one.py").as_uri()}
    place = {"textDocument": document, "position": {"line": 0, "character": 0}}
    near = await ask(client, "codesearch/similar", place)
    assert near.hits[0].path == "pkg/copy_two.py"


@pytest.mark.asyncio
async def test_an_unsaved_edit(session: tuple[LanguageClient, Path]):
    client, project = session
    uri = (project / "pkg/upload.py").as_uri()
    text = (project / "pkg/upload.py").read_text(encoding="utf-8")

    async def becomes(unsaved: bool) -> None:
        """Query until the best hit is the function in the buffer, or one in a file.

        A query waits a second at most for a buffer that is being read, which is not enough on a busy machine.
        """

        async def asked() -> None:
            while True:
                best = (await ask(client, "codesearch/query", {"text": "tame a dragon"})).hits[0]
                if (best.name == "tame_a_dragon", best.unsaved) == (unsaved, unsaved):
                    return
                await asyncio.sleep(0.05)

        await asyncio.wait_for(asked(), PATIENCE)

    await becomes(unsaved=False)
    item = types.TextDocumentItem(uri=uri, language_id="python", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    start = types.Position(0, 0)
    edit = types.TextDocumentContentChangePartial(
        range=types.Range(start, start), text="def tame_a_dragon():\n    pass\n"
    )
    version = types.VersionedTextDocumentIdentifier(uri=uri, version=2)
    client.text_document_did_change(types.DidChangeTextDocumentParams(text_document=version, content_changes=[edit]))
    await becomes(unsaved=True)
    identifier = types.TextDocumentIdentifier(uri=uri)
    client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=identifier))
    await becomes(unsaved=False)


@pytest.mark.asyncio
async def test_code_action(session: tuple[LanguageClient, Path]):
    client, project = session
    place = types.Position(5, 0)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=(project / "pkg/config.py").as_uri()),
            range=types.Range(place, place),
            context=types.CodeActionContext(diagnostics=[]),
        )
    )
    assert actions
    assert [action.title for action in actions] == ["Find similar functions"]
