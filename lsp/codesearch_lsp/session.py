"""The part of the server that the handlers use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from codesearch_lsp.folders import Folder
from codesearch_lsp.progress import Token
from codesearch_lsp.protocol import Protocol
from codesearch_lsp.repositories import RepositoryQueries
from codesearch_lsp.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """One client, from `initialize` to `exit`."""

    workspace: Workspace
    client: object
    """The client's capabilities."""
    protocol: Protocol
    repositories: RepositoryQueries
    reindex: Callable[[Folder, bool, Token | None], None]
    """Updates a folder's index: (folder, whether to rebuild it, the client's progress token)."""
