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
class Hook:
    """A command that a client runs around the calls of its tools, and whose output the model reads."""

    file: Callable[[Path], Path]
    """From the user's home folder to the file with the hooks."""
    in_project: str
    event: str
    """When it runs: before a call if the client passes advice on then, otherwise after it."""
    matcher: str
    """The tools whose calls it runs for."""
    more: dict[str, Any]
    """Further fields of the entry."""

    @property
    def path(self) -> tuple[str, ...]:
        """Return the names under which the file has the list of hooks of the event."""
        return ("hooks", self.event)

    def entry(self, command: str) -> dict[str, Any]:
        """Return the entry that runs a command."""
        return {"matcher": self.matcher, "hooks": [{"type": "command", "command": command, **self.more}]}


@dataclass(frozen=True, slots=True)
class Client:
    """A client that runs servers."""

    name: str
    title: str
    file: Callable[[Path], Path]
    """From the user's home folder to the configuration file."""
    path: tuple[str, ...]
    """Names under which the entry is in a JSON or YAML file; the table in a TOML file."""
    entry: Callable[[str], dict[str, Any]]
    """From the command to the entry."""
    in_project: str = ""
    """The file in a project that has the same format; "" if there is none."""
    instructions: str = "AGENTS.md"
    """The file of a project that the client reads as instructions."""
    hook: Hook | None = None
    listed: bool = False
    """Whether the entries are items of a list, each with its `name` (YAML only)."""
    begins: str = ""
    """What a new configuration file begins with."""


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


def _continue(command: str) -> dict[str, Any]:
    return {"name": NAME, "type": "stdio", "command": command, "args": ["mcp"]}


def _goose(command: str) -> dict[str, Any]:
    return {
        "type": "stdio", "name": NAME, "description": "Finds code by what it does", "enabled": True, "cmd": command,
        "args": ["mcp"], "env_keys": [], "envs": {}, "timeout": 300,
    }  # fmt: skip


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


def _codex_hooks(home: Path) -> Path:
    return _codex(home).with_name("hooks.json")


def _goose_file(home: Path) -> Path:
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
        return folder / "Block" / "goose" / "config" / "config.yaml"
    return _config(home) / "goose" / "config.yaml"


_CLAUDE_HOOK = Hook(
    lambda home: home / ".claude" / "settings.json", ".claude/settings.json", "PreToolUse", "Grep|Glob|Bash",
    {"timeout": 5},
)  # fmt: skip
_CODEX_HOOK = Hook(_codex_hooks, ".codex/hooks.json", "PostToolUse", "Bash", {"timeout": 5})
_GEMINI_HOOK = Hook(
    lambda home: home / ".gemini" / "settings.json", ".gemini/settings.json", "AfterTool",
    "run_shell_command|grep_search|search_file_content|glob", {"name": "codesearch", "timeout": 5000},
)  # fmt: skip

CLIENTS = {
    client.name: client
    for client in (
        Client(
            "claude-code", "Claude Code", lambda home: home / ".claude.json", ("mcpServers", NAME), _stdio,
            in_project=".mcp.json", instructions="CLAUDE.md", hook=_CLAUDE_HOOK,
        ),
        Client(
            "codex", "Codex", _codex, ("mcp_servers", NAME), _plain, in_project=".codex/config.toml", hook=_CODEX_HOOK,
        ),
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
            in_project=".gemini/settings.json", instructions="GEMINI.md", hook=_GEMINI_HOOK,
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
        Client(
            "continue", "Continue", lambda home: home / ".continue" / "config.yaml", ("mcpServers", NAME), _continue,
            in_project=".continue/mcpServers/codesearch.yaml", listed=True,
            begins="name: Local Config\nversion: 1.0.0\nschema: v1\n",
        ),
        Client("goose", "goose", _goose_file, ("extensions", NAME), _goose),
    )
}  # fmt: skip
"""All clients, by name."""
