"""The clients: where each keeps its servers, and what the entry of this server looks like there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "codesearch"
"""The name of the entry."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client that runs servers."""

    name: str
    title: str
    file: Callable[[Path], Path]
    """From the user's home folder to the configuration file."""
    path: tuple[str, ...]
    """Names under which the entry is in a JSON file; the table in a TOML file."""
    entry: Callable[[str], dict[str, Any]]
    """From the command to the entry."""
    in_project: str = ""
    """The file in a project that has the same format; "" if there is none."""
    instructions: str = "AGENTS.md"
    """The file of a project that the client reads as instructions."""


def _plain(command: str) -> dict[str, Any]:
    return {"command": command, "args": ["mcp"]}


def _stdio(command: str) -> dict[str, Any]:
    return {"type": "stdio", "command": command, "args": ["mcp"]}


def _workspace(command: str) -> dict[str, Any]:
    return {"type": "stdio", "command": command, "args": ["mcp", "${workspaceFolder}"]}


def _opencode(command: str) -> dict[str, Any]:
    return {"type": "local", "command": [command, "mcp"], "enabled": True}


def _copilot(command: str) -> dict[str, Any]:
    return {"type": "local", "command": command, "args": ["mcp"], "tools": ["*"]}


def _config(home: Path) -> Path:
    """Return the folder of settings: XDG_CONFIG_HOME, or ~/.config."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(given) if given.startswith("/") else home / ".config"


def _code(home: Path) -> Path:
    """Return the folder of VS Code's user settings."""
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Code" / "User"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "Code" / "User"
    return _config(home) / "Code" / "User"


def _codex(home: Path) -> Path:
    return Path(os.environ.get("CODEX_HOME") or home / ".codex") / "config.toml"


CLIENTS = {
    client.name: client
    for client in (
        Client(
            "claude-code", "Claude Code", lambda home: home / ".claude.json", ("mcpServers", NAME), _stdio,
            in_project=".mcp.json", instructions="CLAUDE.md",
        ),
        Client("codex", "Codex", _codex, ("mcp_servers", NAME), _plain, in_project=".codex/config.toml"),
        Client(
            "cursor", "Cursor", lambda home: home / ".cursor" / "mcp.json", ("mcpServers", NAME), _workspace,
            in_project=".cursor/mcp.json",
        ),
        Client(
            "vscode", "VS Code", lambda home: _code(home) / "mcp.json", ("servers", NAME), _workspace,
            in_project=".vscode/mcp.json",
        ),
        Client(
            "zed", "Zed", lambda home: _config(home) / "zed" / "settings.json", ("context_servers", NAME), _plain,
            in_project=".zed/settings.json",
        ),
        Client(
            "gemini", "Gemini CLI", lambda home: home / ".gemini" / "settings.json", ("mcpServers", NAME), _plain,
            in_project=".gemini/settings.json", instructions="GEMINI.md",
        ),
        Client(
            "opencode", "opencode", lambda home: _config(home) / "opencode" / "opencode.json", ("mcp", NAME), _opencode,
            in_project="opencode.json",
        ),
        Client(
            "copilot-cli", "GitHub Copilot CLI", lambda home: home / ".copilot" / "mcp-config.json",
            ("mcpServers", NAME), _copilot,
        ),
        Client(
            "windsurf", "Windsurf", lambda home: home / ".codeium" / "windsurf" / "mcp_config.json",
            ("mcpServers", NAME), _plain,
        ),
    )
}  # fmt: skip
"""All clients, by name."""
